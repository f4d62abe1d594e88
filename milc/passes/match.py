"""Patterns: trees of ops, matched upward from a result to what it is computed from.

    x = Var("x")
    bell = Node("add", Node("erf", scaled(x, 0.5**0.5)), Number(1))
    found = match(product(x, Number(0.5), bell), session, op)
    if found: session.new("gelu", x=found["x"], mode="EXACT")

Whether operands may change places is asked of the op. A pattern binds names: a Var to a Value, a
Const to the Bound of a constant, a Node that is called something to the op it matched. Of two
places that compute the same, written as two patterns alike, it does not matter whether one op or
two are there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from milc.ir.nodes import Block, Op, Value
from milc.ir.types import FP16, TensorType
from milc.passes.session import scalar_of
from milc.schema import Bound, OpDef

if TYPE_CHECKING:
    from milc.ir.types import ElementType
    from milc.passes.session import Session

NEAR: Final = 1e-5
"""How far a constant may be from the number that it stands for, relative to it."""
HALF: Final = 2.0**-11
"""The same for constants of fp16: as far as rounding goes."""
JUST: Final = 0.0
"""No distance at all, as for exponents: a negative number has a square, but no power of 2.00001."""
SINGLE: Final = "="
"""The sort of a constant of one element."""
SEVERAL: Final = "=="
"""The sort of all other constants."""


class Held(dict[str, Any]):
    """What a pattern has bound, by name, and in `ops` each op that it has matched, once.

    All of these are in one block, `block`: what stands before a loop is not to be done in it.
    `views` are the ops seen so far, matched or not.
    """

    __slots__ = ("block", "ops", "shared", "views")

    def __init__(self, root: Op | Held) -> None:
        super().__init__(root if isinstance(root, Held) else {})
        self.block: Block | None = root.parent if isinstance(root, Op) else root.block
        self.ops: dict[Op, OpDef] = {} if isinstance(root, Op) else root.ops
        self.shared: frozenset[Op] = frozenset() if isinstance(root, Op) else root.shared
        self.views: dict[Op, OpDef | None] = {} if isinstance(root, Op) else root.views

    def binding(self, name: str, what: Any) -> Held:
        """This, and one more name."""
        made = Held(self)
        made[name] = what
        return made

    def matching(self, op: OpDef, *, shared: bool) -> Held:
        """This, and one more op."""
        made = Held(self)
        made.ops = {**self.ops, op.op: op}
        made.shared = self.shared | {op.op} if shared else self.shared
        return made

    def view(self, op: Op, session: Session) -> OpDef | None:
        """An op through its definition."""
        if op not in self.views:
            self.views[op] = session.view(op)
        return self.views[op]

    def is_closed(self, root: Op) -> bool:
        """Whether the ops below the root go with it: nothing else uses them."""
        inner = (op for op in self.ops if op is not root and op not in self.shared)
        return all(user in self.ops for op in inner for user in op.results[0].uses)


class Pattern:
    """What an operand may be."""

    def __init__(self) -> None:
        self.known: dict[tuple[type[OpDef], tuple[str, ...]], bool] = {}
        """Whether ops with operands of some sorts are worth a closer look; found once for each."""

    def admits(self, sort: str) -> bool:
        """Whether an operand of a sort (see `_sort`) is worth a closer look."""
        return True

    def admits_op(self, op: OpDef, sorts: Sequence[str]) -> bool:
        """Whether an op whose first operands are of such sorts is; only patterns of ops say yes."""
        return False

    def find(self, session: Session, bound: Bound, held: Held) -> Iterator[Held]:
        """Every way in which an operand matches, given what is bound already."""
        raise NotImplementedError

    def match_op(self, session: Session, op: OpDef, held: Held) -> Iterator[Held]:
        """Every way in which an op matches; only patterns of ops do."""
        yield from ()

    def __or__(self, other: Pattern) -> Pattern:
        return _Either(self, other)


class Var(Pattern):
    """Any operand that is no constant; the same one wherever the name occurs."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def admits(self, sort: str) -> bool:
        return sort not in (SINGLE, SEVERAL)

    def find(self, session: Session, bound: Bound, held: Held) -> Iterator[Held]:
        if self.name not in held:
            yield held.binding(self.name, bound.operand)
        elif held[self.name] is bound.operand:
            yield held


