"""The compiled bundle, .mlmodelc: its parts, and the model description in coremldata.bin.

Layout: what public pairs of a package and the bundle that Apple's compiler made of it have in
common; nothing is documented. Imports diagnostics and the protobuf schema.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from google.protobuf.message import DecodeError

from milc.diagnostics import Diagnostic, MilError
from milc.diagnostics.files import leaves, read_bytes
from milc.package.proto import model_pb2

_PROGRAM: Final = 502
"""The field number of mlProgram in Model, by which the file tells the kind of model."""
_HEAD: Final = struct.Struct("<II20x")
"""The kind of model and a number that goes with the specification version."""
_LENGTH: Final = struct.Struct("<Q")
_VERSION: Final = struct.Struct("<B31x")
_FUNCTION: Final = struct.pack("<I12x", _PROGRAM)
_LARGEST: Final = 1 << 28
_COPY: Final = "copy the bundle with its links followed: cp -RL"


class CoreMLData(NamedTuple):
    """What coremldata.bin holds."""

    specification_version: int
    description: model_pb2.ModelDescription
    functions: int
    """The number of functions that the trailer counts."""


def read_coremldata(data: bytes, path: str = "coremldata.bin") -> CoreMLData:
    """Parse a coremldata.bin; `path` is what diagnostics call it.

    Raises MilError (MIL0515 to MIL0517).
    """
    parts = _Parts(data, path)
    kind, _ = parts.take(_HEAD, "the kind of model")
    if kind != _PROGRAM:
        parts.fail("MIL0516", f"it describes model kind {kind}; an ML program is {_PROGRAM}")
    parts.string("the name of the kind")
    (version,) = parts.take(_VERSION, "the specification version")
    description = _description(parts)
    functions, rest = divmod(parts.left, len(_FUNCTION))
    if rest or parts.bytes(parts.left, "the list of functions") != _FUNCTION * functions:
        parts.fail("MIL0515", "what follows the description is no list of functions")
    return CoreMLData(version, description, functions)


class CompiledBundle:
    """A compiled bundle, or one stage of a pipeline: where its parts are.

    A part that is a link out of the bundle raises MilError (MIL0507) when it is asked for.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def model_path(self) -> Path:
        """The folder that `@model_path` means: the bundle itself."""
        return self.folder

    @property
    def model_mil(self) -> Path | None:
        """The program's text; None for a pipeline, or a stage that is another kind of model."""
        return self._part("model.mil")

    @property
    def model_json(self) -> Path | None:
        """What a decompiled folder has for coremldata.bin: all but the program, as JSON."""
        return self._part("model.json")

    @property
    def stages(self) -> list[CompiledBundle]:
        """The stages of a pipeline in their order; empty for a single model."""
        numbers = sorted(
            int(place.name[5:])
            for place in self.folder.glob("model[0-9]*")
            if place.name[5:].isdecimal() and len(place.name) < 10 and place.is_dir()
        )
        places = (self._part(f"model{number}") for number in numbers)
        return [CompiledBundle(place) for place in places if place]

    def coremldata(self) -> CoreMLData | None:
        """The description of the model; None where there is no coremldata.bin.

        Raises MilError (MIL0507, MIL0515 to MIL0517, MIL00xx).
        """
        place = self._part("coremldata.bin")
        return None if place is None else read_coremldata(read_bytes(place, _LARGEST), str(place))

    def model_hash(self) -> str | None:
        """Base64 of the SHA-256 of the model.mlmodel that the bundle was compiled from.

        None where it is not recorded. Raises MilError (MIL0507, MIL0515, MIL00xx).
        """
        place = self._part("analytics/coremldata.bin")
        if place is None:
            return None
        groups = _groups(_Parts(read_bytes(place, _LARGEST), str(place)))
        return dict(groups).get("SpecificationDetails", {}).get("modelHash")

    def _part(self, name: str) -> Path | None:
        place = self.folder / name
        if not place.exists():
            return None
        if leaves(self.folder, place):
            message = "a link that leaves the bundle"
            raise MilError(Diagnostic("MIL0507", message, path=str(place), help=_COPY))
        return place


class _Parts:
    """Bytes taken from the front, one part after the other."""

    def __init__(self, data: bytes, path: str) -> None:
        self.data = memoryview(data)
        self.path = path
        self.at = 0

    @property
    def left(self) -> int:
        """The number of bytes not yet taken."""
        return len(self.data) - self.at

    def bytes(self, size: int, what: str) -> memoryview:
        """The next `size` bytes. Raises MilError (MIL0515) if there are fewer."""
        if size > self.left:
            message = f"{what} takes {size} bytes at offset {self.at}, and {self.left} are left"
            self.fail("MIL0515", message)
        self.at += size
        return self.data[self.at - size : self.at]

    def take(self, layout: struct.Struct, what: str) -> tuple[int, ...]:
        """The next numbers."""
        return layout.unpack(self.bytes(layout.size, what))

    def string(self, what: str) -> str:
        """The next string behind its length; what is not UTF-8 in it is replaced."""
        (size,) = self.take(_LENGTH, f"the length of {what}")
        return str(self.bytes(size, what), "utf-8", "replace")

    def fail(self, code: str, message: str) -> NoReturn:
        """Raise MilError."""
        raise MilError(Diagnostic(code, message, path=self.path))


def _description(parts: _Parts) -> model_pb2.ModelDescription:
    (size,) = parts.take(_LENGTH, "the length of the description")
    content = bytes(parts.bytes(size, "the description"))
    try:
        return model_pb2.ModelDescription.FromString(content)
    except DecodeError as error:
        parts.fail("MIL0517", f"the model description is no valid message: {error}")


def _groups(parts: _Parts) -> Iterator[tuple[str, dict[str, str]]]:
    """Groups of names and values, as analytics/coremldata.bin has them."""
    while parts.left:
        name = parts.string("the name of a group")
        (count,) = parts.take(_LENGTH, "the number of entries")
        # An entry takes 16 bytes at least, so a lying number ends at the end of the file.
        entries = ((parts.string("a key"), parts.string("a value")) for _ in range(count))
        yield name, dict(entries)
