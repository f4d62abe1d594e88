"""What follows from what ops declare of themselves: inverses, negations, bounds, constants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from milc.ir.literals import TensorLiteral
from milc.ir.nodes import Value
from milc.ir.types import TensorType
from milc.opsets.elementwise import Elementwise
from milc.opsets.elementwise_binary import Binary
from milc.passes.base import Pass, rewrite
from milc.passes.noops import holds_only
from milc.passes.parameters import parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from milc.ir.types import ElementType
    from milc.opsets.control_flow import Select
    from milc.passes.session import Session
    from milc.schema import Bound, OpDef

MOST: Final = 4096
"""Constants of more elements are not made."""


class AlgebraicSimplification(Pass):
    """Use identities that hold whatever the operands are, as ops declare them.

    An op that undoes itself twice, or does nothing the second time (`logical_not`, `floor`); bounds
    that nothing exceeds (`relu` of `sigmoid`); the negation of a comparison; the magnitude of what
    is squared; integers and truth values less or compared with themselves, or times 0, and their
    constants added up. What NaN, infinity or rounding would make untrue of floats is left: `x - x`,
    `x * 0`, `(x + a) + b`, and `not (x < y)`, which is no `x >= y`.

    ```mil
    func main<ios15>(tensor<fp32, [2]> x, tensor<int32, [2]> n) {
        tensor<fp32, [2]> a = sigmoid(x = x);
        tensor<fp32, [2]> y = relu(x = a);
        tensor<int32, [2]> b = add(x = n, y = int32(3));
        tensor<int32, [2]> c = add(x = int32(-1), y = b);
        tensor<bool, [2]> d = less(x = c, y = n);
        tensor<bool, [2]> z = logical_not(x = d);
    } -> (y, z);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2]> x, tensor<int32, [2]> n) {
        tensor<fp32, [2]> y = sigmoid(x = x);
        tensor<int32, [2]> c = add(x = n, y = int32(2));
        tensor<bool, [2]> z = greater_equal(x = c, y = n);
    } -> (y, z);
    ```
    """

    name = "algebraic_simplification"

    @rewrite(when=lambda definition: issubclass(definition, Elementwise))
    def of_one(self, op: Elementwise, session: Session) -> Value | None:
        """An op behind another one, which together do less."""
        inner = session.producer(op.x)
        if inner is None:
            return None
        for rule in self._of_one:
            found = rule(op, inner, session)
            if found is not None:
                return found
        return None

    @rewrite(when=lambda definition: issubclass(definition, Binary))
    def of_two(self, op: Binary, session: Session) -> Value | None:
        """Operands that are the same, or constant."""
        if not op.x.element.is_float:
            settled = _settled(op, session)
            if settled is not None:
                return _constant(op, settled, session)
        return _joined(op, session)

    @rewrite("select")
    def of_choice(self, op: Select, session: Session) -> Value | None:
        """A choice by the negation of a condition is the opposite choice by the condition."""
        inner = session.producer(op.cond)
        if not isinstance(inner, Elementwise) or not inner.involution:
            return None
        if not session.is_used_once(inner.op.results[0]):
            return None
        made: Value = session.again(op, cond=inner.x, a=op.b, b=op.a)
        return made

    _of_one: ClassVar[tuple[Callable[..., Value | None], ...]]


def _repeated(op: Elementwise, inner: OpDef, session: Session) -> Value | None:
    """An op that undoes itself, or that does nothing the second time."""
    if type(inner) is not type(op):
        return None
    assert isinstance(inner, Elementwise)
    found: Any = op.x.operand if op.idempotent else inner.x.operand if op.involution else None
    return found if isinstance(found, Value) else None


def _bounded(op: Elementwise, inner: OpDef, session: Session) -> Value | None:
    """An op that changes only what its operand never is."""
    span, kept = inner.span, op.kept()
    if span is None or kept is None or not op.x.element.is_float:
        return None
    fits = kept[0] <= span[0] and span[1] <= kept[1]
    found: Any = op.x.operand
    return found if fits else None


def _negated(op: Elementwise, inner: OpDef, session: Session) -> Value | None:
    """The negation of a comparison: that of an order only if all numbers have one."""
    if not (op.involution and inner.negation and isinstance(inner, Binary)):
        return None
    of_order = bool(inner.swapped)
    if (of_order and inner.x.element.is_float) or not session.is_used_once(inner.op.results[0]):
        return None
    made: Value = session.new(inner.negation, x=inner.x, y=inner.y)
    return made


def _unsigned(op: Elementwise, inner: OpDef, session: Session) -> Value | None:
    """An op to which it makes no difference that its operand has no sign."""
    if not (op.even and inner.name == "abs"):
        return None
    made: Value = session.again(op, x=inner.x)  # type: ignore[attr-defined]  # that of abs
    return made


AlgebraicSimplification._of_one = (_repeated, _bounded, _negated, _unsigned)


def _settled(op: Binary, session: Session) -> float | None:
    """The number that the result is everywhere."""
    if op.x.operand is op.y.operand:
        return op.of_itself
    if op.absorbing is not None:
        for operand in (op.x, op.y):
            if holds_only(operand, op.absorbing, session):
                return op.absorbing
    return None


def _constant(op: Binary, number: float, session: Session) -> Value | None:
    """A constant of the type of a result."""
    type = op.op.results[0].type
    if not isinstance(type, TensorType) or type.count is None or type.count > MOST:
        return None
    shape = [dim for dim in type.shape or () if isinstance(dim, int)]
    return session.const(np.full(shape, number, _dtype(type.element)), type.element)


def _joined(op: Binary, session: Session) -> Value | None:
    """One op for two that take a constant each; of floats only where nothing is rounded."""
    if not op.associative or (op.x.element.is_float and not op.idempotent):
        return None
    outer = _with_constant(op)
    inner = session.producer(outer[0], op.op.kind) if outer is not None else None
    within = _with_constant(inner) if isinstance(inner, Binary) else None
    if outer is None or within is None:
        return None
    one, other = within[1].numpy(), outer[1].numpy()
    if one.size > MOST or other.size > MOST:
        return None
    found = getattr(np, type(op).ufunc)(one, other)
    if found.size > max(one.size, other.size):
        return None
    constant = session.const(found.astype(one.dtype), op.x.element)
    made: Value = session.new(op.op.kind, x=within[0], y=constant)
    return made


def _with_constant(op: Binary) -> tuple[Bound, TensorLiteral] | None:
    """The operand of an op that is computed, and the other one, if that is constant."""
    pair = parts(op)
    literal = pair[1].literal if pair else None
    return (pair[0], literal) if pair and isinstance(literal, TensorLiteral) else None


def _dtype(element: ElementType) -> str:
    return {"bool": "?", "int": f"i{element.bits // 8}"}.get(element.kind, f"u{element.bits // 8}")
