"""How windows lie over spatial dimensions, and how long what they leave is.

No op is defined here. Facts: coremltools 9.0, `ops/defs/_utils.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from milc.schema.rules import same

if TYPE_CHECKING:
    from collections.abc import Sequence

    from milc.schema import Bound
    from milc.schema.rules import Dims

PADDINGS: Final = ("valid", "same", "same_lower", "custom")
"""What `pad_type` may be; `same_lower` in ios15 not yet."""


def ones(op: Any) -> tuple[int, ...]:
    """The default of strides and dilations: 1 for each spatial dimension of `x`."""
    return (1,) * spatial_rank(op)


def zeros(op: Any) -> tuple[int, ...]:
    """The default of `pad`: 0 before and after each spatial dimension of `x`."""
    return (0, 0) * spatial_rank(op)


def spatial_rank(op: Any) -> int:
    """How many dimensions the `x` of an op has beside batch and channels; 0 if not even those."""
    x: Bound = op.x
    return max(0, x.rank - 2)


def count(argument: Bound) -> int | None:
    """How many elements a list-like argument has; None if that is not known."""
    return argument.shape[0]


def settled(dims: Dims | None) -> tuple[int, ...]:
    """Dimensions while the program runs, when all of them are known."""
    assert dims is not None and None not in dims
    return dims  # type: ignore[return-value]  # just looked at


def positive(argument: Bound) -> bool:
    """Whether no element is known to be below 1."""
    return all(element is None or element >= 1 for element in argument.elements or ())


def pad_fits(pad: Bound, x: Bound) -> bool:
    """Whether `pad` has two elements for each spatial dimension of `x`, as far as is known."""
    return same(count(pad), 2 * (x.rank - 2))


def dilated(
    kernel: Sequence[int | None] | None, dilations: Sequence[int | None] | None
) -> Dims | None:
    """How far the windows reach: the kernel's lengths with the gaps that dilations make."""
    if kernel is None or dilations is None:
        return None
    pairs = zip(kernel, dilations, strict=True)
    return tuple(None if k is None or d is None else (k - 1) * d + 1 for k, d in pairs)


def windowed(
    dims: Dims,
    window: Sequence[int | None] | None,
    strides: Sequence[int | None] | None,
    pad_type: str | None,
    pad: Sequence[int | None] | None,
    *,
    ceil: bool | None = False,
) -> Dims:
    """The lengths that windows leave of spatial dimensions, None for each that is not known.

    `window` says how far a window reaches, `ceil` whether one that only begins within counts. All
    are of one length, `pad` of twice that; strides are not 0.
    """
    sizes = range(len(dims))
    if pad_type != "custom":
        pad = (0, 0) * len(dims)
    if window is None or strides is None or pad_type is None or pad is None or ceil is None:
        return (None,) * len(dims)
    return tuple(
        _length(dims[i], window[i], strides[i], pad_type, pad[2 * i : 2 * i + 2], ceil)
        for i in sizes
    )


def _length(
    length: int | None,
    window: int | None,
    stride: int | None,
    pad_type: str,
    pads: Sequence[int | None],
    ceil: bool,
) -> int | None:
    before, after = pads
    if length is None or window is None or stride is None or before is None or after is None:
        return None
    padding = _padding(length, window, stride, pad_type, before + after)
    free = length + padding - window
    if not ceil:
        return free // stride + 1
    steps = -(-free // stride)
    # A window that would begin in the padding behind is left out.
    is_outside = padding > 0 and 2 * steps * stride >= 2 * length + padding
    return steps if is_outside else steps + 1


def _padding(length: int, window: int, stride: int, pad_type: str, custom: int) -> int:
    """The padding before and after a dimension together."""
    if not pad_type.startswith("same"):
        return custom
    return max(0, -(-length // stride) * stride - length + window - stride)


def margins(
    dims: Sequence[int],
    window: Sequence[int],
    strides: Sequence[int],
    pad_type: str,
    pad: Sequence[int],
) -> list[tuple[int, int]]:
    """The padding before and after each dimension, where all is known; see `windowed`."""
    if pad_type == "custom":
        return list(zip(pad[::2], pad[1::2], strict=True))
    found = []
    for length, reach, stride in zip(dims, window, strides, strict=True):
        padding = _padding(length, reach, stride, pad_type, 0)
        before = padding - padding // 2 if pad_type == "same_lower" else padding // 2
        found.append((before, padding - before))
    return found


def spread(
    dims: Dims,
    window: Sequence[int | None] | None,
    strides: Sequence[int | None] | None,
    pad_type: str | None,
    pad: Sequence[int | None] | None,
) -> Dims:
    """The lengths that the transpose of a convolution spreads spatial dimensions to.

    What is given is as for `windowed`.
    """
    if pad_type != "custom":
        pad = (0, 0) * len(dims)
    if window is None or strides is None or pad_type is None or pad is None:
        return (None,) * len(dims)
    rows = zip(dims, window, strides, pad[::2], pad[1::2], strict=True)
    return tuple(_spread(row, is_same=pad_type == "same") for row in rows)


def _spread(row: tuple[int | None, ...], *, is_same: bool) -> int | None:
    """One length, of the length before, the reach of the window, stride, and padding."""
    length, window, stride, before, after = row
    if length is None or stride is None:
        return None
    if is_same:
        return length * stride
    if window is None or before is None or after is None:
        return None
    return (length - 1) * stride + window - before - after


def fits_nowhere(dims: Dims, result: Dims) -> str:
    """In words, which spatial dimension is too short for a window; empty if none is."""
    for number, (length, left) in enumerate(zip(dims, result, strict=True)):
        if left is not None and left < 1:
            return f"dimension {number + 2} of `x` is {length}, which would leave {left}"
    return ""
