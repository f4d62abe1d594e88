"""An op, defined once: the class that its definition is, and the registry of all that are loaded.

Imports ir and this room only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

from milc.ir.nodes import Function
from milc.ir.walk import parents
from milc.schema.bound import Bound, Context, Known
from milc.schema.declare import Arg, Constraint, Out, Part
from milc.schema.orders import Moved

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from milc.ir.nodes import Block, Op
    from milc.ir.types import ElementType, Type
    from milc.kernels import np
    from milc.schema.orders import Order

_definitions: Final[dict[str, list[type[OpDef]]]] = {}


def definitions(name: str) -> list[type[OpDef]]:
    """The loaded definitions of an op, oldest first; see `milc.opsets.index` for loading them."""
    return _definitions.get(name, [])


def level(opset: str) -> int:
    """The place of an opset's tag among all: `ios17` is above `ios16`.

    A tag that is not of this form is of a future that milc does not know: above all others.
    """
    number = opset.removeprefix("ios")
    return int(number) if number.isdecimal() else 1 << 30


class EvaluationError(ValueError):
    """What an op says of operands that it has no answer for, in words that name them."""


class Machine(Protocol):
    """What runs a program, as ops see it."""

    def run_block(self, block: Block, inputs: Sequence[Any]) -> list[Any]:
        """Run a nested block on what it takes; gives what it returns."""

    def generator(self, seed: int | None) -> np.random.Generator:
        """What gives random numbers: the run's own, or of a seed the one that it starts."""


