"""What an op binds to its arguments, against what its definition declares (MIL0303 to MIL0314).

Yields faults; where they stand and how they are shown is for `operations`. Imports diagnostics, ir,
schema, syntax and opsets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from milc.diagnostics.prose import evident, nearest
from milc.ir.nodes import Function, Value
from milc.ir.types import TO_INFER, UNKNOWN_TYPE, StateType, TensorType
from milc.opsets import index
from milc.schema import Bound, level
from milc.schema.declare import KINDS
from milc.verify.elsewhere import argument_called
from milc.verify.wording import known_as, one_of, rank_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from milc.ir.nodes import Op, Operand
    from milc.schema import Arg, OpDef
    from milc.schema.bound import Context

Binding = dict[str, Bound | tuple[Bound, ...]]
"""By argument what an op binds to it; of an argument that is left out nothing."""


_UNSETTLED: Final = (TO_INFER, UNKNOWN_TYPE)
"""Types of operands that are at fault themselves, or come of a fault: nothing is said of these."""


class Fault(NamedTuple):
    """What is wrong with an argument."""

    code: str
    arg: str
    message: str
    help: str | None = None
    others: tuple[str, ...] = ()
    """Other arguments that it has to do with."""
    number: int = 0
    """Which of the operands, where the argument has several."""
    instead: str = ""
    """The name that is meant, if the argument's own is a slip."""
    about: str = ""
    """The argument that one with this name is likely to stand for."""


def bind(op: Op, definition: type[OpDef], context: Context) -> tuple[Binding, list[Fault]]:
    """What an op binds to the arguments of its definition, and what is wrong with that."""
    binding: Binding = {}
    faults: list[Fault] = []
    given: dict[str, tuple[Operand, ...]] = op.args
    if definition.in_attributes and op.attributes:
        held = {n: (v,) for n, v in op.attributes.items() if n != "name"}
        # What an open op takes may be called as one of its attributes is.
        given = {**given, **held} if definition.is_open else {**held, **given}
    for name, operands in given.items():
        arg = definition.args.get(name)
        if arg is None:
            if not definition.is_open:
                faults.append(_unknown(op, definition, name, {fault.about for fault in faults}))
        elif arg.variadic:
            binding[name] = tuple([Bound(operand, context) for operand in operands])
        elif len(operands) == 1:
            binding[name] = Bound(operands[0], context)
        else:
            message = f"`{name}` of {op.kind} takes one operand, not {len(operands) or 'none'}"
            faults.append(Fault("MIL0314", name, message))
    _check(op, definition, binding, faults)
    return binding, faults


def _check(op: Op, definition: type[OpDef], binding: Binding, faults: list[Fault]) -> None:
    """Check every argument that is declared; add what is wrong."""
    leaders: dict[str, str] = {}
    misspelt = {fault.about for fault in faults}
    for name, arg in definition.args.items():
        held = binding.get(name)
        if held is None:
            if not arg.optional and name not in op.args and name not in misspelt:
                message = f"{op.kind} needs `{name}`: {arg.doc}"
                faults.append(Fault("MIL0304", name, message, _addition(arg)))
        elif isinstance(held, tuple):
            for number, bound in enumerate(held):
                if bound.type not in _UNSETTLED:
                    faults += _operand(op, arg, bound, number)
        elif held.type not in _UNSETTLED:
            found = list(_operand(op, arg, held))
            faults += found or _domain(op, definition, arg, binding, leaders)


def _operand(op: Op, arg: Arg, bound: Bound, number: int = 0) -> Iterator[Fault]:
    """What is wrong with one operand by itself."""
    name, type = arg.name, bound.type
    if not isinstance(type, KINDS[arg.kind]):
        message = f"`{name}` of {op.kind} is {type!r}; it takes a {arg.kind}"
        help = "read it with read_state first" if isinstance(type, StateType) else None
        yield Fault("MIL0308", name, message, help, number=number)
        return
    if arg.const and not bound.is_constant:
        how = "an input" if _is_input(bound.operand) else "computed from the inputs"
        message = f"`{name}` of {op.kind} must be constant, but is {how}"
        help = "bind it to a const, or to what follows from constants alone"
        yield Fault("MIL0305", name, message, help, number=number)
    if not isinstance(type, TensorType):
        return
    if arg.elements and type.element not in arg.elements:
        message = f"`{name}` of {op.kind} is {type!r}; it takes {one_of(arg.elements)}"
        yield Fault("MIL0306", name, message, _newer(op, arg, type), number=number)
        return
    ranks, rank = arg.ranks, type.rank
    if ranks is not None and rank is not None and not ranks[0] <= rank <= ranks[1]:
        message = f"`{name}` of {op.kind} has rank {rank}; it takes rank {rank_words(ranks)}"
        message = f"{message}: {known_as(name, bound)}"
        yield Fault("MIL0309", name, message, _other_rank(ranks, bound), number=number)
    if arg.choices is not None:
        word = bound.value
        if isinstance(word, str) and not arg.choices.allows(word):
            near = _nearest_choice(word, arg.choices)
            message = (
                f'`{name}` of {op.kind} is "{word}"; it takes {one_of(arg.choices, quoted=True)}'
            )
            yield Fault("MIL0313", name, message, f'did you mean "{near}"?' if near else None)


