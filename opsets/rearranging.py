"""Ops that put the elements of a tensor in another order.

Facts: coremltools 9.0, `ops/defs/iOS15/tensor_transformation.py`, and those of iOS16 and iOS17.
"""

from __future__ import annotations

from milc.ir.types import BOOL, FP16, FP32, INT8, INT16, INT32, UINT8, UINT16, UINT32, TensorType
from milc.kernels import Array, images, np
from milc.schema import (
    Bound,
    Const,
    Domain,
    Elements,
    EvaluationError,
    In,
    Moved,
    OpDef,
    OptionalConst,
    Order,
    Out,
    constraint,
)
from milc.schema.rules import is_axis, picked, same, strides, total, whole


class Transpose(OpDef):
    """Put the dimensions of a tensor in another order.

    Dimension i of the result is dimension `perm[i]` of `x`.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x) {
        tensor<fp32, [4, 2, 3]> y = transpose(x = x, perm = tensor<int32, [3]>([2, 0, 1]));
    } -> (y);
    ```
    """

    name = "transpose"
    since = "ios15"
    T = Domain(FP16, FP32, INT32, BOOL)
    x = In(T, "the tensor, of any shape")
    perm = Const(INT32, "the dimensions of `x` in their new order: [rank of `x`]", rank=1)
    y = Out("the elements of `x`, with its dimensions in the order of `perm`")

    @constraint("C1", "`perm` has one element for each dimension of `x`")
    def lengths_agree(self) -> bool:
        return same(self.perm.count, self.x.rank)

    @constraint("C2", "`perm` holds dimensions of `x`")
    def perm_in_range(self) -> bool:
        return all(-self.x.rank <= axis < self.x.rank for axis in self.perm.value or ())

    @constraint("C3", "`perm` names no dimension twice")
    def perm_is_permutation(self) -> bool:
        order = self.order() or []
        return len(set(order)) == len(order)

    def forwarded(self) -> Bound | None:
        """Dimensions of length 1 may change places: no element moves by that."""
        order = self.order()
        moved = [axis for axis in order or () if self.x.shape[axis] != 1]
        return self.x if order is not None and moved == sorted(moved) else None

    def order(self) -> list[int] | None:
        """`perm` counted from 0, or None if it is not known."""
        perm = self.perm.value
        return None if perm is None else [self.x.axis(axis) for axis in perm]

    def infer(self) -> TensorType:
        order, shape = self.order(), self.x.shape
        if order is None:
            return self.x.with_shape(*(None,) * self.x.rank)
        return self.x.with_shape(*(shape[axis] for axis in order))

    def fold(self) -> Elements | None:
        elements, order, steps = whole(self.x), self.order(), _steps(self.x)
        if elements is None or order is None or steps is None:
            return None
        return picked(elements, [steps[axis] for axis in order])

    def evaluate(self) -> Array:
        return self.x.array.transpose(self.order() or ())


class Transpose17(Transpose):
    """`x` may also hold integers of 8 and 16 bits."""

    since = "ios17"
    instead = "`cast` to int32, and back behind the op"
    T = Domain(FP16, FP32, INT8, INT16, INT32, UINT8, UINT16, BOOL)


class Reverse(OpDef):
    """Reverse the order of the elements along dimensions.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = reverse(x = x, axes = tensor<int32, [1]>([-1]));
        tensor<fp32, [2, 3]> z = reverse(x = x);
    } -> (y, z);
    ```
    """

    name = "reverse"
    since = "ios15"
    T = Domain(FP16, FP32, INT32, BOOL)
    x = In(T, "the tensor, of any shape")
    axes = OptionalConst(INT32, "the dimensions of `x` to reverse: [K]; else all", rank=1)
    y = Out("the elements of `x` in their new order", like="x")

    @constraint("C1", "`axes` are dimensions of `x`")
    def axes_in_range(self) -> bool:
        axes = (self.axes.value or ()) if self.axes is not None else ()
        return all(-self.x.rank <= axis < self.x.rank for axis in axes)

    def moved(self, order: Order) -> Moved | None:
        if self.axes is None:
            return Moved({}, (order,))
        axes = self.axes.value
        return None if axes is None else Moved({"axes": tuple([order[a] for a in axes])}, (order,))

    def fold(self) -> Elements | None:
        elements, steps = whole(self.x), _steps(self.x)
        axes = tuple(range(self.x.rank)) if self.axes is None else self.axes.value
        if elements is None or steps is None or axes is None:
            return None
        for axis in axes:
            steps[axis] = steps[axis][::-1]
        return picked(elements, steps)

    def evaluate(self) -> Array:
        array = self.x.array
        for axis in range(self.x.rank) if self.axes is None else self.axes.value:
            array = np.flip(array, axis)
        return array


