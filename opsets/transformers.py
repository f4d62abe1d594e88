"""Attention.

Facts: coremltools 9.0, `ops/defs/iOS18/transformers.py`.
"""

from __future__ import annotations

from milc.ir.types import BOOL, FP16, FP32, MAX_RANK, TensorType
from milc.kernels import Array, attention
from milc.schema import Domain, EvaluationError, In, OpDef, OptionalIn, Out, constraint
from milc.schema.rules import broadcast, same, same_shape


class ScaledDotProductAttention(OpDef):
    """Attention: for each query an average of the values, weighted by how keys match the query.

    With Q, K, V for `query`, `key`, `value` and E for the length of their vectors:

        softmax(Q K^T / sqrt(E) + M) V

    where K^T has the last two dimensions of K exchanged, and the softmax goes along the last
    dimension. M is `attn_mask` if that is floating point. If it is bool, M is 0 where it is true
    and minus infinity where it is false: there the key is left out. Without a mask M is 0.

    A query that no key is left for gives NaN, as the formula does and coremltools computes it; how
    Apple's runtime goes about it is not documented, and newer PyTorch gives 0. Of no keys at all
    the result is 0, the empty sum. The mask broadcasts to the scores, not they to it.

    ```mil
    func main<ios18>(tensor<fp16, [1, 8, 5, 64]> q, tensor<fp16, [1, 8, 7, 64]> k,
                     tensor<fp16, [1, 8, 7, 32]> v, tensor<bool, [5, 7]> mask) {
        tensor<fp16, [1, 8, 5, 32]> y = scaled_dot_product_attention(
            attn_mask = mask, key = k, query = q, value = v);
    } -> (y);
    ```
    """

    name = "scaled_dot_product_attention"
    since = "ios18"
    instead = "`matmul`, `mul` by 1 / sqrt(E), `add` of the mask, `softmax` and `matmul`"

    T = Domain(FP16, FP32)
    M = Domain(BOOL, FP16, FP32)
    query = In(T, "the queries, [B, *D, L, E]", rank=(3, MAX_RANK))
    key = In(T, "the keys, [B, *D, S, E]")
    value = In(T, "the values, [B, *D, S, EV]")
    attn_mask = OptionalIn(
        M, "what is added to the scores, or which keys take part: broadcast to [B, *D, L, S]",
        rank=(1, MAX_RANK),
    )  # fmt: skip
    y = Out("the averages, [B, *D, L, EV]")

    @constraint("C1", "`query`, `key` and `value` have one rank")
    def one_rank(self) -> bool:
        return self.query.rank == self.key.rank == self.value.rank

    @constraint("C2", "`query`, `key` and `value` agree in all dimensions but the last two")
    def batches_agree(self) -> bool:
        query, key, value = (each.shape[:-2] for each in (self.query, self.key, self.value))
        return same_shape(query, key) and same_shape(key, value) and same_shape(query, value)

    @constraint("C3", "`query` and `key` have vectors of one length E, their last dimension")
    def vectors_agree(self) -> bool:
        return same(*self.query.shape[-1:], *self.key.shape[-1:])

    @constraint("C4", "`key` and `value` are of one number S, their last dimension but one")
    def a_value_for_each_key(self) -> bool:
        return same(*self.key.shape[-2:-1], *self.value.shape[-2:-1])

    @constraint("C5", "`attn_mask` has a last dimension of length S, one element for each `key`")
    def mask_covers_keys(self) -> bool:
        mask = self.attn_mask
        return mask is None or same(mask.shape[-1], *self.key.shape[-2:-1])

    @constraint("C6", "`attn_mask` broadcasts with `query`, the last dimension of both left out")
    def mask_covers_queries(self) -> bool:
        mask = self.attn_mask
        return mask is None or broadcast(self.query.shape[:-1], mask.shape[:-1]) is not None

    def multiply_adds(self) -> tuple[int | None, ...]:
        features, more = self.query.shape[-1], self.value.shape[-1]
        both = None if features is None or more is None else features + more
        return (*self.query.shape[:-1], self.key.shape[-2], both)

    def infer(self) -> TensorType:
        return self.query.with_dim(-1, self.value.shape[-1])

    def evaluate(self) -> Array:
        mask = None if self.attn_mask is None else self._mask()
        query, key, value = self.query.reals, self.key.reals, self.value.reals
        return attention.attention(query, key, value, mask)

    def _mask(self) -> Array:
        """The mask, without dimensions of 1 in front that the scores do not have."""
        assert self.attn_mask is not None
        mask, scores = self.attn_mask.reals, (*self.query.shape[:-1], self.key.shape[-2])
        extra = max(mask.ndim - len(scores), 0)
        fitted = mask.reshape(mask.shape[extra:]) if set(mask.shape[:extra]) <= {1} else mask
        if broadcast(fitted.shape, scores) != scores:
            shapes = f"{list(mask.shape)}, that of the scores {list(scores)}"
            raise EvaluationError(f"`attn_mask` makes the scores larger: its shape is {shapes}")
        return fitted
