"""Recorded passes: what milc's pass leaves of a program, against what coremltools' pass left.

A record agrees if milc's pass of that name leaves no more ops of any kind than coremltools', if the
result verifies, computes the same on the same inputs, and stays as it is in a second run.
"""

from __future__ import annotations

import copy
import zipfile
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from milc.diagnostics import MilError, errors
from milc.driver.checking import verify
from milc.driver.optimizing import follow, signatures
from milc.driver.reading import reader
from milc.ir.nodes import Function
from milc.ir.walk import walk_ops
from milc.opsets import index
from milc.package.model import Model
from milc.passes import modules
from milc.passes.pipeline import Pipeline, run
from tests.meaning import inputs
from tests.meaning.closeness import FP16, difference, tolerance
from tests.meaning.programs import Ready, name_of, ready_to_run, records, results, trial_of
from tests.models import ARCHIVE
from tests.ops.programs import QUIRKS, unpacked
from tests.passes import reasons
from tests.passes.running import count, has_halves, pipeline

WORSE = "worse"
GOOD = ("better", "fewer", "equal", "like theirs", "idle", "right", "sound", "unchanged")
"""What is well; "fewer" are fewer ops in all, if more of a kind that stands for several others.

"Sound" is as "right", of a program that does not run, or not soon enough.
"""
PRECISION = "add_fp16_cast"
ALIKE = {"FP16ComputePrecision": PRECISION}
"""What the records of a pass also go by."""


class Verdict(NamedTuple):
    """What became of a record, and of which kinds there are more ops."""

    sort: str
    said: str = ""
    more: frozenset[str] = frozenset()


class Judged(NamedTuple):
    """One record: better, fewer, equal, worse, invalid, restless, differs, crash or idle."""

    sha: str
    name: str
    sort: str
    said: str = ""
    reason: str = ""

    @property
    def is_bad(self) -> bool:
        """Whether something is wrong for which there is no reason."""
        return self.sort not in GOOD and not self.reason


def chosen(names: Collection[str] = ()) -> Iterator[dict[str, Any]]:
    """The records of passes that milc has, or of some of them."""
    wanted = set(names or modules())
    yield from (r for r in records() if r["kind"] == "pass" and pass_of(r) in wanted)


def pass_of(record: dict[str, Any]) -> str:
    """The pass of milc that a record is of."""
    return ALIKE.get(name_of(record), name_of(record))


def judged(names: Collection[str] = ()) -> Iterator[Judged]:
    """How milc's passes do on their records."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        for record in chosen(names):
            if f"{record['sha']}/before/model.mlmodel" in archive.NameToInfo:
                yield judge(archive, record, pipeline((pass_of(record),), options_of(record)))


def options_of(record: dict[str, Any]) -> dict[str, Any]:
    """The options of a record that milc's pass may have, as Python values."""
    found = {}
    for name, value in (record.get("pass_options") or {}).items():
        plain = name.lstrip("_")
        found[plain] = value
    return {name: value for name, value in found.items() if is_told(value)}


def is_told(value: Any) -> bool:
    """Whether a record holds an option; functions of Python it only names."""
    return value not in ("None", "[]", "") and not str(value).startswith("<function")


def judge(archive: zipfile.ZipFile, record: dict[str, Any], passes: Pipeline) -> Judged:
    """How a pipeline does on one record."""
    side, reason = f"{record['sha']}/before", ""
    try:
        with unpacked(archive, side) as before, unpacked(archive, side) as model:
            found = _judge(before, model, record, passes)
            if found.sort == "differs" and _differs_too(archive, before, record):
                found = Verdict("like theirs", found.said)
            if found.sort in (WORSE, "differs"):
                reason = reasons.why(record, before, found.more)
    except MilError as error:
        found = Verdict("idle", str(error))
    except Exception as error:
        found = Verdict("crash", f"{type(error).__name__}: {error}")
    if found.sort == "idle":
        reason = QUIRKS.get(record["sha"], "")
    return Judged(record["sha"], name_of(record), found.sort, found.said, reason)


