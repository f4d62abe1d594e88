"""Planes of pixels in other sizes: resized, cut up into squares, put together of squares.

What is resized is read at a grid of places, which a sampling mode lays over the pixels of each
dimension. Dimensions are resized one after the other: a grid is a product of places along each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from milc.kernels import Array


def grid(mode: str, count: int, pixels: Array | int) -> Array:
    """The places of `count` samples on a row of pixels, from 0 to the last pixel, as fp64: [count].

    `pixels` may be an array of numbers of pixels, also of such that are not whole: of [N, 1] come
    the places [N, count].
    """
    row = np.asarray(pixels, "f8")
    places = _GRIDS[mode](np.arange(count, dtype="f8"), max(count, 1), row)
    within: Array = np.clip(places, 0, np.maximum(row - 1, 0))
    return within


def _strict(i: Array, n: int, m: Array) -> Array:
    places: Array = i * (m - 1) / max(n - 1, 1)
    return places


def _aligned(i: Array, n: int, m: Array) -> Array:
    return _strict(i, n, m) if n > 1 else i + (m - 1) / 2


_GRIDS: dict[str, Callable[[Array, int, Array], Array]] = {
    "STRICT_ALIGN_CORNERS": _strict,
    "ALIGN_CORNERS": _aligned,
    "DEFAULT": lambda i, n, m: i * m / n,
    "OFFSET_CORNERS": lambda i, n, m: (i + 0.5) * np.maximum(m - 1, 1) / n,
    "UNALIGN_CORNERS": lambda i, n, m: (i + 0.5) * m / n - 0.5,
}


def grid_between(mode: str, count: int, start: Array, end: Array) -> Array:
    """The places of samples on rows that begin and end anywhere, [N] each: [N, count].

    A row that ends before it begins is sampled backwards.
    """
    start, end = start[:, None], end[:, None]
    steps = grid(mode, count, np.abs(end - start) + 1)
    places = start + np.sign(end - start) * steps
    # A row that ends at 0 would end below it by a rounding.
    within: Array = np.clip(places, np.minimum(start, end), np.maximum(start, end))
    return within


def nearest(mode: str, count: int, pixels: int) -> Array:
    """The pixel of a row that each of `count` samples is a copy of: [count].

    It is the one in which the middle of the sample lies, if both rows are drawn to the same length.
    Where a mode aligns the corners, or offsets them, it is the one next to the place on the grid,
    the later of two.
    """
    if mode in ("DEFAULT", "UNALIGN_CORNERS"):
        return (2 * np.arange(count) + 1) * pixels // (2 * max(count, 1))
    return np.floor(grid(mode, count, pixels) + 0.5).astype("i8")


def first_nearest(count: int, pixels: int) -> Array:
    """The pixel of a row in which each of `count` samples begins: [count]."""
    return np.arange(count) * pixels // max(count, 1)


def picked(array: Array, indices: Sequence[Array]) -> Array:
    """The elements at indices along the last dimensions, one array of them for each."""
    for back, index in enumerate(reversed(indices), 1):
        array = np.take(array, index, axis=-back)
    return array


def interpolated(array: Array, places: Sequence[Array]) -> Array:
    """An array read at places along the last dimensions, linearly between its elements.

    The last dimension comes first: to pick single elements costs more than to pick rows, and there
    are fewer of them before the rows are many.
    """
    for back, where in enumerate(reversed(places), 1):
        array = _along(array, where, array.ndim - back)
    return array


def _along(array: Array, places: Array, axis: int) -> Array:
    below = np.floor(places).astype("i8")
    part = places - below
    lower = np.take(array, below, axis=axis)
    if not part.any():
        return lower
    above = np.minimum(below + 1, array.shape[axis] - 1)
    behind = (1,) * (array.ndim - axis - 1)
    weight = part.reshape(-1, *behind).astype(array.dtype)
    lower *= 1 - weight
    upper = np.take(array, above, axis=axis)
    upper *= weight
    lower += upper
    return lower


def cut(planes: Array, rows: int, columns: int) -> Array:
    """Planes [N, C, H * rows, W * columns] as squares: a view [N, C, H, W, rows, columns]."""
    batch, channels, height, width = planes.shape
    split = planes.reshape(batch, channels, height // rows, rows, width // columns, columns)
    return split.transpose(0, 1, 2, 4, 3, 5)


def joined(squares: Array) -> Array:
    """Squares [N, C, H, W, rows, columns] put together to planes [N, C, H * rows, W * columns]."""
    batch, channels, height, width, rows, columns = squares.shape
    planes = squares.transpose(0, 1, 2, 4, 3, 5)
    return planes.reshape(batch, channels, height * rows, width * columns)
