"""reduce_transposes on random programs.

What it leaves computes the same, has no more transposes than before, and stays as it is.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

import numpy as np
import pytest

import milc
from milc.diagnostics import errors
from milc.driver.evaluating import Run
from milc.ir.nodes import Program
from milc.ir.types import TO_INFER, TensorType
from milc.ir.walk import walk_ops
from milc.verify.completing import infer_types
from tests.passes.running import count, optimized, same_results

Shape = tuple[int, ...]


class Programs:
    """A maker of random programs in which many ops let transposes pass."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.values: list[tuple[str, Shape]] = []

    def text(self, ops: int) -> str:
        """A program of about so many ops."""
        inputs = []
        for number in range(self.random.randint(1, 3)):
            shape = tuple(self.random.sample([1, 2, 3, 4], self.random.randint(2, 4)))
            self.values.append((f"x{number}", shape))
            inputs.append(f"{_type(shape)} x{number}")
        for _ in range(ops):
            self.random.choice(MAKERS)(self)
            if self.random.random() < 0.4:
                transpose(self)
        outputs = {self.values[-1][0], *self.random.sample([n for n, _ in self.values], 2)}
        outputs -= {f"x{number}" for number in range(len(inputs))}
        body = "\n".join(f"        {line}" for line in self.lines)
        head = f"func main<ios17>({', '.join(inputs)})"
        tail = f"}} -> ({', '.join(sorted(outputs))});"
        return f"program(1.3)\n{{\n    {head} {{\n{body}\n    {tail}\n}}\n"

    def value(self, least: int = 0) -> tuple[str, Shape]:
        """A value of a least rank, rather one of the last."""
        found = [each for each in self.values if len(each[1]) >= least]
        recent = found[-3:] if self.random.random() < 0.7 else found
        return self.random.choice(recent)

    def give(self, call: str, *shapes: Shape) -> None:
        """An op with results of these shapes."""
        names = [f"v{len(self.values) + number}" for number in range(len(shapes))]
        results = [f"{_type(shape)} {name}" for shape, name in zip(shapes, names, strict=True)]
        self.lines.append(f"{', '.join(results)} = {call};")
        self.values += zip(names, shapes, strict=True)


def _type(shape: Shape) -> str:
    return f"tensor<fp32, [{', '.join(map(str, shape))}]>"


def _ints(numbers: Iterable[int]) -> str:
    held = list(numbers)
    return f"tensor<int32, [{len(held)}]>({held})"


def transpose(made: Programs) -> None:
    """A transpose, rather one that undoes the last."""
    name, shape = made.value(2)
    perm = list(range(len(shape)))
    made.random.shuffle(perm)
    made.give(f"transpose(x = {name}, perm = {_ints(perm)})", tuple([shape[at] for at in perm]))


def unary(made: Programs) -> None:
    name, shape = made.value()
    made.give(f"{made.random.choice(['sin', 'tanh', 'identity', 'square'])}(x = {name})", shape)


def binary(made: Programs) -> None:
    """Two values whose shapes broadcast, or a value and a constant."""
    name, shape = made.value()
    rank = made.random.randint(0, len(shape))
    other = tuple([made.random.choice([1, dim]) for dim in shape[len(shape) - rank :]])
    found = [n for n, s in made.values if _broadcasts(s, shape)]
    if found and made.random.random() < 0.7:
        second = made.random.choice(found)
    else:
        second = f"{_type(other)}({_constant(other, made)})" if other else "fp32(0.5)"
    pair = [name, second]
    made.random.shuffle(pair)
    kind = made.random.choice(["add", "sub", "mul", "maximum"])
    made.give(f"{kind}(x = {pair[0]}, y = {pair[1]})", shape)


def _broadcasts(one: Shape, shape: Shape) -> bool:
    """Whether one shape can be broadcast to another."""
    pairs = zip(reversed(one), reversed(shape), strict=False)
    return len(one) <= len(shape) and all(a in (1, b) for a, b in pairs)


def _constant(shape: Shape, made: Programs) -> object:
    if not shape:
        return made.random.randint(-9, 9) / 4
    return [_constant(shape[1:], made) for _ in range(shape[0])]


