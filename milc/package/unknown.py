"""Fields of a message that this version of milc has no name for.

Protobuf keeps them aside when it parses. A program is asked once whether it has any; only then
are its messages looked at one by one. Imports the protobuf schema only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

M = TypeVar("M", bound=Message)


def has_unknown(message: Message) -> bool:
    """Whether the message or any message in it has unknown fields."""
    known = _copy(message)
    known.DiscardUnknownFields()
    return known.ByteSize() != message.ByteSize()


def own_unknown(message: Message) -> bytes:
    """The serialised unknown fields of this message alone, not of those in it."""
    if not len(UnknownFieldSet(message)):
        return b""
    rest = _copy(message)
    for field, _ in message.ListFields():
        rest.ClearField(field.name)
    return rest.SerializeToString()


def places(message: Message, name: str) -> Iterator[str]:
    """Where a message has unknown fields: `name`, or a path below it such as `name.type`."""
    if len(UnknownFieldSet(message)):
        yield name
    for field, held in message.ListFields():
        for inner in _messages(held):
            yield from places(inner, f"{name}.{field.name}")


def _messages(held: Any) -> Iterator[Message]:
    if isinstance(held, Message):
        yield held
    elif isinstance(held, Mapping):
        yield from (item for item in held.values() if isinstance(item, Message))
    elif not isinstance(held, str | bytes | int | float):
        yield from (item for item in held if isinstance(item, Message))


def _copy(message: M) -> M:
    made = type(message)()
    made.CopyFrom(message)
    return made
