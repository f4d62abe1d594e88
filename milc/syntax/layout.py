"""The house style: how `milc fmt` and `to_text(program, "milc")` lay out a text.

Works on lexemes and brackets, not on the IR, so that order, spelling of names and every comment
are kept by construction, and files with unknown ops are no different. The text must have been
parsed before: what is not MIL is laid out as it comes.

A line is at most 120 characters where brackets allow it. What does not fit is broken at its
brackets: arguments, attributes and rows of a tensor one a line, numbers filled up to the width.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from milc.grammar import PATTERNS
from milc.ir.types import ELEMENT_TYPES
from milc.syntax.lexemes import tidy_number

WIDTH: Final = 120
STEP: Final = 4

_lexeme = re.compile(
    rf"(?P<space>\s++)|(?P<comment>//[^\n]*+)|(?P<string>{PATTERNS['STRING']})"
    rf"|(?P<number>{PATTERNS['NUMBER']})|(?P<word>{PATTERNS['NAME']})|(?P<mark>->|\.\.\.|.)"
).match
_CLOSERS: Final = {"(": ")", "[": "]", "{": "}"}


class Comment:
    """A comment; `own_line` tells whether nothing stands before it on its line."""

    __slots__ = ("own_line", "text")

    def __init__(self, text: str, own_line: bool) -> None:
        self.text = text.rstrip()
        self.own_line = own_line


class Blank:
    """One or more blank lines between statements."""

    __slots__ = ()


class Group:
    """Brackets around elements that commas divide. `flat` is the text on one line, if it is short."""

    __slots__ = ("close", "elements", "flat", "open")

    def __init__(self, open: str) -> None:
        self.open = open
        self.close = _CLOSERS[open]
        self.elements: list[list[Item]] = [[]]
        self.flat: str | None = None


class Braces:
    """A block: statements between braces."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        self.lines: list[list[Item]] = [[]]


Item = str | Comment | Blank | Group | Braces


def house_style(text: str) -> str:
    """The text in the house style."""
    tree = _Tree(text)
    out: list[str] = []
    for piece in _file(tree.lines, tree.version):
        out.append(piece)
    return "".join(out)


