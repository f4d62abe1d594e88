"""Ops that make one element of all those along some axes: sums, extremes, norms, places.

Facts: coremltools 9.0, `ops/defs/iOS15/reduction.py` and `iOS17/reduction.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, ClassVar

from milc.ir.types import BOOL, FP16, FP32, INT32, STRING, UINT16, ElementType, TensorType
from milc.kernels import Array, np, reductions
from milc.schema import (
    Bound,
    Choice,
    Const,
    Domain,
    Elements,
    EvaluationError,
    In,
    Moved,
    OpDef,
    OptionalConst,
    Order,
    Out,
    constraint,
)
from milc.schema.orders import ranked
from milc.schema.rules import is_axis, settle


class Reduction(OpDef):
    """One element for all those of `x` along some axes, or along all."""

    reduce: ClassVar[Callable[..., Any]]
    """What becomes of the elements along the axes; it may raise where it has no value."""
    kernel: ClassVar[str]
    """The function of `reductions` that does the same to an array."""

    T = Domain(FP16, FP32, INT32)
    x = In(T, "the operand, of any shape")
    axes = OptionalConst(
        INT32,
        "the axes along which is reduced, from the last if negative; left out, all, if empty, none",
        rank=1,
    )
    keep_dims = Const(
        BOOL,
        "whether the axes stay, each with length 1, or are removed from the shape",
        rank=0,
        default=False,
    )
    y = Out("the result, with the elements of `x`'s type and the other axes' lengths")

    @constraint("C1", "`axes` are axes of `x`, from -rank to rank - 1")
    def axes_are_there(self) -> bool:
        known = (self.axes.elements if self.axes else None) or ()
        rank = self.x.rank
        return all(axis is None or -rank <= axis < rank for axis in known)

    @constraint(
        "C2", "`axes` names no axis of `x` twice, be it once from the front and once from the end"
    )
    def axes_are_distinct(self) -> bool:
        chosen = self.chosen()
        return chosen is None or len(set(chosen)) == len(chosen)

    def chosen(self) -> tuple[int, ...] | None:
        """The axes as numbers from 0 on; None if they are not known."""
        if self.axes is None:
            return tuple(range(self.x.rank))
        value = self.axes.value
        return None if value is None else tuple(map(self.x.axis, value))

    def moved(self, order: Order) -> Moved | None:
        chosen, keep = self.chosen(), self.keep_dims.value
        if chosen is None or keep is None:
            return None
        axes = {} if self.axes is None else {"axes": tuple([order[axis] for axis in chosen])}
        return Moved(axes, (_left(order, chosen, keep),))

    def infer(self) -> TensorType:
        return _reduced(self.x, self.chosen(), self.keep_dims.value, self.x.element)

    def computed(self) -> Elements | None:
        """What is known of the result's elements, before they are held to its type."""
        return _fold(type(self).reduce, self.x, self.chosen())

    def fold(self) -> Elements | None:
        return settle(self.x.element, self.computed())

    def evaluate(self) -> Array:
        reduce = getattr(reductions, type(self).kernel)
        result: Array = reduce(self.x.reals, self.chosen(), self.keep_dims.value)
        return result


class Place(OpDef):
    """The place of one element of `x` along an axis."""

    place: ClassVar[str]
    """numpy's function that finds it."""

    T = Domain(FP16, FP32, INT32)
    x = In(T, "the operand, of rank 1 or more")
    axis = Const(INT32, "the axis that is searched, from the last if negative", rank=0, default=-1)
    keep_dims = Const(
        BOOL,
        "whether the axis stays, with length 1, or is removed from the shape",
        rank=0,
        default=False,
    )
    y = Out("the places along the axis, integers from 0 on, with the other axes' lengths")

    @constraint("C1", "`axis` is one of `x`, from -rank to rank - 1")
    def axis_is_there(self) -> bool:
        return is_axis(self.axis, self.x)

    def element(self) -> ElementType:
        """The element type of the result."""
        return INT32

    def moved(self, order: Order) -> Moved | None:
        if self.axis.value is None or self.keep_dims.value is None:
            return None
        axis = self.x.axis(self.axis.value)
        return Moved({"axis": order[axis]}, (_left(order, (axis,), self.keep_dims.value),))

    def infer(self) -> TensorType:
        axis = self.axis.value
        axes = None if axis is None else (self.x.axis(axis),)
        return _reduced(self.x, axes, self.keep_dims.value, self.element())

    def evaluate(self) -> Array:
        axis = self.axis.value
        if not self.x.shape[axis]:
            raise EvaluationError(f"`x` has no element along `axis` {axis}")
        find = getattr(np, type(self).place)
        result: Array = find(self.x.reals, axis=axis, keepdims=self.keep_dims.value)
        return result


