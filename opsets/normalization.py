"""Normalisations: values are shifted and scaled by statistics of their surroundings.

Facts: coremltools 9.0, `ops/defs/iOS15/normalization.py` and `ops/defs/iOS17/normalization.py`.
"""

from __future__ import annotations

from milc.ir.types import FP16, FP32, INT32
from milc.kernels import Array, normalising, np
from milc.schema import (
    Bound,
    Const,
    Domain,
    EvaluationError,
    In,
    Moved,
    OpDef,
    OptionalConst,
    Order,
    Out,
    constraint,
)
from milc.schema.rules import same, same_shape

SPATIAL = "the input, [n, C, *d]; documented for one or two spatial dimensions d"
MEAN = "the mean of each channel, [C]"
VARIANCE = "the variance of each channel, [C]"
GAMMA = "what each channel is multiplied by, [C]; 1 if left out"
BETA = "what is added to each channel, [C]; 0 if left out"
EPSILON = "what is added to the variance, so that no division is by 0"
LAYER_GAMMA = "what the quotient is multiplied by, of the shape of `x` along `axes`; 1 if left out"
LAYER_BETA = "what is added then, of the shape of `x` along `axes`; 0 if left out"
ALPHA = "what the sum of squares is multiplied by, before the division by `size`"
EXPONENT = "the exponent"
ADDEND = "what is added to the sum"


class BatchNorm(OpDef):
    """Shift and scale each channel by a mean and a variance that are known beforehand.

    y[n, c, …] = gamma[c] * (x[n, c, …] - mean[c]) / sqrt(variance[c] + epsilon) + beta[c].

    ```mil
    func main<ios15>(tensor<fp32, [1, 2, 8, 8]> x) {
        tensor<fp32, [2]> mean = const()[val = tensor<fp32, [2]>([0.5, 0.25])];
        tensor<fp32, [2]> variance = const()[val = tensor<fp32, [2]>([1, 2])];
        tensor<fp32, [2]> gamma = const()[val = tensor<fp32, [2]>([1, 1])];
        tensor<fp32, [2]> beta = const()[val = tensor<fp32, [2]>([0, 0])];
        tensor<fp32, [1, 2, 8, 8]> y = batch_norm(x = x, mean = mean, variance = variance,
            gamma = gamma, beta = beta, epsilon = fp32(0x1.4f8b58p-17));
    } -> (y);
    ```
    """

    name = "batch_norm"
    since = "ios15"

    T = Domain(FP16, FP32)
    x = In(T, "the input, [n, C, *d]; documented for one to three spatial dimensions d")
    mean = Const(T, MEAN, rank=1)
    variance = Const(T, VARIANCE, rank=1)
    gamma = OptionalConst(T, GAMMA, rank=1)
    beta = OptionalConst(T, BETA, rank=1)
    epsilon = Const(T, EPSILON, rank=0, default=1e-5)
    y = Out("the result, of the type of `x`", like="x")

    @constraint("C1", "`mean` has an element for each channel of `x`, its second dimension")
    def mean_fits(self) -> bool:
        return fits_channels(self.x, self.mean)

    @constraint("C2", "`variance` has an element for each channel of `x`, its second dimension")
    def variance_fits(self) -> bool:
        return fits_channels(self.x, self.variance)

    @constraint("C3", "`gamma` has an element for each channel of `x`, its second dimension")
    def gamma_fits(self) -> bool:
        return fits_channels(self.x, self.gamma)

    @constraint("C4", "`beta` has an element for each channel of `x`, its second dimension")
    def beta_fits(self) -> bool:
        return fits_channels(self.x, self.beta)

    def evaluate(self) -> Array:
        refuse_without_channels(self.x)
        deviation = np.sqrt(self.variance.reals + np.float32(self.epsilon.value))
        gamma, rank = np.float32(1) if self.gamma is None else self.gamma.reals, self.x.rank
        made = self.x.reals - normalising.along(self.mean.reals, [1], rank)
        factor = normalising.along(gamma / deviation, [1], rank)
        return normalising.affine(made, factor, of_channels(self.beta, rank))


class BatchNorm17(BatchNorm):
    """The parameters may have another element type than `x`, all of them the same one."""

    since = "ios17"
    instead = "parameters of the element type of `x`"

    U = Domain(FP16, FP32)
    mean = Const(U, MEAN, rank=1)
    variance = Const(U, VARIANCE, rank=1)
    gamma = OptionalConst(U, GAMMA, rank=1)
    beta = OptionalConst(U, BETA, rank=1)
    epsilon = Const(U, EPSILON, rank=0, default=1e-5)


