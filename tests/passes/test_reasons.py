"""Reasons why milc leaves more: each rule tells what it is about from what is beside it."""

from __future__ import annotations

from typing import Any

import pytest

import milc
from milc.package.model import Model
from tests.passes.reasons import why

FUNCTION = """program(1.3)
{{
    func main<ios17>(tensor<fp32, [2, 3]> x, tensor<int32, [2]> i, tensor<int16, [2]> h) {{
        {} y = {};
    }} -> (y);
}}
"""
TWO, ROW = "tensor<fp32, [2, 3]>", "tensor<fp32, [2]>"
COND = "tensor<bool, [3]>([true, false, true])"
PAIR = "tensor<fp32, [2, 2]>"
SUM = "reduce_sum(x = x, axes = tensor<int32, [1]>([1]), keep_dims = bool(false))"
HALF = 'cast(x = h, dtype = string("fp16"))'
BACK = 'tensor<int16, [2]> z = cast(x = y, dtype = string("int16"))'
HOT = (
    "one_hot(indices = i, one_hot_vector_size = int32(2), on_value = fp32(1), off_value = fp32(0))"
)
CASES = [
    ("floor_div", "rounds floats down", TWO,
     "floor_div(x = x, y = fp32(1))", "floor_div(x = x, y = fp32(2))"),
    ("real_div", "divided by 0", TWO,
     "real_div(x = x, y = tensor<fp32, [3]>([1, 0, 2]))", "real_div(x = x, y = fp32(2))"),
    ("select", "added to infinity", TWO,
     f"select(a = fp32(-inf), b = x, cond = {COND})", f"select(a = fp32(0), b = x, cond = {COND})"),
    ("sqrt", "is abs(x)", TWO,
     f"square(x = x); {TWO} z = sqrt(x = y)", f"exp(x = x); {TWO} z = sqrt(x = y)"),
    ("cast", "does not hold all numbers", "tensor<fp16, [2]>", f"{HALF}; {BACK}", HALF),
    ("reduce_sum", "they are no means", ROW,
     f"{SUM}; {ROW} z = mul(x = y, y = fp32(0.5))",
     f"{SUM}; {ROW} z = mul(x = y, y = fp32(0.33333334))"),
    ("one_hot", "trust_indices", PAIR,
     f"{HOT}; {TWO} z = matmul(x = y, y = x)",
     "matmul(x = x, y = tensor<fp32, [3, 2]>([[1, 0], [0, 1], [0, 0]]))"),
]  # fmt: skip
NONE: dict[str, Any] = {"functions": {"main": {"outputs": ["y"]}}}
RECORD: dict[str, Any] = {"before": NONE, "after": NONE}


@pytest.mark.parametrize(
    ("kind", "said", "type", "about", "beside"), CASES, ids=[case[0] for case in CASES]
)
def test_a_rule_tells_what_it_is_about(
    kind: str, said: str, type: str, about: str, beside: str
) -> None:
    model = Model(milc.parse(FUNCTION.format(type, about)))
    assert said in why(RECORD, model, [kind])
    assert why(RECORD, model, [kind, "softmax"]) == "", "there is more than it explains"
    assert why(RECORD, Model(milc.parse(FUNCTION.format(type, beside))), [kind]) == ""


def test_a_lost_output_explains_whatever_stays_for_it() -> None:
    model = Model(milc.parse(FUNCTION.format(TWO, "exp(x = x)")))
    lost = RECORD | {"after": {"functions": {"main": {"outputs": ["y", "y"]}}}}
    assert "the name of the other is lost" in why(lost, model, ["cast", "relu"])
    assert why(RECORD, model, ["cast", "relu"]) == ""


@pytest.mark.parametrize(("type", "is_told"), [("uint16", True), ("int16", False)])
def test_indices_without_a_sign_explain_what_counts_them(type: str, is_told: bool) -> None:
    ops = [
        {"t": "cast", "i": {"x": "i"}, "o": [["j", f"tensor<{type},[2]>"]]},
        {"t": "gather", "i": {"x": "x", "indices": "j"}, "o": [["y", "tensor<fp32,[2,3]>"]]},
    ]
    record = RECORD | {"after": {"functions": {"main": {"outputs": ["y"], "ops": ops}}}}
    model = Model(milc.parse(FUNCTION.format(TWO, "exp(x = x)")))
    assert bool(why(record, model, ["select", "add"])) is is_told


@pytest.mark.parametrize(("name", "is_told"), [("main", False), ("f", False), ("g", True)])
def test_other_results_are_right_of_a_function_that_gives_way(name: str, is_told: bool) -> None:
    model = Model(milc.parse(FUNCTION.format(TWO, "exp(x = x)")))
    options = {
        "_function_name_to_materialization_map": repr({name: {"x": (2, 3)}}),
        "_source_function_name": "main",
    }
    there = {"functions": {"main": {}, "g": {}}}
    record = {"pass_options": options, "before": there, "after": NONE}
    assert bool(why(record, model, [])) is is_told
