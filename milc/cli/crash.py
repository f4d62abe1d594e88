"""A fault of milc itself, shown like any other finding. Loaded only where there is one."""

from __future__ import annotations

import os
import platform
import sys
import traceback

from milc.diagnostics import Diagnostic
from milc.version import __version__

TRACEBACK = "MILC_TRACEBACK"
"""The environment variable that asks for the traceback."""


def internal_error(error: Exception) -> Diagnostic:
    """MIL0020, or MIL0022 where memory ran out; the traceback goes to stderr if it is wanted."""
    show_traceback(error)
    if isinstance(error, MemoryError):
        return Diagnostic("MIL0022", "there is not enough memory for this input")
    said = " ".join(str(error).split()) or "no message"
    return Diagnostic(
        "MIL0020",
        f"milc has a fault: {type(error).__name__}: {said}",
        notes=[
            f"in {_place(error)}",
            f"milc {__version__}, Python {platform.python_version()}, {sys.platform}",
        ],
        help=f"please report it, with the command, the input if it may be shown, and what the "
        f"command prints with {TRACEBACK}=1",
    )


def show_traceback(error: BaseException) -> None:
    """Write the traceback of an error to stderr, if it is wanted."""
    if os.environ.get(TRACEBACK, "0") not in ("", "0"):
        traceback.print_exception(error)


def _place(error: Exception) -> str:
    """Module, line and function of milc's innermost frame: what tells one fault from another."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f"{os.sep}milc{os.sep}" in f.filename] or list(frames)
    if not own:
        return "an unknown place"
    file = own[-1].filename.rpartition(f"{os.sep}milc{os.sep}")[2]
    return f"{file}:{own[-1].lineno}, {own[-1].name}"
