"""Ops that change the height and width of images: scaling, cropping, cutting boxes out.

Facts: coremltools 9.0, `ops/defs/iOS15`, `iOS16` and `iOS17`, each `image_resizing.py`.
"""

from __future__ import annotations

import struct
from math import floor, isfinite
from typing import Final

from milc.ir.types import (
    BOOL,
    FP16,
    FP32,
    INT16,
    INT32,
    MAX_RANK,
    STRING,
    UINT16,
    UINT32,
    TensorType,
)
from milc.schema import Bound, Choice, Const, Domain, In, OpDef, OptionalConst, Out, constraint
from milc.schema.rules import same

SAMPLING: Final = Choice(
    "DEFAULT", "STRICT_ALIGN_CORNERS", "ALIGN_CORNERS", "OFFSET_CORNERS", "UNALIGN_CORNERS"
)
"""How output pixels are laid over input pixels; the page of `resize_bilinear` has the formulas."""

BOXES: Final = Choice(
    "CORNERS_HEIGHT_FIRST",
    "CORNERS_WIDTH_FIRST",
    "CENTER_SIZE_HEIGHT_FIRST",
    "CENTER_SIZE_WIDTH_FIRST",
)
"""What the four numbers of a box are."""


class Spatial(OpDef):
    """An op on the last two dimensions of its input, height and width."""

    T = Domain(FP16, FP32)
    x = In(T, "the images, [*D, H, W]", rank=(3, MAX_RANK))
    y = Out("the images in their new size, [*D, H', W']")

    def sized(self, height: int | None, width: int | None) -> TensorType:
        """The type of `x` with another height and width."""
        return self.x.with_shape(*self.x.shape[:-2], height, width)


class Upsample(Spatial):
    """Sizes multiplied by factors."""

    U = Domain(INT32, FP32)
    scale_factor_height = Const(U, "what H is multiplied by, a scalar", rank=0, default=1)
    scale_factor_width = Const(U, "what W is multiplied by, a scalar", rank=0, default=1)

    def infer(self) -> TensorType:
        height, width = self.x.shape[-2:]
        return self.sized(
            _scaled(height, self.scale_factor_height), _scaled(width, self.scale_factor_width)
        )


def _scaled(dim: int | None, factor: Bound) -> int | None:
    """A length times a factor, rounded down, computed as the factor's own type does."""
    value = factor.value
    if dim is None or value is None:
        return None
    if not isinstance(value, float):
        return dim * int(value)
    if not isfinite(value) or abs(value) > 1 << 40:
        return None
    # coremltools multiplies in fp32: 3 times 7/3 is 7 there, and less than that exactly.
    product: float = struct.unpack("<f", struct.pack("<f", value * dim))[0]
    return floor(product)


class UpsampleNearestNeighbor(Upsample):
    """Enlarge images by factors; each new pixel is a copy of the nearest old one.

    H' is the whole part of H times `scale_factor_height`, and W' likewise.

    ```mil
    func main<ios15>(tensor<fp32, [1, 3, 10, 4]> x) {
        tensor<fp32, [1, 3, 20, 10]> y = upsample_nearest_neighbor(
            scale_factor_height = fp32(2.0), scale_factor_width = fp32(2.5), x = x);
    } -> (y);
    ```
    """

    name = "upsample_nearest_neighbor"
    since = "ios15"


class UpsampleBilinear(Upsample):
    """Enlarge images by factors; new pixels are interpolated linearly in both directions.

    H' is the whole part of H times `scale_factor_height`, and W' likewise. The factors then have
    done their part: the grid that is sampled follows from the two sizes. Output pixel i of n lies
    at p(i) of an input of m pixels, clamped to [0, m - 1]:

    - with `align_corners`, p(i) = i * (m - 1) / (n - 1);
    - without, p(i) = (i + 0.5) * m / n - 0.5.

    ```mil
    func main<ios15>(tensor<fp32, [1, 3, 10, 4]> x) {
        tensor<fp32, [1, 3, 20, 12]> y = upsample_bilinear(
            align_corners = bool(false), scale_factor_height = int32(2),
            scale_factor_width = int32(3), x = x);
    } -> (y);
    ```
    """

    name = "upsample_bilinear"
    since = "ios15"

    align_corners = Const(
        BOOL, "whether the first and last pixels of both grids coincide", rank=0, default=True
    )


