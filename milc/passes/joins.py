"""Tensors that are joined, and what is done to the whole or to its parts at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from milc.ir.nodes import Op
from milc.passes.base import Pass, rewrite
from milc.passes.reshapes import stand_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from milc.ir.nodes import Value
    from milc.opsets.joining import Concat
    from milc.opsets.reshaping import Reshape, Squeeze
    from milc.passes.session import Session


class FuseStackSplit(Pass):
    """Use what was stacked, where the stack is split into its parts again.

    ```mil
    func main<ios15>(tensor<fp32, [3]> x, tensor<fp32, [3]> y) {
        tensor<fp32, [2, 3]> a = stack(values = (x, y), axis = int32(0));
        tensor<fp32, [1, 3]> b, tensor<fp32, [1, 3]> c = split(
            x = a, num_splits = int32(2), axis = int32(0));
        tensor<fp32, [3]> d = squeeze(x = b, axes = tensor<int32, [1]>([0]));
        tensor<fp32, [3]> e = squeeze(x = c, axes = tensor<int32, [1]>([0]));
        tensor<fp32, [3]> z = sub(x = d, y = e);
    } -> (z);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [3]> x, tensor<fp32, [3]> y) {
        tensor<fp32, [3]> z = sub(x = x, y = y);
    } -> (z);
    ```
    """

    name = "fuse_stack_split"

    @rewrite("squeeze")
    def fuse(self, op: Squeeze, session: Session) -> Any:
        """The split and the stack go when nobody takes anything from them any more."""
        split = session.producer(op.x, "split")
        stack = session.producer(split.x, "stack") if split is not None else None
        if stack is None:
            return None
        axis = stack.axis.value % split.x.rank
        if split.x.axis(split.axis.value) != axis or op.chosen() != (axis,):
            return None
        part = split.op.results.index(op.x.operand)
        whole = stack.values[sum(split.sizes[:part])]
        made = stand_in(op, whole, session)
        is_less = made is whole.operand or all(map(_is_squeezed, split.op.results))
        return made if is_less else None


def _is_squeezed(part: Value) -> bool:
    """Whether only squeezes use a value."""
    return all(isinstance(user, Op) and user.kind == "squeeze" for user in part.uses)


class ReplaceStackReshape(Pass):
    """Join tensors along a dimension that they have, instead of a new one that is reshaped away.

    ```mil
    func main<ios15>(tensor<fp32, [1, 5, 3]> x, tensor<fp32, [1, 5, 3]> y) {
        tensor<fp32, [1, 5, 2, 3]> a = stack(values = (x, y), axis = int32(2));
        tensor<fp32, [1, 10, 3]> z = reshape(x = a, shape = tensor<int32, [3]>([1, 10, 3]));
    } -> (z);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [1, 5, 3]> x, tensor<fp32, [1, 5, 3]> y) {
        tensor<fp32, [1, 10, 3]> z = concat(
            values = (x, y), axis = int32(1), interleave = bool(true));
    } -> (z);
    ```
    """

    name = "replace_stack_reshape"

    @rewrite("reshape")
    def replace(self, op: Reshape, session: Session) -> Value | None:
        """They take turns if the new dimension lies behind the one that they are joined by."""
        stack = session.producer(op.x, "stack")
        if stack is None or not session.is_used_once(stack.op.results[0]):
            return None
        shape = session.dims(stack.values[0])
        new, dims = stack.axis.value % op.x.rank, session.dims(op.op.results[0])
        if shape is None or dims is None:
            return None
        for axis, interleave in ((new, False), (new - 1, True)):
            if axis < len(shape) and _differ_along(dims, shape, axis):
                joined: Value = session.new(
                    "concat", values=stack.values, axis=axis, interleave=interleave
                )
                return joined
        return None


def _differ_along(dims: Sequence[Any], shape: Sequence[Any], axis: int) -> bool:
    """Whether two shapes are the same but for one dimension, which follows from how many elements
    there are.
    """
    if len(dims) != len(shape) or 0 in shape:
        return False
    pairs = enumerate(zip(dims, shape, strict=True))
    return all(one == other for at, (one, other) in pairs if at != axis)


def _longer(shape: Any, axis: int, factor: int) -> tuple[int, ...]:
    return (*shape[:axis], shape[axis] * factor, *shape[axis + 1 :])


class DetectConcatInterleave(Pass):
    """Let joined tensors take turns at once, rather than by reshape, transpose and reshape.

    ```mil
    func main<ios15>(tensor<fp32, [1, 5, 3, 4]> x, tensor<fp32, [1, 5, 3, 4]> y) {
        tensor<fp32, [1, 10, 3, 4]> a = concat(
            values = (x, y), axis = int32(-3), interleave = bool(false));
        tensor<fp32, [1, 2, 5, 3, 4]> b = reshape(
            x = a, shape = tensor<int32, [5]>([1, 2, 5, 3, 4]));
        tensor<fp32, [1, 5, 2, 3, 4]> c = transpose(
            x = b, perm = tensor<int32, [5]>([0, 2, 1, 3, 4]));
        tensor<fp32, [1, 10, 3, 4]> z = reshape(x = c, shape = tensor<int32, [4]>([1, 10, 3, 4]));
    } -> (z);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [1, 5, 3, 4]> x, tensor<fp32, [1, 5, 3, 4]> y) {
        tensor<fp32, [1, 10, 3, 4]> z = concat(
            values = (x, y), axis = int32(1), interleave = bool(true));
    } -> (z);
    ```
    """

    name = "detect_concat_interleave"

    @rewrite("reshape")
    def detect(self, op: Reshape, session: Session) -> Value | None:
        """The parts are of one shape; the transpose exchanges their number and their length."""
        turned = session.producer(op.x, "transpose")
        parted = session.producer(turned.x, "reshape") if turned is not None else None
        joined = session.producer(parted.x, "concat") if parted is not None else None
        if turned is None or parted is None or joined is None or joined.interleave.value:
            return None
        inner = [each.op.results[0] for each in (turned, parted, joined)]
        shape, count = joined.values[0].shape, len(joined.values)
        if not all(map(session.is_used_once, inner)) or None in shape:
            return None
        if any(value.shape != shape for value in joined.values):
            return None
        axis = joined.axis.value % len(shape)
        order = list(range(len(shape) + 1))
        order[axis : axis + 2] = [axis + 1, axis]
        if turned.order() != order or parted.dims() != (*shape[:axis], count, *shape[axis:]):
            return None
        made: Value = session.new("concat", values=joined.values, axis=axis, interleave=True)
        return made


class ConcatToPixelShuffle(Pass):
    """Join planes by channels and shuffle them, instead of by rows and then by columns.

    ```mil
    func main<ios15>(tensor<fp32, [1, 3, 4, 5]> a, tensor<fp32, [1, 3, 4, 5]> b,
                     tensor<fp32, [1, 3, 4, 5]> c, tensor<fp32, [1, 3, 4, 5]> d) {
        tensor<fp32, [1, 3, 8, 5]> e = concat(
            values = (a, b), axis = int32(2), interleave = bool(true));
        tensor<fp32, [1, 3, 8, 5]> f = concat(
            values = (c, d), axis = int32(2), interleave = bool(true));
        tensor<fp32, [1, 3, 8, 10]> y = concat(
            values = (e, f), axis = int32(3), interleave = bool(true));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [1, 3, 4, 5]> a, tensor<fp32, [1, 3, 4, 5]> b,
                     tensor<fp32, [1, 3, 4, 5]> c, tensor<fp32, [1, 3, 4, 5]> d) {
        tensor<fp32, [1, 12, 4, 5]> y_0 = concat(
            values = (a, c, b, d), axis = int32(1), interleave = bool(true));
        tensor<fp32, [1, 3, 8, 10]> y = pixel_shuffle(x = y_0, upscale_factor = int32(2));
    } -> (y);
    ```
    """

    name = "concat_to_pixel_shuffle"

    @rewrite("concat")
    def shuffle(self, op: Concat, session: Session) -> Value | None:
        """As many rows take turns as columns."""
        if not _takes_turns(op, 3) or not op.values[0].element.is_float or len(op.values) < 2:
            return None
        columns = [session.producer(value, "concat") for value in op.values]
        side = len(columns)
        if any(c is None or not _takes_turns(c, 2) or len(c.values) != side for c in columns):
            return None
        if not all(session.is_used_once(column.op.results[0]) for column in columns):
            return None
        planes = [column.values[row] for row in range(side) for column in columns]
        joined = session.new("concat", values=planes, axis=1, interleave=True)
        shuffled: Value = session.new("pixel_shuffle", x=joined, upscale_factor=side)
        return shuffled


def _takes_turns(op: Concat, axis: int) -> bool:
    """Whether an op joins planes of channels along an axis, one place of each at a time."""
    is_plane = op.interleave.value is True and op.values[0].rank == 4
    return is_plane and op.axis.value % 4 == axis
