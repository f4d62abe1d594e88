"""Convolutions, against PyTorch, and against loops where that has no such padding."""

from __future__ import annotations

from importlib import import_module
from itertools import product
from typing import Any

import numpy as np
import pytest

from tests.meaning.cases import expect, meaning, random, refused, run_op
from tests.meaning.peer import peer

FLOATS = ("f4", "f2")
LATER = "ios17"


def constant(array: Any) -> Any:
    """An array as a constant of the program, where an argument may be computed too."""
    return tuple([constant(each) for each in array]) if array.ndim else array.item()


def flat(pad: Any) -> tuple[int, ...]:
    """`pad` as the ops take it."""
    return tuple([side for pair in pad for side in pair])


SETTINGS: list[tuple[Any, ...]] = [
    # x, weight, groups, strides, dilations, pad
    ((1, 1, 1), (1, 1, 1), 1, (1,), (1,), ((0, 0),)),
    ((2, 3, 9), (4, 3, 3), 1, (1,), (1,), ((0, 0),)),
    ((2, 4, 9), (6, 2, 4), 2, (2,), (2,), ((3, 1),)),
    ((1, 4, 9), (8, 1, 3), 4, (3,), (1,), ((1, 2),)),
    ((0, 3, 9), (4, 3, 3), 1, (1,), (1,), ((1, 1),)),
    ((2, 3, 6, 7), (5, 3, 3, 2), 1, (1, 1), (1, 1), ((0, 0), (0, 0))),
    ((3, 3, 6, 7), (5, 3, 1, 1), 1, (1, 1), (1, 1), ((0, 0), (0, 0))),
    ((2, 4, 6, 7), (6, 2, 1, 1), 2, (1, 1), (1, 1), ((0, 0), (0, 0))),
    ((2, 3, 6, 7), (5, 3, 1, 1), 1, (2, 3), (1, 1), ((0, 0), (0, 0))),
    ((2, 3, 6, 7), (5, 3, 1, 1), 1, (1, 1), (1, 1), ((1, 0), (0, 2))),
    ((2, 4, 9, 8), (6, 2, 3, 3), 2, (2, 1), (1, 1), ((1, 1), (2, 0))),
    ((2, 4, 9, 8), (4, 1, 3, 3), 4, (1, 1), (1, 1), ((1, 1), (1, 1))),
    ((2, 4, 9, 8), (12, 1, 3, 2), 4, (2, 2), (2, 3), ((0, 3), (4, 1))),
    ((1, 2, 9, 8), (3, 2, 3, 3), 1, (1, 1), (2, 3), ((2, 2), (3, 3))),
    ((1, 2, 9, 8), (3, 2, 3, 3), 1, (2, 2), (1, 1), ((-1, -2), (1, -1))),
    ((1, 2, 4, 4), (3, 2, 2, 2), 1, (3, 3), (1, 1), ((5, 4), (2, 6))),
    ((1, 2, 4, 5, 6), (3, 2, 2, 3, 3), 1, (1, 2, 1), (1, 1, 2), ((0, 1), (1, 1), (2, 0))),
    ((2, 4, 4, 5, 3), (4, 2, 2, 2, 3), 2, (2, 1, 1), (1, 2, 1), ((1, 1), (0, 1), (1, 1))),
    ((1, 3, 4, 5, 3), (6, 1, 2, 2, 3), 3, (1, 1, 1), (1, 1, 1), ((1, 1), (0, 1), (1, 1))),
]


@meaning("conv", "torch")
def as_torch(opset: str) -> None:
    for dtype, (size, kernel, groups, strides, dilations, pad) in product(FLOATS, SETTINGS):
        x, weight = random(*size, dtype=dtype), random(*kernel, dtype=dtype, seed=1)
        bias = random(kernel[0], dtype=dtype, seed=2)
        given = run_op("conv", opset, x=x, weight=constant(weight), bias=bias, groups=groups,
                       strides=strides, dilations=dilations, pad=flat(pad),
                       pad_type="custom")  # fmt: skip
        assert given.dtype == x.dtype
        expect(given, peer("conv:conv", x, weight, bias, pad, strides, dilations, groups))


