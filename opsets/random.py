"""Random values: tensors drawn from distributions.

Of a seed it is documented only that the values repeat. In milc they do so each time the op runs,
in each turn of a loop too, and ops with one seed draw from one sequence. Without a seed, or with
-1, an op goes on where the run's generator stands. The generator is numpy's, so values are not
those of a device.

Facts: coremltools 9.0, `ops/defs/iOS15/random.py`.
"""

from __future__ import annotations

from typing import Final

from milc.ir.types import FP16, FP32, INT32, MAX_RANK, STRING, ElementType, TensorType
from milc.kernels import Array, memory, np, sampling
from milc.schema import Choice, Const, Domain, EvaluationError, In, OpDef, Out

MASK: Final = (1 << 32) - 1
"""Of a seed, which may be negative: as many bits as it has."""


class Random(OpDef):
    """An op whose result differs from run to run, unless it is given a seed."""

    pure = False
    random = True

    T = Domain(FP16, FP32)
    seed = Const(
        INT32,
        "what the values follow from, the same ones each time that the op runs, though in milc not"
        " those of a device; -1 for others each time",
        rank=0, default=-1,
    )  # fmt: skip

    @property
    def generator(self) -> np.random.Generator:
        """What the values are drawn with."""
        seed: int = self.seed.value
        return self.machine.generator(None if seed == -1 else seed & MASK)


class Distribution(Random):
    """Values of one distribution, in a shape that is given."""

    shape = In(INT32, "the shape of the result, [K], all lengths at least 1", rank=1)
    y = Out("the values, of K dimensions")

    def result_element(self) -> ElementType:
        """The element type of the values: that of the parameters."""
        element = self.element_of("T")
        return FP32 if element is None else element

    def infer(self) -> TensorType:
        rank, element = self.shape.length, self.result_element()
        if rank is None or rank > MAX_RANK:
            return TensorType(element, None)
        return TensorType(element, self.shape.elements or (None,) * rank)

    @property
    def dims(self) -> tuple[int, ...]:
        """The shape to draw values in."""
        dims: tuple[int, ...] = self.shape.value
        if any(dim < 0 for dim in dims):
            raise EvaluationError(f"`shape` is {list(dims)}")
        memory.must_fit(dims, 8)
        return dims


class RandomBernoulli(Distribution):
    """Values that are 1 with the probability `prob`, and else 0.

    ```mil
    func main<ios15>() {
        tensor<fp32, [2, 3]> y = random_bernoulli(
            prob = fp32(0.25), seed = int32(-1), shape = tensor<int32, [2]>([2, 3]));
    } -> (y);
    ```
    """

    name = "random_bernoulli"
    since = "ios15"

    prob = Const(Random.T, "the probability of 1", rank=0, default=0.5)

    def evaluate(self) -> Array:
        ones: Array = self.generator.random(self.dims) < self.prob.value
        return ones


class RandomNormal(Distribution):
    """Values of a normal distribution.

    ```mil
    func main<ios15>() {
        tensor<fp16, [2, 3]> y = random_normal(
            mean = fp16(0.0), seed = int32(7), shape = tensor<int32, [2]>([2, 3]),
            stddev = fp16(2.0));
    } -> (y);
    ```
    """

    name = "random_normal"
    since = "ios15"

    mean = Const(Random.T, "the mean", rank=0, default=0.0)
    stddev = Const(Random.T, "the standard deviation", rank=0, default=1.0)

    def evaluate(self) -> Array:
        drawn = self.generator.standard_normal(self.dims, "f4")
        moved: Array = drawn * self.stddev.reals + self.mean.reals
        return moved


class RandomUniform(Distribution):
    """Values that are anywhere from `low` to below `high` with equal probability.

    All are `low` if both are equal. What they are if `high` is below `low` is not defined.

    ```mil
    func main<ios15>() {
        tensor<fp32, [2, 3]> y = random_uniform(
            high = fp32(1.0), low = fp32(-1.0), seed = int32(-1),
            shape = tensor<int32, [2]>([2, 3]));
    } -> (y);
    ```
    """

    name = "random_uniform"
    since = "ios15"

    low = Const(Random.T, "the lower bound, which occurs", rank=0, default=0.0)
    high = Const(Random.T, "the upper bound, which does not", rank=0, default=1.0)

    def evaluate(self) -> Array:
        shares = self.generator.random(self.dims)
        between: Array = sampling.between(shares, self.low.array, self.high.array)
        return between


class RandomCategorical(Random):
    """Numbers of categories, drawn with the probability that each of them has.

    The last dimension of `x` has an element for each category. As many samples as `size` says are
    drawn for each of the distributions, independent of each other. Probabilities need not add up
    to 1: milc divides them by their sum.

    ```mil
    func main<ios15>(tensor<fp32, [2, 10]> x) {
        tensor<fp32, [2, 4]> y = random_categorical(
            mode = string("probs"), seed = int32(-1), size = int32(4), x = x);
    } -> (y);
    ```
    """

    name = "random_categorical"
    since = "ios15"

    x = In(Random.T, "the distributions, [*D, C]")
    mode = Const(
        STRING, 'whether `x` holds probabilities, or their logarithms: "logits"', rank=0,
        default="logits", choices=Choice("logits", "probs", any_case=True),
    )  # fmt: skip
    size = Const(INT32, "the number of samples, drawn with replacement", rank=0, default=1)
    y = Out("the samples, numbers from 0 to C - 1 in the element type of `x`, [*D, size]")

    def infer(self) -> TensorType:
        return self.x.with_shape(*self.x.shape[:-1], self.size.value)

    def evaluate(self) -> Array:
        size = self.size.value
        if size < 0:
            raise EvaluationError(f"`size` is {size}")
        memory.must_fit((*self.x.array.shape[:-1], size), 8)
        logits = self.mode.value.lower() == "logits"
        x = self.x.array.astype("f8")
        weights = sampling.shares(x) if logits else x
        if not sampling.are_weights(weights):
            raise EvaluationError(
                "`x` has a distribution without finite probabilities from 0 on, one above 0"
            )
        drawn: Array = sampling.categories(self.generator, weights, size)
        return drawn
