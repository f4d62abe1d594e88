"""Packed elements and Python values, both ways, for every element type, without numpy.

Packed means as a weight file holds them: little-endian; sub-byte integers from the least
significant bit on, without gaps, 3- and 6-bit ones crossing byte borders.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from milc.ir.types import BF16, FP8E4M3FN, FP8E5M2, FP16, ElementType

STRUCT_CODES: Final = {
    "bool": "?", "fp16": "e", "fp32": "f", "fp64": "d",
    "int8": "b", "int16": "h", "int32": "i", "int64": "q",
    "uint8": "B", "uint16": "H", "uint32": "I", "uint64": "Q",
}  # fmt: skip
"""The `struct` code of each element type that `struct` knows."""


class FloatFormat:
    """A small float format: mantissa bits, bias, and the code from which on none is finite.

    `overflow` is the code of what is too large.
    """

    __slots__ = ("bias", "first_nonfinite", "mantissa", "overflow")

    def __init__(self, exponent: int, mantissa: int, first_nonfinite: int, overflow: int) -> None:
        self.mantissa = mantissa
        self.bias = (1 << exponent - 1) - 1
        self.first_nonfinite = first_nonfinite
        self.overflow = overflow

    def encode(self, value: float) -> int:
        """The code (without sign) of |value|, rounded to nearest, ties to even."""
        value = abs(value)
        if value == 0 or math.isinf(value):
            return self.overflow if value else 0
        lowest = 1 - self.bias
        exponent = max(math.frexp(value)[1] - 1, lowest)
        steps = round(math.ldexp(value, self.mantissa - exponent))
        code = (exponent - lowest << self.mantissa) + steps
        return code if code < self.first_nonfinite else self.overflow


FLOAT_FORMATS: Final = {
    FP16.name: FloatFormat(5, 10, 0x7C00, 0x7C00),
    BF16.name: FloatFormat(8, 7, 0x7F80, 0x7F80),
    FP8E5M2.name: FloatFormat(5, 2, 0x7C, 0x7C),
    # e4m3fn has no infinity: what is too large becomes its only NaN, as in ml_dtypes.
    FP8E4M3FN.name: FloatFormat(4, 3, 0x7F, 0x7F),
}
"""The float formats of 16 bits and fewer, by the name of their element type."""
_NAN: Final = {FP16.name: 0x7E00, BF16.name: 0x7FC0, FP8E5M2.name: 0x7E, FP8E4M3FN.name: 0x7F}


def _encode_small(element: ElementType, value: float) -> bytes:
    code = _NAN[element.name] if math.isnan(value) else FLOAT_FORMATS[element.name].encode(value)
    if math.copysign(1.0, value) < 0:
        code |= 1 << element.bits - 1
    return code.to_bytes(element.bits // 8, "little")


def _decode_e4m3fn(code: int) -> float:
    exponent, mantissa = code >> 3 & 15, code & 7
    if code & 0x7F == 0x7F:
        return math.copysign(math.nan, -1.0 if code & 0x80 else 1.0)
    size = math.ldexp(mantissa + 8, exponent - 10) if exponent else math.ldexp(mantissa, -9)
    return -size if code & 0x80 else size


_DECODERS: Final[dict[str, Callable[[bytes], list[float]]]] = {
    # bf16 is the upper half of fp32, e5m2 the upper half of fp16.
    BF16.name: lambda data: [
        struct.unpack("<f", b"\0\0" + data[i : i + 2])[0] for i in range(0, len(data), 2)
    ],
    FP8E5M2.name: lambda data: [struct.unpack("<e", bytes((0, byte)))[0] for byte in data],
    FP8E4M3FN.name: lambda data: [_decode_e4m3fn(byte) for byte in data],
}


def pack(element: ElementType, values: Sequence[Any]) -> bytes:
    """The packed bytes of Python values; floats are rounded to nearest, ties to even.

    Finite floats beyond the type's range become infinity (NaN for fp8e4m3fn, which has none).
    Raises OverflowError for an integer that the type cannot hold, TypeError for another kind of
    value.
    """
    code = STRUCT_CODES.get(element.name)
    try:
        if code is not None:
            return struct.pack(f"<{len(values)}{code}", *values)
    except OverflowError:
        return b"".join(_pack_saturating(element, code or "", float(v)) for v in values)
    except struct.error as error:
        wanted = "__float__" if element.is_float else "__index__"
        if all(hasattr(value, wanted) for value in values):
            raise OverflowError(f"a value does not fit {element}: {error}") from None
        raise TypeError(f"a value is not one of {element}: {error}") from None
    if element.is_float:
        return b"".join(_encode_small(element, value) for value in values)
    return _pack_bits(element, values)


def _pack_saturating(element: ElementType, code: str, value: float) -> bytes:
    try:
        return struct.pack(f"<{code}", value)
    except OverflowError:
        return struct.pack(f"<{code}", math.copysign(math.inf, value))


def _pack_bits(element: ElementType, values: Sequence[int]) -> bytes:
    bits, mask = element.bits, (1 << element.bits) - 1
    low, high = element.bounds
    out = bytearray()
    held = whole = 0
    for value in values:
        if not low <= value <= high:
            raise OverflowError(f"{value} does not fit {element}")
        whole |= (value & mask) << held
        held += bits
        while held >= 8:
            out.append(whole & 255)
            whole >>= 8
            held -= 8
    if held:
        out.append(whole)
    return bytes(out)


def unpack(element: ElementType, data: bytes, count: int) -> list[Any]:
    """`count` Python values from packed bytes. Raises ValueError if the bytes are too few."""
    if len(data) * 8 < count * element.bits:
        raise ValueError(f"{len(data)} bytes cannot hold {count} elements of {element}")
    code = STRUCT_CODES.get(element.name)
    if code is not None:
        return list(struct.unpack_from(f"<{count}{code}", data))
    decode = _DECODERS.get(element.name)
    if decode is not None:
        return decode(data[: count * element.bits // 8])
    return list(_unpack_bits(element, data, count))


def _unpack_bits(element: ElementType, data: bytes, count: int) -> Iterator[int]:
    bits, mask = element.bits, (1 << element.bits) - 1
    sign = 1 << bits - 1 if element.kind == "int" else 0
    held = whole = 0
    for byte in data:
        whole |= byte << held
        held += 8
        while held >= bits and count:
            yield (whole & mask ^ sign) - sign
            whole >>= bits
            held -= bits
            count -= 1
