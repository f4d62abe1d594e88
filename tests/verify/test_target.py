"""`milc verify --target`: what keeps a program from older systems, and what would replace it."""

from __future__ import annotations

from pathlib import Path

import pytest

import milc
from milc.diagnostics import MilError
from milc.opsets import index
from milc.opsets.versions import LADDER, called
from milc.schema import level
from milc.verify.target import ELEMENTS_SINCE
from tests.verify.asking import found, function, told

GATHER = (
    "tensor<fp32, [2, 3]> y = gather(axis = int32(0), batch_dims = int32(0), indices = i, x = x,"
    " validate_indices = bool(false));"
)
INDICES = "tensor<fp32, [2, 3]> x, tensor<int32, [2]> i"


@pytest.mark.parametrize(
    ("word", "tag"),
    [
        ("ios16", "ios16"), ("iOS16", "ios16"), ("iOS 16", "ios16"), ("iOS16.4", "ios16"),
        ("macos13", "ios16"), ("macOS 13.1", "ios16"), ("CoreML6", "ios16"), ("watchOS9", "ios16"),
        ("visionOS2", "ios18"), ("ios14", None), ("16", None), ("", None), ("ios", None),
    ],
)  # fmt: skip
def test_what_a_target_may_be_called(word: str, tag: str | None) -> None:
    version = called(word)
    assert (version.tag if version is not None else None) == tag
    if tag is None:
        with pytest.raises(MilError, match="MIL0035"):
            found(function(GATHER, inputs=INDICES), target=word)


@pytest.mark.parametrize(
    ("text", "target", "expected"),
    [
        (function(GATHER, inputs=INDICES), "ios17", []),
        (function(GATHER, inputs=INDICES), "ios18", []),
        (function(GATHER, inputs=INDICES), "ios16", ["2:MIL0342:e", "3:MIL0341:e"]),
        (function(GATHER, inputs=INDICES), "macOS12", ["2:MIL0342:e", *["3:MIL0341:e"] * 2]),
        (function("tensor<fp32, [2, 3]> y = fill_like(ref_tensor = x, value = fp32(1));"), "ios15",
         ["2:MIL0342:e", "3:MIL0340:e"]),
        # An op of a newer opset than its function.
        (function("tensor<fp32, [2, 3]> y = relu<ios17>(x = x);", opset="ios16"), "ios16", []),
        (function("tensor<fp32, [2, 3]> y = fill_like<ios17>(ref_tensor = x, value = fp32(1));",
                  opset="ios15"), "ios15", ["3:MIL0340:e"]),
        # An element type of an argument, and of a relation between two.
        (function("tensor<int8, [2, 3]> i = cast(x = x, dtype = string(\"int8\"));\n"
                  "tensor<fp32, [2, 3]> y = cast(x = i, dtype = string(\"fp32\"));"), "ios16",
         ["2:MIL0342:e", "3:MIL0341:e", "4:MIL0341:e"]),
        (function("tensor<fp32, [2, 3]> y = leaky_relu(x = x, alpha = fp16(1));"), "ios16",
         ["2:MIL0342:e", "3:MIL0341:e"]),
        # The version, which the text gives.
        (function("fp32 y = relu(x = x);", inputs="fp32 x", opset="ios15", version="1.3"), "ios16",
         ["1:MIL0343:e"]),
        # What an app sees.
        (function("tensor<fp16, [2]> y = relu(x = x);", inputs="tensor<fp16, [2]> x",
                  opset="ios16"), "ios15", ["2:MIL0342:e", "2:MIL0344:e", "3:MIL0344:e"]),
        (function("tensor<fp16, [2]> y = read_state(input = s);", opset="ios18",
                  inputs="state<tensor<fp16, [2]>> s, fp32 x"), "ios17",
         ["2:MIL0342:e", "2:MIL0344:e", "3:MIL0340:e"]),
        (function("tensor<uint4, [2]> c = const()[val = tensor<uint4, [2]>([1, 2])];\n"
                  "tensor<fp32, [2, 3]> y = relu(x = x);", opset="ios18"), "ios17",
         ["2:MIL0342:e", "3:MIL0345:e"]),
        # What is wrong in any case is said once.
        (function("tensor<fp32, [2, 3]> y = nonsense(x = x);\n"
                  "tensor<fp32, [2, 3]> z = relu(x = x, alpha = x);"), "ios16",
         ["2:MIL0342:e", "3:MIL0301:e", "4:MIL0303:e"]),
        (function("tensor<bool, [2]> y = logical_not(x = x);", inputs="tensor<bool, [2]> x",
                  opset="ios16"), "ios15", ["2:MIL0701:e", "2:MIL0342:e", "3:MIL0701:e"]),
    ],
)  # fmt: skip
def test_what_is_too_new(text: str, target: str, expected: list[str]) -> None:
    assert sorted(told(text, target=target)) == sorted(expected)


