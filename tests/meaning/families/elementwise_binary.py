"""Ops that combine two tensors element by element, against Python's own arithmetic."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.meaning.cases import expect, meaning, random, run_op
from tests.meaning.peer import peer

SHAPES = (((2, 3), (3,)), ((2, 1, 3), (4, 1)), ((), (2,)), ((5,), (5,)), ((0, 3), (1, 3)), ((), ()))
NUMBERS = ("f4", "f2", "i4")
SPECIAL = [-np.inf, -1.5, -0.0, 0.0, 1.0, 2.0, np.inf, np.nan]
LEAST, MOST = -(2**31), 2**31 - 1

ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "floor_div": operator.floordiv,
    "mod": operator.mod,
    "maximum": max,
    "minimum": min,
}
COMPARISONS: dict[str, Callable[..., Any]] = {
    "equal": operator.eq,
    "not_equal": operator.ne,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
}
LOGIC: dict[str, Callable[..., Any]] = {
    "logical_and": lambda a, b: a and b,
    "logical_or": lambda a, b: a or b,
    "logical_xor": lambda a, b: a is not b,
}
OF_TORCH = {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "real_div": "true_divide",
    "floor_div": "floor_divide",
    "mod": "remainder",
    "maximum": "maximum",
    "minimum": "minimum",
    "pow": "pow",
    "equal": "eq",
    "not_equal": "ne",
    "less": "lt",
    "less_equal": "le",
    "greater": "gt",
    "greater_equal": "ge",
}


def ints(*values: int) -> Any:
    """An array of int32."""
    return np.array(values, "i4")


def by_loop(function: Callable[..., Any], x: Any, y: Any) -> Any:
    """What a function of two numbers makes of every pair."""
    pairs = np.broadcast(x, y)
    return np.array([function(a.item(), b.item()) for a, b in pairs]).reshape(pairs.shape)


def compare(op: str, opset: str, function: Callable[..., Any], *dtypes: str) -> None:
    """An op against a function of two numbers, over shapes, element types and signs of `y`."""
    for dtype in dtypes:
        for one, other in SHAPES:
            x = random(*one, dtype=dtype, seed=1, low=-5, high=5)
            y = random(*other, dtype=dtype, seed=2, low=1, high=4)
            for divisor in (y,) if dtype == "?" else (y, -y):
                expect(run_op(op, opset, x=x, y=divisor), by_loop(function, x, divisor))


def compare_ties(op: str, opset: str, function: Callable[..., Any]) -> None:
    """An op against a function of two numbers, on few numbers, so that many are equal."""
    for dtype in NUMBERS:
        x = np.arange(-2, 3).astype(dtype)
        expect(run_op(op, opset, x=x[:, None], y=x), by_loop(function, x[:, None], x))


def compare_special(op: str, opset: str) -> None:
    """An op against PyTorch, on all pairs of zeros, infinities, NaN and some numbers."""
    for dtype in ("f4", "f2"):
        x = np.array(SPECIAL, dtype)
        wanted = peer("functions:call", OF_TORCH[op], x[:, None], x)
        expect(run_op(op, opset, x=x[:, None], y=x), wanted)


for name, function in ARITHMETIC.items():

    @meaning(name, "loop")
    def as_in_python(opset: str, name: str = name, function: Any = function) -> None:
        compare(name, opset, function, *NUMBERS)


for name, function in COMPARISONS.items():

    @meaning(name, "loop")
    def compares(opset: str, name: str = name, function: Any = function) -> None:
        compare(name, opset, function, *NUMBERS)
        compare_ties(name, opset, function)
        given = run_op(name, opset, x=random(2, 3), y=random(3))
        assert given.dtype == np.bool_


for name, function in LOGIC.items():

    @meaning(name, "loop")
    def of_truth_values(opset: str, name: str = name, function: Any = function) -> None:
        compare(name, opset, function, "?")
        pair = np.array([False, True])
        given = run_op(name, opset, x=pair[:, None], y=pair)
        expect(given, by_loop(function, pair[:, None], pair))


for name in OF_TORCH:

    @meaning(name, "torch")
    def of_infinities_and_nan(opset: str, name: str = name) -> None:
        compare_special(name, opset)


@meaning("add", "values")
def overflow_of_fp16_is_infinity_and_of_int32_wraps(opset: str) -> None:
    big = np.array([65504, -65504], "f2")
    expect(run_op("add", opset, x=big, y=big), np.array([np.inf, -np.inf], "f2"))
    expect(run_op("add", opset, x=ints(MOST), y=ints(1)), ints(LEAST))


@meaning("add", "values")
def it_is_rounded_once(opset: str) -> None:
    # 2049 is no fp16, and halfway between two: it is rounded to the even one.
    expect(
        run_op("add", opset, x=np.array([2048], "f2"), y=np.array([1], "f2")), [2048], exact=True
    )
    expect(
        run_op("add", opset, x=np.array([2050], "f2"), y=np.array([1], "f2")), [2052], exact=True
    )


@meaning("mul", "values")
def products_of_int32_wrap(opset: str) -> None:
    expect(
        run_op("mul", opset, x=ints(65536, -3), y=ints(65536, MOST)),
        ints(0, -MOST - MOST - MOST + 2**32),
    )


@meaning("sub", "values")
def differences_of_int32_wrap(opset: str) -> None:
    expect(run_op("sub", opset, x=ints(LEAST), y=ints(1)), ints(MOST))


@meaning("floor_div", "values")
def an_integer_by_zero_is_zero(opset: str) -> None:
    x, y = ints(7, -7, 0, LEAST, -7, 7), ints(0, 0, 0, -1, 2, -2)
    expect(run_op("floor_div", opset, x=x, y=y), ints(0, 0, 0, LEAST, -4, -4))


@meaning("floor_div", "values")
def the_exact_quotient_is_rounded(opset: str) -> None:
    # As fp32 0.1 is a little more than a tenth.
    expect(
        run_op("floor_div", opset, x=np.array([1], "f4"), y=np.array([0.1], "f4")), [9], exact=True
    )


@meaning("mod", "values")
def of_integers_it_has_the_sign_of_y(opset: str) -> None:
    x, y = ints(7, -7, 7, -7, 7, LEAST), ints(3, 3, -3, -3, 0, -1)
    expect(run_op("mod", opset, x=x, y=y), ints(1, 2, -2, -1, 0, 0))


@meaning("real_div", "loop")
def divides(opset: str) -> None:
    compare("real_div", opset, operator.truediv, "f4", "f2")


@meaning("real_div", "values")
def of_integers_the_fraction_is_cut(opset: str) -> None:
    x, y = ints(7, -7, 6, 1, -1, 0, LEAST), ints(2, 2, 3, 0, 0, 0, -1)
    expect(run_op("real_div", opset, x=x, y=y), ints(3, -3, 2, MOST, LEAST, 0, MOST))


@meaning("pow", "loop")
def of_floats(opset: str) -> None:
    for dtype in ("f4", "f2"):
        for one, other in SHAPES:
            x = random(*one, dtype=dtype, seed=1, low=0.25, high=3)
            y = random(*other, dtype=dtype, seed=2, low=-2, high=3)
            expect(
                run_op("pow", opset, x=x, y=y),
                by_loop(math.pow, x, y),
                rtol=1e-6 if dtype == "f4" else None,
            )


@meaning("pow", "loop")
def of_one_exponent(opset: str) -> None:
    for dtype in ("f4", "f2"):
        x = random(3, 4, dtype=dtype, low=0.25, high=3)
        for exponent in (-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0):
            wanted = by_loop(math.pow, x, np.array(exponent))
            held = np.array(exponent, dtype)
            for y in (exponent, held, held.reshape(1), held.reshape(1, 1)):
                expect(run_op("pow", opset, x=x, y=y), wanted, rtol=1e-6 if dtype == "f4" else None)
            expect(run_op("pow", opset, x=x[0], y=held.reshape(1, 1)), wanted[:1])


@meaning("pow", "values")
def of_negative_numbers(opset: str) -> None:
    x = np.array([-2, -2, -2, -2, 0, 0], "f4")
    y = np.array([2, 3, -1, 0.5, 0, -1], "f4")
    expect(run_op("pow", opset, x=x, y=y), [4, -8, -0.5, np.nan, 1, np.inf])


@meaning("pow", "values")
def of_integers(opset: str) -> None:
    x = ints(2, -3, 0, 2, 3, 1, -1, -1, 2, 0, 7)
    y = ints(10, 3, 0, 31, 20, LEAST, -3, -2, -1, -1, -5)
    wrapped = (3**20 + 2**31) % 2**32 - 2**31
    wanted = ints(1024, -27, 1, LEAST, wrapped, 1, -1, 1, 0, 0, 0)
    expect(run_op("pow", opset, x=x, y=y), wanted)
