"""Element types of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from milc.ir.types import ELEMENT_TYPES, ElementType

_OTHER = {
    "float16": "fp16", "float32": "fp32", "float64": "fp64", "bfloat16": "bf16",
    "float8_e4m3fn": "fp8e4m3fn", "float8_e5m2": "fp8e5m2",
}  # fmt: skip


class Small(np.ndarray[Any, Any]):
    """An array of integers of fewer than 8 bits, which numpy has no dtype for."""

    element: ElementType


def small(values: Any, element: str) -> Small:
    """An array of `int4`, `uint4`, `uint1` … as the function `literal` takes it."""
    kind = ELEMENT_TYPES[element]
    made = np.asarray(values, dtype="i1" if kind.kind == "int" else "u1").view(Small)
    made.element = kind
    return made


def element_of(array: np.ndarray[Any, Any]) -> ElementType:
    """The element type of an array."""
    if isinstance(array, Small):
        return array.element
    if array.dtype.kind in "UO":
        return ELEMENT_TYPES["string"]
    return ELEMENT_TYPES[_OTHER.get(array.dtype.name, array.dtype.name)]
