"""`verify_file` on a text in memory, for tests of what it looks for on request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from milc.diagnostics import Diagnostic
from milc.driver.checking import verify_file
from milc.driver.loading import Text


def found(text: str, **asked: Any) -> list[Diagnostic]:
    """What is found in a text that lies in no folder."""
    return verify_file(Text(text.encode(), "a.mil", Path()), **asked)


def told(text: str, **asked: Any) -> list[str]:
    """The same as `LINE:CODE:e`, the first letter of the severity behind."""
    return [
        f"{each.span.source.position(each.span.start)[0] if each.span else 0}"
        f":{each.code}:{each.severity[0]}"
        for each in found(text, **asked)
    ]


def function(
    body: str,
    *,
    inputs: str = "tensor<fp32, [2, 3]> x",
    outputs: str = "y",
    opset: str = "ios17",
    version: str = "1.0",
) -> str:
    """A program of one function, whose body begins in line 3."""
    return (
        f"program({version}) {{\nfunc main<{opset}>({inputs}) {{\n{body}\n}} -> ({outputs});\n}}\n"
    )
