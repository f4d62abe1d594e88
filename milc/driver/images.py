"""Images, as an app gives them to a model and gets them from one. Loads Pillow when one is met.

To a program an image is a tensor [1, channels, height, width] of numbers from 0 to 255.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from milc.diagnostics import Diagnostic, MilError

if TYPE_CHECKING:
    from pathlib import Path

    from milc.driver.wanted import Wanted
    from milc.kernels import Array

STARTS: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
"""How a PNG and a JPEG begin."""

SUFFIXES: Final = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
"""What files of images are called."""


def image_of(data: bytes, path: str, wanted: Wanted) -> Array:
    """The pixels of an image as an input takes them.

    Raises MilError where the input is no image (MIL0915), the file is damaged (MIL0912), the image
    has another size (MIL0914), or Pillow is not there (MIL0027).
    """
    if not wanted.color:
        message = f"an image, but nothing says that `{wanted.name}` takes one"
        help = (
            "give it an array, as .npy: what to do with colours and sizes is in the description"
            " of a model, which says nothing of an image here"
        )
        raise MilError(Diagnostic("MIL0915", message, path=path, help=help))
    pixels = _pixels(data, path, wanted.color.startswith("GRAY"))
    if wanted.color == "BGR":
        pixels = pixels[..., ::-1]
    array = np.moveaxis(pixels, -1, 0)[None]
    if wanted.flexible is not None:
        fits = wanted.flexible.allows(array.shape)
    else:
        fits = wanted.shape is None or array.shape == wanted.shape
    if not fits:
        raise _another_size(array.shape, path, wanted)
    return array


def drawn(path: str, array: Any, color: str) -> Array:
    """The pixels of an output that is an image: rounded, what is beyond 0 and 255 drawn in.

    Raises MilError (MIL0915) for an array that has not the shape of one; `path` is for which file.
    """
    channels = 1 if color.startswith("GRAY") else 3
    held = np.asarray(array)
    if held.ndim != 4 or held.shape[:2] != (1, channels) or 0 in held.shape:
        message = f"an array of shape {list(held.shape)} is no {color} image"
        raise MilError(Diagnostic("MIL0915", message, path=path))
    levels = np.nan_to_num(held[0].astype(np.float32), nan=0.0)
    pixels = np.moveaxis(np.clip(np.rint(levels), 0, 255).astype(np.uint8), 0, -1)
    pixels = pixels[..., ::-1] if color == "BGR" else pixels
    return np.ascontiguousarray(pixels[..., 0] if channels == 1 else pixels)


def write_image(file: Path, pixels: Array, suffix: str) -> None:
    """Write pixels as a suffix says. Raises OSError."""
    image = pillow("written").fromarray(pixels)
    image.save(file, SUFFIXES[suffix.lower()])


def color_of(array: Any) -> str:
    """How the pixels of an image are stored of which nothing says so."""
    return "GRAYSCALE" if np.shape(array)[1:2] == (1,) else "RGB"


def _pixels(data: bytes, path: str, grey: bool) -> Array:
    """The pixels of a file, [height, width, channels], upright."""
    module = pillow("read")
    from PIL import ImageOps

    try:
        with module.open(io.BytesIO(data), formats=("PNG", "JPEG")) as file:
            upright = ImageOps.exif_transpose(file)
            pixels = _of_8_bits(upright, "L" if grey else "RGB")
    except (OSError, ValueError, SyntaxError, EOFError, module.DecompressionBombError) as error:
        message = f"holds no image that can be read: {error}".partition("\n")[0]
        raise MilError(Diagnostic("MIL0912", message, path=path)) from None
    return pixels[..., None] if grey else pixels


def _of_8_bits(image: Any, mode: str) -> Array:
    """The pixels of an image, 8 bits each: of 16 the upper, where Pillow would take the nearest."""
    if not image.mode.startswith("I"):
        return np.asarray(image.convert(mode))
    levels = (np.asarray(image) >> 8).astype(np.uint8)
    return levels if mode == "L" else np.stack([levels] * 3, axis=-1)


def _another_size(shape: tuple[int, ...], path: str, wanted: Wanted) -> MilError:
    message = f"an image of {_size(shape)} pixels, which `{wanted.name}` does not take"
    flexible = wanted.flexible
    if flexible is not None and flexible.ranges:
        (low, high), (left, right) = flexible.ranges[-2:]
        ends = ["any" if end < 0 else str(end) for end in (high, right)]
        help = f"it takes widths from {left} to {ends[1]} and heights from {low} to {ends[0]}"
    else:
        sizes = flexible.shapes if flexible is not None else [wanted.shape or ()]
        help = f"resize it to {' or '.join(map(_size, sizes))} (width × height)"
    return MilError(Diagnostic("MIL0914", message, path=path, help=help))


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[-1]} × {shape[-2]}"


def pillow(what: str) -> Any:
    """Pillow's module of images. Raises MilError (MIL0027) if it is not installed."""
    try:
        from PIL import Image
    except ImportError:
        message = f"images are {what} by Pillow, which is not installed"
        help = "pip install 'coreml-milc[images]'"
        raise MilError(Diagnostic("MIL0027", message, help=help)) from None
    return Image
