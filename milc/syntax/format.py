"""`milc fmt`: a text in the house style, proven to mean what it meant.

Formatting parses the text, lays it out, parses what came out, compares the two programs and
their comments, and formats again to see that nothing moves any more.
"""

from __future__ import annotations

import re

from milc.diagnostics import Diagnostic, MilError, Source, errors
from milc.grammar import PATTERNS
from milc.ir.compare import difference
from milc.ir.nodes import Program
from milc.syntax.layout import house_style
from milc.syntax.parse import read
from milc.syntax.print import Style, to_text

_comment_or_string = re.compile(rf"//([^\n]*)|{PATTERNS['STRING']}|`(?:[^`\\\n]|\\.)+`").finditer


def format_text(text: str, path: str = "<text>", style: Style = "milc") -> str:
    """The text in a style. `coremlc` sorts arguments and drops comments; `milc` keeps both.

    Raises MilError if the text does not parse, or if the result failed its proof (MIL0021), in
    which case milc has a fault and the text is best left as it is.
    """
    text = text.removeprefix("\ufeff")
    source = Source(text, path)
    before = _parsed(source)
    if style == "coremlc":
        formatted = to_text(before, "coremlc")
        again = to_text(_parsed(Source(formatted, path)), "coremlc")
    else:
        formatted = house_style(text)
        if formatted == text:
            return formatted
        again = house_style(formatted)
    found = _difference(before, _parsed(Source(formatted, path)), style)
    if found is None and style == "milc" and comments(text) != comments(formatted):
        found = "a comment changed"
    if found is None and again != formatted:
        found = "formatting the result again changes it"
    if found is not None:
        raise MilError(
            Diagnostic(
                "MIL0021",
                f"the formatted text would not mean the same: {found}",
                path=path,
                help="this is a fault in milc, and the file was left as it is; please report it",
            )
        )
    return formatted


def comments(text: str) -> list[str]:
    """The comments of a text in order, without trailing blanks."""
    found = (match[1] for match in _comment_or_string(text))
    return [comment.rstrip() for comment in found if comment is not None]


def _parsed(source: Source) -> Program:
    program, diagnostics = read(source)
    if errors(diagnostics):
        raise MilError(diagnostics)
    return program


def _difference(before: Program, after: Program, style: Style) -> str | None:
    found = difference(before, after, order=style == "milc", wire=False)
    return None if found is None else str(found)
