"""Activations: functions that a network puts behind its layers, element by element, and softmax.

Facts: coremltools 9.0, `ops/defs/iOS15/activation.py` and `iOS17/activation.py`.
"""

from __future__ import annotations

import math
from typing import Final

from milc.ir.types import FP16, FP32, INT32, STRING
from milc.kernels import Array, functions
from milc.opsets.elementwise import Elementwise
from milc.schema import (
    Bound,
    Choice,
    Const,
    Domain,
    In,
    Moved,
    Order,
    constraint,
)

_EVEN: Final = 1e-5
"""How far slopes may be from the first of them and count as the same."""


def _relu(x: float) -> float:
    return max(x, 0)


def _relu6(x: float) -> float:
    return min(max(x, 0), 6)


class ClampedRelu(Elementwise):
    """`min(x, beta)` where `x` is not negative, `min(alpha * x, beta)` elsewhere.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = clamped_relu(x = x, alpha = fp32(0.1), beta = fp32(6.0));
    } -> (y);
    ```
    """

    name = "clamped_relu"
    since = "ios15"
    kernel = "clamped_relu"
    alpha = Const(Elementwise.T, "the slope where `x` is negative, a scalar", rank=0)
    beta = Const(Elementwise.T, "the upper bound of the result, a scalar", rank=0)

    def kept(self) -> tuple[float, float] | None:
        return None if self.beta.value is None else (0, self.beta.value)


class ClampedRelu17(ClampedRelu):
    """`alpha` and `beta` may have another element type than `x`, the two the same one.

    ```mil
    func main<ios17>(tensor<fp16, [2, 3]> x) {
        tensor<fp16, [2, 3]> y = clamped_relu(x = x, alpha = fp32(0.1), beta = fp32(6.0));
    } -> (y);
    ```
    """

    since = "ios17"
    instead = "`alpha` and `beta` of the element type of `x`"
    U = Domain(FP16, FP32)
    alpha = Const(U, "the slope where `x` is negative, a scalar", rank=0)
    beta = Const(U, "the upper bound of the result, a scalar", rank=0)


class Elu(Elementwise):
    """`x` where it is positive, `alpha * (e^x - 1)` elsewhere: the exponential linear unit.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = elu(x = x, alpha = fp32(1.0));
    } -> (y);
    ```
    """

    name = "elu"
    since = "ios15"
    keeps = 0, math.inf
    kernel = "elu"
    alpha = Const(Elementwise.T, "the factor where `x` is not positive, a scalar", rank=0)


class Elu17(Elu):
    """`alpha` may have another element type than `x`.

    ```mil
    func main<ios17>(tensor<fp16, [2, 3]> x) {
        tensor<fp16, [2, 3]> y = elu(x = x, alpha = fp32(1.0));
    } -> (y);
    ```
    """

    since = "ios17"
    instead = "an `alpha` of the element type of `x`"
    U = Domain(FP16, FP32)
    alpha = Const(U, "the factor where `x` is not positive, a scalar", rank=0)


class Gelu(Elementwise):
    """The Gaussian error linear unit, `x` times the chance that a standard normal variable is below
    it, element by element.

    - "EXACT": `0.5 * x * (1 + erf(x / sqrt(2)))`
    - "TANH_APPROXIMATION": `0.5 * x * (1 + tanh(sqrt(2/π) * (x + 0.044715 * x^3)))`
    - "SIGMOID_APPROXIMATION": `x * sigmoid(1.702 * x)`

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = gelu(x = x, mode = string("EXACT"));
    } -> (y);
    ```
    """

    name = "gelu"
    since = "ios15"
    mode = Const(
        STRING,
        "the formula",
        rank=0,
        default="EXACT",
        choices=Choice("EXACT", "TANH_APPROXIMATION", "SIGMOID_APPROXIMATION"),
    )

    def evaluate(self) -> Array:
        return functions.gelu(self.x.reals, self.mode.value)


class LeakyRelu(Elementwise):
    """`x` where it is not negative, `alpha * x` elsewhere.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = leaky_relu(x = x, alpha = fp32(0.01));
    } -> (y);
    ```
    """

    name = "leaky_relu"
    since = "ios15"
    keeps = 0, math.inf
    kernel = "leaky_relu"
    alpha = Const(Elementwise.T, "the slope where `x` is negative, a scalar", rank=0)


