"""The command line in this process: a verb, its exit status, and what it printed."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from random import Random
from unittest.mock import patch

from milc.cli.main import verbs
from tests.fuzz.mutations import NAMES

NUMBERS = ("0", "1", "64", "1000000", "99999999999999999999")
FORMATS = ("text", "json", "github", "line")


def run_command(*args: str, stdin: bytes = b"") -> tuple[int, str]:
    """Run `milc ARGS`; the exit status, and stdout and stderr together."""
    inward = io.TextIOWrapper(io.BytesIO(stdin), "utf-8")
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    with patch.multiple(sys, stdin=inward, stdout=out, stderr=err):
        try:
            verbs.main(list(args), prog_name="milc")
        except SystemExit as end:
            status = end.code
        out.flush()
        err.flush()
    printed = b"".join(stream.buffer.getvalue() for stream in (out, err))  # type: ignore[attr-defined]
    return status if isinstance(status, int) else 1, printed.decode("utf-8", "strict")


def check_command(*args: str, stdin: bytes = b"") -> None:
    """The status is 0, 1 or 2, and nothing that was printed speaks of a fault of milc."""
    status, printed = run_command(*args, stdin=stdin)
    assert status in (0, 1, 2), (args, status, printed)
    for sign in ("Traceback", "MIL0020", "MIL0021", "milc has a fault"):
        assert sign not in printed, (args, printed)


def arguments(path: Path, out: Path, random: Random) -> list[str]:
    """A verb for what is at `path`, with options; whatever it writes goes below `out`."""
    verb = random.choice(("verify", "info", "decompile", "compile", "fmt"))
    args = [verb, str(path), "--format", random.choice(FORMATS)]
    if random.random() < 0.1:
        args += ["--color", "always"]
    if verb != "fmt" and random.random() < 0.1:
        args += ["--weights", str(random.choice((path, path.parent, path / "weights")))]
    return args + _OPTIONS[verb](path, out, random)


def _verify(path: Path, out: Path, random: Random) -> list[str]:
    return random.choice(([], ["-q"]))


def _info(path: Path, out: Path, random: Random) -> list[str]:
    return random.choice(([], ["--json"]))


def _fmt(path: Path, out: Path, random: Random) -> list[str]:
    return [random.choice(("--check", "--diff")), "--style", random.choice(("milc", "coremlc"))]


def _decompile(path: Path, out: Path, random: Random) -> list[str]:
    options = ["--style", random.choice(("milc", "coremlc"))]
    if random.random() < 0.5:
        options += ["-o", str(out / "folder")]
    if random.random() < 0.2:
        options += ["--build-info", f"{_word(random)}={_word(random)}"]
    return options


def _compile(path: Path, out: Path, random: Random) -> list[str]:
    options = ["-o", str(out / random.choice(("x.mlpackage", "x.mlmodel")))]
    choices = (
        ["--externalize", random.choice(NUMBERS)],
        ["--inline", random.choice(NUMBERS)],
        ["--no-verify"],
        ["--model-json", str(path / "model.json")],
        ["--specification-version", random.choice(("6", "8", "9", "10"))],
        ["--author", _word(random)],
        ["--user-defined", f"{_word(random)}={_word(random)}"],
    )
    for choice in random.sample(choices, random.choice((0, 0, 1, 2))):
        options += choice
    return options


def _word(random: Random) -> str:
    """What a shell can hand over: no NUL."""
    return random.choice(NAMES).replace("\0", "")


_OPTIONS = {
    "verify": _verify, "info": _info, "decompile": _decompile, "compile": _compile, "fmt": _fmt,
}  # fmt: skip
