"""Random values: laws of their distributions, and what follows from a seed.

Of a distribution function the largest distance to that of n values is below 2 / sqrt(n) but in 1 of
1,500 cases (Kolmogorov), and the seeds are fixed: what passes once passes always.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from milc.kernels import sampling
from tests.meaning.cases import expect, meaning, refused, run_op
from tests.meaning.peer import peer
from tests.meaning.text import ran

MANY = 20_000
OPS = ("random_bernoulli", "random_normal", "random_uniform")
FLOATS = {"fp32": "f4", "fp16": "f2"}


def drawn(op: str, opset: str, *shape: int, **options: Any) -> Any:
    """Values in a shape that is known."""
    return run_op(op, opset, shape=shape, **options)


def distance(values: Any, cumulated: Any) -> float:
    """How far the share of values up to each is from what a distribution function says."""
    ordered = np.sort(values.ravel().astype("f8"))
    ranks = np.arange(ordered.size + 1) / ordered.size
    wanted = np.array([cumulated(each) for each in ordered])
    return float(max(np.abs(wanted - ranks[1:]).max(), np.abs(wanted - ranks[:-1]).max()))


def follows(values: Any, cumulated: Any) -> None:
    """Expect that values are of a distribution, and that neighbours do not depend on each other."""
    assert distance(values, cumulated) < 2 / math.sqrt(values.size)
    flat = values.ravel().astype("f8")
    assert abs(np.corrcoef(flat[:-1], flat[1:])[0, 1]) < 4 / math.sqrt(values.size)


def normal(mean: float, stddev: float) -> Any:
    """The distribution function of a normal distribution."""
    return lambda x: (1 + math.erf((x - mean) / (stddev * math.sqrt(2)))) / 2


def typed(dtype: str, **values: float) -> dict[str, Any]:
    """Constants of an element type."""
    return {name: np.array(value, dtype) for name, value in values.items()}


@meaning("random_normal", "law")
def normal_values(opset: str) -> None:
    follows(drawn("random_normal", opset, MANY), normal(0, 1))
    for dtype in ("f4", "f2"):
        given = drawn("random_normal", opset, 100, 200, **typed(dtype, mean=-3, stddev=0.5))
        assert given.dtype == dtype
        follows(given, normal(-3, 0.5))


@meaning("random_normal", "values")
def without_width_all_is_the_mean(opset: str) -> None:
    given = drawn("random_normal", opset, 4, **typed("f4", mean=2, stddev=0))
    expect(given, np.full(4, 2, "f4"))
    mirrored = drawn("random_normal", opset, MANY, **typed("f4", mean=2, stddev=-1))
    follows(mirrored, normal(2, 1))


@meaning("random_uniform", "law")
def uniform_values(opset: str) -> None:
    follows(drawn("random_uniform", opset, MANY), lambda x: x)
    for dtype in ("f4", "f2"):
        given = drawn("random_uniform", opset, MANY, **typed(dtype, low=-1, high=3))
        assert given.dtype == dtype
        follows(given, lambda x: (x + 1) / 4)


@meaning("random_uniform", "law")
def the_upper_bound_never_occurs(opset: str) -> None:
    # A step of fp16 from 2048 to 4096 is 2, so that one value in two would be rounded up to it.
    given = drawn("random_uniform", opset, 1000, **typed("f2", low=2048, high=2050))
    expect(given, np.full(1000, 2048, "f2"))
    given = drawn("random_uniform", opset, MANY, **typed("f2", low=0, high=1))
    assert (given.min(), given.max()) >= (0, 0.9)
    assert given.max() < 1


@meaning("random_uniform", "values")
def bounds_that_are_equal_far_apart_or_in_the_wrong_order(opset: str) -> None:
    same = drawn("random_uniform", opset, 5, **typed("f4", low=2.5, high=2.5))
    expect(same, np.full(5, 2.5, "f4"))
    far = drawn("random_uniform", opset, MANY, **typed("f4", low=-3e38, high=3e38))
    follows(far, lambda x: (x + 3e38) / 6e38)
    wrong = drawn("random_uniform", opset, 100, **typed("f4", low=1, high=-1))
    assert np.abs(wrong).max() <= 1


@meaning("random_bernoulli", "law")
def ones_and_zeros(opset: str) -> None:
    for dtype in ("f4", "f2"):
        for prob in (0.0, 0.01, 0.25, 1.0):
            given = drawn("random_bernoulli", opset, MANY, **typed(dtype, prob=prob))
            assert given.dtype == dtype
            assert set(np.unique(given)) <= {0, 1}
            width = math.sqrt(prob * (1 - prob) / MANY)
            assert abs(given.astype("f8").mean() - prob) <= 4 * width + 1e-4 * prob
    assert abs(drawn("random_bernoulli", opset, MANY).mean() - 0.5) < 2 / math.sqrt(MANY)


def seeded(op: str, opset: str, **options: Any) -> None:
    """What holds of seeds: the same values in each run, others for another, and without one."""
    function = {"random_categorical": {"x": np.zeros((2, 9), "f4"), "size": 50}}
    args = options | function.get(op, {"shape": (4, 25)})
    for seed in (0, 7, 2**31 - 1, -2, -(2**31)):
        one, other = (run_op(op, opset, seed=seed, **args) for _ in range(2))
        expect(one, other, exact=True)
    seven, eight = (run_op(op, opset, seed=seed, **args) for seed in (7, 8))
    assert (seven != eight).any()


def between_runs(op: str, arguments: str, shape: str) -> None:
    """Without a seed, or with -1, values follow the run's seed, and each op draws its own."""
    for seed in ("", "seed = int32(-1), "):
        text = f"""(tensor<fp32, [2, 9]> x) {{
            tensor<fp32, {shape}> y = {op}({seed}{arguments});
            tensor<fp32, {shape}> z = {op}({seed}{arguments});
        }} -> (y, z);"""
        x = np.zeros((2, 9), "f4")
        y, z = ran(text, seed=1, x=x)
        assert (y != z).any()
        expect((y, z), ran(text, seed=1, x=x), exact=True)
        assert (ran(text, seed=2, x=x)[0] != y).any()
        assert (ran(text, seed=None, x=x)[0] != ran(text, seed=None, x=x)[0]).any()


