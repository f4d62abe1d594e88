"""Ops that give a tensor another shape and leave its elements in their order.

Shapes are computed with these, so all but `reshape_like` fold. Facts: coremltools 9.0,
`ops/defs/iOS15/tensor_transformation.py`, and those of iOS16 and iOS17.
"""

from __future__ import annotations

from math import prod

from milc.ir.nodes import Value
from milc.ir.types import (
    BOOL,
    FP16,
    FP32,
    INT8,
    INT16,
    INT32,
    MAX_RANK,
    UINT8,
    UINT16,
    TensorType,
)
from milc.kernels import Array
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
    Symbol,
    Variadic,
    constraint,
)
from milc.schema.orders import ranked, widened
from milc.schema.rules import Dims, total, whole


def reshaped(x: Bound, wanted: TensorType) -> Array:
    """A tensor in another shape. Raises EvaluationError if that asks for another number."""
    dims = wanted.shape or ()
    if wanted.count != x.count or any(not isinstance(dim, int) or dim < 0 for dim in dims):
        raise EvaluationError(f"`x` has the shape {list(x.shape)}, and is to become {wanted!r}")
    return x.array.reshape(wanted.shape)  # type: ignore[arg-type]  # all known


class ExpandDims(OpDef):
    """Insert dimensions of length 1.

    `axes` count in the result: `[0, -1]` puts one in front of all dimensions and one behind them.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [1, 2, 3, 1]> y = expand_dims(x = x, axes = tensor<int32, [2]>([0, -1]));
    } -> (y);
    ```
    """

    name = "expand_dims"
    since = "ios15"
    reshapes = True
    forwards = "x"
    T = Domain(FP16, FP32, INT32, BOOL)
    x = In(T, "the tensor, of any shape")
    axes = Const(INT32, "which dimensions of the result are the new ones: [K]", rank=1)
    y = Out("the elements of `x` in K dimensions more")

    @constraint("C1", "`axes` are dimensions of the result, of the rank of `x` plus their number")
    def axes_in_range(self) -> bool:
        axes = self.axes.value or ()
        rank = self.x.rank + len(axes)
        return all(-rank <= axis < rank for axis in axes)

    def moved(self, order: Order) -> Moved | None:
        axes = self.axes.value
        if axes is None:
            return None
        return Moved({}, (widened(order, {axis % (len(order) + len(axes)) for axis in axes}),))

    def infer(self) -> TensorType:
        axes, count = self.axes.value, self.axes.count
        if axes is None:
            unknown = None if count is None else (None,) * (self.x.rank + count)
            return TensorType(self.x.element, unknown)
        rank, dims = self.x.rank + len(axes), list(self.x.shape)
        for axis in sorted(axis % rank for axis in axes):
            dims.insert(axis, 1)
        return self.x.with_shape(*dims)

    def fold(self) -> Elements | None:
        return whole(self.x)

    def evaluate(self) -> Array:
        return reshaped(self.x, self.infer())


class ExpandDims17(ExpandDims):
    """`x` may also hold integers of 8 and 16 bits."""

    since = "ios17"
    instead = "`cast` to int32, and back behind the op"
    T = Domain(FP16, FP32, INT8, INT16, INT32, UINT8, UINT16, BOOL)


