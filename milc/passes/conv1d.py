"""Convolutions over one dimension that are written as such over two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from milc.ir.literals import BlobRef, Literal, TensorLiteral
from milc.ir.types import TensorType
from milc.passes.base import Pass, rewrite
from milc.passes.parameters import own

if TYPE_CHECKING:
    from milc.ir.nodes import Value
    from milc.opsets.conv import Conv
    from milc.opsets.reshaping import ExpandDims, Squeeze
    from milc.passes.session import Session
    from milc.schema import Bound


class ComposeConv1d(Pass):
    """Convolve over one dimension, without another of length 1 put in before and removed after.

    Also where channels come last, so that transposes stand between.

    ```mil
    func main<ios15>(tensor<fp32, [1, 3, 8]> x) {
        tensor<fp32, [1, 3, 1, 2]> w = const()[
            val = tensor<fp32, [1, 3, 1, 2]>([[[[1, 2]], [[3, 4]], [[5, 6]]]])];
        tensor<fp32, [1, 3, 1, 8]> a = expand_dims(x = x, axes = tensor<int32, [1]>([-2]));
        tensor<fp32, [1, 1, 1, 4]> b = conv(
            x = a, weight = w, strides = tensor<int32, [2]>([1, 2]), pad_type = string("same"),
            pad = tensor<int32, [4]>([0, 0, 0, 0]), dilations = tensor<int32, [2]>([1, 1]),
            groups = int32(1));
        tensor<fp32, [1, 1, 4]> y = squeeze(x = b, axes = tensor<int32, [1]>([-2]));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [1, 3, 8]> x) {
        tensor<fp32, [1, 1, 4]> y = conv(
            x = x, weight = tensor<fp32, [1, 3, 2]>([[[1, 2], [3, 4], [5, 6]]]),
            strides = tensor<int32, [1]>([2]), pad_type = string("same"),
            pad = tensor<int32, [2]>([0, 0]), dilations = tensor<int32, [1]>([1]),
            groups = int32(1));
    } -> (y);
    ```
    """

    name = "compose_conv1d"

    @rewrite("squeeze")
    def compose(self, op: Squeeze, session: Session) -> Value | None:
        """The kernels have to be flat, and the rows of length 1 without padding."""
        found = _found(op, session)
        if found is None or not _is_flat(found.conv):
            return None
        expanded, conv = found.expand, found.conv
        weight = _flat(conv.weight, session)
        x = session.new("transpose", x=expanded.x, perm=(0, 2, 1)) if found.is_last else expanded.x
        args: dict[str, Any] = {name: getattr(conv, name) for name in conv.op.args}
        rows = {
            name: getattr(conv, name).value[-count:]
            for name, count in (("strides", 1), ("dilations", 1), ("pad", 2))
            if name in conv.op.args
        }
        made: Value = session.new("conv", **(args | rows | {"x": x, "weight": weight}))
        return session.new("transpose", x=made, perm=(0, 2, 1)) if found.is_last else made


class _Found(NamedTuple):
    """The ops of the pattern, and whether channels come last."""

    expand: ExpandDims
    conv: Conv
    is_last: bool


def _found(op: Squeeze, session: Session) -> _Found | None:
    """What lies before the squeeze; nobody else uses what is in between."""
    last = own(op, op.x, session, "conv", "transpose")
    if last is None:
        return None
    is_last = last.name == "transpose"
    conv = own(last, last.x, session, "conv") if is_last else last
    first = own(conv, conv.x, session, "expand_dims", "transpose") if conv is not None else None
    if first is None or (first.name == "transpose") != is_last:
        return None
    expand = own(first, first.x, session, "expand_dims") if is_last else first
    if expand is None or expand.x.rank != 3:
        return None
    row = 1 if is_last else 2
    orders = (first.order(), last.order()) if is_last else None
    is_turned = orders in (None, ([0, 3, 1, 2], [0, 2, 3, 1]))
    axes = expand.axes.value
    is_row = axes is not None and len(axes) == 1 and axes[0] % 4 == row and op.chosen() == (row,)
    return _Found(expand, conv, is_last) if is_turned and is_row else None


def _is_flat(conv: Conv) -> bool:
    """Whether a convolution does nothing along the rows."""
    if conv.weight.shape[2] != 1:
        return False
    return conv.pad_type.value != "custom" or not any(conv.pad.value[:2])


def _flat(weight: Bound, session: Session) -> Any:
    """Kernels without their rows; of those in a file only the reference changes."""
    operand: Any = weight.operand
    literal = operand if isinstance(operand, Literal) else operand.literal
    shape = [dim or 0 for dim in weight.shape]
    type = TensorType(weight.element, (shape[0], shape[1], shape[3]))
    if isinstance(literal, BlobRef):
        return session.const(BlobRef(type, literal.path, literal.offset, literal.doc))
    if isinstance(literal, TensorLiteral):
        return session.const(TensorLiteral(type, literal.data))
    return session.new("squeeze", x=weight, axes=(2,))