class UpsampleBilinear16(UpsampleBilinear):
    """`half_pixel_centers` says whether the value of a pixel stands at its centre or at its edge.

    Without it and without `align_corners`, p(i) = i * m / n.

    ```mil
    func main<ios16>(tensor<fp32, [1, 3, 10, 4]> x) {
        tensor<fp32, [1, 3, 20, 12]> y = upsample_bilinear(
            align_corners = bool(false), half_pixel_centers = bool(true),
            scale_factor_height = int32(2), scale_factor_width = int32(3), x = x);
    } -> (y);
    ```
    """

    since = "ios16"
    instead = "`half_pixel_centers` left out"

    half_pixel_centers = OptionalConst(
        BOOL,
        "whether the value of a pixel stands at its centre, the 0.5 in the formula; the opposite of"
        " `align_corners` if left out",
        rank=0,
    )


class ResizeNearestNeighbor(Spatial):
    """Bring images to a size; each new pixel is a copy of the nearest old one.

    ```mil
    func main<ios15>(tensor<fp32, [1, 3, 10, 4]> x) {
        tensor<fp32, [1, 3, 5, 8]> y = resize_nearest_neighbor(
            target_size_height = int32(5), target_size_width = int32(8), x = x);
    } -> (y);
    ```
    """

    name = "resize_nearest_neighbor"
    since = "ios15"

    target_size_height = Const(INT32, "the height H' of the result, a scalar", rank=0)
    target_size_width = Const(INT32, "the width W' of the result, a scalar", rank=0)

    def infer(self) -> TensorType:
        return self.sized(self.target_size_height.value, self.target_size_width.value)


class ResizeBilinear(ResizeNearestNeighbor):
    """Bring images to a size; new pixels are interpolated linearly in both directions.

    `sampling_mode` says where in the input output pixel i of n lies. For an input of m pixels that
    is the following place, clamped to [0, m - 1]:

    - STRICT_ALIGN_CORNERS: i * (m - 1) / (n - 1);
    - ALIGN_CORNERS: the same, but (m - 1) / 2 if n is 1;
    - DEFAULT: i * (m - m / n) / (n - 1);
    - OFFSET_CORNERS: (i + 0.5) * d, where d is max(1, m - 1) / n;
    - UNALIGN_CORNERS: (i + 0.5) * m / n - 0.5.

    ```mil
    func main<ios15>(tensor<fp32, [1, 3, 10, 4]> x) {
        tensor<fp32, [1, 3, 5, 8]> y = resize_bilinear(
            sampling_mode = string("UNALIGN_CORNERS"), target_size_height = int32(5),
            target_size_width = int32(8), x = x);
    } -> (y);
    ```
    """

    name = "resize_bilinear"
    since = "ios15"

    target_size_height = Const(INT32, "the height H' of the result, a scalar", rank=0, default=1)
    target_size_width = Const(INT32, "the width W' of the result, a scalar", rank=0, default=1)
    sampling_mode = Const(
        STRING, "how the output grid is laid over the input", rank=0, default="DEFAULT",
        choices=SAMPLING,
    )  # fmt: skip


class Resize(OpDef):
    """Bring the last dimensions of a tensor to lengths that may be computed.

    The last `resized_dims` dimensions get the last `resized_dims` lengths of `shape`, or keep their
    own where such a length is 0. New elements are interpolated or copied; `sampling_mode` has the
    meaning that the page of `resize_bilinear` gives it.

    ```mil
    func main<ios17>(tensor<fp32, [1, 2, 3, 4]> x) {
        tensor<fp32, [1, 2, 3, 8]> y = resize(
            interpolation_mode = string("LINEAR"), resized_dims = uint32(2),
            sampling_mode = string("DEFAULT"), shape = tensor<int32, [3]>([1, 0, 8]), x = x);
    } -> (y);
    ```
    """

    name = "resize"
    since = "ios17"
    instead = "resize_bilinear or resize_nearest_neighbor, if the lengths are fixed"

    T = Domain(FP16, FP32, INT32)
    U = Domain(INT32, INT16, UINT16, UINT32)
    x = In(T, "the tensor, of any shape")
    shape = In(U, "lengths, [K]; 0 for one that stays as it is", rank=1)
    resized_dims = Const(UINT32, "how many of the last dimensions are resized, a scalar", rank=0)
    interpolation_mode = Const(
        STRING, "how a new element follows from old ones", rank=0, default="LINEAR",
        choices=Choice("LINEAR", "NEAREST_NEIGHBOR"),
    )  # fmt: skip
    sampling_mode = Const(
        STRING, "how the output grid is laid over the input", rank=0, default="DEFAULT",
        choices=SAMPLING,
    )  # fmt: skip
    y = Out("the resized tensor, of the rank of `x`")

    @constraint(
        "C1", "`resized_dims` is at most the number of lengths in `shape`, if that is known"
    )
    def enough_lengths(self) -> bool:
        lengths, resized = self.shape.value, self.resized_dims.value
        return lengths is None or resized is None or resized <= len(lengths)

    @constraint("C2", "`shape`, if known, has at most as many lengths as `x` has dimensions")
    def not_too_many_lengths(self) -> bool:
        lengths = self.shape.value
        return lengths is None or len(lengths) <= self.x.rank

    @constraint("C3", "`resized_dims` is at most the rank of `x`")
    def enough_dimensions(self) -> bool:
        resized = self.resized_dims.value
        return resized is None or resized <= self.x.rank

    def infer(self) -> TensorType:
        resized, lengths = self.resized_dims.value, self.shape.value
        if resized is None:
            return self.x.with_shape(*[None] * self.x.rank)
        kept = self.x.shape[: self.x.rank - resized]
        # Of lengths that are known in part coremltools takes none.
        if lengths is None:
            return self.x.with_shape(*kept, *[None] * resized)
        pairs = zip(lengths[len(lengths) - resized :], self.x.shape[len(kept) :], strict=True)
        return self.x.with_shape(*kept, *(length or own for length, own in pairs))


