"""An operand as the rules of an op see it: its type, and what is known of its elements.

Imports ir, and kernels when a program runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from milc.ir.fit import fits
from milc.ir.literals import BlobRef, ListLiteral, Literal, TensorLiteral
from milc.ir.nodes import Value
from milc.ir.types import ELEMENT_TYPES, TensorType
from milc.kernels import halves

if TYPE_CHECKING:
    from milc.ir.nodes import Operand
    from milc.ir.types import ElementType, Type
    from milc.kernels import Array

Elements = tuple[Any, ...]
"""Elements in row-major order, None for each that is not known: of the shape [1, ?] (1, None)."""

Known = tuple[Any, ...]
"""Elements too, but with a Symbol for each that is not known and is a certain dimension."""

FOLDED = 4096
"""Of more elements than this nothing is computed ahead: no shape has so many."""


_NARROW = frozenset([each for each in ELEMENT_TYPES.values() if each.is_float and each.bits < 32])
"""Floats that are computed with as fp32."""


class Symbol(NamedTuple):
    """A dimension that is not known, but is that of a value along an axis, whatever it will be."""

    value: Value
    axis: int


class Context(Protocol):
    """What a check knows of the values around an op."""

    def type_of(self, value: Value) -> Type:
        """The type that a value has, or is to have."""

    def known(self, value: Value) -> Elements | None:
        """The elements that are known of a value that is no constant."""

    def symbols(self, value: Value) -> Known | None:
        """`known`, with the symbols among the elements."""

    def origin(self, symbol: Symbol) -> Symbol:
        """The first value's dimension that a dimension is; itself if it is of no other."""

    def is_constant(self, value: Value) -> bool:
        """Whether a value follows from constants alone."""

    def read(self, blob: BlobRef) -> TensorLiteral | None:
        """What a reference into a weight file stands for, if that can be read."""


