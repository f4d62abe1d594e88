"""Ops on one tensor, element by element, against PyTorch in fp64 and Python's own arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.meaning.cases import expect, meaning, random, run_op
from tests.meaning.families.trigonometry import CLOSE, SHAPES, by_loop
from tests.meaning.peer import peer

LEAST, MOST = -(2**31), 2**31 - 1
SPECIAL = [-np.inf, -100.0, -2.5, -1.5, -0.5, -0.0, 0.0, 0.5, 1.5, 2.5, 12.0, 100.0, np.inf, np.nan]

FUNCTIONS: dict[str, tuple[Callable[[float], float], float, float]] = {
    "abs": (abs, -5, 5),
    "ceil": (math.ceil, -5, 5),
    "erf": (math.erf, -4, 4),
    "exp": (math.exp, -5, 5),
    "exp2": (math.exp2, -5, 5),
    "floor": (math.floor, -5, 5),
    "round": (round, -5, 5),
    "sign": (lambda x: math.copysign(1, x), -5, 5),
    "sqrt": (math.sqrt, 0, 9),
    "square": (lambda x: x * x, -5, 5),
}
"""What Python computes them with, from where to where."""

INTEGERS: dict[str, Callable[[int], float]] = {
    "abs": abs,
    "sign": lambda x: (x > 0) - (x < 0),
    "square": lambda x: x * x,
    "exp2": lambda x: int(2.0**x),
}
LARGE = {
    "abs": [LEAST, MOST, 65537, 31, 1],
    "sign": [-1, 1, 1, 1, -1],
    "square": [0, 1, 131073, 961, 1],
    "exp2": [0, MOST, MOST, MOST, 0],
}
"""What becomes of the least int32, the largest, 65537, 31 and -1."""

EPSILONS: dict[str, tuple[Callable[[float], float], float]] = {
    "inverse": (lambda x: 1 / x, 1e-4),
    "log": (math.log, 1e-45),
    "rsqrt": (lambda x: 1 / math.sqrt(x), 1e-12),
}
"""Functions of `x + epsilon`, and what `epsilon` is by default."""

OLD_TYPES = ("f4", "f2", "i4", "?")
TYPES = (*OLD_TYPES, "i1", "u1", "i2", "u2")


for name, (function, low, high) in FUNCTIONS.items():

    @meaning(name, "loop")
    def as_in_python(
        opset: str,
        name: str = name,
        function: Any = function,
        low: float = low,
        high: float = high,
    ) -> None:
        for dtype in ("f4", "f2"):
            for shape in SHAPES:
                x = random(*shape, dtype=dtype, low=low, high=high)
                expect(run_op(name, opset, x=x), by_loop(function, x), rtol=CLOSE[dtype])

    @meaning(name, "torch")
    def of_halves_infinities_and_nan(opset: str, name: str = name) -> None:
        for dtype in ("f4", "f2"):
            x = np.array(SPECIAL, dtype)
            with np.errstate(over="ignore"):
                wanted = peer("functions:call", name, x).astype(dtype)
            given = run_op(name, opset, x=x)
            wanted = np.where(np.isnan(x), np.nan, wanted)  # the sign of NaN is 0 for PyTorch
            expect(given, wanted)


for name, function in INTEGERS.items():

    @meaning(name, "loop")
    def of_integers(opset: str, name: str = name, function: Any = function) -> None:
        for shape in SHAPES:
            x = random(*shape, dtype="i4", low=-5, high=9)
            expect(run_op(name, opset, x=x), by_loop(function, x))


for name, wanted in LARGE.items():

    @meaning(name, "values")
    def of_large_integers(opset: str, name: str = name, wanted: list[int] = wanted) -> None:
        x = np.array([LEAST, MOST, 65537, 31, -1], "i4")
        expect(run_op(name, opset, x=x), wanted)


@meaning("erf", "loop")
def to_four_units_in_the_last_place(opset: str) -> None:
    x = np.concatenate([np.linspace(-5, 5, 200001), np.logspace(-38, 38, 2001)]).astype("f4")
    wanted = by_loop(math.erf, x)
    given = run_op("erf", opset, x=x)
    assert np.abs(given - wanted).max() < 1.5e-7
    assert (np.abs(given - wanted) <= 4 * np.spacing(np.abs(wanted).astype("f4"))).all()


@meaning("round", "values")
def of_two_as_near_it_is_the_even_one(opset: str) -> None:
    for dtype in ("f4", "f2"):
        x = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 1023.5], dtype)
        expect(run_op("round", opset, x=x), [-2, -2, 0, 0, 2, 2, 1024], exact=True)


@meaning("logical_not", "values")
def turns(opset: str) -> None:
    for shape in SHAPES:
        x = random(*shape, dtype="?")
        expect(run_op("logical_not", opset, x=x), x == False)  # noqa: E712


@meaning("clip", "loop")
def holds_between_bounds(opset: str) -> None:
    for dtype in ("f4", "f2"):
        for shape in SHAPES:
            x = random(*shape, dtype=dtype, low=-3, high=3)
            wanted = by_loop(lambda each: min(max(each, -0.5), 1.25), x)
            expect(run_op("clip", opset, x=x, alpha=-0.5, beta=1.25), wanted, exact=True)


@meaning("clip", "values")
def nan_stays_and_infinity_does_not(opset: str) -> None:
    x = np.array([np.nan, np.inf, -np.inf], "f4")
    expect(run_op("clip", opset, x=x, alpha=-1.0, beta=6.0), [np.nan, 6, -1])


@meaning("clip", "values", "ios15")
def of_bounds_in_the_wrong_order_the_upper_one_holds(opset: str) -> None:
    expect(run_op("clip", opset, x=random(3), alpha=6.0, beta=-1.0), [-1, -1, -1])


@meaning("threshold", "loop")
def nothing_is_below(opset: str) -> None:
    for dtype, alpha in (("f4", 0.5), ("f2", -0.25), ("i4", 1)):
        for shape in SHAPES:
            x = random(*shape, dtype=dtype, low=-3, high=3)
            wanted = by_loop(lambda each, alpha=alpha: max(each, alpha), x)  # type: ignore[misc]
            expect(run_op("threshold", opset, x=x, alpha=alpha), wanted, exact=True)
    given = run_op("threshold", opset, x=np.array([np.nan, -np.inf, np.inf], "f4"), alpha=0.5)
    expect(given, [np.nan, 0.5, np.inf])


for name, (function, default) in EPSILONS.items():

    @meaning(name, "loop")
    def adds_epsilon(
        opset: str, name: str = name, function: Any = function, default: float = default
    ) -> None:
        for dtype in ("f4", "f2"):
            for shape in SHAPES:
                x = random(*shape, dtype=dtype, low=0.25, high=5)
                wanted = by_loop(lambda each: function(each + default), x)
                expect(run_op(name, opset, x=x), wanted, rtol=CLOSE[dtype])
                wanted = by_loop(lambda each: function(each + 0.5), x)
                expect(run_op(name, opset, x=x, epsilon=0.5), wanted, rtol=CLOSE[dtype])

    @meaning(name, "loop", "ios17")
    def epsilon_of_another_type(opset: str, name: str = name, function: Any = function) -> None:
        for dtype, other in (("f4", "f2"), ("f2", "f4")):
            x, epsilon = random(2, 3, dtype=dtype, low=0.25, high=5), np.array(0.1, other)
            wanted = by_loop(function, x.astype("f8") + epsilon.item())
            given = run_op(name, opset, x=x, epsilon=epsilon)
            assert given.dtype == x.dtype
            expect(given, wanted, rtol=CLOSE[dtype])


@meaning("inverse", "values")
def of_zero_it_is_that_of_epsilon(opset: str) -> None:
    given = run_op("inverse", opset, x=np.array([0.0, -1e-4, np.inf], "f4"))
    expect(given, [1e4, np.inf, 0])
    near = np.float16(1e-4).astype("f8")
    expect(run_op("inverse", opset, x=np.array([0], "f2")), [1 / near])


@meaning("log", "values")
def of_zero_it_is_finite_as_fp32_and_not_as_fp16(opset: str) -> None:
    expect(run_op("log", opset, x=np.array([0, -1, np.inf], "f4")), [-103.27893, np.nan, np.inf])
    expect(run_op("log", opset, x=np.array([0, -1], "f2")), [-np.inf, np.nan])


@meaning("rsqrt", "values")
def of_zero_it_is_a_million_as_fp32_and_infinite_as_fp16(opset: str) -> None:
    expect(run_op("rsqrt", opset, x=np.array([0, -1, np.inf], "f4")), [1e6, np.nan, 0])
    expect(run_op("rsqrt", opset, x=np.array([0, -1], "f2")), [np.inf, np.nan])


def numbers(dtype: str) -> Any:
    """Numbers of a type which a cast has to decide about."""
    if dtype == "?":
        return np.array([False, True])
    if dtype in ("f4", "f2"):
        some = [-2.7, -0.5, -0.0, 0.0, 0.1, 0.5, 1.5, 2.7, 126.9, 128, -128.5, -129, 255.5, 256]
        some += [300, 32768, -40000, 65504, 65535.5, 70000, 1e10, -1e10, np.inf, -np.inf, np.nan]
        with np.errstate(over="ignore"):
            return np.array(some, dtype)
    bounds = np.iinfo(dtype)
    return np.array([0, 1, 2, 100, 127, bounds.min, bounds.min + 1, bounds.max], dtype)


def cast(value: Any, target: str) -> Any:
    """A number as another type, as the docstring has it."""
    if target == "?":
        return value != 0
    if target in ("f4", "f2"):
        return value
    bounds = np.iinfo(target)
    if isinstance(value, float):
        if math.isnan(value):
            return 0
        return math.trunc(min(max(value, bounds.min), bounds.max))
    return (int(value) - int(bounds.min)) % 2**bounds.bits + int(bounds.min)


NAMES = {
    "f4": "fp32", "f2": "fp16", "i4": "int32", "?": "bool",
    "i1": "int8", "u1": "uint8", "i2": "int16", "u2": "uint16",
}  # fmt: skip


@meaning("cast", "loop")
def from_each_type_to_each(opset: str) -> None:
    types = OLD_TYPES if opset == "ios15" else TYPES
    for source in types:
        x = numbers(source)
        for target in types:
            given = run_op("cast", opset, x=x, dtype=NAMES[target])
            with np.errstate(over="ignore"):
                wanted = np.array([cast(each, target) for each in x.tolist()], target)
            assert given.dtype == np.dtype(target), (source, target)
            np.testing.assert_array_equal(given, wanted, f"{source} to {target}")


@meaning("cast", "values")
def keeps_the_shape(opset: str) -> None:
    for shape in SHAPES:
        x = random(*shape, low=-9, high=9)
        given = run_op("cast", opset, x=x, dtype="int32")
        expect(given, by_loop(math.trunc, x))
    x = np.array([1 + 2**-11, 2049, 1e-8, 65520], "f4")
    expect(run_op("cast", opset, x=x, dtype="fp16"), [1, 2048, 0, np.inf], exact=True)
