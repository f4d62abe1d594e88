"""Constants of fp32 as fp16: what becomes of them, and which cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from milc.ir.constants import literal
from milc.ir.literals import TensorLiteral
from milc.ir.nodes import Value
from milc.kernels import np
from milc.schema import Bound

if TYPE_CHECKING:
    from milc.ir.nodes import Operand
    from milc.kernels import Array
    from milc.schema.bound import Context

LARGEST: Final = 65504.0
"""The largest number that an fp16 is."""
SMALLEST: Final = 2.0**-24
"""The smallest that is above 0."""
UNBOUNDED: Final = 1e38
"""From here on a number stands for infinity, as in masks."""
FEW: Final = 400
"""In constants of fewer elements each one that would vanish counts; in weights it is noise."""


class Half(NamedTuple):
    """A constant in fp16."""

    literal: TensorLiteral
    is_same: bool
    """Whether it is small, and holds the very numbers that it stands for."""
    is_beyond: bool
    """Whether what it stands for is beyond fp16."""
    is_no_factor: bool
    """Whether it is, or vanishes, so that nothing is to be multiplied by it."""


class Halves:
    """The constants of fp32 of a function in fp16; each is computed once, as are equal scalars."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._of: dict[Value | tuple[object, object], Half | None] = {}

    def of(self, operand: Operand) -> Half | None:
        """What becomes of an operand of fp32; None if it is computed, or cannot be read."""
        held = operand.literal if isinstance(operand, Value) else operand
        if held is None:
            return None
        is_small = isinstance(held, TensorLiteral) and held.type.is_scalar
        key = (operand.type, held.content()) if is_small else operand
        if not isinstance(key, Value | tuple):
            return self._made(operand)
        if key not in self._of:
            self._of[key] = self._made(operand)
        return self._of[key]

    def _made(self, operand: Operand) -> Half | None:
        held = Bound(operand, self._context).literal
        return half_of(held.numpy()) if isinstance(held, TensorLiteral) else None


def half_of(array: Array) -> Half:
    """An array of fp32 as a constant in fp16."""
    half = halved(array)
    made = literal(half)
    assert isinstance(made, TensorLiteral)
    is_same = array.size < FEW and bool((half == array).all())
    far = max(-float(array.min(initial=0.0)), float(array.max(initial=0.0)))
    if SMALLEST < far <= LARGEST:
        return Half(made, is_same, False, False)
    size = np.abs(array)
    bound = size[size < UNBOUNDED].max(initial=0.0)
    factor = size[np.isfinite(size)].max(initial=0.0)
    is_no_factor = factor > LARGEST or 0 < factor <= SMALLEST / 2
    return Half(made, is_same, bool(bound > LARGEST), bool(is_no_factor))


def halved(array: Array) -> Array:
    """An array in fp16. Of few elements none becomes 0 that was not."""
    with np.errstate(over="ignore"):
        half: Array = array.astype("f2")
    if array.size >= FEW:
        return half
    vanished = (half == 0) & (array != 0)
    if not vanished.any():
        return half
    return np.where(vanished, np.copysign(SMALLEST, array), half).astype("f2")
