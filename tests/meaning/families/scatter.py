"""Ops that write at listed places, against loops over single updates, and PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.meaning.cases import expect, level, meaning, random, refused, run_op
from tests.meaning.families.gather import listed, rows_of
from tests.meaning.peer import peer

FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "update": lambda _, new: new,
    "add": lambda old, new: old + new,
    "sub": lambda old, new: old - new,
    "mul": lambda old, new: old * new,
    "div": lambda old, new: old / new,
    "max": max,
    "min": min,
}
"""What each mode does with what is there and an update."""


def some(*shape: int, dtype: str = "f4", seed: int = 0) -> Any:
    """Data, or updates, of which none is 0."""
    made = random(*shape, dtype=dtype, low=1, high=5, seed=seed)
    return made * np.where(random(*shape, dtype="?", seed=seed + 1), 1, -1).astype(dtype)


def written(data: Any, places: Any, updates: Any, mode: str) -> Any:
    """Updates combined one by one with what is at places: pairs of where and which."""
    result = data.astype("f8")
    for place, update in zip(places, updates, strict=True):
        result[place] = FUNCTIONS[mode](result[place], float(update))
        if data.dtype.kind == "i":
            result[place] = np.trunc(result[place])
    return result


def scattered(data: Any, indices: Any, updates: Any, axis: int, mode: str) -> Any:
    """The definition of scatter."""
    axis %= data.ndim
    slots = list(np.ndindex(*updates.shape))
    places = [(*at[:axis], int(indices[at[axis]]), *at[axis + 1 :]) for at in slots]
    return written(data, places, [updates[at] for at in slots], mode)


@meaning("scatter", "loop")
def writes_slices_in_every_mode(opset: str) -> None:
    for mode in FUNCTIONS:
        for dtype in ("f4", "f2", "i4"):
            for shape, count in (((5,), 8), ((4, 3), 2), ((2, 5, 3), 7), ((2, 3, 1, 2), 0)):
                for axis in {0, -1, 1 % len(shape)}:
                    around = list(shape)
                    around[axis] = count
                    data, updates = some(*shape, dtype=dtype), some(*around, dtype=dtype, seed=5)
                    indices = listed(shape[axis], count)
                    got = run_op("scatter", opset, data=data, indices=indices, updates=updates,
                                 axis=axis, mode=mode)  # fmt: skip
                    assert got.dtype == data.dtype
                    expect(got, scattered(data, indices, updates, axis, mode))


@meaning("scatter", "values")
def adds_along_the_first_axis_by_default(opset: str) -> None:
    data, updates = np.array([[1, 2], [3, 4]], "f4"), np.array([[10, 20], [30, 40]], "f4")
    got = run_op("scatter", opset, data=data, indices=np.array([1, 1], "i4"), updates=updates)
    expect(got, np.array([[1, 2], [43, 64]], "f4"))


@meaning("scatter", "values")
def the_last_update_of_a_place_stays(opset: str) -> None:
    data, updates = np.zeros(3, "f4"), np.array([1, 2, 3], "f4")
    got = run_op("scatter", opset, data=data, indices=np.array([2, 0, 2], "i4"), updates=updates,
                 mode="update")  # fmt: skip
    expect(got, np.array([2, 0, 3], "f4"))
    assert not data.any()


@meaning("scatter", "values")
def small_sums_are_rounded_once(opset: str) -> None:
    """A thousand times 1 on top of 2048 in fp16, each of which alone would be rounded away."""
    updates, indices = np.ones(1000, "f2"), np.zeros(1000, "i4")
    got = run_op("scatter", opset, data=np.array([2048], "f2"), indices=indices, updates=updates)
    expect(got, np.array([3048], "f2"), exact=True)


@meaning("scatter", "values")
def integers_wrap_and_divide_towards_0(opset: str) -> None:
    data, indices = np.array([7, -7, 7, 2**31 - 1], "i4"), np.arange(4, dtype="i4")
    got = run_op("scatter", opset, data=data, indices=indices, mode="div",
                 updates=np.array([2, 2, -2, 1], "i4"))  # fmt: skip
    expect(got, np.array([3, -3, -3, 2**31 - 1]))
    got = run_op("scatter", opset, data=data, indices=indices, mode="add",
                 updates=np.array([0, 0, 0, 1], "i4"))  # fmt: skip
    expect(got, np.array([7, -7, 7, -(2**31)]))
    got = run_op("scatter", opset, data=data, indices=indices, mode="div",
                 updates=np.array([0, 1, 1, 1], "i4"))  # fmt: skip
    expect(got, np.array([0, -7, 7, 2**31 - 1]))


@meaning("scatter", "values")
def floats_that_are_not_finite_spread(opset: str) -> None:
    data, indices = np.array([1, 1, 0, 1], "f4"), np.arange(4, dtype="i4")
    updates = np.array([0, np.inf, 0, np.nan], "f4")
    got = run_op("scatter", opset, data=data, indices=indices, updates=updates, mode="div")
    expect(got, np.array([np.inf, 0, np.nan, np.nan], "f4"))
    got = run_op("scatter", opset, data=data, indices=indices, updates=updates, mode="max")
    expect(got, np.array([1, np.inf, 0, np.nan], "f4"))


@meaning("scatter", "torch")
def adds_as_pytorch(opset: str) -> None:
    for axis in (0, 1, -1):
        data, indices = random(4, 5, 3), listed(3, 20)
        shape = list(data.shape)
        shape[axis] = 20
        updates = random(*shape, seed=1)
        for mode, alpha in (("add", 1), ("sub", -1)):
            got = run_op("scatter", opset, data=data, indices=indices, updates=updates, axis=axis,
                         mode=mode)  # fmt: skip
            expect(got, peer("moving:index_add", data, axis, indices, updates, alpha))


@meaning("scatter", "values")
def indices_end(opset: str) -> None:
    """The values are those of coremltools' tests, and its test of a missing check."""
    data = np.array([[1, 2, 3], [4, 5, 6]], "f4")
    updates = np.array([[5, 6, 7], [8, 9, 10]], "f4")
    given = {"data": data, "updates": updates}
    got = run_op("scatter", opset, indices=np.array([-1, 0], "i4"), **given)
    expect(got, np.array([[9, 11, 13], [9, 11, 13]], "f4"))
    beyond = np.array([10, 0], "i4")
    if level(opset) < 17:
        refused("scatter", opset, "`indices` holds 10", indices=beyond, **given)
        return
    got = run_op("scatter", opset, indices=beyond, **given)
    expect(got, np.array([[9, 11, 13], [4, 5, 6]], "f4"))
    for wrong in (beyond, np.array([-1, 0], "i4")):
        refused("scatter", opset, "of 2", indices=wrong, validate_indices=True, **given)


