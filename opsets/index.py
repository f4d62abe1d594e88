"""Which family defines an op: loads it when it is asked for, and no other.

The families say themselves what they define; this module reads their text for it, so that an op
is added in its family alone. Imports schema only.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final

from milc.schema import OpDef, definitions, level

_named: Final = re.compile(r'^    name = "(\w+)"$', re.MULTILINE)


@cache
def families() -> dict[str, str]:
    """The family of every op by the op's name: the module that defines it."""
    return {
        name: path.stem
        for path in sorted(Path(__file__).parent.glob("*.py"))
        for name in _named.findall(path.read_text(encoding="utf-8"))
    }


@cache
def versions(name: str) -> list[type[OpDef]]:
    """All definitions of an op, oldest first; empty if no opset has it."""
    family = families().get(name)
    if family is None:
        return []
    import_module(f"milc.opsets.{family}")
    return definitions(name)


@cache
def definition(name: str, opset: str) -> type[OpDef] | None:
    """What an op means in an opset: its newest definition that is not above it."""
    fitting = [found for found in versions(name) if level(found.since) <= level(opset)]
    return fitting[-1] if fitting else None
