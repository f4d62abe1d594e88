"""Which findings a project wants to see, and how grave each is to it.

What the settings of a project say is applied here; comments in a text are `ignoring`'s. Imports
diagnostics only, so that no verb waits for it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from fnmatch import fnmatchcase

from milc.diagnostics import Diagnostic, Severity

Codes = tuple[str, ...]
"""Codes, or beginnings of codes: `MIL04` stands for all of its range."""

ABOUT_OPS = "MIL03"
"""The range of errors that can be silenced: a program that has one can be written and read."""


RAISED = ("MIL0413", "MIL0706")
"""Warnings that `milc verify --strict` makes errors of; no other error has these codes."""


def can_be_silenced(finding: Diagnostic) -> bool:
    """Whether a finding may be left out: all but errors, and errors about operations or on request.

    All other errors say that there is no program, or none that holds together.
    """
    return finding.severity != "error" or finding.code.startswith((ABOUT_OPS, *RAISED))


def silenced(finding: Diagnostic, writing: bool, by: str) -> list[Diagnostic]:
    """What is left of a finding that something (`by`) silences: nothing.

    But no file is written with an error in it and without a word, so where a file is about to be
    written (`writing`), an error becomes a warning.
    """
    if not writing or finding.severity != "error":
        return []
    finding.severity = "warning"
    finding.notes = (*finding.notes, f"an error that {by} silences; the model is written with it")
    return [finding]


class Choice:
    """What settings choose among the findings.

    `select` are the codes to report, all if it is None; `ignore` those to leave out, and
    `per_file` more of them by patterns of paths relative to the folder `root`. `severity` says how
    grave a code is; of several beginnings that fit, the longest counts.
    """

    __slots__ = ("ignore", "per_file", "root", "select", "severity")

    def __init__(
        self,
        select: Codes | None = None,
        ignore: Codes = (),
        severity: Mapping[str, Severity] | None = None,
        per_file: Mapping[str, Codes] | None = None,
        root: str = ".",
    ) -> None:
        self.select = select
        self.ignore = ignore
        self.severity = dict(severity or {})
        self.per_file = dict(per_file or {})
        self.root = root

    def of(self, found: list[Diagnostic], *, writing: bool = False) -> list[Diagnostic]:
        """The findings that remain, each as grave as it is to be.

        Errors that cannot be silenced stay as they are. With `writing`, other errors that would
        not remain become warnings.
        """
        return [left for finding in found for left in self._of(finding, writing)]

    def _of(self, finding: Diagnostic, writing: bool) -> list[Diagnostic]:
        if not can_be_silenced(finding):
            return [finding]
        if self._left_out(finding):
            return silenced(finding, writing, "a setting")
        fitting = [start for start in self.severity if finding.code.startswith(start)]
        if fitting:
            finding.severity = self.severity[max(fitting, key=len)]
        return [finding]

    def _left_out(self, finding: Diagnostic) -> bool:
        code = finding.code
        if self.select is not None and not code.startswith(self.select):
            return True
        return code.startswith((*self.ignore, *self._ignored_in(finding.path)))

    def _ignored_in(self, path: str | None) -> Codes:
        """The codes that are left out in one file."""
        if not self.per_file or path is None:
            return ()
        try:
            inside = os.path.relpath(path, self.root).replace(os.sep, "/")
        except ValueError:  # on another drive
            return ()
        groups = (codes for shape, codes in self.per_file.items() if fnmatchcase(inside, shape))
        return tuple(code for codes in groups for code in codes)
