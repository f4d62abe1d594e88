"""What the definition of an op is made of.

A family of `opsets/` imports all it needs from here. Imports diagnostics and ir, and knows no op.
"""

from milc.schema.bound import Bound, Elements, Known, Symbol
from milc.schema.declare import (
    Arg,
    Choice,
    Const,
    Constraint,
    Domain,
    In,
    OptionalConst,
    OptionalIn,
    Out,
    Part,
    Variadic,
    constraint,
)
from milc.schema.opdef import EvaluationError, Machine, OpDef, definitions, level
from milc.schema.orders import Moved, Order

__all__ = [
    "Arg",
    "Bound",
    "Choice",
    "Const",
    "Constraint",
    "Domain",
    "Elements",
    "EvaluationError",
    "In",
    "Known",
    "Machine",
    "Moved",
    "OpDef",
    "OptionalConst",
    "OptionalIn",
    "Order",
    "Out",
    "Part",
    "Symbol",
    "Variadic",
    "constraint",
    "definitions",
    "level",
]
