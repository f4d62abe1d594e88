"""The parts of an op's definition: type domains, arguments, results, constraints.

A part is declared once, as an attribute of the op's class. Seen from the class it is the
declaration; seen from an op that is being checked, an argument is what the op binds to it.
Imports ir and this room only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, overload

from milc.ir.constants import literal
from milc.ir.literals import Literal
from milc.ir.types import BOOL, FP32, INT32, STRING, DictType, ListType, StateType, TensorType
from milc.schema.bound import Bound

if TYPE_CHECKING:
    from collections.abc import Callable

    from milc.ir.types import ElementType, Type
    from milc.schema.opdef import OpDef

Rank = int | tuple[int, int] | None
"""A rank, the lowest and highest, or None for any."""

Verdict = bool | str | None
"""What a constraint says: False or what is wrong if it is broken, else True or None."""

KINDS: Final[dict[str, tuple[type[Type], ...]]] = {
    "tensor": (TensorType,),
    "list": (ListType,),
    "dict": (DictType,),
    "state": (StateType,),
    "tensor, list or dict": (TensorType, ListType, DictType),
}
"""The kinds of type that an argument may ask for, by their words."""

_ABSENT: Final[Any] = object()


class Domain:
    """The element types that the arguments of a domain may have; all of them the same one.

    Arguments are of one domain if they are declared with the same object. A later definition that
    declares a domain of the same name changes it for all its arguments.
    """

    __slots__ = ("elements", "name")

    def __init__(self, *elements: ElementType) -> None:
        self.elements = elements
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __contains__(self, element: ElementType) -> bool:
        return element in self.elements

    def __repr__(self) -> str:
        return f"{self.name}: {' | '.join(map(str, self.elements))}"


class Choice(tuple[str, ...]):
    """The strings that an argument may be, as they are to be written.

    `any_case` says that the oracle takes them in capitals too.
    """

    any_case: bool

    def __new__(cls, *words: str, any_case: bool = False) -> Self:
        made = super().__new__(cls, words)
        made.any_case = any_case
        return made

    def allows(self, word: str) -> bool:
        """Whether the argument may be this string."""
        return word in self or (self.any_case and word.lower() in map(str.lower, self))


class Arg:
    """An argument.

    - `domain`: a Domain, or one element type; None where elements are not looked at.
    - `doc`: what it means, with its shape, in a phrase that ends without a full stop.
    - `kind`: a key of KINDS.
    - `rank`: how many dimensions it may have.
    - `const`: whether it must follow from constants.
    - `optional`: whether it may be left out; `default` is what is meant then, if anything: a value,
      or a function of the op where it depends on other arguments, which `default_doc` then says;
      the function may give a literal, where the type is not to be had from `domain`.
    - `choices`: the strings that it may be.
    - `variadic`: whether it binds any number of operands.
    - `spared`: whether Apple's compiler is known to do without it, although it has a default.
    """

    __slots__ = (
        "choices", "const", "default", "default_doc", "doc", "domain", "elements", "group", "kind",
        "name", "optional", "rank", "spared", "variadic",
    )  # fmt: skip

    def __init__(
        self,
        domain: Domain | ElementType | None,
        doc: str,
        *,
        rank: Rank = None,
        kind: str = "tensor",
        const: bool = False,
        optional: bool = False,
        default: Any = _ABSENT,
        default_doc: str = "",
        choices: Choice | None = None,
        variadic: bool = False,
        spared: bool = False,
    ) -> None:
        self.name = ""
        self.domain = domain
        self.elements: tuple[ElementType, ...] = ()
        self.group = ""
        """The name of the domain, if it has one; it is known when the class is."""
        self.doc = doc
        self.rank = rank
        self.kind = kind
        self.const = const
        self.optional = optional or default is not _ABSENT
        self.default = None if default is _ABSENT else default
        self.default_doc = default_doc
        self.choices = choices
        self.variadic = variadic
        self.spared = spared
        if domain is not None and not isinstance(domain, Domain):
            self.elements = (domain,)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @property
    def ranks(self) -> tuple[int, int] | None:
        """The lowest and the highest rank, or None if any will do."""
        return (self.rank, self.rank) if isinstance(self.rank, int) else self.rank

    @property
    def has_default(self) -> bool:
        """Whether something is meant where it is left out."""
        return self.default is not None

    def resolved(self, definition: type[OpDef]) -> Arg:
        """The argument as a definition has it: with the definition's own domain of that name."""
        domain = self.domain
        if not isinstance(domain, Domain):
            return self
        domain = getattr(definition, domain.name, domain)
        if domain is self.domain and self.elements:
            return self
        made: Arg = object.__new__(type(self))
        for slot in Arg.__slots__:
            setattr(made, slot, getattr(self, slot))
        made.domain, made.elements, made.group = domain, domain.elements, domain.name
        return made

    def default_literal(self, op: OpDef) -> Literal | None:
        """The constant that an op means by leaving the argument out; None if nothing is meant."""
        default = self.default(op) if callable(self.default) else self.default
        if default is None or isinstance(default, Literal):
            return default
        if isinstance(default, tuple) and not default:
            return literal(default, TensorType(self.elements[0], (0,)))
        return literal(default, self._element_of_default(op, default))

    def _element_of_default(self, op: OpDef, default: Any) -> ElementType:
        """That of the other arguments of its domain, else the one that Python's value has."""
        if len(self.elements) == 1:
            return self.elements[0]
        shared = op.element_of(self.group)
        if shared in self.elements:
            return shared
        first = default[0] if isinstance(default, tuple) else default
        natural = {bool: BOOL, int: INT32, float: FP32, str: STRING}[type(first)]
        return natural if natural in self.elements else self.elements[0]

    def fetch(self, op: OpDef) -> Bound | None:
        """What an op that leaves the argument out means by that."""
        meant = self.default_literal(op)
        bound = Bound(meant, op.context) if meant is not None else None
        op.__dict__[self.name] = bound
        return bound

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class In(Arg):
    """An argument that is there, or has a default: an op sees it as a Bound."""

    __slots__ = ()

    @overload
    def __get__(self, op: None, owner: type[OpDef]) -> Self: ...
    @overload
    def __get__(self, op: OpDef, owner: type[OpDef]) -> Bound: ...
    def __get__(self, op: OpDef | None, owner: type[OpDef]) -> Any:
        return self if op is None else owner.args[self.name].fetch(op)


