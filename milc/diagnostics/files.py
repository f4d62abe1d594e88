"""Reading and writing files so that nothing is lost and every failure has a code (MIL00xx).

`fmt` comes this way, so nothing heavy is imported when the module is loaded (pathlib, shutil and
signal are fetched by the writers); it imports nothing of milc but its own room.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from milc.diagnostics.diagnostic import Diagnostic, MilError

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType, TracebackType

AnyPath = str | os.PathLike[str]

TOO_LARGE: Final = 1 << 31
"""Bytes above which no file is read into memory: protobuf's own limit for a message."""

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


def staged_file(target: AnyPath) -> Staged:
    """`with staged_file(target) as path:` a path to write to.

    Where the body ends without an error, the file takes the place of `target` in one step and
    gets its permissions; else, also when the run is interrupted or terminated, `target` stays as
    it is and nothing is left behind. Raises MilError (MIL0008 to MIL0012), also for an OSError of
    the body.
    """
    return Staged(target, folder=False, replaceable=lambda _: True)


def staged_folder(
    target: AnyPath, replaceable: Callable[[Path], bool] = lambda folder: False
) -> Staged:
    """`with staged_folder(target) as path:` an empty folder to fill.

    As `staged_file`; a folder in its place is replaced if it is empty or `replaceable` says so,
    and left alone otherwise (MIL0009).
    """
    return Staged(target, folder=True, replaceable=replaceable)


class Staged:
    """Output on its way: written beside its target, then renamed. See `staged_file`."""

    def __init__(
        self, target: AnyPath, *, folder: bool, replaceable: Callable[[Path], bool]
    ) -> None:
        self._shown = os.fspath(target)
        self._folder = folder
        self._replaceable = replaceable
        self._signals: dict[int, object] = {}

    def __enter__(self) -> Path:
        from pathlib import Path

        try:
            # A link keeps pointing where it points: what it points at is replaced.
            self._target = Path(os.path.realpath(self._shown))
            self._refuse_to_replace()
            self._staged = self._sibling()
            self._catch_signals()
            self._make()
        except OSError as error:
            self._restore_signals()
            raise cannot_write(error, self._shown) from None
        return self._staged

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._commit()
        except OSError as failure:
            raise cannot_write(failure, self._shown) from None
        finally:
            self._remove(self._staged)
            self._restore_signals()
        if isinstance(error, OSError):
            raise cannot_write(error, self._shown) from None

    def _refuse_to_replace(self) -> None:
        try:
            mode = os.lstat(self._target).st_mode
        except FileNotFoundError:
            return
        wanted = stat.S_ISDIR(mode) if self._folder else stat.S_ISREG(mode)
        if not wanted:
            found = (
                "a folder"
                if stat.S_ISDIR(mode)
                else "a file"
                if self._folder
                else "a device or pipe"
            )
            new = "a folder" if self._folder else "a file"
            raise _error("MIL0009", f"{found} is there, and is not replaced by {new}", self._shown)
        if not os.access(self._target, os.W_OK):
            raise PermissionError(errno.EACCES, "")
        if self._folder and os.listdir(self._target) and not self._replaceable(self._target):
            message = "the folder there holds something else, and is not replaced"
            raise _error("MIL0009", message, self._shown, "remove it, or write elsewhere")

    def _sibling(self) -> Path:
        return self._target.with_name(f".milc-{os.urandom(4).hex()}.tmp")

    def _make(self) -> None:
        if self._folder:
            os.mkdir(self._staged)
        else:
            os.close(os.open(self._staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))

    def _commit(self) -> None:
        if self._folder:
            self._swap_folders()
            return
        if self._target.exists():
            os.chmod(self._staged, stat.S_IMODE(os.stat(self._target).st_mode))
        os.replace(self._staged, self._target)

    def _swap_folders(self) -> None:
        if not self._target.exists():
            os.rename(self._staged, self._target)
            return
        aside = self._sibling()
        try:
            os.rename(self._target, aside)
            os.rename(self._staged, self._target)
        except BaseException:
            # Interrupted between the two: the old folder goes back to its place.
            if aside.exists() and not self._target.exists():
                os.rename(aside, self._target)
            raise
        self._remove(aside)

    def _remove(self, path: Path) -> None:
        if self._folder:
            from shutil import rmtree

            rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

    def _catch_signals(self) -> None:
        """Let a termination end the body as an exception, so that what is staged is removed."""
        import signal
        import threading

        if threading.current_thread() is not threading.main_thread():
            return
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                self._signals[number] = signal.signal(number, _terminated)

    def _restore_signals(self) -> None:
        import signal

        for number in self._signals:
            signal.signal(number, signal.SIG_DFL)
        self._signals.clear()


_UNSPEAKABLE: Final = {*map(chr, range(32)), "\\", *(":" if os.name == "nt" else "")}
_STDIN: Final = "milc reads standard input where the path is -"


def _terminated(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _open(path: str, flags: int) -> int:
    # A pipe without a writer would hold us up for ever.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _error(code: str, message: str, path: AnyPath, help: str | None = None) -> MilError:
    return MilError(Diagnostic(code, message, path=os.fspath(path), help=help))
