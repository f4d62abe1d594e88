"""The types that functions take and give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from milc.ir.literals import string_literal
from milc.ir.types import (
    BOOL,
    ELEMENT_TYPES,
    FP16,
    FP32,
    INT8,
    INT16,
    INT32,
    STRING,
    UINT8,
    UINT16,
    ElementType,
    TensorType,
)
from milc.opsets import index
from milc.passes.base import LISTED, Option, Pass, words
from milc.schema import level

if TYPE_CHECKING:
    from milc.ir.nodes import Value
    from milc.passes.session import Session

Asked = Mapping[str, str]


def _are_types(given: Any) -> bool:
    pairs = _pairs(given) if isinstance(given, str | Mapping) else {"": ""}
    return all(name and str(each).strip() in ELEMENT_TYPES for name, each in pairs.items())


def _pairs(given: Asked | str) -> Asked:
    if not isinstance(given, str):
        return given
    parts = [each.partition("=") for each in given.split(",") if each.strip()]
    return {name.strip(): type.strip() for name, _, type in parts}


TYPES: Final = (_are_types, "an element type for each output, `y=fp16,z=int32`,")


class UpdateOutputDtypes(Pass):
    """Cast outputs to the types that are asked for; they keep their names.

    `dtypes` says them: `y=fp16, z=int32`, or a table of them. Without it nothing changes. An
    output that is an input stays as it is.

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> y = exp(x = x);
    } -> (y);
    ```

    becomes, with `dtypes = "y=fp16"`

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> y_fp32 = exp(x = x);
        tensor<fp16, [2]> y = cast(x = y_fp32, dtype = string("fp16"));
    } -> (y);
    ```
    """

    name = "update_output_dtypes"
    exact = False
    options: ClassVar[dict[str, Option]] = {
        "dtypes": Option("", "the element types of outputs: `y=fp16,z=int32`", *TYPES, "outputs"),
    }

    def run(self, session: Session) -> None:
        asked = named_types(self.given["dtypes"])
        for value in list(dict.fromkeys(session.function.outputs)):
            goal = asked.get(value.name)
            if goal is not None and value.op is not None and is_castable(value, goal, session):
                session.counts[self.name] += cast_output(value, goal, session)


def named_types(given: Asked | str) -> dict[str, ElementType]:
    """Which types are asked for."""
    return {name.strip(): ELEMENT_TYPES[each.strip()] for name, each in _pairs(given).items()}


class AdjustIoToSupportedTypes(Pass):
    """Give `main` inputs and outputs of types that Core ML hands over, with casts to what was.

    They are fp32 and int32, from ios16 on fp16, and from ios26 on int8. Other integers become
    int32, all else fp32. An input that ops cannot take at all (int64, fp64) gets the new type
    without a cast, in any function, if nothing but the function's end uses it. `keep` names inputs
    that are to stay as they are, such as a gray image of uint8. Strings, lists, dictionaries and
    states stay.

    ```mil
    func main<ios15>(tensor<bool, [2]> x) {
        tensor<bool, [2]> y = logical_not(x = x);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<bool, [2]> x_bool = cast(x = x, dtype = string("bool"));
        tensor<bool, [2]> y_bool = logical_not(x = x_bool);
        tensor<fp32, [2]> y = cast(x = y_bool, dtype = string("fp32"));
    } -> (y);
    ```
    """

    name = "adjust_io_to_supported_types"
    options: ClassVar[dict[str, Option]] = {
        "keep": Option("", "inputs that stay as they are: `image,mask`", *LISTED, "inputs"),
    }

    def run(self, session: Session) -> None:
        function = session.function
        is_main = function.name == "main"
        handed = handed_over(function.opset) if is_main else computed_with(function.opset)
        kept = words(self.given["keep"])
        for value in list(function.inputs):
            if value.name not in kept and is_odd(value, handed):
                session.counts[self.name] += cast_input(value, substitute(value), session)
        for value in list(dict.fromkeys(function.outputs)) if is_main else []:
            if value.op is not None and is_odd(value, handed):
                goal = substitute(value)
                if is_castable(value, goal, session):
                    session.counts[self.name] += cast_output(value, goal, session)


def handed_over(opset: str) -> set[ElementType]:
    """The element types of multi-arrays that Core ML hands to and from models."""
    newer = {FP16: "ios16", INT8: "ios26"}
    return {FP32, INT32, *(each for each, tag in newer.items() if level(opset) >= level(tag))}


def computed_with(opset: str) -> set[ElementType]:
    """The element types that ops compute with."""
    small = {INT8, UINT8, INT16, UINT16} if level(opset) >= level("ios17") else set()
    return {FP16, FP32, INT32, BOOL, STRING} | small


def is_odd(value: Value, handed: set[ElementType]) -> bool:
    """Whether a value is a tensor of numbers of another type than those."""
    type = value.type
    return isinstance(type, TensorType) and type.element not in handed | {STRING}


def substitute(value: Value) -> ElementType:
    """The type in place of one that is not handed over."""
    return INT32 if _element(value).is_integer else FP32


def _element(value: Value) -> ElementType:
    type = value.type
    assert isinstance(type, TensorType)
    return type.element


def is_castable(value: Value, goal: ElementType, session: Session) -> bool:
    """Whether a value is of another type, and there is a cast from that."""
    if not isinstance(value.type, TensorType) or value.type.element is goal:
        return False
    if value.type.rank is None:
        return False
    cast = index.definition("cast", session.function.opset)
    if cast is None:
        return False
    return cast.args["x"].elements.count(value.type.element) > 0 and goal in cast.args["x"].elements


def cast_input(value: Value, goal: ElementType, session: Session) -> bool:
    """Let a function take another type, and its ops what they took; gives whether it could."""
    function, body = session.function, session.function.body
    old = value.type
    assert isinstance(old, TensorType)
    users = [user for user in value.uses if user is not body]
    if not users:
        session.rewriter.set_type(value, TensorType(goal, old.shape))
        return True
    if old.element not in computed_with(function.opset) or old.rank is None:
        return False
    session.rewriter.set_type(value, TensorType(goal, old.shape))

    def make() -> Any:
        called = f"{value.name}_{old.element.name}"
        return session.new("cast", x=value, dtype=old.element.name, name=called)

    cast = session.insert(make, body.first or body)
    session.rewriter.replace_all_uses(value, cast, but=[cast.op, body])
    return True


def cast_output(value: Value, goal: ElementType, session: Session) -> bool:
    """Let a function give another type under the name that it gives."""
    rewriter, name, body = session.rewriter, value.name, session.function.body
    rewriter.rename(value, rewriter.fresh_name(f"{name}_{_element(value).name}"))
    cast = session.insert(lambda: session.new("cast", x=value, dtype=goal.name), body)
    rewriter.set_outputs(body, [cast if each is value else each for each in body.outputs])
    session.rename(cast, name)
    rewriter.set_attribute(cast.op, "name", string_literal(name))
    return True
