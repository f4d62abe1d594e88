"""Ops that order elements, and pick the best of them.

Facts: coremltools 9.0, `ops/defs/iOS15/tensor_operation.py`, `iOS16/tensor_operation.py` and
`iOS17/tensor_operation.py`.
"""

from __future__ import annotations

import math

from milc.ir.types import (
    BOOL,
    FP16,
    FP32,
    INT8,
    INT16,
    INT32,
    STRING,
    UINT8,
    UINT16,
    TensorType,
)
from milc.kernels import Array, boxes, memory, np, sorting
from milc.schema import (
    Choice,
    Const,
    Domain,
    Elements,
    EvaluationError,
    In,
    Moved,
    OpDef,
    Order,
    Out,
    constraint,
)
from milc.schema.rules import is_axis, same


class Sorting(OpDef):
    """Elements are compared along one dimension.

    NaN counts as larger than all numbers, and equal elements stay in their order, as PyTorch sorts.
    """

    T = Domain(FP16, FP32, INT32)
    x = In(T, "the elements to compare, of any shape")
    axis = Const(INT32, "the dimension to sort along; negative from the end", rank=0, default=-1)
    ascending = Const(BOOL, "whether the smallest element comes first", rank=0, default=False)

    @constraint("C1", "`axis` is a dimension of `x`")
    def axis_in_range(self) -> bool:
        return is_axis(self.axis, self.x)

    def moved(self, order: Order) -> Moved | None:
        axis = self.axis.value
        count = len(self.op.results)
        return None if axis is None else Moved({"axis": order[axis]}, (order,) * count)

    def order(self) -> tuple[int, ...] | None:
        """The places of the elements of a known vector when it is sorted, else None."""
        known = self.x.elements
        if known is None or None in known or self.x.rank != 1:
            return None
        if any(each != each for each in known):
            return None
        falling = not self.ascending.value
        return tuple(sorted(range(len(known)), key=known.__getitem__, reverse=falling))

    def ordered(self) -> Array:
        """The places along the axis in the order of the elements."""
        return sorting.order(self.x.array, self.axis.value, ascending=self.ascending.value)


class Argsort(Sorting):
    """Where the elements of `x` stand that come first, second, … when it is sorted along `axis`.

    The largest first, or the smallest if `ascending`. Which of equal elements comes first is not
    documented, nor where NaN stands: here equal ones stay in their order, and NaN is the largest,
    as in PyTorch.

    ```mil
    func main<ios15>(tensor<fp32, [2, 4]> x) {
        tensor<int32, [2, 4]> y = argsort(x = x, axis = int32(-1), ascending = bool(true));
    } -> (y);
    ```
    """

    name = "argsort"
    since = "ios15"
    span = 0, math.inf

    indices = Out("the places in `x` along `axis`, of the shape of `x`")

    def infer(self) -> TensorType:
        return self.x.with_element(INT32)

    def fold(self) -> Elements | None:
        return self.order()

    def evaluate(self) -> Array:
        return self.ordered()


class Topk(Sorting):
    """The `k` largest elements along `axis`, and where they stand; the smallest if `ascending`.

    Of equal elements the first are taken, and NaN is the largest, as for `argsort`.

    ```mil
    func main<ios15>(tensor<fp32, [2, 4]> x) {
        tensor<fp32, [2, 3]> v, tensor<int32, [2, 3]> i = topk(
            x = x, k = int32(3), axis = int32(-1), ascending = bool(false));
    } -> (v, i);
    ```
    """

    name = "topk"
    since = "ios15"

    k = Const(INT32, "how many elements to pick", rank=0, default=1)
    values = Out("the elements, of the shape of `x` but for the dimension `axis`, which is `k`")
    indices = Out("their places in `x` along `axis`, of the same shape")

    @constraint("C2", "`k` is at most the dimension `axis` of `x`")
    def has_enough(self) -> bool | None:
        k, length = self.k.value, self.length
        return None if k is None or length is None else bool(k <= length)

    @constraint("C3", "`k` is not negative")
    def is_count(self) -> bool | None:
        return None if self.k.value is None else bool(self.k.value >= 0)

    @property
    def length(self) -> int | None:
        """The dimension along which is sorted, None if it is not known."""
        return None if self.axis.value is None else self.x.shape[self.axis.value]

    def picked(self) -> tuple[TensorType, TensorType]:
        """The types of the elements that are picked, and of their places."""
        k, axis = self.k.value, self.axis.value
        if axis is None:
            values = self.x.with_shape(*(None for _ in self.x.shape))
        else:
            values = self.x.with_dim(axis, self.length if k == -1 else k)
        return values, TensorType(INT32, values.shape)

    def infer(self) -> TensorType | tuple[TensorType, ...]:
        return self.picked()

    def fold(self) -> Elements | tuple[Elements | None, ...] | None:
        order, known, k = self.order(), self.x.elements, self.k.value
        if order is None or known is None or k is None:
            return None
        best = order if k == -1 else order[:k]
        values = tuple(known[place] for place in best)
        return (values, best) if len(self.op.results) > 1 else values

    def evaluate(self) -> Array | tuple[Array, ...]:
        x, axis, k = self.x.array, self.x.axis(self.axis.value), self.k.value
        places = self.ordered()
        if k != -1:
            places = places[(slice(None),) * axis + (slice(k),)]
        values = np.take_along_axis(x, places, axis)
        return (values, places) if len(self.op.results) > 1 else values


