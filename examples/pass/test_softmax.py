"""What the pass must do, and what it must leave alone: `python -m pytest test_softmax.py`."""

from pathlib import Path

import numpy as np

import milc
from milc.passes import load

HERE = Path(__file__).parent
TEXT = (HERE / "model.mil").read_text()
load(HERE / "softmax.py")


def optimized(text: str) -> milc.Program:
    """A program behind the pass, which has to leave one that verifies."""
    program = milc.parse(text)
    milc.optimize(program, "none", passes="fuse_softmax", verify_each=True)
    return program


def kinds(program: milc.Program) -> list[str]:
    """The ops of a program, in their order."""
    return [op.kind for op in program.functions["main"].body.ops if op.kind != "const"]


def test_powers_by_their_sum_become_a_softmax() -> None:
    program = optimized(TEXT)
    assert kinds(program) == ["mul", "softmax"]
    x = {"x": np.array([[-2, -0.5, 0, 3], [1, 2, 3, 4]], "f4")}
    wanted = milc.evaluate(milc.parse(TEXT), x)["y"]
    np.testing.assert_allclose(milc.evaluate(program, x)["y"], wanted, rtol=1e-6)


def test_a_sum_of_both_axes_stays() -> None:
    both = TEXT.replace("[1]>([-1])", "[2]>([0, 1])").replace("[2, 1]> total", "[1, 1]> total")
    assert kinds(optimized(both)) == ["mul", "exp", "reduce_sum", "real_div"]
