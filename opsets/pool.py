"""Pools: one number for each place of a window that moves over the spatial dimensions.

Facts: coremltools 9.0, `ops/defs/iOS15/pool.py`.
"""

from __future__ import annotations

from milc.ir.types import BOOL, FP16, FP32, INT32, STRING, TensorType
from milc.kernels import Array, np, windows
from milc.opsets.spatial import (
    PADDINGS,
    count,
    fits_nowhere,
    margins,
    ones,
    pad_fits,
    positive,
    settled,
    windowed,
    zeros,
)
from milc.schema import Bound, Choice, Const, Domain, In, OpDef, Out, Part, constraint
from milc.schema.rules import Dims, same

SHORTHANDS = {"kernel": Part("kernel_sizes")}


class Pool(OpDef):
    """A window that moves over the spatial dimensions."""

    shorthands = SHORTHANDS

    T = Domain(FP16, FP32)
    x = In(T, "the input, [n, C, *d_in] with one to three spatial dimensions d_in")
    kernel_sizes = Const(INT32, "the length of the window along each spatial dimension", rank=1)
    strides = Const(
        INT32,
        "the step along each spatial dimension",
        rank=1,
        default=ones,
        default_doc="1 for each spatial dimension",
    )
    pad_type = Const(
        STRING, "how the input is padded", rank=0, choices=Choice(*PADDINGS, any_case=True)
    )
    pad = Const(
        INT32,
        'the padding before and after each spatial dimension in turn, if `pad_type` is "custom"',
        rank=1,
        default=zeros,
        default_doc="0 before and after each spatial dimension",
    )
    ceil_mode = Const(
        BOOL, "whether a window that only begins within the input counts", rank=0, default=False
    )
    y = Out("the result, [n, C, *d_out]")

    @constraint("C1", "`ceil_mode` is false if `x` has more than two spatial dimensions")
    def ceil_is_flat(self) -> bool:
        return not self.ceil_mode.value or self.x.rank <= 4

    @constraint("C2", '`ceil_mode` is false if `pad_type` is "same"')
    def ceil_is_not_same(self) -> bool:
        return not self.ceil_mode.value or self.mode() != "same"

    @constraint("C3", "`pad` is the same before and after each dimension if `ceil_mode` is true")
    def ceil_is_symmetric(self) -> bool:
        pads = (self.pad.elements or ())[: 2 * max(0, self.x.rank - 2)]
        return not self.ceil_mode.value or all(map(same, pads[::2], pads[1::2]))

    @constraint("C4", '`pad_type` is not "same_lower" in ios15, which does not know it yet')
    def padding_is_known(self) -> bool:
        return self.opset != "ios15" or self.pad_type.value != "same_lower"

    @constraint("C5", "`strides` has an element for each spatial dimension of `x`, all at least 1")
    def strides_fit(self) -> bool:
        return same(count(self.strides), self.x.rank - 2) and positive(self.strides)

    @constraint("C6", "`kernel_sizes` has as many elements as `strides`")
    def kernel_fits(self) -> bool:
        return same(count(self.kernel_sizes), self.x.rank - 2)

    @constraint("C7", "`pad` has twice as many elements as `strides`")
    def pad_is_whole(self) -> bool:
        return pad_fits(self.pad, self.x)

    @constraint("C8", "`x` has one to three spatial dimensions")
    def has_space(self) -> bool:
        return 3 <= self.x.rank <= 5

    @constraint(
        "C9",
        "`x` is long enough, padded by `pad`, for one window of `kernel_sizes` at steps of"
        " `strides`",
    )
    def has_room(self) -> bool | str:
        return fits_nowhere(self.x.shape[2:], self.spatial()) or True

    def mode(self) -> str | None:
        """The value of `pad_type`, if known."""
        mode: str | None = self.pad_type.value
        return mode.lower() if mode is not None else None

    def spatial(self) -> Dims:
        """The spatial dimensions of the result."""
        return windowed(
            self.x.shape[2:],
            self.kernel_sizes.elements,
            self.strides.elements,
            self.mode(),
            self.pad.elements,
            ceil=self.ceil_mode.value,
        )

    def infer(self) -> TensorType:
        return self.x.with_shape(*self.x.shape[:2], *self.spatial())

    def forwarded(self) -> Bound | None:
        """A window of one element, at every place."""
        ones = (1,) * (self.x.rank - 2)
        is_plain = self.kernel_sizes.value == self.strides.value == ones
        return self.x if is_plain else None

    def sides(self) -> list[tuple[int, int]]:
        """The padding before and after each spatial dimension."""
        kernel, strides, mode = self.kernel_sizes.value, self.strides.value, self.mode()
        return margins(settled(self.x.shape[2:]), kernel, strides, mode or "", self.pad.value)

    def windows(self) -> windows.Windows:
        """How the windows lie over `x`."""
        before = tuple([side for side, _ in self.sides()])
        strides, ones, out = self.strides.value, (1,) * len(before), settled(self.spatial())
        return windows.Windows(self.kernel_sizes.value, strides, ones, before, out)


