"""Activations and softmax, against PyTorch in fp64 and their formulas."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.meaning.cases import expect, meaning, random, run_op
from tests.meaning.families.trigonometry import CLOSE, SHAPES, by_loop
from tests.meaning.peer import peer

SPECIAL = [-np.inf, -1e4, -100.0, -20.0, -1.0, -0.0, 0.0, 1.0, 20.0, 100.0, 1e4, np.inf, np.nan]

OF_TORCH: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "elu": ("elu", {"alpha": 0.75}, {"alpha": 0.75}),
    "leaky_relu": ("leaky_relu", {"alpha": 0.25}, {"negative_slope": 0.25}),
    "relu": ("relu", {}, {}),
    "relu6": ("relu6", {}, {}),
    "sigmoid": ("sigmoid", {}, {}),
    "silu": ("silu", {}, {}),
    "softplus": ("softplus", {}, {"threshold": 1000}),
    "softsign": ("softsign", {}, {}),
}
"""Their names in `torch.nn.functional`, what the op takes, and what the function takes for it."""

FORMULAS: dict[str, tuple[Callable[..., float], dict[str, float]]] = {
    "clamped_relu": (lambda x, a, b: min(x if x >= 0 else a * x, b), {"alpha": 0.25, "beta": 1.5}),
    "elu": (lambda x, a: x if x > 0 else a * math.expm1(x), {"alpha": -0.5}),
    "leaky_relu": (lambda x, a: x if x >= 0 else a * x, {"alpha": 3.0}),
    "linear_activation": (lambda x, a, b: a * x + b, {"alpha": -1.5, "beta": 0.25}),
    "relu": (lambda x: max(x, 0), {}),
    "relu6": (lambda x: min(max(x, 0), 6), {}),
    "scaled_tanh": (lambda x, a, b: a * math.tanh(b * x), {"alpha": 1.75, "beta": 0.5}),
    "sigmoid": (lambda x: 1 / (1 + math.exp(-x)), {}),
    "sigmoid_hard": (lambda x, a, b: min(max(a * x + b, 0), 1), {"alpha": 0.25, "beta": 0.5}),
    "silu": (lambda x: x / (1 + math.exp(-x)), {}),
    "softplus": (lambda x: math.log(1 + math.exp(x)), {}),
    "softsign": (lambda x: x / (1 + abs(x)), {}),
    "thresholded_relu": (lambda x, a: x if x >= a else 0, {"alpha": 0.5}),
}
"""What becomes of a number, and of which arguments."""

GELU: dict[str, Callable[[float], float]] = {
    "EXACT": lambda x: 0.5 * x * math.erfc(-x / math.sqrt(2)),
    "TANH_APPROXIMATION": lambda x: (
        0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    ),
    "SIGMOID_APPROXIMATION": lambda x: x / (1 + math.exp(-1.702 * x)),
}


for name, (function, given, wanted) in OF_TORCH.items():

    @meaning(name, "torch")
    def as_in_torch(
        opset: str,
        name: str = name,
        function: str = function,
        given: Any = given,
        told: Any = wanted,
    ) -> None:
        for dtype in ("f4", "f2"):
            for x in (np.array(SPECIAL, dtype), random(2, 3, 4, dtype=dtype, low=-6, high=8)):
                wanted = peer("functions:call", f"nn.functional.{function}", x, **told)
                expect(run_op(name, opset, x=x, **given), wanted)


for name, (formula, options) in FORMULAS.items():

    @meaning(name, "loop")
    def as_its_formula(
        opset: str, name: str = name, formula: Any = formula, options: Any = options
    ) -> None:
        for dtype in ("f4", "f2"):
            for shape in SHAPES:
                x = random(*shape, dtype=dtype, low=-6, high=8)
                wanted = by_loop(lambda each: formula(each, *options.values()), x)
                given = run_op(name, opset, x=x, **options)
                assert given.dtype == x.dtype
                expect(given, wanted, rtol=CLOSE[dtype])
        x = np.array([np.nan], "f4")
        expect(run_op(name, opset, x=x, **options), x)


for name in ("clamped_relu", "elu", "leaky_relu", "linear_activation", "scaled_tanh",
             "sigmoid_hard", "thresholded_relu"):  # fmt: skip

    @meaning(name, "loop", "ios17")
    def of_numbers_of_another_type(opset: str, name: str = name) -> None:
        formula, options = FORMULAS[name]
        for dtype, other in (("f4", "f2"), ("f2", "f4")):
            # A third is another number in each type.
            numbers = {key: np.array(value / 3, other) for key, value in options.items()}
            x = random(2, 3, 4, dtype=dtype, low=-6, high=8)
            held = [each.item() for each in numbers.values()]
            wanted = by_loop(lambda each, held=held: formula(each, *held), x)  # type: ignore[misc]
            given = run_op(name, opset, x=x, **numbers)
            assert given.dtype == x.dtype
            expect(given, wanted, rtol=CLOSE[dtype])


@meaning("gelu", "loop")
def in_every_mode(opset: str) -> None:
    for dtype in ("f4", "f2"):
        for shape in SHAPES:
            x = random(*shape, dtype=dtype, low=-4, high=4)
            for mode, formula in GELU.items():
                given = run_op("gelu", opset, x=x, mode=mode)
                expect(given, by_loop(formula, x), rtol=CLOSE[dtype])
            expect(run_op("gelu", opset, x=x), by_loop(GELU["EXACT"], x), rtol=CLOSE[dtype])


@meaning("gelu", "loop")
def small_results_are_near_too(opset: str) -> None:
    x = np.linspace(-5, 5, 20000).astype("f4")
    for mode, far in (
        ("EXACT", 3e-4),
        ("TANH_APPROXIMATION", 1e-5),
        ("SIGMOID_APPROXIMATION", 2e-6),
    ):
        wanted = by_loop(GELU[mode], x)
        given = run_op("gelu", opset, x=x, mode=mode).astype("f8")
        if mode == "TANH_APPROXIMATION":  # whose formula, as it stands, cancels even in fp64
            given, wanted = given[wanted < -1e-9], wanted[wanted < -1e-9]
        assert (np.abs(given - wanted) <= far * np.abs(wanted)).all(), mode


@meaning("gelu", "torch")
def of_infinities_and_nan(opset: str) -> None:
    for dtype in ("f4", "f2"):
        x = np.array(SPECIAL, dtype)
        for mode, approximate in (("EXACT", "none"), ("TANH_APPROXIMATION", "tanh")):
            wanted = peer("functions:call", "nn.functional.gelu", x, approximate=approximate)
            expect(run_op("gelu", opset, x=x, mode=mode), wanted)


@meaning("leaky_relu", "values")
def of_infinities_with_a_slope_of_zero(opset: str) -> None:
    x = np.array([np.inf, 2, -2, 0], "f4")
    expect(run_op("leaky_relu", opset, x=x, alpha=0.0), [np.inf, 2, 0, 0])


@meaning("thresholded_relu", "values")
def what_is_alpha_is_kept(opset: str) -> None:
    x = np.array([0.5, 0.25, -np.inf, np.inf], "f4")
    expect(run_op("thresholded_relu", opset, x=x, alpha=0.5), [0.5, 0, 0, np.inf])
    expect(run_op("thresholded_relu", opset, x=-x, alpha=-0.5), [-0.5, -0.25, np.inf, 0])


@meaning("softplus", "loop")
def small_results_are_exact(opset: str) -> None:
    x = np.array([-80, -40, -20, -17], "f4")
    wanted = by_loop(lambda each: math.log1p(math.exp(each)), x)
    np.testing.assert_allclose(run_op("softplus", opset, x=x), wanted, rtol=1e-6)


@meaning("prelu", "torch")
def a_slope_for_each_channel(opset: str) -> None:
    for dtype in ("f4", "f2"):
        slopes = np.array([0.1, -0.5, 2], dtype)
        x = random(2, 3, 4, 5, dtype=dtype)
        wanted = peer("functions:call", "nn.functional.prelu", x, slopes)
        expect(run_op("prelu", opset, x=x, alpha=slopes), wanted)


@meaning("prelu", "torch")
def the_same_slope_for_all(opset: str) -> None:
    slopes = np.array([0.25, 0.25, 0.25], "f4")
    for shape in ((2, 3, 5), (2, 3, 4, 5, 2), (1, 3, 0)):
        x = random(*shape)
        wanted = peer("functions:call", "nn.functional.prelu", x, slopes)
        expect(run_op("prelu", opset, x=x, alpha=slopes), wanted)


@meaning("prelu", "loop", "ios17")
def slopes_of_another_type(opset: str) -> None:
    for dtype, other in (("f4", "f2"), ("f2", "f4")):
        x, slopes = random(2, 3, 4, 5, dtype=dtype), np.array([0.1, 0.2, 0.3], other)
        wanted = peer("functions:call", "nn.functional.prelu", x, slopes)
        given = run_op("prelu", opset, x=x, alpha=slopes)
        assert given.dtype == x.dtype
        expect(given, wanted, rtol=CLOSE[dtype])


def softplus_of_channels(x: Any, alpha: Any, beta: Any) -> Any:
    """The formula of softplus_parametric, channel by channel."""
    parts = [
        a.item() * np.log1p(np.exp(b.item() * x[:, c].astype("f8")))
        for c, (a, b) in enumerate(zip(alpha, beta, strict=True))
    ]
    return np.stack(parts, axis=1)


@meaning("softplus_parametric", "numpy")
def factors_for_each_channel(opset: str) -> None:
    types = [("f4", "f4"), ("f2", "f2")]
    types += [("f4", "f2"), ("f2", "f4")] if opset == "ios17" else []
    for dtype, other in types:
        alpha, beta = np.array([0.3, -2, 1], other), np.array([1.7, 0.5, -3], other)
        for shape in ((2, 3, 4), (2, 3, 4, 5), (1, 3, 2, 2, 2)):
            x = random(*shape, dtype=dtype, low=-4, high=4)
            given = run_op("softplus_parametric", opset, x=x, alpha=alpha, beta=beta)
            assert given.dtype == x.dtype
            expect(given, softplus_of_channels(x, alpha, beta), rtol=CLOSE[dtype])


@meaning("softplus_parametric", "values")
def nothing_overflows(opset: str) -> None:
    one = np.array([1], "f4")
    x = np.array([[[1000, -1000]]], "f4")
    expect(run_op("softplus_parametric", opset, x=x, alpha=one, beta=one), [[[1000, 0]]])


@meaning("softmax", "torch")
def along_every_axis(opset: str) -> None:
    for dtype in ("f4", "f2"):
        for shape in ((7,), (2, 3), (4, 1, 5), (2, 3, 4, 5), (1, 1), (300, 129)):
            x = random(*shape, dtype=dtype, low=-9, high=9)
            for axis in range(-len(shape), len(shape)):
                wanted = peer("functions:call", "softmax", x, dim=axis)
                expect(run_op("softmax", opset, x=x, axis=axis), wanted, rtol=CLOSE[dtype])
            wanted = peer("functions:call", "softmax", x, dim=-1)
            expect(run_op("softmax", opset, x=x), wanted, rtol=CLOSE[dtype])


@meaning("softmax", "torch")
def of_large_numbers_and_infinities(opset: str) -> None:
    low = -np.inf
    x = [[1e4, 1e4 - 8, 0], [-1e4, -1e4, low], [low, 1, 2], [low, low, low], [np.inf, 1, 1]]
    for dtype in ("f4", "f2"):
        held = np.array([*x, [np.nan, 1, 2]], dtype)
        for axis in (0, 1):
            wanted = peer("functions:call", "softmax", held, dim=axis)
            expect(run_op("softmax", opset, x=held, axis=axis), wanted)


@meaning("softmax", "values")
def of_a_scalar_and_of_nothing(opset: str) -> None:
    for axis in (-1, 0):
        expect(run_op("softmax", opset, x=np.array(3, "f4"), axis=axis), np.array(1, "f4"))
    for shape in ((0,), (2, 0), (0, 3)):
        for axis in range(len(shape)):
            expect(run_op("softmax", opset, x=random(*shape), axis=axis), np.zeros(shape))
