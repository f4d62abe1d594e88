"""What a program holds that text cannot carry. Imports ir only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from milc.ir.literals import Literal
from milc.ir.nodes import Block, Function, Op, Program, Value
from milc.ir.types import TensorType, Type
from milc.ir.walk import place, walk_blocks, walk_ops


def lost(program: Program) -> list[str]:
    """What printing leaves out, in words, each part with its place; empty if there is nothing."""
    return list(dict.fromkeys(_program(program)))


def _program(program: Program) -> Iterator[str]:
    if program.doc:
        yield "the program's doc string"
    yield from _node(program, "the program")
    for function in program.functions.values():
        where = f"function {function.name}"
        yield from _node(function, where)
        yield from _values(function.inputs, where)
        for opset in function.specializations:
            yield f"{where}: the body for opset {opset}"
        for block in walk_blocks(function.body):
            yield from _block(block, where)
        for op in walk_ops(function.body):
            yield from _op(op)


def _block(block: Block, where: str) -> Iterator[str]:
    yield from _node(block, f"{where}, a block")
    yield from _values(block.inputs, where)
    for name in block.attributes:
        yield f"{where}: the attribute `{name}` of a block"


def _op(op: Op) -> Iterator[str]:
    where = place(op)
    yield from _node(op, where)
    yield from _values(op.results, where)
    for name, _, operand in op.operands:
        if isinstance(operand, Literal):
            yield from _literal(operand, f"{where}: ", f"of `{name}`")


def _node(node: Program | Function | Block | Op, where: str) -> Iterator[str]:
    if node.unknown:
        yield f"{where}: fields of the protobuf that milc does not know"
    for name, literal in node.attributes.items():
        yield from _literal(literal, f"{where}: ", f"of `{name}`")


def _values(values: Iterable[Value], where: str) -> Iterator[str]:
    for value in values:
        if _has_attributes(value.type):
            yield f"{where}: attributes of the type of `{value.name}`"


def _literal(literal: Literal, where: str, of: str) -> Iterator[str]:
    for part in literal.walk():
        if part.doc:
            yield f"{where}the doc string {of}"
        if _has_attributes(part.type):
            yield f"{where}attributes of the type {of}"


def _has_attributes(type: Type) -> bool:
    return any(isinstance(part, TensorType) and part.attributes for part in type.walk())
