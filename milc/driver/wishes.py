"""What `--set NAME=VALUE` asks for: a type, a shape or a constant, read for where it is to go.

Findings about it are placed in the option's own text. Imports syntax and schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from milc.diagnostics import Diagnostic, MilError, Source, Span, errors
from milc.driver.slots import Content, resized, tensor_in
from milc.ir.literals import ListLiteral, Literal, TensorLiteral, string_literal, tensor
from milc.ir.types import (
    BOOL,
    ELEMENT_TYPES,
    FP32,
    INT32,
    STRING,
    DictType,
    ElementType,
    ListType,
    StateType,
    TensorType,
    Type,
    scalar,
)
from milc.syntax.lexemes import unquote
from milc.syntax.literals import read_literal
from milc.syntax.parse import ProgramRules
from milc.syntax.reader import Stop
from milc.syntax.types import plain_type, tensor_type

if TYPE_CHECKING:
    from milc.schema import Arg

PLACE: Final = "--set"
"""What findings call the option."""

_DIGITS: Final = "[0-9]{1,18}"
_lengths: Final = re.compile(rf"(?:\?|{_DIGITS})(?:x(?:\?|{_DIGITS}))*").fullmatch
_numbers: Final = re.compile(rf"[-+]?{_DIGITS}(?:x[-+]?{_DIGITS})*").fullmatch
_typed: Final = re.compile(r"(\w+|tensor\s*<.*?>)\s*\((.*)\)", re.DOTALL).fullmatch
_state: Final = re.compile(r"state\s*<(.*)>", re.DOTALL).fullmatch
_marks: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\],]').findall
_word: Final = re.compile(r"(?!true$|false$|inf$|nan$)[A-Za-z_]\w*").fullmatch
_floating: Final = re.compile(r"[.eEpP]|inf|nan").search


class Wish:
    """One `NAME=VALUE`."""

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self.source = Source(f"{name}={value}", PLACE)
        self.start = len(name) + 1 + len(value) - len(value.lstrip())
        self.text = value.strip()

    def fault(self, code: str, message: str, help: str | None = None, *, name: bool = False) -> Any:
        """A MilError about the value, or the name."""
        start, end = self.start, self.start + len(self.text)
        span = Span(self.source, 0, len(self.name)) if name else Span(self.source, start, end)
        return MilError(Diagnostic(code, message, span, help=help))

    def content(self, held: Content, arg: Arg | None, shared: ElementType | None) -> Content:
        """What is to be held in place of `held`, None for nothing.

        `arg` is the declaration of the argument, `shared` the element type of its domain. Raises
        MilError (MIL0037, MIL0039).
        """
        try:
            return self._content(held, arg, shared)
        except MilError as error:
            first = error.diagnostics[0]
            if first.code.startswith("MIL00"):
                raise
            made = Diagnostic(
                "MIL0037", first.message, first.span, label=first.label, help=first.help
            )
            raise MilError(made) from None

    def _content(self, held: Content, arg: Arg | None, shared: ElementType | None) -> Content:
        text = self.text
        if not text:
            return None
        typed = _typed(text)
        if typed is not None:
            type = self._type(self.start, typed[1], tensor_in(_type_of(held)))
            start, end = (self.start + at for at in typed.span(2))
            return read_literal(self.source, start, end, type)[0]
        if takes_string(held, arg) and text[0] != "[":
            return string_literal(unquote(text) if text[0] == '"' == text[-1:] else text)
        is_input = held is not None and not isinstance(held, Literal)
        if text in ELEMENT_TYPES or "<" in text or (is_input and _word(text)):
            type = self._type(self.start, text, tensor_in(_type_of(held)))
            return self._of_type(type, held, arg)
        if _lengths(text) and _is_shape(text, held, arg):
            return self._of_type(self._shaped(text, held, arg, shared), held, arg)
        return self._constant(held, arg, shared)

    def _type(self, start: int, text: str, old: TensorType | None) -> Type:
        """The type that a piece of the text spells; a mere element type keeps the old shape."""
        inner = _state(text)
        if inner is not None:
            return StateType(self._type(start + inner.start(1), inner[1], old))
        found = plain_type(self.source, text, start)
        if text in ELEMENT_TYPES and old is not None:
            return TensorType(ELEMENT_TYPES[text], old.shape)
        return found

    def _shaped(
        self, text: str, held: Content, arg: Arg | None, shared: ElementType | None
    ) -> TensorType:
        old = tensor_in(_type_of(held))
        element = old.element if old is not None else shared or _first(arg)
        return self.tensor_of(element, lengths(text))

    def tensor_of(self, element: ElementType, dims: tuple[int | None, ...]) -> TensorType:
        """A type of tensor. Raises MilError if it is too large."""
        end = self.start + len(self.text)
        return tensor_type(self.source, element, dims, self.start, end)

    def _of_type(self, type: Type, held: Content, arg: Arg | None) -> Content:
        """What a place is to hold whose type is given."""
        constant = held is None and arg is not None and arg.const
        if isinstance(held, StateType) and isinstance(type, TensorType):
            return StateType(type)
        if not isinstance(type, TensorType) or not (isinstance(held, Literal) or constant):
            return type
        if None in (type.shape or ()):
            raise self.fault("MIL0037", "a constant has no unknown dimensions")
        return resized(held if isinstance(held, TensorLiteral) else _seed(type), type)

    def _constant(self, held: Content, arg: Arg | None, shared: ElementType | None) -> Content:
        if isinstance(held, StateType | DictType):
            raise self.fault("MIL0037", f"`{self.text}` is no type of a state")
        if isinstance(held, ListLiteral) or (arg is not None and arg.kind == "list"):
            return self._list(held)
        first: MilError | None = None
        for element in _elements(self.text, held, arg, shared):
            try:
                return self._tensor(element, held, arg)
            except MilError as error:
                first = first or error
        assert first is not None
        raise first

    def _list(self, held: Content) -> Literal:
        item = held.type.element if isinstance(held, ListLiteral) else scalar(STRING)
        self._check_form()
        dims = _nesting(self.text)
        type = ListType(item, dims[0] if dims else 1)
        return read_literal(self.source, self.start, self.start + len(self.text), type)[0]

    def _tensor(self, element: ElementType, held: Content, arg: Arg | None) -> TensorLiteral:
        vector = _is_vector(held, arg)
        if vector and element.is_integer and _numbers(self.text):
            values = [int(number) for number in self.text.split("x")]
            low, high = element.bounds
            if not low <= min(values) <= max(values) <= high:
                raise self.fault("MIL0037", f"{element} holds {low} to {high}")
            return tensor(element, (len(values),), values)
        self._check_form()
        dims = _nesting(self.text)
        type = TensorType(element, dims)
        start, end = self.start, self.start + len(self.text)
        found = read_literal(self.source, start, end, type)[0]
        assert isinstance(found, TensorLiteral)
        return resized(found, TensorType(element, (1,))) if vector and not dims else found

    def _check_form(self) -> None:
        """Raise MilError unless the text has the form of a literal."""
        rules = ProgramRules(Source(self.source.text, PLACE))
        try:
            rules.automaton().run("literal", self.start)
        except Stop:
            pass
        if errors(rules.diagnostics):
            raise MilError(rules.diagnostics)


def lengths(text: str) -> tuple[int | None, ...]:
    """The dimensions that `1x3x?` spells."""
    return tuple(None if part == "?" else int(part) for part in text.split("x"))


def is_lengths(text: str) -> bool:
    """Whether a text is of the form `1x3x?`."""
    return _lengths(text) is not None


def is_number(text: str) -> bool:
    """Whether a text is one whole number."""
    return _numbers(text) is not None and "x" not in text


def takes_string(held: Content, arg: Arg | None) -> bool:
    """Whether a place holds a string, so that its quotes may be left out."""
    if isinstance(held, TensorLiteral):
        return held.type.element is STRING
    return held is None and arg is not None and arg.elements == (STRING,)


def _type_of(held: Content) -> Type | None:
    return held.type if isinstance(held, Literal) else held


def _seed(type: TensorType) -> TensorLiteral:
    """One value for a constant that the example does not have."""
    element = type.element
    if element is STRING:
        return tensor(element, (), ("",))
    return tensor(element, (), (True if element is BOOL else 1.0 if element.is_float else 1,))


def _first(arg: Arg | None) -> ElementType:
    """The element type that an argument is given unless one is said."""
    elements = arg.elements if arg is not None else ()
    return FP32 if FP32 in elements or not elements else elements[0]


def _is_vector(held: Content, arg: Arg | None) -> bool:
    """Whether a place holds a vector, so that a number stands for one with that element."""
    if isinstance(held, TensorLiteral):
        return held.type.rank == 1
    return held is None and arg is not None and arg.ranks == (1, 1)


def _is_shape(text: str, held: Content, arg: Arg | None) -> bool:
    """Whether lengths are the shape of what a place is to hold, and not its elements."""
    if held is not None and not isinstance(held, Literal):
        return True
    if isinstance(held, TensorLiteral):
        if held.type.rank == 1:
            return not held.type.element.is_integer
        return bool(held.type.rank) or "x" in text
    if arg is None or isinstance(held, Literal):
        return False
    integers = all(element.is_integer for element in arg.elements)
    return not (arg.const and integers) and arg.ranks != (0, 0)


def _elements(
    text: str, held: Content, arg: Arg | None, shared: ElementType | None
) -> Iterator[ElementType]:
    """The element types that a constant may have, those that are meant most likely first."""
    allowed = arg.elements if arg is not None else ()
    old = tensor_in(_type_of(held))
    found = [old.element] if old is not None else []
    if shared is not None:
        found.append(shared)
    natural = _natural(text)
    found += [each for each in (natural, *allowed) if not allowed or each in allowed]
    yield from dict.fromkeys(found or [natural])


def _natural(text: str) -> ElementType:
    if "true" in text or "false" in text:
        return BOOL
    if '"' in text:
        return STRING
    return FP32 if _floating(text) else INT32


def _nesting(text: str) -> tuple[int, ...]:
    """The dimensions that the first brackets of each depth have."""
    if text.replace(" ", "") == "[]":
        return (0,)
    counts: list[int] = []
    closed: set[int] = set()
    depth = -1
    for mark in _marks(text):
        if mark == "[":
            depth += 1
            if depth == len(counts):
                counts.append(1)
        elif mark == "]":
            closed.add(depth)
            depth -= 1
        elif mark == "," and depth >= 0 and depth not in closed:
            counts[depth] += 1
    return tuple(counts)
