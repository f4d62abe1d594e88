"""Passes: rewrites of a program that leave what it computes as it is.

    from milc.passes import Pass, rewrite

A pass of milc's is found by its `name = "…"`, so that it is added in one place. Others come by the
entry points `milc.passes` of what is installed, or by `register`. `base` says what a pass is,
`session` what it sees and makes, `match` how patterns are written, `pipelines` what runs when.
Imports diagnostics, ir, kernels, schema, opsets, verify and evaluate.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from milc.passes.base import Option, Pass, ProgramPass, rewrite

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
    from os import PathLike

__all__ = [
    "ENTRY_POINTS", "Option", "Pass", "ProgramPass", "find", "load", "modules", "names",
    "register", "rewrite",
]  # fmt: skip

ENTRY_POINTS: Final = "milc.passes"
"""The group of entry points by which other distributions bring passes: `name = "module:Class"`."""

_named: Final = re.compile(r'^    name = "(\w+)"$', re.MULTILINE)
_name: Final = re.compile(r"\w+", re.ASCII).fullmatch
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
    """Make a pass known by its name; usable as a decorator. Defined anew, it takes its place.

    Raises ValueError for a name that is none, that a pass of milc's has, or another pass, and for
    rewrites of ops that there are not; TypeError for options that are no `Option`.
    """
    name, title = definition.name, definition.__name__
    if not _name(str(name)):
        raise ValueError(f"{title} has the name {name!r}; it takes letters, digits and `_`")
    if name in modules():
        raise ValueError(f"{title} is called `{name}`, as a pass of milc is")
    other = _registered.get(name, definition)
    if (other.__module__, other.__qualname__) != (definition.__module__, definition.__qualname__):
        whose = f"{other.__qualname__} of {_home(other)}"
        raise ValueError(f"{title} is called `{name}`, as {whose} is")
    wrong = [key for key, held in definition.options.items() if type(held) is not Option]
    if wrong:
        raise TypeError(f"options of {title} that are no Option: {', '.join(wrong)}")
    _check_kinds(definition)
    _registered[name] = definition
    return definition


def _check_kinds(definition: type[Pass]) -> None:
    """See that the ops exist that a pass rewrites. Raises ValueError."""
    from milc.diagnostics.prose import nearest
    from milc.opsets import index

    for kind in [kind for entry in definition.rewrites for kind in entry.kinds]:
        if kind not in index.families():
            near = nearest(kind, index.families())
            hint = f"; did you mean {near}?" if near else ""
            raise ValueError(
                f"{definition.__name__} rewrites {kind}, and there is no such op{hint}"
            )


def _home(definition: type[Pass]) -> str:
    """The file that a pass comes from, or its module."""
    module = definition.__module__
    return getattr(sys.modules.get(module), "__file__", None) or module


def load(path: str | PathLike[str]) -> list[str]:
    """Register the passes that a file of Python defines, as `--load` does; gives their names.

    Raises MilError (MIL0949, MIL00xx) if it fails, or defines none.
    """
    from milc.passes import loading

    return loading.load(path)


@cache
def _own(name: str) -> type[Pass]:
    module = import_module(f"milc.passes.{modules()[name]}")
    found = (each for each in vars(module).values() if getattr(each, "name", None) == name)
    return next(each for each in found if isinstance(each, type))


def find(name: str) -> type[Pass] | None:
    """The pass of a name, None if there is none.

    Raises MilError (MIL0949) for one of an entry point that cannot be loaded.
    """
    if name in modules():
        return _own(name)
    if name not in _registered and name in _entry_points():
        from milc.passes.loading import loaded

        return loaded(_entry_points()[name])
    return _registered.get(name)


@cache
def _entry_points() -> dict[str, list[EntryPoint]]:
    from importlib.metadata import entry_points  # 20 ms, for who names a pass that milc has not

    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=ENTRY_POINTS):
        found.setdefault(point.name, []).append(point)
    return found
