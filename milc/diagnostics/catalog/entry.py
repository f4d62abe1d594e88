"""What the catalog says about one code. Imports nothing of milc."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """The prose of one code; `milc explain` and docs/diagnostics.md show it.

    `meaning` and `fix` are paragraphs with a blank line between them, re-wrapped where they are
    shown, with names in backticks; one that begins with four blanks is code and stays as it is.
    `example` is shown as it stands too: MIL text, or a shell command whose line begins with `$ `.
    Indentation common to all its lines is dropped.
    """

    code: str
    """`MIL` and four digits."""
    title: str
    """What is wrong, in a few words without a full stop."""
    meaning: str
    """Why it is so, with the source of the rule."""
    example: str
    """A short text or command that triggers it."""
    fix: str
    """What to do."""

    @property
    def heading(self) -> str:
        """What stands above its explanation."""
        return f"{self.code}: {self.title}"
