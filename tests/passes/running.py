"""Running passes in tests: on text, on recorded programs, and what must hold of every run."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np

import milc
from milc.diagnostics import errors
from milc.driver.evaluating import Run
from milc.driver.reading import reader
from milc.ir.nodes import Function, Program, Value
from milc.ir.types import BOOL, FP16, TensorType
from milc.ir.walk import walk_ops, walk_values
from milc.package.model import Model
from milc.passes.pipeline import Outcome, grouped, made, run
from tests.meaning.cases import expect


def optimized(subject: Program | Model, *names: str, **options: Any) -> Outcome:
    """Run passes one after the other, in place; what is left has to verify, and to stay as it is.

    Options go to every pass that has them.
    """
    program = subject if isinstance(subject, Program) else subject.program
    read = None if isinstance(subject, Program) else reader(subject.weights)
    outcome = run(program, pipeline(names, options), read=read)
    assert outcome.refused == []
    assert [str(each) for each in errors(milc.verify(subject))] == []
    assert not run(program, pipeline(names, options), read=read).changed, "not at rest"
    return outcome


def pipeline(names: tuple[str, ...], options: dict[str, Any]) -> Any:
    """The passes of names with the options that each of them has."""
    passes = []
    for name in names:
        known = made(name).options
        passes.append(made(name, **{n: v for n, v in options.items() if n in known}))
    return grouped(passes)


def count(program: Program) -> Counter[str]:
    """How many ops of each kind a program has; constants are not counted."""
    return Counter(
        op.kind
        for function in program.functions.values()
        for op in walk_ops(function)
        if op.kind != "const"
    )


def plain(program: Program) -> str:
    """A program as text, constants where they are used and without names of ops."""
    text = milc.to_text(program, style="coremlc")
    named = dict(_const.findall(text))
    returned = set(re.findall(r"\w+", " ".join(re.findall(r"-> \((.*?)\);", text))))
    lines = [
        line
        for line in text.splitlines()
        if not ((found := _const.search(line)) and found[1] not in returned)
    ]
    text = _op_name.sub("", "\n".join(lines))

    def written(match: re.Match[str]) -> str:
        name = str(match[2])
        return f"{match[1]}{named.get(name, name)}"

    # A name stands where an operand is: behind `=`, `(` or `, `.
    return re.sub(r"(= |\(|, )([A-Za-z_]\w*)(?=[,)])", written, text)


_op_name = re.compile(r'\[name = string\("[^"]*"\)\]|(?:, )?name = string\("[^"]*"\)(?:, (?=val))?')
_const = re.compile(r"(\w+) = const\(\)\[.*?val = (.*?)\];")


def same_results(before: Program | Model, after: Program | Model, rtol: float = 1e-4) -> None:
    """Expect two models to compute the same on random inputs, as near as fp32 or fp16 can be.

    Inputs and outputs go by their places: a pass may be one that names them anew.
    """
    one, other = Run(before, seed=0), Run(after, seed=0)
    given = [v for v in one.function.inputs if isinstance(v.type, TensorType)]
    taken = [v for v in other.function.inputs if isinstance(v.type, TensorType)]
    arrays = [_random(value) for value in given]
    first = one({v.name: array for v, array in zip(given, arrays, strict=True)})
    pairs = zip(taken, arrays, strict=True)
    second = other({v.name: _laid(array, v.type) for v, array in pairs})
    coarse = 5e-3 if any(has_halves(each.function) for each in (one, other)) else 0.0
    for found, wanted in zip(second.values(), first.values(), strict=True):
        expect(found, wanted, rtol=max(rtol, coarse))


def _laid(array: Any, type: Any) -> Any:
    """An array as a function takes it that may have come to take channels first."""
    dims = zip(array.shape, type.shape or array.shape, strict=True)
    is_moved = any(isinstance(dim, int) and dim != own for own, dim in dims)
    return np.moveaxis(array, -1, -3) if is_moved else array


def _random(value: Value) -> Any:
    assert isinstance(value.type, TensorType)
    type = value.type
    shape = [dim if isinstance(dim, int) else 3 for dim in type.shape or ()]
    generator = np.random.default_rng([*value.name.encode()])
    if type.element.is_float:
        return generator.normal(size=shape).astype("f4")
    return generator.integers(0, 2, shape).astype("?" if type.element is BOOL else "i4")


def has_halves(function: Function) -> bool:
    """Whether a function computes with fp16 anywhere."""
    types = [value.type for value in walk_values(function)]
    return any(isinstance(type, TensorType) and type.element is FP16 for type in types)
