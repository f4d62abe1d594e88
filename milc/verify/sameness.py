"""Which unknown dimensions of a result are dimensions of an operand, for every op alike.

The op's inference is asked again, twice, with other numbers each time in place of the unknown
dimensions: a dimension of the result that is the number of the same one both times is that one. So
a batch is known to be the batch behind layers, and no op has to say so. The second numbers are
above any bound that a dimension is compared with: a slice up to 3,000,000 may well cut something
off. Imports ir and schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from milc.ir.types import TensorType
from milc.schema.bound import Bound, Symbol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from milc.ir.literals import BlobRef, TensorLiteral
    from milc.ir.nodes import Value
    from milc.ir.types import Type
    from milc.schema.bound import Context, Elements
    from milc.schema.opdef import OpDef
    from milc.verify.arguments import Binding

_RUNS: Final = ((1_000_003, 7_919), (2_147_483_629, -104_729))
"""The first number of each run, and what each further one is more: primes, that none is made of
others by chance. Those of the second run are near the longest that a dimension can be."""


class StandIns:
    """What is known of values, with a number in place of each unknown dimension.

    A Context, so that the definitions of ops can be asked about it.
    """

    def __init__(self, context: Context, first: int, step: int) -> None:
        self.numbers: dict[Symbol, int] = {}
        self._context = context
        self._first = first
        self._step = step

    def type_of(self, value: Value) -> Type:
        """The type with numbers for its unknown dimensions."""
        type = self._context.type_of(value)
        if not isinstance(type, TensorType) or type.shape is None or None not in type.shape:
            return type
        return TensorType(type.element, self._with_numbers(Bound(value, self._context).dims))

    def known(self, value: Value) -> Elements | None:
        """The elements with numbers for those that are certain dimensions."""
        symbols = self._context.symbols(value)
        return None if symbols is None else self._with_numbers(symbols)

    symbols = known

    def origin(self, symbol: Symbol) -> Symbol:
        """The dimension itself: here no one is unknown."""
        return symbol

    def is_constant(self, value: Value) -> bool:
        """Whether a value follows from constants alone."""
        return self._context.is_constant(value)

    def read(self, blob: BlobRef) -> TensorLiteral | None:
        """What a reference into a weight file stands for."""
        return self._context.read(blob)

    def _with_numbers(self, elements: Elements) -> Elements:
        return tuple([self._number(e) if type(e) is Symbol else e for e in elements])

    def _number(self, symbol: Symbol) -> int:
        return self.numbers.setdefault(symbol, self._first + len(self.numbers) * self._step)


def same_dims(view: OpDef, binding: Binding, context: Context) -> Iterator[tuple[Symbol, Symbol]]:
    """Each dimension of the results that is one of the operands', and which.

    Raises what an inference may raise of arguments that do not go together.
    """
    found = []
    for first, step in _RUNS:
        run = StandIns(context, first, step)
        types: Any = type(view)(view.op, _bound_anew(binding, run), run).infer()
        owners = {number: symbol for symbol, number in run.numbers.items()}
        if not owners:
            return
        types = types if isinstance(types, tuple) else (types,)
        found.append([_owned(each, owners) for each in types])
    for result, *each in zip(view.op.results, *found, strict=False):
        for axis, (one, other) in enumerate(zip(*each, strict=False)):
            if one is not None and one == other:
                yield Symbol(result, axis), one


def _bound_anew(binding: Binding, context: Context) -> dict[str, Any]:
    return {
        name: tuple([Bound(each.operand, context) for each in held])
        if isinstance(held, tuple)
        else Bound(held.operand, context)
        for name, held in binding.items()
    }


def _owned(type: Type, owners: dict[int, Symbol]) -> list[Symbol | None]:
    """For each dimension of a type the one that its number stands for, if it is such a number."""
    shape: Any = type.shape if isinstance(type, TensorType) else None
    return [owners.get(dim) for dim in shape or ()]
