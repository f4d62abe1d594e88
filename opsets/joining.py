"""Ops that join tensors along a dimension, and the one that takes them apart.

Shapes are put together and taken apart with these, so all three fold element by element. Facts:
coremltools 9.0, `ops/defs/iOS15/tensor_operation.py`.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, ClassVar

from milc.ir.types import BOOL, FP16, FP32, INT32, TensorType
from milc.kernels import Array, np
from milc.schema import (
    Const,
    Domain,
    In,
    Known,
    Moved,
    OpDef,
    OptionalConst,
    Order,
    Out,
    Variadic,
    constraint,
)
from milc.schema.bound import FOLDED
from milc.schema.orders import widened
from milc.schema.rules import is_axis, same, total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from milc.schema import Bound

FOLDED_PARTS = 10
"""An operand of more elements, none of them known, is not looked into."""


class Joining(OpDef):
    """Any number of tensors of one element type and rank become one."""

    movable = ("values",)
    new_dims: ClassVar[int]
    """How many dimensions the result has more than the operands."""

    values = Variadic(None, "the tensors, all of one element type and one rank")
    axis = Const(
        INT32, "the dimension of the result along which they lie; negative from the end", rank=0
    )

    @constraint("C1", "`values` are at least one")
    def has_operands(self) -> bool:
        return len(self.values) > 0

    @constraint("C2", "`values` are of one rank")
    def ranks_agree(self) -> bool:
        return same(*(value.rank for value in self.values))

    @constraint("C3", "`axis` is a dimension of the result that `values` give")
    def axis_in_range(self) -> bool | None:
        axis, rank = self.axis.value, self.values[0].rank + self.new_dims
        return None if axis is None or rank == 0 else -rank <= axis < rank

    @constraint("C4", "`values` are of one element type")
    def elements_agree(self) -> bool:
        return len({value.element for value in self.values}) == 1

    def joined(self, parts: Sequence[Known | None], taking_turns: bool) -> Known | None:
        """What is known of the result, from what is known of its parts; None if one is unknown."""
        rank = self.values[0].rank + self.new_dims
        axis = self.axis.value + rank if self.axis.value < 0 else self.axis.value
        rows = total(self.values[0].shape[: axis + taking_turns])
        if rows is None or None in parts:
            return None
        known = [part for part in parts if part is not None]
        sizes = [len(part) // max(rows, 1) for part in known]
        return tuple(
            element
            for row in range(rows)
            for part, size in zip(known, sizes, strict=True)
            for element in part[row * size : (row + 1) * size]
        )


class Concat(Joining):
    """Join tensors end to end along a dimension that they have.

    The dimension `axis` of the result is the sum of theirs; all others are equal. With `interleave`
    the slices of the operands take turns: first the first slice of each, then the second of each,
    and so on, for which all shapes must be equal: [1, 2] and [3, 4] give [1, 3, 2, 4]. Scalars are
    joined to a vector.

    ```mil
    func main<ios15>(tensor<fp32, [3, 2]> x, tensor<fp32, [1, 2]> y) {
        tensor<fp32, [4, 2]> z = concat(values = (x, y), axis = int32(0), interleave = bool(false));
    } -> (z);
    ```
    """

    name = "concat"
    since = "ios15"
    new_dims = 0

    interleave = Const(BOOL, "whether the slices of the operands take turns", rank=0, default=False)
    y = Out("the joined tensor: of the shape of the operands, but for the dimension `axis`")

    @constraint("C5", "`values` agree in all dimensions but the one that `axis` names")
    def shapes_agree(self) -> bool | None:
        axis = self.axis.value
        if axis is None:
            return None
        axis = self.values[0].axis(axis)
        dims = zip(*(value.shape for value in self.values), strict=True)
        return all(same(*each) for at, each in enumerate(dims) if at != axis)

    @constraint("C6", "`values` agree in all dimensions if `interleave` is true")
    def interleaved_agree(self) -> bool | None:
        if not self.interleave.value:
            return None
        return all(same(*each) for each in zip(*(v.shape for v in self.values), strict=True))

    def forwarded(self) -> Bound | None:
        return self.values[0] if len(self.values) == 1 else None

    def moved(self, order: Order) -> Moved | None:
        axis = self.axis.value
        return None if axis is None else Moved({"axis": order[axis]}, (order,))

    def infer(self) -> TensorType:
        first, axis = self.values[0], self.axis.value
        if not first.rank:
            return first.with_shape(len(self.values))
        if axis is None:
            return first.with_shape(*(None for _ in first.shape))
        lengths = [value.shape[axis] for value in self.values]
        known = [length for length in lengths if length is not None]
        return first.with_dim(axis, sum(known) if len(known) == len(lengths) else None)

    def fold(self) -> Known | None:
        if self.axis.value is None:
            return None
        parts = [_elements(value) for value in self.values]
        if not self.values[0].rank:
            return tuple(part[0] for part in parts if part is not None)
        joined = self.joined(parts, taking_turns=False)
        if self.interleave.value is False or joined is None:
            return joined
        # The oracle does not let them take turns here, so only what is the same both ways is known.
        turns = self.joined(parts, taking_turns=True) or ()
        return tuple(
            one if one == other else None for one, other in zip(joined, turns, strict=False)
        )

    def evaluate(self) -> Array:
        arrays, shape = [value.array for value in self.values], self.infer().shape
        if not arrays[0].ndim:
            return np.stack(arrays)
        axis = self.values[0].axis(self.axis.value)
        if not self.interleave.value:
            return np.concatenate(arrays, axis)
        return np.stack(arrays, axis + 1).reshape(shape)  # type: ignore[arg-type]  # all known


class Stack(Joining):
    """Lay tensors of one shape side by side along a new dimension.

    The result has one dimension more than the operands, at the place `axis`, which counts them.

    ```mil
    func main<ios15>(tensor<fp32, [3, 2]> x, tensor<fp32, [3, 2]> y) {
        tensor<fp32, [3, 2, 2]> z = stack(values = (x, y), axis = int32(1));
    } -> (z);
    ```
    """

    name = "stack"
    since = "ios15"
    new_dims = 1

    y = Out("the stacked tensor, of one dimension more than the operands")

    @constraint("C5", "`values` are of one shape")
    def shapes_agree(self) -> bool:
        return all(same(*each) for each in zip(*(v.shape for v in self.values), strict=True))

    def moved(self, order: Order) -> Moved | None:
        axis, rank = self.axis.value, len(order) + 1
        return None if axis is None else Moved({}, (widened(order, {axis % rank}),))

    def infer(self) -> TensorType:
        shapes = [value.shape for value in self.values]
        dims = list(next((shape for shape in shapes if None not in shape), shapes[0]))
        axis = self.axis.value
        if axis is None:
            return self.values[0].with_shape(*(None for _ in range(len(dims) + 1)))
        dims.insert(axis + len(dims) + 1 if axis < 0 else axis, len(self.values))
        return self.values[0].with_shape(*dims)

    def fold(self) -> Known | None:
        if self.axis.value is None:
            return None
        parts = [value.symbols for value in self.values]
        if not self.values[0].rank:
            return tuple(part[0] if part else None for part in parts)
        return self.joined(parts, taking_turns=False)

    def evaluate(self) -> Array:
        return np.stack([value.array for value in self.values], self.axis.value)


class Split(OpDef):
    """Cut a tensor into parts along a dimension; each part is a result of its own.

    Either into `num_splits` equal parts, or into parts of the lengths `split_sizes`. Where both are
    given, `num_splits` is the number of `split_sizes`.

    ```mil
    func main<ios15>(tensor<fp32, [2, 6]> x) {
        tensor<fp32, [2, 3]> a, tensor<fp32, [2, 3]> b = split(
            x = x, num_splits = int32(2), axis = int32(1));
        tensor<fp32, [2, 1]> c, tensor<fp32, [2, 5]> d = split(
            x = x, split_sizes = tensor<int32, [2]>([1, 5]), axis = int32(-1));
    } -> (a, b, c, d);
    ```
    """

    name = "split"
    since = "ios15"
    forwards = "x"

    T = Domain(FP16, FP32, INT32, BOOL)
    x = In(T, "the tensor to cut, of any shape")
    num_splits = OptionalConst(INT32, "the number of parts", rank=0)
    split_sizes = OptionalConst(INT32, "the length of each part, a vector", rank=1)
    axis = Const(INT32, "the dimension along which it is cut; negative from the end", rank=0)
    parts = Out("the parts in their order, each of the shape of `x` but for the dimension `axis`")

    @constraint("C1", "`num_splits` or `split_sizes` is given")
    def is_told_how(self) -> bool:
        return self.num_splits is not None or self.split_sizes is not None

    @constraint("C2", "`axis` is a dimension of `x`")
    def axis_in_range(self) -> bool:
        return is_axis(self.axis, self.x)

    @constraint("C3", "`num_splits` is at least 1")
    def has_parts(self) -> bool | None:
        count = self.num_splits.value if self.num_splits is not None else None
        return None if count is None else bool(count >= 1)

    @constraint(
        "C4", "`num_splits` divides the dimension `axis` of `x` if no `split_sizes` are given"
    )
    def divides(self) -> bool | None:
        if self.num_splits is None or self.split_sizes is not None:
            return None
        count, length = self.num_splits.value, self.length
        return None if count is None or length is None else bool(length % count == 0)

    @constraint("C5", "`num_splits` is the number of `split_sizes` if both are given")
    def numbers_agree(self) -> bool | None:
        if self.num_splits is None or self.split_sizes is None:
            return None
        return same(self.num_splits.value, self.split_sizes.length)

    @constraint("C6", "`split_sizes` are not negative")
    def sizes_are_lengths(self) -> bool | None:
        sizes = self.split_sizes.elements if self.split_sizes is not None else None
        return None if sizes is None else all(size is None or size >= 0 for size in sizes)

    @constraint("C7", "`split_sizes` add up to the dimension `axis` of `x`")
    def adds_up(self) -> bool | None:
        sizes = self.split_sizes.value if self.split_sizes is not None else None
        return None if sizes is None else same(sum(sizes), self.length)

    @property
    def length(self) -> int | None:
        """The dimension that is cut, None if it is not known."""
        axis = self.axis.value
        return None if axis is None else self.x.shape[axis]

    @property
    def sizes(self) -> tuple[int | None, ...]:
        """The length of each part, None where it is not known."""
        if self.split_sizes is not None:
            known, count = self.split_sizes.elements, self.split_sizes.length
            if known is not None:
                return known
            return (None,) * (len(self.op.results) if count is None else count)
        parts: int | None = self.num_splits.value if self.num_splits is not None else None
        if parts is None:
            return (None,) * len(self.op.results)
        # No op has so many results: the number is wrong, and is not to cost memory.
        each = None if self.length is None else self.length // parts
        return (each,) * min(parts, max(FOLDED, len(self.op.results)))

    def moved(self, order: Order) -> Moved | None:
        axis = self.axis.value
        return None if axis is None else Moved({"axis": order[axis]}, (order,) * len(self.sizes))

    def infer(self) -> tuple[TensorType, ...]:
        axis = self.axis.value
        if axis is None:
            return tuple(self.x.with_shape(*(None for _ in self.x.shape)) for _ in self.sizes)
        return tuple(self.x.with_dim(axis, size) for size in self.sizes)

    def fold(self) -> tuple[Known | None, ...] | Known | None:
        elements, sizes, axis = self.x.symbols, self.sizes, self.axis.value
        if elements is None or axis is None or None in sizes:
            return None
        if len(sizes) == 1:
            return elements
        row, step = self._strides(len(elements))
        if row is None or step is None:
            return None
        parts: list[Known] = []
        begin = 0
        for size in sizes:
            end = begin + (size or 0) * step
            rows = range(0, len(elements), max(row, 1))
            parts.append(tuple(e for at in rows for e in elements[at + begin : at + end]))
            begin = end
        return tuple(parts)

    def evaluate(self) -> tuple[Array, ...]:
        ends = list(accumulate(size or 0 for size in self.sizes))
        return tuple(np.split(self.x.array, ends[:-1], self.axis.value))

    def _strides(self, count: int) -> tuple[int | None, int | None]:
        """How many elements there are in all that is cut at once, and in one slice of it."""
        axis = self.x.axis(self.axis.value)
        row = total(self.x.shape[axis:]) if axis else count
        return row, total(self.x.shape[axis + 1 :])


def _elements(value: Bound) -> Known | None:
    """What is known of an operand of concat; if it is short, each element on its own."""
    known, count = value.symbols, value.count
    if known is not None:
        return known
    return None if count is None or count > FOLDED_PARTS else (None,) * count
