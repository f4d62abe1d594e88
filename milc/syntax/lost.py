"""What a program holds that text cannot carry. Imports ir only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from milc.ir.literals import Literal
from milc.ir.nodes import Block, Function, Op, Program, Value
from milc.ir.types import TensorType, Type
from milc.ir.walk import label, place, walk_blocks


def lost(program: Program) -> list[str]:
    """What printing leaves out, in words, each part with its place; empty if there is nothing."""
    return list(dict.fromkeys(_program(program)))


def _program(program: Program) -> Iterator[str]:
    if program.doc:
        yield "the program's doc string"
    yield from _at("the program", _node(program))
    for function in program.functions.values():
        where = place(function)
        yield from _at(where, _node(function))
        yield from _at(where, _values(function.inputs))
        for opset in function.specializations:
            yield f"{where}: the body for opset {opset}"
        for block in walk_blocks(function.body):
            yield from _block(block, where)


def _block(block: Block, where: str) -> Iterator[str]:
    yield from _at(f"{where}, a block", _node(block))
    yield from _at(where, _values(block.inputs))
    for name in block.attributes:
        yield f"{where}: the attribute `{name}` of a block"
    # The words for a place take time with the ops before it, and most ops lose nothing.
    prefix = ""
    for number, op in enumerate(block.ops, 1):
        for what in _op(op):
            prefix = prefix or place(block)
            yield f"{prefix}, op {number} {label(op)}: {what}"


def _op(op: Op) -> Iterator[str]:
    yield from _node(op)
    yield from _values(op.results)
    for name, _, operand in op.operands:
        if isinstance(operand, Literal):
            yield from _literal(operand, name)


def _node(node: Program | Function | Block | Op) -> Iterator[str]:
    if node.unknown:
        yield "fields of the protobuf that milc does not know"
    for name, literal in node.attributes.items():
        yield from _literal(literal, name)


def _values(values: Iterable[Value]) -> Iterator[str]:
    for value in values:
        if _has_attributes(value.type):
            yield f"attributes of the type of `{value.name}`"


def _literal(literal: Literal, name: str) -> Iterator[str]:
    for part in literal.walk():
        if part.doc:
            yield f"the doc string of `{name}`"
        if _has_attributes(part.type):
            yield f"attributes of the type of `{name}`"


def _has_attributes(type: Type) -> bool:
    return any(isinstance(part, TensorType) and part.attributes for part in type.walk())


def _at(where: str, lost: Iterable[str]) -> Iterator[str]:
    return (f"{where}: {what}" for what in lost)
