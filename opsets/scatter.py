"""Ops that write to a tensor at places which another tensor lists.

Facts: coremltools 9.0, `ops/defs/iOS15/scatter_gather.py`, `iOS17/scatter_gather.py`.
"""

from __future__ import annotations

from milc.ir.types import BOOL, FP16, FP32, INT32, STRING
from milc.kernels import Array, indexing, np
from milc.opsets.gather import is_held, lie_along, rows_fit, rows_lie_in, settled
from milc.schema import Bound, Choice, Const, Domain, In, OpDef, Out, constraint
from milc.schema.rules import Dims, is_axis, same_shape

MODES = Choice("update", "add", "sub", "mul", "div", "max", "min")
"""What scattering does with an element and its update."""


class Scatter(OpDef):
    """`data`, with `updates` written to, or combined with, the slices that `indices` lists.

    `z[p…, indices[i], q…] = f(data[p…, indices[i], q…], updates[p…, i, q…])`, where `p…` are the
    dimensions before the axis and `q…` those behind it; all else is as in `data`. `mode` is f:
    "update" takes the update, "add", "sub", "mul", "div", "max" and "min" combine the two: "sub"
    takes the update from what is there, "div" divides that by it, of integers cut off towards 0. In
    which order updates of one place are made is not documented: here in that of `updates`. Write
    `mode` out: by default it is "add", though coremltools' text says "update".

    ```mil
    func main<ios15>(
        tensor<fp32, [5, 4]> data, tensor<int32, [3]> indices, tensor<fp32, [3, 4]> updates
    ) {
        tensor<fp32, [5, 4]> z = scatter(
            data = data, indices = indices, updates = updates, axis = int32(0),
            mode = string("add"));
    } -> (z);
    ```
    """

    name = "scatter"
    since = "ios15"

    T = Domain(FP16, FP32, INT32)
    data = In(T, "what the updates are written to, of any shape but a scalar's")
    indices = In(INT32, "the places along the axis, [n]; a negative one counts from the end")
    updates = In(
        T, "what is written, of the shape of `data` with that of `indices` for dimension `axis`"
    )
    axis = Const(INT32, "the dimension of `data` that is indexed", rank=0, default=0)
    mode = Const(
        STRING, "how an update meets what is there, a scalar", choices=MODES, default="add"
    )
    z = Out("what comes of it, of the type of `data`", like="data")

    @constraint("C1", "`axis` is a dimension of `data`, from -rank to rank - 1")
    def axis_exists(self) -> bool:
        return is_axis(self.axis, self.data)

    @constraint(
        "C2",
        "`updates` has the shape of `data` with that of `indices` in place of dimension `axis`",
    )
    def updates_fit(self) -> bool | str | None:
        if self.axis.value is None:
            return None
        axis, dims = self.data.axis(self.axis.value), self.data.shape
        return _has_shape(self.updates, dims[:axis] + self.indices.shape + dims[axis + 1 :])

    def evaluate(self) -> Array:
        data, updates = _combined(self.mode, self.data, self.updates)
        axis = self.data.axis(self.axis.value)
        places, lost = settled(self, self.indices.array.ravel(), data.shape[axis])
        updates = updates.reshape(data.shape[:axis] + places.shape + data.shape[axis + 1 :])
        lines, updates = np.moveaxis(data, axis, 0), np.moveaxis(updates, axis, 0)
        made = _scattered(lines, places, updates, lost, self.mode)
        return np.moveaxis(made, 0, axis)


class Scatter17(Scatter):
    """Negative indices are out of bounds now.

    To indices that may be negative add the length of the dimension first, with `select`. With
    `validate_indices`, an index out of bounds is an error; without, nothing looks at them, and what
    such an update does is undefined, if memory safe: here it counts from the end, as before, if it
    is negative and a place then, and is left out else: the choice that writes nothing wrong.

    ```mil
    func main<ios17>(
        tensor<fp32, [5, 4]> data, tensor<int32, [3]> indices, tensor<fp32, [3, 4]> updates
    ) {
        tensor<fp32, [5, 4]> z = scatter(
            data = data, indices = indices, updates = updates, axis = int32(0),
            mode = string("update"), validate_indices = bool(false));
    } -> (z);
    ```
    """

    since = "ios17"
    instead = "`validate_indices` left out"

    indices = In(INT32, "the places along the axis, [n], from 0 on")
    validate_indices = Const(
        BOOL, "whether an index out of bounds is an error", rank=0, default=False
    )

    @constraint(
        "C3",
        "`indices` lie in dimension `axis` of `data`, from 0 to size - 1, if `validate_indices` is"
        " true",
    )
    def indices_lie_in_data(self) -> bool | str | None:
        if not self.validate_indices.value:
            return None
        return lie_along(self.axis, self.data, self.indices, negative=False)


