"""What can only mean one thing, written: `milc.infer`, `milc verify --fix`, `milc fmt --infer`."""

from __future__ import annotations

from pathlib import Path

import pytest

import milc
from milc.driver.fixing import fixed_text
from milc.ir.types import FP32, TO_INFER
from tests.commands import Cli, command_line

OPEN = """\
program(1.3)
{
    func main<ios17>(tensor<fp32, [2, 4]> x) {
        _ two = const()[name = string("two"), val = fp32(2)];
        _ y = mul(x = x, y = two);
        // a comment that stays
        _ a, _ b = split(x = y, num_splits = int32(2), axis = int32(1));
        tensor<fp32, [2, 9]> z = concat(values = (a, b), axis = int32(1));
    } -> (z);
}
"""


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    return command_line(capsys, monkeypatch, tmp_path)


def mended(statements: str, before: str = "", opset: str = "ios17") -> str:
    """The statements of a function after mending."""
    head = f"program(1.3) {{ func main<{opset}>(tensor<fp32, [2, 4]> x{before}) {{"
    text = fixed_text(f"{head}{statements}}} -> (z); }}")
    return text.removeprefix(head).partition("} -> ")[0]


def test_infer_fills_in_open_types_in_place() -> None:
    program = milc.parse(OPEN.replace("tensor<fp32, [2, 9]> z", "_ z"))
    values = [value for op in program.functions["main"].body.ops for value in op.results]
    assert {value.type for value in values} == {TO_INFER}
    milc.infer(program)
    assert [value.type for value in values] == [
        FP32(), FP32(2, 4), FP32(2, 2), FP32(2, 2), FP32(2, 4),
    ]  # fmt: skip


def test_infer_says_why_a_type_is_not_known() -> None:
    text = OPEN.replace("mul(x = x, y = two)", "mul(x = x)")
    with pytest.raises(milc.MilError) as raised:
        milc.infer(milc.parse(text))
    assert [finding.code for finding in raised.value.diagnostics] == ["MIL0304"]


def test_open_types_and_defaults_and_wrong_types_are_written() -> None:
    assert fixed_text(OPEN) == OPEN.replace("_ two", "fp32 two").replace(
        "_ y", "tensor<fp32, [2, 4]> y"
    ).replace("_ a, _ b", "tensor<fp32, [2, 2]> a, tensor<fp32, [2, 2]> b").replace(
        "[2, 9]> z", "[2, 4]> z"
    ).replace("axis = int32(1));\n    }", "axis = int32(1), interleave = bool(false));\n    }")


def test_arguments_on_lines_of_their_own_stay_so() -> None:
    call = "gelu(\n            x = x // why (\n        );"
    text = mended(f"_ z = {call}").partition("z = ")[2]
    assert (
        text == 'gelu(\n            x = x,\n            mode = string("EXACT") // why (\n        );'
    )
    assert mended("_ z = gelu( x = x );") == (
        'tensor<fp32, [2, 4]> z = gelu( x = x, mode = string("EXACT") );'
    )


def test_mending_twice_changes_nothing() -> None:
    once = fixed_text(OPEN)
    assert fixed_text(once) == once


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("_ z = relo(x = x);", "tensor<fp32, [2, 4]> z = relu(x = x);"),
        (
            "_ z = squeeze(x = x, axs = tensor<int32, [0]>([]));",
            "tensor<fp32, [2, 4]> z = squeeze(x = x, axes = tensor<int32, [0]>([]));",
        ),
        (
            "tensor<fp32, [2, 4]> list = relu(x = x); _ z = add(x = list, y = x);",
            "tensor<fp32, [2, 4]> list_0 = relu(x = x); _ z = add(x = list_0, y = x);".replace(
                "_ z", "tensor<fp32, [2, 4]> z"
            ),
        ),
    ],
)
def test_names_are_mended(before: str, after: str) -> None:
    assert mended(before) == after


def test_what_could_mean_several_things_is_left() -> None:
    for statements in (
        "tensor<fp32, [2, 4]> z = blorp(x = x);",
        "tensor<fp32, [2, 4]> z = relu();",
        "tensor<fp32, [2, 4]> z = add(x = x, y = h);",
    ):
        assert mended(statements, ", tensor<fp16, [4]> h") == statements


def test_what_a_comment_silences_is_left() -> None:
    statement = "tensor<fp32, [4, 2]> z = relu(x = x); // milc: ignore[MIL0311]\n"
    assert mended(statement) == statement


