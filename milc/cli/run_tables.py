"""What `milc run` shows to people. Imports rich."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from rich.padding import Padding
from rich.text import Text

from milc.cli.tables import shape_of, table_of, titled
from milc.diagnostics.prose import clip, many, visible
from milc.driver.results import FEW, Row, values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from milc.driver.profiling import Profile, Spent

MOST: Final = 200
"""As many rows are shown; what is beyond is counted, and `--json` has it."""

SLOWEST: Final = 20
"""As many operations have their time shown."""

COLUMNS: Final = ("name", "type", "shape", "min", "mean", "max", "non-finite")
TITLES: Final = {"output": "Outputs of", "state": "States of", "value": "Values in"}
LABELS: Final = 5
"""Of so many labels the probabilities are shown, the most probable first."""


def show(rows: list[Row], title: str, profile: Profile | None, out: Console) -> None:
    """Print all of it."""
    first = True
    for role, name in TITLES.items():
        held = [row for row in rows if row.role == role]
        if held:
            _rows(out, held, f"{name} {visible(title)}", first)
            first = False
    if profile is not None:
        _profile(out, profile)


def _rows(out: Console, rows: list[Row], title: str, first: bool) -> None:
    if first:
        out.print(Text(title, style="bold"))
    else:
        titled(out, title)
    numbers = [row for row in rows if row.measure is not None]
    if numbers:
        table = table_of(COLUMNS, right=(3, 4, 5, 6), gap=2)
        for row in numbers[:MOST]:
            shape = "several" if row.shape is None else shape_of(row.shape)
            table.add_row(visible(row.name), row.type, shape, *_measured(row))
        out.print(table)
    if len(numbers) > MOST:
        out.print(Text(f"… {len(numbers) - MOST:,} more"))
    small = [(row.name, text) for row in rows[:MOST] if (text := _values(row))]
    if small and numbers:
        out.print()
    for name, text in small:
        out.print(Padding(Text(f"{visible(name)} = {visible(text)}"), (0, 0, 0, 2)))


def _measured(row: Row) -> tuple[str, ...]:
    found = row.measure
    assert found is not None
    faults = (f"{found.nans:,} nan" if found.nans else "",
              f"{found.infinities:,} inf" if found.infinities else "")  # fmt: skip
    bad = ", ".join(filter(None, faults)) or "0"
    return _number(found.minimum), _number(found.mean), _number(found.maximum), bad


def _number(value: float | None) -> str:
    """A number in few characters: `65504`, `-0.0338`, `1.5e+09`."""
    if value is None:
        return "–"
    return f"{value:.0f}" if 1e4 <= abs(value) < 1e8 else f"{value:.4g}"


def _values(row: Row) -> str:
    """The elements, if they are few; empty if they are not."""
    held = row.held
    if isinstance(held, np.ndarray):
        return _listed(_elements(held)) if 0 < held.size <= FEW else ""
    if isinstance(held, dict):
        return _probable(held)
    found = values(held, FEW)
    return json.dumps(found, ensure_ascii=False) if found is not None else ""


def _elements(held: Any) -> Any:
    """An array whose elements are numpy's own, as those of text are not."""
    return held.astype(str) if held.dtype == object else held


def _listed(held: Any) -> str:
    """Elements in brackets, with about as many digits as the table has."""
    if held.ndim:
        return f"[{', '.join(map(_listed, held))}]"
    item = held.item()
    if isinstance(item, str):
        return json.dumps(clip(item, 200), ensure_ascii=False)
    if isinstance(item, float):
        # Of 16 bits the shortest that is read as the same, which has few digits.
        return str(held[()]).removesuffix(".0") if held.itemsize <= 2 else f"{item:.6g}"
    return str(item).lower()


def _probable(held: dict[Any, Any]) -> str:
    """The entries of a dict with the greatest numbers."""
    found = [(str(key), float(np.asarray(value))) for key, value in held.items()]
    found.sort(key=lambda entry: -entry[1])
    shown = ", ".join(f"{json.dumps(k, ensure_ascii=False)}: {v:.6g}" for k, v in found[:LABELS])
    more = f", … {len(found) - LABELS:,} more" if len(found) > LABELS else ""
    return f"{{{shown}{more}}}"


def _profile(out: Console, profile: Profile) -> None:
    families, ops, whole = profile.families(), profile.ops(), profile.seconds
    runs = sum(family.runs for family in families)
    titled(out, "Time by family", f"{_time(whole)} in {many(runs, 'operation')}")
    _times(out, ("family", "runs", "time", "share"), families, whole)
    titled(out, "Time by operation", f"the slowest {SLOWEST}" if len(ops) > SLOWEST else "")
    _times(out, ("name", "op", "runs", "time", "share"), ops[:SLOWEST], whole)


def _times(out: Console, names: tuple[str, ...], held: Iterable[Spent], whole: float) -> None:
    right = tuple(range(len(names) - 3, len(names)))
    table = table_of(names, right)
    for spent in held:
        kind = (spent.kind,) if "op" in names else ()
        share = f"{100 * spent.seconds / whole:.1f} %" if whole else "–"
        table.add_row(visible(spent.name), *kind, f"{spent.runs:,}", _time(spent.seconds), share)
    out.print(table)


def _time(seconds: float) -> str:
    """A time for people: `12.3 ms`."""
    for unit, word in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {word}"
    return f"{seconds * 1e6:.3g} µs"
