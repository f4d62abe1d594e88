"""What follows when a part of a program is changed: weights get the channels of their input.

Nothing is known here of any op. Changes that could follow are tried, the plainest first, and the
verifier judges: one is kept if it takes the program nearer to one without a fault. Imports ir and
verify.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final

from milc.diagnostics import MilError, errors
from milc.driver.slots import ArgumentSlot, Content, Slot, tensor_in
from milc.ir.literals import ListLiteral, Literal, TensorLiteral, string_literal, string_of
from milc.ir.numbers import pack
from milc.ir.types import INT32, MAX_RANK, UINT32, TensorType, Type
from milc.verify.operations import Operations
from milc.verify.structure import verify_structure

if TYPE_CHECKING:
    from milc.ir.nodes import Program
    from milc.schema import Constraint, OpDef

ROUNDS: Final = 8
"""As many things may follow one after the other; the examples have fewer operands."""

MOST_REPEATED: Final = 8
"""As many elements as a number may stand for: more than twice the spatial dimensions of any op."""

Change = list[tuple[Slot, Content]]
Dim = int | None
Merit = tuple[bool, int, int, int]
"""How near a program is to one without a fault: whether it is one; sound ops, rules that hold, and
minus the faults."""


class _Attempt(Operations):
    """A run that tells how far a program gets."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.sound_ops = 0
        self.rules = 0
        self.run()

    def sound(self, view: OpDef) -> None:
        self.sound_ops += 1

    def _broken(self, view: OpDef, rule: Constraint, verdict: str | bool) -> None:
        self.rules = self.rules or 1 + view.constraints.index(rule)
        super()._broken(view, rule, verdict)

    @property
    def merit(self) -> Merit:
        """How near the program is to one without a fault."""
        faults = len(errors(self.found)) + len(errors(verify_structure(self.program)))
        return not faults, self.sound_ops, self.rules, -faults


class Following:
    """One search for what follows, over the slots of a program."""

    def __init__(self, program: Program, slots: list[Slot], opset: str) -> None:
        self.program = program
        self.slots = slots
        self.opset = opset
        self.best = _Attempt(program).merit

    def run(self) -> None:
        """Let follow what can, in place; where nothing helps, the program keeps its faults."""
        self._elements()
        for _ in range(ROUNDS):
            if self.best[0] or not self._step(self._changes()):
                return

    def _step(self, changes: Iterator[Change]) -> bool:
        """Keep the change that helps most, the first of equals. Returns whether one helps."""
        found: Change = []
        for change in changes:
            merit = self._tried(change)
            if merit > self.best:
                found, self.best = change, merit
            if self.best[0]:
                break
        _make(found)
        return bool(found)

    def _tried(self, change: Change) -> Merit:
        """The merit of a program with a change, which is undone."""
        before = [(slot, slot.held) for slot, _ in change]
        _make(change)
        merit = _Attempt(self.program).merit
        _make(before)
        return merit

    # Element types

    def _elements(self) -> None:
        """Let what had the element type of a slot that changed it change it too, where it may."""
        for slot in [slot for slot in self.slots if slot.has_element]:
            old, new = tensor_in(_type(slot.seed)), slot.tensor
            if old is None or new is None or old.element is new.element:
                continue
            free = [each for each in self.slots if not each.has_element]
            wide = [change for each in free if (change := self._recast(each, old, new))]
            near = [change for change in wide if _share(change[0], slot, self.opset)]
            plain = old.element.is_float and new.element.is_float
            options = [wide, near] if plain else [near, wide]
            for option in options:
                merit = self._tried(option)
                if merit >= self.best:
                    self.best = merit
                    _make(option)
                    break

    def _recast(self, slot: Slot, old: TensorType, new: TensorType) -> tuple[Slot, Content] | None:
        """A slot with the new element type, if it has the old one and its arguments allow that."""
        held = slot.held
        if isinstance(held, Literal) and string_of(held) == str(old.element):
            return slot, string_literal(str(new.element))
        type = slot.tensor
        if type is None or type.element is not old.element:
            return None
        allowed = [arg.elements for arg in slot.declared(self.opset)]
        if not all(not elements or new.element in elements for elements in allowed):
            return None
        return slot, slot.retyped(TensorType(new.element, type.shape))

    # Shapes

    @property
    def free(self) -> list[Slot]:
        """The slots that nobody chose the shape or value of, or not all of the shape."""
        open = [slot for slot in self.slots if slot.kept_from or not slot.has_shape]
        return [slot for slot in open if slot.held is not None]

    def _changes(self) -> Iterator[Change]:
        """The changes that could follow, the plainest first."""
        for slot in self.slots:
            yield from _repetitions(slot)
        changed = [each for slot in self.slots for each in _aligned(*_shapes(slot))]
        for kind in (_dims, _whole, _all_dims, _quotients, _ranks, _values):
            for slot in self.free:
                for old, new in changed:
                    yield from _usable(slot, kind(slot, old, new))
        yield from self._at_once(changed)
        for slot in self.free:
            for other in self.slots:
                yield from _usable(slot, _likenesses(slot, other))
        for slot in self.free:
            if isinstance(slot, ArgumentSlot) and slot.may_go(self.opset):
                yield [(slot, None)]

    def _at_once(self, changed: list[tuple[Shape, Shape]]) -> Iterator[Change]:
        """Changes of several slots: one dimension of all operands, or all numbers that changed."""
        for old, new in changed:
            for axis, (was, is_now) in enumerate(zip(old, new, strict=False)):
                if was != is_now:
                    yield _joined(self.free, lambda s: _same_axis(s, axis, was, is_now))  # noqa: B023
            yield _joined(self.free, lambda s: _values(s, old, new))  # noqa: B023


