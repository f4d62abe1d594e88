"""`milc compile`: what goes in, what comes out, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import milc
from milc.package.bundle import read_manifest
from tests.commands import EXAMPLES, HELLO, WEIGHTS, Cli

STATE = EXAMPLES / "state/model.mil"


def model(package: Path) -> bytes:
    return read_manifest(package).model.read_bytes()


def stored(package: Path) -> dict[str, bytes]:
    """The weight files of a package."""
    folder = read_manifest(package).model_path
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*.bin")
        if path.is_file()
    }


def test_text_with_weights_beside_it(cli: Cli, tmp_path: Path) -> None:
    assert cli("compile", WEIGHTS, "-o", "M.mlpackage") == (0, "", "")
    found = milc.load(tmp_path / "M.mlpackage")
    assert milc.verify(found) == []
    weights = (WEIGHTS.parent / "weights/weight.bin").read_bytes()
    assert stored(tmp_path / "M.mlpackage") == {"weights/weight.bin": weights}


def test_the_same_input_gives_the_same_bytes(cli: Cli, tmp_path: Path) -> None:
    for name in ("A", "B"):
        assert cli("compile", WEIGHTS, "-o", f"{name}.mlpackage").status == 0
    a, b = (sorted((tmp_path / name).rglob("*")) for name in ("A.mlpackage", "B.mlpackage"))
    assert [p.read_bytes() for p in a if p.is_file()] == [p.read_bytes() for p in b if p.is_file()]


@pytest.mark.parametrize("folder", [WEIGHTS.parent, WEIGHTS.parent / "weights"])
def test_weights_elsewhere(cli: Cli, tmp_path: Path, folder: Path) -> None:
    text = shutil.copy(WEIGHTS, tmp_path / "alone.mil")
    missing = cli("compile", text, "-o", "M.mlpackage")
    assert missing.status == 1
    assert "error[MIL0601]" in missing.err
    assert "--weights DIR" in missing.err
    assert not (tmp_path / "M.mlpackage").exists()
    assert cli("compile", text, "-o", "M.mlpackage", "--weights", folder) == (0, "", "")


def test_weights_have_to_be_a_folder(cli: Cli) -> None:
    file = WEIGHTS.parent / "weights/weight.bin"
    run = cli("compile", WEIGHTS, "-o", "M.mlpackage", "--weights", file)
    assert (run.status, "MIL0026" in run.err) == (2, True)
    run = cli("compile", WEIGHTS, "-o", "M.mlpackage", "--weights", "none")
    assert (run.status, "MIL0001" in run.err) == (2, True)


def test_standard_input(cli: Cli, tmp_path: Path) -> None:
    assert cli("compile", "-", "-o", "M.mlpackage", stdin=HELLO).status == 0
    cli("compile", EXAMPLES / "hello", "-o", "N.mlpackage")
    assert model(tmp_path / "M.mlpackage") == model(tmp_path / "N.mlpackage")
    bad = cli("compile", "-", "-o", "M.mlpackage", stdin="program(1.3)")
    assert "--> <stdin>:1:13" in bad.err


def test_errors_are_all_there_and_nothing_is_written(cli: Cli, tmp_path: Path) -> None:
    wrong = HELLO.replace("x = x,", "x = z,").replace("fp32(0.5)", "fp32(true)")
    run = cli("compile", "-", "-o", "M.mlpackage", "--format", "json", stdin=wrong)
    assert run.status == 1
    assert sorted(run.codes) == ["MIL0206", "MIL0403"]
    assert list(tmp_path.iterdir()) == []


def test_no_verify_writes_what_verify_would_refuse(cli: Cli, tmp_path: Path) -> None:
    wrong = HELLO.replace("ios18>(", "ios16>(").replace("program(1.3)", "program(1.0)")
    options = ("compile", "-", "-o", "M.mlpackage", "--specification-version", "6")
    refused = cli(*options, "--format", "json", stdin=wrong)
    assert refused.codes == ["MIL0717"]
    assert cli(*options, "--no-verify", stdin=wrong).status == 0
    assert milc.load(tmp_path / "M.mlpackage").specification_version == 6


def test_no_verify_does_not_write_what_could_not_be_read(cli: Cli, tmp_path: Path) -> None:
    run = cli("compile", "-", "-o", "M.mlpackage", "--no-verify", stdin=HELLO[:-30])
    assert run.status == 1
    assert list(tmp_path.iterdir()) == []


def test_metadata(cli: Cli, tmp_path: Path) -> None:
    run = cli(
        *("compile", WEIGHTS, "-o", "M.mlpackage", "--author", "A. Name", "--license", "MIT"),
        *("--version", "2.1", "--short-description", "doubles", "--user-defined", "a=b=c"),
        *("--user-defined", "empty="),
    )
    assert run.status == 0
    metadata = milc.load(tmp_path / "M.mlpackage").description.metadata
    assert (metadata.author, metadata.license) == ("A. Name", "MIT")
    assert (metadata.versionString, metadata.shortDescription) == ("2.1", "doubles")
    assert dict(metadata.userDefined) == {"a": "b=c", "empty": ""}
    cli("compile", "M.mlpackage", "-o", "M.mlpackage", "--version-string", "3", "--author", "")
    metadata = milc.load(tmp_path / "M.mlpackage").description.metadata
    assert (metadata.versionString, metadata.author, metadata.license) == ("3", "", "MIT")


def test_a_package_onto_itself_stays_the_same(cli: Cli, tmp_path: Path) -> None:
    cli("compile", WEIGHTS, "-o", "M.mlpackage")
    before = model(tmp_path / "M.mlpackage"), stored(tmp_path / "M.mlpackage")
    assert cli("compile", "M.mlpackage", "-o", "M.mlpackage/").status == 0
    assert (model(tmp_path / "M.mlpackage"), stored(tmp_path / "M.mlpackage")) == before


def test_externalize_and_inline_undo_each_other(cli: Cli, tmp_path: Path) -> None:
    cli("compile", WEIGHTS, "-o", "A.mlpackage")
    assert cli("compile", "A.mlpackage", "-o", "B.mlpackage", "--externalize", "31").status == 0
    assert len(stored(tmp_path / "B.mlpackage")["weights/weight.bin"]) == 640 + 64 + 32
    assert cli("compile", "B.mlpackage", "-o", "C.mlpackage", "--inline", "32").status == 0
    assert model(tmp_path / "C.mlpackage") == model(tmp_path / "A.mlpackage")


def test_a_program_without_references_is_one_file(cli: Cli, tmp_path: Path) -> None:
    refused = cli("compile", WEIGHTS, "-o", "M.mlmodel")
    assert (refused.status, "error[MIL0543]" in refused.err) == (1, True)
    assert cli("compile", WEIGHTS, "-o", "M.mlmodel", "--inline", "1000").status == 0
    (const, *_) = milc.load(tmp_path / "M.mlmodel").program.functions["main"].body.ops
    assert const.result.literal is not None
    assert const.result.literal.numpy().shape == (8, 16)  # type: ignore[attr-defined]


def test_a_decompiled_folder_in_both_styles(cli: Cli, tmp_path: Path) -> None:
    cli("compile", WEIGHTS, "-o", "A.mlpackage", "--author", "me")
    for style in ("milc", "coremlc"):
        assert cli("decompile", "A.mlpackage", "-o", style, "--style", style).status == 0
        assert cli("compile", style, "-o", "B.mlpackage").status == 0
        assert model(tmp_path / "B.mlpackage") == model(tmp_path / "A.mlpackage")
        assert stored(tmp_path / "B.mlpackage") == stored(tmp_path / "A.mlpackage")


def described(tmp_path: Path, **entries: object) -> Path:
    path = tmp_path / "d.json"
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


def test_a_description_of_ones_own(cli: Cli, tmp_path: Path) -> None:
    cli("compile", WEIGHTS, "-o", "A.mlpackage")
    cli("decompile", "A.mlpackage", "-o", "a")
    held = json.loads((tmp_path / "a/model.json").read_text("utf-8"))
    held["description"]["input"][0]["shortDescription"] = "sixteen numbers"
    held["mlProgram"] = {"version": "1"}  # as a full dump has it; passed over
    path = described(tmp_path, **held)
    assert cli("compile", WEIGHTS, "-o", "B.mlpackage", "--model-json", path) == (0, "", "")
    (feature,) = milc.load(tmp_path / "B.mlpackage").description.input
    assert feature.shortDescription == "sixteen numbers"


def test_a_description_without_features_leaves_them_to_be_derived(cli: Cli, tmp_path: Path) -> None:
    path = described(tmp_path, description={"metadata": {"author": "me"}})
    assert cli("compile", WEIGHTS, "-o", "M.mlpackage", "--model-json", path).status == 0
    found = milc.load(tmp_path / "M.mlpackage")
    assert [feature.name for feature in found.description.input] == ["x"]
    assert found.description.metadata.author == "me"
    assert found.specification_version == 7


@pytest.mark.parametrize(
    ("entries", "code", "said"),
    [
        ({"description": {"inputs": []}}, "MIL0730", 'no field named "inputs"'),
        ({"specificationVersion": "x"}, "MIL0730", "specificationVersion"),
        ({"pipeline": {"models": []}}, "MIL0731", "`pipeline`"),
        ({"description": {"input": [{"name": "wrong"}], "output": []}}, "MIL0710", "`wrong`"),
    ],
)
def test_a_description_that_is_wrong(
    cli: Cli, tmp_path: Path, entries: dict[str, object], code: str, said: str
) -> None:
    path = described(tmp_path, **entries)
    run = cli("compile", WEIGHTS, "-o", "M.mlpackage", "--model-json", path, "--format", "json")
    assert run.status == 1
    assert code in run.codes
    assert said in run.out.replace('\\"', '"')
    assert "milc.spec" not in run.out


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "\xff"])
def test_a_description_that_is_no_json(cli: Cli, tmp_path: Path, text: str) -> None:
    path = tmp_path / "d.json"
    path.write_bytes(text.encode("latin-1"))
    run = cli("compile", WEIGHTS, "-o", "M.mlpackage", "--model-json", path, "--format", "json")
    assert run.codes in (["MIL0730"], ["MIL0004"])


@pytest.mark.parametrize(
    ("output", "proposal"),
    [
        ("Model", "Model.mlpackage"),
        ("Model.mlpackag", "Model.mlpackage"),
        ("out/Model.MLMODEL", "out/Model.mlmodel"),
        ("Model.mlmodelc", "Model.mlpackage"),
        ("model.mil", "model.mlpackage"),
        ("Model.v2", "Model.v2.mlpackage"),
    ],
)
def test_an_output_of_another_suffix_gets_a_proposal(cli: Cli, output: str, proposal: str) -> None:
    run = cli("compile", WEIGHTS, "-o", output)
    assert run.status == 2
    assert f"Did you mean '{proposal}'?" in run.err


def test_no_output_gets_an_example(cli: Cli) -> None:
    run = cli("compile", "some/model.mil")
    assert run.status == 2
    assert "for example -o model.mlpackage" in run.err
    assert "for example -o Model.mlpackage" in cli("compile", "-").err


def test_something_else_at_the_output_stays(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "M.mlpackage").mkdir()
    (tmp_path / "M.mlpackage/diary.txt").write_text("mine", encoding="utf-8")
    run = cli("compile", WEIGHTS, "-o", "M.mlpackage")
    assert (run.status, "MIL0009" in run.err) == (2, True)
    assert (tmp_path / "M.mlpackage/diary.txt").read_text("utf-8") == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["M.mlpackage"]


@pytest.mark.parametrize(
    "options",
    [
        ("--specification-version", "-1"),
        ("--specification-version", str(1 << 31)),
        ("--specification-version", "nine"),
        ("--externalize", "-1"),
        ("--user-defined", "novalue"),
        ("--user-defined", "=x"),
        ("--format", "xml"),
    ],
)
def test_options_that_are_wrong(cli: Cli, options: tuple[str, ...]) -> None:
    run = cli("compile", WEIGHTS, "-o", "M.mlpackage", *options)
    assert run.status == 2
    assert "Error: Invalid value for" in run.err


def test_warnings_are_shown_and_the_package_is_written(cli: Cli, tmp_path: Path) -> None:
    text = HELLO.replace(" doubled", " `my doubled`")
    run = cli("compile", "-", "-o", "M.mlpackage", stdin=text)
    assert run.status == 0
    assert "warning[MIL0413]" in run.err
    assert (tmp_path / "M.mlpackage").is_dir()


def test_states_need_their_version(cli: Cli, tmp_path: Path) -> None:
    assert cli("compile", STATE, "-o", "M.mlpackage").status == 0
    assert milc.load(tmp_path / "M.mlpackage").specification_version == 9
