"""`milc explain`: codes as people type them, and codes that there are not."""

from __future__ import annotations

import re

import click
import pytest

from milc.cli.main import verbs
from milc.diagnostics.catalog import Entry, entries
from milc.diagnostics.explain import explain
from tests.commands import Cli


@pytest.mark.parametrize("code", ["MIL0402", "mil0402", "402"])
def test_a_code(cli: Cli, code: str) -> None:
    (entry,) = (entry for entry in entries() if entry.code == "MIL0402")
    assert cli("explain", code) == (0, explain(entry, 80), "")


def test_several_codes(cli: Cli) -> None:
    out = cli("explain", "402", "601").out
    assert out.startswith("MIL0402: ")
    assert "\n\nMIL0601: " in out


def test_no_code_lists_all(cli: Cli) -> None:
    lines = cli("explain").out.splitlines()
    assert [line.split()[0] for line in lines] == [entry.code for entry in entries()]


@pytest.mark.parametrize(
    ("code", "near"), [("MIL0499", "MIL049"), ("499", "MIL0409"), ("undefined", "MIL0403")]
)
def test_an_unknown_code_gets_the_nearest(cli: Cli, code: str, near: str) -> None:
    run = cli("explain", code)
    assert (run.status, run.out) == (1, "")
    assert f"There is no code {code}." in run.err
    assert near[:6] in run.err


def test_nothing_like_a_code(cli: Cli) -> None:
    run = cli("explain", "qqqq")
    assert run.status == 1
    assert "lists them" in run.err


def test_colour_can_be_forced(cli: Cli) -> None:
    assert "\x1b[1m" in cli("explain", "--color", "always", "402").out
    assert "\x1b" not in cli("explain", "--color", "never", "402").out


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.code)
def test_what_it_tells_to_type_can_be_typed(entry: Entry) -> None:
    said = f"{entry.meaning}\n{entry.example}\n{entry.fix}"
    for verb, rest in re.findall(r"\bmilc (\w+)((?: [^`\n&#]*)?)", said):
        command = verbs.get_command(click.Context(verbs), verb)
        if command is None:  # `milc reads`: prose
            assert "--" not in rest
            continue
        known = {option for param in command.params for option in param.opts}
        assert set(re.findall(r"(?<!\S)--?\w[\w-]*", rest)) <= known
