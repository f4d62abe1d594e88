"""Program to text, in two styles.

`coremlc` is what Apple's compiler prints, byte for byte: arguments, attributes and a function's
inputs sorted by name, one statement a line however long. `milc` is the house style that `milc fmt`
writes: order kept, long lines wrapped. Both write floats in hexadecimal, which every reader takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import isfinite
from typing import Any, Final
from typing import Literal as OneOf

from milc.diagnostics import Source, Span
from milc.ir.literals import (
    BlobRef,
    DictLiteral,
    ListLiteral,
    Literal,
    TensorLiteral,
    TupleLiteral,
)
from milc.ir.names import REDEFINING
from milc.ir.nodes import Block, Function, Op, Operand, Program, Value
from milc.ir.types import FP64, SCALAR_STRING, STRING, UINT64, Shape, scalar
from milc.syntax.lexemes import float_texts, quote, show_name
from milc.syntax.types import is_written_bare, type_text

Style = OneOf["coremlc", "milc"]


def to_text(program: Program, style: Style = "milc") -> str:
    """The program as text, without a newline at its end in Apple's style, with one in milc's.

    What text has no form for is left out: doc strings, and bodies for other opsets than the
    function's own (`milc.syntax.lost` names them).
    """
    if style == "coremlc":
        return "".join(Printer(program).pieces())
    from milc.syntax.layout import house_style

    return house_style("".join(Printer(program, keep_order=True).pieces()))


def with_spans(program: Program, path: str) -> Source:
    """Print the program in Apple's style and give its functions and ops their places in the text.

    For showing findings about a program that came from a package.
    """
    printer = Printer(program)
    source = Source("".join(printer.pieces()), path)
    program.source = source
    for node, start, end in printer.places:
        node.span = Span(source, start, end)
    return source


INDENT: Final = "    "
_DOUBLE: Final = scalar(FP64)
_OFFSET: Final = scalar(UINT64)


class Printer:
    """Prints one program, a statement a line; `places` then says where each function and op is.

    Unless `keep_order` is asked for, what has no order of its own is sorted by name, as Apple's
    compiler does: arguments, attributes, entries of dicts, and a function's inputs.
    """

    def __init__(self, program: Program, keep_order: bool = False) -> None:
        self.program = program
        self.sorted: Callable[[Iterable[str]], Iterable[str]] = iter if keep_order else sorted
        self.keep_order = keep_order
        self.version = program.version
        self.places: list[tuple[Function | Op, int, int]] = []
        self._defined: set[str] = set()
        self._at = 0

    def pieces(self) -> Iterator[str]:
        """The text in pieces of about a line."""
        for piece in self._pieces():
            self._at += len(piece)
            yield piece

    def _pieces(self) -> Iterator[str]:
        yield f"program({self.version})\n"
        if self.program.attributes:
            yield f"{self.attributes(self.program.attributes)}\n"
        yield "{\n"
        for function in self.program.functions.values():
            yield from self.function(function)
        yield "}"

    def function(self, function: Function) -> Iterator[str]:
        """A function: head, body, outputs."""
        inputs = self.parameters(
            function.inputs if self.keep_order else sorted(function.inputs, key=lambda v: v.name)
        )
        attributes = f" {self.attributes(function.attributes)}" if function.attributes else ""
        name = f"{show_name(function.name)}<{show_name(function.opset)}>"
        head = f"{INDENT}func {name}{inputs}{attributes} {{\n"
        self.places.append((function, self._at + len(INDENT), self._at + len(head) - 2))
        yield head
        yield from self.block(function.body, function.inputs, 12)
        yield f"        }} -> {self.names(function.body.outputs)};\n"

    def block(self, block: Block, inputs: list[Value], indent: int) -> Iterator[str]:
        """The ops of a block, a line each, nested blocks further in."""
        margin = " " * indent
        defined = {value.name for value in inputs}
        for op in block.ops:
            self._defined = defined
            head = self.head(op)
            start = self._at + indent
            self.places.append((op, start, start + len(head) + 1))
            if not op.blocks:
                yield f"{margin}{head};\n"
                continue
            yield f"{margin}{head} "
            for number, inner in enumerate(op.blocks):
                parameters = f"{self.parameters(inner.inputs)} " if inner.inputs else ""
                yield f"{', ' if number else ''}{parameters}{{\n"
                yield from self.block(inner, inner.inputs, indent + 8)
                yield f"{margin}    }} -> {self.names(inner.outputs)}"
            yield ";\n"

    def head(self, op: Op) -> str:
        """An op without its blocks and semicolon: results, kind, arguments, attributes."""
        results = ", ".join([self.result(op, value) for value in op.results])
        arguments = ", ".join(
            [f"{show_name(name)} = {self.operands(op.args[name])}" for name in self.sorted(op.args)]
        )
        suffix = f"<{show_name(op.opset)}>" if op.opset else ""
        attributes = self.attributes(op.attributes) if op.attributes else ""
        equal = " = " if results else ""
        return f"{results}{equal}{show_name(op.kind)}{suffix}({arguments}){attributes}"

    def result(self, op: Op, value: Value) -> str:
        """`TYPE name`, in backquotes where the name is defined again, or it would be a slip."""
        shown = show_name(value.name)
        if value.name not in self._defined:
            self._defined.add(value.name)
        elif shown == value.name and op.kind not in REDEFINING:
            shown = f"`{shown}`"
        return f"{type_text(value.type, self.version)} {shown}"

    def parameters(self, values: Iterable[Value]) -> str:
        """`(TYPE name, TYPE name)`."""
        typed = [f"{type_text(v.type, self.version)} {show_name(v.name)}" for v in values]
        return f"({', '.join(typed)})"

    def names(self, values: Iterable[Value]) -> str:
        """Names in parentheses."""
        return f"({', '.join([show_name(value.name) for value in values])})"

    def operands(self, bound: tuple[Operand, ...]) -> str:
        """What an argument binds: one operand bare, several or none in parentheses."""
        if len(bound) == 1:
            return self.operand(bound[0])
        return f"({', '.join([self.operand(operand) for operand in bound])})"

    def operand(self, operand: Operand) -> str:
        """A name or a typed literal."""
        return show_name(operand.name) if isinstance(operand, Value) else self.literal(operand)

    def attributes(self, attributes: dict[str, Literal]) -> str:
        """Attributes in brackets."""
        shown = [
            f"{show_name(name)} = {self.literal(attributes[name])}"
            for name in self.sorted(attributes)
        ]
        return f"[{', '.join(shown)}]"

    def literal(self, literal: Literal) -> str:
        """`TYPE(LITERAL)`."""
        text = literal_text(literal, self.version, self.keep_order)
        return f"{type_text(literal.type, self.version)}({text})"


def literal_text(literal: Literal, version: str = "1.3", keep_order: bool = False) -> str:
    """A literal without its type, the entries of a dict sorted unless their order is kept."""
    if isinstance(literal, TensorLiteral):
        return tensor_text(literal)
    if isinstance(literal, BlobRef):
        path = f"{type_text(SCALAR_STRING, version)}({quote(literal.path)})"
        offset = f"{type_text(_OFFSET, version)}({literal.offset})"
        return f"BLOBFILE(path = {path}, offset = {offset})"
    if isinstance(literal, DictLiteral):
        entries = literal.entries if keep_order else sorted(literal.entries, key=_entry_order)
        pairs = [[_entry_text(part, version, keep_order) for part in entry] for entry in entries]
        return f"{{{', '.join([f'{{{key}, {value}}}' for key, value in pairs])}}}"
    assert isinstance(literal, ListLiteral | TupleLiteral)
    items = ", ".join([literal_text(item, version, keep_order) for item in literal.items])
    return f"[{items}]" if isinstance(literal, ListLiteral) else f"({items})"


def _entry_text(literal: Literal, version: str, keep_order: bool) -> str:
    """A key or value of a dict. Apple's runtime writes the fp64 of its dicts in decimals."""
    if literal.type is _DOUBLE and isinstance(literal, TensorLiteral):
        value = literal.item()
        return f"{value:.17g}" if isfinite(value) else tensor_text(literal)
    return literal_text(literal, version, keep_order)