class LeakyRelu17(LeakyRelu):
    """`alpha` may have another element type than `x`.

    ```mil
    func main<ios17>(tensor<fp16, [2, 3]> x) {
        tensor<fp16, [2, 3]> y = leaky_relu(x = x, alpha = fp32(0.01));
    } -> (y);
    ```
    """

    since = "ios17"
    instead = "an `alpha` of the element type of `x`"
    U = Domain(FP16, FP32)
    alpha = Const(U, "the slope where `x` is negative, a scalar", rank=0)


class LinearActivation(Elementwise):
    """`alpha * x + beta`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = linear_activation(x = x, alpha = fp32(2.0), beta = fp32(1.0));
    } -> (y);
    ```
    """

    name = "linear_activation"
    since = "ios15"
    kernel = "linear"
    alpha = Const(Elementwise.T, "the slope, a scalar", rank=0)
    beta = Const(Elementwise.T, "what is added, a scalar", rank=0)

    def forwarded(self) -> Bound | None:
        return self.x if self.alpha.value == 1 and self.beta.value == 0 else None


class LinearActivation17(LinearActivation):
    """`alpha` and `beta` may have another element type than `x`, the two the same one.

    ```mil
    func main<ios17>(tensor<fp16, [2, 3]> x) {
        tensor<fp16, [2, 3]> y = linear_activation(x = x, alpha = fp32(2.0), beta = fp32(1.0));
    } -> (y);
    ```
    """

    since = "ios17"
    instead = "`alpha` and `beta` of the element type of `x`"
    U = Domain(FP16, FP32)
    alpha = Const(U, "the slope, a scalar", rank=0)
    beta = Const(U, "what is added, a scalar", rank=0)


class Prelu(Elementwise):
    """`x` where it is positive, elsewhere `alpha[c] * x`, with a slope of its own for each channel
    `c`, which is dimension 1 of `x`.

    With an `x` of rank 3 or 5, all channels must have the same slope.

    ```mil
    func main<ios15>(tensor<fp32, [1, 3, 4, 4]> x) {
        tensor<fp32, [1, 3, 4, 4]> y = prelu(x = x, alpha = tensor<fp32, [3]>([0.1, 0.2, 0.3]));
    } -> (y);
    ```
    """

    name = "prelu"
    since = "ios15"
    elementwise = False

    x = In(Elementwise.T, "the operand: [N, C, L], [N, C, H, W] or [N, C, D, H, W]", rank=(3, 5))
    alpha = Const(Elementwise.T, "the slope of each channel where `x` is negative, [C]", rank=1)

    @constraint("C1", "`alpha` has one element for each channel of `x`, whose number must be known")
    def alpha_fits_channels(self) -> bool:
        return self.alpha.count in (None, self.x.shape[1])

    @constraint("C2", "`alpha` is the same for all channels if `x` has rank 3 or 5")
    def alpha_is_even(self) -> bool:
        values = self.alpha.value if self.x.rank != 4 else None
        return not values or all(abs(each - values[0]) <= _EVEN for each in values)

    def evaluate(self) -> Array:
        slopes = functions.along_channels(self.alpha.reals, self.x.rank)
        return functions.leaky_relu(self.x.reals, slopes)


class Prelu17(Prelu):
    """`alpha` may have another element type than `x`.

    ```mil
    func main<ios17>(tensor<fp16, [1, 3, 4, 4]> x) {
        tensor<fp16, [1, 3, 4, 4]> y = prelu(x = x, alpha = tensor<fp32, [3]>([0.1, 0.2, 0.3]));
    } -> (y);
    ```
    """

    since = "ios17"
    instead = "an `alpha` of the element type of `x`"
    U = Domain(FP16, FP32)
    alpha = Const(U, "the slope of each channel where `x` is negative, [C]", rank=1)


