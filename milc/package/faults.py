"""What is wrong with a message or a program, before anybody knows where it was found.

The codecs of types and values raise a `Fault`; decoding and encoding, which know the function and
the operation, turn it into a diagnostic. Imports diagnostics only.
"""

from __future__ import annotations

from typing import Final

from milc.diagnostics import BoundedFindings, Diagnostic, MilError, Span

MOST: Final = 100
"""After this many errors an input is given up: what follows is noise, or an attack."""

DEEPEST: Final = 64
"""How many blocks, types or values may lie in one another. The deepest known program has 3."""


class Fault(Exception):
    """A code, a message and perhaps a help, without a place."""

    def __init__(self, code: str, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help

    def at(self, where: str, span: Span | None = None) -> Diagnostic:
        """The diagnostic; `where` precedes the message (``function `main`: ``)."""
        return Diagnostic(self.code, where + self.message, span, help=self.help)


class Findings:
    """Diagnostics as they are found. Raises MilError when there are too many errors to go on."""

    def __init__(self, path: str | None = None) -> None:
        self.path = path
        self.found: list[Diagnostic] = BoundedFindings()
        self._errors = 0

    def add(self, diagnostic: Diagnostic) -> None:
        """Note one."""
        if diagnostic.path is None:
            diagnostic.path = self.path
        self.found.append(diagnostic)
        self._errors += diagnostic.severity == "error"
        if self._errors >= MOST:
            raise MilError(self.found)
