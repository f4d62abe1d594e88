"""What a verb is doing, shown on a terminal once it has taken more than a second.

Imports rich only then, and in a thread of its own, so that short work pays nothing.
"""

from __future__ import annotations

import os
import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

from milc.diagnostics.prose import visible

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE = 1.0
"""Seconds before anything is shown."""


class Activity:
    """Shows the phase of the work and how much of it is done; a context manager.

    Nothing is written unless stderr is a terminal, and what was is gone at the end.
    """

    def __init__(self, color: str = "auto") -> None:
        self._color = color
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._bar: Progress | None = None
        self._over = False
        self._what, self._total, self._done = "", 0, 0

    def phase(self, what: str, total: int = 0) -> None:
        """Begin with something else, of `total` parts (bytes, files); 0: nobody knows how many."""
        with self._lock:
            self._what, self._total, self._done = what, total, 0
            self._show()

    def advance(self, count: int) -> None:
        """Note that `count` parts are done."""
        with self._lock:
            self._done += count
            self._show()

    def __enter__(self) -> Self:
        if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            self._timer = threading.Timer(PATIENCE, self._start)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._over = True
            if self._timer is not None:
                self._timer.cancel()
            if self._bar is not None:
                self._bar.stop()

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        text = TextColumn("{task.description}", markup=False)
        columns = (SpinnerColumn(), text, BarColumn(), TimeElapsedColumn())
        # With no_color=None, rich asks NO_COLOR.
        console = Console(stderr=True, no_color=True if self._color == "never" else None)
        with self._lock:
            if self._over:
                return
            self._bar = Progress(*columns, console=console, transient=True)
            self._bar.add_task("")
            self._bar.start()
            self._show()

    def _show(self) -> None:
        if self._bar is not None:
            total = self._total or None
            task = self._bar.task_ids[0]
            self._bar.update(
                task, description=visible(self._what), total=total, completed=self._done
            )
