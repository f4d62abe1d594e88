"""Shifting and scaling of tensors by statistics, for normalisations."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from milc.kernels.windows import pooled_along

if TYPE_CHECKING:
    from milc.kernels import Array


def standardised(x: Array, axes: Sequence[int], epsilon: float) -> Array:
    """(x - mean) / sqrt(variance + epsilon), of the shape of x, with both taken over axes.

    The variance is taken of what the mean has been subtracted from: the difference of two large
    numbers would have few digits left.
    """
    over = tuple(axes)
    count = max(1, prod([x.shape[axis] for axis in over]))
    made: Array = x - np.add.reduce(x, axis=over, keepdims=True) / np.float32(count)
    variance = np.add.reduce(np.square(made), axis=over, keepdims=True) / np.float32(count)
    made /= np.sqrt(variance + np.float32(epsilon))
    return made


def affine(made: Array, gamma: Array | None, beta: Array | None) -> Array:
    """`made`, multiplied in place by what broadcasts with it, and shifted by such."""
    if gamma is not None:
        made *= gamma
    if beta is not None:
        made += beta
    return made


def along(parameter: Array | None, axes: Sequence[int], rank: int) -> Array | None:
    """A parameter that has the dimensions of `axes`, in order, spread to fit a tensor's."""
    if parameter is None:
        return None
    lengths = dict(zip(axes, parameter.shape, strict=True))
    return parameter.reshape([lengths.get(axis, 1) for axis in range(rank)])


def neighbours(x: Array, size: int) -> Array:
    """The sum, for each element of x, [n, C, *d], over `size` channels around its own.

    Of an even number the odd one is in front.
    """
    return pooled_along(x, 1, size, 1, size // 2, x.shape[1], np.add, 0)
