"""Running the checks of ops so that a rule that fails is one finding, and not the end of all."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

from milc.diagnostics import Diagnostic
from milc.ir.literals import BlobRef, TensorLiteral
from milc.ir.nodes import Program
from milc.verify.operations import Operations

CRASH = "CRASH"
"""The code of the finding that a rule failed, which is a fault of milc."""


def examined(
    program: Program, read: Callable[[BlobRef], TensorLiteral | None] | None = None
) -> Operations:
    """The ops of a program checked: what was found, and what was inferred."""
    checker = Operations(program, read)
    try:
        checker.run()
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno} in {last.name}"
        checker.found.append(Diagnostic(CRASH, f"{type(error).__name__}: {error} ({place})"))
    return checker
