"""Words for people: text made safe to show, wrapped, and counted. Imports nothing heavier than
`Diagnostic`, so that the forms for machines can be written without rich.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from milc.diagnostics.diagnostic import Diagnostic

TAB = "    "


def visible(text: str, ascii: bool = False) -> str:
    """`text` on one line, with a sign in place of each character that shows nothing.

    Names in a model may hold escape sequences, line breaks or right-to-left marks, which a terminal
    would obey. With `ascii`, all that is not ASCII becomes a sign too.
    """
    if text.isprintable() and (not ascii or text.isascii()):
        return text
    return "".join([_sign(char, ascii) for char in text])


def _sign(char: str, ascii: bool) -> str:
    code = ord(char)
    if char.isprintable() and (code < 128 or not ascii):
        return char
    if char == "\t":
        return TAB
    if code < 32 and not ascii:
        return chr(0x2400 + code)  # the control pictures: one cell each, `␛` for escape
    return f"<U+{code:04X}>"


def clip(text: str, limit: int = 2000) -> str:
    """`text`, or its beginning where a name or value quoted in it has no sane length."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def wrap(text: str, width: int, cells: Callable[[str], int] = len) -> list[str]:
    """`text` in lines of at most `width` cells where its words allow; its own breaks are kept.

    A line keeps its indentation, and what is wrapped of it gets the same.
    """
    return [piece for line in text.split("\n") for piece in _wrapped(line, width, cells)]


def _wrapped(line: str, width: int, cells: Callable[[str], int]) -> list[str]:
    words = line.lstrip(" ").split(" ")
    indent = line[: len(line) - len(line.lstrip(" "))]
    rows, row = [], indent + words[0]
    for word in words[1:]:
        if cells(row) + 1 + cells(word) <= width:
            row += " " + word
        else:
            rows.append(row)
            row = indent + word
    return [*rows, row]


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """What was found, counted: `3 errors, 1 warning in 2 files`; empty if nothing was."""
    found = list(diagnostics)
    severities = Counter(diagnostic.severity for diagnostic in found)
    kinds = [many(n, kind) for kind in ("error", "warning", "note") if (n := severities[kind])]
    files = len({diagnostic.path for diagnostic in found} - {None})
    return ", ".join(kinds) + (f" in {many(files, 'file')}" if files else "")


def many(count: int, noun: str) -> str:
    """`1 file`, `2 files`, `12,000 files`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like this one, if one is like it. Slow: for what is wrong."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, list(known), 1)), None) if len(word) < 60 else None


def evident(word: str, known: Iterable[str]) -> str | None:
    """The known word that this one can only be a slip of: none other is nearly as like."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(known), 2, 0.7) if len(word) < 60 else []
    return near[0] if len(near) == 1 else None
