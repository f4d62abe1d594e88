"""What programs read: JSON, GitHub's commands, one line each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from milc.diagnostics import Diagnostic, Label, Source, Span
from milc.diagnostics.machine import WRITERS, to_github, to_json, to_lines
from tests.shared import ROOT

SOURCE = Source("one\ntwo 名 three\n", "a.mil")


def found(start: int, end: int, **more: Any) -> Diagnostic:
    """A diagnostic at a place of SOURCE."""
    return Diagnostic("MIL0203", "message", Span(SOURCE, start, end), **more)


def test_json_has_exactly_these_keys() -> None:
    diagnostic = found(
        8, 15, notes=["n"], help="h", label="l", labels=[Label(Span(SOURCE, 0, 3), "other")]
    )
    place = {"line": 2, "column": 5, "end_line": 2, "end_column": 12}
    other = {"line": 1, "column": 1, "end_line": 1, "end_column": 4}
    assert json.loads(to_json([diagnostic])) == [
        {
            "code": "MIL0203",
            "severity": "error",
            "message": "message",
            "path": "a.mil",
            **place,
            "notes": ["n"],
            "help": "h",
            "related": [
                {"message": "l", "path": "a.mil", **place},
                {"message": "other", "path": "a.mil", **other},
            ],
        }
    ]


def test_json_without_a_place() -> None:
    [got] = json.loads(to_json([Diagnostic("MIL0501", "m", path="p")]))
    assert [got[key] for key in ("path", "line", "column", "end_line", "end_column", "help")] == [
        "p", None, None, None, None, None,
    ]  # fmt: skip
    assert got["notes"] == got["related"] == []


def test_json_of_nothing_is_an_empty_array() -> None:
    assert json.loads(to_json([])) == []


def test_json_holds_any_text() -> None:
    evil = "\x1b\ud800\n\u202e名"
    text = to_json([Diagnostic("MIL0203", evil)])
    assert text.isascii()
    assert json.loads(text)[0]["message"] == evil


@pytest.mark.parametrize(
    ("diagnostic", "command"),
    [
        (
            found(8, 15),
            "::error file=a.mil,line=2,col=5,endLine=2,endColumn=12,title=MIL0203::message",
        ),
        # The runner refuses columns where the lines differ.
        (found(0, 9), "::error file=a.mil,line=1,endLine=2,title=MIL0203::message"),
        (
            Diagnostic("MIL0501", "100%: a,\r\nb", path="x,y: 5%", severity="warning"),
            "::warning file=x%2Cy%3A 5%25,title=MIL0501::100%25: a,%0D%0Ab",
        ),
        (
            Diagnostic("MIL0501", "m", severity="note", notes=["one", "two"], help="three"),
            "::notice title=MIL0501::m%0Aone%0Atwo%0Ahelp: three",
        ),
    ],
)
def test_github(diagnostic: Diagnostic, command: str) -> None:
    assert to_github([diagnostic]) == command + "\n"


def test_github_wants_paths_from_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    root = os.path.abspath("checkout")
    monkeypatch.setenv("GITHUB_WORKSPACE", root)
    inside = Diagnostic("MIL0501", "m", path=os.path.join(root, "models", "a.mil"))
    assert to_github([inside]).startswith("::error file=models/a.mil,")
    beside = Diagnostic("MIL0501", "m", path=root + "-old")
    assert "-old" in to_github([beside])
    assert not to_github([beside]).startswith("::error file=../")


def test_one_line_each() -> None:
    assert to_lines([found(8, 15), Diagnostic("MIL0501", "m", path="p"), Diagnostic("A", "m")]) == (
        "a.mil:2:5: error[MIL0203]: message\np: error[MIL0501]: m\nmilc: error[A]: m\n"
    )
    assert to_lines([Diagnostic("MIL0501", "a\nb\x1b", path="p")]).count("\n") == 1


@pytest.mark.parametrize("name", WRITERS)
def test_every_form_ends_its_last_line(name: str) -> None:
    assert WRITERS[name]([found(0, 1)]).endswith("\n")


def test_programs_wait_for_no_rich() -> None:
    code = (
        "import sys; from milc.diagnostics.machine import WRITERS;"
        "from milc.diagnostics import Diagnostic;"
        "[f([Diagnostic('MIL0203', 'm')]) for f in WRITERS.values()];"
        "sys.exit('rich' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
