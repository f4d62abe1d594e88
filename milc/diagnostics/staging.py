"""Writing files and folders so that nothing is lost: beside their place, then moved there.

`fmt` comes this way, so nothing heavy is imported when the module is loaded (pathlib, shutil and
signal are fetched when something is written); it imports nothing of milc but its own room.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING

from milc.diagnostics.diagnostic import Diagnostic, MilError
from milc.diagnostics.files import AnyPath, cannot_write

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType, TracebackType


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
            new = "a folder" if self._folder else "a file"
            raise self._refusal(f"{_kind(mode)} is there, and is not replaced by {new}")
        if not os.access(self._target, os.W_OK):
            raise PermissionError(errno.EACCES, "")
        if self._folder and os.listdir(self._target) and not self._replaceable(self._target):
            message = "the folder there holds something else, and is not replaced"
            raise self._refusal(message, "remove it, or write elsewhere")

    def _refusal(self, message: str, help: str | None = None) -> MilError:
        return MilError(Diagnostic("MIL0009", message, path=self._shown, help=help))

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
        if not os.path.lexists(path):  # renamed, as it should be; shutil takes 2 ms to load
            return
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


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a file" if stat.S_ISREG(mode) else "a device or pipe"


def _terminated(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
