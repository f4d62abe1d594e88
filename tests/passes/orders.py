"""Nothing is ever wrong: passes on programs of all sorts, and what must hold of what they leave.

It verifies, takes and gives what it did, computes the same, is read by coremltools, and another run
changes nothing. Of an order of passes that is asked of runs until none finds anything more, since a
later pass may well enable an earlier one; that they end, and what is left then is as sound.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from milc.passes import modules
from milc.passes.pipeline import grouped, made, passes_of
from milc.passes.pipelines import PIPELINES, named
from tests.oracle import Oracle
from tests.passes.proving import Proof, Trial
from tests.passes.reasons import REASONS
from tests.passes.records import GOOD, Judged
from tests.passes.subjects import SORTS, Subject

MANY = 24
"""So many passes are in an order."""


def alone(names: Sequence[str]) -> list[Trial]:
    """Each pass by itself."""
    return [Trial(name, lambda name=name: grouped([made(name)])) for name in names]  # type: ignore[misc]


def pipelines() -> list[Trial]:
    """The pipelines that do something."""
    found = [name for name, stages in PIPELINES.items() if stages]
    return [Trial(name, lambda name=name: named(name)) for name in found]  # type: ignore[misc]


def in_order(generator: random.Random, names: Sequence[str]) -> Trial:
    """Some passes in a random order."""
    order = generator.sample(names, min(MANY, len(names)))
    return Trial("random orders", lambda: grouped(map(made, order)), " ".join(order), True)


def chosen(sorts: Sequence[str], every: int = 1, start: int = 0) -> Iterator[Subject]:
    """The programs of some sorts, or every so many of them."""
    for sort in sorts:
        yield from islice(SORTS[sort](), start, None, every)


def judged(
    subjects: Iterable[Subject],
    plan: Callable[[Subject], Iterable[Trial]],
    oracle: Oracle | None = None,
    patience: float = 1.0,
) -> Iterator[Judged]:
    """How the trials of a plan do on programs."""
    for subject in subjects:
        proof = Proof(subject, oracle, patience)
        for trial in plan(subject):
            sort, said = proof.judge(trial)
            reason = "" if sort in GOOD else reason_for(subject, trial)
            yield Judged(subject.name, trial.name, sort, f"{trial.said} {said}".strip(), reason)


def reason_for(subject: Subject, trial: Trial) -> str:
    """Why one of the passes in a trial is right to do what it does to a program."""
    names = [each.name for each in passes_of(trial.passes())]
    found = [f"{known} {name}" for name in names for known in (subject.record, subject.name)]
    return next((REASONS[each] for each in found if each in REASONS), "")


def plan_of(what: str, names: Sequence[str], seed: int) -> Callable[[Subject], list[Trial]]:
    """What is run on each program: `alone`, `random`, `pipelines`, or for `mutated` all of it."""
    given = names or tuple(modules())
    fixed = {"alone": alone(given), "pipelines": pipelines(), "random": []}
    fixed["mutated"] = fixed["alone"] + ([] if names else pipelines())
    count = {"random": 1, "mutated": 2}.get(what, 0)

    def plan(subject: Subject) -> list[Trial]:
        generator = random.Random(f"{seed} {subject.name}")
        return fixed[what] + [in_order(generator, given) for _ in range(count)]

    return plan