class _Tree:
    """Lexemes to statements: everything up to a semicolon, a brace's end, or a blank line."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.new_line = True
        self.version = (
            "1.0" if re.match(r"(?:\s|//[^\n]*)*program\s*\(\s*1\.0\s*\)", text) else "1.3"
        )
        self.lines = self.statements(top=True)

    def lexemes(self) -> Iterator[tuple[str, str]]:
        """Kind and text of each lexeme; white space counts only for its newlines."""
        text, size = self.text, len(self.text)
        while self.at < size:
            match = _lexeme(text, self.at)
            assert match is not None
            self.at = match.end()
            yield match.lastgroup or "", match[0]

    def statements(self, top: bool = False) -> list[list[Item]]:
        lines: list[list[Item]] = [[]]
        for kind, text in self.lexemes():
            line = lines[-1]
            if kind == "space":
                self.space(text, lines)
            elif kind == "comment":
                self.comment(text, lines)
            elif text == "}" and not top:
                return lines
            elif text == "{":
                braces = Braces()
                braces.lines = self.statements()
                line.append(braces)
            elif text == ";":
                line.append(text)
                lines.append([])
            else:
                line.append(self.item(kind, text))
            self.new_line = kind == "space" and "\n" in text
        return lines

    def space(self, text: str, lines: list[list[Item]]) -> None:
        between = not lines[-1]
        if (
            between
            and text.count("\n") > 1
            and len(lines) > 1
            and not isinstance(lines[-2][0], Blank)
        ):
            lines[-1].append(Blank())
            lines.append([])

    def comment(self, text: str, lines: list[list[Item]]) -> None:
        """Behind a statement, on a line of its own, or inside a statement."""
        comment = Comment(text, self.new_line)
        if lines[-1]:
            lines[-1].append(comment)
        elif not self.new_line and len(lines) > 1 and not isinstance(lines[-2][0], Blank):
            lines[-2].append(comment)
        else:
            lines[-1].append(comment)
            lines.append([])

    def item(self, kind: str, text: str) -> Item:
        if text in _CLOSERS:
            return self.group(text)
        if kind == "word":
            return self.word(text)
        return tidy_number(text) if kind == "number" else text

    def word(self, text: str) -> Item:
        """A name, or a whole type: what stands in `<>` belongs to the word before it."""
        following = re.compile(r"\s*<").match(self.text, self.at)
        if following is None:
            if self.version == "1.0" and text in ELEMENT_TYPES:
                return f"tensor<{text}, []>"
            return text
        self.at = following.end()
        return self.type_text(text)

    def type_text(self, word: str) -> str:
        parts = [word, "<"]
        first = True
        for kind, text in self.lexemes():
            if kind == "word" and not (
                first and word == "tensor" or word in ("tensor_buffer", "main")
            ):
                parts.append(str(self.word(text)))
            elif text == ",":
                parts.append(", ")
            elif kind == "comment":
                parts.append(f" {text}\n")
            elif kind != "space":
                parts.append(text)
            first = first and kind == "space"
            if text == ">":
                break
        whole = "".join(parts)
        if self.version != "1.0" and whole.startswith("tensor<") and whole.endswith(", []>"):
            return whole[len("tensor<") : -len(", []>")]
        return whole

    def group(self, open: str) -> Group:
        group = Group(open)
        after_comma = False
        for kind, text in self.lexemes():
            element = group.elements[-1]
            if kind == "space":
                after_comma = after_comma and "\n" not in text
            elif kind == "comment":
                (group.elements[-2] if after_comma else element).append(
                    Comment(text, self.new_line)
                )
            elif text == group.close:
                break
            elif text == ",":
                group.elements.append([])
                after_comma = True
            else:
                element.append(self.item(kind, text))
                after_comma = False
            self.new_line = kind == "space" and "\n" in text
        group.flat = _flat_group(group)
        return group


def _flat_group(group: Group) -> str | None:
    if len(group.elements) > WIDTH:
        return None
    parts: list[str] = []
    for element in group.elements:
        flat = _flat(element)
        if flat is None:
            return None
        parts.append(flat)
    text = f"{group.open}{', '.join(parts)}{group.close}"
    return text if len(text) <= WIDTH else None


def _flat(items: list[Item]) -> str | None:
    out = ""
    before: Item | None = None
    for item in items:
        text = item if isinstance(item, str) else item.flat if isinstance(item, Group) else None
        if text is None or "\n" in text:
            return None
        out += _gap(before, item) + text
        before = item
    return out


def _gap(before: Item | None, item: Item) -> str:
    """The blank between two neighbours of one element."""
    if before is None or item in (",", ";"):
        return ""
    if isinstance(item, Group) and not (before in ("=", "->", ",") or isinstance(before, Braces)):
        return ""
    return " "


class _Writer:
    """Lines being written; `column` is where the current one ends."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.column = 0
        self.broken = False

    def line(self, indent: int) -> None:
        self.out.append("\n" + " " * indent)
        self.column = indent
        self.broken = False

    def text(self, text: str, indent: int) -> None:
        """Add text; behind a comment it goes to a new line."""
        if self.broken:
            self.line(indent)
            text = text.lstrip(" ")
        if "\n" in text:
            # A comment inside a type: the only lexeme that brings a line break with it.
            *head, text = text.split("\n")
            for part in head:
                self.out.append(part.rstrip())
                self.line(indent)
        self.out.append(text)
        self.column += len(text)

    def comment(self, comment: Comment, indent: int, fresh: bool) -> None:
        if self.broken or (comment.own_line and not fresh):
            self.line(indent)
            fresh = True
        self.out.append(comment.text if fresh else f" {comment.text}")
        self.broken = True

    def sequence(self, items: list[Item], indent: int, tail: int = 0, spaced: bool = False) -> None:
        """An element or statement: `tail` characters follow it on its last line."""
        before: Item | None = None
        for at, item in enumerate(items):
            gap = (
                " "
                if spaced and isinstance(item, Group) and isinstance(before, Group)
                else _gap(before, item)
            )
            if isinstance(item, Comment):
                self.comment(item, indent + (STEP if before is not None else 0), before is None)
                continue
            inner = indent + (STEP if before is not None and self.broken else 0)
            if isinstance(item, str):
                self.text(gap + item, inner)
            elif isinstance(item, Braces):
                self.text(" {", inner)
                self.statements(item.lines, indent + STEP)
                self.line(indent)
                self.text("}", indent)
            elif isinstance(item, Group):
                self.text(gap, inner)
                self.group(item, indent, _tail(items, at + 1, tail))
            before = item

    def group(self, group: Group, indent: int, tail: int) -> None:
        if group.flat is not None and self.column + len(group.flat) + tail <= WIDTH:
            self.text(group.flat, indent)
            return
        only = group.elements[0]
        if len(group.elements) == 1 and _hugs(only):
            self.text(group.open, indent)
            self.sequence(only, indent, tail + 1)
            self.text(group.close, indent)
            return
        self.text(group.open, indent)
        if _is_fill(group):
            self.fill(group, indent + STEP)
        else:
            self.rows(group, indent + STEP)
        self.line(indent)
        self.text(group.close, indent)

    def rows(self, group: Group, indent: int) -> None:
        """One element a line."""
        last = len(group.elements) - 1
        for at, element in enumerate(group.elements):
            if not element and last:
                continue
            trailing = [item for item in _trailing(element)]
            rest = element[: len(element) - len(trailing)] if trailing else element
            if rest or not trailing:
                self.line(indent)
                self.sequence(rest, indent, 1)
            if at < last and rest:
                self.text(",", indent)
            for comment in trailing:
                self.comment(
                    comment, indent, not rest and self.broken is False and self._fresh(indent)
                )

    def _fresh(self, indent: int) -> bool:
        self.line(indent)
        return True

    def fill(self, group: Group, indent: int) -> None:
        """As many short elements a line as fit."""
        last = len(group.elements) - 1
        self.line(indent)
        start = True
        for at, element in enumerate(group.elements):
            text = (_flat(element) or "") + ("," if at < last else "")
            if not start and self.column + 1 + len(text) > WIDTH:
                self.line(indent)
                start = True
            self.text(text if start else f" {text}", indent)
            start = False

    def statements(self, lines: list[list[Item]], indent: int) -> None:
        """The statements of a block, blank lines between them kept, one at a time."""
        lines = [line for line in lines if line]
        while lines and isinstance(lines[-1][0], Blank):
            lines.pop()
        for line in lines:
            if isinstance(line[0], Blank):
                self.out.append("\n")
                continue
            self.line(indent)
            self.sequence(line, indent, 0, line[0] == "func")


