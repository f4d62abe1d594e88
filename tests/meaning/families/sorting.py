"""Ops that order elements or pick the best, against PyTorch, Python's `sorted` and loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.meaning.cases import expect, level, meaning, random, refused, run_op
from tests.meaning.peer import peer

SHAPES = ((5,), (3, 4), (2, 6, 3), (1, 2, 1, 4), (2, 0))


def kinds(opset: str) -> tuple[str, ...]:
    """The element types that `topk` compares."""
    wide = ("f4", "f2", "i4")
    return wide if level(opset) < 17 else (*wide, "i1", "i2", "u1", "u2")


def ordered(x: Any, axis: int, ascending: bool) -> Any:
    """The places of elements in their order, line by line, by Python's stable `sorted`."""
    lines = np.moveaxis(x, axis, -1)
    found = np.zeros(lines.shape, "i4")
    for at in np.ndindex(*lines.shape[:-1]):
        line = lines[at].tolist()
        sign = 1 if ascending else -1
        found[at] = sorted(range(len(line)), key=lambda place: sign * line[place])
    return np.moveaxis(found, -1, axis)


@meaning("argsort", "loop")
def sorts(opset: str) -> None:
    for dtype in ("f4", "f2", "i4"):
        for shape in SHAPES:
            x = random(*shape, dtype=dtype)
            for axis in range(-len(shape), len(shape)):
                for ascending in (False, True):
                    got = run_op("argsort", opset, x=x, axis=axis, ascending=ascending)
                    assert got.dtype == "i4"
                    expect(got, ordered(x, axis, ascending))


@meaning("argsort", "torch")
def sorts_ties_and_nan_as_pytorch(opset: str) -> None:
    x = np.array([[1, math.nan, 1, -math.inf, 3, 1], [0, -0.0, math.inf, 0, math.nan, 2]], "f4")
    many = random(3, 200, dtype="i4", low=0, high=9)
    for given in (x, many, many.astype("f2")):
        for axis in (0, 1):
            for ascending in (False, True):
                got = run_op("argsort", opset, x=given, axis=axis, ascending=ascending)
                expect(got, peer("moving:sort", given, axis, not ascending)[1])


@meaning("argsort", "values")
def sorts_the_largest_first_along_the_last_axis_by_default(opset: str) -> None:
    x = np.array([[3, 1, 2], [1, 2, 3]], "f4")
    expect(run_op("argsort", opset, x=x), np.array([[0, 2, 1], [2, 1, 0]]))
    least = np.array([-(2**31), 2**31 - 1, 0], "i4")
    expect(run_op("argsort", opset, x=least), np.array([1, 2, 0]))


@meaning("topk", "loop")
def picks_the_best(opset: str) -> None:
    for dtype in kinds(opset):
        for shape in SHAPES[:4]:
            x = random(*shape, dtype=dtype, low=0 if dtype[0] == "u" else -90, high=90)
            for axis in range(-len(shape), len(shape)):
                for k in {0, 1, shape[axis]}:
                    for ascending in (False, True):
                        places = np.take(ordered(x, axis, ascending), range(k), axis)
                        values, indices = run_op("topk", opset, x=x, k=k, axis=axis,
                                                 ascending=ascending)  # fmt: skip
                        assert (values.dtype, indices.dtype) == (x.dtype, "i4")
                        expect(indices, places)
                        expect(values, np.take_along_axis(x, places, axis), exact=True)


@meaning("topk", "torch")
def picks_as_pytorch(opset: str) -> None:
    x = random(4, 50)
    x[1, 3:6] = math.nan
    x[2, :3] = math.inf, -math.inf, math.inf
    for k, axis, ascending in ((5, 1, False), (50, 1, True), (2, 0, False), (3, 0, True)):
        values, _ = run_op("topk", opset, x=x, k=k, axis=axis, ascending=ascending)
        expect(values, peer("moving:topk", x, k, axis, not ascending), exact=True)


@meaning("topk", "values")
def picks_one_by_default_and_the_first_of_equals(opset: str) -> None:
    x = np.array([[1, 3, 3, 2], [5, 0, 5, 5]], "f4")
    expect(run_op("topk", opset, x=x), (np.array([[3], [5]], "f4"), np.array([[1], [0]])))
    got = run_op("topk", opset, x=x, k=3)
    expect(got, (np.array([[3, 3, 2], [5, 5, 5]], "f4"), np.array([[1, 2, 3], [0, 2, 3]])))
    got = run_op("topk", opset, x=x, k=2, ascending=True)
    expect(got, (np.array([[1, 2], [0, 5]], "f4"), np.array([[0, 3], [1, 0]])))


