"""Parameters that passes make: what is read for them, what they lose, what they must not widen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import milc
from milc.ir.constants import literal
from milc.ir.literals import BlobRef, TensorLiteral
from milc.ir.types import FP16, FP32
from milc.passes.parameters import PIECE, finite, scaled, stored
from milc.passes.pipeline import grouped, made, run
from tests.passes.running import count

CONV = """program(1.3)
{
    func main<ios15>(tensor<fp32, [1, 1, 3]> x) {
        tensor<fp32, [2, 1, 1]> w = const()[val = tensor<fp32, [2, 1, 1]>(BLOBFILE(
            path = string("@model_path/weights/weight.bin"), offset = uint64(64)))];
        tensor<fp32, [1, 2, 3]> a = conv(x = x, weight = w);
        tensor<fp32, [1, 2, 3]> y = %s;
    } -> (y);
}
"""


@pytest.mark.parametrize(
    ("end", "is_read"),
    [
        ("add(x = a, y = tensor<fp32, [2, 1]>([[1], [2]]))", False),
        ("sub(x = tensor<fp32, [2, 1]>([[1], [2]]), y = a)", True),
        ("mul(x = a, y = fp32(2))", True),
        ("mul(x = a, y = tensor<fp32, [3]>([1, 2, 3]))", False),
        ("relu(x = a)", False),
    ],
)
def test_kernels_are_read_only_where_they_change(end: str, is_read: bool) -> None:
    asked: list[BlobRef] = []

    def read(blob: BlobRef) -> TensorLiteral:
        asked.append(blob)
        found = literal([[[1.0]], [[2.0]]], FP32)
        assert isinstance(found, TensorLiteral)
        return found

    program = milc.parse(CONV % end)
    names = (
        "fuse_conv_scale",
        "fuse_conv_bias",
        "fuse_conv_batchnorm",
        "fuse_elementwise_to_batchnorm",
    )
    run(program, grouped(made(name) for name in names), read=read)
    assert bool(asked) == is_read


def test_a_large_array_is_scaled_in_pieces() -> None:
    generator = np.random.default_rng(0)
    array = generator.normal(size=(5, PIECE // 2, 2)).astype("f4")
    for axis in (0, 2):
        factor = generator.uniform(
            1, 2, [n if at == axis else 1 for at, n in enumerate(array.shape)]
        )
        result: Any = scaled(array, factor, axis)
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, array * factor, rtol=1e-6)


def test_what_is_too_large_or_too_small_for_a_type_is_not_stored() -> None:
    assert finite(np.array([7e4]), FP16) is None
    assert finite(np.array([7e4]), FP32) is not None
    assert finite(np.array([1e-9]), FP16) is not None
    assert stored(np.array([[1e-7, 3e-8]]), FP16) is None
    assert stored(np.array([[1.0, 3e-8]]), FP16) is not None
    assert scaled(np.array([[300.0]], "f2"), np.array([[300.0]]), 0) is None


@pytest.mark.parametrize(("elements", "is_fused"), [(32, True), (128, False)])
def test_kernels_that_others_use_are_doubled_only_if_they_are_small(
    elements: int, is_fused: bool
) -> None:
    shape = f"[{elements}, {elements}, 1]"
    text = f"""program(1.3)
    {{
        func main<ios15>(tensor<fp32, [1, {elements}, 1]> x) {{
            tensor<fp32, {shape}> w = const()[val = tensor<fp32, {shape}>(BLOBFILE(
                path = string("@model_path/weights/weight.bin"), offset = uint64(64)))];
            tensor<fp32, [1, {elements}, 1]> a = conv(x = x, weight = w);
            tensor<fp32, [1, {elements}, 1]> b = mul(x = a, y = fp32(2));
            tensor<fp32, [1, {elements}, 1]> y = conv(x = b, weight = w);
        }} -> (y);
    }}"""
    program = milc.parse(text)
    found = literal(np.ones((elements, elements, 1), "f4"))
    assert isinstance(found, TensorLiteral)
    run(program, grouped([made("fuse_conv_scale")]), read=lambda blob: found)
    assert count(program)["mul"] == (0 if is_fused else 1)


CHANGED = {
    "divide_to_multiply": "real_div(x = x, y = w)",
    "fuse_linear_bias": "sub(x = fp32(0), y = b)",
    "fuse_matmul_weight_bias": "add(x = c, y = fp32(1))",
}
"""By pass an op for which a matrix becomes another one."""


@pytest.mark.parametrize("name", CHANGED)
@pytest.mark.parametrize(("elements", "shared"), [(64, True), (65, False), (65, True)])
def test_a_large_constant_changes_only_if_nobody_else_uses_it(
    name: str, elements: int, shared: bool
) -> None:
    own = f"[{elements}, {elements}]"
    text = f"""program(1.3)
    {{
        func main<ios15>(tensor<fp32, {own}> x) {{
            tensor<fp32, {own}> w = const()[val = tensor<fp32, {own}>(BLOBFILE(
                path = string("@model_path/weights/weight.bin"), offset = uint64(64)))];
            tensor<fp32, {own}> b = linear(x = x, weight = w);
            tensor<fp32, {own}> c = matmul(x = x, y = w);
            tensor<fp32, {own}> y = {CHANGED[name]};
            tensor<fp32, {own}> z = add(x = {"w" if shared else "x"}, y = x);
        }} -> (y, z);
    }}"""
    program = milc.parse(text)
    found = literal(np.ones((elements, elements), "f4"))
    assert isinstance(found, TensorLiteral)
    run(program, grouped([made("dead_code_elimination")]))
    outcome = run(program, grouped([made(name)]), read=lambda blob: found)
    assert outcome.changed == (not shared or elements == 64)
