"""The verb `milc compare`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.commands import Cli
from tests.shared import SHARED, needs_shared

TEXT = """program(1.3)
{{
    func main<ios18>(tensor<fp32, [1, 4]> x) {{
        tensor<fp32, [1, 4]> a = add(x = x, y = x);
        tensor<fp32, [1, 4]> b = mul(x = a, y = fp32({factor}));
        tensor<fp32, [1, 4]> c = sub(x = b, y = x);
    }} -> (c);
}}
"""


@pytest.fixture
def models(tmp_path: Path) -> tuple[Path, Path]:
    """Two models that differ in a factor."""
    one, other = tmp_path / "one.mil", tmp_path / "other.mil"
    one.write_text(TEXT.format(factor="2"), "utf-8")
    other.write_text(TEXT.format(factor="2.5"), "utf-8")
    return one, other


def found(cli: Cli, *args: Any) -> tuple[int, dict[str, Any]]:
    """The exit status and what --json says."""
    done = cli("compare", *args, "--json")
    return done.status, json.loads(done.out)


def test_equal_models_agree(cli: Cli, models: tuple[Path, Path]) -> None:
    done = cli("compare", models[0], models[0], "--random")
    assert done.status == 0, done.err
    assert "exact" in done.out
    assert "the models agree; 3 values on the way compared" in done.err


def test_different_models_differ_at_a_place(cli: Cli, models: tuple[Path, Path]) -> None:
    done = cli("compare", *models, "--input", "x=1")
    assert done.status == 1
    assert "MIL0931" in done.err
    assert "one.mil:5:34" in done.err
    assert "other.mil:5:34" in done.err
    assert "`b` is the first to differ" in done.err


def test_the_measures_are_those_of_the_values(cli: Cli, models: tuple[Path, Path]) -> None:
    status, said = found(cli, *models, "--input", "x=[[1, 2, 3, 4]]")
    (output,) = said["outputs"]
    assert status == 1
    assert output["largest"] == 4.0
    assert output["relative"] == pytest.approx(1 / 3)
    assert output["snr_db"] == pytest.approx(20 * np.log10(3), abs=1e-5)
    assert said["first_difference"]["name"] == "b"
    assert "values" not in said


def test_every_value_is_shown_on_request(cli: Cli, models: tuple[Path, Path]) -> None:
    _, said = found(cli, *models, "--random", "--all")
    assert [each["name"] for each in said["values"]] == ["a", "b", "c"]
    assert [each["agrees"] for each in said["values"]] == [True, False, False]


def test_what_is_allowed_can_be_said(cli: Cli, models: tuple[Path, Path]) -> None:
    assert found(cli, *models, "--input", "x=1", "--rtol", "0.4")[0] == 0
    assert found(cli, *models, "--input", "x=1", "--rtol", "0", "--atol", "0.9")[0] == 1
    assert found(cli, *models, "--input", "x=1", "--rtol", "0", "--atol", "1.1")[0] == 0
    assert cli("compare", *models, "--random", "--rtol", "-1").status == 2
    assert cli("compare", *models, "--random", "--rtol", "nan").status == 2


def test_missing_inputs_are_said(cli: Cli, models: tuple[Path, Path]) -> None:
    done = cli("compare", *models)
    assert done.status == 1
    assert "MIL0901" in done.err


def test_models_of_other_outputs_cannot_be_compared(
    cli: Cli, models: tuple[Path, Path], tmp_path: Path
) -> None:
    other = tmp_path / "outputs.mil"
    other.write_text(TEXT.format(factor="2").replace("-> (c)", "-> (b, c)"), "utf-8")
    done = cli("compare", models[0], other, "--random")
    assert done.status == 1
    assert "MIL0930" in done.err


def test_steps_go_on_to_the_first_that_differs(cli: Cli, tmp_path: Path) -> None:
    text = """program(1.3)
{{
    func main<ios18>(state<tensor<fp16, [1]>> s, tensor<fp16, [1]> x) {{
        tensor<fp16, [1]> old = read_state(input = s);
        tensor<fp16, [1]> new = add(x = old, y = x);
        write_state(data = new, input = s);
        tensor<fp16, [1]> y = minimum(x = new, y = fp16({most}));
    }} -> (y);
}}
"""
    one, other = tmp_path / "one.mil", tmp_path / "other.mil"
    one.write_text(text.format(most=2.5), "utf-8")
    other.write_text(text.format(most=9), "utf-8")
    assert cli("compare", one, other, "--input", "x=1", "--steps", "2").status == 0
    done = cli("compare", one, other, "--input", "x=1", "--steps", "4")
    assert done.status == 1
    assert "at step 3 of 4" in done.err


@needs_shared
def test_a_model_and_its_half_precision_agree(cli: Cli) -> None:
    one, other = SHARED / "bench/gpt_opt_fp32.mlpackage", SHARED / "bench/gpt_opt_fp16.mlpackage"
    status, said = found(cli, one, other, "--random")
    assert status == 0
    assert said["values_compared"] > 800
    assert 30 < said["outputs"][0]["snr_db"] < 100
