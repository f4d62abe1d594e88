"""Attention, against PyTorch, and against the formula for queries that have no key."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.meaning.cases import expect, meaning, random, refused, run_op
from tests.meaning.peer import peer

OP = "scaled_dot_product_attention"
SHAPES = (
    ((1, 5, 8), (1, 7, 8), (1, 7, 3)),
    ((2, 3, 5, 8), (2, 3, 7, 8), (2, 3, 7, 8)),
    ((2, 2, 3, 1, 4), (2, 2, 3, 6, 4), (2, 2, 3, 6, 5)),
    ((1, 1, 1), (1, 1, 1), (1, 1, 1)),
    ((2, 0, 4), (2, 3, 4), (2, 3, 4)),
)
FLOATS = ("f4", "f2")


def operands(shapes: Any, dtype: str) -> tuple[Any, Any, Any]:
    """Queries, keys and values."""
    query, key, value = (random(*s, dtype=dtype, seed=n) for n, s in enumerate(shapes))
    return query, key, value


def compare(opset: str, q: Any, k: Any, v: Any, mask: Any = None) -> None:
    """The op against PyTorch."""
    given = run_op(OP, opset, query=q, key=k, value=v,
                   **({} if mask is None else {"attn_mask": mask}))  # fmt: skip
    assert given.dtype == q.dtype
    rtol = 6e-4 if q.dtype == "f2" else None  # rounded once
    expect(given, peer("transformers:attention", q, k, v, mask), rtol=rtol)


@meaning(OP, "torch")
def without_a_mask(opset: str) -> None:
    for dtype in FLOATS:
        for shapes in SHAPES:
            compare(opset, *operands(shapes, dtype))


@meaning(OP, "torch")
def with_a_mask_of_bools(opset: str) -> None:
    for dtype in FLOATS:
        for shapes in SHAPES:
            q, k, v = operands(shapes, dtype)
            for dims in _masks(q, k):
                mask = random(*dims, dtype="?", seed=5)
                mask[..., 0] = True
                compare(opset, q, k, v, mask)


@meaning(OP, "torch")
def with_a_mask_of_floats(opset: str) -> None:
    for dtype in FLOATS:
        for shapes in SHAPES:
            q, k, v = operands(shapes, dtype)
            for dims in _masks(q, k):
                for other in FLOATS:
                    mask = random(*dims, dtype=other, seed=6)
                    mask[..., 1:2] = -np.inf
                    compare(opset, q, k, v, mask)


def _masks(q: Any, k: Any) -> list[tuple[int, ...]]:
    """Shapes of masks that broadcast to the scores."""
    keys, queries, outer = k.shape[-2], q.shape[-2], q.shape[:-2]
    return [(keys,), (queries, keys), (1, keys), (*outer, queries, keys),
            (*[1] * len(outer), queries, keys)]  # fmt: skip


@meaning(OP, "values")
def scores_of_fp16_do_not_overflow(opset: str) -> None:
    q = np.array([[[300, 300]]], "f2")
    k = np.array([[[300, 300], [300, 299]]], "f2")
    v = np.array([[[1], [2]]], "f2")
    expect(run_op(OP, opset, query=q, key=k, value=v), np.ones((1, 1, 1)))
    expect(run_op(OP, opset, query=-q, key=k, value=v), np.full((1, 1, 1), 2))


@meaning(OP, "values")
def a_query_without_keys_gives_nan(opset: str) -> None:
    q, k, v = operands(SHAPES[0], "f4")
    mask = np.ones((5, 7), "?")
    mask[2] = False
    given = run_op(OP, opset, query=q, key=k, value=v, attn_mask=mask)
    assert np.isnan(given[0, 2]).all()
    kept = np.array([0, 1, 3, 4])
    expect(given[:, kept], peer("transformers:attention", q, k, v)[:, kept])
    none = run_op(OP, opset, query=q, key=k[:, :0], value=v[:, :0])
    expect(none, np.zeros((1, 5, 3)))


@meaning(OP, "torch")
def of_a_mask_with_more_dimensions(opset: str) -> None:
    q, k, v = operands(SHAPES[0], "f4")
    mask = random(1, 1, 5, 7)
    given = run_op(OP, opset, query=q, key=k, value=v, attn_mask=mask)
    expect(given, peer("transformers:attention", q, k, v, mask[0]))
    refused(OP, opset, "`attn_mask`", query=q, key=k, value=v, attn_mask=random(2, 5, 7))
    one = q[:, :1]
    refused(OP, opset, "[5, 7]", query=one, key=k, value=v, attn_mask=random(5, 7))


@meaning(OP, "values")
def scores_of_fp16_are_not_rounded(opset: str) -> None:
    q = np.array([[[1, 0, 0]]], "f2")
    k = np.array([[[1000, 0, 0], [0, 0, 0]]], "f2")
    v = np.array([[[1], [3]]], "f2")
    mask = np.array([-1000 / 3**0.5, 0], "f4")
    expect(run_op(OP, opset, query=q, key=k, value=v, attn_mask=mask), np.full((1, 1, 1), 2))
