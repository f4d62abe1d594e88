"""Products of matrices by PyTorch."""

from __future__ import annotations

from typing import Any

import torch


def linear(x: Any, weight: Any, bias: Any) -> Any:
    """`torch.nn.functional.linear`, in fp64."""
    tensors = [torch.tensor(each, dtype=torch.float64) for each in (x, weight, bias)]
    return torch.nn.functional.linear(*tensors).numpy()


def matmul(x: Any, y: Any) -> Any:
    """`torch.matmul`, in fp64 or int64."""
    pair = [torch.tensor(each) for each in (x, y)]
    exact = torch.float64 if pair[0].is_floating_point() else torch.int64
    return torch.matmul(*[each.to(exact) for each in pair]).numpy()


def einsum(equation: str, x: Any, y: Any) -> Any:
    """`torch.einsum`, in fp64."""
    return torch.einsum(equation, *[torch.tensor(each).double() for each in (x, y)]).numpy()
