"""Constants that are changed, and what may stand behind a value, for programs to be mutated."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, Final, cast

import numpy as np

from milc.ir.constants import literal
from milc.ir.literals import Literal, TensorLiteral, string_literal
from milc.ir.nodes import Op, Operand, Value
from milc.ir.rewriter import Rewriter
from milc.ir.types import BOOL, FP16, FP32, INT32, TensorType, Type

LARGE: Final = 4096
"""Constants of more elements stay as they are."""

FLOATS: Final = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -2.0, 3.0, 7e4, 1e-9,
                 float("inf"), float("-inf"), float("nan"))  # fmt: skip
WORDS: Final = (
    "valid", "same", "same_lower", "custom", "constant", "reflect", "replicate", "EXACT",
    "TANH_APPROXIMATION", "SIGMOID_APPROXIMATION", "fp16", "fp32", "int32", "bool", "int16",
    "uint8", "int8",
)  # fmt: skip
ELEMENTWISE: Final = ("relu", "sigmoid", "abs", "sqrt", "square", "exp", "relu6", "floor")
BINARY: Final = ("add", "mul", "sub", "real_div", "floor_div", "maximum")

Held = tuple[Op, str, int | None, TensorLiteral]
"""A constant: of which op, which argument and the place in it, or which attribute."""


def held(op: Op) -> Iterator[Held]:
    """The constants that an op holds."""
    for name, value in op.attributes.items():
        if name != "name" and isinstance(value, TensorLiteral) and _is_small(value):
            yield op, name, None, value
    for name, at, operand in op.operands:
        if isinstance(operand, TensorLiteral) and _is_small(operand):
            yield op, name, at, operand


def _is_small(value: TensorLiteral) -> bool:
    return (value.type.count or 0) <= LARGE


def changed(was: TensorLiteral, name: str, random: Random) -> Literal:
    """Other elements, or the same in another shape. Raises ValueError or OverflowError."""
    element = was.type.element
    if element.name == "string":
        return literal(random.choice(WORDS))
    array = np.array(was.numpy())
    how = random.randrange(7)
    if array.dtype.kind == "b":
        new = _flipped(array, random)
    elif how <= 2 and array.size:
        new = _with_element(array, element.bits, random, all_of_it=how == 0)
    elif how == 3:
        new = array.ravel()[random.sample(range(array.size), array.size)].reshape(array.shape)
    elif how == 4:
        new = _reshaped(array, random)
    elif how == 5 and array.ndim == 1:
        new = array[:-1] if random.random() < 0.6 else np.concatenate([array, array[-1:]])
    elif array.ndim:
        new = array.take([0], random.randrange(array.ndim)) if array.size else array
    else:
        new = array
    new = np.ascontiguousarray(new) if new.ndim else new
    return literal(new) if new.dtype.kind == "b" else literal(new, element)


def _flipped(array: Any, random: Random) -> Any:
    if array.ndim and array.size and random.random() < 0.5:
        array.flat[random.randrange(array.size)] ^= True
        return array
    return ~array


def _with_element(array: Any, bits: int, random: Random, *, all_of_it: bool) -> Any:
    at = random.randrange(array.size)
    if array.dtype.kind not in "iu":
        with np.errstate(over="ignore"):
            array.flat[... if all_of_it else at] = random.choice(FLOATS)
    elif bits >= 8:
        low, high = np.iinfo(array.dtype).min, np.iinfo(array.dtype).max
        was = int(array.flat[at])
        found = (0, 1, -1, 2, 3, was + 1, was - 1, -was, low, high)
        array.flat[at] = random.choice([each for each in found if low <= each <= high])
    return array


def _reshaped(array: Any, random: Random) -> Any:
    if array.size == 1:
        return array.reshape((1,) * random.randrange(6))
    shape = array.shape
    found = ((1, *shape), (*shape, 1), (1, 1, *shape), shape[::-1], (array.size,))
    return array.reshape(random.choice(found))


def halved(was: TensorLiteral, random: Random) -> Literal | None:
    """A constant in fp16, or the name of it, for one in fp32."""
    if was.type.element is FP32:
        with np.errstate(over="ignore"):
            return literal(was.numpy().astype("f2"), FP16)
    if was.type.element.name == "string" and [*was.values()] == ["fp32"] and random.random() < 0.5:
        return literal("fp16")
    return None


def constant(rewriter: Rewriter, type: Type, random: Random) -> Op:
    """A constant of a type, of a number or two."""
    assert isinstance(type, TensorType)
    made = np.random.default_rng(random.randrange(9)).integers(0, 3, cast(Any, type.shape))
    dtype = "f4" if type.element.is_float else "?" if type.element is BOOL else "i4"
    held = literal(made.astype(dtype), type.element)
    value = Value(rewriter.fresh_name("k"), held.type)
    return Op("const", None, [value], {"name": string_literal(value.name), "val": held})


def choices(value: Value, random: Random) -> list[tuple[str, dict[str, tuple[Operand, ...]]]]:
    """Operations that take a value."""
    assert isinstance(value.type, TensorType)
    element, shape = value.type.element, value.type.shape or ()
    found: list[tuple[str, dict[str, Operand]]] = [("identity", {"x": value})]
    found += _layouts(value, shape, random)
    if element is BOOL:
        found.append(("logical_not", {"x": value}))
    else:
        found += _arithmetic(value, random)
    if element.is_float:
        found += [(kind, {"x": value}) for kind in ELEMENTWISE]
    return [(kind, {name: (each,) for name, each in args.items()}) for kind, args in found]


def _layouts(
    value: Value, shape: tuple[Any, ...], random: Random
) -> Iterator[tuple[str, dict[str, Operand]]]:
    rank = len(shape)
    for _ in range(3 if rank else 0):
        yield "transpose", {"x": value, "perm": _ints(random.sample(range(rank), rank))}
    if 0 < rank < 5:
        yield "expand_dims", {"x": value, "axes": _ints([random.randrange(-1, rank + 1)])}
    if 1 in shape:
        yield "squeeze", {"x": value, "axes": _ints([shape.index(1)])}
    if rank and all(isinstance(dim, int) for dim in shape):
        count = int(np.prod(shape))
        for new in random.sample((shape, (-1,), (count, 1), shape[::-1], (1, *shape)), 2):
            yield "reshape", {"x": value, "shape": _ints(new)}


def _ints(numbers: Any) -> Literal:
    return literal(np.array(numbers, "i4"), INT32)


def _arithmetic(value: Value, random: Random) -> Iterator[tuple[str, dict[str, Operand]]]:
    assert isinstance(value.type, TensorType)
    element = value.type.element
    number = random.choice((0, 1, 2, -1, 0.5, 1e-3) if element.is_float else (0, 1, 2, 3))
    for kind in BINARY:
        pair: list[Operand] = [value, literal(number, element)]
        random.shuffle(pair)
        yield kind, {"x": pair[0], "y": pair[1]}
    yield random.choice(("add", "mul")), {"x": value, "y": value}
    yield "cast", {"x": value, "dtype": literal(random.choice(("fp32", "fp16", "int32", "bool")))}
