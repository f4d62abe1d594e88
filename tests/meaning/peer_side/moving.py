"""What PyTorch makes of elements that are moved, sorted or combined at listed places."""

from __future__ import annotations

from typing import Any

import torch


def embedding(tokens: Any, table: Any) -> Any:
    """`torch.nn.functional.embedding`."""
    return torch.nn.functional.embedding(torch.tensor(tokens), torch.tensor(table)).numpy()


def gather(x: Any, axis: int, indices: Any) -> Any:
    """`torch.gather`."""
    return torch.gather(torch.tensor(x), axis, torch.tensor(indices).long()).numpy()


def scatter_reduce(data: Any, axis: int, indices: Any, updates: Any, reduce: str) -> Any:
    """`torch.scatter_reduce`, what is there included: sum, prod, amax, amin."""
    places = torch.tensor(indices).long()
    made = torch.tensor(data).scatter_reduce(axis, places, torch.tensor(updates), reduce)
    return made.numpy()


def index_add(data: Any, axis: int, indices: Any, updates: Any, alpha: int) -> Any:
    """`torch.index_add`."""
    places = torch.tensor(indices)
    return torch.tensor(data).index_add(axis, places, torch.tensor(updates), alpha=alpha).numpy()


def sort(x: Any, axis: int, descending: bool) -> Any:
    """`torch.sort`, equal elements in their order: elements and places."""
    values, places = torch.sort(torch.tensor(x), dim=axis, descending=descending, stable=True)
    return values.numpy(), places.numpy().astype("i4")


def topk(x: Any, k: int, axis: int, largest: bool) -> Any:
    """The elements of `torch.topk`."""
    return torch.topk(torch.tensor(x), k, axis, largest).values.numpy()


def unfold(x: Any, axis: int, size: int, step: int) -> Any:
    """`torch.Tensor.unfold`, windows behind the dimension that counts them."""
    found = torch.tensor(x).unfold(axis, size, step)
    return torch.movedim(found, -1, axis % x.ndim + 1).numpy()


def split(x: Any, sizes: list[int], axis: int) -> Any:
    """`torch.split`."""
    return tuple(part.numpy() for part in torch.split(torch.tensor(x), sizes, axis))


def one_hot(indices: Any, size: int) -> Any:
    """`torch.nn.functional.one_hot`."""
    return torch.nn.functional.one_hot(torch.tensor(indices).long(), size).numpy()


def arange(start: float, end: float, step: float) -> Any:
    """`torch.arange`, in fp32."""
    return torch.arange(start, end, step, dtype=torch.float32).numpy()
