"""Layers that the app brings along, which Core ML calls by the name of a class.

Facts: coremltools 9.0, `backend/mil/load.py`, which writes them; its own loader does not read them.
"""

from __future__ import annotations

from typing import Any

from milc.ir.types import STRING, TO_INFER, UNKNOWN_TYPE, ListType, TensorType, Type
from milc.schema import Const, EvaluationError, OpDef, OptionalConst, constraint


class CustomLayer(OpDef):
    """Call a layer whose code is a class of the app.

    It takes any arguments and gives any results; what they mean is between the model and the class.
    So nothing is known of a result but what is declared, and it may differ from run to run. What
    is listed here are attributes, written in brackets.

    ```mil
    func main<ios15>(tensor<fp32, [1, 8]> a, tensor<fp32, [1, 4]> b) {
        tensor<fp32, [1, 4]> y = custom_layer(features = a, keys = b)[
            class_name = string("MYTopLayer"), description = string("picks features by keys"),
            input_order = list<string, 2>(["features", "keys"]),
            parameters = list<string, 0>([]), weights = list<string, 0>([])];
    } -> (y);
    ```
    """

    name = "custom_layer"
    since = "ios15"
    pure = False
    in_attributes = True
    is_open = True

    class_name = Const(STRING, "the class that Core ML makes an object of", rank=0)
    input_order = OptionalConst(None, "the arguments in the order of the class", kind="list")
    parameters = OptionalConst(None, "the arguments that set the layer up", kind="list")
    weights = OptionalConst(None, "the arguments that are its weights", kind="list")
    description = OptionalConst(STRING, "what the layer does, for people", rank=0)

    @constraint("C1", "`input_order`, `parameters` and `weights` are lists of strings")
    def names(self) -> bool:
        lists = self.input_order, self.parameters, self.weights
        kinds = [held.type.element for held in lists if held and isinstance(held.type, ListType)]
        return all(kind is TensorType(STRING) for kind in kinds)

    def infer(self) -> tuple[Type, ...]:
        declared = [result.type for result in self.op.results]
        return tuple([UNKNOWN_TYPE if type is TO_INFER else type for type in declared])

    def evaluate(self) -> Any:
        raise EvaluationError(f"what it computes is code of the app, `{self.class_name.value}`")