class InstanceNorm(OpDef):
    """Shift and scale each channel of each instance by its own mean and variance.

    With mean and variance taken over all spatial dimensions d of one n and c,
    y[n, c, …] = gamma[c] * (x[n, c, …] - mean) / sqrt(variance + epsilon) + beta[c].
    The variance is the mean of the squares of x - mean.

    ```mil
    func main<ios15>(tensor<fp32, [1, 2, 8, 8]> x) {
        tensor<fp32, [2]> gamma = const()[val = tensor<fp32, [2]>([1, 2])];
        tensor<fp32, [2]> beta = const()[val = tensor<fp32, [2]>([0, 1])];
        tensor<fp32, [1, 2, 8, 8]> y = instance_norm(x = x, gamma = gamma, beta = beta,
            epsilon = fp32(0x1.4f8b58p-17));
    } -> (y);
    ```
    """

    name = "instance_norm"
    since = "ios15"

    T = Domain(FP16, FP32)
    x = In(T, SPATIAL)
    gamma = OptionalConst(T, GAMMA, rank=1)
    beta = OptionalConst(T, BETA, rank=1)
    epsilon = Const(T, EPSILON, rank=0, default=1e-5)
    y = Out("the result, of the type of `x`", like="x")

    @constraint("C1", "`gamma` has an element for each channel of `x`, its second dimension")
    def gamma_fits(self) -> bool:
        return fits_channels(self.x, self.gamma)

    @constraint("C2", "`beta` has an element for each channel of `x`, its second dimension")
    def beta_fits(self) -> bool:
        return fits_channels(self.x, self.beta)

    def evaluate(self) -> Array:
        refuse_without_channels(self.x)
        rank = self.x.rank
        made = normalising.standardised(self.x.reals, range(2, rank), self.epsilon.value)
        return normalising.affine(made, of_channels(self.gamma, rank), of_channels(self.beta, rank))


class InstanceNorm17(InstanceNorm):
    """The parameters may have another element type than `x`, all of them the same one."""

    since = "ios17"
    instead = "parameters of the element type of `x`"

    U = Domain(FP16, FP32)
    gamma = OptionalConst(U, GAMMA, rank=1)
    beta = OptionalConst(U, BETA, rank=1)
    epsilon = Const(U, EPSILON, rank=0, default=1e-5)


class L2Norm(OpDef):
    """Divide by the root of the sum of squares over the last three dimensions.

    y = x / sqrt(sum of x² over the last three dimensions + epsilon); the dimensions in front are
    treated one by one.

    ```mil
    func main<ios15>(tensor<fp32, [4, 3, 8, 8]> x) {
        tensor<fp32, [4, 3, 8, 8]> y = l2_norm(x = x, epsilon = fp32(0x1.0c6f7ap-20));
    } -> (y);
    ```
    """

    name = "l2_norm"
    since = "ios15"

    T = Domain(FP16, FP32)
    x = In(T, "the input, [*B, C, H, W]")
    epsilon = Const(T, "what is added to the sum of squares", rank=0, default=1e-6)
    y = Out("the result, of the type of `x`", like="x")

    @constraint("C1", "`x` has at least three dimensions")
    def has_dimensions(self) -> bool:
        return self.x.rank >= 3

    def evaluate(self) -> Array:
        x = self.x.reals
        squares = np.add.reduce(np.square(x), axis=(-3, -2, -1), keepdims=True)
        made: Array = x / np.sqrt(squares + np.float32(self.epsilon.value))
        return made


class L2Norm17(L2Norm):
    """`epsilon` may have another element type than `x`."""

    since = "ios17"
    instead = "an `epsilon` of the element type of `x`"

    U = Domain(FP16, FP32)
    epsilon = Const(U, "what is added to the sum of squares", rank=0, default=1e-6)


