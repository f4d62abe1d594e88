"""Edits of a text, applied. Imports this room only."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from milc.diagnostics.diagnostic import Edit


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits made, all of which count in it.

    Of edits that overlap the first one counts, and of equal ones one; several insertions at one
    place are made in their order.
    """
    pieces, at = [], 0
    seen: set[Edit] = set()
    for edit in sorted(edits, key=lambda edit: (edit.span.start, edit.span.end)):
        if edit.span.start < at or edit in seen:
            continue
        seen.add(edit)
        pieces += [text[at : edit.span.start], edit.text]
        at = edit.span.end
    return "".join([*pieces, text[at:]])
