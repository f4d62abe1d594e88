"""Constructions that coremltools' own tests expect to be refused: milc refuses them too.

They are put to milc as single ops are; here a crash of coremltools counts as a refusal, for its
tests ask for that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.ops import singles
from tests.ops.singles import Record, key_of
from tests.ops.tally import Comparison
from tests.ops.written import definition, tag
from tests.shared import SHARED

ENTRIES = SHARED / "oracle/rejected.jsonl"
PACKED = {("constexpr_lut_to_sparse", name) for name in ("indices_mask", "indices_nonzero_data")}
"""Arguments that were of uint1 and are recorded in the bytes that Python keeps them in."""
INT4_DATA = "the dtype of 'data', but got (int8) vs (int4)"
"""The message that tells that the bytes recorded for `data` were of int4."""


def records() -> Iterator[Record]:
    """Every construction, in the form of the records of single ops."""
    for line in ENTRIES.read_text("utf-8").splitlines():
        yield record_of(json.loads(line))


def record_of(entry: dict[str, Any]) -> Record:
    """A construction as a record of a single op that was rejected."""
    op, opset = entry["op"], entry["function_opset"] or "iOS15"
    declared = definition(op, tag(opset))[1]
    given = {}
    for name, value in entry["args"].items():
        is_tuple = declared.get(name, {}).get("kind") == "tuple"
        given[name] = [_given(part) for part in value] if is_tuple else _given(value)
        if (op, name) in PACKED:
            given[name] = _as("uint1", given[name])
    if INT4_DATA in entry["msg"]:
        given["data"] = _as("int4", given["data"])
    message = [entry["exc"], entry["msg"]]
    return {"op": op, "opset": opset, "in": given, "err": message, "mut": "rejected"}


def _given(value: Any) -> Any:
    """An argument: an input by its type, or a constant; a list of scalars is one constant."""
    if isinstance(value, dict) and "type" in value:
        return {"t": value["type"]}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        whole = {"np": value[0]["np"], "shape": [len(value)]}
        return {"c": {**whole, "data": [part["data"][0] for part in value]}}
    return {"c": value if isinstance(value, dict) else {"py": value}}


def _as(element: str, given: Any) -> Any:
    return {"c": {**given["c"], "np": element}}


def compare() -> Comparison[Record]:
    """Put all of them to milc."""
    comparison: Comparison[Record] = Comparison()
    for record in records():
        outcome = singles.judge(record)
        key = key_of(record, outcome) if outcome.sort else None
        comparison.add(record["op"], "rejected", record, key)
    return comparison
