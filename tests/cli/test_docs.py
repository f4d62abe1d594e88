"""docs/cli.md shows what the commands in it print, and has the help of every verb.

`MILC_RENEW=1 python -m pytest tests/cli/test_docs.py` writes the outputs anew. Look at the
difference before committing it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from milc.cli.main import VERBS
from tests.sessions import commands, outputs, renewed
from tests.shared import ROOT

PAGE = ROOT / "docs/cli.md"
RENEW = bool(os.environ.get("MILC_RENEW"))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like the checkout to the commands of the page."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


def test_the_page_shows_what_happens(checkout: Path) -> None:
    text = PAGE.read_text("utf-8")
    results = outputs(text, checkout)
    if RENEW:
        PAGE.write_text(renewed(text, results), encoding="utf-8")
        return
    for command, printed in results:
        assert printed == command.shown, command.line


def test_the_page_has_the_help_of_every_verb() -> None:
    lines = {command.line for command in commands(PAGE.read_text("utf-8"))}
    assert lines >= {f"milc {verb} --help" for verb in VERBS} | {"milc --help"}


def test_help_fits_80_columns() -> None:
    for command in commands(PAGE.read_text("utf-8")):
        if command.line.endswith("--help"):
            assert max(map(len, command.shown.splitlines())) <= 80, command.line
