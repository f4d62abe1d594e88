"""The weight files a model references: found, checked, read lazily, added to and copied.

Imports diagnostics and ir; never numpy, which a file's bytes do not need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from milc.diagnostics import Diagnostic, Span
from milc.ir.literals import BlobRef, TensorLiteral
from milc.ir.types import ElementType
from milc.package.storage import DTYPE_CODES, DTYPE_ELEMENTS, Blob, BlobWriter, Bytes

__all__ = ["DTYPE_CODES", "DTYPE_ELEMENTS", "Blob", "BlobWriter", "WeightFile", "WeightFiles"]


class WeightFile:
    """One weight file. Opening reads its header; the data is mapped when somebody asks for it."""

    def __init__(self, path: Path) -> None:
        """Open `path`. Raises MilError (MIL06xx) if it is no storage version 2."""
        raise NotImplementedError

    @property
    def count(self) -> int:
        """The number of blobs that the header tells."""
        raise NotImplementedError

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        raise NotImplementedError

    def blob(self, offset: int) -> Blob:
        """The blob whose record is at `offset`. Raises MilError (MIL06xx) if there is none."""
        raise NotImplementedError

    def data(self, blob: Blob) -> memoryview:
        """The packed elements, mapped, not read."""
        raise NotImplementedError

    def read(self, blob: Blob) -> bytes:
        """The packed elements, copied into memory."""
        raise NotImplementedError

    def blobs(self) -> Iterator[Blob]:
        """Every blob in order. Raises MilError where a record is not what it should be."""
        raise NotImplementedError


class WeightFiles:
    """The weight files of one model, by the paths that references use (`@model_path/…`)."""

    def __init__(self, root: Path | None, also: Path | None = None) -> None:
        """`root` is the folder that `@model_path` means, `also` a second place to look."""

    def resolve(self, path: str) -> Path:
        """The file that `path` means. Raises MilError (MIL06xx)."""
        raise NotImplementedError

    def file(self, path: str) -> WeightFile:
        """The opened file, kept. Raises MilError (MIL06xx)."""
        raise NotImplementedError

    def check(self, ref: BlobRef, span: Span | None = None) -> list[Diagnostic]:
        """What is wrong with a reference; `span` is its place in a text."""
        raise NotImplementedError

    def check_all(
        self, refs: Iterable[BlobRef], spans: Sequence[Span | None] | None = None
    ) -> list[Diagnostic]:
        """What is wrong with any of them, and which blobs overlap; one span a reference."""
        raise NotImplementedError

    def literal(self, ref: BlobRef) -> TensorLiteral:
        """The tensor a reference means, its bytes read when asked for. Raises MilError (MIL06xx)."""
        raise NotImplementedError

    def append(
        self, path: str, element: ElementType, payload: Bytes, count: int | None = None
    ) -> int:
        """Add a blob to the file at `path` (which need not exist); returns its record's offset.

        Nothing is written before `write_into`; until then the blob can be read like any other.
        `count` is the number of elements, needed for sub-byte ones that end within a byte.
        """
        raise NotImplementedError

    def files(self, refs: Iterable[BlobRef]) -> Mapping[str, Path | None]:
        """Each path that `refs` name, and its source; None for a file that only `append` made."""
        raise NotImplementedError

    def write_into(
        self, folder: Path, paths: Iterable[str], progress: Callable[[int], None] | None = None
    ) -> None:
        """Copy the files into `folder`, the new `@model_path`, with what `append` added.

        `progress` is called with a number of bytes after each part that is copied.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close all files and forget what `append` added."""
        raise NotImplementedError