class Squeeze(OpDef):
    """Remove dimensions of length 1.

    Without `axes` all of them go; a dimension of unknown length stays. With `axes`, those among
    them that have length 1 go and the others stay, as in PyTorch. If none is left, the result is a
    scalar.

    ```mil
    func main<ios15>(tensor<fp32, [1, 2, 1]> x) {
        tensor<fp32, [1, 2]> y = squeeze(x = x, axes = tensor<int32, [1]>([2]));
        tensor<fp32, [2]> z = squeeze(x = x);
    } -> (y, z);
    ```
    """

    name = "squeeze"
    since = "ios15"
    reshapes = True
    forwards = "x"
    T = Domain(FP16, FP32, INT32, BOOL)
    x = In(T, "the tensor, of any shape")
    axes = OptionalConst(INT32, "the dimensions of `x` to remove: [K]; else all", rank=1)
    y = Out("the elements of `x` in the dimensions that stay")

    @constraint("C1", "`axes` are dimensions of `x`")
    def axes_in_range(self) -> bool:
        return all(0 <= axis < self.x.rank for axis in self.chosen() or ())

    @constraint("C2", "`axes` name no dimension twice")
    def axes_differ(self) -> bool:
        chosen = self.chosen() or ()
        return len(set(chosen)) == len(chosen)

    # numpy, by which coremltools computes ahead, does not let a longer dimension stay.
    @constraint("C3", "`axes` are dimensions of length 1 if `x` is known before the program runs")
    def axes_fit_value(self) -> bool:
        # Also where the constant is in a weight file that cannot be read.
        constant = getattr(self.x.operand, "literal", self.x.operand) is not None
        if self.axes is None or not (constant or (self.x.held is None and whole(self.x))):
            return True
        return all(self.x.shape[axis] in (1, None) for axis in self.chosen() or ())

    def chosen(self) -> tuple[int, ...] | None:
        """The dimensions that `axes` names, counted from 0; None if they are not known."""
        if self.axes is None:
            return tuple(range(self.x.rank))
        axes = self.axes.value
        return None if axes is None else tuple(map(self.x.axis, axes))

    def moved(self, order: Order) -> Moved | None:
        chosen = self.chosen()
        if chosen is None:
            return None
        gone = [axis for axis in chosen if self.x.shape[axis] == 1]
        left = ranked(p for axis, p in enumerate(order) if axis not in gone)
        return Moved({"axes": tuple([order[axis] for axis in gone])}, (left,)) if gone else None

    def infer(self) -> TensorType:
        chosen = self.chosen()
        if chosen is None:
            return TensorType(self.x.element, None)
        shape = enumerate(self.x.shape)
        return self.x.with_shape(*(dim for at, dim in shape if dim != 1 or at not in chosen))

    def fold(self) -> Elements | None:
        return whole(self.x)

    def evaluate(self) -> Array:
        chosen, declared = self.chosen() or (), self.declared()
        shape = enumerate(self.x.array.shape)
        return self.x.array.reshape(
            [dim for at, dim in shape if declared[at] != 1 or at not in chosen]
        )

    def declared(self) -> Dims:
        """The dimensions of `x` as the program has them: one of unknown length stays, even if 1."""
        operand = self.x.operand
        type = self.context.type_of(operand) if isinstance(operand, Value) else operand.type
        return getattr(type, "shape", None) or self.x.shape


class Squeeze17(Squeeze):
    """`x` may also hold integers of 8 and 16 bits."""

    since = "ios17"
    instead = "`cast` to int32, and back behind the op"
    T = Domain(FP16, FP32, INT8, INT16, INT32, UINT8, UINT16, BOOL)


