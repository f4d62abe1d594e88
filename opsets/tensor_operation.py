"""Ops that look at a tensor as a whole: its shape, its non-zero elements, its edges.

Those that shapes are computed with fold. Facts: coremltools 9.0,
`ops/defs/iOS15/tensor_operation.py`.
"""

from __future__ import annotations

import math
from itertools import accumulate, product
from math import prod
from typing import Any

from milc.ir.types import BOOL, FP16, FP32, INT32, STRING, TensorType
from milc.kernels import Array, memory, np
from milc.schema import (
    Bound,
    Choice,
    Const,
    Domain,
    Elements,
    EvaluationError,
    In,
    Known,
    Moved,
    OpDef,
    Order,
    Out,
    constraint,
)
from milc.schema.bound import FOLDED
from milc.schema.orders import moved_row

COUNTED = 1 << 20
"""Of a constant of more elements it is not counted how many are not 0."""


class BandPart(OpDef):
    """Keep a band around the diagonal of each innermost matrix, and set all else to 0.

    `y[…, m, n]` is `x[…, m, n]` if `m - n <= lower` or `lower` is negative, and `n - m <= upper` or
    `upper` is negative; else 0. So `lower` 0 and `upper` -1 keep the upper triangle, -1 and 0 the
    lower one, 0 and 0 the diagonal.

    ```mil
    func main<ios15>(tensor<fp32, [2, 4, 4]> x) {
        tensor<fp32, [2, 4, 4]> y = band_part(x = x, lower = int32(0), upper = int32(-1));
    } -> (y);
    ```
    """

    name = "band_part"
    since = "ios15"

    T = Domain(FP16, FP32, INT32, BOOL)
    x = In(T, "the matrices, [*D, m, n]")
    lower = Const(INT32, "how many diagonals below are kept, all if negative", rank=0, default=-1)
    upper = Const(INT32, "how many diagonals above are kept, all if negative", rank=0, default=-1)
    y = Out("the band, of the shape of `x`", like="x")

    @constraint("C1", "`x` has at least two dimensions")
    def has_matrices(self) -> bool:
        return self.x.rank >= 2

    def forwarded(self) -> Bound | None:
        lower, upper = self.lower.value, self.upper.value
        keeps_all = lower is not None and upper is not None and lower < 0 and upper < 0
        return self.x if keeps_all else None

    def evaluate(self) -> Array:
        array, lower, upper = self.x.array, self.lower.value, self.upper.value
        rows, columns = (np.arange(count) for count in array.shape[-2:])
        below = rows[:, None] - columns
        is_kept = (lower < 0) | (below <= lower)
        is_kept &= (upper < 0) | (-below <= upper)
        return np.where(is_kept, array, np.zeros((), array.dtype))


class Cumsum(OpDef):
    """The sum of the elements up to each, along `axis`.

    `y[i] = x[0] + … + x[i]`; with `exclusive` without `x[i]` itself, so that the first is 0; with
    `reverse` summed from the other end.

    ```mil
    func main<ios15>(tensor<fp32, [2, 4]> x) {
        tensor<fp32, [2, 4]> y = cumsum(
            x = x, axis = int32(1), exclusive = bool(false), reverse = bool(false));
    } -> (y);
    ```
    """

    name = "cumsum"
    since = "ios15"

    T = Domain(FP16, FP32, INT32)
    x = In(T, "the numbers to sum, of any shape")
    axis = Const(INT32, "the dimension to sum along; -1 is the last", rank=0, default=0)
    exclusive = Const(
        BOOL, "whether each sum leaves out the element at its place", rank=0, default=False
    )
    reverse = Const(BOOL, "whether it is summed from the end", rank=0, default=False)
    y = Out("the sums, of the shape of `x`", like="x")

    @constraint("C1", "`axis` is -1 or a dimension of `x`")
    def axis_in_range(self) -> bool | None:
        axis = self.axis.value
        return None if axis is None else -1 <= axis < self.x.rank

    def moved(self, order: Order) -> Moved | None:
        axis = self.axis.value
        return None if axis is None else Moved({"axis": order[axis]}, (order,))

    def fold(self) -> Elements | None:
        known = self.x.elements
        if known is None or None in known or self.x.rank != 1 or not self.x.element.is_integer:
            return None
        step = -1 if self.reverse.value else 1
        sums = list(accumulate(known[::step], initial=0))
        return tuple((sums[:-1] if self.exclusive.value else sums[1:])[::step])

    def evaluate(self) -> Array:
        x = self.x.reals
        along = np.moveaxis(np.atleast_1d(x), self.axis.value, 0)
        along = along[::-1] if self.reverse.value else along
        sums = np.zeros_like(along)
        if self.exclusive.value:
            np.cumsum(along[:-1], axis=0, out=sums[1:])
        else:
            np.cumsum(along, axis=0, out=sums)
        sums = sums[::-1] if self.reverse.value else sums
        return np.moveaxis(sums, 0, self.axis.value).reshape(x.shape)


