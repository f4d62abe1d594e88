"""How long work tells what it is doing. Imports nothing of milc."""

from __future__ import annotations

from typing import Final, Protocol


class Progress(Protocol):
    """Whoever wants to know how far a verb is."""

    def phase(self, what: str, total: int = 0) -> None:
        """Something else begins, of `total` bytes; 0 where that is not known."""

    def advance(self, count: int) -> None:
        """`count` bytes more are done."""


class _Silent:
    """Tells nobody."""

    def phase(self, what: str, total: int = 0) -> None:
        pass

    def advance(self, count: int) -> None:
        pass


SILENT: Final[Progress] = _Silent()
