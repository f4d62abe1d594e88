"""Random values: tensors drawn from distributions.

Facts: coremltools 9.0, `ops/defs/iOS15/random.py`.
"""

from __future__ import annotations

from milc.ir.types import FP16, FP32, INT32, MAX_RANK, STRING, ElementType, TensorType
from milc.schema import Choice, Const, Domain, In, OpDef, Out


class Random(OpDef):
    """An op whose result differs from run to run, unless it is given a seed."""

    pure = False
    random = True

    T = Domain(FP16, FP32)
    seed = Const(
        INT32, "what the values follow from, the same ones in each run; -1 for others each time",
        rank=0, default=-1,
    )  # fmt: skip


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


class RandomCategorical(Random):
    """Numbers of categories, drawn with the probability that each of them has.

    The last dimension of `x` has an element for each category. As many samples as `size` says are
    drawn for each of the distributions, independent of each other.

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
