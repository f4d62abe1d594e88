"""Compressed constants of which only what is not 0 is stored, with a mask that tells where it is.

What `constexpr` says of such ops holds for these. A number of ones that another op of this kind
gives is looked at when the model runs.

Facts: coremltools 9.0, `ops/defs/iOS16/constexpr_ops.py`, `ops/defs/iOS18/compression.py`.
"""

from __future__ import annotations

from math import prod

from milc.ir.literals import TensorLiteral
from milc.ir.types import (
    FP16,
    FP32,
    INT4,
    INT8,
    INT32,
    UINT1,
    UINT2,
    UINT3,
    UINT4,
    UINT6,
    UINT8,
    UINT32,
    TensorType,
)
from milc.kernels import Array, np, quantized, tables
from milc.opsets.constexpr import (
    divide,
    is_offset_for,
    lengthened,
    takes,
    times,
    vector_axis,
    written,
)
from milc.schema import Bound, Const, Domain, EvaluationError, OpDef, OptionalConst, Out, constraint
from milc.schema.rules import is_axis, same, same_shape

COUNTED = 1 << 16
"""Bytes whose ones are counted at a time."""


class LutToSparse(OpDef):
    """The values that the numbers at the ones of a mask have in the table `lut`.

    It does what `constexpr_lut_to_dense` does, for data of which only what the mask marks is
    stored, and gives a mask and what is stored again: `constexpr_sparse_to_dense` can take both.
    Where the table has vectors of v elements, mask and values are lengthened v-fold along
    `vector_axis`.

    ```mil
    func main<ios18>(tensor<fp32, [1, 2]> x) {
        tensor<uint1, [2, 3]> mask, tensor<fp16, [3]> values = constexpr_lut_to_sparse(
            indices_mask = tensor<uint1, [2, 3]>([[1, 0, 0], [0, 1, 1]]),
            indices_nonzero_data = tensor<uint1, [3]>([0, 1, 1]),
            lut = tensor<fp16, [1, 1, 2, 1]>([[[[0.5], [2.0]]]]));
    } -> (mask, values);
    ```
    """

    name = "constexpr_lut_to_sparse"
    since = "ios18"
    instead = "constexpr_lut_to_dense with 0 in its table, or a `const`"

    IndicesT = Domain(UINT1, UINT2, UINT3, UINT4, UINT6, UINT8)
    T = Domain(INT8, UINT8, FP16, FP32)
    indices_mask = Const(UINT1, "1 where there is a number, [d…]")
    indices_nonzero_data = Const(IndicesT, "the numbers, [k], in row-major order", rank=1)
    lut = Const(T, "the tables, [g…, 2 to the number of bits, v]; each g divides its d")
    vector_axis = OptionalConst(
        INT32, "the dimension of the mask that vectors run along; needed if v is above 1", rank=0
    )
    output_mask = Out("1 where there is a value, [d…] with d times v for dimension `vector_axis`")
    output_nonzero_data = Out("the values, [k times v]")

    @constraint("C1", "`indices_nonzero_data` has as many elements as `indices_mask` has ones")
    def mask_counts_the_data(self) -> bool | str | None:
        return _counts(self.indices_mask, self.indices_nonzero_data)

    @constraint("C2", "`lut` has two dimensions more than `indices_mask`, which has at least one")
    def ranks_agree(self) -> bool:
        return self.lut.rank - 2 == self.indices_mask.rank > 0

    @constraint("C3", "`indices_mask` is cut into equal groups by the leading dimensions of `lut`")
    def groups_are_equal(self) -> bool | str:
        return divide(self.lut.shape[:-2], self.indices_mask.shape)

    @constraint(
        "C4",
        "`indices_nonzero_data` has numbers of n bits where the second last dimension of `lut` is 2"
        " to the n",
    )
    def bits_address_the_table(self) -> bool:
        return same(self.lut.shape[-2], 1 << self.indices_nonzero_data.element.bits)

    @constraint("C5", "`vector_axis` is a dimension of `indices_mask`, from -rank to rank - 1")
    def axis_exists(self) -> bool:
        return self.vector_axis is None or is_axis(self.vector_axis, self.indices_mask)

    @constraint("C6", "`vector_axis` is given if the last dimension of `lut` is above 1")
    def vectors_have_an_axis(self) -> bool:
        return self.vector_axis is not None or self.lut.shape[-1] in (None, 0, 1)

    def infer(self) -> tuple[TensorType, TensorType]:
        vector, data = self.lut.shape[-1], self.indices_nonzero_data.shape[0]
        mask = lengthened(self.indices_mask.shape, self.vector_axis, vector)
        return self.indices_mask.with_shape(*mask), self.lut.with_shape(times(data, vector))

    def evaluate(self) -> tuple[Array, Array]:
        mask, numbers = self.indices_mask.array, self.indices_nonzero_data.array
        check_marks(mask, numbers, "indices_nonzero_data", "indices_mask")
        axis = vector_axis(self.lut, self.vector_axis)
        made: tuple[Array, Array] = tables.looked_up_at_ones(mask, numbers, self.lut.array, axis)
        return made


