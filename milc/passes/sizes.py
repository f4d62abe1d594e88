"""Integers that follow from dimensions that are not known, as sums of products of these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Never

from milc.ir.types import TensorType
from milc.opsets.elementwise_binary import Binary
from milc.opsets.elementwise_unary import Cast
from milc.opsets.reduction import Reduction
from milc.schema import Bound
from milc.schema.bound import Symbol

if TYPE_CHECKING:
    from milc.ir.literals import BlobRef, TensorLiteral
    from milc.ir.nodes import Value
    from milc.ir.types import Type
    from milc.schema import Elements, OpDef
    from milc.schema.bound import Context

MOST: Final = 64
"""Of tensors with more elements nothing is known: no shape is made of so many."""

LONGEST: Final = (1 << 31) - 1
"""What a dimension can be at most."""

Product = tuple[Symbol, ...]
"""Dimensions that are multiplied, in an order that is the same for the same ones."""
Terms = frozenset[tuple[Product, int]]
"""Products, each with the number that it is multiplied by."""

_UNFORESEEN: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a fold may raise of elements that are no numbers."""


class Size:
    """An integer that depends on dimensions that are not known; the same one is the same object.

    It can be added, subtracted and multiplied, and divided by a number that divides it whatever the
    dimensions are. Whatever else is asked of it is not known, and raises ValueError.
    """

    __slots__ = ("_all", "terms")

    def __init__(self, terms: Terms, known: dict[Terms, Size]) -> None:
        self.terms = terms
        self._all = known

    @property
    def symbol(self) -> Symbol | None:
        """The dimension that it is, None if it is more."""
        (product, factor), *more = self.terms
        return product[0] if len(product) == factor == 1 and not more else None

    def __add__(self, other: Any) -> Size | int:
        terms = dict(self.terms)
        for product, factor in _terms(other):
            terms[product] = terms.get(product, 0) + factor
        return size(terms, self._all)

    __radd__ = __add__

    def __mul__(self, other: Any) -> Size | int:
        terms: dict[Product, int] = {}
        for one, factor in self.terms:
            for another, number in _terms(other):
                product = tuple(sorted([*one, *another], key=_order))
                terms[product] = terms.get(product, 0) + factor * number
        return size(terms, self._all)

    __rmul__ = __mul__

    def __sub__(self, other: Any) -> Size | int:
        difference: Size | int = self + other * -1
        return difference

    def __rsub__(self, other: Any) -> Size | int:
        difference: Size | int = self * -1 + other
        return difference

    def __floordiv__(self, other: Any) -> Size | int:
        if self % other:
            raise ValueError("not divided")
        return size({product: factor // other for product, factor in self.terms}, self._all)

    def __mod__(self, other: Any) -> int:
        if isinstance(other, int) and other and not any(n % other for _, n in self.terms):
            return 0
        raise ValueError("the rest of a division is not known")

    def __eq__(self, other: object) -> bool:
        if other is self or other is None:
            return other is self
        raise ValueError("whether it is that is not known")

    __hash__ = object.__hash__

    def _unknown(self, *_: Any) -> Never:
        raise ValueError("not known")

    __lt__ = __le__ = __gt__ = __ge__ = __bool__ = _unknown


def _terms(of: Any) -> list[tuple[Product, int]]:
    if isinstance(of, Size):
        return list(of.terms)
    if type(of) is not int:
        raise ValueError("no integer")
    return [((), of)]


def _order(symbol: Symbol) -> tuple[int, int]:
    return id(symbol.value), symbol.axis


def size(terms: dict[Product, int], known: dict[Terms, Size]) -> Size | int:
    """The size of terms, an int if no dimension is left in it."""
    left = frozenset((product, factor) for product, factor in terms.items() if factor)
    if all(not product for product, _ in left):
        return next((factor for _, factor in left), 0)
    return known.setdefault(left, Size(left, known))


class Sizes:
    """What is known of integers of a function, ops in their order; a Context to ask definitions."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._found: dict[Value, Elements] = {}
        self._all: dict[Terms, Size] = {}

    def of(self, element: Any) -> Any:
        """A dimension as a size, anything else as it is."""
        return size({(element,): 1}, self._all) if type(element) is Symbol else element

    def note(self, op: OpDef) -> Elements | None:
        """What is known of the elements of an op's only result, and keep it."""
        (result,) = op.op.results
        type = self._context.type_of(result)
        if not isinstance(type, TensorType) or type.element.kind not in ("int", "uint"):
            return None
        if type.count is None or type.count > MOST:
            return None
        elements = self._folded(op)
        if elements is None or len(elements) != type.count:
            return None
        self._found[result] = elements
        return elements

    def _folded(self, op: OpDef) -> Elements | None:
        """A definition asked with sizes among the elements: where only numbers do, it raises."""
        try:
            again: Any = type(op)(op.op, self._bound(op), self)
            folded: Elements | None = None
            if isinstance(again, Binary | Reduction):
                folded = again.computed()
            elif isinstance(again, Cast) and again.x.element.is_integer:
                folded = again.x.elements
            if folded is None or Size not in map(type, folded):
                folded = again.fold()
        except _UNFORESEEN:
            return None
        if folded is None:
            return None
        low, high = self._context.type_of(op.op.results[0]).element.bounds  # type: ignore[attr-defined]  # of integers
        return tuple([self._held(self.of(each), low, high) for each in folded])

    @staticmethod
    def _held(element: Any, low: int, high: int) -> Any:
        """An element if its type holds it: a size only if there is room for any dimension.

        There is none if even dimensions of 1 would be too many.
        """
        if isinstance(element, Size):
            fits = high >= LONGEST and all(abs(number) <= high for _, number in element.terms)
            return element if fits else None
        return element if type(element) is int and low <= element <= high else None

    def _bound(self, op: OpDef) -> dict[str, Any]:
        held = {name: op.__dict__[name] for name in op.args if name in op.__dict__}
        return {
            name: tuple([Bound(each.operand, self) for each in bound])
            if isinstance(bound, tuple)
            else Bound(bound.operand, self)
            for name, bound in held.items()
            if bound is not None
        }

    # What definitions ask

    def type_of(self, value: Value) -> Type:
        """The type of a value."""
        return self._context.type_of(value)

    def known(self, value: Value) -> Elements | None:
        """The elements of a value, sizes where they depend on dimensions."""
        if value in self._found:
            return self._found[value]
        symbols = self._context.symbols(value)
        return None if symbols is None else tuple([self.of(symbol) for symbol in symbols])

    symbols = known

    def origin(self, symbol: Symbol) -> Symbol:
        """The dimension that a dimension is."""
        return self._context.origin(symbol)

    def is_constant(self, value: Value) -> bool:
        """Whether a value follows from constants alone."""
        return self._context.is_constant(value)

    def read(self, blob: BlobRef) -> TensorLiteral | None:
        """What a reference into a weight file stands for."""
        return self._context.read(blob)
