"""Diagnostics for other programs: JSON, SARIF, GitHub annotations, one line each.

Every form is a function from diagnostics to text that ends in a newline unless it is empty, and a
row of `WRITERS`; a new form is a function and a row. Never imports rich: what a program reads has
no colours and no width.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable

from milc.diagnostics.diagnostic import Diagnostic
from milc.diagnostics.prose import visible
from milc.diagnostics.source import Span

Place = dict[str, int | None]


def place(span: Span | None) -> Place:
    """Where `span` begins and ends: lines and columns from 1, in characters.

    The end is the position after the last character, so an empty span ends where it begins.
    """
    line, column = span.source.position(span.start) if span else (None, None)
    end_line, end_column = span.source.position(span.end) if span else (None, None)
    return {"line": line, "column": column, "end_line": end_line, "end_column": end_column}


def to_json(diagnostics: Iterable[Diagnostic]) -> str:
    """An array of objects; positions are as `place` gives them, null where there is no text.

    `related` holds the other places, and the label of the main one first if it has any.
    """
    return json.dumps([as_object(diagnostic) for diagnostic in diagnostics], indent=2) + "\n"


def as_object(found: Diagnostic) -> dict[str, object]:
    """The diagnostic as JSON has it."""
    labels = [(found.span, found.label)] if found.span and found.label else []
    labels += [(label.span, label.text) for label in found.labels]
    return {
        "code": found.code,
        "severity": found.severity,
        "message": found.message,
        "path": found.path,
        **place(found.span),
        "notes": list(found.notes),
        "help": found.help,
        "related": [
            {"message": text, "path": span.source.path, **place(span)} for span, text in labels
        ],
    }


def to_github(diagnostics: Iterable[Diagnostic]) -> str:
    """One workflow command a line, which GitHub shows beside the changed lines.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    return "".join(f"{_command(diagnostic)}\n" for diagnostic in diagnostics)


def _command(found: Diagnostic) -> str:
    name = {"note": "notice"}.get(found.severity, found.severity)
    at = place(found.span)
    # The runner refuses columns where an annotation spans several lines.
    one_line = at["line"] == at["end_line"]
    properties = {
        "file": _in_workspace(found.path) if found.path else None,
        "line": at["line"],
        "col": at["column"] if one_line else None,
        "endLine": at["end_line"],
        "endColumn": at["end_column"] if one_line else None,
        "title": found.code,
    }
    given = ",".join(f"{key}={_property(v)}" for key, v in properties.items() if v is not None)
    said = [found.message, *found.notes, *([f"help: {found.help}"] if found.help else ())]
    return f"::{name} {given}::{_data(chr(10).join(said))}"


def _in_workspace(path: str) -> str:
    """The path as seen from the checkout, the only one that GitHub can match with a change."""
    root = os.environ.get("GITHUB_WORKSPACE") or os.getcwd()
    if os.path.isabs(path) and path.startswith(os.path.join(root, "")):
        path = os.path.relpath(path, root)
    return path.replace(os.sep, "/")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: object) -> str:
    return _data(str(value)).replace(":", "%3A").replace(",", "%2C")


def to_lines(diagnostics: Iterable[Diagnostic]) -> str:
    """`path:line:column: severity[code]: message`, one line each, as editors and grep read it."""
    return "".join(f"{visible(str(diagnostic))}\n" for diagnostic in diagnostics)


def to_sarif(diagnostics: Iterable[Diagnostic]) -> str:
    """A log in SARIF 2.1.0: `sarif.to_sarif`, which no other form waits for."""
    from milc.diagnostics import sarif

    return sarif.to_sarif(diagnostics)


WRITERS: dict[str, Callable[[Iterable[Diagnostic]], str]] = {
    "json": to_json,
    "github": to_github,
    "sarif": to_sarif,
    "line": to_lines,
}
"""By the name that `--format` takes; `text`, the form for people, is `render.render`."""
