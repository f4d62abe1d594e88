"""Each example compiles, is accepted by coremltools, and shows what its README shows.

`MILC_RENEW=1 python -m pytest tests/examples` writes the outputs anew: the sessions in the READMEs
and the files in `expected/`. Look at the difference before committing it.
"""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.oracle import Oracle
from tests.sessions import outputs, renewed, run
from tests.shared import ROOT

EXAMPLES = ROOT / "examples"
LESSONS = (
    "hello", "shorthand", "weights", "control_flow", "state", "multifunction",
    "flexible_shapes", "quantized_weights", "convnet", "transformer_block", "run", "pass",
)  # fmt: skip
EXPECTED = {
    "info.txt": "milc info build/{0}.mlpackage",
    "decompiled.mil": "milc decompile build/{0}.mlpackage",
}
"""The files in `expected/` and the command that prints each; examples/README.md says the same."""
RENEW = bool(os.environ.get("MILC_RENEW"))

lessons = pytest.mark.parametrize("lesson", LESSONS)


@pytest.fixture
def checkout(tmp_path: Path, lesson: str) -> Path:
    """A folder that looks like the checkout to a command run in it, with the package in build/."""
    shutil.copytree(EXAMPLES / lesson, tmp_path / "examples" / lesson)
    (tmp_path / "build").mkdir()
    made = f"milc compile examples/{lesson}/model.mil -o build/{lesson}.mlpackage"
    assert run(made, tmp_path) == ""
    return tmp_path


def test_the_lessons_are_all_there_are() -> None:
    assert {folder.name for folder in EXAMPLES.iterdir() if folder.is_dir()} == set(LESSONS)
    index = (EXAMPLES / "README.md").read_text("utf-8")
    assert tuple(re.findall(r"^\| \[(\w+)\]\(\1/README\.md\)", index, re.M)) == LESSONS
    assert all(f"`{command.format('NAME')}`" in index for command in EXPECTED.values())


@lessons
def test_output_is_as_expected(lesson: str, checkout: Path) -> None:
    for name, command in EXPECTED.items():
        file = EXAMPLES / lesson / "expected" / name
        printed = run(command.format(lesson), checkout)
        if RENEW:
            file.parent.mkdir(exist_ok=True)
            file.write_text(printed, encoding="utf-8")
        assert printed == file.read_text("utf-8")


@lessons
def test_readme_shows_what_happens(lesson: str, checkout: Path) -> None:
    readme = EXAMPLES / lesson / "README.md"
    text = readme.read_text("utf-8")
    results = outputs(text, checkout)
    assert any(command.line.startswith("milc compile") for command, _ in results)
    if RENEW:
        readme.write_text(renewed(text, results), encoding="utf-8")
        return
    for command, printed in results:
        assert printed == command.shown, command.line


def test_the_test_of_a_pass_passes() -> None:
    code = (
        "import sys, pytest; sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', sys.argv[1]]))"
    )
    command = [sys.executable, "-c", code, str(EXAMPLES / "pass" / "test_softmax.py")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@lessons
def test_source_is_sound_and_in_house_style(lesson: str, checkout: Path) -> None:
    folder = f"examples/{lesson}"
    assert run(f"milc fmt --check --quiet {folder} && echo clean", checkout) == "clean\n"
    assert run(f"milc verify -q {folder} build/{lesson}.mlpackage", checkout) == ""


@lessons
def test_coremltools_accepts_the_package(lesson: str, checkout: Path, oracle: Oracle) -> None:
    loaded = oracle.load(checkout / "build" / f"{lesson}.mlpackage")
    assert loaded.ok, loaded.error


@lessons
def test_weights_are_those_that_the_script_makes(
    lesson: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = EXAMPLES / lesson / "make_weights.py"
    kept = EXAMPLES / lesson / "weights" / "weight.bin"
    assert script.exists() == kept.exists()
    if not script.exists():
        return
    runpy.run_path(str(script))["main"](tmp_path)
    assert (tmp_path / "weights" / "weight.bin").read_bytes() == kept.read_bytes()
    # The offsets that the script prints are those that the program names.
    printed = set(re.findall(r"offset (\d+)", capsys.readouterr().out))
    text = (EXAMPLES / lesson / "model.mil").read_text("utf-8")
    assert printed == set(re.findall(r"(?:uint64|uint64, \[\]>)\((\d+)\)", text))


def test_the_other_flexible_program_compiles(tmp_path: Path, oracle: Oracle) -> None:
    text = EXAMPLES / "flexible_shapes" / "enumerated.mil"
    package = tmp_path / "enumerated.mlpackage"
    assert run(f"milc compile {text} -o {package}", tmp_path) == ""
    loaded = oracle.load(package)
    assert loaded.ok, loaded.error


def test_links_lead_somewhere() -> None:
    for readme in EXAMPLES.rglob("README.md"):
        for target in re.findall(r"\]\(([^)#]+)", readme.read_text("utf-8")):
            assert (readme.parent / target).exists(), f"{readme}: {target}"
