"""Lists of tensors of one type, which a loop may write to and read from.

A list has the element type of its tensors, their shape, and the length that it starts with, where
these are known. A list that may grow keeps the type that it starts with.

What a place holds where nothing has been put is nowhere said. milc takes it for zeros, as models
made of TensorFlow's lists do, and has no answer if the shape of the list's tensors is not known.

Facts: coremltools 9.0, `ops/defs/iOS15/control_flow.py`, and `Operation.type_value_inference`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from milc.ir.nodes import Block, Op, Value
from milc.ir.types import (
    BOOL,
    ELEMENT_TYPES,
    FP16,
    FP32,
    INT32,
    STRING,
    Dim,
    ListType,
    TensorType,
    Type,
)
from milc.kernels import Array, elements, lists, np
from milc.schema import (
    Bound,
    Choice,
    Const,
    Domain,
    Elements,
    EvaluationError,
    In,
    OpDef,
    Out,
    Variadic,
    constraint,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from milc.ir.literals import Literal
    from milc.kernels.lists import Items

DEEPEST: Final = 4
"""The highest rank of a list's tensors."""

TWO: Final = 2
"""The number of blocks of a cond and of a while_loop; the second of the latter is the body."""


class MakeList(OpDef):
    """Make a list of tensors of one element type and shape.

    With `dynamic_length` the list grows when something is put behind its end; without, it keeps the
    length `init_length`. Where nothing has been put, milc takes a list to hold zeros, if the shape
    of its tensors is known.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        list<tensor<fp32, [2, 3]>, 4> empty = make_list(
            dtype = string("fp32"), dynamic_length = bool(false),
            elem_shape = (int32(2), int32(3)), init_length = int32(4));
        list<tensor<fp32, [2, 3]>, 4> one = list_write(index = int32(0), ls = empty, value = x);
        tensor<fp32, [2, 3]> y = list_read(index = int32(0), ls = one);
    } -> (y);
    ```
    """

    name = "make_list"
    since = "ios15"

    Dimension = Domain(INT32, STRING)
    init_length = In(INT32, "the length to start with, a scalar", rank=0, default=1)
    dynamic_length = Const(BOOL, "whether the list may grow", rank=0, default=True)
    elem_shape = Variadic(
        Dimension, "the dimensions of each tensor; a string is the name of one that is not known",
        rank=0, const=True,
    )  # fmt: skip
    dtype = Const(
        STRING, "the element type of the tensors; documented for fp16, fp32, int32 and bool",
        rank=0, default="fp32",
        choices=Choice(*ELEMENT_TYPES),
    )  # fmt: skip
    ls = Out("the list")

    @constraint("C1", "`elem_shape` has at most 4 dimensions")
    def not_too_deep(self) -> bool:
        return len(self.elem_shape) <= DEEPEST

    def infer(self) -> Type:
        length, name = self.init_length.value, self.dtype.value
        element = ELEMENT_TYPES[name if name is not None else "fp32"]
        known = [dim.value for dim in self.elem_shape]
        dims = tuple([dim if isinstance(dim, int) else None for dim in known])
        return ListType(TensorType(element, dims), length)

    def evaluate(self) -> Items:
        length = self.init_length.value
        if length < 0:
            raise EvaluationError(f"`init_length` is {length}")
        made: Items = lists.Items(length, self.dynamic_length.value)
        return made


class ListOp(OpDef):
    """An op on a list."""

    ls = In(None, "the list", kind="list")

    @property
    def listed(self) -> ListType:
        """The type of the list. Raises TypeError if it is none."""
        if not isinstance(self.ls.type, ListType):
            raise TypeError(f"{self.ls!r} is no list")
        return self.ls.type

    def takes(self, element: Type) -> bool:
        """Whether a list can hold what is of a type: a dimension that it knows has to be known."""
        own = self.listed.element
        if not isinstance(own, TensorType) or not isinstance(element, TensorType):
            return element is own
        if own.element is not element.element:
            return False
        return own.shape is None or element.shape is None or _within(element.shape, own.shape)

    @property
    def items(self) -> Items:
        """What the list holds while the program runs; of a constant, its tensors."""
        held: Items | tuple[Array, ...] = self.ls.held
        return lists.items_of(held) if isinstance(held, tuple) else held

    def read(self, items: Items, name: str, index: int) -> Array:
        """The tensor at a place, which an argument tells."""
        if not 0 <= index < len(items):
            raise EvaluationError(f"`{name}` says {index}, of a list of {len(items)}")
        held: Array | None = items[index]
        if held is not None:
            return held
        type = self.listed.element
        if not isinstance(type, TensorType) or type.count is None:
            raise EvaluationError(f"`{name}` says {index}, where nothing has been put in the list")
        return np.zeros(_lengths(type), elements.dtype_of(type.element))

    def write(self, items: Items, name: str, index: int, value: Array) -> Items:
        """The list with a tensor at a place, which an argument tells."""
        if index < 0 or (index >= len(items) and not items.grows):
            suffix = "" if index < 0 else ", which does not grow"
            raise EvaluationError(f"`{name}` says {index}, of a list of {len(items)}{suffix}")
        return items.put(index, value)


