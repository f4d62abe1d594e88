"""Ops that read a tensor at places which another tensor lists.

Facts: coremltools 9.0, `ops/defs/iOS15/scatter_gather.py`, `iOS16/scatter_gather.py`,
`iOS17/scatter_gather.py`.
"""

from __future__ import annotations

from math import prod

from milc.ir.nodes import Value
from milc.ir.types import BOOL, FP16, FP32, INT8, INT16, INT32, UINT8, UINT16, TensorType
from milc.kernels import Array, indexing, np
from milc.schema import (
    Bound,
    Const,
    Domain,
    Elements,
    EvaluationError,
    In,
    Known,
    OpDef,
    Out,
    constraint,
)
from milc.schema.bound import FOLDED
from milc.schema.rules import is_axis, same, total


class Gather(OpDef):
    """The slices of `x` along one axis that `indices` lists, in the shape of `indices`.

    `z[p…, i…, q…] = x[p…, indices[i…], q…]`, where `p…` are the dimensions before the axis and
    `q…` those behind it. The shape of `indices` stands in place of dimension `axis` of `x`; a
    scalar index takes that dimension away. For an index out of bounds there is no answer.

    ```mil
    func main<ios15>(tensor<fp32, [5, 4]> x, tensor<int32, [3]> indices) {
        tensor<fp32, [5, 3]> z = gather(x = x, indices = indices, axis = int32(1));
    } -> (z);
    ```
    """

    name = "gather"
    since = "ios15"

    T = Domain(FP16, FP32, INT32)
    x = In(T, "what is read, of any shape but a scalar's")
    indices = In(
        INT32, "the places along the axis, of any shape; a negative one counts from the end"
    )
    axis = Const(INT32, "the dimension of `x` that is indexed", rank=0, default=0)
    z = Out("the slices; dimension `axis` of `x` is replaced by the dimensions of `indices`")

    @constraint("C1", "`axis` is a dimension of `x`, from -rank to rank - 1")
    def axis_exists(self) -> bool:
        return is_axis(self.axis, self.x)

    # Of an `x` that is computed coremltools lets every index pass.
    @constraint(
        "C2",
        "`indices` lie in dimension `axis` of `x`, from -size to size - 1, where both are constant",
    )
    def indices_lie_in_x(self) -> bool | str | None:
        return lie_along(self.axis, self.x, self.indices) if is_held(self.x) else None

    def batches(self) -> int | None:
        """The number of leading dimensions that `x` and `indices` share."""
        return 0

    def indexed(self) -> tuple[int | None, ...] | None:
        return None if self.axis.value is None else (self.x.shape[self.axis.value],)

    def infer(self) -> TensorType:
        batches = self.batches()
        if batches is None:
            return TensorType(self.x.element, None)
        inner = self.indices.shape[batches:]
        if self.axis.value is None:
            return self.x.with_shape(*[None] * (self.x.rank - 1 + len(inner)))
        axis = self.x.axis(self.axis.value)
        return self.x.with_shape(*self.x.shape[:axis], *inner, *self.x.shape[axis + 1 :])

    def fold(self) -> Known | None:
        batches, axis = self.batches(), self.axis.value
        if batches is None or axis is None:
            return None
        return _gathered(self.x, self.indices, self.x.axis(axis), batches)

    def evaluate(self) -> Array:
        x, axis = self.x.array, self.x.axis(self.axis.value)
        batches = shared(self.x, self.indices, self.batches() or 0)
        if batches > axis:
            raise EvaluationError(f"`axis` is {axis}, one of the {batches} shared dimensions")
        places, lost = settled(self, self.indices.array, x.shape[axis])
        found = indexing.gathered(x, places, axis, batches)
        if lost is not None:
            behind = (1,) * (x.ndim - axis - 1)
            around = lost.shape[:batches] + (1,) * (axis - batches) + lost.shape[batches:]
            return np.where(lost.reshape(around + behind), found.dtype.type(0), found)
        return found


