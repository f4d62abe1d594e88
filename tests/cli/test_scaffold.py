"""`milc scaffold`: a small program around an op, printed, written, listed, and refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import milc
from tests.commands import Cli


def test_prints_what_verifies(cli: Cli) -> None:
    text = cli("scaffold", "conv").out
    assert text == milc.scaffold("conv")
    assert cli("verify", "-", stdin=text) == (0, "", "nothing wrong in 1 model\n")
    assert cli("fmt", "--check", "-", stdin=text).status == 0


def test_changes_and_an_opset(cli: Cli) -> None:
    run = cli("scaffold", "conv", "--opset", "ios18", "--set", "x=1x3x8x8", "--set", "kernel=1")
    assert run.status == 0
    assert "main<ios18>(tensor<fp32, [1, 3, 8, 8]> x)" in run.out
    assert "tensor<fp32, [2, 3, 1, 1]> weight" in run.out


def test_writes_a_file(cli: Cli, tmp_path: Path) -> None:
    assert cli("scaffold", "relu", "-o", "relu.mil") == (0, "", "")
    assert (tmp_path / "relu.mil").read_text("utf-8") == milc.scaffold("relu")


def test_writes_nothing_where_a_rule_is_broken(cli: Cli, tmp_path: Path) -> None:
    run = cli("scaffold", "softmax", "--set", "axis=9", "-o", "softmax.mil")
    assert (run.status, run.out) == (1, "")
    assert "MIL0310" in run.err
    assert "softmax(x = x, axis = " in run.err
    assert not (tmp_path / "softmax.mil").exists()


def test_lists_what_can_be_set(cli: Cli) -> None:
    rows = cli("scaffold", "conv", "--list").out.splitlines()
    assert {row.split()[0] for row in rows if row[0] != " "} == {
        "name", "x", "weight", "bias", "strides", "pad_type", "pad", "dilations", "groups", "kernel"
    }  # fmt: skip
    assert "q      an input" not in cli("scaffold", "conv", "--list").out
    assert "an input" in cli("scaffold", "scaled_dot_product_attention", "--list").out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["conw"], "did you mean conv?"),
        (["conv", "--opset", "ios14"], "there is no opset ios14"),
        (["gelu", "--set", "moed=EXACT"], "did you mean `mode`?"),
        (["gelu", "--set", "mode"], "is not of the form NAME=VALUE"),
        (["gelu", "--set", "=EXACT"], "is not of the form NAME=VALUE"),
        (["quantize", "--opset", "ios16"], "it came with ios17"),
        (["gelu", "-o", "gelu.txt"], "Did you mean"),
        ([], "Missing argument"),
    ],
)
def test_wrong_options(cli: Cli, args: list[str], said: str) -> None:
    run = cli("scaffold", *args)
    assert (run.status, run.out) == (2, "")
    assert said in run.err


def test_findings_for_programs_leave_stdout_to_the_text(cli: Cli) -> None:
    run = cli("scaffold", "softmax", "--set", "axis=9", "--format", "json")
    assert (run.status, run.out) == (1, "")
    assert '"MIL0310"' in run.err
    run = cli("scaffold", "softmax", "--format", "json")
    assert run.out == milc.scaffold("softmax")
