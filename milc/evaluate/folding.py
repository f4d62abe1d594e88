"""What an op gives, computed ahead of time, if it depends on constants alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from milc.diagnostics import MilError
from milc.evaluate.evaluator import Evaluator
from milc.ir.constants import literal
from milc.ir.nodes import Value
from milc.ir.types import TensorType
from milc.ir.walk import function_of
from milc.opsets import index

if TYPE_CHECKING:
    from milc.ir.literals import Literal
    from milc.ir.nodes import Op
    from milc.verify.operations import Read

LIMIT: Final = 1 << 20
"""As many bytes a folded constant may have, unless more is asked for."""


def fold(
    op: Op, *, read: Read | None = None, limit: int | None = LIMIT
) -> tuple[Literal, ...] | None:
    """The constants that an op's results are, or None if they are not to be had.

    That is: an operand is no constant; the op is not pure, has blocks or no answer; or its results,
    by their types, take more than `limit` bytes together (None: any number). Nothing of that size
    is made to find out.
    """
    function = function_of(op)
    if function is None or op.blocks or any(value.literal is None for value in op.values):
        return None
    definition = index.definition(op.kind, op.opset or function.opset)
    if definition is None or not definition.pure:
        return None
    try:
        evaluator = Evaluator(function, read=read, only=op)
        types = evaluator.only.infer()
        types = types if isinstance(types, tuple) else (types,)
        if not all(_is_within(type, limit) for type in types):
            return None
        given = evaluator.run_only()
    except MilError:
        return None
    made = zip(op.results, given, strict=True)
    return tuple([_literal(value, array) for value, array in made])


def _is_within(type: Any, limit: int | None) -> bool:
    if not isinstance(type, TensorType) or type.byte_size is None:
        return False
    return limit is None or type.byte_size <= limit


def _literal(value: Value, array: np.ndarray[Any, Any]) -> Literal:
    assert isinstance(value.type, TensorType)
    return literal(array, value.type.element)
