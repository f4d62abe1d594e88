"""Where milc and coremltools differ on purpose, class by class, each with its reason.

`figures singles` counts these apart from agreement. A reason that no case needs any more fails the
tests: it is to go.
"""

from __future__ import annotations

import re
from typing import NamedTuple

ANY = "*"


class Reason(NamedTuple):
    """A class of disagreement and why it is right.

    `op` and `mutation` may be `*`, `op` several names with blanks between them. `sort` is that of
    the outcome: refused, accepted, types, argument, unreadable. `pattern` is searched for in
    coremltools' message where milc accepts or names another argument, else in what milc said.
    """

    op: str
    mutation: str
    sort: str
    pattern: str
    why: str

    def covers(self, op: str, mutation: str, sort: str, peer: str, ours: str) -> bool:
        """Whether a disagreement is of this class."""
        return (
            sort == self.sort
            and (self.op == ANY or op in self.op.split())
            and self.mutation in (ANY, mutation)
            and re.search(self.pattern, peer if sort in ("accepted", "argument") else ours)
            is not None
        )


REASONS = [
    Reason(
        ANY,
        "param",
        "unreadable",
        "does not fit",
        "no file can hold a uint4 of 99; only Python can",
    ),
    Reason(
        "scatter scatter_along_axis scatter_nd",
        "param",
        "refused",
        "`mode` of",
        "coremltools does not look at the mode; its definition lists seven, and no other has a"
        " meaning",
    ),
    Reason(
        "gather_nd scatter_nd",
        "*",
        "accepted",
        "operands could not be broadcast together",
        "coremltools means to compare indices with dimensions, and fails unless each row of indices"
        " has one number or the rank; the indices are fine",
    ),
]
