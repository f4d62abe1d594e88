"""Ops that make tensors out of little, against loops, Python's arithmetic and PyTorch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.meaning.cases import expect, meaning, random, refused, run_op
from tests.meaning.peer import peer

VALUES: tuple[tuple[Any, str], ...] = (
    (0.5, "f4"), (np.array(0.1, "f2"), "f2"), (-7, "i4"), (True, "?"), (math.inf, "f4"),
)  # fmt: skip
"""Values to fill with, and the dtype that comes of them."""


def scalar(value: float, dtype: str = "i4") -> Any:
    """A number that comes in while the program runs."""
    return np.array(value, dtype)


@meaning("fill", "values")
def fills(opset: str) -> None:
    for shape in ((2, 3), (4,), (1, 0, 2), (1, 2, 3, 1, 2)):
        for value, dtype in VALUES:
            for given in (shape, np.array(shape, "i4")):
                got = run_op("fill", opset, shape=given, value=value)
                assert got.dtype == dtype
                assert got.shape == shape
                assert set(got.ravel().tolist()) <= {np.array(value).item()}
    expect(run_op("fill", opset, shape=(2,)), np.array([0, 0], "f4"), exact=True)


@meaning("fill", "values")
def absurd_shapes_have_no_room(opset: str) -> None:
    for shape in ((2**31 - 1, 2**31 - 1), (2**31 - 1,) * 5, (2**30, 1000)):
        refused("fill", opset, "fill has no room", shape=np.array(shape, "i4"), value=0.0)
    refused("fill", opset, "`shape`", shape=np.array([2, -1], "i4"), value=0.0)


@meaning("fill_like", "values")
def fills_like_another(opset: str) -> None:
    for shape in ((2, 3), (), (0, 2)):
        for dtype in ("f4", "f2", "i4", "?"):
            for value, kind in VALUES:
                other = random(*shape, dtype=dtype)
                got = run_op("fill_like", opset, ref_tensor=other, value=value)
                assert got.dtype == kind
                assert got.shape == shape
                assert set(got.ravel().tolist()) <= {np.array(value).item()}
    got = run_op("fill_like", opset, ref_tensor=random(2))
    expect(got, np.array([0, 0], "f4"), exact=True)


def counted(start: float, end: float, step: float) -> list[float]:
    """The sequence, number by number."""
    found: list[float] = []
    while (start + len(found) * step < end) if step > 0 else (start + len(found) * step > end):
        found.append(start + len(found) * step)
    return found


@meaning("range_1d", "loop")
def counts(opset: str) -> None:
    for bounds in ((0, 5, 1), (1, 9, 2), (1, 10, 3), (5, 0, -1), (5, -4, -3), (3, 3, 1), (3, 1, 1),
                   (-2, 2, 1), (2**31 - 4, 2**31 - 1, 1)):  # fmt: skip
        start, end, step = bounds
        wanted = np.array(counted(*bounds), "i4")
        got = run_op("range_1d", opset, start=start, end=end, step=step)
        assert got.dtype == "i4"
        expect(got, wanted)
        got = run_op("range_1d", opset, start=scalar(start), end=scalar(end), step=step)
        expect(got, wanted)


@meaning("range_1d", "loop")
def counts_in_floats(opset: str) -> None:
    for dtype in ("f4", "f2"):
        for start, end, step in ((0, 2, 0.5), (0.25, 1, 0.25), (1, -1, -0.5), (0, 100, 7)):
            given = [scalar(each, dtype) for each in (start, end, step)]
            got = run_op("range_1d", opset, start=given[0], end=given[1], step=given[2])
            assert got.dtype == dtype
            expect(got, np.array(counted(start, end, step), dtype), exact=True)


@meaning("range_1d", "torch")
def counts_as_pytorch(opset: str) -> None:
    for bounds in ((0.0, 1.0, 0.1), (0.0, 10.0, 0.3), (2.0, -2.0, -0.7), (0.0, 0.5, 0.001)):
        start, end, step = bounds
        got = run_op("range_1d", opset, start=start, end=end, step=step)
        expect(got, peer("moving:arange", *bounds))


@meaning("range_1d", "values")
def some_sequences_do_not_end(opset: str) -> None:
    refused("range_1d", opset, "`step`", start=0.0, end=scalar(1, "f4"), step=scalar(0, "f4"))
    refused("range_1d", opset, "`step`", start=scalar(0), end=scalar(1), step=scalar(0))
    for end in (math.inf, math.nan):
        refused("range_1d", opset, "no number of steps", start=0.0, end=scalar(end, "f4"), step=1.0)
    refused("range_1d", opset, "no room", start=0.0, end=scalar(1e30, "f4"), step=1.0)


@meaning("one_hot", "loop")
def marks_one_place(opset: str) -> None:
    for shape in ((3,), (), (2, 3), (2, 0), (2, 1, 3)):
        indices = random(*shape, dtype="i4", low=-1, high=4)
        for axis in range(-len(shape) - 1, len(shape) + 1):
            place = axis % (len(shape) + 1)
            wanted = np.zeros((*shape[:place], 4, *shape[place:]), "f4")
            for at in np.ndindex(*wanted.shape):
                wanted[at] = 2.5 if at[place] == indices[at[:place] + at[place + 1 :]] else -1
            for size in (4, scalar(4)):
                got = run_op("one_hot", opset, indices=indices, one_hot_vector_size=size,
                             axis=axis, on_value=2.5, off_value=-1.0)  # fmt: skip
                expect(got, wanted, exact=True)


@meaning("one_hot", "torch")
def marks_as_pytorch(opset: str) -> None:
    indices = random(2, 3, dtype="i4", low=0, high=4)
    got = run_op("one_hot", opset, indices=indices, one_hot_vector_size=5)
    assert got.dtype == "i4"
    expect(got, peer("moving:one_hot", indices, 5), exact=True)


@meaning("one_hot", "values")
def marks_in_every_element_type(opset: str) -> None:
    indices = np.array([1, -1, 2, 0], "i4")
    for on, off, dtype in ((np.array(0.5, "f2"), np.array(0, "f2"), "f2"), (7, -7, "i4"),
                           (False, True, "?")):  # fmt: skip
        got = run_op("one_hot", opset, indices=indices, one_hot_vector_size=2, on_value=on,
                     off_value=off)  # fmt: skip
        on, off = np.array(on).item(), np.array(off).item()
        assert got.dtype == dtype
        expect(got, np.array([[off, on], [off, off], [off, off], [on, off]], dtype))
    got = run_op("one_hot", opset, indices=indices, one_hot_vector_size=0)
    assert got.shape == (4, 0)
    refused("one_hot", opset, "no room", indices=np.zeros((100, 100), "i4"),
            one_hot_vector_size=scalar(2**31 - 1))  # fmt: skip
    refused("one_hot", opset, "`one_hot_vector_size`", indices=indices,
            one_hot_vector_size=scalar(-1))  # fmt: skip
