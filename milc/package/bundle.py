"""The .mlpackage folder and its manifest, and finding out what a path holds.

Imports diagnostics and this room's weights; never protobuf, which the bytes do not need here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from milc.diagnostics import Diagnostic
from milc.package.weights import WeightFiles

Kind = Literal["text", "mlpackage", "mlmodel", "mlmodelc", "pipeline-mlmodelc"]


class Manifest(NamedTuple):
    """What Manifest.json says: where the model lies and where its weights."""

    folder: Path
    """The package."""
    model: Path
    """The root model, a serialised Model message."""
    weights: Path | None
    """The folder of weights, if the manifest names one; it may be absent on disk."""
    warnings: tuple[Diagnostic, ...] = ()
    """What Apple's reader would refuse and milc can do without."""

    @property
    def model_path(self) -> Path:
        """The folder that `@model_path` means."""
        return self.model.parent


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest. Raises MilError (MIL05xx) with all that is wrong with it."""
    raise NotImplementedError


def write_package(
    target: Path,
    model_bytes: bytes,
    weights: WeightFiles,
    paths: Iterable[str],
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write a package in place of `target`; `paths` are the weight files that the model names."""
    raise NotImplementedError


def looks_like_package(path: Path) -> bool:
    """Whether `path` is a folder laid out like a package, so that a new one may replace it."""
    raise NotImplementedError


def sniff(path: Path) -> Kind:
    """What `path` holds, told by its content.

    A folder with a model.mil is "mlmodelc", be it compiled or decompiled. Raises MilError
    (MIL00xx, MIL05xx) for what milc cannot read, saying what it seems to be.
    """
    raise NotImplementedError
