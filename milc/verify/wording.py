"""How findings about ops name types, values and choices. Imports ir and schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from milc.ir.types import MAX_RANK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from milc.schema import Bound

SHOWN: Final = 8
"""Elements of a constant that a finding shows."""


def one_of(things: Iterable[object], *, quoted: bool = False) -> str:
    """`a`, `a or b`, `a, b or c`."""
    words = [f'"{thing}"' if quoted else str(thing) for thing in things]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} or {words[-1]}"


def rank_words(ranks: tuple[int, int]) -> str:
    """A range of ranks in words."""
    low, high = ranks
    if high >= MAX_RANK:
        return f"{low} or more"
    return str(low) if low == high else f"{low} to {high}"


def known_as(name: str, bound: Bound | tuple[Bound, ...] | None) -> str:
    """An argument and what it is: its type and, of a short constant, its value."""
    if bound is None:
        return f"`{name}` is not given"
    if isinstance(bound, tuple):
        return f"`{name}` is ({', '.join(repr(item.type) for item in bound[:SHOWN])})"
    elements = bound.elements
    if elements is None or len(elements) > SHOWN:
        return f"`{name}` is {bound.type!r}"
    shown = ", ".join(map(_shown, elements))
    if getattr(bound.type, "shape", None) == ():
        return f"`{name}` is {shown}"
    return f"`{name}` is {bound.type!r} [{shown}]"


def _shown(element: Any) -> str:
    if element is None:
        return "?"
    if isinstance(element, bool):
        return str(element).lower()
    if isinstance(element, str):
        return f'"{element}"'
    return f"{element:g}" if isinstance(element, float) else str(element)