class Flatten2d(OpDef):
    """Make a matrix of a tensor: dimensions before `axis` become its rows, the others its columns.

    The shape of the result is `[x[0] * … * x[axis - 1], x[axis] * … * x[-1]]`, where a product of
    nothing is 1.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x) {
        tensor<fp32, [2, 12]> y = flatten2d(x = x, axis = int32(1));
    } -> (y);
    ```
    """

    name = "flatten2d"
    since = "ios15"
    reshapes = True
    forwards = "x"

    T = Domain(FP16, FP32, INT32, BOOL)
    x = In(T, "the tensor to flatten, of any shape")
    axis = Const(
        INT32, "the first dimension of the columns; negative from the end", rank=0, default=1
    )
    y = Out("the matrix")

    def infer(self) -> TensorType:
        axis = self.axis.value
        if axis is None:
            return self.x.with_shape(None, None)
        return self.x.with_shape(_product(self.x.shape[:axis]), _product(self.x.shape[axis:]))

    def fold(self) -> Elements | None:
        return self.x.elements

    def evaluate(self) -> Array:
        array, axis = self.x.array, self.axis.value
        return array.reshape(prod(array.shape[:axis]), prod(array.shape[axis:]))


class Identity(OpDef):
    """The operand itself, under another name.

    ```mil
    func main<ios15>(tensor<fp32, [2, ?]> x) {
        tensor<fp32, [2, ?]> y = identity(x = x);
    } -> (y);
    ```
    """

    name = "identity"
    since = "ios15"
    forwards = "x"

    x = In(None, "the tensor, list or dict", kind="tensor, list or dict")
    y = Out("the same", like="x")

    def moved(self, order: Order) -> Moved | None:
        return Moved({}, (order,))

    def fold(self) -> Known | None:
        return self.x.symbols

    def evaluate(self) -> Any:
        return self.x.held


class NonZero(OpDef):
    """The places of all elements that are not 0, in row-major order, a row each.

    How many there are is known only when the program runs, unless `x` is constant.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<int32, [?, 2]> y = non_zero(x = x);
    } -> (y);
    ```
    """

    name = "non_zero"
    since = "ios15"
    span = 0, math.inf

    T = Domain(FP16, FP32, INT32, BOOL)
    x = In(T, "the tensor to look through, of any shape")
    y = Out("the places: as many rows as there are, and a column for each dimension of `x`")

    def infer(self) -> TensorType:
        is_small = self.x.rank > 0 and (self.x.count or 0) <= COUNTED
        known = self.x.value if is_small else None
        found = None if known is None else sum(map(bool, known))
        return TensorType(INT32, (found, self.x.rank))

    def fold(self) -> Elements | None:
        known = self.x.elements
        if known is None or None in known or None in self.x.shape:
            return None
        places = product(*(range(dim or 0) for dim in self.x.shape))
        return tuple(i for place, e in zip(places, known, strict=True) if e for i in place)

    def evaluate(self) -> Array:
        return np.argwhere(self.x.array)