class Relu(Elementwise):
    """The rectified linear unit `max(x, 0)`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = relu(x = x);
    } -> (y);
    ```
    """

    name = "relu"
    since = "ios15"
    keeps = 0, math.inf
    idempotent = True
    span = 0, math.inf
    apply = _relu
    kernel = "relu"


class Relu6(Elementwise):
    """The rectified linear unit with a ceiling, `min(max(x, 0), 6)`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = relu6(x = x);
    } -> (y);
    ```
    """

    name = "relu6"
    since = "ios15"
    keeps = 0, 6
    idempotent = True
    span = 0, 6
    apply = _relu6
    kernel = "relu6"


class ScaledTanh(Elementwise):
    """`alpha * tanh(beta * x)`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = scaled_tanh(x = x, alpha = fp32(1.7), beta = fp32(0.6));
    } -> (y);
    ```
    """

    name = "scaled_tanh"
    since = "ios15"
    kernel = "scaled_tanh"
    alpha = Const(Elementwise.T, "the factor of the result, a scalar", rank=0)
    beta = Const(Elementwise.T, "the factor of `x`, a scalar", rank=0)


class ScaledTanh17(ScaledTanh):
    """`alpha` and `beta` may have another element type than `x`, the two the same one.

    ```mil
    func main<ios17>(tensor<fp16, [2, 3]> x) {
        tensor<fp16, [2, 3]> y = scaled_tanh(x = x, alpha = fp32(1.7), beta = fp32(0.6));
    } -> (y);
    ```
    """

    since = "ios17"
    instead = "`alpha` and `beta` of the element type of `x`"
    U = Domain(FP16, FP32)
    alpha = Const(U, "the factor of the result, a scalar", rank=0)
    beta = Const(U, "the factor of `x`, a scalar", rank=0)


class Sigmoid(Elementwise):
    """The logistic function `1 / (1 + e^-x)`, element by element: between 0 and 1.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = sigmoid(x = x);
    } -> (y);
    ```
    """

    name = "sigmoid"
    since = "ios15"
    span = 0, 1
    kernel = "sigmoid"


class SigmoidHard(Elementwise):
    """`min(max(alpha * x + beta, 0), 1)`, element by element: a sigmoid of straight lines.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = sigmoid_hard(x = x, alpha = fp32(0.2), beta = fp32(0.5));
    } -> (y);
    ```
    """

    name = "sigmoid_hard"
    since = "ios15"
    span = 0, 1
    kernel = "sigmoid_hard"
    alpha = Const(Elementwise.T, "the slope between the two ends, a scalar", rank=0)
    beta = Const(Elementwise.T, "the result at 0, a scalar", rank=0)


class SigmoidHard17(SigmoidHard):
    """`alpha` and `beta` may have another element type than `x`, the two the same one.

    ```mil
    func main<ios17>(tensor<fp16, [2, 3]> x) {
        tensor<fp16, [2, 3]> y = sigmoid_hard(x = x, alpha = fp32(0.2), beta = fp32(0.5));
    } -> (y);
    ```
    """

    since = "ios17"
    instead = "`alpha` and `beta` of the element type of `x`"
    U = Domain(FP16, FP32)
    alpha = Const(U, "the slope between the two ends, a scalar", rank=0)
    beta = Const(U, "the result at 0, a scalar", rank=0)


class Silu(Elementwise):
    """`x * sigmoid(x)`, element by element: the sigmoid linear unit, also called swish.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = silu(x = x);
    } -> (y);
    ```
    """

    name = "silu"
    since = "ios15"
    kernel = "silu"


class Softmax(Elementwise):
    """`e^x / sum(e^x)`, the sum taken along an axis: along it the results add up to 1.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = softmax(x = x, axis = int32(-1));
    } -> (y);
    ```
    """

    name = "softmax"
    since = "ios15"
    span = 0, 1
    elementwise = False

    axis = Const(
        INT32,
        "the axis along which the sum is taken, from the last if negative",
        rank=0,
        default=-1,
    )

    @constraint("C1", "`axis` is one of `x`, from -rank to rank - 1; a scalar counts as having one")
    def axis_is_there(self) -> bool:
        axis, rank = self.axis.value, self.x.rank or 1
        return axis is None or -rank <= axis < rank

    def moved(self, order: Order) -> Moved | None:
        axis = self.axis.value
        return Moved({"axis": order[axis]}, (order,)) if axis is not None and order else None

    def evaluate(self) -> Array:
        x = self.x.reals
        return functions.softmax(x, self.axis.value) if x.ndim else functions.softmax(x[None], 0)[0]