@meaning("topk", "values", "ios16", "ios17")
def picks_in_any_order_and_without_places(opset: str) -> None:
    x = random(3, 8)
    for sort in (False, True):
        for k in (1, 4, 8):
            values, places = run_op("topk", opset, x=x, k=k, sort=sort)
            expect(np.sort(values), np.sort(x)[:, 8 - k :], exact=True)
            expect(np.take_along_axis(x, places, 1), values, exact=True)
            got = run_op("topk", opset, x=x, k=k, sort=sort, return_indices=False, results=1)
            expect(got, values, exact=True)


@meaning("topk", "values", "ios17")
def picks_all_and_says_where_in_16_bits(opset: str) -> None:
    x = np.array([[3, 0, 255, 7]], "u1")
    for dtype in ("int32", "uint16"):
        values, places = run_op("topk", opset, x=x, k=-1, output_indices_dtype=dtype)
        assert places.dtype == dtype
        expect((values, places), (np.array([[255, 7, 3, 0]]), np.array([[2, 3, 0, 1]])))
    got = run_op("topk", opset, x=x, k=np.array(2, "i1"), ascending=True)
    expect(got, (np.array([[0, 3]]), np.array([[1, 0]])))


@meaning("topk", "values")
def there_are_not_more_than_there_are(opset: str) -> None:
    refused("topk", opset, "`k`", x=random(2, 3), k=4)


def part_shared(one: Any, other: Any) -> float:
    """How much of what two boxes cover they share, on paper."""
    sides = []
    for axis in (0, 1):
        low = max(one[axis] - one[axis + 2] / 2, other[axis] - other[axis + 2] / 2)
        high = min(one[axis] + one[axis + 2] / 2, other[axis] + other[axis + 2] / 2)
        sides.append(max(high - low, 0.0))
    shared = sides[0] * sides[1]
    covered = one[2] * one[3] + other[2] * other[3] - shared
    return shared / covered if covered > 0 else 0.0


def suppressed(
    boxes: Any, scores: Any, iou: float, low: float, most: int, per_class: bool
) -> list[int]:
    """The places of the boxes of one image that are kept: every pair is compared."""
    best = [float(max(each)) for each in scores]
    of = [int(np.argmax(each)) for each in scores]
    order = sorted(range(len(best)), key=lambda place: -best[place])
    kept: list[int] = []
    for place in (each for each in order if best[each] >= low):
        rivals = [other for other in kept if not per_class or of[other] == of[place]]
        if all(part_shared(boxes[place], boxes[other]) <= iou for other in rivals):
            kept.append(place)
    return (kept or order[:1])[:most]


def wanted_of(boxes: Any, scores: Any, most: int, *rest: Any) -> Any:
    """The four results for all images: boxes, scores, places and how many."""
    count = len(boxes)
    places = np.full((count, most), -1, "i4")
    kept = np.zeros((count, most, 4), boxes.dtype), np.zeros((count, most, scores.shape[2]), "f4")
    counts = np.zeros(count, "i4")
    for image in range(count):
        found = suppressed(boxes[image].tolist(), scores[image].tolist(), *rest[:2], most, rest[2])
        counts[image] = len(found)
        for at, place in enumerate(found):
            places[image, at] = place
            kept[0][image, at], kept[1][image, at] = boxes[image, place], scores[image, place]
    return *kept, places, counts


def run_nms(opset: str, boxes: Any, scores: Any, most: int, iou: Any, low: Any, per: bool) -> Any:
    """The results of the op, [n, B, …] in every version, and without counts."""
    given = {"iou_threshold": iou, "max_boxes": most, "per_class_suppression": per}
    if level(opset) < 17:
        got = run_op("non_maximum_suppression", opset, boxes=boxes, scores=scores,
                     score_threshold=low, **given)  # fmt: skip
        expect(got[3], (got[2] >= 0).sum(1))
        return got[:3]
    turned = [np.ascontiguousarray(each.swapaxes(1, 2)) for each in (boxes, scores)]
    got = run_op("non_maximum_suppression", opset, boxes=turned[0], scores=turned[1], **given)
    return got[0].swapaxes(1, 2), got[1].swapaxes(1, 2), got[2]


def some_boxes(images: int, count: int, seed: int = 0) -> Any:
    """Boxes of which many overlap."""
    places = random(images, count, 2, low=0, high=30, seed=seed)
    return np.concatenate([places, random(images, count, 2, low=4, high=20, seed=seed + 1)], 2)


@meaning("non_maximum_suppression", "loop")
def keeps_the_best_boxes(opset: str) -> None:
    for images, count, classes, most in (
        (1, 10, 1, 7),
        (2, 30, 4, 37),
        (3, 60, 7, 20),
        (1, 1, 2, 1),
    ):
        boxes, scores = some_boxes(images, count), random(images, count, classes, seed=7)
        for iou in (0.0, 0.2, 0.5, 1.0):
            for low in (-5.0, 0.5, 5.0) if level(opset) < 17 else (-5.0,):
                for per_class in (False, True):
                    got = run_nms(opset, boxes, scores, most, iou, low, per_class)
                    wanted = wanted_of(boxes, scores, most, np.float32(iou), low, per_class)
                    expect(got, wanted[:3])


