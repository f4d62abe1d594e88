"""Windows that move over the spatial dimensions of a tensor, and what pools make of each.

Tensors are [n, C, *d], with as many spatial dimensions d as the windows have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from milc.kernels import Array


class Windows(NamedTuple):
    """How windows lie over spatial dimensions: of each number one for each dimension."""

    kernel: tuple[int, ...]
    """How many elements a window takes."""
    strides: tuple[int, ...]
    """The step from window to window."""
    dilations: tuple[int, ...]
    """The distance of neighbours in a window."""
    before: tuple[int, ...]
    """How far the first window begins in front of the first element."""
    out: tuple[int, ...]
    """How many windows there are."""

    @property
    def spans(self) -> tuple[int, ...]:
        """How far it is from the begin of the first window to the end of the last."""
        rows = zip(self.kernel, self.strides, self.dilations, self.out, strict=True)
        return tuple([(o - 1) * s + (k - 1) * d + 1 for k, s, d, o in rows])


def inside(count: int, stride: int, shift: int, length: int) -> tuple[int, int]:
    """The first of `count` places i with 0 <= i * stride + shift < length, and the one behind."""
    low = max(0, -(shift // stride))
    return low, max(low, min(count, (length - 1 - shift) // stride + 1))


def stepped(low: int, high: int, stride: int, shift: int) -> slice:
    """Where the places `inside` lie."""
    begin = low * stride + shift
    return slice(begin, max(begin, begin + (high - low - 1) * stride + 1), stride)


def at(x: Array, *index: Any) -> Array:
    """The view of a tensor that slices and numbers select."""
    view: Array = x[index]
    return view


def pooled(x: Array, windows: Windows, combine: np.ufunc, start: float) -> Array:
    """What is combined of the elements in each window; of none of them, `start`.

    One dimension at a time, so that a window costs the sum of its lengths, not their product. The
    result may be `x`.
    """
    rows = zip(windows.kernel, windows.strides, windows.before, windows.out, strict=True)
    for axis, (kernel, stride, before, out) in enumerate(rows, start=2):
        x = pooled_along(x, axis, kernel, stride, before, out, combine, start)
    return x


def pooled_along(
    x: Array,
    axis: int,
    kernel: int,
    stride: int,
    before: int,
    out: int,
    combine: np.ufunc,
    start: float,
) -> Array:
    """`pooled` along one dimension."""
    length = x.shape[axis]
    if (kernel, stride, before, out) == (1, 1, 0, length):
        return x
    front = (slice(None),) * axis
    made = np.full((*x.shape[:axis], out, *x.shape[axis + 1 :]), start, x.dtype)
    if out < kernel:
        for place in range(out):
            begin = place * stride - before
            seen = at(x, *front, slice(max(begin, 0), max(begin + kernel, 0)))
            combine.reduce(seen, axis=axis, out=at(made, *front, place), initial=start)
        return made
    for offset in range(kernel):
        low, high = inside(out, stride, offset - before, length)
        target = at(made, *front, slice(low, high))
        seen = at(x, *front, stepped(low, high, stride, offset - before))
        combine(target, seen, out=target)
    return made


def counts(windows: Windows, bounds: Sequence[tuple[int, int]]) -> Array:
    """How many places of each window lie within bounds, along each dimension from one to another.

    [*out], or a number if it is the same everywhere.
    """
    total = np.ones((), "f4")
    rows = zip(windows.kernel, windows.strides, windows.before, windows.out, bounds, strict=True)
    for kernel, stride, before, out, (first, last) in rows:
        begin = np.arange(out) * stride - before
        within = np.minimum(begin + kernel, last) - np.maximum(begin, first)
        total = np.multiply.outer(total, np.maximum(within, 0).astype("f4"))
    return total.flat[0] if total.size and (total == total.flat[0]).all() else total
