"""Padding: twice, in front of a transpose, or written out by slices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from milc.ir.nodes import Op
from milc.passes.base import Pass, rewrite
from milc.schema.orders import inverse

if TYPE_CHECKING:
    from milc.ir.nodes import Value
    from milc.opsets.joining import Concat
    from milc.opsets.rearranging import Transpose
    from milc.opsets.tensor_operation import Pad
    from milc.passes.session import Session
    from milc.schema import Bound


class MergeConsecutivePaddings(Pass):
    """Pad once instead of twice, where that adds the same.

    ```mil
    func main<ios15>(tensor<fp32, [1, 2, 6, 8]> x) {
        tensor<fp32, [1, 2, 6, 10]> a = pad(x = x, pad = tensor<int32, [2]>([1, 1]),
            mode = string("reflect"), constant_val = fp32(0.0));
        tensor<fp32, [1, 2, 8, 10]> y = pad(x = a, pad = tensor<int32, [4]>([1, 1, 0, 0]),
            mode = string("reflect"), constant_val = fp32(0.0));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [1, 2, 6, 8]> x) {
        tensor<fp32, [1, 2, 8, 10]> y = pad(x = x, pad = tensor<int32, [4]>([1, 1, 1, 1]),
            mode = string("reflect"), constant_val = fp32(0.0));
    } -> (y);
    ```
    """

    name = "merge_consecutive_paddings"

    @rewrite("pad")
    def merge(self, second: Pad, session: Session) -> Value | None:
        """Edges repeat whatever they are; a mirror must not stand in what was added before."""
        first: Pad | None = session.producer(second.x, "pad")
        if first is None or not session.is_used_once(first.op.results[0]):
            return None
        mode = first.mode.value
        if mode != second.mode.value or first.pad.value is None or second.pad.value is None:
            return None
        if mode == "constant" and not _are_same(first.constant_val, second.constant_val):
            return None
        if mode == "reflect" and not _may_mirror(first, second):
            return None
        amounts = _added(first.pad.value, second.pad.value)
        merged: Value = session.new(
            "pad", x=first.x, pad=amounts, mode=mode, constant_val=second.constant_val
        )
        return merged


def _are_same(one: Bound, other: Bound) -> bool:
    """Whether constants are the same, the sign of a zero included."""
    return one.literal is not None and one.literal == other.literal


def _added(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    """What two paddings add in all; both end with the last dimension."""
    length = max(len(one), len(other))
    padded = [(0,) * (length - len(each)) + each for each in (one, other)]
    return tuple([a + b for a, b in zip(*padded, strict=True)])


def _may_mirror(first: Pad, second: Pad) -> bool:
    """Whether no side is mirrored twice, and each mirror finds enough of what was there first.

    That it does anyway if the other padding leaves its dimension alone.
    """
    length = max(len(pad.pad.value) for pad in (first, second))
    one, other = [(0,) * (length - len(pad.pad.value)) + pad.pad.value for pad in (first, second)]
    if any(a and b for a, b in zip(one, other, strict=True)):
        return False
    dims = first.x.shape[first.x.rank - length // 2 :]
    for dim, *sides in zip(dims, one[::2], one[1::2], other[::2], other[1::2], strict=True):
        is_padded_twice = any(sides[:2]) and any(sides[2:])
        if is_padded_twice and (dim is None or dim <= max(sides)):
            return False
    return True


class FusePadConv(Pass):
    """Pad behind a transpose that a convolution follows, so that both lie together.

    ```mil
    func main<ios15>(tensor<fp32, [1, 8, 8, 3]> x) {
        tensor<fp32, [1, 3, 1, 1]> w = const()[
            val = tensor<fp32, [1, 3, 1, 1]>([[[[0.5]], [[2.0]], [[1.0]]]])];
        tensor<fp32, [1, 10, 10, 3]> a = pad(
            x = x, pad = tensor<int32, [6]>([1, 1, 1, 1, 0, 0]), mode = string("constant"),
            constant_val = fp32(0.0));
        tensor<fp32, [1, 3, 10, 10]> b = transpose(x = a, perm = tensor<int32, [4]>([0, 3, 1, 2]));
        tensor<fp32, [1, 1, 10, 10]> y = conv(x = b, weight = w);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [1, 8, 8, 3]> x) {
        tensor<fp32, [1, 3, 1, 1]> w = const()[
            val = tensor<fp32, [1, 3, 1, 1]>([[[[0.5]], [[2.0]], [[1.0]]]])];
        tensor<fp32, [1, 3, 8, 8]> b_0 = transpose(x = x, perm = tensor<int32, [4]>([0, 3, 1, 2]));
        tensor<fp32, [1, 3, 10, 10]> b = pad(
            x = b_0, pad = tensor<int32, [4]>([1, 1, 1, 1]), mode = string("constant"),
            constant_val = fp32(0.0));
        tensor<fp32, [1, 1, 10, 10]> y = conv(x = b, weight = w);
    } -> (y);
    ```
    """

    name = "fuse_pad_conv"

    @rewrite("transpose")
    def fuse(self, op: Transpose, session: Session) -> Value | None:
        """Only if all that is padded goes to convolutions; each gets a padding of its own."""
        pad, order = session.producer(op.x, "pad"), op.order()
        if pad is None or order is None:
            return None
        if not all(_goes_to_convolution(user) for user in pad.op.results[0].uses):
            return None
        moved = pad.moved(inverse(order))
        if moved is None:
            return None
        args = {name: getattr(pad, name) for name in pad.op.args} | moved.args
        turned = session.new("transpose", x=pad.x, perm=order)
        padded: Value = session.new("pad", **(args | {"x": turned}))
        return padded


def _goes_to_convolution(user: Any) -> bool:
    """Whether something is a transpose for a convolution."""
    if not isinstance(user, Op) or user.kind != "transpose":
        return False
    return any(isinstance(u, Op) and u.kind.startswith("conv") for u in user.results[0].uses)


class UseReflectionPadding(Pass):
    """Pad by reflection, instead of joining a tensor with slices of its edges.

    ```mil
    func main<ios15>(tensor<fp32, [1, 2, 6, 8]> x) {
        tensor<fp32, [1, 2, 6, 1]> a = slice_by_index(
            x = x, begin = tensor<int32, [4]>([0, 0, 0, 1]), end = tensor<int32, [4]>([0, 0, 0, 2]),
            end_mask = tensor<bool, [4]>([true, true, true, false]));
        tensor<fp32, [1, 2, 6, 1]> b = slice_by_index(
            x = x, begin = tensor<int32, [4]>([0, 0, 0, -2]),
            end = tensor<int32, [4]>([0, 0, 0, -1]),
            end_mask = tensor<bool, [4]>([true, true, true, false]));
        tensor<fp32, [1, 2, 6, 10]> y = concat(
            values = (a, x, b), axis = int32(3), interleave = bool(false));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [1, 2, 6, 8]> x) {
        tensor<fp32, [1, 2, 6, 10]> y = pad(
            x = x, pad = tensor<int32, [2]>([1, 1]), mode = string("reflect"));
    } -> (y);
    ```
    """

    name = "use_reflection_padding"

    @rewrite("concat")
    def reflect(self, op: Concat, session: Session) -> Value | None:
        """Reflection is known of the last two dimensions."""
        count, axis = len(op.values) // 2, op.axis.value
        x = op.values[count]
        if not count or axis is None or not x.rank or not x.element.is_float:
            return None
        axis, dim = axis % x.rank, x.shape[axis]
        if axis < x.rank - 2 or dim is None:
            return None
        places = [self._place(value, x, axis, session) for value in op.values]
        if places != [*range(count, 0, -1), None, *range(dim - 2, dim - 2 - count, -1)]:
            return None
        behind = 2 * (x.rank - 1 - axis)
        padded: Value = session.new("pad", x=x, pad=(count, count) + (0,) * behind, mode="reflect")
        return padded

    def _place(self, value: Bound, x: Bound, axis: int, session: Session) -> int | None:
        """The place along an axis that a value is a slice of; None if it is something else."""
        view = session.producer(value, "slice_by_index")
        if view is None or view.x.operand is not x.operand or view.slices is None:
            return None
        if any(part.stride < 0 for part in view.slices):
            return None
        taken, whole = [list(session.dims(each) or ()) for each in (value, x)]
        whole[axis] = 1
        found = view.slices[axis].places
        return found[0] if found is not None and taken == whole else None
