"""What each family must refuse: `bad/<family>.mil`, with the finding beside the line that earns it.

`//~ MIL0310 conv C2` expects on its line that `conv` breaks the constraint C2 and nothing else;
`//~ MIL0305` a finding of that code. Every constraint of every definition has such a line.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from milc.diagnostics import Source
from milc.syntax.parse import read
from milc.verify.operations import check_operations
from tests.ops.cases import BAD, codes, expectations, labels

CASES = sorted(BAD.glob("*.mil"))
_broken = re.compile(r"(\w+) breaks (C\d+),")


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_reports_what_the_text_announces(case: Path) -> None:
    source = Source(case.read_text(encoding="utf-8"), case.name)
    program, findings = read(source)
    assert not findings, "\n".join(map(str, findings))
    found = []
    for finding in check_operations(program):
        assert finding.span is not None
        broken = _broken.match(finding.message)
        what = (broken[1], broken[2]) if broken else ("", "")
        found.append((source.position(finding.span.start)[0], finding.code, *what))
    assert sorted(found) == expectations(source.text)


def test_every_constraint_has_a_case() -> None:
    comparison = labels()
    assert comparison.total.judged > 200
    assert [each.key.ours for each in comparison.open_classes] == []


def test_every_code_has_a_case_and_a_page() -> None:
    comparison = codes()
    assert comparison.total.judged > 300
    assert [each.key.ours for each in comparison.open_classes] == []
