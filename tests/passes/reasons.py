"""Records in which milc leaves more than coremltools, or something else, and why that is right.

A rule looks at the program, so that it tells of records that nobody has seen, too. What no rule
tells goes by the name of the record.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection
from typing import Any, Final, NamedTuple

import numpy as np

from milc.driver.reading import reader
from milc.ir.literals import BlobRef, Literal, TensorLiteral
from milc.ir.nodes import Op, Value
from milc.ir.types import TensorType
from milc.ir.walk import walk_ops
from milc.kernels.elements import dtype_of
from milc.package.model import Model

_RANDOM = "what is drawn has no seed, so that no two runs agree"
_BEYOND = "infinity less infinity, as sums are beyond fp16; with `ranges` such ops stay in fp32"
_LEAST = "the log of 0 and the least number there is, which is larger in fp16"
REASONS: Final[dict[str, str]] = {
    "062734d1e5078584e70739d0 add_fp16_cast": _RANDOM,
    "951aa98b6dbddcdbab4fdaf1 add_fp16_cast": _RANDOM,
    "d2d5a3dd3efe09a1d5be751f add_fp16_cast": _RANDOM,
    "327a7c8a168c6e3e4bd0d9e1 add_fp16_cast": _BEYOND,
    "75a8d9e4b6e203faee00d6d0 add_fp16_cast": _BEYOND,
    "cda9c86bb96f03b13a21a2ee add_fp16_cast": _BEYOND,
    "cea5e55f08a317ba57d21f59 add_fp16_cast": _BEYOND,
    "d6583066ca28d7c4fdfa4a33 add_fp16_cast": _BEYOND,
    "66d71430b4bba3a14c7337c6 add_fp16_cast": _LEAST,
    "f1ef2faac5a8191df33e336c add_fp16_cast": _LEAST,
}
"""By the name of a record and a pass."""

ANY: Final = frozenset({"any"})
"""Stands for all kinds of ops."""

Record = dict[str, Any]


class Rule(NamedTuple):
    """A class of records."""

    why: str
    holds: Callable[[Record, Model], bool]
    """Whether a record, whose program is given as it was before, is of the class."""
    kinds: frozenset[str] = frozenset()
    """Of these ops more may be left then; of none, if results may differ."""


def why(record: Record, before: Model, more: Collection[str]) -> str:
    """Why more ops of some kinds are right, or other results if of none there are more.

    Empty if not all of them are explained.
    """
    fitting = [r for r in RULES if (r.kinds & {*more, *ANY} if more else not r.kinds)]
    found = [rule for rule in fitting if rule.holds(record, before)]
    told = frozenset().union(*(rule.kinds for rule in found))
    is_told = bool(found) and (told >= ANY or told.issuperset(more))
    return "; ".join(rule.why for rule in found) if is_told else ""


def some(test: Callable[[Op, Model], bool]) -> Callable[[Record, Model], bool]:
    """Whether there is an op of which something is true."""

    def holds(record: Record, before: Model) -> bool:
        functions = before.program.functions.values()
        return any(test(op, before) for function in functions for op in walk_ops(function))

    return holds


def constant(op: Op, name: str, model: Model) -> Any:
    """The array that an operand is; None if it is computed."""
    operand = op.arg(name)
    literal: Literal | None = operand.literal if isinstance(operand, Value) else operand
    if isinstance(literal, BlobRef):
        literal = reader(model.weights)(literal)
    return literal.numpy() if isinstance(literal, TensorLiteral) else None


def producer(op: Op, name: str) -> Op | None:
    """The op that computes an operand."""
    operand = op.arg(name)
    return operand.op if isinstance(operand, Value) else None


def element(op: Op, name: str) -> Any:
    """The dtype of an operand."""
    operand = op.arg(name)
    type = operand.type if operand is not None else None
    return np.dtype(dtype_of(type.element)) if isinstance(type, TensorType) else None


def rounds_by_one(op: Op, model: Model) -> bool:
    """floor_div by 1, of floats."""
    by = constant(op, "y", model) if op.kind == "floor_div" else None
    return by is not None and by.dtype.kind == "f" and bool((by == 1).all())


def divides_by_zero(op: Op, model: Model) -> bool:
    """Some channel is divided by 0."""
    by = constant(op, "y", model) if op.kind == "real_div" else None
    return by is not None and bool((by == 0).any())


def selects_infinity(op: Op, model: Model) -> bool:
    """One of two operands is infinite, and the condition is known."""
    if op.kind != "select" or constant(op, "cond", model) is None:
        return False
    sides = [constant(op, name, model) for name in ("a", "b")]
    return any(side is not None and bool(np.isinf(side).any()) for side in sides)


def looks_up(op: Op, model: Model) -> bool:
    """A matrix of ones and zeros that indices make, times another."""
    made = producer(op, "x") if op.kind == "matmul" else None
    return made is not None and made.kind == "one_hot"


def narrows(op: Op, model: Model) -> bool:
    """A cast of what another one has made of a type whose numbers it does not all hold."""
    first = producer(op, "x") if op.kind == "cast" else None
    if first is None or first.kind != "cast":
        return False
    given, held = element(first, "x"), element(op, "x")
    return given is not None and held is not None and not np.can_cast(given, held)


def takes_roots(op: Op, model: Model) -> bool:
    """The root of a square, or the square of a root."""
    below = producer(op, "x") if op.kind in ("sqrt", "pow", "square") else None
    kinds = {op.kind, below.kind if below else ""}
    return "sqrt" in kinds and not kinds.isdisjoint({"pow", "square"})


def weighs_sums(op: Op, model: Model) -> bool:
    """A sum times a number that does not make it a mean."""
    if op.kind != "mul":
        return False
    for one, other in (("x", "y"), ("y", "x")):
        total, factor = producer(op, one), constant(op, other, model)
        if total is not None and total.kind == "reduce_sum" and np.size(factor) == 1:
            return not np.isclose(float(factor) * _count(total, model), 1, rtol=1e-3)
    return False


def _count(total: Op, model: Model) -> float:
    """How many elements a sum adds up."""
    axes, operand = constant(total, "axes", model), total.arg("x")
    assert operand is not None
    shape = operand.type.shape if isinstance(operand.type, TensorType) else None
    if axes is None or shape is None:
        return 0.0
    dims = [shape[int(axis)] for axis in axes]
    return float(np.prod([dim if isinstance(dim, int) else 0 for dim in dims]))


def gives_way(record: Record, before: Model) -> bool:
    """A new function takes the name of one that is there, and is not made of it."""
    options = record.get("pass_options") or {}
    wanted = options.get("_function_name_to_materialization_map")
    made = ast.literal_eval(wanted) if wanted else {}
    source = options.get("_source_function_name")
    return any(name in record["before"]["functions"] and name != source for name in made)


def wraps_indices(record: Record, before: Model) -> bool:
    """coremltools makes numbers without a sign of indices that may be negative."""
    for function in record["after"]["functions"].values():
        ops = function.get("ops", ())
        cast = {op["o"][0][0] for op in ops if op["t"] == "cast" and "uint16" in op["o"][0][1]}
        if any(op["i"].get("indices") in cast for op in ops if "indices" in op["i"]):
            return True
    return False


def loses_outputs(record: Record, before: Model) -> bool:
    """coremltools' function gives one output under the name of another."""
    functions = record["after"]["functions"].values()
    return any(len(set(each["outputs"])) < len(each["outputs"]) for each in functions)


