"""What a run is given: an array for each input, in each step."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from milc.diagnostics import Diagnostic, MilError
from milc.driver.arrays import is_archive, read_npz
from milc.driver.making import Make, always, maker, of_file, of_word
from milc.evaluate import bind_inputs
from milc.ir.types import allows
from milc.verify import places

if TYPE_CHECKING:
    from milc.driver.wanted import Wanted
    from milc.ir.nodes import Function

MISSING: Final = "--input {0}=… gives it, and --random all that is not given"

_OF_MODEL: Final = frozenset(("MIL0901", "MIL0902", "MIL0903", "MIL0904", "MIL0911", "MIL0913"))
"""The codes that are about an input of the model, not about the command line or a file."""


class Given:
    """The inputs of a function, step by step.

    `texts` are those of `--input`: `NAME=…`, or the path of a .npz whose arrays have the names of
    inputs; NAME may be left out where there is only one. `each` are `NAME=FILE.npy`, whose first
    dimension is that of the steps. `arrays` hold inputs by name, and come before both. With
    `random`, what is not given is made up.

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
        self._named: set[str] = set()
        """Those that a text of their own gives."""
        self._spoken: set[str] = set()
        """Those of which nobody needs to say that they are missing."""
        self.steps: int | None = None
        """How many steps there are inputs for; None: for any number."""
        for text in texts:
            self._try(self._take, text)
        for text in each:
            self._try(self._take_each, text)
        self._makes.update({name: always(array) for name, array in (arrays or {}).items()})
        for name, want in wanted.items():
            if name not in self._makes and name not in self._spoken:
                self._try(self._make_up, name, want, random)
        self._check()

    def at(self, step: int) -> dict[str, Any]:
        """What is given in a step."""
        return {name: make(step) for name, make in self._makes.items()}

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
            if fault.code in _OF_MODEL:
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
        if name is None and is_archive(text):
            try:
                arrays = read_npz(text)
            except MilError:
                self._spoken.update(self._wanted)  # which of them it has nobody knows
                raise
            self._makes.update({held: always(array) for held, array in arrays.items()})
            return
        name = self._meant(name, text)
        if name not in self._wanted:
            self._makes[name] = always(None)  # which is MIL0902
            return
        self._once(name)
        self._makes[name] = maker(self._wanted[name], said, self._seed)

    def _take_each(self, text: str) -> None:
        name, said = self._split(text)
        name = self._meant(name, text)
        if name not in self._wanted:
            self._makes[name] = always(None)
            return
        self._once(name)
        array = of_file(self._wanted[name], said)
        if not array.ndim or not len(array):
            message = "has no entry for a step: its first dimension is that of the steps"
            raise MilError(Diagnostic("MIL0916", message, path=said))
        if self.steps is not None and len(array) != self.steps:
            message = f"has entries for {len(array)} steps, and another input for {self.steps}"
            raise MilError(Diagnostic("MIL0916", message, path=said))
        self.steps = len(array)
        self._makes[name] = lambda step: array[step]

    def _once(self, name: str) -> None:
        """Note that an input is given by name. Raises MilError (MIL0910) if it was before."""
        if name in self._named:
            raise MilError(Diagnostic("MIL0910", f"`{name}` is given twice"))
        self._named.add(name)

    def _split(self, text: str) -> tuple[str | None, str]:
        """The name in front of `=`, which may hold one too; None if there is none."""
        known = [name for name in self._wanted if text.startswith(f"{name}=")]
        name, sign, said = text.partition("=")
        if known:
            name = max(known, key=len)
            self._spoken.add(name)
            return name, text[len(name) + 1 :]
        if sign and not os.path.exists(text):
            return name, said
        return None, text

    def _meant(self, name: str | None, text: str) -> str:
        """The name of an input that is meant, the only one if none is said."""
        if name is None and len(self._wanted) == 1:
            (name,) = self._wanted
            self._spoken.add(name)
        if name is None:
            self._spoken.update(self._wanted)
            names = ", ".join(f"`{each}`" for each in self._wanted) or "none"
            message = f"{text!r} does not say which input it is for"
            help = f"write NAME={text}; the inputs are {names}"
            raise MilError(Diagnostic("MIL0910", message, help=help))
        return name

    def _make_up(self, name: str, want: Wanted, random: bool) -> None:
        """What an input is that is not given."""
        if want.optional is not None and want.shape is not None:
            self._makes[name] = always(np.full(want.shape, want.optional))
        elif random:
            self._makes[name] = of_word(want, "random", self._seed)
        else:
            message = f"the input `{name}` of {self._function.name} is missing: {want.value.type!r}"
            span, help = places.of_value(want.value), MISSING.format(name)
            raise MilError(Diagnostic("MIL0901", message, span, help=help))


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
