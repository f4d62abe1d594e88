"""Convolutions and their transposes, in fp32, by products of matrices.

What the windows see is copied, tile by tile, into the columns of a matrix, which the kernels are
multiplied by: the copies are bounded however large the tensors are.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from milc.kernels.halves import widened
from milc.kernels.windows import at, inside, stepped

if TYPE_CHECKING:
    from milc.kernels import Array
    from milc.kernels.windows import Windows

COLUMNS = 1 << 18
"""How many elements are copied at a time at most: 1 MiB, which the cache of a core holds."""
FEW_COLUMNS = 1 << 16
"""How many if the kernels have no more elements; each copy has them read once more."""
TERMS = 1 << 16
"""How many products are added up at a time, where each kernel sees one channel."""


_kept = threading.local()


def conv(x: Array, weight: Array, bias: Array | None, windows: Windows, groups: int) -> Array:
    """The convolution of x, [n, C_in, *d], with weight, [C_out, C_in / groups, *kernel].

    `bias` is [C_out]; the result [n, C_out, *out].
    """
    number, kernels = x.shape[0], weight.shape[0]
    made = np.empty((number, groups, kernels // groups, *windows.out), "f4")
    weight = weight.reshape(groups, kernels // groups, *weight.shape[1:])
    if weight.shape[2] == 1 and groups > 1:
        _by_offsets(x, weight[:, :, 0], windows, made)
    elif {*windows.kernel, *windows.strides} == {1} and windows.out == x.shape[2:]:
        _pointwise(x, weight, made)
    else:
        # Where each element is copied into one column at most, it becomes fp32 on the way.
        once = prod(windows.kernel) <= prod(windows.strides)
        _by_columns(covered(x, windows, x.dtype if once else "f4"), weight, windows, made)
    return _with_bias(made, bias, (number, kernels, *windows.out))


def covered(x: Array, windows: Windows, dtype: np.dtype[Any] | str = "f4") -> Array:
    """What the windows cover of x, which counts as 0 beyond its edges: [n, C, *spans]."""
    rows = list(zip(windows.before, windows.spans, x.shape[2:], strict=True))
    if all(-before + span <= length and before <= 0 for before, span, length in rows):
        cut = tuple([slice(-before, span - before) for before, span, _ in rows])
        return _as(at(x, ..., *cut), dtype)
    made = np.zeros((*x.shape[:2], *windows.spans), dtype)
    source, target = [], []
    for before, span, length in rows:
        low, high = inside(length, 1, before, span)
        source.append(slice(low, high))
        target.append(stepped(low, high, 1, before))
    at(made, ..., *target)[...] = at(x, ..., *source)
    return made


def _as(x: Array, dtype: np.dtype[Any] | str = "f4") -> Array:
    """An array in a dtype, its own or fp32; itself where it has that."""
    return x if x.dtype == dtype else widened(x)


def _pointwise(x: Array, weight: Array, made: Array) -> None:
    """Into `made`, [n, groups, C_out / groups, *out], what kernels of one element make of x."""
    number, groups, kernels = made.shape[:3]
    places = prod(made.shape[3:])
    seen = _as(x).reshape(number, groups, weight.shape[2], places)
    flat = weight.reshape(groups, kernels, weight.shape[2])
    np.matmul(flat, seen, out=made.reshape(number, groups, kernels, places))


def _by_columns(x: Array, weight: Array, windows: Windows, made: Array) -> None:
    """Into `made` the convolution of what windows cover, [n, C_in, *spans]."""
    number, groups, kernels = made.shape[:3]
    size, (row, *_) = weight[0, 0].size, windows.out
    beside = prod(windows.out[1:])
    flat = weight.reshape(groups, kernels, size)
    target = made.reshape(number, groups, kernels, row * beside)
    seen = _seen(x, windows, groups)
    rows = (slice(None),) * (seen.ndim - len(windows.out) - 1)
    most = min(max(weight.size, FEW_COLUMNS), COLUMNS)
    for images, lines in _tiles(number, row, groups * size * beside, most):
        tile = at(seen, images, *rows, lines)
        columns = _scratch(tile.size).reshape(tile.shape)
        np.copyto(columns, tile)
        matrix = columns.reshape(tile.shape[0], groups, size, -1 if tile.size else 0)
        places = slice(lines.start * beside, lines.stop * beside)
        np.matmul(flat, matrix, out=target[images, :, :, places])


def _scratch(size: int) -> Array:
    """Room for so many elements, good until the next call: fresh memory costs more than a copy."""
    held: Array | None = getattr(_kept, "buffer", None)
    if held is None or held.size < size:
        held = np.empty(size, "f4")
        if size <= COLUMNS:
            _kept.buffer = held
    return held[:size]


def _seen(x: Array, windows: Windows, groups: int) -> Array:
    """A view of what each window sees: [n, groups, C_in / groups, *kernel, *out]."""
    number, channels = x.shape[:2]
    image, channel, *steps = x.strides
    per_group = channels // groups
    inner = [step * d for step, d in zip(steps, windows.dilations, strict=True)]
    outer = [step * s for step, s in zip(steps, windows.strides, strict=True)]
    return np.lib.stride_tricks.as_strided(
        x,
        (number, groups, per_group, *windows.kernel, *windows.out),
        (image, channel * per_group, channel, *inner, *outer),
        writeable=False,
    )


def _tiles(number: int, rows: int, size: int, most: int) -> Iterator[tuple[slice, slice]]:
    """Images and rows to go through at a time, where a row of an image takes `size` elements."""
    lines = max(1, most // max(size, 1))
    images = max(1, lines // max(rows, 1))
    for image in range(0, number, images):
        for line in range(0, rows, lines):
            yield (
                slice(image, min(image + images, number)),
                slice(line, min(line + lines, rows)),
            )


def _by_offsets(x: Array, weight: Array, windows: Windows, made: Array) -> None:
    """Into `made` the convolution with kernels that see one channel each, weight [C, m, *kernel].

    The products are added up one element of the kernels after another, a few channels at a time.
    Of those, all that the windows reach is laid out as one row, in which each element of the
    kernels sees a piece of the same length, further on or back: long pieces are fast to go through.
    It has a few elements too many, between the lines of the result, which are left out at the end.
    """
    number, channels, several, *out = made.shape
    strides = windows.strides
    rows = [-(-span // stride) for span, stride in zip(windows.spans, strides, strict=True)]
    steps = [prod(rows[axis + 1 :]) for axis in range(len(rows))]
    length = sum([(o - 1) * step for o, step in zip(out, steps, strict=True)]) + 1
    lines = [step * 4 for step in steps]
    block = max(1, TERMS // max(1, several * length))
    for image, first in np.ndindex(number, -(-channels // block)):
        part = slice(first * block, (first + 1) * block)
        seen = _phases(x[image : image + 1, part], windows, rows)
        sums = np.zeros((seen.shape[0], several, length), "f4")
        products = np.empty_like(sums)
        for offset in np.ndindex(*windows.kernel):
            places = [k * d for k, d in zip(offset, windows.dilations, strict=True)]
            pairs = [divmod(p, s) for p, s in zip(places, strides, strict=True)]
            begin = sum([line * step for (line, _), step in zip(pairs, steps, strict=True)])
            phase = [phase for _, phase in pairs]
            piece = at(seen, slice(None), *phase, None, slice(begin, begin + length))
            np.multiply(piece, at(weight, part, ..., *offset, None), out=products)
            sums += products
        shape, inner = (*sums.shape[:2], *out), (*sums.strides[:2], *lines)
        made[image, part] = np.lib.stride_tricks.as_strided(sums, shape, inner, writeable=False)


def _phases(x: Array, windows: Windows, rows: list[int]) -> Array:
    """What the windows reach of x, [1, C, *d], split into what each step of theirs passes over.

    [C, *strides, product of rows]: at [c, 1, 0] is every second line from the second on, if steps
    are two long, and of it every second element from the first on.
    """
    reach = windows._replace(kernel=windows.strides, dilations=(1,) * len(rows), out=tuple(rows))
    pairs = [n for pair in zip(rows, windows.strides, strict=True) for n in pair]
    split = covered(x, reach)[0].reshape(-1, *pairs)
    order = [0, *range(2, split.ndim, 2), *range(1, split.ndim, 2)]
    return np.ascontiguousarray(split.transpose(order)).reshape(-1, *windows.strides, prod(rows))


def _overlap(
    offset: tuple[int, ...], windows: Windows, dims: tuple[int, ...]
) -> tuple[list[slice], list[slice]]:
    """The windows whose element at an offset lies within `dims`, and where it lies."""
    places, elements = [], []
    for axis, length in enumerate(dims):
        stride = windows.strides[axis]
        shift = offset[axis] * windows.dilations[axis] - windows.before[axis]
        low, high = inside(windows.out[axis], stride, shift, length)
        places.append(slice(low, high))
        elements.append(stepped(low, high, stride, shift))
    return places, elements


def conv_transpose(
    x: Array,
    weight: Array,
    bias: Array | None,
    windows: Windows,
    groups: int,
    shape: tuple[int, ...],
) -> Array:
    """The transpose of the convolution: from x, a place of the windows each, to spatial `shape`.

    x is [n, C_in, *windows.out], weight [C_in, C_out / groups, *kernel]; the result
    [n, C_out, *shape].
    """
    number, channels = x.shape[:2]
    others, places = weight.shape[1], prod(windows.out)
    given = _as(x).reshape(number, groups, channels // groups, places)
    weight = weight.reshape(groups, channels // groups, others, -1)
    kernels = np.ascontiguousarray(weight.transpose(3, 0, 2, 1))
    made = np.zeros((number, groups, others, *shape), "f4")
    for matrix, offset in zip(kernels, np.ndindex(*windows.kernel), strict=True):
        source, to = _overlap(offset, windows, shape)
        products = np.matmul(matrix, given).reshape(*made.shape[:3], *windows.out)
        landed = at(made, ..., *to)
        landed += at(products, ..., *source)
    return _with_bias(made, bias, (number, groups * others, *shape))


def _with_bias(made: Array, bias: Array | None, shape: tuple[int, ...]) -> Array:
    """What was made, in its shape, with the bias added to each channel."""
    made = made.reshape(shape)
    if bias is not None:
        made += bias.reshape(-1, *[1] * (len(shape) - 2))
    return made