def _reduced(
    x: Bound, axes: tuple[int, ...] | None, keep: bool | None, element: ElementType
) -> TensorType:
    """The type that is left of an operand's; unknown where the axes or what becomes of them is."""
    if keep is None or (axes is None and not keep):
        return TensorType(element, None)
    if axes is None:
        return TensorType(element, (None,) * x.rank)
    if keep:
        return TensorType(element, tuple(1 if i in axes else d for i, d in enumerate(x.shape)))
    return TensorType(element, tuple(d for i, d in enumerate(x.shape) if i not in axes))


def _left(order: Order, axes: tuple[int, ...], keep: bool) -> Order:
    """What is left of the order of an operand's dimensions."""
    return order if keep else ranked(p for axis, p in enumerate(order) if axis not in axes)


def _element_of(dtype: Bound) -> ElementType:
    """The element type that a result is asked to have."""
    return UINT16 if str(dtype.value).lower() == "uint16" else INT32


def _fold(function: Callable[..., Any], x: Bound, axes: tuple[int, ...] | None) -> Elements | None:
    """What is known of the result: every element of which all is known that it is made of."""
    elements = x.elements
    if not elements or axes is None:
        return None
    places = product(*(range(dim or 0) for dim in x.shape))
    groups: dict[tuple[int, ...], list[Any]] = {}
    for place, element in zip(places, elements, strict=True):
        kept = tuple(at for axis, at in enumerate(place) if axis not in axes)
        groups.setdefault(kept, []).append(element)
    return tuple([_reduce(function, group) for group in groups.values()])


def _reduce(function: Callable[..., Any], group: list[Any]) -> Any:
    if None in group:
        return None
    try:
        return function(group)
    except (ArithmeticError, ValueError):
        return None


def _mean(group: Sequence[Any]) -> float:
    return math.fsum(group) / len(group)


def _l1_norm(group: Sequence[Any]) -> Any:
    return sum(map(abs, group))


def _sum_square(group: Sequence[Any]) -> Any:
    return sum(each * each for each in group)


def _l2_norm(group: Sequence[Any]) -> float:
    return math.sqrt(_sum_square(group))


def _log_sum(group: Sequence[Any]) -> float:
    return math.log(sum(group))


def _log_sum_exp(group: Sequence[Any]) -> float:
    # From the largest on, so that nothing overflows.
    largest = max(group)
    return float(largest + math.log(sum(math.exp(each - largest) for each in group)))


class ReduceArgmax(Place):
    """The place of the largest element along `axis`; of several, any.

    milc gives the first of several. NaN counts as larger than all else, as for PyTorch.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x) {
        tensor<int32, [2, 4]> y = reduce_argmax(x = x, axis = int32(1), keep_dims = bool(false));
    } -> (y);
    ```
    """

    name = "reduce_argmax"
    since = "ios15"
    span = 0, math.inf
    place = "argmax"


class ReduceArgmax17(ReduceArgmax):
    """The result may be of uint16.

    ```mil
    func main<ios17>(tensor<fp32, [2, 3, 4]> x) {
        tensor<uint16, [2, 1, 4]> y = reduce_argmax(
            x = x, axis = int32(1), keep_dims = bool(true), output_dtype = string("uint16")
        );
    } -> (y);
    ```
    """

    since = "ios17"
    instead = "a result of int32, with `output_dtype` left out"
    output_dtype = Const(
        STRING,
        "the element type of the result",
        rank=0,
        default="int32",
        choices=Choice("int32", "uint16", any_case=True),
        spared=True,
    )

    def element(self) -> ElementType:
        return _element_of(self.output_dtype)


class ReduceArgmin(Place):
    """The place of the smallest element along `axis`; of several, any.

    milc gives the first of several. NaN counts as smaller than all else, as for PyTorch.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x) {
        tensor<int32, [2, 4]> y = reduce_argmin(x = x, axis = int32(1), keep_dims = bool(false));
    } -> (y);
    ```
    """

    name = "reduce_argmin"
    since = "ios15"
    span = 0, math.inf
    place = "argmin"


class ReduceArgmin17(ReduceArgmin):
    """The result may be of uint16.

    ```mil
    func main<ios17>(tensor<fp32, [2, 3, 4]> x) {
        tensor<uint16, [2, 1, 4]> y = reduce_argmin(
            x = x, axis = int32(1), keep_dims = bool(true), output_dtype = string("uint16")
        );
    } -> (y);
    ```
    """

    since = "ios17"
    instead = "a result of int32, with `output_dtype` left out"
    output_dtype = Const(
        STRING,
        "the element type of the result",
        rank=0,
        default="int32",
        choices=Choice("int32", "uint16", any_case=True),
        spared=True,
    )

    def element(self) -> ElementType:
        return _element_of(self.output_dtype)


