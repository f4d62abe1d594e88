"""Small floats as those that are computed with."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from milc.kernels import Array

_MANY: Final = 4096
"""Of fewer elements than this, a call costs more than what it does to each."""
_BLOCK: Final = 1 << 15
"""So many are looked up at a time, for numpy makes 8 bytes of each place."""


def widened(x: Array) -> Array:
    """Floats of fewer than 32 bits as fp32.

    numpy takes 1.4 ns to convert an fp16, and half as long to look it up.
    """
    if x.dtype != np.float16 or x.size < _MANY or not x.flags.c_contiguous:
        return x.astype("f4")
    made = np.empty(x.size, "f4")
    places, halves = x.reshape(-1).view("u2"), _halves()
    for start in range(0, x.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        halves.take(places[part], out=made[part], mode="wrap")
    return made.reshape(x.shape)


@cache
def _halves() -> Array:
    """Every fp16, at the place that its bits say, as fp32."""
    return np.arange(1 << 16, dtype="u2").view("f2").astype("f4")