class Crop(Spatial):
    """Cut pixels off the edges of images.

    H' is H less both numbers of `crop_height`, and W' likewise.

    ```mil
    func main<ios15>(tensor<fp32, [1, 3, 10, 4]> x) {
        tensor<fp32, [1, 3, 7, 2]> y = crop(
            crop_height = tensor<int32, [2]>([1, 2]),
            crop_width = tensor<int32, [2]>([1, 1]), x = x);
    } -> (y);
    ```
    """

    name = "crop"
    since = "ios15"

    crop_height = Const(INT32, "how many rows go at the top and at the bottom, [2]", rank=1)
    crop_width = Const(INT32, "how many columns go at the left and at the right, [2]", rank=1)

    @constraint("C1", "`crop_height` has 2 elements")
    def two_heights(self) -> bool:
        return same(self.crop_height.length, 2)

    @constraint("C2", "`crop_width` has 2 elements")
    def two_widths(self) -> bool:
        return same(self.crop_width.length, 2)

    def infer(self) -> TensorType:
        height, width = self.x.shape[-2:]
        return self.sized(_less(height, self.crop_height), _less(width, self.crop_width))


def _less(dim: int | None, amounts: Bound) -> int | None:
    """A length less all amounts; below 0, as coremltools infers it, if they are too much."""
    cut = amounts.value
    return None if dim is None or cut is None else dim - sum(cut)


class CropResize(OpDef):
    """Cut boxes out of images and bring each to one size, with bilinear interpolation.

    Up to ios16, every box of `roi` is cut out of every image of a batch if it is given by four
    numbers, and out of one image if a fifth, in front of them, says which. Then B should be 1 in
    the result, but coremltools declares the number of images there all the same. By
    `box_coordinate_mode` the four numbers are

    - CORNERS_HEIGHT_FIRST: top, left, bottom, right;
    - CORNERS_WIDTH_FIRST: left, top, right, bottom;
    - CENTER_SIZE_HEIGHT_FIRST: y and x of the centre, height, width;
    - CENTER_SIZE_WIDTH_FIRST: x and y of the centre, width, height.

    They are multiplied by `spatial_scale` and count pixels, from (0, 0) at the top left, or with
    `normalized_coordinates` parts of H - 1 and W - 1. `sampling_mode` has the meaning that the page
    of `resize_bilinear` gives it.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3, 10, 8]> x, tensor<fp32, [5, 1, 4, 1, 1]> boxes) {
        tensor<fp32, [5, 2, 3, 6, 6]> y = crop_resize(
            box_coordinate_mode = string("CORNERS_WIDTH_FIRST"),
            normalized_coordinates = bool(true), roi = boxes, sampling_mode = string("DEFAULT"),
            spatial_scale = fp32(1.0), target_height = int32(6), target_width = int32(6), x = x);
    } -> (y);
    ```
    """

    name = "crop_resize"
    since = "ios15"

    T = Domain(FP16, FP32)
    x = In(T, "the images, [B, C, H, W]", rank=4)
    roi = In(T, "the boxes, [N, 1, 4, 1, 1], or [N, 1, 5, 1, 1] with numbers of images", rank=5)
    target_height = Const(INT32, "the height H' of each piece, a scalar", rank=0, default=1)
    target_width = Const(INT32, "the width W' of each piece, a scalar", rank=0, default=1)
    normalized_coordinates = Const(
        BOOL, "whether boxes are given in parts of the size of an image", rank=0, default=False
    )
    spatial_scale = Const(
        FP32, "what the coordinates are multiplied by, a scalar", rank=0, default=1.0
    )
    box_coordinate_mode = Const(
        STRING, "what the numbers of a box are", rank=0, default="CORNERS_HEIGHT_FIRST",
        choices=BOXES,
    )  # fmt: skip
    sampling_mode = Const(
        STRING, "how the output grid is laid over a box", rank=0, default="DEFAULT",
        choices=SAMPLING,
    )  # fmt: skip
    y = Out("the pieces, [N, B, C, H', W']")

    def infer(self) -> TensorType:
        images, channels = self.x.shape[:2]
        return self.x.with_shape(self.roi.shape[0], images, channels, *self._target())

    def _target(self) -> tuple[int | None, int | None]:
        return self.target_height.value, self.target_width.value