class Pad(OpDef):
    """Add elements at the ends of the last dimensions.

    `pad` has two elements for each of the last dimensions of `x`, how many are added in front and
    behind: [a, b, c, d] adds a and b to the last but one dimension, c and d to the last. By `mode`,
    what is added to a row 1 2 3 is

    - "constant": 0 0 | 1 2 3 | 0 0, with `constant_val` for 0;
    - "reflect": 3 2 | 1 2 3 | 2 1;
    - "replicate": 1 1 | 1 2 3 | 3 3, documented for no more than the length of the row.

    ```mil
    func main<ios15>(tensor<fp32, [1, 2, 6, 8]> x) {
        tensor<fp32, [1, 2, 6, 11]> y = pad(
            x = x, pad = tensor<int32, [2]>([1, 2]), mode = string("constant"),
            constant_val = fp32(0.0));
    } -> (y);
    ```
    """

    name = "pad"
    since = "ios15"
    forwards = "x"

    T = Domain(FP16, FP32)
    x = In(T, "the tensor to pad, of any shape")
    pad = In(
        INT32, "how many elements are added in front and behind, [2 * K] for K dimensions", rank=1
    )
    mode = Const(
        STRING,
        "which elements are added, a scalar",
        default="constant",
        choices=Choice("constant", "reflect", "replicate"),
    )
    constant_val = Const(T, 'what is added if `mode` is "constant", a scalar', default=0.0)
    y = Out("the padded tensor, of the rank of `x`")

    @constraint("C1", "`pad` has two elements for each dimension of `x` unless it is constant")
    def is_complete(self) -> bool | None:
        if self.pad.is_constant:
            return None
        known = self.pad.elements
        return (known is not None and None not in known) or self.pad.length == 2 * self.x.rank

    @constraint("C2", "`pad` has an even number of elements")
    def has_pairs(self) -> bool | None:
        length = self.pad.length
        return None if length is None else length % 2 == 0

    @constraint("C3", "`pad` has at most two elements for each dimension of `x`")
    def dims_are_there(self) -> bool | None:
        length = self.pad.length
        return None if length is None else length <= 2 * self.x.rank

    @constraint("C4", "`pad` has no negative element")
    def only_adds(self) -> bool | None:
        known = self.pad.elements
        return None if known is None else all(each is None or each >= 0 for each in known)

    @constraint(
        "C5", '`pad` adds less than the length of the dimension of `x` if `mode` is "reflect"'
    )
    def has_enough_to_mirror(self) -> bool | None:
        if self.mode.value != "reflect":
            return None
        return all(
            added is None or dim is None or added < dim
            for dim, *ends in zip(self.padded, *self.ends, strict=True)
            for added in ends
        )

    @property
    def padded(self) -> tuple[int | None, ...]:
        """The dimensions that are padded."""
        return self.x.shape[self.x.rank - len(self.ends[0]) :]

    @property
    def ends(self) -> tuple[Elements, Elements]:
        """How many elements are added in front of each, and how many behind; None if not known."""
        length = self.pad.length
        known = self.pad.elements or (None,) * (2 * self.x.rank if length is None else length)
        return known[::2], known[1::2]

    def moved(self, order: Order) -> Moved | None:
        """Other modes than "constant" are documented for the last two dimensions alone."""
        if self.pad.value is None:
            return None
        pairs = list(zip(*self.ends, strict=True))
        pairs = list(moved_row([(0, 0)] * (len(order) - len(pairs)) + pairs, order))
        while len(pairs) > 1 and pairs[0] == (0, 0):
            pairs.pop(0)
        is_plane = self.mode.value == "constant" or len(pairs) <= 2
        amounts = tuple([amount for pair in pairs for amount in pair])
        return Moved({"pad": amounts}, (order,)) if is_plane else None

    def infer(self) -> TensorType:
        ends = zip(self.padded, *self.ends, strict=True)
        dims = [None if None in each else sum(each) for each in ends]
        return self.x.with_shape(*self.x.shape[: self.x.rank - len(dims)], *dims)

    def evaluate(self) -> Array:
        array, mode = self.x.array, self.mode.value
        ends = list(zip(*self.ends, strict=True))
        widths = [(0, 0)] * (array.ndim - len(ends)) + ends
        dims = zip(array.shape, widths, strict=True)
        memory.must_fit([dim + sum(added) for dim, added in dims], array.itemsize)
        if mode == "constant":
            return np.pad(array, widths, constant_values=self.constant_val.array)
        for dim, added in zip(array.shape, widths, strict=True):
            if not dim and any(added):
                raise EvaluationError(f"`x` has the shape {list(array.shape)}, nothing to repeat")
        return np.pad(array, widths, "edge" if mode == "replicate" else "reflect")


