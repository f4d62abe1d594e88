"""Running passes in an order.

A pipeline is a list of groups. The tables of a group are applied together, in one walk that goes on
until none of them fits, so that time grows with what changes; a pass that works on a function as a
whole is a group of its own. Groups may be repeated in turn until none changes anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from milc.diagnostics import MilError
from milc.ir.collector import collector_slowed
from milc.passes import find
from milc.passes.base import Pass, ProgramPass
from milc.passes.session import Note, Session
from milc.passes.worklist import Restless

if TYPE_CHECKING:
    from milc.ir.nodes import Function, Program
    from milc.verify.operations import Operations, Read

MOST_ROUNDS = 16
"""Groups are repeated so often at most; should passes undo each other, they end here."""

Number = TypeVar("Number", int, float)

Group = Sequence[Pass]


class Rounds:
    """Groups that run in turn, again and again, until none of them changes anything."""

    def __init__(self, groups: Iterable[Group]) -> None:
        self.groups = [list(group) for group in groups]


Pipeline = Sequence[Group | Rounds]


class Step(NamedTuple):
    """A group that has run on a function."""

    function: Function
    group: Group
    changed: bool
    refused: list[str]
    """What its rewrites made that does not verify."""


class PassError(Exception):
    """Raised from what a pass raises, which is a fault of the pass.

    `names` are those of the passes that may have raised it, `op` is what was being rewritten.
    """

    def __init__(
        self, group: Group, function: Function, error: BaseException, session: Session | None = None
    ) -> None:
        owner = _owner(error, group)
        if owner is None and isinstance(error, Restless) and session is not None:
            owner = max(group, key=lambda each: session.counts[each.name])
        self.names = [each.name for each in ([owner] if owner is not None else group)]
        self.function = function
        self.op = session.at if session is not None else None
        said = str(error) if isinstance(error, Restless) else f"{type(error).__name__}: {error}"
        super().__init__(said)


def _owner(error: BaseException, group: Group) -> Pass | None:
    """The pass of a group that an error comes from, if its frames show that."""
    import traceback

    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    held = [each for frame in frames for each in frame.f_locals.values() if isinstance(each, Pass)]
    return next((each for each in reversed(held) if each in group), None)


class Outcome(NamedTuple):
    """What a pipeline did: how often each pass rewrote something, its seconds, what it noted."""

    counts: dict[str, int]
    seconds: dict[str, float]
    notes: list[Note]
    refused: list[str]

    @property
    def changed(self) -> bool:
        """Whether any pass changed the program."""
        return any(self.counts.values())


def made(name: str, **options: object) -> Pass:
    """The pass of a name, with options. Raises KeyError if there is none."""
    found = find(name)
    if found is None:
        raise KeyError(name)
    return found(**options)


def grouped(passes: Iterable[Pass]) -> list[list[Pass]]:
    """A sequence of passes as a pipeline that keeps their order."""
    return [[each] for each in passes]


def apart(pipeline: Pipeline) -> list[Group | Rounds]:
    """The same pipeline with each pass as a group of its own, to see what each of them does."""
    found: list[Group | Rounds] = []
    for part in pipeline:
        if isinstance(part, Rounds):
            found.append(Rounds([each] for group in part.groups for each in group))
        else:
            found += [[each] for each in part]
    return found


def passes_of(pipeline: Pipeline) -> Iterator[Pass]:
    """The passes of a pipeline, in its order."""
    for part in pipeline:
        for group in part.groups if isinstance(part, Rounds) else [part]:
            yield from group


def run(
    program: Program,
    pipeline: Pipeline,
    *,
    read: Read | None = None,
    watch: Callable[[Step], None] | None = None,
    timed: bool = False,
    facts: Operations | None = None,
) -> Outcome:
    """Run a pipeline on every function of a program, in place. The program has to verify.

    `watch` is called with each group that has run. `timed` asks what each pass of a group takes,
    which takes time itself; else the seconds are those of groups. `facts` is what has verified the
    program, if that is at hand. Raises PassError.
    """
    outcome = Outcome({}, {}, [], [])
    with collector_slowed():
        for stretch in _stretches(pipeline):
            if isinstance(stretch, ProgramPass):
                _run_whole(stretch, program, read, outcome, watch)
            else:
                for function in program.functions.values():
                    session = Session(program, function, read, timed=timed, facts=facts)
                    _run_stretch(stretch, session, outcome, watch)
            facts = None  # which is of the program as it was
    return outcome


def _run_stretch(
    stretch: Pipeline, session: Session, outcome: Outcome, watch: Callable[[Step], None] | None
) -> None:
    """Run what stands in a row on one function."""
    runner = _Runner(session, outcome, watch)
    for part in stretch:
        runner.run(part)
    _add(session.counts, outcome.counts)
    _add(session.seconds, outcome.seconds)
    outcome.notes.extend(session.notes)
    outcome.refused.extend(session.refused)


def _stretches(pipeline: Pipeline) -> Iterator[ProgramPass | list[Group | Rounds]]:
    """What runs on one function after the other, and in between what runs on all of them."""
    stretch: list[Group | Rounds] = []
    for part in pipeline:
        passes = list(passes_of([part]))
        whole = [each for each in passes if isinstance(each, ProgramPass)]
        if whole and stretch:
            yield stretch
            stretch = []
        yield from whole
        if len(whole) < len(passes):
            stretch.append(part)
    if stretch:
        yield stretch


def _run_whole(
    each: ProgramPass,
    program: Program,
    read: Read | None,
    outcome: Outcome,
    watch: Callable[[Step], None] | None,
) -> None:
    began = time.perf_counter()
    try:
        changed = list(each.run_program(program, read))
    except (MilError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        raise PassError([each], next(iter(program.functions.values())), error) from error
    _add({each.name: len(changed)}, outcome.counts)
    _add({each.name: time.perf_counter() - began}, outcome.seconds)
    for function in changed:
        if watch is not None:
            watch(Step(function, [each], True, []))


def _add(more: Mapping[str, Number], to: dict[str, Number]) -> None:
    """Add numbers to those of the same names."""
    for name, number in more.items():
        to[name] = to.get(name, 0) + number


class _Runner:
    """Runs groups on one function."""

    def __init__(
        self, session: Session, outcome: Outcome, watch: Callable[[Step], None] | None
    ) -> None:
        self._session = session
        self._outcome = outcome
        self._watch = watch

    def run(self, part: Group | Rounds) -> None:
        """Run a group, or groups in turn until all others have found nothing behind the last
        change: a group that has run leaves nothing for itself.
        """
        if not isinstance(part, Rounds):
            self._group(part)
            return
        idle = -1
        changing: dict[str, int] = {}
        for number in range(MOST_ROUNDS * len(part.groups)):
            group = part.groups[number % len(part.groups)]
            idle = 0 if self._group(group) else idle + 1
            if idle == len(part.groups) - 1:
                return
            if idle == 0:
                changing["+".join(each.name for each in group)] = number // len(part.groups)
        names = ", ".join(name for name, turn in changing.items() if turn == MOST_ROUNDS - 1)
        said = f"after {MOST_ROUNDS} rounds these still found something in"
        self._session.notes.append(Note(f"{said} {self._session.function.name}: {names}"))

    def _group(self, group: Group) -> bool:
        """Run a group; whether it changed something."""
        session, began = self._session, time.perf_counter()
        name = "+".join(each.name for each in group)
        seconds = session.seconds.get(name, 0.0)
        before, refused = session.rewriter.changes, len(session.refused)
        try:
            self._apply(group)
        except (MilError, MemoryError):
            raise
        except (Exception, SystemExit) as error:
            raise PassError(group, session.function, error, session) from error
        changed = session.rewriter.changes > before
        if not session.timed or len(group) == 1:
            session.seconds[name] = seconds + time.perf_counter() - began
        if self._watch is not None:
            self._watch(Step(session.function, group, changed, session.refused[refused:]))
        return changed

    def _apply(self, group: Group) -> None:
        session = self._session
        if len(group) > 1:
            session.apply(group)
            return
        (only,) = group
        before, counted = session.rewriter.changes, session.counts[only.name]
        only.run(session)
        session.settle()
        if session.rewriter.changes > before and session.counts[only.name] == counted:
            session.counts[only.name] += session.rewriter.changes - before
