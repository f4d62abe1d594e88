"""Ops that look at a tensor as a whole, against PyTorch and loops."""

from __future__ import annotations

from itertools import accumulate
from math import prod
from typing import Any

import numpy as np

import milc
from milc.driver.evaluating import Run
from tests.meaning.cases import expect, meaning, random, refused, run_op
from tests.meaning.peer import peer

KINDS = ("f4", "f2", "i4", "?")


@meaning("band_part", "loop")
def bands(opset: str) -> None:
    for dtype in KINDS:
        for shape in ((4, 4), (3, 5), (2, 1, 4, 3), (0, 2), (1, 1)):
            x = random(*shape, dtype=dtype, low=1, high=9)
            for lower in (-1, 0, 1, 7):
                for upper in (-2, 0, 2):
                    wanted = x.copy()
                    for place in np.ndindex(shape):
                        m, n = place[-2:]
                        is_kept = (lower < 0 or m - n <= lower) and (upper < 0 or n - m <= upper)
                        wanted[place] = x[place] if is_kept else 0
                    given = run_op("band_part", opset, x=x, lower=lower, upper=upper)
                    expect(given, wanted, exact=True)


@meaning("band_part", "torch")
def triangles(opset: str) -> None:
    x = random(2, 4, 5)
    for upper in (True, False):
        for diagonal in (0, 1, 2):
            ends = {"lower": -1, "upper": diagonal}
            if upper:
                ends = {"lower": diagonal, "upper": -1}
            given = run_op("band_part", opset, x=x, **ends)
            off = -diagonal if upper else diagonal
            expect(given, peer("images:triangle", x, upper, off), exact=True)
    expect(run_op("band_part", opset, x=x), x, exact=True)


@meaning("band_part", "values")
def what_is_no_number_is_set_to_zero_too(opset: str) -> None:
    x = np.array([[1, np.nan], [np.inf, 2]], "f4")
    given = run_op("band_part", opset, x=x, lower=0, upper=0)
    expect(given, np.array([[1, 0], [0, 2]], "f4"), exact=True)


@meaning("cumsum", "loop")
def sums(opset: str) -> None:
    for dtype in ("f4", "f2", "i4"):
        for shape in ((5,), (2, 3, 4), (3, 0), (1, 4)):
            x = random(*shape, dtype=dtype)
            for axis in (*range(len(shape)), -1):
                for exclusive in (False, True):
                    for reverse in (False, True):
                        given = run_op("cumsum", opset, x=x, axis=axis, exclusive=exclusive,
                                       reverse=reverse)  # fmt: skip
                        expect(given, summed(x, axis, exclusive, reverse))


def summed(x: Any, axis: int, exclusive: bool, reverse: bool) -> Any:
    """Sums along an axis, row by row."""
    found = np.moveaxis(x.astype("f8" if x.dtype.kind == "f" else "i8"), axis, -1).copy()
    for place in np.ndindex(found.shape[:-1]):
        row = found[place].tolist()[:: -1 if reverse else 1]
        totals = list(accumulate(row, initial=0))
        totals = totals[:-1] if exclusive else totals[1:]
        found[place] = totals[:: -1 if reverse else 1]
    return np.moveaxis(found, -1, axis)


@meaning("cumsum", "values")
def sums_of_fp16_are_rounded_once_and_of_int32_wrap(opset: str) -> None:
    given = run_op("cumsum", opset, x=np.array([2048, 1, 1, 1], "f2"))
    expect(given, np.array([2048, 2048, 2050, 2052], "f2"), exact=True)
    given = run_op("cumsum", opset, x=np.array([65504, 65504, -65504], "f2"))
    expect(given, np.array([65504, np.inf, 65504], "f2"), exact=True)
    given = run_op("cumsum", opset, x=np.array([2**31 - 1, 1], "i4"))
    expect(given, np.array([2**31 - 1, -(2**31)], "i4"), exact=True)


@meaning("cumsum", "values")
def the_values_of_coremltools_tests_for_cumsum(opset: str) -> None:
    x = np.array([[1, 2, 3], [4, 5, 6]], "f4")
    given = run_op("cumsum", opset, x=x, axis=0, reverse=True, exclusive=False)
    expect(given, np.array([[5, 7, 9], [4, 5, 6]]), exact=True)


