"""Passes: rewrites of a program that leave what it computes as it is.

One pass a module, found by its `name = "…"`, so that a pass is added in one place. `base` says what
a pass is, `session` what it sees and makes, `match` how patterns are written, `pipeline` in which
order passes run. Imports diagnostics, ir, kernels, schema, opsets, verify and evaluate.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from milc.passes.base import Pass

_named: Final = re.compile(r'^    name = "(\w+)"$', re.MULTILINE)


@cache
def modules() -> dict[str, str]:
    """The module of every pass by the pass's name, in the order of the names."""
    found = {
        name: path.stem
        for path in Path(__file__).parent.glob("*.py")
        for name in _named.findall(path.read_text(encoding="utf-8"))
    }
    return dict(sorted(found.items()))


@cache
def find(name: str) -> type[Pass] | None:
    """The pass of a name, None if there is none."""
    if name not in modules():
        return None
    module = import_module(f"milc.passes.{modules()[name]}")
    found = (each for each in vars(module).values() if getattr(each, "name", None) == name)
    return next(each for each in found if isinstance(each, type))
