"""Pools, against PyTorch, and against loops where that has no such padding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

from tests.meaning.cases import expect, meaning, random, run_op
from tests.meaning.peer import peer

FLOATS = ("f4", "f2")

SETTINGS: list[tuple[Any, ...]] = [
    # x, kernel, strides, pad on each side
    ((1, 1, 1), (1,), (1,), (0,)),
    ((2, 3, 9), (1,), (2,), (0,)),
    ((2, 3, 9), (3,), (2,), (1,)),
    ((2, 3, 9), (4,), (3,), (2,)),
    ((2, 3, 9), (9,), (1,), (0,)),
    ((2, 3, 9), (8,), (2,), (4,)),
    ((2, 3, 6, 7), (1, 1), (1, 1), (0, 0)),
    ((2, 3, 6, 7), (3, 2), (1, 1), (1, 0)),
    ((2, 3, 6, 7), (2, 3), (2, 2), (0, 1)),
    ((2, 3, 6, 7), (6, 7), (1, 1), (0, 0)),
    ((1, 3, 8, 10), (3, 2), (3, 4), (1, 1)),
    ((2, 3, 4, 6, 5), (2, 3, 1), (1, 2, 2), (1, 1, 0)),
    ((1, 2, 4, 6, 5), (4, 6, 5), (1, 1, 1), (0, 0, 0)),
]


def settings() -> Iterator[tuple[Any, Any, Any, Any, bool]]:
    """Arrays, and how to pool them, with the last window within and beyond."""
    for dtype, (shape, kernel, strides, pad), ceil in product(FLOATS, SETTINGS, (False, True)):
        if not ceil or len(kernel) < 3:
            yield random(*shape, dtype=dtype), kernel, strides, pad, ceil


def both(pad: Any) -> tuple[int, ...]:
    """`pad` as the ops take it, of what is padded on each side."""
    return tuple([side for each in pad for side in (each, each)])


@meaning("avg_pool", "torch")
def means(opset: str) -> None:
    for (x, kernel, strides, pad, ceil), exclude in product(settings(), (False, True)):
        given = run_op("avg_pool", opset, x=x, kernel_sizes=kernel, strides=strides, pad=both(pad),
                       pad_type="custom", ceil_mode=ceil,
                       exclude_padding_from_average=exclude)  # fmt: skip
        assert given.dtype == x.dtype
        expect(given, peer("pool:average", x, kernel, strides, pad, ceil, exclude))


@meaning("max_pool", "torch")
def largest(opset: str) -> None:
    for x, kernel, strides, pad, ceil in settings():
        given = run_op("max_pool", opset, x=x, kernel_sizes=kernel, strides=strides, pad=both(pad),
                       pad_type="custom", ceil_mode=ceil)  # fmt: skip
        assert given.dtype == x.dtype
        expect(given, peer("pool:largest", x, kernel, strides, pad, ceil), exact=True)


@meaning("l2_pool", "torch")
def roots(opset: str) -> None:
    for x, kernel, strides, pad, ceil in settings():
        # PyTorch's mean of a last window that is cut off is scaled as if it were whole.
        if not any(pad) and not ceil and len(kernel) < 3:
            given = run_op("l2_pool", opset, x=x, kernel_sizes=kernel, strides=strides,
                           pad_type="valid")  # fmt: skip
            assert given.dtype == x.dtype
            expect(given, peer("pool:root", x, kernel, strides, ceil))


def pooled(op: str, x: Any, kernel: Any, strides: Any, sides: Any, out: Any, **args: Any) -> Any:
    """A pool over two dimensions, window by window, with `sides` before and after each."""
    judge = {"avg_pool": mean, "max_pool": max, "l2_pool": norm}[op]
    made = np.zeros((*x.shape[:2], *out))
    for n, c, i, j in np.ndindex(*made.shape):
        within, padding = [], 0
        for k, m in np.ndindex(*kernel):
            row, column = i * strides[0] + k - sides[0][0], j * strides[1] + m - sides[1][0]
            if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
                within.append(float(x[n, c, row, column]))
            elif row < x.shape[2] + sides[0][1] and column < x.shape[3] + sides[1][1]:
                padding += 1
        if op == "avg_pool" and not args.get("exclude_padding_from_average"):
            within += [0.0] * padding
        made[n, c, i, j] = judge(within) if within else -np.inf if op == "max_pool" else 0
    return made


def mean(numbers: list[float]) -> float:
    """The mean."""
    return sum(numbers) / len(numbers)


def norm(numbers: list[float]) -> float:
    """The root of the sum of squares."""
    return float(sum(number * number for number in numbers) ** 0.5)


def options(op: str) -> list[dict[str, bool]]:
    """Whether padding counts, for the op that has the choice."""
    if op != "avg_pool":
        return [{}]
    return [{"exclude_padding_from_average": exclude} for exclude in (False, True)]


def of_all(case: Callable[[str, str], None]) -> None:
    """Register a case for all three."""

    def register(op: str) -> None:
        def run(opset: str) -> None:
            case(op, opset)

        run.__name__ = case.__name__
        meaning(op, "loop")(run)

    for op in ("avg_pool", "max_pool", "l2_pool"):
        register(op)


@of_all
def same_and_same_lower(op: str, opset: str) -> None:
    modes = ("same", "same_lower", "SAME")
    for mode, kernel, stride, length in product(modes, (1, 2, 3, 4), (1, 2, 3), (3, 5)):
        x = random(1, 2, length, length + 1)
        sides, out = [], []
        for dim, reach in ((length, kernel), (length + 1, 2)):
            number = (dim + stride - 1) // stride
            total = max(0, (number - 1) * stride + reach - dim)
            half = (total, total + 1)[mode == "same_lower"] // 2
            sides.append((half, total - half))
            out.append(number)
        for args in options(op):
            # The definition of ios15 has "same_lower" in later opsets only.
            given = run_op(op, "ios16" if mode == "same_lower" else opset, x=x, pad_type=mode,
                           kernel_sizes=(kernel, 2), strides=(stride, stride), **args)  # fmt: skip
            expect(given, pooled(op, x, (kernel, 2), (stride, stride), sides, out, **args))


@of_all
def padding_of_any_kind(op: str, opset: str) -> None:
    for sides, strides in product(
        (((0, 1), (2, 0)), ((3, 3), (0, 4)), ((-1, 0), (1, -2)), ((5, 0), (0, 5))),
        ((1, 1), (2, 3)),
    ):
        x, kernel = random(2, 1, 4, 5), (2, 3)
        rows = zip((4, 5), sides, kernel, strides, strict=True)
        out = [(length + sum(pair) - reach) // stride + 1 for length, pair, reach, stride in rows]
        for args in options(op):
            given = run_op(op, opset, x=x, kernel_sizes=kernel, strides=strides,
                           pad_type="custom", pad=sides[0] + sides[1], **args)  # fmt: skip
            expect(given, pooled(op, x, kernel, strides, sides, out, **args))


@of_all
def last_windows_that_only_begin_within(op: str, opset: str) -> None:
    for pad, kernel, stride in product((0, 1, 2), (1, 2, 3, 5), (1, 2, 3, 4)):
        x, sides, out = random(1, 1, 6, 7), ((pad, pad), (pad, pad)), []
        for length in (6, 7):
            number = 0
            while length + 2 * pad - kernel > (number - 1) * stride:
                number += 1
            if pad and (number - 1) * stride >= length + pad:
                number -= 1
            out.append(max(number, 1))
        for args in options(op):
            given = run_op(op, opset, x=x, kernel_sizes=(kernel, kernel), strides=(stride, stride),
                           pad=(pad,) * 4, pad_type="custom" if pad else "valid", ceil_mode=True,
                           **args)  # fmt: skip
            wanted = pooled(op, x, (kernel, kernel), (stride, stride), sides, out, **args)
            expect(given, wanted)


@of_all
def what_is_left_out(op: str, opset: str) -> None:
    x = random(2, 3, 4, 5)
    given = run_op(op, opset, x=x, kernel_sizes=(2, 3), pad_type="valid", pad=(1, 1, 1, 1))
    expect(given, pooled(op, x, (2, 3), (1, 1), ((0, 0), (0, 0)), (3, 3)))


@of_all
def nothing_in_nothing_out(op: str, opset: str) -> None:
    for shape in ((0, 3, 4), (2, 0, 4, 4)):
        x, kernel = random(*shape), (2,) * (len(shape) - 2)
        expect(run_op(op, opset, x=x, kernel_sizes=kernel, pad_type="valid"),
               np.zeros((*shape[:2], *[3] * len(kernel))))  # fmt: skip


@meaning("max_pool", "values")
def nan_is_the_largest(opset: str) -> None:
    x = np.array([[[1, np.nan, 2, -np.inf, -np.inf, np.inf, 3]]], "f4")
    expect(run_op("max_pool", opset, x=x, kernel_sizes=(2,), pad_type="valid"),
           np.array([[[np.nan, np.nan, 2, -np.inf, np.inf, np.inf]]]))  # fmt: skip


@meaning("avg_pool", "values")
def what_is_not_finite_stays_where_it_is(opset: str) -> None:
    x = np.array([[[1, np.nan, 2, 4, np.inf, -np.inf, 3, 5]]], "f4")
    expect(run_op("avg_pool", opset, x=x, kernel_sizes=(2,), pad_type="valid"),
           np.array([[[np.nan, np.nan, 3, np.inf, np.nan, -np.inf, 4]]]))  # fmt: skip


@meaning("l2_pool", "values")
def squares_of_fp16_do_not_overflow(opset: str) -> None:
    x = np.array([[[3000, 4000, 0]]], "f2")
    expect(run_op("l2_pool", opset, x=x, kernel_sizes=(2,), pad_type="valid"),
           np.array([[[5000, 4000]]]))  # fmt: skip