class Reshape(OpDef):
    """Give a tensor another shape, with the same elements in the same order.

    In `shape` a positive number is a length, 0 stands for the dimension of `x` at the same place,
    from ios17 on counted from the end, and -1, once at most, for the length that makes the number
    of elements right.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x) {
        tensor<fp32, [2, 12]> y = reshape(x = x, shape = tensor<int32, [2]>([2, -1]));
        tensor<fp32, [2, 6, 2]> z = reshape(x = x, shape = tensor<int32, [3]>([0, 6, 2]));
    } -> (y, z);
    ```
    """

    name = "reshape"
    since = "ios15"
    reshapes = True
    forwards = "x"
    T = Domain(FP16, FP32, INT32, BOOL)
    U = Domain(INT32)
    x = In(T, "the tensor, of any shape")
    shape = In(U, "the lengths of the result's dimensions, or 0 or -1: [K]", rank=1)
    y = Out("the elements of `x` in K dimensions")

    @constraint("C1", "`shape` holds lengths, 0 and -1 only")
    def lengths_are_positive(self) -> bool:
        return all(dim is None or dim >= -1 for dim in self.asked)

    @constraint("C2", "`shape` holds -1 once at most")
    def one_is_open(self) -> bool:
        return self.asked.count(-1) <= 1

    @constraint("C3", "`shape` has as many elements as `x` has dimensions, if one of them is 0")
    def zeros_have_dimensions(self) -> bool:
        return not self.is_static or 0 not in self.asked or len(self.asked) == self.x.rank

    @constraint("C4", "`shape` keeps the number of elements of `x`")
    def volume_stays(self) -> bool | str:
        count, lengths, open = self.parts()
        if count is None or self.shape.count is None or open > 1:
            return True
        fits = count % lengths == 0 if open and lengths else count == lengths
        return fits or f"{count} do not fill {list(self.filled())}".replace("None", "?")

    @property
    def asked(self) -> Elements:
        """What is known of the elements of `shape`; of a shape of too many, of the first ones."""
        return self.shape.elements or (None,) * min(self.shape.count or 0, MAX_RANK)

    @property
    def is_static(self) -> bool:
        """Whether all is known that the shape of the result follows from."""
        return self.x.count is not None and self.shape.value is not None

    def place(self, at: int) -> int:
        """Which dimension of `x` a 0 at a place of `shape` stands for; below 0: a new one, of 1."""
        return at

    def filled(self) -> Elements:
        """`shape` with the dimensions that 0 stands for.

        They count as unknown if anything else is: files that coremltools writes have 0 there, since
        it looks 0 up in static shapes only.
        """
        return tuple([dim if dim != 0 else self.kept(at) for at, dim in enumerate(self.asked)])

    def kept(self, at: int) -> int | None:
        """The dimension that a 0 at a place of `shape` stands for."""
        place = self.place(at)
        return (self.x.shape[place] if place >= 0 else 1) if self.is_static else None

    def parts(self) -> tuple[int | None, int, int]:
        """The elements of `x`, the product of the lengths that are known, how many are not."""
        filled = self.filled()
        lengths = [dim for dim in filled if dim is not None and dim >= 0]
        return self.x.count, prod(lengths), len(filled) - len(lengths)

    def dims(self) -> Dims:
        """The dimensions of the result; one that is open follows from the others.

        Not so where nothing at all is known of `shape`: coremltools then leaves them unknown too.
        """
        count, lengths, open = self.parts()
        if count is None:
            return self.dims_of_unknown()
        solved: int | None = None
        if open == 1 and self.shape.elements is not None:
            solved = count // lengths if lengths else 0
            solved = solved or (0 if -1 in self.asked else None)
        return tuple([solved if dim in (None, -1) else dim for dim in self.filled()])

    def dims_of_unknown(self) -> Dims:
        """The same where `x` has unknown dimensions.

        They cancel against themselves in `shape`: n, 4 and 8 in the shape n and -1 are n and 32.
        """
        asked, left = self.asked, [dim for dim in self.x.dims if type(dim) is Symbol]
        dims, open = [dim if (dim or 0) > 0 else None for dim in asked], []
        for at, dim in enumerate(self.shape.symbols or asked):
            if dim in left:
                left.remove(dim)
            elif dims[at] is None:
                open.append(at)
        count = prod(dim for dim in self.x.shape if dim is not None)
        lengths = prod(dim for dim in dims if dim is not None)
        if not left and len(open) == 1 and 0 not in asked and count % lengths == 0:
            dims[open[0]] = count // lengths or None
        return tuple(dims)

    def infer(self) -> TensorType:
        rank = self.shape.count
        if rank is None or rank > MAX_RANK:
            return TensorType(self.x.element, None)
        return self.x.with_shape(*self.dims())

    def fold(self) -> Known | None:
        elements = self.x.symbols
        known = elements is not None and len(elements) == total(self.dims())
        return elements if known else None

    def evaluate(self) -> Array:
        places = [self.place(at) for at, dim in enumerate(self.asked) if dim == 0]
        if any(place >= self.x.rank for place in places):
            raise EvaluationError("`shape` has a 0 at a place that `x` has no dimension at")
        return reshaped(self.x, self.infer())


