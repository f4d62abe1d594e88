"""Products of matrices.

Facts: coremltools 9.0, `ops/defs/iOS15/linear.py` and `ops/defs/iOS17/linear.py`.
"""

from __future__ import annotations

from typing import Any, Final

from milc.ir.nodes import Value
from milc.ir.types import BOOL, FP16, FP32, INT32, STRING, ElementType, TensorType
from milc.kernels import Array, products
from milc.schema import Bound, Const, Domain, In, OpDef, Out, Variadic, constraint
from milc.schema.rules import Dims, broadcast, dims_of, same

WEIGHT = "the matrix, [D_out, D_in]"
BIAS = "what is added to each column of the product, [D_out]"
NO_BIAS = "0 for each row of `weight`"

EQUATIONS: Final = (
    ((0, 1, 2, 3), (0, 3, 2, 4), (0, 1, 2, 4)),
    ((0, 1, 2), (2, 1, 3), (0, 1, 3)),
)
"""The equations that einsum knows, with letters numbered by their first appearance."""


def zeros(op: Any) -> tuple[int, ...]:
    """The default of `bias`: as many zeros as `weight` has rows."""
    weight: Bound = op.weight
    return (0,) * (weight.shape[0] or 0)


class Linear(OpDef):
    """`x` times the transpose of `weight`, plus `bias`.

    y[…, i] = (sum over j of x[…, j] * weight[i, j]) + bias[i].

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [4, 3]> weight = const()[val = tensor<fp32, [4, 3]>(
            [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]])];
        tensor<fp32, [4]> bias = const()[val = tensor<fp32, [4]>([0, 1, 2, 3])];
        tensor<fp32, [2, 4]> y = linear(x = x, weight = weight, bias = bias);
    } -> (y);
    ```
    """

    name = "linear"
    since = "ios15"

    T = Domain(FP16, FP32, INT32)
    x = In(T, "the input, [*D, D_in]; documented for at most two dimensions D")
    weight = Const(T, WEIGHT, rank=2)
    bias = Const(T, BIAS, rank=1, default=zeros, default_doc=NO_BIAS)
    y = Out("the result, [*D, D_out]")

    @constraint("C1", "`x` has as its last dimension that of `weight`")
    def columns_agree(self) -> bool:
        return self.x.rank > 0 and same(self.x.shape[-1], self.weight.shape[1])

    @constraint("C2", "`bias` has an element for each row of `weight`")
    def bias_fits(self) -> bool:
        return "bias" not in self.op.args or same(self.bias.shape[0], self.weight.shape[0])

    def multiply_adds(self) -> Dims:
        return (*self.x.shape, self.weight.shape[0])

    def infer(self) -> TensorType:
        return self.x.with_dim(-1, self.weight.shape[0])

    def evaluate(self) -> Array:
        return products.linear(self.x.reals, self.weight.reals, self.bias.reals)


class Linear17(Linear):
    """`weight` and `bias` may have another element type than `x`.

    The sums are computed without rounding operands to the type of `x`; only the result is of it.

    ```mil
    func main<ios17>(tensor<fp32, [2, 3]> x) {
        tensor<fp16, [1, 3]> weight = const()[val = tensor<fp16, [1, 3]>([[1, 2, 3]])];
        tensor<fp16, [1]> bias = const()[val = tensor<fp16, [1]>([0])];
        tensor<fp32, [2, 1]> y = linear(x = x, weight = weight, bias = bias);
    } -> (y);
    ```
    """

    since = "ios17"
    instead = "a `weight` and a `bias` of the element type of `x`"

    U = Domain(FP16, FP32, INT32)
    weight = Const(U, WEIGHT, rank=2)
    bias = Const(U, BIAS, rank=1, default=zeros, default_doc=NO_BIAS)


