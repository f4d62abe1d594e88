"""The protobuf's numbers and names for element types, and where it keeps their values.

Facts: coremltools 9.0's schema, and what Apple's and coremltools' writers do. Imports ir; no
protobuf, so that a message's numbers are known without loading it.
"""

from __future__ import annotations

from typing import Final

from milc.ir import types as t
from milc.ir.types import ElementType

DATA_TYPES: Final[dict[ElementType, int]] = {
    t.BOOL: 1, t.STRING: 2, t.FP16: 10, t.FP32: 11, t.FP64: 12, t.BF16: 13,
    t.INT8: 21, t.INT16: 22, t.INT32: 23, t.INT64: 24, t.INT4: 25,
    t.UINT8: 31, t.UINT16: 32, t.UINT32: 33, t.UINT64: 34, t.UINT4: 35, t.UINT2: 36, t.UINT1: 37,
    t.UINT6: 38, t.UINT3: 39, t.FP8E4M3FN: 40, t.FP8E5M2: 41,
}  # fmt: skip
"""The number of each element type in the enum DataType."""

ELEMENTS: Final[dict[int, ElementType]] = {number: e for e, number in DATA_TYPES.items()}

FLEXIBLE_SHAPES: Final = "FlexibleShapeInformation"
"""The function attribute that text shows and a package keeps in the model's description."""

_OWN_MEMBER: Final[dict[ElementType, str]] = {
    t.FP32: "floats", t.FP64: "doubles", t.BOOL: "bools", t.STRING: "strings",
    t.INT16: "ints", t.INT32: "ints", t.UINT16: "ints", t.INT64: "longInts", t.UINT64: "longInts",
}  # fmt: skip


def member_of(element: ElementType) -> str:
    """The member of TensorValue in which coremltools writes the values of an element type.

    All that the schema has no list for go as packed bytes. bf16 and fp8, which no known writer
    puts into a program, are treated so too.
    """
    return _OWN_MEMBER.get(element, "bytes")


def can_hold(member: str, element: ElementType) -> bool:
    """Whether the values in a member make sense for an element type, usual or not."""
    if element is t.STRING or member == "strings":
        return element is t.STRING and member == "strings"
    if member in ("floats", "doubles"):
        return element.is_float
    if member in ("ints", "longInts"):
        return element.is_integer
    return member == "bytes" or element is t.BOOL