class Gather16(Gather):
    """`indices` may be of 16 bits, and `batch_dims` leading dimensions may be shared.

    With `batch_dims = 1`, `z[b, p…, i…, q…] = x[b, p…, indices[b, i…], q…]`. A negative number of
    batch dimensions counts from the rank of `indices`.

    ```mil
    func main<ios16>(tensor<fp32, [2, 5, 4]> x, tensor<int16, [2, 3]> indices) {
        tensor<fp32, [2, 3, 4]> z = gather(
            x = x, indices = indices, axis = int32(1), batch_dims = int32(1));
    } -> (z);
    ```
    """

    since = "ios16"
    instead = (
        "indices of int32, and `batch_dims` left out: gather_nd over computed indices does the same"
    )

    I = Domain(INT32, UINT16, INT16)  # noqa: E741  # the domain's name in coremltools
    indices = In(I, "the places along the axis, of any shape; a negative one counts from the end")
    batch_dims = Const(
        INT32, "the number of leading dimensions that are shared", rank=0, default=0, spared=True
    )
    z = Out(
        "the slices; dimension `axis` of `x` is replaced by the dimensions of `indices` behind the"
        " shared ones"
    )

    @constraint("C3", "`batch_dims` is below the rank of `x`, and at most the rank of `indices`")
    def batches_exist(self) -> bool:
        batches = self.batch_dims.value
        return batches is None or (batches < self.x.rank and batches <= self.indices.rank)

    def batches(self) -> int | None:
        found: int | None = self.batch_dims.value
        return found


class Gather17(Gather16):
    """`x` and `indices` may be of 8 or 16 bits; negative indices are out of bounds now.

    To indices that may be negative add the length of the dimension first, with `select`. With
    `validate_indices`, an index out of bounds is an error; without, nothing looks at them, and what
    is read for such an index is undefined, if memory safe: here, as before, from the end if it is
    negative and a place then, else 0, as Apple's MPSGraph reads along an axis.

    ```mil
    func main<ios17>(tensor<int8, [5, 4]> x, tensor<uint8, [3]> indices) {
        tensor<int8, [3, 4]> z = gather(
            x = x, indices = indices, axis = int32(0), batch_dims = int32(0),
            validate_indices = bool(false));
    } -> (z);
    ```
    """

    since = "ios17"
    instead = (
        "`validate_indices` left out, indices that are not negative, and int32 for narrower"
        " integers"
    )

    T = Domain(FP16, FP32, INT32, INT16, UINT16, INT8, UINT8)
    I = Domain(INT32, INT16, UINT16, INT8, UINT8)  # noqa: E741
    indices = In(I, "the places along the axis, of any shape, from 0 on")
    validate_indices = Const(
        BOOL, "whether an index out of bounds is an error", rank=0, default=False
    )

    @constraint(
        "C2",
        "`indices` lie in dimension `axis` of `x`, from 0 to size - 1 if `validate_indices` is"
        " true, else from -size on where both are constant",
    )
    def indices_lie_in_x(self) -> bool | str | None:
        if self.validate_indices.value:
            return lie_along(self.axis, self.x, self.indices, negative=False)
        return lie_along(self.axis, self.x, self.indices) if is_held(self.x) else None


class GatherAlongAxis(OpDef):
    """The elements of `x` at the places that `indices` lists along one axis, line by line.

    `z[p…, i, q…] = x[p…, indices[p…, i, q…], q…]`, where `p…` are the dimensions before the axis
    and `q…` those behind it.

    ```mil
    func main<ios15>(tensor<fp32, [2, 5]> x, tensor<int32, [2, 3]> indices) {
        tensor<fp32, [2, 3]> z = gather_along_axis(x = x, indices = indices, axis = int32(1));
    } -> (z);
    ```
    """

    name = "gather_along_axis"
    since = "ios15"

    T = Domain(FP16, FP32, INT32)
    x = In(T, "what is read, of any shape but a scalar's")
    indices = In(
        INT32,
        "the places along the axis, of the shape of `x` but for dimension `axis`; a negative one"
        " counts from the end",
    )
    axis = Const(INT32, "the dimension of `x` that is indexed", rank=0, default=0)
    z = Out("the elements, of the shape of `indices`")

    @constraint("C1", "`indices` has the rank of `x`")
    def ranks_agree(self) -> bool:
        return self.x.rank == self.indices.rank

    @constraint("C2", "`axis` is a dimension of `x`, from -rank to rank - 1")
    def axis_exists(self) -> bool:
        return is_axis(self.axis, self.x)

    @constraint("C3", "`indices` and `x` have the same dimensions but for dimension `axis`")
    def shapes_agree(self) -> bool | None:
        if self.axis.value is None:
            return None
        skipped = self.x.axis(self.axis.value)
        dims = enumerate(zip(self.x.shape, self.indices.shape, strict=True))
        return all(at == skipped or same(one, other) for at, (one, other) in dims)

    @constraint(
        "C4",
        "`indices` lie in dimension `axis` of `x`, from -size to size - 1, where both are constant",
    )
    def indices_lie_in_x(self) -> bool | str | None:
        return lie_along(self.axis, self.x, self.indices) if is_held(self.x) else None

    def indexed(self) -> tuple[int | None, ...] | None:
        return None if self.axis.value is None else (self.x.shape[self.axis.value],)

    def infer(self) -> TensorType:
        return self.indices.with_element(self.x.element)

    def fold(self) -> Elements | None:
        axis, elements, places = self.axis.value, self.x.elements, self.indices.elements
        if axis is None or self.x.count is None or self.indices.count is None:
            return None
        if not elements or not places or None in elements + places:
            return None
        axis = self.x.axis(axis)
        size, length = self.x.shape[axis], self.indices.shape[axis]
        behind = total(self.indices.shape[axis + 1 :])
        if not (size and length and behind):
            return None
        starts = [
            at // (length * behind) * size * behind + at % behind for at in range(len(places))
        ]
        return tuple(
            [elements[s + place % size * behind] for s, place in zip(starts, places, strict=True)]
        )

    def evaluate(self) -> Array:
        axis = self.x.axis(self.axis.value)
        places, lost = settled(self, self.indices.array, self.x.shape[axis] or 0)
        found = np.take_along_axis(self.x.array, places, axis)
        if lost is not None:
            np.copyto(found, 0, where=lost)
        return found