def reduce(made: Programs) -> None:
    name, shape = made.value(1)
    axes = made.random.sample(range(len(shape)), made.random.randint(1, len(shape)))
    keep = made.random.random() < 0.6
    left = [1 if at in axes else dim for at, dim in enumerate(shape) if keep or at not in axes]
    signed = [made.random.choice([axis, axis - len(shape)]) for axis in axes]
    kind = made.random.choice(["reduce_max", "reduce_mean", "reduce_sum"])
    flag = str(keep).lower()
    made.give(f"{kind}(x = {name}, axes = {_ints(signed)}, keep_dims = bool({flag}))", tuple(left))


def concat(made: Programs) -> None:
    name, shape = made.value(1)
    axis = made.random.randrange(len(shape))
    if shape[axis] > 20:
        return
    alike = [n for n, s in made.values if s == shape]
    names = [name, *made.random.choices(alike, k=made.random.randint(0, 2))]
    turns = str(made.random.random() < 0.3).lower()
    longer = (*shape[:axis], shape[axis] * len(names), *shape[axis + 1 :])
    signed = made.random.choice([axis, axis - len(shape)])
    call = (
        f"concat(values = ({', '.join(names)}), axis = int32({signed}), interleave = bool({turns}))"
    )
    made.give(call if len(names) > 1 else f"tanh(x = {name})", longer)


def split(made: Programs) -> None:
    name, shape = made.value(1)
    axis = made.random.randrange(len(shape))
    if shape[axis] < 2:
        return
    sizes = [1, shape[axis] - 1]
    parts = [(*shape[:axis], size, *shape[axis + 1 :]) for size in sizes]
    made.give(f"split(x = {name}, split_sizes = {_ints(sizes)}, axis = int32({axis}))", *parts)


def pad(made: Programs) -> None:
    name, shape = made.value(2)
    mode = made.random.choice(["constant", "replicate"])
    count = made.random.randint(1, 2 if mode != "constant" else len(shape))
    amounts = [made.random.randint(0, 1) for _ in range(2 * count)]
    ends = [0] * (2 * (len(shape) - count)) + amounts
    padded = tuple([dim + ends[2 * at] + ends[2 * at + 1] for at, dim in enumerate(shape)])
    how = f'mode = string("{mode}"), constant_val = fp32(0.5)'
    made.give(f"pad(x = {name}, pad = {_ints(amounts)}, {how})", padded)


def softmax(made: Programs) -> None:
    name, shape = made.value(1)
    axis = made.random.randrange(-len(shape), len(shape))
    kind = made.random.choice(["softmax(x = {}, axis = int32({}))", _CUMSUM])
    made.give(kind.format(name, axis if "softmax" in kind else axis % len(shape)), shape)


_CUMSUM = "cumsum(x = {}, axis = int32({}), exclusive = bool(false), reverse = bool(true))"


def cut(made: Programs) -> None:
    name, shape = made.value(1)
    begin = [made.random.randrange(dim) for dim in shape]
    end = [made.random.randint(first + 1, dim) for first, dim in zip(begin, shape, strict=True)]
    drops = [made.random.random() < 0.2 for _ in shape]
    pairs = zip(begin, end, drops, strict=True)
    left = tuple([stop - first for first, stop, drop in pairs if not drop])
    mask = f"tensor<bool, [{len(shape)}]>([{', '.join(str(drop).lower() for drop in drops)}])"
    made.give(
        f"slice_by_index(x = {name}, begin = {_ints(begin)}, end = {_ints(end)}, "
        f"squeeze_mask = {mask})",
        left,
    )


def expand(made: Programs) -> None:
    name, shape = made.value()
    if len(shape) >= 5:
        return
    axis = made.random.randint(0, len(shape))
    widened = (*shape[:axis], 1, *shape[axis:])
    made.give(f"expand_dims(x = {name}, axes = {_ints([axis])})", widened)


def squeeze(made: Programs) -> None:
    name, shape = made.value(1)
    ones = [at for at, dim in enumerate(shape) if dim == 1]
    if not ones:
        return
    gone = made.random.choice(ones)
    made.give(f"squeeze(x = {name}, axes = {_ints([gone])})", (*shape[:gone], *shape[gone + 1 :]))


