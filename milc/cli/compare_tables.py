"""What `milc compare` shows: a table for people, an object for programs. Imports rich."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from milc.cli.tables import shape_of, table_of
from milc.diagnostics.prose import visible

if TYPE_CHECKING:
    from rich.console import Console

    from milc.driver.comparing import Difference, Step, Tolerance

MOST = 500
"""As many values on the way are shown; `--json` has all."""


def show(step: Step, out: Console, *, every: bool) -> None:
    """Print how outputs and states differ, and with `every` values on the way too."""
    names = ("", "name", "type", "shape", "error", "relative", "SNR", "beyond")
    table = table_of(names, right=(4, 5, 6, 7), gap=2)
    parts = [("output", step.outputs), ("state", step.states)]
    parts += [("value", step.values[:MOST])] if every else []
    for role, differences in parts:
        for place, each in enumerate(differences):
            table.add_row(role if place == 0 else "", *_cells(each), style=_style(each))
    out.print(table)
    if every and len(step.values) > MOST:
        out.print(f"… {len(step.values) - MOST:,} more values")


def as_object(step: Step, tolerance: Tolerance, *, every: bool) -> dict[str, Any]:
    """The same as JSON has it."""
    found: dict[str, Any] = {
        "agree": step.agrees,
        "rtol": tolerance.relative,
        "atol": tolerance.absolute,
        "outputs": [_object(each) for each in step.outputs],
        "states": [_object(each) for each in step.states],
        "values_compared": len(step.values),
        "first_difference": None,
    }
    if step.divergence is not None:
        found["first_difference"] = _object(step.divergence.difference)
    if every:
        found["values"] = [_object(each) for each in step.values]
    return found


def _cells(difference: Difference) -> tuple[str, ...]:
    one, other = difference.shapes
    types = "/".join(dict.fromkeys(difference.types))
    shapes = " / ".join(dict.fromkeys((shape_of(one), shape_of(other))))
    names = visible(difference.name)
    if difference.other_name != difference.name:
        names = f"{names} / {visible(difference.other_name)}"
    beyond = f"{difference.beyond:,} of {difference.size:,}" if difference.beyond else "none"
    return (
        names, types, shapes, _number(difference.largest), _number(difference.relative),
        "exact" if difference.largest == 0 else f"{difference.snr:.1f} dB", beyond,
    )  # fmt: skip


def _style(difference: Difference) -> str:
    return "" if difference.agrees else "red"


def _number(value: float) -> str:
    return "0" if value == 0 else f"{value:.3g}"


def _object(difference: Difference) -> dict[str, Any]:
    return {
        "name": difference.name,
        "other_name": difference.other_name,
        "types": list(difference.types),
        "shapes": [list(shape) for shape in difference.shapes],
        "largest": _finite(difference.largest),
        "relative": _finite(difference.relative),
        "snr_db": _finite(difference.snr),
        "beyond": difference.beyond,
        "size": difference.size,
        "agrees": difference.agrees,
    }


def _finite(value: float) -> float | str:
    """JSON has no infinity."""
    return value if math.isfinite(value) else str(value)
