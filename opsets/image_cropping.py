"""Ops that cut pieces out of images.

Facts: coremltools 9.0, `ops/defs/iOS15`, `iOS16` and `iOS17`, each `image_resizing.py`.
"""

from __future__ import annotations

from math import prod
from typing import Final

from milc.ir.types import BOOL, FP16, FP32, INT32, STRING, UINT16, TensorType
from milc.kernels import Array, images, np, places
from milc.opsets.image_resizing import SAMPLING, Spatial
from milc.schema import Bound, Choice, Const, Domain, EvaluationError, In, OpDef, Out, constraint
from milc.schema.rules import same

BOXES: Final = Choice(
    "CORNERS_HEIGHT_FIRST",
    "CORNERS_WIDTH_FIRST",
    "CENTER_SIZE_HEIGHT_FIRST",
    "CENTER_SIZE_WIDTH_FIRST",
)
"""What the four numbers of a box are."""


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

    def forwarded(self) -> Bound | None:
        cut = (self.crop_height.value, self.crop_width.value)
        return self.x if cut == ((0, 0), (0, 0)) else None

    def infer(self) -> TensorType:
        height, width = self.x.shape[-2:]
        return self.sized(_less(height, self.crop_height), _less(width, self.crop_width))

    def evaluate(self) -> Array:
        height, width = self.target()
        top, left = (_first(cut) for cut in (self.crop_height, self.crop_width))
        return self.x.array[..., top : top + height, left : left + width]


def _first(amounts: Bound) -> int:
    """The first of two amounts, if neither is below 0."""
    before, behind = amounts.value
    if min(before, behind) < 0:
        raise EvaluationError(f"an amount to crop is negative: {before} and {behind}")
    return int(before)


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
    of `resize_bilinear` gives it, for a row of m pixels from the start of the box to its end, so
    that m - 1 is its length. Boxes that end before they start are turned over. Places that are not
    on an image, from its first to its last row and column, have the value 0: Apple documents the
    padding from ios16 on, and coremltools takes it for that before. Of a box that lies beside its
    image a test of coremltools expects, by UNALIGN_CORNERS, the whole image in the new size; milc
    follows the formula.

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
        batch, channels = self.x.shape[:2]
        return self.x.with_shape(self.roi.shape[0], batch, channels, *self._target())

    def _target(self) -> tuple[int | None, int | None]:
        return self.target_height.value, self.target_width.value

    def evaluate(self) -> Array:
        rois = self.roi.reals
        rois = rois.reshape(len(rois), prod(rois.shape[1:]))
        if rois.shape[1] == 5:
            return self.cropped(rois[:, 0], "roi", rois[:, 1:])[:, None]
        if rois.shape[1] != 4:
            raise EvaluationError(f"`roi` has {rois.shape[1]} numbers for each box, not 4 or 5")
        boxes, batch = len(rois), self.x.array.shape[0]
        which = np.tile(np.arange(batch), boxes)
        found = self.cropped(which, "x", np.repeat(rois, batch, axis=0))
        return found.reshape(boxes, batch, *found.shape[1:])

    def cropped(self, which: Array, named: str, boxes: Array) -> Array:
        """Boxes [N, 4], each cut out of one image: [N, C, H', W'].

        `which` tells the images; `named` is the argument that it is of.
        """
        batch, _, height, width = self.x.array.shape
        wrong = which[~((which >= 0) & (which < batch))]
        if wrong.size:
            raise EvaluationError(f"`{named}` asks for image {wrong[0]:g} of {batch}")
        rows, columns = self.target_height.value, self.target_width.value
        if min(rows, columns) < 0:
            raise EvaluationError(f"pieces of {rows} by {columns} pixels are asked for")
        top, left, bottom, right = self._corners(boxes, height, width)
        mode = self.sampling_mode.value
        y = images.grid_between(mode, rows, top, bottom)[:, :, None]
        x = images.grid_between(mode, columns, left, right)[:, None, :]
        inside = (y >= 0) & (y <= height - 1) & (x >= 0) & (x <= width - 1)
        outside = self._outside()
        found: Array = places.bilinear(self.x.reals, which.astype("i8"), y, x, outside)
        np.copyto(found, outside, where=~inside[:, None])
        return found

    def _corners(self, boxes: Array, height: int, width: int) -> Array:
        """The corners of boxes in pixels: tops, lefts, bottoms and rights, [4, N]."""
        mode = self.box_coordinate_mode.value
        one, other, third, last = boxes.T.astype("f8") * self.spatial_scale.value
        if mode.startswith("CENTER"):
            one, other, third, last = (
                one - third / 2, other - last / 2, one + third / 2, other + last / 2
            )  # fmt: skip
        if mode.endswith("WIDTH_FIRST"):
            one, other, third, last = other, one, last, third
        down, along = 1, 1
        if self.normalized_coordinates.value:
            down, along = height - 1, width - 1
        return np.stack([one * down, other * along, third * down, last * along])

    def _outside(self) -> Array:
        """What stands beyond the edges."""
        return np.zeros((), "f4")


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

    def _outside(self) -> Array:
        return self.pad_value.reals


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

    def evaluate(self) -> Array:
        boxes = self.boxes.reals
        indices: Bound | None = self.box_indices
        which = np.arange(len(boxes)) if indices is None else indices.array
        return self.cropped(which, "box_indices", boxes)
