"""What a program computes, once and for all, to compare with it what passes leave."""

from __future__ import annotations

import contextlib
import copy
import time
import warnings
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from milc.diagnostics import MilError
from milc.driver.evaluating import Run
from milc.ir.nodes import Function
from milc.ir.types import TensorType
from milc.kernels.elements import dtype_of
from milc.package.model import Model
from tests.meaning import inputs
from tests.meaning.closeness import FP16, FP32, difference
from tests.meaning.programs import SEED, Crash, Ready, fixed_sizes, results, silent_ops
from tests.passes.records import draws
from tests.passes.running import has_halves
from tests.passes.subjects import Spelt, spelling

TRIES = 100
"""How many sizes and ranges of integers are tried until a function runs."""


LONGER = 10
"""So many times longer may take what passes leave, and so many seconds."""

ROUNDING, ROUNDINGS = 2.0**-9, 3
"""How far inputs are moved, relative to themselves, to see if results are steady; how often."""


class TooLong(BaseException):
    """Raised out of a run, past all that handles what fails in it."""


class Case(NamedTuple):
    """Inputs of a function, by its places, and what it gives for them."""

    given: list[Any]
    wanted: list[Any]


class Meaning:
    """What the functions of a program compute, as far as they run, and run soon enough.

    `patience` are the seconds of the processor that a function may take, with all that is tried.
    """

    def __init__(self, model: Model, spelt: Spelt, patience: float) -> None:
        self.cases: dict[str, list[Case]] = {}
        self.halves: dict[str, bool] = {}
        self._model = model
        self._patience = patience
        if draws(model):
            return  # what is drawn, and in which order, is free
        for name, function in model.program.functions.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.cases[name] = _cases(model, function, spelt.get(name), patience)
            self.halves[name] = has_halves(function)

    @property
    def is_known(self) -> bool:
        """Whether every function has run."""
        return bool(self.cases) and all(self.cases.values())

    def differs(self, model: Model, *, was_halved: bool = False) -> str:
        """How a model computes something else; empty if it does not.

        If it was halved, fp16 has been in it, even where none is left.
        """
        for name, cases in self.cases.items():
            function = model.program.functions.get(name)
            if function is None:
                return f"{name} is gone"
            coarse = FP16 if was_halved or self.halves[name] or has_halves(function) else FP32
            said = self._differs(model, function, cases, coarse) if cases else ""
            if said:
                return f"{name}: {said}"
        return ""

    def _differs(self, model: Model, function: Function, cases: list[Case], coarse: float) -> str:
        until = time.process_time() + LONGER + LONGER * self._patience
        ready = _ready(model, function, [], until)
        for case in cases:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    found = results(ready, _handed(function, case.given))
            except MilError as error:
                return f"it no longer runs: {error}"
            except TooLong:
                return "it takes far longer"
            said = difference(case.wanted, found, coarse)
            if said and (coarse < FP16 or not self._is_unsteady(function.name, case)):
                return said
        return ""

    def _is_unsteady(self, name: str, case: Case) -> bool:
        """Whether results move by as much when only the inputs are rounded, to about fp16."""
        function = self._model.program.functions[name]
        ready = _ready(self._model, function, [], time.process_time() + LONGER * self._patience)
        for seed in range(ROUNDINGS):
            generator = np.random.default_rng(seed)
            given = [_rounded(each, generator) for each in case.given]
            with warnings.catch_warnings(), contextlib.suppress(MilError, TooLong):
                warnings.simplefilter("ignore")
                if difference(case.wanted, results(ready, _handed(function, given)), FP16):
                    return True
        return False


def _ready(model: Model, function: Function, spelt: list[list[str]], until: float) -> Ready:
    """A function to be run until some time of the processor."""

    def look(_: object) -> None:
        if time.process_time() > until:
            raise TooLong

    return Ready(Run(model, function=function.name, seed=SEED, hook=look), function, spelt)


def _cases(
    model: Model, function: Function, spelt: list[list[str]] | None, patience: float
) -> list[Case]:
    if silent_ops(function):
        return []
    until = time.process_time() + patience
    cases: list[Case] = []
    with contextlib.suppress(MilError, TooLong):  # weights may be missing
        ready = _ready(model, function, spelling(function) if spelt is None else spelt, until)
        trials = inputs.trials(function, ready.spelt, fixed_sizes([ready]))
        for trial in islice(trials, TRIES):
            cases.extend(_run(ready, trial))
            if cases:
                break
    return cases


def _run(ready: Ready, trial: inputs.Trial) -> Iterator[Case]:
    """What a function gives for floats of each sort for which it gives anything."""
    for sort in inputs.RANGES:
        given = inputs.made(ready.function, ready.spelt, trial, sort)
        with contextlib.suppress(MilError, Crash):
            yield Case([*given.values()], copy.deepcopy(results(ready, given)))


def _handed(function: Function, given: list[Any]) -> dict[str, Any]:
    """What was given to a function, for what has become of it: other names, types and layouts."""
    taken = [value for value in function.inputs if isinstance(value.type, TensorType)]
    pairs = zip(taken, given, strict=True)
    return {value.name: _as(value.type, array) for value, array in pairs}


def _rounded(given: Any, generator: np.random.Generator) -> Any:
    """Numbers that are off by what a few roundings in fp16 come to; whole ones as they are."""
    array = np.asarray(given)
    if array.dtype.kind in "biu":
        return array
    return (array * (1 + ROUNDING * generator.normal(size=array.shape))).astype(array.dtype)


def _as(type: Any, given: Any) -> Any:
    """An array as a function takes it that may have come to take channels first."""
    array = np.asarray(given).astype(dtype_of(type.element), copy=False)
    dims = zip(array.shape, type.shape or array.shape, strict=True)
    is_moved = any(isinstance(dim, int) and dim != own for own, dim in dims)
    return np.moveaxis(array, -1, -3) if is_moved else array
