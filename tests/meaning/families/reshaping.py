"""Ops that give another shape: elements keep their order, so lists of them are the oracle."""

from __future__ import annotations

from typing import Any

import numpy as np

from milc.driver.evaluating import Run
from milc.syntax.parse import parse
from tests.meaning.cases import level, meaning, random, refused, run_op


def kinds(opset: str) -> tuple[str, ...]:
    """The element types that can get another shape."""
    wide = ("f4", "f2", "i4", "?")
    return wide if level(opset) < 17 else (*wide, "i1", "i2", "u1", "u2")


def some(*shape: int, dtype: str = "f4") -> Any:
    """What gets another shape."""
    return random(*shape, dtype=dtype, low=0 if dtype[0] == "u" else -90, high=90)


def has(got: Any, shape: tuple[int, ...], x: Any) -> None:
    """A result has a shape, and the elements of `x` in their order."""
    assert got.shape == shape, f"{got.shape}, not {shape}"
    assert got.dtype == x.dtype
    assert got.ravel().tolist() == x.ravel().tolist()


@meaning("expand_dims", "values")
def inserts_dimensions(opset: str) -> None:
    x = some(2, 3)
    for axes, shape in (
        ((0,), (1, 2, 3)), ((1,), (2, 1, 3)), ((-1,), (2, 3, 1)), ((-3,), (1, 2, 3)),
        ((0, -1), (1, 2, 3, 1)), ((3, 1), (2, 1, 3, 1)), ((0, 1, 3), (1, 1, 2, 1, 3)),
    ):  # fmt: skip
        has(run_op("expand_dims", opset, x=x, axes=axes), shape, x)
    has(run_op("expand_dims", opset, x=some(), axes=(0,)), (1,), some())
    has(run_op("expand_dims", opset, x=some(0), axes=(-2,)), (1, 0), some(0))
    for dtype in kinds(opset):
        x = some(2, 3, dtype=dtype)
        has(run_op("expand_dims", opset, x=x, axes=(1,)), (2, 1, 3), x)


@meaning("squeeze", "values")
def removes_dimensions(opset: str) -> None:
    x = some(1, 2, 1, 3, 1)
    for axes, shape in (
        ((0,), (2, 1, 3, 1)), ((-1,), (1, 2, 1, 3)), ((2, 0), (2, 3, 1)), ((0, 2, 4), (2, 3)),
        ((-5, 1, -1), (2, 1, 3)),
    ):  # fmt: skip
        has(run_op("squeeze", opset, x=x, axes=axes, flexible=False), shape, x)
    has(run_op("squeeze", opset, x=x, flexible=False), (2, 3), x)
    has(run_op("squeeze", opset, x=some(1, 1), flexible=False), (), some(1, 1))
    has(run_op("squeeze", opset, x=some(2, 3), axes=(0,), flexible=False), (2, 3), some(2, 3))
    for dtype in kinds(opset):
        x = some(2, 1, 3, dtype=dtype)
        has(run_op("squeeze", opset, x=x, axes=(1,), flexible=False), (2, 3), x)


@meaning("squeeze", "values")
def dimensions_of_unknown_length_stay(opset: str) -> None:
    """Of a shape that is open in the program, nothing goes, even if it turns out to be 1."""
    text = f"""program(1.3)
    {{
        func main<{opset}>(tensor<fp32, [?, 1, 3]> x) {{
            tensor<fp32, [?, 3]> y = squeeze(x = x);
            tensor<fp32, [?, 1, 3]> z = squeeze(x = x, axes = tensor<int32, [1]>([0]));
        }} -> (y, z);
    }}"""
    run = Run(parse(text))
    for batch in (2, 1, 0):
        x = some(batch, 1, 3)
        has(run({"x": x})["y"], (batch, 3), x)
        has(run({"x": x})["z"], (batch, 1, 3), x)


