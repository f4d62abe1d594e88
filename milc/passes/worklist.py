"""What passes are still to be tried on: ops in a queue, and again what lies around changes."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from milc.ir.nodes import Op
from milc.ir.types import TensorType
from milc.ir.walk import function_of, walk_ops
from milc.opsets import index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from milc.ir.nodes import Value
    from milc.ir.rewriter import Rewriter
    from milc.ir.types import Type
    from milc.passes.base import Pass, Rewrite

REACH = 8
"""How many ops down from a change patterns may begin to fit; deeper trees are matched anyway when
something nearer changes."""
FAN_OUT = 8
"""Of a value with more users nobody's pattern asks that it has one; they are not tried again."""
FEW = 8
"""Of no more elements than this, which may be a shape, is followed what they are."""
RESTLESS = 64
"""So often, times the ops, may tables rewrite something in one run; who does more would not end."""


class Restless(Exception):
    """Raised when tables go on rewriting what they have made."""


class Table:
    """The tables of passes by the kinds of ops that they are for."""

    def __init__(self, passes: Sequence[Pass]) -> None:
        self._entries: dict[str, list[tuple[Pass, Rewrite]]] = {}
        for each in passes:
            for entry in each.rewrites:
                for kind in entry.kinds or ("",):
                    self._entries.setdefault(kind, []).append((each, entry))
        self._any = self._entries.pop("", [])
        self._of: dict[str, list[tuple[Pass, Rewrite]]] = {"const": []}

    def of(self, kind: str) -> list[tuple[Pass, Rewrite]]:
        """What is tried on ops of a kind, in this order: what is for them, what is for all."""
        found = self._of.get(kind)
        if found is None:
            versions = index.versions(kind)
            every = [*self._entries.get(kind, ()), *self._any]
            found = self._of[kind] = [e for e in every if any(map(e[1].when, versions))]
        return found


class Worklist:
    """The ops of a function that passes are to be tried on, and what changes around them.

    `learn` finds out anew what an op gives, and whether it did. `time` counts rewrites.
    """

    def __init__(self, rewriter: Rewriter, learn: Callable[[Op], bool]) -> None:
        self._rewriter = rewriter
        self._learn = learn
        self.time = 0
        self._table = Table(())
        self._queue: deque[Op] = deque()
        self._queued: set[Op] = set()
        self._tried: dict[Op, int] = {}
        """When the passes that are being applied were tried on an op."""
        self._disturbed: dict[Op, int] = {}
        self._replaced: dict[Value, int] = {}
        """Around what there was a change, and when."""
        self._touched: list[Op] = []
        """Around what there ever was one."""
        self._left: dict[tuple[Pass, ...], tuple[int, int]] = {}
        """How far in that passes have come, and after how many changes that nobody told of."""
        self._told = 0
        self._most = 0

    @property
    def untold(self) -> int:
        """How many changes there were that were no rewrites."""
        return self._rewriter.changes - self._told

    def ops(self, passes: Sequence[Pass]) -> Iterator[tuple[Op, list[tuple[Pass, Rewrite]]]]:
        """Every op and what to try on it, and again around each change, until nothing is left.

        The second time the same passes only get what has changed since. Raises Restless.
        """
        own, body, began = tuple(passes), self._rewriter.function.body, self.time
        self._table, self._tried = Table(own), {}
        for op in self._begin(own):
            self._add(op)
        self._most = max(self._most, len(self._queue))
        while self._queue:
            op = self._queue.popleft()
            self._queued.discard(op)
            # It, or an op around it, may have gone.
            if op.parent is body or function_of(op) is not None:
                self._tried[op] = self.time
                yield op, self._table.of(op.kind)
            if self.time - began > RESTLESS * (self._most + RESTLESS):
                raise Restless("it finds something to rewrite again and again")
            if not self._queue:
                self.settle()
        self._table = Table(())
        self._left[own] = len(self._touched), self.untold

    def _begin(self, passes: tuple[Pass, ...]) -> Iterable[Op]:
        """The ops that passes have not been tried on as they are now."""
        self.settle()
        place, untold = self._left.get(passes, (0, -1))
        if untold == self.untold:
            return dict.fromkeys(self._touched[place:])
        return walk_ops(self._rewriter.function)

    def _add(self, op: Op) -> None:
        """Let an op be tried, again, if there are passes for it."""
        if op not in self._queued and self._table.of(op.kind):
            self._queued.add(op)
            self._queue.append(op)

    def disturb(self, op: Op) -> None:
        """Take notice that an op is new, or that something else does not use what it gives."""
        self._disturbed[op] = self.time

    def rewrote(self, values: Iterable[Value], changes: int) -> None:
        """Take notice of a rewrite: of what stands for something else now, and of its changes."""
        self._replaced |= dict.fromkeys(values, self.time)
        self._told += changes

    def settle(self) -> None:
        """Let all be tried again that changes may have made fit; learn what they made known.

        That is done for many changes at once, so that what lies below several is visited once. What
        has been tried behind the last change above it is not tried again, unless it takes what has
        been learned about since.
        """
        near = {op: when for op, when in self._disturbed.items() if op.parent is not None}
        level = self._replaced
        level |= {value: when for op, when in near.items() for value in op.results}
        self._disturbed, self._replaced = {}, {}
        for _ in range(REACH):
            if not level:
                break
            level = _below(level, near)
        learned: set[Value] = set()
        for op, when in near.items():
            if op.kind != "const":
                is_small = not op.blocks and all(_is_small(value.type) for value in op.results)
                if is_small and self._learn(op):
                    learned.update(op.results)
                self._touched.append(op)
                if self._tried.get(op, -1) < when or (learned and learned & {*op.values}):
                    self._add(op)


def _below(level: dict[Value, int], near: dict[Op, int]) -> dict[Value, int]:
    """What the users of values give, with the time of the last change above them.

    Users are added to `near`, if they are not there with a change as late.
    """
    below: dict[Value, int] = {}
    for value, when in level.items():
        users = value.uses
        for user in users if len(users) <= FAN_OUT else ():
            if user.__class__ is not Op or near.get(user, -1) >= when or user.parent is None:
                continue
            near[user] = when
            for result in user.results:
                below[result] = max(below.get(result, 0), when)
    return below


def is_like_a_shape(type: Type) -> bool:
    """Whether a type is one of a few integers."""
    return isinstance(type, TensorType) and type.element.is_integer and _is_small(type)


def _is_small(type: Type) -> bool:
    return isinstance(type, TensorType) and type.count is not None and type.count <= FEW
