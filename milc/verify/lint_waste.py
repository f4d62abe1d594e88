"""Lints of what a program carries and does not need. Imports diagnostics, ir, schema and opsets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from milc.ir.literals import Literal
from milc.ir.types import FP16, FP32, ElementType, StateType, TensorType
from milc.ir.walk import walk_ops
from milc.verify.lints import Found, Subject, lint

if TYPE_CHECKING:
    from milc.ir.nodes import Op, Value
    from milc.ir.types import Type

_WIDTHS: Final = {FP16: 16, FP32: 32}


@lint("MIL0821")
def unused_results(subject: Subject) -> Iterator[Found]:
    """Operations whose results nobody uses."""
    for function, op in subject.ops():
        if op.kind == "const" or not op.results or any(value.uses for value in op.results):
            continue
        definition = subject.definition(op, function)
        if definition is not None and not definition.stateful and not definition.is_open:
            message = f"nobody uses what {op.kind} gives"
            yield Found(op, message, "remove it, or return its result")


@lint("MIL0822")
def unused_constants(subject: Subject) -> Iterator[Found]:
    """Constants that nobody uses."""
    for _, op in subject.ops():
        if op.kind != "const" or not op.results or op.results[0].uses:
            continue
        value = op.results[0]
        size = _size(value.type)
        yield Found(value, f"nobody uses the constant `{value.name}`{size}", "remove it")


@lint("MIL0823")
def unused_inputs(subject: Subject) -> Iterator[Found]:
    """Inputs of functions that nobody uses."""
    for function in subject.program.functions.values():
        for value in function.inputs:
            if not value.uses:
                what = "state" if isinstance(value.type, StateType) else "input"
                yield Found(value, f"nobody uses the {what} `{value.name}`", "remove it")


@lint("MIL0824")
def full_precision_leftovers(subject: Subject) -> Iterator[Found]:
    """Operations in fp32 in functions that compute in fp16 for the most part."""
    for function in subject.program.functions.values():
        ops = [op for op in walk_ops(function) if _computes(op)]
        count = Counter(_element(op) for op in ops)
        if count[FP16] <= count[FP32]:
            continue
        for op in ops:
            if _element(op) is FP32:
                message = f"{op.kind} computes in fp32, where most of function {function.name}"
                yield Found(op, f"{message} is in fp16", "cast its operands to fp16")


def _computes(op: Op) -> bool:
    """Whether an op does more than to change the form of data."""
    return op.kind not in ("const", "cast") and not op.kind.startswith("constexpr_")


def _element(op: Op) -> ElementType | None:
    """The element type of the first result."""
    type = op.results[0].type if op.results else None
    return type.element if isinstance(type, TensorType) else None


@lint("MIL0825")
def casts_there_and_back(subject: Subject) -> Iterator[Found]:
    """A cast of what a cast gave, back to what it was."""
    for _, op in subject.ops():
        inner = _cast_under(op)
        origin = _operand(inner) if inner is not None else None
        if inner is None or origin is None or not op.results:
            continue
        if op.results[0].type is origin.type:
            loss = "" if _keeps(origin.type, inner.results[0].type) else ", and not all of it"
            message = f"`{op.results[0].name}` is `{origin.name}` again{loss}: a cast and back"
            yield Found(op, message, f"use `{origin.name}`", inner, "the cast there")


def _cast_under(op: Op) -> Op | None:
    """The cast that a cast takes the result of."""
    operand = _operand(op)
    inner = operand.op if operand is not None else None
    return inner if inner is not None and inner.kind == "cast" and inner.results else None


def _operand(op: Op) -> Value | None:
    """What a cast takes, if it is no constant in place."""
    bound = op.args.get("x", ()) if op.kind == "cast" else ()
    return bound[0] if len(bound) == 1 and not isinstance(bound[0], Literal) else None


def _keeps(type: Type, through: Type) -> bool:
    """Whether a float of one type goes through another without loss."""
    if not (isinstance(type, TensorType) and isinstance(through, TensorType)):
        return False
    return _WIDTHS.get(through.element, 0) >= _WIDTHS.get(type.element, 64)


def _size(type: Type) -> str:
    count = type.count if isinstance(type, TensorType) else None
    if count is None or not isinstance(type, TensorType) or not type.element.bits:
        return ""
    return f", {(count * type.element.bits + 7) // 8:,} bytes"
