"""The op that makes a model a classifier.

Facts: coremltools 9.0, `ops/defs/iOS15/classify.py`.
"""

from __future__ import annotations

from typing import Any

from milc.ir.types import FP32, FP64, INT64, STRING, DictType, ListType, TensorType, Type
from milc.kernels import np
from milc.schema import Const, EvaluationError, In, OpDef, Out, constraint
from milc.schema.rules import same


class Classify(OpDef):
    """Name the most probable class, and give the probability of each.

    It stands at the end of a model: its results are outputs of the function, and no op can use
    them. The probabilities belong to the classes in the order of their elements. Of classes that
    are equally probable milc names the first, and it takes NaN for the lowest probability.

    ```mil
    func main<ios15>(tensor<fp32, [1, 3]> p) {
        string label, dict<string, fp64> probabilities = classify(
            classes = list<string, 3>(["cat", "dog", "bird"]), probabilities = p);
    } -> (label, probabilities);
    ```
    """

    name = "classify"
    since = "ios15"

    probabilities = In(FP32, "the probability of each class, of any shape")
    classes = Const(None, "the classes, a list of strings or int64", kind="list")
    best = Out("the class of the highest probability, a scalar")
    each = Out("the probability of each class, a dict with values of fp64")

    @constraint("C1", "`classes` is a list of strings or of int64")
    def names_or_numbers(self) -> bool:
        return self._kind in (TensorType(STRING), TensorType(INT64))

    @constraint("C2", "`classes` has as many items as `probabilities` has elements")
    def one_for_each(self) -> bool:
        listed = self.classes.type
        length = listed.length if isinstance(listed, ListType) else None
        known = length if isinstance(length, int) else None
        return same(known, self.probabilities.count)

    @property
    def _kind(self) -> Type:
        """The type of a class."""
        return self.classes.type.parts[0]

    def infer(self) -> tuple[Type, Type]:
        return self._kind, DictType(self._kind, TensorType(FP64))

    def evaluate(self) -> tuple[Any, dict[Any, float]]:
        given, names = self.probabilities.array.ravel(), self.classes.value
        if not names:
            raise EvaluationError("there is no class in `classes`")
        best = int(np.where(np.isnan(given), -np.inf, given).argmax())
        return names[best], dict(zip(names, given.tolist(), strict=True))
