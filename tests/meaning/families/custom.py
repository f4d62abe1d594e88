"""Layers of an app: what they compute is not known, and milc says so where one stands."""

from __future__ import annotations

import numpy as np
import pytest

import milc
from tests.meaning.cases import meaning
from tests.meaning.text import program

TEXT = """(tensor<fp32, [1, 8]> a) {
    tensor<fp32, [1, 8]> b = add(x = a, y = a);
    tensor<fp32, [1, 4]> y = custom_layer(features = b)[
        class_name = string("MYTopLayer"), input_order = list<string, 1>(["features"]),
        parameters = list<string, 0>([]), weights = list<string, 0>([])];
} -> (y);"""


@meaning("custom_layer", "values")
def it_is_named_where_it_stands(opset: str) -> None:
    with pytest.raises(milc.MilError) as caught:
        milc.evaluate(program(TEXT), {"a": np.zeros((1, 8), "f4")})
    (found,) = caught.value.diagnostics
    assert found.code == "MIL0908"
    assert "custom_layer" in found.message
    assert "`MYTopLayer`" in found.message
    assert str(caught.value).startswith("<text>:5:")