class Const(Pattern):
    """A constant, bound as it is seen, so that its type is at hand; the same one by value."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def admits(self, sort: str) -> bool:
        return sort in (SINGLE, SEVERAL)

    def find(self, session: Session, bound: Bound, held: Held) -> Iterator[Held]:
        if self.name not in held:
            yield held.binding(self.name, bound)
        elif _same_constant(held[self.name], bound):
            yield held


class Number(Pattern):
    """A constant of one element that is a number, or as near to it as people write it.

    With a name instead of a number any such constant, whose number is bound. Constants of more
    elements are none, even if all are the number: the result might be broadcast to their shape.
    """

    def __init__(self, number: float | str, tolerance: float = NEAR) -> None:
        super().__init__()
        self.number = number
        self.tolerance = tolerance

    def admits(self, sort: str) -> bool:
        return sort == SINGLE

    def find(self, session: Session, bound: Bound, held: Held) -> Iterator[Held]:
        number = scalar_of(bound)
        if number is None:
            return
        if not isinstance(self.number, str):
            if is_near(number, self.number, bound.element, self.tolerance):
                yield held
        elif held.get(self.number, number) == number:
            yield held.binding(self.number, number)


class Is(Pattern):
    """A constant of just this value: a flag, a string, or a tuple of all elements."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value

    def find(self, session: Session, bound: Bound, held: Held) -> Iterator[Held]:
        if bound.elements is not None and bound.value == self.value:
            yield held


class Node(Pattern):
    """An op of a kind, or of one of several: `"conv|conv_transpose"`.

    Its operands match patterns, by place or by name; others may be anything. Nothing outside of
    the pattern uses its result, unless it is `shared`: else the op would stay behind. `called`
    binds the op, seen through its definition.
    """

    def __init__(
        self, kind: str, *args: Pattern, shared: bool = False, called: str = "", **named: Pattern
    ) -> None:
        super().__init__()
        self.kinds = kind.split("|")
        self.args = args
        self.named = named
        self.shared = shared
        self.called = called

    def admits(self, sort: str) -> bool:
        return sort in self.kinds

    def admits_op(self, op: OpDef, sorts: Sequence[str]) -> bool:
        if op.op.kind not in self.kinds:
            return False
        return any(
            all(arg.admits(sort) for arg, sort in zip(args, sorts, strict=False))
            for args in self._orders(op)
        )

    def find(self, session: Session, bound: Bound, held: Held) -> Iterator[Held]:
        op = bound.operand.op if isinstance(bound.operand, Value) else None
        if op is None or op.parent is not held.block or len(op.results) != 1:
            return
        view = held.view(op, session)
        if view is not None:
            yield from self.match_op(session, view, held)

    def match_op(self, session: Session, op: OpDef, held: Held) -> Iterator[Held]:
        if op.op.kind not in self.kinds:
            return
        for order in self._orders(op):
            pairs = _paired(op, order, self.named)
            if pairs is not None:
                for found in _all(session, pairs, held.matching(op, shared=self.shared)):
                    yield found.binding(self.called, op) if self.called else found

    def _orders(self, op: OpDef) -> tuple[tuple[Pattern, ...], ...]:
        """The orders in which the operands of an op may match."""
        is_free = op.commutative and len(self.args) == 2
        return (self.args, self.args[::-1]) if is_free else (self.args,)


