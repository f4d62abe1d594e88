"""Boxes that overlap: [B, 4], each of x and y of its centre, width and height."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from milc.kernels import sorting

if TYPE_CHECKING:
    from milc.kernels import Array


def overlaps(box: Array, others: Array) -> Array:
    """What one box, [4], shares with others, [B, 4], as a part of what both cover: [B].

    NaN, which exceeds no limit, where they cover nothing.
    """
    low = np.maximum(box[:2] - box[2:] / 2, others[:, :2] - others[:, 2:] / 2)
    high = np.minimum(box[:2] + box[2:] / 2, others[:, :2] + others[:, 2:] / 2)
    shared = np.maximum(high - low, 0).prod(1)
    covered = box[2:].prod() + others[:, 2:].prod(1) - shared
    part: Array = shared / covered
    return part


def suppressed(
    boxes: Array, scores: Array, *, iou: float, low: float, most: int, per_class: bool
) -> list[int]:
    """The places of the boxes that are kept, the best first, of [B, 4] and scores, [B, K].

    Those of a score below `low` are dropped, and those that overlap a better one by more than
    `iou`, of their own class if `per_class`. If all scores are below, the best one is kept.
    """
    if not scores.size or not most:
        return []
    best, classes = scores.max(1), scores.argmax(1)
    left = sorting.order(best, 0, ascending=False)
    left = left[best[left] >= low] if (best >= low).any() else best.argmax(keepdims=True)
    kept: list[int] = []
    while left.size and len(kept) < most:
        first, left = left[0], left[1:]
        kept.append(int(first))
        over = overlaps(boxes[first], boxes[left]) > iou
        left = left[~over | (classes[left] != classes[first])] if per_class else left[~over]
    return kept
