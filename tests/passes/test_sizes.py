"""Integers that depend on dimensions: what is known of them, and what must not be."""

from __future__ import annotations

from typing import Any

import pytest

from milc.ir.nodes import Value
from milc.ir.types import FP32
from milc.passes.sizes import Size, size
from milc.schema.bound import Symbol

X, Y = (Symbol(Value(name, FP32(None)), 0) for name in "xy")
KNOWN: dict[Any, Size] = {}
x: Any = size({(X,): 1}, KNOWN)
y: Any = size({(Y,): 1}, KNOWN)


def test_equal_sizes_are_one_object() -> None:
    assert x + y is y + x
    assert (x + y) * (x + y) is x * x + 2 * y * x + y * y
    assert (x * 4 + 8) // 4 is x + 2
    assert x - y + y is x
    assert 3 - (3 - x) is x
    assert (x * y).symbol is None
    assert x.symbol == X


def test_what_depends_on_no_dimension_is_a_number() -> None:
    assert x - x == 0
    assert (x * 4) % 2 == 0
    assert 5 + x - x == 5


@pytest.mark.parametrize(
    "ask",
    [
        lambda: x // 2, lambda: (x * 4 + 1) // 2, lambda: x % 2, lambda: x // 0, lambda: x // y,
        lambda: x == 4, lambda: x == y, lambda: x < y, lambda: max(x, 1), lambda: not x,
        lambda: x + 0.5, lambda: x * True, lambda: int(x), lambda: float(x), lambda: x**2,
        lambda: x / 2, lambda: -x, lambda: [1, 2][x],
    ],
)  # fmt: skip
def test_nothing_else_can_be_asked(ask: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        ask()
