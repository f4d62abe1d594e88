"""README.md is true: its programs parse, its commands print what it shows, its links resolve.

`MILC_RENEW=1 python -m pytest tests/project/test_readme.py` writes the outputs anew.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from milc.diagnostics import Source
from milc.syntax.format import format_text
from milc.syntax.parse import read
from milc.verify import verify
from tests.sessions import commands, outputs, renewed, run
from tests.shared import ROOT

README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
RENEW = bool(os.environ.get("MILC_RENEW"))

ADDED = "transpose_y = bool(true)"
MISTAKE, MENDED = "y = key)", f"y = key, {ADDED})"
OPENING, REST = TEXT.split("## Set up", 1)


def block(kind: str, text: str = TEXT) -> str:
    """The first fenced block of a kind."""
    found = re.search(rf"^```{kind}\n(.*?)^```$", text, re.M | re.S)
    assert found is not None, kind
    return found[1]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder like the top of the checkout, and like that of a reader with a model.mil."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "model.mil").write_text(block("mil"), encoding="utf-8")
    return tmp_path


def compare(text: str, folder: Path) -> str:
    """The text with the outputs its commands have now; fails on a difference."""
    results = outputs(text, folder)
    assert results
    for command, printed in results:
        assert RENEW or printed == command.shown, command.line
    return renewed(text, results)


def test_the_commands_print_what_it_shows(checkout: Path) -> None:
    before, after = OPENING.split(f"With `{ADDED}`", 1)
    before = compare(before, checkout)
    mended = block("mil").replace(MISTAKE, MENDED)
    (checkout / "model.mil").write_text(mended, encoding="utf-8")
    after = compare(after, checkout)
    rest = compare(REST, checkout)
    if RENEW:
        whole = f"{before}With `{ADDED}`{after}## Set up{rest}"
        printed = run_python(checkout)
        whole = re.sub(r"```text\n.*?```", lambda _: f"```text\n{printed}```", whole, flags=re.S)
        README.write_text(whole, encoding="utf-8")


def found(text: str) -> list[str]:
    """The codes of what is wrong with a text."""
    program, findings = read(Source(text))
    return [finding.code for finding in findings + verify(program, reported=findings)]


def test_the_program_has_the_one_mistake_it_shows() -> None:
    text = block("mil")
    assert 8 <= text.count("\n") <= 12
    assert found(text) == ["MIL0310"]
    assert MISTAKE in text
    mended = text.replace(MISTAKE, MENDED)
    assert found(mended) == []
    assert format_text(mended) == mended


def run_python(folder: Path) -> str:
    """What the Python snippet prints."""
    (folder / "build").mkdir(exist_ok=True)
    (folder / "snippet.py").write_text(block("python"), encoding="utf-8")
    return run("python snippet.py", folder)


def test_the_python_snippet_runs(checkout: Path) -> None:
    assert block("python").count("\n") <= 13
    printed = run_python(checkout)
    assert RENEW or printed == block("text")
    assert (checkout / "build" / "weights.mlpackage" / "Manifest.json").is_file()


def test_the_targets_of_make_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = re.findall(r"^make (\w+)", block("sh"), re.M)
    assert targets == ["demo", "test"]
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.M)


def test_every_verb_is_shown() -> None:
    from milc.cli.main import VERBS

    assert sorted(re.findall(r"^\*\*(\w+)\*\* ", TEXT, re.M)) == sorted(VERBS)
    used = {command.line.split()[1] for command in commands(TEXT) if command.line[:5] == "milc "}
    assert used <= set(VERBS)


def test_links_resolve() -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", TEXT):
        path, _, anchor = target.partition("#")
        file = ROOT / path
        assert file.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.M)
            assert anchor in {title.lower().replace(" ", "-") for title in titles}, target
