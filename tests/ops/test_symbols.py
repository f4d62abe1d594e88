"""Unknown dimensions are themselves: they go through shape arithmetic and cancel in reshape.

The wanted types are those that coremltools gives, unless a comment says otherwise.
"""

from __future__ import annotations

from typing import Any

import pytest

from milc.ir.nodes import Value
from milc.syntax.parse import parse
from milc.verify.operations import Operations

HEAD = """program(1.3)
{
    func main<ios17>(tensor<fp32, [?, 4, 8]> x, tensor<fp32, [?, ?, 8]> z, tensor<fp32, [?, 0]> e,
                     tensor<fp32, [4, 4, 8]> k, int32 i) {
        tensor<int32, [3]> s = shape(x = x);
        tensor<int32, [3]> t = shape(x = z);
        int32 n = gather(x = s, indices = int32(0), axis = int32(0));
        int32 m = gather(x = t, indices = int32(0), axis = int32(0));
        int32 l = gather(x = t, indices = int32(1), axis = int32(0));
"""


def run(body: str) -> tuple[Operations, Value]:
    """A function checked that ends in a statement for `r`, and its result."""
    program = parse(f"{HEAD}        {body}\n    }} -> (r);\n}}\n")
    checker = Operations(program)
    checker.run()
    assert not checker.found, "\n".join(map(str, checker.found))
    return checker, program.functions["main"].body.outputs[0]


def joined(*parts: object) -> str:
    """The statement that makes `a`, a vector of names and numbers."""
    values = ", ".join(f"int32({part})" if isinstance(part, int) else str(part) for part in parts)
    type = f"tensor<int32, [{len(parts)}]>"
    return f"{type} a = concat(values = ({values}), axis = int32(0));\n        "


@pytest.mark.parametrize(
    ("operand", "shape", "dims"),
    [
        ("x", ("n", -1), (None, 32)),
        ("x", (-1, "n"), (32, None)),
        ("x", ("n", "i"), (None, 32)),
        ("x", ("n", 2, -1), (None, 2, 16)),
        ("x", ("n", 4, 8), (None, 4, 8)),
        ("x", ("n", "n", -1), (None, None, None)),
        ("x", ("n", "i", -1), (None, None, None)),
        ("x", ("n", 0, -1), (None, None, None)),
        ("x", ("m", -1), (None, None)),
        ("x", (-1, 32), (None, 32)),
        ("x", ("n", 16), (None, 16)),
        # coremltools cuts 32 / 5 to 6, which fits no batch.
        ("x", ("n", 5, -1), (None, 5, None)),
        ("z", ("m", "l", -1), (None, None, 8)),
        ("z", ("l", "m", -1), (None, None, 8)),
        ("z", ("m", -1), (None, None)),
        ("e", ("n", -1), (None, None)),
        ("k", ("n", 8), (16, 8)),
        ("k", ("n", -1), (None, None)),
    ],
)
def test_reshape(operand: str, shape: tuple[object, ...], dims: tuple[int | None, ...]) -> None:
    checker, result = run(f"{joined(*shape)}_ r = reshape(x = {operand}, shape = a);")
    assert checker.inferred[result].shape == dims  # type: ignore[attr-defined]


