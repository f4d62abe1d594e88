"""MIL's types: immutable, interned, so that equal types are one object.

Interning lets a program with thousands of results hold a few dozen types, and makes comparison
of types an identity test.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from milc.ir.literals import Literal


class ElementType:
    """The type of a tensor's elements.

    `bits` is the storage of one element (8 for bool, 0 for string, which has no fixed size);
    `kind` is one of bool, string, float, int, uint.
    """

    __slots__ = ("bits", "kind", "name")

    def __init__(self, name: str, kind: str, bits: int) -> None:
        self.name = name
        self.kind = kind
        self.bits = bits

    @property
    def is_float(self) -> bool:
        """Whether values are floating point."""
        return self.kind == "float"

    @property
    def is_integer(self) -> bool:
        """Whether values are whole numbers, signed or not."""
        return self.kind in ("int", "uint")

    @property
    def bounds(self) -> tuple[int, int]:
        """Smallest and largest value of an integer type."""
        if self.kind == "uint":
            return 0, (1 << self.bits) - 1
        return -(1 << self.bits - 1), (1 << self.bits - 1) - 1

    def __call__(self, *shape: Dim) -> TensorType:
        """The tensor type of a shape: `FP32(1, None)` is `tensor<fp32, [1, ?]>`, `FP32()` fp32."""
        return TensorType(self, shape)

    def __reduce__(self) -> str:
        return self.name.upper()

    def __repr__(self) -> str:
        return self.name

    def __str__(self) -> str:
        return self.name


BOOL: Final = ElementType("bool", "bool", 8)
STRING: Final = ElementType("string", "string", 0)
FP16: Final = ElementType("fp16", "float", 16)
FP32: Final = ElementType("fp32", "float", 32)
FP64: Final = ElementType("fp64", "float", 64)
BF16: Final = ElementType("bf16", "float", 16)
FP8E4M3FN: Final = ElementType("fp8e4m3fn", "float", 8)
FP8E5M2: Final = ElementType("fp8e5m2", "float", 8)
INT4: Final = ElementType("int4", "int", 4)
INT8: Final = ElementType("int8", "int", 8)
INT16: Final = ElementType("int16", "int", 16)
INT32: Final = ElementType("int32", "int", 32)
INT64: Final = ElementType("int64", "int", 64)
UINT1: Final = ElementType("uint1", "uint", 1)
UINT2: Final = ElementType("uint2", "uint", 2)
UINT3: Final = ElementType("uint3", "uint", 3)
UINT4: Final = ElementType("uint4", "uint", 4)
UINT6: Final = ElementType("uint6", "uint", 6)
UINT8: Final = ElementType("uint8", "uint", 8)
UINT16: Final = ElementType("uint16", "uint", 16)
UINT32: Final = ElementType("uint32", "uint", 32)
UINT64: Final = ElementType("uint64", "uint", 64)

ELEMENT_TYPES: Final[dict[str, ElementType]] = {
    element.name: element
    for element in (
        BOOL, STRING, FP16, FP32, FP64, BF16, FP8E4M3FN, FP8E5M2,
        INT4, INT8, INT16, INT32, INT64,
        UINT1, UINT2, UINT3, UINT4, UINT6, UINT8, UINT16, UINT32, UINT64,
    )
}  # fmt: skip
"""Every element type by its name in text."""


class Variadic:
    """The dimension `...`: any number of dimensions, none included (the protobuf's `variadic`)."""

    __slots__ = ()
    _only: ClassVar[Variadic | None] = None

    def __new__(cls) -> Variadic:
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __repr__(self) -> str:
        return "..."


VARIADIC: Final = Variadic()

Dim = int | None | Variadic
"""A dimension: its length, None for `?`, or VARIADIC for `...`."""

Shape = tuple[Dim, ...]


def allows(shape: Sequence[Dim], lengths: Sequence[int]) -> bool:
    """Whether a tensor of a shape of fixed rank may have these lengths; `?` may be any."""
    return len(shape) == len(lengths) and all(
        dim is None or dim == length for dim, length in zip(shape, lengths, strict=True)
    )


MAX_RANK: Final = 32
"""A tensor of more dimensions is a mistake, or an attack on whoever multiplies them."""

MAX_BYTES: Final = 1 << 40
"""So is a tensor type of more bytes than this, 1 TiB."""


def is_sane(element: ElementType, shape: Shape) -> bool:
    """Whether a text or a package may declare such a tensor. A dimension of 0 does not count."""
    if len(shape) > MAX_RANK:
        return False
    known = max(element.bits // 8, 1)
    for dim in shape:
        known *= dim if isinstance(dim, int) and dim else 1
    return known <= MAX_BYTES


class Type:
    """Any type. Build the subclasses; equal arguments give the same object."""

    __slots__ = ("_key",)
    _interned: ClassVar[dict[tuple[Any, ...], Type]] = {}
    _key: tuple[Any, ...]

    @classmethod
    def _intern(cls, *key: Any) -> tuple[Self, bool]:
        """The object for this key, and whether it is new and still to be filled."""
        full = (cls, *key)
        found = Type._interned.get(full)
        if found is not None:
            return found, False  # type: ignore[return-value]
        made = object.__new__(cls)
        made._key = full
        Type._interned[full] = made
        return made, True

    @property
    def parts(self) -> tuple[Type, ...]:
        """The types it is made of, in text order; of a tensor none."""
        return ()

    def walk(self) -> Iterator[Type]:
        """The type and all those inside it, in text order."""
        todo = [self]
        while todo:
            type = todo.pop()
            yield type
            todo.extend(reversed(type.parts))

    def __reduce__(self) -> tuple[Any, ...]:
        return self._key[0], self._key[1:]

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


def _rank(shape: Shape | None) -> int | None:
    return None if shape is None or VARIADIC in shape else len(shape)


def _count(shape: Shape | None) -> int | None:
    if shape is None or not all(isinstance(dim, int) for dim in shape):
        return None
    return math.prod(shape)  # type: ignore[arg-type]  # all are integers


class TensorType(Type):
    """`tensor<fp32, [1, ?]>`; a rank-0 tensor is what MIL calls a scalar.

    `shape` is None where even the rank is unknown (the protobuf's rank -1, `[...]` is another
    thing: it is a shape of one variadic dimension). `attributes` are the protobuf's, sorted by
    name; no known writer has any and text has no place for them.
    """

    __slots__ = ("attributes", "count", "element", "rank", "shape")
    element: ElementType
    shape: Shape | None
    attributes: tuple[tuple[str, Literal], ...]
    rank: int | None
    """The number of dimensions, or None where it is unknown."""
    count: int | None
    """The number of elements, or None where a dimension is unknown."""

    def __new__(
        cls,
        element: ElementType,
        shape: Shape | None = (),
        attributes: tuple[tuple[str, Literal], ...] = (),
    ) -> TensorType:
        self, fresh = cls._intern(element, shape, attributes)
        if fresh:
            self.element = element
            self.shape = shape
            self.attributes = attributes
            self.rank, self.count = _rank(shape), _count(shape)
        return self

    @property
    def is_scalar(self) -> bool:
        """Whether the rank is 0."""
        return self.shape == ()

    @property
    def byte_size(self) -> int | None:
        """Bytes of the packed elements, or None where unknown (or for strings)."""
        count = self.count
        if count is None or self.element.bits == 0:
            return None
        return (count * self.element.bits + 7) // 8

    def __repr__(self) -> str:
        if self.shape is None:
            return f"tensor<{self.element}, ?>"
        if not self.shape:
            return self.element.name
        dims = ", ".join("?" if d is None else str(d) for d in self.shape)
        return f"tensor<{self.element}, [{dims}]>"


class ListType(Type):
    """`list<T, 5>`, or `list<T, ?>` where the length is unknown (None)."""

    __slots__ = ("element", "length")
    element: Type
    length: Dim

    def __new__(cls, element: Type, length: Dim = None) -> ListType:
        self, fresh = cls._intern(element, length)
        if fresh:
            self.element = element
            self.length = length
        return self

    @property
    def parts(self) -> tuple[Type, ...]:
        return (self.element,)

    def __repr__(self) -> str:
        return f"list<{self.element!r}, {'?' if self.length is None else self.length}>"


class DictType(Type):
    """`dict<K, V>`."""

    __slots__ = ("key", "value")
    key: Type
    value: Type

    def __new__(cls, key: Type, value: Type) -> DictType:
        self, fresh = cls._intern(key, value)
        if fresh:
            self.key = key
            self.value = value
        return self

    @property
    def parts(self) -> tuple[Type, ...]:
        return self.key, self.value

    def __repr__(self) -> str:
        return f"dict<{self.key!r}, {self.value!r}>"


class TupleType(Type):
    """`tuple<A, B>`."""

    __slots__ = ("items",)
    items: tuple[Type, ...]

    def __new__(cls, *items: Type) -> TupleType:
        self, fresh = cls._intern(*items)
        if fresh:
            self.items = items
        return self

    @property
    def parts(self) -> tuple[Type, ...]:
        return self.items

    def __repr__(self) -> str:
        return f"tuple<{', '.join(map(repr, self.items))}>"


class StateType(Type):
    """`state<T>`: a value that lives from one prediction to the next."""

    __slots__ = ("wrapped",)
    wrapped: Type

    def __new__(cls, wrapped: Type) -> StateType:
        self, fresh = cls._intern(wrapped)
        if fresh:
            self.wrapped = wrapped
        return self

    @property
    def parts(self) -> tuple[Type, ...]:
        return (self.wrapped,)

    def __repr__(self) -> str:
        return f"state<{self.wrapped!r}>"


class TensorBufferType(Type):
    """`tensor_buffer<fp16, shape=[..], strides=[..], interleave_factors=[..]>`.

    Found only in what Apple's runtime dumps after its analysis; read and printed, never stored in
    a package, whose format has no place for it.
    """

    __slots__ = ("element", "interleave_factors", "shape", "strides")
    element: ElementType
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    interleave_factors: tuple[int, ...]

    def __new__(
        cls,
        element: ElementType,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        interleave_factors: tuple[int, ...],
    ) -> TensorBufferType:
        self, fresh = cls._intern(element, shape, strides, interleave_factors)
        if fresh:
            self.element = element
            self.shape = shape
            self.strides = strides
            self.interleave_factors = interleave_factors
        return self

    def __repr__(self) -> str:
        return (
            f"tensor_buffer<{self.element}, shape={list(self.shape)}, "
            f"strides={list(self.strides)}, interleave_factors={list(self.interleave_factors)}>"
        )


class OpenType(Type):
    """`_`: the type of a result that is left to inference. No other type holds it."""

    __slots__ = ()

    def __new__(cls) -> OpenType:
        return cls._intern()[0]

    def __repr__(self) -> str:
        return "_"


TO_INFER: Final = OpenType()
"""The type of a result whose type is yet to be inferred."""

SCALAR_STRING: Final = TensorType(STRING)
"""The type of names, paths, and most other attributes."""

UNKNOWN_TYPE: Final[TensorType] = object.__new__(TensorType)
"""What readers give a name whose type they could not read, so that one mistake is reported once.

Like `tensor<fp32, ?>`, but another object: that one is a type which a text may spell.
"""
UNKNOWN_TYPE.element, UNKNOWN_TYPE.shape, UNKNOWN_TYPE.attributes = FP32, None, ()
UNKNOWN_TYPE.rank = UNKNOWN_TYPE.count = None


def scalar(element: ElementType) -> TensorType:
    """The rank-0 tensor type of `element`."""
    return TensorType(element, ())
