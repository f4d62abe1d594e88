"""What definitions declare is what coremltools' declare, but for what has a reason."""

from __future__ import annotations

from tests.ops import definitions
from tests.ops.definition_reasons import DIFFERENCES
from tests.shared import needs_shared

pytestmark = needs_shared


def test_definitions() -> None:
    comparison = definitions.compare()
    assert comparison.total.judged > 4000
    assert [each.examples for each in comparison.open_classes] == []
    assert [reason for reason in DIFFERENCES if not comparison.used[reason]] == []


def test_all_definitions_are_compared() -> None:
    claims = list(definitions.claims())
    both = [each for each in claims if each.aspect == "definition" and each.peer and each.ours]
    assert len(both) == 227
    assert sum(each.aspect == "default" for each in claims) > 300
