"""What a run is given: the texts of `--input`, as arrays.

A text is the path of a .npy, .npz, .png or .jpg, told by its content; `random`, `zeros` or `ones`,
with `:1x3x8x8` for a shape and `:0..255` for what random elements lie between; or a value as JSON
has it, where a single number is that of every element.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from milc.diagnostics import Diagnostic, MilError
from milc.diagnostics.files import read_bytes
from milc.diagnostics.prose import nearest
from milc.driver.arrays import NPY, NPZ, array_of, arrays_of, read_npz
from milc.driver.images import STARTS, image_of
from milc.evaluate import bind_inputs
from milc.ir.types import TensorType, allows
from milc.kernels.elements import dtype_of, rounded
from milc.verify import places

if TYPE_CHECKING:
    from milc.driver.wanted import Wanted
    from milc.ir.nodes import Function
    from milc.kernels import Array

Make = Callable[[int], Any]
"""Gives what an input is in a step, counted from 0."""

MISSING: Final = "--input {0}=… gives it, and --random all that is not given"

_word = re.compile(r"(random|zeros|ones)(?::(\d+(?:[x×,]\d+)*))?(?::([^:]+)\.\.([^:]+))?").fullmatch
_pathlike = re.compile(r".*(/|\.[a-zA-Z]\w{0,4}$)").match
_FAR: Final = float(1 << 62)
_NUMBERS: Final = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class Given:
    """The inputs of a function, step by step.

    `texts` are those of `--input`: `NAME=…`, or the path of a .npz whose arrays have the names of
    inputs. `each` are `NAME=FILE.npy`, whose first dimension is that of the steps. `arrays` hold
    inputs by name, and come before both. With `random`, what is not given is made up.

    Raises MilError with all that is wrong with them (MIL0901 to MIL0904, MIL0910 to MIL0916).
    """

    def __init__(
        self,
        function: Function,
        wanted: Mapping[str, Wanted],
        texts: Iterable[str] = (),
        *,
        each: Iterable[str] = (),
        arrays: Mapping[str, Any] | None = None,
        random: bool = False,
        seed: int = 0,
        path: str | None = None,
    ) -> None:
        self._function = function
        self._wanted = wanted
        self._seed = seed
        self._path = path
        self._faults: list[Diagnostic] = []
        self._makes: dict[str, Make] = {}
        self.steps: int | None = None
        """How many steps there are inputs for; None: for any number."""
        for text in texts:
            self._try(self._take, text)
        for text in each:
            self._try(self._take_each, text)
        self._makes.update({name: _always(array) for name, array in (arrays or {}).items()})
        for name, want in wanted.items():
            if name not in self._makes:
                self._try(self._make_up, name, want, random)
        self._check()

    def at(self, step: int) -> dict[str, Any]:
        """What is given in a step. Raises MilError for an array of a shape that is not allowed."""
        found = {name: make(step) for name, make in self._makes.items()}
        faults = [fault for name, held in found.items() for fault in self._shape_faults(name, held)]
        if faults:
            raise MilError(faults)
        return found

    def _try(self, act: Callable[..., None], *args: Any) -> None:
        try:
            act(*args)
        except MilError as error:
            self._faults += error.diagnostics

    def _check(self) -> None:
        """Raise what is wrong, with what is wrong with the arrays of the first step."""
        ready: dict[str, Any] = {}
        for name, make in self._makes.items():
            held = None
            try:
                held = make(0)
            except MilError as error:
                self._faults += error.diagnostics
                continue
            faults = self._shape_faults(name, held)
            self._faults += faults
            if not faults:
                ready[name] = held
        try:
            bind_inputs(self._function, ready)
        except MilError as error:
            self._faults += [fault for fault in error.diagnostics if fault.code != "MIL0901"]
        for fault in self._faults:
            fault.path = fault.path or self._path
        if self._faults:
            raise MilError(self._faults)

    def _shape_faults(self, name: str, held: Any) -> list[Diagnostic]:
        """What the model says against the shape of an array that has the right type (MIL0913)."""
        want = self._wanted.get(name)
        tensor = want.tensor if want is not None else None
        shape = np.shape(held)
        if want is None or tensor is None or tensor.shape is None or want.takes(shape):
            return []
        if not allows(tensor.shape, shape):
            return []  # which is MIL0903
        message = f"the model does not take `{name}` in the shape {list(shape)}"
        span, help = places.of_value(want.value), _allowed(want)
        return [Diagnostic("MIL0913", message, span, path=self._path, help=help)]

    # One text each

    def _take(self, text: str) -> None:
        name, said = self._split(text)
        if name is None:
            for held, array in read_npz(text).items():
                self._makes[held] = _always(array)
            return
        if name not in self._wanted:
            self._makes[name] = _always(None)  # which is MIL0902
            return
        self._makes[name] = self._make(self._wanted[name], said)

    def _take_each(self, text: str) -> None:
        name, said = self._split(text)
        if name is None:
            message = f"{text!r} is not of the form NAME=FILE.npy"
            raise MilError(Diagnostic("MIL0910", message))
        if name not in self._wanted:
            self._makes[name] = _always(None)
            return
        array = _file(self._wanted[name], said)
        if not array.ndim or not len(array):
            message = "has no entry for a step: its first dimension is that of the steps"
            raise MilError(Diagnostic("MIL0916", message, path=said))
        if self.steps is not None and len(array) != self.steps:
            message = f"has entries for {len(array)} steps, and another input for {self.steps}"
            raise MilError(Diagnostic("MIL0916", message, path=said))
        self.steps = len(array)
        self._makes[name] = lambda step: array[step]

    def _split(self, text: str) -> tuple[str | None, str]:
        """The name in front of `=`, which may hold one too; None if there is none."""
        known = [name for name in self._wanted if text.startswith(f"{name}=")]
        name, sign, said = text.partition("=")
        if known:
            name = max(known, key=len)
            return name, text[len(name) + 1 :]
        if sign and not os.path.exists(text):
            return name, said
        return None, text

    def _make(self, want: Wanted, said: str) -> Make:
        word = _word(said)
        if word is not None:
            shape = word[2] and tuple(map(int, re.split("[x×,]", word[2])))
            between = _between(word[3], word[4], said) if word[3] else None
            return self._word(want, word[1], shape or None, between)
        value = _value(want, said)
        if value is None:
            return _always(_file(want, said))
        if isinstance(value, list):
            return _always(_array(want, value, said))
        return _always(np.full(_shape(want, said), value))

    def _word(
        self,
        want: Wanted,
        word: str,
        shape: tuple[int, ...] | None,
        between: tuple[float, float] | None,
    ) -> Make:
        tensor = want.tensor
        if tensor is None or tensor.element.kind == "string":
            message = f"`{want.name}` is a {want.value.type!r}, which cannot be {word}"
            raise MilError(Diagnostic("MIL0910", message))
        shape = _shape(want, word) if shape is None else shape
        dtype = dtype_of(tensor.element)
        if word != "random":
            return _always(np.full(shape, word == "ones", dtype))
        return lambda step: _random(
            want, tensor, shape, between, [self._seed, step, *want.name.encode()]
        )

    def _make_up(self, name: str, want: Wanted, random: bool) -> None:
        """What an input is that is not given."""
        if want.optional is not None and want.shape is not None:
            self._makes[name] = _always(np.full(want.shape, want.optional))
        elif random:
            self._makes[name] = self._word(want, "random", None, None)
        else:
            message = f"the input `{name}` of {self._function.name} is missing: {want.value.type!r}"
            span, help = places.of_value(want.value), MISSING.format(name)
            raise MilError(Diagnostic("MIL0901", message, span, help=help))


def _always(held: Any) -> Make:
    return lambda step: held


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
    lengths = "x".join("2" * rank)
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
    return found


def _array(want: Wanted, value: list[Any], said: str) -> Array:
    strings = want.tensor is not None and want.tensor.element.kind == "string"
    try:
        array = np.asarray(value, dtype=object if strings else None)
    except (ValueError, OverflowError) as error:
        message = f"{_short(said)} is no array: its lists are not all of the same length"
        raise MilError(Diagnostic("MIL0910", message)) from error
    return array


def _file(want: Wanted, path: str) -> Any:
    """The array of a file, told by its content."""
    if not os.path.exists(path) and not _pathlike(path):
        help = "a value is a number or a list as JSON has it; other words: random, zeros, ones"
        near = nearest(path, ["random", "zeros", "ones"])
        help = f"did you mean `{near}`?" if near else help
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


def _allowed(want: Wanted) -> str:
    """The shapes that an input may have, in words."""
    assert want.flexible is not None
    if want.flexible.shapes:
        return "it takes " + " or ".join(str(list(shape)) for shape in want.flexible.shapes)
    ends = [
        str(low) if low == high else f"{low}..{high if high >= 0 else ''}"
        for low, high in want.flexible.ranges
    ]
    return f"it takes [{', '.join(ends)}]"


def _short(text: str) -> str:
    return repr(text if len(text) < 60 else f"{text[:57]}…")