class Matmul(OpDef):
    """The product of matrices, for each place in the dimensions in front of the last two.

    Of `x` and `y` the last two dimensions, exchanged if `transpose_x` or `transpose_y` say so, are
    matrices; those in front are broadcast. An `x` with one dimension is a row and a `y` with one
    dimension a column; the result then lacks the dimension of rows or of columns.

    ```mil
    func main<ios15>(tensor<fp32, [10, 4, 3]> x, tensor<fp32, [5, 1, 2, 3]> y) {
        tensor<fp32, [5, 10, 4, 2]> z = matmul(x = x, y = y, transpose_x = bool(false),
            transpose_y = bool(true));
    } -> (z);
    ```
    """

    name = "matmul"
    since = "ios15"

    T = Domain(FP16, FP32, INT32)
    x = In(T, "the left matrices, [*D, n, k], or a row, [k]")
    y = In(T, "the right matrices, [*D, k, m], or a column, [k]")
    transpose_x = Const(BOOL, "whether `x` is [*D, k, n]", rank=0, default=False)
    transpose_y = Const(
        BOOL, "whether `y` is [*D, m, k]; a column is one all the same", rank=0, default=False
    )
    z = Out("the products, [*D, n, m]")

    @constraint("C1", "`x` and `y` have at least one dimension")
    def have_dimensions(self) -> bool:
        return self.x.rank > 0 and self.y.rank > 0

    @constraint("C2", "`transpose_x` is false if `x` has one dimension")
    def row_is_no_matrix(self) -> bool:
        return not self.transpose_x.value or self.x.rank != 1

    @constraint("C3", "`x`, transposed as asked, has as many columns as `y` has rows")
    def inner_dimensions_agree(self) -> bool | str:
        columns, rows = self.left()[-1], self.right()[-2]
        return same(columns, rows) or f"{columns} columns, {rows} rows"

    @constraint("C4", "`y` and `x` have dimensions in front of the matrices that broadcast")
    def outer_dimensions_broadcast(self) -> bool:
        return broadcast(self.left()[:-2], self.right()[:-2]) is not None

    def left(self) -> Dims:
        """The dimensions of `x` as matrices."""
        dims = self.x.shape
        return (1, *dims) if len(dims) == 1 else _transposed(dims, self.transpose_x.value)

    def right(self) -> Dims:
        """The dimensions of `y` as matrices."""
        dims = self.y.shape
        return (*dims, 1) if len(dims) == 1 else _transposed(dims, self.transpose_y.value)

    def element(self) -> ElementType:
        """The element type of the result."""
        return self.x.element

    def multiply_adds(self) -> Dims:
        return (*dims_of(self.infer()), self.left()[-1])

    def infer(self) -> TensorType:
        # Of a row and several matrices coremltools drops the first dimension instead of the row's,
        # against the example in its own definition.
        left, right = self.left(), self.right()
        outer = broadcast(left[:-2], right[:-2]) or ()
        rows = left[-2:-1] if self.x.rank > 1 else ()
        columns = right[-1:] if self.y.rank > 1 else ()
        return TensorType(self.element(), (*outer, *rows, *columns))

    def evaluate(self) -> Array:
        x, y = self.x.reals, self.y.reals
        x = x.swapaxes(-1, -2) if self.transpose_x.value else x
        y = y.swapaxes(-1, -2) if self.transpose_y.value and y.ndim > 1 else y
        return products.matmul(x, y)


class Matmul17(Matmul):
    """`x` and `y` may have different element types if just one of the two is a `const`.

    The result has the element type of the other one, to which no operand is rounded before it.

    ```mil
    func main<ios17>(tensor<fp32, [4, 2]> x) {
        tensor<fp16, [2, 1]> y = const()[val = tensor<fp16, [2, 1]>([[1], [2]])];
        tensor<fp32, [4, 1]> z = matmul(x = x, y = y, transpose_x = bool(false),
            transpose_y = bool(false));
    } -> (z);
    ```
    """

    since = "ios17"
    instead = "operands of one element type: `cast` one of them"

    U = Domain(FP16, FP32, INT32)
    y = In(U, "the right matrices, [*D, k, m], or a column, [k]")

    @constraint("C5", "`y` and `x` have one element type, unless just one of them is a const")
    def elements_agree(self) -> bool:
        return self.x.element is self.y.element or _is_const(self.x) != _is_const(self.y)

    def element(self) -> ElementType:
        alone = _is_const(self.x) and not _is_const(self.y)
        return self.y.element if alone else self.x.element


