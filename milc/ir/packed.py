"""Packed elements as arrays, for types that numpy has no dtype for.

What `numbers` does for Python values. numpy is loaded when something is unpacked, not before.
Imports types only.
"""

from __future__ import annotations

from math import lcm
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from milc.ir.types import ElementType

WORDS: Final = 1 << 15
"""Groups of bytes that are unpacked at a time, so that a processor's cache holds them."""


def integers(element: ElementType, buffer: bytes | memoryview, count: int) -> NDArray[Any]:
    """`count` integers of fewer than 8 bits, as int8 or uint8."""
    made = codes(buffer, element.bits, count)
    if element.kind != "int":
        return made
    sign = 1 << element.bits - 1
    made ^= sign
    made -= sign
    return made.view("i1")


def codes(buffer: bytes | memoryview | NDArray[Any], bits: int, count: int) -> NDArray[Any]:
    """`count` numbers of 1 to 8 bits as uint8, from the least significant bit of a byte on.

    Whole numbers of elements fill whole numbers of bytes: of 3 bits, 8 fill 3. Such a group is one
    word, out of which each of its elements is shifted.
    """
    import numpy

    stored = numpy.frombuffer(buffer, "u1")
    if bits == 1:
        return numpy.unpackbits(stored, count=count, bitorder="little")
    width = lcm(bits, 8) // 8
    made = numpy.empty((-(-stored.size // width), width * 8 // bits), "u1")
    for start in range(0, len(made), WORDS):
        piece = stored[start * width : (start + WORDS) * width]
        word = _words(piece, width)
        part = made[start : start + WORDS]
        for place in range(part.shape[1]):
            part[:, place] = word >> place * bits & (1 << bits) - 1
    return made.ravel()[:count]


def stored(element: ElementType, values: NDArray[Any]) -> bytes:
    """Integers as a file holds those of fewer than 8 bits, without gaps.

    Raises OverflowError for one that the type cannot hold.
    """
    import numpy

    low, high = element.bounds
    for value in (values.min(), values.max()) if values.size else ():
        if not low <= value <= high:
            raise OverflowError(f"{value} does not fit {element}")
    codes = values.astype("u1").reshape(-1, 1)
    bits = numpy.unpackbits(codes, axis=1, count=element.bits, bitorder="little")
    return numpy.packbits(bits, bitorder="little").tobytes()


def bfloats(buffer: bytes | memoryview) -> NDArray[Any]:
    """The numbers of bf16, which is the upper half of fp32, as float32."""
    import numpy

    upper = numpy.frombuffer(buffer, "<u2").astype("<u4")
    upper <<= 16
    return upper.view("<f4")


def _words(stored: NDArray[Any], width: int) -> NDArray[Any]:
    """Each group of bytes as one number, the last filled up with zeros."""
    import numpy

    if width == 1:
        return stored
    rest = -stored.size % width
    bytes_of = (numpy.append(stored, [0] * rest) if rest else stored).reshape(-1, width)
    word = numpy.zeros(len(bytes_of), "u4")
    for place in range(width):
        word |= bytes_of[:, place].astype("u4") << numpy.uint32(8 * place)
    return word