@meaning("flatten2d", "loop")
def flattens(opset: str) -> None:
    for dtype in KINDS:
        for shape in ((2, 3, 4), (5,), (2, 0, 3), (1, 2, 3, 4, 1)):
            x = random(*shape, dtype=dtype)
            for axis in range(-len(shape), len(shape) + 1):
                given = run_op("flatten2d", opset, x=x, axis=axis)
                cut = axis + len(shape) if axis < 0 else axis
                assert given.shape == (prod(shape[:cut]), prod(shape[cut:]))
                assert given.ravel().tolist() == x.ravel().tolist()
    assert run_op("flatten2d", opset, x=random(2, 3, 4)).shape == (2, 12)


@meaning("identity", "values")
def the_same(opset: str) -> None:
    for x in (random(2, 3), random(4, dtype="i4"), np.array(True), np.array(np.nan, "f2")):
        expect(run_op("identity", opset, x=x), x, exact=True)


@meaning("identity", "values")
def the_same_list(opset: str) -> None:
    text = f"""program(1.3) {{
        func main<{opset}>(tensor<fp32, [2]> x) {{
            list<tensor<fp32, [2]>, 1> made = make_list(
                dtype = string("fp32"), dynamic_length = bool(false), elem_shape = int32(2),
                init_length = int32(1));
            list<tensor<fp32, [2]>, 1> same = identity(x = made);
            list<tensor<fp32, [2]>, 1> kept = list_write(ls = same, index = int32(0), value = x);
            tensor<fp32, [2]> y = list_read(ls = kept, index = int32(0));
        }} -> (y);
    }}"""
    x = random(2)
    expect(Run(milc.parse(text))({"x": x})["y"], x, exact=True)


@meaning("non_zero", "loop")
def places(opset: str) -> None:
    for dtype in KINDS:
        for shape in ((7,), (3, 4), (2, 2, 3), (0, 2), (1,)):
            x = random(*shape, dtype=dtype, low=-1, high=1)
            x = np.where(random(*shape, dtype="?", seed=4), x, np.zeros((), x.dtype))
            wanted = [place for place in np.ndindex(shape) if x[place]]
            given = run_op("non_zero", opset, x=x)
            expect(given, np.array(wanted, "i4").reshape(len(wanted), len(shape)), exact=True)
            assert given.dtype == np.int32


@meaning("non_zero", "values")
def what_is_no_number_is_not_zero(opset: str) -> None:
    given = run_op("non_zero", opset, x=np.array([0, -0.0, np.nan, np.inf, 1e-45], "f4"))
    expect(given, np.array([[2], [3], [4]], "i4"), exact=True)
    assert run_op("non_zero", opset, x=np.array(2, "i4")).shape == (1, 0)
    assert run_op("non_zero", opset, x=np.array(0, "i4")).shape == (0, 0)


PADS = (
    ((5,), (2, 3)), ((2, 3), (1, 2)), ((2, 3), (1, 0, 2, 1)), ((3, 2, 4, 3), (0, 1, 2, 2)),
    ((2, 3, 4), (1, 0, 0, 2, 3, 1)), ((2, 3), (0, 0, 0, 0)), ((2, 3, 4), (1, 1, 2, 2, 0, 3)),
)  # fmt: skip
"""Shapes and what is added to the last dimensions, the last ones last."""


