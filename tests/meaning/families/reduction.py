"""Reductions, against a loop over the elements that each result is made of, and PyTorch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, product
from typing import Any

import numpy as np

from tests.meaning.cases import expect, meaning, random, refused, run_op
from tests.meaning.peer import peer

LEAST, MOST = -(2**31), 2**31 - 1
SHAPES: tuple[tuple[int, ...], ...] = ((5,), (2, 3), (2, 3, 4), (1, 4, 1, 3), (2, 1, 3, 2, 2))


def wrapped(value: float) -> float:
    """A number as an int32 has it: whole, and of a whole number the lowest bits."""
    return (math.trunc(value) + 2**31) % 2**32 - 2**31


def log_sum_exp(group: Sequence[float]) -> float:
    """As its name says, in fp64."""
    return math.log(sum(map(math.exp, group)))


GROUPS: dict[str, Callable[[Sequence[Any]], float]] = {
    "reduce_l1_norm": lambda group: sum(map(abs, group)),
    "reduce_l2_norm": lambda group: math.sqrt(sum(each * each for each in group)),
    "reduce_log_sum": lambda group: math.log(sum(group)),
    "reduce_log_sum_exp": log_sum_exp,
    "reduce_max": max,
    "reduce_mean": lambda group: math.fsum(group) / len(group),
    "reduce_min": min,
    "reduce_prod": math.prod,
    "reduce_sum": sum,
    "reduce_sum_square": lambda group: sum(each * each for each in group),
}
"""What becomes of the elements that one result is made of."""

OF_NOTHING = {
    "reduce_l1_norm": 0, "reduce_l2_norm": 0, "reduce_log_sum": -np.inf,
    "reduce_log_sum_exp": -np.inf, "reduce_max": -np.inf, "reduce_mean": np.nan,
    "reduce_min": np.inf, "reduce_prod": 1, "reduce_sum": 0, "reduce_sum_square": 0,
}  # fmt: skip
"""What becomes of no elements."""

PLACES: dict[str, Callable[[Sequence[Any]], int]] = {
    "reduce_argmax": lambda group: group.index(max(group)),
    "reduce_argmin": lambda group: group.index(min(group)),
}


def by_loop(function: Callable[..., Any], x: Any, axes: Sequence[int], keep: bool) -> Any:
    """What a function makes of each group of elements along axes."""
    chosen = {axis % x.ndim for axis in axes}
    kept = [dim for axis, dim in enumerate(x.shape) if axis not in chosen]
    groups: dict[tuple[int, ...], list[Any]] = {}
    for place in product(*map(range, x.shape)):
        at = tuple(i for axis, i in enumerate(place) if axis not in chosen)
        groups.setdefault(at, []).append(x[place].item())
    made = np.array([function(group) for group in groups.values()])
    if not keep:
        return made.reshape(kept)
    return made.reshape([1 if axis in chosen else dim for axis, dim in enumerate(x.shape)])


def choices(rank: int) -> Iterator[tuple[int, ...]]:
    """Axes, of every number and from both ends."""
    for count in range(1, min(rank, 3) + 1):
        for axes in combinations(range(rank), count):
            yield axes
            yield tuple(axis - rank for axis in reversed(axes))


def numbers(op: str, dtype: str, shape: tuple[int, ...]) -> Any:
    """Elements that an op has an answer for, of both signs where it may be."""
    low = 1 if op == "reduce_log_sum" else -3
    return random(*shape, dtype=dtype, low=low, high=4)


def ints(*values: int) -> Any:
    """An array of int32."""
    return np.array(values, "i4")


for name, function in GROUPS.items():

    @meaning(name, "loop")
    def of_floats(opset: str, name: str = name, function: Any = function) -> None:
        for dtype, rtol in (("f4", 1e-6), ("f2", 1e-3)):
            for shape in SHAPES if dtype == "f4" else SHAPES[:3]:
                x = numbers(name, dtype, shape)
                for axes, keep in product(choices(len(shape)), (False, True)):
                    given = run_op(name, opset, x=x, axes=axes, keep_dims=keep)
                    assert given.dtype == x.dtype
                    expect(given, by_loop(function, x, axes, keep), rtol=rtol)

    @meaning(name, "loop")
    def of_integers(opset: str, name: str = name, function: Any = function) -> None:
        x = numbers(name, "i4", (2, 3, 4))
        for axes in choices(3):
            given = run_op(name, opset, x=x, axes=axes)
            assert given.dtype == x.dtype
            expect(given, by_loop(lambda group: wrapped(function(group)), x, axes, False))

    @meaning(name, "loop")
    def without_axes_of_all(opset: str, name: str = name, function: Any = function) -> None:
        for shape in SHAPES:
            x, axes = numbers(name, "f4", shape), range(len(shape))
            expect(run_op(name, opset, x=x), by_loop(function, x, axes, False), rtol=1e-6)
            given = run_op(name, opset, x=x, keep_dims=True)
            expect(given, by_loop(function, x, axes, True), rtol=1e-6)
        scalar = np.array(2.5, "f4")
        expect(run_op(name, opset, x=scalar), np.array(function([2.5])), rtol=1e-6)

    @meaning(name, "loop")
    def along_no_axes_each_is_alone(opset: str, name: str = name, function: Any = function) -> None:
        x = numbers(name, "f4", (2, 3))
        for keep in (False, True):
            given = run_op(name, opset, x=x, axes=np.array([], "i4"), keep_dims=keep)
            expect(given, by_loop(function, x, (), keep), rtol=1e-6)

    @meaning(name, "values")
    def of_no_elements(opset: str, name: str = name) -> None:
        wanted = OF_NOTHING[name]
        x = np.zeros((2, 0), "f4")
        expect(run_op(name, opset, x=x, axes=(1,)), [wanted, wanted])
        expect(run_op(name, opset, x=x), np.array(wanted))
        expect(run_op(name, opset, x=x, axes=(0,)), np.zeros(0))

    @meaning(name, "values")
    def nan_stays(opset: str, name: str = name) -> None:
        for dtype in ("f4", "f2"):
            x = np.array([[1, np.nan, 2], [np.nan, 3, 1]], dtype)
            given = run_op(name, opset, x=x, axes=(1,))
            assert np.isnan(given).all(), given


@meaning("reduce_log_sum_exp", "torch")
def of_infinities_and_large_numbers(opset: str) -> None:
    low, high = -np.inf, np.inf
    x = [[1e4, 1e4 - 1, 0], [-1e4, -1e4, low], [low, low, low], [high, 1, low], [high, high, 1]]
    for dtype in ("f4", "f2"):
        held = np.array(x, dtype)
        wanted = peer("functions:call", "logsumexp", held, dim=1)
        expect(run_op("reduce_log_sum_exp", opset, x=held, axes=(1,)), wanted)


@meaning("reduce_max", "values")
@meaning("reduce_min", "values")
def of_the_ends_of_int32(opset: str) -> None:
    x = ints(LEAST, MOST, 0)
    expect(run_op("reduce_max", opset, x=x), np.array(MOST))
    expect(run_op("reduce_min", opset, x=x), np.array(LEAST))


@meaning("reduce_sum", "values")
def sums_of_integers_wrap(opset: str) -> None:
    expect(run_op("reduce_sum", opset, x=ints(MOST, 1, 1)), np.array(LEAST + 1))


@meaning("reduce_sum", "values")
def many_elements_are_added_up_exactly(opset: str) -> None:
    for shape, axes in (((1, 1000000), (1,)), ((1000000, 2), (0,))):
        x = np.full(shape, 0.1, "f4")
        wanted = np.full([n for n in shape if n < 9], 0.1 * 1000000 + 1.49e-3)
        np.testing.assert_allclose(run_op("reduce_sum", opset, x=x, axes=axes), wanted, rtol=1e-7)


@meaning("reduce_sum", "values")
def sums_of_fp16_are_rounded_once(opset: str) -> None:
    x = np.array([2048, 1, 1], "f2")
    expect(run_op("reduce_sum", opset, x=x), np.array(2050, "f2"), exact=True)
    x = np.array([60000, 60000, -60000], "f2")
    expect(run_op("reduce_sum", opset, x=x), np.array(60000, "f2"), exact=True)


@meaning("reduce_prod", "values")
def products_of_integers_wrap(opset: str) -> None:
    expect(run_op("reduce_prod", opset, x=ints(3, MOST)), np.array(MOST - 2))
    expect(run_op("reduce_prod", opset, x=ints(65536, 65536, 65536, 65536)), np.array(0))


@meaning("reduce_l1_norm", "values")
def sums_of_absolute_integers_wrap(opset: str) -> None:
    expect(run_op("reduce_l1_norm", opset, x=ints(LEAST, -1)), np.array(LEAST + 1))


@meaning("reduce_l2_norm", "values")
def squares_do_not_overflow(opset: str) -> None:
    x = np.array([3e30, 4e30], "f4")
    expect(run_op("reduce_l2_norm", opset, x=x), np.array(5e30))
    expect(run_op("reduce_l2_norm", opset, x=ints(30000, 40000, 0, 50)), np.array(50000))


@meaning("reduce_sum_square", "values")
def squares_of_integers_wrap(opset: str) -> None:
    expect(run_op("reduce_sum_square", opset, x=ints(65536, 3)), np.array(9))


@meaning("reduce_mean", "values")
def of_integers_the_fraction_is_cut(opset: str) -> None:
    expect(run_op("reduce_mean", opset, x=ints(-1, -2)), np.array(-1))
    expect(run_op("reduce_mean", opset, x=ints(MOST, MOST - 2)), np.array(MOST - 1))


@meaning("reduce_log_sum", "values")
def of_sums_that_have_no_logarithm(opset: str) -> None:
    x = np.array([[1, -1], [1, -2]], "f4")
    expect(run_op("reduce_log_sum", opset, x=x, axes=(1,)), [-np.inf, np.nan])
    expect(run_op("reduce_log_sum", opset, x=ints(1, -1)), np.array(LEAST))


for name, function in PLACES.items():

    @meaning(name, "loop")
    def finds_the_first(opset: str, name: str = name, function: Any = function) -> None:
        for dtype in ("f4", "f2", "i4"):
            for shape in SHAPES:
                x = np.round(random(*shape, dtype=dtype, low=-2, high=2))  # many are equal
                for axis, keep in product(range(-len(shape), len(shape)), (False, True)):
                    given = run_op(name, opset, x=x, axis=axis, keep_dims=keep)
                    assert given.dtype == np.int32
                    expect(given, by_loop(function, x, (axis,), keep))
                expect(run_op(name, opset, x=x), by_loop(function, x, (-1,), False))

    @meaning(name, "torch")
    def nan_is_found_first(opset: str, name: str = name) -> None:
        for dtype in ("f4", "f2"):
            x = np.array(
                [[1, np.nan, 9, np.nan], [np.inf, 1, np.inf, 2], [3, -np.inf, 1, 0]], dtype
            )
            wanted = peer("functions:call", name.removeprefix("reduce_"), x, dim=1)
            expect(run_op(name, opset, x=x), wanted)

    @meaning(name, "loop", "ios17")
    def of_the_type_that_is_asked_for(
        opset: str, name: str = name, function: Any = function
    ) -> None:
        x = random(2, 3, 4)
        for asked, dtype in (("uint16", "u2"), ("int32", "i4"), ("UINT16", "u2")):
            given = run_op(name, opset, x=x, axis=1, output_dtype=asked)
            assert given.dtype == np.dtype(dtype)
            expect(given, by_loop(function, x, (1,), False))

    @meaning(name, "values")
    def of_no_elements_there_is_no_place(opset: str, name: str = name) -> None:
        refused(name, opset, "`axis` 1", x=np.zeros((2, 0), "f4"), axis=1)
        expect(run_op(name, opset, x=np.zeros((2, 0), "f4"), axis=0), np.zeros(0))
