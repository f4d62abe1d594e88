"""Pools by PyTorch."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional


def average(x: Any, kernel: Any, strides: Any, pad: Any, ceil: bool, exclude: bool) -> Any:
    """The mean of windows, in fp64."""
    pool = getattr(functional, f"avg_pool{len(kernel)}d")
    return pool(torch.tensor(x).double(), kernel, strides, pad, ceil, not exclude).numpy()


def largest(x: Any, kernel: Any, strides: Any, pad: Any, ceil: bool) -> Any:
    """The largest of windows, in fp64."""
    pool = getattr(functional, f"max_pool{len(kernel)}d")
    return pool(torch.tensor(x).double(), kernel, strides, pad, 1, ceil).numpy()


def root(x: Any, kernel: Any, strides: Any, ceil: bool) -> Any:
    """The root of the sum of squares of windows, in fp64."""
    if len(kernel) == 1:
        return functional.lp_pool1d(torch.tensor(x).double(), 2, *kernel, *strides, ceil).numpy()
    return functional.lp_pool2d(torch.tensor(x).double(), 2, kernel, strides, ceil).numpy()
