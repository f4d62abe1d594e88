"""What is wrong with several things, each of which is looked at whatever the others are like."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from milc.diagnostics.diagnostic import Diagnostic, MilError
from milc.diagnostics.source import Span

T = TypeVar("T")


class Gathered:
    """Findings, gathered until `end` raises them."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []

    def take(self, make: Callable[[], T], span: Span | None = None) -> T | None:
        """What `make` gives; None if it raises MilError, whose findings are kept.

        Those without a place get `span`.
        """
        try:
            return make()
        except MilError as error:
            for each in error.diagnostics:
                if span is not None and each.span is None and each.path is None:
                    each.span, each.path = span, span.source.path
            self.found += error.diagnostics
            return None

    def end(self) -> None:
        """Raises MilError if anything was found."""
        if self.found:
            raise MilError(self.found)
