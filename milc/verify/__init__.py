"""Verification: what is wrong with a program, as diagnostics.

`structure` holds the rules of every MIL program; the rules of single operations stand beside it.
`links` checks milc's own bookkeeping, for tests. Imports diagnostics, ir and opsets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from milc.diagnostics import in_text_order
from milc.verify.links import check_links
from milc.verify.structure import verify_structure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from milc.diagnostics import Diagnostic
    from milc.ir.nodes import Program

__all__ = ["check_links", "verify", "verify_structure"]


def verify(program: Program, *, reported: Iterable[Diagnostic] = ()) -> list[Diagnostic]:
    """All that is wrong with a program, in the order of its text; empty if it is sound.

    `reported` are the findings of whoever read the program; what they cover is not said twice.
    The program is fit for use if no finding is an error.
    """
    checks = (verify_structure,)
    found = [finding for check in checks for finding in check(program, reported=reported)]
    return in_text_order(found)
