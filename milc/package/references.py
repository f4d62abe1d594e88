"""The references into weight files that a program holds. Imports ir."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from milc.diagnostics import Span
from milc.ir.literals import BlobRef, Literal, TensorLiteral
from milc.ir.nodes import Program, Value
from milc.ir.walk import walk_blocks


def references(program: Program) -> Iterator[tuple[BlobRef, Span | None]]:
    """Every reference in order, with its operation's place in the text."""
    for attributes in (program.attributes, *(f.attributes for f in program.functions.values())):
        yield from _references(attributes.values(), None)
    for block in walk_blocks(program):
        yield from _references(block.attributes.values(), block.span)
        for op in block.ops:
            # Nearly all are plain tensors or values, and this is walked often.
            for held in op.attributes.values():
                if held.__class__ is not TensorLiteral:
                    yield from _references((held,), op.span)
            for bound in op.args.values():
                for operand in bound:
                    if operand.__class__ is not Value and operand.__class__ is not TensorLiteral:
                        assert isinstance(operand, Literal)
                        yield from _references((operand,), op.span)


def _references(
    literals: Iterable[Literal], span: Span | None
) -> Iterator[tuple[BlobRef, Span | None]]:
    for literal in literals:
        yield from ((part, span) for part in literal.walk() if isinstance(part, BlobRef))
