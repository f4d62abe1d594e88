"""Where numbers go wrong first: results that are not finite, or that fp16 cannot hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np

from milc.diagnostics import Diagnostic
from milc.diagnostics.prose import many
from milc.driver.measuring import Measure, measure
from milc.ir.types import TensorType
from milc.kernels.elements import element_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from milc.driver.evaluating import Run
    from milc.evaluate import Ran
    from milc.ir.nodes import Op

GREATEST: Final = 65504.0
"""The greatest finite fp16."""

What = Literal["not finite", "carried", "beyond fp16"]


class Sight(NamedTuple):
    """An op of which there is something to say."""

    what: What
    op: Op
    name: str
    """The result that it is about."""
    result: Measure
    operands: list[tuple[str, str, Measure]]
    """What the op took: the name of a value or argument, its type, and what it holds."""
    when: str
    """Which run it was; empty if there was only one."""


class Trace:
    """Watches a run for the first op whose result is not finite, or beyond the range of fp16.

    Where operands of the first are not finite either, it also looks for the first op that makes
    such a result of finite operands alone.
    """

    def __init__(self) -> None:
        self.when = ""
        """Which run it is, in words."""
        self.counts = False
        """Whether runs are steps, to be told by their number."""
        self._runs = 0
        self.seen: dict[What, Sight] = {}

    def begin(self, inputs: Mapping[str, Any]) -> None:
        """Note that a run begins."""
        self._runs += 1
        if self.counts:
            self.when = f"step {self._runs}"

    def __call__(self, ran: Ran) -> None:
        """Look at an op that has run."""
        for value, held in zip(ran.op.results, ran.results, strict=True):
            if not _is_float(held) or ("not finite" in self.seen and "beyond fp16" in self.seen):
                continue
            found = measure(held)
            if found.non_finite and "not finite" not in self.seen:
                operands = list(_operands(ran))
                carried = any(each.non_finite for _, _, each in operands)
                self._note("carried" if carried else "not finite", ran, value.name, found, operands)
            if found.largest > GREATEST:
                self._note("beyond fp16", ran, value.name, found, None)

    def _note(
        self,
        what: What,
        ran: Ran,
        name: str,
        found: Measure,
        operands: list[tuple[str, str, Measure]] | None,
    ) -> None:
        if what not in self.seen:
            held = list(_operands(ran)) if operands is None else operands
            self.seen[what] = Sight(what, ran.op, name, found, held, self.when)

    def findings(self, run: Run) -> list[Diagnostic]:
        """What was seen, as warnings at the ops (MIL0920, MIL0921)."""
        return [_finding(sight, run) for sight in self.seen.values()]


def _operands(ran: Ran) -> Iterator[tuple[str, str, Measure]]:
    """What an op took, constants included, each once."""
    for name, held in dict(ran.arguments()).items():
        if isinstance(held, np.ndarray) and (_is_float(held) or name in ran.operands):
            yield name, f"{element_name(held.dtype)} {list(held.shape)}", measure(held)


def _is_float(held: Any) -> bool:
    return isinstance(held, np.ndarray) and held.dtype.kind in "fV"


def _finding(sight: Sight, run: Run) -> Diagnostic:
    name, found = sight.name, sight.result
    if sight.what == "beyond fp16":
        code = "MIL0921"
        message = f"`{name}` leaves the range of fp16: {ends(found)}, and fp16 ends at 65504"
    else:
        code = "MIL0920"
        message = f"`{name}` is not finite: {_faulty(found)} among {many(found.size, 'element')}"
    value = next(each for each in sight.op.results if each.name == name)
    declared = f"{value.type!r}" if isinstance(value.type, TensorType) else ""
    notes = [
        f"{role} `{each}`, {type}: {ends(measured)}"
        for role, each, type, measured in (
            *(("operand", *operand) for operand in sight.operands),
            ("result", name, declared, found),
        )
    ]
    if sight.what == "carried":
        notes.append("an operand is not finite either, so this op may only hand it on")
    notes += [f"this was in {sight.when}"] if sight.when else []
    span = run.span_of(sight.op)
    return Diagnostic(code, message, span, severity="warning", path=run.path, notes=notes)


def ends(found: Measure) -> str:
    """The range of elements, in words: `-1 to 3.5 and 2 nan`."""
    parts = []
    if found.minimum is not None and found.maximum is not None:
        same = found.minimum == found.maximum
        parts.append(f"{found.minimum:.6g}" + ("" if same else f" to {found.maximum:.6g}"))
    parts += [_faulty(found)] if found.non_finite else []
    return " and ".join(parts) or "no elements"


def _faulty(found: Measure) -> str:
    counts = ((found.nans, "nan"), (found.infinities, "inf"))
    return " and ".join(f"{count:,} {word}" for count, word in counts if count)