class SparseBlockwiseShiftScale(OpDef):
    """The real numbers that the integers at the ones of a mask stand for.

    It does what `constexpr_blockwise_shift_scale` does, for data of which only what the mask marks
    is stored, and gives the mask and what is stored again: `constexpr_sparse_to_dense` can take
    both.

    ```mil
    func main<ios18>(tensor<fp32, [1, 2]> x) {
        tensor<uint1, [2, 4]> mask, tensor<fp16, [3]> values =
            constexpr_sparse_blockwise_shift_scale(
                data_mask = tensor<uint1, [2, 4]>([[1, 0, 0, 0], [0, 1, 1, 0]]),
                nonzero_data = tensor<int8, [3]>([4, -3, 9]),
                scale = tensor<fp16, [2, 1]>([[0.5], [2.0]]),
                offset = tensor<int8, [2, 1]>([[0], [1]]));
    } -> (mask, values);
    ```
    """

    name = "constexpr_sparse_blockwise_shift_scale"
    since = "ios18"
    instead = "constexpr_sparse_to_dense of the real numbers, or a `const`"

    SrcT = Domain(INT4, UINT4, INT8, UINT8, FP16, FP32)
    DstT = Domain(FP16, FP32)
    OffsetT = Domain(INT4, UINT4, INT8, UINT8, FP16, FP32)
    data_mask = Const(UINT1, "1 where there is a number, [d…]")
    nonzero_data = Const(SrcT, "the stored numbers, [k], in row-major order", rank=1)
    scale = Const(DstT, "the factor of each block, [g…]; each g divides its d")
    offset = OptionalConst(OffsetT, "what stands for 0 in each block, [g…]; 0 if left out")
    output_mask = Out("the mask", like="data_mask")
    output_nonzero_data = Out("the numbers, [k], with the elements of `scale`")

    @constraint("C1", "`nonzero_data` has as many elements as `data_mask` has ones")
    def mask_counts_the_data(self) -> bool | str | None:
        return _counts(self.data_mask, self.nonzero_data)

    @constraint("C2", "`scale` and `data_mask` have one rank, at least 1")
    def ranks_agree(self) -> bool:
        return self.scale.rank == self.data_mask.rank > 0

    @constraint(
        "C3", "`scale` cuts `data_mask` into blocks of one size: its dimensions divide those"
    )
    def blocks_are_equal(self) -> bool | str:
        return divide(self.scale.shape, self.data_mask.shape)

    @constraint("C4", "`offset` has the shape of `scale`")
    def offset_fits(self) -> bool:
        return self.offset is None or same_shape(self.offset.shape, self.scale.shape)

    @constraint("C5", "`offset` has floating-point elements, or those of `nonzero_data`")
    def offset_is_of_the_data(self) -> bool:
        return self.offset is None or is_offset_for(self.offset, self.nonzero_data)

    def infer(self) -> tuple[TensorType, TensorType]:
        return self.data_mask.tensor, self.nonzero_data.with_element(self.scale.element)

    def evaluate(self) -> tuple[Array, Array]:
        mask, data = self.data_mask.array, self.nonzero_data.array
        check_marks(mask, data, "nonzero_data", "data_mask")
        offset = None if self.offset is None else self.offset.array
        return mask, quantized.dequantize_at_ones(mask, data, self.scale.array, offset)


