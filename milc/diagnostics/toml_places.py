"""TOML as people write it: read, and where its keys and values stand, which tomllib does not tell.

`Places` is for a text that tomllib has read, so only as much of the language is known there as
places need. Imports tomllib when there is something to read.
"""

from __future__ import annotations

import re
from typing import Any

from milc.diagnostics.diagnostic import Diagnostic, MilError
from milc.diagnostics.source import Source, Span

Path = tuple[str | int, ...]
"""The keys that lead to a value, and the places within arrays."""

_token = re.compile(
    r"""(?P<gap>[ \t\r]+|\#[^\n]*)|"{3}(?:[^\\]|\\.)*?"{3,5}|'{3}.*?'{3,5}"""
    r"""|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[\[\]{}=,.\n]|[^\s\[\]{}=,.\#"']+|.""",
    re.S,
).finditer

_at = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.S).fullmatch

Token = tuple[str, int, int]


def parse(source: Source, code: str) -> dict[str, Any]:
    """The table that a text is. Raises MilError with this code, in its place."""
    import tomllib

    try:
        return tomllib.loads(source.text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        said = _at(str(error))
        at = len(source.text)
        if said and said[2]:
            at = min(source.bounds(int(said[2]))[0] + int(said[3]) - 1, at)
        message = said[1] if said else str(error)
        message = f"no TOML: {message[:1].lower()}{message[1:]}"
        span = Span(source, at, min(at + 1, len(source.text)))
        raise MilError(Diagnostic(code, message, span)) from None


class Places:
    """The places of a text, each by the path that leads to it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.keys: dict[Path, tuple[int, int]] = {}
        self.values: dict[Path, tuple[int, int]] = {}
        matches = (match for match in _token(source.text) if match["gap"] is None)
        self.tokens: list[Token] = [(match[0], match.start(), match.end()) for match in matches]
        self.tokens.append(("", len(source.text), len(source.text)))
        self.at = 0
        self._document()

    def span(self, path: Path, key: bool) -> Span | None:
        """Where the key at `path` stands, or its value; where that is not known, what holds it."""
        for end in range(len(path), 0, -1):
            part = path[:end]
            held = (self.keys if key else self.values).get(part) or self.keys.get(part)
            if held is not None:
                return Span(self.source, *held)
        return None

    @property
    def _next(self) -> str:
        return self.tokens[self.at][0]

    def _take(self) -> Token:
        token = self.tokens[self.at]
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def _document(self) -> None:
        top: Path = ()
        while self._next:
            if self._next == "[":
                while self._next == "[":
                    self._take()
                top = self._keys(())
                self._skip("]")
            elif self._next == "\n":
                self._take()
            else:
                self._pair(top)

    def _keys(self, top: Path) -> Path:
        """A key, dotted or not, below `top`; each part's place is kept, the first time it comes."""
        while True:
            text, start, end = self._take()
            top = (*top, _unquoted(text))
            self.keys.setdefault(top, (start, end))
            if self._next != ".":
                return top
            self._take()

    def _pair(self, top: Path) -> None:
        path = self._keys(top)
        self._skip("=")
        self._value(path)

    def _value(self, path: Path) -> None:
        start = end = self.tokens[self.at][1]
        if self._next in ("[", "{"):
            close = "]" if self._take()[0] == "[" else "}"
            self._items(path, close)
            end = self._take()[2]
        else:
            while self._next not in ("", "\n", ",", "]", "}"):
                end = self._take()[2]
        self.values.setdefault(path, (start, end))

    def _items(self, path: Path, close: str) -> None:
        """What stands in brackets or braces, up to `close`."""
        count = 0
        while self._next not in ("", close):
            if self._next in (",", "\n", "]", "}"):
                self._take()
            elif close == "}":
                self._pair(path)
            else:
                self._value((*path, count))
                count += 1

    def _skip(self, wanted: str) -> None:
        while self._next == wanted:
            self._take()


def _unquoted(key: str) -> str:
    if len(key) < 2 or key[0] not in ("'", '"'):
        return key
    import tomllib

    return str(tomllib.loads(f"key = {key}")["key"])
