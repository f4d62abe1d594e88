"""Values on the way, kept or written while a program runs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from milc.diagnostics import Diagnostic, MilError
from milc.diagnostics.prose import nearest
from milc.driver.arrays import write_npy
from milc.ir.walk import walk_ops
from milc.kernels.elements import element_name

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from milc.evaluate import Ran
    from milc.ir.nodes import Function

INDEX = "index.json"
"""What is in a folder of values: an array of objects, in the order in which they came."""

_unsafe = re.compile(r"[^A-Za-z0-9_.+-]")


class Kept:
    """The values of some names, those of the last time that each was computed.

    Raises MilError (MIL0917) with all names that no op gives.
    """

    def __init__(self, function: Function, names: Iterable[str]) -> None:
        self.found: dict[str, Any] = {}
        self._names = frozenset(names)
        results = {v.name: op for op in walk_ops(function) for v in op.results}
        inputs = {value.name for value in function.inputs}
        faults = [_unknown(name, function.name, [*results, *inputs])
                  for name in sorted(self._names - results.keys() - inputs)]  # fmt: skip
        constants = [n for n in sorted(self._names & results.keys()) if results[n].kind == "const"]
        faults += [Diagnostic("MIL0917", f"`{name}` is a constant: no op computes it",
                              results[name].span) for name in constants]  # fmt: skip
        if faults:
            raise MilError(faults)

    def begin(self, inputs: dict[str, Any]) -> None:
        """Note the inputs among them."""
        self.found.update((name, held) for name, held in inputs.items() if name in self._names)

    def __call__(self, ran: Ran) -> None:
        """Note the results of an op that has run."""
        for value, held in zip(ran.op.results, ran.results, strict=True):
            if value.name in self._names:
                self.found[value.name] = held

    @property
    def missing(self) -> list[str]:
        """The names of values that are in a block that did not run."""
        return sorted(self._names - self.found.keys())


def _unknown(name: str, function: str, known: Iterable[str]) -> Diagnostic:
    near = nearest(name, known)
    help = f"did you mean `{near}`?" if near else None
    return Diagnostic("MIL0917", f"{function} has no value `{name}`", help=help)


class Dump:
    """Writes every value into a folder as it comes; what a loop computes, each time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries: list[dict[str, Any]] = []

    def __call__(self, ran: Ran) -> None:
        """Write the results of an op that has run."""
        for value, held in zip(ran.op.results, ran.results, strict=True):
            if not isinstance(held, np.ndarray):
                continue
            file = file_name(len(self._entries), value.name)
            write_npy(self._folder / file, held)
            self._entries.append({
                "name": value.name, "op": ran.op.kind, "file": file,
                "type": element_name(held.dtype), "shape": list(held.shape),
            })  # fmt: skip

    def end(self) -> None:
        """Write what is in the folder."""
        text = json.dumps(self._entries, indent=1, ensure_ascii=False)
        (self._folder / INDEX).write_text(text + "\n", encoding="utf-8")


def is_dump(folder: Path) -> bool:
    """Whether a folder is one that `Dump` wrote, and holds nothing else."""
    names = [path.name for path in folder.iterdir()]
    return INDEX in names and all(n == INDEX or re.fullmatch(r"\d{5,}-.*\.npy", n) for n in names)


def file_name(place: int, name: str) -> str:
    """What the file of a value is called: its place in the order, and what is safe of its name."""
    return f"{place:05}-{_unsafe.sub('_', name)[:80]}.npy"
