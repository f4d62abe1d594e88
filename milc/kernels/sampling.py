"""Drawing from distributions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from milc.kernels import Array


def between(shares: Array, low: Array, high: Array) -> Array:
    """Numbers from `low` to below `high`, of their dtype, at shares from 0 to below 1 of the way.

    Rounding may reach `high`; such a number is the one before it. `low` and `high` are scalars.
    """
    least, most = float(low), float(high)
    made: Array = (least * (1 - shares) + most * shares).astype(low.dtype)
    return np.clip(made, low, np.nextafter(high, low)) if least < most else made


def shares(logits: Array) -> Array:
    """The probabilities, up to a factor, that logarithms along the last axis stand for."""
    top = logits.max(-1, keepdims=True, initial=-np.inf)
    result: Array = np.exp(logits - top)
    return result


def are_weights(weights: Array) -> bool:
    """Whether each row along the last axis can be drawn from: [*D, C]."""
    totals = weights.sum(-1)
    return bool((weights >= 0).all() and np.isfinite(totals).all() and (totals > 0).all())


def categories(generator: np.random.Generator, weights: Array, size: int) -> Array:
    """Numbers of categories, [*D, size], for each row of weights, [*D, C].

    A category is where a share of the total falls among the sums of the weights; one of weight 0
    takes no room there.
    """
    leading = weights.shape[:-1]
    drawn = generator.random((*leading, size))
    found = np.empty(drawn.shape, "i4")
    for row in np.ndindex(leading):
        sums = weights[row].cumsum()
        place = np.minimum(drawn[row] * sums[-1], np.nextafter(sums[-1], 0))
        found[row] = sums.searchsorted(place, side="right")
    return found
