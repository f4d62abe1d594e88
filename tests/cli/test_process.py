"""The command as a process of its own: signals, pipes, streams, memory, completion."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import milc
from tests.commands import HELLO, WEIGHTS
from tests.shared import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes of POSIX")

MILC = (sys.executable, "-m", "milc")


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MILC", "_MILC", "FORCE_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **more}


def run(*args: str | Path, cwd: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [*MILC, *map(str, args)]
    options.setdefault("stdout", subprocess.PIPE)
    done = subprocess.run(
        command, cwd=cwd, env=environment(), text=True, timeout=60, check=False,
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, **options,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    return done


def long_text(statements: int) -> str:
    """A program that takes a while to read."""
    ops = [
        f'        fp32 y{i} = add(x = y{i - 1}, y = y{i - 1})[name = string("y{i}")];\n'
        for i in range(1, statements)
    ]
    head = "program(1.3)\n{\n    func main<ios18>(fp32 y0) {\n"
    return f"{head}{''.join(ops)}    }} -> (y{statements - 1});\n}}\n"


@pytest.mark.parametrize("status", [0, 1, 2])
def test_exit_status(tmp_path: Path, status: int) -> None:
    text = tmp_path / "m.mil"
    text.write_text(HELLO if status == 0 else "program(", encoding="utf-8")
    path = text if status < 2 else tmp_path / "none.mil"
    assert run("verify", path, cwd=tmp_path).returncode == status


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)]
)
def test_interrupted_the_old_output_stays_whole(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    text = tmp_path / "long.mil"
    text.write_text(long_text(40_000), encoding="utf-8")
    package = tmp_path / "M.mlpackage"
    milc.compile(WEIGHTS, package)
    before = {path: path.read_bytes() for path in package.rglob("*") if path.is_file()}
    with subprocess.Popen(
        [*MILC, "compile", str(text), "-o", str(package)], env=environment(),
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        time.sleep(0.6)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == status
    assert said == ("milc: interrupted\n" if number == signal.SIGINT else "")
    assert {path: path.read_bytes() for path in package.rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["M.mlpackage", "long.mil"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_while_it_writes_nothing_is_left(
    tmp_path: Path, number: signal.Signals
) -> None:
    # The signal comes from within, when the first part of the weights is copied.
    code = (
        "import os, signal, sys\n"
        "from milc.package import weightfile\n"
        "copy = weightfile.copy\n"
        "def interrupt(*args):\n"
        f"    os.kill(os.getpid(), {int(number)})\n"
        "    return copy(*args)\n"
        "weightfile.copy = interrupt\n"
        "from milc.cli.main import main\n"
        "main(sys.argv[1:])\n"
    )
    package = tmp_path / "M.mlpackage"
    milc.compile(WEIGHTS, package, author="old")
    done = subprocess.run(
        [sys.executable, "-c", code, "compile", str(WEIGHTS), "-o", str(package)],
        env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == (130 if number == signal.SIGINT else 143)
    assert milc.load(package).description.metadata.author == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["M.mlpackage"]


@pytest.mark.parametrize(
    "args", [("decompile", "M.mlpackage"), ("info", "M.mlpackage"), ("explain",)], ids=str
)
def test_a_reader_that_goes_away(tmp_path: Path, args: tuple[str, ...]) -> None:
    milc.compile(WEIGHTS, tmp_path / "M.mlpackage")
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = run(*args, cwd=tmp_path, stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize(
    "args",
    [
        ("decompile", "m.mil"), ("info", "m.mil"), ("explain",), ("fmt", "--diff", "m.mil"),
        ("verify", "--format", "json", "m.mil"), ("--help",), ("compile", "--help"),
    ],
    ids=str,
)  # fmt: skip
def test_a_stdout_that_is_full(tmp_path: Path, args: tuple[str, ...]) -> None:
    (tmp_path / "m.mil").write_text(HELLO.replace(" =", "  ="), encoding="utf-8")
    with open("/dev/full", "wb") as full:
        done = run(*args, cwd=tmp_path, stdout=full)
    assert done.returncode == 2
    assert "no space" in done.stderr.lower()


@pytest.mark.parametrize("streams", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("args", ["fmt -", "decompile m.mil", "verify m.mil", "--help"])
def test_streams_that_are_closed(tmp_path: Path, streams: str, args: str) -> None:
    (tmp_path / "m.mil").write_text(HELLO, encoding="utf-8")
    command = f'exec "$0" -m milc {args} {streams}'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable], cwd=tmp_path, env=environment(), timeout=60,
        input=HELLO, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1)
    assert "fault" not in done.stderr + done.stdout


def test_an_ascii_terminal(tmp_path: Path) -> None:
    done = subprocess.run(
        [*MILC, "info", str(WEIGHTS)], cwd=tmp_path, capture_output=True, check=False,
        env=environment(PYTHONUTF8="0", PYTHONIOENCODING="ascii", LC_ALL="C"),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")


def test_too_little_memory_is_a_finding(tmp_path: Path) -> None:
    text = tmp_path / "long.mil"
    text.write_text(long_text(200_000), encoding="utf-8")

    def confine() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (150 << 20, 150 << 20))

    done = run("verify", "--format", "json", text, cwd=tmp_path, preexec_fn=confine)
    assert done.returncode == 2
    assert '"code": "MIL0022"' in done.stdout


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("milc ", {"compile", "verify"}),
        ("milc dec", {"decompile"}),
        ("milc fmt --st", {"--style", "--stdin-filename"}),
        ("milc verify --format ", {"json", "github"}),
    ],
)
def test_the_shell_completes(tmp_path: Path, words: str, offered: set[str]) -> None:
    asked = {
        "_MILC_COMPLETE": "bash_complete", "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", "from milc.cli.main import main; main()"], cwd=tmp_path,
        env=environment(**asked), capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = {line.partition(",")[2] for line in done.stdout.splitlines()}
    assert offered <= found
    assert all(word.startswith(words.split(" ")[-1]) for word in found)


def test_the_completion_script(tmp_path: Path) -> None:
    for shell in ("bash", "zsh", "fish"):
        done = subprocess.run(
            [sys.executable, "-c", "from milc.cli.main import main; main()"], cwd=tmp_path,
            env=environment(_MILC_COMPLETE=f"{shell}_source"), capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert "_MILC_COMPLETE" in done.stdout, done.stderr
