"""The references into weight files that a program holds. Imports ir."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from milc.diagnostics import Span
from milc.ir.literals import BlobRef, DictLiteral, ListLiteral, Literal, TensorLiteral, TupleLiteral
from milc.ir.nodes import Program
from milc.ir.walk import walk_blocks


def references(program: Program) -> Iterator[tuple[BlobRef, Span | None]]:
    """Every reference in order, with its operation's place in the text."""
    holders = [program.attributes, *(held.attributes for held in program.functions.values())]
    for attributes in holders:
        yield from ((ref, None) for ref in _refs(attributes.values()))
    for block in walk_blocks(program):
        yield from ((ref, block.span) for ref in _refs(block.attributes.values()))
        for op in block.ops:
            for literal in op.attributes.values():
                if literal.__class__ is not TensorLiteral:  # most are: this is walked often
                    yield from ((ref, op.span) for ref in _refs((literal,)))
            for bound in op.args.values():
                for operand in bound:
                    if isinstance(operand, Literal):
                        yield from ((ref, op.span) for ref in _refs((operand,)))


def _refs(literals: Iterable[Literal]) -> Iterator[BlobRef]:
    for literal in literals:
        if isinstance(literal, BlobRef):
            yield literal
        elif isinstance(literal, ListLiteral | TupleLiteral):
            yield from _refs(literal.items)
        elif isinstance(literal, DictLiteral):
            yield from _refs(item for entry in literal.entries for item in entry)
