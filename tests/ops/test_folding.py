"""What is known of results ahead of a run: elementwise ops and reductions, whole or in part."""

from __future__ import annotations

import math
from typing import Any

import pytest

from milc.syntax.parse import parse
from milc.verify.operations import Operations


def known(body: str) -> Any:
    """What is known of `r` in a function on `tensor<fp32, [2, ?, 3]> x`, whose shape is `s`.

    SQUARE stands for a constant of shape [2, 2].
    """
    text = f"""program(1.3)
{{
    func main<ios17>(tensor<fp32, [2, ?, 3]> x) {{
        tensor<int32, [3]> s = shape(x = x);
        {body.replace("SQUARE", "tensor<int32, [2, 2]>([[4, 1], [2, 3]])")}
    }} -> (r);
}}
"""
    program = parse(text)
    run = Operations(program)
    run.run()
    assert not run.found, "\n".join(map(str, run.found))
    return run.known(program.functions["main"].body.outputs[0])


@pytest.mark.parametrize(
    ("body", "elements"),
    [
        ("tensor<int32, [3]> r = add(x = s, y = int32(1));", (3, None, 4)),
        ("tensor<int32, [3]> r = floor_div(x = int32(-7), y = s);", (-4, None, -3)),
        ("tensor<int32, [3]> r = mod(x = int32(-7), y = s);", (1, None, 2)),
        ("tensor<int32, [3]> r = real_div(x = int32(9), y = s);", (None, None, 3)),
        ("tensor<int32, [3]> r = mul(x = s, y = int32(2147483647));", (None, None, None)),
        ("tensor<int32, [3]> r = pow(x = s, y = int32(2));", (4, None, 9)),
        ("tensor<int32, [3]> r = exp2(x = s);", (4, None, 8)),
        ("tensor<int32, [3]> r = floor_div(x = s, y = int32(0));", (None, None, None)),
        ("tensor<int32, [3]> r = minimum(x = s, y = int32(2));", (2, None, 2)),
        ("tensor<bool, [3]> r = greater(x = s, y = int32(2));", (False, None, True)),
        ("tensor<fp16, [3]> r = cast(x = s, dtype = string(\"fp16\"));", (2.0, None, 3.0)),
        ("int32 r = cast(x = fp32(-2.75), dtype = string(\"int32\"));", (-2,)),
        ("uint8 r = cast(x = fp32(256.0), dtype = string(\"uint8\"));", (None,)),
        ("bool r = cast(x = fp32(-0.5), dtype = string(\"bool\"));", (True,)),
        ("fp16 r = add(x = fp16(2048.0), y = fp16(1.0));", (2048.0,)),
        ("fp32 r = mul(x = fp32(1e30), y = fp32(1e30));", (math.inf,)),
        ("tensor<fp32, [2]> r = round(x = tensor<fp32, [2]>([0.5, 1.5]));", (0.0, 2.0)),
        ("fp32 r = sqrt(x = fp32(-1.0));", (None,)),
        ("bool r = logical_xor(x = bool(true), y = bool(true));", (False,)),
        ("fp32 r = clip(x = fp32(7.0), alpha = fp32(0.0), beta = fp32(6.0));", (6.0,)),
        ("int32 r = reduce_prod(x = s);", (None,)),
        ("int32 r = reduce_sum(x = tensor<int32, [2]>([4, 5]));", (9,)),
        ("int32 r = reduce_mean(x = tensor<int32, [2]>([4, 5]));", (None,)),
        (
            "tensor<int32, [2]> r = reduce_max(x = SQUARE, axes = tensor<int32, [1]>([0]));",
            (4, 3),
        ),
        (
            "tensor<int32, [2]> r = reduce_prod(x = SQUARE, axes = tensor<int32, [1]>([-1]));",
            (4, 6),
        ),
    ],
)  # fmt: skip
def test_elements(body: str, elements: tuple[Any, ...]) -> None:
    assert known(body) == elements


def test_part_of_a_reduction_is_known() -> None:
    body = """tensor<int32, [2, 3]> b = add(x = s, y = tensor<int32, [2, 1]>([[0], [1]]));
        tensor<int32, [3]> r = reduce_sum(x = b, axes = tensor<int32, [1]>([0]));"""
    assert known(body) == (5, None, 7)


def test_a_shape_may_be_computed_in_floats() -> None:
    body = """tensor<fp32, [3]> f = cast(x = s, dtype = string("fp32"));
        tensor<fp32, [3]> m = mul(x = f, y = fp32(1.7));
        tensor<fp32, [3]> w = floor(x = m);
        tensor<int32, [3]> r = cast(x = w, dtype = string("int32"));"""
    assert known(body) == (3, None, 5)
