"""Products of matrices, laid out so that BLAS computes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from milc.kernels import Array


def matmul(x: Array, y: Array) -> Array:
    """x [*D, n, k] times y [*D, k, m], as numpy's; rows and columns of rank 1 included.

    Many matrices times one are one product of all their rows, which is faster.
    """
    if y.ndim == 2 < x.ndim:
        rows = x.reshape(-1, x.shape[-1]) if x.size else x
        return (rows @ y).reshape(*x.shape[:-1], y.shape[-1])
    product: Array = np.matmul(_laid_out(x), _laid_out(y))
    return product


def linear(x: Array, weight: Array, bias: Array) -> Array:
    """x [*D, k] times the transpose of weight [m, k], plus bias [m]: [*D, m]."""
    product = matmul(x, weight.T)
    product += bias
    return product


def _laid_out(x: Array) -> Array:
    """Matrices of floats as BLAS takes them: rows or columns one element apart.

    Others, such as broadcast or reversed ones, numpy would multiply in a loop of its own.
    """
    if x.ndim < 2 or x.dtype.kind != "f" or min(x.strides[-2:]) == x.itemsize:
        return x
    return np.ascontiguousarray(x)
