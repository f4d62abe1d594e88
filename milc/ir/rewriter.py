"""The one door for edits of a function.

Every change of a program that exists goes through a `Rewriter`: it keeps the links between ops
and the use lists true, gives out names that nothing else has, and counts what it changed. Each
edit costs constant time or time with the uses of the values it touches. Imports diagnostics and
this room only.

A misuse (erasing what is still used, inserting an op twice) is a mistake of the code that edits,
not of a user's input, so it raises ValueError; the function is then unchanged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from milc.ir.literals import Literal
from milc.ir.names import Names
from milc.ir.nodes import Block, Function, Op, Value, drop_use
from milc.ir.walk import function_of, parents, walk_blocks, walk_ops, walk_values

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from milc.ir.nodes import Operand, Program
    from milc.ir.types import Type
    from milc.ir.walk import User


class Rewriter:
    """Edits one function, its nested blocks included.

    `changes` counts the edits that had an effect. Several rewriters of one function at a time
    would not know of each other's names; pass one on instead. Ops that are made for insertion
    count as users of their operands from the moment they are made, so an op that is not inserted
    after all has to be dropped with `erase`.
    """

    __slots__ = ("_names", "changes", "function")

    def __init__(self, function: Function) -> None:
        self.function = function
        self.changes = 0
        self._names: Names | None = None

    @property
    def changed(self) -> bool:
        """Whether any edit had an effect."""
        return self.changes > 0

    @property
    def names(self) -> Names:
        """The names in use; collected when first needed."""
        if self._names is None:
            self._names = Names(value.name for value in walk_values(self.function))
        return self._names

    def fresh_name(self, base: str) -> str:
        """A name that no value of the function has: `base` if it is free, else `base_0` …

        It is reserved, so that the next call gives another one.
        """
        return self.names.fresh(base)

    def is_output(self, value: Value) -> bool:
        """Whether the function returns the value, so that its name is known to callers."""
        return any(
            isinstance(user, Block) and isinstance(user.parent, Function) for user in value.uses
        )

    # Inserting, erasing, moving

    def insert_before(self, anchor: Op, *ops: Op) -> None:
        """Insert new ops before `anchor`, in the order given.

        A result whose name another value of the function has is renamed: names are unique
        without the caller's care.
        """
        self._insert(_block(anchor), ops, anchor)

    def insert_after(self, anchor: Op, *ops: Op) -> None:
        """Insert new ops after `anchor`, in the order given."""
        self._insert(_block(anchor), ops, anchor.next)

    def append(self, block: Block, *ops: Op) -> None:
        """Insert new ops at the end of a block."""
        self._insert(block, ops, None)

    def prepend(self, block: Block, *ops: Op) -> None:
        """Insert new ops at the beginning of a block."""
        self._insert(block, ops, block.first)

    def erase(self, op: Op) -> None:
        """Remove an op and all that is nested in it, and count its uses off.

        Also drops an op that was made and not inserted. Its arguments are gone afterwards, so read
        them before. Raises ValueError while a result is used.
        """
        for value in op.results:
            if value.is_used:
                raise ValueError(f"cannot erase {op!r}: {_used(value)}")
        _drop_operands(op)
        if op.parent is None:
            return
        if self._names is not None:
            for value in walk_values(op):
                self._names.release(value.name)
        _unlink(op)
        self.changes += 1

    def move_before(self, op: Op, anchor: Op) -> None:
        """Move an op to the place before `anchor`, in whatever block of the function that is."""
        self._check_move(op, anchor)
        if op.next is anchor:
            return
        _unlink(op)
        _link(op, _block(anchor), anchor)
        self.changes += 1

    def move_after(self, op: Op, anchor: Op) -> None:
        """Move an op to the place after `anchor`."""
        self._check_move(op, anchor)
        if op.prev is anchor:
            return
        _unlink(op)
        _link(op, _block(anchor), anchor.next)
        self.changes += 1

    def inline(self, block: Block, before: Op, arguments: Sequence[Operand] = ()) -> list[Value]:
        """Move all ops of a nested block to the place before `before`.

        `arguments` stand for the arguments of the block, one for each. Returns the values that the
        block returned; the block is left empty and returns nothing, for `before` is usually the op
        that holds it and is replaced by these values next. Takes time with the ops of the block.
        Raises ValueError if the arguments are too few or too many, if the block holds `before`, or
        if a block returns an argument for which a literal should stand.
        """
        target = _block(before)
        if len(arguments) != len(block.inputs):
            raise ValueError(f"{block!r} takes {len(block.inputs)} arguments, not {len(arguments)}")
        if block in parents(before):
            raise ValueError(f"{block!r} cannot be inlined into itself")
        pairs = list(zip(block.inputs, arguments, strict=True))
        for value, argument in pairs:
            _check_literal(value, argument, value.uses)
        for value, argument in pairs:
            _replace_uses(value, argument, ())
        returned = list(block.outputs)
        block.set_outputs(())
        for op in list(block.ops):
            _unlink(op)
            _link(op, target, before)
            self._rename_shared(op)
        self.changes += 1
        return returned

    # Replacing

    def replace_op(
        self,
        op: Op,
        new: Op | Sequence[Op],
        results: Value | Sequence[Value] | None = None,
        *,
        keep_names: bool = True,
    ) -> None:
        """Put new ops in the place of `op` and use `results` instead of its results.

        `results` are by default those of the last new op; they may also be values that existed
        before, and there may be no new op at all. New ops and results without a span inherit
        that of what they replace. With `keep_names` a result of a new op takes the name of the
        result it stands for, and so does an older value if the function returns that result.
        Raises ValueError if the number of results differs, if a new op uses what it replaces, or
        if the name of an output would be lost, because an input or another output stands for it:
        put an `identity` between them.
        """
        ops = [new] if isinstance(new, Op) else list(new)
        if results is None:
            results = ops[-1].results if ops else ()
        values = [results] if isinstance(results, Value) else list(results)
        if len(values) != len(op.results):
            raise ValueError(f"{op!r} has {len(op.results)} results, not {len(values)}")
        made = {inner for new_op in ops for inner in walk_ops(new_op)}
        for old in op.results:
            if old in values or not made.isdisjoint(user for user in old.uses if user is not op):
                raise ValueError(f"what replaces {op!r} uses {old!r}; insert it behind instead")
        renamed = self._renamed(op, ops, values) if keep_names else []
        changes = self.changes
        _inherit(op, made, values)
        self._insert(_block(op), ops, op)
        for old, value in zip(op.results, values, strict=True):
            _replace_uses(old, value, ())
        self.erase(op)
        for value, old in renamed:
            self._rename(value, old.name)
            value.span = old.span or value.span  # where the name stands
        self.changes = changes + 1

    def replace_all_uses(self, old: Value, new: Operand, *, but: Collection[User] = ()) -> None:
        """Use `new` wherever `old` is used, save by the ops and blocks in `but`.

        Raises ValueError if `new` is a literal and a block returns `old`.
        """
        users = [user for user in old.uses if user not in but]
        if new is old or not users:
            return
        _check_literal(old, new, users)
        _replace_uses(old, new, but)
        self.changes += 1

    def set_operand(self, op: Op, arg: str, index: int, operand: Operand) -> None:
        """Bind one place of an argument anew. Raises KeyError or IndexError if there is none."""
        bound = list(op.args[arg])
        if bound[index] is operand:
            return
        bound[index] = operand
        _bind(op, arg, tuple(bound))
        self.changes += 1

    def set_arg(self, op: Op, arg: str, *operands: Operand) -> None:
        """Bind an argument to one operand or several; to none: remove the argument."""
        self.set_args(op, {**op.args, arg: operands})

    def set_args(self, op: Op, args: Mapping[str, Operand | Sequence[Operand]]) -> None:
        """Bind all arguments anew; one that is bound to nothing is left out."""
        bound = {name: _operands(given) for name, given in args.items()}
        bound = {name: given for name, given in bound.items() if given}
        if bound.keys() == op.args.keys() and all(_same(bound[k], op.args[k]) for k in bound):
            return
        for name in list(op.args):
            if name not in bound:
                _bind(op, name, ())
        for name, given in bound.items():
            _bind(op, name, given)
        self.changes += 1

    def set_outputs(self, block: Block, values: Sequence[Value]) -> None:
        """Let a block return other values."""
        if _same(block.outputs, values):
            return
        block.set_outputs(values)
        self.changes += 1

    # Names, types, attributes, inputs

    def rename(self, value: Value, name: str) -> None:
        """Give a value another name. Raises ValueError if another value of the function has it."""
        if value.name == name:
            return
        if self.names.taken(name):
            raise ValueError(f"another value of {self.function!r} has the name {name!r}")
        self._rename(value, name)
        self.changes += 1

    def set_type(self, value: Value, type: Type) -> None:
        """Declare another type of a value. What uses it is not looked at."""
        if value.type is type:
            return
        value.type = type
        self.changes += 1

    def set_kind(self, op: Op, kind: str) -> None:
        """Turn an op into one of another kind, with all else as it is."""
        if op.kind == kind:
            return
        op.kind = kind
        self.changes += 1

    def set_attribute(
        self, node: Op | Block | Function | Program, name: str, literal: Literal | None
    ) -> None:
        """Set an attribute, or remove it with None."""
        held = node.attributes.get(name)
        if held is literal or (held is not None and held == literal):
            return
        if literal is None:
            del node.attributes[name]
        else:
            node.attributes[name] = literal
        self.changes += 1

    def add_input(
        self, name: str, type: Type, *, to: Block | None = None, index: int | None = None
    ) -> Value:
        """Add an input to the function, or an argument to the nested block `to`.

        It stands at `index`, else at the end. Its name is made unique. Returns it.
        """
        holder = self.function if to is None else to
        value = Value(self.fresh_name(name), type, holder)
        self.names.take(value.name)
        holder.inputs.insert(len(holder.inputs) if index is None else index, value)
        self.changes += 1
        return value

    def remove_input(self, value: Value) -> None:
        """Remove an input of the function, or an argument of a nested block.

        Raises ValueError while it is used, or if it is no input.
        """
        holder = value.owner
        if holder is None or isinstance(holder, Op):
            raise ValueError(f"{value!r} is no input")
        if value.uses:
            raise ValueError(f"cannot remove {value!r}: {_used(value)}")
        holder.inputs.remove(value)
        value.owner = None
        if self._names is not None:
            self._names.release(value.name)
        self.changes += 1

    def remove_result(self, value: Value) -> None:
        """Leave a result out of those of its op; blocks of the op then have to return one less.

        Raises ValueError while it is used, or if it is no result.
        """
        op = value.op
        if op is None:
            raise ValueError(f"{value!r} is no result")
        if value.uses:
            raise ValueError(f"cannot remove {value!r}: {_used(value)}")
        op.results.remove(value)
        value.owner = None
        if self._names is not None and op.parent is not None:
            self._names.release(value.name)
        self.changes += 1

    # The bookkeeping behind them

    def _insert(self, block: Block, ops: Sequence[Op], before: Op | None) -> None:
        placed = next((op for op in ops if op.parent is not None), None)
        if placed is not None:
            raise ValueError(f"{placed!r} stands in a block already; move it instead")
        if len(set(ops)) != len(ops):
            raise ValueError("the same op was given twice")
        if function_of(block) is not self.function:
            raise ValueError(f"{block!r} is not part of {self.function!r}")
        names = self.names
        for op in ops:
            _link(op, block, before)
            for value in walk_values(op):
                if names.taken(value.name):
                    value.name = names.fresh(value.name)
                names.take(value.name)
        self.changes += len(ops)

    def _check_move(self, op: Op, anchor: Op) -> None:
        _block(op)
        if op is anchor or op in parents(anchor):
            raise ValueError(f"cannot move {op!r} to a place beside or within itself")
        if function_of(anchor) is not function_of(op):
            raise ValueError(f"{anchor!r} stands in another function than {op!r}")

    def _rename_shared(self, op: Op) -> None:
        """Rename the results of an op from a nested block if others have the same names."""
        for value in op.results:
            self.names.release(value.name)
            if self.names.taken(value.name):
                value.name = self.names.fresh(value.name)
            self.names.take(value.name)

    def _rename(self, value: Value, name: str) -> None:
        names = self.names
        names.release(value.name)
        names.take(name)
        value.name = name

    def _renamed(
        self, op: Op, ops: Sequence[Op], values: Sequence[Value]
    ) -> list[tuple[Value, Value]]:
        """Which of `values` take the name of the result of `op` that they stand for, and that."""
        names: dict[Value, Value] = {}
        for old, value in zip(op.results, values, strict=True):
            public = self.is_output(old)
            lost = value in names or value.op is None or self.is_output(value)
            if public and lost:
                raise ValueError(f"{value!r} cannot take the name of the output {old.name}")
            if public or (value.op in ops and value not in names):
                names[value] = old
        return list(names.items())


def _block(op: Op) -> Block:
    if op.parent is None:
        raise ValueError(f"{op!r} stands in no block")
    return op.parent


def _link(op: Op, block: Block, before: Op | None) -> None:
    """Put an op that stands in no block before another one, or at the end."""
    if before is None:
        block.append(op)
        return
    op.parent = block
    op.prev, op.next = before.prev, before
    if before.prev is None:
        block.first = op
    else:
        before.prev.next = op
    before.prev = op
    block.length += 1


def _unlink(op: Op) -> None:
    block = _block(op)
    if op.prev is None:
        block.first = op.next
    else:
        op.prev.next = op.next
    if op.next is None:
        block.last = op.prev
    else:
        op.next.prev = op.prev
    op.parent = op.prev = op.next = None
    block.length -= 1


def _bind(op: Op, arg: str, operands: tuple[Operand, ...]) -> None:
    for operand in operands:
        if isinstance(operand, Value):
            operand.add_use(op)
    for operand in op.args.get(arg, ()):
        if isinstance(operand, Value):
            drop_use(operand, op)
    if operands:
        op.args[arg] = operands
    else:
        op.args.pop(arg, None)


def _replace_uses(old: Value, new: Operand, but: Collection[User]) -> None:
    for user in [user for user in old.uses if user not in but]:
        if isinstance(user, Op):
            _replace_operands(user, old, new)
        elif isinstance(new, Value):
            user.set_outputs([new if value is old else value for value in user.outputs])


def _replace_operands(op: Op, old: Value, new: Operand) -> None:
    for arg, bound in list(op.args.items()):
        if any(operand is old for operand in bound):
            _bind(op, arg, tuple(new if held is old else held for held in bound))


def _check_literal(old: Value, new: Operand, users: Iterable[User]) -> None:
    if isinstance(new, Literal) and any(isinstance(user, Block) for user in users):
        raise ValueError(f"a block returns {old!r}, so no literal can stand for it")


def _drop_operands(op: Op) -> None:
    """Count off all uses that an op and what is nested in it make, and forget them."""
    for inner in list(walk_ops(op)) if op.blocks else (op,):
        for value in inner.values:
            drop_use(value, inner)
        inner.args.clear()
    for block in walk_blocks(op) if op.blocks else ():
        block.set_outputs(())


def _inherit(op: Op, made: Iterable[Op], values: Sequence[Value]) -> None:
    """Give new ops and results without a span that of what they replace."""
    for new in made:
        new.span = new.span or op.span
    for old, value in zip(op.results, values, strict=True):
        value.span = value.span or old.span


def _operands(given: Operand | Sequence[Operand]) -> tuple[Operand, ...]:
    return (given,) if isinstance(given, Value | Literal) else tuple(given)


def _same(left: Sequence[Operand], right: Sequence[Operand]) -> bool:
    return len(left) == len(right) and all(x is y for x, y in zip(left, right, strict=True))


def _used(value: Value) -> str:
    user = next(iter(value.uses))
    others = f" and {len(value.uses) - 1} more" if len(value.uses) > 1 else ""
    return f"{value.name} is used by {user!r}{others}"
