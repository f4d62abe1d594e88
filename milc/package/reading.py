"""Types and values out of their protobuf messages; equal messages are read once.

Imports diagnostics, ir and the protobuf schema.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from milc.ir.numbers import pack
from milc.ir.types import (
    MAX_RANK,
    SCALAR_STRING,
    VARIADIC,
    DictType,
    Dim,
    ElementType,
    ListType,
    StateType,
    TensorType,
    TupleType,
    Type,
    is_sane,
)
from milc.package.faults import DEEPEST, Fault
from milc.package.proto import mil_pb2 as pb
from milc.package.tables import ELEMENTS, can_hold, member_of
from milc.package.wire import STRING_VALUE, Heads

KEPT_VALUE: Final = 512
"""Bytes up to which a value's message is remembered, so that its like is not read again."""

_SHORT_STRING: Final = 100
"""Strings of fewer bytes than this have nothing but lengths of one byte around them."""
_HEADS: Final = tuple(map(Heads(*STRING_VALUE).__getitem__, range(_SHORT_STRING)))
_HEAD: Final = len(_HEADS[0])


class Kept:
    """Elements that came in another member of the message than milc would write them in.

    `message` is the serialised TensorValue, to be written back as it was; None where there is none.
    """

    __slots__ = ("data", "element", "message")

    def __init__(
        self, element: ElementType, data: bytes | tuple[str, ...], message: bytes | None
    ) -> None:
        self.element = element
        self.data = data
        self.message = message

    def read(self) -> bytes | tuple[str, ...]:
        """The packed bytes of the elements."""
        return self.data


class SpeltOut(tuple[Literal, ...]):
    """No items, in a message of their own, where coremltools leaves an empty list out."""

    __slots__ = ()


class Reader:
    """Reads types and values. Raises Fault for what is malformed."""

    def __init__(self) -> None:
        self._types: dict[bytes, Type] = {}
        self._values: dict[bytes, Literal] = {}

    def type(self, message: pb.ValueType, depth: int = 0) -> Type:
        """The type that a message means."""
        raw = message.SerializeToString()
        found = self._types.get(raw)
        if found is None:
            found = self._types[raw] = self._type(message, depth)
        return found

    def value(self, message: pb.Value, depth: int = 0) -> Literal:
        """The literal that a message means."""
        raw = message.SerializeToString()
        length = len(raw) - _HEAD
        if 0 <= length < _SHORT_STRING and raw.startswith(_HEADS[length]):
            return TensorLiteral(SCALAR_STRING, (raw[_HEAD:].decode(),))
        found = self._values.get(raw)
        if found is None:
            found = self._value(message, depth)
            if len(raw) <= KEPT_VALUE:
                self._values[raw] = found
        return found

    def values(self, messages: Mapping[str, pb.Value]) -> dict[str, Literal]:
        """Attributes, sorted by name."""
        return {_named(name): self.value(messages[name]) for name in sorted(messages)}

    # Types

    def _type(self, message: pb.ValueType, depth: int) -> Type:
        if depth > DEEPEST:
            raise Fault("MIL0530", f"a type lies more than {DEEPEST} deep in other types")
        form = message.WhichOneof("type")
        if form is None:
            raise Fault("MIL0526", "a type is missing")
        read: Callable[[Any, int], Type] = getattr(self, f"_{form}")
        return read(getattr(message, form), depth + 1)

    def _tensorType(self, message: pb.TensorType, depth: int) -> TensorType:  # noqa: N802
        element = ELEMENTS.get(message.dataType)
        if element is None:
            raise Fault(
                "MIL0527",
                f"{message.dataType} is not the number of an element type",
                "a newer writer may know it; milc knows those of Core ML 9",
            )
        rank, count = message.rank, len(message.dimensions)
        if count > MAX_RANK:
            raise Fault("MIL0528", f"a tensor type has {count} dimensions; {MAX_RANK} are possible")
        attributes = tuple(self.values(message.attributes).items()) if message.attributes else ()
        if rank == -1 and not count:
            return TensorType(element, None, attributes)
        if rank != count:
            raise Fault("MIL0528", f"a tensor type of rank {rank} has {count} dimensions")
        shape = tuple(map(_dimension, message.dimensions))
        if not is_sane(element, shape):
            raise Fault("MIL0529", f"a tensor of shape {list(shape)} takes more than 2^40 bytes")
        return TensorType(element, shape, attributes)

    def _listType(self, message: pb.ListType, depth: int) -> ListType:  # noqa: N802
        return ListType(self.type(message.type, depth), _dimension(message.length))

    def _tupleType(self, message: pb.TupleType, depth: int) -> TupleType:  # noqa: N802
        return TupleType(*[self.type(item, depth) for item in message.types])

    def _dictionaryType(self, message: pb.DictionaryType, depth: int) -> DictType:  # noqa: N802
        return DictType(self.type(message.keyType, depth), self.type(message.valueType, depth))

    def _stateType(self, message: pb.StateType, depth: int) -> StateType:  # noqa: N802
        return StateType(self.type(message.wrappedType, depth))

    # Values

    def _value(self, message: pb.Value, depth: int) -> Literal:
        if depth > DEEPEST:
            raise Fault("MIL0530", f"a value lies more than {DEEPEST} deep in other values")
        type, doc = self.type(message.type), message.docString
        if message.HasField("blobFileValue"):
            if not isinstance(type, TensorType):
                raise Fault("MIL0531", f"a value of type {type!r} refers to a weight file")
            blob = message.blobFileValue
            return BlobRef(type, blob.fileName, blob.offset, doc)
        form = message.immediateValue.WhichOneof("value")
        if form is None and not message.HasField("immediateValue"):
            return _nothing(type, doc)
        if form is None:
            raise Fault("MIL0531", f"a value of type {type!r} has a content of no kind")
        kind, read = _FORMS[form]
        if not isinstance(type, kind):
            raise Fault("MIL0531", f"a value of type {type!r} holds a {form}")
        literal: Literal = read(self, type, getattr(message.immediateValue, form), doc, depth + 1)
        return literal

    def _item(self, type: Type, message: pb.Value, depth: int) -> Literal:
        literal = self.value(message, depth)
        if literal.type is not type:
            raise Fault("MIL0531", f"an item of type {literal.type!r} stands for one of {type!r}")
        return literal

    def _tensor(self, type: TensorType, message: pb.TensorValue, doc: str, depth: int) -> Literal:
        return TensorLiteral(type, _elements(type, message), doc)

    def _list(self, type: ListType, message: pb.ListValue, doc: str, depth: int) -> Literal:
        if isinstance(type.length, int) and type.length != len(message.values):
            raise Fault("MIL0532", f"a {type!r} holds {len(message.values)} items")
        items = [self._item(type.element, item, depth) for item in message.values]
        literal = ListLiteral(type, items, doc)
        literal.items = literal.items or SpeltOut()
        return literal

    def _tuple(self, type: TupleType, message: pb.TupleValue, doc: str, depth: int) -> Literal:
        if len(type.items) != len(message.values):
            raise Fault("MIL0532", f"a {type!r} holds {len(message.values)} items")
        pairs = zip(type.items, message.values, strict=True)
        return TupleLiteral(type, [self._item(kind, item, depth) for kind, item in pairs], doc)

    def _dictionary(
        self, type: DictType, message: pb.DictionaryValue, doc: str, depth: int
    ) -> Literal:
        entries = [
            (self._item(type.key, pair.key, depth), self._item(type.value, pair.value, depth))
            for pair in message.values
        ]
        return DictLiteral(type, entries, doc)


