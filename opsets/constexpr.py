"""Constants that are stored in a compressed form, and what makes the values out of it.

They are worked out when a model is loaded, or where they are used. Up to ios17 such an op holds
its data as attributes, from ios18 on as inputs, so that one may take what another gives. The data
is often in a weight file: a rule that needs it holds if it is not to be had.

Facts: coremltools 9.0, `ops/defs/iOS16/constexpr_ops.py`, `ops/defs/iOS18/compression.py`.
"""

from __future__ import annotations

from math import prod

from milc.ir import packed
from milc.ir.types import (
    FP16,
    FP32,
    INT4,
    INT8,
    INT32,
    STRING,
    UINT1,
    UINT2,
    UINT3,
    UINT4,
    UINT6,
    UINT8,
    UINT32,
    TensorType,
)
from milc.kernels import Array, quantized, tables
from milc.schema import (
    Bound,
    Choice,
    Const,
    Domain,
    EvaluationError,
    OpDef,
    OptionalConst,
    Out,
    constraint,
)
from milc.schema.rules import Dims, is_axis, same, same_shape


class AffineDequantize(OpDef):
    """The real numbers that 8-bit integers stand for: `scale * (quantized_data - zero_point)`.

    If `scale` or `zero_point` is a vector, it is spread along dimension `axis` of
    `quantized_data`.

    ```mil
    func main<ios16>(tensor<fp32, [1, 2]> x) {
        tensor<fp32, [3, 2]> w = constexpr_affine_dequantize()[
            quantized_data = tensor<uint8, [3, 2]>([[0, 1], [2, 3], [4, 5]]),
            zero_point = uint8(2), scale = tensor<fp32, [3]>([0.5, 1.0, 2.0]), axis = int32(0)];
    } -> (w);
    ```
    """

    name = "constexpr_affine_dequantize"
    since = "ios16"
    instead = "a `const` that holds the real numbers"
    in_attributes = True

    SrcT = Domain(UINT8, INT8)
    ZeroPointT = Domain(UINT8, INT8, FP32)
    DstT = Domain(FP16, FP32)
    quantized_data = Const(SrcT, "the integers, of any shape but a scalar's")
    zero_point = Const(
        ZeroPointT,
        "what stands for 0: a scalar, or a vector with an element for each place along `axis`",
        rank=(0, 1),
    )
    scale = Const(
        DstT,
        "the step between two integers: a scalar, or a vector with an element for each place along"
        " `axis`",
        rank=(0, 1),
    )
    axis = Const(INT32, "the dimension of `quantized_data` that vectors run along", rank=0)
    output = Out("the numbers, of the shape of `quantized_data` and with the elements of `scale`")

    @constraint("C1", "`axis` is a dimension of `quantized_data`, from -rank to rank - 1")
    def axis_exists(self) -> bool:
        return is_axis(self.axis, self.quantized_data)

    @constraint(
        "C2", "`scale`, if a vector, has an element for each place of `quantized_data` along `axis`"
    )
    def scale_fits(self) -> bool | str:
        return self.runs_along(self.scale)

    @constraint(
        "C3",
        "`zero_point`, if a vector, has an element for each place of `quantized_data` along `axis`",
    )
    def zero_point_fits(self) -> bool | str:
        return self.runs_along(self.zero_point)

    def runs_along(self, vector: Bound) -> bool | str:
        """Whether a vector is as long as the axis, or what the two lengths are."""
        axis = self.axis.value
        if axis is None or vector.rank == 0:
            return True
        held, size = vector.shape[0], self.quantized_data.shape[axis]
        return same(held, size) or f"it has {held} for {size}"

    def infer(self) -> TensorType:
        return self.quantized_data.with_element(self.scale.element)

    def evaluate(self) -> Array:
        axis, rank = self.axis.value, self.quantized_data.rank
        scale = quantized.along(self.scale.array, axis, rank)
        zero_point = quantized.along(self.zero_point.array, axis, rank)
        return _dequantized(self.quantized_data, scale, zero_point)


