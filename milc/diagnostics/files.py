"""Reading files, and the code that every failure to read or write one has (MIL00xx).

`fmt` comes this way, so nothing heavy is imported; of milc nothing but this room. `staging` writes.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Final

from milc.diagnostics.diagnostic import Diagnostic, MilError

AnyPath = str | os.PathLike[str]

TOO_LARGE: Final = 1 << 31
"""Bytes above which no file is read into memory: protobuf's own limit for a message."""

LFS_POINTER: Final = b"version https://git-lfs"
"""How a file begins in whose place Git LFS has not put the real one yet."""

_READING: Final = {
    errno.ENOENT: ("MIL0001", "there is no such file"),
    errno.ENOTDIR: ("MIL0001", "there is no such file: a part of its path is not a folder"),
    errno.EISDIR: ("MIL0002", "a folder, where a file is wanted"),
    errno.EACCES: ("MIL0003", "reading it is not permitted"),
    errno.EPERM: ("MIL0003", "reading it is not permitted"),
}
_WRITING: Final = {
    errno.ENOENT: ("MIL0008", "the folder to write into does not exist"),
    errno.ENOTDIR: ("MIL0008", "the folder to write into is not a folder"),
    errno.EACCES: ("MIL0010", "writing is not permitted"),
    errno.EPERM: ("MIL0010", "writing is not permitted"),
    errno.EROFS: ("MIL0010", "the file system is read-only"),
    errno.ENOSPC: ("MIL0011", "no space is left"),
    errno.EDQUOT: ("MIL0011", "the quota is used up"),
    errno.EFBIG: ("MIL0011", "the file would grow beyond what is allowed"),
}


def cannot_read(error: OSError, path: AnyPath) -> MilError:
    """The failure to read `path`, with its code."""
    code, message = _READING.get(error.errno or 0, ("MIL0007", f"cannot be read: {_reason(error)}"))
    return _error(code, message, path)


def cannot_write(error: OSError, path: AnyPath) -> MilError:
    """The failure to write `path`, with its code; the old content, if any, is untouched."""
    other = ("MIL0012", f"cannot be written: {_reason(error)}")
    code, message = _WRITING.get(error.errno or 0, other)
    folder = os.path.dirname(path)
    help = f"mkdir -p {folder}" if code == "MIL0008" and folder else None
    return _error(code, message, path, help)


def read_bytes(path: AnyPath, limit: int = TOO_LARGE) -> bytes:
    """The bytes of a regular file. Raises MilError (MIL0001 to MIL0007)."""
    try:
        with open(path, "rb", buffering=0, opener=_open) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise _error("MIL0006", "a device or pipe, where a file is wanted", path, _STDIN)
            if status.st_size > limit:
                message = f"{status.st_size} bytes, more than the {limit} allowed"
                raise _error("MIL0005", message, path)
            return file.readall()
    except OSError as error:
        raise cannot_read(error, path) from None
    except ValueError:  # a NUL in the path
        raise _error("MIL0001", "there is no such file", path) from None


def read_text(path: AnyPath, limit: int = TOO_LARGE) -> str:
    """The characters of a UTF-8 file, line breaks as they are.

    Raises MilError (MIL0001 to MIL0007).
    """
    return decode(read_bytes(path, limit), os.fspath(path))


def speakable(path: str) -> bool:
    """Whether a path that a stranger's file gives can be handed to the operating system.

    Not with control characters, backslashes (`:` on Windows) or what UTF-8 cannot say.
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return _UNSPEAKABLE.isdisjoint(path)


def leaves(folder: AnyPath, path: AnyPath) -> bool:
    """Whether `path`, with its links followed, ends outside `folder`."""
    top, end = os.path.realpath(folder), os.path.realpath(path)
    return end != top and not end.startswith(os.path.join(top, ""))


def decode(data: bytes, path: str) -> str:
    """UTF-8 bytes as text, without a byte order mark; `path` is what a diagnostic calls them.

    Raises MilError (MIL0004) where a byte is out of place.
    """
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        at, line = error.start, data.count(b"\n", 0, error.start) + 1
        wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        help = "the file seems to be UTF-16: save it as UTF-8" if wide else None
        message = f"not UTF-8 text: byte 0x{data[at]:02x} at offset {at}, in line {line}"
        raise _error("MIL0004", message, path, help) from None


_UNSPEAKABLE: Final = {*map(chr, range(32)), "\\", *(":" if os.name == "nt" else "")}
_STDIN: Final = "milc reads standard input where the path is -"


def _open(path: str, flags: int) -> int:
    # A pipe without a writer would hold us up for ever.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _error(code: str, message: str, path: AnyPath, help: str | None = None) -> MilError:
    return MilError(Diagnostic(code, message, path=os.fspath(path), help=help))
