"""Normalisations by PyTorch."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional


def _doubles(*arrays: Any) -> list[Any]:
    return [each if each is None else torch.tensor(each).double() for each in arrays]


def batch(x: Any, mean: Any, variance: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
    """`batch_norm` with statistics that are given, in fp64."""
    tensors = _doubles(x, mean, variance, gamma, beta)
    return functional.batch_norm(*tensors, False, 0.0, epsilon).numpy()


def instance(x: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
    """`instance_norm` with its own statistics, in fp64."""
    x, gamma, beta = _doubles(x, gamma, beta)
    return functional.instance_norm(x, None, None, gamma, beta, True, 0.0, epsilon).numpy()


def layer(x: Any, rank: int, gamma: Any, beta: Any, epsilon: float) -> Any:
    """`layer_norm` over the last dimensions, in fp64."""
    x, gamma, beta = _doubles(x, gamma, beta)
    return functional.layer_norm(x, x.shape[x.ndim - rank :], gamma, beta, epsilon).numpy()


def response(x: Any, size: int, alpha: float, beta: float, k: float) -> Any:
    """`local_response_norm`, in fp64."""
    (x,) = _doubles(x)
    return functional.local_response_norm(x, size, alpha, beta, k).numpy()
