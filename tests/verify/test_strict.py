"""`milc verify --strict`: what Apple's compiler would not read as milc does."""

from __future__ import annotations

from pathlib import Path

import pytest

import milc
from milc.diagnostics import MilError, edits, errors
from milc.driver import choosing
from milc.driver.checking import verify_file
from milc.verify import strict
from tests.commands import HELLO
from tests.corpus.real import CORPUS, compiled_texts
from tests.shared import needs_shared
from tests.verify.asking import found, function, told

RELU = "tensor<fp32, [2, 3]> y = relu(x = x);"
FULL = "tensor<fp32, [2, 3]> y = softmax(axis = int32(-1), x = x);"

TWO_OPSETS = """program(1.3) {
func main<ios17>(fp32 x) { fp32 y = relu(x = x); } -> (y);
func more<ios18>(fp32 x) { fp32 y = relu(x = x); } -> (y);
}
"""

BUILD_INFO = """program(1.3)
[buildInfo = dict<string, string>({
{"a", "]"}})] {
func main<ios17>(fp32 x) { fp32 y = relu(x = x); } -> (y);
}
"""


def test_a_program_that_leaves_nothing_open() -> None:
    assert told(function(FULL), strict=True) == []
    assert errors(found(HELLO, strict=True)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (function("tensor<fp32, [2, 3]> y = softmax(x = x);"), ["3:MIL0330:e"]),
        (function("tensor<fp32, [1, 1, 1, 1, 2, 3]> y = expand_dims(x = x, axes = "
                  "tensor<int32, [4]>([0, 1, 2, 3]));"), ["3:MIL0331:e"]),
        (function(RELU, inputs="tensor<fp32, [1, 1, 1, 1, 1, 1]> a, tensor<fp32, [2, 3]> x"),
         ["2:MIL0331:e"]),
        (function("_ y = relu(x = x);"), ["3:MIL0332:e"]),
        (function("bool p = const()[val = bool(true)];\n"
                  "tensor<fp32, [2, 3]> y = cond(pred = p) {} -> (x), {} -> (x);"),
         ["4:MIL0333:w"]),
        (function(f"{RELU} // why\n// and why not"), ["3:MIL0334:w"]),
        (function("fp32 c = const()[val = fp32(nan)];\n"
                  "tensor<fp32, [2, 3]> y = add(x = x, y = c);"), ["3:MIL0335:w"]),
        (function("tensor<fp32, [2, 3]> `y` = relu(x = x);"), ["3:MIL0336:e"]),
        (function("tensor<fp32, [2, 3]> `y.1` = relu(x = x);", outputs="`y.1`"), ["3:MIL0413:e"]),
        (function("tensor<fp32, [2, 3]> `bool` = relu(x = x);", outputs="`bool`"),
         ["3:MIL0412:e"]),
        (function("tensor<fp32, [2, 3]> state = relu(x = x);", outputs="state"), ["3:MIL0412:w"]),
        (TWO_OPSETS, ["3:MIL0337:w"]),
        (BUILD_INFO, ["2:MIL0338:w"]),
        (function("tensor<fp32, [2, ?]> y = relu(x = x);", inputs="tensor<fp32, [2, ?]> x"),
         ["2:MIL0706:e"]),
        (function("tensor<fp32, [2]> c = const()[val = tensor<fp32, [2]>([1, 2])];\n"
                  "tensor<fp32, [2]> y = relu(x = c);", inputs=""), ["2:MIL0708:e"]),
        # Checks that hold at all times.
        (function("tensor<fp16, [2]> y = relu(x = x);", inputs="tensor<fp16, [2]> x",
                  opset="ios15"), ["2:MIL0701:e", "3:MIL0701:e"]),
        (function("tensor<fp32, [2]> y = read_state(input = x);",
                  inputs="state<tensor<fp32, [2]>> x", opset="ios18"), ["2:MIL0703:e"]),
    ],
)  # fmt: skip
def test_what_apples_compiler_does_not_read(text: str, expected: list[str]) -> None:
    assert told(text, strict=True) == expected
    milder = {line.split(":")[1] for line in told(text) if line.endswith("e")}
    assert not milder & {"MIL0330", "MIL0331", "MIL0332", "MIL0336", "MIL0413", "MIL0706"}


@pytest.mark.parametrize(
    "body",
    [
        '// only "here"\n' + RELU,
        'string nan = const()[val = string("nan // `x`")];\n' + RELU,
    ],
)
def test_the_text_is_searched_as_it_is_read(body: str) -> None:
    comments = ["3:MIL0334:w"] if body.startswith("//") else []
    assert told(function(body), strict=True) == comments


