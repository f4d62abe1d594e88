"""Types and constants as the oracle's records spell them, turned into milc's own.

A record spells a type `tensor<fp32,[2,is0]>`. A dimension that is no number is a symbol, or an
expression of symbols, and `?` in a file. coremltools also infers negative lengths, which no tensor
has: they are kept for comparing, and `declared` makes them `?` for writing.
"""

from __future__ import annotations

import base64
import re
import struct
from functools import cache
from typing import Any

from milc.ir.constants import literal
from milc.ir.literals import WEIGHT_FILE, BlobRef, Literal, TensorLiteral, string_literal
from milc.ir.numbers import STRUCT_CODES, pack
from milc.ir.types import (
    ELEMENT_TYPES,
    DictType,
    Dim,
    ElementType,
    ListType,
    StateType,
    TensorType,
    TupleType,
    Type,
)

_TENSOR = re.compile(r"tensor<(\w+),\s*\[(.*)\]>")
_HOLDER = re.compile(r"(list|dict|state|tuple)<(.*)>")
_ELEMENTS = {
    "float16": "fp16", "float32": "fp32", "float64": "fp64",
    "float": "fp32", "double": "fp64", "int": "int32", "str": "string",
}  # fmt: skip
BLOB_OFFSET = 64
"""Where a weight whose elements are not recorded is said to lie; nothing reads it."""


class NotRecorded(ValueError):
    """A spelling that no type or constant of milc's answers to."""


@cache
def read_type(text: str) -> Type:
    """The type that a record spells, with None for what is symbolic. Raises NotRecorded."""
    text = text.strip()
    if found := _TENSOR.fullmatch(text):
        # A symbol with a star stands for any number of dimensions.
        shape = None if found[2].startswith("*") else dims(found[2])
        return TensorType(element(found[1]), shape)
    if found := _HOLDER.fullmatch(text):
        parts = split(found[2])
        if found[1] == "list" and len(parts) == 2:
            return ListType(read_type(parts[0]), dim(parts[1]))
        if found[1] == "dict" and len(parts) == 2:
            return DictType(read_type(parts[0]), read_type(parts[1]))
        if found[1] == "state" and len(parts) == 1:
            return StateType(read_type(parts[0]))
        if found[1] == "tuple":
            return TupleType(*map(read_type, parts))
    return TensorType(element(text))


def element(name: str) -> ElementType:
    """The element type of a name, MIL's or Python's. Raises NotRecorded."""
    found = ELEMENT_TYPES.get(_ELEMENTS.get(name, name))
    if found is None:
        raise NotRecorded(f"no element type is called {name}")
    return found


def dims(text: str) -> tuple[Dim, ...]:
    """The dimensions between the brackets of a type."""
    return tuple(map(dim, split(text)))


def dim(text: str) -> Dim:
    """A length, or None for a symbol."""
    try:
        return int(text)
    except ValueError:
        return None


def declared(type: Type) -> Type:
    """The type without negative lengths, as a file can hold it."""
    if isinstance(type, ListType):
        return ListType(declared(type.element), _positive(type.length))
    if isinstance(type, TensorType) and type.shape is not None:
        return TensorType(type.element, tuple(map(_positive, type.shape)))
    return type


def _positive(dim: Dim) -> Dim:
    return None if isinstance(dim, int) and dim < 0 else dim


def split(text: str) -> list[str]:
    """The parts between the commas that stand in no bracket."""
    parts, depth, begun = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "<[(") - (char in ">])")
        if char == "," and not depth:
            parts.append(text[begun:at])
            begun = at + 1
    last = text[begun:]
    return [*parts, last] if last.strip() else parts


def constant(record: dict[str, Any]) -> Literal:
    """The literal of a recorded constant; a reference where the elements are not recorded."""
    if "b64" in record:
        return _packed(record)
    if "big" in record:
        name, shape = record["big"]
        return BlobRef(TensorType(element(name), tuple(shape)), WEIGHT_FILE, BLOB_OFFSET)
    if "np" in record:
        return _listed(record)
    value = record.get("py", record)
    return string_literal(value) if isinstance(value, str) else literal(value)


def _packed(record: dict[str, Any]) -> Literal:
    """Raw elements, a byte or more each, also where MIL packs them more tightly."""
    stored = element(record["dt"])
    meant = element(record.get("mil") or record["dt"])
    data = base64.b64decode(record["b64"])
    if stored is not meant:
        count = len(data) * 8 // stored.bits
        data = pack(meant, struct.unpack(f"<{count}{STRUCT_CODES[stored.name]}", data))
    return TensorLiteral(TensorType(meant, tuple(record["sh"])), data)


def _listed(record: dict[str, Any]) -> Literal:
    """An array whose elements are written out, or left out. The peer reads fp64 as fp32."""
    name = {"float64": "fp32", "int64": "int32"}.get(record["np"], record["np"])
    type = TensorType(element(name), tuple(record["shape"]))
    values = record["data"]
    if values is None:
        return BlobRef(type, WEIGHT_FILE, BLOB_OFFSET)
    return TensorLiteral(type, pack(type.element, values))