class Reverse17(Reverse):
    """`x` may also hold integers of 8 and 16 bits."""

    since = "ios17"
    instead = "`cast` to int32, and back behind the op"
    T = Domain(FP16, FP32, INT8, INT16, INT32, UINT8, UINT16, BOOL)


class ReverseSequence(OpDef):
    """Reverse the first elements of each sequence of a batch, and leave the rest in place.

    For the i-th place along `batch_axis`, the first `lengths[i]` elements along `seq_axis` are
    reversed. In the example, of the sequences `[a, b, c]` and `[d, e, f]` come `[b, a, c]` and
    `[f, e, d]`. Both axes may not be the same, although their defaults are.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = reverse_sequence(
            x = x, lengths = tensor<int32, [2]>([2, 3]), seq_axis = int32(1),
            batch_axis = int32(0));
    } -> (y);
    ```
    """

    name = "reverse_sequence"
    since = "ios15"
    T = Domain(FP16, FP32, INT32, BOOL)
    U = Domain(INT32)
    x = In(T, "the batch of sequences, of any shape")
    lengths = In(U, "how many elements of each sequence are reversed: [B]", rank=1)
    seq_axis = Const(INT32, "the dimension of `x` that the sequences lie along", rank=0, default=0)
    batch_axis = Const(INT32, "the dimension of `x` that counts them, of B", rank=0, default=0)
    y = Out("the elements of `x` in their new order", like="x")

    @constraint("C1", "`seq_axis` is a dimension of `x`")
    def seq_axis_in_range(self) -> bool:
        return is_axis(self.seq_axis, self.x)

    @constraint("C2", "`batch_axis` is a dimension of `x`")
    def batch_axis_in_range(self) -> bool:
        return is_axis(self.batch_axis, self.x)

    @constraint("C3", "`lengths` has one element for each place of `x` along `batch_axis`")
    def lengths_fit_batch(self) -> bool:
        axis = self.batch_axis.value
        return axis is None or same(self.lengths.count, self.x.shape[axis])

    @constraint("C4", "`lengths` are from 0 to the length of `x` along `seq_axis`")
    def lengths_fit_sequences(self) -> bool:
        axis, lengths = self.seq_axis.value, self.lengths.elements or ()
        longest = None if axis is None else self.x.shape[axis]
        known = [length for length in lengths if length is not None]
        return all(length >= 0 and (longest is None or length <= longest) for length in known)

    def evaluate(self) -> Array:
        array, lengths = self.x.array, self.lengths.array.astype("i8")
        along, batch = self.x.axis(self.seq_axis.value), self.x.axis(self.batch_axis.value)
        if along == batch:
            raise EvaluationError(f"`seq_axis` and `batch_axis` are both dimension {along}")
        if lengths.size and not 0 <= lengths.min() <= lengths.max() <= array.shape[along]:
            most = array.shape[along]
            raise EvaluationError(f"`lengths` are {lengths.tolist()}, of sequences of {most}")
        places, ends = np.arange(array.shape[along]), lengths[:, None]
        order = np.where(places < ends, ends - 1 - places, places)
        shape = [1] * array.ndim
        shape[batch], shape[along] = order.shape
        order = order if batch < along else order.T
        return np.take_along_axis(array, order.reshape(shape), along)


class ReverseSequence17(ReverseSequence):
    """`x` may also hold integers of 8 and 16 bits, `lengths` those with a sign."""

    since = "ios17"
    instead = "`cast` to int32, and back behind the op, and `lengths` of int32"
    T = Domain(FP16, FP32, INT8, INT16, INT32, UINT8, UINT16, BOOL)
    U = Domain(INT8, INT16, INT32)


