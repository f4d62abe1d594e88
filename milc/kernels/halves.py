"""Small floats, and the fp32 that is computed with in their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

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


def elementwise(compute: Callable[..., Any], operands: Sequence[Array]) -> Any:
    """What a function of fp32 makes of fp16 element by element, the results fp16 or bools.

    Of large arrays a block at a time is made fp32, which takes less memory.
    """
    x = max(operands, key=np.size)
    if x.size <= 2 * _BLOCK or not all(_is_beside(each, x) for each in operands):
        return compute(*map(widened, operands))
    flat = [each.reshape(-1) if each.size > 1 else widened(each.reshape(())) for each in operands]
    made = None
    for start in range(0, x.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        block = compute(*[widened(each[part]) if each.ndim else each for each in flat])
        if made is None:
            made = np.empty(x.size, block.dtype if block.dtype == bool else x.dtype)
        made[part] = block
    assert made is not None
    return made.reshape(x.shape)


def _is_beside(other: Array, x: Array) -> bool:
    """Whether an array has an element beside each of x, in the same order, or one for all."""
    if other.size == 1:
        return other.ndim <= x.ndim
    return other.shape == x.shape and other.flags.c_contiguous


@cache
def _halves() -> Array:
    """Every fp16, at the place that its bits say, as fp32."""
    return np.arange(1 << 16, dtype="u2").view("f2").astype("f4")
