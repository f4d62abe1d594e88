"""Constant values: tensors, lists, dicts, tuples, and references into weight files.

A literal's elements stay in the form they came in (a slice of text, a protobuf message, bytes)
until somebody asks for them; `TensorLiteral.data` is then the packed little-endian bytes that a
weight file would hold. Literals are immutable and compare by value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, Protocol

from milc.ir import packed
from milc.ir.numbers import pack, unpack
from milc.ir.types import (
    BF16,
    SCALAR_STRING,
    STRING,
    DictType,
    ElementType,
    ListType,
    TensorType,
    TupleType,
    Type,
)

if TYPE_CHECKING:
    import numpy

Scalar = bool | int | float | str

MODEL_PATH: Final = "@model_path/"
"""What the path of every blob reference begins with: the folder that holds the program."""

WEIGHT_FILE: Final = f"{MODEL_PATH}weights/weight.bin"
"""Where every known writer keeps the weights."""

FEW: Final = 8
"""Of no more elements than this a literal keeps the values that it was asked for."""


class Payload(Protocol):
    """Elements in the form they came in."""

    def read(self) -> bytes | tuple[str, ...]:
        """The packed bytes of the elements; for strings the strings themselves."""


class Literal:
    """A constant value of a type. `doc` is the protobuf's doc string, which text cannot carry."""

    __slots__ = ("doc", "type")
    type: Type
    doc: str

    @property
    def parts(self) -> tuple[Literal, ...]:
        """The literals it is made of: items, or keys and values in turn; of a tensor none."""
        return ()

    def walk(self) -> Iterator[Literal]:
        """The literal and all those inside it, in text order."""
        todo = [self]
        while todo:
            literal = todo.pop()
            yield literal
            todo.extend(reversed(literal.parts))

    def content(self) -> object:
        """What tells it from others of its type: bytes, strings, parts, or path and offset."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        assert isinstance(other, Literal)
        if self.type is not other.type or self.doc != other.doc:
            return False
        return self.content() == other.content()

    def __hash__(self) -> int:
        return hash((self.type, self.content()))

    def __repr__(self) -> str:
        shown = repr(self.content())
        return f"{self.type!r}({shown if len(shown) < 60 else shown[:57] + '...'})"


class TensorLiteral(Literal):
    """A tensor (or scalar) written out in the program.

    `payload` is the bytes of the elements, packed as in a weight file (little-endian; a byte a
    bool; sub-byte elements from the least significant bit on, without gaps), or for strings a
    tuple of str, or an object whose `read` gives either when first asked.
    """

    __slots__ = ("_few", "payload")
    type: TensorType

    def __init__(
        self, type: TensorType, payload: bytes | tuple[str, ...] | Payload, doc: str = ""
    ) -> None:
        self.type = type
        self.payload = payload
        self.doc = doc
        self._few: tuple[Any, ...] | None = None

    @property
    def data(self) -> bytes:
        """The packed bytes of the elements. Raises TypeError for strings."""
        data = self.content()
        if not isinstance(data, bytes):
            raise TypeError("a string tensor has no packed bytes")
        return data

    @property
    def strings(self) -> tuple[str, ...]:
        """The elements of a string tensor in row-major order. Raises TypeError for any other."""
        data = self.content()
        if isinstance(data, bytes):
            raise TypeError(f"a tensor of {self.type.element} holds no strings")
        return data

    def content(self) -> bytes | tuple[str, ...]:
        """The packed bytes of the elements; for strings the strings themselves."""
        payload = self.payload
        return payload if isinstance(payload, bytes | tuple) else payload.read()

    def values(self) -> list[Any]:
        """The elements in row-major order as Python's bool, int, float or str."""
        data = self.content()
        if isinstance(data, tuple):
            return list(data)
        element, count = self.type.element, self.type.count
        if count is None:  # `tensor<int32, [?]>([1, 4])`: the elements tell the length
            count = len(data) * 8 // element.bits
        return unpack(element, data, count)

    def elements(self) -> tuple[Any, ...]:
        """The same as a tuple; of few elements, which are asked for often, it is kept."""
        found = self._few
        if found is None:
            found = tuple(self.values())
            if len(found) <= FEW:
                self._few = found
        return found

    def item(self) -> Any:
        """The only element. Raises ValueError if there are more or none."""
        (value,) = self.values()
        return value

    def numpy(self) -> numpy.ndarray[Any, Any]:
        """The elements as an array of the literal's shape.

        Sub-byte integers come as int8 or uint8; bf16 and fp8, which numpy has no dtype for, as
        the float32 of equal value. Raises TypeError for strings.
        """
        import numpy

        element = self.type.element
        shape = [d if isinstance(d, int) else -1 for d in self.type.shape or ()]
        plain = _NUMPY.get(element.name)
        if plain is not None:
            return numpy.frombuffer(self.buffer(), dtype=plain).reshape(shape)
        buffer = self.buffer()
        if element is BF16:
            return packed.bfloats(buffer).reshape(shape)
        if element.is_float:
            table = unpack(element, bytes(range(256)), 256)
            coded = numpy.frombuffer(buffer, "u1").reshape(shape)
            return numpy.array(table, "<f4").take(coded)
        count = len(buffer) * 8 // element.bits if self.type.count is None else self.type.count
        return packed.integers(element, buffer, count).reshape(shape)

    def buffer(self) -> bytes | memoryview:
        """The packed bytes of the elements, mapped rather than read if they lie in a file.

        Raises TypeError for strings.
        """
        view = getattr(self.payload, "view", None)
        return self.data if view is None else view()