def _make(change: Change) -> None:
    for slot, content in change:
        slot.held = content


def _type(content: Content) -> Type | None:
    return content.type if isinstance(content, Literal) else content


def _share(one: Slot, other: Slot, opset: str) -> bool:
    """Whether two slots are bound to arguments of one domain."""
    groups = {arg.group for arg in other.declared(opset)} - {""}
    return any(arg.group in groups for arg in one.declared(opset))


Shape = tuple[Dim, ...]


def _shapes(slot: Slot) -> tuple[Shape, Shape]:
    """The shape that a slot had, and the one that it has; for integers in a vector their number."""
    if isinstance(slot.seed, ListLiteral) and isinstance(slot.held, ListLiteral):
        return (len(slot.seed.items),), (len(slot.held.items),)
    old, new = tensor_in(_type(slot.seed)), slot.tensor
    if old is None or new is None or not slot.has_shape:
        return (), ()
    return old.shape or (), new.shape or ()  # type: ignore[return-value]


def _usable(slot: Slot, contents: Iterator[Shape | Content]) -> Iterator[Change]:
    """The changes of a slot to other shapes or contents that keep what was chosen of it."""
    kept = slot.kept_from
    for content in contents:
        if isinstance(content, tuple):
            if not kept or content[kept:] == _own(slot)[kept:]:
                yield from _retyped(slot, content)
        elif not kept:
            yield [(slot, content)]


def _joined(slots: list[Slot], kind: Callable[[Slot], Iterator[Shape | Content]]) -> Change:
    """The first change of a kind that each slot has."""
    return [change[0] for slot in slots for change in islice(_usable(slot, kind(slot)), 1)]


def _same_axis(slot: Slot, axis: int, was: Dim, is_now: Dim) -> Iterator[Shape]:
    """The same dimension of another operand, if that was as long."""
    own = _own(slot)
    if axis < len(own) and own[axis] == was:
        yield (*own[:axis], is_now, *own[axis + 1 :])


def _retyped(slot: Slot, shape: Shape) -> Iterator[Change]:
    """The change of a slot to another shape, unless that cannot be made."""
    type = slot.tensor
    constant = isinstance(slot.held, Literal)
    if type is None or len(shape) > MAX_RANK or (constant and None in shape):
        return
    try:
        yield [(slot, slot.retyped(TensorType(type.element, shape)))]
    except MilError:
        return


def _own(slot: Slot) -> Shape:
    type = slot.tensor
    return (type.shape or ()) if type is not None else ()  # type: ignore[return-value]


