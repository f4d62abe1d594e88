"""`milc fmt`: files in the house style. Imports no numpy, protobuf, rich or opset."""

from __future__ import annotations

from milc.diagnostics import Diagnostic, Source, Span
from milc.diagnostics.files import decode, read_bytes
from milc.driver.changes import Change
from milc.syntax.format import comments, format_text
from milc.syntax.print import Style


class Formatted(Change):
    """A text in a style; with `infer`, the types and defaults it leaves open written out first.

    Raises MilError if it does not parse (MIL01xx, MIL02xx …).
    """

    def __init__(
        self, data: bytes, path: str, style: Style = "milc", *, infer: bool = False
    ) -> None:
        before = decode(data, path)
        super().__init__(path, before, format_text(_filled(before, path, infer), path, style), data)
        self.style = style

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


def _filled(text: str, path: str, infer: bool) -> str:
    """The text, its open types and defaults written out if `infer` says so."""
    if not infer:
        return text
    from milc.driver.fixing import completed  # the opset, for which mere layout does not wait

    return completed(text, path)


def format_file(path: str, style: Style = "milc", *, infer: bool = False) -> Formatted:
    """A file's text in a style; nothing is written. Raises MilError."""
    return Formatted(read_bytes(path), path, style, infer=infer)
