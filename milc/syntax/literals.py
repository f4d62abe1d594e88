"""Reading a literal by the type declared before it.

A literal carries no types of its own: `[4]` is a tensor or a list, `1` an int8 or an fp16,
according to the type in front. Tensors of numbers are read whole, by splitting; only where that
fails is the text walked piece by piece to say which piece is wrong.
"""

from __future__ import annotations

import re
import struct
from typing import Any, Final

from milc.diagnostics import Diagnostic, MilError, Source, Span
from milc.grammar import PATTERNS
from milc.ir.literals import DictLiteral, ListLiteral, Literal, TensorLiteral, TupleLiteral
from milc.ir.numbers import pack
from milc.ir.types import STRING, VARIADIC, DictType, ListType, TensorType, TupleType, Type
from milc.syntax import lexemes
from milc.syntax.types import type_text

MAX_DEPTH: Final = 64
"""How deep brackets and types may nest; the format itself has no use for more than about ten."""

_piece = re.compile(
    rf"(?:\s++|//[^\n]*)*+(?:(?P<open>[\[({{])|(?P<close>[\])}}])|(?P<comma>,)|(?P<string>{PATTERNS['STRING']})"
    rf"|(?P<number>{PATTERNS['NUMBER']})|(?P<word>{PATTERNS['NAME']}))"
).match
_skeleton = re.compile(r"[^\[\],]+").sub
_hollow = re.compile(r"[\[,]\s*+[,\]]").search
_WORDS: Final = frozenset(("inf", "nan", "true", "false"))
_CLOSERS: Final = {"[": "]", "(": ")", "{": "}"}


class Group:
    """Brackets and what stands in them: literals, each a Group or a plain piece."""

    __slots__ = ("bracket", "end", "items", "start")

    def __init__(self, bracket: str, start: int) -> None:
        self.bracket = bracket
        self.start = start
        self.end = start + 1
        self.items: list[Group | Piece] = []


class Piece:
    """One number, string or word of a literal."""

    __slots__ = ("end", "kind", "start", "text")

    def __init__(self, kind: str, text: str, start: int, end: int) -> None:
        self.kind = kind
        self.text = text
        self.start = start
        self.end = end


def read_literal(
    source: Source, start: int, end: int, type: Type
) -> tuple[Literal, list[Diagnostic]]:
    """The literal of `type` that `source` spells from `start` to `end`, and warnings about it.

    Raises MilError if it does not fit the type.
    """
    whole = whole_literal(type, source.text[start:end])
    if whole is not None:
        return whole, []
    reader = _Reader(source)
    tree = reader.tree(start, end)
    return reader.literal(type, tree), reader.warnings


def whole_literal(type: Type, text: str) -> TensorLiteral | None:
    """The tensor that `text` spells well-formed and in full; None if a closer look is needed.

    `text` may hold anything but comments.
    """
    if not isinstance(type, TensorType):
        return None
    data = _whole_tensor(type, text.strip())
    return None if data is None else TensorLiteral(type, data)


def _whole_tensor(type: TensorType, text: str) -> bytes | tuple[str, ...] | None:
    """The elements of a well-formed tensor literal; None where a closer look is needed."""
    shape = type.shape
    if shape is None or (shape and not _has_shape(shape, text)):
        return None
    if type.element is STRING:
        return _whole_string(type, text)
    # Blanks, so that a number cannot grow together from both sides of a bracket.
    flat = text.replace("[", " ").replace("]", " ") if shape else text
    if not flat.strip():
        return b"" if 0 in shape else None
    # With an element missing between two commas, another may stand outside of its brackets.
    if _hollow(text):
        return None
    if type.element.kind != "bool" and not lexemes.is_plain_numbers(flat):
        return None
    return _pack(type, flat.split(","))


def _pack(type: TensorType, parts: list[str]) -> bytes | None:
    element = type.element
    if type.count not in (None, len(parts)):
        return None
    try:
        values = lexemes.reader_of(element)(parts)
        return lexemes.pack_floats(element, values) if element.is_float else pack(element, values)
    except (ValueError, OverflowError, struct.error):
        return None


def _whole_string(type: TensorType, text: str) -> tuple[str, ...] | None:
    plain = text[:1] == '"' == text[-1:] and text.count('"') == 2 and "\\" not in text
    return (text[1:-1],) if plain and type.shape == () else None