@meaning("reshape", "values")
def takes_lengths(opset: str) -> None:
    x = some(2, 3, 4)
    for shape, wanted in (
        ((24,), (24,)), ((4, 6), (4, 6)), ((-1,), (24,)), ((2, -1), (2, 12)), ((-1, 8), (3, 8)),
        ((0, 6, 2), (2, 6, 2)), ((0, -1, 0), (2, 3, 4)), ((0, 0, -1), (2, 3, 4)),
        ((1, -1, 24), (1, 1, 24)), ((1, 2, 3, 4, 1), (1, 2, 3, 4, 1)),
    ):  # fmt: skip
        has(run_op("reshape", opset, x=x, shape=shape), wanted, x)
        has(run_op("reshape", opset, x=x, shape=np.array(shape, "i4")), wanted, x)
    for dtype in kinds(opset):
        x = some(2, 3, dtype=dtype)
        has(run_op("reshape", opset, x=x, shape=(3, -1)), (3, 2), x)


@meaning("reshape", "values")
def takes_scalars_and_nothing(opset: str) -> None:
    has(run_op("reshape", opset, x=some(), shape=(1, 1)), (1, 1), some())
    has(run_op("reshape", opset, x=some(1), shape=(-1, 1)), (1, 1), some(1))
    nothing = some(0, 3)
    has(run_op("reshape", opset, x=nothing, shape=np.array([3, -1], "i4")), (3, 0), nothing)
    has(run_op("reshape", opset, x=nothing, shape=np.array([0, 3], "i4")), (0, 3), nothing)


@meaning("reshape", "values", "ios17")
def zeros_count_from_the_end(opset: str) -> None:
    x = some(2, 50)
    for shape, wanted in (((1, 1, -1, 0), (1, 1, 2, 50)), ((0, 0, 2, 50), (1, 1, 2, 50)),
                          ((1, 0, 0), (1, 2, 50)), ((-1, 0), (2, 50)), ((10, 5, -1), (10, 5, 2)),
                          ((0, 100, 1), (1, 100, 1))):  # fmt: skip
        has(run_op("reshape", opset, x=x, shape=shape), wanted, x)
        has(run_op("reshape", opset, x=x, shape=np.array(shape, "i4")), wanted, x)
    for dtype in ("i1", "i2"):
        has(run_op("reshape", opset, x=x, shape=np.array([0, -1], dtype)), (2, 50), x)


@meaning("reshape", "values")
def other_numbers_of_elements_are_refused(opset: str) -> None:
    for shape in ((5,), (7, -1), (-1, -1), (-2, -3), (2, 4)):
        refused("reshape", opset, "shape", x=some(2, 3), shape=np.array(shape, "i4"))


@meaning("reshape_like", "values")
def takes_dimensions_of_others(opset: str) -> None:
    x, a, b = some(36), some(2, 3, 4), some(1, 6)
    for begins, ends, masks in (
        ((0, 1), (2, 0), (False, True)), ((0, -1), (-1, 7), (False, False)),
        ((-3, 1), (2, 2), (False, False)),
    ):  # fmt: skip
        got = run_op(
            "reshape_like", opset, x=x, ref_tensors=[a, b], begins=list(begins), ends=list(ends),
            end_masks=list(masks), flexible=False,
        )  # fmt: skip
        has(got, (2, 3, 6), x)
    for dtype in kinds(opset):
        x = some(24, dtype=dtype)
        got = run_op("reshape_like", opset, x=x, ref_tensors=[a], begins=[0], ends=[0],
                     end_masks=[True], flexible=False)  # fmt: skip
        has(got, (2, 3, 4), x)
    refused("reshape_like", opset, "C3", x=some(24), ref_tensors=[a], begins=[0], ends=[1],
            end_masks=[False])  # fmt: skip


@meaning("reshape", "values", "ios15")
def a_zero_without_a_dimension_is_refused(opset: str) -> None:
    about = "has a 0 at a place"
    refused("reshape", opset, about, x=random(2, 2), shape=np.array([2, 2, 0], "i4"))
