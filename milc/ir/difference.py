"""What a difference between two programs is, and how it is put into words.

`milc.ir.compare` finds the place; here stand the equality of literals and the wording. Imports
diagnostics and this room only, and never `milc.ir.compare`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from milc.ir.literals import BlobRef, DictLiteral, Literal, TensorLiteral
from milc.ir.nodes import Block, Function, Op, Program, Value
from milc.ir.numbers import unpack
from milc.ir.walk import label, place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from milc.diagnostics import Span
    from milc.ir.nodes import Operand
    from milc.ir.types import ElementType

Node = Program | Function | Block | Op
"""What can be compared."""

_WHOLE = 8
"""Tensors of at most so many elements are shown whole."""


class Difference:
    """The first place where two programs differ.

    `where` says the place (`function main, op 12 conv `y``; empty for the program itself), `what`
    what differs there (`argument `strides``), `left` and `right` what each side has in that place;
    `spans` the place in each side's text, None where there is none. As a string, one line.
    """

    __slots__ = ("left", "right", "spans", "what", "where")

    def __init__(
        self,
        where: str,
        what: str,
        left: str,
        right: str,
        spans: tuple[Span | None, Span | None] = (None, None),
    ) -> None:
        self.where = where
        self.what = what
        self.left = left
        self.right = right
        self.spans = spans

    def __str__(self) -> str:
        parts = (self.where, self.what, f"{self.left} against {self.right}")
        return ": ".join(part for part in parts if part)

    def __repr__(self) -> str:
        return f"<Difference {self}>"


def same_literal(first: Literal, second: Literal, *, docs: bool = True) -> bool:
    """Whether two literals have the same type and value, and with `docs` the same doc strings.

    Tensors compare by their bytes, so a NaN equals itself and -0.0 is not 0.0; blob references by
    path and offset.
    """
    todo = [(first, second)]
    for x, y in todo:
        if x is y:
            continue
        if x.__class__ is not y.__class__ or x.type is not y.type or (docs and x.doc != y.doc):
            return False
        if isinstance(x, TensorLiteral) and isinstance(y, TensorLiteral):
            # Payloads that are equal as they came need not be read.
            if x.payload != y.payload and x.content() != y.content():
                return False
            continue
        inner, other = _parts(x), _parts(y)
        if len(inner) != len(other) or (not inner and x.content() != y.content()):
            return False
        todo.extend(zip(inner, other, strict=True))
    return True


def _parts(literal: Literal) -> Sequence[Literal]:
    """The parts of a literal, those of a dict in the order of its keys."""
    if isinstance(literal, DictLiteral):
        return [part for entry in literal.by_key for part in entry]
    return literal.parts


def found(
    a: Node,
    b: Node,
    what: str,
    left: str,
    right: str,
    x: Value | None = None,
    y: Value | None = None,
) -> Difference:
    """A difference at `a` and `b`; `x` and `y` are the values it is about, which lie closer."""
    where = "" if isinstance(a, Program) else place(a)
    return Difference(where, what, left, right, (_span(x) or _span(a), _span(y) or _span(b)))


def _span(node: Node | Value | None) -> Span | None:
    return None if node is None or isinstance(node, Program) else node.span


def other_ops(a: Op | None, b: Op | None, first: Block, second: Block) -> Difference:
    """Different kinds of op in one place of two blocks; None where the block has ended."""
    present = a if a is not None else b
    assert present is not None
    where = place(present).removesuffix(label(present)).rstrip()
    left, right = (label(op) if op is not None else "the end of the block" for op in (a, b))
    return Difference(where, "", left, right, (_span(a) or first.span, _span(b) or second.span))


def other_wire(a: Node, b: Node) -> Difference | None:
    """A difference in what only the protobuf holds: a program's doc string, unknown fields."""
    if isinstance(a, Program) and isinstance(b, Program) and a.doc != b.doc:
        return found(a, b, "doc string", _text(a.doc), _text(b.doc))
    if a.unknown != b.unknown:
        shown = f"{len(a.unknown)} bytes", f"{len(b.unknown)} bytes"
        return found(a, b, "unknown protobuf fields", *shown)
    return None


def other_keys(
    a: Node, b: Node, what: str, left: Iterable[str], right: Iterable[str]
) -> Difference:
    """Different names of arguments, attributes or the like: says what only one side has."""
    mine, theirs = set(left), set(right)
    return found(a, b, f"{what} that only one has", _keys(mine - theirs), _keys(theirs - mine))


def _keys(keys: set[str]) -> str:
    return ", ".join(f"`{key}`" for key in sorted(keys)) or "none"


