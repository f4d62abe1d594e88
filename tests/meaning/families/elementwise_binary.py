"""Ops that combine two tensors element by element, against Python's own arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.meaning.cases import expect, meaning, random, run_op

FLOATS = ("f4", "f2")
SHAPES = (((2, 3), (3,)), ((2, 1, 3), (4, 1)), ((), (2,)), ((5,), (5,)), ((0, 3), (1, 3)), ((), ()))


def by_loop(function: Callable[..., Any], x: Any, y: Any) -> Any:
    """What a function of two numbers makes of every pair."""
    pairs = np.broadcast(x, y)
    found = [function(a.item(), b.item()) for a, b in pairs]
    return np.array(found).reshape(pairs.shape)


def compare(op: str, opset: str, function: Callable[..., Any], dtypes: tuple[str, ...]) -> None:
    """An op against a function of two numbers, over shapes and element types."""
    for dtype in dtypes:
        for one, other in SHAPES:
            x = random(*one, dtype=dtype, seed=1, low=-5, high=5)
            y = random(*other, dtype=dtype, seed=2, low=1, high=4)
            expect(run_op(op, opset, x=x, y=y), by_loop(function, x, y))
            if op not in ("pow",):
                expect(run_op(op, opset, x=x, y=-y if dtype != "?" else y),
                       by_loop(function, x, -y if dtype != "?" else y))  # fmt: skip


@meaning("add", "loop")
def adds(opset: str) -> None:
    compare("add", opset, lambda a, b: a + b, (*FLOATS, "i4"))


@meaning("add", "values")
def overflow_of_fp16_is_infinity_and_of_int32_wraps(opset: str) -> None:
    big = np.array([65504, -65504], "f2")
    expect(run_op("add", opset, x=big, y=big), np.array([np.inf, -np.inf], "f2"))
    most = np.array([2**31 - 1], "i4")
    expect(run_op("add", opset, x=most, y=np.array([1], "i4")), np.array([-(2**31)], "i4"))


@meaning("floor_div", "loop")
def floors(opset: str) -> None:
    compare("floor_div", opset, lambda a, b: math.floor(a / b), (*FLOATS, "i4"))