class Topk16(Topk):
    """`sort` says whether the elements come in order, `return_indices` whether there are indices.

    Without indices the op has one result. Where they need not come in order, they do here.

    ```mil
    func main<ios16>(tensor<fp32, [2, 4]> x) {
        tensor<fp32, [2, 3]> v = topk(
            x = x, k = int32(3), axis = int32(-1), ascending = bool(false), sort = bool(false),
            return_indices = bool(false));
    } -> (v);
    ```
    """

    since = "ios16"
    instead = "`sort` and `return_indices` left out, and a second result for the indices"

    sort = Const(BOOL, "whether the elements come in order, else in any", rank=0, default=True)
    return_indices = Const(BOOL, "whether the places are a second result", rank=0, default=True)
    indices = Out("their places in `x` along `axis`, if `return_indices` is true")

    def infer(self) -> TensorType | tuple[TensorType, ...]:
        picked = self.picked()
        return picked[0] if self.return_indices.value is False else picked


class Topk17(Topk16):
    """Integers of 8 and 16 bits are taken too, and the element type of the indices can be chosen.

    `k` may be -1, which means all elements.

    ```mil
    func main<ios17>(tensor<int8, [2, 4]> x) {
        tensor<int8, [2, 3]> v, tensor<uint16, [2, 3]> i = topk(
            x = x, k = int16(3), axis = int32(-1), ascending = bool(false), sort = bool(true),
            return_indices = bool(true), output_indices_dtype = string("uint16"));
    } -> (v, i);
    ```
    """

    since = "ios17"
    instead = (
        "`output_indices_dtype` left out, `x` cast to int32 or a float type, and `k` written"
        " out where it is -1"
    )

    T = Domain(FP16, FP32, INT8, INT16, INT32, UINT8, UINT16)
    K = Domain(INT8, INT16, INT32)
    k = Const(K, "how many elements to pick, -1 for all", rank=0, default=1)
    output_indices_dtype = Const(
        STRING,
        "the element type of the indices, a scalar",
        choices=Choice("int32", "uint16"),
        default=lambda op: None if op.return_indices.value is False else "int32",
        default_doc='"int32" if there are indices',
    )

    @constraint("C3", "`k` is -1 or not negative")
    def is_count_or_all(self) -> bool | None:
        return None if self.k.value is None else bool(self.k.value >= -1)

    @constraint("C4", "`output_indices_dtype` is left out if `return_indices` is false")
    def has_indices(self) -> bool:
        return self.return_indices.value is not False or "output_indices_dtype" not in self.op.args

    def infer(self) -> TensorType | tuple[TensorType, ...]:
        types = super().infer()
        if isinstance(types, tuple) and self.output_indices_dtype.value == "uint16":
            return types[0], TensorType(UINT16, types[1].shape)
        return types


