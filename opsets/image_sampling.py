"""Ops that read images at places that are computed: under an affine map, or one by one.

Facts: coremltools 9.0, `ops/defs/iOS15`, `iOS16` and `iOS17`, each `image_resizing.py`.
"""

from __future__ import annotations

from milc.ir.types import (
    BOOL,
    FP16,
    FP32,
    INT8,
    INT16,
    INT32,
    STRING,
    UINT8,
    UINT16,
    TensorType,
)
from milc.schema import Choice, Const, Domain, In, OpDef, Out, constraint
from milc.schema.rules import same


class Affine(OpDef):
    """Turn, shear, scale and move images: each pixel of the result comes from another place.

    The pixel at (x, y) has the value of the input at (a0 * x + a1 * y + a2, b0 * x + b1 * y + b2),
    where [a0, a1, a2, b0, b1, b2] is the row of `transform_matrix` for its image. Coordinates go
    from -1 to 1: (-1, -1) is the pixel at the top left, and (1, 1) the one at the bottom right.

    Places beyond the edges have the value 0. The modes have one value each so far; they are written
    out all the same.

    ```mil
    func main<ios15>(tensor<fp32, [1, 3, 10, 8]> x) {
        tensor<fp32, [1, 3, 5, 4]> y = affine(
            align_corners = bool(true), coordinates_mode = string("normalized_minus_one_to_one"),
            output_height = int32(5), output_width = int32(4), padding_mode = string("constant"),
            padding_value = fp32(0.0), sampling_mode = string("bilinear"),
            transform_matrix = tensor<fp32, [1, 6]>([[0.5, 0.0, 0.0, 0.0, 0.5, 0.0]]), x = x);
    } -> (y);
    ```
    """

    name = "affine"
    since = "ios15"

    T = Domain(FP16, FP32)
    x = In(T, "the images, [B, C, H, W]", rank=4)
    transform_matrix = In(T, "a row of coefficients for each image, or one, [B or 1, 6]", rank=2)
    output_height = Const(INT32, "the height H' of the result, a scalar", rank=0)
    output_width = Const(INT32, "the width W' of the result, a scalar", rank=0)
    sampling_mode = Const(
        STRING, "how a value between pixels follows from theirs", rank=0,
        choices=Choice("bilinear", any_case=True),
    )  # fmt: skip
    padding_mode = Const(
        STRING, "what stands beyond the edges", rank=0, choices=Choice("constant", any_case=True)
    )
    padding_value = Const(T, "the constant that stands there, a scalar", rank=0)
    coordinates_mode = Const(
        STRING, "what coordinates count", rank=0,
        choices=Choice("normalized_minus_one_to_one", any_case=True),
    )  # fmt: skip
    align_corners = Const(
        BOOL,
        "whether -1 and 1 are the centres of the outermost pixels; documented for true only",
        rank=0,
    )
    y = Out("the images, [B, C, H', W']")

    @constraint("C1", '`padding_value` is 0 where `padding_mode` is "constant"')
    def padded_with_zeros(self) -> bool:
        return self.padding_value.value in (None, 0)

    @constraint("C2", "`transform_matrix` has 6 coefficients in each row")
    def six_coefficients(self) -> bool:
        return same(self.transform_matrix.shape[1], 6)

    def infer(self) -> TensorType:
        size = self.output_height.value, self.output_width.value
        return self.x.with_shape(*self.x.shape[:2], *size)


class Resample(OpDef):
    """Take from images the values at given places, which may lie between pixels.

    Element [b, c, h, w] of the result is image [b, c] of `x` at `coordinates[b, h, w]`, x first,
    then y. By `coordinates_mode` the first and the last pixel are at 0 and W - 1 ("unnormalized"),
    at -1 and 1, or at 0 and 1: their centres if `align_corners` is true, else their outer edges.

    By `padding_mode`, what lies beyond the edges of a row 1 2 3 is

    - "constant": 0 0 | 1 2 3 | 0 0, with `padding_value` for 0;
    - "border": 1 1 | 1 2 3 | 3 3;
    - "reflection": 3 2 | 1 2 3 | 2 1;
    - "symmetric": 2 1 | 1 2 3 | 3 2.

    ```mil
    func main<ios15>(tensor<fp32, [1, 3, 10, 8]> x, tensor<fp32, [1, 5, 4, 2]> places) {
        tensor<fp32, [1, 3, 5, 4]> y = resample(
            align_corners = bool(true), coordinates = places,
            coordinates_mode = string("normalized_minus_one_to_one"),
            padding_mode = string("border"), padding_value = fp32(0.0),
            sampling_mode = string("bilinear"), x = x);
    } -> (y);
    ```
    """

    name = "resample"
    since = "ios15"

    T = Domain(FP16, FP32)
    U = Domain(INT32, FP32)
    x = In(T, "the images, [B, C, H, W]", rank=4)
    coordinates = In(U, "a place for each pixel of the result, [B, H', W', 2]", rank=4)
    sampling_mode = Const(
        STRING, "how a value between pixels follows from theirs", rank=0,
        choices=Choice("bilinear", "nearest", any_case=True),
    )  # fmt: skip
    padding_mode = Const(
        STRING, "what stands beyond the edges", rank=0,
        choices=Choice("constant", "border", "reflection", "symmetric", any_case=True),
    )  # fmt: skip
    padding_value = Const(T, 'what stands there if `padding_mode` is "constant"', rank=0)
    coordinates_mode = Const(
        STRING, "what coordinates count", rank=0,
        choices=Choice(
            "unnormalized", "normalized_minus_one_to_one", "normalized_zero_to_one", any_case=True
        ),
    )  # fmt: skip
    align_corners = Const(
        BOOL, "whether the ends of the range are centres of pixels, not edges", rank=0
    )
    y = Out("the values, [B, C, H', W']")

    @constraint("C1", "`coordinates` has places for as many images as `x` has")
    def batches_agree(self) -> bool:
        return same(self.coordinates.shape[0], self.x.shape[0])

    @constraint("C2", "`coordinates` has 2 numbers for each place")
    def two_numbers(self) -> bool:
        return same(self.coordinates.shape[3], 2)

    def infer(self) -> TensorType:
        return self.x.with_shape(*self.x.shape[:2], *self.coordinates.shape[1:3])


class Resample16(Resample):
    """`coordinates` may be fp16."""

    since = "ios16"
    instead = "coordinates of fp32 or int32"

    U = Domain(INT32, FP16, FP32)


class Resample17(Resample16):
    """`coordinates` may be integers of 8 and 16 bits."""

    since = "ios17"
    instead = "coordinates of fp32 or int32"

    U = Domain(INT8, UINT8, INT16, UINT16, INT32, FP16, FP32)
