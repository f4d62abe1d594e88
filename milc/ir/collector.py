"""Holding the garbage collector off while a program is built. Imports nothing of milc."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SELDOM: Final = 50_000
"""Objects more than were freed, after which the youngest are looked at."""


@contextmanager
def collector_paused() -> Iterator[None]:
    """Run the body without garbage collection, if it was on.

    Building a program makes many objects and no garbage; the collector would go over all of them
    time and again, which costs more than the building.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def collector_slowed() -> Iterator[None]:
    """Run the body with fewer collections: of a program that is rewritten most objects stay."""
    before = gc.get_threshold()
    gc.set_threshold(max(SELDOM, before[0]), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