def _judge(before: Model, model: Model, record: dict[str, Any], passes: Pipeline) -> Verdict:
    read = reader(model.weights)
    if found := errors(verify(before.program)):
        return Verdict("idle", f"it does not verify: {found[0]}")
    described = not errors(verify(before))
    outcome = run(model.program, passes, read=read)
    if outcome.refused:
        return Verdict("invalid", f"refused: {outcome.refused[0]}")
    follow(model, signatures(before.program))
    if found := errors(verify(model if described else model.program)):
        return Verdict("invalid", str(found[0]))
    said = differs(before, model, record)
    if said:
        return Verdict("differs", said)
    ours, theirs = count(model.program), _recorded(record)
    more = {kind: n - theirs[kind] for kind, n in ours.items() if n > theirs[kind]}
    again = run(model.program, passes, read=read)
    if again.changed:
        return Verdict("restless", f"a second run changes it: {again.counts}")
    if more and ours.total() < theirs.total():
        return Verdict("fewer", f"more {more}, fewer {dict(theirs - ours)}")
    if more:
        return Verdict(WORSE, f"more {more}, fewer {dict(theirs - ours)}", frozenset(more))
    return Verdict("equal" if ours == theirs else "better", str(dict(theirs - ours)))


def _differs_too(archive: zipfile.ZipFile, before: Model, record: dict[str, Any]) -> bool:
    """Whether results behind coremltools' passes differ from those before them, too.

    In fp16 numbers overflow, and chance takes other turns.
    """
    after = f"{record['sha']}/after"
    to_halves = record["kind"] == "convert" or pass_of(record) == PRECISION
    if not to_halves or f"{after}/model.mlmodel" not in archive.NameToInfo:
        return False
    with unpacked(archive, after) as theirs:
        return bool(differs(before, theirs, record))


def _recorded(record: dict[str, Any]) -> Counter[str]:
    """How many ops of each kind are left by coremltools; a state's update is two in a file."""
    found: Counter[str] = Counter()
    for function in record["after"]["functions"].values():
        for op in function["ops"]:
            if op["t"] == "coreml_update_state":
                found.update(("write_state", "read_state"))
            elif op["t"] != "const":
                found[op["t"]] += 1
    return found


def differs(before: Model, after: Model, record: dict[str, Any]) -> str:
    """How results differ on the same inputs; empty if they do not, or if it cannot be run."""
    if draws(before):
        return ""  # what is drawn, and in which order, is free
    functions = record["after"]["functions"] | record["before"]["functions"]
    sides = [ready_to_run(each, {"functions": functions}) for each in (before, after)]
    for name, first in sides[0].items():
        second = sides[1][name]
        if isinstance(first, Ready) and isinstance(second, Ready):
            said = _run_both(first, second, record)
            if said:
                return f"{name}: {said}"
    return ""


def draws(model: Model) -> bool:
    """Whether a model draws random numbers."""
    ops = [op for function in model.program.functions.values() for op in walk_ops(function)]
    found = [index.definition(op.kind, op.opset or "ios15") for op in ops if op.kind != "const"]
    return any(each is not None and each.random for each in found)


def _named(function: Function) -> list[str]:
    return [value.name for value in (*function.inputs, *function.outputs)]


def _run_both(first: Ready, second: Ready, record: dict[str, Any]) -> str:
    names = dict(zip(_named(first.function), _named(second.function), strict=True))
    trial, _ = trial_of([first, second])
    if trial is None:
        return ""
    for sort in inputs.RANGES:
        given = inputs.made(first.function, first.spelt, trial, sort)
        try:
            wanted = results(first, given)
        except MilError:
            continue
        wanted = copy.deepcopy(wanted)
        try:
            made = results(second, {names[name]: held for name, held in given.items()})
        except MilError as error:
            return f"it no longer runs: {error}"
        coarse = FP16 if has_halves(second.function) else 0.0
        said = difference(wanted, made, max(tolerance(record), coarse))
        if said:
            return said
    return ""


class Tally:
    """How many are better, equal or worse, by pass, and what is wrong with some."""

    def __init__(self) -> None:
        self._sorts: dict[str, Counter[str]] = defaultdict(Counter)
        self.bad: list[Judged] = []

    def add(self, each: Judged) -> None:
        """Count one."""
        self._sorts[each.name][f"{each.sort}{' (with reason)' if each.reason else ''}"] += 1
        if each.is_bad:
            self.bad.append(each)

    def shown(self, examples: int) -> str:
        """The counts, with some examples of what is wrong."""
        lines = []
        for name, sorts in sorted(self._sorts.items()):
            said = ", ".join(f"{count} {sort}" for sort, count in sorted(sorts.items()))
            lines.append(f"{name:44} {said}")
            bad = [each for each in self.bad if each.name == name]
            lines += [f"    {each.sha} {each.sort}: {each.said}" for each in bad[:examples]]
        total = sum(self._sorts.values(), Counter[str]())
        lines.append(f"{total.total()} records: {dict(total)}; {len(self.bad)} to look at")
        return "\n".join(lines)
