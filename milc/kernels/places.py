"""Images read at places that are computed: what a place means, what lies beyond the edges.

Images are [B, C, H, W], `which` tells the image of each piece, and places are rows y and columns x
in pixels, of shapes that broadcast to [N, H', W'].
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from milc.kernels import Array

FAR = float(1 << 30)
"""Further away than any pixel, and still an integer of 32 bits."""


def in_pixels(coordinates: Array, mode: str, pixels: int, *, align_corners: bool) -> Array:
    """Coordinates along one dimension as places among its pixels, counted from 0.

    By `align_corners` the ends of the range are the centres of the outermost pixels, or edges.
    """
    if mode == "unnormalized":
        return coordinates
    parts = (coordinates + 1) / 2 if mode == "normalized_minus_one_to_one" else coordinates
    return parts * (pixels - 1) if align_corners else parts * pixels - 0.5


def spread(count: int, *, align_corners: bool) -> Array:
    """The coordinates from -1 to 1 that a row of pixels has: [count]. A single one lies at 0."""
    steps = np.arange(count, dtype="f4") * 2 - (count - 1)
    return steps / np.float32(max(count - align_corners, 1))


def brought_back(places: Array, mode: str, pixels: int) -> Array:
    """Places beyond the edges brought back on the row of pixels, as the mode says.

    A place that is no number, or is reflected from infinity, is the first pixel.
    """
    if mode == "reflection":
        places = _mirrored(places, pixels - 1)
    elif mode == "symmetric":
        places = _mirrored(places + 0.5, pixels) - 0.5
    return np.clip(np.where(np.isnan(places), 0, places), 0, pixels - 1)


def _mirrored(places: Array, end: int) -> Array:
    """Places reflected at 0 and at the end until they lie between."""
    if not end:
        return np.zeros_like(places)
    turned = np.fmod(np.abs(places), 2 * end)
    nearer: Array = np.minimum(turned, 2 * end - turned)
    return nearer


def nearest(images: Array, which: Array, y: Array, x: Array, outside: Array | None) -> Array:
    """The pixels nearest to places, the even one of two: [N, C, H', W'].

    `outside` is what stands beyond the edges; without it no place lies there.
    """
    return _at(images, which, _whole(np.rint(y)), _whole(np.rint(x)), outside)


def bilinear(images: Array, which: Array, y: Array, x: Array, outside: Array | None) -> Array:
    """What lies at places between pixels, linearly in both directions: [N, C, H', W'].

    `outside` is what stands beyond the edges; without it no place lies there.
    """
    top, left = _whole(np.floor(y)), _whole(np.floor(x))
    down, right = _part(y, top), _part(x, left)
    bottom, after = top + 1, left + 1
    if outside is None:  # the pixel behind the last has no weight
        bottom = np.minimum(bottom, images.shape[2] - 1)
        after = np.minimum(after, images.shape[3] - 1)
    result = _at(images, which, top, left, outside)
    result *= _for_all_channels((1 - down) * (1 - right))
    result += _at(images, which, top, after, outside) * _for_all_channels((1 - down) * right)
    result += _at(images, which, bottom, left, outside) * _for_all_channels(down * (1 - right))
    result += _at(images, which, bottom, after, outside) * _for_all_channels(down * right)
    return result


def _whole(places: Array) -> Array:
    """Whole places as integers; a place that is no number is far away."""
    return np.clip(np.where(np.isnan(places), -FAR, places), -FAR, FAR).astype("i8")


def _part(places: Array, whole: Array) -> Array:
    """How far places are behind whole ones; 0 where that is no number from 0 to below 1."""
    part = places - whole
    return np.where((part >= 0) & (part < 1), part, 0).astype("f4")


def _for_all_channels(weights: Array) -> Array:
    return weights[:, None]


def _at(images: Array, which: Array, y: Array, x: Array, outside: Array | None) -> Array:
    """The pixels at whole places: [N, C, H', W']."""
    batch, channels, height, width = images.shape
    if outside is None:
        index = y * width + x
    else:
        index = np.clip(y, 0, height - 1) * width + np.clip(x, 0, width - 1)
    channel = np.arange(channels)[:, None, None]
    rows = images.reshape(batch, channels, height * width)
    found: Array = rows[which[:, None, None, None], channel, index[:, None]]
    if outside is not None:
        beyond = (y < 0) | (y >= height) | (x < 0) | (x >= width)
        np.copyto(found, outside, where=beyond[:, None])
    return found
