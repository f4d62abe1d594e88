"""What came of a run, a row for each output, state, and value on the way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from milc.driver.measuring import Measure, measure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from milc.ir.types import Type

FEW: Final = 8
"""Of so many elements all are shown to people."""

SOME: Final = 1000
"""Of so many elements all are in JSON."""

Role = str
"""`output`, `state` or `value`."""


class Row(NamedTuple):
    """One value of a program when it has run."""

    role: Role
    name: str
    type: str
    """The element type, or the type of what is no tensor."""
    shape: tuple[int, ...] | None
    """None for a dict, a list and a tuple."""
    measure: Measure | None
    """None where there are no numbers, or several."""
    held: Any
    """The value itself; None if it is of several runs."""

    def as_object(self) -> dict[str, Any]:
        """The same as JSON has it."""
        found = self.measure
        return {
            "role": self.role,
            "name": self.name,
            "type": self.type,
            "shape": None if self.shape is None else list(self.shape),
            "min": found and found.minimum,
            "mean": found and found.mean,
            "max": found and found.maximum,
            "non_finite": found and found.non_finite,
            "values": values(self.held, SOME),
        }


def row(role: Role, name: str, type: Type, held: Any) -> Row:
    """The row of a value."""
    if not isinstance(held, np.ndarray):
        return Row(role, name, repr(type), None, None, held)
    element = getattr(type, "element", None) or getattr(
        getattr(type, "wrapped", None), "element", ""
    )
    found = measure(held) if held.dtype.kind in "biufV" else None
    return Row(role, name, str(element) or held.dtype.name, held.shape, found, held)


def merged(before: list[Row], after: list[Row]) -> list[Row]:
    """The rows of several runs: measures of all of them together, and no values.

    A value in a branch may be in some runs and not in others.
    """
    found = {(row.role, row.name): row for row in before}
    for new in after:
        old = found.get((new.role, new.name))
        found[new.role, new.name] = new if old is None else _both(old, new)
    return list(found.values())


def _both(old: Row, new: Row) -> Row:
    found = old.measure | new.measure if old.measure and new.measure else None
    shape = new.shape if new.shape == old.shape else None
    return new._replace(measure=found, shape=shape, held=None)


def values(held: Any, most: int) -> Any:
    """The elements as JSON has them, nan and infinities as strings; None if they are too many."""
    if isinstance(held, np.ndarray):
        return _listed(held.tolist()) if held.size <= most else None
    if isinstance(held, dict):
        return _entries(held) if len(held) <= most else None
    if isinstance(held, Sequence):
        return [values(each, most) for each in held] if len(held) <= most else None
    return None


def _entries(held: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(_plain(key)): _listed(_plain(value)) for key, value in held.items()}


def _listed(held: Any) -> Any:
    if isinstance(held, list):
        return [_listed(each) for each in held]
    if isinstance(held, bool | int | str):
        return held
    number = float(held)
    return number if math.isfinite(number) else str(number)


def _plain(held: Any) -> Any:
    return held.item() if isinstance(held, np.generic | np.ndarray) and held.size == 1 else held
