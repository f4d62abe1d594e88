"""The bookkeeping of the IR itself: links between ops, owners of values, use counts.

A program that a user wrote badly is the business of `structure`; what is found here is a mistake
in milc or in a pass. Tests of passes call it after every run. Imports ir only.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from milc.ir.nodes import Block, Op, Value
from milc.ir.walk import bodies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from milc.ir.nodes import Function, Program


def check_links(program: Program) -> list[str]:
    """What is inconsistent in a program's nodes, in sentences; empty if nothing is.

    Every op is linked to the ones beside it and to its block, a block knows its length, its parent
    and both ends, every value its owner, and the uses of a value are exactly the operands and
    outputs in the program that name it.
    """
    checker = _Links()
    for name, function in program.functions.items():
        if function.name != name:
            checker.found.append(f"function {function.name} is filed under {name}")
        checker.function(function)
    checker.uses()
    return checker.found


class _Links:
    """One run over a program: the uses it counts, and what it has met."""

    __slots__ = ("counted", "found", "seen", "values")

    def __init__(self) -> None:
        self.found: list[str] = []
        self.counted: dict[Value, Counter[Op | Block]] = {}
        self.values: set[Value] = set()
        self.seen: set[Op] = set()

    def function(self, function: Function) -> None:
        """Check the blocks and ops of a function, and count what they use."""
        self.owned(function.inputs, function, f"{function!r}")
        todo: list[tuple[Block, Op | Function]] = [(body, function) for body in bodies(function)]
        while todo:
            block, parent = todo.pop()
            if block.parent is not parent:
                self.found.append(f"{block!r} of {parent!r} has the parent {block.parent!r}")
            self.owned(block.inputs, block, f"{block!r} of {parent!r}")
            for op in self.linked(block, parent):
                self.owned(op.results, op, f"{op!r}")
                todo.extend((inner, op) for inner in op.blocks)
                self.count(op.values, op)
            self.count(block.outputs, block)

    def linked(self, block: Block, parent: Op | Function) -> Iterator[Op]:
        """The ops of a block, as far as the links lead; complains about the links."""
        before: Op | None = None
        op, length = block.first, 0
        while op is not None:
            if op in self.seen:
                self.found.append(f"{op!r} is linked into {block!r} of {parent!r} a second time")
                return
            self.seen.add(op)
            length += 1
            if op.prev is not before:
                self.found.append(f"{op!r} has {op.prev!r} before it, not {before!r}")
            if op.parent is not block:
                self.found.append(f"{op!r} of {parent!r} has the parent {op.parent!r}")
            yield op
            before, op = op, op.next
        if block.last is not before:
            self.found.append(f"{block!r} of {parent!r} ends with {before!r}, not {block.last!r}")
        if block.length != length:
            self.found.append(f"{block!r} of {parent!r} has the length {length}")

    def owned(self, values: list[Value], owner: Op | Block | Function, place: str) -> None:
        """Check that values know their owner and have only one."""
        for value in values:
            if value.owner is not owner:
                self.found.append(f"{value!r} of {place} has the owner {value.owner!r}")
            if value in self.values:
                self.found.append(f"{value!r} of {place} is defined a second time")
            self.values.add(value)

    def count(self, values: Iterable[Value], user: Op | Block) -> None:
        """Count uses."""
        for value in values:
            self.counted.setdefault(value, Counter())[user] += 1

    def uses(self) -> None:
        """Compare what was counted with what the values know."""
        for value in self.values | self.counted.keys():
            counted = self.counted.get(value, Counter())
            for user in counted.keys() | value.uses.keys():
                known, true = value.uses.get(user, 0), counted[user]
                if known != true:
                    self.found.append(f"{value!r} counts {known} uses by {user!r}, not {true}")
        self.found.extend(
            f"{value!r} is used but not defined in the program"
            for value in self.counted
            if value not in self.values
        )
