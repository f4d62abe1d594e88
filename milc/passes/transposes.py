"""Transposes that follow each other, or that a product can do itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from milc.passes.base import Pass, rewrite
from milc.passes.session import Session

if TYPE_CHECKING:
    from milc.ir.nodes import Value
    from milc.opsets.linear import Matmul
    from milc.opsets.rearranging import Transpose
    from milc.schema import Bound


class MergeConsecutiveTransposes(Pass):
    """Do two transposes as one.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x) {
        tensor<fp32, [4, 2, 3]> a = transpose(x = x, perm = tensor<int32, [3]>([2, 0, 1]));
        tensor<fp32, [2, 4, 3]> y = transpose(x = a, perm = tensor<int32, [3]>([1, 0, 2]));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x) {
        tensor<fp32, [2, 4, 3]> y = transpose(x = x, perm = tensor<int32, [3]>([0, 2, 1]));
    } -> (y);
    ```
    """

    name = "merge_consecutive_transposes"

    @rewrite("transpose")
    def merge(self, second: Transpose, session: Session) -> Value | None:
        """The op in front is looked at; it goes if nobody else uses it."""
        first = session.producer(second.x, "transpose")
        if first is None:
            return None
        inner, outer = first.perm.value, second.perm.value
        rank = len(inner)
        perm = tuple([inner[axis] % rank for axis in outer])
        merged: Value = session.new("transpose", x=first.x, perm=perm)
        return merged


class FuseTransposeMatmul(Pass):
    """Let a matmul exchange the rows and columns of an operand, instead of a transpose.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x, tensor<fp32, [2, 3, 5]> y) {
        tensor<fp32, [2, 4, 3]> a = transpose(x = x, perm = tensor<int32, [3]>([0, 2, 1]));
        tensor<fp32, [2, 4, 5]> z = matmul(
            x = a, y = y, transpose_x = bool(false), transpose_y = bool(false));
    } -> (z);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x, tensor<fp32, [2, 3, 5]> y) {
        tensor<fp32, [2, 4, 5]> z = matmul(
            x = x, y = y, transpose_x = bool(true), transpose_y = bool(false));
    } -> (z);
    ```
    """

    name = "fuse_transpose_matmul"

    @rewrite("matmul")
    def fuse(self, op: Matmul, session: Session) -> Value | None:
        """A transpose that others use too stays for them."""
        x, y = _exchanged(op.x, session), _exchanged(op.y, session)
        turns = op.transpose_x.value, op.transpose_y.value
        if x is None and y is None:
            return None
        fused: Value = session.new(
            "matmul",
            x=x or op.x,
            y=y or op.y,
            transpose_x=turns[0] != (x is not None),
            transpose_y=turns[1] != (y is not None),
        )
        return fused


def _exchanged(operand: Bound, session: Session) -> Any:
    """What an operand is with its last two dimensions exchanged, if it is just that."""
    op = session.producer(operand, "transpose")
    rank = operand.rank
    if op is None:
        return None
    return op.x if op.order() == [*range(rank - 2), rank - 1, rank - 2] else None