def _domain(
    op: Op, definition: type[OpDef], arg: Arg, binding: Binding, leaders: dict[str, str]
) -> Iterator[Fault]:
    """Whether an operand has the element type of those of its domain in front of it."""
    if not arg.group:
        return
    leader = leaders.setdefault(arg.group, arg.name)
    own, other = binding[arg.name], binding[leader]
    if not (isinstance(own, Bound) and isinstance(other, Bound)):
        return
    if other.type in _UNSETTLED or not isinstance(other.type, TensorType):
        return
    if own.element is not other.element:
        message = (
            f"`{arg.name}` of {op.kind} is {own.type!r}, but `{leader}` is {other.type!r}:"
            " the two have one element type"
        )
        help = f'cast one of them: cast(x = …, dtype = "{other.element}")'
        yield Fault("MIL0307", arg.name, message, help, (leader,))


def _unknown(op: Op, definition: type[OpDef], name: str, taken: set[str]) -> Fault:
    """The fault of an argument that the definition does not have.

    `taken` are arguments that others with a wrong name stand for.
    """
    message = f"{op.kind} has no argument `{name}` in {definition.since}"
    for newer in index.versions(op.kind):
        if name in newer.args and level(newer.since) > level(definition.since):
            or_not = " or leave it out" if newer.args[name].optional else ""
            help = f"it came with {newer.since}: raise the function's opset to that{or_not}"
            return Fault("MIL0303", name, message, help)
    message = f"{op.kind} has no argument `{name}`"
    free = [known for known in definition.args if known not in op.args and known not in taken]
    hint = argument_called(name, op, definition, free)
    if hint is not None:
        return Fault("MIL0303", name, message, hint.help, instead=hint.instead, about=hint.about)
    near = nearest(name, free)
    help = f"did you mean `{near}`?" if near else f"it takes {', '.join(definition.args)}"
    instead = evident(name, free) or ""
    return Fault("MIL0303", name, message, help, instead=instead, about=near or "")


def _is_input(operand: Operand) -> bool:
    """Whether an operand is an input of its function."""
    owner = operand.owner if isinstance(operand, Value) else None
    return isinstance(owner, Function)


def _addition(arg: Arg) -> str | None:
    """What to add for an argument that is missing."""
    if arg.variadic:
        return f"add `{arg.name} = (…)`, one operand or several"
    if arg.choices is not None:
        return f"add `{arg.name} = …`, {one_of(arg.choices, quoted=True)}"
    return f"add `{arg.name} = …`, {one_of(arg.elements)}" if arg.elements else None


def _nearest_choice(word: str, choices: Iterable[str]) -> str | None:
    """The string that is meant by one that an argument does not take."""
    from milc.syntax.hints import TYPES  # of use where something is wrong, and for nothing else

    word = TYPES.get(word, word).casefold()
    by_word = {choice.casefold(): choice for choice in choices}
    starting = [choice for choice in by_word if word and choice.startswith(word)]
    found = (
        word if word in by_word else starting[0] if len(starting) == 1 else nearest(word, by_word)
    )
    return by_word.get(found or "")


def _other_rank(ranks: tuple[int, int], bound: Bound) -> str | None:
    """How a number in place of a vector, or a vector of one number, is to be written."""
    elements = bound.elements
    if elements is None or len(elements) != 1 or type(elements[0]) is not int:
        return None
    if ranks == (1, 1) and bound.shape == ():
        return f"write a vector, such as `tensor<{bound.element}, [1]>([{elements[0]}])`"
    if ranks == (0, 0):
        return f"write a scalar: `{bound.element}({elements[0]})`"
    return None


def _newer(op: Op, arg: Arg, type: TensorType) -> str | None:
    """Which opset allows the element type, if a newer one does."""
    for newer in index.versions(op.kind):
        other = newer.args.get(arg.name)
        if other is not None and type.element in other.elements:
            return f"{op.kind} of {newer.since} takes {type.element}"
    return None