class CropResize16(CropResize):
    """Where a box reaches beyond the edge of an image it is filled with `pad_value`.

    ```mil
    func main<ios16>(tensor<fp32, [2, 3, 10, 8]> x, tensor<fp32, [5, 1, 4, 1, 1]> boxes) {
        tensor<fp32, [5, 2, 3, 6, 6]> y = crop_resize(
            box_coordinate_mode = string("CORNERS_WIDTH_FIRST"),
            normalized_coordinates = bool(true), pad_value = fp32(0.5), roi = boxes,
            sampling_mode = string("DEFAULT"), spatial_scale = fp32(1.0),
            target_height = int32(6), target_width = int32(6), x = x);
    } -> (y);
    ```
    """

    since = "ios16"
    instead = "`pad_value` left out, and images that `pad` has widened"

    pad_value = Const(
        CropResize.T, "what stands beyond the edges of the images, a scalar", rank=0, default=0.0
    )


class CropResize17(CropResize16):
    """`roi` is split into `boxes` and `box_indices`, and each box is cut out of one image.

    The result has a dimension less for it.

    ```mil
    func main<ios17>(tensor<fp16, [2, 3, 10, 8]> x, tensor<fp32, [5, 4]> boxes) {
        tensor<fp16, [5, 3, 6, 6]> y = crop_resize(
            box_coordinate_mode = string("CORNERS_WIDTH_FIRST"),
            box_indices = tensor<int32, [5]>([0, 0, 0, 1, 1]), boxes = boxes,
            normalized_coordinates = bool(true), pad_value = fp16(0.5),
            sampling_mode = string("DEFAULT"), spatial_scale = fp32(1.0),
            target_height = int32(6), target_width = int32(6), x = x);
    } -> (y);
    ```
    """

    since = "ios17"
    instead = (
        "`roi`, which holds index and box together, in place of `boxes` and `box_indices`,"
        " and a `squeeze` behind"
    )
    without = ("roi",)

    BOX_T = Domain(FP16, FP32, UINT16)
    BOX_INDEX_T = Domain(UINT16, INT32)
    boxes = In(BOX_T, "the boxes, [N, 4]", rank=2)
    box_indices = In(
        BOX_INDEX_T,
        "the number of the image that each box is cut out of, [N]",
        rank=1,
        default=lambda op: op.each_its_own(),
        default_doc="0, 1, … N - 1: a box for each image",
    )
    y = Out("the pieces, [N, C, H', W']")

    @constraint("C1", "`boxes` has 4 numbers for each box")
    def four_numbers(self) -> bool:
        return self.boxes.shape[1] == 4

    @constraint("C2", "`box_indices` has an element for each of the `boxes`")
    def an_index_each(self) -> bool:
        # coremltools takes an unknown number for another one than a known number.
        indices: Bound | None = self.box_indices
        return indices is None or indices.shape[0] == self.boxes.shape[0]

    @constraint("C3", "`box_indices` are below the number of images of `x`")
    def images_are_there(self) -> bool:
        images = self.x.shape[0]
        if images is None or "box_indices" not in self.op.args:
            return True
        return all(index is None or index < images for index in self.box_indices.elements or ())

    @constraint("C4", "`boxes` are fp16 or fp32 if `normalized_coordinates` is true")
    def parts_are_fractions(self) -> bool:
        return self.boxes.element is not UINT16 or not self.normalized_coordinates.value

    @constraint("C5", "`boxes` are no more than the images of `x` if `box_indices` is left out")
    def an_image_each(self) -> bool:
        boxes, images = self.boxes.shape[0], self.x.shape[0]
        if boxes is None or images is None or "box_indices" in self.op.args:
            return True
        return boxes <= images

    def each_its_own(self) -> tuple[int, ...] | None:
        """What `box_indices` means by being left out; None for an unknown number of boxes."""
        boxes = self.boxes.shape[0]
        return None if boxes is None else tuple(range(boxes))

    def infer(self) -> TensorType:
        return self.x.with_shape(self.boxes.shape[0], self.x.shape[1], *self._target())
