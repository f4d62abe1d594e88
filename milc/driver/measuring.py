"""What can be said of an array in a line: its least and greatest element, their mean."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from milc.kernels import Array


class Measure(NamedTuple):
    """What the elements of arrays are like; of floats, those that are finite."""

    size: int
    """The number of elements, all of them."""
    minimum: float | None
    """None if there is no finite element."""
    maximum: float | None
    total: float
    """The sum of the finite elements."""
    nans: int = 0
    infinities: int = 0

    @property
    def non_finite(self) -> int:
        """How many elements are nan or infinite."""
        return self.nans + self.infinities

    @property
    def mean(self) -> float | None:
        """The mean of the finite elements."""
        count = self.size - self.non_finite
        return self.total / count if count else None

    @property
    def largest(self) -> float:
        """The greatest finite absolute value; 0 if there is none."""
        return max(abs(self.minimum or 0.0), abs(self.maximum or 0.0))

    def __or__(self, other: Measure) -> Measure:
        """The measure of both arrays together."""
        lows = [low for low in (self.minimum, other.minimum) if low is not None]
        highs = [high for high in (self.maximum, other.maximum) if high is not None]
        return Measure(
            self.size + other.size,
            min(lows, default=None),
            max(highs, default=None),
            self.total + other.total,
            self.nans + other.nans,
            self.infinities + other.infinities,
        )


def measure(array: Array) -> Measure:
    """The measure of an array of numbers or bools."""
    if not array.size:
        return Measure(0, None, None, 0.0)
    low, high = _ends(array)
    if math.isfinite(low) and math.isfinite(high):
        return Measure(array.size, low, high, float(array.sum(dtype=np.float64)))
    nans = int(np.count_nonzero(np.isnan(array)))
    infinities = int(np.count_nonzero(np.isinf(array)))
    if nans + infinities == array.size:
        return Measure(array.size, None, None, 0.0, nans, infinities)
    kept = array[np.isfinite(array)]
    low, high = _ends(kept)
    return Measure(array.size, low, high, float(kept.sum(dtype=np.float64)), nans, infinities)


def _ends(array: Array) -> tuple[float, float]:
    return float(array.min()), float(array.max())
