"""`milc fmt`: a text in the house style, proven to mean what it meant.

Formatting parses the text, lays it out, parses what came out, compares the two programs and
their comments, and formats again to see that nothing moves any more.
"""

from __future__ import annotations

import re

from milc.diagnostics import Diagnostic, MilError
from milc.grammar import PATTERNS
from milc.ir.compare import difference
from milc.ir.nodes import Program
from milc.syntax.layout import house_style
from milc.syntax.parse import parse
from milc.syntax.print import Style, to_text

_comment_or_string = re.compile(rf"//([^\n]*)|{PATTERNS['STRING']}|`(?:[^`\\\n]|\\.)+`").finditer


def format_text(text: str, path: str = "<text>", style: Style = "milc") -> str:
    """The text in a style. `coremlc` sorts arguments and drops comments; `milc` keeps both.

    Raises MilError if the text does not parse, or if the result failed its proof (MIL0021), in
    which case milc has a fault and the text is best left as it is.
    """
    text = text.removeprefix("\ufeff")
    before = parse(text, path)
    formatted = house_style(text) if style == "milc" else to_text(before, style)
    fault = None if formatted == text else _fault(text, before, formatted, style)
    if fault is not None:
        raise MilError(
            Diagnostic(
                "MIL0021",
                f"the formatted text would not mean the same: {fault}",
                path=path,
                help="this is a fault in milc, and the file was left as it is; please report it",
            )
        )
    return formatted


def _fault(text: str, before: Program, formatted: str, style: Style) -> str | None:
    """What is wrong with the result of formatting, in words; None if it stands its proof."""
    try:
        after = parse(formatted)
    except MilError as error:
        return f"it does not parse: {error.diagnostics[0].message}"
    found = difference(before, after, order=style == "milc", wire=False)
    if found is not None:
        return str(found)
    if style == "milc" and comments(text) != comments(formatted):
        return "a comment changed"
    again = house_style(formatted) if style == "milc" else to_text(after, style)
    return None if again == formatted else "formatting the result again changes it"


def comments(text: str) -> list[str]:
    """The comments of a text in order, without trailing blanks."""
    found = (match[1] for match in _comment_or_string(text))
    return [comment.rstrip() for comment in found if comment is not None]
