"""Nothing is ever wrong: each pass alone, and passes in random orders, on recorded programs.

What is left has to verify, to compute the same, and to stay as it is if the same pass runs again
(of an order that is not asked: a later pass may well enable an earlier one). A sample is loaded by
coremltools.
"""

from __future__ import annotations

import random
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from milc.diagnostics import MilError, errors
from milc.driver.checking import verify
from milc.driver.compiling import save
from milc.driver.optimizing import Stored, follow, signatures
from milc.driver.reading import reader
from milc.package.model import Model
from milc.passes import modules
from milc.passes.pipeline import grouped, made, run
from tests.meaning.programs import records
from tests.models import ARCHIVE
from tests.ops.programs import unpacked
from tests.oracle import Oracle
from tests.passes.reasons import REASONS
from tests.passes.records import Judged, differs

MANY = 8
"""So many passes are in an order."""

Order = tuple[str, ...]


def judged(
    every: int, seed: int, *, alone: bool, oracle: Oracle | None = None, names: Order = ()
) -> Iterator[Judged]:
    """Each pass alone, or a random order, on every so many of the programs."""
    generator = random.Random(seed)
    with zipfile.ZipFile(ARCHIVE) as archive:
        held = archive.NameToInfo
        for number, record in enumerate(records()):
            if number % every or f"{record['sha']}/before/model.mlmodel" not in held:
                continue
            for order in orders(generator, alone, names or tuple(modules())):
                yield _judge(archive, record, order, oracle)


def orders(generator: random.Random, alone: bool, names: Order) -> Sequence[Order]:
    """What is run on a program: every pass, or some in a random order."""
    count = min(MANY, len(names))
    return [(name,) for name in names] if alone else [tuple(generator.sample(names, count))]


def _judge(
    archive: zipfile.ZipFile, record: dict[str, Any], order: Order, oracle: Oracle | None
) -> Judged:
    """How an order does on a program; passes that change nothing are not looked at further."""
    sort, said, side = "", "", f"{record['sha']}/before"
    try:
        with unpacked(archive, side) as before, unpacked(archive, side) as model:
            sort, said = _ran(before, model, record, order, oracle)
    except MilError as error:
        sort, said = "idle", str(error)
    except Exception as error:
        sort, said = "crash", f"{type(error).__name__}: {error}"
    name = order[0] if len(order) == 1 else "random orders"
    reason = REASONS.get(f"{record['sha']} {name}", "")
    return Judged(record["sha"], name, sort, f"{' '.join(order)}: {said}", reason)


def _ran(
    before: Model, model: Model, record: dict[str, Any], order: Order, oracle: Oracle | None
) -> tuple[str, str]:
    if errors(verify(before)):
        return "idle", "it does not verify"
    stored, read = Stored(model), reader(model.weights)
    passes = grouped([made(name) for name in order])
    outcome = run(model.program, passes, read=read)
    if outcome.refused:
        return "invalid", f"refused: {outcome.refused[0]}"
    if not outcome.changed:
        return "unchanged", ""
    follow(model, signatures(before.program))
    found = errors(verify(model))
    if found:
        return "invalid", str(found[0])
    said = differs(before, model, record)
    if said:
        return "differs", said
    if len(order) == 1 and (again := run(model.program, passes, read=read)).changed:
        return "restless", f"a second run changes it: {again.counts}"
    refused = _refused(before, model, stored, oracle) if oracle is not None else ""
    return ("not loaded", refused) if refused else ("right", "")


def _refused(before: Model, model: Model, stored: Stored, oracle: Oracle) -> str:
    """Why coremltools does not load what is left, if it loaded what was there."""
    with tempfile.TemporaryDirectory() as folder:
        stored.move_new(model)
        first, second = Path(folder) / "before.mlpackage", Path(folder) / "after.mlpackage"
        save(before, first)
        save(model, second)
        loaded = oracle.load(second)
        return "" if loaded.ok or not oracle.load(first).ok else loaded.error
