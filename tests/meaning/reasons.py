"""Where what a program computes differs from what was recorded, or before a pass and behind it.

Each with why milc is right, or why the pass is meant to change it. A reason that no case needs
fails the tests: it is to go.
"""

from __future__ import annotations

import re
from typing import NamedTuple

ANY = "*"


class Reason(NamedTuple):
    """A class of disagreement and why it stands.

    `op` is the op of a value, the pass of a program, or `convert`; several with blanks between
    them, or `*`. `mutation` is the sort of inputs, `sort` how it differs. `pattern` is searched for
    in what tells the class: the ops that a pass took and brought, and the words of the difference.
    """

    op: str
    mutation: str
    sort: str
    pattern: str
    why: str

    def covers(self, op: str, mutation: str, sort: str, told: str) -> bool:
        """Whether a disagreement is of this class."""
        return (
            (self.op == ANY or op in self.op.split())
            and self.mutation in (ANY, mutation)
            and sort == self.sort
            and re.search(self.pattern, told) is not None
        )


RECORDED: list[Reason] = []

PROGRAMS: list[Reason] = []