class _Either(Pattern):
    """What one of several patterns matches."""

    def __init__(self, *choices: Pattern) -> None:
        super().__init__()
        self.choices: list[Pattern] = []
        for choice in choices:
            self.choices += choice.choices if isinstance(choice, _Either) else [choice]
        self.by_sort: dict[str, tuple[Pattern, ...]] = {}

    def admits(self, sort: str) -> bool:
        return bool(self._admitting(sort))

    def admits_op(self, op: OpDef, sorts: Sequence[str]) -> bool:
        return any(choice.admits_op(op, sorts) for choice in self.choices)

    def find(self, session: Session, bound: Bound, held: Held) -> Iterator[Held]:
        for choice in self._admitting(_sort(bound)):
            yield from choice.find(session, bound, held)

    def _admitting(self, sort: str) -> tuple[Pattern, ...]:
        """The choices that admit a sort; found once for each."""
        if sort not in self.by_sort:
            self.by_sort[sort] = tuple([each for each in self.choices if each.admits(sort)])
        return self.by_sort[sort]

    def match_op(self, session: Session, op: OpDef, held: Held) -> Iterator[Held]:
        for choice in self.choices:
            yield from choice.match_op(session, op, held)


def match(pattern: Pattern, session: Session, op: OpDef) -> Held | None:
    """What a pattern binds where it matches an op, in the first way that there is."""
    sorts = tuple([_sort(getattr(op, name)) for name in islice(op.args, 2)])
    key = (type(op), sorts)
    if key not in pattern.known:
        pattern.known[key] = pattern.admits_op(op, sorts)
    if not pattern.known[key]:
        return None
    ways = pattern.match_op(session, op, Held(op.op))
    return next((held for held in ways if held.is_closed(op.op)), None)


def scaled(pattern: Pattern, factor: float) -> Pattern:
    """Something times a number, or divided by the inverse of it."""
    divided = Node("real_div", pattern, Number(1 / factor))
    return Node("mul", pattern, Number(factor)) | divided


def product(*factors: Pattern) -> Pattern:
    """Things that are multiplied, in whatever order; by a number is divided too."""
    if len(factors) == 1:
        return factors[0]
    if len(factors) == 2 and not any(map(_is_factor, factors)):
        return Node("mul", *factors)
    ways: list[Pattern] = []
    for at, factor in enumerate(factors):
        rest = product(*factors[:at], *factors[at + 1 :])
        if isinstance(factor, Number) and not isinstance(factor.number, str):
            ways.append(scaled(rest, factor.number))
        else:
            ways.append(Node("mul", factor, rest))
    return _Either(*ways)


def squared(pattern: Pattern) -> Pattern:
    """Something times itself."""
    return (
        Node("square", pattern)
        | Node("mul", pattern, pattern)
        | Node("pow", pattern, Number(2, JUST))
    )


def is_near(number: float, wanted: float, element: ElementType, tolerance: float = NEAR) -> bool:
    """Whether the number of a constant is meant for another, which its type may not hold."""
    tolerance = max(tolerance, HALF) if tolerance and element is FP16 else tolerance
    return math.isclose(number, wanted, rel_tol=tolerance, abs_tol=1e-12)


def _is_factor(pattern: Pattern) -> bool:
    return isinstance(pattern, Number) and not isinstance(pattern.number, str)


def _sort(bound: Any) -> str:
    """What an operand is at first sight: the kind of op that gives it, or of constant, or none."""
    if not isinstance(bound, Bound):
        return ""
    if bound.is_computed:
        op = bound.operand.op  # type: ignore[union-attr]  # what is computed is a value
        return op.kind if op is not None else ""
    return SINGLE if isinstance(bound.type, TensorType) and bound.count == 1 else SEVERAL


def _paired(
    op: OpDef, args: Sequence[Pattern], named: dict[str, Pattern]
) -> list[tuple[Bound, Pattern]] | None:
    """Operands and their patterns; None if one of them is not worth a closer look."""
    pairs = []
    for name, pattern in (*zip(op.args, args, strict=False), *named.items()):
        bound = getattr(op, name)
        if not isinstance(bound, Bound) or not pattern.admits(_sort(bound)):
            return None
        pairs.append((bound, pattern))
    return pairs


def _all(session: Session, pairs: list[tuple[Bound, Pattern]], held: Held) -> Iterator[Held]:
    """Every way in which operands match, one after the other."""
    if not pairs:
        yield held
        return
    (bound, pattern), *rest = pairs
    for found in pattern.find(session, bound, held):
        yield from _all(session, rest, found)


def _same_constant(one: Bound, other: Bound) -> bool:
    return one.operand is other.operand or (
        one.literal is not None and one.literal == other.literal
    )
