"""The evaluator itself: blocks, states, what is held and for how long, hooks, failures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import milc
from milc.driver.evaluating import Run
from milc.evaluate import Ran


def text(body: str, inputs: str = "tensor<fp32, [2]> x", opset: str = "ios18") -> milc.Program:
    """A program of one function."""
    return milc.parse(f"program(1.3)\n{{\n    func main<{opset}>({inputs}) {{\n{body}\n}}\n")


X = np.array([1.0, 2.0], "f4")
DOUBLED = (
    "tensor<fp32, [2]> y = add(x = x, y = x); tensor<fp32, [2]> z = mul(x = y, y = y); } -> (z);"
)


def test_outputs_come_by_name() -> None:
    (given,) = milc.evaluate(text(DOUBLED), {"x": X}).items()
    assert given[0] == "z"
    assert given[1].tolist() == [4.0, 16.0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([[1], [1, 2]], "not all of the same length"),
        ([10**400, 1], "Python objects"),
        (["a", "b"], "text is given"),
        (np.ones(2, complex), "elements of complex128"),
    ],
)
def test_what_is_no_tensor_of_numbers(given: Any, said: str) -> None:
    with pytest.raises(milc.MilError, match=f"MIL0904.*{said}"):
        milc.evaluate(text(DOUBLED), {"x": given})


@pytest.mark.filterwarnings("error")
def test_inputs_that_are_too_large_become_infinite() -> None:
    assert np.isinf(milc.evaluate(text(DOUBLED), {"x": np.full(2, 1e300)})["z"]).all()


def test_what_is_evaluated_may_leave_types_open() -> None:
    program = text("_ y = add(x = x, y = x); } -> (y);")
    assert milc.evaluate(program, {"x": X})["y"].tolist() == [2.0, 4.0]


def test_inputs_and_constants_may_be_outputs() -> None:
    program = text("fp32 c = const()[val = fp32(3)]; } -> (x, c);")
    given = milc.evaluate(program, {"x": X})
    assert given["x"].tolist() == [1.0, 2.0]
    assert given["c"] == 3


def test_a_model_runs_as_often_as_it_is_called() -> None:
    run = Run(text(DOUBLED))
    assert run({"x": X})["z"].tolist() == run({"x": X})["z"].tolist()


def test_an_input_is_not_written_to() -> None:
    x = X.copy()
    x.flags.writeable = False
    milc.evaluate(text(DOUBLED), {"x": x})


def test_a_value_goes_after_its_last_use() -> None:
    run = Run(text(DOUBLED))
    held: list[list[str]] = []
    run.evaluator.hook = lambda ran: held.append([v.name for v in run.evaluator._held])
    run({"x": X})
    # The hook is called before what is no longer needed goes.
    assert held == [["x", "y"], ["y", "z"]]
    assert run.evaluator._held == {}


def test_a_hook_sees_each_op_with_what_it_took_and_gave() -> None:
    seen: list[Ran] = []
    milc.evaluate(text(DOUBLED), {"x": X}, hook=seen.append)
    assert [(ran.op.kind, list(ran.operands)) for ran in seen] == [("add", ["x"]), ("mul", ["y"])]
    assert seen[1].results[0].tolist() == [4.0, 16.0]
    assert all(ran.seconds >= 0 for ran in seen)


STATEFUL = """tensor<fp16, [2]> old = read_state(input = s);
    tensor<fp16, [2]> new = add(x = old, y = x);
    write_state(data = new, input = s);
    tensor<fp16, [2]> y = read_state(input = s); } -> (y);"""
WITH_STATE = "state<tensor<fp16, [2]>> s, tensor<fp16, [2]> x"


def test_a_state_lives_from_one_call_to_the_next() -> None:
    program = text(STATEFUL, WITH_STATE)
    state: dict[str, Any] = {}
    milc.evaluate(program, {"x": X}, state)
    assert milc.evaluate(program, {"x": X}, state)["y"].tolist() == [2.0, 4.0]
    assert state["s"].tolist() == [2.0, 4.0]
    assert milc.evaluate(program, {"x": X})["y"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("inputs", "code", "about"),
    [
        ({}, "MIL0901", "`x`"),
        ({"x": X, "xx": X}, "MIL0902", "`xx`"),
        ({"x": np.zeros(3)}, "MIL0903", "[3]"),
        ({"x": np.array(["a", "b"])}, "MIL0904", "`x`"),
    ],
)
def test_inputs_that_do_not_fit_are_said(inputs: dict[str, Any], code: str, about: str) -> None:
    with pytest.raises(milc.MilError) as caught:
        milc.evaluate(text(DOUBLED), inputs)
    (finding,) = caught.value.diagnostics
    assert finding.code == code
    assert about in finding.message
    assert finding.span is not None


def test_all_that_is_wrong_with_inputs_is_said_at_once() -> None:
    program = text("tensor<fp32, [2]> z = add(x = x, y = y); } -> (z);",
                   "tensor<fp32, [2]> x, tensor<fp32, [2]> y")  # fmt: skip
    with pytest.raises(milc.MilError) as caught:
        milc.evaluate(program, {"x": np.zeros(3), "w": 1})
    assert [each.code for each in caught.value.diagnostics] == ["MIL0902", "MIL0903", "MIL0901"]


@pytest.mark.parametrize("given", [300, -1])
def test_an_integer_out_of_range_does_not_fit(given: int) -> None:
    program = text("uint8 z = identity(x = x); } -> (z);", "uint8 x")
    with pytest.raises(milc.MilError, match="MIL0904"):
        milc.evaluate(program, {"x": given})


def test_shapes_that_are_known_only_now_are_checked_now() -> None:
    program = text("tensor<fp32, [?]> z = add(x = x, y = y); } -> (z);",
                   "tensor<fp32, [?]> x, tensor<fp32, [?]> y")  # fmt: skip
    assert milc.evaluate(program, {"x": X, "y": np.float32([5])})["z"].tolist() == [6.0, 7.0]
    with pytest.raises(milc.MilError, match=r"MIL0908.*breaks C1") as caught:
        milc.evaluate(program, {"x": X, "y": np.zeros(3)})
    assert caught.value.diagnostics[0].span is not None


def test_a_result_of_another_shape_than_declared_is_said() -> None:
    program = text("tensor<fp32, [2]> z = add(x = x, y = y); } -> (z);",
                   "tensor<fp32, [?]> x, tensor<fp32, [?]> y")  # fmt: skip
    with pytest.raises(milc.MilError, match="MIL0909"):
        milc.evaluate(program, {"x": np.zeros(3), "y": np.zeros(3)})


def test_a_program_that_does_not_verify_is_not_run() -> None:
    with pytest.raises(milc.MilError, match="MIL0301"):
        milc.evaluate(text("tensor<fp32, [2]> z = ad(x = x); } -> (z);"), {"x": X})


def test_there_has_to_be_such_a_function() -> None:
    with pytest.raises(milc.MilError, match=r"MIL0906.*`mian`"):
        milc.evaluate(text(DOUBLED), {"x": X}, function="mian")


def test_half_precision_is_kept_between_ops() -> None:
    doubled = "tensor<fp16, [1]> y = add(x = x, y = x);"
    back = "tensor<fp16, [1]> z = sub(x = y, y = x); } -> (z);"
    program = text(doubled + back, "tensor<fp16, [1]> x")
    given = milc.evaluate(program, {"x": np.float16([40000])})
    assert given["z"].dtype == np.float16
    assert np.isinf(given["z"][0])


def test_operands_of_a_form_that_no_rule_foresaw_are_a_finding() -> None:
    program = text(
        "tensor<fp32, [2, 3]> y = one_hot(indices = x, one_hot_vector_size = int32(3),"
        " on_value = tensor<fp32, [2]>([1, 2])); } -> (y);",
        "tensor<int32, [2]> x",
    )
    with pytest.raises(milc.MilError, match="MIL0919"):
        milc.evaluate(program, {"x": [0, 1]})
