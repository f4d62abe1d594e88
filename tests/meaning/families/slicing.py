"""Ops that take parts, against Python's own slices and loops over places, and PyTorch."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from milc.driver.evaluating import Run
from milc.syntax.parse import parse
from tests.meaning.cases import expect, level, meaning, random, refused, run_op
from tests.meaning.peer import peer


def kinds(opset: str) -> tuple[str, ...]:
    """The element types that can be sliced."""
    wide = ("f4", "f2", "i4", "?")
    return wide if level(opset) < 17 else (*wide, "i1", "i2", "u1", "u2")


def some(*shape: int, dtype: str = "f4") -> Any:
    """What is sliced."""
    return random(*shape, dtype=dtype, low=0 if dtype[0] == "u" else -90, high=90)


def ints(*values: int, dtype: str = "i4") -> Any:
    """Numbers that come in while the program runs."""
    return np.array(values, dtype)


def both_ways(op: str, opset: str, wanted: Any, x: Any, **bounds: Any) -> None:
    """Bounds as constants, and as what comes in while the program runs."""
    expect(run_op(op, opset, x=x, **bounds), wanted, exact=True)
    open_ones = {name: ints(*bounds.pop(name)) for name in ("begin", "end", "size") & bounds.keys()}
    expect(run_op(op, opset, x=x, **open_ones, **bounds), wanted, exact=True)


SLICES = [(b, e, s) for b in (0, 1, 2, -1, -3) for e in (1, 3, 4, 9, -1, -2) for s in (1, 2, 3)]


@meaning("slice_by_index", "numpy")
def slices_forwards_as_python(opset: str) -> None:
    x = some(4, 5)
    for begin, end, stride in SLICES:
        if (begin < 0) == (end < 0) and end < begin:
            continue
        wanted = x[begin % 4 : end + 4 if end < 0 else end : stride]
        given = {"begin": (begin, 0), "end": (end, 5), "stride": (stride, 1)}
        expect(run_op("slice_by_index", opset, x=x, **given), wanted, exact=True)
        given |= {"begin": ints(begin, 0), "end": ints(end, 5)}
        expect(run_op("slice_by_index", opset, x=x, **given), wanted, exact=True)


@meaning("slice_by_index", "numpy")
def slices_backwards_as_python(opset: str) -> None:
    x = some(6)
    for begin, end, stride in product((5, 3, 9, -1, -2), (0, 1, 2, -6, -5), (-1, -2, -4)):
        wanted = x[begin : end % 6 : stride]
        both_ways("slice_by_index", opset, wanted, x, begin=(begin,), end=(end,), stride=(stride,))
    for begin, end in ((4, -9), (9, -7), (-7, -9), (-7, 1)):
        got = run_op("slice_by_index", opset, x=x, begin=ints(begin), end=ints(end), stride=(-1,))
        expect(got, x[begin:end:-1], exact=True)


@meaning("slice_by_index", "numpy")
def masks_reach_the_edges(opset: str) -> None:
    x = some(4, 5, 6)
    for stride in (1, 2, -1, -3):
        for from_edge, to_edge in product((False, True), repeat=2):
            begin, end = (1, 3) if stride > 0 else (3, 1)
            wanted = x[:, None if from_edge else begin : None if to_edge else end : stride]
            both_ways(
                "slice_by_index", opset, wanted, x, begin=(0, begin, 0), end=(0, end, 6),
                stride=(1, stride, 1), begin_mask=(True, from_edge, False),
                end_mask=(True, to_edge, False),
            )  # fmt: skip


@meaning("slice_by_index", "numpy")
def squeezed_dimensions_are_indexed(opset: str) -> None:
    x = some(4, 5, 6)
    for place in (0, 3, -1, -4):
        both_ways(
            "slice_by_index", opset, x[place, :, 1:3], x, begin=(place, 0, 1), end=(0, 0, 3),
            begin_mask=(False, True, False), end_mask=(False, True, False),
            squeeze_mask=(True, False, False),
        )  # fmt: skip
    whole = (True, True, True)
    got = run_op("slice_by_index", opset, x=x, begin=(1, 2, 3), end=(0, 0, 0), squeeze_mask=whole)
    expect(got, x[1, 2, 3])
    got = run_op("slice_by_index", opset, x=x, begin=(1, 2, 3), end=(0, 0, 0), squeeze_mask=whole,
                 begin_mask=whole, stride=(0, -1, 5))  # fmt: skip
    expect(got, x[0, 0, 0])


@meaning("slice_by_index", "numpy")
def slices_every_element_type(opset: str) -> None:
    for dtype in kinds(opset):
        x = some(3, 4, dtype=dtype)
        got = run_op("slice_by_index", opset, x=x, begin=(1, 0), end=(3, 3))
        assert got.dtype == x.dtype
        expect(got, x[1:3, :3], exact=True)


@meaning("slice_by_index", "values", "ios17")
def bounds_may_be_small_integers(opset: str) -> None:
    x = some(3, 4)
    for dtype in ("i1", "i2", "i4"):
        begin, end = ints(-2, 0, dtype=dtype), ints(3, 3, dtype=dtype)
        got = run_op("slice_by_index", opset, x=x, begin=begin, end=end)
        expect(got, x[1:3, :3], exact=True)


@meaning("slice_by_index", "values")
def slices_may_be_empty(opset: str) -> None:
    x = some(3, 4)
    both_ways("slice_by_index", opset, x[2:2], x, begin=(2, 0), end=(2, 4))
    both_ways("slice_by_index", opset, x[:0], x, begin=(0, 0), end=(-3, 4))
    got = run_op("slice_by_index", opset, x=some(0, 4), begin=(0, 0), end=(0, 4), stride=(-1, 1),
                 begin_mask=(True, False), end_mask=(True, False))  # fmt: skip
    expect(got, some(0, 4))


@meaning("slice_by_index", "values")
def a_single_place_is_taken_wherever_it_is_asked_for(opset: str) -> None:
    x = some(1, 4)
    for begin, end in ((0, 1), (0, 9), (-5, 3), (3, 9)):
        given = {"x": x, "begin": (begin, 0), "end": (end, 4)}
        expect(run_op("slice_by_index", opset, flexible=False, **given), x, exact=True)
        given["begin"] = ints(begin, 0)
        expect(run_op("slice_by_index", opset, flexible=False, **given), x, exact=True)


@meaning("slice_by_index", "values")
def every_run_slices_anew(opset: str) -> None:
    """What was taken in one run is not what is taken in the next one."""
    text = f"""program(1.3)
    {{
        func main<{opset}>(tensor<fp32, [?]> x, tensor<int32, [1]> b, tensor<int32, [1]> e) {{
            tensor<fp32, [?]> y = slice_by_index(x = x, begin = b, end = e);
        }} -> (y);
    }}"""
    run, x = Run(parse(text)), some(9)
    for count, begin, end in (
        (9, 0, 4), (9, 2, 3), (5, 1, 5), (1, 0, 1), (9, -3, -1), (1, 1, 5), (3, 5, 6), (9, 4, 2),
    ):  # fmt: skip
        given = {"x": x[:count], "b": ints(begin), "e": ints(end)}
        expect(run(given)["y"], x[:count][begin:end], exact=True)


@meaning("slice_by_index", "values")
def places_that_are_not_there_are_refused(opset: str) -> None:
    x = some(3, 4)
    refused("slice_by_index", opset, "`begin` is 5 in dimension 0", x=x, begin=ints(5, 0),
            end=(6, 4), squeeze_mask=(True, False))  # fmt: skip
    refused("slice_by_index", opset, "`begin` is 5 in dimension 0", x=x, begin=(5, 0), end=(6, 4))
    refused("slice_by_index", opset, "`stride` is 0", x=x, begin=(0, 0), end=(3, 4), stride=(0, 1))


@meaning("slice_update", "numpy")
def replaces_as_python(opset: str) -> None:
    for dtype in kinds(opset):
        x = some(4, 6, dtype=dtype)
        before = x.copy()
        for rows, columns in product(
            ((0, 4, 1), (1, 3, 1), (0, 4, 3), (3, 0, -1), (-2, 4, 1)), ((0, 6, 1), (5, 1, -2))
        ):
            wanted = x.copy()
            part = (slice(*rows), slice(*columns))
            update = some(*wanted[part].shape, dtype=dtype)[::-1]
            wanted[part] = update
            bounds = list(zip(rows, columns, strict=True))
            got = run_op("slice_update", opset, x=x, update=update, begin=bounds[0],
                         end=bounds[1], stride=bounds[2])  # fmt: skip
            expect(got, wanted, exact=True)
            got = run_op("slice_update", opset, x=x, update=update, begin=ints(*bounds[0]),
                         end=ints(*bounds[1]), stride=bounds[2])  # fmt: skip
            expect(got, wanted, exact=True)
        expect(x, before, exact=True)


@meaning("slice_update", "numpy")
def replaces_by_masks(opset: str) -> None:
    x, update = some(2, 3, 4), some(3, 2)
    wanted = x.copy()
    wanted[1, :, 2:] = update
    got = run_op(
        "slice_update", opset, x=x, update=update, begin=(1, 5, 2), end=(0, 5, 0),
        begin_mask=(False, True, False), end_mask=(False, True, True),
        squeeze_mask=(True, False, False),
    )  # fmt: skip
    expect(got, wanted, exact=True)
    refused("slice_update", opset, "`begin` is 2", x=x, update=update, begin=ints(2, 0, 0),
            end=(0, 3, 2), squeeze_mask=(True, False, False))  # fmt: skip


@meaning("slice_by_size", "numpy")
def takes_so_many(opset: str) -> None:
    for dtype in kinds(opset):
        x = some(4, 5, 3, dtype=dtype)
        for begin, size in (
            ((0, 0, 0), (4, 5, 3)), ((1, 2, 0), (2, 1, 3)), ((3, 1, 2), (-1, -1, -1)),
            ((4, 0, 0), (-1, 5, 3)), ((0, 2, 0), (0, 2, -1)),
        ):  # fmt: skip
            parts = zip(begin, size, x.shape, strict=True)
            wanted = x[tuple(slice(b, d if s == -1 else b + s) for b, s, d in parts)]
            both_ways("slice_by_size", opset, wanted, x, begin=begin, size=size)
    both_ways("slice_by_size", opset, x[2:3, 3:5], x, begin=(-2, -2, 0), size=(1, 2, 3))


@meaning("slice_by_size", "values")
def what_is_not_there_is_refused(opset: str) -> None:
    x = some(4, 5)
    for begin, size in (((3, 0), (2, 5)), ((-5, 0), (1, 5)), ((0, -1), (4, 2)), ((-1, 0), (-1, 5))):
        for turned in ({}, {"begin": ints(*begin), "size": ints(*size)}):
            given = {"begin": begin, "size": size} | turned
            refused("slice_by_size", opset, "`begin` is", x=x, **given)
    refused("slice_by_size", opset, "`size`", x=x, begin=ints(0, 0), size=ints(-2, 5))


@meaning("slice_by_size", "values", "ios17")
def sizes_may_be_small_integers(opset: str) -> None:
    x = some(4, 5)
    for dtype in ("i1", "i2"):
        begin, size = ints(1, 0, dtype=dtype), ints(-1, 2, dtype=dtype)
        expect(run_op("slice_by_size", opset, x=x, begin=begin, size=size), x[1:, :2])
        refused("slice_by_size", opset, "`size`", x=x, begin=begin, size=ints(-2, 5, dtype=dtype))


@meaning("sliding_windows", "torch")
def slides_as_pytorch(opset: str) -> None:
    x = random(2, 7, 3)
    for axis, size, stride in (
        (1, 3, 2), (1, 7, 1), (-2, 1, 1), (0, 2, 1), (-1, 2, 3), (1, 3, 9), (1, 2, 2),
    ):  # fmt: skip
        got = run_op("sliding_windows", opset, x=x, axis=axis, size=size, stride=stride)
        expect(got, peer("moving:unfold", x, axis, size, stride), exact=True)
    got = run_op("sliding_windows", opset, x=x, axis=1, size=4)
    expect(got, peer("moving:unfold", x, 1, 4, 1), exact=True)


@meaning("sliding_windows", "loop")
def windows_of_every_element_type(opset: str) -> None:
    for dtype in kinds(opset) if level(opset) >= 17 else ("f4", "f2", "i4"):
        x = some(6, dtype=dtype)
        got = run_op("sliding_windows", opset, x=x, axis=0, size=3, stride=2)
        assert got.dtype == x.dtype
        expect(got, np.array([[x[at + i] for i in range(3)] for at in (0, 2)]), exact=True)


@meaning("sliding_windows", "values")
def windows_may_be_none_or_empty(opset: str) -> None:
    got = run_op("sliding_windows", opset, x=some(2, 3), axis=1, size=4)
    expect(got, np.zeros((2, 0, 4), "f4"))
    got = run_op("sliding_windows", opset, x=some(2, 3), axis=1, size=0)
    expect(got, np.zeros((2, 4, 0), "f4"))
