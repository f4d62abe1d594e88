"""Diagnostics: what milc has to say about an input, as data until a renderer shows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal as OneOf
from typing import NamedTuple

from milc.diagnostics.source import Span

Severity = OneOf["error", "warning", "note"]


class Label:
    """A second place that a diagnostic points at, with a few words on why."""

    __slots__ = ("span", "text")

    def __init__(self, span: Span, text: str) -> None:
        self.span = span
        self.text = text


class Edit(NamedTuple):
    """A piece of a text and what is to stand there instead; an empty piece is a place to insert."""

    span: Span
    text: str


class Diagnostic:
    """One finding.

    `code` is an entry of the catalog (`MIL0203`), `message` one line without a full stop, `span`
    the place (None where the input has no text), `path` the file where there is no span, `label` a
    few words beside the caret (what was expected), `labels` other places, `notes` lines of
    explanation, `help` what would mend it, `fix` the edits that do mend it, where only
    one thing can be meant. Codes `MIL00xx` mean that milc could not run at all.
    """

    __slots__ = (
        "code", "fix", "help", "label", "labels", "message", "notes", "path", "severity", "span",
    )  # fmt: skip

    def __init__(
        self,
        code: str,
        message: str,
        span: Span | None = None,
        *,
        severity: Severity = "error",
        path: str | None = None,
        label: str = "",
        labels: Iterable[Label] = (),
        notes: Iterable[str] = (),
        help: str | None = None,
        fix: Iterable[Edit] = (),
    ) -> None:
        self.code = code
        self.message = message
        self.span = span
        self.severity = severity
        self.path = span.source.path if span is not None else path
        self.label = label
        self.labels = tuple(labels)
        self.notes = tuple(notes)
        self.help = help
        self.fix = tuple(fix)

    @property
    def could_not_run(self) -> bool:
        """Whether milc could not do its work at all, rather than found fault with the input."""
        return self.code.startswith("MIL00") and self.severity == "error"

    def __str__(self) -> str:
        place = repr(self.span) if self.span is not None else self.path
        return f"{place or 'milc'}: {self.severity}[{self.code}]: {self.message}"

    def __repr__(self) -> str:
        return f"<Diagnostic {self}>"


class MilError(Exception):
    """Raised when an input cannot be used; `diagnostics` says all that is wrong with it."""

    def __init__(self, diagnostics: Diagnostic | Iterable[Diagnostic]) -> None:
        if isinstance(diagnostics, Diagnostic):
            diagnostics = (diagnostics,)
        self.diagnostics = list(diagnostics)
        super().__init__("\n".join(map(str, self.diagnostics)))


class BoundedFindings(list[Diagnostic]):
    """Findings as they are made: the first `MOST` of each severity; more would say no more.

    A text of 100 MB with an error in every line would otherwise take gigabytes to report.
    """

    __slots__ = ("_left",)

    MOST = 1000

    def __init__(self) -> None:
        super().__init__()
        self._left: dict[Severity, int] = {}

    @property
    def is_full(self) -> bool:
        """Whether another error would be left out, so that it need not even be made."""
        return self._left.get("error") == 0

    def append(self, finding: Diagnostic) -> None:
        left = self._left.get(finding.severity, self.MOST)
        if left:
            self._left[finding.severity] = left - 1
            super().append(finding)

    def extend(self, findings: Iterable[Diagnostic]) -> None:
        for finding in findings:
            self.append(finding)


def in_text_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics by path and place; those of a file without a place come first."""
    return sorted(diagnostics, key=lambda d: (d.path or "", d.span.start if d.span else -1))


def gravest(diagnostics: Iterable[Diagnostic], count: int) -> list[Diagnostic]:
    """At most `count` of them, errors before warnings, in the order of their text."""
    ranks = {"error": 0, "warning": 1, "note": 2}
    found = in_text_order(diagnostics)
    return in_text_order(sorted(found, key=lambda d: ranks[d.severity])[:count])


def errors(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Those that make an input unusable."""
    return [d for d in diagnostics if d.severity == "error"]
