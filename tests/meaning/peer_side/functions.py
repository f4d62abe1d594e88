"""Functions of numbers by PyTorch, in fp64 or int64."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import torch


def call(name: str, *args: Any, **options: Any) -> Any:
    """What a function of torch, `nn.functional.gelu` say, makes of arrays."""
    exact = [_exact(each) for each in args]
    return attrgetter(name)(torch)(*exact, **options).numpy()


def _exact(arg: Any) -> Any:
    if not hasattr(arg, "dtype"):
        return arg
    tensor = torch.tensor(arg)
    return tensor.double() if tensor.is_floating_point() else tensor.long()
