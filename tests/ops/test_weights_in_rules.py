"""Rules that need the elements of a constant: found in a weight file, not to be had, or absurd."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from milc.diagnostics import Source
from milc.ir.literals import BlobRef, TensorLiteral
from milc.ir.nodes import Program
from milc.ir.types import TensorType
from milc.syntax.parse import read
from milc.verify.operations import check_operations, inferred

BLOB = 'BLOBFILE(path = string("@model_path/weights/weight.bin"), offset = uint64(64))'


def program(statements: str, opset: str) -> Program:
    """A program of some statements, of which the last gives `r`."""
    text = (
        f"program(1.3) {{ func main<{opset}>(tensor<fp32, [2, 3]> x) {{ {statements} }} -> (r); }}"
    )
    parsed, _ = read(Source(text, "case.mil"))
    return parsed


def sparse(elements: int) -> Program:
    """A sparse constant of 20 elements, of which so many are said to be stored."""
    mask = f"mask = tensor<uint1, [20]>({BLOB})"
    data = f"nonzero_data = tensor<fp16, [{elements}]>({BLOB})"
    return program(f"tensor<fp16, [20]> r = constexpr_sparse_to_dense({data}, {mask});", "ios18")


def stored(data: bytes) -> Callable[[BlobRef], TensorLiteral]:
    """A reader that finds the same bytes behind every reference, and zeros behind them."""

    def read_blob(blob: BlobRef) -> TensorLiteral:
        assert isinstance(blob.type, TensorType)
        return TensorLiteral(blob.type, data.ljust(blob.type.byte_size or 0, b"\0"))

    return read_blob


@pytest.mark.parametrize(
    ("data", "ones"),
    [
        (bytes([0b1000_0001, 0, 0b0000_0110]), 4),
        # What is behind the last element does not count.
        (bytes([0xFF, 0, 0xF0]), 8),
    ],
)
def test_the_ones_of_a_mask_in_a_weight_file_are_counted(data: bytes, ones: int) -> None:
    assert not check_operations(sparse(ones), read=stored(data))
    (finding,) = check_operations(sparse(ones + 1), read=stored(data))
    assert finding.code == "MIL0310"
    assert f"the mask has {ones}" in finding.message


def test_a_rule_holds_where_weights_cannot_be_read() -> None:
    assert not check_operations(sparse(7))
    assert not check_operations(sparse(7), read=lambda blob: None)


def test_data_that_is_decompressed_is_constant() -> None:
    statements = (
        "tensor<fp32, [2]> d = dequantize(input = tensor<int8, [2]>([1, 2]), scale = fp32(0.5));"
        "tensor<fp32, [3]> c = constexpr_cast("
        'source_val = tensor<fp16, [3]>([0.5, 1.0, 2.0]), output_dtype = string("fp32"));'
        "tensor<int8, [2, 3]> r = quantize("
        'input = x, scale = c, axis = int32(1), output_dtype = string("int8"));'
    )
    assert not check_operations(program(statements, "ios18"))
    asked = statements.replace("scale = c", "scale = d").replace(
        "axis = int32(1)", "axis = int32(0)"
    )
    assert not check_operations(program(asked, "ios18"))


def test_a_const_of_another_type_than_its_value_is_unknown() -> None:
    const = "tensor<int32, []> a = const()[val = tensor<int32, [0]>([])];"
    gathered = "tensor<fp32, [2]> r = gather(x = x, indices = int32(0), axis = a);"
    parsed = program(const + gathered, "ios15")
    assert not check_operations(parsed)
    (result,) = parsed.functions["main"].body.outputs
    assert repr(inferred(parsed)[result]) == "tensor<fp32, [?]>"
