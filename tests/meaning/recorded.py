"""What milc computes against every value that coremltools computed and recorded.

Of single ops those whose arguments are constants, or of which shapes alone matter; of whole
programs what follows from constants and shapes. Elements that were symbols are not compared.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from milc.diagnostics import MilError
from milc.evaluate import Ran
from milc.package.model import Model
from milc.syntax.parse import parse
from tests.meaning import inputs
from tests.meaning import programs as whole
from tests.meaning.closeness import of_arrays
from tests.meaning.reasons import RECORDED
from tests.models import ARCHIVE
from tests.ops import singles
from tests.ops.programs import unpacked
from tests.ops.tally import Comparison, Key, plain
from tests.ops.values import elements
from tests.ops.written import tag

CLOSE = {"float16": 2e-3}
"""How far floats may be from those recorded, relative to the largest; others 1e-5."""


class Value(NamedTuple):
    """A value that was recorded: where, by which op, and how milc's differs from it.

    `sort` is "" where they agree; value: the elements differ; missing: milc computes none; silent:
    an op says not yet what it computes.
    """

    op: str
    source: str
    where: str
    sort: str = ""
    said: str = ""


def compare(every: int = 1) -> Comparison[Value]:
    """Compare all of them, or one of so many records."""
    comparison: Comparison[Value] = Comparison()
    single = [r for r in singles.records() if any(r.get("val", ()))]
    several = [r for r in whole.records() if r["before"].get("values")]
    for value in (*of_singles(single[::every]), *of_programs(several[::every])):
        key, why = None, None
        if value.sort:
            key = Key(value.op, value.source, value.sort, "", plain(value.said, value.op))
            told = f"{value.said} {value.where}"
            why = next((r for r in RECORDED if r.covers(*key[:3], told)), None)
        comparison.add(value.op, value.source, value, key, value.sort != "silent", why)  # type: ignore[arg-type]
    return comparison


def of_singles(records: Iterable[dict[str, Any]]) -> Iterator[Value]:
    """The results of single ops."""
    for record in records:
        named = {f"r{number}": value for number, value in enumerate(record["val"]) if value}
        spelt = [given["t"] for given in _given(record) if "t" in given]
        where = f"{tag(record['opset'])} {record['mut']} {record['src']}"
        model = Model(parse(singles.text_of(record)))
        found = _values(model, {"main": {"inputs": [["", type] for type in spelt]}}, named)
        yield from _compared(found, named, lambda name, op=record["op"]: op, "single", where)


def _given(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for given in record["in"].values():
        yield from given if isinstance(given, list) else [given]


def of_programs(records: Iterable[dict[str, Any]]) -> Iterator[Value]:
    """The values inside of whole programs."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        for record in records:
            name, named = f"{record['sha']}/before", record["before"]["values"]
            if f"{name}/model.mlmodel" not in archive.NameToInfo:
                continue
            functions = record["before"]["functions"]
            kinds = {o: op["t"] for f in functions.values() for op in f["ops"] for o, _ in op["o"]}
            with unpacked(archive, name) as model:
                found = _values(model, functions, named)
                yield from _compared(found, named, kinds.__getitem__, "program", name)


def _values(
    model: Model, functions: dict[str, Any], named: dict[str, Any]
) -> dict[str, Any] | tuple[str, str]:
    """The values of some names, when all functions have run; else how it went and why."""
    found: dict[str, Any] = {}

    def keep(ran: Ran) -> None:
        for value, held in zip(ran.op.results, ran.results, strict=True):
            if value.name in named:
                found[value.name] = held

    try:
        ready = whole.ready_to_run(model, {"functions": functions}, keep)
        for each in ready.values():
            if isinstance(each, str):
                return "silent", each
            trial, said = whole.trial_of([each])
            if trial is None:
                return "idle", said
            whole.results(each, inputs.made(each.function, each.spelt, trial, "positive"))
    except MilError as error:
        return "unreadable", whole.told_by(error)
    except whole.Crash as crash:
        return "crash", str(crash)
    return found


def _compared(
    found: dict[str, Any] | tuple[str, str],
    named: dict[str, Any],
    op: Any,
    source: str,
    where: str,
) -> Iterator[Value]:
    for name, value in named.items():
        at = f"{where} {name}"
        if isinstance(found, tuple):
            yield Value(op(name), source, at, *found)
        elif name in found:
            said = difference(found[name], value)
            yield Value(op(name), source, at, "value" if said else "", said)
        # else what nothing needs has not been written into the file


def difference(ours: Any, record: dict[str, Any]) -> str:
    """How an array is not what was recorded; empty if it is."""
    peer = elements(record)
    if peer is None or not isinstance(ours, np.ndarray):
        return ""
    shape = tuple(record.get("sh", ours.shape))
    if ours.shape != shape or len(peer) != ours.size:
        return f"shape {ours.shape}, recorded {shape}"
    if ours.dtype.kind in "OUS":
        return "" if ours.ravel().tolist() == peer else f"{ours}, recorded {peer}"
    known = np.array([each is not None for each in peer], dtype=bool)
    wanted = np.array([0 if each is None else each for each in peer], dtype="f8")
    given = ours.ravel().astype("f8")
    return of_arrays(wanted[known], given[known], CLOSE.get(ours.dtype.name, 1e-5))
