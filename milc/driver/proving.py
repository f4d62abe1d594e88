"""Proof that passes leave what a program computes as it is, and which of them does not.

A pass that raises, that leaves a program which does not verify, or one that computes something else
is named, with the place that it was at.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from milc.diagnostics import Diagnostic, MilError, errors
from milc.diagnostics.prose import many
from milc.driver.checking import verify
from milc.ir.nodes import Program
from milc.package.model import Model
from milc.passes import modules
from milc.verify import places

if TYPE_CHECKING:
    from milc.driver.comparing import Comparison
    from milc.driver.evaluating import Run
    from milc.driver.wanted import Wanted
    from milc.passes.pipeline import PassError, Step

Rerun = Callable[[Model, Callable[["Step"], None]], object]
"""Runs the same passes on a model, and calls something behind each."""

LENGTHS = (3, 1, 4, 16)
"""What is tried for unknown dimensions, until a program can be run."""

HOME = Path(__file__).parent.parent


def names_of(step: Step) -> str:
    """The passes of a step."""
    return " and ".join(each.name for each in step.group)


# A pass that fails


def failed(error: PassError, path: str | None) -> MilError:
    """What to say of a pass that raised something (MIL0945)."""
    alone = len(error.names) == 1
    names = " or ".join(error.names) if len(error.names) < 4 else "a pass"
    message = f"{names} failed in function {error.function.name}: {error}"
    span = places.of_kind(error.op) if error.op is not None else None
    help = f"--skip {names} leaves it out" if alone else "--verify-each tells which"
    own = modules().keys().isdisjoint(error.names)
    place = _frame(error.__cause__, own)
    notes = [f"raised in {place}"] if place is not None else []
    return MilError(Diagnostic("MIL0945", message, span, path=path, notes=notes, help=help))


def _frame(error: BaseException | None, own: bool) -> str | None:
    """Where an error was raised: the innermost line, of a pass that is somebody's `own` theirs."""
    frames = list(traceback.extract_tb(error.__traceback__ if error is not None else None))
    if own:
        frames = [each for each in frames if not Path(each.filename).is_relative_to(HOME)]
    found = frames[-1] if frames else None
    return f"{found.filename}:{found.lineno}, {found.name}" if found is not None else None


# A pass that leaves what does not verify


def check_step(subject: Model | Program, step: Step) -> None:
    """See that a pass has left a valid program. Raises MilError (MIL0946)."""
    if step.refused:
        message = f"{names_of(step)} makes an operation that does not verify: {step.refused[0]}"
        raise MilError(Diagnostic("MIL0946", message, path=_path(subject)))
    check(subject, f"{names_of(step)} leaves")


def check(subject: Model | Program, who: str = "the passes leave") -> None:
    """See that a program verifies. Raises MilError (MIL0946)."""
    try:
        found = errors(verify(subject))
    except (MilError, MemoryError):
        raise
    except Exception as error:  # such as an operand that is none
        message = f"{who} a program that cannot be verified: {type(error).__name__}: {error}"
        raise MilError(Diagnostic("MIL0946", message, path=_path(subject))) from error
    if not found:
        return
    first, *rest = found
    more = [f"and {each.message} ({each.code})" for each in rest[:3]]
    more += [f"and {many(len(rest) - 3, 'more error')}"] if len(rest) > 3 else []
    message = f"{who} a program that does not verify: {first.message} ({first.code})"
    path = first.path or _path(subject)
    finding = Diagnostic("MIL0946", message, first.span, path=path, notes=more, label=first.label)
    raise MilError(finding)


def _path(subject: Model | Program) -> str | None:
    return None if isinstance(subject, Program) else subject.path


# Passes that change what is computed


def compare(before: Model, after: Model, *, seed: int = 0) -> None:
    """Run every function of two models on random inputs, the same in both.

    Functions with states are run twice. Raises MilError: MIL0947 where the models differ, or only
    the second fails; what the first raises if that cannot be run.
    """
    from milc.driver.comparing import Comparison

    for name in before.program.functions:
        comparison = Comparison(before, after, function=name, seed=seed)
        inputs = _inputs(before, name, seed)
        for _ in range(2 if comparison.states else 1):
            finding = _step(comparison, before, inputs)
            if finding is not None:
                said = f"the passes change what function {name} computes"
                finding.code, finding.message = "MIL0947", f"{said}: {finding.message}"
                raise MilError(finding)


def _inputs(model: Model, name: str, seed: int) -> Mapping[str, Any]:
    """Random inputs that a function can be run on; the last that were tried if none are found.

    Raises MilError where none can be made.
    """
    from milc.driver.evaluating import Run
    from milc.driver.given import Given
    from milc.driver.wanted import wanted

    run = Run(model, function=name, seed=seed)
    wants = wanted(model, run.function)
    is_open = any(want.shape is None for want in wants.values())
    inputs: Mapping[str, Any] = {}
    for length in LENGTHS if is_open else LENGTHS[:1]:
        sized = {name: _of_length(want, length) for name, want in wants.items()}
        inputs = Given(run.function, sized, random=True, seed=seed, path=run.path).at(0)
        if not is_open or _runs(run, inputs):
            break
    return inputs


def _of_length(want: Wanted, length: int) -> Wanted:
    """An input, dimensions that nothing is known of being of some length."""
    shape = want.tensor.shape if want.tensor is not None and want.shape is None else None
    if shape is None:
        return want
    return want._replace(shape=tuple(dim if isinstance(dim, int) else length for dim in shape))


def _runs(run: Run, inputs: Mapping[str, Any]) -> bool:
    try:
        run(inputs)
    except MilError:
        return False
    return True


def _step(comparison: Comparison, before: Model, inputs: Mapping[str, Any]) -> Diagnostic | None:
    """How two models differ on inputs; None if they agree. Raises MilError if neither can run."""
    try:
        return comparison.finding(comparison.step(inputs))
    except MilError as error:
        _run_alone(before, comparison.first.function.name, inputs)
        first = error.diagnostics[0]
        first.message = f"it fails where it did not, {first.message} ({first.code})"
        return first


def _run_alone(model: Model, name: str, inputs: Mapping[str, Any]) -> None:
    """Run a function. Raises MilError, with advice."""
    from milc.driver.evaluating import Run

    try:
        Run(model, function=name)(inputs)
    except MilError as error:
        for finding in error.diagnostics:
            finding.notes = (*finding.notes, "this is of the program before, on random inputs")
            finding.help = finding.help or "leave --check out, and milc compare on inputs of yours"
        raise


def guilty(fresh: Callable[[], Model], rerun: Rerun) -> str | None:
    """The pass behind which a model computes something else, when each runs by itself.

    `fresh` gives the model as it was. None if no such pass is found.
    """
    before = fresh()
    names = _changing(fresh(), rerun, None)
    low, high = 0, len(names)
    while low < high:
        middle = (low + high + 1) // 2
        model = fresh()
        _changing(model, rerun, middle)
        if _agree(before, model):
            low = middle
        else:
            high = middle - 1
    return names[low] if low < len(names) else None


def _agree(before: Model, after: Model) -> bool:
    try:
        compare(before, after)
    except MilError:
        return False
    return True


class _Enough(Exception):
    """Raised when as many passes have changed something as was asked for."""


def _changing(model: Model, rerun: Rerun, most: int | None) -> list[str]:
    """Run passes until `most` of them have changed something; their names."""
    names: list[str] = []

    def watch(step: Step) -> None:
        if step.changed:
            names.append(names_of(step))
            if len(names) == most:
                raise _Enough

    try:
        rerun(model, watch)
    except _Enough:
        pass
    return names
