"""Orders of dimensions: how what an op does looks if its operands are not transposed before it.

An order is the `perm` of a transpose: dimension i of the result is dimension `order[i]` of the
operand. Imports nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

Order = tuple[int, ...]


class Moved(NamedTuple):
    """An op that takes operands before they are transposed, by one order, instead of afterwards.

    `args` are the arguments that change, as Python values; `orders` are those by which its results
    have then to be transposed, one for each.
    """

    args: dict[str, Any]
    orders: tuple[Order, ...]


def inverse(order: Sequence[int]) -> Order:
    """The order that undoes an order."""
    return tuple(sorted(range(len(order)), key=order.__getitem__))


def composed(first: Sequence[int], second: Sequence[int]) -> Order:
    """The order that does what two do one after the other."""
    return tuple([first[axis] for axis in second])


def is_identity(order: Sequence[int]) -> bool:
    """Whether an order leaves all dimensions where they are."""
    return list(order) == list(range(len(order)))


def moved_row(row: Sequence[Any], order: Sequence[int]) -> tuple[Any, ...]:
    """A row with an element for each dimension, when the dimensions are not yet in an order."""
    return tuple([row[axis] for axis in inverse(order)])


def ranked(places: Iterable[int]) -> Order:
    """The order of dimensions of which some have gone: each by its rank among those left."""
    known = tuple(places)
    ranks = {place: rank for rank, place in enumerate(sorted(known))}
    return tuple([ranks[place] for place in known])


def widened(order: Sequence[int], new: Collection[int]) -> Order:
    """An order with further dimensions, which stay at the places `new` of the result."""
    rank = len(order) + len(new)
    old = [axis for axis in range(rank) if axis not in new]
    moved = iter(order)
    return tuple([axis if axis in new else old[next(moved)] for axis in range(rank)])
