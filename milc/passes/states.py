"""What is written to states: at once, and read from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from milc.ir.nodes import Block, Op, Value
from milc.ir.types import StateType
from milc.ir.walk import walk_ops
from milc.passes.base import Pass

if TYPE_CHECKING:
    from milc.passes.session import Session

STATE_OPS = ("write_state", "read_state")


class CanonicalizeInplacePattern(Pass):
    """Write to a state right behind the op that gives what is written.

    A `read_state` right behind the write, as coremltools has them, comes along. Nothing moves
    across an op that reads or writes the same state.

    ```mil
    func main<ios18>(state<tensor<fp16, [2]>> s, tensor<fp16, [2]> x) {
        tensor<fp16, [2]> old = read_state(input = s);
        tensor<fp16, [2]> a = mul(x = old, y = x);
        tensor<fp16, [2]> b = add(x = a, y = x);
        write_state(data = a, input = s);
        tensor<fp16, [2]> c = read_state(input = s);
        tensor<fp16, [2]> y = add(x = b, y = c);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios18>(state<tensor<fp16, [2]>> s, tensor<fp16, [2]> x) {
        tensor<fp16, [2]> old = read_state(input = s);
        tensor<fp16, [2]> a = mul(x = old, y = x);
        write_state(data = a, input = s);
        tensor<fp16, [2]> c = read_state(input = s);
        tensor<fp16, [2]> b = add(x = a, y = x);
        tensor<fp16, [2]> y = add(x = b, y = c);
    } -> (y);
    ```
    """

    name = "canonicalize_inplace_pattern"

    def run(self, session: Session) -> None:
        for write in writes(session):
            data = operand(write, "data")
            source = data.op if data is not None and data.literal is None else None
            if source is None or source.parent is not write.parent:
                continue
            read, goal = read_behind(write), _goal(write, source)
            if _is_near(write, goal):
                continue
            while goal.next is not None and goal.next.kind in STATE_OPS:
                goal = goal.next  # several states are given the same, or read in front
            session.rewriter.move_after(write, goal)
            if read is not None:
                session.rewriter.move_after(read, write)
            session.counts[self.name] += 1


def _goal(write: Op, source: Op) -> Op:
    """How far up a write may move: to what it writes, or to an op that touches the state."""
    state, goal = operand(write, "input"), write.prev
    while goal is not None and goal is not source and not touches(goal, state):
        goal = goal.prev
    return goal or source


def _is_near(write: Op, goal: Op) -> bool:
    """Whether but ops on states stand between an op and a write."""
    between = write.prev
    while between is not None and between is not goal and between.kind in STATE_OPS:
        between = between.prev
    return between is goal


class PreferStateInDownstream(Pass):
    """Take what was written to a state from there, so that it is not kept twice.

    Ops behind the write use what a `read_state` right behind it gives; there is one, or it is put
    there. What the function returns is kept in any case, and so are its inputs.

    ```mil
    func main<ios18>(state<tensor<fp16, [2]>> s, tensor<fp16, [2]> x) {
        tensor<fp16, [2]> old = read_state(input = s);
        tensor<fp16, [2]> a = mul(x = old, y = x);
        write_state(data = a, input = s);
        tensor<fp16, [2]> y = add(x = a, y = x);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios18>(state<tensor<fp16, [2]>> s, tensor<fp16, [2]> x) {
        tensor<fp16, [2]> old = read_state(input = s);
        tensor<fp16, [2]> a = mul(x = old, y = x);
        write_state(data = a, input = s);
        tensor<fp16, [2]> a_0 = read_state(input = s);
        tensor<fp16, [2]> y = add(x = a_0, y = x);
    } -> (y);
    ```
    """

    name = "prefer_state_in_downstream"

    def run(self, session: Session) -> None:
        for write in writes(session):
            data, state = operand(write, "data"), operand(write, "input")
            if data is None or state is None or data.op is None or data.literal is not None:
                continue
            later = [user for user in _behind(write, data) if user.kind != "write_state"]
            if not later or session.rewriter.is_output(data):
                continue
            value = self._read(write, data, state, session)
            for user in later:
                _replace(user, data, value, session)
            session.counts[self.name] += 1

    def _read(self, write: Op, data: Value, state: Value, session: Session) -> Value:
        """What is read behind a write: there already, or further down, or to be put there."""
        after = write.next
        while after is not None and not touches(after, state):
            after = after.next
        if after is not None and after.kind == "read_state":
            if after is not write.next:
                session.rewriter.move_after(after, write)
            return after.results[0]

        def make() -> Any:
            return session.new("read_state", input=state, name=data.name)

        assert write.parent is not None
        read: Value = session.insert(make, write.next or write.parent)
        return read


def _behind(write: Op, data: Value) -> list[Op]:
    """The ops that use a value behind a write, in its block or nested there.

    A read behind the write is no such op, and neither is one that is nested where a block returns
    the value.
    """
    users = [user for user in data.uses if isinstance(user, Op)]
    if not users:
        return []
    after, op = set(), write.next
    while op is not None:
        after.add(op)
        op = op.next
    return [user for user in users if _at_level(user, write.parent) in after]


def _at_level(op: Op, block: Block | None) -> Op | None:
    """The op of a block that an op is, or is nested in."""
    at: Any = op
    while isinstance(at, Op) and at.parent is not block:
        at = at.parent.parent if at.parent is not None else None
    return at if isinstance(at, Op) else None


def _replace(user: Op, old: Value, new: Value, session: Session) -> None:
    for name, operands in list(user.args.items()):
        for at, each in enumerate(operands):
            if each is old:
                session.rewriter.set_operand(user, name, at, new)


def writes(session: Session) -> list[Op]:
    """The ops of a function that write to states, in the order of its text."""
    if not any(isinstance(value.type, StateType) for value in session.function.inputs):
        return []
    return [op for op in walk_ops(session.function) if op.kind == "write_state"]


def operand(op: Op, name: str) -> Value | None:
    """The value that an argument is, None for a constant in its place."""
    found = op.arg(name)
    return found if isinstance(found, Value) else None


def read_behind(write: Op) -> Op | None:
    """The op right behind a write that reads the same state."""
    read = write.next
    if read is None or read.kind != "read_state":
        return None
    return read if operand(read, "input") is operand(write, "input") else None


def touches(op: Op, state: Value | None) -> bool:
    """Whether an op reads or writes a state, or one that is nested in it does."""
    return state is not None and any(state in inner.values for inner in walk_ops(op))