class SparseToDense(OpDef):
    """A tensor of which only what is not 0 is stored, and a mask of where that is.

    The mask has a bit for each element, in row-major order, from the least significant bit of the
    first byte on: where it is 1 the element is the next of `nonzero_data`, elsewhere 0. A first
    byte 12, in binary 0000 1100, says that elements 2 and 3 are stored, and none before them.

    ```mil
    func main<ios16>(tensor<fp32, [1, 2]> x) {
        tensor<fp32, [3, 3]> w = constexpr_sparse_to_dense()[
            nonzero_data = tensor<fp32, [3]>([0.5, 1.0, 2.0]),
            mask = tensor<uint8, [2]>([12, 1]), shape = tensor<uint32, [2]>([3, 3])];
    } -> (w);
    ```
    """

    name = "constexpr_sparse_to_dense"
    since = "ios16"
    instead = "a `const` that holds the zeros too"
    in_attributes = True

    T = Domain(INT8, UINT8, FP16, FP32)
    nonzero_data = Const(T, "what is not 0, [k], in row-major order", rank=1)
    mask = Const(UINT8, "a bit for each element, [m]", rank=1)
    shape = Const(UINT32, "the shape of the result, [rank]", rank=1)
    output = Out("the elements, of the shape that `shape` says")

    @constraint("C1", "`nonzero_data` has as many elements as `mask` has ones")
    def mask_counts_the_data(self) -> bool | str | None:
        return _counts(self.mask, self.nonzero_data)

    @constraint("C2", "`mask` has as many bytes as it takes for a bit for each element of `shape`")
    def mask_suffices(self) -> bool | str | None:
        shape, held = self.shape.value, self.mask.shape[0]
        return None if shape is None or held is None else takes(prod(shape), held)

    @constraint("C3", "`mask` has no ones behind the bit of the last element of `shape`")
    def rest_is_clear(self) -> bool | None:
        shape, literal = self.shape.value, self.mask.literal
        used = prod(shape) % 8 if shape is not None else 0
        if not used or not isinstance(literal, TensorLiteral):
            return None
        return not any(byte >> used for byte in literal.data[-1:])

    def infer(self) -> TensorType:
        return TensorType(self.nonzero_data.element, written(self.shape))

    def evaluate(self) -> Array:
        shape = self.shape.value
        bits = np.unpackbits(self.mask.array, count=prod(shape), bitorder="little")
        check_marks(bits, self.nonzero_data.array, "nonzero_data", "mask")
        made: Array = tables.filled(bits.reshape(shape), self.nonzero_data.array)
        return made


class SparseToDense18(OpDef):
    """A tensor of which only what is not 0 is stored, and a mask of where that is.

    The mask has the shape of the result, and elements of one bit: where it is 1 the element is the
    next of `nonzero_data`, in row-major order, elsewhere 0.

    ```mil
    func main<ios18>(tensor<fp32, [1, 2]> x) {
        tensor<fp16, [2, 3]> w = constexpr_sparse_to_dense(
            nonzero_data = tensor<fp16, [3]>([0.5, 1.0, 2.0]),
            mask = tensor<uint1, [2, 3]>([[1, 0, 0], [0, 1, 1]]));
    } -> (w);
    ```
    """

    name = "constexpr_sparse_to_dense"
    since = "ios18"
    instead = "the mask packed into uint8, its arguments in brackets"

    T = Domain(INT4, UINT4, INT8, UINT8, FP16, FP32)
    nonzero_data = Const(T, "what is not 0, [k], in row-major order", rank=1)
    mask = Const(UINT1, "1 for each element that is not 0, of the shape of the result")
    output = Out("the elements, of the shape of `mask`")

    @constraint("C4", "`nonzero_data` has as many elements as `mask` has ones")
    def mask_counts_the_data(self) -> bool | str | None:
        return _counts(self.mask, self.nonzero_data)

    def infer(self) -> TensorType:
        return self.mask.with_element(self.nonzero_data.element)

    def evaluate(self) -> Array:
        check_marks(self.mask.array, self.nonzero_data.array, "nonzero_data", "mask")
        made: Array = tables.filled(self.mask.array, self.nonzero_data.array)
        return made


def check_marks(mask: Array, data: Array, name: str, mask_name: str) -> None:
    """Look at a mask that only the run knows. Raises EvaluationError unless it fits its data."""
    ones = int(np.count_nonzero(mask))
    if ones != len(data):
        raise EvaluationError(f"`{name}` has {len(data)} elements for {ones} ones of `{mask_name}`")


def _counts(mask: Bound, data: Bound) -> bool | str | None:
    """Whether data has as many elements as a mask has ones; None if the mask is not known."""
    literal, held = mask.literal, data.shape[0]
    if held is None or not isinstance(literal, TensorLiteral):
        return None
    ones = _ones(literal)
    return ones == held or f"the mask has {ones}"


def _ones(literal: TensorLiteral) -> int:
    """The number of ones among the bits of a constant.

    A mask may be of 100 MB. A long integer counts its bits faster than numpy does those of an
    array, and cutting the bytes keeps such integers small.
    """
    data = memoryview(literal.data)
    rest = (literal.type.count or 0) * literal.type.element.bits % 8
    beyond = data[-1] >> rest if rest and data else 0
    pieces = (data[start : start + COUNTED] for start in range(0, len(data), COUNTED))
    return sum(int.from_bytes(piece, "little").bit_count() for piece in pieces) - beyond.bit_count()
