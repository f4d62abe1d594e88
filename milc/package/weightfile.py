"""One weight file: its blobs found and checked, their data read when asked, more appended.

The file is never read whole: records are read one by one and data when somebody asks for it. What
the file says of itself is believed only as far as the file reaches. Imports diagnostics and ir;
never numpy, which bytes do not need.
"""

from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final, NoReturn

from milc.diagnostics import Diagnostic, MilError
from milc.diagnostics.files import LFS_POINTER
from milc.ir.types import ElementType
from milc.package.copying import copy
from milc.package.storage import (
    ALIGNMENT,
    DTYPE_ELEMENTS,
    HEADER,
    RECORD,
    SENTINEL,
    VERSION,
    Blob,
    BlobStream,
    Bytes,
    aligned,
)

_IN_MEMORY: Final = 1 << 24
_COPIED: Final = 1 << 20
_SMALL: Final = 1 << 12
_PLACES: Final = f"multiples of {ALIGNMENT}"
# A file that has become a pipe without a writer must not hold us up.
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class WeightFile:
    """One weight file, with the blobs that are still to be appended to it.

    Opening reads the header alone. `path` is None for a file that does not exist yet; `name` is
    what diagnostics call it. Every method that reads raises MilError (MIL0606) if that fails.
    """

    def __init__(self, path: Path | None, name: str | None = None) -> None:
        """Open `path`. Raises MilError (MIL0605 to MIL0609) if it is no storage version 2."""
        self.path = path
        self.name = name or str(path)
        self._fd = -1
        self._stored = HEADER.size
        self._stored_count = 0
        self._tail: BlobStream | None = None
        if path is not None:
            self._open(path)

    @property
    def count(self) -> int:
        """The number of blobs: what the header tells, and what was appended."""
        return self._stored_count + (self._tail.count if self._tail else 0)

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return self._tail.end if self._tail else self._stored

    def blob(self, offset: int) -> Blob:
        """The blob whose record is at `offset`. Raises MilError (MIL0611 to MIL0617)."""
        if offset < HEADER.size:
            self._fail("MIL0611", f"{offset} is no offset of a blob: those are {_PLACES}")
        if offset + RECORD.size > self.size:
            self._fail("MIL0612", f"no blob at offset {offset}: the file ends at {self.size}")
        sentinel, code, size, data_offset, padding = RECORD.unpack(self._at(offset, RECORD.size))
        if sentinel != SENTINEL and offset % ALIGNMENT:
            self._fail("MIL0611", f"{offset} is no offset of a blob: those are {_PLACES}")
        if sentinel != SENTINEL:
            self._fail("MIL0613", f"no blob begins at offset {offset}", self._nearby(offset))
        what = f"the blob at offset {offset}"
        element = DTYPE_ELEMENTS.get(code)
        if element is None:
            self._fail("MIL0614", f"{what} has element type {code}; 1 to 17 are known")
        if data_offset < offset + RECORD.size:
            self._fail("MIL0615", f"{what} has its data at {data_offset}, not behind its record")
        if data_offset + size > self.size:
            end = data_offset + size
            self._fail("MIL0616", f"{what} ends at {end}, but the file at {self.size}")
        # Before there were sub-byte types this field was reserved, and writers left garbage in it.
        padding = padding if element.bits < 8 else 0
        if padding > min(7, size * 8) or (size * 8 - padding) % element.bits:
            unused = f" of which {padding} bits are unused" if padding else ""
            message = f"{what} has {size} bytes{unused}, no whole number of {element} elements"
            self._fail("MIL0617", message)
        return Blob(element, offset, data_offset, size, padding)

    def blobs(self) -> Iterator[Blob]:
        """Every blob in order. Raises MilError (MIL0610 to MIL0617) at the first that is wrong."""
        offset = HEADER.size
        for index in range(self.count):
            if offset + RECORD.size > self.size:
                message = f"the header tells of {self.count} blobs, the file ends after {index}"
                self._fail("MIL0610", message)
            blob = self.blob(offset)
            yield blob
            offset = aligned(blob.end)

    def data(self, blob: Blob) -> memoryview:
        """The packed elements, mapped rather than read; the map goes when the view does.

        Few are read: to map them takes longer.
        """
        if blob.size <= _SMALL or self._is_appended(blob.offset):
            return memoryview(self.read(blob))
        start = blob.data_offset // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY
        try:
            whole = mmap.mmap(self._fd, blob.end - start, access=mmap.ACCESS_READ, offset=start)
        except (OSError, ValueError) as error:
            self._fail("MIL0606", f"the data at offset {blob.data_offset} cannot be read: {error}")
        return memoryview(whole)[blob.data_offset - start :]

    def read(self, blob: Blob) -> bytes:
        """The packed elements, copied into memory."""
        return self._at(blob.data_offset, blob.size)

    def append(self, element: ElementType, data: Bytes, count: int | None = None) -> int:
        """Add a blob that `write` will append; returns the offset of its record.

        `count` is the number of elements, needed where sub-byte ones end within a byte. Raises
        ValueError for what storage cannot hold, MilError (MIL0610) if the header tells of more
        blobs than the file has room for.
        """
        if self._tail is None:
            most = self._stored // RECORD.size - 1
            if self._stored_count > most:
                message = f"the header tells of {self._stored_count} blobs, the file has room for"
                self._fail("MIL0610", f"{message} {most}")
            from tempfile import SpooledTemporaryFile  # 3 ms, and few models are appended to

            held = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  # close() does
            self._tail = BlobStream(held, aligned(self._stored))
        return self._tail.append(element, data, count)

    def write(self, target: Path, progress: Callable[[int], None] | None = None) -> None:
        """Copy the file to `target`, which must not exist, with what was appended.

        `progress` is called with the bytes of each part. Raises OSError.
        """
        with target.open("xb") as file:
            self._write_stored(file, progress)
            if self._tail is None:
                return
            self._tail.file.seek(0)
            file.seek(self._tail.start)
            while part := self._tail.file.read(_COPIED):
                file.write(part)
            file.seek(0)
            file.write(self.count.to_bytes(4, "little"))

    def _write_stored(self, file: IO[bytes], progress: Callable[[int], None] | None) -> None:
        if self.path is None:
            file.write(HEADER.pack(0, VERSION))
        elif copy(self._fd, file.fileno(), self._stored, progress) < self._stored:
            self._fail("MIL0606", "the file has become shorter while it was read")

    def close(self) -> None:
        """Close the file and forget what was appended."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if self._tail is not None:
            self._tail.file.close()
            self._tail = None

    def __del__(self) -> None:
        self.close()

    def _open(self, path: Path) -> None:
        try:
            require_file(path)
            self._fd = os.open(path, _FLAGS)
            self._stored = os.fstat(self._fd).st_size
        except OSError as error:
            self._unreadable(error)
        self._stored_count = self._read_header()

    def _read_header(self) -> int:
        start = self._at(0, min(HEADER.size, self._stored))
        if start.startswith(LFS_POINTER):
            message = "a Git LFS pointer, not the weight file it stands for"
            self._fail("MIL0607", message, "git lfs pull")
        if len(start) < HEADER.size:
            self._fail("MIL0608", f"a weight file has a header of 64 bytes, this one {len(start)}")
        count, version = HEADER.unpack(start)
        if version != VERSION:
            self._fail("MIL0609", f"storage version {version}, where 2 is the one known")
        return int(count)

    def _is_appended(self, offset: int) -> bool:
        return self._tail is not None and offset >= self._tail.start

    def _at(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset` on."""
        if self._tail is not None and offset >= self._tail.start:
            self._tail.file.seek(offset - self._tail.start)
            data = self._tail.file.read(size)
            self._tail.file.seek(0, os.SEEK_END)
            return data
        try:
            data = _read_at(self._fd, offset, size)
        except OSError as error:
            self._unreadable(error)
        if len(data) < size:
            self._fail("MIL0606", "the file has become shorter while it was read")
        return data

    def _nearby(self, offset: int) -> str | None:
        """What to do if the offset is that of a blob's data: a usual mistake."""
        before = offset - RECORD.size
        if before < HEADER.size or self._at(before, 4) != SENTINEL.to_bytes(4, "little"):
            return None
        return f"{offset} is where the data of a blob begins: its record, at {before}, is meant"

    def _unreadable(self, error: OSError) -> NoReturn:
        raise MilError(_unreadable(error, Path(self.name) if self.path is None else self.path))

    def _fail(self, code: str, message: str, help: str | None = None) -> NoReturn:
        shown = self.name if self.path is None else str(self.path)
        raise MilError(Diagnostic(code, message, path=shown, help=help))


