"""Normalisations, against PyTorch, and against formulas on whole arrays in fp64."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from tests.meaning.cases import expect, meaning, random, refused, run_op
from tests.meaning.peer import peer

FLOATS = ("f4", "f2")
LATER = "ios17"
SHAPES = ((2, 3), (2, 3, 4), (1, 3, 4, 5), (2, 3, 2, 3, 2), (0, 3, 4), (2, 1, 1))


def pairs(opset: str) -> list[tuple[str, str]]:
    """The element types of `x` and of parameters that a definition takes together."""
    return [(x, p) for x, p in product(FLOATS, FLOATS) if x == p or opset == LATER]


def parameters(count: int, dtype: str) -> dict[str, Any]:
    """A mean, a variance, a factor and an addend of each channel."""
    return {
        "mean": random(count, dtype=dtype, seed=1),
        "variance": random(count, dtype=dtype, seed=2, low=0.1, high=3),
        "gamma": random(count, dtype=dtype, seed=3),
        "beta": random(count, dtype=dtype, seed=4),
    }


@meaning("batch_norm", "torch")
def by_what_is_known(opset: str) -> None:
    for shape, (dtype, other) in product(SHAPES, pairs(opset)):
        x, given = random(*shape, dtype=dtype), parameters(shape[1], other)
        for epsilon in (1e-5, 0.25):
            made = run_op("batch_norm", opset, x=x, epsilon=epsilon, **given)
            assert made.dtype == x.dtype
            stored = np.array(epsilon, other).item()
            expect(made, peer("normalization:batch", x, *given.values(), stored))


@meaning("batch_norm", "torch")
def factor_and_addend_may_be_left_out(opset: str) -> None:
    x, given = random(2, 3, 4), parameters(3, "f4")
    for left_out in (("gamma",), ("beta",), ("gamma", "beta")):
        kept = {name: value for name, value in given.items() if name not in left_out}
        wanted = peer("normalization:batch", x, kept["mean"], kept["variance"], kept.get("gamma"),
                      kept.get("beta"), 1e-5)  # fmt: skip
        expect(run_op("batch_norm", opset, x=x, **kept), wanted)


@meaning("batch_norm", "numpy")
def a_mean_far_from_zero_costs_no_digits(opset: str) -> None:
    x = (random(2, 3, 4) + 10000).astype("f4")
    given = parameters(3, "f4") | {"mean": np.full(3, 10000, "f4")}
    mean, variance, gamma, beta = (each.astype("f8").reshape(1, 3, 1) for each in given.values())
    wanted = gamma * (x.astype("f8") - mean) / np.sqrt(variance + 1e-5) + beta
    expect(run_op("batch_norm", opset, x=x, **given), wanted, rtol=1e-6)


@meaning("batch_norm", "values")
def without_variance_or_finite_numbers(opset: str) -> None:
    x, none = np.array([[[1, np.inf, np.nan]]], "f4"), np.zeros(1, "f4")
    made = run_op("batch_norm", opset, x=x, mean=none, variance=none, epsilon=0.0)
    expect(made, np.array([[[np.inf, np.inf, np.nan]]]))
    refused("batch_norm", opset, "`x` has 1 dimensions", x=none, mean=none, variance=none)


@meaning("instance_norm", "torch")
def by_its_own_statistics(opset: str) -> None:
    shapes = ((2, 3, 4), (1, 3, 4, 5), (2, 3, 2, 3, 2))
    for shape, (dtype, other) in product(shapes, pairs(opset)):
        x, given = random(*shape, dtype=dtype), parameters(shape[1], other)
        gamma, beta = given["gamma"], given["beta"]
        made = run_op("instance_norm", opset, x=x, gamma=gamma, beta=beta, epsilon=0.25)
        assert made.dtype == x.dtype
        expect(made, peer("normalization:instance", x, gamma, beta, 0.25))
        expect(run_op("instance_norm", opset, x=x),
               peer("normalization:instance", x, None, None, 1e-5))  # fmt: skip
        expect(run_op("instance_norm", opset, x=x, beta=beta),
               peer("normalization:instance", x, None, beta, 1e-5))  # fmt: skip


@meaning("instance_norm", "values")
def of_one_element_nothing_is_left(opset: str) -> None:
    beta = np.array([5, 6], "f4")
    for shape in ((3, 2), (3, 2, 1), (3, 2, 1, 1)):
        made = run_op("instance_norm", opset, x=random(*shape), beta=beta)
        expect(made, np.broadcast_to(beta.reshape(1, 2, *[1] * (len(shape) - 2)), shape))
    for shape in ((0, 2, 3), (2, 2, 0)):
        expect(run_op("instance_norm", opset, x=random(*shape), beta=beta), np.zeros(shape))
    refused("instance_norm", opset, "`x` has 1 dimensions", x=np.zeros(1, "f4"))


@meaning("instance_norm", "numpy")
def channels_far_from_zero(opset: str) -> None:
    x = (random(2, 3, 50) + 4000).astype("f4")
    exact = x.astype("f8")
    wanted = exact - exact.mean(2, keepdims=True)
    wanted /= np.sqrt((wanted * wanted).mean(2, keepdims=True) + 1e-5)
    expect(run_op("instance_norm", opset, x=x), wanted, rtol=3e-4)


@meaning("layer_norm", "torch")
def over_the_last_dimensions(opset: str) -> None:
    for (shape, rank), (dtype, other) in product(
        (((4,), 1), ((2, 5, 4), 1), ((2, 5, 4), 2), ((2, 5, 4), 3), ((0, 4), 1), ((2, 3, 1), 1)),
        pairs(opset),
    ):
        x, own = random(*shape, dtype=dtype), shape[len(shape) - rank :]
        gamma, beta = random(*own, dtype=other, seed=1), random(*own, dtype=other, seed=2)
        axes = tuple(range(-rank, 0))
        made = run_op("layer_norm", opset, x=x, axes=axes, gamma=gamma, beta=beta, epsilon=0.25)
        assert made.dtype == x.dtype
        expect(made, peer("normalization:layer", x, rank, gamma, beta, 0.25))
        expect(run_op("layer_norm", opset, x=x, axes=axes, gamma=gamma),
               peer("normalization:layer", x, rank, gamma, None, 1e-5))  # fmt: skip
        expect(run_op("layer_norm", opset, x=x, axes=axes),
               peer("normalization:layer", x, rank, None, None, 1e-5))  # fmt: skip


@meaning("layer_norm", "torch")
def over_all_if_no_axes_are_given(opset: str) -> None:
    for shape in ((4,), (2, 5, 4)):
        x = random(*shape)
        expect(run_op("layer_norm", opset, x=x),
               peer("normalization:layer", x, len(shape), None, None, 1e-5))  # fmt: skip


@meaning("layer_norm", "numpy")
def over_any_axes(opset: str) -> None:
    x = random(2, 3, 4, 5)
    for axes in ((1,), (0, 2), (2, 0), (-3, -1), (3, 1), (1, -3), (0, 1, 2)):
        own = sorted({axis % 4 for axis in axes})
        shape = [x.shape[axis] for axis in own]
        gamma, beta = random(*shape, seed=1), random(*shape, seed=2)
        spread = [length if axis in own else 1 for axis, length in enumerate(x.shape)]
        exact = x.astype("f8")
        wanted = (exact - exact.mean(tuple(own), keepdims=True)) / np.sqrt(
            exact.var(tuple(own), keepdims=True) + 1e-5
        )
        wanted = wanted * gamma.reshape(spread) + beta.reshape(spread)
        expect(run_op("layer_norm", opset, x=x, axes=axes, gamma=gamma, beta=beta), wanted)


@meaning("layer_norm", "numpy")
def rows_far_from_zero(opset: str) -> None:
    x = (random(3, 64) + 4000).astype("f4")
    exact = x.astype("f8")
    wanted = (exact - exact.mean(1, keepdims=True)) / np.sqrt(exact.var(1, keepdims=True) + 1e-5)
    expect(run_op("layer_norm", opset, x=x, axes=(1,)), wanted, rtol=3e-4)
    large = (random(2, 64, low=1) * 30000).astype("f2")
    exact = large.astype("f8")
    wanted = (exact - exact.mean(1, keepdims=True)) / np.sqrt(exact.var(1, keepdims=True) + 1e-5)
    expect(run_op("layer_norm", opset, x=large, axes=(1,)), wanted)


@meaning("layer_norm", "values")
def a_row_that_is_not_finite_is_nan(opset: str) -> None:
    x = np.array([[1, np.inf, 2], [1, np.nan, 2], [3, 3, 3]], "f4")
    wanted = np.array([[np.nan] * 3, [np.nan] * 3, [0] * 3])
    expect(run_op("layer_norm", opset, x=x, axes=(1,)), wanted)


@meaning("l2_norm", "numpy")
def over_the_last_three_dimensions(opset: str) -> None:
    shapes = ((2, 3, 4), (2, 3, 4, 5), (2, 1, 3, 2, 2), (1, 1, 1), (0, 2, 2, 2), (2, 0, 2, 2))
    for shape, (dtype, other), epsilon in product(shapes, pairs(opset), (1e-6, 0.5)):
        x = random(*shape, dtype=dtype)
        exact, stored = x.astype("f8"), np.array(epsilon, other)
        squares = (exact * exact).sum((-3, -2, -1), keepdims=True)
        made = run_op("l2_norm", opset, x=x, epsilon=stored)
        assert made.dtype == x.dtype
        expect(made, exact / np.sqrt(squares + stored.item()))


@meaning("l2_norm", "values")
def epsilon_of_l2_norm_may_be_left_out(opset: str) -> None:
    expect(run_op("l2_norm", opset, x=np.zeros((1, 2, 2), "f4")), np.zeros((1, 2, 2)))
    expect(run_op("l2_norm", opset, x=np.full((1, 2, 2), 1e-3, "f4")),
           np.full((1, 2, 2), 1e-3 / (5e-6) ** 0.5))  # fmt: skip
    large = np.full((1, 2, 2), 60000, "f2")
    expect(run_op("l2_norm", opset, x=large), np.full((1, 2, 2), 0.5))


@meaning("local_response_norm", "torch")
def by_neighbours(opset: str) -> None:
    shapes = ((2, 5, 3), (1, 5, 3, 4), (2, 4, 2, 3, 2), (2, 1, 3))
    for shape, size, (dtype, other) in product(shapes, (1, 2, 3, 4, 7), pairs(opset)):
        x = random(*shape, dtype=dtype)
        alpha, beta, k = (np.array(each, other) for each in (0.5, 0.75, 2))
        made = run_op("local_response_norm", opset, x=x, size=size, alpha=alpha, beta=beta, k=k)
        assert made.dtype == x.dtype
        expect(made, peer("normalization:response", x, size, 0.5, 0.75, 2.0))


@meaning("local_response_norm", "torch")
def of_its_defaults_and_large_numbers(opset: str) -> None:
    x = random(2, 5, 3, low=-300, high=300)
    expect(run_op("local_response_norm", opset, x=x, size=3),
           peer("normalization:response", x, 3, 1e-4, 0.75, 1.0))  # fmt: skip
    half = x.astype("f2")
    stored = [np.array(each, "f2").item() for each in (1e-4, 0.75, 1.0)]
    expect(run_op("local_response_norm", opset, x=half, size=3),
           peer("normalization:response", half, 3, *stored))  # fmt: skip


@meaning("local_response_norm", "values")
def without_neighbours_or_channels(opset: str) -> None:
    refused("local_response_norm", opset, "`size` is 0", x=random(1, 2, 3), size=0)
    refused("local_response_norm", opset, "`x` has 1 dimensions", x=random(3), size=1)
    assert run_op("local_response_norm", opset, x=random(0, 2, 3), size=2).shape == (0, 2, 3)
