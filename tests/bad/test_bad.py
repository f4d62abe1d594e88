"""Texts that are wrong, each saying beside the line what must be reported there.

`//~ MIL0203` expects an error of that code that begins on its own line, `//~v` on the next line,
`//~vv` two lines on; `//~ warning MIL0209` expects a warning. Nothing else may be reported.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from milc.diagnostics import Source
from milc.syntax.parse import read
from milc.verify import verify

CASES = sorted(Path(__file__).parent.rglob("*.mil"))
_expected = re.compile(r"//~(v*) (?:(warning) )?(MIL\d{4})")


def expectations(text: str) -> list[tuple[int, str, str]]:
    """Line, severity and code of each finding that the text announces."""
    return sorted(
        (number + len(found[1]), found[2] or "error", found[3])
        for number, line in enumerate(text.splitlines(), 1)
        for found in _expected.finditer(line)
    )


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_reports_what_the_text_announces(case: Path) -> None:
    source = Source(case.read_text(encoding="utf-8"), case.name)
    program, findings = read(source)
    findings += verify(program, reported=findings)
    found = sorted(
        (source.position(finding.span.start)[0], finding.severity, finding.code)
        for finding in findings
        if finding.span is not None
    )
    assert found == expectations(source.text), "\n".join(map(str, findings))
    assert len(found) == len(findings)


def test_every_code_of_the_text_has_a_case() -> None:
    """The codes of syntax and meaning that the catalog knows, against those the cases expect."""
    from milc.diagnostics.catalog import entries

    known = {entry.code for entry in entries() if entry.code.startswith(("MIL01", "MIL02"))}
    tried = {code for case in CASES for _, _, code in expectations(case.read_text("utf-8"))}
    assert known <= tried, sorted(known - tried)