_FORMS: Final[dict[str, tuple[type[Type], Callable[..., Literal]]]] = {
    "tensor": (TensorType, Reader._tensor),
    "list": (ListType, Reader._list),
    "tuple": (TupleType, Reader._tuple),
    "dictionary": (DictType, Reader._dictionary),
}


def _named(name: str) -> str:
    if not name:
        raise Fault("MIL0525", "an attribute has no name")
    return name


def _dimension(message: pb.Dimension) -> Dim:
    if message.HasField("constant"):
        return message.constant.size
    if not message.HasField("unknown"):
        raise Fault("MIL0529", "a dimension is neither constant nor unknown")
    return VARIADIC if message.unknown.variadic else None


def _nothing(type: Type, doc: str) -> Literal:
    """A value without content, which is what coremltools makes of an empty list."""
    if isinstance(type, ListType) and not type.length:
        return ListLiteral(type, (), doc)
    if isinstance(type, TensorType) and type.count == 0:
        empty: bytes | tuple[str, ...] = () if type.element is t.STRING else b""
        return TensorLiteral(type, Kept(type.element, empty, None), doc)
    raise Fault("MIL0531", f"a value of type {type!r} holds nothing")


def _elements(type: TensorType, message: pb.TensorValue) -> bytes | tuple[str, ...] | Kept:
    """The elements of a tensor, checked against its type."""
    element, member = type.element, message.WhichOneof("value")
    if member is None:
        _count_is(type, 0)
        return Kept(element, () if element is t.STRING else b"", b"")
    if not can_hold(member, element):
        raise Fault("MIL0531", f"a value of type {type!r} holds its elements as `{member}`")
    held = getattr(message, member)
    if member == "bytes":
        data: bytes | tuple[str, ...] = _packed(type, held.values)
    else:
        _count_is(type, len(held.values))
        data = _unpacked(element, member, held)
    if member == member_of(element):
        return data
    return Kept(element, data, message.SerializeToString())


def _packed(type: TensorType, data: bytes) -> bytes:
    """What came as bytes: of the right size, and for bools nothing but 0 and 1."""
    size, bits = type.byte_size, type.element.bits
    if size is None:
        _count_is(type, len(data) * 8 // bits)
    elif len(data) != size:
        raise Fault("MIL0532", f"a value of type {type!r} takes {size} bytes and has {len(data)}")
    if type.element is t.BOOL and data.translate(None, b"\0\1"):
        raise Fault("MIL0533", "a byte of a bool value is neither 0 nor 1")
    return data


def _unpacked(element: ElementType, member: str, held: Any) -> bytes | tuple[str, ...]:
    if member == "strings":
        return tuple(held.values)
    if member == "bools":
        return bytes(held.values)
    if member in ("floats", "doubles") and member == member_of(element):
        # On the wire the numbers stand packed at the end: their very bits, also those of NaNs.
        size = len(held.values) * element.bits // 8
        return held.SerializeToString()[-size:] if size else b""
    # Numbers from 2^63 on stand in longInts as the negative ones of the same bits.
    kind = t.INT64 if element is t.UINT64 and member == "longInts" else element
    try:
        return pack(kind, held.values)
    except OverflowError as error:
        raise Fault("MIL0533", f"an element does not fit {element}") from error


def _count_is(type: TensorType, count: int) -> None:
    """Check the number of elements; one `?` in the shape takes what is there."""
    if type.count == count:
        return
    dims = type.shape or (VARIADIC,)
    if type.count is None and VARIADIC not in dims and dims.count(None) == 1:
        rest = TensorType(type.element, tuple(dim for dim in dims if dim is not None)).count
        if count == 0 or rest and count % rest == 0:
            return
    raise Fault("MIL0532", f"a value of type {type!r} has {count} elements")
