"""The layout of a weight file: blob storage version 2, its records, and how one is written.

All numbers are little-endian. A header of 64 bytes (the number of blobs, the version 2, reserved
bytes) is followed by the blobs, each a record of 64 bytes at a multiple of 64 (sentinel, element
type, size in bytes, offset of the data, padding in bits, reserved bytes) and its data right behind
it. Gaps are zeros; nothing follows the last blob. A reference names the record, not the data.

Facts: coremltools 9.0's writer, and files that Apple's tools wrote. Imports ir; no numpy.
"""

from __future__ import annotations

import struct
from pathlib import Path
from types import TracebackType
from typing import IO, Final, NamedTuple, Self

from milc.ir import types as t
from milc.ir.types import ElementType

Bytes = bytes | bytearray | memoryview
"""What the data of a blob may be given as."""

ALIGNMENT: Final = 64
"""Header, records and data begin at multiples of this many bytes."""
VERSION: Final = 2
SENTINEL: Final = 0xDEADBEEF
HEADER: Final = struct.Struct("<II56x")
"""The number of blobs and the version."""
RECORD: Final = struct.Struct("<IIQQQ32x")
"""Sentinel, element type, size in bytes, offset of the data, padding in bits."""

DTYPE_CODES: Final[dict[ElementType, int]] = {
    t.FP16: 1, t.FP32: 2, t.UINT8: 3, t.INT8: 4, t.BF16: 5, t.INT16: 6, t.UINT16: 7, t.INT4: 8,
    t.UINT1: 9, t.UINT2: 10, t.UINT4: 11, t.UINT3: 12, t.UINT6: 13, t.INT32: 14, t.UINT32: 15,
    t.FP8E4M3FN: 16, t.FP8E5M2: 17,
}  # fmt: skip
"""The storage's number of each element type; bool, strings and 64-bit types have none."""
DTYPE_ELEMENTS: Final[dict[int, ElementType]] = {code: e for e, code in DTYPE_CODES.items()}
"""The element type of each of the storage's numbers."""


class Blob(NamedTuple):
    """One blob of a weight file: where it is and what it holds; offsets and sizes in bytes."""

    element: ElementType
    offset: int
    """Where its record begins: what a reference names."""
    data_offset: int
    """Where its data begins."""
    size: int
    padding_bits: int
    """Unused bits at the end of the last byte; 0 but for sub-byte elements."""

    @property
    def count(self) -> int:  # type: ignore[override]  # a tuple's own counts equal fields
        """The number of elements."""
        return (self.size * 8 - self.padding_bits) // self.element.bits

    @property
    def end(self) -> int:
        """The offset behind the data."""
        return self.data_offset + self.size

    @property
    def is_aligned(self) -> bool:
        """Whether record and data are where Apple's tools put them, at multiples of 64."""
        return (self.offset | self.data_offset) % ALIGNMENT == 0


def aligned(offset: int) -> int:
    """The first multiple of 64 that is not below `offset`."""
    return -(-offset // ALIGNMENT) * ALIGNMENT


def packed_size(element: ElementType, count: int) -> int:
    """Bytes that `count` elements take."""
    return (count * element.bits + 7) // 8


def blob_at(offset: int, element: ElementType, size: int, count: int | None = None) -> Blob:
    """The blob of `size` bytes whose record is at `offset`; `count` elements, or as many as fit.

    Raises ValueError for an element type that storage has no number for, or where `count`
    elements do not take `size` bytes.
    """
    if element not in DTYPE_CODES:
        raise ValueError(f"a weight file cannot hold {element}")
    if count is None:
        count = size * 8 // element.bits
    if packed_size(element, count) != size:
        raise ValueError(f"{count} elements of {element} do not take {size} bytes")
    return Blob(element, offset, offset + RECORD.size, size, size * 8 - count * element.bits)


def record(blob: Blob) -> bytes:
    """The 64 bytes of a blob's record."""
    code = DTYPE_CODES[blob.element]
    return RECORD.pack(SENTINEL, code, blob.size, blob.data_offset, blob.padding_bits)


class BlobStream:
    """Blobs written one behind the other to an open file, whose present place is offset `start`."""

    def __init__(self, file: IO[bytes], start: int) -> None:
        self.file = file
        self.start = start
        self.end = start
        """The offset behind the last blob's data."""
        self.count = 0

    def append(self, element: ElementType, data: Bytes, count: int | None = None) -> int:
        """Write one blob and return the offset of its record, which is what references name.

        `data` is the packed elements; `count` their number, needed where sub-byte elements end
        within a byte. Raises ValueError for what storage cannot hold.
        """
        offset = aligned(self.end)
        content = memoryview(data).cast("B")
        blob = blob_at(offset, element, len(content), count)
        self.file.write(bytes(offset - self.end) + record(blob))
        self.file.write(content)
        self.end = blob.end
        self.count += 1
        return offset


class BlobWriter(BlobStream):
    """Writes a new weight file; a context manager that closes it at the end."""

    def __init__(self, target: Path | IO[bytes]) -> None:
        """Make the file `target`, or begin at the start of an open one."""
        self._owned = isinstance(target, Path)
        file = target.open("wb") if isinstance(target, Path) else target
        file.write(HEADER.pack(0, VERSION))
        super().__init__(file, HEADER.size)

    def close(self) -> None:
        """Write the number of blobs into the header; close the file if the writer made it."""
        self.file.seek(0)
        self.file.write(HEADER.pack(self.count, VERSION))
        self.file.seek(self.end)
        if self._owned:
            self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
