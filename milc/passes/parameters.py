"""Constants as the parameters of ops: along which dimensions they vary, and new ones made of them.

What is computed with them is computed in fp64 and rounded once, to the type that it is stored in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from milc.ir.literals import TensorLiteral
from milc.ir.nodes import Value
from milc.ir.types import FP16, FP32, ElementType
from milc.kernels import np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from milc.kernels import Array
    from milc.opsets.elementwise_binary import Binary
    from milc.passes.session import Session
    from milc.schema import Bound, OpDef

SMALL: Final = 4096
"""A constant of no more elements may be there twice, to spare an op."""
PIECE: Final = 1 << 18
"""About as many elements of a large constant are computed at a time."""

_STORED: Final = {FP16: "f2", FP32: "f4"}
_LOST: Final = 2.0**-10
"""How much of the largest element of a channel rounding may lose, in any type."""


def is_real(bound: Bound) -> bool:
    """Whether an operand is of floats that parameters are computed for."""
    return bound.element in _STORED


def parts(op: OpDef) -> tuple[Bound, Bound] | None:
    """The computed operand and the constant one of an op of two; None if it has not one each."""
    first, second = [getattr(op, name) for name in list(op.args)[:2]]
    if first.is_computed == second.is_computed:
        return None
    return (first, second) if first.is_computed else (second, first)


def affine(op: Binary, constant: Array) -> tuple[Array | None, Array | None] | None:
    """What `mul`, `real_div`, `add` or `sub` of a constant multiplies by, and what it adds then.

    Either is None if there is none. None if it divides the constant.
    """
    is_first = not op.x.is_computed
    if op.name == "mul":
        return constant, None
    if op.name == "add":
        return None, constant
    if op.name == "sub":
        return (-np.ones_like(constant), constant) if is_first else (None, -constant)
    with np.errstate(all="ignore"):
        return None if is_first else (1 / constant, None)


def numbers(bound: Bound) -> Array | None:
    """The elements of a constant of floats, as fp64; None if it is none, or cannot be read."""
    array = elements(bound)
    return None if array is None else array.astype("f8")


def elements(bound: Bound) -> Array | None:
    """The elements of a constant of floats as they are stored, which may be in a mapped file."""
    literal = bound.literal if is_real(bound) else None
    return literal.numpy() if isinstance(literal, TensorLiteral) else None


def along(constant: Bound, dims: Sequence[Any], axes: Sequence[int]) -> Array | None:
    """A constant that is combined with a tensor of dimensions `dims`, as it is along some axes.

    Its shape is theirs. None if it varies along others, or if a dimension that it is to have is
    not known: the tensor might be broadcast along it.
    """
    more = len(dims) - constant.rank
    if more < 0 or not is_real(constant):
        return None
    shape: list[Any] = [*[1] * more, *constant.shape]
    if any(d != 1 and (at not in axes or d != dims[at]) for at, d in enumerate(shape)):
        return None
    wanted = [dims[axis] for axis in axes]
    found = numbers(constant) if all(isinstance(dim, int) for dim in wanted) else None
    if found is None:
        return None
    return np.broadcast_to(found.reshape([shape[axis] for axis in axes]), wanted)


def finite(array: Array, element: ElementType) -> Array | None:
    """Numbers in an element type; None if that does not hold them all."""
    with np.errstate(all="ignore"):
        made = array.astype(_STORED[element])
    return made if np.isfinite(made).all() else None


def stored(array: Array, element: ElementType, axis: int = 0) -> Array | None:
    """The same for what is multiplied with: None, too, if much of a channel would be lost."""
    made = finite(array, element)
    if made is None:
        return None
    others = tuple(at for at in range(array.ndim) if at != axis)
    largest = np.abs(array).max(axis=others, keepdims=True, initial=0)
    return made if (np.abs(made - array) <= _LOST * largest).all() else None


def scaled(array: Array, factor: Array, axis: int) -> Array | None:
    """A large array times what broadcasts with it, in its own type; None if that loses too much.

    It is done in pieces of some channels, which lie along `axis`, to make no copy in fp64 of all.
    """
    array, factor = array.swapaxes(0, axis), factor.swapaxes(0, axis)
    element = FP16 if array.dtype == "f2" else FP32
    made = np.empty_like(array)
    step = max(1, PIECE * len(array) // max(1, array.size))
    for start in range(0, len(array), step):
        part = slice(start, start + step)
        with np.errstate(all="ignore"):
            piece = stored(array[part] * factor[part], element)
        if piece is None:
            return None
        made[part] = piece
    return made.swapaxes(0, axis)


class Source(NamedTuple):
    """The op of channels that an operand comes from, and along which dimension they lie."""

    op: Any
    moved: Any
    """The transpose between them, if there is one."""
    axis: int


def own(by: OpDef, of: Bound, session: Session, *kinds: str) -> Any:
    """The op of some kinds that gives an operand to one other alone, which is in the same block.

    So it goes when that does, and what stands before a loop is not done in it.
    """
    op = session.producer(of, *kinds)
    if op is None or op.op.parent is not by.op.parent:
        return None
    return op if session.is_used_once(op.op.results[0]) else None


def source(by: OpDef, of: Bound, session: Session, *kinds: str) -> Source | None:
    """The op of some kinds that gives an operand, directly or by a transpose, to one op alone.

    The channels are the second dimension of what it gives.
    """
    op = own(by, of, session, "transpose", *kinds)
    if op is None or op.name in kinds:
        return None if op is None else Source(op, None, 1)
    first = own(op, op.x, session, *kinds)
    if first is None:
        return None
    perm = [axis % op.x.rank for axis in op.perm.value]
    return Source(first, op, perm.index(1)) if 1 in perm else None


def may_change(bound: Bound) -> bool:
    """Whether a constant may give way to a changed one: nobody else needs it, or it is small."""
    value = bound.operand
    alone = not isinstance(value, Value) or sum(value.uses.values()) <= 1
    return alone or (bound.count or 0) <= SMALL


def never_negative(of: Bound | Value, session: Session) -> bool:
    """Whether no element of an operand is below 0, by what the op that gives it declares."""
    op = session.producer(of)
    return op is not None and op.span is not None and op.span[0] >= 0
