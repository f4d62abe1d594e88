"""The ranges of values over many runs, as quantization of activations asks for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from milc.driver.measuring import Measure, measure
from milc.evaluate.ranges import read_ranges as read_ranges
from milc.kernels.elements import element_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from milc.evaluate import Ran


class Ranges:
    """The range of every float value, inputs included, by the function's name and its own."""

    def __init__(self, function: str) -> None:
        self.function = function
        self.runs = 0
        self._kinds: dict[str, tuple[str, str]] = {}
        self._found: dict[str, tuple[Measure, int]] = {}

    def begin(self, inputs: Mapping[str, Any]) -> None:
        """Note that a run begins, with these inputs."""
        self.runs += 1
        for name, held in inputs.items():
            self._note(name, "", held)

    def __call__(self, ran: Ran) -> None:
        """Note the results of an op that has run."""
        for value, held in zip(ran.op.results, ran.results, strict=True):
            self._note(value.name, ran.op.kind, held)

    def _note(self, name: str, kind: str, held: Any) -> None:
        if not isinstance(held, np.ndarray) or held.dtype.kind not in "fV":
            return
        found = measure(held)
        before, runs = self._found.get(name, (None, 0))
        self._kinds.setdefault(name, (kind, element_name(held.dtype)))
        self._found[name] = (found if before is None else before | found, runs + 1)

    def as_object(self) -> dict[str, Any]:
        """What the file of ranges holds."""
        return {
            "function": self.function,
            "runs": self.runs,
            "values": {
                name: {
                    "op": self._kinds[name][0] or None,
                    "type": self._kinds[name][1],
                    "min": found.minimum,
                    "max": found.maximum,
                    "absmax": None if found.minimum is None else found.largest,
                    "non_finite": found.non_finite,
                    "runs": runs,
                }
                for name, (found, runs) in self._found.items()
            },
        }


def joined(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The ranges of the runs of both."""
    values = dict(before["values"])
    for name, new in after["values"].items():
        old = values.get(name)
        values[name] = new if old is None else {**new, **_joined(old, new)}
    return {**after, "runs": before["runs"] + after["runs"], "values": values}


def _joined(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    def known(key: str) -> list[float]:
        return [each[key] for each in (old, new) if each[key] is not None]

    return {
        "min": min(known("min"), default=None),
        "max": max(known("max"), default=None),
        "absmax": max(known("absmax"), default=None),
        "non_finite": old["non_finite"] + new["non_finite"],
        "runs": old["runs"] + new["runs"],
    }


def write_ranges(file: Path, held: dict[str, Any]) -> None:
    """Write ranges as JSON. Raises OSError."""
    file.write_text(json.dumps(held, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
