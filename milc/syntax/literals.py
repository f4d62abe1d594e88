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
from milc.diagnostics.prose import clip, many
from milc.grammar import PATTERNS
from milc.ir.literals import DictLiteral, ListLiteral, Literal, TensorLiteral, TupleLiteral
from milc.ir.numbers import pack
from milc.ir.types import (
    STRING,
    VARIADIC,
    DictType,
    ListType,
    TensorType,
    TupleType,
    Type,
    allows,
)
from milc.syntax import lexemes
from milc.syntax.lexemes import CLOSERS
from milc.syntax.types import is_written_bare, type_text

MAX_DEPTH: Final = 64
"""How deep brackets and types may nest; the format itself has no use for more than about ten."""

_piece = re.compile(
    rf"(?:\s++|//[^\n]*)*+(?:(?P<open>[\[({{])|(?P<close>[\])}}])|(?P<comma>,)"
    rf"|(?P<string>{PATTERNS['STRING']})|(?P<number>{PATTERNS['NUMBER']})"
    rf"|(?P<word>{PATTERNS['NAME']}))"
).match
_skeleton = re.compile(r"[^\[\],]+").sub
_hollow = re.compile(r"[\[,]\s*+[,\]]").search
_WORDS: Final = frozenset(("inf", "nan", "true", "false"))


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

    def fail(self, code: str, message: str, node: Group | Piece, **more: Any) -> MilError:
        """The error at a node, for the caller to raise."""
        span = Span(self.source, node.start, node.end)
        return MilError(Diagnostic(code, message, span, **more))

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
                    message = f"brackets nest deeper than {MAX_DEPTH} levels"
                    raise self.fail("MIL0110", message, stack[-1])
            elif kind == "close":
                group = stack.pop()
                group.end = at
                stack[-1].items.append(group)
            elif kind != "comma":
                stack[-1].items.append(Piece(kind, match[kind], begin, at))
        return outer.items[0]

    def literal(self, type: Type, node: Group | Piece) -> Literal:
        """The literal of any type that a node spells."""
        if isinstance(type, TensorType):
            return self.tensor_literal(type, node)
        if isinstance(type, ListType):
            return self.list_literal(type, self.group(type, node, "["))
        if isinstance(type, DictType):
            entries = self.group(type, node, "{").items
            return DictLiteral(type, [self.entry(type, entry) for entry in entries])
        if isinstance(type, TupleType):
            return self.tuple_literal(type, self.group(type, node, "("))
        raise self.fail("MIL0207", f"a value of type {type_text(type)} cannot be written out", node)

    def group(self, type: Type, node: Group | Piece, bracket: str) -> Group:
        """The node, if it has the brackets in which literals of the type stand."""
        if isinstance(node, Group) and node.bracket == bracket:
            return node
        message = f"a literal of type {type_text(type)} stands in {bracket}{CLOSERS[bracket]}"
        raise self.fail("MIL0206", message, node)

    def list_literal(self, type: ListType, node: Group) -> ListLiteral:
        """A list, of the length that its type declares."""
        count, wanted = len(node.items), type.length
        if isinstance(wanted, int) and wanted != count:
            message = f"the list has {many(count, 'element')}, its type {type_text(type)} says"
            raise self.fail("MIL0203", f"{message} {wanted:,}", node)
        return ListLiteral(type, [self.literal(type.element, item) for item in node.items])

    def tuple_literal(self, type: TupleType, node: Group) -> TupleLiteral:
        """A tuple, of as many members as its type declares."""
        count, wanted = len(node.items), len(type.items)
        if count != wanted:
            message = f"the tuple has {many(count, 'member')}, its type {type_text(type)} says"
            raise self.fail("MIL0203", f"{message} {wanted:,}", node)
        pairs = zip(type.items, node.items, strict=True)
        return TupleLiteral(type, [self.literal(item, inner) for item, inner in pairs])

    def entry(self, type: DictType, node: Group | Piece) -> tuple[Literal, Literal]:
        """An entry of a dict."""
        if not isinstance(node, Group) or node.bracket != "{" or len(node.items) != 2:
            raise self.fail("MIL0206", "an entry of a dict is a pair {key, value}", node)
        key, value = node.items
        return self.literal(type.key, key), self.literal(type.value, value)

    def tensor_literal(self, type: TensorType, node: Group | Piece) -> TensorLiteral:
        """A tensor, its rows in the shape that its type declares."""
        shape = type.shape
        if shape is None or VARIADIC in shape or shape.count(None) > 1:
            message = f"a value of type {type_text(type)} cannot be written out"
            raise self.fail("MIL0207", message, node)
        pieces: list[Piece] = []
        nested = self.gather(type, node, pieces)
        self.compare(type, nested, node, len(pieces))
        if type.element is STRING:
            return TensorLiteral(type, tuple([self.string(type, piece) for piece in pieces]))
        if type.element.bits < 8:
            values = [self.value(type, piece) for piece in pieces]
            return TensorLiteral(type, pack(type.element, values))
        return TensorLiteral(type, b"".join([self.number(type, piece) for piece in pieces]))

    def gather(
        self, type: TensorType, node: Group | Piece, pieces: list[Piece], depth: int = 0
    ) -> tuple[int, ...]:
        """The shape of the nesting; the pieces are added to `pieces` in row-major order."""
        if isinstance(node, Piece):
            pieces.append(node)
            return ()
        if node.bracket != "[":
            raise self.fail("MIL0206", "the elements of a tensor stand in []", node)
        shapes = [self.gather(type, item, pieces, depth + 1) for item in node.items]
        for shape, item in zip(shapes, node.items, strict=True):
            if shape != shapes[0]:
                here, first = list(shape), list(shapes[0])
                message = f"ragged literal: this row has shape {here}, the first one {first}"
                help = "give every row of a tensor literal the same number of elements"
                raise self.fail("MIL0204", message, item, help=help)
        # What `[]` would hold the text cannot show, only the declared type.
        hidden = (type.shape or ())[depth + 1 :]
        inner = shapes[0] if shapes else tuple(d if isinstance(d, int) else 0 for d in hidden)
        return (len(shapes), *inner)

    def compare(
        self, type: TensorType, shape: tuple[int, ...], node: Group | Piece, count: int
    ) -> None:
        """Check the shape of the nesting; elements written flat are only warned of."""
        declared = type.shape or ()
        if allows(declared, shape):
            return
        if shape[:1] == (0,) and is_written_bare(type):
            return
        wanted = type.count
        if wanted is not None and count != wanted:
            message = f"the literal has {many(count, 'element')}, its type {type_text(type)} says"
            raise self.fail("MIL0203", f"{message} {wanted:,}", node, label=f"expected {wanted:,}")
        if len(shape) > 1 or not declared or None in declared:
            message = f"the literal is nested as {list(shape)}, its type is {type_text(type)}"
            raise self.fail("MIL0204", message, node)
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
        """One element of a string tensor."""
        if piece.kind != "string":
            raise self.wrong_kind(type, piece)
        try:
            return lexemes.unquote(piece.text)
        except lexemes.LexemeError as error:
            start, end = piece.start + error.start, piece.start + error.end
            bad = Piece("string", piece.text, start, end)
            help = r"escapes are \" \\ \n \t \r and \x1f"
            raise self.fail("MIL0113", str(error), bad, help=help) from None

    def value(self, type: TensorType, piece: Piece) -> Any:
        """One element as Python's bool, int or float."""
        element = type.element
        if piece.kind == "string" or (piece.kind == "word" and piece.text not in _WORDS):
            raise self.wrong_kind(type, piece)
        try:
            (value,) = lexemes.reader_of(element)([piece.text])
        except ValueError:
            raise self.wrong_kind(type, piece) from None
        except OverflowError:
            raise self.out_of_range(type, piece) from None
        if element.is_integer and not element.bounds[0] <= value <= element.bounds[1]:
            raise self.out_of_range(type, piece)
        return value

    def number(self, type: TensorType, piece: Piece) -> bytes:
        """The packed bytes of one element of at least 8 bits."""
        element = type.element
        if element.is_float and "(" in piece.text:
            try:
                return lexemes.nan_payload(element, piece.text) or b""
            except ValueError:
                raise self.out_of_range(type, piece) from None
        value = self.value(type, piece)
        if not element.is_float:
            return pack(element, [value])
        try:
            return lexemes.pack_floats(element, [value])
        except (OverflowError, struct.error):
            raise self.out_of_range(type, piece) from None

    def wrong_kind(self, type: TensorType, piece: Piece) -> MilError:
        """The error of a piece that is none of the type's elements."""
        wanted = {"bool": "true or false", "string": 'a string in "', "float": "a number"}
        label = f"expected {wanted.get(type.element.kind, 'a whole number')}"
        message = f"`{clip(piece.text, 40)}` is no literal of {type.element}"
        from milc.syntax.hints import LITERALS  # of use for texts that are wrong, and for no other

        meant = LITERALS.get(piece.text)
        help = f"MIL spells it `{meant}`" if meant else None
        return self.fail("MIL0206", message, piece, label=label, help=help)

    def out_of_range(self, type: TensorType, piece: Piece) -> MilError:
        """The error of a number that the element type cannot hold."""
        low, high = lexemes.limits(type.element)
        label = f"{type.element} holds {low} to {high}"
        message = f"{clip(piece.text, 40)} does not fit {type.element}"
        return self.fail("MIL0205", message, piece, label=label)
