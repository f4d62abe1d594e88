"""The command line in this process: what a verb prints and the status it ends with."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from milc.cli.main import verbs
from tests.shared import ROOT

EXAMPLES = ROOT / "examples"

HELLO = (EXAMPLES / "hello/model.mil").read_text("utf-8")
"""A small program without weights."""

WEIGHTS = EXAMPLES / "weights/model.mil"
"""A program with weights beside it."""


class Run(NamedTuple):
    """What came of a command."""

    status: int
    out: str
    err: str

    @property
    def findings(self) -> list[dict[str, Any]]:
        """What --format json printed."""
        found: list[dict[str, Any]] = json.loads(self.out)
        return found

    @property
    def codes(self) -> list[str]:
        """The codes that --format json printed."""
        return [finding["code"] for finding in self.findings]


Cli = Callable[..., Run]


def command_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> Cli:
    """`cli("verify", path, stdin="text")` runs a verb in `folder`, 80 columns wide."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("NO_COLOR", "FORCE_COLOR", "MILC_TRACEBACK", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)

    def run(*args: object, stdin: str | bytes = b"") -> Run:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), "utf-8"))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            verbs.main([str(arg) for arg in args], prog_name="milc")
        status = ended.value.code
        assert isinstance(status, int)
        return Run(status, *capsys.readouterr())

    return run
