"""Runs the console sessions of a Markdown file, so that what it shows is what happens.

A session is a fenced block headed `console`: lines that begin with `$ ` are commands, the lines
below each are what it prints, and a last line `…` says that the rest of it is left out. They run
one after the other in one folder, by a shell, with `milc` being this checkout.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.shared import ROOT

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)
CUT = "…\n"


class Command(NamedTuple):
    """A command and the output shown below it."""

    line: str
    shown: str


def commands(text: str) -> list[Command]:
    """The commands of every session in a text."""
    found = []
    for block in BLOCK.finditer(text):
        for part in re.split(r"^\$ ", block[1], flags=re.M)[1:]:
            line, _, shown = part.partition("\n")
            found.append(Command(line, shown))
    return found


def run(line: str, folder: Path) -> str:
    """What a command prints, on either stream, in a terminal of 80 columns without colours."""
    tools = folder / ".tools"
    tools.mkdir(exist_ok=True)
    milc = tools / "milc"
    milc.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m milc "$@"\n', encoding="utf-8")
    milc.chmod(0o755)
    path = f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {
        **os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "NO_COLOR": "1",
        "PYTHONUTF8": "1",
    }  # fmt: skip
    done = subprocess.run(
        ["sh", "-c", line], cwd=folder, env=environment, timeout=120, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.stdout.decode("utf-8")


def tidy(text: str) -> str:
    """Output as a document holds it: no blanks at the ends of lines, no blank line at the end."""
    lines = [line.rstrip() for line in text.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    return "".join(f"{line}\n" for line in lines)


def outputs(text: str, folder: Path) -> list[tuple[Command, str]]:
    """Every command with what it prints now, cut where the document cuts."""
    found = []
    for command in commands(text):
        printed = tidy(run(command.line, folder))
        assert "milc has a fault" not in printed, printed
        if command.shown.endswith(CUT):
            kept = printed.splitlines(keepends=True)[: command.shown.count("\n") - 1]
            printed = "".join(kept) + CUT
        found.append((command, printed))
    return found


def renewed(text: str, results: list[tuple[Command, str]]) -> str:
    """The text with the outputs that its commands really have."""
    for command, printed in results:
        text = text.replace(f"$ {command.line}\n{command.shown}", f"$ {command.line}\n{printed}", 1)
    return text
