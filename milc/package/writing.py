"""Types and values as serialised protobuf messages; equal types are written once.

Immediate encodings are those of coremltools 9.0: fp32 as floats, fp64 as doubles, int16, int32 and
uint16 as ints, int64 and uint64 as longInts, bool as bools, strings as strings, every other element
type as packed bytes; a scalar has rank 0, which proto3 leaves out; an empty tensor has its member,
empty. Imports diagnostics, ir and the protobuf schema.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from milc.ir import types as t
from milc.ir.literals import (
    BlobRef,
    DictLiteral,
    ListLiteral,
    Literal,
    TensorLiteral,
    TupleLiteral,
)
from milc.ir.numbers import unpack
from milc.ir.types import (
    SCALAR_STRING,
    TO_INFER,
    VARIADIC,
    DictType,
    Dim,
    ListType,
    StateType,
    TensorType,
    TupleType,
    Type,
)
from milc.package.faults import DEEPEST, Fault
from milc.package.proto import mil_pb2 as pb
from milc.package.reading import Kept, SpeltOut
from milc.package.tables import DATA_TYPES, member_of
from milc.package.wire import field, number, text

_LEFT_OPEN: Final = "it is left open as `_`: `milc verify` says what keeps it from being inferred"
_OF_A_DUMP: Final = "only Apple's runtime writes such types, into what it dumps of its analysis"

_UNKNOWN_DIMENSION: Final = b"\x12\x00"
_VARIADIC_DIMENSION: Final = b"\x12\x02\x08\x01"
_UNKNOWN_RANK: Final = number(b"\x10", -1)


def scalar_string(literal: Literal) -> bytes | None:
    """The characters of a string scalar without a doc string; None for any other value."""
    if literal.type is not SCALAR_STRING or literal.doc or literal.__class__ is not TensorLiteral:
        return None
    payload = literal.payload
    return payload[0].encode() if payload.__class__ is tuple and len(payload) == 1 else None


class Writer:
    """Writes types and values. Raises Fault for what a package cannot hold.

    `weights` collects the paths of the weight files that values refer to; `nested` tells that types
    other than tensors lie in one another, and with them values, perhaps deeper than protobuf reads.
    """

    def __init__(self) -> None:
        self.weights: dict[str, None] = {}
        self.nested = False
        self._types: dict[Type, bytes] = {}
        # By identity: what a reader shared is written once, and no value has to be hashed.
        self._values: dict[int, tuple[Literal, bytes]] = {}

    def type(self, type: Type, depth: int = 0) -> bytes:
        """The ValueType message of a type."""
        found = self._types.get(type)
        if found is None:
            if depth > DEEPEST:
                raise Fault("MIL0530", f"a type lies more than {DEEPEST} deep in other types")
            write = _TYPES.get(type.__class__)
            if write is None:
                raise Fault(
                    "MIL0539",
                    f"a package cannot hold the type {type!r}",
                    _LEFT_OPEN if type is TO_INFER else _OF_A_DUMP,
                )
            found = self._types[type] = write(self, type, depth + 1)
        return found

    def value(self, literal: Literal, depth: int = 0) -> bytes:
        """The Value message of a literal."""
        found = self._values.get(id(literal))
        if found is None:
            found = self._values[id(literal)] = literal, self._value(literal, depth)
        return found[1]

    # Types

    def _tensor_type(self, type: TensorType, depth: int) -> bytes:
        shape = type.shape
        rank = _UNKNOWN_RANK if shape is None else number(b"\x10", len(shape))
        parts = [number(b"\x08", DATA_TYPES[type.element]), rank]
        parts += [field(b"\x1a", _dimension(dim)) for dim in shape or ()]
        self.nested |= bool(type.attributes)
        for name, literal in sorted(dict(type.attributes).items()):
            entry = field(b"\x0a", name.encode()) + field(b"\x12", self.value(literal))
            parts.append(field(b"\x22", entry))
        return field(b"\x0a", b"".join(parts))

    def _list_type(self, type: ListType, depth: int) -> bytes:
        element = self._inner(b"\x0a", type.element, depth)
        return field(b"\x12", element + field(b"\x12", _dimension(type.length)))

    def _tuple_type(self, type: TupleType, depth: int) -> bytes:
        items = [self._inner(b"\x0a", item, depth) for item in type.items]
        return field(b"\x1a", b"".join(items))

    def _dict_type(self, type: DictType, depth: int) -> bytes:
        key = self._inner(b"\x0a", type.key, depth)
        return field(b"\x22", key + self._inner(b"\x12", type.value, depth))

    def _state_type(self, type: StateType, depth: int) -> bytes:
        return field(b"\x2a", self._inner(b"\x0a", type.wrapped, depth))

    def _inner(self, tag: bytes, type: Type, depth: int) -> bytes:
        self.nested |= type.__class__ is not TensorType
        return field(tag, self.type(type, depth))

    # Values

    def _value(self, literal: Literal, depth: int) -> bytes:
        if depth > DEEPEST:
            raise Fault("MIL0530", f"a value lies more than {DEEPEST} deep in other values")
        head = text(b"\x0a", literal.doc) + field(b"\x12", self.type(literal.type))
        if isinstance(literal, BlobRef):
            self.weights[literal.path] = None
            blob = text(b"\x0a", literal.path) + number(b"\x10", literal.offset)
            return head + field(b"\x2a", blob)
        tag, write = _LITERALS[literal.__class__]
        content = write(self, literal, depth + 1)
        return head if content is None else head + field(b"\x1a", field(tag, content))

    def _tensor(self, literal: TensorLiteral, depth: int) -> bytes | None:
        payload, type = literal.payload, literal.type
        if isinstance(payload, Kept) and payload.element is type.element:
            return payload.message
        data = payload if isinstance(payload, bytes | tuple) else payload.read()
        return _tensor_value(type, data)

    def _list(self, literal: ListLiteral, depth: int) -> bytes | None:
        element = literal.type.element
        if not literal.items and not isinstance(literal.items, SpeltOut):
            return None  # as coremltools has it
        return b"".join([self._item(b"\x0a", element, item, depth) for item in literal.items])

    def _tuple(self, literal: TupleLiteral, depth: int) -> bytes:
        pairs = zip(literal.type.items, literal.items, strict=True)
        return b"".join([self._item(b"\x0a", type, item, depth) for type, item in pairs])

    def _dict(self, literal: DictLiteral, depth: int) -> bytes:
        type = literal.type
        pairs = [
            self._item(b"\x0a", type.key, key, depth) + self._item(b"\x12", type.value, held, depth)
            for key, held in literal.entries
        ]
        return b"".join([field(b"\x0a", pair) for pair in pairs])

    def _item(self, tag: bytes, type: Type, literal: Literal, depth: int) -> bytes:
        if literal.type is not type:
            raise Fault("MIL0540", f"an item of type {literal.type!r} stands for one of {type!r}")
        return field(tag, self.value(literal, depth))


_TYPES: Final[dict[type[Type], Callable[[Writer, Any, int], bytes]]] = {
    TensorType: Writer._tensor_type,
    ListType: Writer._list_type,
    TupleType: Writer._tuple_type,
    DictType: Writer._dict_type,
    StateType: Writer._state_type,
}
_LITERALS: Final[dict[type[Literal], tuple[bytes, Callable[[Writer, Any, int], bytes | None]]]] = {
    TensorLiteral: (b"\x0a", Writer._tensor),
    TupleLiteral: (b"\x12", Writer._tuple),
    ListLiteral: (b"\x1a", Writer._list),
    DictLiteral: (b"\x22", Writer._dict),
}
_MEMBERS: Final = {
    "floats": b"\x0a", "ints": b"\x12", "bools": b"\x1a", "strings": b"\x22",
    "longInts": b"\x2a", "doubles": b"\x32", "bytes": b"\x3a",
}  # fmt: skip


def _dimension(dim: Dim) -> bytes:
    if dim is None:
        return _UNKNOWN_DIMENSION
    if dim is VARIADIC:
        return _VARIADIC_DIMENSION
    assert isinstance(dim, int)
    if not 0 <= dim < 1 << 64:
        raise Fault("MIL0529", f"a dimension of {dim} is out of range")
    return field(b"\x0a", number(b"\x08", dim))


def _tensor_value(type: TensorType, data: bytes | tuple[str, ...]) -> bytes:
    """The TensorValue message, the elements in the member that coremltools uses."""
    element, size = type.element, type.byte_size
    member = member_of(element)
    if isinstance(data, tuple) != (element is t.STRING):
        raise Fault("MIL0540", f"the elements of a {type!r} are of another kind")
    if len(data) != (type.count if isinstance(data, tuple) else size) and type.count is not None:
        raise Fault("MIL0540", f"a {type!r} has elements of {len(data)} instead of {size} bytes")
    if member in ("strings", "ints", "longInts"):
        # The numbers are varints, which protobuf's own code packs faster than Python could.
        numbers = data if isinstance(data, tuple) else _integers(type, data)
        message = pb.TensorValue()
        held = getattr(message, member)
        held.values.extend(numbers)
        held.SetInParent()
        return message.SerializeToString()
    assert isinstance(data, bytes)
    return field(_MEMBERS[member], field(b"\x0a", data) if data else b"")


def _integers(type: TensorType, data: bytes) -> list[int]:
    # longInts holds numbers from 2^63 on as the negative ones of the same bits.
    element = t.INT64 if type.element is t.UINT64 else type.element
    return unpack(element, data, len(data) * 8 // element.bits)
