"""The fixture that the tests of verbs take."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import Cli, command_line


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """Runs the command line in an empty folder: `cli("verify", path).status`."""
    return command_line(capsys, monkeypatch, tmp_path)
