"""Ops on one tensor, element by element: functions of numbers, rounding, bounds, casts.

Facts: coremltools 9.0, `ops/defs/iOS15/elementwise_unary.py` and `iOS17/elementwise_unary.py`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, Final

from milc.ir.constants import literal
from milc.ir.literals import Literal
from milc.ir.types import (
    BOOL,
    ELEMENT_TYPES,
    FP16,
    FP32,
    INT8,
    INT16,
    INT32,
    STRING,
    TO_INFER,
    UINT8,
    UINT16,
    Type,
)
from milc.kernels import Array
from milc.opsets.elementwise import Elementwise
from milc.schema import Choice, Const, Domain, In, Known, OpDef, Out, Symbol, constraint
from milc.schema.rules import fold_elementwise, settle


class WithIntegers(Elementwise):
    """A function of integers too."""

    T = Domain(FP16, FP32, INT32)


_CONVERSIONS: Final[dict[str, Callable[[Any], Any]]] = {"float": float, "bool": bool}
"""What casts an element to each kind of type; `int` does to all others."""


def _as_x(value: float) -> Callable[[OpDef], Literal]:
    """A default that is a float of the element type of `x`."""
    return lambda op: literal(value, FP16 if op.element_of("T") is FP16 else FP32)


def _square(x: float) -> float:
    return x * x


def _reciprocal(x: float, epsilon: float) -> float:
    return 1 / (x + epsilon)


def _log(x: float, epsilon: float) -> float:
    return math.log(x + epsilon)


def _sign(x: float) -> float:
    return (x > 0) - (x < 0)


def _rsqrt(x: float, epsilon: float) -> float:
    return 1 / math.sqrt(x + epsilon)


def _clip(x: float, alpha: float, beta: float) -> float:
    return min(max(x, alpha), beta)


class Abs(WithIntegers):
    """The absolute value `|x|`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = abs(x = x);
    } -> (y);
    ```
    """

    name = "abs"
    since = "ios15"
    even = True
    keeps = 0, math.inf
    idempotent = True
    span = 0, math.inf
    apply = abs
    ufunc = "abs"


class Cast(OpDef):
    """`x` with elements of another type.

    Of floats, integers take the whole part: -2.7 becomes -2. What is not 0 becomes true; true
    becomes 1. What becomes of a number beyond the range of `dtype` is not documented; milc does as
    the processors of Apple's devices do. Of a float it becomes the nearest integer that `dtype`
    has, of NaN 0; of an integer, `dtype` takes the lowest bits: 300 becomes 44 as a uint8.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<int32, [2, 3]> y = cast(x = x, dtype = string("int32"));
    } -> (y);
    ```
    """

    name = "cast"
    since = "ios15"
    forwards = "x"
    elementwise = True

    T = Domain(FP16, FP32, INT32, BOOL)
    x = In(T, "what is cast, of any shape")
    dtype = Const(
        STRING,
        "the element type of the result",
        rank=0,
        choices=Choice("int32", "fp16", "fp32", "bool"),
    )
    y = Out("the elements of `x` as `dtype`, in the shape of `x`")

    def infer(self) -> Type:
        element = ELEMENT_TYPES.get(str(self.dtype.value))
        return self.x.with_element(element) if element else TO_INFER

    def fold(self) -> Known | None:
        element = ELEMENT_TYPES.get(str(self.dtype.value))
        if element is None:
            return None
        convert = _CONVERSIONS.get(element.kind, int)
        folded = settle(element, fold_elementwise(convert, self.x))
        if folded is None or not (element.is_integer and self.x.element.is_integer):
            return folded
        known = zip(folded, self.x.symbols or folded, strict=True)
        return tuple([symbol if type(symbol) is Symbol else each for each, symbol in known])

    def evaluate(self) -> Array:
        return self.x.reals


class Cast17(Cast):
    """There are integers of 8 and 16 bits too, signed and unsigned.

    ```mil
    func main<ios17>(tensor<fp32, [2, 3]> x) {
        tensor<uint8, [2, 3]> y = cast(x = x, dtype = string("uint8"));
    } -> (y);
    ```
    """

    since = "ios17"
    instead = "int32 in place of integers of 8 and 16 bits"
    T = Domain(FP16, FP32, INT8, UINT8, INT16, UINT16, INT32, BOOL)
    dtype = Const(
        STRING,
        "the element type of the result",
        rank=0,
        choices=Choice("int8", "uint8", "int16", "uint16", "int32", "fp16", "fp32", "bool"),
    )


class Ceil(Elementwise):
    """The smallest whole number that is not below `x`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = ceil(x = x);
    } -> (y);
    ```
    """

    name = "ceil"
    since = "ios15"
    idempotent = True
    apply = math.ceil
    ufunc = "ceil"


class Clip(Elementwise):
    """`x`, held between two bounds: `min(max(x, alpha), beta)`, element by element; NaN stays NaN.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = clip(x = x, alpha = fp32(0.0), beta = fp32(6.0));
    } -> (y);
    ```
    """

    name = "clip"
    since = "ios15"
    apply = _clip
    ufunc = "clip"

    alpha = Const(Elementwise.T, "the lower bound, a scalar", rank=0)
    beta = Const(Elementwise.T, "the upper bound, a scalar", rank=0)

    def kept(self) -> tuple[float, float] | None:
        low, high = self.alpha.value, self.beta.value
        return None if low is None or high is None else (low, high)


class Clip17(Clip):
    """The bounds must not be equal, nor in the wrong order."""

    since = "ios17"

    @constraint("C1", "`alpha` is below `beta`")
    def bounds_are_in_order(self) -> bool:
        low, high = self.alpha.value, self.beta.value
        return low is None or high is None or not low >= high


class Erf(Elementwise):
    """The error function of `x`, `2/sqrt(π) * integral from 0 to x of e^(-t^2) dt`, element by
    element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = erf(x = x);
    } -> (y);
    ```
    """

    name = "erf"
    since = "ios15"
    span = -1, 1
    apply = math.erf
    kernel = "erf"


class Exp(Elementwise):
    """`e^x`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = exp(x = x);
    } -> (y);
    ```
    """

    name = "exp"
    since = "ios15"
    span = 0, math.inf
    apply = math.exp
    ufunc = "exp"


class Exp2(WithIntegers):
    """`2^x`, element by element.

    Of integers too: a fraction becomes 0, and what is too large the largest int32, since milc casts
    the result as `cast` does; what a device does is not documented.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = exp2(x = x);
    } -> (y);
    ```
    """

    name = "exp2"
    since = "ios15"
    span = 0, math.inf
    apply = math.exp2
    ufunc = "exp2"


class Floor(Elementwise):
    """The largest whole number that is not above `x`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = floor(x = x);
    } -> (y);
    ```
    """

    name = "floor"
    since = "ios15"
    idempotent = True
    apply = math.floor
    ufunc = "floor"


class Inverse(Elementwise):
    """The reciprocal of `x`, `1 / (x + epsilon)`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = inverse(x = x, epsilon = fp32(1e-4));
    } -> (y);
    ```
    """

    name = "inverse"
    since = "ios15"
    apply = _reciprocal
    kernel = "inverse"

    epsilon = Const(
        Elementwise.T,
        "what is added to `x`, so that 0 has a reciprocal; a scalar",
        rank=0,
        default=1e-4,
    )


class Inverse17(Inverse):
    """`epsilon` may have another element type than `x`; left out, it has that of `x`.

    ```mil
    func main<ios17>(tensor<fp16, [2, 3]> x) {
        tensor<fp16, [2, 3]> y = inverse(x = x, epsilon = fp32(1e-4));
    } -> (y);
    ```
    """

    since = "ios17"
    instead = "an `epsilon` of the element type of `x`"
    U = Domain(FP16, FP32)
    epsilon = Const(
        U,
        "what is added to `x`, so that 0 has a reciprocal; a scalar",
        rank=0,
        default=_as_x(1e-4),
        default_doc="1e-4, of the element type of `x`",
    )


class Log(Elementwise):
    """The natural logarithm of `x`, `log(x + epsilon)`, element by element.

    As an fp16 the default of `epsilon` is 0, and the logarithm of 0 then minus infinity.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = log(x = x, epsilon = fp32(1e-45));
    } -> (y);
    ```
    """

    name = "log"
    since = "ios15"
    apply = _log
    kernel = "log"

    epsilon = Const(
        Elementwise.T,
        "what is added to `x`, so that 0 has a logarithm; a scalar",
        rank=0,
        default=1e-45,
    )


class Log17(Log):
    """`epsilon` may have another element type than `x`; left out, it has that of `x`.

    ```mil
    func main<ios17>(tensor<fp16, [2, 3]> x) {
        tensor<fp16, [2, 3]> y = log(x = x, epsilon = fp32(1e-45));
    } -> (y);
    ```
    """

    since = "ios17"
    instead = "an `epsilon` of the element type of `x`"
    U = Domain(FP16, FP32)
    epsilon = Const(
        U,
        "what is added to `x`, so that 0 has a logarithm; a scalar",
        rank=0,
        default=_as_x(1e-45),
        default_doc="1e-45, of the element type of `x`",
    )


class LogicalNot(Elementwise):
    """True where `x` is false, and false where it is true.

    ```mil
    func main<ios15>(tensor<bool, [2, 3]> x) {
        tensor<bool, [2, 3]> y = logical_not(x = x);
    } -> (y);
    ```
    """

    name = "logical_not"
    since = "ios15"
    involution = True
    apply = operator.not_
    ufunc = "logical_not"

    T = Domain(BOOL)


class Round(Elementwise):
    """The whole number nearest to `x`, element by element; of two that are as near, the even one.

    So 0.5 becomes 0, and 1.5 becomes 2.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = round(x = x);
    } -> (y);
    ```
    """

    name = "round"
    since = "ios15"
    idempotent = True
    apply = round
    ufunc = "rint"


class Rsqrt(Elementwise):
    """The reciprocal of the square root of `x`, `1 / sqrt(x + epsilon)`, element by element.

    As an fp16 the default of `epsilon` is 0, and the result for 0 then infinity.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = rsqrt(x = x, epsilon = fp32(1e-12));
    } -> (y);
    ```
    """

    name = "rsqrt"
    since = "ios15"
    apply = _rsqrt
    kernel = "rsqrt"

    epsilon = Const(
        Elementwise.T,
        "what is added to `x`, so that 0 has a result; a scalar",
        rank=0,
        default=1e-12,
    )


class Rsqrt17(Rsqrt):
    """`epsilon` may have another element type than `x`; left out, it has that of `x`.

    ```mil
    func main<ios17>(tensor<fp16, [2, 3]> x) {
        tensor<fp16, [2, 3]> y = rsqrt(x = x, epsilon = fp32(1e-12));
    } -> (y);
    ```
    """

    since = "ios17"
    instead = "an `epsilon` of the element type of `x`"
    U = Domain(FP16, FP32)
    epsilon = Const(
        U,
        "what is added to `x`, so that 0 has a result; a scalar",
        rank=0,
        default=_as_x(1e-12),
        default_doc="1e-12, of the element type of `x`",
    )


class Sign(WithIntegers):
    """The sign of `x`, element by element: -1, 0 or 1; of NaN it is NaN.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = sign(x = x);
    } -> (y);
    ```
    """

    name = "sign"
    since = "ios15"
    idempotent = True
    span = -1, 1
    apply = _sign
    ufunc = "sign"


class Sqrt(Elementwise):
    """The square root of `x`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = sqrt(x = x);
    } -> (y);
    ```
    """

    name = "sqrt"
    since = "ios15"
    span = 0, math.inf
    apply = math.sqrt
    ufunc = "sqrt"


class Square(WithIntegers):
    """`x * x`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = square(x = x);
    } -> (y);
    ```
    """

    name = "square"
    since = "ios15"
    even = True
    span = 0, math.inf
    apply = _square
    ufunc = "square"


class Threshold(WithIntegers):
    """`x`, but nothing below `alpha`: `max(x, alpha)`, element by element; NaN stays NaN.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = threshold(x = x, alpha = fp32(0.5));
    } -> (y);
    ```
    """

    name = "threshold"
    since = "ios15"
    apply = max
    ufunc = "maximum"

    alpha = Const(WithIntegers.T, "the lower bound, a scalar", rank=0)

    def kept(self) -> tuple[float, float] | None:
        return None if self.alpha.value is None else (self.alpha.value, math.inf)
