"""Ops of all families, against the values that coremltools computed of their constants."""

from __future__ import annotations

import json
import math
from functools import partial
from typing import Any

import numpy as np

from milc.driver.evaluating import Run
from milc.opsets import index
from milc.syntax.parse import parse
from tests.meaning.cases import meaning
from tests.ops import singles
from tests.ops.values import elements
from tests.ops.written import tag

CLOSE = {"fp16": 2e-3, "fp32": 1e-5}
"""How far floats may be from what was recorded, relative to the largest of them."""


def _with_values() -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The records that hold values and take constants alone, by op and definition."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for record in singles.records():
        if any(record.get("val", ())) and '"t":' not in json.dumps(record["in"]):
            definition = index.definition(record["op"], tag(record["opset"]))
            if definition is not None:
                found.setdefault((record["op"], definition.since), []).append(record)
    return found


def _compare(records: list[dict[str, Any]], opset: str) -> None:
    """Run each, and compare what milc knows of its results with what was recorded."""
    compared = 0
    for record in records:
        program = parse(singles.text_of(record))
        results = list(Run(program, seed=0)({}).values())
        rtol = CLOSE["fp16" if "fp16" in str(record["out"]) else "fp32"]
        for given, value in zip(results, record["val"], strict=True):
            wanted = None if value is None else elements(value)
            if wanted is not None:
                _agree(np.asarray(given).ravel().tolist(), wanted, rtol, record)
                compared += 1
    assert compared


def _agree(ours: list[Any], peer: list[Any], rtol: float, record: dict[str, Any]) -> None:
    numbers = [abs(each) for each in peer if isinstance(each, float) and math.isfinite(each)]
    far = rtol * max(numbers, default=0.0)
    assert len(ours) == len(peer), record
    for one, other in zip(ours, peer, strict=True):
        same = other is None or one == other or (one != one and other != other)
        assert same or (isinstance(other, float) and abs(one - other) <= far), (ours, peer, record)


def _register() -> None:
    for (op, since), records in _with_values().items():
        case = partial(_compare, records)
        case.__name__ = "agrees_with_coremltools"  # type: ignore[attr-defined]
        meaning(op, "peer", since)(case)


_register()
