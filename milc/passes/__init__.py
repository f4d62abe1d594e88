"""Passes: rewrites of a program that leave what it computes as it is.

    from milc.passes import Pass, rewrite

A pass of milc's is found by its `name = "…"`, so that it is added in one place. Others come by the
entry points `milc.passes` of what is installed, or by `register`. `base` says what a pass is,
`session` what it sees and makes, `match` how patterns are written, `pipelines` what runs when.
Imports diagnostics, ir, kernels, schema, opsets, verify and evaluate.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from milc.passes.base import Option, Pass, rewrite

__all__ = ["ENTRY_POINTS", "Option", "Pass", "find", "modules", "names", "register", "rewrite"]

ENTRY_POINTS: Final = "milc.passes"
"""The group of entry points by which other distributions bring passes: `name = "module:Class"`."""

_named: Final = re.compile(r'^    name = "(\w+)"$', re.MULTILINE)
_registered: Final[dict[str, type[Pass]]] = {}


@cache
def modules() -> dict[str, str]:
    """The module of every pass of milc by the pass's name, in the order of the names."""
    found = {
        name: path.stem
        for path in Path(__file__).parent.glob("*.py")
        for name in _named.findall(path.read_text(encoding="utf-8"))
    }
    return dict(sorted(found.items()))


def names() -> list[str]:
    """All passes there are: milc's own, and those of others."""
    return sorted({*modules(), *_registered, *_entry_points()})


def register(definition: type[Pass]) -> type[Pass]:
    """Make a pass known by its name; usable as a decorator. One of milc's own keeps its name.

    Raises ValueError if it has no name, or that of a pass of milc's.
    """
    if not definition.name or definition.name in modules():
        raise ValueError(f"{definition.__name__} needs a name that no pass of milc has")
    _registered[definition.name] = definition
    return definition


@cache
def _own(name: str) -> type[Pass]:
    module = import_module(f"milc.passes.{modules()[name]}")
    found = (each for each in vars(module).values() if getattr(each, "name", None) == name)
    return next(each for each in found if isinstance(each, type))


def find(name: str) -> type[Pass] | None:
    """The pass of a name, None if there is none.

    Raises what an entry point raises that cannot be loaded.
    """
    if name in modules():
        return _own(name)
    if name not in _registered and name in _entry_points():
        loaded: type[Pass] = _entry_points()[name].load()
        _registered[name] = loaded
    return _registered.get(name)


@cache
def _entry_points() -> dict[str, Any]:
    from importlib.metadata import entry_points  # 20 ms, for who names a pass that milc has not

    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}
