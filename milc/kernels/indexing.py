"""Reading and writing at places that an array lists.

Places are integers from 0 on, of dtype int64. All ways of listing them come down to two: lines of
an array of two dimensions, [N, Q], and single elements of a flat one.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from milc.kernels import Array

_AT = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide,
    "max": np.maximum, "min": np.minimum,
}  # fmt: skip


def gathered(x: Array, places: Array, axis: int, batches: int) -> Array:
    """The slices of `x` along an axis, in the shape of `places` behind the dimensions shared.

    `x` is [*B, *P, n, *Q] and `places` [*B, *I], B of `batches` dimensions: [*B, *P, *I, *Q].
    """
    if not batches:
        return np.take(x, places, axis)
    shared, ahead, behind = x.shape[:batches], x.shape[batches:axis], x.shape[axis + 1 :]
    count = prod(shared)
    listed = places.reshape(count, prod(places.shape[batches:]))
    parts = x.reshape(count, prod(ahead), x.shape[axis], prod(behind))
    found = parts[np.arange(count)[:, None], :, listed].swapaxes(1, 2)
    return found.reshape(*shared, *ahead, *places.shape[batches:], *behind)


def lines(x: Array, dims: int) -> Array:
    """`x` as [N, Q], its first `dims` dimensions made one."""
    return x.reshape(prod(x.shape[:dims]), prod(x.shape[dims:]))


def line_places(rows: Array, shape: Sequence[int], batches: int) -> Array:
    """The lines that rows of indices name: [*I] of [*I, n], numbers from 0 on.

    A row holds places in the n dimensions behind the first `batches` of `shape`; in those it stands
    for its own place in `rows`.
    """
    around, depth = rows.shape[:-1], rows.shape[-1]
    found = np.zeros(around, np.int64)
    for axis, size in enumerate(shape[: batches + depth]):
        if axis < batches:
            own = [1] * len(around)
            own[axis] = size
            place = np.arange(size).reshape(own)
        else:
            place = rows[..., axis - batches]
        found = found * size + place
    return found


def element_places(places: Array, size: int, axis: int) -> Array:
    """Where in an array, laid flat, the elements stand that are listed line by line along an axis.

    The array has the shape of `places` but for the dimension `axis`, which has `size`.
    """
    shape = list(places.shape)
    shape[axis] = size
    found = np.zeros((1,) * len(shape), np.int64)
    for at, dim in enumerate(shape):
        own = [1] * len(shape)
        own[at] = dim
        found = found * dim + (places if at == axis else np.arange(dim).reshape(own))
    return found


def scattered(data: Array, places: Array, updates: Array, mode: str) -> Array:
    """`data`, [N, …], with `updates`, [M, …], combined with what is at `places`, [M].

    Updates of one place are made one behind the other. A quotient of integers is cut off towards 0,
    and 0 where it is divided by 0.
    """
    if mode == "div" and data.dtype.kind != "f":
        quotients = scattered(data.astype("f8"), places, updates.astype("f8"), mode)
        return np.where(np.isfinite(quotients), quotients, 0).astype("i8")
    result = data.copy()
    if mode == "update":
        result[places] = updates
    elif _differ(places, len(data)):
        result[places] = _AT[mode](result[places], updates)
    else:
        _AT[mode].at(result, places, updates)
    return result


def _differ(places: Array, size: int) -> bool:
    """Whether no place is listed twice."""
    met = np.zeros(size, np.bool_)
    met[places] = True
    return int(np.count_nonzero(met)) == places.size
