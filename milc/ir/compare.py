"""Structural comparison: the first difference between two programs, for a person to read.

The formatter compares what it read with what it would write at every run, so this module is on
its way: it is fast, does not recurse, and imports diagnostics and this room only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from milc.ir.difference import (
    Difference,
    Node,
    found,
    names,
    operands,
    other_keys,
    other_literals,
    other_ops,
    other_wire,
    same_literal,
)
from milc.ir.literals import Literal
from milc.ir.nodes import Block, Function, Op, Program, Value

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from milc.ir.nodes import Operand

__all__ = ["Difference", "Node", "difference", "same_literal"]


def difference(
    first: Node,
    second: Node,
    *,
    names: bool = True,
    attributes: bool = True,
    order: bool = True,
    wire: bool = True,
    ignore: Collection[str] = (),
) -> Difference | None:
    """The first difference between two programs, functions, blocks or ops; None if there is none.

    The order of an op's arguments and of attributes never counts, and neither do spans. A value
    that is defined outside of what is compared is the same if it has the same name and type.

    - `names=False`: the names of values may differ, and so may the `name` attributes of ops. The
      names of functions and of their inputs and outputs count still: callers know them.
    - `attributes=False`: the attributes of programs, functions and blocks are left out. Those of
      ops are part of their meaning and count.
    - `order=False`: the order of functions, and of a function's inputs, does not count. Apple's
      compiler sorts inputs by name, and the protobuf keeps functions in no order.
    - `wire=False`: what only the protobuf can hold is left out: doc strings and unknown fields.
    - `ignore`: names of program attributes to leave out, such as `buildInfo`.

    Raises TypeError if the two are not of the same class.
    """
    comparison = _Comparison(names, attributes, order, wire, ignore)
    if isinstance(first, Program) and isinstance(second, Program):
        return comparison.programs(first, second)
    if isinstance(first, Function) and isinstance(second, Function):
        return comparison.functions(first, second)
    if isinstance(first, Block) and isinstance(second, Block):
        return comparison.blocks([(first, second)])
    if isinstance(first, Op) and isinstance(second, Op):
        return comparison.lone_op(first, second)
    raise TypeError(f"cannot compare {type(first).__name__} with {type(second).__name__}")


class _Comparison:
    """One run: the options, and which value of the second side stands for which of the first."""

    __slots__ = ("attributes", "ignore", "names", "order", "right", "skip", "twins", "wire")

    def __init__(
        self, names: bool, attributes: bool, order: bool, wire: bool, ignore: Collection[str]
    ) -> None:
        self.names = names
        self.attributes = attributes
        self.order = order
        self.wire = wire
        self.ignore = ignore
        self.skip: Collection[str] = () if names else ("name",)
        self.twins: dict[Value, Value] = {}
        self.right: set[Value] = set()

    def programs(self, a: Program, b: Program) -> Difference | None:
        """Compare two programs."""
        if a.version != b.version:
            return found(a, b, "version", a.version, b.version)
        first = self.around(a, b, self.ignore)
        if first is not None:
            return first
        left, right = list(a.functions), list(b.functions)
        if left != right and (self.order or set(left) != set(right)):
            return found(a, b, "functions", ", ".join(left) or "none", ", ".join(right) or "none")
        pairs = ((a.functions[name], b.functions[name]) for name in left)
        return next(filter(None, (self.functions(*pair) for pair in pairs)), None)

    def functions(self, a: Function, b: Function) -> Difference | None:
        """Compare two functions, with their bodies for all opsets."""
        if a.name != b.name:
            return found(a, b, "name", a.name, b.name)
        if a.opset != b.opset:
            return found(a, b, "opset", a.opset, b.opset)
        if a.specializations.keys() != b.specializations.keys():
            return other_keys(a, b, "specializations", a.specializations, b.specializations)
        bodies = [(a.body, b.body)]
        bodies += [(block, b.specializations[opset]) for opset, block in a.specializations.items()]
        return self.inputs(a, b) or self.around(a, b) or self.blocks(bodies)

    def around(
        self,
        a: Program | Function | Block,
        b: Program | Function | Block,
        ignore: Collection[str] = (),
    ) -> Difference | None:
        """Compare what surrounds ops: attributes, and what only the protobuf holds."""
        if self.attributes and (a.attributes or b.attributes):
            first = self.attribute_dicts(a, b, ignore)
            if first is not None:
                return first
        return other_wire(a, b) if self.wire else None

    def inputs(self, a: Function | Block, b: Function | Block) -> Difference | None:
        """Compare the inputs of functions, or the arguments of blocks, and pair them."""
        left, right = a.inputs, b.inputs
        public = isinstance(a, Function)
        if public and not self.order:
            left, right = (sorted(side, key=lambda value: value.name) for side in (left, right))
        return self.define(a, b, "inputs", left, right, self.names or public)

    def define(
        self,
        a: Node,
        b: Node,
        what: str,
        left: Sequence[Value],
        right: Sequence[Value],
        named: bool,
    ) -> Difference | None:
        """Compare values that two nodes define in the same place, and pair them."""
        if len(left) != len(right):
            return found(a, b, what, names(left), names(right))
        for x, y in zip(left, right, strict=True):
            if named and x.name != y.name:
                return found(a, b, what, names(left), names(right), x, y)
            if x.type is not y.type:
                return found(a, b, f"type of `{x.name}`", repr(x.type), repr(y.type), x, y)
            self.twins[x] = y
            self.right.add(y)
        return None

    def blocks(self, pairs: Sequence[tuple[Block, Block]]) -> Difference | None:
        """Compare blocks one after the other, and all that is nested in them."""
        todo: list[tuple[Op | None, Op | None, Block, Block]] = []
        first = self.enter(todo, pairs)
        while todo and first is None:
            x, y, a, b = todo.pop()
            while x is not None and y is not None:
                first = self.op(x, y)
                if first is not None:
                    return first
                if x.blocks:
                    todo.append((x.next, y.next, a, b))
                    first = self.enter(todo, list(zip(x.blocks, y.blocks, strict=True)))
                    break
                x, y = x.next, y.next
            else:
                first = self.leave(x, y, a, b)
        return first

    def enter(
        self,
        todo: list[tuple[Op | None, Op | None, Block, Block]],
        pairs: Sequence[tuple[Block, Block]],
    ) -> Difference | None:
        """Compare how blocks begin, and put their ops on the list of what is still to do."""
        todo.extend((a.first, b.first, a, b) for a, b in reversed(pairs))
        for a, b in pairs:
            first = self.inputs(a, b) or self.around(a, b)
            if first is not None:
                return first
        return None

    def leave(self, x: Op | None, y: Op | None, a: Block, b: Block) -> Difference | None:
        """Compare how two blocks end: `x` or `y` is the first op that the other has not."""
        if x is not None or y is not None:
            return other_ops(x, y, a, b)
        left, right = a.outputs, b.outputs
        public = isinstance(a.parent, Function)
        same = len(left) == len(right) and all(
            self.same_value(p, q) and (not public or p.name == q.name)
            for p, q in zip(left, right, strict=True)
        )
        return None if same else self.uses(a, b, "outputs", names(left), names(right))

    def lone_op(self, a: Op, b: Op) -> Difference | None:
        """Compare two ops with all that is nested in them."""
        pairs = zip(a.blocks, b.blocks, strict=False)
        return self.op(a, b) or self.blocks(list(pairs))

    def op(self, a: Op, b: Op) -> Difference | None:
        """Compare two ops, but for what is nested in them, and pair their results."""
        if a.kind != b.kind:
            return other_ops(a, b, Block(), Block())
        if a.opset != b.opset:
            return found(a, b, "opset", str(a.opset), str(b.opset))
        if len(a.blocks) != len(b.blocks):
            return found(a, b, "number of blocks", str(len(a.blocks)), str(len(b.blocks)))
        first = self.args(a, b) if a.args or b.args else None
        if first is None and (a.attributes or b.attributes):
            first = self.attribute_dicts(a, b, self.skip)
        if first is None and self.wire and a.unknown != b.unknown:
            first = other_wire(a, b)
        return first or self.define(a, b, "results", a.results, b.results, self.names)

    def args(self, a: Op, b: Op) -> Difference | None:
        """Compare what two ops use."""
        twins, others = self.twins, b.args
        if a.args.keys() != others.keys():
            return other_keys(a, b, "arguments", a.args, others)
        for name, bound in a.args.items():
            other = others[name]
            if len(bound) != len(other):
                return self.argument(a, b, name)
            for x, y in zip(bound, other, strict=True):
                # A literal is not looked up: its hash would read all of its bytes.
                if x.__class__ is Value and twins.get(x) is y:
                    continue
                if not self.same_operand(x, y):
                    return self.argument(a, b, name)
        return None

    def same_operand(self, x: Operand, y: Operand) -> bool:
        """Whether two operands are the same value, or equal literals."""
        if isinstance(x, Value) or isinstance(y, Value):
            return isinstance(x, Value) and isinstance(y, Value) and self.same_value(x, y)
        return same_literal(x, y, docs=self.wire)

    def same_value(self, x: Value, y: Value) -> bool:
        """Whether `y` stands for `x`; a value from outside does by its name and type."""
        twin = self.twins.get(x)
        if twin is not None or y in self.right:
            return twin is y
        return x.name == y.name and x.type is y.type

    def argument(self, a: Op, b: Op, name: str) -> Difference:
        """The difference of one argument, of which it is known that there is one."""
        left, right = a.args[name], b.args[name]
        if len(left) == len(right) == 1:
            (x,), (y,) = left, right
            if isinstance(x, Literal) and isinstance(y, Literal):
                return other_literals(a, b, f"argument `{name}`", x, y, self.wire)
        return self.uses(a, b, f"argument `{name}`", operands(left), operands(right))

    def uses(self, a: Op | Block, b: Op | Block, what: str, left: str, right: str) -> Difference:
        """A difference in what is used, which the names alone may not show."""
        if left == right:
            right += " with another definition"
        return found(a, b, what, left, right)

    def attribute_dicts(self, a: Node, b: Node, skip: Collection[str]) -> Difference | None:
        """Compare the attributes of two nodes, but for those to skip."""
        left, right = a.attributes, b.attributes
        if skip:
            left, right = (
                {name: literal for name, literal in side.items() if name not in skip}
                for side in (left, right)
            )
        if left.keys() != right.keys():
            return other_keys(a, b, "attributes", left, right)
        for name, x in left.items():
            y = right[name]
            if not same_literal(x, y, docs=self.wire):
                return other_literals(a, b, f"attribute `{name}`", x, y, self.wire)
        return None
