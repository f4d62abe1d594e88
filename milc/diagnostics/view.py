"""Which part of a source line is shown, and where its characters then stand.

A line may be all of a file's 100 MB, so only what fits the width is ever taken out of it. Imports
nothing but `prose`; how many cells a text takes is asked of the function `cells`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from milc.diagnostics.prose import visible

Part = tuple[int, int]
"""Offsets at which a stretch of the source begins and ends."""


class Page(NamedTuple):
    """What is written on: its width in cells, how cells are counted, and whether it is ASCII."""

    width: int
    cells: Callable[[str], int]
    ascii: bool = False

    @property
    def cut(self) -> str:
        """The sign for source that is left out."""
        return "..." if self.ascii else "…"

    def shown(self, text: str) -> str:
        """`text` as this page can show it."""
        return visible(text, self.ascii)


class View:
    """The line at `line` in at most `width` cells.

    Shown are `needs`, which are cut where they are too long, and what is around them. `tail` cells
    to the right of the last need stay free for a label below; the line may run on there.
    """

    def __init__(
        self, page: Page, text: str, line: Part, width: int, needs: Iterable[Part], tail: int
    ) -> None:
        self.page = page
        self.text = text
        self.low, self.high = line
        self.parts = self._choose([(a, min(b, self.high)) for a, b in sorted(needs)], width, tail)

    def cells(self, start: int, end: int) -> int:
        """How wide the characters from `start` up to `end` are."""
        return self.page.cells(self.page.shown(self.text[start:end]))

    def pieces(self) -> Iterator[tuple[str, bool]]:
        """What is shown, in order: text, and whether it stands for something left out."""
        at = self.low
        for start, end in self.parts:
            if start > at:
                yield self.page.cut, True
            yield self.page.shown(self.text[start:end]), False
            at = end
        if self.high > at:
            yield self.page.cut, True

    def column(self, offset: int) -> int:
        """The cell at which the character at `offset` stands, from 0.

        One that is left out stands behind the sign for that.
        """
        at, column, cut = self.low, 0, len(self.page.cut)
        for start, end in self.parts:
            column += cut if start > at else 0
            if offset <= end:
                return column + (self.cells(start, offset) if offset > start else 0)
            column += self.cells(start, end)
            at = end
        return column + (cut if self.high > at else 0)

    def _choose(self, needs: list[Part], width: int, tail: int) -> list[Part]:
        if whole := self._from_start(needs[-1][1] if needs else self.low, width, tail):
            return [whole]
        parts = self._needed(needs or [(self.low, self.low)], width - tail)
        room = width - tail - sum(self.cells(*part) for part in parts)
        room -= (len(parts) + 1) * len(self.page.cut)
        start, end = parts[-1]
        if not needs or end >= needs[-1][1]:
            parts[-1] = (start, self._prefix(end, self.high, tail - 1))
        before: list[Part] = []
        while room > 0 and parts != before:
            before = parts.copy()
            room -= self._grow(parts, room)
        return parts

    def _from_start(self, last: int, width: int, tail: int) -> Part | None:
        """The line from its beginning, unless that leaves out what is needed."""
        end = self._prefix(self.low, self.high, width)
        if end < self.high:
            end = self._prefix(self.low, self.high, width - len(self.page.cut))
        fits = last <= end and self.cells(self.low, last) + tail <= width
        return (self.low, end) if fits else None

    def _needed(self, needs: list[Part], width: int) -> list[Part]:
        """The needs, each cut to its share of `width`, those that touch joined."""
        cut = len(self.page.cut)
        share = max(width // len(needs) - 2 * cut, 1)
        parts: list[Part] = []
        for start, end in needs:
            end = self._prefix(start, end, share)
            if parts and start <= parts[-1][1] + cut:
                parts[-1] = (parts[-1][0], max(end, parts[-1][1]))
            else:
                parts.append((start, end))
        return parts

    def _prefix(self, start: int, end: int, width: int) -> int:
        """The end of what begins at `start`, goes no further than `end`, and fits `width`."""
        end = min(end, self.high, start + max(width, 0))
        while end > start and self.cells(start, end) > width:
            end -= 1
        return max(end, start)

    def _grow(self, parts: list[Part], room: int) -> int:
        """Add a character on either side of every part while there is room; tell how many cells."""
        added = 0
        for i, (start, end) in enumerate(parts):
            left = parts[i - 1][1] if i else self.low
            right = parts[i + 1][0] if i + 1 < len(parts) else self.high
            if start > left and (cost := self.cells(start - 1, start)) <= room - added:
                start, added = start - 1, added + cost
            if end < right and (cost := self.cells(end, end + 1)) <= room - added:
                end, added = end + 1, added + cost
            parts[i] = (start, end)
        return added
