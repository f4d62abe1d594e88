"""What each family must refuse: `bad/<family>.mil`, with the finding beside the line that earns it.

`//~ MIL0310 conv C2` expects on its line that `conv` breaks the constraint C2 and nothing else;
`//~ MIL0305` a finding of that code. Every constraint of every definition has such a line.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from milc.diagnostics import Source
from milc.opsets import index
from milc.syntax.parse import read
from milc.verify.operations import check_operations

CASES = sorted((Path(__file__).parent / "bad").glob("*.mil"))
_expected = re.compile(r"//~ (MIL\d{4})(?: (\w+) (C\d+))?")
_broken = re.compile(r"(\w+) breaks (C\d+),")


def expectations(text: str) -> list[tuple[int, str, str, str]]:
    """Line, code, op and label of each finding that the text announces."""
    return [
        (number, found[1], found[2] or "", found[3] or "")
        for number, line in enumerate(text.splitlines(), 1)
        for found in _expected.finditer(line)
    ]


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
    tried = {
        (op, label)
        for case in CASES
        for _, code, op, label in expectations(case.read_text(encoding="utf-8"))
        if code == "MIL0310"
    }
    declared = {
        (name, rule.label)
        for name in index.families()
        for definition in index.versions(name)
        for rule in definition.constraints
    }
    assert declared == tried, (sorted(declared - tried), sorted(tried - declared))