class LayerNorm(OpDef):
    """Shift and scale by mean and variance over some dimensions.

    With mean and variance taken over `axes`,
    y = gamma * (x - mean) / sqrt(variance + epsilon) + beta.
    The variance is the mean of the squares of x - mean. `gamma` and `beta` have the dimensions
    `axes` of `x`, in the order of `x`: for an `x` of [3, 4, 5, 6] and the axes 2 and 3 they are
    [5, 6].

    ```mil
    func main<ios15>(tensor<fp32, [2, 5, 4]> x) {
        tensor<fp32, [4]> gamma = const()[val = tensor<fp32, [4]>([1, 1, 1, 1])];
        tensor<fp32, [4]> beta = const()[val = tensor<fp32, [4]>([0, 0, 0, 0])];
        tensor<fp32, [2, 5, 4]> y = layer_norm(x = x, axes = tensor<int32, [1]>([-1]),
            gamma = gamma, beta = beta, epsilon = fp32(0x1.4f8b58p-17));
    } -> (y);
    ```
    """

    name = "layer_norm"
    since = "ios15"

    T = Domain(FP16, FP32)
    x = In(T, "the input, of any shape")
    axes = Const(
        INT32,
        "the dimensions that are normalised over",
        rank=1,
        default=lambda op: tuple(range(op.x.rank)),
        default_doc="all of `x`",
    )
    gamma = OptionalConst(T, LAYER_GAMMA)
    beta = OptionalConst(T, LAYER_BETA)
    epsilon = Const(T, EPSILON, rank=0, default=1e-5)
    y = Out("the result, of the type of `x`", like="x")

    @constraint("C1", "`axes` are dimensions of `x`, counted from -rank to rank - 1")
    def axes_exist(self) -> bool:
        rank, axes = self.x.rank, self.axes.elements or ()
        return all(axis is None or -rank <= axis < rank for axis in axes)

    @constraint("C2", "`gamma` has the shape of those dimensions of `x` that are in `axes`")
    def gamma_fits(self) -> bool:
        return self.fits(self.gamma)

    @constraint("C3", "`beta` has the shape of those dimensions of `x` that are in `axes`")
    def beta_fits(self) -> bool:
        return self.fits(self.beta)

    def fits(self, parameter: Bound | None) -> bool:
        """Whether a parameter has the shape of what is normalised."""
        axes = self.axes.value
        if parameter is None or axes is None:
            return True
        places = sorted({self.x.axis(axis) for axis in axes})
        return same_shape(parameter.shape, [self.x.shape[place] for place in places])

    def moved(self, order: Order) -> Moved | None:
        """`gamma` and `beta` lie in the order of the dimensions of `x`, which has to stay."""
        axes = self.axes.value
        places = None if axes is None else sorted({self.x.axis(axis) for axis in axes})
        moved = None if places is None else tuple([order[place] for place in places])
        is_kept = moved is not None and moved == tuple(sorted(moved))
        plain = self.gamma is None and self.beta is None
        return Moved({"axes": moved}, (order,)) if is_kept or (plain and moved) else None

    def evaluate(self) -> Array:
        x, axes = self.x, sorted({self.x.axis(axis) for axis in self.axes.value})
        made = normalising.standardised(x.reals, axes, self.epsilon.value)
        gamma, beta = [None if p is None else p.reals for p in (self.gamma, self.beta)]
        spread = normalising.along
        return normalising.affine(made, spread(gamma, axes, x.rank), spread(beta, axes, x.rank))


class LayerNorm17(LayerNorm):
    """The parameters may have another element type than `x`, all of them the same one."""

    since = "ios17"
    instead = "parameters of the element type of `x`"

    U = Domain(FP16, FP32)
    gamma = OptionalConst(U, LAYER_GAMMA)
    beta = OptionalConst(U, LAYER_BETA)
    epsilon = Const(U, EPSILON, rank=0, default=1e-5)


class LocalResponseNorm(OpDef):
    """Divide by a power of the squares of neighbouring channels.

    y[n, c, …] = x[n, c, …] / (k + alpha / size * (sum over i of x[n, i, …]²)) ** beta, where i runs
    over the `size` channels around c, as far as they are there; of an even number, one more in
    front of c than behind, as in PyTorch.

    ```mil
    func main<ios15>(tensor<fp32, [1, 16, 8, 8]> x) {
        tensor<fp32, [1, 16, 8, 8]> y = local_response_norm(x = x, size = int32(5),
            alpha = fp32(0x1.a36e2ep-14), beta = fp32(0.75), k = fp32(1));
    } -> (y);
    ```
    """

    name = "local_response_norm"
    since = "ios15"

    T = Domain(FP16, FP32)
    x = In(T, SPATIAL)
    size = Const(INT32, "the number of channels that count", rank=0)
    alpha = Const(T, ALPHA, rank=0, default=1e-4)
    beta = Const(T, EXPONENT, rank=0, default=0.75)
    k = Const(T, ADDEND, rank=0, default=1.0)
    y = Out("the result, of the type of `x`", like="x")

    def evaluate(self) -> Array:
        refuse_without_channels(self.x)
        size = self.size.value
        if size < 1:
            raise EvaluationError(f"`size` is {size}: there is nothing to divide by")
        x = self.x.reals
        sums = normalising.neighbours(np.square(x), size)
        divisor = sums * np.float32(self.alpha.value / size) + np.float32(self.k.value)
        made: Array = x / divisor ** np.float32(self.beta.value)
        return made


class LocalResponseNorm17(LocalResponseNorm):
    """The parameters may have another element type than `x`, all of them the same one."""

    since = "ios17"
    instead = "parameters of the element type of `x`"

    U = Domain(FP16, FP32)
    alpha = Const(U, ALPHA, rank=0, default=1e-4)
    beta = Const(U, EXPONENT, rank=0, default=0.75)
    k = Const(U, ADDEND, rank=0, default=1.0)


def fits_channels(x: Bound, parameter: Bound | None) -> bool:
    """Whether a parameter, if there is one, has an element for each channel of `x`."""
    if parameter is None or x.rank < 2:
        return True
    return same(parameter.shape[0], x.shape[1])


def of_channels(parameter: Bound | None, rank: int) -> Array | None:
    """A parameter of the channels, to compute with, that broadcasts with a tensor of a rank."""
    return None if parameter is None else normalising.along(parameter.reals, [1], rank)


def refuse_without_channels(x: Bound) -> None:
    """Raise EvaluationError for a tensor that has no second dimension."""
    if x.rank < 2:
        raise EvaluationError(f"`x` has {x.rank} dimensions, and none of channels")
