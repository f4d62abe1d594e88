"""Ops that read at listed places, against loops over single places, and PyTorch."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from tests.meaning.cases import expect, level, meaning, random, refused, run_op
from tests.meaning.peer import peer

KINDS = {"ios15": ("f4", "f2", "i4"), "ios16": ("f4", "f2", "i4")}
INDICES = {"ios15": ("i4",), "ios16": ("i4", "i2", "u2")}


def kinds(opset: str) -> tuple[str, ...]:
    """The element types of what is read."""
    return KINDS.get(opset, ("f4", "f2", "i4", "i2", "u2", "i1", "u1"))


def index_kinds(opset: str) -> tuple[str, ...]:
    """The element types of indices."""
    return INDICES.get(opset, ("i4", "i2", "u2", "i1", "u1"))


def some(*shape: int, dtype: str = "f4", seed: int = 0) -> Any:
    """What is read."""
    return random(*shape, dtype=dtype, low=0 if dtype[0] == "u" else -90, high=90, seed=seed)


def listed(size: int, *shape: int, dtype: str = "i4", seed: int = 3) -> Any:
    """Indices of a dimension."""
    return random(*shape, dtype=dtype, low=0, high=size - 1, seed=seed)


def gathered(x: Any, indices: Any, axis: int, batches: int = 0) -> Any:
    """The definition of gather, place by place."""
    axis %= x.ndim
    inner = indices.shape[batches:]
    found = np.zeros(x.shape[:axis] + inner + x.shape[axis + 1 :], x.dtype)
    for at in np.ndindex(*found.shape):
        ahead, own, behind = at[:axis], at[axis : axis + len(inner)], at[axis + len(inner) :]
        found[at] = x[(*ahead, int(indices[at[:batches] + own]), *behind)]
    return found


@meaning("gather", "loop")
def reads_slices(opset: str) -> None:
    for shape, around in (((5,), (3,)), ((5, 4), ()), ((2, 5, 3), (2, 2)), ((2, 3, 1, 2), (0,))):
        for axis in range(-len(shape), len(shape)):
            x, indices = some(*shape), listed(shape[axis], *around)
            got = run_op("gather", opset, x=x, indices=indices, axis=axis)
            expect(got, gathered(x, indices, axis), exact=True)


@meaning("gather", "loop")
def reads_every_element_type(opset: str) -> None:
    for kind, index_kind in product(kinds(opset), index_kinds(opset)):
        x, indices = some(4, 3, dtype=kind), listed(4, 5, dtype=index_kind)
        got = run_op("gather", opset, x=x, indices=indices)
        assert got.dtype == x.dtype
        expect(got, gathered(x, indices, 0), exact=True)


@meaning("gather", "loop", "ios16", "ios17")
def shares_leading_dimensions(opset: str) -> None:
    for shape, around, axis, batches in (
        ((2, 5, 3), (2, 4), 1, 1), ((2, 5, 3), (2, 4), 2, 1), ((2, 3, 4, 5), (2, 3), 2, 2),
        ((2, 3, 4, 5), (2, 3, 2, 2), -1, 2), ((2, 3, 4), (2,), 1, 1), ((2, 0, 4), (2, 3), 2, 1),
    ):  # fmt: skip
        x, indices = some(*shape), listed(shape[axis], *around)
        got = run_op("gather", opset, x=x, indices=indices, axis=axis, batch_dims=batches)
        expect(got, gathered(x, indices, axis, batches), exact=True)
    x, indices = some(2, 5, 3), listed(5, 2, 4)
    got = run_op("gather", opset, x=x, indices=indices, axis=1, batch_dims=-1)
    expect(got, gathered(x, indices, 1, 1), exact=True)


@meaning("gather", "values", "ios16", "ios17")
def shared_dimensions_have_to_agree(opset: str) -> None:
    refused(
        "gather", opset, "`batch_dims` is 1", x=some(2, 5), indices=listed(5, 3, 2), axis=1,
        batch_dims=1,
    )  # fmt: skip
    refused(
        "gather", opset, "`axis` is 0", x=some(2, 5), indices=listed(2, 2, 2), axis=0, batch_dims=1
    )


@meaning("gather", "values")
def negative_indices_count_from_the_end(opset: str) -> None:
    x, indices = np.array([1, 2, 3], "f4"), np.array([-1, 0, -3], "i4")
    expect(run_op("gather", opset, x=x, indices=indices), np.array([3, 1, 1], "f4"))


@meaning("gather", "values", "ios15", "ios16")
def there_is_nothing_beyond(opset: str) -> None:
    x = np.array([1, 2, 3], "f4")
    for wrong in (3, -4):
        about = f"`indices` holds {wrong}, no place in a dimension of 3"
        refused("gather", opset, about, x=x, indices=np.array([0, wrong], "i4"))


@meaning("gather", "values", "ios17")
def unchecked_indices_beyond_read_0(opset: str) -> None:
    x, indices = np.array([[1, 2, 3], [4, 5, 6]], "f4"), np.array([3, 0, -4, -1], "i4")
    wanted = np.array([[0, 1, 0, 3], [0, 4, 0, 6]], "f4")
    expect(run_op("gather", opset, x=x, indices=indices, axis=1), wanted, exact=True)
    got = run_op("gather", opset, x=x, indices=indices, axis=1, validate_indices=False)
    expect(got, wanted, exact=True)
    shared = np.array([[5, 1], [0, 2]], "i4")
    got = run_op("gather", opset, x=x, indices=shared, axis=1, batch_dims=1)
    expect(got, np.array([[0, 2], [4, 6]], "f4"), exact=True)


@meaning("gather", "values", "ios17")
def checked_indices_are_places(opset: str) -> None:
    x = np.array([1, 2, 3], "f4")
    for wrong in (3, -1):
        indices = np.array([0, wrong], "i4")
        refused("gather", opset, f"{wrong}", x=x, indices=indices, validate_indices=True)
    got = run_op("gather", opset, x=x, indices=np.array([2, 0], "i4"), validate_indices=True)
    expect(got, np.array([3, 1], "f4"))


@meaning("gather", "values")
def nothing_is_read_from_nothing(opset: str) -> None:
    none = np.zeros((0,), "i4")
    expect(run_op("gather", opset, x=np.zeros((0, 3), "f4"), indices=none), np.zeros((0, 3)))
    refused("gather", opset, "no place in a dimension of 0", x=np.zeros((0, 3), "f4"),
            indices=np.array([0], "i4"))  # fmt: skip


@meaning("gather", "torch")
def embeds_as_pytorch(opset: str) -> None:
    table, tokens = random(50, 8, dtype="f2"), listed(50, 2, 7)
    wanted = peer("moving:embedding", tokens, table)
    expect(run_op("gather", opset, x=table, indices=tokens, axis=0), wanted, exact=True)


@meaning("gather_along_axis", "torch")
def reads_lines_as_pytorch(opset: str) -> None:
    for shape in ((5,), (3, 4), (2, 3, 4), (1, 2, 3, 2)):
        for axis in range(-len(shape), len(shape)):
            for length in (1, 6, 0):
                around = list(shape)
                around[axis] = length
                x, indices = some(*shape), listed(shape[axis], *around)
                got = run_op("gather_along_axis", opset, x=x, indices=indices, axis=axis)
                expect(got, peer("moving:gather", x, axis, indices), exact=True)


@meaning("gather_along_axis", "loop")
def reads_lines_of_every_element_type(opset: str) -> None:
    for kind, index_kind in product(kinds(opset), index_kinds(opset)):
        x, indices = some(4, 3, dtype=kind), listed(4, 2, 3, dtype=index_kind)
        got = run_op("gather_along_axis", opset, x=x, indices=indices)
        assert got.dtype == x.dtype
        wanted = [[x[int(indices[i, j]), j] for j in range(3)] for i in range(2)]
        expect(got, np.array(wanted), exact=True)


@meaning("gather_along_axis", "values")
def lines_end(opset: str) -> None:
    x = np.array([[1, 2, 3], [4, 5, 6]], "f4")
    negative = np.array([[-1, 0], [-3, -2]], "i4")
    got = run_op("gather_along_axis", opset, x=x, indices=negative, axis=1)
    expect(got, np.array([[3, 1], [4, 5]], "f4"))
    beyond = np.array([[3, 0], [-4, 2]], "i4")
    if level(opset) < 17:
        refused("gather_along_axis", opset, "`indices` holds 3", x=x, indices=beyond, axis=1)
        return
    got = run_op("gather_along_axis", opset, x=x, indices=beyond, axis=1)
    expect(got, np.array([[0, 1], [0, 6]], "f4"), exact=True)
    for wrong in (beyond, negative):
        refused("gather_along_axis", opset, "no place in a dimension of 3", x=x, indices=wrong,
                axis=1, validate_indices=True)  # fmt: skip


def rows_of(shape: tuple[int, ...], *around: int, dtype: str = "i4") -> Any:
    """Rows of places in the dimensions of a shape."""
    columns = [listed(size, *around, dtype=dtype, seed=at) for at, size in enumerate(shape)]
    return np.stack(columns, -1) if columns else np.zeros((*around, 0), dtype)


def gathered_rows(x: Any, rows: Any, batches: int = 0) -> Any:
    """The definition of gather_nd, row by row."""
    around, depth = rows.shape[:-1], rows.shape[-1]
    found = np.zeros(around + x.shape[batches + depth :], x.dtype)
    for at in np.ndindex(*around):
        found[at] = x[at[:batches] + tuple(map(int, rows[at]))]
    return found


@meaning("gather_nd", "loop")
def reads_rows(opset: str) -> None:
    for shape, depth in (((4,), 1), ((3, 4), 1), ((3, 4), 2), ((2, 3, 4), 2), ((2, 3, 4), 3)):
        for around in ((5,), (2, 3), (), (0,)):
            x, rows = some(*shape), rows_of(shape[:depth], *around)
            got = run_op("gather_nd", opset, x=x, indices=rows)
            expect(got, gathered_rows(x, rows), exact=True)
    x, rows = some(2, 3), rows_of((), 4)
    expect(run_op("gather_nd", opset, x=x, indices=rows), gathered_rows(x, rows), exact=True)


@meaning("gather_nd", "loop")
def reads_rows_of_every_element_type(opset: str) -> None:
    for kind, index_kind in product(kinds(opset), index_kinds(opset)):
        x, rows = some(4, 3, dtype=kind), rows_of((4, 3), 5, dtype=index_kind)
        got = run_op("gather_nd", opset, x=x, indices=rows)
        assert got.dtype == x.dtype
        expect(got, gathered_rows(x, rows), exact=True)


@meaning("gather_nd", "loop", "ios16", "ios17")
def rows_share_leading_dimensions(opset: str) -> None:
    for shape, around, depth, batches in (
        ((2, 5, 4, 3), (2, 7), 2, 1), ((2, 3, 4, 5), (2, 3), 1, 2), ((2, 3, 4, 5), (2, 3, 2), 2, 2),
        ((2, 3), (2,), 1, 1), ((2, 3, 4), (2, 5), 0, 1),
    ):  # fmt: skip
        x, rows = some(*shape), rows_of(shape[batches : batches + depth], *around)
        got = run_op("gather_nd", opset, x=x, indices=rows, batch_dims=batches)
        expect(got, gathered_rows(x, rows, batches), exact=True)
    refused("gather_nd", opset, "`batch_dims` is 1", x=some(2, 5), indices=rows_of((5,), 3),
            batch_dims=1)  # fmt: skip


@meaning("gather_nd", "values")
def rows_end(opset: str) -> None:
    x = np.array([[1, 2, 3], [4, 5, 6]], "f4")
    negative = np.array([[-1, -1], [-2, 1]], "i4")
    expect(run_op("gather_nd", opset, x=x, indices=negative), np.array([6, 2], "f4"))
    beyond = np.array([[2, 0], [0, 3], [1, 1]], "i4")
    if level(opset) < 17:
        refused("gather_nd", opset, "`indices` holds 2, no place in a dimension of 2", x=x,
                indices=beyond)  # fmt: skip
        return
    got = run_op("gather_nd", opset, x=x, indices=beyond)
    expect(got, np.array([0, 0, 5], "f4"), exact=True)
    for wrong in (beyond, negative):
        refused("gather_nd", opset, "no place", x=x, indices=wrong, validate_indices=True)


@meaning("gather", "values", "ios17")
def a_scalar_index_out_of_bounds_reads_zero(opset: str) -> None:
    given = run_op("gather", opset, x=np.array([5, 7], "i4"), indices=np.array(9, "i4"), axis=0)
    expect(given, np.array(0, "i4"))
