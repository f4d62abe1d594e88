"""What `milc compare` finds: errors, the first value that differs, steps with states."""

from __future__ import annotations

import numpy as np
import pytest

import milc
from milc.driver.comparing import Comparison, Tolerance, difference, said

EXACT = Tolerance(0.0, 0.0)


def program(body: str, inputs: str = "tensor<fp32, [4]> x") -> milc.Program:
    """A program of one function."""
    return milc.parse(f"program(1.3)\n{{\n    func main<ios18>({inputs}) {{\n{body}\n}}\n")


CHAIN = """tensor<fp32, [4]> a = add(x = x, y = x);
    tensor<fp32, [4]> b = mul(x = a, y = {factor});
    tensor<fp32, [4]> c = sub(x = b, y = x);
    }} -> (c);"""
X = {"x": np.arange(4.0)}


def chain(factor: str) -> milc.Program:
    """A program of three ops, the second with a factor."""
    return program(CHAIN.format(factor=factor))


def test_equal_models_agree_everywhere() -> None:
    comparison = Comparison(chain("fp32(2)"), chain("fp32(2)"))
    step = comparison.step(X)
    assert step.agrees
    assert len(step.values) == 3
    assert step.divergence is None
    assert comparison.finding(step) is None
    assert step.outputs[0].snr == np.inf


def test_the_first_value_that_differs_is_named_with_its_places() -> None:
    comparison = Comparison(chain("fp32(2)"), chain("fp32(2.5)"))
    step = comparison.step(X)
    assert not step.agrees
    assert step.divergence is not None
    assert step.divergence.difference.name == "b"
    assert step.divergence.op.kind == "mul"
    finding = comparison.finding(step)
    assert finding is not None
    assert finding.code == "MIL0931"
    assert finding.span is not None
    assert finding.span.text.startswith("mul")
    assert len(finding.labels) == 1


def test_the_difference_is_measured() -> None:
    a, b = np.array([1.0, 2.0, 0.0, 4.0]), np.array([1.0, 2.5, 0.0, 4.0])
    found = difference("a", "b", a, b, EXACT)
    assert (found.largest, found.relative, found.beyond, found.size) == (0.5, 0.25, 1, 4)
    assert found.snr == pytest.approx(10 * np.log10(21 / 0.25))
    assert "1 of 4 elements" in said(found)


@pytest.mark.parametrize(
    ("a", "b", "agree"),
    [
        ([np.nan], [np.nan], True),
        ([np.inf], [np.inf], True),
        ([np.inf], [-np.inf], False),
        ([np.nan], [1.0], False),
        ([1.0], [np.inf], False),
        ([], [], True),
    ],
)
def test_what_is_not_finite_agrees_with_its_like(
    a: list[float], b: list[float], agree: bool
) -> None:
    assert difference("a", "b", np.array(a), np.array(b), Tolerance(0.1, None)).agrees is agree


def test_tolerances_are_of_the_values_and_of_the_largest() -> None:
    a = np.array([100.0, 0.0])
    assert difference("a", "b", a, a + 0.9, Tolerance(0.01, None)).beyond == 0
    assert difference("a", "b", a, a + 0.9, Tolerance(0.01, 0.0)).beyond == 1


def test_half_precision_is_compared_with_its_own_tolerance_and_by_plain_names() -> None:
    half = program(
        """tensor<fp16, [4]> a_cast_fp16 = add(x = x, y = x);
        tensor<fp16, [4]> b_cast_fp16 = mul(x = a_cast_fp16, y = fp16(2));
        tensor<fp16, [4]> c = sub(x = b_cast_fp16, y = x);
        } -> (c);""",
        "tensor<fp16, [4]> x",
    )
    comparison = Comparison(chain("fp32(2)"), half)
    step = comparison.step({"x": np.array([0.1, 0.2, 0.3, 0.7])})
    assert step.agrees
    assert len(step.values) == 3
    # Both were given what fp16 can hold, so that only the arithmetic differs.
    assert step.outputs[0].largest < 1e-3


def test_inputs_and_outputs_without_a_common_name_are_matched_by_place() -> None:
    other = program("tensor<fp32, [4]> r = add(x = z, y = z); } -> (r);", "tensor<fp32, [4]> z")
    one = program("tensor<fp32, [4]> y = mul(x = x, y = fp32(2)); } -> (y);")
    assert Comparison(one, other).step(X).agrees


def test_models_with_other_outputs_cannot_be_compared() -> None:
    one = program("tensor<fp32, [4]> y = mul(x = x, y = fp32(2)); } -> (y);")
    with pytest.raises(milc.MilError, match="MIL0930") as caught:
        Comparison(one, program("tensor<fp32, [4]> y = add(x = x, y = x); } -> (x, y);"))
    assert "`x`" in caught.value.diagnostics[0].message


def test_outputs_of_other_shapes_differ() -> None:
    one = program("tensor<fp32, [4]> y = add(x = x, y = fp32(2)); } -> (y);")
    other = program(
        "tensor<fp32, [1, 4]> y = add(x = x, y = tensor<fp32, [1, 4]>([2, 2, 2, 2])); } -> (y);"
    )
    comparison = Comparison(one, other)
    step = comparison.step(X)
    assert not step.agrees
    finding = comparison.finding(step)
    assert finding is not None
    assert "[4] and [1, 4]" in finding.message


def test_a_wrong_input_is_said_once() -> None:
    with pytest.raises(milc.MilError) as caught:
        Comparison(chain("fp32(2)"), chain("fp32(2)")).step({"x": np.zeros(4), "w": 1})
    assert [each.code for each in caught.value.diagnostics] == ["MIL0902"]