class OpDef:
    """The definition of an op, and, as an instance, one op seen through it.

    A class that sets `name` and `since` is a definition. Its attributes are its domains, arguments
    (`In`, `Const`, …), results (`Out`) and constraints; its docstring is the reference: what the op
    does, and an example, a function in a fenced block of MIL. What a later opset changes is a
    subclass with its own `since` that restates only that: an argument or domain of the same name is
    replaced, a constraint is replaced by its method's name, `without` names what is gone.

    The facts that passes ask for: `pure` (no effect but its results, which depend on its operands
    alone), `elementwise` (each element of the result depends on the same element of the operands,
    broadcast), `commutative` (operands may change places), `identity` (the number which, as second
    operand, leaves the first as it is), `stateful` (reads or writes a state), `random`.

    Of two operands further: `associative`; `absorbing` (the number which, as one of them, is the
    result, and floats may have none: 0 times infinity is no number); `of_itself` (what results if
    both are the same, of integers and truth values: NaN is not even itself); `idempotent` (if both
    are the same, that is the result; of one operand: done again it changes nothing); `involution`
    (done again, it is undone); `swapped` (the op that gives the same for operands that change
    places); `negation` (the op that gives the opposite truth value). `span` holds the least and the
    greatest number that an element of the result can be, if it is one.
    """

    name: ClassVar[str] = ""
    since: ClassVar[str] = ""
    without: ClassVar[tuple[str, ...]] = ()
    pure: ClassVar[bool] = True
    elementwise: ClassVar[bool] = False
    commutative: ClassVar[bool] = False
    identity: ClassVar[float | None] = None
    absorbing: ClassVar[float | None] = None
    of_itself: ClassVar[float | None] = None
    associative: ClassVar[bool] = False
    idempotent: ClassVar[bool] = False
    involution: ClassVar[bool] = False
    swapped: ClassVar[str] = ""
    negation: ClassVar[str] = ""
    span: ClassVar[tuple[float, float] | None] = None
    stateful: ClassVar[bool] = False
    random: ClassVar[bool] = False
    in_attributes: ClassVar[bool] = False
    """Whether files write its arguments among its attributes, in brackets."""
    blocks: ClassVar[tuple[str, ...]] = ()
    """What its nested blocks are called."""
    carried: ClassVar[str] = ""
    """The argument that inputs of blocks begin with, if the last block returns the next values."""
    shorthands: ClassVar[Mapping[str, Part]] = {}
    """What people call arguments, or dimensions of arguments, beside their names."""
    is_open: ClassVar[bool] = False
    """Whether it takes arguments and gives results beside those that are declared."""
    instead: ClassVar[str] = ""
    """What does the same before `since`, or nearly so: a phrase, ops in backquotes."""

    args: ClassVar[dict[str, Arg]] = {}
    defaults: ClassVar[frozenset[str]] = frozenset()
    """The arguments that have a default."""
    outs: ClassVar[dict[str, Out]] = {}
    constraints: ClassVar[tuple[Constraint, ...]] = ()

    op: Op
    context: Context
    machine: Machine
    """What runs the program that the op is in; there is one only while it runs."""

    def __init_subclass__(cls) -> None:
        own = vars(cls)
        args = {n: a for n, a in cls.args.items() if n not in cls.without}
        args |= {n: part for n, part in own.items() if isinstance(part, Arg)}
        cls.args = {n: arg.resolved(cls) for n, arg in args.items()}
        outs = {n: part for n, part in cls.outs.items() if n not in cls.without}
        cls.defaults = frozenset([n for n, arg in cls.args.items() if arg.has_default])
        cls.outs = outs | {n: part for n, part in own.items() if isinstance(part, Out)}
        rules = {c.label: c for c in cls.constraints if c.label not in cls.without}
        rules |= {part.label: part for part in own.values() if isinstance(part, Constraint)}
        cls.constraints = tuple(rules.values())
        if "since" in own and cls.name:
            known = _definitions.setdefault(cls.name, [])
            known.append(cls)
            known.sort(key=lambda definition: level(definition.since))

    def __init__(self, op: Op, bound: dict[str, Any], context: Context) -> None:
        self.__dict__.update(bound)
        self.op = op
        self.context = context

    @property
    def opset(self) -> str:
        """The opset that the op is read by: its own, else that of the body that it stands in.

        It may be above `since`, for the few rules that an opset adds without a new definition.
        """
        if self.op.opset is not None:
            return self.op.opset
        around = list(parents(self.op))
        function = around[-1] if around else None
        if not isinstance(function, Function):
            return self.since
        bodies = function.specializations.items()
        return next((tag for tag, special in bodies if special is around[-2]), function.opset)

    def element_of(self, group: str) -> ElementType | None:
        """The element type that the operands of a domain have; None if none is there."""
        for name, arg in self.args.items():
            bound = self.__dict__.get(name) if arg.group == group else None
            bound = bound[0] if isinstance(bound, tuple) and bound else bound
            if isinstance(bound, Bound):
                return bound.element
        return None

    reshapes: ClassVar[bool] = False
    """Whether the result has the elements of `x`, all of them and in their order."""
    forwards: ClassVar[str] = ""
    """The argument that the result is, if both have the same type and shape: of an op that only
    reshapes, say. Where that depends on other arguments, `forwarded` tells."""

    @classmethod
    def may_forward(cls) -> bool:
        """Whether there can be an operand that the only result is."""
        return bool(cls.forwards) or cls.forwarded is not OpDef.forwarded

    def forwarded(self) -> Bound | None:
        """The operand that the only result is if both have the same type and shape, or None."""
        return getattr(self, self.forwards) if self.forwards else None

    @property
    def movable(self) -> tuple[str, ...]:
        """The arguments whose tensors lie as the results do, so that they are transposed together.

        Of an elementwise op, all that are broadcast against each other.
        """
        if not self.elementwise:
            return ("x",)
        return tuple([name for name, arg in self.args.items() if not arg.const])

    def moved(self, order: Order) -> Moved | None:
        """What the op is if its `movable` operands are not transposed by `order` before it.

        None if it is not an op of the kind any more, or not known. Results are broadcast to the
        length of `order`.
        """
        return Moved({}, (order,)) if self.elementwise else None

    def indexed(self) -> tuple[int | None, ...] | None:
        """The lengths of the dimensions that the argument `indices` holds places in.

        None for an op without such an argument, and where it is not known which they are.
        """
        return None

    def infer(self) -> Type | tuple[Type, ...]:
        """The types of the results, with None for every dimension that is not known.

        TensorType(element, None) where not even the rank is. A definition whose results are all
        `like` an argument need not say more.
        """
        return tuple(getattr(self, out.like).type for out in self.outs.values())

    def fold(self) -> Known | tuple[Known | None, ...] | None:
        """What is known of the elements of the result before the program runs, or None.

        For an op with several results a tuple of that, one for each. An op that only moves elements
        gives what it has of their `symbols`. This is what shapes are computed with, so an op that
        nobody computes shapes with has none.
        """
        return None

    def multiply_adds(self) -> tuple[int | None, ...]:
        """How many products the op adds up, as factors, None for what is not known.

        Empty of an op that computes no such sums: it costs little beside those that do.
        """
        return ()

    def evaluate(self) -> Any:
        """What the op computes: an array, or a tuple of what its results are, if it has several.

        Called while a program runs, when each argument holds what it is: `array` and `reals` of a
        Bound, `held` of lists, dicts and states. Constraints hold. Elements may be of a wider type
        than the result's, to which they are rounded. Operands must not be written to; the result
        may be a view of one. Raises EvaluationError where the op has no answer.
        """
        raise EvaluationError(f"what {self.name} computes is not for milc to say")

    @classmethod
    def label(cls) -> str:
        """The definition's name in words: `conv`, or `conv of ios17`."""
        return cls.name if definitions(cls.name)[0] is cls else f"{cls.name} of {cls.since}"
