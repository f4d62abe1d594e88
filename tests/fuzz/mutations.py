"""Changes to texts, bytes and messages, each drawn from a source of randomness that is handed in.

The same functions serve hypothesis (`st.randoms`), atheris (`Bits`) and a plain seed.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

_lexemes = re.compile(
    r'"(?:[^"\\\n]|\\.)*"|`[^`\n]*`|[A-Za-z_]\w*|[-+]?[\d.]\w*|\s+|.', re.S
).findall

PIECES = (
    "(", ")", "[", "]", "{", "}", "<", ">", "=", ",", ";", "->", "?", "...", "%", "@", "//", "/*",
    '"', "`", "\\", '"\\', "`\\", "\n", "\r", "\r\n", "\t", "\0", "\x1b", "\x7f", " " * 50,
    "é", "ß", "\u00a0", "\u0301", "\u200b", "\u2028", "\u202e", "\ufeff", "\ufffd", "😀", "１",
    "program(1.3)", "program(1.0)", "func", "tensor", "list", "dict", "tuple", "state", "BLOBFILE",
    "tensor_buffer", "string", "bool", "fp16", "fp32", "fp64", "bf16", "fp8e5m2", "int4", "uint3",
    "int64", "true", "false", "inf", "-inf", "nan", "nan(0x7e01)", "`a.b`", '"\\x00"', '"\\ud800"',
    "0", "-0", "1", "-1", "00", "1.", ".5", "1e999", "-1e-999", "0x", "0x1p+0", "0x1p9999", "1_0",
    "255", "65536", "2147483648", "9223372036854775808", "18446744073709551616", "9" * 5000,
    "0x" + "f" * 300, "main", "x", "a = b", "fp32 x", "const()", "cond", "while_loop",
    "[val = int32(1)]", "(a, b)", "{ a(); } -> ()", "-> (x)", "tensor<fp32, [4, ?]>",
    "tensor<fp32, [4000000000, 4000000000]>", "list<list<fp32, ?>, 2>", "dict<string, string>",
    'tensor<fp16, [2]>(BLOBFILE(path = string("@model_path/w.bin"), offset = uint64(64)))',
)  # fmt: skip
"""What is put in: every kind of lexeme, and what is none."""

STORMS = ("(", "[", "{", "[[", "tuple<", "a(x = ", "({", "c() { ", "//", " ", '"', "`\\", ",", "1,")
"""What is put in many times over."""

EDGES = (0, 1, 2, 63, 64, 65, 127, 128, 255, 4096, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1,
         1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)  # fmt: skip
"""Numbers at which something may turn over."""


class Bits(Random):
    """Randomness out of given bytes; zeros once they are used up."""

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._left = int.from_bytes(data, "little")

    def getrandbits(self, k: int) -> int:
        drawn = self._left & (1 << k) - 1
        self._left >>= k
        return drawn

    def random(self) -> float:
        return self.getrandbits(24) / (1 << 24)


def mutated_text(text: str, random: Random, others: Sequence[str] = ()) -> str:
    """The text after one to four changes."""
    for _ in range(random.randint(1, 4)):
        text = random.choice(_TEXT)(text, random, others or (text,))
    return text


def mutated_bytes(data: bytes, random: Random) -> bytes:
    """The bytes after one to four changes."""
    held = bytearray(data)
    for _ in range(random.randint(1, 4)):
        random.choice(_BYTES)(held, random)
    return bytes(held)


def mutated_message(message: Message, random: Random) -> Message:
    """The message after one to four changes to fields within it; every one of its kind is tried."""
    for _ in range(random.randint(1, 4)):
        holder = random.choice([held for held in _within(message) if held.DESCRIPTOR.fields])
        field = random.choice(holder.DESCRIPTOR.fields)
        random.choice(_FIELDS)(holder, field, random)
    return message


# Texts


def _change_lexemes(text: str, random: Random, others: Sequence[str]) -> str:
    found = _lexemes(text) or [""]
    at, to = random.randrange(len(found)), random.randrange(len(found))
    change = random.randrange(6)
    if change == 0:
        del found[at : at + random.randint(1, 8)]
    elif change == 1:
        found.insert(to, found[at])
    elif change == 2:
        found[at], found[to] = found[to], found[at]
    elif change == 3:
        found[at] = random.choice(PIECES)
    elif change == 4:
        found.insert(at, random.choice(PIECES))
    else:
        found[at:to] = []
    return "".join(found)


def _change_lines(text: str, random: Random, others: Sequence[str]) -> str:
    lines = text.split("\n")
    at = random.randrange(len(lines))
    change = random.randrange(4)
    if change == 0:
        del lines[at]
    elif change == 1:
        lines.insert(random.randrange(len(lines)), lines[at])
    elif change == 2:
        lines.insert(at, random.choice(random.choice(others).split("\n")))
    else:
        lines = lines[at:] + lines[:at]
    return "\n".join(lines)


def _cut(text: str, random: Random, others: Sequence[str]) -> str:
    return text[: random.randrange(len(text) + 1)]


def _storm(text: str, random: Random, others: Sequence[str]) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(STORMS) * random.choice((2, 10, 70, 300)) + text[at:]


def _change_number(text: str, random: Random, others: Sequence[str]) -> str:
    places = [match.span() for match in re.finditer(r"\d+", text)]
    if not places:
        return text
    start, end = random.choice(places)
    number = random.choice([*map(str, EDGES), "-1", "?", "1.5", "0x10", "true", "", "1e5"])
    return text[:start] + number + text[end:]


_TEXT: tuple[Callable[[str, Random, Sequence[str]], str], ...] = (
    _change_lexemes, _change_lexemes, _change_lexemes, _change_lines, _cut, _storm, _change_number,
)  # fmt: skip


# Bytes


def _flip(data: bytearray, random: Random) -> None:
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _set_byte(data: bytearray, random: Random) -> None:
    if data:
        data[random.randrange(len(data))] = random.choice((0, 1, 0x7F, 0x80, 0xFF, 0x0A, 0x12))


def _truncate(data: bytearray, random: Random) -> None:
    del data[random.randrange(len(data) + 1) :]


def _remove(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data) + 1)
    del data[at : at + random.randint(1, 64)]


def _repeat(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data) + 1)
    data[at:at] = data[at : at + random.randint(1, 64)] * random.choice((1, 2, 50))


def _set_word(data: bytearray, random: Random) -> None:
    word = struct.pack("<Q", random.choice(EDGES))[: random.choice((4, 8))]
    if len(data) >= 8:
        at = random.randrange(len(data) - 7) // 8 * 8 if random.random() < 0.7 else 0
        data[at : at + len(word)] = word


_BYTES: tuple[Callable[[bytearray, Random], None], ...] = (
    _flip, _flip, _set_byte, _truncate, _remove, _repeat, _set_word, _set_word,
)  # fmt: skip


# Messages


def _within(message: Message) -> list[Message]:
    """The message and all that it holds; of very many, the first ones."""
    found = [message]
    for holder in found:
        for _, held in holder.ListFields():
            found += _messages(held)[:20]
        if len(found) > 2000:
            break
    return found


def _messages(held: Any) -> list[Message]:
    if isinstance(held, Message):
        return [held]
    if hasattr(held, "MergeFrom") and not isinstance(held, str | bytes):
        items = held.values() if hasattr(held, "values") else held
        return [item for item in items if isinstance(item, Message)]
    return []


def _clear(holder: Message, field: FieldDescriptor, random: Random) -> None:
    set_fields = [held for held, _ in holder.ListFields()]
    holder.ClearField((random.choice(set_fields) if set_fields else field).name)


def _repeat_field(holder: Message, field: FieldDescriptor, random: Random) -> None:
    lists = [f for f, _ in holder.ListFields() if f.is_repeated and not _is_map(f)]
    if not lists:
        return
    chosen = random.choice(lists)
    held = getattr(holder, chosen.name)
    for _ in range(random.choice((1, 2, 30))):
        item = held[random.randrange(len(held))]
        held.extend([item])


def _reorder(holder: Message, field: FieldDescriptor, random: Random) -> None:
    lists = [f for f, _ in holder.ListFields() if f.is_repeated and not _is_map(f)]
    for chosen in lists:
        held = getattr(holder, chosen.name)
        items = list(held)
        random.shuffle(items)
        copies = [_copied(item) for item in items]
        del held[:]
        held.extend(copies)


def _set_field(holder: Message, field: FieldDescriptor, random: Random) -> None:
    """Give any field, also one of a oneof that another member of holds, some value."""
    if _is_map(field):
        _set_entry(holder, field, random)
    elif field.message_type is not None:
        target = getattr(holder, field.name)
        (target.add() if field.is_repeated else target).SetInParent()
    elif field.is_repeated:
        getattr(holder, field.name).extend([_scalar(field, random)] * random.choice((1, 3)))
    else:
        setattr(holder, field.name, _scalar(field, random))


def _set_entry(holder: Message, field: FieldDescriptor, random: Random) -> None:
    held = getattr(holder, field.name)
    key_field = field.message_type.fields_by_name["key"]
    keys = list(held)
    key = random.choice([*keys, _scalar(key_field, random)])
    value = field.message_type.fields_by_name["value"]
    if value.message_type is None:
        held[key] = _scalar(value, random)
    elif keys:
        held[key].CopyFrom(held[random.choice(keys)])
    else:
        held[key].SetInParent()


def _nest(holder: Message, field: FieldDescriptor, random: Random) -> None:
    """Put a copy of a message into one of its kind within it."""
    same = [m for m in _within(holder)[1:] if m.DESCRIPTOR is holder.DESCRIPTOR]
    if same:
        random.choice(same).CopyFrom(_copied(holder))


_FIELDS: tuple[Callable[[Message, FieldDescriptor, Random], None], ...] = (
    _clear, _repeat_field, _reorder, _set_field, _set_field, _set_field, _nest,
)  # fmt: skip

NAMES = (
    "", "x", "main", "val", "name", "a.b", "é", "\n", "\0", '"', "`", "\\", "const", "cond", "list",
    "CoreML5", "CoreML7", "CoreML9", "ios18", "@model_path/weights/weight.bin", "@model_path/../w",
    "@model_path//etc/passwd", "/etc/passwd", "loop_vars", "FlexibleShapeInformation", "n" * 3000,
)  # fmt: skip


def _scalar(field: FieldDescriptor, random: Random) -> Any:
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return bool(random.getrandbits(1))
    if kind == FieldDescriptor.CPPTYPE_STRING:
        name = random.choice(NAMES)
        return name.encode() if field.type == FieldDescriptor.TYPE_BYTES else name
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        return random.choice([*(value.number for value in field.enum_type.values), 99, 1 << 30])
    if kind in (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE):
        return random.choice((0.0, -1.5, float("inf"), float("nan"), 1e38))
    number = random.choice(EDGES)
    bits = 32 if kind in (FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_UINT32) else 64
    number &= (1 << bits) - 1
    signed = kind in (FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64)
    return number - (1 << bits) if signed and number >> bits - 1 else number


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _copied(item: Any) -> Any:
    if not isinstance(item, Message):
        return item
    made = type(item)()
    made.CopyFrom(item)
    return made
