"""Attention: averages weighted by a softmax of products."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from milc.kernels.products import matmul

if TYPE_CHECKING:
    from milc.kernels import Array


def attention(query: Array, key: Array, value: Array, mask: Array | None) -> Array:
    """The averages [*D, L, EV] of value [*D, S, EV] for query [*D, L, E] and key [*D, S, E].

    The mask broadcasts to [*D, L, S]: floats that are added, or bools that are true where a key
    takes part.
    """
    length = query.shape[-1]
    # The queries are fewer numbers to scale than the scores.
    scale = query.dtype.type(1 / math.sqrt(length) if length else 0)
    scores = matmul(query * scale, np.swapaxes(key, -1, -2))
    if mask is not None and mask.dtype == bool:
        np.copyto(scores, -np.inf, where=~mask)
    elif mask is not None:
        scores += mask
    scores -= scores.max(-1, keepdims=True, initial=-np.inf)
    np.exp(scores, out=scores)
    total = scores.sum(-1, keepdims=True)
    scores /= total
    return matmul(scores, value)
