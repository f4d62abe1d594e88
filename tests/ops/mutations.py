"""Mistakes put into sound programs, one at a time, in the tree and in the text: all are found.

Which places are taken, and in which programs, depends on nothing but the archive, so that a figure
can be had again.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from milc.diagnostics import Source, errors
from milc.ir.names import DUPLICATE_NAME
from milc.ir.nodes import Function, Program
from milc.ir.walk import walk_blocks
from milc.package.model import decode_model
from milc.syntax.parse import read
from milc.syntax.print import to_text
from milc.verify import verify_structure
from tests.models import ARCHIVE
from tests.ops.checking import examined
from tests.ops.mistakes import MUTATIONS, doubled_names
from tests.ops.tally import Comparison, Key

_BLOCKS = re.compile(rb'"b": ?\d')
"""What stands in a line of the index where an op has blocks."""

PLACES = 3
"""Places of one program at which a mistake is made, spread over all where it can be."""

EVERY = 20
"""One of so many programs is taken, and all that have blocks."""


class Trial(NamedTuple):
    """One mistake in one program, in its tree or in its text."""

    program: str
    mutation: str
    place: int
    form: str


def samples(every: int = EVERY) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of the programs that mistakes are put into."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        held = set(archive.namelist())
        for number, line in enumerate(archive.read("index.jsonl").splitlines()):
            if number % every and not _BLOCKS.search(line):
                continue
            name = f"{json.loads(line)['sha']}/after/model.mlmodel"
            if name in held:
                yield name.removesuffix("/model.mlmodel"), archive.read(name)


def trials(name: str, data: bytes) -> Iterator[tuple[Trial, Key | None]]:
    """Every mistake that is put into a program, with how it was missed."""
    ops_are_sound = not _codes(_decoded(data, name), with_ops=True) - {DUPLICATE_NAME}
    plain = _is_plain(_decoded(data, name))
    for each in MUTATIONS:
        if each.of_ops and not ops_are_sound:
            continue
        for place in _spread(len(list(each.sites(_decoded(data, name))))):
            program = _decoded(data, name)
            list(each.sites(program))[place]()
            trial = Trial(name, each.name, place, "tree")
            yield trial, _missed(trial, each.codes, _codes(program, each.of_ops))
            if plain:
                trial = trial._replace(form="text")
                codes = _codes_of_text(to_text(program, "coremlc"), each.of_ops)
                yield trial, _missed(trial, each.codes, codes)
    texts = doubled_names(to_text(_decoded(data, name), "coremlc")) if plain else []
    for place in _spread(len(texts)):
        trial = Trial(name, "doubled name", place, "text")
        yield trial, _missed(trial, {"MIL0402"}, _codes_of_text(texts[place], False))


def _is_plain(program: Program) -> bool:
    """Whether no two values of a block have one name.

    Files may define a name twice (casts, and what is read from states). Where the later of the two
    is out of reach, a text means the earlier, and is sound.
    """
    for block in walk_blocks(program):
        names = [value.name for op in block.ops for value in op.results]
        holder = block.parent if isinstance(block.parent, Function) else block
        names += [value.name for value in holder.inputs]
        if len(set(names)) < len(names):
            return False
    return True


def _missed(trial: Trial, wanted: Iterable[str], codes: set[str]) -> Key | None:
    if codes.intersection(wanted):
        return None
    said = ", ".join(sorted(codes)) or "nothing"
    return Key(trial.mutation, trial.form, "missed", " or ".join(sorted(wanted)), said)


def _decoded(data: bytes, name: str) -> Program:
    return decode_model(data, name).program


def _spread(count: int) -> list[int]:
    """Some of so many places, the first and the last among them."""
    taken = min(count, PLACES)
    return sorted({at * (count - 1) // max(taken - 1, 1) for at in range(taken)})


def _codes(program: Program, with_ops: bool) -> set[str]:
    found = verify_structure(program)
    # Outside a text, a name that is defined twice is a warning: coremltools writes such packages.
    double = {DUPLICATE_NAME} & {finding.code for finding in found}
    if with_ops:
        checker = examined(program)
        found += checker.found
    return double | {finding.code for finding in errors(found)}


def _codes_of_text(text: str, with_ops: bool) -> set[str]:
    program, reported = read(Source(text))
    return {f.code for f in errors(reported)} | _codes(program, with_ops)


def compare(every: int = EVERY) -> Comparison[Any]:
    """Put mistakes into the samples; count which are found."""
    comparison: Comparison[Any] = Comparison()
    for name, data in samples(every):
        for trial, key in trials(name, data):
            comparison.add(trial.mutation, trial.form, trial, key)
    return comparison
