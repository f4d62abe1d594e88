"""Inputs for programs of which nothing is known but their types: many, from the likeliest on.

Dimensions of the same symbol are the same. Integers may be indices, lengths or quantities, so they
begin small; floats lie where logarithms and roots are defined, or on both sides of zero. All are
numbers that fp16 has too, so that a program in fp16 gets the very inputs of one in fp32.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from milc.ir.nodes import Function
from milc.ir.types import Dim, TensorType, Type
from milc.kernels.elements import dtype_of
from milc.schema.opdef import OpDef
from tests.ops.typespec import split

Given = dict[str, Any]

RANGES = {"positive": (0.05, 0.95), "signed": (-1.5, 1.5)}
"""The sorts of floats that every program is run with."""

INTEGERS = ((1, 2), (0, 1), (0, 0), (1, 1), (2, 3), (-1, 1), (0, 5), (4, 4))
"""The ranges that integers are drawn from, in the order in which they are tried.

In the first round those of 8 bits and fewer, being quantities, are of all their range.
"""

SAME = (3, 4, 2, 6, 1, 5, 8, 7, 10, 16, 28)
"""Sizes that all symbols are given at a time."""

GUESSES = 500
"""How often sizes are guessed; with none of these a program does not run."""


class Trial(NamedTuple):
    """What a program is given in one try: the size of each symbol, and where integers lie."""

    sizes: Mapping[str, int]
    integers: tuple[int, int]
    round: int


def symbols(inputs: Sequence[Sequence[str]]) -> list[list[str]]:
    """The dimensions of each input, as a record's index spells them."""
    return [_dims(spelt) for _, spelt in inputs]


def _dims(spelt: str) -> list[str]:
    begin, end = spelt.find("["), spelt.rfind("]")
    return split(spelt[begin + 1 : end]) if begin >= 0 else []


def trials(function: Function, spelt: Sequence[Sequence[str]], fixed: Given) -> Iterator[Trial]:
    """What to try, `fixed` being sizes of symbols that are known."""
    names = list(dict.fromkeys(n for dims in spelt for n in dims if not n.strip("-").isdigit()))
    free = [name for name in names if name not in fixed]
    whole = any(_is_integer(value.type) for value in function.inputs)
    rounds = GUESSES if whole else 1
    found = [*_sizes(len(free))] if free else [()] * rounds
    for round, sizes in enumerate(found):
        for integers in INTEGERS if whole else INTEGERS[:1]:
            yield Trial({**fixed, **dict(zip(free, sizes, strict=True))}, integers, round)


def _is_integer(type: Type) -> bool:
    return isinstance(type, TensorType) and type.element.is_integer


def _sizes(count: int) -> Iterator[tuple[int, ...]]:
    """Sizes for so many symbols: all different, all the same, then any."""
    if count > 1:
        yield tuple(range(2, 2 + count))
        yield tuple(range(2 + count, 2, -1))
    yield from ((size,) * count for size in SAME)
    generator = np.random.default_rng(count)
    for _ in range(GUESSES if count > 1 else 0):
        yield tuple(generator.integers(1, 12, count).tolist())


def made(function: Function, spelt: Sequence[Sequence[str]], trial: Trial, sort: str) -> Given:
    """The inputs of a function by name; states are left out, so that they hold zeros."""
    generator = np.random.default_rng(trial.round)
    given = {}
    for value, dims in zip(function.inputs, spelt, strict=True):
        if isinstance(value.type, TensorType):
            shape = _shape(value.type.shape or (), dims, trial.sizes)
            given[value.name] = array(generator, value.type, shape, trial, sort)
    return given


def _shape(
    declared: Sequence[Dim | Any], dims: Sequence[str], sizes: Mapping[str, int]
) -> tuple[int, ...]:
    names = list(dims) if len(dims) == len(declared) else ["?"] * len(declared)
    pairs = zip(declared, names, strict=True)
    return tuple(dim if isinstance(dim, int) else sizes.get(name, 3) for dim, name in pairs)


def array(
    generator: np.random.Generator,
    type: TensorType,
    shape: tuple[int, ...],
    trial: Trial,
    sort: str,
) -> Any:
    """An array of a type."""
    element = type.element
    dtype = dtype_of(element)
    if element.name == "bool":
        return generator.integers(0, 2, shape).astype(dtype)
    if element.is_float:
        return generator.uniform(*RANGES[sort], shape).astype("f2").astype(dtype)
    low, high = element.bounds
    if element.bits > 8 or trial.round or trial.integers is not INTEGERS[0]:
        low, high = max(low, trial.integers[0]), min(high, trial.integers[1])
    return generator.integers(low, high + 1, shape).astype(dtype)


def silent(kinds: set[tuple[str, str]]) -> list[str]:
    """Of ops and their opsets those whose definition does not say what they compute."""
    from milc.opsets import index

    found = ((kind, index.definition(kind, opset)) for kind, opset in sorted(kinds))
    return [kind for kind, it in found if it is not None and it.evaluate is OpDef.evaluate]
