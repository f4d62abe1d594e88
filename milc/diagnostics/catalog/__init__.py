"""Every code that milc emits, with its meaning, an example and the way out.

One module of this folder holds one range of codes as `ENTRIES`, a tuple of `Entry`; a new range is
a new file and nothing else. They are loaded when somebody asks, never to emit a diagnostic.
Imports nothing of milc but the modules of this folder.
"""

from __future__ import annotations

import functools
import pkgutil
from collections.abc import Iterable
from importlib import import_module

from milc.diagnostics.catalog.entry import Entry

__all__ = ["Entry", "entries", "lookup"]


def entries() -> list[Entry]:
    """All entries, by code."""
    return sorted(_all())


def lookup(code: str) -> Entry | None:
    """The entry of `code`, None if there is none; `mil203` and `203` stand for `MIL0203`."""
    digits = code.strip().upper().removeprefix("MIL").zfill(4)
    return next((entry for entry in _all() if entry.code == f"MIL{digits}"), None)


@functools.cache
def _all() -> tuple[Entry, ...]:
    names = (found.name for found in pkgutil.iter_modules(__path__))
    modules = (import_module(f"{__name__}.{name}") for name in names)
    ranges: Iterable[tuple[Entry, ...]] = (getattr(module, "ENTRIES", ()) for module in modules)
    return tuple(entry for found in ranges for entry in found)
