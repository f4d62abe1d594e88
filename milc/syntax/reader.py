"""What the grammar's callbacks share: source, findings, scope, types and literals seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from milc.diagnostics import BoundedFindings, Diagnostic, MilError, Source, Span
from milc.ir.literals import Literal
from milc.ir.nodes import Program
from milc.ir.types import TO_INFER, UNKNOWN_TYPE, Type
from milc.syntax import lexemes
from milc.syntax.lalr import Token
from milc.syntax.scope import Scope
from milc.syntax.types import plain_type


class Stop(Exception):
    """Reading cannot go on; the reason is among the diagnostics."""


class At:
    """What a rule of the grammar means, with its place; `depth` counts types within types."""

    __slots__ = ("depth", "end", "start", "value")

    def __init__(self, value: Any, start: int, end: int, depth: int = 0) -> None:
        self.value = value
        self.start = start
        self.end = end
        self.depth = depth


class Reader:
    """The base of the callbacks. A method `on_x` is called with the children of rule x."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.program = Program("1.3", source)
        self.diagnostics: list[Diagnostic] = BoundedFindings()
        self.outermost = Scope(source, self.diagnostics, None)
        self.scope = self.outermost
        self.types: dict[str, Type] = {}
        self.literals: dict[str, Literal] = {}
        # One string for each kind of op, argument and attribute, however often it is written.
        self.words: dict[str, str] = {}

    def report(self, code: str, message: str, start: int, end: int, **more: Any) -> None:
        """Note what is wrong with the text from `start` to `end`."""
        self.diagnostics.append(Diagnostic(code, message, Span(self.source, start, end), **more))

    def guarded(self, read: Callable[[], Any], otherwise: Any) -> Any:
        """What `read` gives, or `otherwise` after noting what it raised."""
        try:
            return read()
        except MilError as error:
            self.diagnostics.extend(error.diagnostics)
            return otherwise

    def repeated(self, what: str, name: str, start: int, end: int) -> None:
        """Note that an argument or attribute is given twice."""
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

    def scalar_type(self, text: str, start: int) -> Type:
        """The scalar type of an element type's name; UNKNOWN_TYPE after noting what is wrong."""
        type = self.types.get(text)
        if type is None:
            type = self.guarded(lambda: plain_type(self.source, text, start), UNKNOWN_TYPE)
            if type is not UNKNOWN_TYPE:
                self.types[text] = type
        return type

    def settled(self, type: At) -> At:
        """A type that must not be left to inference, as only that of a result may be."""
        if type.value is TO_INFER:
            message = "`_` leaves the type of a result to inference; here the type is needed"
            self.report("MIL0201", message, type.start, type.end)
            type.value = UNKNOWN_TYPE
        return type