def _register() -> None:
    for op in OPS:
        _register_for(op)


def _register_for(op: str) -> None:
    @meaning(op, "law")
    def follow_from_the_seed(opset: str) -> None:
        seeded(op, opset)
        between_runs(op, "shape = tensor<int32, [2]>([20, 5])", "[20, 5]")

    @meaning(op, "values")
    def are_of_the_shape_that_is_given(opset: str) -> None:
        for shape in ((1,), (2, 3), (1, 2, 3, 1, 2), (0, 3)):
            assert drawn(op, opset, *shape).shape == shape
            computed = run_op(op, opset, shape=np.array(shape, "i4"))
            assert computed.shape == shape
        refused(op, opset, "has no room", shape=np.array([2**30, 2**30], "i4"))
        refused(op, opset, "`shape` is [2, -1]", shape=np.array([2, -1], "i4"))


_register()


def shares(samples: Any, categories: int) -> Any:
    """The share of each category among samples."""
    return np.bincount(samples.astype("i8").ravel(), minlength=categories) / samples.size


def near(samples: Any, wanted: Any) -> None:
    """Expect that categories occur as often as their probabilities say."""
    width = np.sqrt(wanted * (1 - wanted) / samples.size)
    assert (np.abs(shares(samples, len(wanted)) - wanted) <= 4 * width).all()


@meaning("random_categorical", "law")
def categories_by_probability(opset: str) -> None:
    rows = np.array([[[0.1, 0.2, 0, 0.7], [1, 0, 0, 0]], [[0, 0, 2, 6], [0.5, 0.5, 0.5, 0.5]]])
    for dtype in ("f4", "f2"):
        for mode in ("probs", "PROBS"):
            given = run_op("random_categorical", opset, x=rows.astype(dtype), mode=mode, size=5000)
            assert (given.dtype, given.shape) == (dtype, (2, 2, 5000))
            for at in np.ndindex(2, 2):
                near(given[at], rows[at] / rows[at].sum())


