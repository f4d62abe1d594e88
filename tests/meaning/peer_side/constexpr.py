"""Compressed constants, by coremltools: what its ops materialise, and models that it compresses."""

from __future__ import annotations

from typing import Any

import numpy as np
from coremltools.converters.mil.mil.ops.defs.iOS16 import constexpr_ops as of_ios16
from coremltools.converters.mil.mil.ops.defs.iOS18 import compression as of_ios18


def affine(data: Any, zero_point: Any, scale: Any, axis: int) -> Any:
    """constexpr_affine_dequantize."""
    op = of_ios16.constexpr_affine_dequantize
    return op.decompress(data, zero_point, scale, axis)


def lut_packed(indices: Any, lut: Any, shape: Any) -> Any:
    """constexpr_lut_to_dense of ios16."""
    return of_ios16.constexpr_lut_to_dense.decompress(lut, indices, np.array(shape, "u4"))


def sparse_packed(data: Any, mask: Any, shape: Any) -> Any:
    """constexpr_sparse_to_dense of ios16, for which the mask's last byte has to be full."""
    return of_ios16.constexpr_sparse_to_dense.decompress(data, mask, shape)


def lut(indices: Any, table: Any, axis: int | None) -> Any:
    """constexpr_lut_to_dense of ios18."""
    return of_ios18.constexpr_lut_to_dense.decompress(indices, table, axis)


def blockwise(data: Any, scale: Any, offset: Any) -> Any:
    """constexpr_blockwise_shift_scale."""
    return of_ios18.constexpr_blockwise_shift_scale.decompress(data, scale, offset)


def sparse(data: Any, mask: Any) -> Any:
    """constexpr_sparse_to_dense of ios18."""
    return of_ios18.constexpr_sparse_to_dense.decompress(data, mask)


def lut_sparse(mask: Any, data: Any, table: Any, axis: int | None) -> Any:
    """constexpr_lut_to_sparse."""
    return of_ios18.constexpr_lut_to_sparse.decompress(mask, data, table, axis)


def sparse_blockwise(mask: Any, data: Any, scale: Any, offset: Any) -> Any:
    """constexpr_sparse_blockwise_shift_scale."""
    op = of_ios18.constexpr_sparse_blockwise_shift_scale
    return op.decompress(mask, data, scale, offset)
