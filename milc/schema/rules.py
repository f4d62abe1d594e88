"""What the rules of many ops have in common: dimensions that may be unknown, broadcasting, folding.

Imports ir and this room only.
"""

from __future__ import annotations

import operator
from functools import lru_cache
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from milc.ir.numbers import pack, unpack
from milc.ir.types import BOOL, TensorType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from milc.ir.types import ElementType
    from milc.schema.bound import Bound, Elements

Dims = tuple["int | None", ...]
"""A shape of known rank, None for each dimension that is unknown."""


def same(*dims: int | None) -> bool:
    """Whether dimensions can be equal: those that are known are."""
    return len({dim for dim in dims if dim is not None}) <= 1


def same_shape(one: Sequence[int | None], other: Sequence[int | None]) -> bool:
    """Whether two shapes can be equal."""
    return len(one) == len(other) and all(map(same, one, other))


def either(one: int | None, other: int | None) -> int | None:
    """The dimension that two equal ones are: the known one, if one is."""
    return other if one is None else one


def unified(one: Sequence[int | None], other: Sequence[int | None]) -> Dims:
    """The shape that two equal ones are."""
    return tuple(map(either, one, other))


def dims_of(type: TensorType) -> Dims:
    """The dimensions of a tensor type of known rank."""
    return tuple([dim if isinstance(dim, int) else None for dim in type.shape or ()])


def total(dims: Iterable[int | None]) -> int | None:
    """The product of dimensions, None if one is unknown."""
    known = tuple(dims)
    return None if None in known else prod(known)  # type: ignore[arg-type]  # None is excluded


def is_axis(axis: Bound, operand: Bound) -> bool:
    """Whether an axis can be a dimension of an operand: from -rank to rank - 1."""
    value = axis.value
    return value is None or -operand.rank <= value < operand.rank


def broadcast(*shapes: Sequence[int | None]) -> Dims | None:
    """The shape that shapes are broadcast to, aligned at their ends; None if they cannot be.

    An unknown dimension beside one above 1 is taken for that one; beside 1, the result is unknown.
    """
    return _broadcast(*map(tuple, shapes))


@lru_cache
def _broadcast(*shapes: Dims) -> Dims | None:
    rank = max(map(len, shapes), default=0)
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    result = []
    for dims in zip(*padded, strict=True):
        large = {dim for dim in dims if dim is not None and dim != 1}
        if len(large) > 1:
            return None
        result.append(large.pop() if large else None if None in dims else 1)
    return tuple(result)


def broadcast_type(element: ElementType, *operands: Bound) -> TensorType:
    """The type of what operands are broadcast to; of unknown rank if they cannot be."""
    return TensorType(element, broadcast(*(operand.shape for operand in operands)))


def fold_elementwise(function: Callable[..., Any], *operands: Bound) -> Elements | None:
    """What is known of a result whose elements are a function of the operands', broadcast.

    An element is unknown where one of the operands' is, or where the function has no value.
    """
    # Most operands are activations, of which nothing is known: constants are not read for nothing.
    if any(operand.is_computed and operand.elements is None for operand in operands):
        return None
    held = [operand.elements for operand in operands]
    if any(elements is None for elements in held):
        return None
    known: list[Elements] = held  # type: ignore[assignment]  # just looked at
    shapes = [operand.shape for operand in operands]
    if len(set(shapes)) > 1:
        shape = broadcast(*shapes)
        if shape is None or None in shape:
            return None
        known = [_spread(e, s, shape) for e, s in zip(known, shapes, strict=True)]
    return tuple([_apply(function, row) for row in zip(*known, strict=True)])


def whole(operand: Bound) -> Elements | None:
    """The elements of an operand, if all of them are known."""
    elements = operand.elements
    return None if elements is None or None in elements else elements


def strides(shape: Sequence[int]) -> list[int]:
    """How far apart, in row-major order, neighbours along each dimension lie."""
    return [prod(shape[axis + 1 :]) for axis in range(len(shape))]


def picked(elements: Sequence[Any], offsets: Iterable[Sequence[int]]) -> Elements:
    """The elements at every sum of one offset of each dimension, the last varying fastest."""
    return tuple([elements[sum(place)] for place in product(*offsets)])


def settle(element: ElementType, elements: Elements | None) -> Elements | None:
    """Computed elements as a type holds them: floats rounded, whole numbers as integers.

    An integer type holds no fraction and nothing out of its range; such elements become unknown,
    since what a device makes of them is nowhere said.
    """
    if elements is None:
        return None
    if element.is_float and None not in elements:
        return tuple(unpack(element, pack(element, elements), len(elements)))
    return tuple([_settled(element, each) for each in elements])


def _settled(element: ElementType, value: Any) -> Any:
    if value is None:
        return None
    if element.is_float:
        return unpack(element, pack(element, (value,)), 1)[0]
    if element.is_integer:
        low, high = element.bounds
        return int(value) if low <= value <= high and value == int(value) else None
    return bool(value) if element is BOOL else value


def _apply(function: Callable[..., Any], row: tuple[Any, ...]) -> Any:
    if None in row:
        return None
    try:
        return function(*row)
    except (ArithmeticError, ValueError):
        return None


def _spread(elements: Elements, shape: Dims, wanted: Dims) -> Elements:
    """The elements of a tensor that is broadcast from one shape to another."""
    if len(elements) == 1:
        return elements * (total(wanted) or 0)
    sizes = [dim or 0 for dim in wanted]
    padded = [1] * (len(wanted) - len(shape)) + [dim or 0 for dim in shape]
    strides = [0 if dim == 1 else prod(padded[i + 1 :]) for i, dim in enumerate(padded)]
    places = product(*map(range, sizes))
    return tuple([elements[sum(map(operator.mul, at, strides))] for at in places])
