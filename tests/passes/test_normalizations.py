"""Normalisations, written out in every way that the pass knows: one op is left, and it is right."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import pytest

import milc
from milc.diagnostics import errors
from tests.passes.running import count, optimized, same_results

VARIANCES = {
    "square": "{s} a2 = square(x = a);",
    "product": "{s} a2 = mul(x = a, y = a);",
    "power": "{s} a2 = pow(x = a, y = fp32(2));",
}
INVERSES = {
    "rsqrt": "{r} i = rsqrt(x = e, epsilon = fp32(0.125)); {s} n = mul(x = i, y = a);",
    "root": "{r} d = sqrt(x = e); {s} n = real_div(x = a, y = d);",
    "power": "{r} d = pow(x = e, y = fp32(0.5)); {s} n = real_div(x = a, y = d);",
    "negative": "{r} i = pow(x = e, y = fp32(-0.5)); {s} n = mul(x = a, y = i);",
    "quotient": "{r} d = sqrt(x = e); {r} i = real_div(x = fp32(1), y = d);"
    "{s} n = mul(x = a, y = i);",
}
ENDS = {
    "plain": "{s} y = identity(x = n);",
    "scale": "{s} y = mul(x = n, y = {g});",
    "shift": "{s} y = add(x = {b}, y = n);",
    "both": "{s} u = mul(x = {g}, y = n); {s} y = add(x = u, y = {b});",
    "shift first": "{s} u = add(x = n, y = {b}); {s} y = mul(x = u, y = {g});",
    "twice": "{s} u = mul(x = n, y = {g}); {s} v = sub(x = u, y = {b});"
    "{s} y = mul(x = v, y = {g});",
}
SPREAD = (
    "{r} i = rsqrt(x = e); {k} k = mul(x = i, y = {g}); {s} u = mul(x = x, y = k);"
    "{k} v = mul(x = m, y = k); {k} w = sub(x = {b}, y = v); {s} y = add(x = u, y = w);"
)
NEGATED = (
    "{r} i = rsqrt(x = e); {s} u = mul(x = x, y = i); {r} v = mul(x = m, y = i);"
    "{r} w = mul(x = v, y = fp32(-1)); {s} y = add(x = u, y = w);"
)


class Layout(NamedTuple):
    """A shape, along what means are taken, the shape of parameters, and what is to be left."""

    shape: list[int]
    axes: list[int]
    parameter: list[int]
    left: dict[str, int]


LAYOUTS = {
    "rows": Layout([2, 3, 2], [-1], [2], {"layer_norm": 1}),
    "planes of rows": Layout([2, 3, 2], [2, 1], [3, 2], {"layer_norm": 1}),
    "channels": Layout([1, 2, 3, 2], [1], [2, 1, 1], {"layer_norm": 1}),
    "channels of rows": Layout([1, 2, 3], [2], [2, 1], {"instance_norm": 1}),
    "plane": Layout([1, 2, 3, 2], [-2, -1], [2, 1, 1], {"instance_norm": 1}),
    "elements of a plane": Layout([1, 2, 3, 2], [2, 3], [3, 2], {"layer_norm": 1}),
    "plane in front": Layout([1, 3, 2, 2], [1, 2], [2], {"instance_norm": 1, "transpose": 2}),
}


def program(layout: Layout, variance: str, rest: str) -> str:
    """A program that normalises."""
    rank = len(layout.shape)
    places = {axis % rank for axis in layout.axes}
    reduced = [1 if at in places else dim for at, dim in enumerate(layout.shape)]
    aligned = [1] * (rank - len(layout.parameter)) + layout.parameter
    factor = [max(pair) for pair in zip(reduced, aligned, strict=True)]
    words = {
        "s": f"tensor<fp32, {layout.shape}>",
        "r": f"tensor<fp32, {reduced}>",
        "k": f"tensor<fp32, {factor}>",
        "g": "gamma",
        "b": "beta",
    }
    axes = f"axes = tensor<int32, [{len(layout.axes)}]>({layout.axes}), keep_dims = bool(true)"
    type = f"tensor<fp32, {layout.parameter}>"
    body = f"""
        {type} gamma = const()[val = {type}({nested(layout.parameter, 0.5)})];
        {type} beta = const()[val = {type}({nested(layout.parameter, -1.0)})];
        {{r}} m = reduce_mean(x = x, {axes});
        {{s}} a = sub(x = x, y = m);
        {variance}
        {{r}} q = reduce_mean(x = a2, {axes});
        {{r}} e = add(x = q, y = fp32(0.25));
        {rest}"""
    for word, meant in words.items():
        body = body.replace(f"{{{word}}}", meant)
    head = f"func main<ios15>({words['s']} x)"
    return f"program(1.3)\n{{\n    {head} {{{body}\n    }} -> (y);\n}}\n"


def nested(shape: list[int], first: float) -> str:
    """Numbers that rise, in brackets."""
    if not shape:
        return str(first)
    step = 0.75 * 2 ** len(shape)
    return f"[{', '.join(nested(shape[1:], first + at * step) for at in range(shape[0]))}]"


def expect_left(layout: Layout, text: str) -> None:
    made = milc.parse(text)
    assert [str(each) for each in errors(milc.verify(made))] == []
    optimized(made, "fuse_layernorm_or_instancenorm", "noop_elimination")
    assert count(made) == Counter(layout.left), milc.to_text(made)
    same_results(milc.parse(text), made)


PAIRS = [(layout, end) for layout in LAYOUTS for end in ENDS]
ALIKE = {("channels of rows", "plain"), ("elements of a plane", "plain")}
"""Only parameters tell these from others."""


@pytest.mark.parametrize(("layout", "end"), [pair for pair in PAIRS if pair not in ALIKE])
def test_parameters_of_any_layout(layout: str, end: str) -> None:
    rest = INVERSES["rsqrt"] + ENDS[end]
    expect_left(LAYOUTS[layout], program(LAYOUTS[layout], VARIANCES["square"], rest))


@pytest.mark.parametrize("variance", VARIANCES)
@pytest.mark.parametrize("inverse", INVERSES)
def test_deviations_of_any_form(variance: str, inverse: str) -> None:
    rest = INVERSES[inverse] + ENDS["both"]
    expect_left(LAYOUTS["rows"], program(LAYOUTS["rows"], VARIANCES[variance], rest))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_mean_that_is_taken_off_at_the_end(layout: str) -> None:
    expect_left(LAYOUTS[layout], program(LAYOUTS[layout], VARIANCES["square"], SPREAD))


@pytest.mark.parametrize("layout", ["rows", "plane", "plane in front"])
def test_a_mean_that_is_negated(layout: str) -> None:
    expect_left(LAYOUTS[layout], program(LAYOUTS[layout], VARIANCES["square"], NEGATED))
