"""Images read at places that are computed, against PyTorch, a loop and coremltools' tests."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.meaning.cases import expect, level, meaning, random, refused, run_op
from tests.meaning.peer import peer

AFFINE = {
    "sampling_mode": "bilinear", "padding_mode": "constant", "padding_value": 0.0,
    "coordinates_mode": "normalized_minus_one_to_one",
}  # fmt: skip
ONES = "normalized_minus_one_to_one"
PADDINGS = ("constant", "border", "reflection", "symmetric")


def resample(opset: str, x: Any, coordinates: Any, **options: Any) -> Any:
    """What resample gives, with all that it needs filled in."""
    given = {"sampling_mode": "bilinear", "padding_mode": "constant", "padding_value": 0.0,
             "coordinates_mode": "unnormalized", "align_corners": True}  # fmt: skip
    return run_op("resample", opset, x=x, coordinates=coordinates, **{**given, **options})


def pixel(row: int, size: int, padding: str) -> int | None:
    """The pixel whose value stands at any whole place of a padded row; None for a constant."""
    if 0 <= row < size:
        return row
    if padding == "constant":
        return None
    if padding == "border":
        return 0 if row < 0 else size - 1
    if padding == "reflection" and size == 1:
        return 0
    turns = list(range(size)) + list(range(size - 1, -1, -1))
    if padding == "reflection":
        turns = list(range(size)) + list(range(size - 2, 0, -1))
    return turns[row % len(turns)]


def by_loop(x: Any, places: Any, padding: str, value: float) -> Any:
    """The bilinear value at places in pixels, x first, of images padded without end."""
    batch, height, width = places.shape[:3]
    found = np.zeros((batch, x.shape[1], height, width))
    for b, c, i, j in np.ndindex(found.shape):
        left, top = (math.floor(each) for each in places[b, i, j])
        right, down = (each - math.floor(each) for each in places[b, i, j].tolist())
        for row, share in ((top, 1 - down), (top + 1, down)):
            for column, part in ((left, 1 - right), (left + 1, right)):
                at = (pixel(row, x.shape[2], padding), pixel(column, x.shape[3], padding))
                there = value if None in at else float(x[b, c, at[0], at[1]])
                found[b, c, i, j] += share * part * there
    return found


@meaning("affine", "torch")
def affine_as_of_torch(opset: str) -> None:
    for aligned in (True, False):
        for dtype in ("f4", "f2"):
            for rows in (1, 3):
                for size in ((4, 6), (3, 2), (8, 8), (1, 1), (1, 4)):
                    x = random(3, 2, 4, 6, dtype=dtype)
                    theta = random(rows, 6, dtype=dtype, low=-1.2, high=1.2)
                    given = run_op(
                        "affine",
                        opset,
                        x=x,
                        transform_matrix=theta,
                        align_corners=aligned,
                        output_height=size[0],
                        output_width=size[1],
                        **AFFINE,
                    )
                    wanted = peer("images:affine", x, theta, size, aligned)
                    expect(given, wanted, rtol=2e-3 if dtype == "f2" else 2e-5)


@meaning("affine", "values")
def the_identity_is_the_image(opset: str) -> None:
    x = random(2, 3, 5, 4)
    theta = np.array([[1, 0, 0, 0, 1, 0]], "f4")
    for words in (AFFINE, {**AFFINE, "sampling_mode": "BILINEAR", "padding_mode": "Constant"}):
        given = run_op("affine", opset, x=x, transform_matrix=theta, align_corners=True,
                       output_height=5, output_width=4, **words)  # fmt: skip
        expect(given, x)


@meaning("affine", "values")
def the_values_of_coremltools_tests_for_affine(opset: str) -> None:
    x = np.array([11, 22, 33, 44], "f4").reshape(1, 1, 2, 2)
    theta = np.array([[-1.0, -2.0, -3.7, -1.0, 3.5, 1.2]], "f4")
    for size, wanted in (
        ((3, 3), [10.752501, 2.5025, 0, 1.9799997, 0, 0, 0, 0, 0]),
        ((2, 5), [10.752501, 5.94, 2.5025, 0.44000006, 0, 0, 0, 0, 0, 0]),
    ):
        given = run_op("affine", opset, x=x, transform_matrix=theta, align_corners=True,
                       output_height=size[0], output_width=size[1], **AFFINE)  # fmt: skip
        expect(given, np.reshape(wanted, (1, 1, *size)))


@meaning("affine", "values")
def a_matrix_for_each_image_or_for_all(opset: str) -> None:
    refused("affine", opset, "`transform_matrix` has 2 rows for 3 images", x=random(3, 1, 2, 2),
            transform_matrix=random(2, 6), align_corners=True, output_height=1, output_width=1,
            **AFFINE)  # fmt: skip


@meaning("resample", "torch")
def resample_as_of_torch(opset: str) -> None:
    kinds = ("f4", "f2") if level(opset) >= 16 else ("f4",)
    for kind in kinds:
        for shape, size in (((2, 3, 5, 4), (3, 2)), ((1, 1, 1, 6), (4, 4)), ((1, 2, 3, 3), (1, 9))):
            x = random(*shape)
            grid = random(shape[0], *size, 2, dtype=kind, seed=3, low=-2.5, high=2.5)
            for mode in ("bilinear", "nearest"):
                for theirs in ("zeros", "border", "reflection"):
                    for aligned in (True, False):
                        ours = {
                            "zeros": "constant",
                            "reflection": "reflection" if aligned else "symmetric",
                        }
                        given = resample(opset, x, grid, sampling_mode=mode, coordinates_mode=ONES,
                                         padding_mode=ours.get(theirs, theirs),
                                         align_corners=aligned)  # fmt: skip
                        expect(given, peer("images:grid_sample", x, grid, mode, theirs, aligned))


@meaning("resample", "torch")
def places_between_two_pixels_are_rounded_as_of_torch(opset: str) -> None:
    x = random(1, 1, 8, 8)
    row = (np.arange(16, dtype="f4") / 2 + 1) * 2 / 8 - 1 - 1 / 8
    grid = np.stack(np.meshgrid(row, row), axis=-1)[None].astype("f4")
    for aligned, padding in ((False, "symmetric"), (True, "reflection")):
        given = resample(opset, x, grid, sampling_mode="nearest", coordinates_mode=ONES,
                         align_corners=aligned, padding_mode=padding)  # fmt: skip
        expect(given, peer("images:grid_sample", x, grid, "nearest", "reflection", aligned))


@meaning("resample", "loop")
def every_padding_in_pixels(opset: str) -> None:
    for dtype in ("f4", "f2"):
        for shape in ((2, 2, 3, 4), (1, 1, 1, 2)):
            x = random(*shape, dtype=dtype)
            places = random(shape[0], 5, 6, 2, seed=5, low=-9, high=9)
            for padding in PADDINGS:
                for aligned in (True, False):
                    given = resample(opset, x, places, padding_mode=padding, padding_value=1.5,
                                     align_corners=aligned)  # fmt: skip
                    expect(given, by_loop(x, places, padding, 1.5))


@meaning("resample", "loop")
def every_way_to_count(opset: str) -> None:
    x = random(1, 2, 3, 5)
    places = random(1, 4, 4, 2, seed=6, low=-1, high=6)
    size = np.array([5, 3], "f4")
    zero, edges = places / (size - 1), (places + 0.5) / size
    for mode, aligned, coordinates in (
        ("normalized_zero_to_one", True, zero), (ONES, True, 2 * zero - 1),
        ("normalized_zero_to_one", False, edges), (ONES, False, 2 * edges - 1),
        ("UNNORMALIZED", True, places), ("Unnormalized", False, places),
    ):  # fmt: skip
        for padding in ("constant", "Reflection"):
            given = resample(
                opset,
                x,
                coordinates.astype("f4"),
                coordinates_mode=mode,
                align_corners=aligned,
                padding_mode=padding,
                padding_value=-1.0,
            )
            expect(given, by_loop(x, places, padding.lower(), -1.0), rtol=1e-4)


@meaning("resample", "values")
def places_of_whole_numbers(opset: str) -> None:
    kinds = ("i4", "i1", "u1", "i2", "u2") if level(opset) >= 17 else ("i4",)
    x = random(1, 2, 3, 4)
    for kind in kinds:
        places = random(1, 6, 5, 2, dtype=kind, seed=7, low=0, high=5)
        for mode in ("bilinear", "nearest"):
            given = resample(opset, x, places, sampling_mode=mode, padding_mode="border")
            down, along = np.minimum(places[0, ..., 1], 2), np.minimum(places[0, ..., 0], 3)
            expect(given, x[:, :, down, along])


@meaning("resample", "values")
def the_values_of_coremltools_tests_for_resample(opset: str) -> None:
    x = np.array([11, 22, 33, 44], "f4").reshape(1, 1, 2, 2)
    places = np.array([-1, -2, -3.7, -1, 0, 0, 3.5, 1.2], "f4").reshape(1, 2, 2, 2)
    whole = np.array([0, 0, 1, 1, 0, 0, 1, 1], "i4").reshape(1, 2, 2, 2)
    for mode, padding, counted, aligned, wanted, at_whole in (
        ("bilinear", "constant", ONES, True, [8.585, 6.17, 27.5, 6.17], [27.5, 44, 27.5, 44]),
        ("nearest", "border", "unnormalized", False, [11, 11, 11, 44], [11, 44, 11, 44]),
        (
            "bilinear",
            "reflection",
            "normalized_zero_to_one",
            True,
            [22, 36.3, 11, 34.1],
            [11, 44, 11, 44],
        ),
        (
            "nearest",
            "symmetric",
            "normalized_zero_to_one",
            False,
            [22, 33, 11, 33],
            [11, 44, 11, 44],
        ),
    ):
        words = {"sampling_mode": mode, "padding_mode": padding, "coordinates_mode": counted,
                 "align_corners": aligned, "padding_value": 6.17}  # fmt: skip
        expect(resample(opset, x, places, **words), np.reshape(wanted, (1, 1, 2, 2)))
        expect(resample(opset, x, whole, **words), np.reshape(at_whole, (1, 1, 2, 2)))


@meaning("resample", "values")
def places_that_are_no_numbers(opset: str) -> None:
    x = np.array([1, 2, 3, 4], "f4").reshape(1, 1, 1, 4)
    columns = (np.nan, np.inf, -np.inf, 1e30, 2)
    places = np.array([[[[column, 0] for column in columns]]], "f4")
    for mode in ("bilinear", "nearest"):
        given = resample(opset, x, places, sampling_mode=mode, padding_value=9.0)
        expect(given, np.array([[[[9, 9, 9, 9, 3]]]]))
        given = resample(opset, x, places, sampling_mode=mode, padding_mode="border")
        expect(given, np.array([[[[1, 4, 1, 4, 3]]]]))
        given = resample(opset, x, places, sampling_mode=mode, padding_mode="symmetric")
        expect(given[..., :3], np.array([[[[1, 1, 1]]]]))


@meaning("resample", "values")
def no_places_and_no_pixels(opset: str) -> None:
    given = resample(opset, random(2, 3, 4, 4), np.zeros((2, 0, 5, 2), "f4"))
    expect(given, np.zeros((2, 3, 0, 5), "f4"), exact=True)
    refused("resample", opset, "without a pixel", x=random(1, 1, 0, 2), sampling_mode="nearest",
            coordinates=random(1, 2, 2, 2), padding_mode="border", padding_value=0.0,
            coordinates_mode="unnormalized", align_corners=False)  # fmt: skip