def _aligned(old: Shape, new: Shape) -> Iterator[tuple[Shape, Shape]]:
    """Two shapes, if they differ: as they begin, and if their ranks differ as they end."""
    if old != new:
        yield old, new
    if len(old) != len(new):
        both = min(len(old), len(new))
        yield old[len(old) - both :], new[len(new) - both :]


def _pairs(old: Shape, new: Shape) -> dict[Dim, Dim]:
    """The lengths that changed, by what they were."""
    return {a: b for a, b in zip(old, new, strict=False) if a != b}


def _dims(slot: Slot, old: Shape, new: Shape) -> Iterator[Shape]:
    """One dimension that was as long as one that changed."""
    own, pairs = _own(slot), _pairs(old, new)
    for axis, dim in enumerate(own):
        if dim in pairs:
            yield (*own[:axis], pairs[dim], *own[axis + 1 :])


def _whole(slot: Slot, old: Shape, new: Shape) -> Iterator[Shape]:
    """The same shape, or its end."""
    own = _own(slot)
    if own and len(own) <= len(new) and own == old[-len(own) :]:
        yield new if own == old else new[-len(own) :]


def _all_dims(slot: Slot, old: Shape, new: Shape) -> Iterator[Shape]:
    """All dimensions that were as long as some that changed."""
    own, pairs = _own(slot), _pairs(old, new)
    if sum(dim in pairs for dim in own) > 1:
        yield tuple(pairs.get(dim, dim) for dim in own)


def _quotients(slot: Slot, old: Shape, new: Shape) -> Iterator[Shape]:
    """One dimension in the ratio that it had: a multiple, or a part."""
    own = _own(slot)
    for axis, dim in enumerate(own):
        for was, is_now in zip(old, new, strict=False):
            if not (dim and was and is_now) or was == is_now:
                continue
            whole, rest = divmod(dim * is_now, was)
            for length in (whole if not rest else 0, *_parts(is_now)):
                if length:
                    yield (*own[:axis], length, *own[axis + 1 :])


def _parts(length: int) -> Iterator[int]:
    """What groups may leave of a length."""
    return (length // parts for parts in range(2, min(length, 64) + 1) if length % parts == 0)


def _ranks(slot: Slot, old: Shape, new: Shape) -> Iterator[Shape]:
    """As many dimensions, or elements of a vector, more or fewer."""
    own, more = _own(slot), len(new) - len(old)
    if not own or not more:
        return
    if len(own) == 1 and own[0]:
        for times in (1, 2):
            yield (max(0, own[0] + more * times),)
    if more > 0:
        yield (*own, *own[-1:] * more)
    else:
        yield own[:more]


def _likenesses(slot: Slot, other: Slot) -> Iterator[Shape]:
    """The shape of another operand but for one dimension."""
    own, new = _own(slot), _own(other)
    if len(own) == len(new) and own != new:
        for axis in range(len(own)):
            yield (*new[:axis], own[axis], *new[axis + 1 :])


def _values(slot: Slot, old: Shape, new: Shape) -> Iterator[Content]:
    """Whole numbers that were one of the lengths that changed."""
    held, pairs = slot.held, _pairs(old, new)
    if not isinstance(held, TensorLiteral) or held.type.element not in (INT32, UINT32):
        return
    values = held.values()
    if len(values) > MAX_RANK * 2 or None in pairs.values():
        return
    moved = [pairs.get(value, value) for value in values]
    low, high = held.type.element.bounds
    if moved != values and all(low <= value <= high for value in moved):
        yield TensorLiteral(held.type, pack(held.type.element, moved))


def _repetitions(slot: Slot) -> Iterator[Change]:
    """What a slot could hold that was given one number for any number of dimensions.

    Of a vector the number is an element, of any other tensor a dimension.
    """
    own = _own(slot)
    if not slot.is_repeated or not own:
        return
    for count in range(1, MOST_REPEATED + 1):
        shape = (*own[: slot.kept_from], *own[-1:] * count) if slot.kept_from else (count,)
        yield from _retyped(slot, shape)
