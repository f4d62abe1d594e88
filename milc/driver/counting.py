"""How large a program is: ops, parameters, bytes, and multiply-adds.

Imports opsets through sessions, so that ops say what they cost.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from milc.driver.inspecting import parameters
from milc.driver.reading import reader
from milc.ir.walk import walk_ops
from milc.passes.session import Session

if TYPE_CHECKING:
    from milc.package.model import Model


class Size(NamedTuple):
    """The size of a model."""

    operations: int
    """Ops, nested ones included, constants left out."""
    constants: int
    parameters: int
    """Elements of constants; what is stored once counts once."""
    bytes: int
    """What these take."""
    multiply_adds: int
    """Of the ops that add up products, when each of them runs once."""
    at_least: bool
    """Whether some of it is not known before the program runs: unknown dimensions count as 1."""


def size_of(model: Model) -> Size:
    """The size of a model. No weights are read."""
    ops = [op for function in model.program.functions.values() for op in walk_ops(function)]
    constants = sum(op.kind == "const" for op in ops)
    held = list(parameters(model))
    total, at_least = _multiply_adds(model)
    return Size(
        len(ops) - constants, constants, sum(each.elements for each in held),
        sum(each.bytes for each in held), total, at_least,
    )  # fmt: skip


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
