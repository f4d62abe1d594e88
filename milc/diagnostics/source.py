"""A source text and places in it. Imports nothing of milc."""

from __future__ import annotations

from bisect import bisect_right


class Source:
    """A text with the name that diagnostics call it by.

    `path` is for people (a file's path as the user gave it, `<stdin>`, or a package whose printed
    text this is); `text` holds the characters that spans count in.
    """

    __slots__ = ("_starts", "path", "text")

    def __init__(self, text: str, path: str = "<text>") -> None:
        self.text = text
        self.path = path
        self._starts: list[int] | None = None

    @property
    def starts(self) -> list[int]:
        """The offset at which each line begins; found when first asked for."""
        if self._starts is None:
            starts, at, find = [0], 0, self.text.find
            while (at := find("\n", at) + 1) > 0:
                starts.append(at)
            self._starts = starts
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of `offset`, both counted from 1; columns count characters."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def bounds(self, number: int) -> tuple[int, int]:
        """Where line `number` (from 1) begins, and where it ends without its line break."""
        starts, text = self.starts, self.text
        low = starts[number - 1]
        high = starts[number] - 1 if number < len(starts) else len(text)
        return low, high - (high > low and text[high - 1] == "\r")

    def line(self, number: int) -> str:
        """The text of line `number` (from 1), without its line break."""
        low, high = self.bounds(number)
        return self.text[low:high]

    def __repr__(self) -> str:
        return f"Source({self.path!r}, {len(self.text)} characters)"


class Span:
    """The characters `start` up to, not including, `end` of a source."""

    __slots__ = ("_length", "source", "start")

    def __init__(self, source: Source, start: int, end: int) -> None:
        self.source = source
        self.start = start
        # Most lengths are small integers, of which Python has one each: a text has as many spans
        # as operations and values.
        self._length = end - start

    @property
    def end(self) -> int:
        """The offset behind the last character."""
        return self.start + self._length

    @property
    def text(self) -> str:
        """The characters covered."""
        return self.source.text[self.start : self.end]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Span)
            and self.source is other.source
            and (self.start, self.end) == (other.start, other.end)
        )

    def __hash__(self) -> int:
        return hash((self.start, self.end))

    def __repr__(self) -> str:
        line, column = self.source.position(self.start)
        return f"{self.source.path}:{line}:{column}"
