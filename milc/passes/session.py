"""One function while passes work on it: what they see of it, and what they make.

Ops are seen through their definitions, with what is known of their operands; a new op is checked
against its definition when it is made, so that no rewrite can leave an op that does not verify.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from milc.ir.constants import literal
from milc.ir.fit import fits
from milc.ir.literals import Literal, TensorLiteral, string_literal
from milc.ir.nodes import Block, Op, Value
from milc.ir.rewriter import Rewriter
from milc.ir.types import ELEMENT_TYPES, TO_INFER, TensorType
from milc.ir.walk import walk_inside_out, walk_ops, walk_values
from milc.opsets import index
from milc.passes.worklist import Worklist, is_like_a_shape
from milc.schema import Bound
from milc.schema.bound import Symbol
from milc.verify.operations import Operations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from milc.ir.constants import TypeLike
    from milc.ir.nodes import Function, Operand, Program
    from milc.ir.types import ElementType, Type
    from milc.passes.base import Pass, Rewrite
    from milc.schema import OpDef
    from milc.verify.operations import Read

LARGE = 1 << 20
"""A constant of more elements is not made where none is as large: programs would grow by what they
compute anyway."""


class Refused(Exception):
    """Raised when a rewrite makes an op that its definition refuses."""


class For(NamedTuple):
    """What a rewrite gives for another op than the one it was tried on, in the same block."""

    op: Op
    given: Any


class Note(NamedTuple):
    """What a pass has to say about a place: something it left undone, and why."""

    text: str
    op: Op | None = None


class Session:
    """A function, seen and changed by passes.

    `facts` is what verification knows of its values; new ops add to it.
    """

    def __init__(
        self,
        program: Program,
        function: Function,
        read: Read | None = None,
        *,
        timed: bool = False,
        facts: Operations | None = None,
    ) -> None:
        self.program = program
        self.function = function
        self.rewriter = Rewriter(function)
        self.facts = facts or _Facts(program, function, read)
        self.counts: Counter[str] = Counter()
        """How often each pass has rewritten something."""
        self.refused: list[str] = []
        """What rewrites made that does not verify, which is a fault of theirs."""
        self.notes: list[Note] = []
        self.timed = timed
        """Whether somebody asks what each of several tables takes."""
        self.seconds: dict[str, float] = defaultdict(float)
        """What each pass took."""
        self._made: list[Op] = []
        self._anchor: Op | None = None
        self._worklist = Worklist(self.rewriter, self._learned)
        self._views: dict[Op, tuple[Any, OpDef | None]] = {}
        self._views_hold_of = 0
        self._largest: int | None = None

    @property
    def at(self) -> Op | None:
        """The op that is being replaced."""
        return self._anchor

    # Seeing

    def view(self, op: Op) -> OpDef | None:
        """An op through its definition; None for a const, and where there is no definition."""
        if op.kind == "const":
            return None
        if self._views_hold_of != self._worklist.untold:
            self._views.clear()
            self._views_hold_of = self._worklist.untold
        given = tuple(op.args.values())
        seen = self._views.get(op)
        if seen is None or seen[0] != given:
            seen = self._views[op] = given, self._view(op)
        return seen[1]

    def _view(self, op: Op) -> OpDef | None:
        definition = index.definition(op.kind, op.opset or self.function.opset)
        if definition is None:
            return None
        binding: dict[str, Any] = {}
        given: dict[str, Sequence[Operand]] = dict(op.args)
        if definition.in_attributes:
            given |= {n: (v,) for n, v in op.attributes.items() if n != "name" and n not in given}
        for name, operands in given.items():
            arg = definition.args.get(name)
            if arg is None:
                continue
            bound = tuple([Bound(operand, self.facts) for operand in operands])
            binding[name] = bound if arg.variadic else bound[0]
        return definition(op, binding, self.facts)

    def producer(self, of: Bound | Value, *kinds: str) -> Any:
        """The op that gives an operand, as its definition sees it, if it is of one of the kinds.

        None where it is not, or where the operand is a constant or an input.
        """
        value = of.operand if isinstance(of, Bound) else of
        op = value.op if isinstance(value, Value) else None
        return self.view(op) if op is not None and (not kinds or op.kind in kinds) else None

    def dims(self, of: Bound | Value | Literal) -> tuple[int | Symbol, ...] | None:
        """The dimensions of a tensor: as its type declares, as is inferred, or whose they are.

        None of what is no tensor, or of unknown rank.
        """
        bound = of if isinstance(of, Bound) else Bound(of, self.facts)
        if not isinstance(bound.type, TensorType) or bound.type.shape is None:
            return None
        inferred = self.facts.inferred.get(bound.operand)  # type: ignore[arg-type]  # or None
        more = inferred.shape if isinstance(inferred, TensorType) else None
        if more is None or len(more) != bound.rank:  # a comment silences who declares another rank
            more = bound.shape
        pairs = zip(bound.dims, more, strict=True)
        return tuple([m if isinstance(m, int) and type(d) is Symbol else d for d, m in pairs])

    def users(self, value: Value) -> list[Op | Block]:
        """What uses a value: ops, and blocks that return it."""
        return list(value.uses)

    def only_user(self, value: Value) -> Any:
        """The one op that uses a value, once or often, as its definition sees it.

        None if there are others, or a block returns the value.
        """
        users = value.uses
        user = next(iter(users)) if len(users) == 1 else None
        return self.view(user) if isinstance(user, Op) else None

    def is_used_once(self, value: Value) -> bool:
        """Whether a value has one use, so that it goes when that does."""
        return sum(value.uses.values()) == 1

    # Making

    def const(self, value: Any, type: TypeLike | str | None = None, *, name: str = "") -> Value:
        """A new constant, of a Python value, an array or a literal; `type` may be named: "fp16"."""
        type = ELEMENT_TYPES[type] if isinstance(type, str) else type
        made = value if isinstance(value, Literal) else literal(value, type)
        own = self.rewriter.fresh_name(self._base(name, "const"))
        return self._put(Op("const", None, [Value(own, made.type)], {"val": made}))

    def new(self, kind: str, /, *, name: str = "", **args: Any) -> Any:
        """A new op: its result, or a tuple of them if it has several.

        Arguments are values, Bounds, constants as Python values or arrays (of the element type that
        the definition asks for), or None to leave them out; of a variadic one a sequence of these.
        Types follow by inference. Raises Refused if the op does not verify.
        """
        definition = index.definition(kind, self.function.opset)
        if definition is None:
            raise Refused(f"{self.function.opset} has no {kind}")
        bound: dict[str, tuple[Operand, ...]] = {}
        base = self._base(name, kind)
        own = self.rewriter.fresh_name(base)
        for arg_name, given in args.items():
            if given is None:
                continue
            parts = given if definition.args[arg_name].variadic else (given,)
            made = [self._operand(definition, arg_name, args, part, base) for part in parts]
            bound[arg_name] = tuple(made)
        count = self._results(definition, args)
        names = [own] if count == 1 else [f"{own}_{number}" for number in range(count)]
        written = _written(bound) if definition.in_attributes else {}
        given = {n: v for n, v in bound.items() if n not in written}
        op = Op(kind, given, [Value(each, TO_INFER) for each in names], written)
        found = len(self.facts.found)
        op.opset = self.function.opset  # as it will be read once it stands in the function
        self.facts.check(op, op.opset)
        op.opset = None
        if len(self.facts.found) > found or any(v not in self.facts.inferred for v in op.results):
            self.rewriter.erase(op)
            said = [finding.message for finding in self.facts.found[found:]]
            raise Refused(said[0] if said else f"the type of {kind} is not known")
        for result in op.results:
            result.type = self.facts.inferred[result]
        op.attributes["name"] = string_literal(own)
        self._made.append(op)
        return op.results[0] if count == 1 else tuple(op.results)

    def again(self, op: OpDef, **changed: Any) -> Any:
        """A new op of the kind of an op, with its arguments but for those that are changed.

        None leaves one out. Gives and raises what `new` does.
        """
        known = {*op.op.args, *op.op.attributes} if op.in_attributes else op.op.args
        given = {name: getattr(op, name) for name in op.args if name in known}
        return self.new(op.op.kind, **given | changed)

    def tried(self, op: OpDef, look: Callable[[Sequence[Value]], bool], **changed: Any) -> bool:
        """What `look` says of the results of an op as `again` makes it, which is then dropped.

        False if such an op would not verify.
        """
        made, self._made = self._made, []
        try:
            results = self.again(op, **changed)
            return look(results if isinstance(results, tuple) else (results,))
        except Refused:
            return False
        finally:
            self._drop()
            self._made = made

    def _operand(
        self, definition: type[OpDef], name: str, args: dict[str, Any], given: Any, base: str
    ) -> Any:
        if isinstance(given, Bound):
            return given.operand
        if isinstance(given, Value):
            return given
        element = None
        if not isinstance(given, Literal):
            element = self._element(definition, name, args, given)
        return self.const(given, element, name=f"{base}_{name}_0")

    def _element(self, definition: type[OpDef], name: str, args: dict[str, Any], given: Any) -> Any:
        """The element type of a constant: the only one, or that of the operands of its domain."""
        if hasattr(given, "dtype"):
            return None
        arg = definition.args[name]
        if len(arg.elements) == 1:
            return arg.elements[0]
        for other, value in args.items():
            value = value.operand if isinstance(value, Bound) else value
            alike = definition.args[other].group == arg.group and bool(arg.group)
            if alike and isinstance(value, Value) and isinstance(value.type, TensorType):
                return value.type.element
        return None

    def _results(self, definition: type[OpDef], args: dict[str, Any]) -> int:
        """How many results an op has: as declared; `split` says by its arguments."""
        number, sizes = args.get("num_splits"), args.get("split_sizes")
        if number is not None:
            return int(number.value if isinstance(number, Bound) else number)
        if sizes is not None:
            return int(sizes.count) if isinstance(sizes, Bound) else len(sizes)  # type: ignore[arg-type]
        return len(definition.outs)

    def _base(self, name: str, kind: str) -> str:
        """What a new value is called, if that is free: as is wished, or as what is replaced."""
        anchor = self._anchor
        return name or (anchor.results[0].name if anchor is not None and anchor.results else kind)

    def _put(self, op: Op) -> Value:
        op.attributes["name"] = string_literal(op.results[0].name)
        self._made.append(op)
        return op.results[0]

    # Rewriting

    def apply(self, passes: Sequence[Pass]) -> None:
        """Try the tables of passes on every op, and again around each change, until none fits.

        The second time the same passes only look at what has changed since.
        """
        for op, entries in self._worklist.ops(passes):
            self._try(op, entries)
        self._anchor = None

    def settle(self) -> None:
        """Learn what changes made known, and let be tried again what they may have made fit."""
        self._worklist.settle()

    def _try(self, op: Op, entries: Iterable[tuple[Pass, Rewrite]]) -> None:
        """Let the first entry that fits rewrite an op."""
        view = self.view(op)
        if view is None:
            return
        for owner, entry in entries:
            began = time.perf_counter() if self.timed else 0.0
            self._anchor = op
            try:
                given = entry.run(owner, view, self)
            except Refused as reason:
                given = None
                self._refuse(op, reason)
            if given is None and self._made:
                self._drop()
            target, given = given if given.__class__ is For else (op, given)
            fits = given is not None and self._put_in(target, given)
            if self.timed:
                self.seconds[owner.name] += time.perf_counter() - began
            if fits:
                self.counts[owner.name] += 1
                return

    def replace(self, op: Op, make: Callable[[], Any]) -> bool:
        """Replace an op by what `make()` gives, a value or one for each result; None: leave it.

        New ops stand in the place of the op. Returns whether it was replaced.
        """
        self._anchor = op
        try:
            given = make()
        except Refused as reason:
            given = None
            self._refuse(op, reason)
        self._anchor = None
        if given is None:
            self._drop()
        return given is not None and self._put_in(op, given)

    def _refuse(self, op: Op, reason: Refused) -> None:
        """Note what a rewrite made that its definition refuses."""
        self.refused.append(f"{op.kind}: {reason}")

    def _values(self, op: Op, given: Any) -> tuple[Value, ...]:
        """What stands for the results of an op, as values. Raises TypeError for what are none."""
        parts = given if isinstance(given, tuple | list) else (given,)
        held = [each.operand if isinstance(each, Bound) else each for each in parts]
        values = [self.const(each) if isinstance(each, Literal) else each for each in held]
        if len(values) != len(op.results) or not all(isinstance(each, Value) for each in values):
            wanted = "a value" if len(op.results) == 1 else f"{len(op.results)} values"
            raise TypeError(f"a rewrite gives {given!r}, where {wanted} or None is wanted")
        return tuple(values)

    def _drop(self) -> None:
        """Forget the ops that were made and are in no place yet."""
        for each in reversed(self._made):
            self.rewriter.erase(each)
        self._made = []

    def _put_in(self, op: Op, given: Any) -> bool:
        """Put what was made in the place of an op, whose results become what is given."""
        values = self._values(op, given)
        if not self._fits(op, values, self._made):
            self._drop()
            return False
        made, self._made = self._made, []
        self._worklist.time += 1
        operands = _producers(op)
        name, changes = op.attributes.get("name"), self.rewriter.changes
        self.rewriter.replace_op(op, made, list(values))
        for old, new in zip(op.results, values, strict=True):
            self.facts.hand_on(old, new)
        for each in made:
            self._call(each, values, name)
        for each in (*made, *operands):
            self.erase_dead(each)
        self._worklist.rewrote(values, self.rewriter.changes - changes)
        return True

    def insert(self, make: Callable[[], Any], before: Op | Block) -> Any:
        """Put what `make()` makes before an op, or at the end of a block; gives what it gives.

        Raises Refused if an op does not verify.
        """
        self._made, self._anchor = [], None
        given = make()
        made, self._made = self._made, []
        if any(self.is_too_large(each) for each in made):
            raise Refused("a constant is larger than any that there is")
        if isinstance(before, Op):
            self.rewriter.insert_before(before, *made)
        else:
            self.rewriter.append(before, *made)
        return given

    def rename(self, value: Value, name: str) -> None:
        """Give a value the name of an output; others that are called so, too, make way."""
        if self.rewriter.names.taken(name) and value.name != name:
            for other in list(walk_values(self.function)):
                if other.name == name:
                    self.rewriter.rename(other, self.rewriter.fresh_name(name))
        self.rewriter.rename(value, name)

    def _call(self, op: Op, values: Sequence[Value], name: Literal | None) -> None:
        """Let a new op be called as its result, or as the op was that it stands for."""
        if op.results:
            is_successor = name is not None and op.results[0] in values
            called = string_literal(op.results[0].name)
            op.attributes["name"] = name if name is not None and is_successor else called

    def is_too_large(self, op: Op) -> bool:
        """Whether a new op is a constant larger than any in the function, and large at all."""
        count = count_of(op.results[0]) if op.kind == "const" else 0
        if count <= LARGE:
            return False
        if self._largest is None:
            consts = (each for each in walk_ops(self.function) if each.kind == "const")
            self._largest = max([count_of(each.results[0]) for each in consts], default=0)
        return count > self._largest

    def _fits(self, op: Op, values: Sequence[Value], made: Sequence[Op]) -> bool:
        """Whether values may stand for an op's results: names of outputs have to be kept."""
        if any(self.is_too_large(each) for each in made):
            return False
        for old, new in zip(op.results, values, strict=True):
            if old is new or not self._is_alike(old, new, made):
                return False
            is_new = new.op in made
            if not is_new and is_more_exact(old.type, new.type):
                return False
            if (
                self.rewriter.is_output(old)
                and not is_new
                and (new.op is None or self.rewriter.is_output(new) or new.op.kind == "const")
            ):
                return False
        return True

    def _is_alike(self, old: Value, new: Value, made: Sequence[Op]) -> bool:
        """Whether a value has the type of what it stands for; a new one may know less of it."""
        if not fits(old.type, new.type):
            one, other = element_of(old.type), element_of(new.type)
            if one is not other:  # no shape will make it fit
                self.refused.append(f"what is to stand for {old.name} is of {other}, not of {one}")
            return False
        if new.op in made:
            new.type = old.type if is_more_exact(old.type, new.type) else new.type
        return True

    def use_instead(self, old: Value, new: Value) -> None:
        """Use a value, which is there, wherever another one is used."""
        self.rewriter.replace_all_uses(old, new)
        self.facts.hand_on(old, new)

    def learn(self, op: Op) -> None:
        """Find out anew what an op gives, for what stands before it may be known better by now."""
        self.facts.check(op, op.opset or self.function.opset)

    def _learned(self, op: Op) -> bool:
        """Learn what an op gives, if that may be a shape or follow from what is known."""
        operands = (value for value in op.values if value.literal is None)
        if not all(is_like_a_shape(value.type) for value in op.results) and not all(
            self.facts.known(value) for value in operands
        ):
            return False
        self.learn(op)
        return True

    # Removing

    def erase_dead(self, op: Op) -> int:
        """Remove an op that nobody needs, and what it alone needed; gives how many went."""
        gone, todo = 0, [op]
        while todo:
            each = todo.pop()
            if each.parent is None:
                continue
            if not self.is_dead(each):
                self._worklist.disturb(each)
                continue
            todo += _producers(each)
            if each.blocks:
                todo += [v.op for inner in walk_inside_out_of(each) for v in inner.values if v.op]
            self.rewriter.erase(each)
            gone += 1
        return gone

    def is_dead(self, op: Op) -> bool:
        """Whether no result of an op is used, and neither it nor what is in it does more."""
        for value in op.results:
            if value.is_used:
                return False
        if not op.blocks:
            return self.is_removable(op)
        return all(self.is_removable(inner) for inner in walk_ops(op))

    def is_removable(self, op: Op) -> bool:
        """Whether an op does nothing but give results."""
        if op.kind == "const":
            return True
        definition = index.definition(op.kind, op.opset or self.function.opset)
        if definition is None or not op.results:
            return False
        return definition.pure or definition.random or definition.stateful