@meaning("conv", "torch")
def kernels_may_be_computed(opset: str) -> None:
    x, weight = random(2, 3, 6, 7), random(5, 3, 3, 2, seed=1)
    wanted = peer("conv:conv", x, weight, None, ((1, 0), (0, 1)), (2, 1), (1, 1), 1)
    expect(run_op("conv", opset, x=x, weight=weight, strides=(2, 1), pad_type="custom",
                  pad=(1, 0, 0, 1)), wanted)  # fmt: skip


@meaning("conv", "torch")
def what_is_left_out(opset: str) -> None:
    x, weight, none = random(2, 3, 6, 7), random(5, 3, 3, 2, seed=1), ((0, 0), (0, 0))
    wanted = peer("conv:conv", x, weight, None, none, (1, 1), (1, 1), 1)
    expect(run_op("conv", opset, x=x, weight=weight), wanted)
    expect(run_op("conv", opset, x=x, weight=weight, pad_type="valid", pad=(3, 3, 3, 3)), wanted)


@meaning("conv", "torch", LATER)
def of_two_element_types(opset: str) -> None:
    for dtype, other in (("f4", "f2"), ("f2", "f4")):
        x = random(2, 4, 6, 7, dtype=dtype)
        for kernel, groups in (((5, 4, 3, 2), 1), ((8, 1, 3, 2), 4), ((3, 4, 1, 1), 1)):
            weight = random(*kernel, dtype=other, seed=1)
            bias = random(kernel[0], dtype=other, seed=2)
            given = run_op("conv", opset, x=x, weight=weight, bias=bias, groups=groups)
            assert given.dtype == x.dtype
            none = ((0, 0), (0, 0))
            expect(given, peer("conv:conv", x, weight, bias, none, (1, 1), (1, 1), groups))


@meaning("conv", "torch")
def same_of_steps_of_one(opset: str) -> None:
    shapes = (((2, 3, 5), (2, 3, 4), (1,)), ((1, 2, 5, 7), (3, 2, 2, 3), (1, 2)),
              ((1, 2, 4, 5, 6), (3, 2, 2, 4, 3), (2, 1, 1)))  # fmt: skip
    for size, kernel, dilations in shapes:
        x, weight = random(*size), random(*kernel, seed=1)
        given = run_op("conv", opset, x=x, weight=constant(weight), pad_type="same",
                       dilations=dilations)  # fmt: skip
        expect(given, peer("conv:same", x, weight, dilations))


def since(opset: str, mode: str) -> str:
    """An opset with the definition of another that knows a `pad_type`."""
    return "ios16" if (opset, mode) == ("ios15", "same_lower") else opset


@meaning("conv", "torch")
def same_lower_is_same_seen_in_a_mirror(opset: str) -> None:
    for size, kernel in (((2, 3, 5), (2, 3, 4)), ((1, 2, 5, 7), (3, 2, 2, 3))):
        x, weight = random(*size), random(*kernel, seed=1)
        axes = tuple(range(2, x.ndim))
        wanted = peer("conv:same", np.flip(x, axes).copy(), np.flip(weight, axes).copy(), 1)
        given = run_op("conv", since(opset, "same_lower"), x=x, weight=weight,
                       pad_type="same_lower")  # fmt: skip
        expect(given, np.flip(wanted, axes))


def by_loop(x: Any, weight: Any, strides: Any, before: Any, out: Any) -> Any:
    """A convolution over two dimensions, of one group, of which elements outside are left out."""
    made = np.zeros((x.shape[0], weight.shape[0], *out))
    for n, o, i, j in np.ndindex(*made.shape):
        for c, k, m in np.ndindex(*weight.shape[1:]):
            row, column = i * strides[0] + k - before[0], j * strides[1] + m - before[1]
            if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
                made[n, o, i, j] += float(weight[o, c, k, m]) * float(x[n, c, row, column])
    return made


