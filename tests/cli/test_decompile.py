"""`milc decompile`: text on stdout, or a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import milc
from milc.ir.literals import string_literal
from tests.commands import HELLO, WEIGHTS, Cli


@pytest.fixture
def package(tmp_path: Path) -> Path:
    milc.compile(WEIGHTS, tmp_path / "M.mlpackage", author="me")
    return tmp_path / "M.mlpackage"


def test_text_goes_to_stdout(cli: Cli, package: Path) -> None:
    run = cli("decompile", package)
    assert (run.status, run.err) == (0, "")
    assert run.out == milc.to_text(milc.load(package))
    assert cli("fmt", "--check", "-", stdin=run.out).status == 0


def test_apples_style_and_build_info(cli: Cli, package: Path) -> None:
    run = cli(
        *("decompile", package, "--style", "coremlc", "--build-info", "b=2"),
        *("--build-info", "a=1"),
    )
    assert run.out.splitlines()[1] == (
        '[buildInfo = dict<tensor<string, []>, tensor<string, []>>({{"a", "1"}, {"b", "2"}})]'
    )
    assert not run.out.endswith("\n"), "as the compiler ends its own"


def test_text_is_printed_anew(cli: Cli) -> None:
    run = cli("decompile", "-", stdin=HELLO)
    assert run.status == 0
    assert "//" not in run.out
    assert cli("decompile", "-", stdin=run.out).out == run.out


def test_a_folder(cli: Cli, package: Path, tmp_path: Path) -> None:
    assert cli("decompile", package, "-o", "m") == (0, "", "")
    names = sorted(str(p.relative_to(tmp_path / "m")) for p in (tmp_path / "m").rglob("*"))
    assert names == ["model.json", "model.mil", "weights", "weights/weight.bin"]
    held = json.loads((tmp_path / "m/model.json").read_text("utf-8"))
    assert held["specificationVersion"] == 7
    assert held["description"]["metadata"] == {"author": "me"}
    assert "mlProgram" not in held


def test_an_earlier_folder_is_replaced_whole(cli: Cli, package: Path, tmp_path: Path) -> None:
    cli("decompile", package, "-o", "m")
    (tmp_path / "m/stale.bin").touch()
    assert cli("decompile", package, "-o", "m").status == 0
    assert not (tmp_path / "m/stale.bin").exists()
    assert cli("decompile", "m", "-o", "m").status == 0, "onto itself"
    assert milc.verify(milc.load(tmp_path / "m")) == []


@pytest.mark.parametrize("names", [("notes.txt",), ("model.mil", "model.json", "coremldata.bin")])
def test_a_folder_of_something_else_stays(
    cli: Cli, package: Path, tmp_path: Path, names: tuple[str, ...]
) -> None:
    (tmp_path / "m").mkdir()
    for name in names:
        (tmp_path / "m" / name).touch()
    run = cli("decompile", package, "-o", "m")
    assert (run.status, "MIL0009" in run.err) == (2, True)
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == sorted(names)


@pytest.mark.parametrize(
    ("output", "meant"),
    [
        ("m.mil", "milc decompile X > m.mil"),
        ("m.mlpackage", "milc compile X -o m.mlpackage"),
        ("m.mlmodel", "milc compile X -o m.mlmodel"),
    ],
)
def test_an_output_that_promises_a_file(cli: Cli, output: str, meant: str) -> None:
    run = cli("decompile", "X", "-o", output)
    assert run.status == 2
    assert f"Did you mean: {meant}" in run.err


def test_what_text_cannot_carry_is_named(cli: Cli, package: Path, tmp_path: Path) -> None:
    model = milc.load(package)
    model.program.doc = "about it"
    op = next(model.program.functions["main"].body.ops)
    op.attributes["name"] = string_literal("weight")
    op.attributes["name"].doc = "a name"
    milc.save(model, package)
    for run in (cli("decompile", package), cli("decompile", package, "-o", "m")):
        assert run.status == 0
        assert "warning[MIL0025]: text cannot carry the program's doc string" in run.err
        assert "the doc string of `name`" in run.err
    cli("compile", package, "-o", "Copy.mlpackage")
    assert milc.load(tmp_path / "Copy.mlpackage").program.doc == "about it"


def test_what_json_cannot_carry_is_named(cli: Cli, package: Path) -> None:
    model = milc.load(package)
    newer = b"\x92\x3f\x01x"  # field 1010, which no version of Core ML has
    model.spec.MergeFromString(newer)
    milc.save(model, package)
    run = cli("decompile", package, "-o", "m", "--format", "json")
    assert run.status == 0
    assert run.codes == ["MIL0732"]
    assert cli("decompile", package, "--format", "json").err == "[]\n"
