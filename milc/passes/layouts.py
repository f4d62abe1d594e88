"""Transposes that are not needed if what lies between them works on dimensions in another order.

What may be moved, and what shall be, is for `layout_plan.py` to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from milc.ir.literals import TensorLiteral, string_literal
from milc.ir.nodes import Op, Value
from milc.ir.walk import walk_ops
from milc.passes.base import Option, Pass, whole
from milc.passes.layout_plan import Plan, reshaped
from milc.passes.reshapes import stand_in, stand_in_value
from milc.passes.session import is_more_exact
from milc.schema import Bound, OpDef, Order
from milc.schema.orders import composed, inverse, is_identity

if TYPE_CHECKING:
    from milc.passes.session import Session


class ReduceTransposes(Pass):
    """Move transposes past other ops to where they cancel, so that fewer are left.

    Ops that a transpose passes take their axes, and constants their elements, in the other order. A
    transpose is moved down or up if fewer are left by that in all.

    ```mil
    func main<ios15>(tensor<fp32, [1, 8, 8, 3]> x) {
        tensor<fp32, [1, 3, 8, 8]> a = transpose(x = x, perm = tensor<int32, [4]>([0, 3, 1, 2]));
        tensor<fp32, [1, 3, 1, 1]> b = reduce_mean(
            x = a, axes = tensor<int32, [2]>([2, 3]), keep_dims = bool(true));
        tensor<fp32, [1, 3, 8, 8]> c = sub(x = a, y = b);
        tensor<fp32, [1, 8, 8, 3]> y = transpose(x = c, perm = tensor<int32, [4]>([0, 2, 3, 1]));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [1, 8, 8, 3]> x) {
        tensor<fp32, [1, 1, 1, 3]> b = reduce_mean(
            x = x, axes = tensor<int32, [2]>([1, 2]), keep_dims = bool(true));
        tensor<fp32, [1, 8, 8, 3]> y = sub(x = x, y = b);
    } -> (y);
    ```
    """

    name = "reduce_transposes"
    options: ClassVar[dict[str, Option]] = {
        "rounds": Option(
            10, "how often to look again at most, after something was moved", *whole(0)
        ),
    }

    def run(self, session: Session) -> None:
        """Each round leaves fewer transposes; where they meet without cancelling comes last."""
        ending = False
        for _ in range(self.given["rounds"]):
            moved = _dropped(session) + _Mover(Plan(session, ending)).carry_out()
            session.counts[self.name] += moved
            if not moved and ending:
                break
            ending = not moved


def _dropped(session: Session) -> int:
    """How many transposes were dropped that move nothing, or that nobody uses.

    What is moved for the sake of the latter would itself have no user while it is made.
    """
    found = [op for op in walk_ops(session.function) if op.kind == "transpose"]
    unused = sum(session.erase_dead(op) for op in found)
    used = [op for op in found if op.parent is not None]
    return unused + sum(session.replace(op, partial(_if_idle, op, session)) for op in used)


def _if_idle(op: Op, session: Session) -> Any:
    """What stands for a transpose that moves nothing; an `identity` would be as much."""
    view = session.view(op)
    kept = view.forwarded() if view is not None else None
    if view is None or kept is None or kept.type != view.infer():
        return None
    made = stand_in(view, kept, session)
    return made if made is kept.operand else None


class _Mover:
    """Carries out what is planned, from the first op to the last."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.session = plan.session
        self.plain: dict[Value, tuple[Value, Order]] = {}
        """The plain forms of what was moved or joined, and their orders."""
        self.turned: dict[Any, Value] = {}
        """What was made of operands in other orders, by operand, order and block."""

    def carry_out(self) -> int:
        """Move all that shall be; how many ops were replaced.

        Ops that are moved stay until those below them have been, so that what still wants them as
        they were is what is left.
        """
        chosen, undoing = self.plan.chosen(), set(self.plan.undoing)
        todo = chosen | undoing
        moved, count = [], 0
        for op in [op for op in walk_ops(self.session.function) if op in todo]:
            if op.parent is None:
                continue
            if op in undoing:
                count += self.session.replace(op, partial(self._undone, op))
            elif self._move(op):
                moved.append(op)
        count += self._join(
            [op for op in self.plan.joining if op.args.get("x", "?")[0] in self.plain]
        )
        for op in reversed(moved):
            self._finish(op)
        return count + len(moved) + self._join(self.plan.joining)

    def _join(self, ops: Iterable[Op]) -> int:
        there = (op for op in ops if op.parent is not None)
        return sum(self.session.replace(op, partial(self._joined, op)) for op in there)

    def _move(self, op: Op) -> bool:
        """Put an op with plain operands beside an op; whether there is one."""
        order, view = self.plan.over[op], self.session.view(op)
        moved = view.moved(order) if view is not None else None
        if view is None or moved is None:
            return False
        args: dict[str, Any] = {name: getattr(view, name) for name in op.args if name in view.args}
        made = self.session.insert(partial(self._made, op, view, args, moved.args), op)
        for old, new, own in zip(op.results, made, moved.orders, strict=True):
            self.plain[old] = new, own if old in self.plan.order else ()
        made[0].op.span = op.span
        return True

    def _made(self, op: Op, view: OpDef, args: dict[str, Any], new: dict[str, Any]) -> Any:
        order = self.plan.over[op]
        for name in view.movable:
            given = args.get(name)
            if isinstance(given, tuple):
                args[name] = [self._form(bound, order, op) for bound in given]
            elif given is not None:
                args[name] = self._form(given, order, op)
        made = self.session.new(op.kind, name=op.results[0].name, **(args | new))
        return made if isinstance(made, tuple) else (made,)

    def _finish(self, op: Op) -> None:
        """Remove an op that was moved, transpose what is wanted as it was, and keep names."""
        rewriter, called = self.session.rewriter, op.attributes.get("name")
        news = [self.plain[old][0] for old in op.results]
        names, values = [old.name for old in op.results], news
        if op.parent is not None:
            values = [self._as_before(old, op) for old in op.results]
            above = [value.op for value in op.values if value.op is not None]
            rewriter.replace_op(op, [], values)
            for each in above:
                self.session.erase_dead(each)
        for new, name in zip(news, names, strict=True):
            if not rewriter.names.taken(name) and not rewriter.is_output(new):
                rewriter.rename(new, name)
        for value in [*news, *values]:
            if value.op is not None:
                value.op.attributes["name"] = string_literal(value.op.results[0].name)
        heir = next((v.op for v in values if v.name == names[0]), None)
        if heir is not None and called is not None:
            heir.attributes["name"] = called

    def _as_before(self, old: Value, op: Op) -> Value:
        """What was moved as it was before, if something wants that."""
        new, order = self.plain[old]
        if is_identity(order) or not old.uses:
            return new
        make = partial(self.session.new, "transpose", x=new, perm=order, name=old.name)
        turned: Value = self.session.insert(make, op)
        if is_more_exact(old.type, turned.type):
            turned.type = old.type
        return turned

    def _plain_of(self, value: Any) -> tuple[Value, Order] | None:
        if value in self.plain:
            return self.plain[value]
        root = self.plan.source.get(value)
        found = root.args["x"][0] if root is not None else None
        return (found, self.plan.order[value]) if isinstance(found, Value) else None

    def _form(self, bound: Bound, order: Order, op: Op) -> Any:
        """An operand before an order is put on it."""
        plain = self._plain_of(bound.operand)
        if plain is not None and plain[1] == order:
            return plain[0]
        shape = reshaped(bound, order)
        if shape == bound.shape:
            return bound
        key = bound.operand, order, op.parent
        if key not in self.turned:
            self.turned[key] = self._turned(bound, order, shape, op.results[0].name)
        return self.turned[key]

    def _turned(self, bound: Bound, order: Order, shape: Order | None, name: str) -> Value:
        literal, new = bound.literal, self.session.new
        if isinstance(literal, TensorLiteral):
            array = literal.numpy()
            array = array.reshape((1,) * (len(order) - array.ndim) + array.shape)
            return self.session.const(array.transpose(inverse(order)), bound.element, name=name)
        if shape is not None:
            return new("reshape", x=bound, shape=shape, name=name)  # type: ignore[no-any-return]
        return new("transpose", x=bound, perm=inverse(order), name=name)  # type: ignore[no-any-return]

    def _undone(self, op: Op) -> Any:
        plain = self._plain_of(op.args["x"][0])
        if plain is None:
            return None
        return stand_in_value(op, plain[0], self.session)

    def _joined(self, op: Op) -> Any:
        """One transpose for two, unless the first is wanted by others too."""
        operand, view = op.args["x"][0], self.session.view(op)
        plain = self._plain_of(operand)
        if plain is None or not isinstance(operand, Value) or view is None:
            return None
        users = [user for user in operand.uses if getattr(user, "kind", "") != "transpose"]
        if users and operand in self.plan.source:
            return None
        order = composed(plain[1], view.order())  # type: ignore[attr-defined]  # a transpose
        joined: Value = self.session.new("transpose", x=plain[0], perm=order)
        self.plain[joined] = plain[0], order
        return joined
