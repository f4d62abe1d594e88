"""Weights that are stored packed: in one canonical form, and never unpacked."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from milc.ir.literals import TensorLiteral
from milc.ir.types import INT8
from milc.kernels import np
from milc.passes.base import Pass, rewrite
from milc.schema import Bound, level

if TYPE_CHECKING:
    from milc.ir.nodes import Value
    from milc.kernels import Array
    from milc.opsets.quantization import Dequantize
    from milc.passes.session import Session
    from milc.schema import OpDef


class DequantizeToConstexpr(Pass):
    """Say of a constant that is dequantized that it is a packed weight, so that it stays packed.

    It becomes a constexpr_affine_dequantize, from ios18 on a constexpr_blockwise_shift_scale.

    ```mil
    func main<ios18>(tensor<fp32, [3, 2]> x) {
        tensor<fp32, [3, 2]> w = dequantize(
            input = tensor<int8, [3, 2]>([[0, 1], [2, 3], [4, 5]]),
            scale = tensor<fp32, [3]>([0.5, 1.0, 2.0]), axis = int32(0));
        tensor<fp32, [3, 2]> y = add(x = x, y = w);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios18>(tensor<fp32, [3, 2]> x) {
        tensor<fp32, [3, 2]> w = constexpr_blockwise_shift_scale(
            data = tensor<int8, [3, 2]>([[0, 1], [2, 3], [4, 5]]),
            scale = tensor<fp32, [3, 1]>([[0.5], [1.0], [2.0]]));
        tensor<fp32, [3, 2]> y = add(x = x, y = w);
    } -> (y);
    ```
    """

    name = "dequantize_to_constexpr"

    @rewrite("dequantize")
    def pack(self, op: Dequantize, session: Session) -> Value | None:
        if op.input.is_computed or not op.input.rank or op.scale.literal is None:
            return None
        made: Value
        if level(session.function.opset) >= level("ios18"):
            scale, offset = self._along(op, op.scale), self._along(op, op.zero_point)
            made = session.new(
                "constexpr_blockwise_shift_scale", data=op.input, scale=scale, offset=offset
            )
            return made
        middle = np.zeros((), "i1" if op.input.element is INT8 else "u1")
        made = session.new(
            "constexpr_affine_dequantize",
            quantized_data=op.input,
            scale=op.scale,
            zero_point=op.zero_point or middle,
            axis=op.axis or 0,
        )
        return made

    def _along(self, op: Dequantize, bound: Bound | None) -> Array | None:
        """A scale or a zero point with the rank of the data."""
        literal = bound.literal if bound is not None else None
        if not isinstance(literal, TensorLiteral):
            return None
        dims = [1] * op.input.rank
        if op.axis is not None:
            dims[op.axis.value] = -1
        array: Array = literal.numpy().reshape(dims)
        return array


class MergeAffineDequantizeWithConsecutiveOps(Pass):
    """Reshape and transpose the integers of a packed weight ahead of time.

    So `transpose`, `reshape`, `expand_dims` and `squeeze` go, where nobody else uses the weight. A
    scale for each channel follows its dimension, if that is a dimension behind the op, too.

    ```mil
    func main<ios16>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [3, 2]> w = constexpr_affine_dequantize()[
            axis = int32(0), quantized_data = tensor<int8, [3, 2]>([[0, 1], [2, 3], [4, 5]]),
            scale = tensor<fp32, [3]>([0.5, 1.0, 2.0]), zero_point = int8(0)];
        tensor<fp32, [2, 3]> t = transpose(x = w, perm = tensor<int32, [2]>([1, 0]));
        tensor<fp32, [2, 3]> y = add(x = x, y = t);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios16>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> t = constexpr_affine_dequantize()[
            axis = int32(1), quantized_data = tensor<int8, [2, 3]>([[0, 2, 4], [1, 3, 5]]),
            scale = tensor<fp32, [3]>([0.5, 1.0, 2.0]), zero_point = int8(0)];
        tensor<fp32, [2, 3]> y = add(x = x, y = t);
    } -> (y);
    ```
    """

    name = "merge_affine_dequantize_with_consecutive_ops"

    @rewrite("transpose", "reshape", "expand_dims", "squeeze")
    def merge(self, op: Any, session: Session) -> Value | None:
        packed = session.producer(op.x, "constexpr_affine_dequantize")
        if packed is None or not session.is_used_once(packed.op.results[0]):
            return None
        known = session.dims(op.op.results[0]) or ()
        dims = [dim for dim in known if isinstance(dim, int)]
        if not dims or len(dims) < len(known):
            return None
        axis = self._axis(op, packed, dims)
        literal = packed.quantized_data.literal if axis is not None else None
        if not isinstance(literal, TensorLiteral):
            return None
        array = literal.numpy()
        moved = array.transpose(op.perm.value) if op.name == "transpose" else array.reshape(dims)
        made: Value = session.again(packed, quantized_data=np.ascontiguousarray(moved), axis=axis)
        return made

    def _axis(self, op: Any, packed: Any, dims: list[int]) -> int | None:
        """Where the dimension of the scales is behind an op; None if it is none there."""
        if packed.scale.rank == 0 and packed.zero_point.rank == 0:
            return 0
        data = packed.quantized_data
        axis, old = data.axis(packed.axis.value), data.shape
        if op.name == "transpose":
            return [each % len(old) for each in op.perm.value].index(axis)
        ahead = prod(old[:axis])
        places = [at for at, dim in enumerate(dims) if dim == old[axis]]
        return next((at for at in places if prod(dims[:at]) == ahead), None)


class CanonicalizeQuantizedLutPattern(Pass):
    """Scale the table of a palettized weight, rather than all that is looked up in it.

    The table is repeated where its parts have scales of their own. From ios26 on it is the other
    way round, as that is what devices take there; a table is then read first, and scaled behind.

    ```mil
    func main<ios18>(tensor<fp16, [1, 2]> x) {
        tensor<int8, [2, 2]> numbers = constexpr_lut_to_dense(
            indices = tensor<uint1, [2, 2]>([[0, 1], [1, 0]]),
            lut = tensor<int8, [1, 1, 2, 1]>([[[[3], [5]]]]));
        tensor<fp16, [2, 2]> w = constexpr_blockwise_shift_scale(
            data = numbers, scale = tensor<fp16, [2, 1]>([[0.5], [2.0]]));
        tensor<fp16, [1, 2]> y = linear(x = x, weight = w);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios18>(tensor<fp16, [1, 2]> x) {
        tensor<fp16, [2, 1, 2, 1]> w_0 = constexpr_blockwise_shift_scale(
            data = tensor<int8, [2, 1, 2, 1]>([[[[3], [5]]], [[[3], [5]]]]),
            scale = tensor<fp16, [2, 1, 1, 1]>([[[[0.5]]], [[[2.0]]]]));
        tensor<fp16, [2, 2]> w = constexpr_lut_to_dense(
            indices = tensor<uint1, [2, 2]>([[0, 1], [1, 0]]), lut = w_0);
        tensor<fp16, [1, 2]> y = linear(x = x, weight = w);
    } -> (y);
    ```
    """

    name = "canonicalize_quantized_lut_pattern"

    @rewrite("constexpr_blockwise_shift_scale")
    def scale_first(self, op: Any, session: Session) -> Value | None:
        """A table is known, for it may have to be repeated."""
        found = session.producer(op.data, "constexpr_lut_to_dense")
        if found is None or _is_new(session) or not session.is_used_once(found.op.results[0]):
            return None
        lut, scale = found.lut.literal, _array(op.scale)
        if not isinstance(lut, TensorLiteral) or scale is None:
            return None
        repeats = _repeats(scale.shape, found.lut.shape)
        if repeats is None or (found.lut.shape[-1] != 1 and scale.size != 1):
            return None
        table = lut.numpy()
        for at, count in enumerate(repeats):
            table = np.repeat(table, count, axis=at) if count > 1 else table
        offset = _array(op.offset)
        scaled = session.new(
            "constexpr_blockwise_shift_scale",
            data=found.lut if max(repeats) == 1 else table,
            scale=scale[..., None, None],
            offset=None if offset is None else offset[..., None, None],
        )
        made: Value = session.again(found, lut=scaled)
        return made

    @rewrite("constexpr_lut_to_dense")
    def scale_last(self, op: Any, session: Session) -> Value | None:
        """Within a part of the table there must be one scale."""
        scaled = session.producer(op.lut, "constexpr_blockwise_shift_scale")
        if scaled is None or not _is_new(session) or op.lut.shape[-1] != 1:
            return None
        scale, offset = _array(scaled.scale), _array(scaled.offset)
        if scale is None or scale.shape[-2:] != (1, 1):
            return None
        if scaled.data.element not in op.args["lut"].elements:
            return None
        made: Value = session.new(
            "constexpr_blockwise_shift_scale",
            data=session.again(op, lut=scaled.data),
            scale=scale[..., 0, 0],
            offset=None if offset is None else offset[..., 0, 0],
        )
        return made


def _is_new(session: Session) -> bool:
    return level(session.function.opset) >= level("ios26")


def _array(bound: Bound | None) -> Array | None:
    """A constant as an array, None if it is none."""
    literal = bound.literal if bound is not None else None
    return literal.numpy() if isinstance(literal, TensorLiteral) else None


def _repeats(scales: tuple[int, ...], tables: tuple[int | None, ...]) -> list[int] | None:
    """How often to repeat the parts of a table for scales; None if they do not fit each other."""
    found = []
    for scale, table in zip(scales, tables[:-2], strict=True):
        if not table or (scale % table and table % scale):
            return None
        found.append(max(scale // table, 1))
    return found


class ReorderLutPerChannelScale(Pass):
    """Scale what comes out of a `linear`, `matmul` or `conv` instead of its palettized weight.

    The neural engine wants it so. It is done where each output channel has a scale, there is no
    offset, and only such ops use the weight; a bias is divided by the scale. It stands in no
    pipeline.

    ```mil
    func main<ios18>(tensor<fp16, [1, 2]> x) {
        tensor<fp16, [2, 2]> numbers = constexpr_lut_to_dense(
            indices = tensor<uint1, [2, 2]>([[0, 1], [1, 0]]),
            lut = tensor<fp16, [1, 1, 2, 1]>([[[[3.0], [5.0]]]]));
        tensor<fp16, [2, 2]> w = constexpr_blockwise_shift_scale(
            data = numbers, scale = tensor<fp16, [2, 1]>([[0.5], [2.0]]));
        tensor<fp16, [1, 2]> y = linear(
            x = x, weight = w, bias = tensor<fp16, [2]>([1.0, 2.0]));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios18>(tensor<fp16, [1, 2]> x) {
        tensor<fp16, [2, 2]> numbers = constexpr_lut_to_dense(
            indices = tensor<uint1, [2, 2]>([[0, 1], [1, 0]]),
            lut = tensor<fp16, [1, 1, 2, 1]>([[[[3.0], [5.0]]]]));
        tensor<fp16, [1, 2]> y_0 = linear(
            x = x, weight = numbers, bias = tensor<fp16, [2]>([2.0, 1.0]));
        tensor<fp16, [1, 2]> y = mul(x = y_0, y = tensor<fp16, [2]>([0.5, 2.0]));
    } -> (y);
    ```
    """

    name = "reorder_lut_per_channel_scale"
    exact = False

    @rewrite("linear", "matmul", "conv")
    def move(self, op: Any, session: Session) -> Value | None:
        for name in ("x", "y") if op.name == "matmul" else ("weight",):
            scaled = session.producer(getattr(op, name), "constexpr_blockwise_shift_scale")
            if scaled is not None and self._is_plain(scaled, session):
                return self._moved(op, name, scaled, session)
        return None

    def _is_plain(self, scaled: Any, session: Session) -> bool:
        """Whether a weight is looked up and scaled, and only used where that can be moved."""
        found = session.producer(scaled.data, "constexpr_lut_to_dense")
        if found is None or scaled.data.element is not scaled.scale.element:
            return False
        offset = _array(scaled.offset)
        if (scaled.offset is not None and offset is None) or (offset is not None and offset.any()):
            return False
        users = session.users(scaled.op.results[0])
        return all(getattr(user, "kind", "") in ("linear", "matmul", "conv") for user in users)

    def _moved(self, op: Any, name: str, scaled: Any, session: Session) -> Value | None:
        scale = _array(scaled.scale)
        factor = None if scale is None else _factor(op, name, scale)
        if factor is None or not factor.all():
            return None
        changed: dict[str, Any] = {name: scaled.data}
        bias = getattr(op, "bias", None) if op.name != "matmul" else None
        if bias is not None:
            array = _array(bias)
            with np.errstate(over="ignore"):
                divided = None if array is None else (array / factor.ravel()).astype(array.dtype)
            if divided is None or not np.isfinite(divided).all():
                return None
            changed["bias"] = divided
        made: Value = session.new("mul", x=session.again(op, **changed), y=factor)
        return made


def _factor(op: OpDef, name: str, scale: Array) -> Array | None:
    """The scale of a weight as it lies along the result; None if it is not one of its channels."""
    channels = {"linear": 0, "conv": 0}.get(op.name, _column(op, name))
    at = channels % scale.ndim
    if any(dim != 1 for axis, dim in enumerate(scale.shape) if axis != at):
        return None
    flat = scale.ravel()
    if op.name == "conv":
        return flat.reshape((1, -1) + (1,) * (scale.ndim - 2))
    return flat.reshape(-1, 1) if name == "x" else flat


def _column(op: Any, name: str) -> int:
    """The dimension of an operand of matmul that is one of the result."""
    if op.name != "matmul":
        return 0
    flipped = getattr(op, f"transpose_{name}").value
    return (-1 if flipped else -2) if name == "x" else (-2 if flipped else -1)
