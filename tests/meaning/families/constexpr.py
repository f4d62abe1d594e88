"""Compressed constants, against loops over their elements and coremltools' own expansion."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import numpy as np

from milc.ir.numbers import pack
from milc.ir.types import ELEMENT_TYPES
from tests.meaning.cases import expect, meaning, random, run_op
from tests.meaning.elements import small
from tests.meaning.peer import peer

FLOATS = ("f4", "f2")
PLAIN = {"int8": "i1", "uint8": "u1", "fp16": "f2", "fp32": "f4"}
NUMBERS = ("uint1", "uint2", "uint3", "uint4", "uint6", "uint8")


def elements(element: str, *shape: int, seed: int = 0) -> Any:
    """Elements of a type: of integers all that there are, of floats some."""
    kind = ELEMENT_TYPES[element]
    if kind.is_float:
        return random(*shape, dtype=PLAIN[element], low=-8, high=8, seed=seed)
    low, high = kind.bounds
    values = random(*shape, dtype="i4", low=low, high=high, seed=seed)
    return values.astype(PLAIN[element]) if element in PLAIN else small(values, element)


def plain(array: Any) -> Any:
    """An array as the peer takes it."""
    return None if array is None else np.asarray(array).view(np.ndarray)


def near(given: Any, wanted: Any) -> None:
    """Expect the same type and values; coremltools rounds those of fp16 after each step."""
    assert given.dtype == np.asarray(wanted).dtype, (given.dtype, wanted.dtype)
    expect(given, wanted, rtol={"float16": 2e-3, "float32": 1e-6}.get(given.dtype.name))


# constexpr_affine_dequantize


def affine_by_loop(data: Any, zero: Any, scale: Any, axis: int) -> Any:
    """`scale * (data - zero_point)`, element by element."""
    made = np.empty(data.shape, "f8")
    for at in np.ndindex(data.shape):
        factor = scale[at[axis]] if scale.ndim else scale
        offset = zero[at[axis]] if zero.ndim else zero
        made[at] = float(factor) * (float(data[at]) - float(offset))
    return made.astype(scale.dtype)


@meaning("constexpr_affine_dequantize", "loop")
def reals_of_integers(opset: str) -> None:
    for kind, zero_kind, dtype in product(("int8", "uint8"), ("int8", "uint8", "fp32"), FLOATS):
        for shape, axis in (((2, 3), 0), ((2, 3), -1), ((4, 1, 3, 2), 2), ((5,), 0), ((0, 2), 1)):
            data = elements(kind, *shape)
            for scales, zeros in product(((), (shape[axis],)), repeat=2):
                scale = random(*scales, dtype=dtype, low=-2, high=2, seed=1)
                zero = elements(zero_kind, *zeros, seed=2)
                given = run_op(
                    "constexpr_affine_dequantize", opset, quantized_data=data, zero_point=zero,
                    scale=scale, axis=axis,
                )  # fmt: skip
                near(given, affine_by_loop(data, zero, scale, axis))


@meaning("constexpr_affine_dequantize", "peer")
def reals_of_many_integers_as_coremltools_has_them(opset: str) -> None:
    for kind, axis, shape in product(("int8", "uint8"), (0, 1, -1), ((40, 30), (8, 6, 3, 3))):
        data, zero = elements(kind, *shape), elements(kind, shape[axis], seed=2)
        scale = random(shape[axis], dtype="f4", low=0.01, high=2, seed=1)
        given = run_op(
            "constexpr_affine_dequantize", opset, quantized_data=data, zero_point=zero,
            scale=scale, axis=axis,
        )  # fmt: skip
        near(given, peer("constexpr:affine", data, zero, scale, axis))


# constexpr_cast


@meaning("constexpr_cast", "values")
def halves_are_wholes(opset: str) -> None:
    for shape in ((), (7,), (7, 1), (0,)):
        values = [0.1, -65504, 6e-8, np.inf, -np.inf, np.nan, -0.0]
        source = np.resize(np.array(values, "f2"), shape)
        given = run_op("constexpr_cast", opset, source_val=source, output_dtype="fp32")
        assert given.dtype == "f4"
        expect(given, source.astype("f4"), exact=True)


# constexpr_lut_to_dense of ios16: packed into bytes


def packed(numbers: Any, bits: int) -> Any:
    """Numbers of so many bits, packed into bytes."""
    return np.frombuffer(pack(ELEMENT_TYPES[f"uint{bits}"], numbers.ravel().tolist()), "u1")


@meaning("constexpr_lut_to_dense", "loop", "ios16")
def values_of_packed_numbers(opset: str) -> None:
    shapes = ((), (1,), (5,), (3, 3), (2, 1, 3, 7), (0, 3), (64, 64))
    for bits, kind, shape in product((1, 2, 4, 6, 8), PLAIN, shapes):
        table = elements(kind, 2**bits, seed=1)
        numbers = elements(f"uint{bits}", *shape)
        given = run_op(
            "constexpr_lut_to_dense", opset, indices=packed(numbers, bits), lut=table,
            shape=np.array(shape, "u4"),
        )  # fmt: skip
        wanted = [table[number] for number in numbers.ravel().tolist()]
        assert given.dtype == table.dtype
        expect(given, np.array(wanted, table.dtype).reshape(shape), exact=True)


@meaning("constexpr_lut_to_dense", "peer", "ios16")
def values_of_packed_numbers_as_coremltools_has_them(opset: str) -> None:
    for bits, shape in product((1, 2, 4, 6, 8), ((5,), (33, 7), (4, 3, 2, 5))):
        table = elements("fp16", 2**bits, seed=1)
        indices = packed(elements(f"uint{bits}", *shape), bits)
        given = run_op(
            "constexpr_lut_to_dense", opset, indices=indices, lut=table,
            shape=np.array(shape, "u4"),
        )  # fmt: skip
        expect(given, peer("constexpr:lut_packed", indices, table, shape), exact=True)


# constexpr_lut_to_dense of ios18: tables of vectors, one for each group


def lut_by_loop(numbers: Any, tables: Any, axis: int) -> Any:
    """The vectors of numbers, each laid out along an axis."""
    counts, size = tables.shape[:-2], tables.shape[-1]
    shape = list(numbers.shape)
    shape[axis] *= size
    made = np.empty(shape, tables.dtype)
    for at in np.ndindex(numbers.shape):
        dims = zip(at, counts, numbers.shape, strict=True)
        group = tuple(place * count // dim for place, count, dim in dims)
        for each in range(size):
            to = list(at)
            to[axis] = to[axis] * size + each
            made[tuple(to)] = tables[(*group, int(numbers[at]), each)]
    return made


TABLES = (
    ((6,), (1,), 1, None), ((6,), (3,), 1, None), ((6,), (2,), 2, 0), ((4, 6), (1, 1), 1, None),
    ((4, 6), (4, 1), 1, None), ((4, 6), (1, 6), 1, 1), ((4, 6), (2, 3), 1, None),
    ((4, 6), (1, 1), 3, 0), ((4, 6), (2, 3), 2, -1), ((4, 6), (4, 6), 2, 0),
    ((2, 3, 4, 2), (2, 1, 2, 1), 2, 1), ((2, 3, 4, 2), (1, 3, 1, 1), 4, -2),
    ((1, 1, 9), (1, 1, 3), 2, 0), ((2, 2, 2), (1, 1, 1), 3, 1), ((0, 4), (1, 2), 2, 1),
    ((1, 4), (1, 1), 1, 0),
)  # fmt: skip
"""Shapes of numbers, how many tables along each dimension, sizes of vectors, and their axes."""


def options(axis: int | None) -> dict[str, Any]:
    """The axis, if there is one."""
    return {} if axis is None else {"vector_axis": axis}


@meaning("constexpr_lut_to_dense", "loop", "ios18")
def values_and_vectors_of_numbers(opset: str) -> None:
    for bits, kind in zip(NUMBERS, [*PLAIN, "fp16", "fp32"], strict=True):
        for shape, counts, size, axis in TABLES:
            numbers = elements(bits, *shape)
            tables = elements(kind, *counts, 2 ** int(bits[4:]), size, seed=1)
            given = run_op(
                "constexpr_lut_to_dense", opset, indices=numbers, lut=tables, **options(axis)
            )
            assert given.dtype == tables.dtype
            expect(given, lut_by_loop(numbers, tables, axis or 0), exact=True)


@meaning("constexpr_lut_to_dense", "peer", "ios18")
def vectors_as_coremltools_has_them(opset: str) -> None:
    for bits, (shape, counts, size, axis) in product(("uint1", "uint4"), TABLES):
        if not prod(shape):
            continue
        numbers = elements(bits, *shape)
        tables = elements("fp16", *counts, 2 ** int(bits[4:]), size, seed=1)
        given = run_op(
            "constexpr_lut_to_dense", opset, indices=numbers, lut=tables, **options(axis)
        )
        wanted = peer("constexpr:lut", plain(numbers), tables, axis)
        expect(given, wanted, exact=True)


# constexpr_blockwise_shift_scale


def scaled_by_loop(data: Any, scale: Any, offset: Any) -> Any:
    """`scale * (data - offset)`, with those of the block that each element is in."""
    made = np.empty(data.shape, "f8")
    for at in np.ndindex(data.shape):
        dims = zip(at, scale.shape, data.shape, strict=True)
        block = tuple(place * count // dim for place, count, dim in dims)
        less = 0.0 if offset is None else float(offset[block])
        made[at] = float(scale[block]) * (float(data[at]) - less)
    return made.astype(scale.dtype)


BLOCKS = (
    ((6,), (1,)), ((6,), (3,)), ((6,), (6,)), ((4, 6), (1, 1)), ((4, 6), (4, 1)), ((4, 6), (1, 6)),
    ((4, 6), (2, 3)), ((4, 6), (4, 6)), ((2, 3, 4, 2), (2, 1, 2, 1)), ((1, 8, 1), (1, 2, 1)),
    ((0, 4), (1, 2)),
)  # fmt: skip
"""Shapes of data and of scales."""
DATA = ("int4", "uint4", "int8", "uint8", "fp16", "fp32")


@meaning("constexpr_blockwise_shift_scale", "loop")
def reals_of_blocks(opset: str) -> None:
    for kind, dtype in product(DATA, FLOATS):
        for (shape, counts), zero in product(BLOCKS, (None, kind, "fp16", "fp32")):
            data = elements(kind, *shape)
            scale = random(*counts, dtype=dtype, low=-2, high=2, seed=1)
            offset = None if zero is None else elements(zero, *counts, seed=2)
            given = run_op(
                "constexpr_blockwise_shift_scale", opset, data=data, scale=scale,
                **({} if offset is None else {"offset": offset}),
            )  # fmt: skip
            near(given, scaled_by_loop(data, scale, offset))


@meaning("constexpr_blockwise_shift_scale", "peer")
def reals_of_blocks_as_coremltools_has_them(opset: str) -> None:
    for kind, (shape, counts) in product(DATA, (((64, 96), (64, 3)), ((8, 6, 3, 3), (1, 6, 1, 1)))):
        data, offset = elements(kind, *shape), elements(kind, *counts, seed=2)
        scale = random(*counts, dtype="f4", low=0.01, high=2, seed=1)
        given = run_op(
            "constexpr_blockwise_shift_scale", opset, data=data, scale=scale, offset=offset
        )
        near(given, peer("constexpr:blockwise", plain(data), scale, plain(offset)))


# What is worked on in pieces, and so is larger than one

LARGE = (3, 100_000, 2), (1, 10, 2)


@meaning("constexpr_blockwise_shift_scale", "numpy")
def reals_of_more_blocks_than_fit_a_piece(opset: str) -> None:
    for shape, counts in (((600, 700), (6, 7)), ((5, 120_000), (5, 1)), LARGE):
        data = elements("int4", *shape)
        scale = random(*counts, dtype="f4", low=-2, high=2, seed=1)
        given = run_op("constexpr_blockwise_shift_scale", opset, data=data, scale=scale)
        near(given, (plain(data) * spread(scale, shape)).astype("f4"))


@meaning("constexpr_lut_to_dense", "numpy", "ios18")
def values_of_more_numbers_than_fit_a_piece(opset: str) -> None:
    for shape, counts in (((600, 700), (6, 7)), ((5, 120_000), (1, 1)), LARGE):
        numbers = elements("uint4", *shape)
        tables = elements("fp16", *counts, 16, 1, seed=1)
        given = run_op("constexpr_lut_to_dense", opset, indices=numbers, lut=tables)
        each = spread(tables[..., 0], (*shape, 16))
        wanted = np.take_along_axis(each, plain(numbers)[..., None].astype("i8"), -1)[..., 0]
        expect(given, wanted, exact=True)


def spread(array: Any, shape: tuple[int, ...]) -> Any:
    """What there is one of for each block, for each element."""
    for axis, (count, dim) in enumerate(zip(array.shape, shape, strict=True)):
        array = np.repeat(array, dim // count, axis)
    return array
