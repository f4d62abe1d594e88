"""The wire format of protobuf, as far as writing messages by hand needs it.

A program's messages are put together from cached pieces, which costs a fraction of filling message
objects field by field and serialising them. Imports nothing of milc.
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


class Heads(dict[int, bytes]):
    """What precedes bytes that lie within several fields, by their number.

    Most of a program is names within the same few layers, and around a name of one length they are
    always the same. A layer is what precedes its length: whatever stands before the field in the
    message, and the field's key. What is inside ends all of them.
    """

    def __init__(self, *layers: bytes) -> None:
        super().__init__()
        self._layers = layers[::-1]

    def __missing__(self, size: int) -> bytes:
        head = b""
        for layer in self._layers:
            head = layer + varint(size + len(head)) + head
        self[size] = head
        return head


class Entries(dict[str, Heads]):
    """For each key of a map, what precedes the bytes within `layers` of the value in its entry."""

    def __init__(self, tag: bytes, *layers: bytes) -> None:
        super().__init__()
        self._tag = tag
        self._layers = layers

    def __missing__(self, key: str) -> Heads:
        before = field(b"\x0a", key.encode()) + b"\x12"
        heads = self[key] = Heads(self._tag, before, *self._layers)
        return heads


STRING_VALUE: Final = (b"\x12\x04\x0a\x02\x08\x02\x1a", b"\x0a", b"\x22", b"\x0a")
"""The layers around the characters in the Value of a string scalar.

Every operation has such a value, its name, so both directions know it by heart:
`{type {tensorType {dataType: STRING}} immediateValue {tensor {strings {values: …}}}}`.
"""
