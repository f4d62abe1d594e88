"""Images resized, sampled and rearranged by PyTorch."""

from __future__ import annotations

from typing import Any

import torch


def interpolate(x: Any, size: tuple[int, ...], mode: str, align_corners: bool | None = None) -> Any:
    """`torch.nn.functional.interpolate`, in fp64."""
    given = torch.tensor(x, dtype=torch.float64)
    found = torch.nn.functional.interpolate(
        given, size=size, mode=mode, align_corners=align_corners
    )
    return found.numpy()


def grid_sample(x: Any, grid: Any, mode: str, padding_mode: str, align_corners: bool) -> Any:
    """`torch.nn.functional.grid_sample`, in fp32, by which coordinates are rounded."""
    pair = [torch.tensor(each, dtype=torch.float32) for each in (x, grid)]
    return torch.nn.functional.grid_sample(
        *pair, mode=mode, padding_mode=padding_mode, align_corners=align_corners
    ).numpy()


def affine(x: Any, theta: Any, size: tuple[int, int], align_corners: bool) -> Any:
    """`affine_grid`, then `grid_sample`, in fp32; theta is [B, 6]."""
    given, rows = (torch.tensor(each, dtype=torch.float32) for each in (x, theta))
    rows = rows.reshape(-1, 2, 3).expand(given.shape[0], 2, 3)
    shape = [*given.shape[:2], *size]
    grid = torch.nn.functional.affine_grid(rows, shape, align_corners=align_corners)
    return torch.nn.functional.grid_sample(given, grid, align_corners=align_corners).numpy()


def pixel_shuffle(x: Any, factor: int) -> Any:
    """`torch.nn.functional.pixel_shuffle`."""
    return torch.nn.functional.pixel_shuffle(torch.tensor(x), factor).numpy()


def pixel_unshuffle(x: Any, factor: int) -> Any:
    """`torch.nn.functional.pixel_unshuffle`."""
    return torch.nn.functional.pixel_unshuffle(torch.tensor(x), factor).numpy()


def pad(x: Any, amounts: tuple[int, ...], mode: str, value: float = 0.0) -> Any:
    """`torch.nn.functional.pad`; amounts are in PyTorch's order, the last dimension first."""
    more = {"value": value} if mode == "constant" else {}
    return torch.nn.functional.pad(torch.tensor(x), amounts, mode=mode, **more).numpy()


def triangle(x: Any, upper: bool, diagonal: int) -> Any:
    """`torch.triu` or `torch.tril`."""
    return (torch.triu if upper else torch.tril)(torch.tensor(x), diagonal).numpy()
