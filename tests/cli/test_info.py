"""`milc info`: tables for people, JSON for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import milc
from tests.commands import EXAMPLES, WEIGHTS, Cli
from tests.shared import SHARED, needs_shared

IMAGE = "program(1.0) { func main<ios15>(tensor<fp32, [1, 3, 8, 4]> x) {} -> (x); }"


def read(cli: Cli, path: object) -> dict[str, Any]:
    run = cli("info", "--json", path)
    assert (run.status, run.err) == (0, "")
    found: dict[str, Any] = json.loads(run.out)
    return found


def test_json_of_text_with_weights(cli: Cli) -> None:
    found = read(cli, WEIGHTS)
    assert found == {
        "path": str(WEIGHTS),
        "specification_version": 7,
        "systems": ["iOS 16", "macOS 13", "tvOS 16", "watchOS 9"],
        "text_version": "1.0",
        "functions": [
            {
                "name": "main",
                "opset": "ios16",
                "default": True,
                "inputs": [plain("x", "tensor<fp32, [1, 16]>", [1, 16])],
                "outputs": [plain("y", "tensor<fp32, [1, 8]>", [1, 8])],
                "states": [],
                "operations": 2,
            }
        ],
        "operations": {"const": 2, "linear": 1, "tanh": 1},
        "parameters": [
            entry("fp32", "weights", 1, 128, 512),
            entry("fp32", "program", 1, 8, 32),
        ],
        "weight_files": [{"path": "@model_path/weights/weight.bin", "bytes": 640}],
        "metadata": {"author": "", "license": "", "version": "", "short_description": ""},
        "user_defined": {},
        "build_info": {},
    }


def plain(name: str, type: str, shape: list[int | None], **other: object) -> dict[str, object]:
    return {
        "name": name, "type": type, "feature": "multiArray", "element": "fp32", "shape": shape,
        "ranges": None, "shapes": None, "color": None, "optional": False, "documentation": "",
        **other,
    }  # fmt: skip


def entry(element: str, stored: str, values: int, elements: int, size: int) -> dict[str, object]:
    return {
        "element": element, "stored": stored, "values": values, "elements": elements,
        "bytes": size,
    }  # fmt: skip


def test_flexible_shapes(cli: Cli) -> None:
    (ranged, _) = read(cli, EXAMPLES / "flexible_shapes/model.mil")["functions"][0]["inputs"]
    assert ranged == plain(
        "rows", "tensor<fp32, [1, ?, 4]>", [1, None, 4], ranges=[[1, 1], [1, 128], [4, 4]]
    )
    enumerated = read(cli, EXAMPLES / "flexible_shapes/enumerated.mil")["functions"][0]["inputs"]
    assert len(enumerated[0]["shapes"]) > 1
    assert enumerated[0]["ranges"] is None


def test_states_and_functions(cli: Cli) -> None:
    (main,) = read(cli, EXAMPLES / "state/model.mil")["functions"]
    assert main["states"][0]["feature"] == "state"
    assert main["states"][0]["type"].startswith("state<tensor<fp16, [")
    functions = read(cli, EXAMPLES / "multifunction/model.mil")["functions"]
    assert [(f["name"], f["default"]) for f in functions] == [("base", True), ("adapted", False)]


def test_an_image(cli: Cli, tmp_path: Path) -> None:
    model = milc.Model(milc.parse(IMAGE))
    model.spec.description.CopyFrom(model.description)
    model.described = True
    feature = model.spec.description.input[0]
    feature.shortDescription = "a face"
    feature.type.isOptional = True
    image = feature.type.imageType
    image.width, image.height, image.colorSpace = 4, 8, 20  # type: ignore[assignment]
    milc.save(model, tmp_path / "M.mlmodel")
    (found,) = read(cli, "M.mlmodel")["functions"][0]["inputs"]
    assert (found["feature"], found["color"], found["shape"]) == ("image", "RGB", [1, 3, 8, 4])
    shown = cli("info", "M.mlmodel").out
    assert "optional; RGB image; a face" in shown


def test_weights_that_are_missing(cli: Cli, tmp_path: Path) -> None:
    text = tmp_path / "m.mil"
    text.write_text(WEIGHTS.read_text("utf-8"), encoding="utf-8")
    assert read(cli, text)["weight_files"] == [
        {"path": "@model_path/weights/weight.bin", "bytes": None}
    ]
    assert "weight.bin, missing" in cli("info", text).out


def test_metadata_and_build_info(cli: Cli, tmp_path: Path) -> None:
    milc.compile(
        WEIGHTS, tmp_path / "M.mlpackage", author="me", license="MIT", version="2",
        short_description="first\nsecond", user_defined={"z": "1", "a": "\x1b[31mred"},
    )  # fmt: skip
    found = read(cli, "M.mlpackage")
    assert found["metadata"]["short_description"] == "first\nsecond"
    assert list(found["user_defined"]) == ["a", "z"]
    shown = cli("info", "M.mlpackage").out
    assert "\x1b" not in shown
    assert "␛[31mred" in shown


@pytest.mark.parametrize("columns", ["40", "80", "120"])
def test_tables_fit_the_terminal(cli: Cli, monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    lines = cli("info", EXAMPLES / "transformer_block/model.mil").out.splitlines()
    assert max(map(len, lines[1:])) <= int(columns)
    assert not any(line.endswith(" ") for line in lines)


def test_a_blob_that_is_used_twice_counts_once(cli: Cli) -> None:
    text = WEIGHTS.read_text("utf-8")
    start = text.index("    tensor<fp32, [8, 16]> weight")
    const = text[start : text.index(";", start) + 1]
    twice = text.replace(const, f"{const}\n{const.replace('weight =', 'again =', 1)}")
    assert read_stdin(cli, twice)["parameters"][0] == entry("fp32", "weights", 1, 128, 512)


def read_stdin(cli: Cli, text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cli("info", "--json", "-", stdin=text).out)
    return found


def test_a_program_that_cannot_be_described_is_shown_all_the_same(cli: Cli) -> None:
    text = "program(1.3) { func main<ios18>(tensor<int64, [2]> x) {} -> (x); }"
    (feature,) = read_stdin(cli, text)["functions"][0]["inputs"]
    assert feature["feature"] is None
    assert feature["element"] == "int64"


def test_an_error_goes_to_stderr(cli: Cli) -> None:
    run = cli("info", "--json", "-", stdin="program(1.3) {")
    assert (run.status, run.out) == (1, "")
    assert "MIL0105" in run.err


@needs_shared
def test_a_real_model(cli: Cli) -> None:
    found = read(cli, SHARED / "bench/gpt_opt_fp16.mlpackage")
    assert (found["functions"][0]["operations"], found["operations"]["const"]) == (955, 1007)
    assert found["parameters"][0]["element"] == "fp16"
