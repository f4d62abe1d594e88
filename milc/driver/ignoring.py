"""Comments that silence findings: `// milc: ignore[MIL0413]`.

A comment counts for the statements of its line, or of the next line of code if it stands alone.
Statements and not lines, because `milc fmt` may break one into several lines. A text without such
a comment is searched for five characters, and that is all. Imports the grammar's patterns.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from itertools import islice

from milc.diagnostics import BoundedFindings, Diagnostic, Source, Span, in_text_order
from milc.diagnostics.prose import clip
from milc.driver.choosing import ABOUT_OPS, can_be_silenced, silenced
from milc.grammar import PATTERNS

MARK = "milc:"
"""What a comment for milc begins with."""

_piece = re.compile(rf"//[^\n]*+|{PATTERNS['STRING']}|`(?:[^`\\\n]|\\.)++`|[()\[\]{{}};]").finditer
_instruction = re.compile(r"//\s*(milc:\s*(?:ignore\s*\[([^\]\n]*)\](?!\S))?)").search
_code = re.compile(r"MIL\d{2,4}").fullmatch
_whole_code = re.compile(r"MIL\d{4}").fullmatch
_white = re.compile(r"(?:\s++|//[^\n]*+)*+").match


def silence(
    found: list[Diagnostic],
    source: Source | None,
    *,
    writing: bool = False,
    checked: bool = True,
    unchecked: Iterable[str] = (),
) -> list[Diagnostic]:
    """The findings without those that comments in `source` silence, in the order of the text.

    Where everything was `checked`, warnings come along about comments that silence nothing
    (MIL0801), unless of codes that begin like one of `unchecked`, and about those that are no
    instruction (MIL0802). `writing`: see `silenced`.
    """
    if source is None or MARK not in source.text:
        return found
    text = _Text(source)
    left = [kept for finding in found for kept in text.of(finding, writing)]
    if checked:
        left += text.faults
    if checked and _all_was_checked(found):
        left += text.unused(tuple(unchecked))
    return in_text_order(left)


class _Ignore:
    """A code that a comment names, the place where it does, and whether it has silenced one."""

    __slots__ = ("code", "span", "used")

    def __init__(self, code: str, span: Span) -> None:
        self.code = code
        self.span = span
        self.used = False


class _Text:
    """A text, its statements, and what comments in it silence.

    `ends` are the offsets at which statements and heads of blocks end; what lies between two of
    them is a part of the text, and `by_part` has the ignored codes of each by its number.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.ends: list[int] = []
        self.comments: list[int] = []
        self.faults = BoundedFindings()
        self.ignores: list[_Ignore] = []
        self.by_part: dict[int, list[_Ignore]] = defaultdict(list)
        for start, end in self._marked():
            self._comment(start, end)

    def of(self, finding: Diagnostic, writing: bool) -> list[Diagnostic]:
        """What is left of a finding."""
        for ignore in self._about(finding):
            if not finding.code.startswith(ignore.code):
                continue
            ignore.used = True
            line, _ = self.source.position(ignore.span.start)
            if can_be_silenced(finding):
                return silenced(finding, writing, f"the comment in line {line}")
            note = f"this error cannot be silenced, as the comment in line {line} wants"
            finding.notes = (*finding.notes, note)
        return [finding]

    def unused(self, unchecked: tuple[str, ...]) -> list[Diagnostic]:
        """A warning for each code that silenced nothing."""
        useless = (
            ignore
            for ignore in self.ignores
            if not ignore.used
            and not any(u.startswith(ignore.code) or ignore.code.startswith(u) for u in unchecked)
        )
        return [_unused(ignore) for ignore in islice(useless, BoundedFindings.MOST)]

    def _about(self, finding: Diagnostic) -> list[_Ignore]:
        span = finding.span
        if span is None or span.source is not self.source:
            return []
        return self.by_part.get(bisect_right(self.ends, span.start), [])

    def _marked(self) -> list[tuple[int, int]]:
        """The comments that hold the mark; finds where statements end on the way."""
        depth, marked = 0, []
        for piece in _piece(self.source.text):
            first = piece[0][0]
            if first == "/":
                self.comments.append(piece.start())
                marked += [piece.span()] if MARK in piece[0] else []
            elif first in "([":
                depth += 1
            elif first in ")]":
                depth = max(depth - 1, 0)
            elif first == ";" or (first in "{}" and not depth):
                # A semicolon ends a statement even where a bracket was forgotten.
                self.ends.append(piece.end())
                depth = 0
        return marked

    def _comment(self, start: int, end: int) -> None:
        """Take one comment."""
        found = _instruction(self.source.text, start, end)
        if found is None:
            return
        if found[2] is None:
            said = clip(self.source.text[found.start(1) : end].rstrip(), 40)
            self._fault(found.start(1), end, f"`{said}` is no instruction to milc")
            return
        ignores = list(self._codes(found[2], found.start(2)))
        self.ignores += ignores
        for part in self._parts(start, end):
            self.by_part[part] += ignores

    def _codes(self, held: str, at: int) -> Iterable[_Ignore]:
        for piece in held.split(","):
            code = piece.strip()
            start = at + len(piece) - len(piece.lstrip())
            at += len(piece) + 1
            if _code(code):
                yield _Ignore(code, Span(self.source, start, start + len(code)))
            else:
                what = f"`{code}` is no code" if code else "no code"
                self._fault(start, start + len(code), f"{what}, where one to ignore is wanted")

    def _fault(self, start: int, end: int, message: str) -> None:
        span = Span(self.source, start, end)
        help = "write `// milc: ignore[MIL0413]`, with the codes separated by commas"
        self.faults.append(Diagnostic("MIL0802", message, span, severity="warning", help=help))

    def _parts(self, start: int, end: int) -> range:
        """The numbers of the parts that a comment is about: those with code on one line."""
        text = self.source.text
        number, _ = self.source.position(start)
        low, _ = self.source.bounds(number)
        if not text[low:start].strip():
            white = _white(text, end)
            start = white.end() if white else end
            if start == len(text):
                return range(0)
            number, _ = self.source.position(start)
            low, _ = self.source.bounds(number)
        code = text[low : self._code_end(number)]
        first, last = low + len(code) - len(code.lstrip()), low + len(code.rstrip())
        return range(bisect_right(self.ends, first), bisect_right(self.ends, last - 1) + 1)

    def _code_end(self, number: int) -> int:
        """Where the code of a line ends: at its comment, or with the line."""
        low, high = self.source.bounds(number)
        place = bisect_right(self.comments, low - 1)
        return min([high, *self.comments[place : place + 1]])


def _unused(ignore: _Ignore) -> Diagnostic:
    from milc.diagnostics.catalog import lookup

    known = not _whole_code(ignore.code) or lookup(ignore.code) is not None
    what = "silences nothing" if known else "is a code that there is not, and silences nothing"
    return Diagnostic(
        "MIL0801",
        f"`{ignore.code}` {what}",
        ignore.span,
        severity="warning",
        help="remove it from the comment" if known else "`milc explain` lists the codes",
    )


def _all_was_checked(found: list[Diagnostic]) -> bool:
    """Whether no error and no limit kept anything from being checked and reported."""
    broken = any(f.severity == "error" and not f.code.startswith(ABOUT_OPS) for f in found)
    return not broken and len(found) < BoundedFindings.MOST