class DepthToSpace(OpDef):
    """Spread channels over the plane.

    Every place of the plane becomes a square of `block_size` times `block_size` places. Channel c
    of the result has at row i and column j of a square what channel
    `(i * block_size + j) * C / block_size^2 + c` of `x` has at the place.

    ```mil
    func main<ios15>(tensor<fp32, [1, 12, 2, 3]> x) {
        tensor<fp32, [1, 3, 4, 6]> y = depth_to_space(x = x, block_size = int32(2));
    } -> (y);
    ```
    """

    name = "depth_to_space"
    since = "ios15"
    T = Domain(FP16, FP32)
    x = In(T, "the planes: [N, C, H, W]", rank=4)
    block_size = Const(INT32, "B, the length of a square's side", rank=0)
    y = Out("the larger planes: [N, C / B^2, H * B, W * B]")

    @constraint("C1", "`block_size` is at least 1")
    def block_is_positive(self) -> bool:
        return _is_positive(self.block_size)

    @constraint("C2", "`x` has a number of channels that `block_size` squared divides")
    def channels_divide(self) -> bool:
        return _divides(_square(self.block_size.value), self.x.shape[1])

    def infer(self) -> TensorType:
        return _spread(self.x, self.block_size.value)

    def evaluate(self) -> Array:
        array, side = self.x.array, self.block_size.value
        batch, channels, *plane = array.shape
        squares = array.reshape(batch, side, side, channels // (side * side), *plane)
        return images.joined(squares.transpose(0, 3, 4, 5, 1, 2))


class PixelShuffle(OpDef):
    """Spread channels over the plane, those that lie together to one channel.

    Every place of the plane becomes a square of `upscale_factor` times `upscale_factor` places.
    Channel c of the result has at row i and column j of a square what channel
    `c * upscale_factor^2 + i * upscale_factor + j` of `x` has at the place.

    ```mil
    func main<ios15>(tensor<fp32, [1, 12, 2, 3]> x) {
        tensor<fp32, [1, 3, 4, 6]> y = pixel_shuffle(x = x, upscale_factor = int32(2));
    } -> (y);
    ```
    """

    name = "pixel_shuffle"
    since = "ios15"
    T = Domain(FP16, FP32)
    x = In(T, "the planes: [N, C, H, W]", rank=4)
    upscale_factor = Const(INT32, "F, the length of a square's side", rank=0)
    y = Out("the larger planes: [N, C / F^2, H * F, W * F]")

    @constraint("C1", "`upscale_factor` is at least 1")
    def factor_is_positive(self) -> bool:
        return _is_positive(self.upscale_factor)

    @constraint("C2", "`x` has a number of channels that `upscale_factor` squared divides")
    def channels_divide(self) -> bool:
        return _divides(_square(self.upscale_factor.value), self.x.shape[1])

    def infer(self) -> TensorType:
        return _spread(self.x, self.upscale_factor.value)

    def evaluate(self) -> Array:
        array, side = self.x.array, self.upscale_factor.value
        batch, channels, *plane = array.shape
        squares = array.reshape(batch, channels // (side * side), side, side, *plane)
        return images.joined(squares.transpose(0, 1, 4, 5, 2, 3))


class SpaceToDepth(OpDef):
    """Gather squares of the plane into channels, the inverse of `depth_to_space`.

    Every square of `block_size` times `block_size` places becomes one place. What channel c of `x`
    has at row i and column j of a square, channel `(i * block_size + j) * C + c` of the result has
    at the place.

    ```mil
    func main<ios15>(tensor<fp32, [1, 3, 4, 6]> x) {
        tensor<fp32, [1, 12, 2, 3]> y = space_to_depth(x = x, block_size = int32(2));
    } -> (y);
    ```
    """

    name = "space_to_depth"
    since = "ios15"
    T = Domain(FP16, FP32)
    x = In(T, "the planes: [N, C, H, W]", rank=4)
    block_size = Const(INT32, "B, the length of a square's side", rank=0)
    y = Out("the smaller planes: [N, C * B^2, H / B, W / B]")

    @constraint("C1", "`block_size` is at least 1")
    def block_is_positive(self) -> bool:
        return _is_positive(self.block_size)

    @constraint("C2", "`x` has rows and columns of a number that `block_size` divides")
    def plane_divides(self) -> bool:
        return all(_divides(self.block_size.value, dim) for dim in self.x.shape[2:])

    def infer(self) -> TensorType:
        return _gathered(self.x, self.block_size.value)

    def evaluate(self) -> Array:
        side = self.block_size.value
        squares = images.cut(self.x.array, side, side).transpose(0, 4, 5, 1, 2, 3)
        batch, _, _, channels, *plane = squares.shape
        return squares.reshape(batch, side * side * channels, *plane)


class PixelUnshuffle(OpDef):
    """Gather squares of the plane into channels that lie together, the inverse of `pixel_shuffle`.

    Every square of `downscale_factor` times `downscale_factor` places becomes one place. What
    channel c of `x` has at row i and column j of a square, channel
    `c * downscale_factor^2 + i * downscale_factor + j` of the result has at the place.

    ```mil
    func main<ios16>(tensor<fp32, [1, 3, 4, 6]> x) {
        tensor<fp32, [1, 12, 2, 3]> y = pixel_unshuffle(x = x, downscale_factor = uint32(2));
    } -> (y);
    ```
    """

    name = "pixel_unshuffle"
    since = "ios16"
    instead = "`reshape`, `transpose` and `reshape`"
    T = Domain(FP16, FP32)
    x = In(T, "the planes: [N, C, H, W]", rank=4)
    downscale_factor = Const(UINT32, "F, the length of a square's side", rank=0)
    y = Out("the smaller planes: [N, C * F^2, H / F, W / F]")

    @constraint("C1", "`downscale_factor` is at least 1")
    def factor_is_positive(self) -> bool:
        return _is_positive(self.downscale_factor)

    @constraint("C2", "`x` has rows and columns of a number that `downscale_factor` divides")
    def plane_divides(self) -> bool:
        return all(_divides(self.downscale_factor.value, dim) for dim in self.x.shape[2:])

    def infer(self) -> TensorType:
        return _gathered(self.x, self.downscale_factor.value)

    def evaluate(self) -> Array:
        side = self.downscale_factor.value
        squares = images.cut(self.x.array, side, side).transpose(0, 1, 4, 5, 2, 3)
        batch, channels, _, _, *plane = squares.shape
        return squares.reshape(batch, channels * side * side, *plane)


class SpaceToBatch(OpDef):
    """Pad the plane with zeros and gather blocks of it into the batch.

    Every block of `block_shape[0]` rows and `block_shape[1]` columns becomes one place. What batch
    n of the padded `x` has at row i and column j of a block, batch
    `(i * block_shape[1] + j) * N + n` of the result has at the place.

    ```mil
    func main<ios15>(tensor<fp32, [1, 3, 4, 5]> x) {
        tensor<fp32, [4, 3, 2, 3]> y = space_to_batch(
            x = x, block_shape = tensor<int32, [2]>([2, 2]),
            paddings = tensor<int32, [2, 2]>([[0, 0], [0, 1]]));
    } -> (y);
    ```
    """

    name = "space_to_batch"
    since = "ios15"
    T = Domain(FP16, FP32)
    x = In(T, "the planes: [N, C, H, W]", rank=4)
    block_shape = Const(INT32, "the rows and columns of a block: [2]", rank=1)
    paddings = Const(INT32, "rows before and after, then columns so: [2, 2]", rank=2)
    y = Out("the smaller planes, one for each place of a block: [N * rows * columns, C, …, …]")

    @constraint("C1", "`block_shape` has two elements, each at least 1")
    def block_has_sides(self) -> bool:
        return same(self.block_shape.count, 2) and min(self.block_shape.value or (1,)) >= 1

    @constraint("C2", "`paddings` has the shape [2, 2]")
    def paddings_have_sides(self) -> bool:
        return same(self.paddings.shape[0], 2) and same(self.paddings.shape[1], 2)

    @constraint("C3", "`x` has, padded by `paddings`, rows and columns that `block_shape` divides")
    def plane_divides(self) -> bool:
        plane = self.padded()
        return min(dim or 0 for dim in plane) >= 0 and all(map(_divides, self.sides(), plane))

    def sides(self) -> tuple[int | None, ...]:
        """The rows and columns of a block."""
        return self.block_shape.value or (None, None)

    def padded(self) -> list[int | None]:
        """The rows and columns with their padding."""
        pads = self.paddings.value
        if pads is None:
            return [None, None]
        sums = (pads[0] + pads[1], pads[2] + pads[3])
        plane = zip(self.x.shape[2:], sums, strict=True)
        return [None if dim is None else dim + more for dim, more in plane]

    def infer(self) -> TensorType:
        batch, channels, *_ = self.x.shape
        sides = self.sides()
        plane = [_quotient(*pair) for pair in zip(self.padded(), sides, strict=True)]
        return self.x.with_shape(total((batch, *sides)), channels, *plane)

    def evaluate(self) -> Array:
        array, (rows, columns) = self.x.array, self.block_shape.value
        top, bottom, left, right = _amounts(self.paddings)
        padded = np.pad(array, ((0, 0), (0, 0), (top, bottom), (left, right)))
        blocks = images.cut(padded, rows, columns).transpose(4, 5, 0, 1, 2, 3)
        _, _, batch, *planes = blocks.shape
        return blocks.reshape(rows * columns * batch, *planes)


class BatchToSpace(OpDef):
    """Spread a batch over the plane and crop it, the inverse of `space_to_batch`.

    Every place of the plane becomes a block of `block_shape[0]` rows and `block_shape[1]` columns.
    Before it is cropped, batch n of the result has at row i and column j of a block what batch
    `(i * block_shape[1] + j) * N' + n` of `x` has at the place, N' being the batches of the result.

    ```mil
    func main<ios15>(tensor<fp32, [4, 3, 2, 3]> x) {
        tensor<fp32, [1, 3, 4, 5]> y = batch_to_space(
            x = x, block_shape = tensor<int32, [2]>([2, 2]),
            crops = tensor<int32, [2, 2]>([[0, 0], [0, 1]]));
    } -> (y);
    ```
    """

    name = "batch_to_space"
    since = "ios15"
    T = Domain(FP16, FP32)
    x = In(T, "the planes: [N, C, H, W]", rank=4)
    block_shape = Const(INT32, "the rows and columns of a block: [2]", rank=1)
    crops = Const(INT32, "rows cut off at the top and bottom, then columns so: [2, 2]", rank=2)
    y = Out("the larger planes: [N / (rows * columns), C, …, …]")

    @constraint("C1", "`block_shape` has two elements, each at least 1")
    def block_has_sides(self) -> bool:
        return same(self.block_shape.count, 2) and min(self.block_shape.value or (1,)) >= 1

    @constraint("C2", "`crops` has the shape [2, 2]")
    def crops_have_sides(self) -> bool:
        return same(self.crops.shape[0], 2) and same(self.crops.shape[1], 2)

    @constraint("C3", "`x` has a number of batches that the product of `block_shape` divides")
    def batches_divide(self) -> bool:
        return _divides(total(self.sides()), self.x.shape[0])

    @constraint(
        "C4", "`crops` are no more than the rows and columns of `x`, spread by `block_shape`"
    )
    def crops_fit(self) -> bool:
        return min(dim or 0 for dim in self.cropped()) >= 0

    def sides(self) -> tuple[int | None, ...]:
        """The rows and columns of a block."""
        return self.block_shape.value or (None, None)

    def cropped(self) -> list[int | None]:
        """The rows and columns of the result."""
        crops = self.crops.value
        if crops is None:
            return [None, None]
        sums = (crops[0] + crops[1], crops[2] + crops[3])
        spread = [total(pair) for pair in zip(self.x.shape[2:], self.sides(), strict=True)]
        return [None if dim is None else dim - less for dim, less in zip(spread, sums, strict=True)]

    def infer(self) -> TensorType:
        batch, channels, *_ = self.x.shape
        return self.x.with_shape(_quotient(batch, total(self.sides())), channels, *self.cropped())

    def evaluate(self) -> Array:
        array, (rows, columns) = self.x.array, self.block_shape.value
        batch, *planes = array.shape
        blocks = array.reshape(rows, columns, batch // (rows * columns), *planes)
        joined = images.joined(blocks.transpose(2, 3, 4, 5, 0, 1))
        top, bottom, left, right = _amounts(self.crops)
        height, width = joined.shape[2:]
        return joined[:, :, top : height - bottom, left : width - right]


def _amounts(amounts: Bound) -> tuple[int, ...]:
    """What is added to, or taken from, the sides of a plane: none of it negative."""
    known: tuple[int, ...] = amounts.value
    if min(known) < 0:
        raise EvaluationError(f"an amount is negative: {known}")
    return known


def _steps(operand: Bound) -> list[range] | None:
    """Where the places along each dimension lie in row-major order; None if one is unknown."""
    shape = [dim for dim in operand.shape if dim is not None]
    if len(shape) != operand.rank:
        return None
    if 0 in shape:
        return [range(dim) for dim in shape]
    return [range(0, dim * step, step) for dim, step in zip(shape, strides(shape), strict=True)]


def _is_positive(number: Bound) -> bool:
    value = number.value
    return value is None or value >= 1


def _divides(part: int | None, dim: int | None) -> bool:
    """Whether a number can divide another."""
    return part is None or dim is None or dim % part == 0


def _quotient(dim: int | None, part: int | None) -> int | None:
    return None if dim is None or part is None else dim // part


def _square(number: int | None) -> int | None:
    return None if number is None else number * number


def _spread(x: Bound, factor: int | None) -> TensorType:
    """Planes that get larger by a factor, at the cost of channels."""
    batch, channels, rows, columns = x.shape
    plane = total((rows, factor)), total((columns, factor))
    return x.with_shape(batch, _quotient(channels, _square(factor)), *plane)


def _gathered(x: Bound, factor: int | None) -> TensorType:
    """Planes that get smaller by a factor, to the benefit of channels."""
    batch, channels, rows, columns = x.shape
    plane = _quotient(rows, factor), _quotient(columns, factor)
    return x.with_shape(batch, total((channels, factor, factor)), *plane)