def stack(made: Programs) -> None:
    name, shape = made.value()
    if len(shape) >= 5:
        return
    axis = made.random.randint(0, len(shape))
    made.give(
        f"stack(values = ({name}, {name}), axis = int32({axis}))", (*shape[:axis], 2, *shape[axis:])
    )


def reverse(made: Programs) -> None:
    name, shape = made.value(1)
    axes = made.random.sample(range(len(shape)), made.random.randint(1, len(shape)))
    made.give(f"reverse(x = {name}, axes = {_ints(axes)})", shape)


def order(made: Programs) -> None:
    """An op with two results that lie alike."""
    name, shape = made.value(1)
    axis = made.random.randrange(len(shape))
    if shape[axis] < 2:
        return
    fewer = (*shape[:axis], shape[axis] - 1, *shape[axis + 1 :])
    call = f"topk(x = {name}, k = int32({shape[axis] - 1}), axis = int32({axis}))"
    made.lines.append(
        f"{_type(fewer)} t{len(made.lines)}, {_type(fewer).replace('fp32', 'int32')} "
        f"i{len(made.lines)} = {call};"
    )
    made.values.append((f"t{len(made.lines) - 1}", fewer))


def norm(made: Programs) -> None:
    name, shape = made.value(1)
    axes = sorted(made.random.sample(range(len(shape)), made.random.randint(1, len(shape))))
    gamma = tuple([shape[axis] for axis in axes])
    made.give(
        f"layer_norm(x = {name}, axes = {_ints(axes)}, epsilon = fp32(0.1), "
        f"gamma = {_type(gamma)}({_constant(gamma, made)}))",
        shape,
    )


def barrier(made: Programs) -> None:
    """A reshape, which no transpose passes."""
    name, shape = made.value(2)
    made.give(f"reshape(x = {name}, shape = {_ints(shape[::-1])})", shape[::-1])


MAKERS = [
    unary, binary, binary, reduce, concat, split, pad, softmax, cut, expand, squeeze, stack,
    reverse, order, norm, barrier, transpose,
]  # fmt: skip


@pytest.mark.parametrize("seed", range(150))
def test_fewer_transposes_compute_the_same(seed: int) -> None:
    text = Programs(seed).text(4 + seed % 25)
    program, before = milc.parse(text), milc.parse(text)
    assert [str(each) for each in milc.verify(program)] == []
    optimized(program, "dead_code_elimination", "reduce_transposes")
    optimized(before, "dead_code_elimination")
    assert count(program)["transpose"] <= count(before)["transpose"]
    same_results(before, program)


def opened(text: str, seed: int) -> Program:
    """A program some of whose dimensions are not known."""
    program, chance = milc.parse(text), random.Random(seed)
    for value in program.functions["main"].inputs:
        assert isinstance(value.type, TensorType)
        dims = [chance.choice([None, dim]) for dim in value.type.shape or ()]
        value.type = TensorType(value.type.element, tuple(dims))
    for op in walk_ops(program.functions["main"]):
        for result in op.results if op.kind != "const" else ():
            result.type = TO_INFER
    infer_types(program)
    return program


@pytest.mark.parametrize("seed", range(80))
def test_unknown_dimensions_are_in_nobodys_way(seed: int) -> None:
    text = Programs(seed).text(4 + seed % 25)
    program, before = opened(text, seed), opened(text, seed)
    if errors(milc.verify(program)):
        pytest.skip("something has to be known")
    optimized(program, "dead_code_elimination", "reduce_transposes")
    chance = np.random.default_rng(seed)
    types = {value.name: value.type for value in milc.parse(text).functions["main"].inputs}
    tensors = {n: type.shape or () for n, type in types.items() if isinstance(type, TensorType)}
    shapes = {n: [dim for dim in dims if isinstance(dim, int)] for n, dims in tensors.items()}
    inputs = {n: np.asarray(chance.normal(size=shape), "f4") for n, shape in shapes.items()}
    wanted, made = Run(before, seed=0)(inputs), Run(program, seed=0)(inputs)
    for name, array in wanted.items():
        np.testing.assert_allclose(made[name], array, rtol=1e-4, atol=1e-5)