class Bound:
    """What one argument of one op is bound to.

    `operand` is the Value or Literal, `type` its type. Of a tensor `element` is the element type
    and `shape` the dimensions, None for each that is unknown; rules and inference run only if the
    rank of every tensor is known, so neither asks. Lists, dicts and states have neither.

    While a program runs, `held` is what the operand is: an array, of a list a tuple, of a dict a
    dict, of a state what holds it. Type, shape and values are then those of what is held, so that
    all is known, and `infer` gives the very shapes of the results. `settled` are the elements of a
    constant that is held, where they are few.
    """

    __slots__ = ("context", "element", "held", "operand", "settled", "shape", "type")
    element: ElementType
    shape: tuple[int | None, ...]

    def __init__(self, operand: Operand, context: Context) -> None:
        self.operand = operand
        self.context = context
        self.held: Any = None
        self.settled: Elements | None = None
        type = context.type_of(operand) if operand.__class__ is Value else operand.type
        self.type: Type = type
        if isinstance(type, TensorType):
            self.element = type.element
            self.shape = type.shape or ()  # type: ignore[assignment]  # see the class

    @property
    def array(self) -> Array:
        """The tensor that it is while the program runs, in its own element type.

        What holds on to it must not write to it: it may be another op's operand too.
        """
        return self.held  # type: ignore[no-any-return]  # not Any where the operand is a tensor

    @property
    def reals(self) -> Array:
        """The tensor to compute with: floats of fewer than 32 bits as fp32.

        So a result is rounded once, when it is done.
        """
        array: Array = self.held
        return halves.widened(array) if self.element in _NARROW else array

    @property
    def tensor(self) -> TensorType:
        """The type as that of a tensor. Raises TypeError for lists, dicts and states."""
        if not isinstance(self.type, TensorType):
            raise TypeError(f"{self.type!r} is no tensor")
        return self.type

    @property
    def dims(self) -> tuple[int | Symbol, ...]:
        """Its dimensions, a Symbol where unknown."""
        value: Any = self.operand  # no literal has an unknown dimension
        origin, dims = self.context.origin, enumerate(self.shape)
        return tuple([origin(Symbol(value, at)) if dim is None else dim for at, dim in dims])

    @property
    def rank(self) -> int:
        """The number of its dimensions."""
        return len(self.shape)

    @property
    def count(self) -> int | None:
        """The number of its elements, None if a dimension is unknown."""
        return self.tensor.count

    @property
    def length(self) -> int | None:
        """The number of its elements, also where its type leaves that open and they are known."""
        elements = self.elements if self.count is None else None
        return self.count if elements is None else len(elements)

    @property
    def is_constant(self) -> bool:
        """Whether it follows from constants alone."""
        operand = self.operand
        return not isinstance(operand, Value) or self.context.is_constant(operand)

    @property
    def is_computed(self) -> bool:
        """Whether it is what an op gives or a function takes, not a constant written down."""
        operand = self.operand
        return operand.__class__ is Value and operand.literal is None

    @property
    def literal(self) -> Literal | None:
        """The constant that it is, one out of a weight file included; None if it is computed.

        Of a const that declares another type than its value has, nothing is known.
        """
        operand = self.operand
        literal: Any = operand.literal if operand.__class__ is Value else operand
        if literal is None or (self.type is not literal.type and not fits(self.type, literal.type)):
            return None
        return self.context.read(literal) if isinstance(literal, BlobRef) else literal

    @property
    def elements(self) -> Elements | None:
        """What is known of its elements; None if nothing is, or if there are too many of them."""
        if self.held is not None:
            return self.settled or _elements_of(self.held)
        operand = self.operand
        if isinstance(operand, Value) and operand.literal is None:
            return self._known(operand)
        if isinstance(self.type, TensorType) and (self.type.count or 0) > FOLDED:
            return None
        return self._constant_elements()

    @property
    def symbols(self) -> Known | None:
        """`elements`, with a Symbol in place of None for each that is a certain dimension.

        For folds that move elements, and for rules in which a dimension cancels against itself.
        """
        elements, operand = self.elements, self.operand
        if elements is None or None not in elements or not isinstance(operand, Value):
            return elements
        return self.context.symbols(operand)

    @property
    def value(self) -> Any:
        """Its value, if known entirely, else None: a Python scalar for rank 0, else all elements.

        Also of large constants. Elements are a tuple in row-major order; those of a list are its
        items' values.
        """
        operand = self.operand
        if self.held is not None:
            elements: Elements | None = self.settled or _elements_of(self.held)
        elif isinstance(operand, Value) and operand.literal is None:
            elements = self._known(operand)
        else:
            elements = self._constant_elements()
        if elements is None or None in elements:
            return None
        return elements[0] if self.type.__class__ is TensorType and not self.shape else elements

    def _known(self, value: Value) -> Elements | None:
        """What is known of a result, unless it is declared with another number of elements."""
        elements = self.context.known(value)
        if elements is None or not isinstance(self.type, TensorType):
            return elements
        return elements if self.type.count in (None, len(elements)) else None

    def _constant_elements(self) -> Elements | None:
        literal = self.literal
        if isinstance(literal, TensorLiteral):
            return literal.elements()
        if isinstance(literal, ListLiteral):
            items = [item for item in literal.items if isinstance(item, TensorLiteral)]
            return tuple(
                item.values()[0] if item.type.is_scalar else item.values() for item in items
            )
        return None

    def axis(self, axis: int) -> int:
        """An axis as a number from 0 on: -1 is the last. Out of range stays out of range."""
        return axis + self.rank if axis < 0 else axis

    def with_shape(self, *dims: int | None) -> TensorType:
        """The tensor type of its elements in another shape."""
        return TensorType(self.element, dims)

    def with_dim(self, axis: int, dim: int | None) -> TensorType:
        """Its type with one dimension replaced."""
        dims = list(self.shape)
        dims[axis] = dim
        return TensorType(self.element, tuple(dims))

    def with_element(self, element: ElementType) -> TensorType:
        """Its type with other elements."""
        return TensorType(element, self.shape)

    def __repr__(self) -> str:
        return f"<{self.type!r}>"


def _elements_of(held: Any) -> Elements:
    """The elements of an array, or the values of what is in a list."""
    if isinstance(held, tuple):
        return tuple([each.item() if not each.shape else _elements_of(each) for each in held])
    return tuple(held.ravel().tolist())