class Shape(OpDef):
    """The dimensions of a tensor as a vector.

    ```mil
    func main<ios15>(tensor<fp32, [2, ?, 5]> x) {
        tensor<int32, [3]> y = shape(x = x);
    } -> (y);
    ```
    """

    name = "shape"
    since = "ios15"
    span = 0, math.inf

    T = Domain(FP16, FP32, INT32, BOOL)
    x = In(T, "the tensor whose dimensions are asked for, of any shape")
    y = Out("the dimensions, one for each of `x`")

    def infer(self) -> TensorType:
        return TensorType(INT32, (self.x.rank,))

    def fold(self) -> Known | None:
        return self.x.dims

    def evaluate(self) -> Array:
        return np.array(self.x.array.shape, "i4")


class Tile(OpDef):
    """Repeat a tensor along its dimensions.

    The dimension `i` of the result is `x[i] * reps[i]`: the elements of `x` so many times in a row.
    Of `reps` that the model computes 0 is none at all, which models of PyTorch need where they put
    values in the places that a condition finds, and it finds none.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 12]> y = tile(x = x, reps = tensor<int32, [2]>([1, 4]));
    } -> (y);
    ```
    """

    name = "tile"
    since = "ios15"
    forwards = "x"

    T = Domain(FP16, FP32, INT32, BOOL)
    x = In(T, "the tensor to repeat, of rank 1 or more")
    reps = In(INT32, "how often along each dimension, a vector of as many elements", rank=1)
    y = Out("the repeated tensor, of the rank of `x`")

    @constraint("C1", "`reps` has one element for each dimension of `x`, and at least one")
    def ranks_agree(self) -> bool:
        length = self.reps.length
        return self.x.rank > 0 and length in (None, self.x.rank)

    @constraint("C2", "`reps` are at least 1, or 0 if they are computed")
    def repeats(self) -> bool | None:
        known, least = self.reps.elements, 0 if self.reps.is_computed else 1
        return None if known is None else all(rep is None or rep >= least for rep in known)

    def moved(self, order: Order) -> Moved | None:
        reps = self.reps.value if not self.reps.is_computed else None
        return None if reps is None else Moved({"reps": moved_row(reps, order)}, (order,))

    def infer(self) -> TensorType:
        reps = self.reps.elements or (None,) * self.x.rank
        each = zip(self.x.shape, reps, strict=True)
        return self.x.with_shape(
            *(None if dim is None or rep is None else dim * rep for dim, rep in each)
        )

    def fold(self) -> Elements | None:
        elements, reps = self.x.elements, self.reps.elements
        if elements is None or reps is None or None in (*elements, *reps, *self.x.shape):
            return None
        dims = [dim or 0 for dim in self.x.shape]
        if prod(dims) * prod(reps) > FOLDED:
            return None
        strides = [prod(dims[at + 1 :]) for at in range(len(dims))]
        along = zip(dims, strides, reps, strict=True)
        offsets = (tuple(i * step for i in range(dim)) * rep for dim, step, rep in along)
        return tuple(elements[sum(place)] for place in product(*offsets))

    def evaluate(self) -> Array:
        if min(self.reps.value) < 0:
            raise EvaluationError(f"`reps` are {list(self.reps.value)}, not all at least 0")
        x, reps = self.x.array, self.reps.value
        memory.must_fit([dim * rep for dim, rep in zip(x.shape, reps, strict=True)], x.itemsize)
        return np.tile(x, reps)


def _product(dims: tuple[int | None, ...]) -> int | None:
    """The product of dimensions, None if it is not known: with a 0 among them it is 0."""
    if 0 in dims:
        return 0
    return None if None in dims else prod(dim or 0 for dim in dims)
