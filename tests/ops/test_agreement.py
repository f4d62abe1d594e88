"""milc's rules for ops against what coremltools said of single ops and whole programs.

`python -m tests.ops.figures` prints the same as figures, of all cases and with what differs.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from milc.diagnostics import Source
from milc.opsets import index
from milc.syntax.parse import read
from milc.verify import verify_structure
from tests.ops import corpus, mutations, programs, rejected, singles, values
from tests.ops.reasons import REASONS
from tests.ops.tally import Comparison
from tests.ops.thresholds import SHARES
from tests.ops.written import tag
from tests.shared import needs_shared

pytestmark = needs_shared

SINGLES, PROGRAMS, MISTAKES = 11, 7, 400
"""One of so many is looked at: primes, so that no kind of case is left out for its rhythm."""


def agrees(comparison: Comparison[Any], figure: str, cases: int) -> None:
    """See that enough cases agree, no rule fails, and there were as many as there should be."""
    assert comparison.total.cases >= cases
    keys = [each.key for each in comparison.open_classes]
    assert [key for key in keys if "CRASH" in key.ours] == []
    assert comparison.total.explained >= SHARES[figure], keys[:5]


def test_single_ops() -> None:
    agrees(singles.compare(list(singles.records())[::SINGLES]), "singles", 3000)


@pytest.mark.slow
def test_every_single_op_and_reason() -> None:
    comparison = singles.compare(singles.records())
    agrees(comparison, "singles", 38_000)
    stale = [reason for reason in REASONS if not comparison.used[reason]]
    assert _of_singles(stale) == []


def _of_singles(reasons: Collection[Any]) -> list[Any]:
    others = {"program", "rejected", "corpus", "value"}
    return [reason for reason in reasons if reason.mutation not in others]


def test_single_ops_are_sound_but_for_their_op() -> None:
    """What milc says of a case is about the op, not about the text around it."""
    seen: set[str] = set()
    for record in singles.records():
        if record["op"] in seen:
            continue
        seen.add(record["op"])
        program, reported = read(Source(singles.text_of(record)))
        assert not reported, record
        assert not verify_structure(program), record
    assert len(seen) > 140


def test_programs() -> None:
    comparison = programs.compare(every=PROGRAMS)
    agrees(comparison, "programs", 3000)
    sorts = {each.key.sort for each in comparison.open_classes}
    assert not sorts & {"ops", "unreadable"}


def test_rejected_constructions() -> None:
    agrees(rejected.compare(), "rejected", 91)


def test_mistakes_in_programs() -> None:
    comparison = mutations.compare(MISTAKES)
    agrees(comparison, "mutations", 500)
    assert len(comparison.by_op) >= 20
    assert [each.key for each in comparison.open_classes] == []


def test_corpus() -> None:
    agrees(corpus.compare(), "corpus", 120)


def test_values_known_ahead() -> None:
    comparison = values.compare()
    agrees(comparison, "values", 2500)
    assert comparison.total.judged > 1000
    assert comparison.open_classes == []


def test_definitions_are_those_that_coremltools_took() -> None:
    """Of a function's opset each op means the newest definition that is not above it."""
    taken: dict[tuple[str, str], set[str]] = {}
    for record in singles.records():
        if "def" in record:
            taken.setdefault((record["op"], tag(record["opset"])), set()).add(tag(record["def"]))
    assert len(taken) > 500
    for (op, opset), sinces in taken.items():
        definition = index.definition(op, opset)
        assert definition is not None, op
        assert {definition.since} == sinces, (op, opset)
