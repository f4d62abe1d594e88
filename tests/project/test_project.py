"""What the project says of itself is so: make lists its targets, CI runs what the README says."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib

import pytest

from milc.cli.main import VERBS
from milc.version import __version__
from tests.shared import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
def test_plain_make_lists_every_target_in_a_line_each() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = re.findall(r"^  ([a-z-]+) +\S", done.stdout, re.MULTILINE)
    assert listed == re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "\nmake test\n" in (ROOT / ".ci/run").read_text(encoding="utf-8")
    if not (ROOT / "README.md").exists():
        pytest.skip("README.md does not exist yet")
    assert re.search(r"^ *(\$ )?make test\b", (ROOT / "README.md").read_text(), re.MULTILINE)


def test_the_version_has_a_section_of_the_changelog_or_is_ahead_of_it() -> None:
    sections = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert sections[0] == "Unreleased" or sections[0].strip("[]") == __version__


def test_dependencies_have_lower_bounds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["dependencies"]
    assert all(re.fullmatch(r"[a-z-]+>=[\d.]+", each) for each in project["dependencies"])


def test_the_licence_is_the_one_that_the_metadata_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert project["license"] == "Apache-2.0"
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_hooks_for_others_call_verbs_that_exist() -> None:
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    verbs = re.findall(r"^  entry: milc ([a-z]+)$", hooks, re.MULTILINE)
    assert verbs == ["fmt", "verify"]
    assert set(verbs) <= VERBS.keys()
