"""Ops that combine two tensors element by element, broadcast to one shape.

Facts: coremltools 9.0, `ops/defs/iOS15/elementwise_binary.py`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, ClassVar

from milc.ir.types import BOOL, FP16, FP32, INT32, ElementType, TensorType
from milc.schema import Domain, Elements, In, OpDef, Out, constraint
from milc.schema.rules import broadcast, broadcast_type, fold_elementwise


class Binary(OpDef):
    """Two operands of one element type, whose shapes are broadcast."""

    elementwise = True
    combine: ClassVar[Callable[[Any, Any], Any]]
    """What becomes of two elements."""

    T = Domain(FP16, FP32, INT32)
    x = In(T, "the left operand, of any shape")
    y = In(T, "the right operand, of a shape that broadcasts with that of `x`")
    z = Out("the result, of the shape that both are broadcast to")

    @constraint("C1", "`y` and `x` have shapes that broadcast: aligned at their ends, equal or 1")
    def shapes_broadcast(self) -> bool:
        return broadcast(self.x.shape, self.y.shape) is not None

    def result_element(self) -> ElementType:
        """The element type of the result: that of the operands, or bool for comparisons."""
        return self.x.element

    def infer(self) -> TensorType:
        return broadcast_type(self.result_element(), self.x, self.y)

    def fold(self) -> Elements | None:
        return fold_elementwise(type(self).combine, self.x, self.y)


class Comparison(Binary):
    """Two operands that are compared."""

    z = Out("true where the comparison holds, of the shape that both are broadcast to")

    def result_element(self) -> ElementType:
        return BOOL


class Logical(Comparison):
    """Two operands of truth values."""

    commutative = True
    T = Domain(BOOL)
    z = Out("the truth values, of the shape that both are broadcast to")


class Add(Binary):
    """`x + y`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x, tensor<fp32, [3]> y) {
        tensor<fp32, [2, 3]> z = add(x = x, y = y);
    } -> (z);
    ```
    """

    name = "add"
    since = "ios15"
    commutative = True
    identity = 0
    combine = operator.add


class Equal(Comparison):
    """`x == y`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x, tensor<fp32, [3]> y) {
        tensor<bool, [2, 3]> z = equal(x = x, y = y);
    } -> (z);
    ```
    """

    name = "equal"
    since = "ios15"
    commutative = True
    combine = operator.eq
