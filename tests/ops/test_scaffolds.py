"""Every op scaffolds, in every opset that has it, to a program that verifies and compiles.

And what is set is there, and what follows from it too.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import milc
from milc.diagnostics import MilError
from milc.driver.checking import verify_file
from milc.driver.loading import Text
from milc.driver.scaffolding import scaffold_text
from milc.ir.literals import BlobRef
from milc.ir.nodes import Op
from milc.ir.types import FP16, FP32, INT32
from milc.ir.walk import walk_ops
from milc.opsets import index
from milc.opsets.versions import BY_TAG, LADDER
from milc.schema import level
from milc.syntax.format import format_text
from milc.syntax.parse import parse
from milc.verify.completing import unwritten

OPEN_FORM = "MIL0333"
"""What `--strict` says of nested blocks, whose form in Apple's text is not known."""

OPSETS = [
    (name, version.tag)
    for name in sorted(index.families())
    for version in LADDER
    if level(version.tag) >= level(index.versions(name)[0].since)
]


def op_of(text: str, kind: str) -> Op:
    """The op that a scaffold is about."""
    return next(op for op in walk_ops(parse(text)) if op.kind == kind)


@pytest.mark.parametrize(("name", "opset"), OPSETS)
def test_every_definition_scaffolds(name: str, opset: str) -> None:
    text = milc.scaffold(name, opset=opset)
    assert format_text(text) == text
    found = verify_file(Text(text.encode(), name, Path()), strict=True)
    assert [finding for finding in found if finding.code != OPEN_FORM] == []
    program = parse(text)
    (function,) = program.functions.values()
    assert function.opset == opset
    assert not unwritten(program)
    ops = list(walk_ops(program))
    assert [op.kind for op in ops].count(name) == 1 or name in ("cast", "const", "read_state")
    assert not any(isinstance(literal, BlobRef) for op in ops for literal in op.literals)
    assert milc.Model(program).specification_version == BY_TAG[opset].specification


@pytest.mark.parametrize("name", sorted(index.families()))
def test_every_op_compiles(name: str, tmp_path: Path) -> None:
    text = milc.scaffold(name)
    model = milc.compile(Text(text.encode(), name, Path()), tmp_path / "Made.mlmodel")
    assert model.notes == []


def test_an_op_is_scaffolded_in_the_opset_of_its_newest_definition() -> None:
    assert "func main<ios17>" in milc.scaffold("conv")
    assert "func main<ios15>" in milc.scaffold("softmax")


# What is set

SET = [
    ("softmax", {"x": "fp16"}, "tensor<fp16, [2, 3]>"),
    ("softmax", {"x": "4x5x6"}, "tensor<fp32, [4, 5, 6]>"),
    ("softmax", {"x": "2x?"}, "tensor<fp32, [2, ?]>"),
    ("softmax", {"x": "tensor<fp16, [1, 8]>"}, "tensor<fp16, [1, 8]>"),
    ("softmax", {"x": (1, None)}, "tensor<fp32, [1, ?]>"),
    ("softmax", {"x": FP16(3, 4)}, "tensor<fp16, [3, 4]>"),
    ("softmax", {"x": FP16}, "tensor<fp16, [2, 3]>"),
    ("reduce_sum", {"keep_dims": True}, "tensor<fp32, [2, 1, 4]>"),
    ("reduce_sum", {"keep_dims": "true", "axes": "0x2"}, "tensor<fp32, [1, 3, 1]>"),
    ("reduce_sum", {"axes": [0, 1]}, "tensor<fp32, [4]>"),
    ("reduce_sum", {"axes": -1}, "tensor<fp32, [2, 3]>"),
    ("cast", {"dtype": "fp16"}, "tensor<fp16, [2, 3]>"),
    ("cast", {"dtype": '"bool"'}, "tensor<bool, [2, 3]>"),
    ("fill", {"value": "true", "shape": "4x5"}, "tensor<bool, [4, 5]>"),
    ("fill", {"value": "fp16(0.5)"}, "tensor<fp16, [2, 3]>"),
    ("conv", {"kernel": "5x5"}, "tensor<fp32, [1, 2, 3, 3]>"),
    ("conv", {"kernel": (1, 1), "strides": 1, "pad": 0}, "tensor<fp32, [1, 2, 8, 8]>"),
    ("max_pool", {"kernel": 2, "strides": 2, "pad_type": "valid"}, "tensor<fp32, [1, 3, 5, 5]>"),
    ("transpose", {"perm": "0x2x1"}, "tensor<fp32, [2, 4, 3]>"),
]


@pytest.mark.parametrize(("op", "changes", "result"), SET, ids=lambda value: str(value)[:30])
def test_what_is_set_decides_the_result(op: str, changes: dict[str, object], result: str) -> None:
    assert repr(op_of(milc.scaffold(op, **changes), op).results[0].type) == result


def test_an_argument_that_the_example_leaves_out() -> None:
    op = op_of(milc.scaffold("constexpr_lut_to_dense", vector_axis="0"), "constexpr_lut_to_dense")
    assert "vector_axis" in op.args
    mask = op_of(milc.scaffold("lstm", peephole="3"), "lstm").args["peephole"][0]
    assert repr(mask.type) == "tensor<fp32, [3]>"


def test_an_optional_argument_goes() -> None:
    text = milc.scaffold("conv", bias="")
    assert "bias" not in text


def test_a_constant_in_place_of_an_input() -> None:
    op = op_of(milc.scaffold("add", y="0.5"), "add")
    assert not hasattr(op.args["y"][0], "uses")
    assert [value.name for value in op.values] == ["x"]


