"""The grammar and what reads it: tables that are fresh, an automaton that does what lark does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milc import grammar
from milc.grammar.build import GRAMMAR, tables
from tests.shared import needs_shared
from tests.text.texts import (
    PROGRAMS,
    WRONG,
    corpus_texts,
    lark_refuses_at,
    pieces,
    refused_at,
)

ALL = {**PROGRAMS, **WRONG}


def test_tables_are_fresh() -> None:
    made = tables(GRAMMAR.read_text("utf-8"))
    assert {name: getattr(grammar, name) for name in made} == made, "run: make grammar"


@pytest.mark.parametrize("name", ALL)
def test_automaton_refuses_what_lark_refuses(name: str) -> None:
    assert refused_at(ALL[name]) == lark_refuses_at(ALL[name])


@pytest.mark.parametrize("name", PROGRAMS)
def test_valid_texts_are_valid_in_every_way(name: str) -> None:
    text = PROGRAMS[name]
    assert refused_at(text) is None
    assert refused_at(text, plain=True) is None
    assert lark_refuses_at(text, plain=True) is None


@needs_shared
def test_automaton_refuses_what_lark_refuses_of_the_corpus() -> None:
    for text in corpus_texts():
        assert refused_at(text) == lark_refuses_at(text)


WORDS = [
    *"()[]{}<>=,;?%.-+#", "->", "...", "/*", "1", "-0x1p+0", "1,2", "nan", "inf",
    "program", "func", "tensor", "list", "dict", "tuple", "state", "tensor_buffer", "BLOBFILE",
    "name", "x", "y", "fp16", '"text"', "`quoted`",
]  # fmt: skip

positions = st.integers(0, 10_000)
edits = st.lists(
    st.one_of(
        st.tuples(st.just("delete"), positions, st.just("")),
        st.tuples(st.just("swap"), positions, st.just("")),
        st.tuples(st.just("insert"), positions, st.sampled_from(WORDS)),
        st.tuples(st.just("replace"), positions, st.sampled_from(WORDS)),
    ),
    min_size=1,
    max_size=3,
)


def edited(text: str, changes: list[tuple[str, int, str]]) -> str:
    """The text with some lexemes deleted, exchanged or put in."""
    parts = [piece for piece in pieces(text) if not piece.startswith("//")]
    for kind, position, word in changes:
        at = position % len(parts)
        if kind == "delete":
            del parts[at]
        elif kind == "swap":
            parts[at - 1], parts[at] = parts[at], parts[at - 1]
        elif kind == "insert":
            parts.insert(at, word)
        else:
            parts[at] = word
    return " ".join(parts)


SHORT = [text for text in ALL.values() if 2 < len(pieces(text)) < 500]


@given(st.sampled_from(SHORT), edits)
def test_automaton_refuses_what_lark_refuses_of_broken_texts(
    text: str, changes: list[tuple[str, int, str]]
) -> None:
    broken = edited(text, changes)
    assert refused_at(broken) == lark_refuses_at(broken)
