"""The references into weight files that a program holds. Imports ir."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from milc.diagnostics import Span
from milc.ir.literals import BlobRef, Literal, TensorLiteral
from milc.ir.nodes import Program
from milc.ir.walk import walk_blocks


def references(program: Program) -> Iterator[tuple[BlobRef, Span | None]]:
    """Every reference in order, with its operation's place in the text."""
    for attributes in (program.attributes, *(f.attributes for f in program.functions.values())):
        yield from _references(attributes.values(), None)
    for block in walk_blocks(program):
        yield from _references(block.attributes.values(), block.span)
        for op in block.ops:
            yield from _references(op.literals, op.span)


def _references(
    literals: Iterable[Literal], span: Span | None
) -> Iterator[tuple[BlobRef, Span | None]]:
    for literal in literals:
        if literal.__class__ is not TensorLiteral:  # most are, and this is walked often
            yield from ((part, span) for part in literal.walk() if isinstance(part, BlobRef))
