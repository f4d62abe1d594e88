"""Inputs of the texts that `--input NAME=…` takes.

A text is the path of a .npy, .npz, .png or .jpg, told by its content; `random`, `zeros` or `ones`,
with `:1x3x8x8` for a shape and `:0..255` for what random elements lie between; or a value as JSON
has it, where a single number is that of every element.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from milc.diagnostics import Diagnostic, MilError
from milc.diagnostics.files import read_bytes
from milc.diagnostics.prose import nearest
from milc.driver.arrays import NPY, NPZ, array_of, arrays_of
from milc.driver.images import STARTS, image_of
from milc.ir.types import TensorType, allows
from milc.kernels.elements import dtype_of, rounded
from milc.verify import places

if TYPE_CHECKING:
    from milc.driver.wanted import Wanted
    from milc.kernels import Array

Make = Callable[[int], Any]
"""Gives what an input is in a step, counted from 0."""

_word = re.compile(r"(random|zeros|ones)(?::(\d+(?:[x×,]\d+)*))?(?::([^:]+)\.\.([^:]+))?").fullmatch
_pathlike = re.compile(r".*(/|\.[a-zA-Z]\w{0,4}$)").match
_FAR: Final = float(1 << 62)
_NUMBERS: Final = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def maker(want: Wanted, said: str, seed: int) -> Make:
    """What makes an input of a text. Raises MilError where the text is none of those forms."""
    word = _word(said)
    if word is not None:
        shape = word[2] and tuple(map(int, re.split("[x×,]", word[2])))
        between = _between(word[3], word[4], said) if word[3] else None
        return of_word(want, word[1], seed, shape or None, between)
    value = _value(want, said)
    if value is None:
        return always(of_file(want, said))
    if isinstance(value, list):
        return always(_array(want, value, said))
    return always(np.full(_shape(want, said), value))


def of_word(
    want: Wanted,
    word: str,
    seed: int,
    shape: tuple[int, ...] | None = None,
    between: tuple[float, float] | None = None,
) -> Make:
    """What makes an input of `random`, `zeros` or `ones`. Raises MilError (MIL0910, MIL0911)."""
    tensor = want.tensor
    if tensor is None or tensor.element.kind == "string":
        message = f"`{want.name}` is a {want.value.type!r}, which cannot be {word}"
        raise MilError(Diagnostic("MIL0910", message))
    shape = _shape(want, word) if shape is None else shape
    dtype = dtype_of(tensor.element)
    empty = _of_shape(shape, dtype)
    if (tensor.shape is not None and not allows(tensor.shape, shape)) or not want.takes(shape):
        return always(empty)  # which is MIL0903 or MIL0913, and may be too large to be made
    if word != "random":
        return always(np.full(shape, word == "ones", dtype))
    return lambda step: _random(want, tensor, shape, between, [seed, step, *want.name.encode()])


def always(held: Any) -> Make:
    """What gives the same in each step."""
    return lambda step: held


def _of_shape(shape: tuple[int, ...], dtype: Any) -> Array:
    """Zeros that take no memory, whatever shape they have."""
    try:
        return np.broadcast_to(np.zeros((), dtype), shape)
    except ValueError:
        raise MilError(Diagnostic("MIL0910", f"{list(shape)} is no shape of an array")) from None


def _random(
    want: Wanted,
    tensor: TensorType,
    shape: tuple[int, ...],
    between: tuple[float, float] | None,
    seed: list[int],
) -> Array:
    """Random elements, the same for the same seed, name and step.

    Floats are of the standard normal distribution, integers 0 or 1, which nearly every model takes
    as indices and masks; pixels of images are whole numbers from 0 to 255.
    """
    draw = np.random.default_rng(seed)
    if between is None and want.color:
        between = (0, 255)
    made: Array
    if tensor.element.is_float and not want.color:
        made = draw.standard_normal(shape) if between is None else draw.uniform(*between, shape)
    else:
        low, high = between or (0, 1)
        made = draw.integers(round(low), round(high), shape, endpoint=True)
        if tensor.element.is_integer:
            return made  # whoever binds it sees whether it fits
    return rounded(made, tensor.element)


def _between(low: str, high: str, said: str) -> tuple[float, float]:
    try:
        found = float(low), float(high)
    except ValueError:
        found = (1.0, 0.0)
    if not -_FAR <= found[0] <= found[1] <= _FAR:
        raise MilError(Diagnostic("MIL0910", f"{said!r} has no range of the form LOW..HIGH"))
    return found


def _shape(want: Wanted, said: str) -> tuple[int, ...]:
    """The shape that an input has if none is said. Raises MilError (MIL0911) if that is open."""
    if want.shape is not None:
        return want.shape
    message = f"nothing says what shape `{want.name}` is to have: it is a {want.value.type!r}"
    rank = len((want.tensor.shape if want.tensor is not None else None) or (1, 1))
    dims = (want.tensor.shape if want.tensor is not None else None) or (None,) * rank
    lengths = "x".join(str(dim) if isinstance(dim, int) else "2" for dim in dims)
    word = _word(said)
    help = f"say it, such as --input {want.name}={word[1] if word else 'random'}:{lengths}"
    raise MilError(Diagnostic("MIL0911", message, places.of_value(want.value), help=help))


def _value(want: Wanted, said: str) -> Any:
    """The number, text or list that a text is; None if it is none."""
    strings = want.tensor is not None and want.tensor.element.kind == "string"
    if said in _NUMBERS and not strings:
        return _NUMBERS[said]
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        found = None
        if said.startswith("["):
            message = f"{_short(said)} is no list of numbers: brackets and commas as in JSON"
            raise MilError(Diagnostic("MIL0910", message)) from None
    if found is None and strings and not os.path.exists(said):
        return said
    if isinstance(found, dict) or (isinstance(found, str) and not strings):
        return None
    return found if not strings or isinstance(found, str | list) else said


def _array(want: Wanted, value: list[Any], said: str) -> Array:
    strings = want.tensor is not None and want.tensor.element.kind == "string"
    try:
        array = np.asarray(value, dtype=object if strings else None)
    except (ValueError, OverflowError) as error:
        message = f"{_short(said)} is no array: its lists are not all of the same length"
        raise MilError(Diagnostic("MIL0910", message)) from error
    return array


def of_file(want: Wanted, path: str) -> Any:
    """The array of a file, told by its content. Raises MilError."""
    if not os.path.exists(path) and not _pathlike(path):
        help = "a value is a number or a list as JSON has it; other words: random, zeros, ones"
        near = nearest(path, ["random", "zeros", "ones"])
        help = f"did you mean `{near}`?" if near else help
        if path.startswith(("random:", "zeros:", "ones:")):
            help = "behind the colon stands a shape, 1x3x8, or what it lies between, 0..1"
        message = f"{_short(path)} is neither a file nor a value for `{want.name}`"
        raise MilError(Diagnostic("MIL0910", message, help=help))
    data = read_bytes(path)
    if data.startswith(NPY):
        return _typed(want, array_of(data, path))
    if data.startswith(NPZ):
        return _typed(want, _member(want, arrays_of(data, path), path))
    if data.startswith(STARTS):
        return image_of(data, path, want)
    help = "milc reads .npy and .npz, and .png and .jpg where the model takes an image"
    raise MilError(Diagnostic("MIL0912", "holds no arrays and no image", path=path, help=help))


def _member(want: Wanted, held: Mapping[str, Array], path: str) -> Array:
    """The array of an archive that has the input's name, or is the only one."""
    if want.name in held:
        return held[want.name]
    if len(held) == 1:
        return next(iter(held.values()))
    names = ", ".join(f"`{name}`" for name in held) or "none"
    message = f"holds no array `{want.name}`; there is {names}"
    raise MilError(Diagnostic("MIL0912", message, path=path))


def _typed(want: Wanted, array: Array) -> Array:
    """An array with the elements of bf16 or fp8 that numpy's files only know the bytes of."""
    if array.dtype.kind != "V":
        return array
    dtype = dtype_of(want.tensor.element) if want.tensor is not None else None
    if dtype is None or dtype.kind != "V" or array.dtype.names or array.itemsize != dtype.itemsize:
        message = f"`{want.name}` takes {want.value.type!r}: elements of {array.dtype} are given"
        raise MilError(Diagnostic("MIL0904", message, places.of_value(want.value)))
    return array.view(dtype)


def _short(text: str) -> str:
    return repr(text if len(text) < 60 else f"{text[:57]}…")
