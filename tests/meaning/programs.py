"""Programs that coremltools built: all run, and passes change nothing of what they compute.

A case is a function before a pass, or before a whole conversion, and behind it, run on the same
inputs. Inputs and outputs are matched by their order, since passes rename them.
"""

from __future__ import annotations

import json
import traceback
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from milc.diagnostics import MilError
from milc.driver.evaluating import Run
from milc.evaluate import Hook
from milc.ir.nodes import Function
from milc.ir.types import StateType, TensorType
from milc.ir.walk import walk_ops
from milc.kernels.elements import dtype_of
from milc.package.model import Model
from tests.meaning import inputs
from tests.meaning.closeness import difference, tolerance
from tests.meaning.reasons import PROGRAMS
from tests.models import ARCHIVE
from tests.ops.programs import unpacked
from tests.ops.tally import Comparison, Key, plain

SEED = 1


class Outcome(NamedTuple):
    """How a function before and behind a pass compare: `sort` is "" where they agree.

    unreadable: milc does not read or verify it; silent: an op says not yet what it computes;
    idle: it runs on no inputs that were tried; crash: milc failed; broken: only what came before
    the pass runs; differs: the results do.
    """

    function: str
    inputs: str
    sort: str
    said: str = ""


class Crash(Exception):
    """What came out of milc was no MilError, which is a fault of milc."""


class Ready(NamedTuple):
    """A function that runs, and how its record spells the dimensions of its inputs."""

    run: Run
    function: Function
    spelt: list[list[str]]


