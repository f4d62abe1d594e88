"""The house style: how `milc fmt` and `to_text(program, "milc")` lay out a text.

Works on lexemes and brackets, not on the IR, so that order, names and comments are kept by
construction, and files with unknown ops are no different. What does not fit on a line is broken at
its brackets: arguments, attributes and rows of a tensor one a line, numbers filled up to the width.
"""

from __future__ import annotations

from milc.syntax.lines import (
    STEP,
    WIDTH,
    Blank,
    Braces,
    Comment,
    Element,
    Group,
    Item,
    Lines,
    flat,
    flat_group,
    gap,
)


def house_style(text: str) -> str:
    """The text in the house style. It must be MIL: the result of anything else is undefined."""
    writer = _Writer()
    writer.file(Lines(text).lines)
    return f"{''.join(writer.out).lstrip(chr(10))}\n"


class _Writer:
    """Lines being written.

    `indent` and `column` are where the current one begins and ends, `broken` tells whether it ends
    in a comment.
    """

    def __init__(self) -> None:
        self.out: list[str] = []
        self.column = 0
        self.indent = 0
        self.broken = False

    def line(self, indent: int) -> None:
        """Begin a new line."""
        self.out.append("\n" + " " * indent)
        self.column = self.indent = indent
        self.broken = False

    def text(self, text: str, indent: int) -> None:
        """Add text; behind a comment it goes to a new line."""
        if self.broken:
            self.line(indent)
            text = text.lstrip(" ")
        self.out.append(text)
        self.column += len(text)

    def comment(self, comment: Comment, indent: int, fresh: bool) -> None:
        """Add a comment to the line, which is `fresh` if nothing stands there, or to the next."""
        if self.broken or (comment.own_line and not fresh):
            self.line(indent)
            fresh = True
        self.out.append(comment.text if fresh else f" {comment.text}")
        self.broken = True

    def file(self, lines: list[list[Item]]) -> None:
        """The program with the comments around it."""
        for line in _without_last_blanks(lines):
            if isinstance(line[0], Blank):
                self.out.append("\n")
                continue
            self.line(0)
            before: Item | None = None
            for item in line:
                self.program_part(item, before)
                before = item

    def program_part(self, item: Item, before: Item | None) -> None:
        """The head, its attributes and the braces stand on lines of their own."""
        if isinstance(item, Comment):
            self.comment(item, 0, before is None)
            return
        if isinstance(item, Braces) or (isinstance(item, Group) and item.open == "["):
            self.line(0)
        if isinstance(item, Braces):
            self.braces(item, 0)
            return
        # Apple's reader is said to want buildInfo on one line, so the width does not count here.
        whole = flat_group(item, None) if isinstance(item, Group) else None
        if whole is not None:
            self.text(whole, 0)
        else:
            self.sequence([item], 0)

    def braces(self, braces: Braces, indent: int) -> None:
        """A block."""
        self.text("{", indent)
        for line in _without_last_blanks(braces.lines):
            if isinstance(line[0], Blank):
                self.out.append("\n")
                continue
            self.line(indent + STEP)
            self.sequence(line, indent + STEP, apart=line[0] == "func")
        self.line(indent)
        self.text("}", indent)

    def sequence(self, items: list[Item], indent: int, tail: int = 0, apart: bool = False) -> None:
        """An element or statement; `tail` characters follow it on its last line.

        With `apart`, brackets that follow brackets stand apart, as a function's attributes do.
        """
        before: Item | None = None
        for at, item in enumerate(items):
            inner = indent if before is None else indent + STEP
            if isinstance(item, Comment):
                self.comment(item, inner, before is None)
                continue
            blank = gap(before, item)
            if isinstance(before, Group) and isinstance(item, Group):
                blank = " " if apart or _are_parameters(items, at) else ""
            if isinstance(item, str):
                self.text(blank + item, inner)
            elif isinstance(item, Braces):
                self.text(" ", inner)
                self.braces(item, indent)
            elif isinstance(item, Group):
                self.text(blank, inner)
                self.group(item, self.indent, _follows(items, at + 1, tail))
            before = item

    def group(self, group: Group, indent: int, tail: int) -> None:
        """Brackets: on this line if they fit there, else broken."""
        whole = group.flat
        empty = whole is not None and len(whole) == 2
        if whole is not None and (empty or self.column + len(whole) + tail <= WIDTH):
            self.text(whole, indent)
            return
        self.text(group.open, indent)
        if _opens_at_once(group):
            self.sequence(group.elements[0].items, indent, tail + 1)
        else:
            if _is_list(group):
                self.fill(group, indent + STEP)
            else:
                self.rows(group, indent + STEP)
            self.line(indent)
        self.text(group.close, indent)

    def rows(self, group: Group, indent: int) -> None:
        """One element a line."""
        for element in group.elements:
            self.line(indent)
            self.sequence(element.items, indent, 1)
            if element is not group.elements[-1]:
                self.text(",", indent)
            for comment in element.after:
                self.comment(comment, indent, False)

    def fill(self, group: Group, indent: int) -> None:
        """As many elements a line as fit."""
        self.line(indent)
        for element in group.elements:
            comma = "" if element is group.elements[-1] else ","
            text = f"{flat(element.items)}{comma}"
            if self.column > indent and self.column + 1 + len(text) > WIDTH:
                self.line(indent)
            self.text(text if self.column == indent else f" {text}", indent)


def _without_last_blanks(lines: list[list[Item]]) -> list[list[Item]]:
    end = len(lines)
    while end and isinstance(lines[end - 1][0], Blank):
        end -= 1
    return lines[:end]


def _follows(items: list[Item], at: int, tail: int) -> int:
    """How much must follow a group on its line: up to the next bracket that can be broken."""
    length = 0
    for place in range(at, len(items)):
        item = items[place]
        if isinstance(item, Comment):
            return length
        if not isinstance(item, str):
            return length + (2 if isinstance(item, Braces) else 1)
        length += len(item) + (item not in (",", ";"))
    return length + tail


def _are_parameters(items: list[Item], at: int) -> bool:
    """Whether a group holds what the block behind it takes."""
    group = items[at]
    before_block = at + 1 < len(items) and isinstance(items[at + 1], Braces)
    return before_block and isinstance(group, Group) and group.open == "("


def _opens_at_once(group: Group) -> bool:
    """Whether a lone element is brackets itself, as in `([1, 2])` or `(BLOBFILE(..))`."""
    first: Element = group.elements[0]
    if len(group.elements) > 1 or first.after or not first.items:
        return False
    *head, last = first.items
    return isinstance(last, Group) and head in ([], ["BLOBFILE"])


def _is_list(group: Group) -> bool:
    return group.open == "[" and all(
        len(element.items) == 1 and isinstance(element.items[0], str) and not element.after
        for element in group.elements
    )