def test_an_empty_operand_leaves_the_rest_open() -> None:
    body = f"""tensor<int32, [2]> u = shape(x = e);
        int32 b = gather(x = u, indices = int32(0), axis = int32(0));
        {joined("b", -1)}_ r = reshape(x = e, shape = a);"""
    checker, result = run(body)
    assert checker.inferred[result].shape == (None, None)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("statement", "symbols"),
    [
        ("tensor<int32, [3]> r = identity(x = s);", ("n", 4, 8)),
        ('tensor<int16, [3]> r = cast(x = s, dtype = string("int16"));', ("n", 4, 8)),
        # coremltools lets it through: but fp16 has no room for every length.
        ('tensor<fp16, [3]> r = cast(x = s, dtype = string("fp16"));', (None, 4.0, 8.0)),
        ("tensor<int32, [2]> r = gather(x = s, indices = tensor<int32, [2]>([2, 0]));", (8, "n")),
        (
            """int32 r = slice_by_index(
                x = s, begin = tensor<int32, [1]>([0]), end = tensor<int32, [1]>([1]),
                squeeze_mask = tensor<bool, [1]>([true]));""",
            ("n",),
        ),
        ("tensor<int32, [2]> r = stack(values = (n, l), axis = int32(0));", ("n", "l")),
        (
            "tensor<int32, [2, 3]> r = stack(values = (s, t), axis = int32(0));",
            ("n", 4, 8, "m", "l", 8),
        ),
        (
            "tensor<int32, [6]> r = concat(values = (s, t), axis = int32(0));",
            ("n", 4, 8, "m", "l", 8),
        ),
        (
            "tensor<int32, [3, 1]> r = reshape(x = s, shape = tensor<int32, [2]>([3, 1]));",
            ("n", 4, 8),
        ),
        ("tensor<int32, [3]> r = add(x = s, y = int32(0));", (None, 4, 8)),
        ("tensor<int32, [3]> r = sub(x = s, y = s);", (None, 0, 0)),
    ],
)
def test_what_is_moved_stays_itself(statement: str, symbols: tuple[Any, ...]) -> None:
    checker, result = run(statement)
    found = checker.symbols(result)
    named = {("x", 0): "n", ("z", 0): "m", ("z", 1): "l"}
    shown = [named[e.value.name, e.axis] if isinstance(e, tuple) else e for e in found or ()]
    assert tuple(shown) == symbols
    plain = tuple(None if isinstance(e, str) else e for e in symbols)
    assert checker.known(result) == plain


def test_parts_of_a_split_shape_are_its_dimensions() -> None:
    body = """tensor<int32, [1]> b, tensor<int32, [1]> c, tensor<int32, [1]> d = split(
            x = t, num_splits = int32(3), axis = int32(0));
        tensor<int32, [3]> a = concat(
            values = (tensor<int32, [1]>([-1]), b, c), axis = int32(0));
        _ r = reshape(x = z, shape = a);"""
    checker, result = run(body)
    assert checker.inferred[result].shape == (8, None, None)  # type: ignore[attr-defined]


WEIGHT = """tensor<fp32, [6, 8]> w = fill(
            shape = tensor<int32, [2]>([6, 8]), value = fp32(1.0));"""


@pytest.mark.parametrize(
    ("statements", "dims"),
    [
        ("_ y = relu(x = x);", (None, 32)),
        ("_ y = transpose(x = x, perm = tensor<int32, [3]>([2, 0, 1]));", (None, 32)),
        ("_ y = add(x = x, y = k);", (None, None)),
        ("_ y = add(x = x, y = x);", (None, 32)),
        ("_ y = concat(values = (x, x), axis = int32(-1));", (None, 64)),
        ("_ y = concat(values = (x, x), axis = int32(0));", (None, None)),
        (f"{WEIGHT} _ y = linear(x = x, weight = w);", (None, 24)),
        ("_ f = reshape(x = x, shape = tensor<int32, [2]>([-1, 32])); _ y = exp(x = f);",
         (None, 32)),
        ("_ f = reshape(x = x, shape = tensor<int32, [2]>([-1, 16])); _ y = exp(x = f);",
         (None, None)),
        ("_ y = fill(shape = s, value = fp32(1.0));", (None, 32)),
        ("_ y = tile(x = x, reps = tensor<int32, [3]>([2, 1, 1]));", (None, None)),
        (
            """_ y = slice_by_size(x = x, begin = tensor<int32, [3]>([1, 0, 0]),
            size = tensor<int32, [3]>([-1, -1, -1]));""",
            (None, None),
        ),
    ],
)  # fmt: skip
def test_a_batch_behind_layers_is_the_same_batch(
    statements: str, dims: tuple[int | None, ...]
) -> None:
    body = f"{statements} {joined('n', -1)}_ r = reshape(x = y, shape = a);"
    checker, result = run(body)
    assert checker.inferred[result].shape == dims  # type: ignore[attr-defined]


def test_a_choice_of_blocks_gives_no_certain_dimension() -> None:
    body = f"""bool p = less(x = i, y = int32(0));
        tensor<fp32, [?, 4, 8]> y = cond(pred = p) {{
            tensor<fp32, [?, 4, 8]> b = relu(x = x);
        }} -> (b), {{
            tensor<fp32, [?, 4, 8]> c = tile(x = x, reps = tensor<int32, [3]>([2, 1, 1]));
        }} -> (c);
        {joined("n", -1)}_ r = reshape(x = y, shape = a);"""
    checker, result = run(body)
    assert checker.inferred[result].shape == (None, None)  # type: ignore[attr-defined]
