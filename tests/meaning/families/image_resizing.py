"""Images brought to another size, against PyTorch and against loops over the documented grids."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from tests.meaning.cases import expect, meaning, random, refused, run_op
from tests.meaning.peer import peer

MODES = ("DEFAULT", "STRICT_ALIGN_CORNERS", "ALIGN_CORNERS", "OFFSET_CORNERS", "UNALIGN_CORNERS")
LENGTHS = ((5, 7), (7, 5), (4, 8), (8, 4), (3, 1), (1, 3), (2, 2), (1, 1), (6, 13))
"""Of a row before and after."""


def place(mode: str, i: int, m: int, n: int) -> Fraction:
    """Where output pixel i of n lies among m, as the docstring of resize_bilinear spells it."""
    if mode == "UNALIGN_CORNERS":
        spacing = Fraction(m, n)
        point = i * spacing + spacing / 2 - Fraction(1, 2)
    elif mode == "OFFSET_CORNERS":
        delta = Fraction(max(1, m - 1), n)
        point = delta / 2 + i * delta
    elif n == 1:
        point = Fraction(m - 1, 2) if mode == "ALIGN_CORNERS" else Fraction(0)
    elif mode == "DEFAULT":
        point = i * (m - Fraction(m, n)) / (n - 1)
    else:
        point = i * Fraction(m - 1, n - 1)
    return min(Fraction(m - 1), max(Fraction(0), point))


def linear(row: Any, mode: str, n: int) -> list[float]:
    """A row sampled at the places of a mode."""
    found = []
    for i in range(n):
        point = place(mode, i, len(row), n)
        at = math.floor(point)
        part, after = float(point - at), min(at + 1, len(row) - 1)
        found.append(float(row[at]) * (1 - part) + float(row[after]) * part)
    return found


def by_rows(x: Any, sizes: tuple[int, ...], row: Callable[[Any, int], Any]) -> Any:
    """What a function of a row makes of the last dimensions, one after the other."""
    found = np.asarray(x, "f8")
    for back, n in enumerate(reversed(sizes), 1):
        moved = np.moveaxis(found, -back, -1)
        rows = [row(each, n) for each in moved.reshape(-1, moved.shape[-1])]
        found = np.moveaxis(np.reshape(rows, (*moved.shape[:-1], n)), -1, -back)
    return found


def factors(m: int, n: int) -> float:
    """A factor that makes n of m, when it is multiplied in fp32 and rounded down."""
    return float(np.float32((n + 0.25) / m))


@meaning("upsample_nearest_neighbor", "torch")
def nearest_as_of_torch(opset: str) -> None:
    for dtype in ("f4", "f2"):
        for shape, factor in (
            ((2, 3, 4, 5), (2, 3)),
            ((1, 1, 1, 1), (3, 1)),
            ((1, 2, 3, 2), (1, 1)),
        ):
            x = random(*shape, dtype=dtype)
            size = tuple(side * times for side, times in zip(shape[2:], factor, strict=True))
            given = run_op("upsample_nearest_neighbor", opset, x=x,
                           scale_factor_height=factor[0], scale_factor_width=factor[1])  # fmt: skip
            expect(given, peer("images:interpolate", x, size, "nearest"), exact=True)
            assert given.dtype == x.dtype


@meaning("upsample_nearest_neighbor", "torch")
def nearest_by_fractions_as_of_torch(opset: str) -> None:
    for m, n in LENGTHS:
        x = random(1, 2, m, 3)
        given = run_op("upsample_nearest_neighbor", opset, x=x,
                       scale_factor_height=factors(m, n), scale_factor_width=1.0)  # fmt: skip
        expect(given, peer("images:interpolate", x, (n, 3), "nearest"), exact=True)


@meaning("upsample_nearest_neighbor", "values")
def the_values_of_coremltools_tests_for_upsample(opset: str) -> None:
    x = np.array([1.5, -2.5, 3.5], "f4").reshape(1, 1, 1, 3)
    given = run_op(
        "upsample_nearest_neighbor", opset, x=x, scale_factor_height=3.17, scale_factor_width=0.67
    )
    expect(given, np.array([[1.5, -2.5]] * 3, "f4").reshape(1, 1, 3, 2), exact=True)
    given = run_op(
        "upsample_nearest_neighbor", opset, x=x, scale_factor_height=2.0, scale_factor_width=1.12
    )
    expect(given, np.array([[1.5, -2.5, 3.5]] * 2, "f4").reshape(1, 1, 2, 3), exact=True)
    expect(run_op("upsample_nearest_neighbor", opset, x=x), x, exact=True)


@meaning("upsample_nearest_neighbor", "loop")
def the_factor_that_tensorflow_s_converter_gives_is_the_size(opset: str) -> None:
    # Of 4 pixels 6: coremltools writes (6 + 1e-4) / 4, and by that pixel 3 would be 1, not 2.
    x = random(2, 3, 1, 4)
    given = run_op("upsample_nearest_neighbor", opset, x=x, scale_factor_width=(6 + 1e-4) / 4,
                   scale_factor_height=1.0)  # fmt: skip
    expect(given, x[..., [i * 4 // 6 for i in range(6)]], exact=True)


@meaning("upsample_nearest_neighbor", "values")
def no_rows_are_left_by_small_factors(opset: str) -> None:
    x = random(1, 1, 2, 2)
    given = run_op("upsample_nearest_neighbor", opset, x=x, scale_factor_height=0.25,
                   scale_factor_width=1.0)  # fmt: skip
    expect(given, np.zeros((1, 1, 0, 2), "f4"), exact=True)


@meaning("upsample_bilinear", "torch")
def bilinear_as_of_torch(opset: str) -> None:
    for dtype in ("f4", "f2"):
        for aligned in (True, False):
            for m, n in LENGTHS:
                x = random(2, 3, m, 4, dtype=dtype, low=-100, high=100)
                given = run_op("upsample_bilinear", opset, x=x, scale_factor_height=factors(m, n),
                               scale_factor_width=1.5, align_corners=aligned)  # fmt: skip
                expect(given, peer("images:interpolate", x, (n, 6), "bilinear", aligned))


@meaning("upsample_bilinear", "torch")
def corners_are_aligned_unless_it_is_said(opset: str) -> None:
    x = random(1, 2, 3, 5)
    given = run_op("upsample_bilinear", opset, x=x, scale_factor_height=2, scale_factor_width=3)
    expect(given, peer("images:interpolate", x, (6, 15), "bilinear", True))


@meaning("upsample_bilinear", "values")
def the_values_of_coremltools_tests_for_bilinear(opset: str) -> None:
    x = np.array([0, 1], "f4").reshape(1, 1, 2)
    given = run_op(
        "upsample_bilinear",
        opset,
        x=x,
        scale_factor_height=1,
        scale_factor_width=3,
        align_corners=True,
    )
    expect(given, np.array([[[0, 0.2, 0.4, 0.6, 0.8, 1]]]))
    given = run_op(
        "upsample_bilinear",
        opset,
        x=x,
        scale_factor_height=1.0,
        scale_factor_width=2.6,
        align_corners=False,
    )
    expect(given, np.array([[[0, 0.1, 0.5, 0.9, 1]]]))


@meaning("upsample_bilinear", "values", "ios16")
def half_pixel_centers(opset: str) -> None:
    x = np.array([1, 2], "f4").reshape(1, 1, 1, 2)
    aligned = [1, 1.2, 1.4, 1.6, 1.8, 2]
    centred = [1, 1, 4 / 3, 5 / 3, 2, 2]
    edges = [1, 4 / 3, 5 / 3, 2, 2, 2]
    for align, half, wanted in (
        (True, False, aligned), (True, None, aligned), (True, True, aligned),
        (False, True, centred), (False, None, centred), (False, False, edges),
    ):  # fmt: skip
        more = {} if half is None else {"half_pixel_centers": half}
        given = run_op("upsample_bilinear", opset, x=x, scale_factor_height=2,
                       scale_factor_width=3, align_corners=align, **more)  # fmt: skip
        expect(given, np.array([[[wanted] * 2]]))


@meaning("resize_nearest_neighbor", "torch")
def nearest_to_the_middle_as_of_torch(opset: str) -> None:
    for dtype in ("f4", "f2"):
        for m, n in LENGTHS:
            x = random(2, 1, m, 3, dtype=dtype)
            given = run_op("resize_nearest_neighbor", opset, x=x, target_size_height=n,
                           target_size_width=4)  # fmt: skip
            expect(given, peer("images:interpolate", x, (n, 4), "nearest-exact"), exact=True)


@meaning("resize_nearest_neighbor", "values")
def the_values_of_coremltools_tests_for_nearest(opset: str) -> None:
    x = np.array([0.37, 6.17], "f4").reshape(1, 1, 2, 1)
    given = run_op("resize_nearest_neighbor", opset, x=x, target_size_height=2, target_size_width=3)
    expect(given, np.array([[[[0.37] * 3, [6.17] * 3]]], "f4"), exact=True)


@meaning("resize_nearest_neighbor", "values")
def what_is_no_number_is_copied_too(opset: str) -> None:
    x = np.array([[[np.nan, np.inf]]], "f4")
    given = run_op("resize_nearest_neighbor", opset, x=x, target_size_height=2, target_size_width=4)
    expect(given, np.array([[[np.nan, np.nan, np.inf, np.inf]] * 2]), exact=True)
    expect(run_op("resize_nearest_neighbor", opset, x=random(1, 0, 2, 2), target_size_height=3,
                  target_size_width=1), np.zeros((1, 0, 3, 1), "f4"), exact=True)  # fmt: skip


@meaning("resize_bilinear", "loop")
def every_mode(opset: str) -> None:
    for mode in MODES:
        for m, n in LENGTHS:
            for dtype in ("f4", "f2"):
                x = random(2, m, 3, dtype=dtype)
                given = run_op("resize_bilinear", opset, x=x, target_size_height=n,
                               target_size_width=4, sampling_mode=mode)  # fmt: skip
                expect(given, by_rows(x, (n, 4), lambda row, n, mode=mode: linear(row, mode, n)))


@meaning("resize_bilinear", "torch")
def two_modes_are_torch_s(opset: str) -> None:
    for aligned, mode in ((True, "STRICT_ALIGN_CORNERS"), (False, "UNALIGN_CORNERS")):
        for m, n in LENGTHS:
            x = random(1, 2, 5, m)
            given = run_op("resize_bilinear", opset, x=x, target_size_height=3,
                           target_size_width=n, sampling_mode=mode)  # fmt: skip
            expect(given, peer("images:interpolate", x, (3, n), "bilinear", aligned))


@meaning("resize_bilinear", "values")
def the_values_of_coremltools_docs(opset: str) -> None:
    x = np.array([0, 1], "f4").reshape(1, 1, 2)
    for mode, wanted in (
        ("STRICT_ALIGN_CORNERS", [0, 0.25, 0.5, 0.75, 1]),
        ("ALIGN_CORNERS", [0, 0.25, 0.5, 0.75, 1]),
        ("DEFAULT", [0, 0.4, 0.8, 1, 1]),
        ("OFFSET_CORNERS", [0.1, 0.3, 0.5, 0.7, 0.9]),
        ("UNALIGN_CORNERS", [0, 0.1, 0.5, 0.9, 1]),
        ("DEFAULT", [0, 1 / 3, 2 / 3, 1, 1, 1]),
        ("OFFSET_CORNERS", [1 / 12, 0.25, 5 / 12, 7 / 12, 0.75, 11 / 12]),
        ("ALIGN_CORNERS", [0.5]),
        ("STRICT_ALIGN_CORNERS", [0]),
    ):
        given = run_op("resize_bilinear", opset, x=x, target_size_height=1,
                       target_size_width=len(wanted), sampling_mode=mode)  # fmt: skip
        expect(given, np.array([[wanted]]))


@meaning("resize_bilinear", "values")
def one_pixel_is_left_by_default(opset: str) -> None:
    x = random(2, 3, 4, 5)
    expect(run_op("resize_bilinear", opset, x=x), x[..., :1, :1], exact=True)


@meaning("resize_bilinear", "values")
def a_pixel_stays_as_it_is_where_nothing_lies_between(opset: str) -> None:
    x = np.array([[[np.inf, 1, -np.inf]]], "f4")
    given = run_op("resize_bilinear", opset, x=x, target_size_height=2, target_size_width=3)
    expect(given, np.concatenate([x, x], axis=1), exact=True)


@meaning("resize_bilinear", "values")
def large_numbers_of_fp16_do_not_overflow_between(opset: str) -> None:
    x = np.full((1, 2, 2), 65504, "f2")
    given = run_op("resize_bilinear", opset, x=x, target_size_height=5, target_size_width=5,
                   sampling_mode="UNALIGN_CORNERS")  # fmt: skip
    expect(given, np.full((1, 5, 5), 65504, "f2"), exact=True)


@meaning("resize_bilinear", "values")
def without_pixels_there_is_nothing_to_sample(opset: str) -> None:
    refused("resize_bilinear", opset, "without an element", x=random(1, 0, 2))
    given = run_op(
        "resize_bilinear", opset, x=random(0, 3, 2), target_size_height=2, target_size_width=2
    )
    expect(given, np.zeros((0, 2, 2), "f4"), exact=True)


@meaning("resize", "loop")
def resize_is_linear_in_every_mode(opset: str) -> None:
    for mode in MODES:
        for m, n in LENGTHS:
            for dtype in ("f4", "f2"):
                x = random(2, m, 3, dtype=dtype)
                given = run_op("resize", opset, x=x, shape=np.array([n, 4], "i4"), resized_dims=2,
                               sampling_mode=mode, interpolation_mode="LINEAR")  # fmt: skip
                expect(given, by_rows(x, (n, 4), lambda row, n, mode=mode: linear(row, mode, n)))


@meaning("resize", "loop")
def any_number_of_dimensions(opset: str) -> None:
    x = random(2, 3, 4, 2, 3)
    lengths = (4, 2, 5, 3, 2)
    for count in range(6):
        for kind in ("i4", "i2", "u2", "u4"):
            shape = np.array(lengths, kind)
            given = run_op("resize", opset, x=x, shape=shape, resized_dims=count)
            wanted = by_rows(x, lengths[5 - count :], lambda row, n: linear(row, "DEFAULT", n))
            expect(given, wanted)


@meaning("resize", "loop")
def elements_are_copied(opset: str) -> None:
    def middle(row: Any, n: int) -> list[float]:
        return [row[math.floor(Fraction(2 * i + 1, 2 * n) * len(row))] for i in range(n)]

    for dtype in ("f4", "f2", "i4"):
        for m, n in LENGTHS:
            x = random(2, m, 3, dtype=dtype, low=-99, high=99)
            for mode in ("DEFAULT", "UNALIGN_CORNERS"):
                given = run_op(
                    "resize",
                    opset,
                    x=x,
                    shape=np.array([n, 4], "i4"),
                    resized_dims=2,
                    sampling_mode=mode,
                    interpolation_mode="NEAREST_NEIGHBOR",
                )
                expect(given, by_rows(x, (n, 4), middle), exact=True)


@meaning("resize", "loop")
def elements_next_to_the_corners_are_copied(opset: str) -> None:
    for mode in ("STRICT_ALIGN_CORNERS", "ALIGN_CORNERS", "OFFSET_CORNERS"):

        def next_to(row: Any, n: int, mode: str = mode) -> list[float]:
            places = [place(mode, i, len(row), n) for i in range(n)]
            return [row[math.floor(each + Fraction(1, 2))] for each in places]

        for m, n in LENGTHS:
            x = random(m, 3)
            given = run_op("resize", opset, x=x, shape=np.array([n, 4], "i4"), resized_dims=2,
                           sampling_mode=mode, interpolation_mode="NEAREST_NEIGHBOR")  # fmt: skip
            expect(given, by_rows(x, (n, 4), next_to), exact=True)


@meaning("resize", "values")
def the_values_of_coremltools_tests_for_resize(opset: str) -> None:
    x = np.array([-6.174, 9.371], "f4").reshape(1, 1, 1, 2, 1)
    given = run_op("resize", opset, x=x, shape=np.array([1, 1, 3, 2], "i4"), resized_dims=2,
                   interpolation_mode="NEAREST_NEIGHBOR")  # fmt: skip
    wanted = np.array([-6.174, -6.174, 9.371, 9.371, 9.371, 9.371], "f4").reshape(1, 1, 1, 3, 2)
    expect(given, wanted, exact=True)
    x = np.array([0, 1], "f4").reshape(1, 1, 2)
    given = run_op("resize", opset, x=x, shape=np.array([1, 1, 5], "i4"), resized_dims=2)
    expect(given, np.array([[[0, 0.4, 0.8, 1, 1]]]))


@meaning("resize", "values")
def a_length_of_0_keeps_the_dimension(opset: str) -> None:
    x = random(1, 1, 3, 4)
    expect(run_op("resize", opset, x=x, shape=np.array([1, 0, 0], "i4"), resized_dims=2), x)
    given = run_op("resize", opset, x=x, shape=(0, 6, 0), resized_dims=2)
    assert given.shape == (1, 1, 6, 4)


@meaning("resize", "values")
def integers_are_rounded_to_nearest(opset: str) -> None:
    x = np.array([0, 1, -4], "i4")
    given = run_op("resize", opset, x=x, shape=np.array([5], "i4"), resized_dims=1,
                   sampling_mode="STRICT_ALIGN_CORNERS")  # fmt: skip
    expect(given, np.array([0, 0, 1, -2, -4], "i4"), exact=True)
    large = np.array([2**24 + 1, 2**24 + 3], "i4")
    given = run_op("resize", opset, x=large, shape=np.array([3], "i4"), resized_dims=1,
                   sampling_mode="ALIGN_CORNERS")  # fmt: skip
    expect(given, np.array([2**24 + 1, 2**24 + 2, 2**24 + 3], "i4"), exact=True)


@meaning("resize", "values")
def lengths_cannot_be_negative(opset: str) -> None:
    refused(
        "resize", opset, "would make", x=random(2, 2), shape=np.array([-1], "i4"), resized_dims=1
    )