def along(data: Any, indices: Any, updates: Any, axis: int, mode: str) -> Any:
    """The definition of scatter_along_axis."""
    axis %= data.ndim
    slots = list(np.ndindex(*updates.shape))
    places = [(*at[:axis], int(indices[at]), *at[axis + 1 :]) for at in slots]
    return written(data, places, [updates[at] for at in slots], mode)


@meaning("scatter_along_axis", "loop")
def writes_lines_in_every_mode(opset: str) -> None:
    for mode in FUNCTIONS:
        for dtype in ("f4", "f2", "i4"):
            for shape in ((5,), (3, 4), (2, 3, 2)):
                for axis in range(-len(shape), len(shape)):
                    around = list(shape)
                    around[axis] = 4
                    data, updates = some(*shape, dtype=dtype), some(*around, dtype=dtype, seed=5)
                    indices = listed(shape[axis], *around)
                    got = run_op("scatter_along_axis", opset, data=data, indices=indices,
                                 updates=updates, axis=axis, mode=mode)  # fmt: skip
                    assert got.dtype == data.dtype
                    expect(got, along(data, indices, updates, axis, mode))


@meaning("scatter_along_axis", "torch")
def reduces_as_pytorch(opset: str) -> None:
    reductions = {"add": "sum", "mul": "prod", "max": "amax", "min": "amin"}
    for mode, reduce in reductions.items():
        for axis in (0, 1, 2):
            data, updates = random(3, 4, 5), random(3, 4, 5, seed=1)
            indices = listed(data.shape[axis], 3, 4, 5)
            got = run_op("scatter_along_axis", opset, data=data, indices=indices, updates=updates,
                         axis=axis, mode=mode)  # fmt: skip
            expect(got, peer("moving:scatter_reduce", data, axis, indices, updates, reduce))


