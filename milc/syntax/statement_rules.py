"""Operations in the grammar: the plain statements that arrive as one match, and all others."""

from __future__ import annotations

import re
from typing import Any, Final

from milc.diagnostics import Span
from milc.grammar import PATTERNS
from milc.ir.literals import Literal, TensorLiteral
from milc.ir.nodes import Block, Op, Operand, Value
from milc.ir.types import SCALAR_STRING, TO_INFER, UNKNOWN_TYPE, Type
from milc.syntax.lalr import KEYWORDS
from milc.syntax.reader import At
from milc.syntax.types import LEFT_OPEN
from milc.syntax.value_rules import NotPlain, ValueRules

_P = PATTERNS
_result = re.compile(rf",\s*({_P['P_TYPE']})\s+({_P['WORD']})\s*").finditer
_argument = re.compile(
    rf"({_P['WORD']})\s*=\s*(?:({_P['WORD']})(?!\s*+[(<])|({_P['P_VALUE']})|\(\s*+([^()]*+)\))"
    r"\s*+,?\s*+"
).finditer
_attribute = re.compile(rf"({_P['WORD']})\s*=\s*({_P['P_VALUE']})\s*,?\s*").finditer
_BOOLEANS: Final = ("true", "false")


class StatementRules(ValueRules):
    """Callbacks of the rule `operation` and its parts; `statement` takes a plain statement."""

    def statement(self, match: re.Match[str]) -> bool:
        """Read a statement in the plain shape: results, op, arguments, attributes.

        False, with nothing done, if it cannot be read at once or something is wrong with it.
        """
        type_text, name, more, kind, given, called, others, _ = match.groups()
        text, source, waiting = match.string, self.source, self.scope.forward_uses
        known = len(waiting)
        args: dict[str, tuple[Operand, ...]] = {}
        attributes: dict[str, Literal] = {}
        results: list[Value] = []
        try:
            if given:
                self.plain_arguments(args, text, *match.span(5))
            if called is not None:
                # Most ops are called like their first result: one string for both.
                called = name if called == name else called
                attributes["name"] = TensorLiteral(SCALAR_STRING, (called,))
            if others:
                self.plain_attributes(attributes, text, *match.span(7))
            if name is not None:
                type = self.types.get(type_text) or self.result_type(type_text)
                results.append(Value(name, type, None, Span(source, *match.span(2))))
                if more:
                    self.plain_results(results, text, *match.span(3))
            elif kind in KEYWORDS:
                raise NotPlain
        except NotPlain:
            del waiting[known:]
            return False
        span = Span(source, match.start(), match.end(8))
        kind = self.words.setdefault(kind, kind)
        self.add(Op(kind, args, results, attributes, (), None, span))
        return True

    def plain_arguments(
        self, args: dict[str, tuple[Operand, ...]], text: str, start: int, end: int
    ) -> None:
        """`name = operand, ...`."""
        near, use, one = self.scope.names.get, self.scope.use, self.words.setdefault
        for found in _argument(text, start, end):
            name, word, value, several = found.groups()
            if name in args:
                raise NotPlain
            name = one(name, name)
            if word is not None:
                args[name] = (near(word) or use(word) or self.plain_forward(word, *found.span(2)),)
            elif value is not None:
                args[name] = (self.plain_literal(value, found.start(3)),)
            else:
                args[name] = self.plain_names(several, found.start(4))

    def plain_attributes(
        self, attributes: dict[str, Literal], text: str, start: int, end: int
    ) -> None:
        """`name = value, ...`."""
        one = self.words.setdefault
        for found in _attribute(text, start, end):
            name, value = found.groups()
            if name in attributes:
                raise NotPlain
            attributes[one(name, name)] = self.plain_literal(value, found.start(2))

    def plain_results(self, results: list[Value], text: str, start: int, end: int) -> None:
        """`, TYPE name ...`: the results behind the first."""
        for found in _result(text, start, end):
            type_text, name = found.groups()
            type = self.types.get(type_text) or self.result_type(type_text)
            results.append(Value(name, type, None, Span(self.source, *found.span(2))))

    def result_type(self, text: str) -> Type:
        """The type that is written before a result. Raises NotPlain."""
        return TO_INFER if text == LEFT_OPEN else self.plain_type(text)

    def plain_names(self, text: str, start: int) -> tuple[Operand, ...]:
        """The names of a variadic argument."""
        operands: list[Operand] = []
        at = start
        for part in text.split(",") if text else ():
            name = part.strip()
            at = self.source.text.index(name, at)
            operands.append(self.scope.use(name) or self.plain_forward(name, at, at + len(name)))
            at += len(name)
        return tuple(operands)

    def plain_forward(self, name: str, start: int, end: int) -> Value:
        """A place-holder for a name that no op before has defined."""
        if name in _BOOLEANS:
            raise NotPlain
        return self.scope.forward(name, Span(self.source, start, end))

    def undefined(self, name: str, start: int, end: int) -> Value:
        """A place-holder for a name that no op before has defined; one behind may."""
        if name in _BOOLEANS:
            self.untyped(start, end)
            return Value(name, UNKNOWN_TYPE)
        return self.scope.forward(name, Span(self.source, start, end))

    def on_parameter(self, children: list[Any]) -> At:
        type, name = children
        value = Value(name.text, type.value, None, Span(self.source, name.start, name.end))
        return At(value, type.start, name.end)

    def on_results(self, children: list[Any]) -> list[At]:
        return children[::2]

    def on_parameters(self, children: list[Any]) -> list[Value]:
        given = children[1:-1:2]
        for child in given:
            value = child.value
            value.type = self.settled(At(value.type, child.start, child.end)).value
        return [child.value for child in given]

    def on_names(self, children: list[Any]) -> At:
        return At(children[1:-1:2], children[0].start, children[-1].end)

    def on_suffix(self, children: list[Any]) -> str:
        return str(children[1].text)

    def on_kind(self, children: list[Any]) -> At:
        name = self.on_name(children[:1])
        opset = children[1] if len(children) > 1 else None
        return At((name.text, opset), name.start, name.end)

    def on_operand(self, children: list[Any]) -> At:
        (child,) = children
        if isinstance(child, At):
            return child
        value = self.scope.use(child.text) or self.undefined(child.text, child.start, child.end)
        return At(value, child.start, child.end)

    def on_argument(self, children: list[Any]) -> At:
        name, _, operand = children
        return At((name.text, (operand,)), name.start, operand.end)

    def on_variadic(self, children: list[Any]) -> At:
        operands = tuple(child for child in children[3:] if isinstance(child, At))
        return At((children[0].text, operands), children[0].start, children[-1].end)

    def on_arguments(self, children: list[Any]) -> At:
        args: dict[str, tuple[Operand, ...]] = {}
        for child in children[1:-1:2]:
            name, operands = child.value
            if name in args:
                self.repeated("argument", name, child.start, child.end)
            args[name] = tuple([o.value for o in operands if o.value is not None])
        return At(args, children[0].start, children[-1].end)

    def on_attribute(self, children: list[Any]) -> At:
        name, _, value = children
        return At((name.text, value.value), name.start, name.end)

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
        *_, semicolon = children
        results: list[At] = children[0] if isinstance(children[0], list) else []
        kind, args, *rest = [child for child in children if isinstance(child, At)]
        blocks: list[Block] = rest[0].value if rest else []
        attributes = next((child for child in children if isinstance(child, dict)), {})
        start = results[0].start if results else kind.start
        name, opset = kind.value
        span = Span(self.source, start, semicolon.end)
        values = [result.value for result in results]
        self.add(Op(name, args.value, values, attributes, blocks, opset, span))

    def add(self, op: Op) -> None:
        """Put an op at the end of the block and its results into scope."""
        self.scope.block.append(op)
        for value in op.results:
            self.scope.define(value)
