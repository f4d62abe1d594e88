"""What the page of every pass shows is what it does: the first program becomes the second."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest

import milc
from milc.driver.passes_reference import as_markdown, with_index
from milc.passes import Pass, find, modules
from tests.passes.running import optimized, plain, same_results
from tests.shared import ROOT

_fence = re.compile(r"```mil\n(.*?)```", re.DOTALL)


_options = re.compile(r"^ *(?:becomes,|and) with `(\w+) = (.+?)`", re.MULTILINE)


def options(name: str) -> dict[str, Any]:
    """The options that a pass's page gives it."""
    found = find(name)
    assert found is not None
    return {key: ast.literal_eval(value) for key, value in _options.findall(found.__doc__ or "")}


def programs(name: str) -> list[str]:
    """The programs of a pass's page, before and after."""
    found = find(name)
    assert found is not None
    return [f"program(1.3)\n{{\n{text}}}\n" for text in _fence.findall(found.__doc__ or "")]


@pytest.mark.parametrize("name", modules())
def test_the_page_of_a_pass_is_true(name: str) -> None:
    before, after = programs(name)
    program, wanted = milc.parse(before), milc.parse(after)
    names = {"MIL0413"}  # what some passes are for
    assert not [each for each in milc.verify(program) if each.code not in names]
    assert not [each for each in milc.verify(wanted) if each.code not in names]
    optimized(program, name, **options(name))
    assert plain(program) == plain(wanted), milc.to_text(program)
    same_results(milc.parse(before), program)


def test_the_pages_of_passes_are_fresh() -> None:
    folder, index = ROOT / "docs/passes", ROOT / "docs/passes.md"
    pages = {path.stem: path.read_text("utf-8") for path in folder.glob("*.md")}
    assert pages.keys() == set(modules()), "run `make pages`"
    stale = [name for name in modules() if pages[name] != as_markdown(definition(name))]
    assert stale == [], "run `make pages`"
    text = index.read_text("utf-8")
    assert text == with_index(text), "run `make pages`"


def definition(name: str) -> type[Pass]:
    """The pass of a name."""
    found = find(name)
    assert found is not None
    return found