@meaning("random_categorical", "torch")
def categories_by_logarithm(opset: str) -> None:
    x = np.array([[0, 1, -1, 3], [1e4, 1e4, -1e4, 9999], [-np.inf, 0, 0, 0]], "f4")
    wanted = peer("random:softmax", x)
    modes: list[dict[str, Any]] = [{}, {"mode": "logits"}]
    for options in modes:
        given = run_op("random_categorical", opset, x=x, size=5000, **options)
        for samples, probabilities in zip(given, wanted, strict=True):
            near(samples, probabilities.astype("f8"))


@meaning("random_categorical", "law")
def samples_do_not_depend_on_each_other(opset: str) -> None:
    follow = run_op("random_categorical", opset, x=np.zeros((1, 2), "f4"), size=MANY)[0]
    pairs = follow[:-1] * 2 + follow[1:]
    near(pairs, np.full(4, 0.25))
    rows = run_op("random_categorical", opset, x=np.zeros((MANY // 4, 2), "f4"))
    assert rows.shape == (MANY // 4, 1)
    near(rows, np.full(2, 0.5))


@meaning("random_categorical", "values")
def what_is_not_probable_is_not_drawn_at_the_edges_either(opset: str) -> None:
    class Edge(np.random.Generator):
        """Draws the least share that there is, and the largest."""

        def random(self, size: Any = None, *_: Any, **__: Any) -> Any:
            return np.resize([0, np.nextafter(1, 0)], size)

    weights = np.array([[0, 1, 2, 0], [0, 0.1, 0.2, 0]])
    drawn = sampling.categories(Edge(np.random.PCG64()), weights, 2)
    expect(drawn, np.array([[1, 2], [1, 2]], "i4"))


@meaning("random_categorical", "law")
def samples_follow_from_the_seed(opset: str) -> None:
    seeded("random_categorical", opset)
    between_runs("random_categorical", "x = x, size = int32(40)", "[2, 40]")


@meaning("random_categorical", "values")
def one_category_none_and_no_samples(opset: str) -> None:
    one = run_op("random_categorical", opset, x=np.full((2, 1), -7, "f4"), size=3)
    expect(one, np.zeros((2, 3), "f4"))
    assert run_op("random_categorical", opset, x=np.zeros((0, 3), "f4"), size=2).shape == (0, 2)
    expect(run_op("random_categorical", opset, x=np.zeros(2, "f4"), size=0), np.zeros(0, "f4"))
    told = "`x` has a distribution without"
    for bad in ([-1.0, 2.0], [0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]):
        x = np.array([bad], "f4")
        refused("random_categorical", opset, told, x=x, mode="probs")
    for bad in ([-np.inf, -np.inf], [np.nan, 1.0], [np.inf, 1.0], []):
        refused("random_categorical", opset, told, x=np.array([bad], "f4"))


@meaning("random_uniform", "law")
def a_seed_draws_the_same_in_each_turn_of_a_loop(opset: str) -> None:
    text = """(int32 n, tensor<fp32, [3]> x) {
        int32 c, tensor<fp32, [3]> y = while_loop(loop_vars = (int32(0), x))
            (int32 i, tensor<fp32, [3]> a) {
            bool more = less(x = i, y = n);
        } -> (more), (int32 i, tensor<fp32, [3]> a) {
            tensor<fp32, [3]> d = random_uniform(@shape = tensor<int32, [1]>([3]));
            tensor<fp32, [3]> b = add(x = a, y = d);
            int32 next = add(x = i, y = int32(1));
        } -> (next, b);
    } -> (y);"""
    zero = np.zeros(3, "f4")
    same, own = text.replace("@", "seed = int32(5), "), text.replace("@", "")
    expect(ran(same, n=2, x=zero), 2 * ran(same, n=1, x=zero))
    assert (ran(own, n=2, x=zero) != 2 * ran(own, n=1, x=zero)).any()