def _tail(items: list[Item], at: int, tail: int) -> int:
    """How much must follow a group on its line: up to the next bracket that can be broken."""
    length = 0
    for item in items[at:]:
        if isinstance(item, Comment):
            return length
        if not isinstance(item, str):
            return length + (2 if isinstance(item, Braces) else 1)
        length += len(item) + (item not in (",", ";"))
    return length + tail


def _hugs(items: list[Item]) -> bool:
    """Whether a lone element opens its own brackets at once, as in `([1, 2])` or `(BLOBFILE(..))`."""
    if not items or not isinstance(items[-1], Group):
        return False
    return len(items) == 1 or len(items) == 2 and items[0] == "BLOBFILE"


def _is_fill(group: Group) -> bool:
    return group.open == "[" and all(
        len(element) == 1 and isinstance(element[0], str) for element in group.elements
    )


def _trailing(element: list[Item]) -> list[Comment]:
    """The comments that end an element."""
    found: list[Comment] = []
    for item in reversed(element):
        if not isinstance(item, Comment):
            break
        found.insert(0, item)
    return found if len(found) < len(element) or not element else found


def _file(lines: list[list[Item]], version: str) -> Iterator[str]:
    """The whole text: the head's attributes stand on a line of their own, however long."""
    writer = _Writer()
    first = True
    for line in lines:
        if not line:
            continue
        if isinstance(line[0], Blank):
            writer.out.append("\n")
            continue
        if not first:
            writer.line(0)
        first = False
        _top(writer, line)
    yield from writer.out
    yield "\n"


def _top(writer: _Writer, line: list[Item]) -> None:
    """A comment before or after the program, or the program: head, attributes, braces."""
    before: Item | None = None
    for item in line:
        if isinstance(item, Comment):
            writer.comment(item, 0, before is None)
        elif isinstance(item, Group) and item.open == "[":
            writer.line(0)
            _on_one_line(writer, item)
        elif isinstance(item, Braces):
            writer.line(0)
            writer.text("{", 0)
            writer.statements(item.lines, STEP)
            writer.line(0)
            writer.text("}", 0)
        else:
            writer.sequence([item], 0)
        before = item


def _on_one_line(writer: _Writer, group: Group) -> None:
    """The program's attributes: Apple's reader is said to want buildInfo on one line."""
    text = _long(group)
    if text is None:
        writer.sequence([group], 0)
    else:
        writer.text(text, 0)


def _long(item: Item) -> str | None:
    if isinstance(item, str):
        return item
    if not isinstance(item, Group):
        return None
    parts: list[str] = []
    for element in item.elements:
        out, before = "", None
        for inner in element:
            text = _long(inner)
            if text is None:
                return None
            out += _gap(before, inner) + text
            before = inner
        parts.append(out)
    return f"{item.open}{', '.join(parts)}{item.close}"
