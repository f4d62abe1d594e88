"""Cases of passes: texts in `cases/`, a folder a pass.

A file holds a comment, a program, and behind a line `// becomes` what the pass of the folder leaves
of it, or `// stays` where it must not touch it. A line `// options: name = value` gives options (a
literal of Python each), `// passes: a, b` further passes that run behind it. Both programs are run
on the same inputs, too: they compute the same.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import milc
from milc.passes import modules
from tests.passes.running import optimized, plain, same_results

CASES = Path(__file__).with_name("cases")
FILES = sorted(CASES.rglob("*.mil"))


class Case(NamedTuple):
    """A program, what becomes of it, and what is run."""

    before: str
    after: str
    passes: tuple[str, ...]
    options: dict[str, Any]


def read(path: Path) -> Case:
    """The case of a file."""
    text = path.read_text(encoding="utf-8")
    before, stays, _ = text.partition("\n// stays")
    after = before
    if not stays:
        before, becomes, after = text.partition("\n// becomes\n")
        assert becomes, f"{path} says neither `// becomes` nor `// stays`"
    given = re.findall(r"^// options: (\w+) = (.+)$", text, re.MULTILINE)
    more = re.search(r"^// passes: (.+)$", text, re.MULTILINE)
    further = tuple(re.split(r",\s*", more[1])) if more else ()
    options = {name: ast.literal_eval(value) for name, value in given}
    return Case(before, after, (path.parent.name, *further), options)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_pass_leaves_what_its_case_says(path: Path) -> None:
    case = read(path)
    program, wanted = milc.parse(case.before), milc.parse(case.after)
    named = {"MIL0402", "MIL0405", "MIL0412", "MIL0413"}  # names that some passes are for
    assert [str(each) for each in milc.verify(program) if each.code not in named] == []
    assert [str(each) for each in milc.verify(wanted) if each.code not in named] == []
    optimized(program, *case.passes, **case.options)
    assert plain(program) == plain(wanted), milc.to_text(program)
    same_results(milc.parse(case.before), program)


def test_every_folder_is_that_of_a_pass() -> None:
    assert {path.parent.name for path in FILES} <= set(modules())


def test_every_pass_has_cases_and_one_in_which_it_does_not_fire() -> None:
    fired = {path.parent.name for path in FILES if "\n// becomes\n" in path.read_text("utf-8")}
    kept = {path.parent.name for path in FILES if "\n// stays" in path.read_text("utf-8")}
    assert [name for name in modules() if name not in fired or name not in kept] == []
