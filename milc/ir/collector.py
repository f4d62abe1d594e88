"""Holding the garbage collector off while a program is built. Imports nothing of milc."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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
