"""The formatter: meaning and comments kept, nothing left to do the second time, a known layout."""

from __future__ import annotations

import pathlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milc.diagnostics import MilError
from milc.ir.compare import difference
from milc.ir.nodes import Program
from milc.syntax.format import format_text
from milc.syntax.layout import house_style
from milc.syntax.parse import parse
from milc.syntax.print import Style, to_text
from tests.shared import needs_shared
from tests.text import strategies
from tests.text.test_spacing import WAYS
from tests.text.texts import FOLDER, PROGRAMS, corpus_texts, pieces

CASES = sorted(FOLDER.glob("format/*.mil"))
_free = re.compile(r'"(?:[^"\\\n]|\\.)*"|`(?:[^`\\\n]|\\.)+`|//[^\n]*\S')


def comments_of(text: str) -> list[str]:
    """The comments of a text, found by the tests' own means."""
    return [piece.rstrip() for piece in pieces(text) if piece.startswith("//")]


def check(text: str) -> str:
    """Format a text both ways and look at what came out. Returns the house style."""
    formatted = format_text(text)
    assert format_text(formatted) == formatted
    assert comments_of(formatted) == comments_of(text)
    found = difference(parse(text), parse(formatted))
    assert found is None, found
    assert not re.search(r"[ \t]\n|\n\n\n|\n\n\Z|\A\n|\t|\r", without_literals(formatted))
    assert formatted.endswith("\n")
    apple = format_text(text, style="coremlc")
    assert format_text(apple, style="coremlc") == apple == to_text(parse(text), "coremlc")
    return formatted


def without_literals(text: str) -> str:
    """The text without what stands in quotes and comments, where any character may stand."""
    return _free.sub("_", text)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_layout(case: pathlib.Path) -> None:
    """`x.mil` becomes `x.expected`, and in Apple's style `x.coremlc` if there is one."""
    text = case.read_text("utf-8")
    assert check(text) == case.with_suffix(".expected").read_text("utf-8")
    apple = case.with_suffix(".coremlc")
    if apple.exists():
        assert format_text(text, style="coremlc") + "\n" == apple.read_text("utf-8")


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program(name: str) -> None:
    check(PROGRAMS[name])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_however_it_is_spaced(name: str, way: str) -> None:
    check(WAYS[way](PROGRAMS[name]))


@needs_shared
def test_the_corpus() -> None:
    tried = 0
    for text in corpus_texts():
        try:
            parse(text)
        except MilError:
            continue
        check(text)
        tried += 1
    assert tried > 30


fillings = st.one_of(
    st.sampled_from(
        [" ", "\n", "\n\n\n", "\r\n", "\t", "  // a comment\n", "\n// alone\n", "//\n"]
    ),
    st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=8).map(
        lambda text: f" //{text}\n"
    ),
)
SHORT = [text for text in PROGRAMS.values() if len(pieces(text)) < 300]


@given(
    st.sampled_from(SHORT),
    st.lists(st.tuples(st.integers(0, 10_000), fillings), max_size=6),
)
def test_comments_and_blanks_anywhere(text: str, put: list[tuple[int, str]]) -> None:
    filled = list(pieces(text))
    gaps = [" " if not piece.startswith("//") else "\n" for piece in filled]
    for place, filling in put:
        gaps[place % len(gaps)] += filling
    check("".join(piece + gap for piece, gap in zip(filled, gaps, strict=True)))


@settings(max_examples=30)
@given(strategies.programs())
def test_generated_programs(program: Program) -> None:
    """What `to_text` writes in the house style is what `milc fmt` would make of it."""
    printed = to_text(program, "milc")
    assert check(printed) == printed
    assert check(to_text(program, "coremlc")) != ""


@pytest.mark.parametrize("text", ["", "program(1.3)", "program(1.3) { ; }", "program(1.3) {}}"])
@pytest.mark.parametrize("style", ["milc", "coremlc"])
def test_a_text_with_an_error_is_not_formatted(text: str, style: Style) -> None:
    with pytest.raises(MilError) as raised:
        format_text(text, "wrong.mil", style)
    assert all(found.code.startswith("MIL01") for found in raised.value.diagnostics)


def test_a_formatter_that_changes_meaning_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof that `milc fmt` makes at every run is one that can fail."""
    text = PROGRAMS["by_hand"]
    for wrong, said in (
        (lambda text: house_style(text).replace("small", "smaller"), "smaller"),
        (lambda text: house_style(text).replace("// What", "// Why"), "a comment changed"),
        (lambda text: house_style(text).replace(";", "", 1), "a statement ends in `;`"),
        (lambda text: f" {text}", "formatting the result again changes it"),
    ):
        monkeypatch.setattr("milc.syntax.format.house_style", wrong)
        with pytest.raises(MilError) as raised:
            format_text(text, "a.mil")
        (found,) = raised.value.diagnostics
        assert (found.code, found.path) == ("MIL0021", "a.mil")
        assert said in found.message
