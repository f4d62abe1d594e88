"""Program to text and back, in both styles: nothing is lost, and nothing moves when done again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from milc.ir.compare import difference
from milc.ir.nodes import Program
from milc.ir.types import StateType, Type
from milc.syntax.parse import parse, parse_type
from milc.syntax.print import Style, to_text
from milc.syntax.types import type_text
from tests.text import strategies
from tests.text.texts import PROGRAMS

STYLES: tuple[Style, ...] = ("coremlc", "milc")


def check(program: Program, style: Style, order: bool = True) -> None:
    """Print a program, parse it, compare, and print it again."""
    text = to_text(program, style)
    again = parse(text)
    found = difference(program, again, order=order)
    assert found is None, f"{found}\n{text}"
    assert to_text(again, style) == text


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=30)
@given(program=strategies.programs())
def test_a_program_survives(style: Style, program: Program) -> None:
    check(program, style)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_text_survives(name: str, style: Style) -> None:
    # Apple's style has the inputs of a function by name.
    check(parse(PROGRAMS[name]), style, order=style == "milc")


@pytest.mark.parametrize("version", ["1.0", "1.3"])
@given(type=strategies.types)
def test_a_type_survives(version: str, type: Type) -> None:
    assert parse_type(type_text(type, version)) is type


def test_both_dialects_spell_one_type() -> None:
    """Rank 0 at any depth; a state and a buffer among them."""
    old = "tuple<tensor<fp16, []>, list<tensor<string, []>, ?>, state<tensor<fp16, []>>>"
    new = "tuple<fp16, list<string, ?>, state<fp16>>"
    assert parse_type(old) is parse_type(new)
    assert type_text(parse_type(new), "1.0") == old
    assert type_text(parse_type(old), "1.3") == new


def test_a_type_of_unknown_rank_is_not_a_broken_one() -> None:
    text = "program(1.3)\n{ func main<ios18>(state<tensor<fp32, ?>> s) { } -> (s); }"
    (value,) = parse(text).functions["main"].inputs
    assert value.type is StateType(parse_type("tensor<fp32, ?>"))


def test_apple_style_sorts_what_has_no_order() -> None:
    text = """program(1.3)
    { func main<ios18>(fp16 z, fp16 a) {
        fp16 y = op(q = a, b = z)[n = string("y"), c = dict<string, int32>({{"k", 1}, {"j", 2}})];
    } -> (y, a); }"""
    printed = to_text(parse(text), "coremlc")
    assert "(fp16 a, fp16 z)" in printed
    assert "op(b = z, q = a)" in printed
    assert '[c = dict<string, int32>({{"j", 2}, {"k", 1}}), n = string("y")]' in printed
    assert "-> (y, a)" in printed
    kept = to_text(parse(text), "milc")
    for order in ("(fp16 z, fp16 a)", "op(q = a, b = z)", '{{"k", 1}, {"j", 2}}', "-> (y, a)"):
        assert order in kept


@pytest.mark.parametrize("style", STYLES)
def test_later_use_of_a_name_means_the_latest_definition(style: Style) -> None:
    """coremltools updates a state by read_state into a name that there is already."""
    text = """program(1.3)
    { func main<ios18>(state<tensor<fp16, [2]>> s, tensor<fp16, [2]> x) {
        tensor<fp16, [2]> u = relu(x = x);
        write_state(data = u, input = s);
        tensor<fp16, [2]> u = read_state(input = s);
        tensor<fp16, [2]> y = relu(x = u);
    } -> (y); }"""
    program = parse(text)
    check(program, style)
    last = program.functions["main"].body.last
    assert last is not None
    operand = last.arg("x")
    assert getattr(getattr(operand, "op", None), "kind", "") == "read_state"
