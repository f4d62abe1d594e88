"""Values looked up in tables by small numbers, and tensors of which only a part is stored.

Tables are [g…, entries, v]: one for each of the blocks that the numbers are cut into along each
dimension, with vectors of v elements. In the result these lie along an axis.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from milc.kernels.quantized import at_ones, blocks, part, pieces, spread

if TYPE_CHECKING:
    from milc.kernels import Array


def looked_up(numbers: Array, tables: Array, axis: int) -> Array:
    """The vectors of numbers, [d…] with d times v for the axis."""
    counts, size = tables.shape[:-2], tables.shape[-1]
    rows, made = tables.reshape(-1, size), _room(numbers, tables, axis)
    source, first = blocks(numbers, counts), spread(_firsts(tables), 2 * numbers.ndim)
    into = blocks(_vectors(made, axis), (*counts, 1))
    for piece in pieces(source.shape):
        into[piece][..., 0, :] = rows.take(source[piece] + part(first, piece), axis=0)
    return _joined(made, axis)


def looked_up_at_ones(mask: Array, numbers: Array, tables: Array, axis: int) -> tuple[Array, Array]:
    """`looked_up` of numbers, [k], that are stored only where a mask is 1; its mask and values."""
    size = tables.shape[-1]
    found = tables.reshape(-1, size).take(at_ones(_firsts(tables), mask) + numbers, axis=0)
    if size == 1:
        return mask, found.ravel()
    made = _room(mask, tables, axis)
    _vectors(made, axis)[mask.view("?")] = found
    wide = np.repeat(mask, size, axis)
    return wide, _joined(made, axis)[wide.view("?")]


def filled(mask: Array, values: Array) -> Array:
    """Values, [k], where a mask is 1, and 0 elsewhere."""
    made = np.zeros(mask.shape, values.dtype)
    made[mask.view("?")] = values
    return made


def _firsts(tables: Array) -> Array:
    """Which row each table begins with, where all are in one, [g…]."""
    counts, entries = tables.shape[:-2], tables.shape[-2]
    return np.arange(0, prod(counts) * entries, entries).reshape(counts)


def _room(numbers: Array, tables: Array, axis: int) -> Array:
    """Room for the vectors of numbers, [d…, v, d…]: each behind the axis it is to lie along."""
    at = axis % numbers.ndim + 1
    shape = (*numbers.shape[:at], tables.shape[-1], *numbers.shape[at:])
    return np.empty(shape, tables.dtype)


def _vectors(room: Array, axis: int) -> Array:
    """Room for vectors with these along the last axis, [d…, v]."""
    return np.moveaxis(room, axis % (room.ndim - 1) + 1, -1)


def _joined(room: Array, axis: int) -> Array:
    """Room for vectors with the axis and theirs made one."""
    at, shape = axis % (room.ndim - 1), room.shape
    return room.reshape(*shape[:at], shape[at] * shape[at + 1], *shape[at + 2 :])
