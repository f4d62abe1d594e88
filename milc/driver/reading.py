"""Weights for the rules of ops that ask for values. Imports ir and package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from milc.diagnostics import MilError

if TYPE_CHECKING:
    from milc.ir.literals import BlobRef, TensorLiteral
    from milc.package.weights import WeightFiles
    from milc.verify.operations import Read


def reader(weights: WeightFiles) -> Read:
    """What gives the literal that a reference stands for, or None where it cannot be read.

    A faulty reference is reported by whoever checks all of them.
    """

    def read(blob: BlobRef) -> TensorLiteral | None:
        try:
            return weights.literal(blob)
        except MilError:
            return None

    return read
