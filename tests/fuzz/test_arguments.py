"""Ops with arguments of every form: findings, never a rule that fails, and no memory for shapes."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milc.diagnostics import Source, edits, errors
from milc.syntax.parse import read
from milc.syntax.print import to_text
from milc.verify import check_links, verify
from milc.verify.completing import completions, infer_types, write_defaults
from tests.fuzz.arguments import mutated
from tests.fuzz.checks import check_findings
from tests.fuzz.profile import examples

RULE_FAILED = "MIL0316"


@examples(1500)
@given(st.integers(0, 1 << 16), st.randoms(use_true_random=True))
def test_no_rule_fails(which: int, random: Random) -> None:
    program = mutated(which, random)
    found = verify(program)
    check_findings(found)
    assert RULE_FAILED not in {finding.code for finding in found}, "\n".join(map(str, found))


@examples(400)
@given(st.integers(0, 1 << 16), st.randoms(use_true_random=True))
def test_what_is_completed_is_as_sound_as_before(which: int, random: Random) -> None:
    """Of a sound program, as a text and as a tree, and in place as by edits."""
    program = mutated(which, random)
    text = to_text(program)
    if errors(verify(program)):
        infer_types(program)
        write_defaults(program)
        check_links(program)
        return
    program, found = read(Source(text, "case.mil"))
    if found:
        return  # what only a tree can hold
    edited = edits.apply(text, completions(program))
    assert completions(read(Source(edited, "edited.mil"))[0]) == []
    assert not errors(verify(read(Source(edited, "edited.mil"))[0]))
    assert infer_types(program) == []
    write_defaults(program)
    assert write_defaults(program) == 0
    check_links(program)
    assert not errors(verify(program))


@pytest.mark.parametrize("name", ["random_normal", "random_uniform", "reshape", "fill", "tile"])
def test_a_shape_of_absurdly_many_lengths(name: str) -> None:
    statements = {
        "fill": "fill(shape = s, value = fp32(0))",
        "reshape": "reshape(x = x, shape = s)",
        "tile": "tile(x = x, reps = s)",
    }
    made = statements.get(name, f"{name}(shape = s)")
    text = (
        "program(1.3) { func main<ios17>(tensor<fp32, [2]> x, tensor<int32, [300000000]> s) {"
        f" tensor<fp32, [?]> y = {made}; }} -> (y); }}"
    )
    program, found = read(Source(text, "case.mil"))
    check_findings(found + verify(program, reported=found))
