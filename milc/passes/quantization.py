"""Integers of 8 bits between quantize and dequantize, in their simplest form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from milc.ir.literals import TensorLiteral
from milc.ir.types import FP16, INT8, UINT8
from milc.kernels import np
from milc.passes.base import Pass, rewrite
from milc.passes.casts import handed_on

if TYPE_CHECKING:
    from milc.ir.nodes import Value
    from milc.kernels import Array
    from milc.opsets.quantization import Dequantize, Quantize
    from milc.passes.session import Session
    from milc.schema import Bound

LARGEST = 65504.0
"""The largest number that an fp16 is."""
STEPS = 255
"""How far an integer of 8 bits is from its zero point, at most."""


class IntOpCanonicalization(Pass):
    """Move integers as they are, instead of as the numbers that they stand for.

    That is, where what is dequantized is only reshaped or transposed, and quantized again in the
    same way. coremltools drops the pair even if the second scale is another one, which gives other
    numbers.

    ```mil
    func main<ios17>(tensor<int8, [2, 3]> x) {
        tensor<fp32, [2, 3]> a = dequantize(input = x, scale = fp32(0.5));
        tensor<fp32, [3, 2]> b = reshape(x = a, shape = tensor<int32, [2]>([3, 2]));
        tensor<int8, [3, 2]> y = quantize(
            input = b, scale = fp32(0.5), output_dtype = string("int8"));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios17>(tensor<int8, [2, 3]> x) {
        tensor<int8, [3, 2]> y = reshape(x = x, shape = tensor<int32, [2]>([3, 2]));
    } -> (y);
    ```
    """

    name = "int_op_canonicalization"

    @rewrite("quantize")
    def move(self, quantize: Quantize, session: Session) -> Value | None:
        """With one scale for each channel a place would have to be followed; that is left alone."""
        mover = session.producer(quantize.input)
        if mover is None or not (mover.reshapes or mover.name == "transpose"):
            return None
        dequantize = session.producer(mover.x, "dequantize")
        if dequantize is None or not session.is_used_once(mover.op.results[0]):
            return None
        if quantize.axis is not None or not is_undone(dequantize, quantize):
            return None
        if dequantize.input.element not in mover.args["x"].elements:
            return None
        moved: Value = session.again(mover, x=dequantize.input)
        return moved


class DequantizeQuantizePairElimination(Pass):
    """Drop a quantize that undoes a dequantize: with the same scale, zero point and axis.

    The other way round stays, for quantize rounds.

    ```mil
    func main<ios17>(tensor<int8, [2]> x) {
        tensor<fp32, [2]> a = dequantize(input = x, zero_point = int8(3), scale = fp32(0.5));
        tensor<int8, [2]> b = quantize(
            input = a, zero_point = int8(3), scale = fp32(0.5), output_dtype = string("int8"));
        tensor<fp32, [2]> y = dequantize(input = b, scale = fp32(0.25));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios17>(tensor<int8, [2]> x) {
        tensor<fp32, [2]> y = dequantize(input = x, scale = fp32(0.25));
    } -> (y);
    ```
    """

    name = "dequantize_quantize_pair_elimination"

    @rewrite("quantize")
    def drop(self, quantize: Quantize, session: Session) -> Value | None:
        dequantize = session.producer(quantize.input, "dequantize")
        if dequantize is None or not is_undone(dequantize, quantize):
            return None
        return handed_on(dequantize.input.operand, quantize.op.results[0], session)


class NullifyRedundantQuantizationZeroPoint(Pass):
    """Do without a zero point where 0 can be it, which is faster.

    A zero point of 0 is left out. One in the middle of the range is the 0 of the other signedness:
    of a constant that is dequantized, and of what is quantized and dequantized at once.

    ```mil
    func main<ios17>(tensor<fp32, [2]> x) {
        tensor<uint8, [2]> a = quantize(
            input = x, zero_point = uint8(128), scale = fp32(0.5), output_dtype = string("uint8"));
        tensor<fp32, [2]> b = dequantize(input = a, zero_point = uint8(128), scale = fp32(0.5));
        tensor<fp32, [2]> c = dequantize(
            input = tensor<int8, [2]>([-128, 127]), zero_point = int8(-128), scale = fp32(0.5));
        tensor<fp32, [2]> y = add(x = b, y = c);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios17>(tensor<fp32, [2]> x) {
        tensor<int8, [2]> b_0 = quantize(
            input = x, scale = fp32(0.5), output_dtype = string("int8"));
        tensor<fp32, [2]> b = dequantize(input = b_0, scale = fp32(0.5));
        tensor<fp32, [2]> c = dequantize(
            input = tensor<uint8, [2]>([0, 255]), scale = fp32(0.5));
        tensor<fp32, [2]> y = add(x = b, y = c);
    } -> (y);
    ```
    """

    name = "nullify_redundant_quantization_zero_point"

    @rewrite("quantize", "dequantize")
    def leave_out(self, op: Quantize | Dequantize, session: Session) -> Value | None:
        """A zero point of 0."""
        if not _is_all(op.zero_point, 0):
            return None
        made: Value = session.again(op, zero_point=None)
        return made

    @rewrite("dequantize")
    def shift(self, op: Dequantize, session: Session) -> Value | None:
        """A constant."""
        literal = op.input.literal
        if not isinstance(literal, TensorLiteral) or not _is_middle(op.zero_point):
            return None
        dtype = "u1" if op.input.element is INT8 else "i1"
        shifted = (literal.numpy().astype("i2") + (128 if dtype == "u1" else -128)).astype(dtype)
        made: Value = session.again(op, input=shifted, zero_point=None)
        return made

    @rewrite("dequantize")
    def turn(self, op: Dequantize, session: Session) -> Value | None:
        """What is quantized for this op alone."""
        quantize = session.producer(op.input, "quantize")
        if quantize is None or not session.is_used_once(quantize.op.results[0]):
            return None
        if not _is_middle(op.zero_point) or not _is_middle(quantize.zero_point):
            return None
        other = UINT8 if op.input.element is INT8 else INT8
        turned = session.again(quantize, zero_point=None, output_dtype=other.name)
        made: Value = session.again(op, input=turned, zero_point=None)
        return made


class DistributiveQuantizedBinaryOpScaleNormalization(Pass):
    """Let one operand of a quantized sum have the scale 1, and save its multiplication.

    The other scale and that of the result are divided by it. It is done to an `add` or `sub` of
    what is dequantized, also behind a `relu`, if what comes out is quantized and nobody else looks.

    ```mil
    func main<ios17>(tensor<int8, [2]> x, tensor<int8, [2]> y) {
        tensor<fp32, [2]> a = dequantize(input = x, scale = fp32(0.5));
        tensor<fp32, [2]> b = dequantize(input = y, scale = fp32(0.25));
        tensor<fp32, [2]> c = add(x = a, y = b);
        tensor<int8, [2]> z = quantize(
            input = c, scale = fp32(2.0), output_dtype = string("int8"));
    } -> (z);
    ```

    becomes

    ```mil
    func main<ios17>(tensor<int8, [2]> x, tensor<int8, [2]> y) {
        tensor<fp32, [2]> z_0 = dequantize(input = x, scale = fp32(2.0));
        tensor<fp32, [2]> z_1 = dequantize(input = y, scale = fp32(1.0));
        tensor<fp32, [2]> z_2 = add(x = z_0, y = z_1);
        tensor<int8, [2]> z = quantize(
            input = z_2, scale = fp32(8.0), output_dtype = string("int8"));
    } -> (z);
    ```
    """

    name = "distributive_quantized_binary_op_scale_normalization"
    exact = False

    @rewrite("quantize")
    def normalize(self, quantize: Quantize, session: Session) -> Value | None:
        """The second operand is the one, or the first if the second has a scale for each place."""
        relu = session.producer(quantize.input, "relu")
        total = session.producer(relu.x if relu else quantize.input, "add", "sub")
        inner = [each.op.results[0] for each in (relu, total) if each is not None]
        if total is None or not all(map(session.is_used_once, inner)):
            return None
        pair = [session.producer(each, "dequantize") for each in (total.x, total.y)]
        if None in pair or any(each.scale.value == 1 for each in pair):
            return None
        for unit, other in ((1, 0), (0, 1)):
            scales = _divided(pair[unit], pair[other], quantize)
            if scales is not None:
                parts = [None, None]
                parts[other] = session.again(pair[other], scale=scales[0])
                parts[unit] = session.again(pair[unit], scale=_like(pair[unit].scale, 1.0))
                made = session.again(total, x=parts[0], y=parts[1])
                made = session.again(relu, x=made) if relu else made
                result: Value = session.again(quantize, input=made, scale=scales[1])
                return result
        return None


def _like(scale: Bound, number: Any) -> Array:
    """A scale of the element type of another."""
    return np.asarray(number, "f2" if scale.element is FP16 else "f4")


def _divided(unit: Dequantize, other: Dequantize, last: Quantize) -> tuple[Array, Array] | None:
    """The other scale and the last one, both divided by that of a unit; None if they do not fit."""
    by = scale_of(unit)
    if by.ndim or not by > 0:
        return None
    with np.errstate(all="ignore"):
        scales = [scale_of(each) / by for each in (other, last)]
        made = [_like(of.scale, each) for of, each in zip((other, last), scales, strict=True)]
    if any(not np.isfinite(each).all() or not each.all() for each in made):
        return None
    # In fp16 neither an operand nor their sum may overflow, if they did not before.
    if (np.abs(scales[0]).max() + 1) * STEPS > LARGEST and unit.scale.element is FP16:
        return None
    return made[0], made[1]


def scale_of(op: Quantize | Dequantize) -> Array:
    """The scale in fp32."""
    literal = op.scale.literal
    assert isinstance(literal, TensorLiteral)
    array: Array = literal.numpy().astype("f4")
    return array


def is_undone(dequantize: Dequantize, quantize: Quantize) -> bool:
    """Whether quantizing gives the very integers that were dequantized."""
    if quantize.output_dtype.value != dequantize.input.element.name:
        return False
    parts = [(getattr(dequantize, n), getattr(quantize, n)) for n in ("scale", "zero_point")]
    both = (dequantize, quantize)
    axes = [None if op.axis is None else op.input.axis(op.axis.value) for op in both]
    return axes[0] == axes[1] and all(_same(*each) for each in parts) and _is_kept(dequantize)


def _same(one: Bound | None, other: Bound | None) -> bool:
    if one is None or other is None:
        return _is_all(one or other, 0) if one or other else True
    return one.shape == other.shape and one.value is not None and one.value == other.value


def _is_kept(dequantize: Dequantize) -> bool:
    """Whether numbers of a scale are far enough from each other, and none is too large."""
    literal = dequantize.scale.literal
    if not isinstance(literal, TensorLiteral):
        return False
    size = np.abs(literal.numpy().astype("f8"))
    info = np.finfo("f2" if dequantize.scale.element is FP16 else "f4")
    return bool(size.min() >= float(info.tiny) and size.max() * STEPS <= float(info.max))


def _is_all(bound: Bound | None, number: int) -> bool:
    literal = bound.literal if bound is not None else None
    return isinstance(literal, TensorLiteral) and bool((literal.numpy() == number).all())


def _is_middle(bound: Bound | None) -> bool:
    return bound is not None and _is_all(bound, -128 if bound.element is INT8 else 128)
