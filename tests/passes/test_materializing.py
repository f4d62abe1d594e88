"""materialize_symbolic_shape_program: what may be asked of it, and models with descriptions."""

from __future__ import annotations

from typing import Any

import pytest

import milc
from milc.diagnostics import MilError, errors
from milc.package.model import Model
from milc.passes.materializing import named_shapes
from tests.passes.running import optimized

PASS = "materialize_symbolic_shape_program"
TEXT = """
program(1.3)
{
    func main<ios18>(tensor<fp32, [1, ?, 3]> x, tensor<fp32, [3]> w) {
        tensor<fp32, [1, ?, 3]> y = add(x = x, y = w);
    } -> (y);
}
"""


def optimize(subject: Any, shapes: Any) -> None:
    one = milc.passes.find(PASS)
    assert one is not None
    milc.optimize(subject, "none", passes=[one(function_name_to_materialization_map=shapes)])


@pytest.mark.parametrize(
    "given",
    [
        "a: x=1x64 y=8; b: x=()",
        " a :x=1x64, y=8;b:x=();",
        "{'a': {'x': (1, 64), 'y': [8]}, 'b': {'x': ()}}",
        {"a": {"x": [1, 64], "y": (8,)}, "b": {"x": ()}},
    ],
)
def test_shapes_may_be_written_in_several_ways(given: Any) -> None:
    assert named_shapes(given) == {"a": {"x": (1, 64), "y": (8,)}, "b": {"x": ()}}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("small", "'small' names no shapes"),
        ("small: x", "'x' names no shapes"),
        ("{small: 3}", "is no table of shapes"),
        ({"small": {"x": ["many"]}}, "is no table of shapes"),
        ("small: z=1x2x3", "main has no input z; it takes x, w"),
        ("small: x=2x2x3", "cannot be of shape [2, 2, 3]"),
        ("small: x=1x2", "cannot be of shape [1, 2]"),
    ],
)
def test_shapes_that_a_function_does_not_take_are_refused(given: Any, said: str) -> None:
    with pytest.raises(MilError, match="MIL0941") as raised:
        optimize(milc.parse(TEXT), given)
    assert said in str(raised.value)


def test_shapes_that_an_op_does_not_take_are_refused() -> None:
    program = milc.parse(TEXT.replace("[3]> w", "[?]> w"))
    before = milc.to_text(program)
    with pytest.raises(MilError, match="small cannot be made"):
        optimize(program, "small: x=1x2x3 w=2")
    assert milc.to_text(program) == before


def test_a_description_knows_the_new_functions() -> None:
    model = Model(milc.parse(TEXT))
    model.spec.description.CopyFrom(model.describe())
    model.described = True
    model.spec.description.input[0].shortDescription = "what comes in"
    model.spec.description.metadata.author = "somebody"
    optimize(model, "small: x=1x2x3; main: x=1x5x3")
    assert errors(milc.verify(model)) == []
    description = model.spec.description
    assert (description.defaultFunctionName, description.metadata.author) == ("main", "somebody")
    shapes = {}
    for function in description.functions:
        first = function.input[0]
        shapes[function.name] = list(first.type.multiArrayType.shape)
        assert first.shortDescription == "what comes in"
        assert first.type.multiArrayType.WhichOneof("ShapeFlexibility") is None
        assert list(function.output[0].type.multiArrayType.shape) == shapes[function.name]
    assert shapes == {"main": [1, 5, 3], "small": [1, 2, 3]}


def test_new_functions_share_the_weights() -> None:
    weights = ", ".join(["1.5"] * 200)
    program = milc.parse(
        "program(1.3) { func main<ios18>(tensor<fp32, [?, 200]> x) {"
        f"tensor<fp32, [200]> w = const()[val = tensor<fp32, [200]>([{weights}])];"
        "tensor<fp32, [?, 200]> y = add(x = x, y = w); } -> (y); }"
    )
    optimized(program, PASS, function_name_to_materialization_map="small: x=2x200")
    held = [f.body.first.attributes["val"] for f in program.functions.values() if f.body.first]
    assert len(held) == 2
    assert held[0] is held[1]
