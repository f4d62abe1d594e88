"""`milc fmt`: files in the house style. Imports no numpy, protobuf, rich or opset."""

from __future__ import annotations

from milc.diagnostics import Diagnostic, Source, Span
from milc.diagnostics.files import decode, read_bytes
from milc.diagnostics.staging import staged_file
from milc.syntax.format import comments, format_text
from milc.syntax.print import Style


class Formatted:
    """A text and what it became. Raises MilError if it does not parse (MIL01xx, MIL02xx …)."""

    def __init__(self, data: bytes, path: str, style: Style = "milc") -> None:
        self.path = path
        self.style = style
        self.before = decode(data, path)
        self.after = format_text(self.before, path, style)
        self._data = data

    @property
    def changed(self) -> bool:
        """Whether formatting changed a byte."""
        return self.after.encode() != self._data

    def lost(self) -> list[Diagnostic]:
        """A warning if formatting leaves comments out (MIL0023), which only Apple's style does."""
        count = len(comments(self.before)) if self.style == "coremlc" else 0
        if not count:
            return []
        what = "the comment is" if count == 1 else f"the {count:,} comments are"
        message = f"{what} left out: Apple's style has none"
        return [Diagnostic("MIL0023", message, path=self.path, severity="warning")]

    def finding(self) -> Diagnostic:
        """The change as a warning about the first line that is not as it should be (MIL0024)."""
        source = Source(self.before, self.path)
        pairs = zip(self.before.split("\n"), self.after.split("\n"), strict=False)
        number = next((i for i, (x, y) in enumerate(pairs, 1) if x != y), len(source.starts))
        return Diagnostic(
            "MIL0024",
            "the text is not laid out in the house style",
            Span(source, *source.bounds(number)),
            severity="warning",
            help=f"milc fmt {self.path}",
        )

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


def format_file(path: str, style: Style = "milc") -> Formatted:
    """A file's text in a style; nothing is written. Raises MilError."""
    return Formatted(read_bytes(path), path, style)
