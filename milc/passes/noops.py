"""Ops that change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from milc.ir.literals import Literal, TensorLiteral
from milc.ir.types import TensorType
from milc.passes.base import Pass, rewrite
from milc.passes.session import scalar_of

if TYPE_CHECKING:
    from milc.ir.nodes import Op, Value
    from milc.ir.types import Type
    from milc.passes.session import Session
    from milc.schema import Bound, OpDef


FEW: Final = 8
"""Of so many ops is found out anew what they give, to see that one of them changes nothing."""


class NoopElimination(Pass):
    """Use the operand of an op that hands it on as it is.

    So are an `identity`, a `reshape` to the same shape, a `transpose` that moves no element, a
    slice of all, a `mul` by 1, a `select` of one operand everywhere. An `add` of 0 is too, but for
    the sign of a zero. An op that gives an output stays if an input would have to take its name.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> a = reshape(x = x, shape = tensor<int32, [2]>([2, 3]));
        tensor<fp32, [2, 3]> b = mul(x = a, y = fp32(1.0));
        tensor<fp32, [2, 3]> y = exp(x = b);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = exp(x = x);
    } -> (y);
    ```
    """

    name = "noop_elimination"

    @rewrite(when=lambda definition: definition.may_forward() or definition.identity is not None)
    def drop(self, op: OpDef, session: Session) -> Value | None:
        """Which operand an op hands on is asked of its definition."""
        kept = op.forwarded() or neutral(op, session)
        if kept is None or len(op.op.results) > 1 or not hands_on(op, kept, session):
            return None
        operand = kept.operand
        return session.const(operand) if isinstance(operand, Literal) else operand


def hands_on(op: OpDef, kept: Bound, session: Session) -> bool:
    """Whether a result is like an operand, if need be by what is known by now of that."""
    if is_alike(op.op.results[0], kept, session):
        return True
    if _is_fixed(kept.type) or all(isinstance(dim, int) for dim in session.dims(kept) or ()):
        return False
    for each in _open_before(op.op):
        session.learn(each)
    return is_alike(op.op.results[0], kept, session)


def _open_before(op: Op) -> list[Op]:
    """An op, behind some of those in front of it whose results leave dimensions open."""
    found: list[Op] = []
    todo = [op]
    for each in todo:
        if each in found:
            found.remove(each)  # another one needs it, too
        found.append(each)
        if len(todo) < FEW:
            above = [value.op for value in each.values if not _is_fixed(value.type)]
            todo += [one for one in above if one is not None and not one.blocks]
    return found[::-1]


def neutral(op: OpDef, session: Session) -> Bound | None:
    """The operand that the other one, a constant, leaves as it is."""
    if op.identity is None:
        return None
    operands: list[Bound] = [getattr(op, name) for name in list(op.args)[:2]]
    first, second = operands
    if holds_only(second, op.identity, session):
        return first
    return second if op.commutative and holds_only(first, op.identity, session) else None


def is_alike(result: Value, operand: Bound, session: Session) -> bool:
    """Whether a result has the type of an operand, and its shape, whatever that will be."""
    if _is_fixed(result.type) and _is_fixed(operand.type):
        return result.type is operand.type
    dims = session.dims(operand)
    if dims is None:
        return result.type is operand.type
    element = getattr(session.facts.type_of(result), "element", None)
    return element is operand.element and session.dims(result) == dims


def _is_fixed(type: Type) -> bool:
    """Whether a type leaves no dimension of a tensor open."""
    return isinstance(type, TensorType) and type.count is not None


def can_be_renamed(value: Value, session: Session) -> bool:
    """Whether a value may take the name of an output that it is used for."""
    is_constant = value.op is None or value.op.kind == "const"
    return not is_constant and not session.rewriter.is_output(value)


def holds_only(bound: Bound, number: float, session: Session) -> bool:
    """Whether every element of an operand is known to be a number.

    Of a large constant most often the first element tells, and no other is read.
    """
    filled = session.producer(bound, "fill", "fill_like")
    literal = filled.value.literal if filled is not None else bound.literal
    if literal is None and bound.elements:
        return all(element == number for element in bound.elements)
    if not isinstance(literal, TensorLiteral) or not literal.type.count:
        return False
    first = literal.numpy().flat[0]
    return bool(first == number) and scalar_of(filled.value if filled else bound) is not None
