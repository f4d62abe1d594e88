"""How large programs are said to be: parameters, bytes, multiply-adds."""

from __future__ import annotations

import pytest

import milc
from milc.driver.counting import Size, size_of

FRAME = "program(1.3)\n{{\n    func main<ios18>({inputs}) {{\n        {body}\n    }} -> (y);\n}}\n"


def size(inputs: str, body: str) -> Size:
    """The size of a program with one op."""
    return size_of(milc.Model(milc.parse(FRAME.format(inputs=inputs, body=body))))


def weight(name: str, *shape: int) -> str:
    """The statement of a weight in a file, which is not read."""
    type = f"tensor<fp32, [{', '.join(map(str, shape))}]>"
    place = 'BLOBFILE(path = string("@model_path/weights/w.bin"), offset = uint64(64))'
    return f"{type} {name} = const()[val = {type}({place})];\n        "


CONVS = [
    ("[2, 6, 10, 12]", (8, 3, 3, 3), "[2, 8, 8, 10]", "conv", "groups = int32(2)",
     2 * 8 * 8 * 10 * 3 * 9),
    ("[1, 6, 10, 12]", (8, 6, 3, 3), "[1, 8, 5, 6]", "conv",
     'strides = tensor<int32, [2]>([2, 2]), pad_type = string("same")', 8 * 5 * 6 * 6 * 9),
    ("[1, 6, 10]", (6, 1, 3), "[1, 6, 8]", "conv", "groups = int32(6)", 6 * 8 * 3),
    ("[?, 6, 10]", (8, 6, 3), "[?, 8, 8]", "conv", "", 8 * 8 * 6 * 3),
    ("[2, 6, 5, 5]", (6, 4, 3, 3), "[2, 8, 11, 11]", "conv_transpose",
     "groups = int32(2), strides = tensor<int32, [2]>([2, 2])", 2 * 6 * 25 * 4 * 9),
    ("[2, 6]", (4, 6), "[2, 4]", "linear", "", 2 * 6 * 4),
]  # fmt: skip


@pytest.mark.parametrize(("x", "w", "y", "kind", "more", "expected"), CONVS)
def test_multiply_adds_with_weights(
    x: str, w: tuple[int, ...], y: str, kind: str, more: str, expected: int
) -> None:
    args = f"x = x, weight = w{', ' + more if more else ''}"
    body = weight("w", *w) + f"tensor<fp32, {y}> y = {kind}({args});"
    found = size(f"tensor<fp32, {x}> x", body)
    assert (found.multiply_adds, found.at_least) == (expected, "?" in x)


def test_multiply_adds_of_products() -> None:
    found = size(
        "tensor<fp32, [?, 5, 7]> a, tensor<fp32, [3, 4, 7]> b",
        "tensor<fp32, [3, 5, 4]> y = matmul(x = a, y = b, transpose_y = bool(true));",
    )
    assert (found.multiply_adds, found.at_least) == (3 * 5 * 4 * 7, False)
    found = size(
        "tensor<fp32, [2, 3, 4, 5]> a, tensor<fp32, [2, 5, 4, 6]> b",
        "tensor<fp32, [2, 3, 4, 6]> y = "
        'einsum(values = (a, b), equation = string("nchw,nwhu->nchu"));',
    )  # fmt: skip
    assert found.multiply_adds == 2 * 3 * 4 * 6 * 5
    found = size(
        "tensor<fp32, [2, 3, 5, 8]> q, tensor<fp32, [2, 3, 9, 8]> k, tensor<fp32, [2, 3, 9, 6]> v",
        "tensor<fp32, [2, 3, 5, 6]> y = "
        "scaled_dot_product_attention(query = q, key = k, value = v);",
    )
    assert found.multiply_adds == 2 * 3 * 5 * 9 * (8 + 6)


@pytest.mark.parametrize("both", [False, True])
def test_multiply_adds_of_recurrent_ops(both: bool) -> None:
    width = 8 if both else 4
    back = ", weight_ih_back = a, weight_hh_back = b" if both else ""
    direction = "bidirectional" if both else "forward"
    state = f"tensor<fp32, [2, {width}]>"
    found = size(
        f"tensor<fp32, [5, 2, 7]> x, {state} h, {state} c",
        weight("a", 16, 7) + weight("b", 16, 4)
        + f"tensor<fp32, [1, 2, {width}]> y, {state} hn, {state} cn = lstm(x = x, initial_h = h, "
        f"initial_c = c, weight_ih = a, weight_hh = b, direction = string(\"{direction}\"){back});",
    )  # fmt: skip
    assert found.multiply_adds == (1 + both) * 5 * 2 * 16 * (7 + 4)


def test_packed_weights_count_as_what_they_stand_for() -> None:
    body = """tensor<fp16, [2, 2]> w = constexpr_lut_to_dense(
            indices = tensor<uint2, [2, 2]>([[0, 3], [1, 2]]),
            lut = tensor<fp16, [1, 1, 4, 1]>([[[[0.0], [0.5], [1.0], [2.0]]]])
        );
        tensor<fp16, [2, 2]> v = constexpr_blockwise_shift_scale(
            data = tensor<int4, [2, 2]>([[-8, 0], [3, 7]]), scale = tensor<fp16, [1, 1]>([[0.5]]));
        tensor<fp16, [2, 2]> c = const()[val = tensor<fp16, [2, 2]>([[1, 2], [3, 4]])];
        tensor<fp16, [2, 2]> a = add(x = w, y = v);
        tensor<fp16, [2, 2]> y = add(x = a, y = c);"""
    found = size("tensor<fp16, [2, 2]> x", body)
    assert found.parameters == 3 * 4
    assert found.bytes == (1 + 8) + (2 + 2) + 8
    assert (found.operations, found.constants) == (4, 1)


def test_what_is_stored_once_counts_once() -> None:
    body = weight("a", 4, 6) + weight("b", 4, 6)
    body += "tensor<fp32, [2, 4]> c = linear(x = x, weight = a);\n"
    body += "tensor<fp32, [2, 4]> d = linear(x = x, weight = b);\n"
    found = size("tensor<fp32, [2, 6]> x", body + "tensor<fp32, [2, 4]> y = add(x = c, y = d);")
    assert (found.parameters, found.bytes) == (24, 96)
