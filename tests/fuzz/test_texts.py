"""Texts after a few changes: findings, the same by both ways of reading, or a proven format."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import bases
from tests.fuzz.checks import check_text
from tests.fuzz.mutations import PIECES, mutated_text
from tests.fuzz.profile import examples


@examples(250)
@given(st.integers(0, 1 << 16), st.randoms(use_true_random=True))
def test_changed_texts(which: int, random: Random) -> None:
    held = bases.texts()
    check_text(mutated_text(held[which % len(held)], random, held))


@examples(150)
@given(st.lists(st.sampled_from(PIECES), max_size=30), st.sampled_from(("", " ", "\n")))
def test_lexemes_in_any_order(pieces: list[str], between: str) -> None:
    held = between.join(pieces)
    check_text(held)
    check_text(f"program(1.3)\n{{\nfunc main<ios18>(fp32 x) {{\n{held}\n}} -> (x);\n}}")


@examples(100)
@given(st.text(max_size=200))
def test_any_characters(text: str) -> None:
    check_text(text.encode("utf-8", "replace").decode())
    check_text(
        f'program(1.3) {{ func main<ios18>(fp32 x) {{ a(y = string("{text}")); }} -> (x); }}'
    )