class NonMaximumSuppression(OpDef):
    """Of boxes that overlap keep the one with the best score, in the order of their scores.

    Two boxes overlap if the area that they share is more than `iou_threshold` of the area that they
    cover together. The score of a box is the best of those for its classes, and the class of that
    score is its own. Up to ios16, boxes of scores below `score_threshold` are dropped first; if
    that leaves none the best one is kept, as coremltools' tests expect of Core ML. At most
    `max_boxes` are kept; if there are fewer, the results are padded: boxes and scores with 0,
    indices with -1. With `per_class_suppression` boxes suppress each other only within each class.
    Of equal scores, the box that stands first goes first.

    ```mil
    func main<ios15>(tensor<fp32, [1, 20, 4]> boxes, tensor<fp32, [1, 20, 3]> scores) {
        tensor<fp32, [1, 5, 4]> b, tensor<fp32, [1, 5, 3]> s, tensor<int32, [1, 5]> i,
        tensor<int32, [1]> n = non_maximum_suppression(
            boxes = boxes, scores = scores, iou_threshold = fp32(0.5), score_threshold = fp32(0.25),
            max_boxes = int32(5), per_class_suppression = bool(false));
    } -> (b, s, i, n);
    ```
    """

    name = "non_maximum_suppression"
    since = "ios15"

    T = Domain(FP16, FP32)
    boxes = In(T, "x and y of the centre, width and height, of shape [n, B, 4]", rank=3)
    scores = In(T, "the score of each box for each of K classes, of shape [n, B, K]", rank=3)
    iou_threshold = Const(T, "how much boxes may overlap, a scalar from 0 to 1")
    score_threshold = Const(T, "the score below which boxes are dropped, a scalar")
    max_boxes = Const(INT32, "how many boxes are kept at most", rank=0)
    per_class_suppression = Const(
        BOOL, "whether boxes suppress only those of their class, a scalar", default=False
    )
    kept_boxes = Out("the boxes that are kept, of shape [n, max_boxes, 4]")
    kept_scores = Out("their scores, of shape [n, max_boxes, K]")
    indices = Out("their places among `boxes`, of shape [n, max_boxes]")
    counts = Out("how many boxes are kept, of shape [n]")

    @constraint("C1", "`max_boxes` is not negative")
    def keeps_some(self) -> bool | None:
        return None if self.max_boxes.value is None else bool(self.max_boxes.value >= 0)

    @constraint("C2", "`boxes` are as many as `scores` tell of, in as many images")
    def sizes_agree(self) -> bool:
        boxes, scores = self.boxes.shape, self.scores.shape
        return same(boxes[0], scores[0]) and same(boxes[1], scores[1])

    @constraint("C3", "`boxes` have four coordinates each")
    def has_coordinates(self) -> bool:
        return same(self.boxes.shape[2], 4)

    def infer(self) -> tuple[TensorType, ...]:
        images, classes = self.scores.shape[0], self.scores.shape[2]
        kept = self.max_boxes.value
        return (
            self.boxes.with_shape(images, kept, 4),
            self.scores.with_shape(images, kept, classes),
            TensorType(INT32, (images, kept)),
            TensorType(INT32, (images,)),
        )

    def evaluate(self) -> tuple[Array, ...]:
        low = float(self.score_threshold.value)
        kept, places, counts = self.suppressed(self.boxes.array, self.scores.array, low)
        return (*kept, places, counts)

    def suppressed(
        self, corners: Array, scores: Array, low: float
    ) -> tuple[list[Array], Array, Array]:
        """Of [n, B, 4] and [n, B, K] what is kept, the places of it, and how many there are."""
        most = self.max_boxes.value
        memory.must_fit((len(scores), most, 4 + scores.shape[2]), scores.itemsize)
        places = np.full((len(scores), most), -1)
        for image, (box, score) in enumerate(zip(corners, scores, strict=True)):
            found = boxes.suppressed(
                box.astype("f4"),
                score.astype("f4"),
                iou=float(self.iou_threshold.value),
                low=low,
                most=most,
                per_class=self.per_class_suppression.value,
            )
            places[image, : len(found)] = found
        rows, padding = np.arange(len(places))[:, None], ((0, 0), (0, 1), (0, 0))
        kept = [np.pad(each, padding)[rows, places] for each in (corners, scores)]
        return kept, places, (places >= 0).sum(1)


class NonMaximumSuppression17(NonMaximumSuppression):
    """Boxes are counted by the last dimension, and there is neither a threshold nor a count.

    `score_threshold` and the fourth result are gone; to drop boxes of low scores, set those to the
    lowest number. That boxes and scores agree is not checked here: coremltools takes, and its
    models have, the older layout too.

    ```mil
    func main<ios17>(tensor<fp32, [1, 4, 20]> boxes, tensor<fp32, [1, 3, 20]> scores) {
        tensor<fp32, [1, 4, 5]> b, tensor<fp32, [1, 3, 5]> s,
        tensor<int32, [1, 5]> i = non_maximum_suppression(
            boxes = boxes, scores = scores, iou_threshold = fp32(0.5), max_boxes = int32(5),
            per_class_suppression = bool(false));
    } -> (b, s, i);
    ```
    """

    since = "ios17"
    instead = (
        "`score_threshold`, boxes of [n, B, 4] and scores of [n, B, K], and a fourth result,"
        " the counts"
    )
    without = ("score_threshold", "counts", "C2", "C3")

    T = Domain(FP16, FP32)
    boxes = In(T, "x and y of the centre, width and height, of shape [n, 4, B]", rank=3)
    scores = In(T, "the score of each box for each of K classes, of shape [n, K, B]", rank=3)
    kept_boxes = Out("the boxes that are kept, of shape [n, 4, max_boxes]")
    kept_scores = Out("their scores, of shape [n, K, max_boxes]")

    def infer(self) -> tuple[TensorType, ...]:
        images, classes, kept = *self.scores.shape[:2], self.max_boxes.value
        return (
            self.boxes.with_shape(images, 4, kept),
            self.scores.with_shape(images, classes, kept),
            TensorType(INT32, (images, kept)),
        )

    def evaluate(self) -> tuple[Array, ...]:
        corners, scores = self.boxes.array.swapaxes(1, 2), self.scores.array.swapaxes(1, 2)
        if corners.shape[2] != 4 or corners.shape[:2] != scores.shape[:2]:
            shapes = f"{list(self.boxes.shape)}, `scores` {list(self.scores.shape)}"
            raise EvaluationError(f"`boxes` has the shape {shapes}: not [n, 4, B] and [n, K, B]")
        kept, places, _ = self.suppressed(corners, scores, -np.inf)
        return (*(each.swapaxes(1, 2) for each in kept), places)
