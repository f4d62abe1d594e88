"""The weight files of one model, found by the paths its references use, checked, and copied.

A path stays below the folder that `@model_path` means, whatever the model says. Imports
diagnostics and ir; never numpy, which bytes do not need.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import Final

from milc.diagnostics import Diagnostic, Label, MilError, Span
from milc.diagnostics.files import leaves, speakable
from milc.ir.literals import MODEL_PATH, WEIGHT_FILE, BlobRef, TensorLiteral
from milc.ir.types import ElementType, TensorType
from milc.package.faults import MOST
from milc.package.storage import DTYPE_CODES, DTYPE_ELEMENTS, Blob, BlobWriter, Bytes
from milc.package.weightfile import WeightFile, require_file

__all__ = ["DTYPE_CODES", "DTYPE_ELEMENTS", "Blob", "BlobWriter", "WeightFile", "WeightFiles"]

_EXAMPLE: Final = f"a path looks like {WEIGHT_FILE}"
_OWN_FILES: Final = ("model.mlmodel", "model.mil", "model.json")


class WeightFiles:
    """The weight files of one model, by the paths that references use (`@model_path/…`).

    `root` is the folder that `@model_path` means, None where there is none. In a folder without a
    model of its own, `weights/x.bin` may also lie as `x.bin`.
    """

    def __init__(self, root: Path | None) -> None:
        self._root = root
        self._files: dict[str, WeightFile | list[Diagnostic]] = {}

    def resolve(self, path: str) -> Path:
        """The file that `path` means. Raises MilError (MIL0601 to MIL0606, MIL0622)."""
        parts, missing = _parts(path), f"there is no weight file {path}"
        if self._root is None:
            raise MilError(Diagnostic("MIL0601", missing))
        for found in _places(self._root, parts):
            if os.path.lexists(found):
                return _checked(self._root, found)
        looked = self._root.joinpath(*parts)
        raise MilError(Diagnostic("MIL0601", missing, path=str(looked)))

    def file(self, path: str) -> WeightFile:
        """The opened file, kept for the next time.

        Raises MilError (MIL0601 to MIL0609, MIL0622).
        """
        known = self._files.get(path)
        if known is None:
            # Another spelling of a path (`//`, `/./`) must give the same file.
            name = MODEL_PATH + "/".join(_parts(path))
            known = self._files.get(name) or self._opened(name)
            self._files[path] = self._files[name] = known
        if isinstance(known, list):
            raise MilError(known)
        return known

    def check(self, ref: BlobRef, span: Span | None = None) -> list[Diagnostic]:
        """What is wrong with a reference, its file and its blob; `span` is its place in a text."""
        try:
            file = self.file(ref.path)
            blob = file.blob(ref.offset)
        except MilError as error:
            return [_placed(found, ref, span) for found in error.diagnostics]
        return [
            Diagnostic(code, message, span, path=str(file.path or file.name))
            for code, message in _differences(ref, blob)
        ]

    def check_all(
        self, refs: Iterable[BlobRef], spans: Sequence[Span | None] | None = None
    ) -> list[Diagnostic]:
        """What is wrong with any of them, and which blobs overlap; one span a reference.

        A file that cannot be used is reported once, where it is first named. After `MOST` faults
        no more references are looked at.
        """
        found: list[Diagnostic] = []
        unusable: set[str] = set()
        blobs: dict[tuple[str, int], _Use] = {}
        for ref, span in zip(refs, spans or repeat(None), strict=False):
            if len(found) >= MOST:
                break
            if ref.path in unusable:
                continue
            found += (problems := self.check(ref, span))
            file = self._files.get(ref.path)
            if not isinstance(file, WeightFile):
                unusable.add(ref.path)
            elif not problems and (file.name, ref.offset) not in blobs:
                blob = file.blob(ref.offset)
                blobs[file.name, ref.offset] = blob, ref, span
                if not blob.is_aligned:
                    found.append(_misaligned(blob, file, span))
        return found + list(_overlaps(blobs))

    def literal(self, ref: BlobRef) -> TensorLiteral:
        """The tensor a reference means, its bytes read when asked for.

        Raises MilError (MIL06xx).
        """
        if problems := self.check(ref):
            raise MilError(problems)
        assert isinstance(ref.type, TensorType)
        file = self.file(ref.path)
        return TensorLiteral(ref.type, _Stored(file, file.blob(ref.offset)), ref.doc)

    def append(
        self, path: str, element: ElementType, payload: Bytes, count: int | None = None
    ) -> int:
        """Add a blob to the file at `path`, which need not exist; returns its record's offset.

        Nothing is written before `write_into`; until then the blob is read like any other. `count`
        is the number of elements, needed where sub-byte ones end within a byte. Raises MilError
        (MIL06xx) if the file or its path cannot be used, ValueError for what storage cannot hold.
        """
        try:
            file = self.file(path)
        except MilError as error:
            if error.diagnostics[0].code != "MIL0601":
                raise
            name = MODEL_PATH + "/".join(_parts(path))
            self._files[path] = self._files[name] = file = WeightFile(None, name)
        return file.append(element, payload, count)

    def pack(self, path: str, offsets: Collection[int]) -> dict[int, int]:
        """Leave all blobs out of the file at `path` but those at some offsets.

        Gives where each of these is then. Nothing is written before `write_into`. Raises MilError
        (MIL06xx).
        """
        from milc.package.packing import PackedFile

        file = self.file(path)
        packed = PackedFile(file, offsets)
        self._files = {name: packed if held is file else held for name, held in self._files.items()}
        return packed.moved

    def size(self, paths: Iterable[str]) -> int:
        """Bytes that `write_into` will write. Raises MilError (MIL06xx)."""
        return sum({(file := self.file(path)).name: file.size for path in paths}.values())

    def write_into(
        self, folder: Path, paths: Iterable[str], progress: Callable[[int], None] | None = None
    ) -> None:
        """Copy the files into `folder`, the new `@model_path`, with what `append` added.

        `progress` is called with a number of bytes after each part. Raises MilError (MIL06xx) for
        a file that cannot be used, OSError where writing fails (the body of a `staged_folder`
        turns it into a diagnostic).
        """
        for file in {self.file(path).name: self.file(path) for path in paths}.values():
            target = folder.joinpath(*_parts(file.name))
            target.parent.mkdir(parents=True, exist_ok=True)
            file.write(target, progress)

    def close(self) -> None:
        """Close all files and forget what `append` added."""
        for file in self._files.values():
            if isinstance(file, WeightFile):
                file.close()
        self._files.clear()

    def _opened(self, name: str) -> WeightFile | list[Diagnostic]:
        try:
            return WeightFile(self.resolve(name), name)
        except MilError as error:
            return error.diagnostics


_Use = tuple[Blob, BlobRef, Span | None]


class _Stored:
    """The payload of a literal that lies in a weight file."""

    __slots__ = ("blob", "file")

    def __init__(self, file: WeightFile, blob: Blob) -> None:
        self.file = file
        self.blob = blob

    def read(self) -> bytes:
        return self.file.read(self.blob)

    def view(self) -> memoryview:
        """The same, mapped."""
        return self.file.data(self.blob)


def _parts(path: str) -> tuple[str, ...]:
    """The names below `@model_path`. Raises MilError (MIL0602, MIL0603, MIL0622)."""
    rest = path.removeprefix(MODEL_PATH)
    parts = tuple(part for part in rest.split("/") if part not in ("", "."))
    if rest == path or not parts or rest.endswith("/") or not speakable(rest):
        message = f"{path!r} does not name a file below @model_path"
        raise MilError(Diagnostic("MIL0602", message, help=_EXAMPLE))
    if ".." in parts:
        message = f"{path!r} climbs out of the model's folder"
        raise MilError(Diagnostic("MIL0603", message, help=_EXAMPLE))
    if len(parts) == 1 and parts[0].lower() in _OWN_FILES:
        message = f"{path!r} is the place of the model itself, not of a weight file"
        raise MilError(Diagnostic("MIL0622", message, help=_EXAMPLE))
    return parts


def _places(root: Path, parts: tuple[str, ...]) -> Iterator[Path]:
    yield root.joinpath(*parts)
    # A package has its weights where it says; a mere folder of weights need not repeat `weights/`.
    loose = parts[0] == "weights" and len(parts) > 1
    if loose and not any(root.joinpath(name).exists() for name in _OWN_FILES):
        yield root.joinpath(*parts[1:])


def _checked(root: Path, found: Path) -> Path:
    """`found`, a file below `root`. Raises MilError (MIL0601, MIL0604 to MIL0606)."""
    if leaves(root, found):
        help = "copy the model with its links followed: cp -RL"
        message = "a link that leaves the model's folder"
        raise MilError(Diagnostic("MIL0604", message, path=str(found), help=help))
    require_file(found)
    return found


def _placed(found: Diagnostic, ref: BlobRef, span: Span | None) -> Diagnostic:
    """The diagnostic of a file or blob at the reference that led there."""
    if span is None:
        return found
    message = found.message if ref.path in found.message else f"{ref.path}: {found.message}"
    return Diagnostic(found.code, message, span, notes=found.notes, help=found.help)


def _misaligned(blob: Blob, file: WeightFile, span: Span | None) -> Diagnostic:
    """A warning: Apple's reader, as far as it is public, asks for no alignment."""
    text = f"the blob at offset {blob.offset}, its data at {blob.data_offset}, is not at multiples"
    place = str(file.path or file.name)
    return Diagnostic("MIL0611", f"{text} of 64", span, severity="warning", path=place)


