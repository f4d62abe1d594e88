"""Recorded conversions: what milc's pipeline leaves of a program, against coremltools'.

coremltools converts to fp16 unless it is told not to, so most are for `default_fp16`. What a record
says was left out or set is left out and set here.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import Any

from milc.passes import modules
from milc.passes.base import Option
from milc.passes.pipeline import Pipeline, grouped, made, passes_of
from milc.passes.pipelines import named
from milc.passes.spelling import skipping
from tests.meaning.closeness import FP32, tolerance
from tests.meaning.programs import records
from tests.models import ARCHIVE
from tests.passes.records import Judged, judge

PRECISION = "common::add_fp16_cast"


def converts() -> list[dict[str, Any]]:
    """The records of whole conversions, in the order of the archive."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        held = archive.NameToInfo
        return [
            record
            for record in records()
            if record["kind"] == "convert" and f"{record['sha']}/before/model.mlmodel" in held
        ]


def judged(every: int = 1, shas: tuple[str, ...] = ()) -> Iterator[Judged]:
    """How the pipeline does on the records, on every so many of them."""
    chosen = [r for r in converts() if r["sha"] in shas] if shas else converts()[::every]
    with zipfile.ZipFile(ARCHIVE) as archive:
        for record in chosen:
            yield judge(archive, record, pipeline_of(record))


def pipeline_of(record: dict[str, Any]) -> Pipeline:
    """The passes that are to do what coremltools' did."""
    said = record["pipeline"]
    if said["removed"] == "many":
        return []
    removed = set(said["removed"])
    is_fp32 = PRECISION in removed or tolerance(record) == FP32
    base = named("default" if is_fp32 else "default_fp16")
    without = [name.partition("::")[2] for name in removed]
    kept = skipping(base, [name for name in without if name in modules()])
    kept = _with_options(kept, said)
    asked = outputs_asked_for(record)
    return [[made("update_output_dtypes", dtypes=asked)], *kept] if asked else kept


def _with_options(pipeline: Pipeline, said: dict[str, Any]) -> Pipeline:
    """A pipeline with a record's options, and in the end the passes that it adds."""
    given = {name.partition("::")[2]: dict(pairs) for name, pairs in said["options"].items()}
    names = [name.partition("::")[2] for name in said["added"]]
    added = [made(name) for name in names if name in modules()]
    whole = [*pipeline, *grouped(added)]
    for each in passes_of(whole):
        own = given.get(each.name, {}).items()
        each.given.update({n: _value(each.options[n], v) for n, v in own if n in each.options})
    return whole


def _value(option: Option, said: str) -> Any:
    """What an option is given, of which a record has the text."""
    return int(float(said)) if type(option.default) is int else said


def outputs_asked_for(record: dict[str, Any]) -> dict[str, str]:
    """The element types that a record's outputs have behind it and had not before, by name.

    Other types than those that are handed to apps are adjusted by the backend, which milc leaves.
    """
    found = {}
    before, after = (record[side]["functions"].get("main") for side in ("before", "after"))
    if before is None or after is None:
        return {}
    for name, other in zip(before["outputs"], after["outputs"], strict=False):
        was, is_now = _element(before, name), _element(after, other)
        if was != is_now and {was, is_now} <= {"fp16", "fp32", "int32"}:
            found[name] = is_now
    return found


def _element(function: dict[str, Any], name: str) -> str:
    """The element type of a value, as the record has it."""
    values = [value for op in function["ops"] for value in op["o"]]
    type: str = dict([*function["inputs"], *values]).get(name, "")
    return type.removeprefix("tensor<").partition(",")[0].rstrip(">")
