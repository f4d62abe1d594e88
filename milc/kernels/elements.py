"""Element types as numpy's dtypes, and constants as arrays.

bf16 and fp8 are those of ml_dtypes, which is loaded when one is met. Integers of fewer than 8 bits
are held one a byte, as int8 or uint8; strings as objects.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from milc.ir.literals import DictLiteral, ListLiteral, TensorLiteral, TupleLiteral

if TYPE_CHECKING:
    from milc.ir.literals import Literal
    from milc.ir.types import ElementType
    from milc.kernels import Array

_PLAIN = {"bool": "?", "string": "O", "fp16": "f2", "fp32": "f4", "fp64": "f8"}
_OF_ML_DTYPES = {"bf16": "bfloat16", "fp8e4m3fn": "float8_e4m3fn", "fp8e5m2": "float8_e5m2"}
_NAMES = {"object": "string", "float16": "fp16", "float32": "fp32", "float64": "fp64"}


@cache
def dtype_of(element: ElementType) -> np.dtype[Any]:
    """The dtype that arrays of an element type have."""
    if element.name in _PLAIN:
        return np.dtype(_PLAIN[element.name])
    if element.name in _OF_ML_DTYPES:
        import ml_dtypes

        found: np.dtype[Any] = np.dtype(getattr(ml_dtypes, _OF_ML_DTYPES[element.name]))
        return found
    code = "i" if element.kind == "int" else "u"
    return np.dtype(f"{code}{max(element.bits // 8, 1)}")


@cache
def element_name(dtype: np.dtype[Any]) -> str:
    """What MIL calls the elements of an array: `fp16` for float16; int8 for int4 too."""
    small = {name: element for element, name in _OF_ML_DTYPES.items()}
    return small.get(dtype.name) or _NAMES.get(dtype.name, dtype.name)


def as_held(literal: Literal) -> Any:
    """A constant as a program holds it when it runs.

    A tensor is an array, read-only where its bytes are mapped; a list or tuple a Python tuple, a
    dict a Python dict.
    """
    if isinstance(literal, TensorLiteral):
        return _array(literal)
    if isinstance(literal, ListLiteral | TupleLiteral):
        return tuple([as_held(item) for item in literal.parts])
    if isinstance(literal, DictLiteral):
        return {_key(as_held(key)): as_held(value) for key, value in literal.entries}
    raise TypeError(f"{literal!r} is no value yet: it refers to one")


def rounded(array: Any, element: ElementType) -> Array:
    """An array, or a scalar of numpy's, with the elements that an element type has.

    Floats are rounded to nearest, ties to even, what is too large to infinity; integers that are
    too large keep their lowest bits. Where floats become integers, their fraction is cut, what is
    too large becomes the nearest integer that there is, and NaN 0.
    """
    dtype = dtype_of(element)
    made = array if type(array) is np.ndarray else np.asarray(array)
    if made.dtype == dtype:
        return made
    return (
        _cut(made, dtype) if made.dtype.kind == "f" and dtype.kind in "iu" else made.astype(dtype)
    )


def _cut(floats: Array, dtype: np.dtype[Any]) -> Array:
    """Floats as integers, as the processors of Apple's devices have them.

    numpy leaves open what becomes of those that are out of range.
    """
    bounds = np.iinfo(dtype)
    within = np.clip(floats.astype("f8"), bounds.min, bounds.max)
    return np.where(np.isnan(within), 0, within).astype(dtype)


def _array(literal: TensorLiteral) -> Array:
    type = literal.type
    if type.element.name == "string":
        shape = [dim if isinstance(dim, int) else -1 for dim in type.shape or ()]
        return np.array(literal.strings, dtype="O").reshape(shape)
    if type.element.name in _OF_ML_DTYPES:
        flat: Array = np.frombuffer(literal.buffer(), dtype_of(type.element))
        return flat.reshape([dim if isinstance(dim, int) else -1 for dim in type.shape or ()])
    return literal.numpy()


def _key(held: Any) -> Any:
    return held.item() if isinstance(held, np.ndarray) else held