def _producers(op: Op) -> list[Op]:
    """The ops that give the operands of an op, each as often as it is named."""
    bound = [operand for operands in op.args.values() for operand in operands]
    return [each.owner for each in bound if each.__class__ is Value and each.owner.__class__ is Op]


def _written(bound: dict[str, tuple[Operand, ...]]) -> dict[str, Literal]:
    """Arguments as attributes, for an op whose files have them there."""
    pairs = [(name, each) for name, (each, *more) in bound.items() if not more]
    found = {n: each.literal if isinstance(each, Value) else each for n, each in pairs}
    return {name: each for name, each in found.items() if each is not None}


def element_of(type: Type) -> ElementType | None:
    """The element type of a tensor, None of what is none."""
    return type.element if isinstance(type, TensorType) else None


def count_of(value: Value) -> int:
    """How many elements a tensor has, 0 if that is not known."""
    return (isinstance(value.type, TensorType) and value.type.count) or 0


def is_more_exact(one: Type, other: Type) -> bool:
    """Whether a tensor's type tells more of its dimensions than another that fits it."""
    if not isinstance(one, TensorType) or not isinstance(other, TensorType):
        return False
    if one.shape is None or other.shape is None:
        return other.shape is None
    return one.shape.count(None) < other.shape.count(None)


def walk_inside_out_of(op: Op) -> Iterable[Op]:
    """The ops in an op's blocks."""
    for block in op.blocks:
        yield from walk_inside_out(block)


class _Facts(Operations):
    """What verification knows of a function's values; it has been run, and goes on with new ops."""

    def __init__(self, program: Program, function: Function, read: Read | None) -> None:
        super().__init__(program, read)
        for op in walk_inside_out(function.body):
            if op.kind != "const":
                self.check(op, op.opset or function.opset)


def scalar_of(bound: Bound) -> float | None:
    """The number that every element of a constant is, None if they differ or are not known."""
    operand = bound.literal
    if not isinstance(operand, TensorLiteral) or bound.count == 0:
        return None
    if bound.count == 1:
        value = operand.values()[0]
        return float(value) if isinstance(value, int | float) else None
    array = operand.numpy().ravel()
    return float(array[0]) if (array == array[0]).all() else None