def padded(x: Any, amounts: tuple[int, ...], mode: str, value: float = 0.0) -> Any:
    """A tensor padded place by place."""
    ends = [(0, 0)] * (x.ndim - len(amounts) // 2)
    ends += list(zip(amounts[::2], amounts[1::2], strict=True))
    found = np.full([n + sum(e) for n, e in zip(x.shape, ends, strict=True)], value, x.dtype)
    for place in np.ndindex(found.shape):
        source = [at - front for at, (front, _) in zip(place, ends, strict=True)]
        if mode == "reflect":
            source = [
                2 * (n - 1) - abs(at) if abs(at) > n - 1 else abs(at)
                for at, n in zip(source, x.shape, strict=True)
            ]
        elif mode == "replicate":
            source = [min(max(at, 0), n - 1) for at, n in zip(source, x.shape, strict=True)]
        if all(0 <= at < n for at, n in zip(source, x.shape, strict=True)):
            found[place] = x[tuple(source)]
    return found


@meaning("pad", "loop")
def pads(opset: str) -> None:
    for dtype in ("f4", "f2"):
        for shape, amounts in PADS:
            x = random(*shape, dtype=dtype)
            for mode in ("constant", "reflect", "replicate"):
                fits = all(
                    a < n for a, n in zip(amounts[::-1], np.repeat(shape, 2)[::-1], strict=False)
                )
                if mode != "reflect" or fits:
                    given = run_op("pad", opset, x=x, pad=amounts, mode=mode, constant_val=2.5)
                    expect(given, padded(x, amounts, mode, 2.5), exact=True)


@meaning("pad", "torch")
def pads_as_torch_does(opset: str) -> None:
    x = random(2, 3, 4, 5)
    for mode in ("constant", "reflect", "replicate"):
        given = run_op("pad", opset, x=x, pad=(1, 2, 3, 1), mode=mode)
        expect(given, peer("images:pad", x, (3, 1, 1, 2), mode), exact=True)


@meaning("pad", "values")
def constants_unless_it_is_said(opset: str) -> None:
    x = np.array([[np.nan, 1]], "f4")
    expect(run_op("pad", opset, x=x, pad=(1, 0)), np.array([[0, np.nan, 1]]), exact=True)
    given = run_op("pad", opset, x=x, pad=(0, 1), constant_val=-np.inf)
    expect(given, np.array([[np.nan, 1, -np.inf]]), exact=True)
    expect(run_op("pad", opset, x=np.zeros((0,), "f4"), pad=(1, 1)), np.zeros(2), exact=True)


@meaning("pad", "loop")
def amounts_that_are_computed(opset: str) -> None:
    x = random(3, 4)
    for mode in ("constant", "reflect", "replicate"):
        given = run_op("pad", opset, x=x, pad=np.array([1, 2, 0, 3], "i4"), mode=mode)
        expect(given, padded(x, (1, 2, 0, 3), mode), exact=True)
    refused("pad", opset, "C4", x=x, pad=np.array([-1, 2, 0, 3], "i4"))
    refused("pad", opset, "C5", x=x, pad=np.array([1, 3, 0, 3], "i4"), mode="reflect")


@meaning("pad", "values")
def more_than_the_length_may_be_replicated(opset: str) -> None:
    given = run_op("pad", opset, x=np.array([1, 2], "f4"), pad=(3, 4), mode="replicate")
    expect(given, np.array([1, 1, 1, 1, 2, 2, 2, 2, 2]), exact=True)
    refused("pad", opset, "nothing to repeat", x=np.zeros((0, 2), "f4"), pad=(1, 0, 0, 0),
            mode="replicate")  # fmt: skip


@meaning("shape", "values")
def dimensions(opset: str) -> None:
    for dtype in KINDS:
        for shape in ((2, 3), (1,), (0, 5, 2), (1, 2, 3, 4, 5)):
            given = run_op("shape", opset, x=random(*shape, dtype=dtype))
            expect(given, np.array(shape, "i4"), exact=True)
            assert given.dtype == np.int32
    assert run_op("shape", opset, x=np.array(1, "f4")).tolist() == []


@meaning("tile", "loop")
def tiles(opset: str) -> None:
    for dtype in KINDS:
        for shape, reps in (
            ((3,), (2,)),
            ((2, 3), (1, 4)),
            ((2, 1, 3), (3, 2, 1)),
            ((0, 2), (2, 2)),
        ):
            x = random(*shape, dtype=dtype)
            wanted = np.zeros(np.multiply(shape, reps), dtype)
            for place in np.ndindex(wanted.shape):
                wanted[place] = x[tuple(at % n for at, n in zip(place, shape, strict=True))]
            expect(run_op("tile", opset, x=x, reps=reps), wanted, exact=True)
            given = run_op("tile", opset, x=x, reps=np.array(reps, "i4"))
            expect(given, wanted, exact=True)


@meaning("tile", "values")
def as_often_as_computed(opset: str) -> None:
    refused("tile", opset, "`reps` are [1, -1]", x=random(2, 2), reps=np.array([1, -1], "i4"))
    none = run_op("tile", opset, x=random(2, 2), reps=np.array([1, 0], "i4"))
    expect(none, np.zeros((2, 0), "f4"))
