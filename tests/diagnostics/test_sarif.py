"""SARIF 2.1.0: what the schema wants, and what the specification means by it.

The essentials of the official schema are written down here as `SHAPES`: of each object the
properties that it must have, all that milc gives it, and what kind each is.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from milc.diagnostics import Diagnostic, Label, Source, Span
from milc.diagnostics.catalog import lookup
from milc.diagnostics.explain import explain
from milc.diagnostics.sarif import to_sarif
from milc.version import __version__
from tests.commands import HELLO, Cli, command_line

Json = dict[str, Any]

SHAPES: dict[str, tuple[set[str], dict[str, object]]] = {
    "log": ({"version", "runs"}, {"$schema": "uri", "version": str, "runs": ["run"]}),
    "run": (
        {"tool"},
        {
            "tool": "tool",
            "invocations": ["invocation"],
            "originalUriBaseIds": {"": "artifact"},
            "columnKind": ("utf16CodeUnits", "unicodeCodePoints"),
            "results": ["result"],
        },
    ),
    "tool": ({"driver"}, {"driver": "driver"}),
    "driver": (
        {"name"},
        {"name": str, "version": str, "rules": ["rule"], "notifications": ["rule"]},
    ),
    "rule": (
        {"id"},
        {"id": str, "shortDescription": "text", "fullDescription": "text", "help": "text"},
    ),
    "text": ({"text"}, {"text": str, "markdown": str}),
    "message": ({"text"}, {"text": str}),
    "invocation": (
        {"executionSuccessful"},
        {"executionSuccessful": bool, "toolExecutionNotifications": ["notification"]},
    ),
    "notification": (
        {"message"},
        {
            "descriptor": "reference",
            "level": ("none", "note", "warning", "error"),
            "message": "message",
            "locations": ["location"],
        },
    ),
    "reference": ({"id", "index"}, {"id": str, "index": int}),
    "result": (
        {"message"},
        {
            "ruleId": str,
            "ruleIndex": int,
            "level": ("none", "note", "warning", "error"),
            "message": "message",
            "locations": ["location"],
            "relatedLocations": ["location"],
        },
    ),
    "location": (set(), {"id": int, "physicalLocation": "physical", "message": "message"}),
    "physical": ({"artifactLocation"}, {"artifactLocation": "artifact", "region": "region"}),
    "artifact": ({"uri"}, {"uri": "uri", "uriBaseId": str, "description": "message"}),
    "region": (
        {"startLine"},
        dict.fromkeys(("startLine", "startColumn", "endLine", "endColumn"), int),
    ),
}


def check(value: object, kind: object) -> None:
    """Fail unless `value` is of a kind: a type, one of some words, an object or an array."""
    if isinstance(kind, list):
        assert isinstance(value, list)
        for item in value:
            check(item, kind[0])
    elif isinstance(kind, dict):
        assert isinstance(value, dict)
        for item in value.values():
            check(item, kind[""])
    elif isinstance(kind, tuple):
        assert value in kind
    elif isinstance(kind, type):
        assert type(value) is kind
        assert kind is not int or value >= 0  # type: ignore[operator]
    elif kind == "uri":
        assert isinstance(value, str)
        assert value.isascii()
        assert not set(value) & set(' <>\\^`{|}"')
    else:
        assert isinstance(value, dict)
        required, known = SHAPES[str(kind)]
        assert required <= value.keys() <= known.keys(), kind
        for key, item in value.items():
            check(item, known[key])


def run_of(*found: Diagnostic) -> Json:
    """The one run of the log, whose shape and whose references from place to place hold."""
    text = to_sarif(found)
    assert text.endswith("}\n")
    log = json.loads(text)
    check(log, "log")
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    driver = run["tool"]["driver"]
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    for failure in run["invocations"][0].get("toolExecutionNotifications", ()):
        reference = failure["descriptor"]
        assert driver["notifications"][reference["index"]]["id"] == reference["id"]
    assert isinstance(run, dict)
    return run


def result_of(found: Diagnostic) -> Json:
    [result] = run_of(found)["results"]
    assert isinstance(result, dict)
    return result


SOURCE = Source("one\ntwo 名𝟙 three\n", "a.mil")


def finding(start: int, end: int, **more: Any) -> Diagnostic:
    return Diagnostic("MIL0402", "message", Span(SOURCE, start, end), **more)


def test_of_nothing_it_is_a_run_without_results() -> None:
    run = run_of()
    assert run["results"] == []
    assert run["tool"]["driver"] == {"name": "milc", "version": __version__, "rules": []}
    assert run["invocations"] == [{"executionSuccessful": True}]


def test_rules_are_those_of_the_catalog() -> None:
    run = run_of(finding(0, 3), finding(4, 5), Diagnostic("MIL0203", "m"))
    entry = lookup("MIL0402")
    assert entry is not None
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["MIL0203", "MIL0402"]
    rule = run["tool"]["driver"]["rules"][1]
    assert rule["shortDescription"] == {"text": entry.title}
    assert rule["help"]["text"] == explain(entry)
    assert "**name defined twice**" in rule["help"]["markdown"]


def test_columns_are_characters_and_an_end_is_behind_the_last_one() -> None:
    run = run_of(finding(8, 12))
    assert run["columnKind"] == "unicodeCodePoints"
    [place] = run["results"][0]["locations"]
    assert place["physicalLocation"]["region"] == {
        "startLine": 2, "startColumn": 5, "endLine": 2, "endColumn": 9,
    }  # fmt: skip


@pytest.mark.parametrize("severity", ["error", "warning", "note"])
def test_levels(severity: Any) -> None:
    assert result_of(finding(0, 1, severity=severity))["level"] == severity


def test_related_locations_begin_with_the_label_of_the_place_itself() -> None:
    other = Label(Span(Source("x", "b.mil"), 0, 1), "{other}")
    related = result_of(finding(4, 7, label="here", labels=[other]))["relatedLocations"]
    assert [(each["id"], each["message"]["text"]) for each in related] == [
        (1, "here"),
        (2, "{{other}}"),
    ]
    assert related[1]["physicalLocation"]["artifactLocation"]["uri"] == "b.mil"


def test_a_message_has_notes_and_help_and_no_placeholder() -> None:
    found = finding(0, 1, notes=["{0}"], help="`}`")
    assert result_of(found)["message"] == {"text": "message\n{{0}}\nhelp: `}}`"}


def test_what_could_not_run_is_a_notification() -> None:
    run = run_of(Diagnostic("MIL0001", "there is no such file", path="x.mil"), finding(0, 3))
    [invocation] = run["invocations"]
    assert invocation["executionSuccessful"] is False
    [failure] = invocation["toolExecutionNotifications"]
    assert failure["descriptor"] == {"id": "MIL0001", "index": 0}
    assert failure["message"]["text"] == "there is no such file"
    assert [result["ruleId"] for result in run["results"]] == ["MIL0402"]


def test_a_warning_of_the_run_is_a_result() -> None:
    found = Diagnostic("MIL0024", "m", path="a.mil", severity="warning")
    assert result_of(found)["level"] == "warning"
    assert run_of(found)["invocations"] == [{"executionSuccessful": True}]


def uri(path: str) -> Json:
    [place] = result_of(Diagnostic("MIL0501", "m", path=path))["locations"]
    artifact = place["physicalLocation"]["artifactLocation"]
    assert isinstance(artifact, dict)
    return artifact


def test_uris_are_relative_to_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    assert uri("a b%.mil") == {"uri": "a%20b%25.mil", "uriBaseId": "%SRCROOT%"}
    assert uri(str(tmp_path / "deep/a.mil"))["uri"] == "a.mil"
    assert "uriBaseId" not in uri("../a.mil")
    assert uri("../a.mil")["uri"] == (tmp_path / "a.mil").as_uri()
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert uri("a.mil") == {"uri": "deep/a.mil", "uriBaseId": "%SRCROOT%"}
    base = run_of()["originalUriBaseIds"]["%SRCROOT%"]["uri"]
    assert base == tmp_path.as_uri() + "/"


def test_standard_input_is_no_file() -> None:
    assert uri("<stdin>") == {"uri": "%3Cstdin%3E", "description": {"text": "<stdin>"}}


def test_names_that_are_no_text_keep_their_bytes() -> None:
    assert uri(os.fsdecode(b"\xff.mil"))["uri"] == "%FF.mil"
    assert uri("\ud800.mil")["uri"].endswith(".mil")
    assert unquote(urlsplit(uri("名.mil")["uri"]).path) == "名.mil"


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    return command_line(capsys, monkeypatch, tmp_path)


def test_of_a_verb(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.mil").write_text(HELLO.replace("x = x,", "x = z,"), encoding="utf-8")
    run = cli("verify", "--format", "sarif", "a.mil", "none.mil")
    assert (run.status, run.err) == (2, "")
    log = json.loads(run.out)
    check(log, "log")
    assert log["runs"][0]["results"][0]["ruleId"] == "MIL0403"
    assert log["runs"][0]["invocations"][0]["executionSuccessful"] is False
