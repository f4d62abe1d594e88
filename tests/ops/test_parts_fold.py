"""What is known of the elements of parts and rearrangements, against numpy on random arguments."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from milc.diagnostics import Source, errors
from milc.syntax.parse import read
from milc.verify.operations import Operations

SHAPE = (2, 3, 4)
X = np.arange(24).reshape(SHAPE)
Case = tuple[str, Any]
"""The statement that makes `r`, and what numpy makes of X."""


def ints(values: Any, type: str = "int32") -> str:
    """A constant of MIL text."""
    array = np.asarray(values)
    return f"tensor<{type}, {list(array.shape)}>({str(array.tolist()).lower()})"


def sliced(rng: random.Random) -> Case:
    """slice_by_index. One index in a dimension of length 1 would not be numpy's: there is none."""
    begin = [rng.randrange(dim) for dim in SHAPE]
    end = [rng.randrange(-dim, dim) for dim in SHAPE]
    stride = [rng.choice((1, 2, -1, -2)) for _ in SHAPE]
    masks = [[rng.random() < 0.4 for _ in SHAPE] for _ in range(3)]
    keys: list[int | slice] = []
    for at in range(3):
        first = None if masks[0][at] else begin[at]
        stop = None if masks[1][at] else end[at]
        keys.append((first or 0) if masks[2][at] else slice(first, stop, stride[at]))
    names = ("begin_mask", "end_mask", "squeeze_mask")
    flags = "".join(f", {n} = {ints(m, 'bool')}" for n, m in zip(names, masks, strict=True))
    text = f"slice_by_index(x = x, begin = {ints(begin)}, end = {ints(end)}"
    return f"{text}, stride = {ints(stride)}{flags})", X[tuple(keys)]


def sized(rng: random.Random) -> Case:
    """slice_by_size."""
    begin = [rng.randrange(dim) for dim in SHAPE]
    size = [rng.choice((-1, 1, dim - at)) for at, dim in zip(begin, SHAPE, strict=True)]
    keys = [
        slice(at, None if count < 0 else at + count) for at, count in zip(begin, size, strict=True)
    ]
    return f"slice_by_size(x = x, begin = {ints(begin)}, size = {ints(size)})", X[tuple(keys)]


def transposed(rng: random.Random) -> Case:
    """transpose."""
    perm = rng.sample(range(3), 3)
    shown = [axis - rng.choice((0, 3)) for axis in perm]
    return f"transpose(x = x, perm = {ints(shown)})", X.transpose(perm)


def reversed_(rng: random.Random) -> Case:
    """reverse."""
    axes = rng.sample(range(-3, 0), 2)
    return f"reverse(x = x, axes = {ints(axes)})", np.flip(X, axes)


def updated(rng: random.Random) -> Case:
    """slice_update."""
    begin = [rng.randrange(dim) for dim in SHAPE]
    stride = [rng.choice((1, 2)) for _ in SHAPE]
    keys = tuple(slice(at, None, step) for at, step in zip(begin, stride, strict=True))
    result = X.copy()
    update = -1 - np.arange(result[keys].size).reshape(result[keys].shape)
    result[keys] = update
    text = f"slice_update(x = x, update = {ints(update)}, begin = {ints(begin)}"
    end = f"end = {ints(SHAPE)}, stride = {ints(stride)}"
    return f"{text}, {end})", result


def cases() -> Iterator[Any]:
    """Some random cases of each."""
    for number, make in enumerate((sliced, sized, transposed, reversed_, updated)):
        for seed in range(30 if make is sliced else 8):
            yield pytest.param(make, 100 * number + seed, id=f"{make.__name__}-{seed}")


@pytest.mark.parametrize(("make", "seed"), list(cases()))
def test_known_elements_are_those_of_numpy(
    make: Callable[[random.Random], Case], seed: int
) -> None:
    statement, wanted = make(random.Random(seed))
    program, findings = read(
        Source(
            "program(1.3)\n{\n    func main<ios18>() {\n"
            f"        tensor<int32, [2, 3, 4]> x = const()[val = {ints(X)}];\n"
            f"        _ r = {statement};\n    }} -> (r);\n}}\n",
            "case.mil",
        )
    )
    checker = Operations(program)
    checker.run()
    found = errors([*findings, *checker.found])
    if found and "C8" in found[0].message:
        assert wanted.size == 0
        return
    assert not found, found
    result = program.functions["main"].body.outputs[0]
    assert checker.inferred[result].shape == wanted.shape  # type: ignore[attr-defined]
    assert checker.known(result) == tuple(wanted.flatten().tolist())