class ReduceL1Norm(Reduction):
    """The sum of the absolute values along `axes`.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x) {
        tensor<fp32, [2, 4]> y = reduce_l1_norm(
            x = x, axes = tensor<int32, [1]>([1]), keep_dims = bool(false)
        );
    } -> (y);
    ```
    """

    name = "reduce_l1_norm"
    since = "ios15"
    reduce = _l1_norm
    kernel = "l1_norm"


class ReduceL2Norm(Reduction):
    """The square root of the sum of the squares along `axes`.

    Of integers its fraction is cut, as coremltools does; what a device does is not documented.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x) {
        tensor<fp32, [2, 4]> y = reduce_l2_norm(
            x = x, axes = tensor<int32, [1]>([1]), keep_dims = bool(false)
        );
    } -> (y);
    ```
    """

    name = "reduce_l2_norm"
    since = "ios15"
    reduce = _l2_norm
    kernel = "l2_norm"


class ReduceLogSum(Reduction):
    """The natural logarithm of the sum along `axes`.

    Of integers its fraction is cut, as coremltools does; what a device does is not documented.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x) {
        tensor<fp32, [2, 4]> y = reduce_log_sum(
            x = x, axes = tensor<int32, [1]>([1]), keep_dims = bool(false)
        );
    } -> (y);
    ```
    """

    name = "reduce_log_sum"
    since = "ios15"
    reduce = _log_sum
    kernel = "log_sum"


class ReduceLogSumExp(Reduction):
    """The natural logarithm of the sum of `e^x` along `axes`: a smooth maximum.

    Of integers its fraction is cut, as coremltools does; what a device does is not documented.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x) {
        tensor<fp32, [2, 4]> y = reduce_log_sum_exp(
            x = x, axes = tensor<int32, [1]>([1]), keep_dims = bool(false)
        );
    } -> (y);
    ```
    """

    name = "reduce_log_sum_exp"
    since = "ios15"
    reduce = _log_sum_exp
    kernel = "log_sum_exp"


class ReduceMax(Reduction):
    """The largest of the elements along `axes`; NaN if one of them is NaN.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x) {
        tensor<fp32, [2, 4]> y = reduce_max(
            x = x, axes = tensor<int32, [1]>([1]), keep_dims = bool(false)
        );
    } -> (y);
    ```
    """

    name = "reduce_max"
    since = "ios15"
    forwards = "x"
    reduce = max
    kernel = "maximum"


class ReduceMean(Reduction):
    """The mean of the elements along `axes`: their sum, divided by their number.

    Of integers its fraction is cut, as coremltools does; what a device does is not documented.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x) {
        tensor<fp32, [2, 4]> y = reduce_mean(
            x = x, axes = tensor<int32, [1]>([1]), keep_dims = bool(false)
        );
    } -> (y);
    ```
    """

    name = "reduce_mean"
    since = "ios15"
    forwards = "x"
    reduce = _mean
    kernel = "mean"


class ReduceMin(Reduction):
    """The smallest of the elements along `axes`; NaN if one of them is NaN.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x) {
        tensor<fp32, [2, 4]> y = reduce_min(
            x = x, axes = tensor<int32, [1]>([1]), keep_dims = bool(false)
        );
    } -> (y);
    ```
    """

    name = "reduce_min"
    since = "ios15"
    forwards = "x"
    reduce = min
    kernel = "minimum"


class ReduceProd(Reduction):
    """The product of the elements along `axes`.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x) {
        tensor<fp32, [2, 4]> y = reduce_prod(
            x = x, axes = tensor<int32, [1]>([1]), keep_dims = bool(false)
        );
    } -> (y);
    ```
    """

    name = "reduce_prod"
    since = "ios15"
    forwards = "x"
    reduce = math.prod
    kernel = "product"


class ReduceSum(Reduction):
    """The sum of the elements along `axes`.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x) {
        tensor<fp32, [2, 4]> y = reduce_sum(
            x = x, axes = tensor<int32, [1]>([1]), keep_dims = bool(false)
        );
    } -> (y);
    ```
    """

    name = "reduce_sum"
    since = "ios15"
    forwards = "x"
    reduce = sum
    kernel = "sum"


class ReduceSumSquare(Reduction):
    """The sum of the squares of the elements along `axes`.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x) {
        tensor<fp32, [2, 4]> y = reduce_sum_square(
            x = x, axes = tensor<int32, [1]>([1]), keep_dims = bool(false)
        );
    } -> (y);
    ```
    """

    name = "reduce_sum_square"
    since = "ios15"
    reduce = _sum_square
    kernel = "sum_square"
