"""Edits of a text, applied all at once."""

from __future__ import annotations

import pytest

from milc.diagnostics import Edit, Source, Span, edits

TEXT = "abcdef"
SOURCE = Source(TEXT)


def edit(start: int, end: int, text: str) -> Edit:
    return Edit(Span(SOURCE, start, end), text)


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        ([], "abcdef"),
        ([edit(1, 3, "X")], "aXdef"),
        ([edit(4, 5, "Y"), edit(0, 1, "X")], "XbcdYf"),
        ([edit(0, 6, "")], ""),
        ([edit(6, 6, "!")], "abcdef!"),
        # Insertions at one place come in their order, in front of what stands there.
        ([edit(2, 2, "1"), edit(2, 2, "2")], "ab12cdef"),
        ([edit(2, 4, "X"), edit(2, 2, "1")], "ab1Xef"),
        # Of those that overlap the first counts, of equal ones one.
        ([edit(1, 4, "X"), edit(3, 5, "Y")], "aXef"),
        ([edit(1, 4, "X"), edit(1, 4, "X")], "aXef"),
        ([edit(2, 2, "1"), edit(2, 2, "1")], "ab1cdef"),
        ([edit(1, 3, "X"), edit(3, 5, "Y")], "aXYf"),
    ],
)
def test_edits(made: list[Edit], wanted: str) -> None:
    assert edits.apply(TEXT, made) == wanted
