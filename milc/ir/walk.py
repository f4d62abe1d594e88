"""Walks over programs, and questions about order and scope.

Nothing here recurses, so nested blocks may be as deep as memory allows. Imports diagnostics and
this room only.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from milc.diagnostics.prose import clip
from milc.ir.nodes import Block, Function, Op, Program, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from milc.ir.types import Type

Root = Program | Function | Block | Op
"""What a walk may start from."""

User = Op | Block
"""What uses a value: an op by its operands, a block by its outputs, at its end."""

MOST_NAMED: Final = 5
"""As many results tell an op in words; it may have thousands."""
LONGEST: Final = 100
"""Characters of a name that are shown; it may have millions."""


def bodies(function: Function) -> tuple[Block, ...]:
    """The function's body, then its bodies for other opsets."""
    return (function.body, *function.specializations.values())


def outermost(root: Root) -> list[Block]:
    """The blocks of `root` that lie in no other block of it, in order."""
    if isinstance(root, Program):
        return [block for function in root.functions.values() for block in bodies(function)]
    if isinstance(root, Function):
        return list(bodies(root))
    return list(root.blocks) if isinstance(root, Op) else [root]


def walk_ops(root: Root) -> Iterator[Op]:
    """All ops in text order, `root` itself included: an op comes before those nested in it.

    The op just given may be erased or replaced, and its nested ops are then not visited; for
    edits that reach further, walk over a list of the ops.
    """
    if isinstance(root, Op):
        yield root
        if not root.blocks:
            return
    todo = [block.first for block in reversed(outermost(root))]
    while todo:
        op = todo.pop()
        while op is not None:
            following = op.next
            yield op
            if op.blocks and op.parent is not None:
                todo.append(following)
                todo.extend(block.first for block in reversed(op.blocks))
                break
            op = following


def walk_inside_out(block: Block) -> Iterator[Op]:
    """All ops of a block in text order, but that an op comes after those nested in it."""
    todo: list[tuple[Op | None, list[Block] | None]] = [(block.first, None)]
    while todo:
        op, blocks = todo.pop()
        if op is None:
            continue
        if blocks is None and op.blocks:
            blocks = op.blocks[::-1]
        if blocks:
            todo.append((op, blocks[:-1]))
            todo.append((blocks[-1].first, None))
            continue
        following = op.next
        yield op
        while following is not None and not following.blocks:
            op, following = following, following.next
            yield op
        todo.append((following, None))


def walk_blocks(root: Root) -> Iterator[Block]:
    """All blocks in text order, `root` itself included."""
    todo = outermost(root)[::-1]
    while todo:
        block = todo.pop()
        yield block
        inner = [nested for op in block.ops for nested in op.blocks]
        todo.extend(reversed(inner))


def walk_values(root: Root) -> Iterator[Value]:
    """All values that `root` defines, in text order: inputs, block arguments and results."""
    if isinstance(root, Program):
        for function in root.functions.values():
            yield from walk_values(function)
        return
    if isinstance(root, Function):
        yield from root.inputs
    if isinstance(root, Op):
        yield from root.results
        if not root.blocks:
            return
    todo: list[Op | Block | None] = list(reversed(outermost(root)))
    while todo:
        node = todo.pop()
        if isinstance(node, Block):
            yield from node.inputs
            node = node.first
        while node is not None:
            yield from node.results
            if node.blocks:
                todo.append(node.next)
                todo.extend(reversed(node.blocks))
                break
            node = node.next


def post_order(root: Root) -> Iterator[Op]:
    """All ops, those nested in an op before it, else in text order.

    The op just given may be erased or replaced.
    """
    todo = [(block.first, False) for block in reversed(outermost(root))]
    while todo:
        op, entered = todo.pop()
        while op is not None:
            if op.blocks and not entered:
                todo.append((op, True))
                todo.extend((block.first, False) for block in reversed(op.blocks))
                break
            following, entered = op.next, False
            yield op
            op = following
    if isinstance(root, Op):
        yield root


