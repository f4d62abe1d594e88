"""Quantizing, by coremltools and PyTorch."""

from __future__ import annotations

from typing import Any

import torch
from coremltools.optimize._utils import promote_rank_to_same_as_data, quantize_by_scale_and_zp


def quantize(x: Any, scale: Any, zero_point: Any, axis: int | None, dtype: str) -> Any:
    """The integers of reals; without an axis, scale and zero point are scalars."""
    scale = promote_rank_to_same_as_data(scale, x, axis)
    zero_point = promote_rank_to_same_as_data(zero_point, x, axis)
    return quantize_by_scale_and_zp(x, scale, zero_point, dtype)


def per_tensor(x: Any, scale: float, zero_point: int, dtype: str) -> Any:
    """The integers of reals, with one scale and zero point."""
    kind = {"int8": torch.qint8, "uint8": torch.quint8}[dtype]
    made = torch.quantize_per_tensor(torch.from_numpy(x), scale, zero_point, kind)
    return made.int_repr().numpy()
