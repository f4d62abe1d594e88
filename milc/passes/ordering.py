"""In which order ops stand."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from milc.ir.nodes import Block, Op
from milc.ir.walk import walk_blocks
from milc.passes.base import Pass

if TYPE_CHECKING:
    from milc.passes.session import Session

MOVED: Final = frozenset({"cast", "transpose"})
"""Ops that are put where their results are needed; both only store anew what another op made."""


class TopologicalReorder(Pass):
    """Move `cast` and `transpose` down to where their results are first used, else to the end.

    What they make is then stored no longer than it has to be, and stands beside its user, where a
    device may do both at once. The results of a block are used at its end.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp16, [2, 3]> h = cast(x = x, dtype = string("fp16"));
        tensor<fp32, [2, 3]> a = exp(x = x);
        tensor<fp32, [2, 3]> b = relu(x = a);
        tensor<fp16, [2, 3]> c = tanh(x = h);
    } -> (b, c);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> a = exp(x = x);
        tensor<fp32, [2, 3]> b = relu(x = a);
        tensor<fp16, [2, 3]> h = cast(x = x, dtype = string("fp16"));
        tensor<fp16, [2, 3]> c = tanh(x = h);
    } -> (b, c);
    ```
    """

    name = "topological_reorder"

    def run(self, session: Session) -> None:
        for block in walk_blocks(session.function):
            before = session.rewriter.changes
            _reorder(block, session)
            session.counts[self.name] += session.rewriter.changes - before


def _reorder(block: Block, session: Session) -> None:
    """Put the ops that are moved before their first users, in the order that they had."""
    places = {op: number for number, op in enumerate(block.ops)}
    named = Counter(value.name for op in places for value in op.results)
    waiting: dict[int, list[Op]] = {}
    for op in reversed(list(places)):
        if op.kind in MOVED and not _is_hidden(op, named):
            users = [_within(user, block) for value in op.results for user in value.uses]
            places[op] = min([places[u] if u else len(places) for u in users], default=len(places))
            waiting.setdefault(places[op], []).append(op)
    ops = list(block.ops)
    for place, moved in waiting.items():
        below = ops[place] if place < len(ops) else None
        for op in moved:
            if below is not None:
                session.rewriter.move_before(op, below)
            elif block.last is not op and block.last is not None:
                session.rewriter.move_after(op, block.last)
            below = op


def _is_hidden(op: Op, named: Counter[str]) -> bool:
    """Whether names of what an op takes or gives mean something else further down."""
    inside = [*op.results, *(v for v in op.values if v.op is not None and v.op.parent is op.parent)]
    outside = [value for value in op.values if value not in inside]
    return any(named[v.name] > 1 for v in inside) or any(named[v.name] for v in outside)


def _within(user: Op | Block, block: Block) -> Op | None:
    """The op of a block that a user is or stands in; None for the block itself, at its end."""
    op = None
    while user is not block:
        op = user if isinstance(user, Op) else op
        parent = user.parent
        assert isinstance(parent, Op | Block)
        user = parent
    return op
