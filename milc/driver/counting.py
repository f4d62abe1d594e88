"""How large a program is: ops, parameters, bytes, and multiply-adds.

Imports opsets through sessions, so that ops say what they cost.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from milc.driver.inspecting import constants_of, measure, parameters
from milc.driver.reading import reader
from milc.ir.literals import BlobRef
from milc.ir.nodes import Block, Op, Value
from milc.ir.types import TensorType
from milc.ir.walk import walk_ops
from milc.passes.session import Session, count_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from milc.package.model import Model


class Size(NamedTuple):
    """The size of a model."""

    operations: int
    """Ops, nested ones included, constants left out."""
    constants: int
    parameters: int
    """Elements of constants, of packed ones those they stand for; each is counted once."""
    bytes: int
    """What constants take, packed ones as they are stored."""
    multiply_adds: int
    """Of the ops that add up products, when each of them runs once."""
    at_least: bool
    """Whether some of it is not known before the program runs: unknown dimensions count as 1."""


def size_of(model: Model) -> Size:
    """The size of a model. No weights are read."""
    ops = [op for function in model.program.functions.values() for op in walk_ops(function)]
    constants = sum(op.kind == "const" for op in ops)
    size = sum(each.bytes for each in parameters(model))
    total, at_least = _multiply_adds(model)
    return Size(
        len(ops) - constants, constants, _parameters(ops), size, total, at_least,
    )  # fmt: skip


def _parameters(ops: Iterable[Op]) -> int:
    """The elements of constants; those of packed ones are counted where they are unpacked."""
    total, seen = 0, set[object]()
    for op in ops:
        if _unpacks(op):
            key = (op.kind, *[each.content() for each in _blobs(op)])
            if len(key) == 1 or key not in seen:
                total += sum(count_of(each) for each in op.results if not _only_unpacked(each))
            seen.add(key)
            continue
        if op.kind == "const" and _only_unpacked(op.results[0]):
            continue
        for each in constants_of(op):
            is_new = not isinstance(each, BlobRef) or each.content() not in seen
            if is_new and isinstance(each.type, TensorType):
                total += measure(each, each.type)[0]
            seen |= {each.content()} if isinstance(each, BlobRef) else set()
    return total


def _unpacks(user: Op | Block) -> bool:
    return isinstance(user, Op) and user.kind.startswith("constexpr_")


def _only_unpacked(value: Value) -> bool:
    return bool(value.uses) and all(map(_unpacks, value.uses))


def _blobs(op: Op) -> list[BlobRef]:
    held = [*constants_of(op), *[value.literal for value in op.values]]
    return [each for each in held if isinstance(each, BlobRef)]


def _multiply_adds(model: Model) -> tuple[int, bool]:
    """The multiply-adds of all functions, and whether they may be more."""
    total, at_least = 0, False
    for function in model.program.functions.values():
        session = Session(model.program, function, reader(model.weights))
        for op in walk_ops(function):
            view = session.view(op)
            factors = view.multiply_adds() if view is not None else ()
            if factors:
                total += math.prod(factor for factor in factors if factor is not None)
                at_least |= None in factors
    return total, at_least
