"""`milc ops`: lists, pages, differences, JSON; and docs/ops, which is made of the same."""

from __future__ import annotations

import json

import pytest

from milc.driver.reference import pages
from milc.opsets import index
from milc.opsets.versions import LADDER
from milc.schema.page import example
from tests.commands import Cli
from tests.shared import ROOT


def names(out: str) -> list[str]:
    return [line.split()[0] for line in out.splitlines() if line[:1].strip()]


def test_lists_every_op(cli: Cli) -> None:
    run = cli("ops")
    assert run.status == 0
    assert names(run.out) == sorted(index.families())


def test_lists_a_family_an_opset_and_a_word(cli: Cli) -> None:
    assert names(cli("ops", "--family", "pool").out) == ["avg_pool", "l2_pool", "max_pool"]
    old = names(cli("ops", "--opset", "ios15").out)
    assert "conv" in old
    assert "quantize" not in old
    assert "gather" in names(cli("ops", "--word", "indices").out)
    assert names(cli("ops", "--word", "no such word").out) == []


def test_the_page_of_an_op(cli: Cli) -> None:
    out = cli("ops", "conv", "--color", "never").out
    for word in ("Arguments", "weight", "dilations", "Constraints", "C1", "Example", "ios17"):
        assert word in out
    assert "U: fp16" not in cli("ops", "conv", "--opset", "ios15").out


def test_a_list_fits_a_narrow_terminal(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    out = cli("ops", "--color", "never").out
    assert max(map(len, out.splitlines())) <= 60
    assert names(out) == sorted(index.families())


def test_the_programs_of_a_page_are_not_wrapped(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert example(index.versions("gru")[-1]) in cli("ops", "gru", "--color", "never").out


def test_an_op_made_anew_is_described_as_it_is_now(cli: Cli) -> None:
    (described,) = json.loads(cli("ops", "constexpr_lut_to_dense", "--json").out)
    assert "vector_axis" in described["description"]
    (described,) = json.loads(cli("ops", "gru", "--json").out)
    assert "reset_after" not in described["description"]
    page = dict(pages())["constexpr_lut_to_dense.md"]
    assert page.index("vectors") < page.index("## Arguments") < page.index("The op was made anew")


def test_what_an_opset_changed(cli: Cli) -> None:
    out = cli("ops", "--diff", "ios16", "ios17").out
    assert "quantize  ios17, new" in out
    assert "+ validate_indices: bool" in out
    assert "- result counts" in out
    assert "+ dtype: string, rank 0, const; one of int8, uint8" in out
    assert "ios18" not in out
    assert cli("ops", "--diff", "ios17", "ios17").out == ""


def test_json_holds_every_definition_of_an_opset(cli: Cli) -> None:
    found = json.loads(cli("ops", "--json", "--opset", "ios16").out)
    assert {op["name"] for op in found} == {
        name for name in index.families() if index.definition(name, "ios16")
    }
    conv = next(op for op in found if op["name"] == "conv")
    assert conv["opset"] == "ios15"
    weight = next(arg for arg in conv["arguments"] if arg["name"] == "weight")
    assert weight["elements"] == ["fp16", "fp32"]
    assert weight["domain"] == "T"
    changes = json.loads(cli("ops", "--json", "--diff", "ios16", "ios17").out)
    assert {change["opset"] for change in changes} == {"ios17"}


def test_what_does_not_exist_is_named(cli: Cli) -> None:
    for wrong in (
        ("con",), ("--opset", "ios1"), ("--family", "pol"), ("--diff", "ios15", "x"),
        ("quantize", "--opset", "ios15"),
    ):  # fmt: skip
        run = cli("ops", *wrong)
        assert run.status == 2
        assert "MIL0035" in run.err
    assert "did you mean" in cli("ops", "convv").err
    assert "in MIL it is `transpose`" in cli("ops", "permute").err


def test_every_opset_of_the_ladder_can_be_asked_for(cli: Cli) -> None:
    for version in LADDER:
        assert cli("ops", "--opset", version.tag, "relu").status == 0


def test_the_pages_are_fresh() -> None:
    """`make pages` writes them."""
    folder = ROOT / "docs" / "ops"
    made = dict(pages())
    assert {path.name for path in folder.glob("*.md")} == set(made)
    assert [n for n, text in made.items() if (folder / n).read_text("utf-8") != text] == []