def halved(length: int, kernel: int, stride: int, mode: str) -> tuple[int, int]:
    """What "same" and "same_lower" pad in front, and the length that they leave."""
    out = (length + stride - 1) // stride
    total = max(0, (out - 1) * stride + kernel - length)
    return ((total + 1) // 2 if mode == "same_lower" else total // 2), out


@meaning("conv", "loop")
def same_of_any_step(opset: str) -> None:
    modes = ("same", "same_lower")
    for mode, height, kernel, stride in product(modes, (4, 5), (1, 2, 3, 4), (1, 2, 3)):
        x, weight = random(1, 2, height, height + 1), random(3, 2, kernel, 2, seed=1)
        rows = halved(height, kernel, stride, mode)
        columns = halved(height + 1, 2, stride, mode)
        given = run_op("conv", since(opset, mode), x=x, weight=weight, strides=(stride, stride),
                       pad_type=mode)  # fmt: skip
        before, out = zip(rows, columns, strict=True)
        expect(given, by_loop(x, weight, (stride, stride), before, out))


@meaning("conv", "torch")
def tile_by_tile(opset: str) -> None:
    convolution = import_module("milc.kernels.convolution")  # no stand-in, which takes no settings
    with pytest.MonkeyPatch.context() as patch:
        for columns, terms in ((1, 1), (200, 30), (1500, 300)):
            patch.setattr(convolution, "COLUMNS", columns)
            patch.setattr(convolution, "TERMS", terms)
            as_torch(opset)


@meaning("conv", "values")
def what_is_not_finite_stays_where_it_is(opset: str) -> None:
    x = np.array([[[1, np.nan, 2, 3, np.inf, 4, 5]]], "f4")
    given = run_op("conv", opset, x=x, weight=np.array([[[1, 2]]], "f4"))
    expect(given, np.array([[[np.nan, np.nan, 8, np.inf, np.inf, 14]]]))


@meaning("conv", "values")
def groups_of_unequal_size_are_refused(opset: str) -> None:
    refused("conv", opset, "`weight` has 5 kernels", x=random(1, 4, 3), weight=random(5, 2, 1),
            groups=2)  # fmt: skip


@meaning("conv", "values")
def dilations_below_one_are_refused(opset: str) -> None:
    for dilation in (0, -1):
        refused("conv", opset, f"`dilations` is [{dilation}]", x=random(1, 4, 3),
                weight=random(4, 1, 2), groups=4, dilations=(dilation,))  # fmt: skip


@meaning("conv", "values")
def sums_of_fp16_are_rounded_once(opset: str) -> None:
    x, weight = np.full((1, 4096, 1), 1, "f2"), np.full((1, 4096, 1), 1, "f2")
    bias = np.array([-4000], "f2")
    assert run_op("conv", opset, x=x, weight=weight, bias=bias).item() == 96
    large = np.full((1, 2, 1), 60000, "f2")
    assert run_op("conv", opset, x=large, weight=np.full((1, 2, 1), 1, "f2")).item() == np.inf


@meaning("conv_quantized", "torch")
def integers_are_scaled(opset: str) -> None:
    scales: list[tuple[Any, Any]] = [(0.5, -3.0), ((0.5,), (-3.0,)),
                                     ((0.5, 0.25, 2.0), (-3.0, 1.0, 0.0))]  # fmt: skip
    for dtype, (scale, shift) in product(FLOATS, scales):
        x = random(2, 4, 6, 7, dtype=dtype)
        weight = random(3, 4, 3, 2, dtype="u1", low=0, high=9)
        factor, addend = (np.array(each).reshape(-1, 1, 1, 1) for each in (scale, shift))
        kernels = weight * factor + addend
        given = run_op("conv_quantized", opset, x=x, weight=weight, bias=np.array([1, 0, 7], "u1"),
                       quantization_type="linear", quant_scale=scale, quant_bias=shift, nbits=4,
                       strides=(2, 1), pad_type="same")  # fmt: skip
        sides = ((0, 1), (0, 1))
        wanted = peer("conv:conv", x, kernels, np.array([1, 0, 7]), sides, (2, 1), (1, 1), 1)
        expect(given, wanted)


@meaning("conv_quantized", "torch")
def integers_are_looked_up(opset: str) -> None:
    x, weight = random(2, 4, 9), random(6, 2, 3, dtype="u1", low=0, high=3)
    table = np.array([0.5, -1, 4, 2], "f4")
    given = run_op("conv_quantized", opset, x=x, weight=constant(weight), nbits=2,
                   quantization_type="lut", quant_scale=table, quant_bias=0.25, groups=2,
                   dilations=(2,))  # fmt: skip
    wanted = peer("conv:conv", x, table[weight] + 0.25, None, ((0, 0),), (1,), (2,), 2)
    expect(given, wanted)


@meaning("conv_quantized", "values")
def what_does_not_fit_is_refused(opset: str) -> None:
    x, weight = random(1, 1, 4), np.array([[[7, 2]]], "u1")
    refused("conv_quantized", opset, "`weight` asks for 7 of 4", x=x, weight=weight,
            quantization_type="lut", quant_scale=(0.0, 1.0, 2.0, 3.0), quant_bias=0.0)  # fmt: skip
    refused("conv_quantized", opset, "`quant_bias` of [3]", x=x, weight=weight,
            quantization_type="linear", quant_scale=1.0, quant_bias=(0.0, 1.0, 2.0))  # fmt: skip


TRANSPOSED: list[tuple[Any, ...]] = [
    # x, weight, groups, strides, dilations, pad
    ((1, 1, 1), (1, 1, 1), 1, (1,), (1,), ((0, 0),)),
    ((2, 3, 5), (3, 4, 3), 1, (1,), (1,), ((0, 0),)),
    ((2, 4, 5), (4, 3, 4), 2, (2,), (2,), ((3, 1),)),
    ((0, 4, 5), (4, 3, 4), 2, (2,), (2,), ((3, 1),)),
    ((1, 4, 5), (4, 1, 3), 4, (3,), (1,), ((1, 2),)),
    ((2, 3, 4, 5), (3, 5, 3, 2), 1, (1, 1), (1, 1), ((0, 0), (0, 0))),
    ((2, 3, 4, 5), (3, 5, 2, 2), 1, (2, 2), (1, 1), ((0, 0), (0, 0))),
    ((2, 4, 4, 5), (4, 3, 3, 3), 2, (2, 1), (1, 2), ((1, 1), (2, 0))),
    ((2, 4, 4, 5), (4, 2, 2, 1), 4, (3, 2), (1, 1), ((0, 1), (1, 0))),
    ((1, 2, 3, 4, 2), (2, 3, 2, 3, 3), 1, (1, 2, 1), (1, 1, 2), ((0, 1), (1, 1), (2, 0))),
    ((2, 4, 3, 2, 3), (4, 1, 2, 2, 3), 2, (2, 1, 3), (1, 2, 1), ((1, 1), (0, 1), (1, 1))),
]


@meaning("conv_transpose", "torch")
def spreads_as_torch(opset: str) -> None:
    for dtype, (size, kernel, groups, strides, dilations, pad) in product(FLOATS, TRANSPOSED):
        x, weight = random(*size, dtype=dtype), random(*kernel, dtype=dtype, seed=1)
        bias = random(kernel[1] * groups, dtype=dtype, seed=2)
        given = run_op("conv_transpose", opset, x=x, weight=weight, bias=bias, groups=groups,
                       strides=strides, dilations=dilations, pad=flat(pad),
                       pad_type="custom")  # fmt: skip
        assert given.dtype == x.dtype
        wanted = peer("conv:conv_transpose", x, weight, bias, pad, strides, dilations, groups)
        expect(given, wanted)


@meaning("conv_transpose", "torch")
def valid_is_what_is_left_out(opset: str) -> None:
    x, weight, none = random(2, 3, 4, 5), random(3, 5, 3, 2, seed=1), ((0, 0), (0, 0))
    wanted = peer("conv:conv_transpose", x, weight, None, none, (1, 1), (1, 1), 1)
    expect(run_op("conv_transpose", opset, x=x, weight=weight), wanted)
    expect(run_op("conv_transpose", opset, x=x, weight=weight, pad_type="valid", pad=(1, 1, 1, 1)),
           wanted)  # fmt: skip


@meaning("conv_transpose", "torch", LATER)
def spreads_two_element_types(opset: str) -> None:
    for dtype, other in (("f4", "f2"), ("f2", "f4")):
        x, weight = random(2, 3, 4, 5, dtype=dtype), random(3, 5, 3, 2, dtype=other, seed=1)
        bias, none = random(5, dtype=other, seed=2), ((0, 0), (0, 0))
        given = run_op("conv_transpose", opset, x=x, weight=weight, bias=bias)
        assert given.dtype == x.dtype
        expect(given, peer("conv:conv_transpose", x, weight, bias, none, (1, 1), (1, 1), 1))


def spread_by_loop(x: Any, weight: Any, stride: int, before: int, length: int) -> Any:
    """The transpose of a convolution along one dimension, of one group."""
    made = np.zeros((x.shape[0], weight.shape[1], length))
    for n, c, i in np.ndindex(*x.shape):
        for o, k in np.ndindex(*weight.shape[1:]):
            place = i * stride + k - before
            if 0 <= place < length:
                made[n, o, place] += float(x[n, c, i]) * float(weight[c, o, k])
    return made


@meaning("conv_transpose", "loop")
def same_is_length_times_stride(opset: str) -> None:
    for length, kernel, stride in product((1, 4), (1, 2, 3, 5), (1, 2, 3)):
        x, weight = random(2, 3, length), random(3, 2, kernel, seed=1)
        before = max(0, kernel - stride) // 2
        wanted = spread_by_loop(x, weight, stride, before, length * stride)
        expect(run_op("conv_transpose", opset, x=x, weight=weight, strides=(stride,),
                      pad_type="same"), wanted)  # fmt: skip


@meaning("conv_transpose", "loop")
def output_shape_says_how_long(opset: str) -> None:
    x, weight = random(2, 3, 4), random(3, 2, 3, seed=1)
    for mode, length, before in (
        ("valid", 9, 0), ("valid", 8, 0), ("valid", 12, 0), ("same", 7, 1), ("same", 8, 0),
        ("same", 6, 1), ("same", 11, 0), ("custom", 8, 1), ("custom", 7, 1),
    ):  # fmt: skip
        given = run_op("conv_transpose", opset, x=x, weight=weight, strides=(2,), pad_type=mode,
                       pad=(1, 1), output_shape=(2, 2, length))  # fmt: skip
        expect(given, spread_by_loop(x, weight, 2, before, length))


@meaning("conv_transpose", "values")
def output_shape_lets_nothing_else_pass(opset: str) -> None:
    def refuse(about: str, channels: int = 3, **args: Any) -> None:
        x, weight = random(2, channels, 4), random(3, 2, 3, seed=1)
        refused("conv_transpose", opset, about, x=x, weight=weight, output_shape=(2, 2, 6), **args)

    refuse("`x` has 4 channels", channels=4)
    refuse("`strides` has 2 elements", strides=(1, 1))
    refuse("`dilations` has 2 elements", dilations=(1, 1))
    refuse("`strides` is [0]", strides=(0,))
    refuse("`dilations` is [-1]", dilations=(-1,))
    refuse("`pad` has 1 elements", pad=(1,), pad_type="custom")
