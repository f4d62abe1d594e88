"""Patterns: what they bind, in which order, and what may not be used elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

import milc
from milc.ir.walk import walk_ops
from milc.passes.match import (
    Const,
    Held,
    Is,
    Node,
    Number,
    Pattern,
    Var,
    match,
    product,
    scaled,
    squared,
)
from milc.passes.session import Session

X = Var("x")


def found(
    pattern: Pattern, body: str, outputs: str = "y", given: str = "tensor<fp32, [2]> x"
) -> Any:
    """What a pattern binds at the op that gives `y`."""
    text = f"program(1.3) {{ func main<ios15>({given}) {{ {body} }} -> ({outputs}); }}"
    program = milc.parse(text.replace("{t}", "tensor<fp32, [2]>"))
    function = program.functions["main"]
    session = Session(program, function)
    op = next(op for op in walk_ops(function) if op.results[0].name == "y")
    view = session.view(op)
    assert view is not None
    return match(pattern, session, view)


def names(held: Held | None) -> dict[str, str]:
    """What values are bound."""
    return {key: value.name for key, value in (held or {}).items()}


def test_operands_change_places_where_the_op_says_so() -> None:
    pattern = Node("mul", Node("exp", X), X)
    assert names(found(pattern, "{t} a = exp(x = x); {t} y = mul(x = x, y = a);")) == {"x": "x"}
    assert names(found(pattern, "{t} a = exp(x = x); {t} y = mul(x = a, y = x);")) == {"x": "x"}
    pattern = Node("sub", Node("exp", X), X)
    assert found(pattern, "{t} a = exp(x = x); {t} y = sub(x = x, y = a);") is None
    assert found(pattern, "{t} a = exp(x = x); {t} y = sub(x = a, y = x);") is not None


def test_a_name_stands_for_one_value() -> None:
    given = "tensor<fp32, [2]> x, tensor<fp32, [2]> u"
    pattern = Node("add", Node("exp", X), Node("tanh", X))
    body = "{t} a = exp(x = x); {t} b = tanh(x = %s); {t} y = add(x = b, y = a);"
    assert found(pattern, body % "x", given=given) is not None
    assert found(pattern, body % "u", given=given) is None


def test_what_is_within_is_used_by_nothing_else() -> None:
    body = "{t} a = exp(x = x); {t} y = mul(x = x, y = a); {t} z = tanh(x = a);"
    assert found(Node("mul", X, Node("exp", X)), body, "y, z") is None
    body = "{t} a = exp(x = x); {t} y = mul(x = x, y = a);"
    assert found(Node("mul", X, Node("exp", X)), body, "y, a") is None
    assert found(Node("mul", X, Node("exp", X, shared=True)), body, "y, a") is not None


def test_what_the_pattern_itself_uses_twice_is_no_other_use() -> None:
    pattern = Node("mul", Node("exp", X), Node("tanh", Node("exp", X)))
    once = "{t} a = exp(x = x); {t} b = tanh(x = a); {t} y = mul(x = a, y = b);"
    twice = (
        "{t} a = exp(x = x); {t} c = exp(x = x); {t} b = tanh(x = c); {t} y = mul(x = a, y = b);"
    )
    one, two = found(pattern, once), found(pattern, twice)
    assert [len(held.ops) for held in (one, two)] == [3, 4]


def test_what_stands_in_another_block_is_left() -> None:
    body = """{t} a = exp(x = x); {t} z = cond(pred = p)
        { {t} y = tanh(x = a); } -> (y), { {t} n = sin(x = x); } -> (n);"""
    given = "tensor<fp32, [2]> x, tensor<bool, []> p"
    assert found(Node("tanh", X), body, "z", given) is not None
    assert found(Node("tanh", Node("exp", X)), body, "z", given) is None


@pytest.mark.parametrize(
    ("number", "written", "is_it"),
    [
        (0.5, "fp32(0.5)", True),
        (0.5, "tensor<fp32, [1]>([0.5])", True),
        (0.5, "tensor<fp32, [2]>([0.5, 0.5])", False),
        (0.7071067811865476, "fp32(0.70711)", True),
        (0.7071067811865476, "fp32(0.7072)", False),
        (0.0, "fp32(0.000001)", False),
        ("any", "fp32(3.25)", True),
    ],
)
def test_numbers_are_as_near_as_people_write_them(
    number: float | str, written: str, is_it: bool
) -> None:
    held = found(Node("mul", X, Number(number)), f"{{t}} y = mul(x = x, y = {written});")
    assert (held is not None) == is_it
    if isinstance(number, str):
        assert held[number] == 3.25


def test_constants_are_told_apart_by_value() -> None:
    pattern = Node("mul", Node("add", X, Const("c")), Const("c"))
    body = "{t} a = add(x = x, y = fp32(2)); {t} y = mul(x = fp32(%s), y = a);"
    assert found(pattern, body % "2")["c"].value == 2.0
    assert found(pattern, body % "3") is None


def test_flags_and_names_of_operands() -> None:
    body = "tensor<fp32, [1]> y = reduce_sum(x = x, keep_dims = bool(%s));"
    assert found(Node("reduce_sum", keep_dims=Is(True)), body % "true") is not None
    assert found(Node("reduce_sum", keep_dims=Is(True)), body % "false") is None


@pytest.mark.parametrize(
    "body",
    [
        "{t} a = mul(x = x, y = fp32(0.5)); {t} b = exp(x = x); {t} y = mul(x = a, y = b);",
        "{t} b = exp(x = x); {t} a = mul(x = b, y = fp32(0.5)); {t} y = mul(x = x, y = a);",
        "{t} b = exp(x = x); {t} a = mul(x = b, y = x); {t} y = real_div(x = a, y = fp32(2));",
        "{t} b = exp(x = x); {t} a = real_div(x = x, y = fp32(2)); {t} y = mul(x = b, y = a);",
    ],
)
def test_a_product_in_any_order(body: str) -> None:
    assert found(product(X, Number(0.5), Node("exp", X)), body) is not None


def test_squares_and_scales_of_any_form() -> None:
    assert found(squared(X), "{t} y = square(x = x);") is not None
    assert found(squared(X), "{t} y = mul(x = x, y = x);") is not None
    assert found(squared(X), "{t} y = pow(x = x, y = fp32(2));") is not None
    assert found(squared(X), "{t} y = pow(x = x, y = fp32(3));") is None
    assert found(scaled(X, 4), "{t} y = real_div(x = x, y = fp32(0.25));") is not None
    assert found(scaled(X, 4), "{t} y = real_div(x = fp32(0.25), y = x);") is None


def test_ops_are_bound_as_their_definitions_see_them() -> None:
    body = "{t} a = clip(x = x, alpha = fp32(1), beta = fp32(2)); {t} y = exp(x = a);"
    held = found(Node("exp", Node("clip|relu", X, called="bounded")), body)
    assert held["bounded"].beta.value == 2.0
    assert {op.kind for op in held.ops} == {"clip", "exp"}
