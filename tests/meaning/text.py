"""Programs written as text, for what takes more than one op to see."""

from __future__ import annotations

from typing import Any

import pytest

import milc
from milc.driver.evaluating import Run


def ran(function: str, opset: str = "ios15", *, seed: int | None = 0, **inputs: Any) -> Any:
    """What `func main` computes: an array, or a tuple of them if it has several outputs."""
    outputs = list(Run(program(function, opset), seed=seed)(inputs).values())
    return outputs[0] if len(outputs) == 1 else tuple(outputs)


def program(function: str, opset: str = "ios15") -> milc.Program:
    """The program of a function, `(inputs) { … } -> (…);` in an opset."""
    return milc.parse(f"program(1.3)\n{{\nfunc main<{opset}>{function}\n}}\n")


def fails(function: str, about: str, opset: str = "ios15", **inputs: Any) -> None:
    """Expect that a program ends where an op has no answer, which says `about` what."""
    with pytest.raises(milc.MilError) as caught:
        ran(function, opset, **inputs)
    assert "MIL0908" in str(caught.value)
    assert about in str(caught.value)
