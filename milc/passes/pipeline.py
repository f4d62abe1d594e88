"""In which order passes run, and running them.

A pipeline is a list of groups. The tables of a group are applied together, in one walk that goes on
until none of them fits, so that time grows with what changes; a pass that works on a function as a
whole is a group of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from milc.passes import find
from milc.passes.base import Pass
from milc.passes.session import Note, Session

if TYPE_CHECKING:
    from milc.ir.nodes import Program
    from milc.verify.operations import Read

Pipeline = Sequence[Sequence[Pass]]


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


def run(program: Program, pipeline: Pipeline, *, read: Read | None = None) -> Outcome:
    """Run a pipeline on every function of a program, in place. The program has to verify."""
    outcome = Outcome({}, {}, [], [])
    for function in program.functions.values():
        session = Session(program, function, read)
        for group in pipeline:
            _run_group(session, group, outcome)
        for name, count in session.counts.items():
            outcome.counts[name] = outcome.counts.get(name, 0) + count
        outcome.notes.extend(session.notes)
        outcome.refused.extend(session.refused)
    return outcome


def _run_group(session: Session, group: Sequence[Pass], outcome: Outcome) -> None:
    began = time.perf_counter()
    before = session.rewriter.changes
    if len(group) > 1:
        session.apply(group)
    else:
        group[0].run(session)
        if session.rewriter.changes > before and not session.counts[group[0].name]:
            session.counts[group[0].name] = session.rewriter.changes - before
    name = "+".join(each.name for each in group)
    outcome.seconds[name] = outcome.seconds.get(name, 0.0) + time.perf_counter() - began
