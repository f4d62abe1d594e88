"""Which ops are to work on tensors before these are transposed, so that the fewest transposes stay.

That is a cut (`cuts.py`) between what gives or takes tensors as they are before a transpose, and
what wants them as they are afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from milc.ir.nodes import Op, Value
from milc.ir.types import TensorType
from milc.ir.walk import walk_blocks, walk_ops
from milc.passes.cuts import ONE, OTHER, Network
from milc.schema import Bound, OpDef, Order
from milc.schema.orders import composed, inverse, is_identity

if TYPE_CHECKING:
    from milc.passes.session import Session

TRANSPOSE = 4
"""What a transpose costs …"""
RESHAPE = 1
"""… and what a reshape does, which moves nothing."""
SHARED = 1 << 16
"""A constant of more elements that others use too is not copied in another order."""


class Plan:
    """What may lie otherwise in a function, and which of it shall.

    A value has an order if it can be had before it is transposed by that order: in its plain form.
    """

    def __init__(self, session: Session, ending: bool) -> None:
        self.session = session
        self.ending = ending
        """Whether transposes that meet without cancelling are joined rather than moved on."""
        self.order: dict[Value, Order] = {}
        self.source: dict[Value, Op] = {}
        """The transposes that have orders begin, by their results, and by those that follow."""
        self.over: dict[Op, Order] = {}
        """The ops that may be moved, and the orders that are taken off their operands."""
        self.undoing: list[Op] = []
        """Transposes that lead back to the plain form."""
        self.joining: list[Op] = []
        """Transposes that follow others, and can do what both do."""
        self.after: set[Value] = set()
        """The values with an order that something wants as they are."""
        for op in walk_ops(session.function):
            self._look(op)
        for block in walk_blocks(session.function):
            self._want(block.outputs)

    def _look(self, op: Op) -> None:
        is_transpose = op.kind == "transpose"
        if not is_transpose and not any(value in self.order for value in op.values):
            return
        view = self.session.view(op)
        if view is not None and is_transpose and self._look_at_transpose(op, view):
            return
        order = self._order_of_operands(view) if view is not None and not op.blocks else None
        moved = view.moved(order) if view is not None and order is not None else None
        if view is None or order is None or moved is None or not self._may_move(view, order):
            self._want(op.values)
            return
        self.over[op] = order
        movable = {bound.operand for bound in operands(view)}
        self._want(value for value in op.values if value not in movable)
        for value, own in zip(op.results, moved.orders, strict=True):
            if not is_idle(own, value.type):
                self.order[value] = own

    def _want(self, values: Iterable[Value]) -> None:
        self.after.update(value for value in values if value in self.order)

    def _look_at_transpose(self, op: Op, view: Any) -> bool:
        operand, own = view.x.operand, view.order()
        if own is None or not view.x.is_computed:
            return False
        before, root = self.order.get(operand), self.source.get(operand)
        joined = tuple(own) if before is None else composed(before, own)
        if before is not None and is_identity(joined):
            self.undoing.append(op)
        elif before is not None and (root is not None or self.ending):
            self.joining.append(op)
            if root is not None:
                self._begin(op, joined, root)
        else:
            self._want([operand])
            self._begin(op, tuple(own), op)
        return True

    def _begin(self, op: Op, order: Order, root: Op) -> None:
        if not is_identity(order):
            self.order[op.results[0]] = order
            self.source[op.results[0]] = root

    def _order_of_operands(self, view: OpDef) -> Order | None:
        """The order of all those operands of an op that have one."""
        found = {self.order.get(bound.operand) for bound in operands(view)} - {None}  # type: ignore[arg-type]
        return found.pop() if len(found) == 1 else None

    def _may_move(self, view: OpDef, order: Order) -> bool:
        """Whether all operands can be had without an order."""
        return all(self._can_be_had(bound, order) for bound in operands(view))

    def _can_be_had(self, bound: Bound, order: Order) -> bool:
        if not isinstance(bound.type, TensorType) or bound.rank > len(order):
            return False
        if not bound.is_computed:
            value = bound.operand
            alone = not isinstance(value, Value) or len(value.uses) == 1
            return (alone or (bound.count or 0) <= SHARED) and bound.literal is not None
        if bound.operand in self.order:
            return bound.rank == len(order)
        if bound.is_constant:
            return False
        return bound.rank == len(order) or reshaped(bound, order) is not None

    def chosen(self) -> set[Op]:
        """The ops that are to be moved, so that the fewest transposes are left."""
        network = Network()
        nodes = {op: network.node() for op in self.over}
        met: dict[Value, list[int]] = {value: [] for value in self.order}
        foreign: dict[tuple[Value, Order], list[int]] = {}
        for op, order in self.over.items():
            self._join_operands(op, order, network, nodes[op], met, foreign)
        undone = {op.args["x"][0] for op in self.undoing}
        for value, users in met.items():
            maker = ONE if value in self.source else nodes[value.op]  # type: ignore[index]
            network.join_all([maker], [*users, OTHER] if value in self.after else users, TRANSPOSE)
            if maker != ONE:
                befores = [*users, ONE] if value in undone else users
                network.join_all(befores, [maker], TRANSPOSE)
        for users in foreign.values():
            network.join_all(users, [OTHER], TRANSPOSE)
        found = network.chosen()
        return {op for op, node in nodes.items() if node in found}

    def _join_operands(
        self,
        op: Op,
        order: Order,
        network: Network,
        node: int,
        met: dict[Value, list[int]],
        foreign: dict[tuple[Value, Order], list[int]],
    ) -> None:
        for bound in operands(self.session.view(op)):
            if not bound.is_computed or not isinstance(bound.operand, Value):
                continue
            shape = reshaped(bound, order)
            if bound.operand in met:
                met[bound.operand].append(node)
            elif shape is None:
                foreign.setdefault((bound.operand, order), []).append(node)
            elif shape != bound.shape:
                network.join(node, OTHER, RESHAPE)


def operands(view: OpDef | None) -> Iterator[Bound]:
    """The operands of an op that are transposed together."""
    for name in view.movable if view is not None else ():
        bound = getattr(view, name, None)
        yield from bound if isinstance(bound, tuple) else () if bound is None else (bound,)


def is_idle(order: Order, type: Any) -> bool:
    """Whether an order moves no element and changes no dimension of what has it."""
    shape = type.shape if isinstance(type, TensorType) else None
    if shape is None or len(shape) != len(order):
        return is_identity(order)
    own = [at for at, dim in enumerate(shape) if dim != 1]
    return all(order[at] == at for at in own)


def reshaped(bound: Bound, order: Order) -> Order | None:
    """The shape that takes an order off an operand by itself: only dimensions of 1 move.

    That of the operand if it may stay as it is; None if there is no such shape.
    """
    padded = (1,) * (len(order) - bound.rank) + bound.shape
    if None in padded:
        return None
    moved = [axis for axis in inverse(order) if padded[axis] != 1]
    if moved != sorted(moved):
        return None
    shape = tuple([padded[axis] or 0 for axis in inverse(order)])
    return bound.shape if shape == padded else shape  # type: ignore[return-value]  # all known