def _has_shape(shape: tuple[Any, ...], text: str) -> bool:
    """Whether brackets and commas stand as the shape has them. `?` in a vector takes any length."""
    if shape == (None,):
        return text[:1] == "[" and text[-1:] == "]" and text.count("[") == 1 == text.count("]")
    row = ""
    for dim in reversed(shape):
        if not isinstance(dim, int) or dim * (len(row) + 1) > len(text) + 1:
            return False
        row = f"[{','.join([row] * dim)}]"
    return _skeleton("", text) == row if '"' not in text else False


class _Reader:
    """The close look: brackets to a tree, the tree against the type."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.warnings: list[Diagnostic] = []

    def fail(self, code: str, message: str, start: int, end: int, **more: Any) -> MilError:
        return MilError(Diagnostic(code, message, Span(self.source, start, end), **more))

    def tree(self, start: int, end: int) -> Group | Piece:
        """The pieces from `start` to `end`, nested as their brackets are."""
        outer = Group("", start)
        stack = [outer]
        text, at = self.source.text, start
        while at < end and (match := _piece(text, at, end)) is not None:
            at = match.end()
            kind = match.lastgroup or ""
            begin = match.start(kind)
            if kind == "open":
                stack.append(Group(match["open"], begin))
                if len(stack) > MAX_DEPTH:
                    raise self.fail(
                        "MIL0110", f"brackets nest deeper than {MAX_DEPTH} levels", begin, at
                    )
            elif kind == "close":
                group = stack.pop()
                group.end = at
                stack[-1].items.append(group)
            elif kind != "comma":
                stack[-1].items.append(Piece(kind, match[kind], begin, at))
        return outer.items[0]

    def literal(self, type: Type, node: Group | Piece) -> Literal:
        if isinstance(type, TensorType):
            return self.tensor(type, node)
        if isinstance(type, ListType):
            items = self.group(type, node, "[").items
            if isinstance(type.length, int) and type.length != len(items):
                raise self.fail(
                    "MIL0203",
                    f"the list has {len(items)} elements, its type {type_text(type)} says"
                    f" {type.length}",
                    node.start,
                    node.end,
                )
            return ListLiteral(type, [self.literal(type.element, item) for item in items])
        if isinstance(type, DictType):
            return DictLiteral(
                type, [self.entry(type, e) for e in self.group(type, node, "{").items]
            )
        if isinstance(type, TupleType):
            items = self.group(type, node, "(").items
            if len(items) != len(type.items):
                raise self.fail(
                    "MIL0203",
                    f"the tuple has {len(items)} members, its type {type_text(type)} says"
                    f" {len(type.items)}",
                    node.start,
                    node.end,
                )
            return TupleLiteral(
                type, [self.literal(t, i) for t, i in zip(type.items, items, strict=True)]
            )
        raise self.fail(
            "MIL0207",
            f"a value of type {type_text(type)} cannot be written out",
            node.start,
            node.end,
        )

    def entry(self, type: DictType, node: Group | Piece) -> tuple[Literal, Literal]:
        if not isinstance(node, Group) or node.bracket != "{" or len(node.items) != 2:
            raise self.fail(
                "MIL0206", "an entry of a dict is a pair {key, value}", node.start, node.end
            )
        key, value = node.items
        return self.literal(type.key, key), self.literal(type.value, value)

    def group(self, type: Type, node: Group | Piece, bracket: str) -> Group:
        if isinstance(node, Group) and node.bracket == bracket:
            return node
        raise self.fail(
            "MIL0206",
            f"a literal of type {type_text(type)} stands in {bracket}{_CLOSERS[bracket]}",
            node.start,
            node.end,
        )

    def tensor(self, type: TensorType, node: Group | Piece) -> TensorLiteral:
        if type.shape is None or VARIADIC in type.shape:
            raise self.fail(
                "MIL0207",
                f"a value of type {type_text(type)} cannot be written out",
                node.start,
                node.end,
            )
        pieces: list[Piece] = []
        shape = self.gather(type, node, pieces)
        self.compare(type, shape, node, len(pieces))
        if type.element is STRING:
            return TensorLiteral(type, tuple(self.string(type, piece) for piece in pieces))
        return TensorLiteral(
            type,
            b"".join(self.number(type, piece) for piece in pieces)
            if type.element.bits >= 8
            else self.small(type, pieces),
        )

    def gather(
        self, type: TensorType, node: Group | Piece, pieces: list[Piece], depth: int = 0
    ) -> tuple[int, ...]:
        """The shape of the nesting; the pieces are added to `pieces` in row-major order."""
        if isinstance(node, Piece):
            pieces.append(node)
            return ()
        if node.bracket != "[":
            raise self.fail("MIL0206", "the elements of a tensor stand in []", node.start, node.end)
        shapes = [self.gather(type, item, pieces, depth + 1) for item in node.items]
        for shape, item in zip(shapes, node.items, strict=True):
            if shape != shapes[0]:
                raise self.fail(
                    "MIL0204",
                    f"ragged literal: this row has shape {list(shape)}, the first one"
                    f" {list(shapes[0])}",
                    item.start,
                    item.end,
                    help="give every row of a tensor literal the same number of elements",
                )
        # What `[]` would hold the text cannot show, only the declared type.
        hidden = (type.shape or ())[depth + 1 :]
        inner = shapes[0] if shapes else tuple(d if isinstance(d, int) else 0 for d in hidden)
        return (len(shapes), *inner)

    def compare(
        self, type: TensorType, shape: tuple[int, ...], node: Group | Piece, count: int
    ) -> None:
        declared = type.shape or ()
        if len(shape) == len(declared) and all(
            d is None or d == s for d, s in zip(declared, shape, strict=True)
        ):
            return
        wanted = type.count
        if wanted is not None and count != wanted:
            raise self.fail(
                "MIL0203",
                f"the literal has {count} {'element' if count == 1 else 'elements'}, "
                f"its type {type_text(type)} says {wanted}",
                node.start,
                node.end,
                label=f"expected {wanted}",
            )
        if len(shape) > 1 or not declared or None in declared:
            raise self.fail(
                "MIL0204",
                f"the literal is nested as {list(shape)}, its type is {type_text(type)}",
                node.start,
                node.end,
            )
        self.warnings.append(
            Diagnostic(
                "MIL0209",
                f"the literal is written flat, its type is {type_text(type)}",
                Span(self.source, node.start, node.end),
                severity="warning",
                help="write a pair of brackets for each dimension; `milc fmt --style coremlc` does",
            )
        )

    def string(self, type: TensorType, piece: Piece) -> str:
        if piece.kind != "string":
            raise self.kind(type, piece)
        try:
            return lexemes.unquote(piece.text)
        except lexemes.LexemeError as error:
            raise self.fail(
                "MIL0113",
                str(error),
                piece.start + error.start,
                piece.start + error.end,
                help=r"escapes are \" \\ \n \t \r and \x1f",
            ) from None

    def kind(self, type: TensorType, piece: Piece) -> MilError:
        wanted = {"bool": "true or false", "string": 'a string in "', "float": "a number"}
        kind = type.element.kind
        return self.fail(
            "MIL0206",
            f"`{piece.text[:40]}` is no literal of {type.element}",
            piece.start,
            piece.end,
            label=f"expected {wanted.get(kind, 'a whole number')}",
        )

    def value(self, type: TensorType, piece: Piece) -> Any:
        element = type.element
        if piece.kind == "string" or (piece.kind == "word" and piece.text not in _WORDS):
            raise self.kind(type, piece)
        try:
            (value,) = lexemes.reader_of(element)([piece.text])
        except ValueError:
            raise self.kind(type, piece) from None
        except OverflowError:
            raise self.range(type, piece) from None
        if element.is_integer and not element.bounds[0] <= value <= element.bounds[1]:
            raise self.range(type, piece)
        return value

    def number(self, type: TensorType, piece: Piece) -> bytes:
        element = type.element
        if element.is_float and "(" in piece.text:
            try:
                return lexemes.nan_payload(element, piece.text) or b""
            except ValueError:
                raise self.range(type, piece) from None
        value = self.value(type, piece)
        try:
            return (
                lexemes.pack_floats(element, [value])
                if element.is_float
                else pack(element, [value])
            )
        except (OverflowError, struct.error):
            raise self.range(type, piece) from None

    def small(self, type: TensorType, pieces: list[Piece]) -> bytes:
        return pack(type.element, [self.value(type, piece) for piece in pieces])

    def range(self, type: TensorType, piece: Piece) -> MilError:
        low, high = lexemes.limits(type.element)
        return self.fail(
            "MIL0205",
            f"{piece.text[:40]} does not fit {type.element}",
            piece.start,
            piece.end,
            label=f"{type.element} holds {low} to {high}",
        )
