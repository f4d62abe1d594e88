"""The names that a text has defined so far, block within block."""

from __future__ import annotations

from typing import Final

from milc.diagnostics import Diagnostic, Source, Span
from milc.ir.names import REDEFINING, duplicate_name, undefined_name
from milc.ir.nodes import Block, Op, Value
from milc.ir.types import UNKNOWN_TYPE

GUESSES: Final = 20
"""After so many errors no more guesses are made at what a name was meant to be."""
LONGEST_GUESS: Final = 100
MOST_COMPARED: Final = 2000
"""Characters of a name, and number of names, that are compared for a guess."""


class Scope:
    """One block's names. `brace` is where the block opens; `forgiving` is set after an error that
    may have hidden definitions.
    """

    __slots__ = (
        "block",
        "brace",
        "depth",
        "diagnostics",
        "forgiving",
        "forward_uses",
        "names",
        "outer",
        "source",
    )

    def __init__(self, source: Source, diagnostics: list[Diagnostic], outer: Scope | None) -> None:
        self.source = source
        self.diagnostics = diagnostics
        self.outer = outer
        self.depth: int = outer.depth + 1 if outer else 0
        self.block = Block()
        self.brace: Span | None = None
        self.names: dict[str, Value] = {}
        self.forward_uses: list[tuple[Value, Span]] = []
        self.forgiving: bool = outer.forgiving if outer else False

    def use(self, name: str) -> Value | None:
        """The value that `name` means here, or None."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.names.get(name)
            if found is not None:
                return found
            scope = scope.outer
        return None

    def forward(self, name: str, span: Span) -> Value:
        """A place-holder for a name not defined yet; `close` settles what it means."""
        value = Value(name, UNKNOWN_TYPE, None, span)
        self.forward_uses.append((value, span))
        return value

    def define(self, value: Value) -> None:
        """Add a definition; a name may have one in a block."""
        first = self.names.get(value.name)
        self.names[value.name] = value
        if first is None or (isinstance(value.owner, Op) and value.owner.kind in REDEFINING):
            return
        self.diagnostics.append(duplicate_name(value.name, value.span, first.span))

    def presume(self, name: str) -> None:
        """Take `name` as defined, by a statement that could not be read."""
        self.names.setdefault(name, Value(name, UNKNOWN_TYPE))

    def close(self) -> Scope | None:
        """Settle the names used before their definition. Returns the scope around this one."""
        outer = self.outer
        meant: dict[Value, Value] = {}
        for place_holder, span in self.forward_uses:
            found = self.names.get(place_holder.name)
            if found is not None:
                meant[place_holder] = found
            elif outer is not None and outer.outer is not None:
                outer.forward_uses.append((place_holder, span))
            elif not self.forgiving:
                self._undefined(place_holder.name, span)
        _replace(meant)
        return outer

    def _undefined(self, name: str, span: Span) -> None:
        found = undefined_name(name, span)
        near = self._nearest(name)
        found.help = f"did you mean `{near}`?" if near else None
        self.diagnostics.append(found)

    def _nearest(self, name: str) -> str | None:
        """The name in this block that is most like another one.

        The search is slow, and made for the first errors of a text only.
        """
        if len(self.diagnostics) > GUESSES or len(name) > LONGEST_GUESS:
            return None
        from difflib import get_close_matches

        known = [other for other in self.names if abs(len(other) - len(name)) <= 3]
        return next(iter(get_close_matches(name, known[-MOST_COMPARED:], 1)), None)


def _replace(meant: dict[Value, Value]) -> None:
    """Let every user of a place-holder use the value it stood for."""
    users: dict[Op | Block, None] = {}
    for old, new in meant.items():
        for user, count in old.uses.items():
            new.uses[user] = new.uses.get(user, 0) + count
            users[user] = None
        old.uses.clear()
    for user in users:
        if isinstance(user, Op):
            for name, bound in user.args.items():
                user.args[name] = tuple(
                    [meant.get(o, o) if isinstance(o, Value) else o for o in bound]
                )
        else:
            user.outputs = [meant.get(value, value) for value in user.outputs]