class Softplus(Elementwise):
    """`log(1 + e^x)`, element by element: a smooth `max(x, 0)`.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = softplus(x = x);
    } -> (y);
    ```
    """

    name = "softplus"
    since = "ios15"
    span = 0, math.inf
    kernel = "softplus"


class SoftplusParametric(Elementwise):
    """`alpha[c] * log(1 + e^(beta[c] * x))`, with factors for each channel `c`, which is dimension
    1 of `x`.

    ```mil
    func main<ios15>(tensor<fp32, [1, 2, 4, 4]> x) {
        tensor<fp32, [1, 2, 4, 4]> y = softplus_parametric(
            x = x, alpha = tensor<fp32, [2]>([1.0, 2.0]), beta = tensor<fp32, [2]>([0.5, 1.0])
        );
    } -> (y);
    ```
    """

    name = "softplus_parametric"
    since = "ios15"
    elementwise = False

    x = In(
        Elementwise.T, "the operand, [N, C, ...] with one dimension or more behind C", rank=(3, 5)
    )
    alpha = Const(Elementwise.T, "the factor of each channel's result, [C]", rank=1)
    beta = Const(Elementwise.T, "the factor of each channel of `x`, [C]", rank=1)

    @constraint("C1", "`alpha` has one element for each channel of `x`, whose number must be known")
    def alpha_fits_channels(self) -> bool:
        return self.alpha.count in (None, self.x.shape[1])

    @constraint("C2", "`beta` has one element for each channel of `x`, whose number must be known")
    def beta_fits_channels(self) -> bool:
        return self.beta.count in (None, self.x.shape[1])

    def evaluate(self) -> Array:
        alpha = functions.along_channels(self.alpha.reals, self.x.rank)
        beta = functions.along_channels(self.beta.reals, self.x.rank)
        return alpha * functions.softplus(beta * self.x.reals)


class SoftplusParametric17(SoftplusParametric):
    """`alpha` and `beta` may have another element type than `x`, the two the same one.

    ```mil
    func main<ios17>(tensor<fp16, [1, 2, 4, 4]> x) {
        tensor<fp16, [1, 2, 4, 4]> y = softplus_parametric(
            x = x, alpha = tensor<fp32, [2]>([1.0, 2.0]), beta = tensor<fp32, [2]>([0.5, 1.0])
        );
    } -> (y);
    ```
    """

    since = "ios17"
    instead = "`alpha` and `beta` of the element type of `x`"
    U = Domain(FP16, FP32)
    alpha = Const(U, "the factor of each channel's result, [C]", rank=1)
    beta = Const(U, "the factor of each channel of `x`, [C]", rank=1)


class Softsign(Elementwise):
    """`x / (1 + |x|)`, element by element: between -1 and 1.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = softsign(x = x);
    } -> (y);
    ```
    """

    name = "softsign"
    since = "ios15"
    span = -1, 1
    kernel = "softsign"


class ThresholdedRelu(Elementwise):
    """`x` where it is not below `alpha`, 0 elsewhere; NaN is not below it.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = thresholded_relu(x = x, alpha = fp32(0.5));
    } -> (y);
    ```
    """

    name = "thresholded_relu"
    since = "ios15"
    kernel = "thresholded_relu"
    alpha = Const(Elementwise.T, "the least value that is kept, a scalar", rank=0)


class ThresholdedRelu17(ThresholdedRelu):
    """`alpha` may have another element type than `x`.

    ```mil
    func main<ios17>(tensor<fp16, [2, 3]> x) {
        tensor<fp16, [2, 3]> y = thresholded_relu(x = x, alpha = fp32(0.5));
    } -> (y);
    ```
    """

    since = "ios17"
    instead = "an `alpha` of the element type of `x`"
    U = Domain(FP16, FP32)
    alpha = Const(U, "the least value that is kept, a scalar", rank=0)
