"""Casts one after the other: which may be done as one, tried with the numbers at all borders."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from milc.ir.types import BOOL, ELEMENT_TYPES, FP16, FP32, ElementType
from milc.kernels import Array
from milc.kernels.elements import dtype_of, rounded
from milc.passes.casts import is_idle

NAMES = ("fp16", "fp32", "int8", "uint8", "int16", "uint16", "int32", "bool")
TYPES = [ELEMENT_TYPES[name] for name in NAMES]


def numbers(element: ElementType) -> Array:
    """All numbers of a small type; of a large one those that others may lose."""
    if element is BOOL:
        return np.array([False, True])
    if element is FP16:
        return np.arange(1 << 16, dtype="u2").view("f2")
    ends = [each.bounds for each in TYPES if each.is_integer]
    borders = [*(end for pair in ends for end in pair), 2048, 4096, 65504, 65520, 1 << 24, 1 << 30]
    near = [sign * border + step for border in borders for step in (-1, 0, 1) for sign in (-1, 1)]
    if element is FP32:
        halves = np.arange(1 << 16, dtype="u2").view("f2").astype("f4")
        return np.array([*halves, *near, 65519.996, 0.1, 1e-8, 1e38], "f4")
    low, high = element.bounds
    every = [*near, *range(-300, 300)]
    return np.array([each for each in every if low <= each <= high], dtype_of(element))


def is_lossless(first: ElementType, between: ElementType, last: ElementType) -> bool:
    """Whether all numbers come to be the same by way of a type."""
    given = numbers(first)
    with np.errstate(all="ignore"):
        by_way = rounded(rounded(given, between), last)
        return np.array_equal(by_way, rounded(given, last), equal_nan=last.is_float)


def test_casts_by_way_of_a_type_are_one_only_where_that_gives_the_same() -> None:
    idle = [each for each in product(TYPES, repeat=3) if is_idle(*each)]
    assert [[t.name for t in each] for each in idle if not is_lossless(*each)] == []


@pytest.mark.parametrize(
    "by_way",
    [
        "fp16 fp32 int8",
        "int8 int16 uint8",
        "int8 fp16 int32",
        "uint8 int16 fp16",
        "int16 fp32 bool",
        "int32 fp32 fp16",
        "bool uint8 fp32",
        "bool fp16 int8",
        "uint16 fp32 uint16",
        "uint8 uint16 fp16",
        "int8 int8 fp16",
        "int8 fp16 fp32",
        "fp16 fp16 int8",
    ],
)
def test_what_holds_all_numbers_of_a_type_may_be_left_out(by_way: str) -> None:
    first, between, last = [ELEMENT_TYPES[name] for name in by_way.split()]
    assert is_idle(first, between, last)
    assert is_lossless(first, between, last)