class GatherAlongAxis16(GatherAlongAxis):
    """`indices` may be of 16 bits.

    ```mil
    func main<ios16>(tensor<fp32, [2, 5]> x, tensor<int16, [2, 3]> indices) {
        tensor<fp32, [2, 3]> z = gather_along_axis(x = x, indices = indices, axis = int32(1));
    } -> (z);
    ```
    """

    since = "ios16"
    instead = "indices of int32"

    I = Domain(INT32, UINT16, INT16)  # noqa: E741
    indices = In(
        I,
        "the places along the axis, of the shape of `x` but for dimension `axis`; a negative one"
        " counts from the end",
    )


class GatherAlongAxis17(GatherAlongAxis16):
    """`x` and `indices` may be of 8 or 16 bits; negative indices are out of bounds now.

    To indices that may be negative add the length of the dimension first, with `select`. With
    `validate_indices`, an index out of bounds is an error; without, nothing looks at them, and what
    is read for such an index is undefined, if memory safe: here, as before, from the end if it is
    negative and a place then, else 0, as Apple's MPSGraph reads along an axis.

    ```mil
    func main<ios17>(tensor<int8, [2, 5]> x, tensor<uint8, [2, 3]> indices) {
        tensor<int8, [2, 3]> z = gather_along_axis(
            x = x, indices = indices, axis = int32(1), validate_indices = bool(false));
    } -> (z);
    ```
    """

    since = "ios17"
    instead = (
        "`validate_indices` left out, indices that are not negative, and int32 for narrower"
        " integers"
    )

    T = Domain(FP16, FP32, INT32, INT16, UINT16, INT8, UINT8)
    I = Domain(INT32, INT16, UINT16, INT8, UINT8)  # noqa: E741
    indices = In(
        I,
        "the places along the axis, of the shape of `x` but for dimension `axis`, from 0 on",
    )
    validate_indices = Const(
        BOOL, "whether an index out of bounds is an error", rank=0, default=False
    )

    @constraint(
        "C4",
        "`indices` lie in dimension `axis` of `x`, from 0 to size - 1 if `validate_indices` is"
        " true, else from -size on where both are constant",
    )
    def indices_lie_in_x(self) -> bool | str | None:
        if self.validate_indices.value:
            return lie_along(self.axis, self.x, self.indices, negative=False)
        return lie_along(self.axis, self.x, self.indices) if is_held(self.x) else None