def test_it_is_said_what_brought_it_and_what_replaces_it() -> None:
    finding = found(function(GATHER, inputs=INDICES), target="ios16")[1]
    assert finding.message == "for ios16, gather has no argument `validate_indices`"
    assert finding.notes[0].startswith("ios17: ")
    assert finding.help == f"instead: {index.versions('gather')[2].instead}"
    fill = function("tensor<fp32, [2, 3]> y = fill_like(ref_tensor = x, value = fp32(1));")
    assert found(fill, target="ios15")[1].help == "instead: `shape` and `fill`"


def test_an_op_says_once_what_replaces_it() -> None:
    findings = found(function(GATHER, inputs=INDICES), target="ios15")[1:]
    assert [bool(finding.notes) for finding in findings] == [True, False]


def test_every_definition_that_an_opset_brought_says_what_does_the_same() -> None:
    """But for clip of ios17, which only asks for more."""
    silent = {
        (name, definition.since)
        for name in index.families()
        for definition in index.versions(name)
        if level(definition.since) > level(LADDER[0].tag) and not vars(definition).get("instead")
    }
    assert silent == {("clip", "ios17")}


def test_what_replaces_an_op_is_shown_on_its_page() -> None:
    from milc.driver.reference import as_markdown, look_up

    assert "Since ios16. Before: `shape` and `fill`." in as_markdown(look_up("fill_like"))
    assert "Before: `validate_indices` left out" in as_markdown(look_up("gather"))


def test_what_takes_the_result_of_a_newer_op_is_not_at_fault() -> None:
    text = function(
        "tensor<fp32, [1, 3]> w = constexpr_cast()[source_val ="
        ' tensor<fp16, [1, 3]>([[1, 2, 3]]), output_dtype = string("fp32")];\n'
        "tensor<fp32, [2, 1]> y = linear(x = x, weight = w, bias = tensor<fp32, [1]>([0]));",
        opset="ios16",
    )
    assert told(text) == []
    assert told(text, target="ios15") == ["2:MIL0342:e", "3:MIL0340:e"]


def test_the_program_is_left_as_it_was() -> None:
    program = milc.parse(function(GATHER, inputs=INDICES))
    before = milc.to_text(program)
    assert [each.code for each in milc.verify(program, target="ios16")] == ["MIL0342", "MIL0341"]
    assert milc.to_text(program) == before
    assert milc.verify(program) == []


def test_of_packages(tmp_path: Path) -> None:
    text = function("tensor<fp16, [2]> y = relu(x = x);", inputs="tensor<fp16, [2]> x")
    (tmp_path / "a.mil").write_text(text, encoding="utf-8")
    model = milc.compile(tmp_path / "a.mil", tmp_path / "a.mlmodel")
    assert milc.verify(model, target="ios17") == []
    model = milc.load(tmp_path / "a.mlmodel")
    codes = [each.code for each in milc.verify(model, target="ios15")]
    assert sorted(codes) == ["MIL0342", "MIL0343", "MIL0344", "MIL0344"]
    assert model.specification_version == 8


def test_types_below_a_byte() -> None:
    assert set(ELEMENTS_SINCE) == {"int4", "uint1", "uint2", "uint3", "uint4", "uint6"}
