"""What ops that work on one tensor element by element have in common; itself defines no op."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from milc.ir.types import FP16, FP32
from milc.kernels import Array, functions, halves, np
from milc.schema import Bound, Domain, Elements, In, OpDef, Out
from milc.schema.rules import fold_elementwise, settle


def evaluated(compute: Callable[..., Any], operands: Sequence[Bound]) -> Array:
    """What a function of arrays makes of operands, element by element."""
    result: Array
    if operands[0].element is FP16:
        result = halves.elementwise(compute, [each.array for each in operands])
    else:
        result = compute(*[each.reals for each in operands])
    return result


class Elementwise(OpDef):
    """A result of the type of `x`, each element a function of that of `x` and of scalars."""

    elementwise = True
    apply: ClassVar[Callable[..., Any] | None] = None
    """What becomes of an element of `x`, with those of the further arguments in their order; None
    where no shape is computed with it. It may raise where it has no value."""
    kernel: ClassVar[str] = ""
    """The function of `functions` that does the same to arrays, or …"""
    ufunc: ClassVar[str] = ""
    """… numpy's function that does; both take the further arguments as `apply` does."""

    even: ClassVar[bool] = False
    """Whether the sign of `x` makes no difference."""
    keeps: ClassVar[tuple[float, float] | None] = None
    """Between which numbers an element of `x` is left as it is; `kept` where arguments decide."""

    T = Domain(FP16, FP32)
    x = In(T, "the operand, of any shape")
    y = Out("the result, of the type of `x`", like="x")

    def kept(self) -> tuple[float, float] | None:
        """Between which numbers, both included, an element of `x` is left as it is."""
        return self.keeps

    def fold(self) -> Elements | None:
        function = type(self).apply
        if function is None:
            return None
        operands = [getattr(self, name) for name in self.args]
        return settle(self.x.element, fold_elementwise(function, *operands))

    def evaluate(self) -> Array:
        own = type(self)
        compute = getattr(functions, own.kernel) if own.kernel else getattr(np, own.ufunc)
        return evaluated(compute, [getattr(self, name) for name in self.args])
