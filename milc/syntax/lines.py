"""A text as statements, brackets and comments: what the house style lays out.

Reads lexemes, not the grammar: the text has been parsed before. Spelling is normalised here, one
lexeme at a time: numbers, the blanks inside a type, and how the program's version writes rank 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from milc.grammar import PATTERNS
from milc.ir.types import ELEMENT_TYPES
from milc.syntax.lexemes import CLOSERS, tidy_number

WIDTH: Final = 120
"""No line is longer than this if brackets allow."""

STEP: Final = 4
"""Blanks by which what stands in brackets or braces is set in."""


class Comment:
    """A comment; `own_line` tells whether nothing stands before it on its line."""

    __slots__ = ("own_line", "text")

    def __init__(self, text: str, own_line: bool) -> None:
        self.text = text.rstrip()
        self.own_line = own_line


class Blank:
    """One or more blank lines between statements."""

    __slots__ = ()


class Element:
    """What stands between two commas in brackets; `after` are the comments that end its line."""

    __slots__ = ("after", "items")

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.after: list[Comment] = []

    def close(self) -> None:
        """Let comments behind the last lexeme follow the comma."""
        end = len(self.items)
        while end > 1 and isinstance(self.items[end - 1], Comment):
            end -= 1
        self.after[:0] = self.items[end:]  # type: ignore[assignment]
        del self.items[end:]


class Group:
    """Brackets around elements; `flat` is the text on one line if short and without comments."""

    __slots__ = ("close", "elements", "flat", "open")

    def __init__(self, open: str) -> None:
        self.open = open
        self.close = CLOSERS[open]
        self.elements = [Element()]
        self.flat: str | None = None


class Braces:
    """A block: its statements, comments and blank lines."""

    __slots__ = ("lines",)

    def __init__(self, lines: list[list[Item]]) -> None:
        self.lines = lines


Item = str | Comment | Blank | Group | Braces

_lexeme = re.compile(
    rf"(?P<space>\s++)|(?P<comment>//[^\n]*+)|(?P<string>{PATTERNS['STRING']})"
    rf"|(?P<number>{PATTERNS['NUMBER']})|(?P<word>{PATTERNS['NAME']})|(?P<mark>->|\.\.\.|.)"
).match
_old_head = re.compile(r"(?:\s|//[^\n]*)*+program\s*\(\s*1\.0\s*\)").match
_opens_type = re.compile(r"(?:\s++|//[^\n]*+)*+<").match
_comments = re.compile(r"//[^\n]*+").findall
_names = re.compile(r"\s*+[`A-Za-z_]").match
_names_or_fills = re.compile(r"\s*+[(`A-Za-z_]").match

# A line that is a whole statement as the house style has it needs no closer look. The first
# pattern finds the line, the second whatever might have to change in it.
_one_line = re.compile(rf'(?:[^\n"{{}};/`]++|{PATTERNS["STRING"]})++;(?=\n)').match
_elements = "|".join(ELEMENT_TYPES)
_untidy = {
    version: re.compile(
        r"\s[\s,;)\]>]|[(\[<]\s|,(?! )|[^ ]=|=(?! )|= [^(]* \(|\) |[+][^\d]|[^pe]\+"
        r"|\d\.(?!\d)|(?<!\d)\.|[XPE]\S*\d"
        r"|0x(?!0p\+0|1p|1\.[0-9a-f]*[1-9a-f]p)|p[+-]0\d|nan\(|" + wrong
    ).search
    for version, wrong in (("1.0", rf"(?<![<\w])(?:{_elements})\b"), ("1.3", r", \[\]>"))
}


class Lines:
    """One text being taken apart; `lines` is the outcome."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.new_line = True
        self.version = "1.0" if _old_head(text) else "1.3"
        self.untidy = _untidy[self.version]
        self.lines = self.statements(0)

    def lexemes(self) -> Iterator[tuple[str, str]]:
        """Kind and text of each lexeme from here on."""
        text, size = self.text, len(self.text)
        while self.at < size:
            match = _lexeme(text, self.at)
            assert match is not None
            self.at = match.end()
            kind = match.lastgroup or ""
            yield kind, match[0]
            self.new_line = kind == "space" and "\n" in match[0]

    def statements(self, depth: int) -> list[list[Item]]:
        """The statements up to the brace that ends the block, each a list of items."""
        lines: list[list[Item]] = [[]]
        room = WIDTH - STEP * depth
        for kind, text in self.lexemes():
            if kind == "space":
                self.blank_lines(text, lines)
                self.whole_lines(lines, room)
            elif kind == "comment":
                self.comment(text, lines)
            elif text == "}" and depth:
                break
            elif text == "{":
                lines[-1].append(Braces(self.statements(depth + 1)))
                if not depth:
                    lines.append([])
            elif text == ";":
                self.semicolon(lines)
            else:
                lines[-1].extend(self.item(kind, text))
                if depth == 1 and lines[-1][-2:-1] == ["->"]:
                    # The end of a function, whose semicolon may be missing.
                    lines.append([])
        return [line for line in lines if line]

    def semicolon(self, lines: list[list[Item]]) -> None:
        """End a statement, which has got its own line already if it is a function."""
        ended = not lines[-1] and len(lines) > 1 and not isinstance(lines[-2][0], Blank)
        lines[-2 if ended else -1].append(";")
        if not ended:
            lines.append([])

    def whole_lines(self, lines: list[list[Item]], room: int) -> None:
        """Take statements that need no change, as long as they follow each other."""
        while not lines[-1] and (match := _one_line(self.text, self.at)) is not None:
            line = match[0]
            if len(line) > room or self.untidy(line):
                return
            lines[-1].append(line)
            lines.append([])
            self.at = match.end()
            space = _lexeme(self.text, self.at)
            if space is None or space.lastgroup != "space":
                return
            self.at = space.end()
            self.blank_lines(space[0], lines)

    def blank_lines(self, space: str, lines: list[list[Item]]) -> None:
        """Keep one blank line between statements, none before the first."""
        if lines[-1] or len(lines) == 1 or space.count("\n") < 2 or isinstance(lines[-2][0], Blank):
            return
        lines[-1].append(Blank())
        lines.append([])

    def comment(self, text: str, lines: list[list[Item]]) -> None:
        """A comment behind a statement, inside one, or on lines of its own."""
        comment = Comment(text, self.new_line)
        follows = len(lines) > 1 and not isinstance(lines[-2][0], Blank)
        if lines[-1]:
            lines[-1].append(comment)
        elif follows and not self.new_line:
            lines[-2].append(comment)
        else:
            lines[-1].append(comment)
            lines.append([])

    def item(self, kind: str, text: str, bracketed: bool = False) -> list[Item]:
        """What one lexeme begins; comments inside a type come behind it."""
        if text in CLOSERS:
            return [self.group(text)]
        if kind == "word":
            return self.word(text, bracketed)
        return [tidy_number(text) if kind == "number" else text]

    def word(self, text: str, bracketed: bool) -> list[Item]:
        """A name, or a whole type: what stands in `<>` belongs to the word before it.

        In brackets `fp32(1)` is a value; outside of them `fp32(x = y)` is an op of that name.
        """
        angle = _opens_type(self.text, self.at)
        if angle is not None:
            self.at = angle.end()
            between = [Comment(comment, False) for comment in _comments(angle[0])]
            whole, *inside = self.type(text)
            return [whole, *between, *inside]
        is_type = _names_or_fills if bracketed else _names
        if self.version == "1.0" and text in ELEMENT_TYPES and is_type(self.text, self.at):
            return [f"tensor<{text}, []>"]
        return [text]

    def type(self, word: str) -> list[Item]:
        """`word<...>` with its blanks put right."""
        text = f"{word}<"
        comments: list[Item] = []
        # Behind any other word stand an element type, or an opset.
        element = word not in ("list", "dict", "tuple", "state")
        for kind, lexeme in self.lexemes():
            if kind == "comment":
                comments.append(Comment(lexeme, False))
            elif kind == "word" and not element:
                inner, *more = self.inner_type(lexeme)
                text += str(inner)
                comments += more
            elif kind != "space":
                text += ", " if lexeme == "," else lexeme
            element = element and kind != "word"
            if lexeme == ">":
                break
        if self.version != "1.0" and text.endswith(", []>") and word == "tensor":
            text = text[len("tensor<") : -len(", []>")]
        return [text, *comments]

    def inner_type(self, word: str) -> list[Item]:
        """A type within another one."""
        if self.version == "1.0" and word in ELEMENT_TYPES:
            return [f"tensor<{word}, []>"]
        return self.word(word, True)

    def group(self, open: str) -> Group:
        """What stands up to the closing bracket."""
        group = Group(open)
        element = group.elements[0]
        on_line_of: Element | None = None
        for kind, text in self.lexemes():
            if kind == "comment":
                comment = Comment(text, self.new_line)
                if on_line_of is not None:
                    on_line_of.after.append(comment)
                else:
                    element.items.append(comment)
            elif kind == "space":
                on_line_of = None if "\n" in text else on_line_of
            elif text == group.close:
                break
            elif text == ",":
                element.close()
                on_line_of, element = element, Element()
                group.elements.append(element)
            else:
                element.items.extend(self.item(kind, text, True))
                on_line_of = None
        element.close()
        group.flat = flat_group(group)
        return group


def gap(before: Item | None, item: Item) -> str:
    """The blank between two neighbours of one element."""
    if before is None or item in (",", ";"):
        return ""
    if isinstance(item, Group) and not (before in ("=", "->", ",") or isinstance(before, Braces)):
        return ""
    return " "


def flat_group(group: Group, width: int | None = WIDTH) -> str | None:
    """The brackets on one line; None if that is longer than `width` or there is a comment."""
    if width is not None and len(group.elements) > width:
        return None
    parts: list[str] = []
    for element in group.elements:
        text = None if element.after else flat(element.items, width)
        if text is None:
            return None
        parts.append(text)
    whole = f"{group.open}{', '.join(parts)}{group.close}"
    return whole if width is None or len(whole) <= width else None


def flat(items: list[Item], width: int | None = WIDTH) -> str | None:
    """Items on one line, or None."""
    out = ""
    before: Item | None = None
    for item in items:
        text: str | None = None
        if isinstance(item, str):
            text = item
        elif isinstance(item, Group):
            text = item.flat or (flat_group(item, None) if width is None else None)
        if text is None:
            return None
        out += gap(before, item) + text
        before = item
    return out
