"""Programs that are a little changed: whatever passes do to them is right.

`python -m tests.passes.figures mutated --count 10000 --seed 7` runs as many as one likes.
"""

from __future__ import annotations

import pytest

import milc
from tests.passes import orders
from tests.passes.mutating import mutated, sources


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_passes_are_right_on_programs_a_little_changed(seed: int) -> None:
    """On some of them; what rounds to fp16 may rightly come out elsewhere."""
    subjects = mutated(len(sources(only_own=True)), seed, only_own=True, share=24)
    found = list(orders.judged(subjects, orders.plan_of("exact", (), seed)))
    assert any(each.sort == "right" for each in found)
    assert [each for each in found if each.is_bad] == []


def test_a_seed_and_a_number_always_make_the_same_program() -> None:
    one, other = (
        [(each.name, milc.to_text(each.load())) for each in mutated(20, 4, start, only_own=True)]
        for start in (0, 10)
    )
    assert len(one) > 10
    assert {*one[-5:]} <= {*other}
