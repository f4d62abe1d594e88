"""Source lines with marks and labels beneath, as rows of styled pieces.

Knows no terminal: `render` turns the names of styles into colours. Imports nothing but its
neighbours in this room, and no rich.

One line with two marks, the last labelled on the row of the marks, the other below it:

     12 |  tensor<int32, [2]> strides = const()[val = tensor<int32, [2]>([1, 1, 1])];
        |                ---                                             ^^^^^^^^^ three elements
        |                |
        |                two are declared

A mark over several lines has a rail at the left, one further to the right for each such mark:

      3 |       x = add(
        |  _________^
      4 | |         y = z,
      5 | |     );
        | |_____^ never closed
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from milc.diagnostics.prose import wrap
from milc.diagnostics.source import Source, Span
from milc.diagnostics.view import Page, Part, View

Piece = tuple[str, str]
"""Text and the name of its style: `gutter`, `main`, `other`, `cut`, or empty for plain."""
Row = list[Piece]

KEPT_INDENT = 4
NARROWEST_LABEL = 24


class Mark(NamedTuple):
    """A place to underline: offsets, the lines they are on, a label, and `main` or `other`."""

    start: int
    end: int
    first: int
    last: int
    text: str
    style: str

    @property
    def sign(self) -> str:
        """What it is underlined with."""
        return "^" if self.style == "main" else "-"


def mark(span: Span, text: str, style: str) -> Mark:
    """The mark of a span, which is brought inside its source and leaves out a last line break."""
    source, size = span.source, len(span.source.text)
    start = min(max(span.start, 0), size)
    end = min(max(span.end, start), size)
    if end > start and source.text[end - 1] == "\n":
        end -= 1
    first, _ = source.position(start)
    last, _ = source.position(end - 1 if end > start else start)
    return Mark(start, end, first, last, text, style)


class Strip:
    """One row under construction, written at any column."""

    def __init__(self, cells: Callable[[str], int]) -> None:
        self.cells = cells
        self.at: Row = []

    def put(self, column: int, text: str, style: str = "") -> int:
        """Write `text`, of which no part may be written over; gives the column behind it."""
        wide = self.cells(text)
        self.at += [(" ", "")] * (column + wide - len(self.at))
        if wide:
            self.at[column : column + wide] = [(text, style)] + [("", style)] * (wide - 1)
        return column + wide

    def line(self, column: int, sign: str, count: int, style: str) -> None:
        """Write `sign` `count` times, each of which may be written over."""
        for i in range(count):
            self.put(column + i, sign, style)

    def row(self) -> Row:
        """What was written, neighbours of one style joined."""
        joined: Row = []
        for text, style in self.at:
            if joined and joined[-1][1] == style:
                joined[-1] = (joined[-1][0] + text, style)
            else:
                joined.append((text, style))
        return joined


class Snippet:
    """The lines of one source that hold `marks`, with line numbers of `digits` digits."""

    def __init__(self, source: Source, marks: Iterable[Mark], page: Page, digits: int) -> None:
        self.source = source
        self.page = page
        self.digits = digits
        self.marks = sorted(set(marks))
        self.long = [mark for mark in self.marks if mark.last > mark.first]
        self.margin = 2 * len(self.long)
        self.width = page.width - digits - 4 - self.margin
        self.open: list[Mark] = []
        self.lines = {number: source.bounds(number) for number in self._numbers()}
        if any(high - low > self.width for low, high in self.lines.values()):
            self._dedent()

    def rows(self) -> Iterator[Row]:
        """All rows, the first an empty one."""
        yield self._row("", Strip(self.page.cells))
        before = None
        for number in self.lines:
            if before and number > before + 1:
                yield self._row("...", self._strip())
            yield from self._line(number)
            before = number

    def _numbers(self) -> list[int]:
        """The lines to show; a gap of one line is filled, as `...` would take as much room."""
        ends = {number for mark in self.marks for number in (mark.first, mark.last)}
        ends |= {mark.first + 1 for mark in self.long}
        return sorted(ends | {number + 1 for number in ends if number + 2 in ends})

    def _dedent(self) -> None:
        """Leave out indentation common to all lines: the compiler writes twelve blanks."""
        marked = {mark.first: mark.start for mark in reversed(self.marks)}
        text, blanks = self.source.text, []
        for number, (low, high) in self.lines.items():
            start = text[low : min(high, low + self.width)]
            if start.strip():
                blank = len(start) - len(start.lstrip(" "))
                blanks.append(min(blank, marked.get(number, high) - low))
        drop = max(min(blanks, default=0) - KEPT_INDENT, 0)
        self.lines = {n: (min(low + drop, high), high) for n, (low, high) in self.lines.items()}

    def _row(self, head: str, strip: Strip) -> Row:
        if head == "...":
            return [(f"{head:{self.digits + 4}}", "gutter"), *strip.row()]
        return [(f" {head:>{self.digits}} | ", "gutter"), *strip.row()]

    def _strip(self) -> Strip:
        """A row that holds the rails of the marks now open."""
        strip = Strip(self.page.cells)
        for mark in self.open:
            strip.put(self._rail(mark), "|", mark.style)
        return strip

    def _rail(self, mark: Mark) -> int:
        return 2 * self.long.index(mark)

    def _line(self, number: int) -> Iterator[Row]:
        single = [mark for mark in self.marks if mark.first == number == mark.last]
        begun = [mark for mark in self.long if mark.first == number]
        ended = [mark for mark in self.long if mark.last == number]
        view = self._view(number, single, begun, ended)
        yield self._row(str(number), self._text(view, begun))
        for strip in self._underlined(view, single):
            yield self._row("", strip)
        for mark in begun:
            if mark not in self.open:
                yield self._row("", self._bend(view, mark, mark.start))
                self.open.append(mark)
        for mark in ended:
            yield self._row("", self._bend(view, mark, mark.end - 1))
            self.open.remove(mark)
            if not self._is_short(mark.text):
                for strip in self._written(mark, self.margin + view.column(mark.end - 1)):
                    yield self._row("", strip)

    def _view(self, number: int, single: list[Mark], begun: list[Mark], ended: list[Mark]) -> View:
        needs = [(mark.style, mark.start, mark.end) for mark in single]
        needs += [(mark.style, mark.start, mark.start + 1) for mark in begun]
        needs += [(mark.style, mark.end - 1, mark.end) for mark in ended]
        # The main mark comes first: where a line has very many, it is the others that are cut.
        parts: list[Part] = [
            (start, end) for _, start, end in sorted(needs)[: max(self.width // 12, 1)]
        ]
        last = max((end for _, end in parts), default=0)
        inline = [m for m in (self._inline(single), *ended) if m and self._is_short(m.text)]
        # An empty mark has a sign too, which takes a cell of the tail.
        tails = [1 + (m.start == m.end) + self.page.cells(m.text) for m in inline]
        tails += [m.start - last + self.page.cells(m.text) for m in single if m not in inline]
        tail = min(max(tails, default=0), self.width // 2)
        return View(
            self.page,
            self.source.text,
            self.lines[number],
            self.width,
            parts,
            max(tail, bool(parts)),
        )

    def _text(self, view: View, begun: list[Mark]) -> Strip:
        """The source itself. A mark that begins a line has its rail begin there and then."""
        strip = self._strip()
        for mark in begun:
            before = mark.start - view.low
            if before < self.width and not view.text[view.low : mark.start].strip():
                strip.put(self._rail(mark), "/", mark.style)
                self.open.append(mark)
        column = self.margin
        for text, is_cut in view.pieces():
            column = strip.put(column, text, "cut" if is_cut else "")
        return strip

    def _bend(self, view: View, mark: Mark, offset: int) -> Strip:
        """The row on which the rail of `mark` turns to the character at `offset`."""
        column, rail = self.margin + view.column(offset), self._rail(mark)
        strip = Strip(self.page.cells)
        strip.line(rail + 1, "_", column - rail - 1, mark.style)
        for mark_open in self.open:
            strip.put(self._rail(mark_open), "|", mark_open.style)
        strip.put(column, mark.sign, mark.style)
        if mark in self.open and self._is_short(mark.text):
            strip.put(column + 2, mark.text, mark.style)
        return strip

    def _is_short(self, text: str) -> bool:
        """Whether a label may stand beside its mark; longer ones are wrapped below it."""
        return self.page.cells(text) < self.width // 2

    def _inline(self, marks: list[Mark]) -> Mark | None:
        """The mark whose label stands on the row of the marks: the last, if its label is short."""
        last = max(marks, key=lambda mark: (mark.end, mark.start), default=None)
        return last if last and last.text and self._is_short(last.text) else None

    def _underlined(self, view: View, marks: list[Mark]) -> Iterator[Strip]:
        if not marks:
            return
        strip, at = self._strip(), {}
        for mark in sorted(marks, key=lambda mark: mark.style == "main"):
            at[mark] = self.margin + view.column(mark.start)
            count = self.margin + view.column(mark.end) - at[mark]
            strip.line(at[mark], mark.sign, max(count, 1), mark.style)
        inline = self._inline(marks)
        if inline:
            strip.put(len(strip.at) + 1, inline.text, inline.style)
        yield strip
        yield from self._hung([m for m in marks if m.text and m is not inline], at)

    def _hung(self, marks: list[Mark], at: dict[Mark, int]) -> Iterator[Strip]:
        """The rows of labels that stand below their marks, the rightmost first."""
        if marks and len(at) > 1:
            yield self._strings((m, at[m]) for m in marks)
        while marks:
            mark = marks.pop()
            yield from self._written(mark, at[mark], [(m, at[m]) for m in marks])

    def _written(
        self, mark: Mark, column: int, strings: Iterable[tuple[Mark, int]] = ()
    ) -> Iterator[Strip]:
        """The label of `mark` in rows, at `column` if there is room."""
        column = min(column, max(self.margin + self.width - NARROWEST_LABEL, self.margin))
        for text in wrap(mark.text, self.margin + self.width - column, self.page.cells):
            strip = self._strings((m, at) for m, at in strings if at < column)
            strip.put(column, text, mark.style)
            yield strip

    def _strings(self, marks: Iterable[tuple[Mark, int]]) -> Strip:
        strip = self._strip()
        for mark, column in marks:
            strip.put(column, "|", mark.style)
        return strip
