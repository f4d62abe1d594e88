"""Literals: what they are made of, and the walk over it."""

from __future__ import annotations

import pytest

from milc.ir.constants import literal
from milc.ir.literals import BlobRef, DictLiteral, Literal, TupleLiteral, scalar_literal, string_of
from milc.ir.nodes import Op, Value
from milc.ir.types import FP32, INT32, STRING, DictType, ListType, TupleType

BLOB = BlobRef(FP32(9), "@model_path/w.bin", 64)
LISTED = literal([1, 2], ListType(INT32()))
ENTRIES = DictLiteral(
    DictType(STRING(), LISTED.type), [(literal("b"), LISTED), (literal("a"), LISTED)]
)
NESTED = TupleLiteral(TupleType(ENTRIES.type, FP32(9)), [ENTRIES, BLOB])


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        (scalar_literal(FP32, 1.0), []),
        (BLOB, []),
        (LISTED, [literal(1), literal(2)]),
        (ENTRIES, [literal("b"), LISTED, literal("a"), LISTED]),
        (NESTED, [ENTRIES, BLOB]),
    ],
)
def test_the_parts_of_a_literal(whole: Literal, parts: list[Literal]) -> None:
    assert list(whole.parts) == parts


def test_a_walk_gives_the_literal_and_all_inside_it_in_the_order_of_the_text() -> None:
    one, two = LISTED.parts
    entries = [ENTRIES, literal("b"), LISTED, one, two, literal("a"), LISTED, one, two]
    assert list(NESTED.walk()) == [NESTED, *entries, BLOB]


def test_the_literals_of_an_op_are_its_attributes_and_its_constant_operands() -> None:
    x = Value("x", FP32())
    op = Op("op", {"x": (x,), "values": (x, BLOB)}, attributes={"name": literal("y")})
    assert list(op.literals) == [literal("y"), BLOB]
    assert list(op.values) == [x, x]


@pytest.mark.parametrize(
    ("held", "string"),
    [
        (literal("a"), "a"),
        (literal(["a"]), None),
        (literal(1), None),
        (BLOB, None),
        (None, None),
    ],
)
def test_the_string_of_a_literal(held: Literal | None, string: str | None) -> None:
    assert string_of(held) == string
