"""A text, and what is to become of it: shown as a diff, or written. Imports diagnostics only."""

from __future__ import annotations

from milc.diagnostics.staging import staged_file


class Change:
    """The text of a file before and after; `data` is what the file holds."""

    def __init__(self, path: str, before: str, after: str, data: bytes) -> None:
        self.path = path
        self.before = before
        self.after = after
        self._data = data

    @property
    def changed(self) -> bool:
        """Whether a byte of the file is to change."""
        return self.after.encode() != self._data

    def diff(self) -> str:
        """The change as a unified diff; empty if there is none."""
        from difflib import unified_diff

        lines = unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            self.path,
            self.path,
            "before",
            "after",
        )
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in lines
        )

    def write(self) -> None:
        """Put the text into its file in one step, with the permissions it had.

        Raises MilError (MIL0008 to MIL0012).
        """
        with staged_file(self.path) as staged:
            staged.write_bytes(self.after.encode())
