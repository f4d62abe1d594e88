"""Choices and loops that do less than they seem to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from milc.ir.literals import Literal, string_literal
from milc.ir.nodes import Value
from milc.ir.walk import backward, dominates, operand_values, post_order, walk_ops, walk_values
from milc.passes.base import Pass
from milc.passes.noops import can_be_renamed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from milc.ir.nodes import Block, Op, Operand
    from milc.passes.session import Session

T = TypeVar("T")


class LoopInvariantElimination(Pass):
    """Take variables out of a loop that stay what they are at first.

    The loop then uses the value from outside. A variable that the body sets to another value from
    outside stays: it changes once.

    ```mil
    func main<ios15>(int32 n, tensor<fp32, [2]> x, tensor<fp32, [2]> w) {
        int32 count, tensor<fp32, [2]> y, tensor<fp32, [2]> same = while_loop(
            loop_vars = (int32(0), x, w))
            (int32 i, tensor<fp32, [2]> a, tensor<fp32, [2]> b) {
            bool more = less(x = i, y = n);
        } -> (more), (int32 i, tensor<fp32, [2]> a, tensor<fp32, [2]> b) {
            int32 next = add(x = i, y = int32(1));
            tensor<fp32, [2]> sum = add(x = a, y = b);
        } -> (next, sum, b);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(int32 n, tensor<fp32, [2]> x, tensor<fp32, [2]> w) {
        int32 count, tensor<fp32, [2]> y = while_loop(loop_vars = (int32(0), x))
            (int32 i, tensor<fp32, [2]> a) {
            bool more = less(x = i, y = n);
        } -> (more), (int32 i, tensor<fp32, [2]> a) {
            int32 next = add(x = i, y = int32(1));
            tensor<fp32, [2]> sum = add(x = a, y = w);
        } -> (next, sum);
    } -> (y);
    ```
    """

    name = "loop_invariant_elimination"

    def run(self, session: Session) -> None:
        changes = -1
        while changes < session.rewriter.changes:  # others may stay what they are then, too
            changes = session.rewriter.changes
            for op in _inside_out(session, "while_loop"):
                self._simplify(op, session)

    def _simplify(self, op: Op, session: Session) -> None:
        body = op.blocks[-1]
        for at in reversed(range(len(op.results))):
            first, kept = op.args["loop_vars"][at], body.outputs[at]
            is_invariant = kept is body.inputs[at] or _are_same(kept, first)
            if is_invariant and len(op.results) > 1:
                self._take_out(op, at, first, session)
                session.counts[self.name] += 1

    def _take_out(self, op: Op, at: int, first: Operand, session: Session) -> None:
        """Take a variable out of a loop, for which the value that it begins with stands."""
        rewriter = session.rewriter
        if isinstance(first, Literal):
            first = session.insert(lambda: session.const(first), op)
        assert isinstance(first, Value)
        replace_result(op.results[at], first, session)
        for block in op.blocks:
            session.use_instead(block.inputs[at], first)
        body = op.blocks[-1]
        kept = body.outputs[at].op
        rewriter.set_outputs(body, _without(body.outputs, at))
        if kept is not None:
            session.erase_dead(kept)
        for block in op.blocks:
            rewriter.remove_input(block.inputs[at])
        rewriter.set_arg(op, "loop_vars", *_without(op.args["loop_vars"], at))
        rewriter.remove_result(op.results[at])


def _are_same(value: Value, other: Operand) -> bool:
    """Whether a value is another one, or the same constant."""
    literal = other.literal if isinstance(other, Value) else other
    return value is other or (literal is not None and value.literal == literal)


class RemoveVacuousCond(Pass):
    """Use what both blocks of a `cond` return, where that is the same value.

    Results that nobody uses are left out, and a `cond` without results goes.

    ```mil
    func main<ios15>(bool p, tensor<fp32, [2]> x) {
        tensor<fp32, [2]> a = cond(pred = p) {
            tensor<fp32, [2]> b = identity(x = x);
        } -> (b), {
            tensor<fp32, [2]> c = identity(x = x);
        } -> (c);
        tensor<fp32, [2]> y = exp(x = a);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(bool p, tensor<fp32, [2]> x) {
        tensor<fp32, [2]> y = exp(x = x);
    } -> (y);
    ```
    """

    name = "remove_vacuous_cond"

    def run(self, session: Session) -> None:
        changes = -1
        while changes < session.rewriter.changes:  # what is left may be simpler for it
            changes = session.rewriter.changes
            for op in _inside_out(session, "cond"):
                before = session.rewriter.changes
                for at in reversed(range(len(op.results))):
                    self._simplify(op, at, session)
                session.erase_dead(op)
                session.counts[self.name] += session.rewriter.changes > before

    def _simplify(self, op: Op, at: int, session: Session) -> None:
        """Use the value that a result always is; leave out a result that nobody uses."""
        one, other = [_origin(block.outputs[at]) for block in op.blocks]
        if one is other and op.results[at].uses and dominates(one, op):
            replace_result(op.results[at], one, session)
        if op.results[at].uses or len(op.results) == 1:
            return
        for block in op.blocks:
            returned = block.outputs[at].op
            session.rewriter.set_outputs(block, _without(block.outputs, at))
            if returned is not None:
                session.erase_dead(returned)
        session.rewriter.remove_result(op.results[at])


class ControlFlowSimplification(Pass):
    """Put the block that is run in the place of a `cond` whose predicate is known.

    Variables of a loop that nothing depends on but themselves go, with what computes them.

    ```mil
    func main<ios15>(int32 n, tensor<fp32, [2]> x) {
        int32 count, tensor<fp32, [2]> unused = while_loop(loop_vars = (int32(0), x))
            (int32 i, tensor<fp32, [2]> a) {
            bool more = less(x = i, y = n);
        } -> (more), (int32 i, tensor<fp32, [2]> a) {
            int32 next = add(x = i, y = int32(1));
            tensor<fp32, [2]> twice = add(x = a, y = a);
        } -> (next, twice);
        tensor<fp32, [2]> y = cond(pred = bool(true)) {
            tensor<fp32, [2]> b = relu(x = x);
        } -> (b), {
            tensor<fp32, [2]> c = tanh(x = x);
        } -> (c);
    } -> (count, y);
    ```

    becomes

    ```mil
    func main<ios15>(int32 n, tensor<fp32, [2]> x) {
        int32 count = while_loop(loop_vars = (int32(0)))
            (int32 i) {
            bool more = less(x = i, y = n);
        } -> (more), (int32 i) {
            int32 next = add(x = i, y = int32(1));
        } -> (next);
        tensor<fp32, [2]> y = relu(x = x);
    } -> (count, y);
    ```
    """

    name = "control_flow_simplification"

    def run(self, session: Session) -> None:
        changes = -1
        while changes < session.rewriter.changes:  # what is left may be simpler for it
            changes = session.rewriter.changes
            for op in _inside_out(session, "cond"):
                session.counts[self.name] += _inlined(op, session)
            for op in _inside_out(session, "while_loop"):
                session.counts[self.name] += _without_dead_variables(op, session)


def _inlined(op: Op, session: Session) -> bool:
    """Whether the block of a choice that is run has taken its place."""
    view: Any = session.view(op)
    known = view.pred.elements if view is not None else None  # one, whatever its rank
    if known is None or len(known) != 1 or known[0] is None:
        return False
    producers = [value.op for value in op.values if value.op is not None]
    returned = session.rewriter.inline(op.blocks[0 if known[0] else 1], op)
    for old, new in zip(op.results, returned, strict=True):
        replace_result(old, new, session)
    session.rewriter.erase(op)
    for producer in producers:
        session.erase_dead(producer)
    return True


def _without_dead_variables(op: Op, session: Session) -> bool:
    """Whether variables were taken out of a loop that nothing else depends on."""
    rewriter, (condition, body) = session.rewriter, op.blocks
    _tidy(body, session)
    live = _live_variables(op, session)
    dead = [at for at in range(len(op.results)) if at not in live]
    if not dead or not live:
        return False
    rewriter.set_outputs(body, [body.outputs[at] for at in sorted(live)])
    _tidy(body, session)
    for at in reversed(dead):
        for block in (condition, body):
            rewriter.remove_input(block.inputs[at])
        rewriter.remove_result(op.results[at])
    rewriter.set_arg(op, "loop_vars", *[op.args["loop_vars"][at] for at in sorted(live)])
    return True


def _tidy(block: Block, session: Session) -> None:
    """Remove ops of a block that nobody needs."""
    for op in list(backward(block)):  # an op takes its operands along
        session.erase_dead(op)


def _live_variables(op: Op, session: Session) -> set[int]:
    """Which variables of a loop decide how long it runs, or what it gives or does."""
    condition, body = op.blocks
    inside = set(walk_values(body))
    places = {value: at for at, value in enumerate(body.inputs)}
    live = {at for at, value in enumerate(op.results) if value.uses or condition.inputs[at].uses}
    todo = [body.outputs[at] for at in live]
    for inner in body.ops:
        if not all(session.is_removable(each) for each in walk_ops(inner)):
            todo += operand_values(inner)
    seen = set(todo)
    for value in todo:
        at = places.get(value)
        more = [] if value.op is None else operand_values(value.op)
        if at is not None and at not in live:
            live.add(at)
            more = [body.outputs[at]]
        for each in more:
            if each in inside and each not in seen:
                seen.add(each)
                todo.append(each)
    return live


def _origin(value: Value) -> Value:
    """What a value is that `identity` has handed on."""
    while value.op is not None and value.op.kind == "identity":
        operand = value.op.arg("x")
        if not isinstance(operand, Value):
            break
        value = operand
    return value


def replace_result(old: Value, new: Value, session: Session) -> None:
    """Use a value, which is there before the op, for a result; the name of an output is kept."""
    rewriter, name = session.rewriter, old.name
    if not rewriter.is_output(old):
        session.use_instead(old, new)
        return
    if not can_be_renamed(new, session) or new.type is not old.type:
        assert old.op is not None
        new = session.insert(lambda: session.new("identity", x=new), old.op)
        new.type = old.type
    session.use_instead(old, new)
    rewriter.rename(old, rewriter.fresh_name(name))
    session.rename(new, name)
    if new.op is not None and new.op.kind == "identity":
        rewriter.set_attribute(new.op, "name", string_literal(name))


def _inside_out(session: Session, kind: str) -> list[Op]:
    """The ops of a kind, those within others first, that have the blocks that they need."""
    return [op for op in post_order(session.function) if op.kind == kind and len(op.blocks) == 2]


def _without(values: Sequence[T], at: int) -> list[T]:
    """All but one."""
    return [*values[:at], *values[at + 1 :]]
