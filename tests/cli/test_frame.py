"""What all verbs have in common: help, wrong usage, colour, formats, and faults of milc."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from milc.cli.main import VERBS, verbs
from milc.cli.report import FORMATS, Report
from milc.diagnostics import Diagnostic, MilError
from milc.diagnostics.machine import WRITERS
from milc.version import __version__
from tests.commands import HELLO, Cli


def test_every_verb_has_its_line_and_its_module(cli: Cli) -> None:
    out = cli("--help").out
    for verb, line in VERBS.items():
        assert f"  {verb.ljust(9)}  {line}\n" in out
        assert cli(verb, "--help").out.startswith(f"Usage: milc {verb} ")
        assert cli(verb, "-h").status == 0


def test_a_verbs_own_help_says_what_the_list_says() -> None:
    for verb in VERBS:
        command = verbs.get_command(None, verb)  # type: ignore[arg-type]
        assert command is not None
        assert command.help
        assert command.callback is not None
        assert command.callback.__module__ == f"milc.cli.{verb}"


def test_no_verb_is_help(cli: Cli) -> None:
    run = cli()
    assert run.status in (0, 2), "click changed its mind in 8.2"
    assert "Verbs:" in run.out + run.err


def test_the_version(cli: Cli) -> None:
    assert cli("--version") == cli("-V") == (0, f"milc {__version__}\n", "")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("decomp",), "No such verb 'decomp'. Did you mean 'decompile'?"),
        (("forms",), "No such verb 'forms'."),
        (("--nope",), "No such option"),
        (("fmt", "--chek", "x"), "--check"),
        (("verify",), "Missing argument 'IN…'"),
    ],
)
def test_wrong_usage(cli: Cli, args: tuple[str, ...], said: str) -> None:
    run = cli(*args)
    assert (run.status, run.out) == (2, "")
    assert said in run.err


def test_a_file_in_place_of_a_verb(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "model.mil").write_text(HELLO, encoding="utf-8")
    assert "To compile it: milc compile model.mil -o" in cli("model.mil").err


def test_formats_are_those_that_can_be_written() -> None:
    assert set(FORMATS) == {"text", *WRITERS}


@pytest.mark.parametrize("found", [(), ("warning",), ("note",), ("error",), ("error", "warning")])
def test_status_follows_from_what_was_found(
    found: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    report = Report()
    report.add(Diagnostic("MIL0402", "x", severity=severity) for severity in found)  # type: ignore[arg-type]
    assert report.finish() == int("error" in found)
    report.add([Diagnostic("MIL0001", "x")])
    assert report.finish() == 2


def test_colour(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = HELLO[:-9]
    assert "\x1b" not in cli("verify", "-", stdin=wrong).err
    assert "\x1b" in cli("verify", "--color", "always", "-", stdin=wrong).err
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" in cli("verify", "-", stdin=wrong).err
    assert "\x1b" not in cli("verify", "--color", "never", "-", stdin=wrong).err
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in cli("verify", "-", stdin=wrong).err
    assert "\x1b" in cli("verify", "--color", "always", "-", stdin=wrong).err


def break_verify(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    import milc.driver.checking

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(milc.driver.checking, "verify_file", fail)


def test_a_fault_of_milc_is_a_finding(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    break_verify(monkeypatch, ValueError("two\nlines"))
    run = cli("verify", "x")
    assert run.status == 2
    assert "error[MIL0020]: milc has a fault: ValueError: two lines\n" in run.err
    assert f"milc {__version__}, Python 3." in run.err
    assert "MILC_TRACEBACK=1" in run.err
    assert "Traceback" not in run.err
    assert "test_frame" not in run.err, "what is milc's is named, not what called it"
    assert cli("verify", "--format", "json", "x").codes == ["MIL0020"]


def test_its_traceback_is_there_for_the_asking(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    break_verify(monkeypatch, RecursionError())
    monkeypatch.setenv("MILC_TRACEBACK", "1")
    run = cli("verify", "x")
    assert "Traceback (most recent call last)" in run.err
    assert "error[MIL0020]: milc has a fault: RecursionError: no message" in run.err


def test_no_memory(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    break_verify(monkeypatch, MemoryError())
    run = cli("verify", "--format", "json", "x")
    assert (run.status, run.codes) == (2, ["MIL0022"])


def test_an_interruption(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    break_verify(monkeypatch, KeyboardInterrupt())
    assert cli("verify", "x") == (130, "", "milc: interrupted\n")


def test_findings_before_a_fault_are_shown_too(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter([MilError(Diagnostic("MIL0501", "first", path="a")), ValueError("second")])
    import milc.driver.checking

    def fail(*_: object, **__: object) -> None:
        raise next(calls)

    monkeypatch.setattr(milc.driver.checking, "verify_file", fail)
    assert cli("verify", "--format", "json", "a", "b").codes == ["MIL0020", "MIL0501"]


def test_paths_that_are_no_text(cli: Cli, tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("file names are text there")
    name = os.fsdecode(b"\xff\x1b[31m.mil")
    (tmp_path / name).write_text("program(", encoding="utf-8")
    for output in ("text", "line", "json"):
        run = cli("verify", "--format", output, name)
        assert run.status == 1
        assert "\x1b" not in run.out + run.err
    assert cli("fmt", name).status == 1
    assert cli("fmt", tmp_path).status == 1