def records() -> Iterator[dict[str, Any]]:
    """The index of the archive."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        yield from map(json.loads, archive.read("index.jsonl").splitlines())


def name_of(record: dict[str, Any]) -> str:
    """The pass, or that it is a whole conversion."""
    return str(record.get("pass") or record["kind"])


def compare(chosen: Sequence[dict[str, Any]]) -> Comparison[str]:
    """Run programs before and behind their passes."""
    comparison: Comparison[str] = Comparison()
    with zipfile.ZipFile(ARCHIVE) as archive:
        for record in chosen:
            for outcome in outcomes(archive, record):
                count(comparison, record, outcome)
    return comparison


def count(comparison: Comparison[str], record: dict[str, Any], outcome: Outcome) -> None:
    """Count one outcome, with the reason that it may have."""
    name, key, why = name_of(record), None, None
    if outcome.sort:
        told = (
            f"{changes(record)} | of {' '.join(sorted(_kinds(record['before'])))} | {outcome.said}"
        )
        key = Key(name, outcome.inputs, outcome.sort, changes(record), plain(outcome.said, ""))
        why = next((r for r in PROGRAMS if r.covers(*key[:3], told)), None)
    example = f"{record['sha']} {outcome.function}: {outcome.said}"
    comparison.add(name, outcome.inputs, example, key, outcome.sort != "silent", why)  # type: ignore[arg-type]


def changes(record: dict[str, Any]) -> str:
    """The ops that a pass took and brought."""
    before, after = (_kinds(record[side]) for side in ("before", "after"))
    took, brought = (" ".join(sorted(a - b)) for a, b in ((before, after), (after, before)))
    return f"- {took} + {brought}"


def _kinds(side: dict[str, Any]) -> Counter[str]:
    functions = side.get("functions", {}).values()
    return Counter(op["t"] for f in functions for op in f["ops"] if op["t"] != "const")


def outcomes(archive: zipfile.ZipFile, record: dict[str, Any]) -> Iterator[Outcome]:
    """What became of each function of a program."""
    held = archive.NameToInfo
    sides = [s for s in ("before", "after") if f"{record['sha']}/{s}/model.mlmodel" in held]
    with ExitStack() as open_weights:
        try:
            models = [
                open_weights.enter_context(unpacked(archive, f"{record['sha']}/{side}"))
                for side in sides
            ]
            runs = [ready_to_run(m, record[side]) for m, side in zip(models, sides, strict=True)]
        except MilError as error:
            yield Outcome("", "", "unreadable", told_by(error))
            return
        except Crash as crash:
            yield Outcome("", "", "crash", str(crash))
            return
        for name in dict.fromkeys(name for side in runs for name in side):
            yield from _function(name, [side[name] for side in runs if name in side], record)


def ready_to_run(
    model: Model, recorded: dict[str, Any], hook: Hook | None = None
) -> dict[str, Ready | str]:
    """The functions of one side: ready to run, or the ops that keep them from it."""
    found: dict[str, Ready | str] = {}
    for name, function in model.program.functions.items():
        spelt = inputs.symbols(recorded["functions"][name]["inputs"])
        quiet = silent_ops(function)
        found[name] = quiet or Ready(_run(model, name, hook), function, spelt)
    return found


def silent_ops(function: Function) -> str:
    """The ops of a function whose definition does not say what they compute."""
    kinds = {(op.kind, op.opset or function.opset) for op in walk_ops(function.body)}
    return " ".join(inputs.silent(kinds - {("const", function.opset)}))


def _run(model: Model, name: str, hook: Hook | None) -> Run:
    try:
        return Run(model, function=name, seed=SEED, hook=hook)
    except MilError:
        raise
    except Exception as error:
        raise crash_of(error) from error


def _function(name: str, sides: Sequence[Ready | str], record: dict[str, Any]) -> Iterator[Outcome]:
    ready = [side for side in sides if isinstance(side, Ready)]
    if len(ready) < len(sides):
        quiet = " ".join(side for side in sides if isinstance(side, str))
        yield Outcome(name, "", "silent", quiet)
        return
    try:
        trial, said = trial_of(ready)
        if trial is None:
            yield Outcome(name, "", "idle", said)
            return
        for sort in inputs.RANGES:
            yield Outcome(name, sort, *_compared(ready, trial, sort, record))
    except Crash as crash:
        yield Outcome(name, "", "crash", str(crash))


def trial_of(ready: Sequence[Ready]) -> tuple[inputs.Trial | None, str]:
    """The first trial with which a function runs; else what was said of the first."""
    first, said = ready[0], ""
    for trial in inputs.trials(first.function, first.spelt, fixed_sizes(ready)):
        try:
            results(first, inputs.made(first.function, first.spelt, trial, "positive"))
        except MilError as error:
            said = said or told_by(error)
        else:
            return trial, ""
    return None, said


def fixed_sizes(ready: Sequence[Ready]) -> dict[str, Any]:
    """The sizes of symbols that a pass fixed."""
    fixed = {}
    for dims, value in zip(ready[0].spelt, ready[-1].function.inputs, strict=True):
        shape = value.type.shape if isinstance(value.type, TensorType) else ()
        if shape is not None and len(shape) == len(dims):
            fixed.update({n: d for n, d in zip(dims, shape, strict=True) if isinstance(d, int)})
    return {name: dim for name, dim in fixed.items() if not name.isdigit()}


def _compared(
    ready: Sequence[Ready], trial: inputs.Trial, sort: str, record: dict[str, Any]
) -> tuple[str, str]:
    first = ready[0]
    given = inputs.made(first.function, first.spelt, trial, sort)
    try:
        before = results(first, given)
    except MilError as error:
        return "idle", told_by(error)
    for other in ready[1:]:
        try:
            after = results(other, _handed(given, other.function))
        except MilError as error:
            return "broken", told_by(error)
        said = difference(before, after, tolerance(record))
        if said:
            return "differs", said
    return "", ""


def results(ready: Ready, given: dict[str, Any]) -> list[Any]:
    """The outputs in their order, then what states hold. Raises MilError, and Crash."""
    state: dict[str, Any] = {}
    try:
        return [*ready.run(given, state).values(), *state.values()]
    except MilError as error:
        if error.diagnostics[0].code == "MIL0919":
            raise Crash(told_by(error)) from error
        raise
    except Exception as error:
        raise crash_of(error) from error


def crash_of(error: Exception) -> Crash:
    """What came out of milc, and where from."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}:{last.lineno} in {last.name}"
    return Crash(f"{type(error).__name__}: {error} ({place})")


def _handed(given: dict[str, Any], function: Function) -> dict[str, Any]:
    """What was given to one function, for another with other names and dtypes."""
    wanted = [value for value in function.inputs if not isinstance(value.type, StateType)]
    handed = {}
    for value, array in zip(wanted, given.values(), strict=True):
        assert isinstance(value.type, TensorType)
        handed[value.name] = np.asarray(array).astype(dtype_of(value.type.element))
    return handed


def told_by(error: MilError) -> str:
    """Code and words of the first finding."""
    return f"{error.diagnostics[0].code} {error.diagnostics[0].message}"