def test_a_table_may_have_more_dimensions_than_a_tensor() -> None:
    text = function(
        "tensor<fp16, [1, 1, 1, 1, 2, 1]> t = const()[val ="
        " tensor<fp16, [1, 1, 1, 1, 2, 1]>([[[[[[1], [2]]]]]])];\n"
        "tensor<uint1, [1, 1, 1, 2]> i = const()[val ="
        " tensor<uint1, [1, 1, 1, 2]>([[[[0, 1]]]])];\n"
        "tensor<fp16, [1, 1, 1, 2]> y = constexpr_lut_to_dense(indices = i, lut = t);",
        inputs="fp32 x",
        opset="ios18",
        version="1.3",
    )
    assert [line for line in told(text, strict=True) if "MIL0331" in line] == []


def test_fixes_write_out_what_is_left_open() -> None:
    text = function(
        "_ a = random_normal(shape = tensor<int32, [2]>([2, 3]));\n"
        "_ y = softmax(x = a);\n"
        '_ z = avg_pool(x = i, kernel_sizes = tensor<int32, [1]>([2]), pad_type = string("same"));',
        inputs="tensor<fp32, [1, 2, 8]> i",
        outputs="y, z",
    )
    findings = found(text, strict=True)
    assert {each.code for each in findings} == {"MIL0330", "MIL0332"}
    after = edits.apply(text, [edit for finding in findings for edit in finding.fix])
    assert "mean = tensor<fp32, []>(" in after
    assert told(after, strict=True) == []


def test_what_apples_compiler_was_seen_to_do_without() -> None:
    text = function(
        "tensor<int32, [2]> y = reduce_argmax(axis = int32(1), keep_dims = bool(false), x = x);"
    )
    assert told(text, strict=True) == []


def test_a_comment_silences_what_is_an_error_by_request() -> None:
    comment = "3:MIL0334:w"
    ignored = "tensor<fp32, [2, 3]> y = softmax(x = x); // milc: ignore[MIL0330]"
    assert told(function(ignored), strict=True) == [comment]
    assert told(function(ignored)) == []
    quoted = "tensor<fp32, [2, 3]> `y.1` = relu(x = x); // milc: ignore[MIL0413]"
    assert told(function(quoted, outputs="`y.1`"), strict=True) == [comment]
    vain = f"{RELU} // milc: ignore[MIL0330]"
    assert told(function(vain)) == []
    assert told(function(vain), strict=True) == [comment, "3:MIL0801:w"]


def test_settings_may_silence_what_is_raised() -> None:
    assert set(choosing.RAISED) <= set(strict.RAISED)
    text = function("tensor<fp32, [2, 3]> `y.1` = relu(x = x);", outputs="`y.1`")
    assert choosing.Choice(ignore=("MIL0413",)).of(found(text, strict=True)) == []


def test_of_programs_without_text() -> None:
    program = milc.parse(function("tensor<fp32, [2, 3]> y = softmax(x = x);"))
    assert [each.code for each in milc.verify(program, strict=True)] == ["MIL0330"]
    program.source = None
    for function_ in program.functions.values():
        function_.span = function_.body.span = None
        for op in function_.body.ops:
            op.span = op.results[0].span = None
    for _ in range(2):  # the second time it has the text that was printed to show findings
        (finding,) = milc.verify(program, strict=True)
        assert (finding.code, finding.fix) == ("MIL0330", ())
        assert finding.span is not None


def test_of_packages(tmp_path: Path) -> None:
    (tmp_path / "a.mil").write_text(
        function(FULL.replace(" y =", " `y.1` ="), outputs="`y.1`"), encoding="utf-8"
    )
    milc.compile(tmp_path / "a.mil", tmp_path / "a.mlmodel")
    findings = verify_file(tmp_path / "a.mlmodel", strict=True)
    assert [(each.code, each.severity) for each in findings] == [("MIL0413", "error")]


INCOMPLETE = {"MIL0601"}
"""Errors of the corpus that have nothing to do with Apple's compiler: weights that are missing."""

NO_MODELS = {"jafreck+ironmill"}
"""What no tool reads: types of unknown dimensions where there are none."""


@needs_shared
def test_what_apples_compiler_accepted_is_accepted() -> None:
    models = [path.parent for path in compiled_texts() if path.parent.suffix == ".mlmodelc"]
    models += [path for path in CORPUS.glob("*/*/**/*.mlpackage") if (path / "Data").is_dir()]
    models += list(CORPUS.glob("pairs/*/*/input.mlmodel"))
    wrong = {}
    for path in models:
        if path.parent.name in NO_MODELS:
            continue
        try:
            findings = verify_file(path, strict=True)
        except MilError as error:
            findings = error.diagnostics
        codes = {each.code for each in errors(findings)} - INCOMPLETE
        if codes:
            wrong[path.relative_to(CORPUS)] = codes
    assert wrong == {}
    assert len(models) > 60
