"""One program, and what passes leave of it: whether that is right.

What costs time is done where something has changed: a program is read and verified anew behind a
change, runs once before all passes, and what several passes leave alike is run and loaded once.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from milc.diagnostics import Diagnostic, MilError, errors
from milc.driver.checking import check, verify
from milc.driver.optimizing import Stored, follow, signatures
from milc.driver.reading import reader
from milc.ir.fit import fits
from milc.ir.nodes import Program
from milc.package.encode import encode_model
from milc.package.model import Model, save
from milc.passes.pipeline import Outcome, Rounds, run
from milc.passes.pipelines import ON_REQUEST
from milc.verify import verify as verify_program
from milc.verify.completing import infer_types
from milc.verify.operations import Operations
from tests.oracle import Oracle
from tests.passes.meanings import Meaning
from tests.passes.subjects import Subject

Verdict = tuple[str, str]
"""What became of a program, and what there is to say of it."""


OPPOSED = "handle_unused_inputs"
"""What this pass adds, others take away again, as its page says: rounds of both have no end."""
HALVING = {"add_fp16_cast", "update_output_dtypes"}
"""What rounds to fp16, be it that other passes compute what was rounded and leave no trace."""


class Wrong(Exception):
    """Raised with a verdict that is not good."""

    def __init__(self, sort: str, said: str) -> None:
        self.verdict: Verdict = (sort, said)
        super().__init__(said)


class Trial(NamedTuple):
    """What is run on a program, and what it is called in figures."""

    name: str
    names: tuple[str, ...]
    """The passes in it."""
    passes: Callable[[Program], Sequence[Any]]
    """Makes the pipeline for a program."""
    in_rounds: bool = False
    """Whether it is to come to rest in some rounds, rather than in one."""

    @property
    def changes_interface(self) -> bool:
        """Whether there is a pass in it that changes what a model takes or gives."""
        return any(ON_REQUEST.get(name, "").startswith("it changes") for name in self.names)


class Fresh:
    """A program as it was, verified, with what is known of its values.

    Of one that is no model, for the types that it takes or for want of weights, the program is
    looked at alone.
    """

    def __init__(self, subject: Subject) -> None:
        self.model = model = subject.load()
        infer_types(model.program, read=reader(model.weights))
        self.is_model = not errors(check(model, operations=self._new_facts()))
        if not self.is_model:
            model.spec.description.Clear()
            model.described = True
            verify_program(model.program, operations=self._new_facts())
        self.signatures = signatures(model.program)
        self.is_sound = not self.errors()
        self.content = content_of(model)
        self.stored = Stored(model)

    def _new_facts(self) -> Operations:
        self.facts = Operations(self.model.program, reader(self.model.weights))
        return self.facts

    def errors(self) -> list[Diagnostic]:
        """What is wrong with the model or the program as it is now."""
        if self.is_model:
            follow(self.model, self.signatures)
        return errors(verify(self.model if self.is_model else self.model.program))

    def is_called_as_before(self) -> bool:
        """Whether inputs and outputs have their names and types; an output may be known better."""
        return all(
            one[0] == other[0] and fits(one[1], other[1])
            for name, now in signatures(self.model.program).items()
            for one, other in zip(self.signatures.get(name, now), now, strict=True)
        )

    def run(self, passes: Sequence[Any], facts: Operations | None = None) -> Outcome:
        """Run passes."""
        return run(self.model.program, passes, read=reader(self.model.weights), facts=facts)


def content_of(model: Model) -> bytes:
    """What tells a model from others: the digest of its message."""
    return hashlib.sha256(encode_model(model).data).digest()


class Proof:
    """A program to which passes are put one after the other."""

    def __init__(
        self, subject: Subject, oracle: Oracle | None = None, patience: float = 1.0
    ) -> None:
        self._subject = subject
        self._oracle = oracle
        self._patience = patience
        self._fresh: Fresh | None = None
        self._differences: dict[bytes, str] = {}
        self._refusals: dict[bytes, str] = {}
        self._idle: Verdict | None = None

    def judge(self, trial: Trial) -> Verdict:
        """What becomes of the program."""
        fresh = self._sound()
        if fresh is None:
            assert self._idle is not None
            return self._idle
        self._fresh = None
        try:
            if not self._changes(fresh, trial):
                self._fresh = fresh
                return "unchanged", ""
            self._look(fresh, trial)
            self._run_again(fresh, trial)
            self._load(fresh)
        except Wrong as wrong:
            return wrong.verdict
        except Exception as error:
            return "crash", f"{type(error).__name__}: {error}"
        return "right" if self._before[1].is_known else "sound", ""

    def _sound(self) -> Fresh | None:
        """The program as it was, if it is one to begin with."""
        if self._fresh is None and self._idle is None:
            try:
                self._fresh = Fresh(self._subject)
            except (MilError, OverflowError) as error:  # some records hold what no literal does
                self._idle = "idle", str(error)
        if self._fresh is not None and not self._fresh.is_sound:
            self._idle = "idle", "it does not verify"
        return None if self._idle else self._fresh

    @cached_property
    def _before(self) -> tuple[Model, Meaning]:
        """The program as it was, and what it computes."""
        model = Fresh(self._subject).model
        return model, Meaning(model, self._subject.spelt, self._patience)

    def _changes(self, fresh: Fresh, trial: Trial) -> bool:
        """Whether the passes change something."""
        outcome = fresh.run(trial.passes(fresh.model.program), fresh.facts)
        if outcome.refused:
            raise Wrong("invalid", f"refused: {outcome.refused[0]}")
        if not outcome.changed and content_of(fresh.model) != fresh.content:
            raise Wrong("silent", "it has changed, and none of the passes says so")
        return outcome.changed

    def _look(self, fresh: Fresh, trial: Trial) -> None:
        """Look at what is left, whichever passes left it."""
        if found := fresh.errors():
            raise Wrong("invalid", str(found[0]))
        if not (trial.changes_interface or fresh.is_called_as_before()):
            raise Wrong("renamed", "inputs or outputs have other names or types")
        content = content_of(fresh.model)
        if content not in self._differences:
            was_halved = not HALVING.isdisjoint(trial.names)
            self._differences[content] = self._before[1].differs(fresh.model, was_halved=was_halved)
        if said := self._differences[content]:
            raise Wrong("differs", said)

    def _run_again(self, fresh: Fresh, trial: Trial) -> None:
        """Another run changes nothing; of an order, rounds of it come to an end."""
        passes = trial.passes(fresh.model.program)
        if trial.in_rounds and OPPOSED in trial.names:
            return
        if trial.in_rounds:
            passes = [Rounds(passes)]
            if fresh.run(passes).changed:
                self._look(fresh, trial)
        content, again = content_of(fresh.model), fresh.run(passes)
        if again.changed:
            counts = {name: count for name, count in again.counts.items() if count}
            raise Wrong("restless", f"another run changes it: {counts}")
        if content_of(fresh.model) != content:
            raise Wrong("silent", "another run changes it, and does not say so")

    def _load(self, fresh: Fresh) -> None:
        """Coremltools reads what is left, if it reads what was there."""
        if self._oracle is None:
            return
        content = content_of(fresh.model)
        if content not in self._refusals:
            with tempfile.TemporaryDirectory() as folder:
                self._refusals[content] = self._refusal(fresh, Path(folder), self._oracle)
        if said := self._refusals[content]:
            raise Wrong("not loaded", said)

    def _refusal(self, fresh: Fresh, folder: Path, oracle: Oracle) -> str:
        """What coremltools has against what is left, empty if it has as much against what was."""
        before, after = folder / "before.mlpackage", folder / "after.mlpackage"
        if not fresh.is_model:
            with contextlib.suppress(MilError):
                save(self._before[0], before)
            if not before.exists():
                return ""  # weights are missing
        fresh.stored.move_new(fresh.model)
        save(fresh.model, after)
        loaded = oracle.load(after)
        if loaded.ok:
            return ""
        save(self._before[0], before)
        return loaded.error if oracle.load(before).ok else ""
