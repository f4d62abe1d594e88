"""Reals as integers with a scale and a zero point, and back.

Scales and zero points have the rank of the data, with 1, or a divisor of its length, for each
dimension: there is one for each block that the data is cut into. Scalars do for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from milc.kernels import Array

AT_A_TIME: Final = 1 << 18
"""About how many elements are worked on at a time, so that what is between stays in the cache."""


def along(vector: Array, axis: int, rank: int) -> Array:
    """A vector [K] as it lies along an axis of a tensor: [1…, K, 1…]; a scalar as it is."""
    if not vector.ndim:
        return vector
    shape = [1] * rank
    shape[axis] = -1
    return vector.reshape(shape)


def quantize(x: Array, scale: Array, zero_point: Array | None, dtype: np.dtype[Any]) -> Array:
    """`round(x / scale) + zero_point`, half to even, within the range of an integer dtype.

    NaN becomes the zero point.
    """
    bounds = np.iinfo(dtype)

    def quantized(values: Array, factor: Array, offset: Array | None) -> Array:
        values /= factor
        np.rint(values, out=values)
        np.copyto(values, 0, where=np.isnan(values))
        if offset is not None:
            values += offset
        return np.clip(values, bounds.min, bounds.max, out=values)

    return _in_pieces(quantized, x, scale, zero_point, dtype)


def dequantize(data: Array, scale: Array, zero_point: Array | None, dtype: np.dtype[Any]) -> Array:
    """`scale * (data - zero_point)`, rounded to a dtype of floats."""

    def dequantized(values: Array, factor: Array, offset: Array | None) -> Array:
        if offset is not None:
            values -= offset
        values *= factor
        return values

    return _in_pieces(dequantized, data, scale, zero_point, dtype)


def dequantize_at_ones(mask: Array, data: Array, scale: Array, zero_point: Array | None) -> Array:
    """`dequantize` of data that is stored only where a mask is 1: from [k] to [k] of fp32."""
    values: Array = data.astype("f4")
    if zero_point is not None:
        values -= at_ones(zero_point, mask)
    values *= at_ones(scale, mask)
    return values


def at_ones(each: Array, mask: Array) -> Array:
    """What there is one of for each block of a mask, for each of its ones: [k]."""
    marks = blocks(mask, each.shape).view("?")
    found: Array = np.broadcast_to(spread(each, marks.ndim), marks.shape)[marks]
    return found


def _in_pieces(
    function: Callable[[Array, Array, Array | None], Array],
    data: Array,
    scale: Array,
    zero_point: Array | None,
    dtype: np.dtype[Any],
) -> Array:
    """What a function makes of data as fp32, which it may write to, its scale and zero point.

    The result is of a dtype. Beside it there is only a small piece of fp32 at a time.
    """
    made = np.empty(data.shape, dtype)
    none: tuple[int, ...] = ()
    counts = np.broadcast_shapes(
        (1,) * data.ndim, scale.shape, none if zero_point is None else zero_point.shape
    )
    into, source = blocks(made, counts), blocks(data, counts)
    factor = spread(scale, into.ndim)
    offset = None if zero_point is None else spread(zero_point, into.ndim)
    for piece in pieces(into.shape):
        held = None if offset is None else part(offset, piece)
        into[piece] = function(np.array(source[piece], "f4"), part(factor, piece), held)
    return made


def blocks(array: Array, counts: Sequence[int]) -> Array:
    """An array [d…] as blocks, [g, d / g, …]: so many of them along each dimension."""
    pairs = zip(array.shape, counts, strict=True)
    return array.reshape([size for dim, count in pairs for size in (count, dim // max(count, 1))])


def spread(each: Array, rank: int) -> Array:
    """What there is one of for each block, as it is broadcast to blocks: [g, 1, …]."""
    shape = each.shape or (1,) * (rank // 2)
    return each.reshape([size for count in shape for size in (count, 1)])


def pieces(shape: Sequence[int]) -> Iterator[tuple[slice, ...]]:
    """Where pieces lie that make up an array, cut along its longest dimension."""
    if not shape:
        yield ()
        return
    length = max(shape)
    axis = list(shape).index(length)
    step = max(1, AT_A_TIME * length // max(prod(shape), 1))
    for start in range(0, length, step):
        yield (*(slice(None),) * axis, slice(start, start + step))


def part(each: Array, piece: tuple[slice, ...]) -> Array:
    """The part of something that is broadcast to an array, for a piece of that."""
    dims = zip(piece, each.shape, strict=False)
    return each[tuple([at if dim > 1 else slice(None) for at, dim in dims])]