class ScatterAlongAxis(OpDef):
    """`data`, with `updates` written to, or combined with, the elements that `indices` lists.

    `z[p…, indices[p…, i, q…], q…] = f(data[p…, indices[p…, i, q…], q…], updates[p…, i, q…])`,
    where `p…` are the dimensions before the axis and `q…` those behind it; all else is as in
    `data`. `mode` is f, as for `scatter`.

    ```mil
    func main<ios15>(
        tensor<fp32, [2, 5]> data, tensor<int32, [2, 3]> indices, tensor<fp32, [2, 3]> updates
    ) {
        tensor<fp32, [2, 5]> z = scatter_along_axis(
            data = data, indices = indices, updates = updates, axis = int32(1),
            mode = string("add"));
    } -> (z);
    ```
    """

    name = "scatter_along_axis"
    since = "ios15"

    T = Domain(FP16, FP32, INT32)
    data = In(T, "what the updates are written to, of any shape but a scalar's")
    indices = In(
        INT32,
        "the places along the axis, of the shape of `data` but for dimension `axis`; a negative"
        " one counts from the end",
    )
    updates = In(T, "what is written, of the shape of `indices`")
    axis = Const(INT32, "the dimension of `data` that is indexed", rank=0, default=0)
    mode = Const(
        STRING, "how an update meets what is there, a scalar", choices=MODES, default="add"
    )
    z = Out("what comes of it, of the type of `data`", like="data")

    @constraint("C1", "`axis` is a dimension of `data`, from -rank to rank - 1")
    def axis_exists(self) -> bool:
        return is_axis(self.axis, self.data)

    @constraint("C2", "`updates` has the shape of `indices`")
    def updates_fit(self) -> bool | str:
        return _has_shape(self.updates, self.indices.shape)

    @constraint("C3", "`indices` has the rank of `data`")
    def ranks_agree(self) -> bool:
        return self.data.rank == self.indices.rank

    # coremltools compares symbols here: one is never equal to a number.
    @constraint(
        "C4",
        "`indices` and `data` have the same dimensions but for dimension `axis`: both known or"
        " both unknown",
    )
    def shapes_agree(self) -> bool | None:
        if self.axis.value is None:
            return None
        skipped = self.data.axis(self.axis.value)
        dims = enumerate(zip(self.data.shape, self.indices.shape, strict=True))
        return all(at == skipped or one == other for at, (one, other) in dims)

    @constraint(
        "C5",
        "`indices` lie in dimension `axis` of `data`, from -size to size - 1, where `updates` and"
        " these are constant",
    )
    def indices_lie_in_data(self) -> bool | str | None:
        if not (is_held(self.data) and is_held(self.updates)):
            return None
        return lie_along(self.axis, self.data, self.indices)

    def evaluate(self) -> Array:
        data, updates = _combined(self.mode, self.data, self.updates)
        axis = self.data.axis(self.axis.value)
        places, lost = settled(self, self.indices.array, data.shape[axis])
        places = indexing.element_places(places, data.shape[axis], axis)
        return _scattered(data.ravel(), places, updates, lost, self.mode).reshape(data.shape)


class ScatterAlongAxis17(ScatterAlongAxis):
    """Negative indices are out of bounds now.

    To indices that may be negative add the length of the dimension first, with `select`. With
    `validate_indices`, an index out of bounds is an error; without, nothing looks at them, and what
    such an update does is undefined, if memory safe: here it counts from the end, as before, if it
    is negative and a place then, and is left out else: the choice that writes nothing wrong.

    ```mil
    func main<ios17>(
        tensor<fp32, [2, 5]> data, tensor<int32, [2, 3]> indices, tensor<fp32, [2, 3]> updates
    ) {
        tensor<fp32, [2, 5]> z = scatter_along_axis(
            data = data, indices = indices, updates = updates, axis = int32(1),
            mode = string("update"), validate_indices = bool(false));
    } -> (z);
    ```
    """

    since = "ios17"
    instead = "`validate_indices` left out"

    indices = In(
        INT32,
        "the places along the axis, of the shape of `data` but for dimension `axis`, from 0 on",
    )
    validate_indices = Const(
        BOOL, "whether an index out of bounds is an error", rank=0, default=False
    )

    @constraint(
        "C5",
        "`indices` lie in dimension `axis` of `data`, from 0 to size - 1 if `validate_indices` is"
        " true, else from -size on where `updates` and these are constant",
    )
    def indices_lie_in_data(self) -> bool | str | None:
        if self.validate_indices.value:
            return lie_along(self.axis, self.data, self.indices, negative=False)
        if not (is_held(self.data) and is_held(self.updates)):
            return None
        return lie_along(self.axis, self.data, self.indices)


