"""Ops of constants, computed ahead of time."""

from __future__ import annotations

import pytest

import milc
from milc.evaluate import fold
from milc.ir.literals import TensorLiteral


def of(statement: str, inputs: str = "") -> tuple[milc.Program, list[object] | None]:
    """The program of a statement, and what its last op folds to."""
    text = f"program(1.3)\n{{\n    func main<ios18>({inputs}) {{\n{statement} }} -> (y);\n}}\n"
    program = milc.parse(text)
    milc.infer(program)
    op = program.functions["main"].body.last
    assert op is not None
    folded = fold(op)
    if folded is None:
        return program, None
    assert [each.type for each in folded] == [each.type for each in op.results]
    return program, [each.values() for each in folded if isinstance(each, TensorLiteral)]


def test_an_op_of_constants_is_folded_in_its_element_type() -> None:
    _, given = of("fp16 a = const()[val = fp16(0.1)]; _ y = add(x = a, y = fp16(0.2));")
    assert given == [[pytest.approx(0.2998046875, abs=0)]]


@pytest.mark.parametrize(
    "statement",
    [
        "_ y = add(x = x, y = fp32(1));",
        "_ y = floor_div(x = int32(1), y = z);",
    ],
)
def test_an_op_of_other_things_is_not(statement: str) -> None:
    assert of(statement, "fp32 x, int32 z")[1] is None


def test_what_would_be_large_is_not_even_made() -> None:
    one = "tensor<fp32, [40000, 1]>([" + ", ".join(["1"] * 40000) + "])"
    other = "tensor<fp32, [1, 40000]>([" + ", ".join(["1"] * 40000) + "])"
    assert of(f"_ y = add(x = {one}, y = {other});")[1] is None


def test_the_bound_is_what_is_asked_for() -> None:
    program, given = of("_ y = tile(x = tensor<fp32, [1]>([2]), reps = tensor<int32, [1]>([600]));")
    op = program.functions["main"].body.last
    assert op is not None
    assert given is not None
    assert fold(op, limit=2399) is None
    assert fold(op, limit=2400) is not None
    assert fold(op, limit=None) is not None
