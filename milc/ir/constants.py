"""Literals from Python values and numpy arrays.

Knows arrays by their look, so numpy is not imported unless somebody has passed one. Imports this
room only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from milc.ir import packed
from milc.ir.literals import DictLiteral, ListLiteral, Literal, TensorLiteral, TupleLiteral
from milc.ir.numbers import pack
from milc.ir.types import (
    BF16,
    BOOL,
    ELEMENT_TYPES,
    FP8E4M3FN,
    FP8E5M2,
    FP16,
    FP32,
    FP64,
    INT32,
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

TypeLike = Type | ElementType
"""A type; an element type alone stands for its scalar, or for a tensor of whatever shape fits."""

_OF_DTYPE: Final[Mapping[str, ElementType]] = {
    **ELEMENT_TYPES,
    "float16": FP16, "float32": FP32, "float64": FP64,
    "bfloat16": BF16, "float8_e4m3fn": FP8E4M3FN, "float8_e5m2": FP8E5M2,
}  # fmt: skip
_DTYPE: Final = {FP16: "<f2", FP32: "<f4", FP64: "<f8"}
_KINDS: Final[Mapping[type, ElementType]] = {bool: BOOL, int: INT32, float: FP32, str: STRING}


def as_type(given: TypeLike) -> Type:
    """A type as it is, an element type as its scalar."""
    return TensorType(given) if isinstance(given, ElementType) else given


def literal(value: Any, type: TypeLike | None = None) -> Literal:
    """The literal of a Python value, a numpy array or a numpy scalar.

    Without a type a bool is bool, an int int32, a float fp32, a str string; a list or tuple,
    nested evenly, is a tensor of what it holds (of fp32, if it holds ints and floats); an array
    has the element type of its dtype, those of ml_dtypes included; a dict is a dict of its
    values. With an element type the value takes that, in its own shape; with a type it has to
    have its shape. Lists, tuples and dicts of MIL are made from sequences and mappings if `type`
    is such a type.

    Raises TypeError for a value that fits no type or not the kind of this one, ValueError for a
    wrong shape or length, OverflowError for an integer that is out of range.
    """
    if isinstance(value, Literal):
        if type not in (None, value.type):
            raise ValueError(f"a literal of {value.type!r} is not one of {type!r}")
        return value
    if isinstance(type, ListType):
        return _list(value, type)
    if isinstance(type, TupleType):
        if len(value) != len(type.items):
            raise ValueError(f"{type!r} holds {len(type.items)} values, not {len(value)}")
        items = zip(value, type.items, strict=True)
        return TupleLiteral(type, (literal(item, wanted) for item, wanted in items))
    if isinstance(type, DictType) or (type is None and isinstance(value, Mapping)):
        return _dict(value, type)
    if isinstance(type, Type) and not isinstance(type, TensorType):
        raise TypeError(f"there are no literals of {type!r}")
    element = type.element if isinstance(type, TensorType) else type
    made = _array(value, element) if _is_array(value) else _tensor(value, element)
    if isinstance(type, TensorType) and made.type is not type:
        raise ValueError(f"the value has shape {list(made.type.shape or ())}, not that of {type!r}")
    return made


def is_constant(value: object) -> bool:
    """Whether `literal` can make something of it, its contents aside."""
    return isinstance(value, bool | int | float | str | Sequence | Mapping) or _is_array(value)


def _list(value: Sequence[Any], type: ListType) -> ListLiteral:
    if type.length not in (None, len(value)):
        raise ValueError(f"{type!r} holds {type.length} values, not {len(value)}")
    return ListLiteral(type, (literal(item, type.element) for item in value))


def _dict(value: Mapping[Any, Any], type: DictType | None) -> DictLiteral:
    key, held = (type.key, type.value) if type is not None else (None, None)
    entries = [(literal(k, key), literal(v, held)) for k, v in value.items()]
    if type is None:
        types = {(k.type, v.type) for k, v in entries}
        if len(types) != 1:
            raise TypeError("a dict needs keys of one type and values of one type, at least one")
        type = DictType(*types.pop())
    return DictLiteral(type, entries)


def _is_array(value: object) -> bool:
    return hasattr(value, "dtype") and hasattr(value, "tobytes")


def _array(value: numpy.ndarray[Any, Any], element: ElementType | None) -> TensorLiteral:
    own = STRING if value.dtype.kind in "UT" else _OF_DTYPE.get(value.dtype.name)
    element = element or own
    if element is None or (own is None and value.dtype.kind != "O"):
        raise TypeError(f"MIL has no element type for arrays of {value.dtype}")
    type = TensorType(element, tuple(value.shape))
    if own is element and element.bits >= 8:
        stored = value.astype(value.dtype.newbyteorder("<"), copy=False)
        return TensorLiteral(type, stored.tobytes())
    if own is not None and own.is_integer and element.is_integer and element.bits < 8:
        return TensorLiteral(type, packed.stored(element, value))
    if element in _DTYPE and own is not None and own.is_float and value.dtype.kind == "f":
        import numpy

        with numpy.errstate(over="ignore"):
            return TensorLiteral(type, value.astype(_DTYPE[element]).tobytes())
    return _pack(type, value.ravel().tolist())


def _tensor(value: Any, element: ElementType | None) -> TensorLiteral:
    shape: list[int] = []
    level: list[Any] = [value]
    while level and isinstance(level[0], list | tuple):
        size = len(level[0])
        if not all(isinstance(row, list | tuple) and len(row) == size for row in level):
            raise ValueError("the rows of a nested list differ in length or depth")
        shape.append(size)
        level = [item for row in level for item in row]
    level = [item.item() if _is_array(item) else item for item in level]
    return _pack(TensorType(element or _kind(level), tuple(shape)), level)


def _kind(values: Sequence[Any]) -> ElementType:
    """The element type that Python values have when nobody says one."""
    kinds = {type(value) for value in values}
    if kinds == {int, float}:
        return FP32
    found = _KINDS.get(kinds.pop()) if len(kinds) == 1 else None
    if found is None:
        raise TypeError(f"no element type fits {list(values[:4])!r}; give the type")
    return found


def _pack(type: TensorType, values: Sequence[Any]) -> TensorLiteral:
    element = type.element
    allowed = {"bool": (bool,), "string": (str,), "float": (float, int)}.get(element.kind, (int,))
    for value in values:
        if not isinstance(value, allowed) or (isinstance(value, bool) and element is not BOOL):
            raise TypeError(f"{value!r} is no value of {element}")
    return TensorLiteral(type, tuple(values) if element is STRING else pack(element, values))
