"""Convolutions by PyTorch."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional


def conv(
    x: Any, weight: Any, bias: Any, pad: Any, strides: Any, dilations: Any, groups: int
) -> Any:
    """The convolution of what is padded before and after each dimension, in fp64."""
    tensors = [each if each is None else torch.tensor(each).double() for each in (x, weight, bias)]
    sides = [side for pair in reversed(pad) for side in pair]
    padded = functional.pad(tensors[0], sides)
    convolve = getattr(functional, f"conv{len(pad)}d")
    return convolve(padded, *tensors[1:], strides, 0, dilations, groups).numpy()


def same(x: Any, weight: Any, dilations: Any) -> Any:
    """The convolution that PyTorch calls "same", in fp64."""
    convolve = getattr(functional, f"conv{x.ndim - 2}d")
    pair = [torch.tensor(each).double() for each in (x, weight)]
    return convolve(*pair, None, 1, "same", dilations).numpy()


def conv_transpose(
    x: Any, weight: Any, bias: Any, pad: Any, strides: Any, dilations: Any, groups: int
) -> Any:
    """The transposed convolution, cut before and after each dimension, in fp64."""
    tensors = [each if each is None else torch.tensor(each).double() for each in (x, weight, bias)]
    spread = getattr(functional, f"conv_transpose{len(pad)}d")
    whole = spread(*tensors, strides, 0, 0, groups, dilations).numpy()
    cut = [slice(before, whole.shape[2 + axis] - after)
           for axis, (before, after) in enumerate(pad)]  # fmt: skip
    return whole[(..., *cut)]