@meaning("non_maximum_suppression", "loop")
def keeps_the_best_boxes_in_fp16(opset: str) -> None:
    boxes, scores = some_boxes(2, 20).astype("f2"), random(2, 20, 3, dtype="f2", seed=7)
    iou, low = np.array(0.25, "f2"), np.array(-2.5, "f2")
    got = run_nms(opset, boxes, scores, 9, iou, low, True)
    assert [each.dtype for each in got] == ["f2", "f2", "i4"]
    expect(got, wanted_of(boxes, scores, 9, 0.25, -2.5, True)[:3])


@meaning("non_maximum_suppression", "values", "ios15")
def keeps_what_the_test_of_coremltools_keeps(opset: str) -> None:
    boxes = np.array([[[0, 0, 0, 0], [1, 1, 1, 1], [2, 2, 2, 2], [3, 3, 3, 3]]], "f4")
    scores = np.array([[[-3.5], [9.4], [2.3], [0.7]]], "f4")
    got = run_op(
        "non_maximum_suppression", opset, boxes=boxes, scores=scores, iou_threshold=0.2,
        score_threshold=0.4, max_boxes=2, per_class_suppression=True,
    )  # fmt: skip
    wanted = np.array([[[1, 1, 1, 1], [2, 2, 2, 2]]]), np.array([[[9.4], [2.3]]])
    expect(got, (*wanted, np.array([[1, 2]]), np.array([2])))


@meaning("non_maximum_suppression", "values", "ios15")
def a_score_at_the_threshold_stays_and_the_best_always(opset: str) -> None:
    boxes = np.array([[[0, 0, 1, 1], [5, 5, 1, 1], [9, 9, 1, 1]]], "f4")
    scores = np.array([[[0.5], [0.25], [0.75]]], "f4")
    for low, kept in ((0.5, [2, 0, -1]), (0.75, [2, -1, -1]), (0.8, [2, -1, -1])):
        got = run_op("non_maximum_suppression", opset, boxes=boxes, scores=scores,
                     iou_threshold=0.5, score_threshold=low, max_boxes=3)  # fmt: skip
        expect(got[2:], (np.array([kept]), np.array([3 - kept.count(-1)])))


@meaning("non_maximum_suppression", "values")
def of_equal_scores_the_first_goes_first(opset: str) -> None:
    boxes = np.array([[[0, 0, 4, 4], [9, 9, 4, 4], [0, 0, 4, 4], [9, 9, 0, 0]]], "f4")
    scores = np.full((1, 4, 2), 0.5, "f4")
    for per_class in (False, True):
        _, _, places = run_nms(opset, boxes, scores, 4, 0.5, 0.0, per_class)
        expect(places, np.array([[0, 1, 3, -1]]))
    scores[0, 2, 1] = math.nan
    _, _, places = run_nms(opset, boxes, scores, 4, 0.5, 0.0, False)
    expect(places, np.array([[0, 1, 3, -1]]))


@meaning("non_maximum_suppression", "values")
def boxes_of_other_classes_stay(opset: str) -> None:
    boxes = np.array([[[0, 0, 4, 4], [0, 0, 4, 4], [0, 0, 4, 4]]], "f4")
    scores = np.array([[[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]], "f4")
    _, _, places = run_nms(opset, boxes, scores, 3, 0.5, 0.0, True)
    expect(places, np.array([[0, 1, -1]]))
    _, _, places = run_nms(opset, boxes, scores, 3, 0.5, 0.0, False)
    expect(places, np.array([[0, -1, -1]]))


@meaning("non_maximum_suppression", "values")
def nothing_is_kept_of_nothing(opset: str) -> None:
    got = run_nms(opset, np.zeros((2, 0, 4), "f4"), np.zeros((2, 0, 3), "f4"), 2, 0.5, 0.0, False)
    expect(got, (np.zeros((2, 2, 4)), np.zeros((2, 2, 3)), np.full((2, 2), -1)))
    got = run_nms(opset, some_boxes(1, 3), random(1, 3, 2), 0, 0.5, 0.0, False)
    expect(got, (np.zeros((1, 0, 4)), np.zeros((1, 0, 2)), np.zeros((1, 0))))


@meaning("non_maximum_suppression", "values", "ios17")
def the_older_layout_is_refused(opset: str) -> None:
    refused("non_maximum_suppression", opset, "not [n, 4, B]", boxes=some_boxes(1, 9),
            scores=random(1, 9, 2), iou_threshold=0.5, max_boxes=3, results=3)  # fmt: skip
