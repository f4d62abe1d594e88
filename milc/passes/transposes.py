"""Transposes that follow each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from milc.passes.base import Pass, rewrite
from milc.passes.session import Session

if TYPE_CHECKING:
    from milc.ir.nodes import Value
    from milc.opsets.rearranging import Transpose


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