def _within(dims: Sequence[Dim], others: Sequence[Dim]) -> bool:
    """Whether a shape is one of those that another, with unknown dimensions, stands for."""
    pairs = zip(dims, others, strict=False)
    return len(dims) == len(others) and all(b is None or a == b for a, b in pairs)


class ListLength(ListOp):
    """The number of tensors in a list.

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        list<tensor<fp32, [2]>, 4> empty = make_list(
            dtype = string("fp32"), dynamic_length = bool(false), elem_shape = int32(2),
            init_length = int32(4));
        int32 n = list_length(ls = empty);
        list<tensor<fp32, [2]>, 4> one = list_write(index = int32(0), ls = empty, value = x);
        tensor<fp32, [2]> y = list_read(index = int32(0), ls = one);
    } -> (n, y);
    ```
    """

    name = "list_length"
    since = "ios15"

    y = Out("the length, a scalar")

    def infer(self) -> TensorType:
        return TensorType(INT32)

    def fold(self) -> Elements | None:
        length = self.listed.length
        fixed = isinstance(length, int) and _is_fixed(self.ls)
        return (length,) if fixed else None

    def evaluate(self) -> int:
        return len(self.ls.held)


def _is_fixed(ls: Bound) -> bool:
    """Whether a list comes from a make_list that does not let it grow, or is a constant."""
    value, seen = ls.operand, set[Value]()
    while isinstance(value, Value):
        op = value.owner
        # A program in which a list is made of itself is not sound, but looked at all the same.
        if value in seen:
            return False
        seen.add(value)
        if isinstance(op, Op) and op.kind in ("make_list", "const"):
            grows = op.args.get("dynamic_length")
            return op.kind == "const" or (
                grows is not None and Bound(grows[0], ls.context).value is False
            )
        before = _before(value)
        if before is None:
            return False
        value = before
    return True


def _before(value: Value) -> Value | Literal | None:
    """The list that an op has put something into, a block returns, or a loop begins with."""
    owner = value.owner
    if isinstance(owner, Block):
        op, held = owner.parent, owner.inputs
        if not isinstance(op, Op) or op.kind != "while_loop":
            return None
        return _at(op.args.get("loop_vars", ()), held.index(value))
    if not isinstance(owner, Op):
        return None
    if owner.kind in ("list_write", "list_scatter"):
        return _at(owner.args.get("ls", ()), 0)
    if owner.kind in ("cond", "while_loop") and len(owner.blocks) == TWO:
        returned = owner.blocks[owner.kind == "while_loop"].outputs
        return _at(returned, owner.results.index(value))
    return None


def _at(values: Sequence[Value | Literal], at: int) -> Value | Literal | None:
    return values[at] if at < len(values) else None


class ListRead(ListOp):
    """The tensor at a place of a list.

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        list<tensor<fp32, [2]>, 4> empty = make_list(
            dtype = string("fp32"), dynamic_length = bool(true), elem_shape = int32(2),
            init_length = int32(4));
        list<tensor<fp32, [2]>, 4> one = list_write(index = int32(3), ls = empty, value = x);
        tensor<fp32, [2]> y = list_read(index = int32(3), ls = one);
    } -> (y);
    ```
    """

    name = "list_read"
    since = "ios15"

    index = In(INT32, "the place, counted from 0, a scalar", rank=0)
    y = Out("the tensor")

    def infer(self) -> Type:
        return self.listed.element

    def evaluate(self) -> Array:
        return self.read(self.items, "index", self.index.value)


