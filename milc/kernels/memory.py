"""Whether there is room for an array, asked before it is made.

Some systems promise more memory than they have, and end the process that uses it.
"""

from __future__ import annotations

import os
from functools import cache
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")


def must_fit(shape: Sequence[int], itemsize: int) -> None:
    """Raise MemoryError if an array of a shape takes more than all memory there is."""
    size = prod(shape) * itemsize
    if size > _memory():
        raise MemoryError(f"a result of the shape {list(shape)} takes {_told(size)}")


@cache
def _memory() -> int:
    """The memory of the machine in bytes, or more than one has where it does not say."""
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
