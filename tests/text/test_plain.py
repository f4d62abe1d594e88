"""Statements read at once against the same statements read by the fine rules: no difference."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milc.diagnostics import Source, errors
from milc.ir.compare import difference
from milc.syntax.parse import read
from tests.shared import needs_shared
from tests.text.test_grammar import SHORT, edited, edits
from tests.text.texts import FOLDER, PROGRAMS, WRONG, corpus_texts, places

ALL = {**PROGRAMS, **WRONG}


def check(text: str) -> None:
    """Read a text both ways: the same findings and, if there is no error, program and places."""
    quick, findings = read(Source(text))
    fine, others = read(Source(text), plain=False)
    assert list(map(str, findings)) == list(map(str, others))
    if errors(findings):
        return
    found = difference(quick, fine)
    assert found is None, found
    assert list(places(quick)) == list(places(fine))


@pytest.mark.parametrize("name", ALL)
def test_plain_and_fine_agree(name: str) -> None:
    check(ALL[name])


@needs_shared
def test_plain_and_fine_agree_on_the_corpus() -> None:
    for text in corpus_texts():
        check(text)


STATEMENT = "program(1.3)\n{{\n    func main<ios18>(fp16 x) {{\n        {}\n    }} -> (x);\n}}\n"


def lines(name: str) -> list[str]:
    """The cases of a file, one a line, its `\\n`, `\\t` and `\\\\` read."""
    text = (FOLDER / name).read_text("utf-8")
    characters = {"n": "\n", "t": "\t", "\\": "\\"}
    return [
        re.sub(r"\\(.)", lambda escape: characters[escape[1]], line) for line in text.splitlines()
    ]


@pytest.mark.parametrize("literal", lines("odd_values.txt"))
def test_plain_and_fine_agree_on_values(literal: str) -> None:
    check(STATEMENT.format(f"fp16 y = const()[val = {literal}];"))
    check(STATEMENT.format(f"fp16 y = relu(x = {literal});"))


@pytest.mark.parametrize("statement", lines("odd_statements.txt"))
def test_plain_and_fine_agree_on_statements(statement: str) -> None:
    check(STATEMENT.format(statement))
    check(STATEMENT.format(f"relu(x = x);{statement}\nrelu(x = x);"))


@given(st.sampled_from(SHORT), edits)
def test_plain_and_fine_agree_on_broken_texts(
    text: str, changes: list[tuple[str, int, str]]
) -> None:
    check(edited(text, changes))
