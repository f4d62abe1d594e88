"""Whether two types can be those of one value. Imports this room only."""

from __future__ import annotations

from milc.ir.types import TO_INFER, VARIADIC, Dim, ListType, TensorType, Type


def fits(first: Type, second: Type) -> bool:
    """Whether some value has both types: whether they are equal but for unknown dimensions."""
    todo = [(first, second)]
    for a, b in todo:
        if a is b or a is TO_INFER or b is TO_INFER:
            continue
        if a.__class__ is not b.__class__ or len(a.parts) != len(b.parts):
            return False
        if not _same_shell(a, b):
            return False
        todo += zip(a.parts, b.parts, strict=True)
    return True


def _same_shell(a: Type, b: Type) -> bool:
    """Whether two types of one class fit, whatever they are made of."""
    if isinstance(a, TensorType) and isinstance(b, TensorType):
        return a.element is b.element and _same_dims(a, b)
    if isinstance(a, ListType) and isinstance(b, ListType):
        return _same_dim(a.length, b.length)
    return bool(a.parts)  # a tensor_buffer has none, and fits only itself


def _same_dims(a: TensorType, b: TensorType) -> bool:
    if a.shape is None or b.shape is None or VARIADIC in (*a.shape, *b.shape):
        return True
    return len(a.shape) == len(b.shape) and all(map(_same_dim, a.shape, b.shape))


def _same_dim(a: Dim, b: Dim) -> bool:
    return a is None or b is None or a == b
