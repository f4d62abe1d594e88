"""Names of ops, which cases do not show."""

from __future__ import annotations

import milc
from milc.ir.walk import walk_ops
from tests.passes.running import optimized

TEXT = """program(1.3)
{
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> a = exp(x = x)[name = string("a/b")];
        tensor<fp32, [2]> b = exp(x = a)[name = string("a_b")];
        tensor<fp32, [2]> c = exp(x = b)[name = string("a.b")];
        tensor<fp32, [2]> d = exp(x = c)[name = string("1")];
        tensor<fp32, [2]> e = exp(x = d)[name = string("a/b")];
        tensor<fp32, [2]> y = exp(x = e);
    } -> (y);
}
"""


def named(name: str) -> list[str | None]:
    """The names of the ops behind a pass."""
    program = milc.parse(TEXT)
    optimized(program, name)
    return [op.name for op in walk_ops(program.functions["main"])]


def test_names_of_ops_become_words_each_its_own() -> None:
    assert named("sanitize_name_strings") == ["a_b_0", "a_b", "a_b_0_0", "op_1", "a_b_0_0_0", None]


def test_names_of_ops_are_given_once() -> None:
    assert named("dedup_op_and_var_names") == ["a/b", "a_b", "a.b", "1", "a/b_1", None]
