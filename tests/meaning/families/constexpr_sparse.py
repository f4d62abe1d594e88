"""Sparse constants, against loops over their elements and coremltools' own expansion."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from tests.meaning.cases import expect, meaning, random, run_op
from tests.meaning.elements import small
from tests.meaning.families.constexpr import (
    BLOCKS,
    DATA,
    FLOATS,
    NUMBERS,
    PLAIN,
    TABLES,
    elements,
    lut_by_loop,
    near,
    options,
    packed,
    plain,
    scaled_by_loop,
)
from tests.meaning.peer import peer
from tests.meaning.text import fails, ran

SHAPES = ((1,), (5,), (8,), (3, 3), (2, 1, 3, 7), (0, 3), (64, 64))


def masks(*shape: int) -> list[Any]:
    """A mask with some ones, one with none and one with nothing else."""
    zeros = np.zeros(shape, "u1")
    return [small(each, "uint1") for each in (elements("uint1", *shape, seed=9), zeros, zeros + 1)]


def filled(mask: Any, data: Any) -> Any:
    """The elements where a mask is 1, one after the other, else 0."""
    left = iter(plain(data).ravel())
    found = [next(left) if marked else 0 for marked in plain(mask).ravel().tolist()]
    return np.array(found, data.dtype).reshape(mask.shape)


@meaning("constexpr_sparse_to_dense", "loop", "ios16")
def what_a_packed_mask_marks(opset: str) -> None:
    for kind, shape in product(PLAIN, (*SHAPES, ())):
        for mask in masks(*shape):
            data = elements(kind, int(mask.sum()))
            given = run_op(
                "constexpr_sparse_to_dense", opset, nonzero_data=data, mask=packed(mask, 1),
                shape=np.array(shape, "u4"),
            )  # fmt: skip
            assert given.dtype == data.dtype
            expect(given, filled(mask, data), exact=True)


@meaning("constexpr_sparse_to_dense", "peer", "ios16")
def what_a_packed_mask_marks_as_coremltools_has_it(opset: str) -> None:
    mask = masks(16, 24)[0]
    data = elements("fp16", int(mask.sum()))
    given = run_op(
        "constexpr_sparse_to_dense", opset, nonzero_data=data, mask=packed(mask, 1),
        shape=np.array((16, 24), "u4"),
    )  # fmt: skip
    wanted = peer("constexpr:sparse_packed", data, packed(mask, 1), (16, 24))
    expect(given, wanted, exact=True)


@meaning("constexpr_sparse_to_dense", "loop", "ios18")
def what_a_mask_marks(opset: str) -> None:
    for kind, shape in product(DATA, SHAPES):
        for mask in masks(*shape):
            data = elements(kind, int(mask.sum()))
            given = run_op("constexpr_sparse_to_dense", opset, nonzero_data=data, mask=mask)
            assert given.dtype == data.dtype
            expect(given, filled(mask, data), exact=True)


@meaning("constexpr_sparse_to_dense", "peer", "ios18")
def what_a_mask_marks_as_coremltools_has_it(opset: str) -> None:
    mask = masks(7, 3, 5)[0]
    data = elements("int4", int(mask.sum()))
    given = run_op("constexpr_sparse_to_dense", opset, nonzero_data=data, mask=mask)
    expect(given, peer("constexpr:sparse", plain(data), plain(mask)), exact=True)


@meaning("constexpr_lut_to_sparse", "loop")
def values_at_the_ones(opset: str) -> None:
    for bits, kind in zip(NUMBERS, [*PLAIN, "fp16", "fp32"], strict=True):
        for (shape, counts, size, axis), which in product(TABLES, range(3)):
            mask = masks(*shape)[which]
            numbers = elements(bits, int(mask.sum()))
            tables = elements(kind, *counts, 2 ** int(bits[4:]), size, seed=1)
            wide, values = run_op(
                "constexpr_lut_to_sparse", opset, indices_mask=mask, lut=tables,
                indices_nonzero_data=numbers, **options(axis),
            )  # fmt: skip
            wanted = np.repeat(plain(mask), size, axis or 0)
            expect(wide, wanted, exact=True)
            dense = lut_by_loop(filled(mask, numbers), tables, axis or 0)
            assert values.dtype == tables.dtype
            expect(values, dense[wanted != 0], exact=True)


@meaning("constexpr_lut_to_sparse", "peer")
def values_at_the_ones_as_coremltools_has_them(opset: str) -> None:
    for shape, counts, size, axis in (
        ((12, 9), (1, 1), 1, None), ((12, 9), (4, 1), 1, None), ((12, 9), (1, 1), 2, 0),
        ((12, 9), (1, 1), 3, 1),
    ):  # fmt: skip
        mask = masks(*shape)[0]
        numbers = elements("uint4", int(mask.sum()))
        tables = elements("fp16", *counts, 16, size, seed=1)
        given = run_op(
            "constexpr_lut_to_sparse", opset, indices_mask=mask, lut=tables,
            indices_nonzero_data=numbers, **options(axis),
        )  # fmt: skip
        wanted = peer("constexpr:lut_sparse", plain(mask), plain(numbers), tables, axis)
        expect(given, wanted, exact=True)


@meaning("constexpr_sparse_blockwise_shift_scale", "loop")
def reals_at_the_ones(opset: str) -> None:
    for kind, dtype in product(DATA, FLOATS):
        for (shape, counts), zero in product(BLOCKS, (None, kind, "fp16")):
            mask = masks(*shape)[0]
            data = elements(kind, int(mask.sum()))
            scale = random(*counts, dtype=dtype, low=-2, high=2, seed=1)
            offset = None if zero is None else elements(zero, *counts, seed=2)
            same, values = run_op(
                "constexpr_sparse_blockwise_shift_scale", opset, data_mask=mask,
                nonzero_data=data, scale=scale, **({} if offset is None else {"offset": offset}),
            )  # fmt: skip
            expect(same, plain(mask), exact=True)
            near(values, scaled_by_loop(filled(mask, data), scale, offset)[plain(mask) != 0])


@meaning("constexpr_sparse_blockwise_shift_scale", "peer")
def reals_at_the_ones_as_coremltools_has_them(opset: str) -> None:
    for kind, which in product(DATA, range(3)):
        mask = masks(12, 10)[which]
        data = elements(kind, int(mask.sum()))
        scale = random(3, 5, dtype="f4", low=0.01, high=2, seed=1)
        offset = elements(kind, 3, 5, seed=2)
        given = run_op(
            "constexpr_sparse_blockwise_shift_scale", opset, data_mask=mask, nonzero_data=data,
            scale=scale, offset=offset,
        )  # fmt: skip
        name = "constexpr:sparse_blockwise"
        near(given[1], peer(name, plain(mask), plain(data), scale, plain(offset))[1])


JOINT = """() {
    tensor<uint1, [2, 4]> mask, tensor<int8, [4]> looked_up = constexpr_lut_to_sparse(
        indices_mask = tensor<uint1, [2, 4]>([[1, 0, 0, 1], [0, 1, 1, 0]]),
        indices_nonzero_data = tensor<uint2, [4]>([3, 0, 1, 2]),
        lut = tensor<int8, [1, 1, 4, 1]>([[[[-8], [1], [2], [7]]]]));
    tensor<uint1, [2, 4]> same, tensor<fp16, [4]> scaled = constexpr_sparse_blockwise_shift_scale(
        data_mask = mask, nonzero_data = looked_up,
        scale = tensor<fp16, [2, 1]>([[0.5], [2.0]]),
        offset = tensor<int8, [2, 1]>([[1], [0]]));
    tensor<fp16, [2, 4]> w = constexpr_sparse_to_dense(nonzero_data = scaled, mask = same);
    tensor<fp16, [1, 2, 1]> table = constexpr_blockwise_shift_scale(
        data = tensor<int8, [1, 2, 1]>([[[4], [-4]]]),
        scale = tensor<fp16, [1, 1, 1]>([[[0.25]]]));
    tensor<fp16, [5]> v = constexpr_lut_to_dense(
        indices = tensor<uint1, [5]>([0, 1, 1, 0, 1]), lut = table);
} -> (w, v);"""


@meaning("constexpr_sparse_to_dense", "values", "ios18")
def one_may_take_what_another_gives(opset: str) -> None:
    w, v = ran(JOINT, "ios18")
    expect(w, np.array([[3, 0, 0, -4.5], [0, 2, 4, 0]], "f2"), exact=True)
    expect(v, np.array([1, -1, -1, 1, -1], "f2"), exact=True)


@meaning("constexpr_sparse_to_dense", "values", "ios18")
def a_mask_of_another_op_has_to_fit(opset: str) -> None:
    text = JOINT.replace(
        "(nonzero_data = scaled, mask = same)", "(nonzero_data = more, mask = same)"
    )
    more = "tensor<fp16, [5]> more = const()[val = tensor<fp16, [5]>([1.0, 1.0, 1.0, 1.0, 1.0])];"
    fails(text.replace("tensor<fp16, [2, 4]> w", more + "tensor<fp16, [2, 4]> w"),
          "`nonzero_data` has 5 elements for 4 ones of `mask`", "ios18")  # fmt: skip
