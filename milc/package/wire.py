"""The wire format of protobuf, as far as writing messages by hand needs it.

A program's messages are put together from cached pieces and parsed once by protobuf, which costs
a fraction of filling message objects field by field. Imports nothing.
"""

from __future__ import annotations

from typing import Final

_SHORT: Final = tuple(bytes((n,)) for n in range(128))


def varint(number: int) -> bytes:
    """An unsigned number of up to 64 bits."""
    if number < 128:
        return _SHORT[number]
    out = bytearray()
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(tag: bytes, content: bytes) -> bytes:
    """A string, a message or packed numbers as a field; `tag` is its key, of wire type 2."""
    size = len(content)
    return tag + (_SHORT[size] if size < 128 else varint(size)) + content


def text(tag: bytes, content: str) -> bytes:
    """A string field; left out if empty, as proto3 does. Raises UnicodeEncodeError."""
    return field(tag, content.encode()) if content else b""


def number(tag: bytes, content: int) -> bytes:
    """A number field; left out if 0, as proto3 does. Negative numbers are written as int64 does."""
    return tag + varint(content & 0xFFFF_FFFF_FFFF_FFFF) if content else b""


SHORT_STRING: Final = 100
"""Strings of fewer bytes than this, in the messages below, have nothing but lengths of one byte."""


def string_value_head(length: int) -> bytes:
    """What precedes the characters of a short string in the Value of a string scalar.

    Every operation has such a value, its name, so both directions know it by heart:
    `{type {tensorType {dataType: STRING}} immediateValue {tensor {strings {values: …}}}}`.
    """
    n = length
    return bytes((0x12, 4, 0x0A, 2, 8, 2, 0x1A, n + 6, 0x0A, n + 4, 0x22, n + 2, 0x0A, n))


def argument_head(length: int) -> bytes:
    """What precedes a short name in the entry of an argument bound to it, behind the entry's key.

    `value {arguments {name: …}}`, by far the most frequent message of a program.
    """
    return bytes((0x12, length + 4, 0x0A, length + 2, 0x0A, length))
