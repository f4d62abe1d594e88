"""What the page of every pass shows is what it does: the first program becomes the second."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest

import milc
from milc.passes import find, modules
from tests.passes.running import optimized, plain, same_results

_fence = re.compile(r"```mil\n(.*?)```", re.DOTALL)


_options = re.compile(r"^ *becomes, with `(\w+) = (.+?)`", re.MULTILINE)


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
