"""Ops that join tensors and cut them, against loops over single elements, and PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.meaning.cases import expect, meaning, random, refused, run_op
from tests.meaning.peer import peer

KINDS = ("f4", "f2", "i4", "?")


def joined(parts: list[Any], axis: int) -> Any:
    """Tensors end to end, element by element."""
    axis %= parts[0].ndim
    shape = list(parts[0].shape)
    shape[axis] = sum(part.shape[axis] for part in parts)
    found = np.zeros(shape, parts[0].dtype)
    begin = 0
    for part in parts:
        for at in np.ndindex(*part.shape):
            found[(*at[:axis], at[axis] + begin, *at[axis + 1 :])] = part[at]
        begin += part.shape[axis]
    return found


@meaning("concat", "loop")
def joins_end_to_end(opset: str) -> None:
    for dtype in KINDS:
        for shape in ((3,), (2, 3), (2, 1, 3), (1, 2, 2, 3), (1, 2, 1, 2, 2)):
            for axis in range(-len(shape), len(shape)):
                parts = []
                for number, length in enumerate((2, 0, 3)):
                    around = list(shape)
                    around[axis] = length
                    parts.append(random(*around, dtype=dtype, seed=number))
                got = run_op("concat", opset, values=parts, axis=axis)
                assert got.dtype == parts[0].dtype
                expect(got, joined(parts, axis), exact=True)


@meaning("concat", "values")
def one_operand_stays_as_it_is(opset: str) -> None:
    x = random(2, 3)
    expect(run_op("concat", opset, values=[x], axis=1), x)
    expect(run_op("concat", opset, values=[x], axis=1, interleave=True), x)


@meaning("concat", "values")
def scalars_become_a_vector(opset: str) -> None:
    scalars = [np.array(each, "i4") for each in (3, 1, 2)]
    expect(run_op("concat", opset, values=scalars, axis=0), np.array([3, 1, 2]))


@meaning("concat", "values")
def slices_take_turns(opset: str) -> None:
    """The first values are those of coremltools' test."""
    x = np.array([[1, 2], [3, 4]], "f4").reshape(1, 2, 2)
    y = np.array([[5, 6], [7, 8]], "f4").reshape(1, 2, 2)
    got = run_op("concat", opset, values=[x, y], axis=1, interleave=True)
    expect(got, np.array([[[1, 2], [5, 6], [3, 4], [7, 8]]], "f4"))
    for axis, wanted in ((2, [[1, 5, 2, 6], [3, 7, 4, 8]]), (-1, [[1, 5, 2, 6], [3, 7, 4, 8]])):
        got = run_op("concat", opset, values=[x, y], axis=axis, interleave=True)
        expect(got, np.array([wanted], "f4"))
    got = run_op("concat", opset, values=[x, y], axis=0, interleave=True)
    expect(got, np.array([[[1, 2], [3, 4]], [[5, 6], [7, 8]]], "f4"))
    got = run_op("concat", opset, values=[x[:, :0], y[:, :0]], axis=1, interleave=True)
    expect(got, np.zeros((1, 0, 2), "f4"))


@meaning("concat", "values")
def shapes_that_come_to_differ_are_refused(opset: str) -> None:
    refused("concat", opset, "C5", values=[random(2, 3), random(3, 3)], axis=1)


@meaning("stack", "loop")
def lays_side_by_side(opset: str) -> None:
    for dtype in KINDS:
        for shape in ((), (3,), (2, 3), (2, 0, 1), (1, 2, 2, 3)):
            parts = [random(*shape, dtype=dtype, seed=seed) for seed in range(3)]
            for axis in range(-len(shape) - 1, len(shape) + 1):
                place = axis % (len(shape) + 1)
                wanted = np.zeros((*shape[:place], 3, *shape[place:]), dtype)
                for at in np.ndindex(*wanted.shape):
                    wanted[at] = parts[at[place]][at[:place] + at[place + 1 :]]
                got = run_op("stack", opset, values=parts, axis=axis)
                assert got.dtype == parts[0].dtype
                expect(got, wanted, exact=True)


@meaning("stack", "values")
def one_operand_gets_a_dimension(opset: str) -> None:
    x = random(2, 3)
    expect(run_op("stack", opset, values=[x], axis=-1), x[..., None])


@meaning("split", "torch")
def cuts_as_pytorch(opset: str) -> None:
    for dtype in KINDS:
        x = random(4, 6, 3, dtype=dtype)
        for axis, sizes in ((1, (1, 5)), (1, (2, 3, 1)), (0, (0, 4)), (-1, (3,)), (-2, (6, 0))):
            wanted = peer("moving:split", x, list(sizes), axis)
            for extra in ({}, {"num_splits": len(sizes)}):
                got = run_op("split", opset, x=x, split_sizes=sizes, axis=axis, results=len(sizes),
                             **extra)  # fmt: skip
                got = (got,) if len(sizes) == 1 else got
                assert all(part.dtype == x.dtype for part in got)
                expect(got, wanted, exact=True)


@meaning("split", "torch")
def cuts_equal_parts(opset: str) -> None:
    x = random(4, 6)
    for axis, count in ((1, 2), (1, 3), (-1, 6), (0, 4), (-2, 2), (1, 1)):
        wanted = peer("moving:split", x, [x.shape[axis] // count] * count, axis)
        got = run_op("split", opset, x=x, num_splits=count, axis=axis, results=count)
        expect((got,) if count == 1 else got, wanted, exact=True)


@meaning("split", "values")
def parts_that_do_not_add_up_are_refused(opset: str) -> None:
    x = random(4, 6)
    refused("split", opset, "C7", x=x, split_sizes=(1, 2), axis=1, results=2)
    refused("split", opset, "C4", x=x, num_splits=4, axis=1, results=4)
