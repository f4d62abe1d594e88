"""Tensors of more dimensions than devices take, between reshapes."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, Final

from milc.passes.base import Pass, rewrite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from milc.ir.nodes import Value
    from milc.opsets.reshaping import Reshape
    from milc.passes.session import Session

MOST: Final = 5
"""How many dimensions devices take."""


class ExpandHighRankReshapeAndTranspose(Pass):
    """Transpose with at most five dimensions what is reshaped to more just for that.

    Dimensions that stay together are moved as one. If that leaves too many, each is moved to its
    place by itself.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4, 60]> x) {
        tensor<fp32, [1, 2, 3, 4, 5, 12]> a = reshape(
            x = x, shape = tensor<int32, [6]>([1, 2, 3, 4, 5, 12]));
        tensor<fp32, [5, 12, 4, 3, 1, 2]> b = transpose(
            x = a, perm = tensor<int32, [6]>([4, 5, 3, 2, 0, 1]));
        tensor<fp32, [60, 4, 6]> y = reshape(x = b, shape = tensor<int32, [3]>([60, 4, 6]));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4, 60]> x) {
        tensor<fp32, [2, 3, 4, 60]> y_0 = reshape(
            x = x, shape = tensor<int32, [4]>([2, 3, 4, 60]));
        tensor<fp32, [60, 4, 3, 2]> y_1 = transpose(
            x = y_0, perm = tensor<int32, [4]>([3, 2, 1, 0]));
        tensor<fp32, [60, 4, 6]> y = reshape(x = y_1, shape = tensor<int32, [3]>([60, 4, 6]));
    } -> (y);
    ```
    """

    name = "expand_high_rank_reshape_and_transpose"

    @rewrite("reshape")
    def expand(self, last: Reshape, session: Session) -> Value | None:
        """Nobody else uses what is in between, and its shape is known."""
        turn = session.producer(last.x, "transpose")
        first = session.producer(turn.x, "reshape") if turn is not None else None
        if turn is None or first is None or turn.x.rank <= MOST:
            return None
        shape, wanted, order = turn.x.shape, last.dims(), turn.order()
        if order is None or None in (*shape, *wanted) or 0 in shape or len(wanted) > MOST:
            return None
        if not all(session.is_used_once(op.op.results[0]) for op in (turn, first)):
            return None
        dims, order = _grouped(shape, order)
        made: Any = first.x
        if len(dims) <= MOST:
            made = _turned(made, dims, order, session)
        else:
            made = _one_by_one(made, dims, order, session)
        result: Value = session.new("reshape", x=made, shape=wanted)
        return result


def _grouped(shape: Sequence[Any], order: Sequence[int]) -> tuple[list[int], list[int]]:
    """Dimensions and their new order, those that stay together as one; none of 1 is left."""
    groups: list[list[int]] = []
    kept = sorted(axis for axis in order if shape[axis] != 1)
    for axis in [kept.index(axis) for axis in order if shape[axis] != 1]:
        if groups and groups[-1][-1] + 1 == axis:
            groups[-1].append(axis)
        else:
            groups.append([axis])
    places = sorted(group[0] for group in groups)
    dims = {group[0]: prod(shape[kept[axis]] for axis in group) for group in groups}
    return [dims[place] for place in places], [places.index(group[0]) for group in groups]


def _turned(x: Any, dims: Sequence[int], order: Sequence[int], session: Session) -> Any:
    """What is reshaped and transposed; nothing is done where nothing is moved."""
    if list(order) == sorted(order):
        return x
    shaped = session.new("reshape", x=x, shape=tuple(dims))
    return session.new("transpose", x=shaped, perm=tuple(order))


def _one_by_one(x: Any, dims: Sequence[int], order: Sequence[int], session: Session) -> Any:
    """The dimensions moved each to its place: past those in front that are still to be moved."""
    left = list(range(len(dims)))
    done = 1
    for axis in order:
        at = left.index(axis)
        before = prod(dims[each] for each in left[:at])
        behind = prod(dims[each] for each in left[at + 1 :])
        x = _turned(
            x, (done, before, dims[axis], behind), (0, 2, 1, 3) if at else (0, 1, 2, 3), session
        )
        left.pop(at)
        done *= dims[axis]
    return x
