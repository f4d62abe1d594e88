"""What every definition of an op must have, and that what its page shows is true."""

from __future__ import annotations

import re

import pytest

from milc.diagnostics import Source
from milc.ir.compare import difference
from milc.opsets import index
from milc.opsets.versions import LADDER
from milc.schema import OpDef, level
from milc.schema.page import example
from milc.syntax.parse import parse, read
from milc.syntax.print import to_text
from milc.verify import verify
from milc.verify.operations import check_operations, inferred

DEFINITIONS = [definition for name in index.families() for definition in index.versions(name)]
each = pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda d: f"{d.name}-{d.since}")


@each
def test_the_example_verifies_and_prints_back(definition: type[OpDef]) -> None:
    text = example(definition)
    program, findings = read(Source(text, definition.name))
    findings += verify(program, reported=findings) + check_operations(program)
    assert not findings, "\n".join(map(str, findings))
    ops = [op for function in program.functions.values() for op in function.body.ops]
    own = [op for op in ops if op.kind == definition.name]
    assert own, "the example does not show the op"
    known = inferred(program)
    for result in [result for op in own if op.kind != "const" for result in op.results]:
        assert result.type is known[result]
    assert difference(program, parse(to_text(program))) is None


@each
def test_everything_is_said_in_words(definition: type[OpDef]) -> None:
    assert definition.__doc__
    assert all(arg.doc and not arg.doc.endswith(".") for arg in definition.args.values())
    assert all(out.doc and not out.doc.endswith(".") for out in definition.outs.values())
    for rule in definition.constraints:
        assert rule.sentence[-1] not in ".,"
        assert any(name in definition.args for name in rule.args), rule


@each
def test_defaults_are_allowed_values(definition: type[OpDef]) -> None:
    for arg in definition.args.values():
        default = arg.default
        assert callable(default) == bool(arg.default_doc), arg
        if arg.choices is not None and isinstance(default, str):
            assert default in arg.choices
        assert not (arg.has_default and not arg.optional)


def test_versions_stand_on_the_ladder_once() -> None:
    tags = {version.tag for version in LADDER}
    for name in index.families():
        versions = index.versions(name)
        assert {definition.since for definition in versions} <= tags
        levels = [level(definition.since) for definition in versions]
        assert levels == sorted(set(levels)), name


def test_labels_are_numbered() -> None:
    for definition in DEFINITIONS:
        for rule in definition.constraints:
            assert re.fullmatch(r"C[1-9]\d*", rule.label), (definition, rule)
