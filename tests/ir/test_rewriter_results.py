"""Results that are left out of an op."""

from __future__ import annotations

import pytest

import milc
from milc.ir.rewriter import Rewriter

TEXT = """
program(1.3)
{
    func main<ios15>(bool p, tensor<fp32, [2]> x) {
        tensor<fp32, [2]> a, tensor<fp32, [2]> b = cond(pred = p) {
        } -> (x, x), {
        } -> (x, x);
    } -> (a);
}
"""


def test_a_result_that_nobody_uses_is_left_out_and_its_name_is_free() -> None:
    function = milc.parse(TEXT).functions["main"]
    rewriter, op = Rewriter(function), function.body.first
    assert op is not None
    unused = op.results[1]
    assert rewriter.names.taken("b")
    rewriter.remove_result(unused)
    assert [value.name for value in op.results] == ["a"]
    assert unused.owner is None
    assert not rewriter.names.taken("b")
    assert rewriter.changes == 1


def test_a_result_that_is_used_and_what_is_none_are_refused() -> None:
    function = milc.parse(TEXT).functions["main"]
    rewriter, op = Rewriter(function), function.body.first
    assert op is not None
    with pytest.raises(ValueError, match="is used by"):
        rewriter.remove_result(op.results[0])
    with pytest.raises(ValueError, match="no result"):
        rewriter.remove_result(function.inputs[0])
    assert rewriter.changes == 0