class ScatterNd(OpDef):
    """`data`, with `updates` written to, or combined with, the slices at the rows of `indices`.

    The last dimension of `indices`, of n numbers, holds places in the first n dimensions of
    `data`. With `at = indices[i…, 0], …, indices[i…, n - 1]`, `z[at, q…] = f(data[at, q…],
    updates[i…, q…])`; all else is as in `data`. `mode` is f, as for `scatter`.

    ```mil
    func main<ios15>(
        tensor<fp32, [5, 4, 3]> data, tensor<int32, [7, 2]> indices, tensor<fp32, [7, 3]> updates
    ) {
        tensor<fp32, [5, 4, 3]> z = scatter_nd(
            data = data, indices = indices, updates = updates, mode = string("add"));
    } -> (z);
    ```
    """

    name = "scatter_nd"
    since = "ios15"

    T = Domain(FP16, FP32, INT32)
    data = In(T, "what the updates are written to, of any shape")
    indices = In(INT32, "the places, [*I, n], each row one; negative numbers count from the end")
    updates = In(
        T,
        "what is written, of the shape of `indices` without its last dimension, and the dimensions"
        " of `data` that are not indexed",
    )
    mode = Const(
        STRING, "how an update meets what is there, a scalar", choices=MODES, default="add"
    )
    z = Out("what comes of it, of the type of `data`", like="data")

    @constraint("C1", "`indices` has at least one dimension")
    def indices_have_rows(self) -> bool:
        return self.indices.rank > 0

    @constraint("C2", "`indices` has a last dimension of at most the rank of `data`")
    def rows_fit(self) -> bool | None:
        return rows_fit(self.indices, self.data.rank)

    @constraint(
        "C3",
        "`updates` has the shape of `indices` without its last dimension, and the dimensions of"
        " `data` that are not indexed",
    )
    def updates_fit(self) -> bool | str | None:
        depth = self.indices.shape[-1]
        if depth is None:
            return None
        return _has_shape(self.updates, self.indices.shape[:-1] + self.data.shape[depth:])

    def evaluate(self) -> Array:
        data, updates = _combined(self.mode, self.data, self.updates)
        rows = self.indices.array
        dims = rows.shape[-1]
        rows, astray = settled(self, rows, np.array(data.shape[:dims], np.int64))
        lost = None if astray is None else np.any(astray, -1)
        places = indexing.line_places(rows, data.shape, 0)
        lines, updates = indexing.lines(data, dims), indexing.lines(updates, rows.ndim - 1)
        return _scattered(lines, places, updates, lost, self.mode).reshape(data.shape)


class ScatterNd17(ScatterNd):
    """Negative indices are out of bounds now.

    To indices that may be negative add the length of the dimension first, with `select`. With
    `validate_indices`, an index out of bounds is an error; without, nothing looks at them, and what
    such an update does is undefined, if memory safe: here it counts from the end, as before, if it
    is negative and a place then, and is left out else: the choice that writes nothing wrong.

    ```mil
    func main<ios17>(
        tensor<fp32, [5, 4, 3]> data, tensor<int32, [7, 2]> indices, tensor<fp32, [7, 3]> updates
    ) {
        tensor<fp32, [5, 4, 3]> z = scatter_nd(
            data = data, indices = indices, updates = updates, mode = string("update"),
            validate_indices = bool(false));
    } -> (z);
    ```
    """

    since = "ios17"
    instead = "`validate_indices` left out"

    indices = In(INT32, "the places, [*I, n], each row one, of numbers from 0 on")
    validate_indices = Const(
        BOOL, "whether an index out of bounds is an error", rank=0, default=False
    )

    @constraint(
        "C4",
        "`indices` lie in the dimensions of `data`, from 0 to size - 1, if `validate_indices` is"
        " true",
    )
    def indices_lie_in_data(self) -> bool | str | None:
        if not self.validate_indices.value:
            return None
        return rows_lie_in(self.data.shape, self.indices)


def _has_shape(updates: Bound, wanted: Dims) -> bool | str:
    """Whether updates can have a shape."""
    if same_shape(updates.shape, wanted):
        return True
    return f"that is [{', '.join('?' if dim is None else str(dim) for dim in wanted)}]"


def _combined(mode: Bound, *operands: Bound) -> list[Array]:
    """Operands to compute with, or to move only."""
    return [each.array if mode.value == "update" else each.reals for each in operands]


def _scattered(
    data: Array, places: Array, updates: Array, lost: Array | None, mode: Bound
) -> Array:
    """What scattering makes of data; updates that are lost are left out."""
    places, updates = places.ravel(), updates.reshape(places.size, *data.shape[1:])
    if lost is not None:
        places, updates = places[~lost.ravel()], updates[~lost.ravel()]
    return indexing.scattered(data, places, updates, mode.value)
