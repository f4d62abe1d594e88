"""Products with matrices: what follows them goes into `linear`, which takes constants only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from milc.evaluate import fold
from milc.ir.literals import TensorLiteral
from milc.ir.types import FP32
from milc.passes.base import Pass, rewrite
from milc.passes.parameters import along, elements, finite, may_change, numbers, own, parts

if TYPE_CHECKING:
    from milc.ir.nodes import Value
    from milc.kernels import Array
    from milc.opsets.elementwise_binary import Binary
    from milc.opsets.linear import Linear, Matmul
    from milc.passes.session import Session
    from milc.schema import Bound


def _added(op: Binary, session: Session) -> tuple[Any, Array, bool] | None:
    """What gives the computed operand of a sum or difference, what is added, whether it is negated.

    The constant is of floats and varies along the last dimension only.
    """
    pair = parts(op)
    if pair is None:
        return None
    computed, constant = pair
    product = own(op, computed, session, "linear", "matmul")
    dims = session.dims(computed)
    if product is None or not dims:
        return None
    shift = along(constant, dims, [len(dims) - 1])
    if shift is None:
        return None
    is_negated = op.name == "sub" and computed is op.y
    return product, -shift if op.name == "sub" and not is_negated else shift, is_negated


def _is_wide(weight: Bound, x: Bound) -> bool:
    """Whether a matrix is no narrower than what is computed."""
    return weight.element in (x.element, FP32)


def _matrix(weight: Bound, *, is_turned: bool, is_negated: bool) -> Bound | Array | None:
    """A matrix, transposed or negated as asked; None if it is not to be changed."""
    if not is_turned and not is_negated:
        return weight if is_fixed(weight) else None
    array = elements(weight) if may_change(weight) else None
    if array is None:
        return None
    array = array.T if is_turned else array
    return -array if is_negated else array


def is_fixed(bound: Bound) -> bool:
    """Whether an operand is a constant, packed or not, rather than computed from some."""
    op = bound.operand.op if bound.is_computed else None  # type: ignore[union-attr]  # a value
    return not bound.is_computed or (op is not None and op.kind.startswith("constexpr_"))


class FuseLinearBias(Pass):
    """Add what is added to, or subtracted from, the result of `linear` to its bias.

    If the result is subtracted, the matrix is negated.

    ```mil
    func main<ios15>(tensor<fp32, [1, 2]> x) {
        tensor<fp32, [2, 2]> w = const()[val = tensor<fp32, [2, 2]>([[1, 2], [3, 4]])];
        tensor<fp32, [1, 2]> a = linear(x = x, weight = w, bias = tensor<fp32, [2]>([1, 1]));
        tensor<fp32, [1, 2]> y = add(x = a, y = tensor<fp32, [2]>([5, 6]));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [1, 2]> x) {
        tensor<fp32, [2, 2]> w = const()[val = tensor<fp32, [2, 2]>([[1, 2], [3, 4]])];
        tensor<fp32, [1, 2]> y = linear(x = x, weight = w, bias = tensor<fp32, [2]>([6, 7]));
    } -> (y);
    ```
    """

    name = "fuse_linear_bias"
    exact = False

    @rewrite("add", "sub")
    def fuse(self, op: Binary, session: Session) -> Value | None:
        found = _added(op, session)
        if found is None or found[0].name != "linear":
            return None
        linear, shift, is_negated = found
        if not _is_wide(linear.weight, linear.x):
            return None
        weight = _matrix(linear.weight, is_turned=False, is_negated=is_negated)
        bias = numbers(linear.bias) if weight is not None else None
        if bias is None:
            return None
        bias = finite((-bias if is_negated else bias) + shift, linear.weight.element)
        made: Value | None = (
            None if bias is None else session.again(linear, weight=weight, bias=bias)
        )
        return made


class FuseMatmulWeightBias(Pass):
    """Compute a product with a matrix, to which constants are added, as `linear`.

    A matrix that other ops use, too, is transposed only if it is small. Where it is the left
    operand the sum stays as it is.

    ```mil
    func main<ios15>(tensor<fp32, [1, 2]> x) {
        tensor<fp32, [2, 2]> w = const()[val = tensor<fp32, [2, 2]>([[1, 2], [3, 4]])];
        tensor<fp32, [1, 2]> a = matmul(x = x, y = w);
        tensor<fp32, [1, 2]> y = add(x = a, y = tensor<fp32, [2]>([5, 6]));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [1, 2]> x) {
        tensor<fp32, [2, 2]> w = const()[val = tensor<fp32, [2, 2]>([[1, 3], [2, 4]])];
        tensor<fp32, [1, 2]> y = linear(x = x, weight = w, bias = tensor<fp32, [2]>([5, 6]));
    } -> (y);
    ```
    """

    name = "fuse_matmul_weight_bias"
    exact = False

    @rewrite("add", "sub")
    def fuse(self, op: Binary, session: Session) -> Value | None:
        found = _added(op, session)
        if found is None or found[0].name != "matmul":
            return None
        product, shift, is_negated = found
        x, weight = product.x, product.y
        if x.rank < 2 or weight.rank != 2 or not x.is_computed or not _is_wide(weight, x):
            return None
        bias = finite(shift, weight.element)
        is_turned = not product.transpose_y.value
        matrix = _matrix(weight, is_turned=is_turned, is_negated=is_negated)
        if bias is None or matrix is None:
            return None
        rows = _turned(product, session) if product.transpose_x.value else x
        made: Value = session.new("linear", x=rows, weight=matrix, bias=bias)
        return made


def _turned(product: Matmul, session: Session) -> Value:
    """The left matrices of a product, transposed."""
    perm = list(range(product.x.rank))
    perm[-2:] = perm[-1], perm[-2]
    made: Value = session.new("transpose", x=product.x, perm=tuple(perm))
    return made


class ExpandDynamicLinear(Pass):
    """Compute `linear` as `matmul` and `add` where its operands are computed, from constants even.

    Core ML takes only constants, packed or not, for a matrix and a bias.

    ```mil
    func main<ios15>(tensor<fp32, [1, 2]> x) {
        tensor<fp32, [2, 2]> w = const()[val = tensor<fp32, [2, 2]>([[1, 2], [3, 4]])];
        tensor<fp32, [2, 2]> v = exp(x = w);
        tensor<fp32, [1, 2]> y = linear(x = x, weight = v, bias = tensor<fp32, [2]>([1, 1]));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [1, 2]> x) {
        tensor<fp32, [2, 2]> w = const()[val = tensor<fp32, [2, 2]>([[1, 2], [3, 4]])];
        tensor<fp32, [2, 2]> v = exp(x = w);
        tensor<fp32, [1, 2]> y_0 = matmul(x = x, y = v, transpose_y = bool(true));
        tensor<fp32, [1, 2]> y = add(x = y_0, y = tensor<fp32, [2]>([1, 1]));
    } -> (y);
    ```
    """

    name = "expand_dynamic_linear"
    exact = False

    @rewrite("linear")
    def expand(self, op: Linear, session: Session) -> Value | None:
        is_steady = is_fixed(op.weight)
        if (is_steady and is_fixed(op.bias)) or op.bias.element is not op.x.element:
            return None
        if is_steady:
            made: Value = session.again(op, bias=None)
        else:
            made = session.new("matmul", x=op.x, y=op.weight, transpose_y=True)
        if _is_zero(op.bias, session):
            return made
        added: Value = session.new("add", x=made, y=op.bias)
        return added


def _is_zero(bias: Bound, session: Session) -> bool:
    """Whether a bias is known to be 0 throughout; one that is packed is looked into."""
    found = bias.literal
    if found is None and is_fixed(bias):
        (found,) = fold(bias.operand.op, read=session.facts.read) or (None,)  # type: ignore[union-attr,arg-type]  # an op's
    return isinstance(found, TensorLiteral) and not any(found.values())
