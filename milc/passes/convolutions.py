"""What follows a convolution and goes into its kernels and bias; dilations written out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from milc.ir.types import FP32
from milc.kernels import np
from milc.opsets.spatial import margins
from milc.passes.base import Pass, rewrite
from milc.passes.match import Node, Var, match
from milc.passes.parameters import (
    Source,
    along,
    elements,
    finite,
    may_change,
    numbers,
    parts,
    scaled,
    source,
)

if TYPE_CHECKING:
    from milc.ir.nodes import Value
    from milc.kernels import Array
    from milc.opsets.conv import Conv, ConvTranspose
    from milc.opsets.elementwise_binary import Binary
    from milc.opsets.normalization import BatchNorm
    from milc.passes.session import Session
    from milc.schema import Bound

    Kernels = Conv | ConvTranspose

KINDS: Final = ("conv", "conv_transpose")


def changed(found: Source, factor: Array | None, shift: Array | None, session: Session) -> Any:
    """A convolution whose channels are multiplied by a factor, and then shifted; None: by nothing.

    None if its kernels are no constant that may be changed, or would not be precise enough.
    """
    conv: Kernels = found.op
    if not _is_wide(conv):
        return None
    weight = conv.weight if factor is None else _scaled(conv, factor)
    if weight is None:
        return None
    bias: Any = 0.0 if conv.bias is None else numbers(conv.bias)
    if bias is None:
        return None
    with np.errstate(all="ignore"):
        bias = bias * (1 if factor is None else factor) + (0 if shift is None else shift)
    added = finite(bias, conv.weight.element)
    if added is None:
        return None
    is_needed = conv.bias is not None or shift is not None
    made = session.again(conv, weight=weight, bias=added if is_needed else None)
    return made if found.moved is None else session.again(found.moved, x=made)


def _is_wide(conv: Kernels) -> bool:
    """Whether the kernels are no narrower than what is computed."""
    return conv.weight.element in (conv.x.element, FP32)


def _scaled(conv: Kernels, factor: Array) -> Array | None:
    """The kernels, with those of each output channel multiplied by its factor."""
    groups: Any = conv.groups.value
    weight = elements(conv.weight) if may_change(conv.weight) else None
    if weight is None:
        return None
    if conv.name == "conv":
        rows, axis = factor[:, None], 0
    else:  # an input channel's group says for which output channels it has kernels
        rows, axis = np.repeat(factor.reshape(groups, -1), weight.shape[0] // groups, axis=0), 1
    return scaled(weight, rows.reshape(*rows.shape, *[1] * (weight.ndim - 2)), axis)


class FuseConvScale(Pass):
    """Multiply the kernels and the bias of a convolution by what its channels are multiplied by.

    A division by constants is a multiplication, too. Kernels that other ops use as well are changed
    only if they are small.

    ```mil
    func main<ios15>(tensor<fp32, [1, 1, 3]> x) {
        tensor<fp32, [2, 1, 1]> w = const()[val = tensor<fp32, [2, 1, 1]>([[[1]], [[3]]])];
        tensor<fp32, [1, 2, 3]> a = conv(x = x, weight = w, bias = tensor<fp32, [2]>([1, 1]));
        tensor<fp32, [1, 2, 3]> y = mul(x = a, y = tensor<fp32, [2, 1]>([[2], [4]]));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [1, 1, 3]> x) {
        tensor<fp32, [2, 1, 1]> w = const()[val = tensor<fp32, [2, 1, 1]>([[[2]], [[12]]])];
        tensor<fp32, [1, 2, 3]> y = conv(x = x, weight = w, bias = tensor<fp32, [2]>([2, 4]));
    } -> (y);
    ```
    """

    name = "fuse_conv_scale"
    exact = False

    @rewrite("mul", "real_div")
    def fuse(self, op: Binary, session: Session) -> Value | None:
        pair = parts(op)
        if pair is None or (op.name == "real_div" and not op.x.is_computed):
            return None
        found = source(op, pair[0], session, *KINDS)
        factor = _of_channels(pair[1], pair[0], found, session)
        if found is None or factor is None:
            return None
        with np.errstate(all="ignore"):
            factor = 1 / factor if op.name == "real_div" else factor
        made: Value | None = changed(found, factor, None, session)
        return made


class FuseConvBias(Pass):
    """Add what is added to, or subtracted from, the channels of a convolution to its bias.

    It may stand behind a `transpose`. A convolution that is subtracted has its kernels negated.

    ```mil
    func main<ios15>(tensor<fp32, [1, 1, 3]> x) {
        tensor<fp32, [2, 1, 1]> w = const()[val = tensor<fp32, [2, 1, 1]>([[[1]], [[3]]])];
        tensor<fp32, [1, 2, 3]> a = conv(x = x, weight = w);
        tensor<fp32, [1, 2, 3]> y = add(x = a, y = tensor<fp32, [2, 1]>([[2], [4]]));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [1, 1, 3]> x) {
        tensor<fp32, [2, 1, 1]> w = const()[val = tensor<fp32, [2, 1, 1]>([[[1]], [[3]]])];
        tensor<fp32, [1, 2, 3]> y = conv(x = x, weight = w, bias = tensor<fp32, [2]>([2, 4]));
    } -> (y);
    ```
    """

    name = "fuse_conv_bias"
    exact = False

    @rewrite("add", "sub")
    def fuse(self, op: Binary, session: Session) -> Value | None:
        pair = parts(op)
        found = source(op, pair[0], session, *KINDS) if pair else None
        shift = _of_channels(pair[1], pair[0], found, session) if pair else None
        if found is None or shift is None:
            return None
        is_taken = op.name == "sub" and not op.x.is_computed
        shift = -shift if op.name == "sub" and not is_taken else shift
        made: Value | None = changed(
            found, -np.ones_like(shift) if is_taken else None, shift, session
        )
        return made


class FuseConvBatchnorm(Pass):
    """Put a `batch_norm` behind a convolution into its kernels and its bias.

    ```mil
    func main<ios15>(tensor<fp32, [1, 1, 3]> x) {
        tensor<fp32, [2, 1, 1]> w = const()[val = tensor<fp32, [2, 1, 1]>([[[1]], [[3]]])];
        tensor<fp32, [1, 2, 3]> a = conv(x = x, weight = w);
        tensor<fp32, [1, 2, 3]> y = batch_norm(x = a, mean = tensor<fp32, [2]>([1, 1]),
            variance = tensor<fp32, [2]>([0, 3]), epsilon = fp32(1));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [1, 1, 3]> x) {
        tensor<fp32, [2, 1, 1]> w = const()[val = tensor<fp32, [2, 1, 1]>([[[1]], [[1.5]]])];
        tensor<fp32, [1, 2, 3]> y = conv(x = x, weight = w, bias = tensor<fp32, [2]>([-1, -0.5]));
    } -> (y);
    ```
    """

    name = "fuse_conv_batchnorm"
    exact = False

    @rewrite("batch_norm")
    def fuse(self, op: BatchNorm, session: Session) -> Value | None:
        found = source(op, op.x, session, *KINDS)
        if found is None or found.moved is not None:
            return None
        mean, variance = numbers(op.mean), numbers(op.variance)
        gamma = np.float64(1) if op.gamma is None else numbers(op.gamma)
        beta = np.float64(0) if op.beta is None else numbers(op.beta)
        if mean is None or variance is None or gamma is None or beta is None:
            return None
        with np.errstate(all="ignore"):
            factor = gamma / np.sqrt(variance + op.epsilon.value)
            made: Value | None = changed(found, factor, beta - mean * factor, session)
        return made


class FuseDilatedConv(Pass):
    """Use `dilations` for a convolution of the blocks that `space_to_batch` gathers.

    Its steps are 1. What is padded and cropped around it becomes its padding, if no more is cropped
    than was padded.

    ```mil
    func main<ios15>(tensor<fp32, [1, 1, 4, 4]> x) {
        tensor<fp32, [1, 1, 2, 2]> w = const()[
            val = tensor<fp32, [1, 1, 2, 2]>([[[[1, 2], [3, 4]]]])];
        tensor<fp32, [4, 1, 3, 3]> a = space_to_batch(x = x,
            block_shape = tensor<int32, [2]>([2, 2]),
            paddings = tensor<int32, [2, 2]>([[1, 1], [1, 1]]));
        tensor<fp32, [4, 1, 2, 2]> b = conv(x = a, weight = w);
        tensor<fp32, [1, 1, 4, 3]> y = batch_to_space(x = b,
            block_shape = tensor<int32, [2]>([2, 2]),
            crops = tensor<int32, [2, 2]>([[0, 0], [0, 1]]));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [1, 1, 4, 4]> x) {
        tensor<fp32, [1, 1, 2, 2]> w = const()[
            val = tensor<fp32, [1, 1, 2, 2]>([[[[1, 2], [3, 4]]]])];
        tensor<fp32, [1, 1, 4, 3]> y = conv(x = x, weight = w, pad_type = string("custom"),
            pad = tensor<int32, [4]>([1, 1, 1, 0]), dilations = tensor<int32, [2]>([2, 2]));
    } -> (y);
    ```
    """

    name = "fuse_dilated_conv"
    exact = False
    gathered: Final = Node("space_to_batch", Var("x"), called="gather")
    pattern: Final = Node("batch_to_space", Node("conv", gathered, called="conv"))

    @rewrite("batch_to_space")
    def fuse(self, op: Any, session: Session) -> Value | None:
        found = match(self.pattern, session, op)
        if found is None:
            return None
        conv, block = found["conv"], op.block_shape.value
        if found["gather"].block_shape.value != block:
            return None
        if set(conv.strides.value) != {1} or not conv.weight.is_constant:
            return None
        pad = _padding(conv, found["gather"].paddings.value, op.crops.value, block)
        if pad is None:
            return None
        dilations = tuple([a * b for a, b in zip(conv.dilations.value, block, strict=True)])
        kind, pad = ("custom", pad) if any(pad) else ("valid", None)
        made: Value = session.again(conv, x=found["x"], pad_type=kind, pad=pad, dilations=dilations)
        return made


def _padding(conv: Conv, paddings: Any, crops: Any, block: Any) -> tuple[int, ...] | None:
    """What is padded in all: by blocks, by the convolution within them, less what is cropped."""
    lengths: Any = conv.weight.shape[2:]
    if None in lengths:
        return None
    reach = [(n - 1) * d + 1 for n, d in zip(lengths, conv.dilations.value, strict=True)]
    ends = margins((1, 1), reach, (1, 1), conv.pad_type.value, conv.pad.value)
    own = [side for pair in ends for side in pair]
    sides = [block[0], block[0], block[1], block[1]]
    pad = [p + o * b - c for p, o, b, c in zip(paddings, own, sides, crops, strict=True)]
    return tuple(pad) if min(pad) >= 0 else None


def _of_channels(
    constant: Bound, result: Bound, found: Source | None, session: Session
) -> Array | None:
    """A constant that is combined with a convolution's result, if it varies by channels only."""
    dims = session.dims(result) if found else None
    return along(constant, dims, [found.axis]) if found and dims else None
