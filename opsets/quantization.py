"""Ops that turn real numbers into 8-bit integers and back while the program runs.

Facts: coremltools 9.0, `ops/defs/iOS17/quantization_ops.py`.
"""

from __future__ import annotations

from milc.ir.types import ELEMENT_TYPES, FP16, FP32, INT8, INT32, STRING, UINT8, TensorType, Type
from milc.kernels import Array, elements, quantized
from milc.schema import (
    Bound,
    Choice,
    Const,
    Domain,
    In,
    OpDef,
    OptionalConst,
    Out,
    constraint,
)
from milc.schema.rules import is_axis


class Linear(OpDef):
    """A scale and a zero point for all of a tensor, or for each place along one axis."""

    SrcT = Domain(FP16, FP32)
    DstT = Domain(UINT8, INT8)
    input = In(SrcT, "what is converted, of any shape")
    zero_point = OptionalConst(
        DstT, "the integer that stands for 0, of the shape of `scale`; 0 if left out", rank=(0, 1)
    )
    scale = Const(
        SrcT,
        "the step between two integers: a scalar, or a vector with an element for each place along"
        " `axis`",
        rank=(0, 1),
    )
    axis = OptionalConst(
        INT32, "the dimension of `input` that `scale` runs along, if that is a vector", rank=0
    )

    @constraint("C1", "`axis` is given if `scale` is a vector, and only then")
    def axis_goes_with_vectors(self) -> bool:
        return (self.axis is not None) == (self.scale.rank == 1)

    @constraint("C2", "`zero_point` has the rank of `scale`")
    def ranks_agree(self) -> bool:
        return self.zero_point is None or self.zero_point.rank == self.scale.rank

    @constraint("C3", "`axis` is a dimension of `input`, from -rank to rank - 1")
    def axis_exists(self) -> bool:
        return self.axis is None or is_axis(self.axis, self.input)

    @constraint("C4", "`scale`, if a vector, has an element for each place of `input` along `axis`")
    def scale_fits(self) -> bool | str:
        return self.runs_along(self.scale)

    @constraint(
        "C5", "`zero_point`, if a vector, has an element for each place of `input` along `axis`"
    )
    def zero_point_fits(self) -> bool | str:
        return self.zero_point is None or self.runs_along(self.zero_point)

    def spread(self, held: Bound) -> Array:
        """A scalar, or a vector as it lies along the axis of the input."""
        axis = 0 if self.axis is None else self.axis.value
        vector: Array = quantized.along(held.array, axis, self.input.rank)
        return vector

    @property
    def offset(self) -> Array | None:
        """The zero points as they lie along the axis, if there are any."""
        return None if self.zero_point is None else self.spread(self.zero_point)

    def runs_along(self, vector: Bound) -> bool | str:
        """Whether a vector is as long as the axis; coremltools wants that length to be known."""
        if self.axis is None or self.axis.value is None or vector.rank == 0:
            return True
        size = self.input.shape[self.axis.value]
        if size is None:
            return f"the length of {vector.shape[0]} is known, that of the dimension is not"
        return size == vector.shape[0] or f"it has {vector.shape[0]} for {size}"


class Quantize(Linear):
    """The integers nearest to `input / scale + zero_point`, kept in the range of their type.

    `output = clip(round(input / scale) + zero_point)`. If `scale` and `zero_point` are vectors,
    they are spread along dimension `axis` of `input`. What lies halfway is rounded to the even
    integer, as coremltools does; milc takes NaN for 0.

    ```mil
    func main<ios17>(tensor<fp32, [2, 3]> x) {
        tensor<int8, [2, 3]> y = quantize(
            input = x, zero_point = tensor<int8, [3]>([0, 1, -2]),
            scale = tensor<fp32, [3]>([0.5, 0.25, 0.125]), axis = int32(1),
            output_dtype = string("int8"));
    } -> (y);
    ```
    """

    name = "quantize"
    since = "ios17"
    instead = "`real_div`, `add`, `round`, `clip` and `cast`"

    output_dtype = Const(
        STRING, "the element type of the result", rank=0, choices=Choice("uint8", "int8")
    )
    output = Out("the integers, of the shape of `input`")

    @constraint("C6", "`output_dtype` is the element type of `zero_point`")
    def types_agree(self) -> bool:
        word = self.output_dtype.value
        return self.zero_point is None or word in (None, self.zero_point.element.name)

    @constraint("C7", "`scale` is not 0 throughout")
    def scale_counts(self) -> bool | None:
        value = self.scale.value
        return any(value) if isinstance(value, tuple) else value is None or value != 0

    def infer(self) -> Type:
        word = self.output_dtype.value
        if word is None:
            return self.op.results[0].type
        return self.input.with_element(ELEMENT_TYPES[word])

    def evaluate(self) -> Array:
        dtype = elements.dtype_of(ELEMENT_TYPES[self.output_dtype.value])
        scale = self.spread(self.scale)
        made: Array = quantized.quantize(self.input.array, scale, self.offset, dtype)
        return made


class Dequantize(Linear):
    """The real numbers that integers stand for: `scale * (input - zero_point)`.

    If `scale` and `zero_point` are vectors, they are spread along dimension `axis` of `input`.

    ```mil
    func main<ios17>(tensor<int8, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = dequantize(
            input = x, zero_point = int8(-1), scale = fp32(0.5));
    } -> (y);
    ```
    """

    name = "dequantize"
    since = "ios17"
    instead = "a `cast`, `sub` and `mul`; of a constant, constexpr_affine_dequantize or a `const`"

    SrcT = Domain(UINT8, INT8)
    DstT = Domain(FP16, FP32)
    input = In(SrcT, "the integers, of any shape")
    zero_point = OptionalConst(
        SrcT, "the integer that stands for 0, of the shape of `scale`; 0 if left out", rank=(0, 1)
    )
    scale = Const(
        DstT,
        "the step between two integers: a scalar, or a vector with an element for each place along"
        " `axis`",
        rank=(0, 1),
    )
    output = Out("the numbers, of the shape of `input` and with the elements of `scale`")

    def infer(self) -> TensorType:
        return self.input.with_element(self.scale.element)

    def evaluate(self) -> Array:
        scale = self.spread(self.scale)
        made: Array = quantized.dequantize(self.input.array, scale, self.offset, scale.dtype)
        return made
