"""Attention by PyTorch."""

from __future__ import annotations

from typing import Any

import torch


def attention(query: Any, key: Any, value: Any, mask: Any = None) -> Any:
    """`torch.nn.functional.scaled_dot_product_attention`, in fp64."""
    three = [torch.tensor(each).double() for each in (query, key, value)]
    if mask is not None:
        mask = torch.atleast_2d(torch.tensor(mask))
        mask = mask if mask.dtype == torch.bool else mask.double()
    function = torch.nn.functional.scaled_dot_product_attention
    return function(*three, attn_mask=mask).numpy()