def backward(root: Root) -> Iterator[Op]:
    """All ops from the last to the first, an op before those nested in it: users before producers.

    The op just given may be erased or replaced, and its nested ops are then not visited.
    """
    if isinstance(root, Op):
        yield root
    todo = [block.last for block in outermost(root)]
    while todo:
        op = todo.pop()
        while op is not None:
            preceding = op.prev
            yield op
            if op.blocks and op.parent is not None:
                todo.append(preceding)
                todo.extend(block.last for block in op.blocks)
                break
            op = preceding


def parents(node: Op | Block) -> Iterator[Op | Block | Function]:
    """What holds `node`, from the inside out; ends with the function, if there is one."""
    parent: Op | Block | Function | None = node.parent
    while parent is not None:
        yield parent
        parent = None if isinstance(parent, Function) else parent.parent


def function_of(node: Op | Block | Value) -> Function | None:
    """The function that holds an op or block or defines a value, at whatever depth."""
    start = node.owner if isinstance(node, Value) else node
    if start is None or isinstance(start, Function):
        return start
    return next((node for node in parents(start) if isinstance(node, Function)), None)


def precedes(first: Op, second: Op) -> bool:
    """Whether `first` stands before `second` in the same block. Takes time with their distance."""
    if first is second or first.parent is not second.parent:
        return False
    ahead, behind = first.next, second.next
    while ahead is not None and behind is not None:
        if ahead is second:
            return True
        if behind is first:
            return False
        ahead, behind = ahead.next, behind.next
    # One of the two has reached the end of the block without meeting the other: what is left of
    # the other's way decides.
    while ahead is not None and ahead is not second:
        ahead = ahead.next
    return ahead is second


def dominates(value: Value, user: User) -> bool:
    """Whether `value` is defined wherever `user` is reached: whether `user` may use it.

    That is so if it is an argument of the function or of a block around the user, or the result
    of an earlier op of a block around it. A result does not dominate the blocks of its own op. A
    block as user stands for its outputs, at its end. For many questions build a `Dominance`.
    """
    owner = value.owner
    if isinstance(owner, Function):
        return function_of(user) is owner
    block = owner.parent if isinstance(owner, Op) else owner
    node: Op | Block | Function | None = user
    holder: Op | None = None
    while node is not block:
        if node is None or isinstance(node, Function):
            return False
        holder = node if isinstance(node, Op) else holder
        node = node.parent
    if holder is None or not isinstance(owner, Op):
        return block is not None
    return precedes(owner, holder)


class Dominance:
    """Answers many questions of dominance about one function, each in constant time.

    Numbers every op and block once; an edit of the function makes the numbering stale.
    """

    __slots__ = ("_spans", "function")

    def __init__(self, function: Function) -> None:
        self.function = function
        self._spans: dict[Op | Block, tuple[int, int]] = {}
        opened: dict[Op | Block, int] = {}
        todo: list[Op | Block] = list(reversed(bodies(function)))
        clock = 0
        while todo:
            node = todo.pop()
            clock += 1
            if node in opened:
                self._spans[node] = opened[node], clock
                continue
            opened[node] = clock
            todo.append(node)
            todo.extend(_children(node))

    def dominates(self, value: Value, user: User) -> bool:
        """Whether `user` may use `value`; False for what is not part of the function."""
        spans, owner = self._spans, value.owner
        if user not in spans:
            return False
        if not isinstance(owner, Op):
            return owner is self.function or (owner in spans and self._within(user, owner))
        block = owner.parent
        if owner not in spans or block is None:
            return False
        # The outputs of a block are read at its end, so the end of the user counts: it lies
        # behind the whole of the defining op, unless that op holds the user.
        start, end = spans[user]
        point = end if isinstance(user, Block) else start
        return spans[owner][1] < point and self._within(user, block)

    def _within(self, node: Op | Block, block: object) -> bool:
        if not isinstance(block, Block):
            return False
        start, end = self._spans[block]
        return start <= self._spans[node][0] and self._spans[node][1] <= end


