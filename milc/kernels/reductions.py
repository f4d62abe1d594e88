"""One element of many: sums, extremes and norms of arrays along axes.

Each takes an array, the axes as numbers from 0 on, and whether they stay, with length 1. Along no
axes it is made of each element alone; of no elements it is the neutral one. Floats are added up as
fp64, integers as int64, so that the result is rounded or wraps once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from milc.kernels import Array

Axes = tuple[int, ...]


def _wide(x: Array) -> str:
    """The dtype that elements are added up in."""
    return "f8" if x.dtype.kind == "f" else "i8"


def sum(x: Array, axes: Axes, keep: bool) -> Any:
    """The sum."""
    return np.sum(x, axis=axes, keepdims=keep, dtype=_wide(x))


def mean(x: Array, axes: Axes, keep: bool) -> Any:
    """The sum, divided by the number of elements, as fp64."""
    count = np.prod([x.shape[axis] for axis in axes], dtype="f8")
    return sum(x, axes, keep) / count


def product(x: Array, axes: Axes, keep: bool) -> Any:
    """The product."""
    return np.prod(x, axis=axes, keepdims=keep, dtype=_wide(x))


def maximum(x: Array, axes: Axes, keep: bool) -> Any:
    """The largest element; NaN if one is NaN."""
    least = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    return np.max(x, axis=axes, keepdims=keep, initial=least)


def minimum(x: Array, axes: Axes, keep: bool) -> Any:
    """The smallest element; NaN if one is NaN."""
    most = np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).max
    return np.min(x, axis=axes, keepdims=keep, initial=most)


def l1_norm(x: Array, axes: Axes, keep: bool) -> Any:
    """The sum of the absolute values."""
    exact = x if x.dtype.kind == "f" else x.astype("i8")
    return sum(np.abs(exact), axes, keep)


def sum_square(x: Array, axes: Axes, keep: bool) -> Any:
    """The sum of the squares."""
    return sum(np.square(x.astype(_wide(x))), axes, keep)


def l2_norm(x: Array, axes: Axes, keep: bool) -> Any:
    """The square root of the sum of the squares, as fp64."""
    return np.sqrt(sum_square(x, axes, keep))


def log_sum(x: Array, axes: Axes, keep: bool) -> Any:
    """The natural logarithm of the sum, as fp64."""
    return np.log(sum(x, axes, keep))


def log_sum_exp(x: Array, axes: Axes, keep: bool) -> Any:
    """The natural logarithm of the sum of e^x, as fp64.

    The largest x is taken off before, so that nothing overflows, unless that is infinite.
    """
    exact = x if x.dtype.kind == "f" else x.astype("f8")
    largest = maximum(exact, axes, True)
    largest = np.where(np.isfinite(largest), largest, 0)
    shifted = np.asarray(exact - largest)
    np.exp(shifted, out=shifted)
    made = np.log(sum(shifted, axes, True)) + largest
    return made if keep else np.squeeze(made, axis=axes)
