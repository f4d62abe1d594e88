"""Diagnostics for people: source lines, carets, notes and help, in colour on a terminal.

Outside of the command line the only module that imports rich, which costs 40 ms: import this one
when there is something to show, never before. What is written depends on the diagnostics and the
width alone; colour adds escape sequences and changes no character.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Literal, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from milc.diagnostics.catalog.apple import Message
from milc.diagnostics.catalog.entry import Entry
from milc.diagnostics.diagnostic import Diagnostic, gravest, in_text_order
from milc.diagnostics.explain import explained
from milc.diagnostics.prose import clip, summary, wrap
from milc.diagnostics.snippet import Mark, Row, Snippet, mark
from milc.diagnostics.source import Source
from milc.diagnostics.view import Page

PLAIN_WIDTH = 100
"""Columns where the output is no terminal and `COLUMNS` is not set."""
NARROWEST, WIDEST_PROSE = 40, 100
MOST_LABELS = 12
"""Labels of one diagnostic that are shown besides its own."""

STYLES = {
    "error": "bold red",
    "warning": "bold yellow",
    "note": "bold green",
    "message": "bold",
    "gutter": "bright_blue",
    "other": "bright_blue",
    "cut": "dim",
    "key": "bold",
    "help": "bold cyan",
    "faint": "dim",
    "heading": "bold",
    "code": "cyan",
}
"""How rich is to show each style that rows name; `main` is that of the severity."""


def console(
    stream: TextIO, width: int | None = None, color: Literal["auto", "always", "never"] = "auto"
) -> Console:
    """A console on `stream` as milc uses it.

    With `auto`, colour goes to terminals alone; `NO_COLOR`, if not empty, turns it off everywhere,
    else `FORCE_COLOR`, unless empty or 0, turns it on (https://no-color.org,
    https://force-color.org).
    """
    is_terminal = stream.isatty()
    colour = is_terminal or os.environ.get("FORCE_COLOR", "0") not in ("", "0")
    colour = colour and not os.environ.get("NO_COLOR")
    if color != "auto":
        colour = color == "always"
    if width is None and not is_terminal:
        columns = os.environ.get("COLUMNS", "")
        width = int(columns) if columns.isdecimal() else PLAIN_WIDTH
    return Console(
        file=stream,
        width=width,
        force_terminal=colour,
        force_jupyter=False,
        color_system="auto" if colour else None,
        no_color=not colour,
        highlight=False,
        markup=False,
        emoji=False,
    )


def render(
    diagnostics: Iterable[Diagnostic],
    to: Console | TextIO,
    *,
    max: int | None = None,
    with_summary: bool = True,
) -> None:
    """Show diagnostics in the order of their text, and what they add up to.

    Of more than `max` those are shown that matter most.
    """
    found = in_text_order(diagnostics)
    if not found:
        return
    out = to if isinstance(to, Console) else console(to)
    page = _page(out)
    shown = found if max is None or len(found) <= max else gravest(found, max)
    for diagnostic in shown:
        _print(out, diagnostic.severity, [*rows(diagnostic, page), []])
    if with_summary:
        are = "is" if max == 1 else "are"
        hidden = f"; {max:,} of them {are} shown" if len(shown) < len(found) else ""
        _print(out, found[0].severity, [[(summary(found) + hidden, "key")], _pointer(found)])


def as_text(diagnostics: Iterable[Diagnostic], width: int = PLAIN_WIDTH) -> str:
    """What `render` shows, without colour."""
    stream = StringIO()
    render(diagnostics, Console(file=stream, width=width, color_system=None, force_terminal=False))
    return stream.getvalue()


def render_entry(entry: Entry | Message, to: Console | TextIO) -> None:
    """Show what the catalog says about a code, or about a message of Apple's."""
    out = to if isinstance(to, Console) else console(to)
    page = _page(out)
    lines = explained(entry, min(page.width, WIDEST_PROSE))
    _print(out, "note", [[(page.shown(line), style)] for line, style in lines])


def rows(found: Diagnostic, page: Page) -> Iterator[Row]:
    """The rows of one diagnostic, of which only headline and paths may be wider than the page."""
    head = f"{found.severity}[{found.code}]"
    yield [(head, "main"), (": " + page.shown(clip(found.message)), "message")]
    marks: dict[Source, list[Mark]] = {}
    if found.span:
        marks[found.span.source] = [mark(found.span, page.shown(found.label), "main")]
    for label in found.labels[:MOST_LABELS]:
        one = mark(label.span, page.shown(label.text), "other")
        marks.setdefault(label.span.source, []).append(one)
    digits = len(str(max((one.last for group in marks.values() for one in group), default=0)))
    if found.path and not found.span:
        yield _arrow("-->", page.shown(found.path), digits)
    for source, group in marks.items():
        line, column = source.position(group[0].start)
        arrow = "-->" if group[0].style == "main" else ":::"
        yield _arrow(arrow, f"{page.shown(source.path)}:{line}:{column}", digits)
        yield from Snippet(source, group, page, digits).rows()
    yield from _remarks(found, page, digits, bool(marks))


def _arrow(arrow: str, place: str, digits: int) -> Row:
    return [(f"{'':{digits}} {arrow} ", "gutter"), (place, "")]


def _remarks(found: Diagnostic, page: Page, digits: int, after_snippet: bool) -> Iterator[Row]:
    remarks = [("note", "key", note) for note in found.notes]
    remarks += [("help", "help", found.help)] if found.help else []
    if remarks and after_snippet:
        yield [(f"{'':{digits}}  |", "gutter")]
    for word, style, text in remarks:
        head = f"{'':{digits}}  = "
        room = min(page.width, WIDEST_PROSE) - len(head) - len(word) - 2
        safe = "\n".join(page.shown(line) for line in clip(text).split("\n"))
        for i, line in enumerate(wrap(safe, room, page.cells)):
            first: Row = [(head, "gutter"), (word, style), (": ", "")]
            yield [*(first if i == 0 else [(" " * (len(head) + len(word) + 2), "")]), (line, "")]


def _pointer(found: list[Diagnostic]) -> Row:
    codes = {diagnostic.code for diagnostic in found}
    if len(codes) == 1:
        return [(f"`milc explain {codes.pop()}` tells more", "faint")]
    return [("`milc explain CODE` tells more about each code", "faint")]


def _page(out: Console) -> Page:
    width = max(out.width, NARROWEST)
    return Page(width, cell_len, ascii=not out.encoding.startswith("utf"))


def _print(out: Console, severity: str, lines: Iterable[Row]) -> None:
    """Print rows, which end without blanks, all at once."""
    text = Text()
    for row in lines:
        line = Text()
        for piece, style in row:
            line.append(piece, STYLES.get(severity if style == "main" else style))
        line.rstrip()
        text.append_text(line).append("\n")
    out.print(text, soft_wrap=True, end="")