class GatherNd(OpDef):
    """The slices of `x` whose places are the rows of `indices`.

    The last dimension of `indices`, of n numbers, holds places in the first n dimensions of `x`:
    `z[i…, q…] = x[indices[i…, 0], …, indices[i…, n - 1], q…]`.

    ```mil
    func main<ios15>(tensor<fp32, [5, 4, 3]> x, tensor<int32, [7, 2]> indices) {
        tensor<fp32, [7, 3]> z = gather_nd(x = x, indices = indices);
    } -> (z);
    ```
    """

    name = "gather_nd"
    since = "ios15"

    T = Domain(FP16, FP32, INT32)
    x = In(T, "what is read, of any shape")
    indices = In(INT32, "the places, [*I, n], each row one; negative numbers count from the end")
    z = Out(
        "the slices, of the shape of `indices` without its last dimension, and the dimensions of"
        " `x` that are not indexed"
    )

    @constraint("C1", "`indices` has at least one dimension")
    def indices_have_rows(self) -> bool:
        return self.indices.rank > 0

    @constraint("C2", "`indices` has a last dimension of at most the rank of `x`")
    def rows_fit(self) -> bool | None:
        return rows_fit(self.indices, self.x.rank)

    def infer(self) -> TensorType:
        return self.sliced(0)

    def sliced(self, batches: int | None) -> TensorType:
        """The type of the result, if so many dimensions are shared."""
        depth = self.indices.shape[-1]
        if depth is None or batches is None:
            return TensorType(self.x.element, None)
        return self.x.with_shape(*self.indices.shape[:-1], *self.x.shape[batches + depth :])

    def batches(self) -> int:
        """The number of leading dimensions that `x` and the rows share."""
        return 0

    def indexed(self) -> tuple[int | None, ...] | None:
        batches, depth = self.batches(), self.indices.shape[-1]
        return None if depth is None or batches < 0 else self.x.shape[batches : batches + depth]

    def evaluate(self) -> Array:
        x, rows = self.x.array, self.indices.array
        batches = shared(self.x, self.indices, self.batches())
        dims = batches + rows.shape[-1]
        rows, lost = settled(self, rows, np.array(x.shape[batches:dims], np.int64))
        found = indexing.lines(x, dims)[indexing.line_places(rows, x.shape, batches)]
        if lost is not None:
            found[lost.any(-1)] = 0
        return found.reshape(rows.shape[:-1] + x.shape[dims:])


class GatherNd16(GatherNd):
    """`indices` may be of 16 bits, and `batch_dims` leading dimensions may be shared.

    With `batch_dims = 1`, the numbers in a row of `indices` are places in the dimensions of `x`
    from the second on: `z[b, i…, q…] = x[b, indices[b, i…, 0], …, indices[b, i…, n - 1], q…]`.

    ```mil
    func main<ios16>(tensor<fp32, [2, 5, 4, 3]> x, tensor<int16, [2, 7, 2]> indices) {
        tensor<fp32, [2, 7, 3]> z = gather_nd(x = x, indices = indices, batch_dims = int32(1));
    } -> (z);
    ```
    """

    since = "ios16"
    instead = "indices of int32 that also name the leading places, in place of `batch_dims`"

    I = Domain(INT32, UINT16, INT16)  # noqa: E741
    indices = In(I, "the places, [*I, n], each row one; negative numbers count from the end")
    batch_dims = Const(
        INT32, "the number of leading dimensions that are shared", rank=0, default=0, spared=True
    )

    @constraint(
        "C2",
        "`indices` has a last dimension which, together with `batch_dims`, is at most the rank of"
        " `x`",
    )
    def rows_fit(self) -> bool | None:
        batches = self.batch_dims.value
        return None if batches is None else rows_fit(self.indices, self.x.rank - batches)

    def batches(self) -> int:
        return int(self.batch_dims.value)

    def infer(self) -> TensorType:
        return self.sliced(self.batch_dims.value)


class GatherNd17(GatherNd16):
    """`x` and `indices` may be of 8 or 16 bits; negative indices are out of bounds now.

    To indices that may be negative add the length of the dimension first, with `select`. With
    `validate_indices`, an index out of bounds is an error; without, nothing looks at them, and what
    is read for such an index is undefined, if memory safe: here, as before, from the end if it is
    negative and a place then, else 0, as Apple's MPSGraph reads along an axis.

    ```mil
    func main<ios17>(tensor<int8, [5, 4, 3]> x, tensor<uint8, [7, 2]> indices) {
        tensor<int8, [7, 3]> z = gather_nd(
            x = x, indices = indices, batch_dims = int32(0), validate_indices = bool(false));
    } -> (z);
    ```
    """

    since = "ios17"
    instead = (
        "`validate_indices` left out, indices that are not negative, and int32 for narrower"
        " integers"
    )

    T = Domain(FP16, FP32, INT32, INT16, UINT16, INT8, UINT8)
    I = Domain(INT32, INT16, UINT16, INT8, UINT8)  # noqa: E741
    indices = In(I, "the places, [*I, n], each row one, of numbers from 0 on")
    validate_indices = Const(
        BOOL, "whether an index out of bounds is an error", rank=0, default=False
    )

    @constraint(
        "C3",
        "`indices` lie in the dimensions of `x` behind the first `batch_dims`, from 0 to size - 1,"
        " if `validate_indices` is true",
    )
    def indices_lie_in_x(self) -> bool | str | None:
        batches = self.batch_dims.value
        if not self.validate_indices.value or batches is None or batches < 0:
            return None
        return rows_lie_in(self.x.shape[batches:], self.indices)


