"""What a program takes and gives, as a Core ML model can: other types are cast at the border.

Imports ir, opsets and package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from milc.ir.literals import string_literal
from milc.ir.nodes import Op, Value
from milc.ir.types import FP32, INT32, ElementType, TensorType
from milc.opsets import index
from milc.package.interface import FIRST_WITH_FUNCTIONS, allowed_elements

if TYPE_CHECKING:
    from milc.ir.nodes import Function
    from milc.ir.rewriter import Rewriter

UNUSED: Final = "unused"
"""The input of a program that needs none."""


def border(function: Function, rewriter: Rewriter, specification: int) -> None:
    """Let a function take and give only what a model of a specification version can.

    What cannot be cast is not given, if something else is. A model that needs an input has one.
    """
    allowed = allowed_elements(specification)
    for value in function.inputs:
        type = value.type
        if isinstance(type, TensorType) and type.element not in allowed:
            _cast_input(function, rewriter, value, type)
    outputs = []
    for value in function.outputs:
        type = value.type
        if not isinstance(type, TensorType) or type.element in allowed:
            outputs.append(value)
        elif _can_cast(function.opset, type.element):
            outputs.append(_cast_output(function, rewriter, value, type))
    rewriter.set_outputs(function.body, outputs or function.outputs)
    if not function.inputs and specification < FIRST_WITH_FUNCTIONS:
        rewriter.add_input(UNUSED, FP32(1))


def _can_cast(opset: str, element: ElementType) -> bool:
    definition = index.definition("cast", opset)
    return definition is not None and element in definition.args["x"].elements


def _plain(element: ElementType) -> ElementType:
    """What every model can take and give in place of an element type."""
    return FP32 if element.is_float else INT32


def _cast(rewriter: Rewriter, value: Value, type: TensorType, to: ElementType, name: str) -> Op:
    made = Value(rewriter.fresh_name(name), TensorType(to, type.shape))
    return Op("cast", {"x": (value,), "dtype": (string_literal(str(to)),)}, [made])


def _cast_input(function: Function, rewriter: Rewriter, value: Value, type: TensorType) -> None:
    rewriter.set_type(value, TensorType(_plain(type.element), type.shape))
    if not value.uses:
        return
    op = _cast(rewriter, value, type, type.element, f"{value.name}_{type.element}")
    rewriter.prepend(function.body, op)
    rewriter.replace_all_uses(value, op.result, but=[op])


def _cast_output(function: Function, rewriter: Rewriter, value: Value, type: TensorType) -> Value:
    to = _plain(type.element)
    op = _cast(rewriter, value, type, to, f"{value.name}_{to}")
    rewriter.append(function.body, op)
    return op.result
