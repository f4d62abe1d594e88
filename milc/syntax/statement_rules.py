"""Operations in the grammar: the plain statements that arrive as one match, and all others."""

from __future__ import annotations

import re
from typing import Any, Final

from milc.diagnostics import Span
from milc.grammar import PATTERNS
from milc.ir.literals import Literal
from milc.ir.nodes import Block, Op, Operand, Value
from milc.syntax.lalr import KEYWORDS
from milc.syntax.reader import BROKEN, At
from milc.syntax.value_rules import NotPlain, ValueRules

_P = PATTERNS
_result = re.compile(rf"({_P['P_TYPE']})\s+({_P['WORD']})\s*,?\s*").match
_argument = re.compile(
    rf"({_P['WORD']})\s*=\s*(?:({_P['P_VALUE']})|({_P['WORD']})|\(\s*+([^()]*+)\))\s*+,?\s*+"
).finditer
_attribute = re.compile(rf"({_P['WORD']})\s*=\s*({_P['P_VALUE']})\s*,?\s*").finditer
_BOOLEANS: Final = ("true", "false")


class StatementRules(ValueRules):
    """Callbacks of the rule `operation` and its parts; `statement` takes a plain statement."""

    def statement(self, match: re.Match[str]) -> bool:
        """Read a statement in the plain shape: results, op, arguments, attributes.

        False, with nothing done, if it cannot be read at once or something is wrong with it.
        """
        kind, waiting = self.words.setdefault(match[2], match[2]), self.scope.forward_uses
        known = len(waiting)
        try:
            if match[1] is None and kind in KEYWORDS:
                raise NotPlain
            args = self.plain_arguments(match.string, *match.span(3)) if match[3] else {}
            attributes = self.plain_attributes(match.string, *match.span(4)) if match[4] else {}
            results = self.plain_results(match.string, *match.span(1)) if match[1] else []
        except NotPlain:
            del waiting[known:]
            return False
        # Only blanks and closing brackets stand between the last part and the semicolon.
        end = match.string.index(";", max(match.end(2), match.end(3), match.end(4))) + 1
        span = Span(self.source, match.start(), end)
        self.add(Op(kind, args, results, attributes, (), None, span))
        return True

    def plain_arguments(self, text: str, start: int, end: int) -> dict[str, tuple[Operand, ...]]:
        """`name = operand, ...`."""
        args: dict[str, tuple[Operand, ...]] = {}
        use, one = self.scope.use, self.words.setdefault
        for found in _argument(text, start, end):
            name, value, word, several = found.groups()
            if name in args:
                raise NotPlain
            name = one(name, name)
            if word is not None:
                args[name] = (use(word) or self.plain_forward(word, *found.span(3)),)
            elif value is not None:
                args[name] = (self.plain_literal(value, found.start(2)),)
            else:
                args[name] = self.plain_names(several, found.start(4))
        return args

    def plain_attributes(self, text: str, start: int, end: int) -> dict[str, Literal]:
        """`name = value, ...`."""
        attributes: dict[str, Literal] = {}
        one = self.words.setdefault
        for found in _attribute(text, start, end):
            name, value = found.groups()
            if name in attributes:
                raise NotPlain
            attributes[one(name, name)] = self.plain_literal(value, found.start(2))
        return attributes

    def plain_results(self, text: str, at: int, end: int) -> list[Value]:
        """`TYPE name, ...`."""
        results: list[Value] = []
        while at < end:
            found = _result(text, at, end)
            assert found is not None
            type_text, name = found.groups()
            type = self.types.get(type_text) or self.plain_type(type_text)
            results.append(Value(name, type, None, Span(self.source, *found.span(2))))
            at = found.end()
        return results

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
            return Value(name, BROKEN)
        return self.scope.forward(name, Span(self.source, start, end))

    def on_parameter(self, children: list[Any]) -> At:
        type, name = children
        value = Value(name.text, type.value, None, Span(self.source, name.start, name.end))
        return At(value, type.start, name.end)

    def on_results(self, children: list[Any]) -> list[At]:
        return children[::2]

    def on_parameters(self, children: list[Any]) -> list[Value]:
        return [child.value for child in children[1:-1:2]]

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
