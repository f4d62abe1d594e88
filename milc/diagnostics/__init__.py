"""Diagnostics: places in a text, findings about them, and how both are shown.

This room imports no other. `catalog` (the prose of every code) and `render` (rich) are loaded
only by those who need them.
"""

from milc.diagnostics.diagnostic import (
    BoundedFindings,
    Diagnostic,
    Edit,
    Label,
    MilError,
    Severity,
    errors,
    gravest,
    in_text_order,
)
from milc.diagnostics.source import Source, Span

__all__ = [
    "BoundedFindings",
    "Diagnostic",
    "Edit",
    "Label",
    "MilError",
    "Severity",
    "Source",
    "Span",
    "errors",
    "gravest",
    "in_text_order",
]