class Reshape17(Reshape):
    """A 0 in `shape` counts from the end, and so needs no equal ranks.

    It stands for the dimension of `x` as far from the end as itself, and for 1 where `x` has none.
    `x` may also hold integers of 8 and 16 bits, `shape` of 8 and 16 bits with a sign.

    ```mil
    func main<ios17>(tensor<fp32, [2, 50]> x) {
        tensor<fp32, [1, 1, 2, 50]> y = reshape(x = x, shape = tensor<int32, [4]>([1, 0, -1, 0]));
    } -> (y);
    ```
    """

    since = "ios17"
    instead = "`cast` to int32, and a `shape` that is written out where it has a 0"
    without = ("C3",)
    T = Domain(FP16, FP32, INT8, INT16, INT32, UINT8, UINT16, BOOL)
    U = Domain(INT8, INT16, INT32)

    def place(self, at: int) -> int:
        return at - len(self.asked) + self.x.rank


class ReshapeLike(OpDef):
    """Give a tensor a shape that is put together from dimensions of other tensors.

    Of each of the `ref_tensors` the dimensions from its number among `begins` up to, and without,
    its number among `ends` are taken, or all to the last where its flag among `end_masks` is true.
    Negative numbers count from the end. In the example, these are 2 and 3 of `a`, and 6 of `b`.

    ```mil
    func main<ios16>(tensor<fp32, [36]> x, tensor<fp32, [2, 3, 4]> a, tensor<fp32, [1, 6]> b) {
        tensor<fp32, [2, 3, 6]> y = reshape_like(
            x = x, ref_tensors = (a, b), begins = (int32(0), int32(1)),
            ends = (int32(2), int32(0)), end_masks = (bool(false), bool(true)));
    } -> (y);
    ```
    """

    name = "reshape_like"
    since = "ios16"
    reshapes = True
    forwards = "x"
    instead = "`shape`, `gather` and `concat` for the new shape, and `reshape`"
    T = Domain(FP16, FP32, INT32, BOOL)
    x = In(T, "the tensor, of any shape")
    ref_tensors = Variadic(None, "the tensors whose dimensions are taken, of any shape")
    begins = Variadic(INT32, "for each of them the first dimension that is taken: scalars", rank=0)
    ends = Variadic(INT32, "for each of them the dimension to stop before: scalars", rank=0)
    end_masks = Variadic(BOOL, "for each of them whether to take all to the last: scalars", rank=0)
    y = Out("the elements of `x` in the dimensions that were taken")

    @constraint("C1", "`ref_tensors`, `begins`, `ends` and `end_masks` are equally many")
    def numbers_agree(self) -> bool:
        parts = (self.ref_tensors, self.begins, self.ends, self.end_masks)
        return len({len(part) for part in parts}) == 1

    @constraint("C2", "`ref_tensors` have known lengths in the dimensions that are taken")
    def taken_are_known(self) -> bool:
        return None not in self.taken()

    @constraint("C3", "`x` has as many elements as the dimensions taken from `ref_tensors` ask for")
    def volume_stays(self) -> bool:
        return self.x.count in (None, total(self.taken()))

    def taken(self) -> Dims:
        """The dimensions taken. A number that is computed counts as left out, as in coremltools."""
        dims: list[int | None] = []
        parts = zip(self.ref_tensors, self.begins, self.ends, self.end_masks, strict=False)
        for tensor, begin, end, mask in parts:
            dims += tensor.shape[begin.value : None if mask.value else end.value]
        return tuple(dims)

    def infer(self) -> TensorType:
        return self.x.with_shape(*self.taken())

    def evaluate(self) -> Array:
        return reshaped(self.x, self.infer())


class ReshapeLike17(ReshapeLike):
    """`x` may also hold integers of 8 and 16 bits."""

    since = "ios17"
    instead = "`cast` to int32, and back behind the op"
    T = Domain(FP16, FP32, INT8, INT16, INT32, UINT8, UINT16, BOOL)
