"""Programs that coremltools built: their files are sound, and milc infers the recorded types.

The index of the archive lists the ops of each program with the types that coremltools inferred. A
file holds the same ops in the same order, but for what writing changes: consts may have become
values in place, an update of a state is a `write_state` and a `read_state`, and names differ.
"""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from milc.diagnostics import Diagnostic, MilError, errors
from milc.ir.literals import BlobRef, TensorLiteral
from milc.ir.nodes import Function, Op, Program
from milc.ir.types import TensorType, Type
from milc.ir.walk import walk_ops
from milc.package.model import Model, decode_model
from milc.package.weights import WeightFiles
from milc.verify import verify_structure
from milc.verify.operations import Operations
from tests.models import ARCHIVE
from tests.ops.checking import examined
from tests.ops.reasons import Reason
from tests.ops.tally import Comparison, Key, plain
from tests.ops.typespec import read_type

UPDATE = "coreml_update_state"


STORED = (
    "the stored type of squeeze has another rank than its input gives; its own loader refuses it"
)
QUIRKS = {
    "571593fe4543b4eb05e4dd19": STORED,
    "f7458a7197f85cb8bfffb2a9": STORED,
    "4abf01ce68e7f2dbb8c12e37": "a constant of symbols, of which no file can hold the value",
}
"""Programs in which coremltools wrote what it does not read: why, by the first part of the name."""


class Recorded(NamedTuple):
    """One program of the archive: before or after passes."""

    name: str
    functions: dict[str, Any]
    ops: frozenset[str]


class Place(NamedTuple):
    """An op of a program, to say where a disagreement is."""

    program: str
    op: str


def index() -> Iterator[Recorded]:
    """Every program that has a file."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        held = set(archive.namelist())
        for line in archive.read("index.jsonl").splitlines():
            record = json.loads(line)
            for side in ("before", "after"):
                name = f"{record['sha']}/{side}"
                if f"{name}/model.mlmodel" in held:
                    functions = record[side]["functions"]
                    kinds = frozenset(op["t"] for f in functions.values() for op in f["ops"])
                    yield Recorded(name, functions, kinds)


@contextmanager
def unpacked(archive: zipfile.ZipFile, name: str) -> Iterator[Model]:
    """A program's model, its weights on disk for as long. Raises MilError."""
    model = decode_model(archive.read(f"{name}/model.mlmodel"), name)
    weights = f"{name}/weights/weight.bin"
    if weights not in archive.NameToInfo:
        yield model
        return
    with tempfile.TemporaryDirectory(prefix="milc-programs-") as folder:
        archive.extract(weights, folder)
        model.weights = WeightFiles(Path(folder) / name)
        try:
            yield model
        finally:
            model.weights.close()


def literal_of(weights: WeightFiles, blob: BlobRef) -> TensorLiteral | None:
    """What a reference stands for; None where that cannot be had."""
    try:
        return weights.literal(blob)
    except MilError:
        return None


def compare(ops: Collection[str] = (), limit: int = 0, every: int = 1) -> Comparison[Place]:
    """Put all programs to milc, or those with some ops, the first so many, or every so many.

    A case is an op that is no const, and counts under its program's side; that a file as a whole
    is sound is a case of the op `(program)`.
    """
    comparison: Comparison[Place] = Comparison()
    chosen = [each for each in index() if not ops or not each.ops.isdisjoint(ops)][::every]
    with zipfile.ZipFile(ARCHIVE) as archive:
        for recorded in chosen[: limit or None]:
            for kind, key, place in outcomes(archive, recorded):
                if not ops or kind in ops:
                    side = recorded.name.partition("/")[2]
                    comparison.add(kind, side, place, key, why=_why(recorded.name, key))
    return comparison


def _why(name: str, key: Key | None) -> Reason | None:
    why = QUIRKS.get(name.partition("/")[0])
    if why is None or key is None:
        return None
    return Reason("(program)", "program", "quirk", name.partition("/")[0], why)


def outcomes(
    archive: zipfile.ZipFile, recorded: Recorded
) -> Iterator[tuple[str, Key | None, Place]]:
    """Each op of a program with its class of disagreement, and the program as a whole."""
    try:
        with unpacked(archive, recorded.name) as model:
            yield from _compared(model, recorded)
    except MilError as error:
        key = Key("(program)", "program", "unreadable", "", first_of(error.diagnostics))
        yield "(program)", key, Place(recorded.name, "")


def _compared(model: Model, recorded: Recorded) -> Iterator[tuple[str, Key | None, Place]]:
    program = model.program
    checker = examined(program, lambda blob: literal_of(model.weights, blob))
    found = errors([*verify_structure(program), *checker.found])
    key = Key("(program)", "program", "refused", "accepted", first_of(found)) if found else None
    yield "(program)", key, Place(recorded.name, "")
    for name, function in recorded.functions.items():
        yield from _function(program, name, function["ops"], checker, recorded.name)


def _function(
    program: Program, name: str, recorded: list[dict[str, Any]], checker: Operations, where: str
) -> Iterator[tuple[str, Key | None, Place]]:
    """The ops of one function in turn, as recorded and as the file has them."""
    held = ops_of(program.functions[name]) if name in program.functions else []
    wanted = listed(recorded, held)
    kinds = [_kind(op) for op in wanted]
    if kinds != [op.kind for op in held]:
        said = f"recorded {Counter(kinds) - Counter(op.kind for op in held)} more"
        yield "(program)", Key("(program)", "program", "ops", "", said), Place(where, name)
        return
    for one, op in zip(wanted, held, strict=True):
        yield op.kind, difference(one, op, checker), Place(where, one["n"])


def listed(recorded: list[dict[str, Any]], held: list[Op]) -> list[dict[str, Any]]:
    """The recorded ops that a file has too: no consts, and no update that nothing reads."""
    wanted: list[dict[str, Any]] = []
    for op in recorded:
        if op["t"] == UPDATE:
            at = held[len(wanted)] if len(wanted) < len(held) else None
            if at is None or at.kind != "read_state" or at.results[0].name != op["o"][0][0]:
                continue
        if op["t"] != "const":
            wanted.append(op)
    return wanted


def _kind(recorded: dict[str, Any]) -> str:
    """What a file calls an op."""
    return "read_state" if recorded["t"] == UPDATE else str(recorded["t"])


def ops_of(function: Function) -> list[Op]:
    """The ops of a function that coremltools lists too."""
    return [op for op in walk_ops(function.body) if op.kind not in ("const", "write_state")]


def difference(recorded: dict[str, Any], op: Op, checker: Operations) -> Key | None:
    """How the types that milc infers for an op are not those that were recorded."""
    spelt = [type for _, type in recorded["o"]]
    peer: list[Type | None] = [read_type(type) for type in spelt]
    ours = [checker.inferred.get(result) for result in op.results]
    if peer == ours:
        return None
    if not any(ours):
        unknown = any(_is_of_unknown_rank(value.type) for value in op.values)
        of = " of operands of unknown rank" if unknown else ""
        return Key(op.kind, "program", "missing", "", f"no type inferred{of}")
    said = [", ".join(map(str, types)) for types in (spelt, ours)]
    return Key(op.kind, "program", "types", plain(said[0], op.kind), plain(said[1], op.kind))


def _is_of_unknown_rank(type: Type) -> bool:
    return isinstance(type, TensorType) and type.rank is None


def first_of(found: list[Diagnostic]) -> str:
    """Code and words of the first finding, without the place in words in front of them."""
    words = re.sub(r"^function .*?`: ", "", found[0].message)
    return f"{found[0].code} {plain(words, '')}"