def _children(node: Op | Block) -> list[Op | Block]:
    if isinstance(node, Op):
        return list(reversed(node.blocks))
    children: list[Op | Block] = list(node.ops)
    children.reverse()
    return children


def captured(op: Op) -> list[Value]:
    """The values from outside `op` that its nested blocks use, each once, in order of first use."""
    inside = set(walk_values(op))
    found: dict[Value, None] = {}
    for block in walk_blocks(op):
        used = chain(*(inner.values for inner in block.ops), block.outputs)
        found.update((value, None) for value in used if value not in inside)
    return list(found)


def operand_values(op: Op) -> list[Value]:
    """All values that `op` needs: its operands and what its nested blocks capture."""
    return [*op.values, *captured(op)] if op.blocks else list(op.values)


def transitive_operands(start: Op | Value) -> list[Op]:
    """The ops that `start` needs, directly or through others, the nearest first.

    For a value that includes the op that defines it. Arguments of functions and blocks end the
    search.
    """
    first = start.op if isinstance(start, Value) else None
    found: dict[Op, None] = {} if first is None else {first: None}
    todo = [start] if isinstance(start, Op) else list(found)
    for op in todo:
        for value in operand_values(op):
            producer = value.op
            if producer is not None and producer not in found:
                found[producer] = None
                todo.append(producer)
    return list(found)


def transitive_users(start: Op | Value) -> list[Op]:
    """The ops that need `start`, directly or through others, the nearest first.

    What a nested block returns reaches the users of the results of the op that holds the block.
    """
    found: dict[Op, None] = {}
    todo: list[Value] = list(start.results) if isinstance(start, Op) else [start]
    for value in todo:
        for user in value.uses:
            op = user if isinstance(user, Op) else user.parent
            if isinstance(op, Op) and op not in found:
                found[op] = None
                todo.extend(op.results)
    return list(found)


class Signature(NamedTuple):
    """What a caller of a function sees: names and types, in order."""

    inputs: tuple[tuple[str, Type], ...]
    outputs: tuple[tuple[str, Type], ...]


def signature(function: Function) -> Signature:
    """The names and types of a function's inputs and outputs."""
    return Signature(
        tuple((value.name, value.type) for value in function.inputs),
        tuple((value.name, value.type) for value in function.outputs),
    )


def called(kind: str, names: Sequence[str]) -> str:
    """A kind of op and names of results in a few words; of very many names the first are told."""
    shown = [f"`{clip(name, LONGEST)}`" for name in names[:MOST_NAMED]]
    if len(names) > MOST_NAMED:
        shown.append("...")
    return " ".join(filter(None, (clip(kind, LONGEST), ", ".join(shown))))


def label(op: Op) -> str:
    """An op in a few words: its kind and its results, or its name where it has none."""
    names = [value.name for value in op.results[: MOST_NAMED + 1]]
    return called(op.kind, names or ([op.name] if op.name else []))


def place(node: Function | Block | Op) -> str:
    """Where a node is, for people: `function main, op 3 while_loop `r`, block 2, op 1 add `z``.

    Ops and nested blocks count from 1. Takes time with the length of the blocks around the node.
    """
    parts: list[str] = []
    at: Function | Block | Op | None = node
    while at is not None:
        if isinstance(at, Function):
            parts.append(f"function {clip(at.name, LONGEST)}")
            break
        if isinstance(at, Op):
            parts.append(f"op {_number(at)} {label(at)}")
        elif isinstance(at.parent, Op):
            parts.append(f"block {at.parent.blocks.index(at) + 1}")
        at = at.parent
    return ", ".join(reversed(parts))


def _number(op: Op) -> int:
    number, at = 1, op.prev
    while at is not None:
        number, at = number + 1, at.prev
    return number
