"""Lints of what is said to keep a program from the Neural Engine, or to be slow there: folklore.

Nothing of it is in Apple's documentation as a rule, reports contradict each other, and Core ML runs
such programs, if elsewhere. Imports diagnostics, ir, schema and opsets.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from milc.ir.literals import Literal
from milc.ir.types import BOOL, TensorType
from milc.ir.walk import walk_values
from milc.opsets import index
from milc.verify.lints import Found, Subject, folklore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from milc.ir.nodes import Op, Value

WIDEST_KERNEL: Final = 15
LONGEST_DIMENSION: Final = 16384


@folklore("MIL0811")
def dynamic_shapes(subject: Subject) -> Iterator[Found]:
    """Inputs whose shape is not fixed."""
    for function in subject.program.functions.values():
        for value in function.inputs:
            if None in _shape(value):
                message = f"the shape of input `{value.name}` is not fixed"
                yield Found(value, message, "enumerate shapes, or compile a function for each")


@folklore("MIL0812")
def inline_flags(subject: Subject) -> Iterator[Found]:
    """Truth values written in place."""
    for _, op in subject.ops():
        flags = [name for name, _, operand in op.operands if _is_flag(operand)]
        if flags:
            names = ", ".join(f"`{name}`" for name in flags)
            yield Found(op, f"{op.kind} has {names} in place", "bind it to a named const")


def _is_flag(operand: object) -> bool:
    return isinstance(operand, Literal) and operand.type is BOOL()


@folklore("MIL0813")
def default_epsilon(subject: Subject) -> Iterator[Found]:
    """Elementwise operations that leave `epsilon` to its default, which is below fp16's numbers."""
    for function, op in subject.ops():
        definition = subject.definition(op, function)
        if definition is None or not definition.elementwise or "epsilon" in op.args:
            continue
        if "epsilon" in definition.args:
            message = f"{op.kind} leaves `epsilon` to its default"
            yield Found(op, message, "write one that fp16 holds, such as 1e-4")


@folklore("MIL0814")
def wide_kernels(subject: Subject) -> Iterator[Found]:
    """Convolutions with a long kernel."""
    for _, op in subject.ops():
        if index.families().get(op.kind) != "conv":
            continue
        weight = op.args.get("weight", ())
        shape = _shape(weight[0]) if weight else ()
        width = max((dim for dim in shape[2:] if isinstance(dim, int)), default=0)
        if width > WIDEST_KERNEL:
            message = f"the kernel of {op.kind} is {width} long, more than {WIDEST_KERNEL}"
            yield Found(op, message, "split it into several of smaller kernels")


@folklore("MIL0815")
def long_dimensions(subject: Subject) -> Iterator[Found]:
    """Tensors that are computed and have a very long dimension."""
    for value in walk_values(subject.program):
        longest = max((dim for dim in _shape(value) if isinstance(dim, int)), default=0)
        if longest > LONGEST_DIMENSION and not _is_constant(value.op):
            message = f"`{value.name}` has a dimension of {longest:,}, more than"
            yield Found(value, f"{message} {LONGEST_DIMENSION:,}", "split it into several tensors")


@folklore("MIL0816")
def order_of_ports(subject: Subject) -> Iterator[Found]:
    """Inputs and outputs that do not come by name."""
    for function in subject.program.functions.values():
        for what, values in (("inputs", function.inputs), ("outputs", function.outputs)):
            late = _out_of_order(values)
            if late is not None:
                names = ", ".join(sorted(value.name for value in values)[:5])
                message = f"the {what} of function {function.name} do not come by name"
                yield Found(late, message, f"by name: {names}{', …' if len(values) > 5 else ''}")


def _out_of_order(values: Sequence[Value]) -> Value | None:
    """The first value whose name comes before that of the one in front of it."""
    pairs = pairwise(values)
    return next((after for before, after in pairs if after.name < before.name), None)


def _is_constant(op: Op | None) -> bool:
    return op is not None and (op.kind == "const" or op.kind.startswith("constexpr_"))


def _shape(operand: Value | Literal) -> tuple[object, ...]:
    """The dimensions of a tensor of known rank; else none."""
    return (operand.type.shape or ()) if isinstance(operand.type, TensorType) else ()