RULES: Final = (
    Rule(
        "floor_div by 1 rounds floats down, so it is no no-op, as coremltools has it",
        some(rounds_by_one), frozenset({"floor_div"}),
    ),
    Rule(
        "sqrt(x^2) is abs(x), and sqrt(x)^2 is no number below 0; coremltools leaves x of either",
        some(takes_roots), frozenset({"sqrt", "pow", "square", "abs"}),
    ),
    Rule(
        "a channel is divided by 0: infinity and no numbers are no kernels",
        some(divides_by_zero), frozenset({"real_div"}),
    ),
    Rule(
        "what is added to infinity is not always what is selected: the other may be none, or no"
        " number; and an addition is no less than a selection",
        some(selects_infinity), frozenset({"select"}),
    ),
    Rule(
        "of an index out of range one_hot makes zeros, and gather another row; for who knows better"
        " there is `trust_indices`",
        some(looks_up), frozenset({"one_hot", "matmul"}),
    ),
    Rule(
        "a cast to a type that does not hold all numbers changes some, which coremltools ignores",
        some(narrows), frozenset({"cast"}),
    ),
    Rule(
        "sums are multiplied by something else than one over their length, which coremltools does"
        " not look at: they are no means, so it is no norm",
        some(weighs_sums), frozenset({"mul", "reduce_sum", "sub", "add", "rsqrt"}),
    ),
    Rule(
        "an index below 0 counts from the end, which takes these to say; coremltools makes it a"
        " large one of uint16",
        wraps_indices, frozenset({"greater_equal", "add", "select"}),
    ),
    Rule(
        "two outputs become one, and the name of the other is lost; it needs an op of its own",
        loses_outputs, ANY,
    ),
    Rule("its options ask that the function gives way to what another one does", gives_way),
)  # fmt: skip