@meaning("scatter_along_axis", "values")
def lines_end(opset: str) -> None:
    """The values of coremltools' tests, and of what it leaves open."""
    data = np.array([[1, 2, 3], [4, 5, 6]], "f4")
    given: dict[str, Any] = {"data": data, "updates": np.array([[5, 6, 7], [8, 9, 10]], "f4")}
    right = np.array([[1, 0, 1], [1, 1, 0]], "i4")
    got = run_op("scatter_along_axis", opset, indices=right, mode="update", **given)
    expect(got, np.array([[1, 6, 10], [8, 9, 7]], "f4"))
    got = run_op("scatter_along_axis", opset, indices=right, **given)
    expect(got, np.array([[1, 8, 13], [17, 14, 13]], "f4"))
    negative, beyond = right - 2, np.array([[1, 10, 1], [1, 1, 0]], "i4")
    got = run_op("scatter_along_axis", opset, indices=negative, mode="update", **given)
    expect(got, np.array([[1, 6, 10], [8, 9, 7]], "f4"))
    if level(opset) < 17:
        refused("scatter_along_axis", opset, "`indices` holds 10", indices=beyond, **given)
        return
    got = run_op("scatter_along_axis", opset, indices=beyond, mode="update", **given)
    expect(got, np.array([[1, 2, 10], [8, 9, 7]], "f4"))
    for wrong in (beyond, negative):
        refused("scatter_along_axis", opset, "of 2", indices=wrong, validate_indices=True, **given)


def by_rows(data: Any, rows: Any, updates: Any, mode: str) -> Any:
    """The definition of scatter_nd."""
    around = rows.ndim - 1
    slots = list(np.ndindex(*updates.shape))
    places = [(*map(int, rows[at[:around]]), *at[around:]) for at in slots]
    return written(data, places, [updates[at] for at in slots], mode)


@meaning("scatter_nd", "loop")
def writes_rows_in_every_mode(opset: str) -> None:
    for mode in FUNCTIONS:
        for dtype in ("f4", "f2", "i4"):
            for shape, depth in (((4,), 1), ((3, 4), 1), ((3, 4), 2), ((2, 3, 4), 2), ((2, 3), 0)):
                for around in ((5,), (2, 3), (0,)):
                    data, rows = some(*shape, dtype=dtype), rows_of(shape[:depth], *around)
                    updates = some(*around, *shape[depth:], dtype=dtype, seed=5)
                    got = run_op("scatter_nd", opset, data=data, indices=rows, updates=updates,
                                 mode=mode)  # fmt: skip
                    assert got.dtype == data.dtype
                    expect(got, by_rows(data, rows, updates, mode))


@meaning("scatter_nd", "values")
def rows_end(opset: str) -> None:
    data, updates = np.array([[1, 2, 3], [4, 5, 6]], "f4"), np.array([5, 10], "f4")
    given = {"data": data, "updates": updates}
    got = run_op("scatter_nd", opset, indices=np.array([[1, 0], [0, -1]], "i4"), **given)
    expect(got, np.array([[1, 2, 13], [9, 5, 6]], "f4"))
    beyond = np.array([[1, 0], [0, 3]], "i4")
    if level(opset) < 17:
        refused("scatter_nd", opset, "`indices` holds 3, no place in a dimension of 3",
                indices=beyond, **given)  # fmt: skip
        return
    got = run_op("scatter_nd", opset, indices=beyond, **given)
    expect(got, np.array([[1, 2, 3], [9, 5, 6]], "f4"))
    for wrong in (beyond, np.array([[1, 0], [0, -1]], "i4")):
        refused("scatter_nd", opset, "of 3", indices=wrong, validate_indices=True, **given)
