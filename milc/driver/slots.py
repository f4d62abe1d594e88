"""What can be changed of a scaffold's program: its inputs and its constants, each as a slot.

Imports ir, schema and opsets.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, Any, Final

from milc.diagnostics import Diagnostic, MilError
from milc.ir.literals import Literal, TensorLiteral
from milc.ir.numbers import pack
from milc.ir.types import STRING, ElementType, StateType, TensorType, Type
from milc.ir.walk import walk_blocks, walk_ops
from milc.opsets import index

if TYPE_CHECKING:
    from milc.ir.nodes import Function, Op, Value
    from milc.ir.rewriter import Rewriter
    from milc.schema import Arg

Content = Type | Literal | None
"""What a slot holds: an input its type, a constant its value; None for an argument left out."""

MOST_WRITTEN: Final = 1 << 16
"""Of more elements than this no constant is made: nobody reads them."""


class Slot:
    """An input, or a constant.

    `name` is what a person calls it: the argument that it is bound to, or its own name. `uses` are
    the ops and arguments that it is bound to. `held` may be set; `seed` is what the example has.
    `has_element` says that somebody chose the element type, `has_shape` that somebody chose the
    shape or value: the dimensions from `kept_from` on, as one number for any number of dimensions
    if it `is_repeated`.
    """

    def __init__(self, name: str, held: Content, uses: list[tuple[Op, str]]) -> None:
        self.name = name
        self.seed = held
        self.uses = uses
        self.has_element = self.has_shape = False
        self.kept_from = 0
        self.is_repeated = False

    @property
    def held(self) -> Content:
        """What the slot holds."""
        raise NotImplementedError

    @held.setter
    def held(self, content: Content) -> None:
        raise NotImplementedError

    def choose(self, content: Content, *, element: bool = True, shape: bool = True) -> None:
        """Hold what somebody chose, and remember which part of it."""
        self.held = content
        self.has_element |= element
        self.has_shape |= shape

    @property
    def type(self) -> Type | None:
        """The type of what it holds; None if it is left out."""
        held = self.held
        return held.type if isinstance(held, Literal) else held

    @property
    def tensor(self) -> TensorType | None:
        """The type as that of a tensor, that in a state included; None for any other."""
        return tensor_in(self.type)

    def declared(self, opset: str) -> list[Arg]:
        """The declarations of the arguments that it is bound to."""
        found = []
        for op, name in self.uses:
            definition = index.definition(op.kind, op.opset or opset)
            if definition is not None and name in definition.args:
                found.append(definition.args[name])
        return found

    def retyped(self, type: TensorType) -> Content:
        """What it would hold with another type of tensor; constants are made of what they are."""
        held = self.held
        if isinstance(held, TensorLiteral):
            return resized(held, type)
        if isinstance(held, StateType):
            return StateType(type)
        return type


class InputSlot(Slot):
    """An input of a function or a block."""

    def __init__(self, value: Value, uses: list[tuple[Op, str]]) -> None:
        super().__init__(value.name, value.type, uses)
        self.value = value

    @property
    def held(self) -> Content:
        return self.value.type

    @held.setter
    def held(self, content: Content) -> None:
        assert isinstance(content, Type)
        self.value.type = content


class ArgumentSlot(Slot):
    """A constant that is written where an argument is bound."""

    def __init__(self, rewriter: Rewriter, op: Op, arg: str, number: int = 0) -> None:
        self.rewriter = rewriter
        self.op, self.arg, self.number = op, arg, number
        super().__init__(arg, self.held, [(op, arg)])

    @property
    def held(self) -> Content:
        bound = self.op.args.get(self.arg, ())
        operand = bound[self.number] if self.number < len(bound) else None
        return operand if isinstance(operand, Literal) else None

    @held.setter
    def held(self, content: Content) -> None:
        bound = list(self.op.args.get(self.arg, ()))
        bound[self.number : self.number + 1] = [content] if isinstance(content, Literal) else []
        self.rewriter.set_arg(self.op, self.arg, *bound)

    def may_go(self, opset: str) -> bool:
        """Whether the argument has a default, and so may be left to that."""
        declared = self.declared(opset)
        return bool(declared) and declared[0].has_default and not declared[0].variadic


class AttributeSlot(Slot):
    """A constant among an op's attributes, such as the value of a const."""

    def __init__(self, rewriter: Rewriter, op: Op, name: str, uses: list[tuple[Op, str]]) -> None:
        self.rewriter = rewriter
        self.op, self.attribute = op, name
        super().__init__(name, self.held, uses)

    @property
    def held(self) -> Content:
        return self.op.attributes.get(self.attribute)

    @held.setter
    def held(self, content: Content) -> None:
        literal = content if isinstance(content, Literal) else None
        self.rewriter.set_attribute(self.op, self.attribute, literal)
        if self.op.kind == "const" and literal is not None:
            self.rewriter.set_type(self.op.result, literal.type)


def slots(function: Function, rewriter: Rewriter) -> Iterator[Slot]:
    """Every input and constant of a function, nested blocks included, in the order of the text."""
    for value in function.inputs:
        yield InputSlot(value, _uses(value))
    for block in walk_blocks(function):
        for value in block.inputs:
            yield InputSlot(value, _uses(value))
    for op in walk_ops(function):
        if op.kind == "const":
            yield AttributeSlot(rewriter, op, "val", _uses(op.result))
            continue
        for name in op.attributes:
            if name != "name":
                yield AttributeSlot(rewriter, op, name, [(op, name)])
        for name, number, operand in op.operands:
            if isinstance(operand, Literal):
                yield ArgumentSlot(rewriter, op, name, number)


def _uses(value: Value) -> list[tuple[Op, str]]:
    """The ops that name a value, and for what argument."""
    found = []
    for user in value.uses:
        for name, bound in getattr(user, "args", {}).items():
            if value in bound:
                found.append((user, name))
    return found  # type: ignore[return-value]  # blocks have no arguments


def tensor_in(type: Type | None) -> TensorType | None:
    """A type of tensor, or that in a state; None for any other."""
    inner = type.wrapped if isinstance(type, StateType) else type
    return inner if isinstance(inner, TensorType) else None


def resized(literal: TensorLiteral, type: TensorType) -> TensorLiteral:
    """A constant of another type, made of the elements of this one, again and again.

    So it holds numbers that suit the argument. Raises MilError (MIL0039) if they would be too many.
    """
    count = prod(dim if isinstance(dim, int) else 0 for dim in type.shape or ())
    if count > MOST_WRITTEN:
        message = f"a constant of type {type!r} would have {count:,} elements"
        help = f"a scaffold writes constants of up to {MOST_WRITTEN:,} elements; take a smaller one"
        raise MilError(Diagnostic("MIL0039", message, help=help))
    values = literal.values() or [_zero(type.element)]
    cycled = [_as(type.element, values[number % len(values)]) for number in range(count)]
    return TensorLiteral(
        type, tuple(cycled) if type.element is STRING else pack(type.element, cycled)
    )


def _zero(element: ElementType) -> Any:
    return "" if element is STRING else 0


def _as(element: ElementType, value: Any) -> Any:
    """A value as one of another element type."""
    if element is STRING:
        return str(value)
    if isinstance(value, str):
        return 0
    if element.is_float:
        return float(value)
    if element.kind == "bool":
        return bool(value)
    low, high = element.bounds
    return min(max(int(value), low), high)