class Cast(OpDef):
    """The fp32 numbers that are stored as fp16.

    ```mil
    func main<ios16>(tensor<fp32, [1, 2]> x) {
        tensor<fp32, [2]> w = constexpr_cast()[
            source_val = tensor<fp16, [2]>([0.5, 1.0]), output_dtype = string("fp32")];
    } -> (w);
    ```
    """

    name = "constexpr_cast"
    since = "ios16"
    instead = "a `const` of fp32"
    in_attributes = True

    source_val = Const(FP16, "the stored numbers, of any shape")
    output_dtype = Const(STRING, "the element type of the result", rank=0, choices=Choice("fp32"))
    output = Out("the numbers, of the shape of `source_val`")

    def infer(self) -> TensorType:
        return self.source_val.with_element(FP32)

    def evaluate(self) -> Array:
        return self.source_val.reals


class Cast18(Cast):
    """What it takes are inputs.

    ```mil
    func main<ios18>(tensor<fp32, [1, 2]> x) {
        tensor<fp32, [2]> w = constexpr_cast(
            source_val = tensor<fp16, [2]>([0.5, 1.0]), output_dtype = string("fp32"));
    } -> (w);
    ```
    """

    since = "ios18"
    instead = "its arguments written among the attributes, in brackets"
    in_attributes = False


class LutToDense(OpDef):
    """The values that the numbers in `indices` have in the table `lut`.

    The numbers are packed: of n bits each, where the table has 2 to the n entries, in row-major
    order, from the least significant bit of the first byte on, and across bytes without gaps.
    With n = 2 the byte 228, in binary 11 10 01 00, holds 0, 1, 2 and 3.

    ```mil
    func main<ios16>(tensor<fp32, [1, 2]> x) {
        tensor<fp32, [3, 2]> w = constexpr_lut_to_dense()[
            indices = tensor<uint8, [2]>([228, 9]), lut = tensor<fp32, [4]>([0.0, 0.5, 1.0, 2.0]),
            shape = tensor<uint32, [2]>([3, 2])];
    } -> (w);
    ```
    """

    name = "constexpr_lut_to_dense"
    since = "ios16"
    instead = "a `const` that holds the values"
    in_attributes = True

    T = Domain(INT8, UINT8, FP16, FP32)
    indices = Const(UINT8, "the packed numbers, [m]", rank=1)
    lut = Const(T, "the table, [2, 4, 16, 64 or 256]", rank=1)
    shape = Const(UINT32, "the shape of the result, [rank]", rank=1)
    output = Out("the values, of the shape that `shape` says")

    @constraint("C1", "`lut` has 2, 4, 16, 64 or 256 entries")
    def table_is_addressed_by_bits(self) -> bool:
        return self.lut.shape[0] in (None, 2, 4, 16, 64, 256)

    @constraint(
        "C2",
        "`indices` has as many bytes as it takes for a number for each element of `shape`, of 1,"
        " 2, 4, 6 or 8 bits as `lut` has 2, 4, 16, 64 or 256 entries",
    )
    def indices_suffice(self) -> bool | str | None:
        entries, shape, held = self.lut.shape[0], self.shape.value, self.indices.shape[0]
        if entries is None or shape is None or held is None:
            return None
        return takes(prod(shape) * (entries.bit_length() - 1), held)

    def infer(self) -> TensorType:
        return TensorType(self.lut.element, written(self.shape))

    def evaluate(self) -> Array:
        shape, lut = self.shape.value, self.lut.array
        numbers = packed.codes(self.indices.array, len(lut).bit_length() - 1, prod(shape))
        made: Array = tables.looked_up(numbers, lut.reshape(1, -1, 1), 0)
        return made.reshape(shape)