def require_file(path: Path) -> None:
    """Raise MilError unless `path` is a regular file (MIL0601, MIL0605, MIL0606)."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise MilError(_unreadable(error, path)) from None
    if not stat.S_ISREG(mode):
        found = "a folder" if stat.S_ISDIR(mode) else "a device or pipe"
        raise MilError(
            Diagnostic("MIL0605", f"{found}, where a weight file is wanted", path=str(path))
        )


def _unreadable(error: OSError, path: Path) -> Diagnostic:
    if isinstance(error, FileNotFoundError):
        return Diagnostic("MIL0601", "there is no such weight file", path=str(path))
    reason = (error.strerror or str(error)).lower()
    return Diagnostic("MIL0606", f"the weight file cannot be read: {reason}", path=str(path))


def _read_at(fd: int, offset: int, size: int) -> bytes:
    """Up to `size` bytes; one call of the system gives at most 2 GB."""
    parts, left = [], size
    while left:
        part = _pread(fd, left, offset)
        if not part:
            break
        parts.append(part)
        left -= len(part)
        offset += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _seek_and_read(fd: int, size: int, offset: int) -> bytes:
    os.lseek(fd, offset, os.SEEK_SET)
    return os.read(fd, size)


_pread = getattr(os, "pread", _seek_and_read)