class ListLiteral(Literal):
    """A list of literals of one type."""

    __slots__ = ("items",)
    type: ListType

    def __init__(self, type: ListType, items: Iterable[Literal], doc: str = "") -> None:
        self.type = type
        self.items = tuple(items)
        self.doc = doc

    @property
    def parts(self) -> tuple[Literal, ...]:
        return self.items

    def content(self) -> tuple[Literal, ...]:
        return self.items


class TupleLiteral(Literal):
    """A tuple of literals, each of its own type."""

    __slots__ = ("items",)
    type: TupleType

    def __init__(self, type: TupleType, items: Iterable[Literal], doc: str = "") -> None:
        self.type = type
        self.items = tuple(items)
        self.doc = doc

    @property
    def parts(self) -> tuple[Literal, ...]:
        return self.items

    def content(self) -> tuple[Literal, ...]:
        return self.items


class DictLiteral(Literal):
    """Pairs of key and value, in the order they were written, which carries no meaning."""

    __slots__ = ("entries",)
    type: DictType

    def __init__(
        self, type: DictType, entries: Iterable[tuple[Literal, Literal]], doc: str = ""
    ) -> None:
        self.type = type
        self.entries = tuple(entries)
        self.doc = doc

    @property
    def by_key(self) -> tuple[tuple[Literal, Literal], ...]:
        """The entries in an order that depends on their keys alone, for comparing."""
        return tuple(sorted(self.entries, key=lambda entry: str(entry[0].content())))

    @property
    def parts(self) -> tuple[Literal, ...]:
        return tuple(part for entry in self.entries for part in entry)

    def content(self) -> tuple[tuple[Literal, Literal], ...]:
        return self.by_key


class BlobRef(Literal):
    """A reference into a weight file: the data is not read until somebody opens the file.

    `path` begins with MODEL_PATH, the folder that holds the program; `offset` is the byte
    offset of the blob's 64-byte metadata record, not of its data.
    """

    __slots__ = ("offset", "path")

    def __init__(self, type: Type, path: str, offset: int, doc: str = "") -> None:
        self.type = type
        self.path = path
        self.offset = offset
        self.doc = doc

    def content(self) -> tuple[str, int]:
        return self.path, self.offset


class Unread(Literal):
    """Stands for a literal that a reader found faulty, and has reported."""

    __slots__ = ()

    def __init__(self, type: Type) -> None:
        self.type = type
        self.doc = ""

    def content(self) -> str:
        return "…"


_NUMPY = {
    "bool": "?", "fp16": "<f2", "fp32": "<f4", "fp64": "<f8",
    "int8": "i1", "int16": "<i2", "int32": "<i4", "int64": "<i8",
    "uint8": "u1", "uint16": "<u2", "uint32": "<u4", "uint64": "<u8",
}  # fmt: skip


def tensor(element: ElementType, shape: tuple[int, ...], values: Iterable[Any]) -> TensorLiteral:
    """A tensor literal of Python values in row-major order.

    Raises ValueError if there are more or fewer values than the shape holds, OverflowError for an
    integer that the element type cannot hold.
    """
    held = tuple(values)
    type = TensorType(element, shape)
    if len(held) != type.count:
        raise ValueError(f"{type!r} holds {type.count} elements, not {len(held)}")
    return TensorLiteral(type, held if element is STRING else pack(element, held))


def scalar_literal(element: ElementType, value: Scalar) -> TensorLiteral:
    """A scalar literal."""
    return tensor(element, (), (value,))


def string_literal(value: str) -> TensorLiteral:
    """A string scalar, such as the `name` attribute of every op."""
    return TensorLiteral(SCALAR_STRING, (value,))


def string_of(literal: Literal | None) -> str | None:
    """The characters of a string scalar; None for anything else."""
    if not isinstance(literal, TensorLiteral) or literal.type is not SCALAR_STRING:
        return None
    return next(iter(literal.strings), None)