class AvgPool(Pool):
    """The mean of the elements in each window, over one, two or three spatial dimensions.

    Along each spatial dimension the result is floor((length + padding - kernel) / stride) + 1 long.
    With `ceil_mode` the quotient is rounded up, and a last window that would begin in the padding
    behind is left out. `pad_type` says what the padding is:

    - "valid": none;
    - "custom": as `pad` says; with any other `pad_type`, `pad` has no effect;
    - "same": as much as makes the result ceil(length / stride) long, half of it on each side, the
      odd one behind;
    - "same_lower": likewise, the odd one in front. Not in ios15.

    Padding is zeros, which count for the mean unless `exclude_padding_from_average` is true. What
    of a last window lies behind the padding, with `ceil_mode`, never counts. The mean of a window
    in which nothing counts is 0. All that is as in PyTorch.

    ```mil
    func main<ios15>(tensor<fp32, [1, 3, 10, 10]> x) {
        tensor<fp32, [1, 3, 5, 5]> y = avg_pool(x = x, kernel_sizes = tensor<int32, [2]>([3, 3]),
            strides = tensor<int32, [2]>([2, 2]), pad_type = string("custom"),
            pad = tensor<int32, [4]>([1, 1, 1, 1]), ceil_mode = bool(false),
            exclude_padding_from_average = bool(true));
    } -> (y);
    ```
    """

    name = "avg_pool"
    since = "ios15"

    exclude_padding_from_average = Const(
        BOOL, "whether the mean is taken without the padding", rank=0, default=False
    )

    def evaluate(self) -> Array:
        places, dims = self.windows(), settled(self.x.shape[2:])
        bounds = [(0, length) for length in dims]
        if not self.exclude_padding_from_average.value:
            sides = zip(bounds, self.sides(), strict=True)
            bounds = [(-before, end + after) for (_, end), (before, after) in sides]
        sums = windows.pooled(self.x.reals, places, np.add, 0)
        return sums / np.maximum(windows.counts(places, bounds), 1)


class L2Pool(Pool):
    """The square root of the sum of squares in each window, over one or two spatial dimensions.

    How long the result is, and what the padding may be, is as in `avg_pool`; padding is zeros.

    ```mil
    func main<ios15>(tensor<fp32, [1, 3, 10, 10]> x) {
        tensor<fp32, [1, 3, 4, 4]> y = l2_pool(x = x, kernel_sizes = tensor<int32, [2]>([3, 3]),
            strides = tensor<int32, [2]>([2, 2]), pad_type = string("valid"),
            pad = tensor<int32, [4]>([0, 0, 0, 0]), ceil_mode = bool(false));
    } -> (y);
    ```
    """

    name = "l2_pool"
    since = "ios15"

    x = In(Pool.T, "the input, [n, C, *d_in] with one or two spatial dimensions d_in")

    @constraint("C8", "`x` has one or two spatial dimensions")
    def has_space(self) -> bool:
        return 3 <= self.x.rank <= 4

    def forwarded(self) -> Bound | None:
        return None  # of one element, that is its magnitude

    def evaluate(self) -> Array:
        squares = np.square(self.x.reals)
        root: Array = np.sqrt(windows.pooled(squares, self.windows(), np.add, 0))
        return root


class MaxPool(Pool):
    """The largest element in each window, over one, two or three spatial dimensions.

    How long the result is, and what the padding may be, is as in `avg_pool`; padding is never the
    largest, so a window of nothing else gives negative infinity. NaN counts as the largest.

    ```mil
    func main<ios15>(tensor<fp32, [1, 3, 10, 10]> x) {
        tensor<fp32, [1, 3, 5, 5]> y = max_pool(x = x, kernel_sizes = tensor<int32, [2]>([3, 3]),
            strides = tensor<int32, [2]>([2, 2]), pad_type = string("same"),
            pad = tensor<int32, [4]>([0, 0, 0, 0]), ceil_mode = bool(false));
    } -> (y);
    ```
    """

    name = "max_pool"
    since = "ios15"

    def evaluate(self) -> Array:
        return windows.pooled(self.x.reals, self.windows(), np.maximum, float("-inf"))
