"""Copies of functions.

A copy has values, ops and blocks of its own, and shares literals and types, which nobody changes.
Nothing here recurses. Imports this room only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from milc.ir.nodes import Block, Function, Op, Value
from milc.ir.walk import post_order, walk_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from milc.ir.nodes import Operand


def copied(function: Function, name: str) -> Function:
    """A function of another name that does the same, with values of the same names."""
    return _Copy(function).function(name)


class _Copy:
    """A copy in the making."""

    def __init__(self, function: Function) -> None:
        self._source = function
        self._values = {
            value: Value(value.name, value.type, None, value.span)
            for value in walk_values(function)
        }
        self._blocks: dict[Block, Block] = {}

    def function(self, name: str) -> Function:
        """The copy. What an op holds is copied before the op is."""
        source = self._source
        made = Function(name, source.opset, self._those_of(source.inputs), source.span)
        made.attributes, made.unknown = dict(source.attributes), source.unknown
        for op in post_order(source):
            assert op.parent is not None
            self._block(op.parent).append(self._op(op))
        made.body = self._placed(source.body, made)
        made.specializations = {
            opset: self._placed(block, made) for opset, block in source.specializations.items()
        }
        return made

    def _op(self, op: Op) -> Op:
        args = {name: tuple(map(self._operand, given)) for name, given in op.args.items()}
        results, blocks = self._those_of(op.results), [self._finished(b) for b in op.blocks]
        made = Op(op.kind, args, results, dict(op.attributes), blocks, op.opset, op.span)
        made.unknown = op.unknown
        return made

    def _block(self, block: Block) -> Block:
        """The copy of a block, with those of its ops that have been copied."""
        made = self._blocks.get(block)
        if made is None:
            made = self._blocks[block] = Block(self._those_of(block.inputs), block.span)
            made.attributes, made.unknown = dict(block.attributes), block.unknown
        return made

    def _finished(self, block: Block) -> Block:
        """The copy of a block, all of whose ops have been copied."""
        made = self._block(block)
        made.set_outputs(self._those_of(block.outputs))
        return made

    def _placed(self, block: Block, function: Function) -> Block:
        made = self._finished(block)
        made.parent = function
        return made

    def _those_of(self, values: Sequence[Value]) -> list[Value]:
        """The copies of values; one that nothing defines stays as it is."""
        return [self._values.get(value, value) for value in values]

    def _operand(self, operand: Operand) -> Operand:
        return self._values.get(operand, operand) if isinstance(operand, Value) else operand