class Const(In):
    """An argument that must follow from constants, and is there or has a default."""

    __slots__ = ()

    def __init__(self, domain: Domain | ElementType | None, doc: str, **declared: Any) -> None:
        super().__init__(domain, doc, const=True, **declared)


class OptionalIn(Arg):
    """An argument that may be left out and has no default: an op then sees None."""

    __slots__ = ()

    def __init__(self, domain: Domain | ElementType | None, doc: str, **declared: Any) -> None:
        super().__init__(domain, doc, optional=True, **declared)

    @overload
    def __get__(self, op: None, owner: type[OpDef]) -> Self: ...
    @overload
    def __get__(self, op: OpDef, owner: type[OpDef]) -> Bound | None: ...
    def __get__(self, op: OpDef | None, owner: type[OpDef]) -> Any:
        return self if op is None else owner.args[self.name].fetch(op)


class OptionalConst(OptionalIn):
    """An argument that may be left out, and must follow from constants if it is there."""

    __slots__ = ()

    def __init__(self, domain: Domain | ElementType | None, doc: str, **declared: Any) -> None:
        super().__init__(domain, doc, const=True, **declared)


class Variadic(Arg):
    """An argument of any number of operands, each of its own type: an op sees a tuple of Bound."""

    __slots__ = ()

    def __init__(self, domain: Domain | ElementType | None, doc: str, **declared: Any) -> None:
        super().__init__(domain, doc, variadic=True, **declared)

    @overload
    def __get__(self, op: None, owner: type[OpDef]) -> Self: ...
    @overload
    def __get__(self, op: OpDef, owner: type[OpDef]) -> tuple[Bound, ...]: ...
    def __get__(self, op: OpDef | None, owner: type[OpDef]) -> Any:
        return self if op is None else ()


class Out:
    """A result: what it means, and of which argument it has the type (`like`), if of one."""

    __slots__ = ("doc", "like", "name")

    def __init__(self, doc: str, *, like: str = "") -> None:
        self.name = ""
        self.doc = doc
        self.like = like

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<Out {self.name}>"


class Part(NamedTuple):
    """An argument, or its dimensions from `first` on."""

    arg: str
    first: int | None = None


class Constraint:
    """What must hold among the arguments of an op.

    `label` names it within its op, in diagnostics and tests. `sentence` says it, with the names of
    the arguments it is about in backquotes, the one to blame first. `check` finds out.
    """

    __slots__ = ("args", "check", "label", "sentence")

    def __init__(self, label: str, sentence: str, check: Callable[[Any], Verdict]) -> None:
        self.label = label
        self.sentence = sentence
        self.check = check
        self.args = tuple(dict.fromkeys(_quoted(sentence)))

    def __repr__(self) -> str:
        return f"<Constraint {self.label}: {self.sentence}>"


_quoted = re.compile(r"`(\w+)`").findall


def constraint(label: str, sentence: str) -> Callable[[Callable[[Any], Verdict]], Constraint]:
    """Declare a constraint by the method that checks it.

    The method returns False, or in words what is wrong, if the constraint is broken; where what it
    needs is not known it returns True or None. It may take for granted that the arguments are as
    they are declared, that every rank is known, and that the constraints above it hold.
    """
    return lambda check: Constraint(label, sentence, check)