class Einsum(OpDef):
    """The product of two tensors by an equation: matrices that lie in dimensions -3 and -1.

    Only two equations are known, whatever their letters are:

    - "bchw,bwhu->bchu": y[b, c, h, u] = sum over w of first[b, c, h, w] * second[b, w, h, u],
    - "chw,whu->chu": the same without the dimension b.

    Where b or h is 1 in one of the tensors, it is broadcast to that of the other.

    ```mil
    func main<ios15>(tensor<fp32, [2, 8, 1, 4]> a, tensor<fp32, [2, 4, 6, 5]> b) {
        tensor<fp32, [2, 8, 6, 5]> y = einsum(values = (a, b),
            equation = string("nchw,nwhu->nchu"));
    } -> (y);
    ```
    """

    name = "einsum"
    since = "ios15"

    values = Variadic(None, "the two tensors, of rank 3 or 4; Core ML documents fp16 and fp32")
    equation = Const(STRING, "what is multiplied and added up, and where it goes", rank=0)
    y = Out("the result, [b, c, h, u] or [c, h, u]")

    @constraint("C1", "`values` are two tensors of one element type and one rank, 3 or 4")
    def are_a_pair(self) -> bool:
        if len(self.values) != 2:
            return False
        first, second = self.values
        return first.element is second.element and first.rank == second.rank in (3, 4)

    @constraint("C2", '`equation` is "bchw,bwhu->bchu" or "chw,whu->chu", in whatever letters')
    def is_known(self) -> bool:
        equation = self.equation.value
        return equation is None or _numbered(equation) in EQUATIONS

    @constraint("C3", "`equation` has a letter for each dimension of `values`")
    def letters_fit(self) -> bool:
        equation = self.equation.value
        return equation is None or equation.index(",") == self.values[0].rank

    @constraint(
        "C4", "`values` agree: the last dimension of the first with dimension -3 of the second"
    )
    def inner_dimensions_agree(self) -> bool:
        return same(self.values[0].shape[-1], self.values[1].shape[-3])

    @constraint("C5", "`values` have dimensions -2, and -4 if there is one, that are equal or 1")
    def outer_dimensions_agree(self) -> bool:
        return all(a == b or 1 in (a, b) for a, b in self.outer())

    def outer(self) -> list[tuple[int | None, int | None]]:
        """The pairs of dimensions that are not multiplied: -2, then -4 if there is one."""
        first, second = (value.shape[::-1] for value in self.values)
        return list(zip(first, second, strict=True))[1::2]

    def multiply_adds(self) -> Dims:
        return (*dims_of(self.infer()), self.values[0].shape[-1])

    def infer(self) -> TensorType:
        first, second = self.values
        outer = [None if None in pair else max(pair) for pair in self.outer()]  # type: ignore[type-var]
        height, *batch = outer
        return first.with_shape(*batch, first.shape[-3], height, second.shape[-1])

    def evaluate(self) -> Array:
        # Both equations are products of matrices once h is in front of them.
        first, second = (value.reals.swapaxes(-2, -3) for value in self.values)
        return products.matmul(first, second).swapaxes(-2, -3)


def _transposed(dims: Dims, is_transposed: bool | None) -> Dims:
    """Dimensions with the last two exchanged, or, if it is not known whether, both unknown."""
    if is_transposed is None:
        return (*dims[:-2], None, None)
    return (*dims[:-2], dims[-1], dims[-2]) if is_transposed else dims


def _is_const(operand: Bound) -> bool:
    """Whether an operand is a constant itself, rather than computed from constants."""
    held = operand.operand
    return not isinstance(held, Value) or held.literal is not None


def _numbered(equation: str) -> tuple[tuple[int, ...], ...]:
    """The terms of an equation and what they give, letters numbered by their first appearance.

    Empty if it has not one arrow.
    """
    terms, arrow, result = equation.partition("->")
    if not arrow or "->" in result:
        return ()
    numbers: dict[str, int] = {}
    return tuple(
        tuple(numbers.setdefault(letter, len(numbers)) for letter in term)
        for term in (*terms.split(","), result)
    )
