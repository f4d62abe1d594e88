"""The compiled bundle, .mlmodelc: its parts, and the model description in coremldata.bin.

Imports diagnostics and the protobuf schema.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from milc.package.proto import model_pb2


class CoreMLData(NamedTuple):
    """What coremldata.bin holds."""

    specification_version: int
    description: model_pb2.ModelDescription
    functions: int
    """The number of functions that the trailer counts."""


def read_coremldata(data: bytes, path: str = "coremldata.bin") -> CoreMLData:
    """Parse a coremldata.bin. Raises MilError (MIL05xx)."""
    raise NotImplementedError


class CompiledBundle:
    """A compiled bundle or one stage of a pipeline: where its parts are. Reads nothing by itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def model_mil(self) -> Path | None:
        """The program's text; None for a pipeline, or a stage that is another kind of model."""
        raise NotImplementedError

    @property
    def model_path(self) -> Path:
        """The folder that `@model_path` means: the bundle itself."""
        return self.folder

    @property
    def stages(self) -> list[CompiledBundle]:
        """The stages of a pipeline, model0, model1, …; empty for a single model."""
        raise NotImplementedError

    def coremldata(self) -> CoreMLData | None:
        """The description of the model, None where there is no coremldata.bin. Raises MilError."""
        raise NotImplementedError

    def model_hash(self) -> str | None:
        """Base64 of the SHA-256 of the model.mlmodel it was compiled from, if it is recorded."""
        raise NotImplementedError