def other_literals(a: Node, b: Node, what: str, x: Literal, y: Literal, docs: bool) -> Difference:
    """Unequal literals in the place `what`: says where inside them the first difference lies."""
    while x.__class__ is y.__class__ and x.type is y.type and not (docs and x.doc != y.doc):
        inner, other = _parts(x), _parts(y)
        if not inner or len(inner) != len(other):
            break
        pairs = enumerate(zip(inner, other, strict=True))
        at = next(i for i, (p, q) in pairs if not same_literal(p, q, docs=docs))
        what += f", {_step(x, at)}"
        x, y = inner[at], other[at]
    if x.type is not y.type:
        return found(a, b, what, repr(x.type), repr(y.type))
    if docs and x.doc != y.doc:
        return found(a, b, f"{what}, doc string", _text(x.doc), _text(y.doc))
    if isinstance(x, TensorLiteral) and isinstance(y, TensorLiteral):
        step, left, right = _elements(x, y)
        return found(a, b, what + step, left, right)
    return found(a, b, what, _shown(x), _shown(y))


def _step(literal: Literal, at: int) -> str:
    if not isinstance(literal, DictLiteral):
        return f"item {at}"
    return f"entry {_shown(literal.by_key[at // 2][0])}" if at % 2 else f"key {at // 2}"


def _elements(x: TensorLiteral, y: TensorLiteral) -> tuple[str, str, str]:
    """The place of the first unequal elements of two tensors of one type, and both elements."""
    left, right = x.content(), y.content()
    if len(left) != len(right) or type(left) is not type(right):
        return "", f"{len(left)} elements or bytes", f"{len(right)}"
    if _count(x) <= _WHOLE and _shown(x) != _shown(y):
        return "", _shown(x), _shown(y)
    if isinstance(left, bytes) and isinstance(right, bytes):
        at, one, other = _packed(x.type.element, _count(x), left, right)
    else:
        at = next(i for i, (p, q) in enumerate(zip(left, right, strict=True)) if p != q)
        one, other = _scalar(left[at]), _scalar(right[at])
    step = f", element {_index(x, at)}" if x.type.shape and at is not None else ""
    return step, one, other


def _packed(
    element: ElementType, count: int, left: bytes, right: bytes
) -> tuple[int | None, str, str]:
    """The number of the first unequal element, and both elements; None if only padding differs."""
    # Eight elements of any type fill whole bytes, so that no group of eight begins within a byte.
    bits = element.bits
    group = _first_unequal(left, right) // bits
    size = min(8, count - group * 8)
    one, other = (part[group * bits : (group + 1) * bits] for part in (left, right))
    values = list(zip(unpack(element, one, size), unpack(element, other, size), strict=True))
    width = bits // 8
    for at, (p, q) in enumerate(values):
        raw = [part[at * width : (at + 1) * width].hex() for part in (one, other)]
        if raw[0] != raw[1] or (not width and p != q):
            pair = [_scalar(p), _scalar(q)]
            if pair[0] == pair[1]:
                pair = [f"{shown} (0x{code})" for shown, code in zip(pair, raw, strict=True)]
            return group * 8 + at, pair[0], pair[1]
    return None, "padding bits", "other padding bits"


def _count(literal: TensorLiteral) -> int:
    """How many elements there are, which the type does not say if a dimension is unknown."""
    if literal.type.count is not None:
        return literal.type.count
    data = literal.content()
    return len(data) * 8 // literal.type.element.bits if isinstance(data, bytes) else len(data)


def _first_unequal(left: bytes, right: bytes) -> int:
    """The first position at which two unequal byte strings of one length differ."""
    a, b = memoryview(left), memoryview(right)
    low, high = 0, len(a)
    while high - low > 1:
        middle = (low + high) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle
    return low


def _index(literal: TensorLiteral, at: int) -> list[int]:
    index: list[int] = []
    for dim in reversed(literal.type.shape or ()):
        at, rest = divmod(at, dim if isinstance(dim, int) and dim else 1)
        index.append(rest)
    return index[::-1]


def names(values: Iterable[Value]) -> str:
    """The names of values, as a list of outputs is written."""
    return f"({', '.join(value.name for value in values)})"


def operands(bound: tuple[Operand, ...]) -> str:
    """What an argument is bound to."""
    shown = ", ".join(map(_operand, bound))
    return shown if len(bound) == 1 else f"({shown})"


def _operand(operand: Operand) -> str:
    if not isinstance(operand, Value):
        return f"{operand.type!r} {_shown(operand)}"
    literal = operand.literal
    return f"`{operand.name}`" + (f" (const {_shown(literal)})" if literal is not None else "")


def _shown(literal: Literal) -> str:
    if isinstance(literal, BlobRef):
        return f"blob {literal.path} at {literal.offset}"
    if not isinstance(literal, TensorLiteral):
        return f"{literal.type!r} of {len(literal.parts)} parts"
    if _count(literal) > _WHOLE:
        return f"{_count(literal)} elements"
    shown = ", ".join(map(_scalar, literal.values()))
    return shown if literal.type.shape == () else f"[{shown}]"


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value) if isinstance(value, str) else repr(value)


def _text(text: str) -> str:
    return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}..."'
