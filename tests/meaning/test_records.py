"""What milc computes against coremltools' records: values, and programs before and behind passes.

`python -m tests.meaning.figures` prints the same as figures, of all records and with what differs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.meaning import closeness, programs, recorded
from tests.meaning.reasons import PROGRAMS, RECORDED
from tests.ops.tally import Comparison
from tests.shared import needs_shared

PROGRAMS_EVERY, RECORDED_EVERY = 11, 7
"""One record of so many is looked at: primes, so that no kind is left out for its rhythm."""


def agrees(comparison: Comparison[Any], cases: int) -> None:
    """See that all cases agree or have a reason, and that there are as many as there should be."""
    total = comparison.total
    assert total.judged == total.cases >= cases
    assert [(each.key, each.examples[0]) for each in comparison.open_classes] == []


@needs_shared
def test_programs_run_and_passes_change_nothing() -> None:
    agrees(programs.compare(list(programs.records())[::PROGRAMS_EVERY]), 400)


@needs_shared
def test_recorded_values() -> None:
    agrees(recorded.compare(RECORDED_EVERY), 300)


@needs_shared
@pytest.mark.slow
def test_every_program_and_reason() -> None:
    comparison = programs.compare(list(programs.records()))
    agrees(comparison, 4900)
    assert [reason for reason in PROGRAMS if not comparison.used[reason]] == []


@needs_shared
@pytest.mark.slow
def test_every_recorded_value_and_reason() -> None:
    comparison = recorded.compare()
    agrees(comparison, 2500)
    assert [reason for reason in RECORDED if not comparison.used[reason]] == []


@pytest.mark.parametrize(
    ("before", "after", "rtol", "said"),
    [
        ([1.0, 2.0], [1.0, 2.0], closeness.FP32, ""),
        ([1.0, 2.0], [1.0, 2.001], closeness.FP32, "2 becomes 2.001"),
        ([1.0, 2.0], [1.0, 2.001], closeness.FP16, ""),
        ([0.0, 2.0], [0.001, 2.0], closeness.FP16, ""),
        ([1.0, 2.0], [1.0, 2.1], closeness.FP16, "2 becomes 2.1"),
        ([70000.0], [np.inf], closeness.FP16, ""),
        ([70000.0], [np.inf], closeness.FP32, "not finite"),
        ([np.nan], [np.nan], closeness.FP32, ""),
        ([np.nan], [1.0], closeness.FP16, "not finite"),
        ([1, 2000], [1, 2001], closeness.FP16, "2000 becomes 2001"),
        ([[1.0, 2.0]], [1.0, 2.0], closeness.FP32, "shape (1, 2) becomes (2,)"),
        (["a"], ["b"], closeness.FP32, "becomes"),
    ],
)
def test_what_is_close(before: Any, after: Any, rtol: float, said: str) -> None:
    found = closeness.difference([np.array(before)], [np.array(after)], rtol)
    assert said in found
    assert bool(found) == bool(said)


def test_results_are_as_many_as_before() -> None:
    assert closeness.difference([np.zeros(1)], [], closeness.FP32)
    assert closeness.difference([{"a": 0.5}], [{"b": 0.5}], closeness.FP32)
    assert not closeness.difference([{"a": 0.5}], [{"a": 0.5}], closeness.FP32)
