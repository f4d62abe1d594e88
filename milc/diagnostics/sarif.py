"""Diagnostics as SARIF 2.1.0, the form that code scanning services read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html; sections are named where a choice
rests on one. Never imports rich; the catalog is loaded when something was found.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from urllib.parse import quote

from milc.diagnostics.catalog import Entry, lookup
from milc.diagnostics.diagnostic import Diagnostic
from milc.diagnostics.explain import explain, section
from milc.diagnostics.source import Span
from milc.version import __version__

Object = dict[str, object]

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

BASE = "%SRCROOT%"
"""What GitHub calls the top of the checkout; relative URIs are relative to it."""


def to_sarif(diagnostics: Iterable[Diagnostic]) -> str:
    """One log of one run.

    What was found in an input is a result. That milc could not run is no property of what it was
    to look at, so it is a notification of the invocation (§3.20.21), which then was no success.
    """
    found = list(diagnostics)
    results = [finding for finding in found if not finding.could_not_run]
    failures = [finding for finding in found if finding.could_not_run]
    rules, notifications = _codes(results), _codes(failures)
    invocation: Object = {"executionSuccessful": not failures}
    if failures:
        shown = [_notification(failure, notifications.index(failure.code)) for failure in failures]
        invocation["toolExecutionNotifications"] = shown
    driver: Object = {"name": "milc", "version": __version__, "rules": list(map(_rule, rules))}
    if notifications:
        driver["notifications"] = list(map(_rule, notifications))
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "originalUriBaseIds": {BASE: {"uri": _file_uri(os.path.join(_root(), ""))}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, rules.index(finding.code)) for finding in results],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _codes(found: Iterable[Diagnostic]) -> list[str]:
    return sorted({finding.code for finding in found})


def _rule(code: str) -> Object:
    """What the catalog says about a code, as a reportingDescriptor (§3.49)."""
    entry = lookup(code)
    return {"id": code} if entry is None else _described(entry)


def _described(entry: Entry) -> Object:
    return {
        "id": entry.code,
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": " ".join(entry.meaning.split())},
        "help": {"text": explain(entry), "markdown": section(entry)},
    }


def _result(found: Diagnostic, rule: int) -> Object:
    result: Object = {
        "ruleId": found.code,
        "ruleIndex": rule,
        "level": found.severity,
        "message": _message(found),
        "locations": _locations(found),
    }
    others = [(found.span, found.label)] if found.span and found.label else []
    others += [(label.span, label.text) for label in found.labels]
    if others:
        related = enumerate(others, 1)
        result["relatedLocations"] = [
            {"id": id, "message": {"text": _escaped(text)}, **_place(span.source.path, span)}
            for id, (span, text) in related
        ]
    return result


def _notification(found: Diagnostic, place: int) -> Object:
    return {
        "descriptor": {"id": found.code, "index": place},
        "level": found.severity,
        "message": _message(found),
        "locations": _locations(found),
    }


def _message(found: Diagnostic) -> Object:
    said = [found.message, *found.notes, *([f"help: {found.help}"] if found.help else ())]
    return {"text": _escaped("\n".join(said))}


def _escaped(text: str) -> str:
    """A text of which nothing is a placeholder (§3.11.5)."""
    return text.replace("{", "{{").replace("}", "}}")


def _locations(found: Diagnostic) -> list[Object]:
    return [_place(found.path, found.span)] if found.path else []


def _place(path: str, span: Span | None) -> Object:
    """A file, and where in it: an end is the place behind the last character (§3.30)."""
    physical: Object = {"artifactLocation": _artifact(path)}
    if span is not None:
        line, column = span.source.position(span.start)
        end_line, end_column = span.source.position(span.end)
        physical["region"] = {
            "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column,
        }  # fmt: skip
    return {"physicalLocation": physical}


def _artifact(path: str) -> Object:
    """A path below the base as a URI relative to it; another one as the URI of a file."""
    if path.startswith("<"):  # standard input: no file
        return {"uri": quote(path), "description": {"text": path}}
    inside = os.path.relpath(path, _root()) if _same_drive(path) else ".."
    if inside.split(os.sep)[0] == os.pardir:
        return {"uri": _file_uri(os.path.abspath(path))}
    return {"uri": _quoted(inside), "uriBaseId": BASE}


def _root() -> str:
    """The checkout in a GitHub workflow, else the current folder."""
    return os.environ.get("GITHUB_WORKSPACE") or os.getcwd()


def _same_drive(path: str) -> bool:
    drives = {os.path.splitdrive(os.path.abspath(each))[0].lower() for each in (path, _root())}
    return len(drives) == 1


def _file_uri(path: str) -> str:
    return f"file://{'' if path.startswith('/') else '/'}{_quoted(path)}"


def _quoted(path: str) -> str:
    # A name on disk need not be text: the bytes it has are what its URI quotes.
    text = re.sub("[\ud800-\udc7f\udd00-\udfff]", "\ufffd", path.replace(os.sep, "/"))
    safe = "/:" if os.name == "nt" else "/"
    return quote(text.encode("utf-8", "surrogateescape"), safe=safe)
