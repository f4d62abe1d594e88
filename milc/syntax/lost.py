"""What a program holds that text cannot carry. Imports ir only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from milc.ir.literals import DictLiteral, ListLiteral, Literal, TupleLiteral
from milc.ir.nodes import Block, Function, Op, Program, Value
from milc.ir.types import DictType, ListType, StateType, TensorType, TupleType, Type
from milc.ir.walk import bodies, place, walk_blocks, walk_ops


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
        for body in bodies(function)[:1]:
            for block in walk_blocks(body):
                yield from _block(block, where)
            for op in walk_ops(body):
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
    for part in _parts(literal):
        if part.doc:
            yield f"{where}the doc string {of}"
        if _has_attributes(part.type):
            yield f"{where}attributes of the type {of}"


def _parts(literal: Literal) -> Iterator[Literal]:
    """The literal and all inside it."""
    waiting = [literal]
    for part in waiting:
        yield part
        if isinstance(part, ListLiteral | TupleLiteral):
            waiting.extend(part.items)
        elif isinstance(part, DictLiteral):
            waiting.extend(each for entry in part.entries for each in entry)


def _has_attributes(type: Type) -> bool:
    waiting = [type]
    for part in waiting:
        if isinstance(part, TensorType):
            if part.attributes:
                return True
        elif isinstance(part, ListType):
            waiting.append(part.element)
        elif isinstance(part, DictType):
            waiting.extend((part.key, part.value))
        elif isinstance(part, TupleType):
            waiting.extend(part.items)
        elif isinstance(part, StateType):
            waiting.append(part.wrapped)
    return False
