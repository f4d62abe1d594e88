"""Means, written out as sums."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from milc.passes.base import Pass, rewrite
from milc.passes.match import Node, Number, Var, is_near, match
from milc.passes.parameters import is_real

if TYPE_CHECKING:
    from milc.ir.nodes import Value
    from milc.opsets.elementwise_binary import Binary
    from milc.opsets.reduction import Reduction
    from milc.passes.match import Held
    from milc.passes.session import Session

COUNTED: Final = 1e-6
"""How far a factor may be from the count: one of many more than fp32 holds is not told apart."""


def counts(found: Held, sums: Reduction, session: Session) -> bool:
    """Whether what a sum is multiplied by (`part`) or divided by (`count`) is what it is a sum of.

    Lengths have to be known for that.
    """
    dims, axes = session.dims(sums.x), sums.chosen()
    lengths = [dims[axis] for axis in axes] if dims is not None and axes is not None else [None]
    known = [each for each in lengths if isinstance(each, int) and each > 0]
    count = math.prod(known)
    if len(known) < len(lengths):
        return False
    wanted = {"part": 1 / count, "count": count}
    element = sums.x.element
    return all(is_near(found.get(n, w), w, element, COUNTED) for n, w in wanted.items())


class FuseReduceMean(Pass):
    """Compute a sum, divided by how many elements are added up, as `reduce_mean`.

    ```mil
    func main<ios15>(tensor<fp32, [2, 4]> x) {
        tensor<fp32, [2]> a = reduce_sum(x = x, axes = tensor<int32, [1]>([1]));
        tensor<fp32, [2]> y = mul(x = a, y = fp32(0.25));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2, 4]> x) {
        tensor<fp32, [2]> y = reduce_mean(x = x, axes = tensor<int32, [1]>([1]));
    } -> (y);
    ```
    """

    name = "fuse_reduce_mean"
    exact = False
    sums: Final = Node("reduce_sum", Var("x"), called="sum")
    pattern: Final = Node("mul", sums, Number("part")) | Node("real_div", sums, Number("count"))

    @rewrite("mul", "real_div")
    def fuse(self, op: Binary, session: Session) -> Value | None:
        found = match(self.pattern, session, op)
        sums: Reduction | None = found["sum"] if found else None
        if found is None or sums is None or not is_real(sums.x):
            return None
        if not counts(found, sums, session):
            return None
        made: Value = session.new(
            "reduce_mean",
            x=found["x"],
            axes=sums.axes if "axes" in sums.op.args else None,
            keep_dims=sums.keep_dims if "keep_dims" in sums.op.args else None,
        )
        return made
