"""Ops that combine two tensors element by element, broadcast to one shape.

Facts: coremltools 9.0, `ops/defs/iOS15/elementwise_binary.py`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, ClassVar

from milc.ir.types import BOOL, FP16, FP32, INT32, ElementType, TensorType
from milc.kernels import Array, functions, np
from milc.opsets.elementwise import evaluated
from milc.schema import Bound, Domain, Elements, In, OpDef, Out, constraint
from milc.schema.rules import broadcast, broadcast_type, fold_elementwise, settle


class Binary(OpDef):
    """Two operands of one element type, whose shapes are broadcast."""

    elementwise = True
    combine: ClassVar[Callable[..., Any]]
    """What becomes of two elements."""
    ufunc: ClassVar[str]
    """numpy's function that does the same to arrays."""

    T = Domain(FP16, FP32, INT32)
    x = In(T, "the left operand, of any shape")
    y = In(T, "the right operand, of a shape that broadcasts with that of `x`")
    z = Out("the result, of the shape that both are broadcast to")

    @constraint(
        "C1", "`y` and `x` have shapes that broadcast: lengths, from the last on, are equal or 1"
    )
    def shapes_broadcast(self) -> bool:
        return broadcast(self.x.shape, self.y.shape) is not None

    def forwarded(self) -> Bound | None:
        return self.x if self.idempotent and self.x.operand is self.y.operand else None

    def result_element(self) -> ElementType:
        """The element type of the result: that of the operands, or bool for comparisons."""
        return self.x.element

    def infer(self) -> TensorType:
        return broadcast_type(self.result_element(), self.x, self.y)

    def computed(self) -> Elements | None:
        """What is known of the result's elements, before they are held to its type."""
        return fold_elementwise(type(self).combine, self.x, self.y)

    def fold(self) -> Elements | None:
        return settle(self.result_element(), self.computed())

    def evaluate(self) -> Array:
        return evaluated(getattr(np, type(self).ufunc), (self.x, self.y))


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
    associative = True
    combine = operator.add
    ufunc = "add"


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
    of_itself = True
    negation = "not_equal"
    combine = operator.eq
    ufunc = "equal"


class FloorDiv(Binary):
    """`floor(x / y)`, element by element: the quotient, rounded towards negative infinity.

    It is the exact quotient that is rounded, as PyTorch and coremltools have it. An integer divided
    by 0 is 0, as on the processors of Apple's devices; Core ML's documents do not say.

    ```mil
    func main<ios15>(tensor<int32, [2, 3]> x, tensor<int32, [3]> y) {
        tensor<int32, [2, 3]> z = floor_div(x = x, y = y);
    } -> (z);
    ```
    """

    name = "floor_div"
    since = "ios15"
    combine = operator.floordiv
    ufunc = "floor_divide"

    def forwarded(self) -> Bound | None:
        divisor = self.y.value if self.x.element is INT32 else None
        only = {*divisor} if isinstance(divisor, tuple) else {divisor}
        return self.x if only == {1} else None


class Greater(Comparison):
    """`x > y`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x, tensor<fp32, [3]> y) {
        tensor<bool, [2, 3]> z = greater(x = x, y = y);
    } -> (z);
    ```
    """

    name = "greater"
    since = "ios15"
    of_itself = False
    swapped = "less"
    negation = "less_equal"
    combine = operator.gt
    ufunc = "greater"


class GreaterEqual(Comparison):
    """`x >= y`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x, tensor<fp32, [3]> y) {
        tensor<bool, [2, 3]> z = greater_equal(x = x, y = y);
    } -> (z);
    ```
    """

    name = "greater_equal"
    since = "ios15"
    of_itself = True
    swapped = "less_equal"
    negation = "less"
    combine = operator.ge
    ufunc = "greater_equal"


class Less(Comparison):
    """`x < y`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x, tensor<fp32, [3]> y) {
        tensor<bool, [2, 3]> z = less(x = x, y = y);
    } -> (z);
    ```
    """

    name = "less"
    since = "ios15"
    of_itself = False
    swapped = "greater"
    negation = "greater_equal"
    combine = operator.lt
    ufunc = "less"


class LessEqual(Comparison):
    """`x <= y`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x, tensor<fp32, [3]> y) {
        tensor<bool, [2, 3]> z = less_equal(x = x, y = y);
    } -> (z);
    ```
    """

    name = "less_equal"
    since = "ios15"
    of_itself = True
    swapped = "greater_equal"
    negation = "greater"
    combine = operator.le
    ufunc = "less_equal"


class LogicalAnd(Logical):
    """True where both `x` and `y` are, element by element.

    ```mil
    func main<ios15>(tensor<bool, [2, 3]> x, tensor<bool, [3]> y) {
        tensor<bool, [2, 3]> z = logical_and(x = x, y = y);
    } -> (z);
    ```
    """

    name = "logical_and"
    since = "ios15"
    identity = True
    absorbing = False
    associative = True
    idempotent = True
    combine = operator.and_
    ufunc = "logical_and"


