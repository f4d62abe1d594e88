"""Classifiers: the class, and the probability of each."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.meaning.cases import expect, meaning, random
from tests.meaning.text import fails, ran


def text(shape: Any, classes: list[Any]) -> str:
    """A classifier of probabilities of a shape."""
    kind = "string" if all(isinstance(each, str) for each in classes) else "int64"
    listed = ", ".join(f'"{each}"' if kind == "string" else str(each) for each in classes)
    return f"""(tensor<fp32, {shape}> p) {{
        {kind} label, dict<{kind}, fp64> each = classify(
            classes = list<{kind}, {len(classes)}>([{listed}]), probabilities = p);
    }} -> (label, each);"""


def classified(p: Any, classes: list[Any], shape: Any = None) -> tuple[Any, dict[Any, float]]:
    """The label and the dict, as Python has them."""
    label, each = ran(text(shape or list(p.shape), classes), p=p)
    assert label.shape == ()
    return label.item(), each


@meaning("classify", "loop")
def classes_are_strings_or_numbers(opset: str) -> None:
    for shape in ((3,), (1, 3), (1, 3, 1), (3, 1)):
        p = random(*shape, low=0, high=1)
        for classes in (["cat", "dog", "ü"], [7, -(2**63), 2**62]):
            label, each = classified(p, classes)
            wanted = dict(zip(classes, p.ravel().tolist(), strict=True))
            assert each == wanted
            assert all(type(value) is float for value in each.values())
            assert [type(key) for key in each] == [type(key) for key in classes]
            assert label == max(wanted, key=lambda key: wanted[key])
            assert type(label) is type(classes[0])


@meaning("classify", "values")
def of_equals_the_first_is_named(opset: str) -> None:
    assert classified(np.array([0.25, 0.5, 0.5], "f4"), ["a", "b", "c"])[0] == "b"
    assert classified(np.array([0, 0], "f4"), ["a", "b"])[0] == "a"


@meaning("classify", "values")
def what_is_no_number_is_not_the_highest(opset: str) -> None:
    nan = np.nan
    assert classified(np.array([nan, 0.25, nan, 0.5], "f4"), [*"abcd"])[0] == "d"
    assert classified(np.array([nan, nan], "f4"), [*"ab"])[0] == "a"
    assert classified(np.array([nan, -np.inf], "f4"), [*"ab"])[1]["b"] == -np.inf


@meaning("classify", "values")
def one_class_and_many(opset: str) -> None:
    assert classified(np.array([0.5], "f4"), ["only"]) == ("only", {"only": 0.5})
    p = np.zeros(1000, "f4")
    p[763] = 1
    label, each = classified(p, list(range(1000)))
    assert (label, len(each), each[763], each[0]) == (763, 1000, 1.0, 0.0)


@meaning("classify", "values")
def the_number_of_probabilities_may_be_found_when_it_runs(opset: str) -> None:
    p = np.array([[0.5, 0.75]], "f4")
    expect(np.array(classified(p, ["a", "b"], "[1, ?]")[1]["b"], "f4"), 0.75)
    fails(text("[1, ?]", ["a", "b", "c"]), "`classes` has as many items", p=p)