def _entry_order(entry: tuple[Literal, Literal]) -> str:
    return literal_text(entry[0])


def tensor_text(literal: TensorLiteral) -> str:
    """The elements, nested as the shape has them."""
    type = literal.type
    texts = element_texts(literal)
    shape = type.shape
    if not shape or not texts and is_written_bare(type):
        return texts[0] if texts else "[]"
    return nested(texts, _lengths(shape, len(texts)))


def _lengths(shape: Shape, count: int) -> list[int]:
    """The lengths of the dimensions of so many elements: the first unknown one takes them all."""
    known = 1
    for dim in shape:
        known *= dim if isinstance(dim, int) else 1
    rest = count // known if known else 0
    lengths: list[int] = []
    for dim in shape:
        lengths.append(dim if isinstance(dim, int) else rest)
        rest = rest if isinstance(dim, int) else 1
    return lengths


def nested(texts: list[str], shape: list[int]) -> str:
    """Texts in row-major order in the brackets of a shape."""
    rows = texts
    for at in range(len(shape) - 1, -1, -1):
        length = shape[at]
        outer = 1
        for dim in shape[:at]:
            outer *= dim
        rows = [f"[{', '.join(rows[i * length : (i + 1) * length])}]" for i in range(outer)]
    return rows[0] if rows else "[]"


def element_texts(literal: TensorLiteral) -> list[str]:
    """The text of each element of a tensor, in row-major order."""
    element = literal.type.element
    if element is STRING:
        return [quote(string) for string in literal.strings]
    values: list[Any] = literal.values()
    if element.is_float:
        return float_texts(element, values, literal.data)
    if element.kind == "bool":
        return ["true" if value else "false" for value in values]
    return list(map(str, values))
