"""Functions of angles and hyperbolic functions, against PyTorch in fp64 and Python's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.meaning.cases import expect, meaning, random, run_op
from tests.meaning.peer import peer

SHAPES: tuple[tuple[int, ...], ...] = ((), (7,), (2, 3), (0, 3), (2, 1, 3, 2), (20000,))
SPECIAL = [-np.inf, -30.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 1.5, 100.0, np.inf, np.nan]
CLOSE = {"f4": 5e-7, "f2": 1e-3}

FUNCTIONS: dict[str, tuple[Callable[[float], float], float]] = {
    "acos": (math.acos, 1),
    "asin": (math.asin, 1),
    "atan": (math.atan, 5),
    "atanh": (math.atanh, 0.99),
    "cos": (math.cos, 20),
    "cosh": (math.cosh, 5),
    "sin": (math.sin, 20),
    "sinh": (math.sinh, 5),
    "tan": (math.tan, 1.5),
    "tanh": (math.tanh, 3),
}
"""What Python computes them with, and how far from 0 they are looked at."""


def by_loop(function: Callable[[float], float], x: Any) -> Any:
    """What a function of a number makes of every element."""
    return np.array([function(each) for each in x.ravel().tolist()]).reshape(x.shape)


for name, (function, far) in FUNCTIONS.items():

    @meaning(name, "loop")
    def as_in_python(
        opset: str, name: str = name, function: Any = function, far: float = far
    ) -> None:
        for dtype in ("f4", "f2"):
            for shape in SHAPES:
                x = random(*shape, dtype=dtype, low=-far, high=far)
                expect(run_op(name, opset, x=x), by_loop(function, x), rtol=CLOSE[dtype])

    @meaning(name, "torch")
    def of_zeros_infinities_and_nan(opset: str, name: str = name) -> None:
        for dtype in ("f4", "f2"):
            x = np.array(SPECIAL, dtype)
            with np.errstate(over="ignore"):
                wanted = peer("functions:call", name, x).astype(dtype)
            expect(run_op(name, opset, x=x), wanted)