class LogicalOr(Logical):
    """True where `x` or `y` is, or both are, element by element.

    ```mil
    func main<ios15>(tensor<bool, [2, 3]> x, tensor<bool, [3]> y) {
        tensor<bool, [2, 3]> z = logical_or(x = x, y = y);
    } -> (z);
    ```
    """

    name = "logical_or"
    since = "ios15"
    identity = False
    absorbing = True
    associative = True
    idempotent = True
    combine = operator.or_
    ufunc = "logical_or"


class LogicalXor(Logical):
    """True where one of `x` and `y` is and the other is not, element by element.

    ```mil
    func main<ios15>(tensor<bool, [2, 3]> x, tensor<bool, [3]> y) {
        tensor<bool, [2, 3]> z = logical_xor(x = x, y = y);
    } -> (z);
    ```
    """

    name = "logical_xor"
    since = "ios15"
    identity = False
    of_itself = False
    associative = True
    combine = operator.xor
    ufunc = "logical_xor"


class Maximum(Binary):
    """The larger one of `x` and `y`, element by element; NaN if one of them is NaN.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x, tensor<fp32, [3]> y) {
        tensor<fp32, [2, 3]> z = maximum(x = x, y = y);
    } -> (z);
    ```
    """

    name = "maximum"
    since = "ios15"
    commutative = True
    identity = -math.inf
    associative = True
    idempotent = True
    combine = max
    ufunc = "maximum"


class Minimum(Binary):
    """The smaller one of `x` and `y`, element by element; NaN if one of them is NaN.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x, tensor<fp32, [3]> y) {
        tensor<fp32, [2, 3]> z = minimum(x = x, y = y);
    } -> (z);
    ```
    """

    name = "minimum"
    since = "ios15"
    commutative = True
    identity = math.inf
    associative = True
    idempotent = True
    combine = min
    ufunc = "minimum"


class Mod(Binary):
    """What division leaves, `x - y * floor(x / y)`, element by element: it has the sign of `y`.

    What an integer leaves that is divided by 0 is not documented; milc says 0, as coremltools does.

    ```mil
    func main<ios15>(tensor<int32, [2, 3]> x, tensor<int32, [3]> y) {
        tensor<int32, [2, 3]> z = mod(x = x, y = y);
    } -> (z);
    ```
    """

    name = "mod"
    since = "ios15"
    combine = operator.mod
    ufunc = "mod"


class Mul(Binary):
    """`x * y`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x, tensor<fp32, [3]> y) {
        tensor<fp32, [2, 3]> z = mul(x = x, y = y);
    } -> (z);
    ```
    """

    name = "mul"
    since = "ios15"
    commutative = True
    identity = 1
    absorbing = 0
    associative = True
    combine = operator.mul
    ufunc = "multiply"


class NotEqual(Comparison):
    """`x != y`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x, tensor<fp32, [3]> y) {
        tensor<bool, [2, 3]> z = not_equal(x = x, y = y);
    } -> (z);
    ```
    """

    name = "not_equal"
    since = "ios15"
    commutative = True
    of_itself = False
    negation = "equal"
    combine = operator.ne
    ufunc = "not_equal"


class Pow(Binary):
    """`x` to the power of `y`, element by element.

    A negative power of an integer is a fraction, which no integer type holds; it becomes 0. Other
    powers of integers that are too large keep their lowest bits, as coremltools computes them.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x, tensor<fp32, [3]> y) {
        tensor<fp32, [2, 3]> z = pow(x = x, y = y);
    } -> (z);
    ```
    """

    name = "pow"
    since = "ios15"
    identity = 1
    combine = math.pow
    ufunc = "power"

    @constraint("C2", "`y` is nowhere negative if it and `x` are constant and of integers")
    def integers_have_the_power(self) -> bool:
        if self.x.element is not INT32 or self.x.held is not None or self.x.value is None:
            return True  # what is held while the program runs need not be constant
        powers = self.y.value
        powers = powers if isinstance(powers, tuple) else (powers or 0,)
        return all(power >= 0 for power in powers)

    def evaluate(self) -> Array:
        x, y = self.x, self.y
        if x.element is INT32:
            return functions.integer_power(x.array, y.array)
        if y.count == 1 and y.rank <= x.rank:
            return functions.power(x.reals, y.array.item())
        return super().evaluate()


class RealDiv(Binary):
    """`x / y`, element by element.

    Meant for floats. Of integers it is the quotient where that is whole; how it is rounded
    elsewhere is not documented, so use `floor_div` for them. milc casts it as `cast` does: it cuts
    the fraction, and makes of a division by 0 the largest integer or the smallest, of 0 / 0 a 0.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x, tensor<fp32, [3]> y) {
        tensor<fp32, [2, 3]> z = real_div(x = x, y = y);
    } -> (z);
    ```
    """

    name = "real_div"
    since = "ios15"
    identity = 1
    combine = operator.truediv
    ufunc = "true_divide"


class Sub(Binary):
    """`x - y`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x, tensor<fp32, [3]> y) {
        tensor<fp32, [2, 3]> z = sub(x = x, y = y);
    } -> (z);
    ```
    """

    name = "sub"
    since = "ios15"
    identity = 0
    of_itself = 0
    combine = operator.sub
    ufunc = "subtract"
