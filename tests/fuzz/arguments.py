"""The examples of all ops with some arguments replaced by others, mostly of a form nobody means.

A type gets another element, rank or dimension, a constant other values or another shape, a
constant becomes an input, an argument is left out or bound to several operands. Shapes may be
declared to be enormous: nothing may be made of such a shape that is as long as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import prod
from random import Random
from typing import Any, Final

from milc.ir.literals import Literal, TensorLiteral, tensor
from milc.ir.nodes import Function, Op, Operand, Program, Value
from milc.ir.rewriter import Rewriter
from milc.ir.types import (
    BOOL,
    FP16,
    FP32,
    INT8,
    INT32,
    STRING,
    TO_INFER,
    UINT8,
    VARIADIC,
    DictType,
    ElementType,
    ListType,
    Shape,
    StateType,
    TensorType,
    Type,
)
from milc.ir.walk import function_of, walk_ops, walk_values
from milc.opsets import index
from milc.schema.page import example
from milc.syntax.parse import parse

NUMBERS: Final = (0, 1, -1, 2, 3, 4, 5, 7, -2, -5, 100, 127, 1 << 20, (1 << 31) - 1, -(1 << 31))
SMALL: Final = (0, 1, 2, 3, 4, 8)
LENGTHS: Final = (*SMALL, 1000, 65_537, 300_000_000, 1 << 31, None)
FLOATS: Final = (0.0, -0.0, 1.0, -1.0, 0.5, 7e4, 1e-45, 3e38, *map(float, ("inf", "-inf", "nan")))
WORDS: Final = ("", "same", "custom", "valid", "zeros", "i", "nchw,nkhw->nchw", "fp16", "Ø")
ELEMENTS: Final = (BOOL, FP16, FP32, INT32, INT8, UINT8, STRING)
SHAPES: Final[tuple[tuple[int, ...], ...]] = ((), (1,), (2,), (0,), (3, 2), (5,))
MOST: Final = 64
"""Elements of a constant that is made."""


@cache
def texts() -> list[str]:
    """The example of every definition."""
    families = sorted(index.families())
    return [example(definition) for name in families for definition in index.versions(name)]


def mutated(which: int, random: Random) -> Program:
    """An example with one to three changes."""
    program = parse(texts()[which % len(texts())])
    for _ in range(random.choice((1, 1, 2, 3))):
        random.choice(_CHANGES)(program, random)
    return program


# Changes


def _change_type(program: Program, random: Random) -> None:
    values = [value for value in walk_values(program) if value.literal is None]
    if values:
        value = random.choice(values)
        is_open = value.op is not None and random.random() < 0.1
        _rewriter(value).set_type(value, TO_INFER if is_open else some_type(random, value.type))


def _change_constant(program: Program, random: Random) -> None:
    bound = [(*at, literal) for at in _bound(program) if (literal := _literal(at[2])) is not None]
    held = [
        (op, name, literal)
        for op in walk_ops(program)
        for name, literal in op.attributes.items()
        if op.kind != "const" and name != "name" and isinstance(literal, TensorLiteral)
    ]
    if held and random.random() < 0.5:
        op, name, literal = random.choice(held)
        op.attributes[name] = some_constant(random, literal)
    elif bound:
        op, name, _, literal = random.choice(bound)
        _rewriter(op).set_arg(op, name, some_constant(random, literal))


def _make_input(program: Program, random: Random) -> None:
    bound = list(_bound(program))
    if bound:
        op, name, operand = random.choice(bound)
        rewriter = _rewriter(op)
        length = TensorType(INT32, (random.choice(LENGTHS),))
        type = length if random.random() < 0.3 else some_type(random, operand.type)
        rewriter.set_arg(op, name, rewriter.add_input("given", type))


def _change_number(program: Program, random: Random) -> None:
    bound = list(_bound(program))
    if bound:
        op, name, operand = random.choice(bound)
        count = random.choice((0, 1, 1, 2, 3))
        _rewriter(op).set_arg(op, name, *[operand] * count)


_CHANGES: Final[tuple[Callable[[Program, Random], None], ...]] = (
    _change_type, _change_type, _change_constant, _change_constant, _change_constant,
    _make_input, _change_number,
)  # fmt: skip


def _bound(program: Program) -> list[tuple[Op, str, Operand]]:
    return [(op, name, operand) for op in walk_ops(program) for name, _, operand in op.operands]


def _literal(operand: Operand) -> TensorLiteral | None:
    literal = operand.literal if isinstance(operand, Value) else operand
    return literal if isinstance(literal, TensorLiteral) else None


def _rewriter(node: Op | Value) -> Rewriter:
    function = node.owner if isinstance(node, Value) and node.op is None else None
    function = function if isinstance(function, Function) else function_of(node)
    assert function is not None
    return Rewriter(function)


# Types and constants


def some_type(random: Random, given: Type) -> Type:
    """A type somewhat like another."""
    if isinstance(given, ListType):
        length = random.choice((0, 1, 1 << 40, None))
        return ListType(some_type(random, given.element), length)
    if isinstance(given, StateType):
        return StateType(some_type(random, given.wrapped))
    if not isinstance(given, TensorType):
        return given
    if random.random() < 0.05:
        others = ListType(given, 3), ListType(given), StateType(given), DictType(STRING(), given)
        return random.choice(others)
    return TensorType(_some_element(random, given.element), _some_shape(random, given.shape))


def _some_element(random: Random, given: ElementType) -> ElementType:
    return given if random.random() < 0.8 else random.choice(ELEMENTS)


def _some_shape(random: Random, given: Shape | None) -> Shape | None:
    roll, dims = random.random(), list(given or ())
    if given is None or roll < 0.2:
        return tuple(random.choice(SMALL) for _ in range(random.randrange(7)))
    if roll < 0.5 and dims:
        dims[random.randrange(len(dims))] = random.choice(LENGTHS)
    elif roll < 0.6:
        dims.insert(random.randrange(len(dims) + 1), random.choice(SMALL))
    elif roll < 0.7 and dims:
        dims.pop()
    elif roll < 0.75:
        return (VARIADIC,)
    elif roll < 0.8:
        return None
    return tuple(dims)


def some_constant(random: Random, given: TensorLiteral) -> Literal:
    """A constant somewhat like another."""
    element = _some_element(random, given.type.element)
    shape = given.type.shape if random.random() < 0.7 else random.choice(SHAPES)
    lengths = [dim for dim in shape or () if isinstance(dim, int)]
    if prod(lengths) > MOST:
        lengths = [3]
    values = [_some_number(random, element) for _ in range(prod(lengths))]
    if element is given.type.element and len(values) == given.type.count:
        pairs = zip(given.values(), values, strict=True)
        values = [random.choice((old, old, new)) for old, new in pairs]
    return tensor(element, tuple(lengths), values)


def _some_number(random: Random, element: ElementType) -> Any:
    if element is BOOL:
        return random.random() < 0.5
    if element is STRING:
        return random.choice(WORDS)
    if element.is_float:
        return random.choice(FLOATS[:5] if element.bits < 32 else FLOATS)
    low, high = element.bounds
    return max(low, min(high, random.choice(NUMBERS)))
