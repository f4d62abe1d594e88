"""What a pass is: a name, options, and rewrites of ops or a function of the whole.

Imports what this room does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from types import MethodType
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

if TYPE_CHECKING:
    from milc.ir.nodes import Function, Program
    from milc.passes.session import Session
    from milc.schema import OpDef
    from milc.verify.operations import Read


WORDS: Final = {
    bool: "true or false", int: "a whole number", float: "a number", str: "a word", dict: "a table",
}  # fmt: skip
"""What an option takes, by the type of what it is if nobody says."""


class Option(NamedTuple):
    """An option of a pass: what it is if nobody says, and what it means, in a phrase.

    It takes what is of the type of its default, and anything if that is None, unless `fits` says
    what it takes; `words` are for people then.
    """

    default: Any
    doc: str
    fits: Callable[[Any], bool] | None = None
    words: str = ""
    names: str = ""
    """Whose names it holds: `inputs`, `outputs`, `values`; a name of nothing is remarked on."""

    def wanted(self, value: Any) -> str | None:
        """What the option takes, in words, if a value is not that."""
        if self.fits is not None:
            return None if self.fits(value) else self.words
        wanted = type(self.default)
        kinds = (int, float) if wanted is float else (wanted,)
        fits = isinstance(value, kinds) and isinstance(value, bool) == (wanted is bool)
        return None if fits else WORDS.get(wanted)


def whole(least: int) -> tuple[Callable[[Any], bool], str]:
    """What takes a whole number from this one on."""
    return lambda value: type(value) is int and value >= least, f"a whole number from {least} on"


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and not math.isnan(float(value))
    except (TypeError, ValueError):
        return False


NUMBER: Final = (_is_number, "a number, such as 100 or 1e6,")
"""What takes a number, also one that is written as a text."""


def words(given: str | Iterable[str]) -> frozenset[str]:
    """What a list of words names, or a text with commas between them."""
    parts = given.split(",") if isinstance(given, str) else given
    return frozenset([each.strip() for each in parts if each.strip()])


def _are_words(value: Any) -> bool:
    parts = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return all(isinstance(each, str) for each in parts)


LISTED: Final = (_are_words, "a word, or several with commas between them,")
"""What takes `a,b`, or a list of these."""


When = Callable[["type[OpDef]"], bool]
"""Whether ops of a definition are worth a look, by what it declares."""


class Rewrite(NamedTuple):
    """An entry in a pass's table: for ops of these kinds, what replaces them."""

    kinds: tuple[str, ...]
    run: Callable[[Any, Any, Any], Any]
    when: When


class _Marked:
    """A method that is an entry of the table."""

    def __init__(self, rewrite: Rewrite) -> None:
        self.rewrite = rewrite

    def __get__(self, owner: object, kind: type | None = None) -> Any:
        """The method, to be called by other methods of a pass."""
        return self if owner is None else MethodType(self.rewrite.run, owner)


def rewrite(
    *kinds: str, when: When = lambda _: True
) -> Callable[[Callable[[Any, Any, Any], Any]], _Marked]:
    """Declare a method to be tried on every op of some kinds; with none named, on every op.

    Of these `when` may choose some by their definitions.

    It takes the op, seen through its definition, and the session. It returns what stands for the
    op's results: a value, or one for each result, made by `session.new` or there already; or None
    if it does not fit, and then whatever it made is dropped; or what stands `For` an op further
    down, which the one it was tried on is part of. The session puts new ops in the place
    of the op, removes the op and whatever nobody uses any more, and tries again what is around.
    """
    return lambda run: _Marked(Rewrite(kinds, run, when))


class Pass:
    """A rewrite of functions that keeps what they compute.

    A subclass sets `name` and says in its docstring what it does, with a function in MIL before it
    and the same behind it, which a test checks. It either has methods marked by `rewrite`, or
    overrides `run`.
    """

    name: ClassVar[str] = ""
    options: ClassVar[dict[str, Option]] = {}
    """Its options, by name."""
    rewrites: ClassVar[tuple[Rewrite, ...]] = ()
    exact: ClassVar[bool] = True
    """Whether results are the very same; if not, rounding may differ."""

    def __init__(self, **given: Any) -> None:
        """A pass with options. Raises TypeError for one that it does not have."""
        unknown = sorted(given.keys() - self.options.keys())
        if unknown:
            raise TypeError(f"{self.name} has no option {', '.join(unknown)}")
        self.given: Final = {n: given.get(n, option.default) for n, option in self.options.items()}

    def __init_subclass__(cls) -> None:
        own = [part.rewrite for part in vars(cls).values() if isinstance(part, _Marked)]
        cls.rewrites = (*cls.rewrites, *own)

    def run(self, session: Session) -> None:
        """Rewrite a function as a whole; by default by its table, until nothing fits any more."""
        session.apply([self])


class ProgramPass(Pass):
    """A pass on a program as a whole, such as one that makes functions.

    It runs once, in front of what else runs with it, and overrides `run_program`.
    """

    def run(self, session: Session) -> None:
        """Of a function alone there is nothing to do."""

    def run_program(self, program: Program, read: Read | None) -> list[Function]:
        """Change a program, in place; gives the functions that it has made or changed."""
        raise NotImplementedError