class ListWrite(ListOp):
    """Put a tensor at a place of a list.

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        list<tensor<fp32, [2]>, 4> empty = make_list(
            dtype = string("fp32"), dynamic_length = bool(true), elem_shape = int32(2),
            init_length = int32(4));
        list<tensor<fp32, [2]>, 4> one = list_write(index = int32(0), ls = empty, value = x);
        tensor<fp32, [2]> y = list_read(index = int32(0), ls = one);
    } -> (y);
    ```
    """

    name = "list_write"
    since = "ios15"

    T = Domain(FP16, FP32, BOOL, INT32)
    index = In(INT32, "the place, counted from 0, a scalar", rank=0)
    value = In(T, "the tensor")
    y = Out("the list with the tensor at its place", like="ls")

    @constraint("C1", "`value` is of the type that the list `ls` holds")
    def fits_list(self) -> bool:
        return self.takes(self.value.type)

    def evaluate(self) -> Items:
        return self.write(self.items, "index", self.index.value, self.value.array)


class ListGather(ListOp):
    """The tensors at several places of a list, as one tensor with a dimension more in front.

    ```mil
    func main<ios15>(tensor<fp32, [3, 2]> x) {
        list<tensor<fp32, [2]>, 4> empty = make_list(
            dtype = string("fp32"), dynamic_length = bool(true), elem_shape = int32(2),
            init_length = int32(4));
        list<tensor<fp32, [2]>, 4> some = list_scatter(
            indices = tensor<int32, [3]>([0, 1, 3]), ls = empty, value = x);
        tensor<fp32, [2, 2]> y = list_gather(indices = tensor<int32, [2]>([1, 3]), ls = some);
    } -> (y);
    ```
    """

    name = "list_gather"
    since = "ios15"

    indices = In(INT32, "the places, counted from 0, below the length of the list, [K]", rank=1)
    y = Out("the tensors, [K, *D] for a list of tensors of shape D")

    @constraint("C1", "`ls` is a list of tensors")
    def holds_tensors(self) -> bool:
        return isinstance(self.listed.element, TensorType)

    def infer(self) -> Type:
        held = self.listed.element
        if not isinstance(held, TensorType) or held.shape is None:
            return TensorType(getattr(held, "element", FP32), None)
        return TensorType(held.element, (*self.indices.shape, *held.shape))

    def evaluate(self) -> Array:
        items, type = self.items, self.listed.element
        rows = [self.read(items, "indices", index) for index in self.indices.array.tolist()]
        if rows:
            return _stacked(rows)
        if not isinstance(type, TensorType) or type.count is None:
            raise EvaluationError("`indices` is empty, and the shape of the tensors is not known")
        return np.zeros((0, *_lengths(type)))


class ListScatter(ListOp):
    """Put tensors, the rows of one tensor, at several places of a list.

    A list that may grow does so where a place is behind its end.

    ```mil
    func main<ios15>(tensor<fp32, [3, 2]> x) {
        list<tensor<fp32, [2]>, 4> empty = make_list(
            dtype = string("fp32"), dynamic_length = bool(true), elem_shape = int32(2),
            init_length = int32(4));
        list<tensor<fp32, [2]>, 4> some = list_scatter(
            indices = tensor<int32, [3]>([0, 1, 3]), ls = empty, value = x);
        tensor<fp32, [2]> y = list_read(index = int32(3), ls = some);
    } -> (y);
    ```
    """

    name = "list_scatter"
    since = "ios15"

    T = Domain(FP16, FP32, BOOL, INT32)
    indices = In(INT32, "the places, counted from 0, [K]", rank=1)
    value = In(T, "the tensors, [K, *D] for a list of tensors of shape D")
    y = Out("the list with the tensors at their places", like="ls")

    @constraint("C1", "`value` has as many rows as there are `indices`")
    def a_row_each(self) -> bool:
        # coremltools takes an unknown number for another one than a known number.
        return self.value.shape[:1] == self.indices.shape

    @constraint("C2", "`value` has rows of the type that the list `ls` holds")
    def rows_fit_list(self) -> bool:
        return self.takes(self.value.with_shape(*self.value.shape[1:]))

    def evaluate(self) -> Items:
        items, rows = self.items, self.value.array
        for index, row in zip(self.indices.array.tolist(), rows, strict=True):
            items = self.write(items, "indices", index, row)
        return items


def _lengths(type: TensorType) -> list[int]:
    """The dimensions of a type that are known, which is all of them where it is asked."""
    return [dim for dim in type.shape or () if isinstance(dim, int)]


def _stacked(rows: list[Array]) -> Array:
    """Tensors in one. Raises EvaluationError if their shapes differ."""
    shapes = {row.shape for row in rows}
    if len(shapes) > 1:
        one, other = sorted(shapes)[:2]
        raise EvaluationError(f"`indices` names tensors of shapes {list(one)} and {list(other)}")
    return np.stack(rows)
