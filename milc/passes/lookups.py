"""Rows of a matrix that are looked up, written out as a product."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from milc.opsets.reduction import Place
from milc.passes.base import Option, Pass, rewrite
from milc.passes.match import Is, Node, Number, match

if TYPE_CHECKING:
    from milc.ir.nodes import Value
    from milc.opsets.linear import Matmul
    from milc.passes.session import Session
    from milc.schema import Bound

FEW: Final = 4096
"""Of more elements than this the bounds are not looked for."""


class FuseOnehotMatmulToGather(Pass):
    """Look rows of a constant matrix up with `gather` where a `one_hot` multiplies it.

    For an index that is negative or too large the product is 0, and `gather` has another answer, or
    none. So indices have to be known to be in range: by their values, by their type, as places of
    the largest element, or by bounds that are written out. With `trust_indices` they are believed
    to be.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<int32, [2]> i = reduce_argmax(x = x, axis = int32(1));
        tensor<fp32, [2, 3]> h = one_hot(indices = i, one_hot_vector_size = int32(3),
            on_value = fp32(1), off_value = fp32(0));
        tensor<fp32, [3, 2]> w = const()[val = tensor<fp32, [3, 2]>([[1, 2], [3, 4], [5, 6]])];
        tensor<fp32, [2, 2]> y = matmul(x = h, y = w);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<int32, [2]> i = reduce_argmax(x = x, axis = int32(1));
        tensor<fp32, [3, 2]> w = const()[val = tensor<fp32, [3, 2]>([[1, 2], [3, 4], [5, 6]])];
        tensor<fp32, [2, 2]> y = gather(x = w, indices = i, axis = int32(0));
    } -> (y);
    ```
    """

    name = "fuse_onehot_matmul_to_gather"
    options: ClassVar[dict[str, Option]] = {
        "trust_indices": Option(False, "whether indices are in range, though nothing says so"),
    }
    pattern: Final = Node(
        "matmul",
        Node("one_hot", on_value=Number(1), off_value=Number(0), called="hot"),
        transpose_x=Is(False),
        transpose_y=Is(False),
    )

    @rewrite("matmul")
    def fuse(self, op: Matmul, session: Session) -> Value | None:
        found = match(self.pattern, session, op) if not op.y.is_computed else None
        hot = found["hot"] if found else None
        if hot is None or op.y.rank != 2 or hot.axis.value not in (-1, hot.indices.rank):
            return None
        low, high = bounds(hot.indices, session)
        rows = op.y.shape[0] or 0
        if not self.given["trust_indices"] and not 0 <= low <= high < rows:
            return None
        made: Value = session.new("gather", x=op.y, indices=hot.indices, axis=0)
        return made


def bounds(of: Bound, session: Session) -> tuple[float, float]:
    """Between which numbers the elements of an operand of integers or truth values lie."""
    if of.elements and None not in of.elements and len(of.elements) <= FEW:
        return min(of.elements), max(of.elements)
    element = of.element
    widest = element.bounds if element.is_integer else (0, 1)
    op = session.producer(of)
    if isinstance(op, Place):
        length = op.x.shape[op.axis.value] if op.axis.value is not None else None
        return (0, length - 1) if length else widest
    if op is None or op.name not in ("maximum", "minimum", "cast"):
        return widest
    if op.name == "cast":
        source = op.x.element
        return widest if source.is_float else _within(bounds(op.x, session), widest)
    pairs = [bounds(op.x, session), bounds(op.y, session)]
    choose = max if op.name == "maximum" else min
    return choose(pairs[0][0], pairs[1][0]), choose(pairs[0][1], pairs[1][1])


def _within(narrow: tuple[float, float], wide: tuple[float, float]) -> tuple[float, float]:
    """Bounds that a conversion keeps if they fit; else it may have wrapped around."""
    return narrow if wide[0] <= narrow[0] and narrow[1] <= wide[1] else wide