class LutToDense18(OpDef):
    """The values, or vectors, that the numbers in `indices` have in the table `lut`.

    The numbers are of n bits, in the shape of the result. The table has the dimensions
    `[g…, 2 to the n, v]`: there is one for each of the groups `g…` that the indices are cut into,
    and each entry is a vector of v elements, which are laid out along dimension `vector_axis` of
    the result. So `output[i…] = lut[i… / size of a group, indices[i…], 0]` where v is 1, rounded
    down; else place `i * v + j` along `vector_axis` has element j of the vector for place i.

    ```mil
    func main<ios18>(tensor<fp32, [1, 2]> x) {
        tensor<fp16, [2, 2]> values = constexpr_lut_to_dense(
            indices = tensor<uint2, [2, 2]>([[0, 3], [1, 2]]),
            lut = tensor<fp16, [1, 1, 4, 1]>([[[[0.0], [0.5], [1.0], [2.0]]]]));
        tensor<fp16, [2, 4]> vectors = constexpr_lut_to_dense(
            indices = tensor<uint1, [2, 2]>([[0, 1], [1, 0]]),
            lut = tensor<fp16, [1, 1, 2, 2]>([[[[0.0, 0.5], [1.0, 2.0]]]]),
            vector_axis = int32(1));
    } -> (values, vectors);
    ```
    """

    name = "constexpr_lut_to_dense"
    since = "ios18"
    instead = (
        "one table of single numbers for the whole tensor, its indices packed into uint8, all"
        " in brackets"
    )

    IndicesT = Domain(UINT1, UINT2, UINT3, UINT4, UINT6, UINT8)
    T = Domain(INT8, UINT8, FP16, FP32)
    indices = Const(IndicesT, "the numbers, [d…]")
    lut = Const(T, "the tables, [g…, 2 to the number of bits, v]; each g divides its d")
    vector_axis = OptionalConst(
        INT32, "the dimension of the result that vectors run along; needed if v is above 1", rank=0
    )
    output = Out("the values, [d…] with d times v for dimension `vector_axis`")

    @constraint("C3", "`lut` has two dimensions more than `indices`, which has at least one")
    def ranks_agree(self) -> bool:
        return self.lut.rank - 2 == self.indices.rank > 0

    @constraint("C4", "`indices` is cut into equal groups by the leading dimensions of `lut`")
    def groups_are_equal(self) -> bool | str:
        return divide(self.lut.shape[:-2], self.indices.shape)

    @constraint(
        "C5",
        "`indices` has numbers of n bits where the second last dimension of `lut` is 2 to the n",
    )
    def bits_address_the_table(self) -> bool:
        return same(self.lut.shape[-2], 1 << self.indices.element.bits)

    @constraint("C6", "`vector_axis` is a dimension of `indices`, from -rank to rank - 1")
    def axis_exists(self) -> bool:
        return self.vector_axis is None or is_axis(self.vector_axis, self.indices)

    @constraint("C7", "`vector_axis` is given if the last dimension of `lut` is above 1")
    def vectors_have_an_axis(self) -> bool:
        return self.vector_axis is not None or self.lut.shape[-1] in (None, 0, 1)

    def infer(self) -> TensorType:
        dims = lengthened(self.indices.shape, self.vector_axis, self.lut.shape[-1])
        return self.lut.with_shape(*dims)

    def evaluate(self) -> Array:
        axis = vector_axis(self.lut, self.vector_axis)
        made: Array = tables.looked_up(self.indices.array, self.lut.array, axis)
        return made


