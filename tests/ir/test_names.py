"""Names: what is an identifier, what is reserved, and which names are fresh."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milc.diagnostics import Source, Span
from milc.ir.names import (
    RESERVED,
    Names,
    duplicate_name,
    is_identifier,
    reserved_name,
    undefined_name,
)


@pytest.mark.parametrize("name", ["x", "_", "_1", "a1_B", "image__scaled__", "tensor"])
def test_identifiers(name: str) -> None:
    assert is_identifier(name)


@pytest.mark.parametrize(
    "name", ["", "1", "1a", "a.b", "a-b", "a b", "a\n", "é", "a\0", "%x", "x "]
)
def test_no_identifiers(name: str) -> None:
    assert not is_identifier(name)


def test_the_words_of_the_language_are_reserved() -> None:
    words = "any program func tensor list dict tuple true false string state bool bf16 fp16 fp32"
    assert set(words.split()) <= RESERVED
    assert {"int8", "uint64", "int4", "fp8e5m2"} <= RESERVED
    assert RESERVED.isdisjoint({"const", "x", "shape", "input", "cond"})


def test_numbers_are_put_behind_names() -> None:
    names = Names(["x", "y", "y", "y_0"])
    assert [names.fresh("x"), names.fresh("x"), names.fresh("y")] == ["x_0", "x_1", "y_1"]
    assert [names.fresh("z"), names.fresh("z"), names.fresh("")] == ["z", "z_0", "value_0"]
    assert [names.numbered("relu"), names.numbered("relu")] == ["relu_0", "relu_1"]
    assert names.fresh("tensor") == "tensor_0"


def test_names_are_counted() -> None:
    names = Names(["x", "x"])
    names.release("x")
    assert names.taken("x")
    names.release("x")
    assert not names.taken("x")
    assert names.fresh("x") == "x_0", "what was used once is not given out again"
    assert not names.taken("x_0"), "a reserved name is nobody's yet"


@given(st.lists(st.sampled_from(["a", "a_0", "a_1", "a_0_0", "b", "state"]), max_size=30))
def test_fresh_names_are_unique(wishes: list[str]) -> None:
    names = Names(["a", "a_1"])
    given = [names.fresh(wish) for wish in wishes]
    assert len({"a", "a_1", *given}) == len(given) + 2
    assert RESERVED.isdisjoint(given)


def test_findings_about_names() -> None:
    source = Source("x x", "model.mil")
    first, second = Span(source, 0, 1), Span(source, 2, 3)
    found = duplicate_name("x", second, first)
    assert str(found) == "model.mil:1:3: error[MIL0402]: `x` is defined twice in one block"
    assert [label.span for label in found.labels] == [first]
    assert duplicate_name("x").labels == ()
    assert duplicate_name("x").severity == "warning"
    quoted = Source("x `x`", "model.mil")
    assert duplicate_name("x", Span(quoted, 2, 5)).severity == "warning"
    assert duplicate_name("x", Span(quoted, 3, 4)).severity == "warning"
    assert str(undefined_name("x", where="function main: ")) == (
        "milc: error[MIL0403]: function main: nothing defines `x`"
    )
    assert str(reserved_name("any", first)) == (
        "model.mil:1:1: warning[MIL0412]: the name `any` is a reserved word"
    )
