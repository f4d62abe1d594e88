"""Ops that only give a tensor another shape, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from milc.ir.nodes import Op
from milc.ir.types import TensorType
from milc.passes.base import Pass, rewrite

if TYPE_CHECKING:
    from milc.ir.nodes import Value
    from milc.opsets.reshaping import ExpandDims, Reshape, Squeeze
    from milc.passes.session import Session
    from milc.schema import Bound, OpDef


class MergeConsecutiveReshapes(Pass):
    """Reshape once, to the last shape; other ops that leave the elements in order count too.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x) {
        tensor<fp32, [6, 4]> a = reshape(x = x, shape = tensor<int32, [2]>([6, 4]));
        tensor<fp32, [1, 6, 4]> b = expand_dims(x = a, axes = tensor<int32, [1]>([0]));
        tensor<fp32, [4, 6]> y = reshape(x = b, shape = tensor<int32, [2]>([4, -1]));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 4]> x) {
        tensor<fp32, [4, 6]> y = reshape(x = x, shape = tensor<int32, [2]>([4, 6]));
    } -> (y);
    ```
    """

    name = "merge_consecutive_reshapes"

    @rewrite("reshape")
    def merge(self, second: Reshape, session: Session) -> Value | None:
        """A shape that names dimensions of what comes in between is written out."""
        first = session.producer(second.x)
        if first is None or not first.reshapes:
            return None
        shape = _plain_shape(second)
        if shape is None:
            return None
        merged: Value = session.new("reshape", x=first.x, shape=shape)
        return merged


def _plain_shape(op: Reshape) -> Any:
    """The shape of a reshape's result in numbers that mean the same of any operand; or None.

    A 0 does not, as it stands for a dimension of the operand; it needs a shape of the same length.
    """
    dims = op.dims()
    if 0 in dims:
        return None
    if dims.count(None) <= 1:
        return tuple([-1 if dim is None else dim for dim in dims])
    if op.shape.length not in (None, op.x.rank):
        return op.shape
    asked = op.shape.symbols
    return op.shape if asked is not None and None not in asked and 0 not in asked else None


class FuseSqueezeExpandDims(Pass):
    """Drop a squeeze and an expand_dims behind it that puts back what it removed, or the reverse.

    ```mil
    func main<ios15>(tensor<fp32, [3, 1, 4, 1]> x) {
        tensor<fp32, [3, 4]> a = squeeze(x = x, axes = tensor<int32, [2]>([1, 3]));
        tensor<fp32, [3, 1, 4, 1]> b = expand_dims(x = a, axes = tensor<int32, [2]>([1, 3]));
        tensor<fp32, [3, 1, 4, 1]> y = exp(x = b);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [3, 1, 4, 1]> x) {
        tensor<fp32, [3, 1, 4, 1]> y = exp(x = x);
    } -> (y);
    ```
    """

    name = "fuse_squeeze_expand_dims"

    @rewrite("expand_dims", "squeeze")
    def fuse(self, op: ExpandDims | Squeeze, session: Session) -> Any:
        """Dimensions keep their order in both, so that equal shapes say enough."""
        first = session.producer(op.x, "squeeze" if op.name == "expand_dims" else "expand_dims")
        if first is None or first.x.type != op.infer():
            return None
        return stand_in(op, first.x, session)


def stand_in(op: OpDef, operand: Bound, session: Session) -> Any:
    """An operand in place of an op; an identity of it if both are known by name to callers."""
    if not operand.is_computed:
        return session.new("identity", x=operand)
    return stand_in_value(op.op, operand.operand, session)


def stand_in_value(op: Op, value: Any, session: Session) -> Any:
    """A computed value in place of an op."""
    rewriter = session.rewriter
    named = value.op is None or rewriter.is_output(value)
    if named and rewriter.is_output(op.results[0]):
        return session.new("identity", x=value)
    return value


class Rank0ExpandDimsSwap(Pass):
    """Make a scalar that a computed one and a constant give a vector of one before, not after.

    The runtime gives such an op a result of one dimension anyway.

    ```mil
    func main<ios15>(fp32 x) {
        fp32 a = sub(x = x, y = fp32(2.0));
        tensor<fp32, [1]> y = expand_dims(x = a, axes = tensor<int32, [1]>([0]));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(fp32 x) {
        tensor<fp32, [1]> a_0 = expand_dims(x = x, axes = tensor<int32, [1]>([0]));
        tensor<fp32, [1]> y = sub(x = a_0, y = tensor<fp32, [1]>([2.0]));
    } -> (y);
    ```
    """

    name = "rank0_expand_dims_swap"

    @rewrite(when=lambda definition: definition.elementwise)
    def swap(self, op: OpDef, session: Session) -> Value | None:
        """Users that want the scalar get it by a squeeze."""
        names = op.movable
        if len(names) != 2 or names != tuple(op.args) or len(op.op.results) != 1:
            return None
        operands = [getattr(op, name) for name in names]
        is_scalar = all(bound.type == TensorType(bound.element, ()) for bound in operands)
        if not is_scalar or operands[0].is_computed == operands[1].is_computed:
            return None
        users = [session.view(user) for user in op.op.results[0].uses if isinstance(user, Op)]
        if len(users) < len(op.op.results[0].uses) or sum(map(_makes_vector, users)) != 1:
            return None
        args = {name: _vector(bound, session) for name, bound in zip(names, operands, strict=True)}
        scalar: Value = session.new("squeeze", x=session.new(op.op.kind, **args), axes=(0,))
        return scalar

    @rewrite("expand_dims")
    def meet(self, op: ExpandDims, session: Session) -> Any:
        """A scalar that was a vector of one is that again."""
        first = session.producer(op.x, "squeeze")
        if not _makes_vector(op) or first is None or first.x.type != op.infer():
            return None
        return stand_in(op, first.x, session)


def _makes_vector(op: OpDef | None) -> bool:
    """Whether an op makes a vector of a scalar."""
    return op is not None and op.op.kind == "expand_dims" and op.axes.value in ((0,), (-1,))  # type: ignore[attr-defined]


def _vector(bound: Bound, session: Session) -> Any:
    if bound.is_computed:
        return session.new("expand_dims", x=bound, axes=(0,))
    return session.const([bound.value], bound.element)
