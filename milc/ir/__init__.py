"""The typed SSA intermediate representation: types, literals, nodes, and how to edit them.

Imports diagnostics only; knows neither text nor protobuf nor opsets, and never numpy at import.
"""

from milc.ir.literals import (
    BlobRef,
    DictLiteral,
    ListLiteral,
    Literal,
    TensorLiteral,
    TupleLiteral,
    scalar_literal,
    string_literal,
    tensor,
)
from milc.ir.nodes import Block, Function, Op, Operand, Program, Value
from milc.ir.types import (
    DictType,
    ElementType,
    ListType,
    StateType,
    TensorBufferType,
    TensorType,
    TupleType,
    Type,
)

__all__ = [
    "BlobRef",
    "Block",
    "DictLiteral",
    "DictType",
    "ElementType",
    "Function",
    "ListLiteral",
    "ListType",
    "Literal",
    "Op",
    "Operand",
    "Program",
    "StateType",
    "TensorBufferType",
    "TensorLiteral",
    "TensorType",
    "TupleLiteral",
    "TupleType",
    "Type",
    "Value",
    "scalar_literal",
    "string_literal",
    "tensor",
]
