"""Ops that make tensors out of little: filled with one value, a sequence, one-hot vectors.

Facts: coremltools 9.0, `ops/defs/iOS15/tensor_operation.py` and `iOS16/tensor_operation.py`.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from milc.ir.types import BOOL, FP16, FP32, INT32, MAX_RANK, TensorType
from milc.kernels import Array, memory, np
from milc.schema import Const, Domain, Elements, EvaluationError, In, OpDef, Out, constraint
from milc.schema.bound import FOLDED
from milc.schema.rules import settle, total

if TYPE_CHECKING:
    from milc.ir.types import ElementType
    from milc.schema import Bound


class Fill(OpDef):
    """A tensor of a given shape, every element of which is `value`.

    The shape may be computed while the program runs; the result then has unknown dimensions.

    ```mil
    func main<ios15>(tensor<int32, [2]> s) {
        tensor<fp32, [2, 3]> a = fill(shape = tensor<int32, [2]>([2, 3]), value = fp32(0.5));
        tensor<int32, [?, ?]> b = fill(shape = s, value = int32(-1));
    } -> (a, b);
    ```
    """

    name = "fill"
    since = "ios15"

    T = Domain(FP16, FP32, INT32, BOOL)
    shape = In(INT32, "the dimensions of the result, a vector", rank=1)
    value = Const(T, "what every element is, a scalar", default=0.0)
    y = Out("the filled tensor, of the element type of `value`")

    @constraint("C1", "`shape` has no negative element")
    def dims_are_lengths(self) -> bool | None:
        dims = self.shape.elements
        return None if dims is None else all(dim is None or dim >= 0 for dim in dims)

    def infer(self) -> TensorType:
        rank = self.shape.length
        if rank is None or rank > MAX_RANK:
            return TensorType(self.value.element, None)
        return TensorType(self.value.element, self.shape.elements or (None,) * rank)

    def fold(self) -> Elements | None:
        dims = self.shape.value
        return None if dims is None else _repeated(_single(self.value.elements), total(dims))

    def evaluate(self) -> Array:
        return _filled(self.shape.value, self.value)


class FillLike(OpDef):
    """A tensor of the shape of another one, every element of which is `value`.

    Only the shape of `ref_tensor` counts: the result has the element type of `value`.

    ```mil
    func main<ios16>(tensor<fp32, [2, ?]> x) {
        tensor<int32, [2, ?]> y = fill_like(ref_tensor = x, value = int32(7));
    } -> (y);
    ```
    """

    name = "fill_like"
    since = "ios16"
    instead = "`shape` and `fill`"

    T = Domain(FP16, FP32, INT32, BOOL)
    U = Domain(FP16, FP32, INT32, BOOL)
    ref_tensor = In(T, "the tensor that has the shape of the result")
    value = Const(U, "what every element is, a scalar", default=0.0)
    y = Out("the filled tensor, of the shape of `ref_tensor` and the element type of `value`")

    def infer(self) -> TensorType:
        return self.ref_tensor.with_element(self.value.element)

    def fold(self) -> Elements | None:
        known = self.ref_tensor.elements
        if known is None or None in known:
            return None
        return _repeated(_single(self.value.elements), len(known))

    def evaluate(self) -> Array:
        return _filled(self.ref_tensor.array.shape, self.value)


class Range1d(OpDef):
    """The numbers from `start` up to, and without, `end`, in steps of `step`.

    `start + i * step`, rounded once, for `i` = 0, 1, … as long as it is below `end`, or above it
    where `step` is negative: `ceil((end - start) / step)` numbers, none if that is negative.

    ```mil
    func main<ios15>(int32 n) {
        tensor<int32, [4]> a = range_1d(end = int32(9), start = int32(1), step = int32(2));
        tensor<int32, [?]> b = range_1d(end = n, start = int32(0), step = int32(1));
    } -> (a, b);
    ```
    """

    name = "range_1d"
    since = "ios15"

    T = Domain(FP16, FP32, INT32)
    end = In(T, "where the sequence ends, itself left out; a scalar")
    start = In(T, "the first number, a scalar")
    step = In(T, "what each number has more than the one before it, a scalar")
    y = Out("the sequence, a vector")

    @constraint("C1", "`step` is not 0")
    def proceeds(self) -> bool | None:
        step = _single(self.step.elements)
        return None if step is None else bool(step != 0)

    @property
    def length(self) -> int | None:
        """The number of elements, None if it is not known."""
        bounds = self._bounds()
        if bounds is None:
            return None
        start, end, step = bounds
        element = self.start.element
        try:
            # The oracle divides in the precision of the operands: 0.6 / 0.2 is 3 in fp32.
            steps = _rounded(element, _rounded(element, end - start) / step)
            return max(ceil(steps), 0)
        except (ArithmeticError, ValueError):
            return None

    def _bounds(self) -> tuple[float, float, float] | None:
        start, end, step = (_single(b.elements) for b in (self.start, self.end, self.step))
        return None if start is None or end is None or step is None else (start, end, step)

    def infer(self) -> TensorType:
        return TensorType(self.start.element, (self.length,))

    def fold(self) -> Elements | None:
        bounds, length = self._bounds(), self.length
        if bounds is None or length is None or length > FOLDED:
            return None
        start, _, step = bounds
        if int(start) != start or int(step) != step:
            return None
        return tuple(start + i * step for i in range(length))

    def evaluate(self) -> Array:
        length, bounds = self.length, self._bounds()
        if length is None or bounds is None:
            told = f"`start` is {self.start.value}, `end` {self.end.value}"
            raise EvaluationError(f"{told} and `step` {self.step.value}: no number of steps fits")
        memory.must_fit((length,), 8)
        start, _, step = bounds
        return start + np.arange(length) * step


class OneHot(OpDef):
    """For each index a vector that is `on_value` at that index and `off_value` elsewhere.

    The vectors have `one_hot_vector_size` elements and lie along the new dimension `axis` of the
    result: `y[i, …, k, …, j] = on_value if indices[i, …, j] == k else off_value`. So an index that
    is negative or too large has no `on_value`.

    ```mil
    func main<ios15>(tensor<int32, [3]> x) {
        tensor<fp32, [3, 5]> y = one_hot(
            indices = x, one_hot_vector_size = int32(5), axis = int32(-1),
            on_value = fp32(1.0), off_value = fp32(0.0));
    } -> (y);
    ```
    """

    name = "one_hot"
    since = "ios15"

    T = Domain(FP16, FP32, INT32, BOOL)
    indices = In(INT32, "where each vector is `on_value`, of any shape")
    one_hot_vector_size = In(INT32, "how long the vectors are, a scalar")
    axis = Const(INT32, "the place of the new dimension; negative from the end", rank=0, default=-1)
    on_value = Const(T, "the element at the index, a scalar", default=1)
    off_value = Const(T, "all other elements, a scalar", default=0)
    y = Out("the vectors, of one dimension more than `indices`, of the type of `on_value`")

    @constraint("C1", "`axis` is a dimension of the result, which has one more than `indices`")
    def axis_in_range(self) -> bool | None:
        axis, rank = self.axis.value, self.indices.rank + 1
        return None if axis is None else -rank <= axis <= rank - 1

    @constraint("C2", "`one_hot_vector_size` is not negative")
    def size_is_length(self) -> bool | None:
        size = _single(self.one_hot_vector_size.elements)
        return None if size is None else bool(size >= 0)

    def infer(self) -> TensorType:
        dims, axis = list(self.indices.shape), self.axis.value
        if axis is None:
            return TensorType(self.on_value.element, (None,) * (len(dims) + 1))
        size = _single(self.one_hot_vector_size.elements)
        dims.insert(axis + len(dims) + 1 if axis < 0 else axis, size)
        return TensorType(self.on_value.element, tuple(dims))

    def evaluate(self) -> Array:
        indices, size = self.indices.array, int(self.one_hot_vector_size.array.item())
        on, off = self.on_value.array.ravel(), self.off_value.array.ravel()
        memory.must_fit((*indices.shape, size), on.itemsize)
        behind = -1 - self.axis.value if self.axis.value < 0 else indices.ndim - self.axis.value
        places = np.arange(size).reshape(size, *[1] * behind)
        return np.where(np.expand_dims(indices, self.axis.value) == places, on, off)


def _filled(shape: tuple[int, ...], value: Bound) -> Array:
    """An array of a shape, every element of it the only one of `value`."""
    if min(shape, default=0) < 0:
        raise EvaluationError(f"`shape` has the negative element {min(shape)}")
    memory.must_fit(shape, value.array.itemsize)
    return np.full(shape, value.array.ravel()[0])


def _single(elements: Elements | None) -> Any:
    """The only element, None if it is not known: the oracle takes [5] for the scalar 5."""
    return elements[0] if elements is not None and len(elements) == 1 else None


def _repeated(value: Any, count: int | None) -> Elements | None:
    """A value so many times; None if that is not known, or too many."""
    return None if value is None or count is None or count > FOLDED else (value,) * count


def _rounded(element: ElementType, number: float) -> float:
    """A number as a floating-point type of few bits holds it."""
    settled = settle(element, (number,)) if element.is_float else None
    return number if settled is None else float(settled[0])
