"""Models of PyTorch, converted by coremltools and run by milc: all steps give what PyTorch gives.

The networks are in `peer_side/models.py`, single functions in `peer_side/snippets.py`; their names
are asked of the oracle's environment.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import milc
from milc.driver.evaluating import Run
from milc.evaluate import states_of
from milc.ir.walk import walk_ops
from tests.meaning.peer import peer

ALLOWED = {"FLOAT32": 2e-5, "FLOAT16": 5e-3}
"""How far outputs may be from PyTorch's, relative to the largest of them, by the precision.

States are fp16 whatever the precision is, so that models which keep some are allowed as much.
"""

HELD = {
    "linear-8-bit": "constexpr_affine_dequantize",
    "linear-8-bit-ios18": "constexpr_blockwise_shift_scale",
    "linear-4-bit-blocks": "constexpr_blockwise_shift_scale",
    "palettized": "constexpr_lut_to_dense",
    "palettized-ios18": "constexpr_lut_to_dense",
    "palettized-groups": "constexpr_lut_to_dense",
    "pruned": "constexpr_sparse_to_dense",
    "pruned-ios18": "constexpr_sparse_to_dense",
    "pruned-palettized": "constexpr_lut_to_sparse",
    "pruned-linear": "constexpr_sparse_blockwise_shift_scale",
    "decoder": "write_state",
    "counter": "write_state",
    "lstm-bidirectional": "lstm",
    "gru-bidirectional": "while_loop",
    "encoder": "scaled_dot_product_attention",
    "unet": "conv_transpose",
}
"""Ops that a network is there for, without which it would prove nothing."""


class Trial(NamedTuple):
    """A network or function, and the precision that it is converted to."""

    name: str
    precision: str

    @property
    def id(self) -> str:
        """Its name among all trials."""
        return f"{self.name}-{self.precision.lower()}"


class Outcome(NamedTuple):
    """How far outputs are from PyTorch's, relative to the largest; empty words if near enough."""

    error: float
    allowed: float
    said: str
    ops: frozenset[str]


@cache
def names() -> tuple[list[str], list[str]]:
    """The names of networks, and those of functions."""
    found: tuple[list[str], list[str]] = peer("converting:names")
    return found


def trials() -> Iterator[Trial]:
    """All, in both precisions."""
    for each in (*names()[0], *names()[1]):
        for precision in ALLOWED:
            yield Trial(each, precision)


def compared(trial: Trial) -> Outcome:
    """Convert a network, run it in all steps, and compare."""
    with tempfile.TemporaryDirectory(prefix="milc-torch-") as folder:
        path = Path(folder) / "model.mlpackage"
        steps = peer("converting:converted", *trial, str(path))
        model = milc.load(path)
        ops = frozenset(op.kind for op in walk_ops(model.program))
        run = Run(model)
        state: dict[str, Any] = {}
        allowed = ALLOWED["FLOAT16" if states_of(run.function) else trial.precision]
        error = 0.0
        for inputs, wanted in steps:
            given = list(run(inputs, state).values())
            if [each.shape for each in given] != [each.shape for each in wanted]:
                said = f"shapes {[e.shape for e in given]}, PyTorch has {[e.shape for e in wanted]}"
                return Outcome(np.inf, allowed, said, ops)
            error = max([error, *map(relative, given, wanted)])
        said = "" if error <= allowed else f"off by {error:.1e}"
        return Outcome(error, allowed, said, ops)


def relative(ours: Any, theirs: Any) -> float:
    """The largest difference, as a part of the largest number; infinity where NaN is unlike."""
    if not theirs.size:
        return 0.0
    ours, theirs = ours.astype("f8"), theirs.astype("f8")
    if not (np.isfinite(ours) == np.isfinite(theirs)).all():
        return float("inf")
    finite = np.isfinite(theirs)
    largest = np.abs(theirs[finite]).max(initial=1e-3)
    return float(np.abs(ours - theirs)[finite].max(initial=0) / largest)
