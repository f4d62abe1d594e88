"""Verification: what is wrong with a program, as diagnostics.

`structure` holds the rules of every MIL program, `operations` checks each op against its
definition, and `completing` writes out what definitions imply. `links` checks milc's own
bookkeeping, for tests. Imports diagnostics, ir, syntax, schema and opsets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from milc.diagnostics import in_text_order
from milc.verify.links import check_links
from milc.verify.operations import check_operations
from milc.verify.structure import verify_structure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from milc.diagnostics import Diagnostic
    from milc.ir.nodes import Program
    from milc.verify.operations import Operations, Read

__all__ = ["check_links", "check_operations", "verify", "verify_structure"]


def verify(
    program: Program,
    *,
    reported: Iterable[Diagnostic] = (),
    read: Read | None = None,
    operations: Operations | None = None,
) -> list[Diagnostic]:
    """All that is wrong with a program, in the order of its text; empty if it is sound.

    `reported` are the findings of whoever read the program; what they cover is not said twice.
    `read` gives what a reference into a weight file stands for, None if that cannot be read; the
    few rules that ask for such a value hold without it. `operations`, which has not run yet, is the
    run that checks the ops, for whoever asks it later what they make known. The program is fit for
    use if no finding is an error.
    """
    earlier = list(reported)
    found = verify_structure(program, reported=earlier)
    return in_text_order(
        found
        + check_operations(program, read=read, reported=earlier + found, operations=operations)
    )
