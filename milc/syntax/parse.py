"""Text to Program. Knows no opset: every result carries its type in the text.

The grammar's rules arrive here as calls, inner ones first. A plain statement, the shape in which
compilers print nearly all of them, arrives as one match of a regular expression. What is wrong is
collected, so that one run reports all of it; `parse` raises it, `read` hands it over together
with as much of the program as could be read.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable
from typing import Any, Final

from milc.diagnostics import Diagnostic, Label, MilError, Source, Span, errors, in_text_order
from milc.grammar import PATTERNS
from milc.ir.literals import BlobRef, Literal, TensorLiteral
from milc.ir.nodes import Block, Function, Op, Operand, Program, Value
from milc.ir.types import (
    FP32,
    STRING,
    UINT64,
    DictType,
    Dim,
    ListType,
    StateType,
    TensorBufferType,
    TensorType,
    TupleType,
    Type,
    scalar,
)
from milc.syntax import lexemes
from milc.syntax.lalr import Automaton, Token
from milc.syntax.literals import MAX_DEPTH, read_literal
from milc.syntax.recover import Recovery
from milc.syntax.scope import Scope
from milc.syntax.types import bad_dimension, element_type, plain_type, tensor_type

BROKEN: Final = TensorType(FP32, None)
"""Stands for a type that could not be read; literals of it are not looked at."""

_CACHED_LENGTH: Final = 100

_P = PATTERNS
_result = re.compile(rf"({_P['P_TYPE']})\s+({_P['WORD']})\s*,?\s*").match
_argument = re.compile(
    rf"({_P['WORD']})\s*=\s*(?:({_P['P_VALUE']})|({_P['WORD']})|\(\s*([^()]*?)\s*\))\s*,?\s*"
).finditer
_attribute = re.compile(rf"({_P['WORD']})\s*=\s*({_P['P_VALUE']})\s*,?\s*").finditer
_plain_value = re.compile(
    rf"({_P['P_TYPE']})\s*\(\s*(?:BLOBFILE\s*\(\s*path\s*=\s*({_P['P_TYPE']})\s*\(\s*({_P['STRING']})\s*\)"
    rf"\s*,\s*offset\s*=\s*({_P['P_TYPE']})\s*\(\s*([0-9]+)\s*\)\s*\)|({_P['P_PLAIN']}))\s*\)"
).match
_comma = re.compile(r"\s*,\s*").split


def parse(text: str | Source, path: str = "<text>") -> Program:
    """The program that `text` spells. `path` is what diagnostics call it.

    Raises MilError with every error in the text, in its order.
    """
    program, diagnostics = read(text if isinstance(text, Source) else Source(text, path))
    if errors(diagnostics):
        raise MilError(diagnostics)
    return program


def read(source: Source, *, plain: bool = True) -> tuple[Program, list[Diagnostic]]:
    """As much of the program as could be read, and all that is wrong with the text, in its order.

    Without `plain`, statements are read by the fine rules of the grammar alone.
    """
    reader = _Reader(source)
    collecting = gc.isenabled()
    # Nodes are only made here, none is dropped: collections would walk them again and again.
    gc.disable()
    try:
        reader.run(plain)
    finally:
        if collecting:
            gc.enable()
    return reader.program, in_text_order(reader.diagnostics)


def parse_type(text: str, path: str = "<type>") -> Type:
    """The type that `text` spells. Raises MilError."""
    return _Reader(Source(text, path)).only("type")  # type: ignore[no-any-return]


class _Stop(Exception):
    """Reading cannot go on; the reason is among the diagnostics."""


class _At:
    """A value of the grammar with its place: a type, an operand, a list of names …"""

    __slots__ = ("depth", "end", "start", "value")

    def __init__(self, value: Any, start: int, end: int, depth: int = 0) -> None:
        self.value = value
        self.start = start
        self.end = end
        self.depth = depth


class _Reader:
    """The grammar's callbacks, named `on_` and the rule."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.program = Program("1.3", source)
        self.diagnostics: list[Diagnostic] = []
        self.scope = Scope(source, self.diagnostics, None)
        self.function: Function | None = None
        self.types: dict[str, Type] = {}
        self.literals: dict[str, Literal] = {}

    def automaton(self) -> Automaton:
        actions: dict[str, Callable[[list[Any]], Any]] = {
            name[3:]: getattr(self, name) for name in dir(self) if name.startswith("on_")
        }
        return Automaton(self.source.text, actions, self.statement, Recovery(self).recover)

    def run(self, plain: bool) -> None:
        automaton = self.automaton()
        try:
            (automaton if plain else automaton.without_plain_statements()).run("program")
        except _Stop:
            pass

    def only(self, start: str) -> Any:
        found = self.automaton().run(start)
        if errors(self.diagnostics):
            raise MilError(self.diagnostics)
        return found.value

    # Diagnostics

    def report(self, code: str, message: str, start: int, end: int, **more: Any) -> None:
        self.diagnostics.append(Diagnostic(code, message, Span(self.source, start, end), **more))

    def guarded(self, read: Callable[[], Any], otherwise: Any) -> Any:
        """What `read` gives, or `otherwise` after noting what it raised."""
        try:
            return read()
        except MilError as error:
            self.diagnostics.extend(error.diagnostics)
            return otherwise

    # Plain statements

    def statement(self, match: re.Match[str]) -> None:
        """One statement in the plain shape: results, op, arguments, attributes."""
        source, text = self.source, match.string
        args: dict[str, tuple[Operand, ...]] = {}
        if match.start(3) >= 0:
            for found in _argument(text, *match.span(3)):
                name, value, word, several = found.groups()
                if name in args:
                    self.repeated("argument", name, *found.span(1))
                if word is not None:
                    args[name] = (self.scope.use(word) or self.undefined(word, *found.span(3)),)
                elif value is not None:
                    args[name] = (self.plain_literal(value, found.start(2)),)
                else:
                    args[name] = self.plain_names(several, found.start(4))
        attributes: dict[str, Literal] = {}
        if match.start(4) >= 0:
            for found in _attribute(text, *match.span(4)):
                name, value = found.groups()
                if name in attributes:
                    self.repeated("attribute", name, *found.span(1))
                attributes[name] = self.plain_literal(value, found.start(2))
        results: list[Value] = []
        at, end = match.span(1)
        while at < end:
            found_result = _result(text, at, end)
            assert found_result is not None
            type_text, name = found_result.groups()
            type = self.types.get(type_text)
            if type is None:
                type = self.plain_type(type_text, found_result.start(1))
            results.append(Value(name, type, None, Span(source, *found_result.span(2))))
            at = found_result.end()
        end = text.index(";", match.end(4) if match.start(4) >= 0 else match.end(2)) + 1
        if match.start(3) >= 0 and match.start(4) < 0:
            end = text.index(";", match.end(3)) + 1
        op = Op(match[2], args, results, attributes, (), None, Span(source, match.start(), end))
        self.scope.block.append(op)
        for value in results:
            self.scope.define(value)

    def plain_names(self, text: str, start: int) -> tuple[Operand, ...]:
        operands: list[Operand] = []
        at = start
        for name in _comma(text) if text else ():
            at = self.source.text.index(name, at)
            operands.append(self.scope.use(name) or self.undefined(name, at, at + len(name)))
            at += len(name)
        return tuple(operands)

    def plain_type(self, text: str, start: int) -> Type:
        type = self.types.get(text)
        if type is None:
            type = self.guarded(lambda: plain_type(self.source, text, start), BROKEN)
            if type is not BROKEN:
                self.types[text] = type
        return type

    def plain_literal(self, text: str, start: int) -> Literal:
        literal = self.literals.get(text)
        if literal is not None:
            return literal
        match = _plain_value(self.source.text, start)
        assert match is not None
        type = self.plain_type(match[1], start)
        if match[6] is not None:
            found = self.typed_literal(type, *match.span(6))
        else:
            path = self.typed_literal(self.plain_type(match[2], match.start(2)), *match.span(3))
            offset = self.typed_literal(self.plain_type(match[4], match.start(4)), *match.span(5))
            found = self.blob(type, _At(path, *match.span(3)), _At(offset, *match.span(5)))
        if len(text) <= _CACHED_LENGTH and not self.diagnostics:
            self.literals[text] = found
        return found

    def typed_literal(self, type: Type, start: int, end: int) -> Literal:
        """The literal from `start` to `end`; after an error an empty one of the type."""
        if type is BROKEN:
            return TensorLiteral(BROKEN, b"")
        try:
            literal, warnings = read_literal(self.source, start, end, type)
        except MilError as error:
            self.diagnostics.extend(error.diagnostics)
            return TensorLiteral(BROKEN, b"")
        self.diagnostics.extend(warnings)
        return literal

    def blob(self, type: Type, path: _At, offset: _At) -> Literal:
        """A reference into a weight file, its path and offset being what they must be."""
        where, at = path.value, offset.value
        if BROKEN in (where.type, at.type):
            return TensorLiteral(BROKEN, b"")
        if where.type is not scalar(STRING):
            self.report("MIL0213", "the path of a BLOBFILE is a string", path.start, path.end)
            return TensorLiteral(BROKEN, b"")
        if at.type is not scalar(UINT64):
            self.report("MIL0213", "the offset of a BLOBFILE is a uint64", offset.start, offset.end)
            return TensorLiteral(BROKEN, b"")
        if not where.strings[0].startswith("@model_path/"):
            self.report(
                "MIL0213",
                "the path of a BLOBFILE begins with @model_path/",
                path.start,
                path.end,
                severity="warning",
                help="@model_path is the folder that holds the program; write the file's path in it",
            )
        return BlobRef(type, where.strings[0], at.item())

    # Names

    def undefined(self, name: str, start: int, end: int) -> Value:
        """A place-holder for a name that no op before has defined; one behind may."""
        if name in ("true", "false"):
            self.untyped(start, end)
            return Value(name, BROKEN)
        return self.scope.forward(name, Span(self.source, start, end))

    def repeated(self, what: str, name: str, start: int, end: int) -> None:
        self.report("MIL0210", f"the {what} `{name}` is given twice", start, end)

    def on_name(self, children: list[Any]) -> Token:
        (token,) = children
        try:
            text = lexemes.read_name(token.text)
        except lexemes.LexemeError as error:
            start = token.start + error.start
            self.report("MIL0113", str(error), start, token.start + error.end)
            text = token.text
        return Token("NAME", text, token.start, token.end)

    # Types

    def on_element(self, children: list[Any]) -> _At:
        (name,) = children
        known = self.types.get(name.text)
        if known is None:
            known = self.plain_type(name.text, name.start)
        return _At(known, name.start, name.end)

    def on_tensor(self, children: list[Any]) -> _At:
        start, end = children[0].start, children[-1].end
        name, dims = children[2], children[4]

        def make() -> Type:
            element = element_type(self.source, name.text, name.start, name.end)
            if isinstance(dims, Token):
                return TensorType(element, None)
            return tensor_type(self.source, element, dims.value, start, end)

        if isinstance(dims, _At) and dims.value is None:
            return _At(BROKEN, start, end)
        return _At(self.guarded(make, BROKEN), start, end)

    def on_dims(self, children: list[Any]) -> _At:
        start, end = children[0].start, children[-1].end
        dims: list[Dim] = []
        for child in children[1:-1:2]:
            if child.value is None:
                return _At(None, start, end)
            dims.extend(child.value)
        return _At(tuple(dims), start, end)

    def on_dim(self, children: list[Any]) -> _At:
        (token,) = children
        if token.type == "UNKNOWN":
            return _At((None,), token.start, token.end)
        if token.type == "VARIADIC":
            from milc.ir.types import VARIADIC

            return _At((VARIADIC,), token.start, token.end)
        parts = token.text.split(",")
        if all(part.strip().isascii() and part.strip().isdigit() for part in parts):
            return _At(tuple(map(int, parts)), token.start, token.end)
        self.diagnostics.extend(bad_dimension(self.source, token.start, token.end).diagnostics)
        return _At(None, token.start, token.end)

    def nested(self, children: list[Any], make: Callable[[], Type], parts: list[_At]) -> _At:
        start, end = children[0].start, children[-1].end
        depth = 1 + max((part.depth for part in parts), default=0)
        if depth > MAX_DEPTH:
            self.report("MIL0110", f"types nest deeper than {MAX_DEPTH} levels", start, end)
            raise _Stop
        broken = any(part.value is BROKEN for part in parts)
        return _At(BROKEN if broken else make(), start, end, depth)

    def on_list(self, children: list[Any]) -> _At:
        element, length = children[2], children[4]
        if length.value is None:
            return _At(BROKEN, children[0].start, children[-1].end)
        if len(length.value) != 1:
            self.diagnostics.extend(
                bad_dimension(self.source, length.start, length.end).diagnostics
            )
        return self.nested(children, lambda: ListType(element.value, length.value[0]), [element])

    def on_dict(self, children: list[Any]) -> _At:
        key, value = children[2], children[4]
        return self.nested(children, lambda: DictType(key.value, value.value), [key, value])

    def on_tuple(self, children: list[Any]) -> _At:
        items = [child for child in children if isinstance(child, _At)]
        return self.nested(children, lambda: TupleType(*[item.value for item in items]), items)

    def on_state(self, children: list[Any]) -> _At:
        return self.nested(children, lambda: StateType(children[2].value), [children[2]])

    def on_buffer(self, children: list[Any]) -> _At:
        start, end = children[0].start, children[-1].end
        name = children[2]
        keys = [token.text for token in children[4::4] if isinstance(token, Token)]
        lists = [child.value for child in children if isinstance(child, _At)]
        if keys != ["shape", "strides", "interleave_factors"] or not all(map(_known, lists)):
            self.report(
                "MIL0202",
                "a tensor_buffer has an element type, shape, strides and interleave_factors",
                start,
                end,
            )
            return _At(BROKEN, start, end)
        make: Callable[[], Type] = lambda: TensorBufferType(  # noqa: E731
            element_type(self.source, name.text, name.start, name.end), *lists
        )
        return _At(self.guarded(make, BROKEN), start, end)

    # Values

    def on_literal(self, children: list[Any]) -> _At:
        return _At(None, children[0].start, children[-1].end)

    def on_value(self, children: list[Any]) -> _At:
        type, _, literal, end = children
        found = self.typed_literal(type.value, literal.start, literal.end)
        return _At(found, type.start, end.end)

    def on_untyped(self, children: list[Any]) -> _At:
        self.untyped(children[0].start, children[-1].end)
        return _At(None, children[0].start, children[-1].end)

    def untyped(self, start: int, end: int) -> None:
        text = self.source.text[start:end]
        shown = text if len(text) < 30 else "…"
        guess = "bool" if text in ("true", "false") else "string" if text[0] == '"' else "int32"
        if text[0] == "[":
            guess = "tensor<int32, [n]>"
        self.report(
            "MIL0104",
            "a literal needs its type in front",
            start,
            end,
            label="type declaration expected here",
            help=f"write the type and put the literal in parentheses, such as `{guess}({shown})`",
        )

    def on_blob(self, children: list[Any]) -> _At:
        type, end = children[0], children[-1]
        given = {child.value[0]: child.value[1] for child in children if _is_argument(child)}
        if set(given) != {"path", "offset"} or any(len(v) != 1 for v in given.values()):
            self.report(
                "MIL0111",
                "BLOBFILE takes `path` and `offset`",
                children[2].start,
                children[-2].end,
                help='BLOBFILE(path = string("@model_path/weights/weight.bin"), offset = uint64(64))',
            )
            return _At(TensorLiteral(BROKEN, b""), type.start, end.end)
        (path,), (offset,) = given["path"], given["offset"]
        if not (isinstance(path.value, Literal) and isinstance(offset.value, Literal)):
            return _At(TensorLiteral(BROKEN, b""), type.start, end.end)
        return _At(self.blob(type.value, path, offset), type.start, end.end)

    # Operations

    def on_parameter(self, children: list[Any]) -> _At:
        type, name = children
        value = Value(name.text, type.value, None, Span(self.source, name.start, name.end))
        return _At(value, type.start, name.end)

    def on_results(self, children: list[Any]) -> list[_At]:
        return children[::2]

    def on_parameters(self, children: list[Any]) -> list[Value]:
        return [child.value for child in children[1:-1:2]]

    def on_names(self, children: list[Any]) -> _At:
        return _At(children[1:-1:2], children[0].start, children[-1].end)

    def on_suffix(self, children: list[Any]) -> str:
        return str(children[1].text)

    def on_kind(self, children: list[Any]) -> Token:
        name = self.on_name(children[:1])
        opset = children[1] if len(children) > 1 else ""
        return Token(opset, name.text, name.start, name.end)

    def on_operand(self, children: list[Any]) -> _At:
        (child,) = children
        if isinstance(child, _At):
            return child
        value = self.scope.use(child.text) or self.undefined(child.text, child.start, child.end)
        return _At(value, child.start, child.end)

    def on_argument(self, children: list[Any]) -> _At:
        name, _, operand = children
        return _At((name.text, (operand,)), name.start, operand.end)

    def on_variadic(self, children: list[Any]) -> _At:
        operands = tuple(child for child in children[3:] if isinstance(child, _At))
        return _At((children[0].text, operands), children[0].start, children[-1].end)

    def on_arguments(self, children: list[Any]) -> dict[str, tuple[Operand, ...]]:
        args: dict[str, tuple[Operand, ...]] = {}
        for child in children[1:-1:2]:
            name, operands = child.value
            if name in args:
                self.repeated("argument", name, child.start, child.start + len(name))
            args[name] = tuple(o.value for o in operands if o.value is not None)
        return args

    def on_attribute(self, children: list[Any]) -> _At:
        name, _, value = children
        return _At((name.text, value.value), name.start, name.end)

    def on_attributes(self, children: list[Any]) -> dict[str, Literal]:
        found: dict[str, Literal] = {}
        for child in children[1:-1:2]:
            name, value = child.value
            if name in found:
                self.repeated("attribute", name, child.start, child.end)
            if value is not None:
                found[name] = value
        return found

    def on_operation(self, children: list[Any]) -> None:
        results = children[0] if isinstance(children[0], list) else []
        kind = next(
            child
            for child in children
            if isinstance(child, Token) and child.type not in ("EQUAL", "SEMICOLON")
        )
        args, *rest = [child for child in children if isinstance(child, dict)]
        blocks: list[Block] = next((c.value for c in children if isinstance(c, _At)), [])
        start = results[0].start if results else kind.start
        values = [result.value for result in results]
        op = Op(
            kind.text,
            args,
            values,
            rest[0] if rest else {},
            blocks,
            kind.type or None,
            Span(self.source, start, children[-1].end),
        )
        self.scope.block.append(op)
        for value in values:
            self.scope.define(value)

    # Blocks and functions

    def on_block_head(self, children: list[Any]) -> Token:
        inputs = children[0] if isinstance(children[0], list) else []
        brace = children[-1]
        self.scope = Scope(self.source, self.diagnostics, self.scope)
        if self.scope.depth > MAX_DEPTH:
            self.report(
                "MIL0110", f"blocks nest deeper than {MAX_DEPTH} levels", brace.start, brace.end
            )
            raise _Stop
        self.scope.block = Block(inputs)
        for value in inputs:
            self.scope.define(value)
        return brace  # type: ignore[no-any-return]

    def on_block(self, children: list[Any]) -> Block:
        names = children[-1]
        block = self.close(names.value)
        block.span = Span(self.source, children[0].start, names.end)
        return block

    def on_blocks(self, children: list[Any]) -> _At:
        return _At(children[::2], 0, 0)

    def close(self, names: list[Token]) -> Block:
        """End the innermost block: look up its outputs, settle what was used before its definition."""
        scope = self.scope
        outputs = [
            scope.use(name.text) or self.undefined(name.text, name.start, name.end)
            for name in names
        ]
        scope.block.set_outputs(outputs)
        outer = scope.close()
        assert outer is not None
        self.scope = outer
        return scope.block

    def on_function_head(self, children: list[Any]) -> None:
        name, opset, inputs = children[1], children[3], children[5]
        attributes = next((child for child in children if isinstance(child, dict)), {})
        self.begin_function(name, opset.text, inputs, attributes, children[0].start)

    def begin_function(
        self,
        name: Token,
        opset: str,
        inputs: list[Value],
        attributes: dict[str, Literal],
        start: int,
    ) -> None:
        function = Function(name.text, opset, inputs, Span(self.source, start, name.end))
        function.attributes = attributes
        if name.text in self.program.functions:
            first = self.program.functions[name.text].span
            self.report(
                "MIL0211",
                f"the function `{name.text}` is defined twice",
                name.start,
                name.end,
                labels=[Label(first, "first defined here")] if first else (),
            )
        self.program.add(function)
        self.function = function
        self.scope = Scope(self.source, self.diagnostics, self.scope)
        self.scope.block = function.body
        for value in inputs:
            self.scope.define(value)

    def on_function(self, children: list[Any]) -> None:
        names = next(child for child in children if isinstance(child, _At))
        body = self.close(names.value)
        function = body.parent
        assert isinstance(function, Function) and function.span is not None
        end = children[-1].end
        body.span = Span(self.source, function.span.start, names.end)
        function.span = Span(self.source, function.span.start, end)

    def on_program_head(self, children: list[Any]) -> None:
        version = children[2]
        if version.text not in ("1.0", "1.3"):
            self.report(
                "MIL0112",
                f"program version {version.text} is unknown",
                version.start,
                version.end,
                help="Core ML has 1.0 (specification versions 6 to 8) and 1.3 (9 and later)",
            )
        else:
            self.program.version = version.text
        self.program.attributes = next((child for child in children if isinstance(child, dict)), {})

    def on_program(self, children: list[Any]) -> _At:
        return _At(self.program, 0, len(self.source.text))


def _known(dims: Any) -> bool:
    return dims is not None and all(isinstance(dim, int) for dim in dims)


def _is_argument(child: Any) -> bool:
    return isinstance(child, _At) and isinstance(child.value, tuple)