def settled(op: OpDef, listed: Array, sizes: int | Array) -> tuple[Array, Array | None]:
    """Indices as places from 0 on, and which lie outside their dimension; None if none does.

    Negative ones count from the end, those outside are 0. Raises EvaluationError for an index
    outside, unless `validate_indices` is there and false.
    """
    flag: Bound | None = getattr(op, "validate_indices", None)
    low = -sizes if flag is None or not flag.value else 0
    listed = listed.astype(np.int64)
    lost = (listed < low) | (listed >= sizes)
    if not lost.any():
        return np.where(listed < 0, listed + sizes, listed), None
    if flag is None or flag.value or not np.all(sizes):
        size = np.broadcast_to(sizes, listed.shape)[lost][0]
        raise EvaluationError(
            f"`indices` holds {listed[lost][0]}, no place in a dimension of {size}"
        )
    return np.where(lost, 0, np.where(listed < 0, listed + sizes, listed)), lost


def shared(x: Bound, indices: Bound, batches: int) -> int:
    """The number of leading dimensions shared, counted from 0. EvaluationError if they differ."""
    count = batches + indices.rank if batches < 0 else batches
    if count < 0 or x.shape[:count] != indices.shape[:count]:
        shapes = f"`x` has the shape {list(x.shape)}, `indices` {list(indices.shape)}"
        raise EvaluationError(f"`batch_dims` is {batches}, but {shapes}")
    return count


def is_held(operand: Bound) -> bool:
    """Whether coremltools knows elements of an operand before it runs, and computes with them."""
    held = operand.operand
    known = not isinstance(held, Value) or held.literal is not None
    return known or (operand.held is None and operand.elements is not None)


def rows_fit(indices: Bound, dims: int) -> bool | None:
    """Whether the rows of indices can be places in so many dimensions."""
    depth = indices.shape[-1]
    return None if depth is None else depth <= dims


def _listed(indices: Bound) -> tuple[int, ...] | None:
    """The indices in row-major order; None if unknown, or if `evaluate` is to look at them."""
    value = indices.value if indices.held is None else None
    return value if value is None or isinstance(value, tuple) else (value,)


def lie_along(
    axis: Bound, operand: Bound, indices: Bound, *, negative: bool = True
) -> bool | str | None:
    """Whether indices lie in one dimension of an operand, or which does not."""
    if axis.value is None:
        return None
    size, listed = operand.shape[axis.value], _listed(indices)
    return None if listed is None else _lie_in(listed, size, negative=negative)


def rows_lie_in(shape: tuple[int | None, ...], indices: Bound) -> bool | str | None:
    """Whether the rows of indices are places in the first dimensions of a shape."""
    depth, listed = indices.shape[-1], _listed(indices)
    if not depth or listed is None:
        return None
    for at, size in enumerate(shape[:depth]):
        found = _lie_in(listed[at::depth], size, negative=False)
        if isinstance(found, str):
            return found
    return True


def _lie_in(listed: tuple[int, ...], size: int | None, *, negative: bool) -> bool | str:
    """Whether indices lie in a dimension, or which does not."""
    if size is None or not listed:
        return True
    low = -size if negative else 0
    wrong = next((index for index in (min(listed), max(listed)) if not low <= index < size), None)
    return True if wrong is None else f"{wrong} is not from {low} to {size - 1}"


def _gathered(x: Bound, indices: Bound, axis: int, batches: int) -> Known | None:
    """What is known of the elements that `gather` gives, if some of `x` and all places are known.

    `axis` counts from 0 on. None if the number of elements is too large or not known.
    """
    elements, places = x.symbols, _listed(indices) if (indices.count or 0) <= FOLDED else None
    # The length of a vector of known elements is known, whatever it is declared to be.
    dims = x.shape if x.rank != 1 or elements is None else (len(elements),)
    if elements is None or places is None or not 0 <= batches <= axis or None in dims:
        return None
    size = dims[axis] or 0
    ahead, behind = prod(dims[:axis]), prod(dims[axis + 1 :])  # type: ignore[arg-type]  # known
    shared = prod(dims[:batches])  # type: ignore[arg-type]
    if not shared or len(places) % shared or ahead * len(places) // shared * behind > FOLDED:
        return None
    if not all(-size <= place < size for place in places):
        return None
    each = len(places) // shared
    starts = [
        (outer * size + place % size) * behind
        for outer in range(ahead)
        for place in places[outer * shared // ahead * each :][:each]
    ]
    return tuple([element for start in starts for element in elements[start : start + behind]])
