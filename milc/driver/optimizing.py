"""`milc.optimize` and `milc opt`: a smaller program that computes the same.

Passes know programs; here they meet models: their weights, their files, and proof by running.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from milc.diagnostics import Diagnostic, MilError, Span, errors
from milc.diagnostics.gathered import Gathered
from milc.diagnostics.prose import nearest
from milc.driver import placing
from milc.driver.checking import check, verify
from milc.driver.proving import check_step, failed
from milc.driver.reading import reader
from milc.ir.literals import WEIGHT_FILE, Literal, TensorLiteral
from milc.ir.nodes import Function, Program, Value
from milc.ir.types import Type
from milc.ir.walk import walk_ops, walk_values
from milc.package.describe import add_functions, rename_features, retype_features
from milc.package.model import Model
from milc.package.references import references
from milc.passes.base import Option, Pass, words
from milc.passes.files import pipeline_of
from milc.passes.pipeline import (
    Outcome,
    PassError,
    Pipeline,
    Rounds,
    Step,
    apart,
    grouped,
    passes_of,
    run,
)
from milc.passes.session import Note
from milc.passes.spelling import group_of, passes_named, pipeline_named, skipped, without
from milc.verify import places
from milc.verify import verify as verify_program
from milc.verify.completing import infer_types
from milc.verify.operations import Operations

__all__ = ["Outcome", "optimize"]

_DESCRIBING = "MIL07"
"""What codes of faults of descriptions begin with."""
LARGE = 1024
"""New constants of more bytes go to the weight file; smaller ones are read with the program."""


Named = str | Pass
"""A pass, or one or several as people write them: `a,b{option=value}`."""


def optimize(
    subject: Model | Program,
    pipeline: str | Path | Pipeline | Iterable[Named | Iterable[Named] | Rounds] = "default",
    *,
    passes: str | Iterable[Named] = (),
    skip: str | Iterable[str] = (),
    verify_each: bool = False,
    watch: Callable[[Step], None] | None = None,
    timed: bool = False,
) -> Outcome:
    """Run passes on a model or a program, in place; what it computes stays the same.

    `pipeline` is `default`, `default_fp16`, `cleanup`, `none`, a file of TOML, or groups of
    passes or names; `passes` run behind it, by name (`"a,b{option=value}"`) or as `Pass`es; those
    named in `skip` (`"a,b"`, or each by itself) do not run. `verify_each` verifies the program
    behind each pass, `watch` is called behind each, and `timed` asks for the seconds of each.

    The notes of passes are among the notes of a model. Raises MilError for a program that does not
    verify, for passes and pipelines that there are not (MIL0940 to MIL0944), and where a pass is at
    fault (MIL0945, MIL0946): the program is then as the pass left it. Weights are moved, and left
    out, when the model is saved as a package.
    """
    chosen = chosen_of(pipeline, passes, skip)
    facts, unfit = _prepare(subject)
    if verify_each or watch is not None:
        chosen = apart(chosen)
    program = subject if isinstance(subject, Program) else subject.program
    read = None if isinstance(subject, Program) else reader(subject.weights)
    strangers = _strangers(chosen, program)
    seen = _Seen(program if unfit else subject, verify_each, watch)
    before = signatures(program)
    if isinstance(subject, Model) and subject.unsettled is None:
        subject.unsettled = Stored(subject)
    try:
        outcome = run(program, chosen, read=read, watch=seen, timed=timed, facts=facts)
    except PassError as error:
        path = None if isinstance(subject, Program) else subject.path
        raise failed(error, path) from error.__cause__
    if unfit and (found := errors(verify(subject))):
        raise MilError(found)
    if isinstance(subject, Model):
        follow(subject, before)
        subject.notes += strangers
        subject.notes += [
            Diagnostic("MIL0948", note.text, _place(note), severity="note",
                       path=subject.path)
            for note in outcome.notes
        ]  # fmt: skip
    return outcome


def chosen_of(pipeline: Any, passes: str | Iterable[Named], skip: str | Iterable[str]) -> Pipeline:
    """What is to run. Raises MilError with all that is wrong with it."""
    gathered = Gathered()
    chosen = gathered.take(lambda: _pipeline(pipeline))
    more = gathered.take(lambda: _passes(passes))
    names = gathered.take(lambda: skipped([skip] if isinstance(skip, str) else skip))
    gathered.end()
    return without([*(chosen or ()), *(more or ())], names or set())


def _pipeline(given: Any) -> Pipeline:
    if isinstance(given, str):
        return pipeline_named(given)
    if isinstance(given, Path):
        return pipeline_of(given)
    gathered, groups = Gathered(), list[Sequence[Pass] | Rounds]()
    for each in given:
        own = each if isinstance(each, Rounds) else gathered.take(lambda: _group(each))  # noqa: B023  # at once
        groups += [own] if own is not None else []
    gathered.end()
    return groups


def _group(given: str | Pass | Iterable[str | Pass]) -> list[Pass]:
    """A group, of which passes may be named."""
    parts = [given] if isinstance(given, str | Pass) else given
    return group_of([own for each in parts for own in _named(each)])


def _passes(given: str | Iterable[Named]) -> list[list[Pass]]:
    """Passes one by one, each a group of its own."""
    parts = [given] if isinstance(given, str) else given
    gathered, found = Gathered(), list[Pass]()
    for part in parts:
        own = gathered.take(lambda: _named(part))  # noqa: B023  # at once
        found += own or ()
    gathered.end()
    return grouped(found)


def _named(part: str | Pass) -> list[Pass]:
    return passes_named(part) if isinstance(part, str) else [part]


def _strangers(chosen: Pipeline, program: Program) -> list[Diagnostic]:
    """Warnings about options that name what the program does not have."""
    found: dict[str, Diagnostic] = {}
    for each, name, word in _names_given(chosen):
        option = each.options[name]
        functions = program.functions.values()
        held = {value.name for function in functions for value in _held(function, option)}
        if word not in held:
            near = nearest(word, held)
            message = f"{name} of {each.name} names {word}, but no function has such {option.names}"
            help = f"did you mean {near}?" if near else None
            found[message] = Diagnostic("MIL0941", message, severity="warning", help=help)
    return list(found.values())


def _place(note: Note) -> Span | None:
    return places.of_kind(note.op) if note.op is not None else None


def _names_given(chosen: Pipeline) -> Iterator[tuple[Pass, str, str]]:
    """The names that options hold, each with its pass and the option."""
    for each in passes_of(chosen):
        named = [name for name, option in each.options.items() if option.names and each.given[name]]
        for name in named:
            parts = words(each.given[name])
            yield from ((each, name, part.partition("=")[0].strip()) for part in parts)


def _held(function: Function, option: Option) -> Iterable[Value]:
    """What a function has of what an option names."""
    if option.names == "inputs":
        return function.inputs
    return function.outputs if option.names == "outputs" else walk_values(function)


def _prepare(subject: Model | Program) -> tuple[Operations | None, bool]:
    """Fill in open types, and see that the program verifies. Raises MilError.

    Gives what the verification knows of the values, for passes, or None if a comment silences
    errors; and whether a program takes or gives what no description can say, which passes may mend.
    """
    program = subject if isinstance(subject, Program) else subject.program
    read = None if isinstance(subject, Program) else reader(subject.weights)
    infer_types(program, read=read)
    facts = Operations(program, read)
    if isinstance(subject, Program):
        found = verify_program(program, operations=facts)
    else:
        found = check(subject, operations=facts)
    if not errors(found):
        return facts, False
    found = errors(verify(subject))  # with their places, and without those that are silenced
    derives = isinstance(subject, Model) and not subject.described
    if derives and found and all(each.code.startswith(_DESCRIBING) for each in found):
        return facts, True
    if found:
        raise MilError(found)
    return None, False


Signatures = dict[str, list[tuple[str, Type]]]
"""By function the names and types of what it takes and gives."""


def signatures(program: Program) -> Signatures:
    """What each function takes and gives."""
    functions = program.functions.values()
    return {f.name: [(v.name, v.type) for v in (*f.inputs, *f.outputs)] for f in functions}


def follow(model: Model, before: Signatures) -> None:
    """Let the description follow inputs and outputs to which passes gave other names or types.

    Functions that they made are described, too.
    """
    if not model.described or before == (after := signatures(model.program)):
        return
    for name, old in before.items():
        pairs = list(zip(old, after.get(name, ()), strict=False))
        renamed = {one[0]: other[0] for one, other in pairs}
        rename_features(model.spec.description, name, renamed)
        retyped = dict([other for one, other in pairs if one[1] != other[1]])
        retype_features(model.spec.description, name, retyped)
    new = [function for name, function in model.program.functions.items() if name not in before]
    add_functions(model.spec.description, new, model.specification_version)


class _Seen:
    """What is done behind each group that has run."""

    def __init__(
        self, subject: Model | Program, verify_each: bool, watch: Callable[[Step], None] | None
    ) -> None:
        self._subject = subject
        self._verify = verify_each
        self._watch = watch

    def __call__(self, step: Step) -> None:
        if self._watch is not None:
            self._watch(step)
        if self._verify and (step.changed or step.refused):
            check_step(self._subject, step)


# New weights


class Stored:
    """Which constants a model has, so that new ones can be told and moved into a weight file."""

    def __init__(self, model: Model) -> None:
        self._held = {id(literal): literal for literal in _tensors(model)}

    def move_new(self, model: Model, file: str | None = None) -> int:
        """Move new constants of more than `LARGE` bytes into a weight file; gives how many.

        That is the first that the model has, or `file`.
        """
        if file is None:
            file = next((ref.path for ref, _ in references(model.program)), WEIGHT_FILE)
        return placing.externalize(model, LARGE, file=file, but=self._held)

    def settle(self, model: Model) -> None:
        """Move new constants into a weight file, and leave out of it what is not used any more."""
        self.move_new(model)
        placing.pack(model)


def _tensors(model: Model) -> Iterable[Literal]:
    for function in model.program.functions.values():
        for op in walk_ops(function):
            yield from (each for each in op.literals if isinstance(each, TensorLiteral))


# Pipelines


def flat(pipeline: Pipeline) -> Sequence[Sequence[Pass]]:
    """The groups of a pipeline, each once."""
    groups: list[Sequence[Pass]] = []
    for part in pipeline:
        groups += part.groups if isinstance(part, Rounds) else [part]
    return groups


__all__ += ["Stored", "flat"]
