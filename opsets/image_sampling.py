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
from milc.kernels import Array, np, places
from milc.schema import Bound, Choice, Const, Domain, EvaluationError, In, OpDef, Out, constraint
from milc.schema.rules import same


class Affine(OpDef):
    """Turn, shear, scale and move images: each pixel of the result comes from another place.

    The pixel at (x, y) has the value of the input at (a0 * x + a1 * y + a2, b0 * x + b1 * y + b2),
    where [a0, a1, a2, b0, b1, b2] is the row of `transform_matrix` for its image. Coordinates go
    from -1 to 1: (-1, -1) is the pixel at the top left, and (1, 1) the one at the bottom right. The
    pixels of a single row or column are at 0, as PyTorch has it. Between pixels the value is
    interpolated in both directions.

    Pixels beyond the edges have the value 0. The modes have one value each so far; they are written
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

    def evaluate(self) -> Array:
        aligned, x = self.align_corners.value, self.x.reals
        matrices = self.transform_matrix.reals
        if len(matrices) not in (1, len(x)):
            count = f"{len(matrices)} rows for {len(x)} images"
            raise EvaluationError(f"`transform_matrix` has {count}, not one for each or for all")
        _has_pixels(self.x)
        down = places.spread(self.output_height.value, align_corners=aligned)[:, None]
        along = places.spread(self.output_width.value, align_corners=aligned)
        a0, a1, a2, b0, b1, b2 = matrices.T[:, :, None, None]
        columns, rows = a0 * along + a1 * down + a2, b0 * along + b1 * down + b2
        mode = self.coordinates_mode.value.lower()
        columns = places.in_pixels(columns, mode, x.shape[3], align_corners=aligned)
        rows = places.in_pixels(rows, mode, x.shape[2], align_corners=aligned)
        found: Array = places.bilinear(
            x, np.arange(len(x)), rows, columns, self.padding_value.reals
        )
        return found


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

    A value between pixels is interpolated in both directions, or, by `sampling_mode` "nearest",
    that of the nearest one, and of two that are as near the one of an even number. A coordinate
    that is NaN is beyond the edges if `padding_mode` is "constant", else the first pixel. Apple
    documents neither; they are PyTorch's `grid_sample`, which coremltools converts to this op.

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

    def evaluate(self) -> Array:
        _has_pixels(self.x)
        x, given, pad = self.x.reals, self.coordinates.reals, self.padding_mode.value.lower()
        mode, aligned = self.coordinates_mode.value.lower(), self.align_corners.value
        outside = self.padding_value.reals if pad == "constant" else None
        plane = []
        for number, pixels in enumerate(x.shape[:1:-1]):
            where = given[..., number].astype("f4")
            where = places.in_pixels(where, mode, pixels, align_corners=aligned)
            plane.append(where if outside is not None else places.brought_back(where, pad, pixels))
        columns, rows = plane
        is_near = self.sampling_mode.value.lower() == "nearest"
        sample = places.nearest if is_near else places.bilinear
        found: Array = sample(x, np.arange(len(x)), rows, columns, outside)
        return found


def _has_pixels(x: Bound) -> None:
    """Raise EvaluationError for images without a pixel."""
    if 0 in x.array.shape[2:]:
        raise EvaluationError(f"`x` has the shape {list(x.array.shape)}, without a pixel to take")


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
