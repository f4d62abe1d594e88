"""Ops that bring images, and tensors, to another size.

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
from milc.kernels import Array, images, np
from milc.schema import (
    Bound,
    Choice,
    Const,
    Domain,
    EvaluationError,
    In,
    OpDef,
    OptionalConst,
    Out,
    constraint,
)

SAMPLING: Final = Choice(
    "DEFAULT", "STRICT_ALIGN_CORNERS", "ALIGN_CORNERS", "OFFSET_CORNERS", "UNALIGN_CORNERS"
)
"""How output pixels are laid over input pixels; the page of `resize_bilinear` has the formulas."""


def keeps_places(mode: Bound) -> bool:
    """Whether a grid of the size of the input is the input's, by a sampling mode."""
    return mode.value is not None and mode.value != "OFFSET_CORNERS"


class Spatial(OpDef):
    """An op on the last two dimensions of its input, height and width."""

    T = Domain(FP16, FP32)
    x = In(T, "the images, [*D, H, W]", rank=(3, MAX_RANK))
    y = Out("the images in their new size, [*D, H', W']")

    def sized(self, height: int | None, width: int | None) -> TensorType:
        """The type of `x` with another height and width."""
        return self.x.with_shape(*self.x.shape[:-2], height, width)

    def target(self) -> tuple[int, ...]:
        """H' and W', while the program runs. Raises EvaluationError if there is no such image."""
        made = self.infer()
        assert isinstance(made, TensorType)
        return sizes_of(made, self.x, 2)


def sizes_of(made: TensorType, x: Bound, count: int) -> tuple[int, ...]:
    """The last `count` lengths of a result; some, of an `x` without an element, cannot be had."""
    old, new = x.shape[x.rank - count :], (made.shape or ())[x.rank - count :]
    for before, length in zip(old, new, strict=True):
        if not isinstance(length, int) or length < 0:
            raise EvaluationError(f"of `x`, which is {list(x.shape)}, it would make {list(new)}")
        if length and not before:
            raise EvaluationError(
                f"`x` has the shape {list(x.shape)}, without an element to sample"
            )
    return tuple(length for length in new if isinstance(length, int))


def _interpolated(x: Bound, mode: str, sizes: tuple[int, ...]) -> Array:
    """The last dimensions of `x` brought to sizes, linearly; integers computed in fp64."""
    array = x.reals if x.element.is_float else x.array.astype("f8")
    lengths = array.shape[array.ndim - len(sizes) :]
    places = [images.grid(mode, n, m) for n, m in zip(sizes, lengths, strict=True)]
    return images.interpolated(array, places)


def _nearest(x: Bound, mode: str, sizes: tuple[int, ...]) -> Array:
    """The last dimensions of `x` brought to sizes, by copying elements."""
    array = x.array
    lengths = array.shape[array.ndim - len(sizes) :]
    return images.picked(
        array, [images.nearest(mode, n, m) for n, m in zip(sizes, lengths, strict=True)]
    )


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
    """Enlarge images by factors; each new pixel is a copy of an old one.

    H' is the whole part of H times `scale_factor_height`, and W' likewise. Output pixel i of n is a
    copy of pixel floor(i * m / n) of m, the one in which it begins if both rows are drawn to the
    same length. That is what coremltools converts such ops of PyTorch and TensorFlow to; it adds
    little amounts to factors to have the sizes that it wants, so sizes count here, not factors.

    ```mil
    func main<ios15>(tensor<fp32, [1, 3, 10, 4]> x) {
        tensor<fp32, [1, 3, 20, 10]> y = upsample_nearest_neighbor(
            scale_factor_height = fp32(2.0), scale_factor_width = fp32(2.5), x = x);
    } -> (y);
    ```
    """

    name = "upsample_nearest_neighbor"
    since = "ios15"
    forwards = "x"

    def evaluate(self) -> Array:
        pairs = zip(self.target(), self.x.array.shape[-2:], strict=True)
        return images.picked(self.x.array, [images.first_nearest(n, m) for n, m in pairs])


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
    forwards = "x"

    align_corners = Const(
        BOOL, "whether the first and last pixels of both grids coincide", rank=0, default=True
    )

    def mode(self) -> str:
        """The sampling mode of `resize_bilinear` that does the same."""
        return "STRICT_ALIGN_CORNERS" if self.align_corners.value else "UNALIGN_CORNERS"

    def evaluate(self) -> Array:
        return _interpolated(self.x, self.mode(), self.target())


class UpsampleBilinear16(UpsampleBilinear):
    """`half_pixel_centers` says whether the value of a pixel stands at its centre or at its edge.

    Without it and without `align_corners`, p(i) = i * m / n. With `align_corners` it says nothing:
    milc then takes pixels at their centres, as the first of the two arguments has it.

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

    def mode(self) -> str:
        centers = self.half_pixel_centers
        if self.align_corners.value or centers is None or centers.value:
            return super().mode()
        return "DEFAULT"


class ResizeNearestNeighbor(Spatial):
    """Bring images to a size; each new pixel is a copy of the nearest old one.

    Output pixel i of n is a copy of pixel floor((i + 0.5) * m / n) of m, the one in which its
    middle lies. Apple does not say so, but coremltools converts ops to this one that do that.

    ```mil
    func main<ios15>(tensor<fp32, [1, 3, 10, 4]> x) {
        tensor<fp32, [1, 3, 5, 8]> y = resize_nearest_neighbor(
            target_size_height = int32(5), target_size_width = int32(8), x = x);
    } -> (y);
    ```
    """

    name = "resize_nearest_neighbor"
    since = "ios15"
    forwards = "x"

    target_size_height = Const(INT32, "the height H' of the result, a scalar", rank=0)
    target_size_width = Const(INT32, "the width W' of the result, a scalar", rank=0)

    def infer(self) -> TensorType:
        return self.sized(self.target_size_height.value, self.target_size_width.value)

    def evaluate(self) -> Array:
        return _nearest(self.x, "DEFAULT", self.target())


class ResizeBilinear(ResizeNearestNeighbor):
    """Bring images to a size; new pixels are interpolated linearly in both directions.

    `sampling_mode` says where in the input output pixel i of n lies. For an input of m pixels that
    is the following place, clamped to [0, m - 1]:

    - STRICT_ALIGN_CORNERS: i * (m - 1) / (n - 1), and 0 if n is 1;
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

    def forwarded(self) -> Bound | None:
        return self.x if keeps_places(self.sampling_mode) else None

    def evaluate(self) -> Array:
        return _interpolated(self.x, self.sampling_mode.value, self.target())


class Resize(OpDef):
    """Bring the last dimensions of a tensor to lengths that may be computed.

    The last `resized_dims` dimensions get the last `resized_dims` lengths of `shape`, or keep their
    own where such a length is 0. New elements are interpolated or copied; `sampling_mode` has the
    meaning that the page of `resize_bilinear` gives it.

    What is copied is not documented. By DEFAULT and UNALIGN_CORNERS it is what
    `resize_nearest_neighbor` copies, in keeping with coremltools' tests; by the other modes the
    element next to the place, the later of two. Integers are rounded to nearest, ties to even.

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

    def forwarded(self) -> Bound | None:
        return self.x if keeps_places(self.sampling_mode) else None

    def evaluate(self) -> Array:
        sizes = sizes_of(self.infer(), self.x, self.resized_dims.value)
        mode = self.sampling_mode.value
        if self.interpolation_mode.value == "NEAREST_NEIGHBOR":
            return _nearest(self.x, mode, sizes)
        found = _interpolated(self.x, mode, sizes)
        return found if self.x.element.is_float else np.rint(found)
