"""Whether there is room for an array, asked before it is made.

Some systems promise more memory than they have, and end the process that uses it.
"""

from __future__ import annotations

import os
import re
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALL = 1 << 28
"""Of arrays of fewer bytes nobody asks."""

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")


def must_fit(shape: Sequence[int], itemsize: int) -> None:
    """Raise MemoryError if an array of a shape takes more than the memory that is free."""
    size = prod(shape) * itemsize
    if size > SMALL and size > _free():
        raise MemoryError(f"a result of the shape {list(shape)} takes {_told(size)}")


def _free() -> int:
    """The bytes of memory that are free, those of the machine, or more than one has."""
    try:
        told = Path("/proc/meminfo").read_text(encoding="ascii")
        return sum(int(kb) << 10 for kb in re.findall(r"(?:MemAvailable|SwapFree): *(\d+)", told))
    except OSError:
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 1 << 40


def _told(size: float) -> str:
    """A number of bytes in words."""
    step = 0
    while size >= 1000 and step < len(_UNITS) - 1:
        size, step = size / 1000, step + 1
    return f"{size:,.0f} {_UNITS[step]}"