class BlockwiseShiftScale(OpDef):
    """The real numbers that integers stand for, with a scale and an offset for each block.

    `output[i…] = scale[i… / b…] * (data[i…] - offset[i… / b…])`, rounded down in the brackets,
    where the size `b` of a block is, along each dimension, that of `data` divided by that of
    `scale`.

    ```mil
    func main<ios18>(tensor<fp32, [1, 2]> x) {
        tensor<fp16, [2, 4]> w = constexpr_blockwise_shift_scale(
            data = tensor<int4, [2, 4]>([[-8, 0, 3, 7], [1, 2, 3, 4]]),
            scale = tensor<fp16, [2, 2]>([[0.5, 1.0], [2.0, 0.25]]),
            offset = tensor<int4, [2, 2]>([[0, 1], [0, -1]]));
    } -> (w);
    ```
    """

    name = "constexpr_blockwise_shift_scale"
    since = "ios18"
    instead = "constexpr_affine_dequantize with one scale a channel, or a `const`"

    SrcT = Domain(INT4, UINT4, INT8, UINT8, FP16, FP32)
    DstT = Domain(FP16, FP32)
    OffsetT = Domain(INT4, UINT4, INT8, UINT8, FP16, FP32)
    data = Const(SrcT, "the stored numbers, [d…]")
    scale = Const(DstT, "the factor of each block, [g…]; each g divides its d")
    offset = OptionalConst(OffsetT, "what stands for 0 in each block, [g…]; 0 if left out")
    output = Out("the numbers, [d…], with the elements of `scale`")

    @constraint("C1", "`scale` and `data` have one rank, at least 1")
    def ranks_agree(self) -> bool:
        return self.scale.rank == self.data.rank > 0

    @constraint("C2", "`scale` cuts `data` into blocks of one size: its dimensions divide those")
    def blocks_are_equal(self) -> bool | str:
        return divide(self.scale.shape, self.data.shape)

    @constraint("C3", "`offset` has the shape of `scale`")
    def offset_fits(self) -> bool:
        return self.offset is None or same_shape(self.offset.shape, self.scale.shape)

    @constraint("C4", "`offset` has floating-point elements, or those of `data`")
    def offset_is_of_the_data(self) -> bool:
        return self.offset is None or is_offset_for(self.offset, self.data)

    def infer(self) -> TensorType:
        return self.data.with_element(self.scale.element)

    def evaluate(self) -> Array:
        offset = None if self.offset is None else self.offset.array
        return _dequantized(self.data, self.scale.array, offset)


def _dequantized(data: Bound, scale: Array, offset: Array | None) -> Array:
    """What data stands for, in the elements of its scale."""
    made: Array = quantized.dequantize(data.array, scale, offset, scale.dtype)
    return made


def written(shape: Bound) -> Dims | None:
    """The shape that an operand holds, with unknown dimensions if it is not known."""
    dims: Dims | None = shape.value
    length = shape.shape[0]
    return (None,) * length if dims is None and length is not None else dims


def takes(bits: int, held: int) -> bool | str:
    """Whether so many bits take the bytes that are held, or how many it takes."""
    needed = (bits + 7) // 8
    return needed == held or f"it takes {needed}"


def divide(parts: Dims, dims: Dims) -> bool | str:
    """Whether each dimension is a multiple of its part, or which is not."""
    for at, (part, dim) in enumerate(zip(parts, dims, strict=True)):
        if part is not None and dim is not None and (part == 0 or dim % part):
            return f"{dim} is no multiple of {part} at dimension {at}"
    return True


def vector_axis(lut: Bound, axis: Bound | None) -> int:
    """The axis that vectors run along, any for those of one element.

    Raises EvaluationError for vectors of none.
    """
    if lut.shape[-1] == 0:
        raise EvaluationError("`lut` has vectors of no elements")
    return 0 if axis is None else int(axis.value)


def times(dim: int | None, factor: int | None) -> int | None:
    """A dimension, made longer by a factor above 1."""
    if factor is None or dim is None:
        return None
    return dim * factor if factor > 1 else dim


def lengthened(dims: Dims, axis: Bound | None, factor: int | None) -> Dims:
    """A shape with one dimension made longer; none if the factor is not above 1."""
    if factor in (0, 1) or axis is None:
        return dims
    if axis.value is None:
        return (None,) * len(dims)
    at = axis.value % len(dims)
    return (*dims[:at], times(dims[at], factor), *dims[at + 1 :])


def is_offset_for(offset: Bound, data: Bound) -> bool:
    """Whether an offset may be taken from data: if it is of its element type, or real."""
    return offset.element.is_float or offset.element is data.element
