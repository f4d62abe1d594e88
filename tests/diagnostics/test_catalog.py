"""The catalog tells the whole truth: an entry for every code that is emitted, and no other."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from milc.diagnostics.catalog import Entry, entries, lookup
from milc.diagnostics.explain import CODE, RANGES, explain, page
from tests.shared import ROOT

CATALOG = entries()
NUMBER = re.compile(r"MIL\d{4}")
MENTIONED = re.compile(r"\bMIL\d{4}\b")


def emitted() -> Iterator[tuple[str, str]]:
    """Every code that stands as a string of its own in the source, and where."""
    for folder in ("milc", "opsets"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "catalog" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and NUMBER.fullmatch(str(node.value)):
                    yield node.value, f"{path.relative_to(ROOT)}:{node.lineno}"


EMITTED = dict(emitted())


def test_something_is_emitted() -> None:
    assert len(EMITTED) > 50


def test_every_code_that_is_emitted_has_an_entry() -> None:
    known = {entry.code for entry in CATALOG}
    assert {code: place for code, place in EMITTED.items() if code not in known} == {}


def test_every_entry_is_emitted() -> None:
    assert [entry.code for entry in CATALOG if entry.code not in EMITTED] == []


def test_codes_and_titles_are_unique() -> None:
    counts = Counter(field for entry in CATALOG for field in (entry.code, entry.title))
    assert [field for field, count in counts.items() if count > 1] == []


def test_entries_come_by_code() -> None:
    assert [entry.code for entry in CATALOG] == sorted(entry.code for entry in CATALOG)


@pytest.mark.parametrize("entry", CATALOG, ids=lambda entry: str(entry.code))
def test_an_entry_is_complete(entry: Entry) -> None:
    assert NUMBER.fullmatch(entry.code)
    assert entry.code[:5] in RANGES
    assert 3 <= len(entry.title) <= 60
    assert not entry.title.endswith((".", " "))
    assert "\n" not in entry.title
    assert len(entry.meaning.split()) >= 8
    assert entry.meaning.rstrip().endswith(".")
    assert entry.example.strip()
    assert len(entry.fix.split()) >= 3
    assert entry.fix.rstrip().endswith(".") or entry.fix.split("\n\n")[-1].startswith(CODE)


@pytest.mark.parametrize("entry", CATALOG, ids=lambda entry: str(entry.code))
def test_an_explanation_fits_a_terminal(entry: Entry) -> None:
    text = explain(entry, 80)
    assert text.startswith(f"{entry.code}: {entry.title}\n\n")
    assert max(map(len, text.split("\n"))) <= 96  # an example may be a little wider


def test_entries_mention_codes_that_exist() -> None:
    known = {entry.code for entry in CATALOG}
    mentioned = {code for entry in CATALOG for code in MENTIONED.findall(" ".join(entry))}
    assert mentioned - known == set()


@pytest.mark.parametrize(
    "said", ["{}", "{} ", "mil{0[3]}{0[4]}{0[5]}{0[6]}", "{0[3]}{0[4]}{0[5]}{0[6]}"]
)
def test_lookup_takes_a_code_as_people_write_it(said: str) -> None:
    entry = CATALOG[0]
    assert lookup(said.format(entry.code)) == entry


@pytest.mark.parametrize("code", ["", "MIL", "MIL9999", "x", "MIL00001"])
def test_lookup_of_no_code(code: str) -> None:
    assert lookup(code) is None


def test_the_page_is_fresh() -> None:
    path = ROOT / "docs/diagnostics.md"
    assert path.read_text(encoding="utf-8") == page(CATALOG), "run `make docs`"


def test_the_page_leads_to_every_code() -> None:
    text = page(CATALOG)
    for entry in CATALOG:
        assert f"[{entry.code}](#{entry.code.lower()})" in text
        assert f"\n### {entry.code}\n" in text
