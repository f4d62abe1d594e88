"""Ops that take parts out of a tensor, and the one that puts a part in.

Shapes are taken apart with slices, so these fold. Facts: coremltools 9.0,
`ops/defs/iOS15/tensor_transformation.py`, those of iOS17 and iOS18, and `ops/defs/_utils.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from milc.ir.types import BOOL, FP16, FP32, INT8, INT16, INT32, UINT8, UINT16, TensorType
from milc.kernels import Array, np
from milc.schema import (
    Bound,
    Const,
    Domain,
    Elements,
    EvaluationError,
    In,
    Known,
    Moved,
    OpDef,
    OptionalConst,
    Order,
    Out,
    constraint,
)
from milc.schema.orders import moved_row, ranked
from milc.schema.rules import is_axis, picked, same, same_shape, strides, whole

if TYPE_CHECKING:
    from collections.abc import Sequence


class Slice(NamedTuple):
    """What is taken along one dimension: of its length, the arguments' elements at its place.

    `begin` and `end` are None where they are not known. Where `from_edge` or `to_edge` is set they
    count for nothing, and the slice begins or ends with the dimension, in the stride's direction.
    """

    dim: int | None
    begin: int | None
    end: int | None
    stride: int
    from_edge: bool
    to_edge: bool
    is_index: bool

    @property
    def is_contradictory(self) -> bool:
        """Whether it runs against its stride, whatever the dimension's length is."""
        begin, end = self.begin, self.end
        if self.is_index or self.from_edge or self.to_edge or begin is None or end is None:
            return False
        one_edge = (begin < 0) == (end < 0) == (self.stride < 0)
        return one_edge and (end - begin) * self.stride < 0

    @property
    def length(self) -> int | None:
        """How many places are taken; None if that is not known."""
        count = self._whatever_dim()
        if count is not None or self.dim is None:
            return count
        # Of a dimension of length 1, coremltools takes the one place wherever begin and end are.
        is_one = self.dim == 1 and not (self.from_edge and self.to_edge)
        return 1 if is_one else self._within(self.dim)

    def _whatever_dim(self) -> int | None:
        """The number, where that is 0 or 1 whatever the dimension is."""
        begin, end, stride = self.begin, self.end, self.stride
        if self.from_edge or begin is None:
            return None
        if self.to_edge:
            return 1 if begin == (0 if stride < 0 else -1) else None
        if end is None or not (begin < 0) == (end < 0) == (stride < 0):
            return None
        count = _ceiling(end - begin, stride)
        return count if count in (0, 1) else None

    def _within(self, dim: int) -> int | None:
        """The number in a dimension of a known length."""
        if self.begin is None and not self.from_edge:
            return None
        if self.end is None and not self.to_edge:
            return None
        first, stop = self._ends(dim)
        return max(0, _ceiling(stop - first, self.stride))

    def _ends(self, dim: int) -> tuple[int, int]:
        """The first place in a dimension, and the one to stop before."""
        begin, end = _from_front(self.begin, dim), _from_front(self.end, dim)
        if self.stride > 0:
            return 0 if self.from_edge else begin, dim if self.to_edge else min(end, dim)
        first = dim - 1 if self.from_edge else min(begin, dim - 1)
        return first, -1 if self.to_edge else end

    @property
    def places(self) -> range | None:
        """The places that are taken; None if they are not known or not all there."""
        if self.dim is None or (self.begin is None and not self.from_edge):
            return None
        dim, begin = range(self.dim), None if self.from_edge else self.begin
        if self.is_index:
            place = _from_front(begin, len(dim))
            return dim[place : place + 1] or None
        end = None if self.to_edge else self.end
        places = dim[begin : end : self.stride]
        if len(places) != self.length and end is not None:
            places = dim[begin : _from_front(end, len(dim)) : self.stride]
        return places if len(places) == self.length else None

    def selection(self, wanted: int | None) -> slice | int | None:
        """What numpy takes for it, of a known dimension; None if that has not as many as wanted.

        That is what Python takes, unless as many are wanted as coremltools counts.
        """
        dim = range(self.dim or 0)
        if self.is_index:
            place = 0 if self.from_edge else _from_front(self.begin, len(dim))
            return place if place < len(dim) else None
        begin, end = None if self.from_edge else self.begin, None if self.to_edge else self.end
        counted = dim if len(dim) == 1 else range(*self._ends(len(dim)), self.stride)
        for found in (dim[begin : end : self.stride], counted):
            if wanted in (None, len(found)):
                # A stop below 0 would count from the end.
                stop = found.stop if found.stop >= 0 else None
                return slice(found.start, stop, found.step) if found else slice(0, 0)
        return None


