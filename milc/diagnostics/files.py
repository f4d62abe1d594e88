"""Reading and writing files so that nothing is lost and every failure has a code.

`fmt` comes this way: imports nothing but this room and what an interpreter has loaded anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

TOO_LARGE = 1 << 31
"""Bytes above which no file is read into memory: protobuf's own limit."""


def read_bytes(path: str | Path, limit: int = TOO_LARGE) -> bytes:
    """The file's bytes. Raises MilError (MIL00xx)."""
    raise NotImplementedError


def read_text(path: str | Path, limit: int = TOO_LARGE) -> str:
    """The file's characters, line breaks as they are. Raises MilError (MIL00xx)."""
    raise NotImplementedError


def decode(data: bytes, path: str) -> str:
    """UTF-8 bytes as text; `path` is what a diagnostic calls them. Raises MilError (MIL0004)."""
    raise NotImplementedError


@contextmanager
def staged_file(target: str | Path) -> Iterator[Path]:
    """A path to write to; it takes the place of `target` if the body ends without an error.

    Raises MilError (MIL00xx) where that cannot be done, also for an OSError of the body.
    """
    raise NotImplementedError
    yield Path()


@contextmanager
def staged_folder(
    target: str | Path, replaceable: Callable[[Path], bool] = lambda folder: False
) -> Iterator[Path]:
    """An empty folder to fill; it takes the place of `target` if the body ends without an error.

    An existing folder is replaced if it is empty or `replaceable` says so. Raises MilError
    (MIL00xx) where it is not, or writing fails, also for an OSError of the body.
    """
    raise NotImplementedError
    yield Path()
