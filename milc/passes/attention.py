"""Attention in parts, which need less memory at a time."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from milc.ir.types import BOOL
from milc.passes.base import Option, Pass, rewrite, whole

if TYPE_CHECKING:
    from milc.ir.nodes import Value
    from milc.opsets.transformers import ScaledDotProductAttention
    from milc.passes.session import Session
    from milc.schema import Bound


class ScaledDotProductAttentionSlicedQ(Pass):
    """Compute the attention of many queries for some of them after the other.

    The scores of all queries and keys are then never there at once. The number of queries, the
    length of their vectors and the number of rows of a mask have to be known; of a mask in another
    precision than the queries the scores would be rounded elsewhere, so that stays one op.

    ```mil
    func main<ios18>(tensor<fp32, [1, 4, 16]> q, tensor<fp32, [1, 5, 16]> k,
                     tensor<fp32, [1, 5, 2]> v) {
        tensor<fp32, [1, 4, 2]> y = scaled_dot_product_attention(query = q, key = k, value = v);
    } -> (y);
    ```

    becomes, with `min_seq_length = 4`
    and with `seq_length_divider = 2`

    ```mil
    func main<ios18>(tensor<fp32, [1, 4, 16]> q, tensor<fp32, [1, 5, 16]> k,
                     tensor<fp32, [1, 5, 2]> v) {
        tensor<fp32, [1, 4, 16]> y_0 = mul(x = q, y = fp32(0.25));
        tensor<fp32, [1, 2, 16]> y_1 = slice_by_index(
            x = y_0, begin = tensor<int32, [3]>([0, 0, 0]), end = tensor<int32, [3]>([0, 2, 0]),
            begin_mask = tensor<bool, [3]>([true, false, true]),
            end_mask = tensor<bool, [3]>([true, false, true]));
        tensor<fp32, [1, 2, 5]> y_2 = matmul(
            x = y_1, y = k, transpose_x = bool(false), transpose_y = bool(true));
        tensor<fp32, [1, 2, 5]> y_3 = softmax(x = y_2, axis = int32(-1));
        tensor<fp32, [1, 2, 2]> y_4 = matmul(
            x = y_3, y = v, transpose_x = bool(false), transpose_y = bool(false));
        tensor<fp32, [1, 2, 16]> y_5 = slice_by_index(
            x = y_0, begin = tensor<int32, [3]>([0, 2, 0]), end = tensor<int32, [3]>([0, 4, 0]),
            begin_mask = tensor<bool, [3]>([true, false, true]),
            end_mask = tensor<bool, [3]>([true, false, true]));
        tensor<fp32, [1, 2, 5]> y_6 = matmul(
            x = y_5, y = k, transpose_x = bool(false), transpose_y = bool(true));
        tensor<fp32, [1, 2, 5]> y_7 = softmax(x = y_6, axis = int32(-1));
        tensor<fp32, [1, 2, 2]> y_8 = matmul(
            x = y_7, y = v, transpose_x = bool(false), transpose_y = bool(false));
        tensor<fp32, [1, 4, 2]> y = concat(values = (y_4, y_8), axis = int32(-2),
                                           interleave = bool(false));
    } -> (y);
    ```
    """

    name = "scaled_dot_product_attention_sliced_q"
    options: ClassVar[dict[str, Option]] = {
        "min_seq_length": Option(1280, "leave attention of fewer queries as it is", *whole(0)),
        "seq_length_divider": Option(16, "in how many parts the queries are taken", *whole(1)),
    }
    exact = False

    @rewrite("scaled_dot_product_attention")
    def slice(self, op: ScaledDotProductAttention, session: Session) -> Value | None:
        """Each part is slices, scores, their softmax, and the average of the values."""
        length, vector = op.query.shape[-2:]
        if not length or not vector or length < self.given["min_seq_length"]:
            return None
        if not _is_sliceable(op.attn_mask, op.query, length):
            return None
        scaled = session.new("mul", x=op.query, y=vector**-0.5)
        parts = []
        for start, end in _parts(length, self.given["seq_length_divider"]):
            query = _rows(scaled, start, end, length, session)
            scores = session.new("matmul", x=query, y=op.key, transpose_x=False, transpose_y=True)
            scores = _masked(scores, op.attn_mask, (start, end, length), session)
            shares = session.new("softmax", x=scores, axis=-1)
            average = session.new(
                "matmul", x=shares, y=op.value, transpose_x=False, transpose_y=False
            )
            parts.append(average)
        joined: Value = parts[0]
        if len(parts) > 1:
            joined = session.new("concat", values=parts, axis=-2, interleave=False)
        return joined


def _is_sliceable(mask: Bound | None, query: Bound, length: int) -> bool:
    """Whether it is known which rows of a mask, if there is one, are those of some queries."""
    if mask is None:
        return True
    if mask.element not in (BOOL, query.element) or mask.rank > query.rank:
        return False
    return mask.rank < 2 or mask.shape[-2] in (1, length)


def _parts(length: int, count: int) -> list[tuple[int, int]]:
    """Where so many parts of a length begin and end; the first ones are longer by 1 if need be."""
    sizes = [length // count + (number < length % count) for number in range(count)]
    return [pair for pair in pairwise(accumulate(sizes, initial=0)) if pair[0] < pair[1]]


def _masked(scores: Value, mask: Bound | None, part: tuple[int, int, int], session: Session) -> Any:
    """Scores of some queries where a mask lets them be."""
    if mask is None:
        return scores
    has_rows = mask.rank > 1 and mask.shape[-2] != 1
    rows = _rows(mask.operand, *part, session) if has_rows else mask
    if mask.element is BOOL:
        return session.new("select", cond=rows, a=scores, b=float("-inf"))
    return session.new("add", x=scores, y=rows)


def _rows(x: Any, start: int, end: int, length: int, session: Session) -> Any:
    """Some of the rows of matrices: a slice of the last dimension but one."""
    if (start, end) == (0, length):
        return x
    rank = len(x.type.shape)
    others = tuple([axis != rank - 2 for axis in range(rank)])
    return session.new(
        "slice_by_index",
        x=x,
        begin=tuple([0 if other else start for other in others]),
        end=tuple([0 if other else end for other in others]),
        begin_mask=others,
        end_mask=others,
    )
