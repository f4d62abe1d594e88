"""Nothing is ever wrong: passes on programs of all sorts, and what must hold of what they leave.

It verifies, takes and gives what it did, computes the same, is read by coremltools, and another run
changes nothing. Of an order of passes that is asked of runs until none finds anything more, since a
later pass may well enable an earlier one; that they end, and what is left then is as sound.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from milc.ir.nodes import Program
from milc.ir.types import TensorType
from milc.passes import modules
from milc.passes.base import Pass
from milc.passes.pipeline import made, passes_of
from milc.passes.pipelines import ON_REQUEST, PIPELINES, named
from tests.oracle import Oracle
from tests.passes.proving import HALVING, Proof, Trial
from tests.passes.reasons import REASONS
from tests.passes.records import GOOD, Judged
from tests.passes.subjects import SORTS, Subject

MANY = 24
"""So many passes are in an order."""


def _outputs(program: Program) -> str:
    """Outputs in fp16, of functions for systems that can hand it out."""
    functions = [each for each in program.functions.values() if each.opset != "ios15"]
    return ",".join(f"{value.name}=fp16" for each in functions for value in each.outputs)


def _inputs(program: Program) -> str:
    """Inputs of which one can see whether their channels are moved."""
    functions = program.functions.values()
    values = [value for each in functions for value in each.inputs]
    shapes = [each.type.shape or () if isinstance(each.type, TensorType) else () for each in values]
    pairs = zip(values, shapes, strict=True)
    return ",".join(value.name for value, shape in pairs if len({*shape[-3:]}) > 1)


OPTIONS: Final[dict[str, Callable[[Program], dict[str, Any]]]] = {
    "add_int16_cast": lambda program: {"target_dtype": "uint16"},
    "const_deduplication": lambda program: {"const_threshold": 1},
    "image_input_preprocess": lambda program: {"inputs": _inputs(program)},
    "scaled_dot_product_attention_sliced_q": lambda program: {
        "min_seq_length": 2,
        "seq_length_divider": 2,
    },
    "update_output_dtypes": lambda program: {"dtypes": _outputs(program)},
    "weight_deduplication": lambda program: {"least_bytes": 1},
}
"""Options with which passes do more."""


def _with_options(name: str, program: Program) -> Pass:
    return made(name, **OPTIONS[name](program)) if name in OPTIONS else made(name)


def alone(names: Sequence[str]) -> list[Trial]:
    """Each pass by itself, and once more with options that let it do more."""
    plain = [Trial(name, (name,), lambda _, name=name: [[made(name)]]) for name in names]  # type: ignore[misc]
    more = [
        Trial(f"{name} with options", (name,), lambda of, name=name: [[_with_options(name, of)]])  # type: ignore[misc]
        for name in names
        if name in OPTIONS
    ]
    return plain + more


def pipelines() -> list[Trial]:
    """The pipelines that do something."""
    held = {name: list(passes_of(named(name))) for name, stages in PIPELINES.items() if stages}
    return [
        Trial(name, tuple(each.name for each in held[name]), lambda _, name=name: named(name))  # type: ignore[misc]
        for name in held
    ]


def in_order(generator: random.Random, names: Sequence[str]) -> Trial:
    """Some passes in a random order, with options but where these ask for another interface."""
    order = tuple(generator.sample(names, min(MANY, len(names))))

    def passes(program: Program) -> list[list[Pass]]:
        return [[made(n) if n in ON_REQUEST else _with_options(n, program)] for n in order]

    return Trial("random orders", order, passes, True)


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
            order = " ".join(trial.names) if trial.in_rounds else ""
            yield Judged(subject.name, trial.name, sort, f"{said} {order}".strip(), reason)


def reason_for(subject: Subject, trial: Trial) -> str:
    """Why one of the passes in a trial is right to do what it does to a program."""
    known = (subject.record, subject.name)
    found = [f"{each} {name}" for name in trial.names for each in known]
    return next((REASONS[each] for each in found if each in REASONS), "")


def plan_of(what: str, names: Sequence[str], seed: int) -> Callable[[Subject], list[Trial]]:
    """What is run on each program.

    `alone`, `random`, `pipelines`, for `mutated` all of it, for `exact` what does not halve of it.
    """
    given = [*(names or modules())]
    if what == "exact":
        given = [name for name in given if name not in HALVING]
    fixed = {"alone": alone(given), "pipelines": pipelines(), "random": []}
    fixed["mutated"] = fixed["alone"] + ([] if names else pipelines())
    fixed["exact"] = [each for each in fixed["mutated"] if HALVING.isdisjoint(each.names)]
    count = {"random": 1, "mutated": 2, "exact": 2}.get(what, 0)

    def plan(subject: Subject) -> list[Trial]:
        generator = random.Random(f"{seed} {subject.name}")
        return fixed[what] + [in_order(generator, given) for _ in range(count)]

    return plan
