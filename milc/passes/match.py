"""Patterns: trees of ops, matched upward from a result to what it is computed from.

    x = Var("x")
    gelu = Node("mul", Node("mul", x, Number(0.5)), Node("add", Number(1), Node("erf", …)))
    found = match(gelu, session, op)
    if found: session.new("gelu", x=found["x"], mode="EXACT")

Whether operands may change places is asked of the op. A pattern binds names: a Var to a Value, a
Const to the Bound of a constant, a Node that is called something to the op it matched.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from milc.ir.nodes import Value
from milc.passes.session import scalar_of
from milc.schema import Bound, OpDef

if TYPE_CHECKING:
    from milc.ir.nodes import Operand
    from milc.passes.session import Session

Held = dict[str, Any]
"""What a pattern has bound, by name."""


class Pattern:
    """What an operand may be."""

    def find(self, session: Session, bound: Bound, held: Held) -> Iterator[Held]:
        """Every way in which an operand matches, given what is bound already."""
        raise NotImplementedError

    def __or__(self, other: Pattern) -> Pattern:
        return _Either(self, other)


class Var(Pattern):
    """Any operand that is no constant; the same one wherever the name occurs."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find(self, session: Session, bound: Bound, held: Held) -> Iterator[Held]:
        operand = bound.operand
        if not isinstance(operand, Value) or operand.literal is not None:
            return
        if self.name not in held:
            yield {**held, self.name: operand}
        elif held[self.name] is operand:
            yield held


class Const(Pattern):
    """A constant, bound as it is seen, so that its type is at hand; the same one by value."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find(self, session: Session, bound: Bound, held: Held) -> Iterator[Held]:
        if bound.is_computed:
            return
        if self.name not in held:
            yield {**held, self.name: bound}
        elif _same_constant(held[self.name], bound):
            yield held


class Number(Pattern):
    """A constant whose elements are all one number, or as near to it as fp16 can be.

    With a name instead of a number any such constant, whose number is bound.
    """

    def __init__(self, number: float | str, tolerance: float = 1e-3) -> None:
        self.number = number
        self.tolerance = tolerance

    def find(self, session: Session, bound: Bound, held: Held) -> Iterator[Held]:
        if bound.is_computed:
            return
        number = scalar_of(bound)
        if number is None:
            return
        if isinstance(self.number, str):
            if held.get(self.number, number) == number:
                yield {**held, self.number: number}
        elif math.isclose(number, self.number, rel_tol=self.tolerance, abs_tol=1e-12):
            yield held


class Node(Pattern):
    """An op of a kind. Its operands match patterns, by place or by name; others may be anything.

    Its result has no other use, unless it is `shared`: else the op would stay behind. `called`
    binds the op, seen through its definition.
    """

    def __init__(
        self, kind: str, *args: Pattern, shared: bool = False, called: str = "", **named: Pattern
    ) -> None:
        self.kinds = kind.split("|")
        self.args = args
        self.named = named
        self.shared = shared
        self.called = called

    def find(self, session: Session, bound: Bound, held: Held) -> Iterator[Held]:
        operand: Operand = bound.operand
        if not isinstance(operand, Value) or not (self.shared or _is_inner(operand, session)):
            return
        op = operand.op
        if op is None or op.kind not in self.kinds or len(op.results) != 1:
            return
        view = session.view(op)
        if view is not None:
            yield from self.match_op(session, view, held)

    def match_op(self, session: Session, op: OpDef, held: Held) -> Iterator[Held]:
        """Every way in which an op matches."""
        if op.op.kind not in self.kinds:
            return
        names = list(op.args)[: len(self.args)]
        pairs = [*zip(names, self.args, strict=True), *self.named.items()]
        orders = [pairs]
        if op.commutative and len(self.args) == 2:
            orders.append([(names[1], self.args[0]), (names[0], self.args[1]), *pairs[2:]])
        for order in orders:
            for found in _all(session, op, order, held):
                yield {**found, self.called: op} if self.called else found


class _Either(Pattern):
    """What one of two patterns matches."""

    def __init__(self, *choices: Pattern) -> None:
        self.choices = choices

    def find(self, session: Session, bound: Bound, held: Held) -> Iterator[Held]:
        for choice in self.choices:
            yield from choice.find(session, bound, held)


def match(pattern: Node, session: Session, op: OpDef) -> Held | None:
    """What a pattern binds where it matches an op, in the first way that there is."""
    return next(pattern.match_op(session, op, {}), None)


def _all(
    session: Session, op: OpDef, pairs: list[tuple[str, Pattern]], held: Held
) -> Iterator[Held]:
    """Every way in which operands match, one after the other."""
    if not pairs:
        yield held
        return
    (name, pattern), *rest = pairs
    bound = getattr(op, name)
    if not isinstance(bound, Bound):
        return
    for found in pattern.find(session, bound, held):
        yield from _all(session, op, rest, found)


def _is_inner(value: Value, session: Session) -> bool:
    """Whether only one op uses a value, so that it goes with that."""
    return len(value.uses) == 1 and session.only_user(value) is not None


def _same_constant(one: Bound, other: Bound) -> bool:
    return one.operand is other.operand or (
        one.literal is not None and one.literal == other.literal
    )
