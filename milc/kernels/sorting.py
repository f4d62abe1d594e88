"""The order of elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from milc.kernels import Array


def order(x: Array, axis: int, *, ascending: bool) -> Array:
    """The places along an axis in the order of the elements, of the shape of `x`.

    Equal elements stay in their order, and NaN is the largest.
    """
    if ascending:
        return np.argsort(x, axis, stable=True)
    # What is sorted backwards from the back keeps equal elements in their order, and needs no
    # negative elements, which small integers have not.
    back = np.argsort(np.flip(x, axis), axis, stable=True)
    places: Array = x.shape[axis] - 1 - np.flip(back, axis)
    return places