def _ceiling(number: int, by: int) -> int:
    return -(-number // by)


def _from_front(place: int | None, dim: int) -> int:
    """A place counted from the front; what lies before the front counts as the front."""
    place = place or 0
    return max(0, place + dim) if place < 0 else place


class Slicing(OpDef):
    """A slice of a tensor: for each dimension where it begins and ends, and its stride."""

    T = Domain(FP16, FP32, INT32, BOOL)
    U = Domain(INT32)
    x = In(T, "the tensor, of any shape")
    begin = In(U, "the first place in each dimension, negative from the end: [rank of `x`]", rank=1)
    end = In(U, "the place to stop before, negative from the end: [rank of `x`]", rank=1)
    stride = OptionalConst(
        U, "the step from place to place, negative for backwards: [rank of `x`]; else 1", rank=1
    )
    begin_mask = OptionalConst(
        BOOL, "where to begin at the edge, whatever `begin` says: [rank of `x`]; else nowhere",
        rank=1,
    )  # fmt: skip
    end_mask = OptionalConst(
        BOOL, "where to go to the edge, whatever `end` says: [rank of `x`]; else nowhere", rank=1
    )
    squeeze_mask = OptionalConst(
        BOOL, "where to take the place `begin` alone, and drop the dimension: [rank of `x`]; "
        "else nowhere",
        rank=1,
    )  # fmt: skip

    _slices: tuple[list[Slice] | None] | None = None
    """What is taken, when that was looked for before the program runs; it stays the same then."""

    @constraint("C1", "`begin` has one element for each dimension of `x`")
    def begin_is_complete(self) -> bool:
        return same(self.begin.count, self.x.rank)

    @constraint("C2", "`end` has one element for each dimension of `x`")
    def end_is_complete(self) -> bool:
        return same(self.end.count, self.x.rank)

    @constraint("C3", "`stride` has one element for each dimension of `x`")
    def stride_is_complete(self) -> bool:
        return self.stride is None or same(self.stride.count, self.x.rank)

    @constraint("C4", "`begin_mask` has one element for each dimension of `x`")
    def begin_mask_is_complete(self) -> bool:
        return self.begin_mask is None or same(self.begin_mask.count, self.x.rank)

    @constraint("C5", "`end_mask` has one element for each dimension of `x`")
    def end_mask_is_complete(self) -> bool:
        return self.end_mask is None or same(self.end_mask.count, self.x.rank)

    @constraint("C6", "`squeeze_mask` has one element for each dimension of `x`")
    def squeeze_mask_is_complete(self) -> bool:
        return self.squeeze_mask is None or same(self.squeeze_mask.count, self.x.rank)

    @constraint("C7", "`stride` is 0 nowhere but where `squeeze_mask` is true")
    def stride_moves(self) -> bool:
        return all(part.is_index or part.stride for part in self.slices or ())

    @constraint(
        "C8",
        "`begin` is not behind `end` in the direction of `stride`, if both count from one edge",
    )
    def slices_follow_stride(self) -> bool | str:
        # What is computed may give an empty slice.
        parts = self.slices if self.x.held is None else None
        for axis, part in enumerate(parts or ()):
            if part.is_contradictory:
                way = f"from {part.begin} to {part.end} in steps of {part.stride}"
                return f"dimension {axis} goes {way}"
        return True

    @property
    def slices(self) -> list[Slice] | None:
        """What is taken along each dimension; None if a constant that says so is not known."""
        if self.x.held is not None:
            return self._sliced()
        if self._slices is None:
            self._slices = (self._sliced(),)
        return self._slices[0]

    def _sliced(self) -> list[Slice] | None:
        rank = self.x.rank
        constants = [
            (1,) * rank if self.stride is None else self.stride.value,
            *(
                (False,) * rank if mask is None else mask.value
                for mask in (self.begin_mask, self.end_mask, self.squeeze_mask)
            ),
        ]
        if None in constants:
            return None
        # As in coremltools, a `begin` or `end` that is known in part counts as unknown.
        begin, end = self.begin.value or (None,) * rank, self.end.value or (None,) * rank
        return [Slice(*part) for part in zip(self.x.shape, begin, end, *constants, strict=True)]

    def taken(self) -> tuple[int | None, ...] | None:
        """The shape of the slice; None if not even its rank is known."""
        slices = self.slices
        if slices is None:
            return None
        return tuple(part.length for part in slices if not part.is_index)

    def offsets(self) -> list[list[int]] | None:
        """Where the places of the slice along each dimension lie; None if they are not known."""
        if self.x.count is None or self.begin.value is None or self.end.value is None:
            return None
        steps = strides([dim or 0 for dim in self.x.shape])
        offsets = []
        for part, step in zip(self.slices or (), steps, strict=False):
            places = part.places
            if places is None:
                return None
            offsets.append([at * step for at in places])
        return offsets if len(offsets) == self.x.rank else None

    def selection(self, shape: Sequence[int | None]) -> tuple[slice | int, ...]:
        """What numpy takes to take a slice of a shape. Raises EvaluationError if `x` has none."""
        selected: list[slice | int] = []
        dims = iter(shape)
        for axis, part in enumerate(self.slices or ()):
            found = part.selection(None if part.is_index else next(dims, None))
            if found is None:
                where = f"`begin` is {part.begin} in dimension {axis}"
                raise EvaluationError(f"{where}, which has {part.dim} places")
            selected.append(found)
        return tuple(selected)


class SliceByIndex(Slicing):
    """Take a part of a tensor: `x[begin[0]:end[0]:stride[0], begin[1]:end[1]:stride[1], …]`.

    Numbers below 0 count from the end of the dimension; an `end` beyond it counts as the edge. With
    a negative stride, the slice runs from `begin` down to the place behind `end`. If all dimensions
    are dropped the result is a scalar.

    ```mil
    func main<ios15>(tensor<fp32, [4, 5, 6]> x) {
        tensor<fp32, [2, 6]> y = slice_by_index(
            x = x, begin = tensor<int32, [3]>([1, 2, 0]), end = tensor<int32, [3]>([3, 0, 0]),
            stride = tensor<int32, [3]>([1, 1, 1]),
            begin_mask = tensor<bool, [3]>([false, false, true]),
            end_mask = tensor<bool, [3]>([false, false, true]),
            squeeze_mask = tensor<bool, [3]>([false, true, false]));
    } -> (y);
    ```
    """

    name = "slice_by_index"
    since = "ios15"
    y = Out("the slice, without the dimensions that `squeeze_mask` drops")

    def forwarded(self) -> Bound | None:
        """A slice as long as `x` takes all of it, if it does not run backwards."""
        slices = self.slices
        is_forward = slices is not None and all(s.stride > 0 or s.dim == 1 for s in slices)
        return self.x if is_forward else None

    def moved(self, order: Order) -> Moved | None:
        slices = self.slices
        if slices is None or self.begin.value is None or self.end.value is None:
            return None
        names = ("begin", "end", "stride", "begin_mask", "end_mask", "squeeze_mask")
        given = {n: b.value for n in names if (b := getattr(self, n)) is not None}
        left = ranked(p for p, part in zip(order, slices, strict=True) if not part.is_index)
        return Moved({n: moved_row(row, order) for n, row in given.items()}, (left,))

    def infer(self) -> TensorType:
        return TensorType(self.x.element, self.taken())

    def fold(self) -> Known | None:
        elements = self.x.symbols
        offsets = self.offsets() if elements is not None else None
        if elements is None or offsets is None:
            return None
        return picked(elements, offsets)

    def evaluate(self) -> Array:
        # What was declared holds where coremltools counts otherwise: of a dimension of length 1.
        declared = self.context.type_of(self.op.results[0])
        found: Array = self.x.array[self.selection(getattr(declared, "shape", None) or ())]
        return found


class SliceByIndex17(SliceByIndex):
    """`x` may also hold integers of 8 and 16 bits, the indices those with a sign."""

    since = "ios17"
    instead = "`cast` to int32, and back behind the op, and indices of int32"
    T = Domain(FP16, FP32, INT8, INT16, INT32, UINT8, UINT16, BOOL)
    U = Domain(INT8, INT16, INT32)


class SliceUpdate(Slicing):
    """Replace a part of a tensor: `x` with `x[begin[0]:end[0]:stride[0], …] = update`.

    The arguments name the part as those of `slice_by_index` do.

    ```mil
    func main<ios18>(tensor<fp32, [4, 6]> x, tensor<fp32, [2, 6]> update) {
        tensor<fp32, [4, 6]> y = slice_update(
            x = x, update = update, begin = tensor<int32, [2]>([1, 0]),
            end = tensor<int32, [2]>([3, 6]), stride = tensor<int32, [2]>([1, 1]),
            begin_mask = tensor<bool, [2]>([false, false]),
            end_mask = tensor<bool, [2]>([false, false]),
            squeeze_mask = tensor<bool, [2]>([false, false]));
    } -> (y);
    ```
    """

    name = "slice_update"
    since = "ios18"
    instead = "`scatter_nd`, or a `concat` of what is kept and what is new"
    T = Domain(FP16, FP32, INT8, INT16, INT32, UINT8, UINT16, BOOL)
    U = Domain(INT8, INT16, INT32)
    update = In(T, "what replaces the slice, of its shape")
    y = Out("`x` with the slice replaced", like="x")

    @constraint("C9", "`update` has at least one dimension")
    def update_has_dimensions(self) -> bool:
        return self.update.rank > 0

    @constraint("C10", "`update` has the shape of the slice of `x`")
    def update_fits(self) -> bool | str:
        taken = self.taken()
        if taken is None or same_shape(self.update.shape, taken):
            return True
        return f"that is {list(taken)!r}".replace("None", "?")

    def fold(self) -> Elements | None:
        elements, update = self.x.elements, self.update.elements
        offsets = self.offsets() if elements is not None else None
        if elements is None or update is None or offsets is None:
            return None
        places = picked(range(len(elements)), offsets)
        if len(places) != len(update):
            return None
        replaced = dict(zip(places, update, strict=True))
        return tuple([replaced.get(at, each) for at, each in enumerate(elements)])

    def evaluate(self) -> Array:
        made: Array = self.x.array.copy()
        made[self.selection(self.update.array.shape)] = self.update.array
        return made


class SliceBySize(OpDef):
    """Take a part of a tensor: in each dimension `size` places from `begin` on.

    A `size` of -1 takes all places from `begin` on.

    ```mil
    func main<ios15>(tensor<fp32, [4, 5]> x) {
        tensor<fp32, [2, 4]> y = slice_by_size(
            x = x, begin = tensor<int32, [2]>([0, 1]), size = tensor<int32, [2]>([2, -1]));
    } -> (y);
    ```
    """

    name = "slice_by_size"
    since = "ios15"
    forwards = "x"
    T = Domain(FP16, FP32, INT32, BOOL)
    U = Domain(INT32)
    x = In(T, "the tensor, of any shape")
    begin = In(U, "the first place in each dimension: [rank of `x`]", rank=1)
    size = In(U, "the number of places in each dimension, or -1: [rank of `x`]", rank=1)
    y = Out("the slice, of the shape `size`")

    @constraint("C1", "`begin` has one element for each dimension of `x`")
    def begin_is_complete(self) -> bool:
        return same(self.begin.count, self.x.rank)

    @constraint("C2", "`size` has one element for each dimension of `x`")
    def size_is_complete(self) -> bool:
        return same(self.size.count, self.x.rank)

    @constraint("C3", "`size` holds lengths and -1 only")
    def sizes_are_positive(self) -> bool:
        return all(size is None or size >= -1 for size in self.size.elements or ())

    @constraint("C4", "`begin` lies in `x` or at its end where `size` is -1")
    def rest_is_there(self) -> bool | str:
        for axis, dim in enumerate(self.dims()):
            if dim is not None and dim < 0:
                return f"dimension {axis} has {self.x.shape[axis]} places"
        return True

    def dims(self) -> tuple[int | None, ...]:
        """The dimensions of the result."""
        unknown = (None,) * self.x.rank
        begin, size = self.begin.elements or unknown, self.size.elements or unknown
        return tuple(map(self.dim, self.x.shape, begin, size))

    @staticmethod
    def dim(dim: int | None, begin: int | None, size: int | None) -> int | None:
        """A dimension of the result: `size`, or what is left of the dimension behind `begin`."""
        if size != -1:
            return size
        return None if dim is None or begin is None else dim - begin

    def moved(self, order: Order) -> Moved | None:
        begin, size = self.begin.value, self.size.value
        if begin is None or size is None:
            return None
        args = {"begin": moved_row(begin, order), "size": moved_row(size, order)}
        return Moved(args, (order,))

    def infer(self) -> TensorType:
        return self.x.with_shape(*self.dims())

    def fold(self) -> Elements | None:
        elements, begin, size = whole(self.x), self.begin.value, self.size.value
        shape = [dim for dim in self.x.shape if dim is not None]
        if elements is None or begin is None or size is None or len(shape) != len(begin):
            return None
        firsts = [
            first + dim if first < 0 else first for first, dim in zip(begin, shape, strict=True)
        ]
        counts = [count or 0 for count in self.dims()]
        ends = zip(firsts, counts, shape, strict=True)
        if not all(first >= 0 and first + count <= dim for first, count, dim in ends):
            return None
        parts = zip(firsts, counts, strides(shape), strict=True)
        return picked(
            elements,
            [[at * step for at in range(first, first + count)] for first, count, step in parts],
        )

    def evaluate(self) -> Array:
        x = self.x.array
        parts = zip(self.begin.value, self.dims(), x.shape, strict=True)
        selected = []
        for axis, (begin, count, dim) in enumerate(parts):
            first = begin + dim if begin < 0 else begin
            if count is None or first < 0 or first + count > dim:
                where = f"`begin` is {begin} and `size` {self.size.value[axis]}"
                raise EvaluationError(f"{where} in dimension {axis}, which has {dim} places")
            selected.append(slice(first, first + count))
        return x[tuple(selected)]


class SliceBySize17(SliceBySize):
    """`x` may also hold integers of 8 and 16 bits, the indices those with a sign."""

    since = "ios17"
    instead = "`cast` to int32, and back behind the op, and indices of int32"
    T = Domain(FP16, FP32, INT8, INT16, INT32, UINT8, UINT16, BOOL)
    U = Domain(INT8, INT16, INT32)


class SlidingWindows(OpDef):
    """Take all windows of one length along a dimension.

    `axis` becomes the dimension that counts the windows, and the one behind it lies along a window.
    Window i begins at place `i * stride`.

    ```mil
    func main<ios15>(tensor<fp32, [2, 7]> x) {
        tensor<fp32, [2, 3, 3]> y = sliding_windows(
            x = x, axis = int32(1), size = int32(3), stride = int32(2));
    } -> (y);
    ```
    """

    name = "sliding_windows"
    since = "ios15"
    T = Domain(FP16, FP32, INT32)
    x = In(T, "the tensor, of any shape")
    axis = Const(INT32, "the dimension of `x` along which the windows lie", rank=0)
    size = Const(INT32, "the length of a window", rank=0)
    stride = Const(INT32, "from the start of a window to that of the next", rank=0, default=1)
    y = Out("the windows: […, floor((D - `size`) / `stride`) + 1, `size`, …] for a length D")

    @constraint("C1", "`axis` is a dimension of `x`")
    def axis_in_range(self) -> bool:
        return is_axis(self.axis, self.x)

    @constraint("C2", "`size` is not negative")
    def size_is_length(self) -> bool:
        return (self.size.value or 0) >= 0

    @constraint("C3", "`stride` is at least 1")
    def stride_moves(self) -> bool:
        return self.stride.value is None or self.stride.value >= 1

    @constraint("C4", "`size` exceeds the dimension `axis` of `x` by `stride` at most")
    def windows_fit(self) -> bool:
        return (self.windows() or 0) >= 0

    def windows(self) -> int | None:
        """The number of windows."""
        axis, size, stride = self.axis.value, self.size.value, self.stride.value
        dim = None if axis is None else self.x.shape[axis]
        if dim is None or size is None or stride is None:
            return None
        return int((dim - size) // stride + 1)

    def infer(self) -> TensorType:
        axis, dims = self.axis.value, list(self.x.shape)
        if axis is None:
            return self.x.with_shape(*dims, None)
        axis = self.x.axis(axis)
        dims[axis : axis + 1] = [self.windows(), self.size.value]
        return self.x.with_shape(*dims)

    def evaluate(self) -> Array:
        x, axis, size = self.x.array, self.x.axis(self.axis.value), self.size.value
        if not self.windows():
            return np.empty(self.infer().shape, x.dtype)  # type: ignore[arg-type]  # all known
        windows = np.lib.stride_tricks.sliding_window_view(x, size, axis)
        chosen = (slice(None),) * axis + (slice(None, None, self.stride.value),)
        return np.moveaxis(windows[chosen], -1, axis + 1)


class SlidingWindows17(SlidingWindows):
    """`x` may also hold truth values and integers of 8 and 16 bits."""

    since = "ios17"
    instead = "`cast` to int32 or fp32, and back behind the op"
    T = Domain(FP16, FP32, INT8, INT16, INT32, UINT8, UINT16, BOOL)
