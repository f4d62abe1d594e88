"""What kernels promise beside what ops need of them."""

from __future__ import annotations

import tracemalloc

import numpy as np

from milc.kernels import attention, halves, products


def test_every_fp16_is_widened_as_numpy_does() -> None:
    every = np.arange(1 << 16, dtype="u2").view("f2")
    for each in (every, every.reshape(256, 256).T, every[:7]):
        given, wanted = halves.widened(each), each.astype("f4")
        assert given.dtype == "f4"
        np.testing.assert_array_equal(given.view("u4"), wanted.view("u4"))


def test_matrices_of_any_layout_are_multiplied() -> None:
    generator = np.random.default_rng(0)
    x, y = generator.random((4, 6, 8), "f4"), generator.random((4, 8, 10), "f4")
    for left, right in (
        (x[:, ::2], y),
        (x[:, ::-1, ::-1], y[::-1]),
        (x[:, :, ::2], y[:, ::2, ::5]),
        (np.broadcast_to(x[:, :1], x.shape), y),
        (x, np.broadcast_to(y[:, :, :1], y.shape)),
        (x.transpose(2, 1, 0).transpose(2, 1, 0), y[0]),
        (x[::2], y[0, :, ::-1]),
    ):
        wanted = np.einsum(
            "bik,bkj->bij", left, np.broadcast_to(right, (len(left), *right.shape[-2:]))
        )
        np.testing.assert_allclose(products.matmul(left, right), wanted, rtol=1e-5)


def test_no_kernel_writes_to_what_it_is_given() -> None:
    generator = np.random.default_rng(0)
    q, k, v, mask = (generator.random((1, 3, 3), "f4") for _ in range(4))
    kept = [each.copy() for each in (q, k, v, mask)]
    attention.attention(q, k, v, mask)
    products.linear(q, k[0], v[0, 0])
    for each, before in zip((q, k, v, mask), kept, strict=True):
        np.testing.assert_array_equal(each, before)


@np.errstate(all="ignore")  # as the evaluator has it
def test_many_fp16_are_worked_on_in_blocks() -> None:
    generator = np.random.default_rng(0)
    x = generator.standard_normal((3, 300, 100)).astype("f2")
    y, one = x[::-1].copy(), np.full((1, 1), 1.5, "f2")
    cases = [(x, y), (x, one), (one, x), (x, y[0]), (x, y.transpose(0, 2, 1).reshape(x.shape)),
             (x[:, ::2], y[:, ::2]), (x, np.float16(2)[()] * one[:, :, None, None])]  # fmt: skip
    for compute in (np.add, np.greater, np.divide):
        for pair in cases:
            given = halves.elementwise(compute, pair)
            wanted = compute(*[each.astype("f4") for each in pair])
            assert given.shape == wanted.shape
            if given.dtype == "f4":
                continue
            assert given.dtype == (wanted.dtype if wanted.dtype == bool else "f2")
            np.testing.assert_array_equal(given, wanted.astype(given.dtype))
    assert halves.elementwise(np.add, (x, one)).dtype == "f2"
    assert halves.elementwise(np.less, (one, x)).dtype == bool


def test_fp16_in_blocks_takes_no_room_as_fp32() -> None:
    x = np.ones(1 << 20, "f2")
    halves.elementwise(np.add, (x[: 1 << 17], x[: 1 << 17]))  # what is made once, is made
    tracemalloc.start()
    halves.elementwise(np.add, (x, x))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5 * x.nbytes
