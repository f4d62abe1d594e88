"""Passes that installed distributions bring."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

import milc
from milc import passes
from milc.passes import ENTRY_POINTS, find, names
from tests.commands import Cli
from tests.passes.test_pipelines import TEXT

OURS = """from milc.passes import Pass, rewrite


class ExpAsTanh(Pass):
    name = "exp_as_tanh_installed"

    @rewrite("exp")
    def go(self, op, session):
        return session.new("tanh", x=op.x)
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Lets entry points be there: pairs of a name and what it means."""
    (tmp_path / "ours_installed.py").write_text(OURS, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(passes, "_registered", {})

    def install(*pairs: tuple[str, str]) -> None:
        points = [EntryPoint(name, value, ENTRY_POINTS) for name, value in pairs]
        monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points)
        passes._entry_points.cache_clear()

    yield install
    monkeypatch.undo()
    passes._entry_points.cache_clear()


def test_an_installed_pass_is_found_by_its_name(installed: Any) -> None:
    installed(("exp_as_tanh_installed", "ours_installed:ExpAsTanh"))
    assert "exp_as_tanh_installed" in names()
    program = milc.parse(TEXT)
    milc.optimize(program, "none", passes="exp_as_tanh_installed")
    assert "tanh" in milc.to_text(program)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("gone", "no_such_module_of_passes:X", "ModuleNotFoundError"),
        ("gone", "ours_installed:Gone", "AttributeError"),
        ("other", "ours_installed:ExpAsTanh", "no pass of that name"),
        ("path", "pathlib:Path", "no pass of that name"),
    ],
)
def test_one_that_cannot_be_loaded_is_a_finding(
    installed: Any, name: str, value: str, said: str, cli: Cli
) -> None:
    installed((name, value), ("exp_as_tanh_installed", "ours_installed:ExpAsTanh"))
    with pytest.raises(milc.MilError, match="MIL0949") as caught:
        find(name)
    assert said in str(caught.value)
    done = cli("opt", "--list", "--json")
    assert done.status == 1
    assert "exp_as_tanh_installed" in {each["name"] for each in json.loads(done.out)}
    assert "MIL0949" in done.err
    assert find("noop_elimination") is not None


def test_two_of_one_name_are_a_finding(installed: Any) -> None:
    name = "exp_as_tanh_installed"
    installed((name, "ours_installed:ExpAsTanh"), (name, "theirs:Pass"))
    with pytest.raises(milc.MilError, match="several distributions"):
        find(name)