def test_one_after_the_other() -> None:
    text = scaffold_text("softmax", None, [("x", "fp16"), ("x", "4x4"), ("x", "1x?")])
    assert "tensor<fp16, [1, ?]> x" in text


# What follows

FOLLOWS = [
    ("conv", {"x": "1x3x32x32"}, "weight", FP32(2, 3, 3, 3)),
    ("conv", {"x": "1x3x32x32", "kernel": 5}, "weight", FP32(2, 3, 5, 5)),
    ("conv", {"x": "1x3x32", "kernel": 5}, "weight", FP32(2, 3, 5)),
    ("conv", {"x": "1x3x32", "kernel": 5}, "pad", INT32(2)),
    ("conv", {"x": "1x3x8x8x8", "pad": 2}, "pad", INT32(6)),
    ("conv", {"x": "1x8x8x8", "groups": 4}, "weight", FP32(2, 2, 3, 3)),
    ("conv", {"weight": "16x1x3x3"}, "bias", FP32(16)),
    ("conv", {"x": "fp16"}, "weight", FP16(2, 1, 3, 3)),
    ("conv_transpose", {"x": "1x4x8x8"}, "weight", FP32(4, 1, 3, 3)),
    ("max_pool", {"x": "1x4x8"}, "kernel_sizes", INT32(1)),
    ("linear", {"x": "fp16", "weight": "2x5"}, "x", FP16(2, 5)),
    ("linear", {"weight": "7x3"}, "bias", FP32(7)),
    ("batch_norm", {"x": "1x5x8x8"}, "variance", FP32(5)),
    ("layer_norm", {"x": "2x7x6", "epsilon": "fp32"}, "gamma", FP32(6)),
    ("matmul", {"x": "6x7"}, "y", FP32(5, 1, 2, 7)),
    ("add", {"x": "4x5"}, "y", FP32(5)),
    ("scaled_dot_product_attention", {"query": "1x4x5x64"}, "key", FP16(1, 4, 7, 64)),
    ("write_state", {"x": "1x128"}, "data", FP16(1, 128)),
    ("clip", {"x": "fp16"}, "alpha", FP16()),
]


@pytest.mark.parametrize(
    ("op", "changes", "arg", "type"), FOLLOWS, ids=lambda value: str(value)[:30]
)
def test_what_follows(op: str, changes: dict[str, object], arg: str, type: object) -> None:
    assert op_of(milc.scaffold(op, **changes), op).args[arg][0].type is type


def test_what_follows_beside_the_op() -> None:
    assert "elem_shape = tensor<int32, []>(7)" in milc.scaffold("list_write", x="tensor<fp32, [7]>")
    assert milc.scaffold("while_loop", x="tensor<fp16, [5]>").count("tensor<fp16, [5]>") == 5
    assert "probabilities = p" in milc.scaffold("classify", classes='["a", "b"]')


def test_weights_are_small_numbers() -> None:
    weight = op_of(milc.scaffold("conv", x="1x16x8x8"), "conv").args["weight"][0]
    assert isinstance(weight, milc.ir.nodes.Value)
    assert {abs(value) for value in weight.literal.values()} <= {0.0, 1.0, 2.0, 4.0}


# What cannot be

REFUSED = [
    ("relu", {"y": "fp16"}, "MIL0036", "y"),
    ("conv", {"kernal": "3x3"}, "MIL0036", "kernal"),
    ("softmax", {"axis": "last"}, "MIL0037", "last"),
    ("softmax", {"axis": "0.5"}, "MIL0037", "0.5"),
    ("softmax", {"x": "fp33"}, "MIL0037", "fp33"),
    ("conv", {"kernel": "wide"}, "MIL0037", "wide"),
    ("conv", {"kernel": "3x?"}, "MIL0037", "3x?"),
    ("conv", {"weight": "2x?x3x3"}, "MIL0037", "2x?x3x3"),
    ("pad", {"pad": "9999999999"}, "MIL0037", "9999999999"),
    ("relu", {"x": ""}, "MIL0038", "x"),
    ("write_state", {"data": "fp32"}, "MIL0038", "data"),
]


@pytest.mark.parametrize(
    ("op", "changes", "code", "place"), REFUSED, ids=lambda value: str(value)[:30]
)
def test_what_is_refused(op: str, changes: dict[str, str], code: str, place: str) -> None:
    with pytest.raises(MilError) as raised:
        milc.scaffold(op, **changes)
    (finding,) = raised.value.diagnostics
    assert finding.code == code
    assert finding.span is not None
    assert finding.span.text == place
    assert finding.path == "--set"


def test_an_argument_of_a_newer_opset() -> None:
    with pytest.raises(MilError) as raised:
        milc.scaffold("gather", opset="ios15", batch_dims="0")
    assert raised.value.diagnostics[0].help == "it came with ios16: --opset ios16"


def test_a_constant_that_is_too_large() -> None:
    with pytest.raises(MilError) as raised:
        milc.scaffold("linear", weight="4096x4096")
    assert [finding.code for finding in raised.value.diagnostics] == ["MIL0039"]


def test_a_rule_that_is_broken_is_shown_in_the_program() -> None:
    with pytest.raises(MilError) as raised:
        milc.scaffold("softmax", axis=9)
    (finding,) = raised.value.diagnostics
    assert finding.code == "MIL0310"
    assert finding.span is not None
    assert "axis = " in finding.span.text