def _differences(ref: BlobRef, blob: Blob) -> Iterator[tuple[str, str]]:
    """Code and message of how the blob is not what the reference's type says."""
    type, where = ref.type, f"the blob at offset {ref.offset} of {ref.path}"
    if not isinstance(type, TensorType) or type.element not in DTYPE_CODES or type.count is None:
        yield "MIL0620", f"{type!r} is a type that no weight file can hold"
    elif type.element is not blob.element:
        yield "MIL0618", f"the type says {type.element}, {where} holds {blob.element}"
    elif type.count != blob.count:
        yield "MIL0619", f"{type!r} has {type.count} elements, {where} holds {blob.count}"


def _overlaps(uses: dict[tuple[str, int], _Use]) -> Iterator[Diagnostic]:
    """Blobs of one file that share bytes (MIL0621)."""
    file, furthest = "", None
    for (name, offset), use in sorted(uses.items(), key=lambda item: item[0]):
        blob, ref, span = use
        if name != file or furthest is None:
            file, furthest = name, use
            continue
        other, _, other_span = furthest
        if offset < other.end:
            message = f"the blobs at {other.offset} and {offset} of {name} overlap"
            labels = [Label(other_span, f"reaches to {other.end}")] if other_span else []
            yield Diagnostic("MIL0621", message, span, path=ref.path, labels=labels)
        if blob.end > other.end:
            furthest = use
