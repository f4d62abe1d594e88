"""Pieces cut out of images, against loops over boxes and pixels and coremltools' expectations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.meaning.cases import expect, level, meaning, random, refused, run_op
from tests.meaning.families.image_resizing import MODES

SQUARE = np.arange(1, 17, dtype="f4").reshape(1, 1, 4, 4)
BOXES = {
    "CORNERS_HEIGHT_FIRST": lambda y, x, b, r: (y, x, b, r),
    "CORNERS_WIDTH_FIRST": lambda y, x, b, r: (x, y, r, b),
    "CENTER_SIZE_HEIGHT_FIRST": lambda y, x, b, r: ((y + b) / 2, (x + r) / 2, b - y, r - x),
    "CENTER_SIZE_WIDTH_FIRST": lambda y, x, b, r: ((x + r) / 2, (y + b) / 2, r - x, b - y),
}
"""What a box with these corners is in each mode."""


def cut(opset: str, x: Any, which: list[int], boxes: Any, **options: Any) -> Any:
    """What crop_resize gives, [N, C, H', W'], by the arguments that each opset has."""
    boxes = np.asarray(boxes, x.dtype)
    if level(opset) >= 17:
        return run_op(
            "crop_resize", opset, x=x, boxes=boxes, box_indices=np.array(which, "i4"), **options
        )
    assert len(x) == 1, "coremltools declares the number of images in the result"
    roi = np.concatenate([np.array(which, x.dtype)[:, None], boxes], axis=1)
    return run_op("crop_resize", opset, x=x, roi=roi.reshape(-1, 1, 5, 1, 1), **options)[:, 0]


def grid(mode: str, start: float, end: float, n: int) -> list[float]:
    """The places of n samples from a start to an end, by NeuralNetwork.proto's words for each mode.

    There X - 1 is the end of a row that starts at 0.
    """
    sign, last = (1 if end >= start else -1), abs(end - start)
    size = last + 1
    if mode == "UNALIGN_CORNERS":
        points = [(i + 0.5) * size / n - 0.5 for i in range(n)]
    elif mode == "OFFSET_CORNERS":
        spacing = max(1, size - 1) / n
        points = [0.5 * spacing + i * spacing for i in range(n)]
    elif mode == "DEFAULT":
        points = np.linspace(0, size - size / n, n).tolist()
    elif mode == "ALIGN_CORNERS" and n == 1:
        points = [last / 2]
    else:
        points = np.linspace(0, last, n).tolist()
    return [start + sign * min(last, max(0, point)) for point in points]


def pixel(plane: Any, y: float, x: float, outside: float) -> float:
    """The value of a plane at a place, or what stands beyond its edges."""
    height, width = plane.shape
    if not (0 <= y <= height - 1 and 0 <= x <= width - 1):
        return outside
    top, left = math.floor(y), math.floor(x)
    down, right = y - top, x - left
    bottom, after = min(top + 1, height - 1), min(left + 1, width - 1)
    upper = plane[top, left] * (1 - right) + plane[top, after] * right
    lower = plane[bottom, left] * (1 - right) + plane[bottom, after] * right
    return float(upper * (1 - down) + lower * down)


def by_loop(
    x: Any, which: list[int], corners: Any, mode: str, size: tuple[int, int], outside: float = 0.0
) -> Any:
    """Boxes with corners top, left, bottom, right in pixels, one pixel after the other."""
    found = np.zeros((len(which), x.shape[1], *size))
    planes = x.astype("f8")
    for n, (image, (top, left, bottom, right)) in enumerate(zip(which, corners, strict=True)):
        for c in range(x.shape[1]):
            for i, y in enumerate(grid(mode, top, bottom, size[0])):
                for j, place in enumerate(grid(mode, left, right, size[1])):
                    found[n, c, i, j] = pixel(planes[image, c], y, place, outside)
    return found


CORNERS = (
    (0.0, 0.0, 4.0, 6.0), (1.0, 2.0, 3.0, 4.0), (0.5, 1.25, 3.75, 5.5), (2.0, 2.0, 2.0, 2.0),
    (-1.5, 0.25, 2.0, 7.75), (3.0, 5.0, 1.0, 2.0),
)  # fmt: skip
"""Whole images, whole pixels, parts of pixels, a point, beyond the edges, turned over."""


@meaning("crop", "loop")
def crops(opset: str) -> None:
    for dtype in ("f4", "f2"):
        for shape in ((2, 5, 6), (1, 2, 3, 5, 6)):
            x = random(*shape, dtype=dtype)
            for top, bottom, left, right in (
                (0, 1, 1, 1),
                (2, 0, 0, 3),
                (0, 0, 0, 0),
                (3, 2, 1, 0),
            ):
                given = run_op(
                    "crop", opset, x=x, crop_height=(top, bottom), crop_width=(left, right)
                )
                expect(
                    given,
                    x[..., range(top, 5 - bottom), :][..., range(left, 6 - right)],
                    exact=True,
                )


@meaning("crop", "values")
def the_values_of_coremltools_tests_for_crop(opset: str) -> None:
    given = run_op("crop", opset, x=SQUARE, crop_height=(0, 1), crop_width=(1, 1))
    expect(given, np.array([[[[2, 3], [6, 7], [10, 11]]]], "f4"), exact=True)


@meaning("crop", "values")
def no_more_than_there_is_and_no_less_than_nothing(opset: str) -> None:
    refused("crop", opset, "negative", x=SQUARE, crop_height=(-1, 2), crop_width=(0, 0))


@meaning("crop_resize", "loop")
def boxes_in_every_mode(opset: str) -> None:
    for dtype in ("f4", "f2"):
        x = random(1, 2, 5, 7, dtype=dtype)
        for mode in MODES:
            for size in ((3, 4), (1, 1), (1, 5), (6, 2)):
                given = cut(opset, x, [0] * 6, CORNERS, sampling_mode=mode,
                            target_height=size[0], target_width=size[1])  # fmt: skip
                expect(given, by_loop(x, [0] * 6, CORNERS, mode, size))


@meaning("crop_resize", "loop")
def every_way_to_give_boxes(opset: str) -> None:
    x = random(1, 2, 5, 7)
    for mode, spell in BOXES.items():
        boxes = [spell(*corners) for corners in CORNERS]
        given = cut(opset, x, [0] * 6, boxes, box_coordinate_mode=mode, target_height=3,
                    target_width=2, sampling_mode="ALIGN_CORNERS")  # fmt: skip
        expect(given, by_loop(x, [0] * 6, CORNERS, "ALIGN_CORNERS", (3, 2)))


@meaning("crop_resize", "loop")
def boxes_in_parts_of_images_and_scaled(opset: str) -> None:
    x = random(1, 2, 5, 9)
    corners = ((0.0, 0.0, 4.0, 8.0), (1.0, 2.0, 3.0, 6.0), (0.5, 1.0, 2.5, 7.0))
    parts = [tuple(np.divide(each, (4, 8, 4, 8)).tolist()) for each in corners]
    for mode, spell in BOXES.items():
        boxes = [spell(*part) for part in parts]
        given = cut(opset, x, [0] * 3, boxes, normalized_coordinates=True, target_height=3,
                    target_width=5, box_coordinate_mode=mode)  # fmt: skip
        expect(given, by_loop(x, [0] * 3, corners, "DEFAULT", (3, 5)))
        boxes = [spell(*(2 * each for each in part)) for part in parts]
        given = cut(opset, x, [0] * 3, boxes, normalized_coordinates=True, target_height=3,
                    target_width=5, box_coordinate_mode=mode, spatial_scale=0.5)  # fmt: skip
        expect(given, by_loop(x, [0] * 3, corners, "DEFAULT", (3, 5)))
    boxes = [[4 * each for each in corner] for corner in corners]
    given = cut(opset, x, [0] * 3, boxes, target_height=2, target_width=2, spatial_scale=0.25,
                sampling_mode="OFFSET_CORNERS")  # fmt: skip
    expect(given, by_loop(x, [0] * 3, corners, "OFFSET_CORNERS", (2, 2)))


@meaning("crop_resize", "loop", "ios16", "ios17")
def beyond_the_edges_is_the_padding(opset: str) -> None:
    for dtype in ("f4", "f2"):
        x = random(1, 2, 5, 7, dtype=dtype)
        for mode in MODES:
            given = cut(opset, x, [0] * 6, CORNERS, sampling_mode=mode, target_height=4,
                        target_width=3, pad_value=7.5)  # fmt: skip
            expect(given, by_loop(x, [0] * 6, CORNERS, mode, (4, 3), 7.5))


@meaning("crop_resize", "loop", "ios15", "ios16")
def a_box_without_a_number_is_cut_out_of_every_image(opset: str) -> None:
    x = random(3, 2, 5, 7)
    roi = np.array(CORNERS, "f4").reshape(-1, 1, 4, 1, 1)
    given = run_op("crop_resize", opset, x=x, roi=roi, target_height=2, target_width=3)
    wanted = [by_loop(x, [image] * 6, CORNERS, "DEFAULT", (2, 3)) for image in range(3)]
    expect(given, np.stack(wanted, axis=1))


@meaning("crop_resize", "values", "ios15", "ios16")
def an_image_that_is_not_there(opset: str) -> None:
    for number in (1, -1, np.nan):
        roi = np.array([number, 0, 0, 1, 1], "f4").reshape(1, 1, 5, 1, 1)
        refused("crop_resize", opset, "`roi` asks for image", x=SQUARE, roi=roi)
    refused("crop_resize", opset, "3 numbers", x=SQUARE, roi=np.zeros((1, 1, 3, 1, 1), "f4"))


@meaning("crop_resize", "loop", "ios17")
def boxes_out_of_several_images(opset: str) -> None:
    x = random(3, 2, 5, 7)
    for kind in ("i4", "u2"):
        for which in ([2, 0, 1, 1, 0, 2], [0] * 6):
            given = run_op("crop_resize", opset, x=x, boxes=np.array(CORNERS, "f4"), target_width=3,
                           target_height=2, box_indices=np.array(which, kind))  # fmt: skip
            expect(given, by_loop(x, which, CORNERS, "DEFAULT", (2, 3)))
    given = run_op("crop_resize", opset, x=x, boxes=np.array(CORNERS[:3], "f2"), target_height=2,
                   target_width=3)  # fmt: skip
    expect(given, by_loop(x, [0, 1, 2], CORNERS[:3], "DEFAULT", (2, 3)))


@meaning("crop_resize", "loop", "ios17")
def boxes_of_whole_numbers(opset: str) -> None:
    x = random(1, 2, 5, 7, dtype="f2")
    boxes = np.array([[0, 1, 3, 5], [4, 6, 0, 2]], "u2")
    given = run_op("crop_resize", opset, x=x, boxes=boxes, box_indices=np.zeros(2, "i4"),
                   target_height=4, target_width=2, sampling_mode="UNALIGN_CORNERS")  # fmt: skip
    expect(given, by_loop(x, [0, 0], boxes.astype("f8"), "UNALIGN_CORNERS", (4, 2)))


@meaning("crop_resize", "values", "ios17")
def a_number_of_no_image(opset: str) -> None:
    for number in (1, -1):
        refused("crop_resize", opset, "box_indices", x=SQUARE, boxes=np.zeros((1, 4), "f4"),
                box_indices=np.array([number], "i4"))  # fmt: skip


@meaning("crop_resize", "values")
def the_values_of_coremltools_tests_for_crop_resize(opset: str) -> None:
    thirds = [[6 + i / 3 + 4 * j / 3 for i in range(4)] for j in range(4)]
    for box, size, normalized, wanted in (
        ((1, 1, 2, 2), 2, False, [[6, 7], [10, 11]]),
        ((1, 1, 2, 2), 4, False, thirds),
        ((1, 1, 2, 2), 1, False, [[8.5]]),
        ((0, 0, 1 / 3, 1 / 3), 2, True, [[1, 2], [5, 6]]),
        ((2, 2, 1, 1), 2, False, [[11, 10], [7, 6]]),
    ):
        given = cut(opset, SQUARE, [0], [box], target_height=size, target_width=size,
                    normalized_coordinates=normalized, sampling_mode="ALIGN_CORNERS")  # fmt: skip
        expect(given, np.array([[wanted]]))


@meaning("crop_resize", "values", "ios16", "ios17")
def the_values_of_coremltools_tests_for_padding(opset: str) -> None:
    boxes = [[0.1, 0.3, 1.3, 1], [0.5, 1.8, 1, 0.3], [0, 0.4, 0.6, 0.7]]
    for pad in (0.0, 1.0, 10.0):
        given = cut(opset, SQUARE, [0] * 3, boxes, target_height=2, target_width=2, pad_value=pad,
                    normalized_coordinates=True, sampling_mode="ALIGN_CORNERS")  # fmt: skip
        wanted = [3.1, 5.2, pad, pad, pad, 7.9, pad, 13.9, 2.2, 3.1, 9.4, 10.3]
        expect(given, np.array(wanted).reshape(3, 1, 2, 2))


@meaning("crop_resize", "values")
def edges_are_on_the_image_however_places_are_rounded(opset: str) -> None:
    x = np.ones((1, 1, 64, 50), "f4")
    boxes = [[start / 97, start / 97, 1, 1] for start in range(97)]
    turned = [[start / 997, start / 997, 0, 0] for start in range(97)]
    for mode in MODES:
        for each, scale in ((boxes, 1.0), (turned, 0.7)):
            given = cut(opset, x, [0] * 97, each, normalized_coordinates=True, target_height=7,
                        target_width=5, sampling_mode=mode, spatial_scale=scale)  # fmt: skip
            expect(given, np.ones((97, 1, 7, 5)))


@meaning("crop_resize", "values")
def no_boxes_and_boxes_that_are_no_numbers(opset: str) -> None:
    assert cut(opset, SQUARE, [], np.zeros((0, 4)), target_height=2).shape == (0, 1, 2, 1)
    given = cut(
        opset,
        SQUARE,
        [0, 0],
        [[np.nan] * 4, [0, 0, np.inf, np.inf]],
        target_height=2,
        target_width=2,
    )
    expect(given[0], np.zeros((1, 2, 2)))


@meaning("crop_resize", "values", "ios15", "ios16")
def one_image_of_several_is_not_what_the_result_declares(opset: str) -> None:
    # coremltools infers [N, B, …] where a number of an image leaves [N, 1, …].
    roi = np.array([1, 0, 0, 1, 1], "f4").reshape(1, 1, 5, 1, 1)
    refused("crop_resize", opset, "is declared as", x=random(2, 1, 3, 3), roi=roi)