def test_a_type_that_stays_open_is_not_written(tmp_path: Path) -> None:
    source = tmp_path / "m.mil"
    source.write_text(OPEN.replace("_ y = mul(", "_ q = nosuch(x = x); _ y = mul("))
    with pytest.raises(milc.MilError) as raised:
        milc.compile(source, tmp_path / "m.mlpackage", verify=False)
    (finding,) = raised.value.diagnostics
    assert finding.code == "MIL0539"
    assert finding.help is not None
    assert "`_`" in finding.help


def test_a_text_that_does_not_parse_is_left() -> None:
    assert fixed_text("program(1.3) { func main<") == "program(1.3) { func main<"


def test_the_verb_writes_and_reports_what_is_left(cli: Cli) -> None:
    path = Path("m.mil")
    path.write_text(OPEN.replace("_ y = mul(x = x, y = two)", "_ y = mul(x = x, why = two)"))
    run = cli("verify", "--fix", path)
    assert run.status == 1
    assert "error[MIL0303]" in run.err
    path.write_text(OPEN)
    run = cli("verify", "--fix", path)
    assert (run.status, path.read_text()) == (0, fixed_text(OPEN))
    assert cli("verify", "--fix", path).err == "0 texts mended\n"


def test_the_verb_shows_a_diff_and_writes_nothing(cli: Cli) -> None:
    path = Path("m.mil")
    path.write_text(OPEN)
    run = cli("verify", "--fix", "--diff", path)
    assert (run.status, path.read_text()) == (1, OPEN)
    assert "+        tensor<fp32, [2, 4]> y = mul(x = x, y = two);" in run.out


def test_the_verb_mends_standard_input(cli: Cli) -> None:
    run = cli("verify", "--fix", "-", stdin=OPEN)
    assert (run.status, run.out) == (0, fixed_text(OPEN))


def test_a_package_is_not_mended(cli: Cli) -> None:
    Path("m.mil").write_text(OPEN.replace("[2, 9]", "[2, 4]"))
    assert cli("compile", "m.mil", "-o", "m.mlpackage").status == 0
    run = cli("verify", "--fix", "m.mlpackage")
    assert run.status == 2
    assert "MIL0034" in run.err


def test_of_a_folder_the_texts_are_mended_and_the_rest_is_verified(cli: Cli) -> None:
    Path("in").mkdir()
    Path("in/m.mil").write_text(OPEN)
    Path("whole.mil").write_text(fixed_text(OPEN))
    assert cli("compile", "whole.mil", "-o", "in/m.mlpackage").status == 0
    run = cli("verify", "--fix", "in")
    assert (run.status, Path("in/m.mil").read_text()) == (0, fixed_text(OPEN)), run.err
    Path("in/m.mlpackage/Manifest.json").write_text("{")
    run = cli("verify", "--fix", "in")
    assert run.status == 1
    assert "MIL0034" not in run.err


def test_of_a_decompiled_folder_the_text_is_named(cli: Cli) -> None:
    Path("m.mil").write_text(fixed_text(OPEN))
    assert cli("compile", "m.mil", "-o", "m.mlpackage").status == 0
    assert cli("decompile", "m.mlpackage", "-o", "m").status == 0
    run = cli("verify", "--fix", "m")
    assert run.status == 2
    assert f"milc verify --fix {Path('m', 'model.mil')}" in run.err


def test_compile_writes_out_what_is_left_open(tmp_path: Path) -> None:
    source = tmp_path / "m.mil"
    source.write_text(OPEN.replace("[2, 9]", "[2, 4]"))
    milc.compile(source, tmp_path / "m.mlpackage")
    text = milc.to_text(milc.load(tmp_path / "m.mlpackage"))
    assert "interleave = z_interleave_0" in text
    assert "tensor<fp32, [2, 2]> a, tensor<fp32, [2, 2]> b = split(" in text
    assert source.read_text() == OPEN.replace("[2, 9]", "[2, 4]")


def test_fmt_writes_them_out_when_asked(cli: Cli) -> None:
    path = Path("m.mil")
    path.write_text(OPEN)
    assert cli("fmt", "--check", path).status == 0
    assert cli("fmt", "--infer", path).status == 0
    assert "interleave = bool(false)" in path.read_text()
    assert "tensor<fp32, [2, 2]> a, tensor<fp32, [2, 2]> b = split(" in path.read_text()
