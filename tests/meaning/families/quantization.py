"""Quantized tensors, against exact arithmetic, coremltools and PyTorch."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from tests.meaning.cases import expect, meaning, random, run_op
from tests.meaning.peer import peer
from tests.meaning.text import ran

RANGE = {"int8": (-128, 127), "uint8": (0, 255)}
SHAPES = ((2, 3), (3,), (2, 3, 4, 1, 2), (0, 3), (1, 1))


def places(shape: tuple[int, ...], axis: int | None) -> list[Any]:
    """Which element of a vector belongs to each element of a tensor, in row-major order."""
    return [None if axis is None else at[axis] for at in product(*map(range, shape))]


def one(vector: Any, at: int | None) -> Any:
    """The element of a scalar or vector that belongs to a place."""
    return vector.item() if at is None or vector.ndim == 0 else vector[at].item()


def quantized(x: Any, scale: Any, zero_point: Any, axis: int | None, dtype: str) -> Any:
    """What `quantize` gives, in fractions: Python rounds those half to even."""
    low, high = RANGE[dtype]
    found = []
    for value, at in zip(x.ravel().tolist(), places(x.shape, axis), strict=True):
        step, offset = one(scale, at), 0 if zero_point is None else one(zero_point, at)
        # The quotient is one of fp32, as single as its operands.
        quotient = np.float32(value) / np.float32(step)
        found.append(min(max(round(Fraction(float(quotient))) + offset, low), high))
    return np.array(found, dtype).reshape(x.shape)


def vectors(dtype: str, zero: str, size: int | None) -> Any:
    """A scale and a zero point, for all or for each place of an axis."""
    shape = () if size is None else (size,)
    scale = random(*shape, dtype=dtype, low=0.02, high=0.3, seed=4)
    low, high = RANGE[zero]
    return scale, random(*shape, dtype=zero, low=low, high=high, seed=5)


def given(axis: int | None, zero_point: Any) -> dict[str, Any]:
    """The optional arguments that are there."""
    options = {} if axis is None else {"axis": axis}
    return options if zero_point is None else options | {"zero_point": zero_point}


def axes(shape: tuple[int, ...]) -> list[int | None]:
    """No axis, and the first and the last, counted from both ends; a scale is not empty."""
    return [None, *[at for at in sorted({0, len(shape) - 1, -1, -len(shape)}) if shape[at]]]


@meaning("quantize", "loop")
def integers_of_reals(opset: str) -> None:
    for dtype, kind, shape in product(("f4", "f2"), RANGE, SHAPES):
        x = random(*shape, dtype=dtype, low=-20, high=20)
        for axis in axes(shape):
            scale, zero = vectors(dtype, kind, None if axis is None else shape[axis])
            for zero_point in (zero, None):
                result = run_op(
                    "quantize", opset, input=x, scale=scale, output_dtype=kind,
                    **given(axis, zero_point),
                )  # fmt: skip
                assert result.dtype == kind
                expect(result, quantized(x, scale, zero_point, axis, kind))


@meaning("quantize", "numpy")
def integers_of_more_reals_than_fit_a_piece(opset: str) -> None:
    for shape, axis in (((600, 700), 0), ((3, 150_000), 0), ((150_000, 3), 1)):
        x = random(*shape, low=-20, high=20)
        scale, zero = vectors("f4", "int8", shape[axis])
        result = run_op(
            "quantize", opset, input=x, scale=scale, zero_point=zero, axis=axis,
            output_dtype="int8",
        )  # fmt: skip
        along = (slice(None), None) if axis == 0 else (None, slice(None))
        wanted = np.clip(np.around(x / scale[along]) + zero[along].astype("f4"), -128, 127)
        expect(result, wanted.astype("i1"))


@meaning("quantize", "peer")
def integers_as_coremltools_has_them(opset: str) -> None:
    for kind, axis in product(RANGE, (None, 1, -1)):
        x = random(4, 50, 6, low=-20, high=20)
        scale, zero = vectors("f4", kind, None if axis is None else x.shape[axis])
        result = run_op(
            "quantize", opset, input=x, scale=scale, zero_point=zero, output_dtype=kind,
            **given(axis, None),
        )  # fmt: skip
        expect(result, peer("quantization:quantize", x, scale, zero, axis, kind))


@meaning("quantize", "torch")
def integers_as_torch_has_them(opset: str) -> None:
    x = random(5, 40, low=-20, high=20)
    for kind in RANGE:
        # A power of two, since PyTorch multiplies by the inverse of the scale.
        scale, zero = np.array(0.125, "f4"), np.array(17, kind)
        result = run_op("quantize", opset, input=x, scale=scale, zero_point=zero, output_dtype=kind)
        expect(result, peer("quantization:per_tensor", x, 0.125, 17, kind))


@meaning("quantize", "values")
def halves_are_rounded_to_even_and_what_is_too_large_is_clipped(opset: str) -> None:
    x = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 300, -300, np.inf, -np.inf, np.nan], "f4")
    wanted = {
        "int8": [-1, -1, 1, 1, 3, 3, 127, -128, 127, -128, 1],
        "uint8": [0, 0, 1, 1, 3, 3, 255, 0, 255, 0, 1],
    }
    for dtype, kind in product(("f4", "f2"), RANGE):
        result = run_op(
            "quantize", opset, input=x.astype(dtype), scale=np.array(1, dtype),
            zero_point=np.array(1, kind), output_dtype=kind,
        )  # fmt: skip
        expect(result, np.array(wanted[kind], kind))


@meaning("quantize", "values")
def scales_of_other_signs_and_of_zero(opset: str) -> None:
    x = np.array([[3, 3, 3], [0, 0, 0], [-3, -3, -3]], "f4")
    scale = np.array([-1, 0, 2], "f4")
    result = run_op("quantize", opset, input=x, scale=scale, axis=1, output_dtype="int8")
    expect(result, np.array([[-3, 127, 2], [0, 0, 0], [3, -128, -2]], "i1"))


@meaning("dequantize", "loop")
def reals_of_integers(opset: str) -> None:
    for dtype, kind, shape in product(("f4", "f2"), RANGE, SHAPES):
        low, high = RANGE[kind]
        q = random(*shape, dtype=kind, low=low, high=high)
        for axis in axes(shape):
            scale, zero = vectors(dtype, kind, None if axis is None else shape[axis])
            for zero_point in (zero, None):
                result = run_op(
                    "dequantize", opset, input=q, scale=scale, **given(axis, zero_point)
                )
                found = [
                    one(scale, at) * (value - (0 if zero_point is None else one(zero_point, at)))
                    for value, at in zip(q.ravel().tolist(), places(shape, axis), strict=True)
                ]
                wanted = np.array(found, "f8").reshape(shape)
                assert result.dtype == dtype
                expect(result, wanted.astype(dtype), rtol=1e-7 if dtype == "f4" else 1e-3)


@meaning("dequantize", "values")
def each_integer_there_is(opset: str) -> None:
    for kind, (low, high) in RANGE.items():
        q = np.arange(low, high + 1).astype(kind)
        for zero in (low, high):
            result = run_op(
                "dequantize", opset, input=q, scale=np.array(0.5, "f4"),
                zero_point=np.array(zero, kind),
            )  # fmt: skip
            expect(result, (np.arange(low, high + 1) - zero) / 2)


@meaning("dequantize", "values")
def a_scalar_and_what_fp16_cannot_hold(opset: str) -> None:
    scalar = run_op("dequantize", opset, input=np.array(7, "i1"), scale=np.array(0.5, "f4"))
    expect(scalar, np.array(3.5, "f4"))
    large = run_op("dequantize", opset, input=np.array([127, -127], "i1"),
                   scale=np.array(1000, "f2"))  # fmt: skip
    expect(large, np.array([math.inf, -math.inf], "f2"))


@meaning("dequantize", "law")
def what_was_dequantized_is_quantized_to_itself(opset: str) -> None:
    text = """(tensor<fp16, [256]> x) {
        tensor<int8, [256]> q = quantize(input = x, scale = fp16(0.25), zero_point = int8(3),
            output_dtype = string("int8"));
        tensor<fp16, [256]> y = dequantize(input = q, scale = fp16(0.25), zero_point = int8(3));
    } -> (y);"""
    x = ((np.arange(256) - 128 - 3) / 4).astype("f2")
    expect(ran(text, "ios17", x=x), x, exact=True)
