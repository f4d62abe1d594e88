"""Files of ranges, as `milc run --ranges` writes them: how far values reached."""

from __future__ import annotations

import json
from typing import Any

from milc.diagnostics import Diagnostic, MilError
from milc.diagnostics.files import AnyPath, read_text

_KEYS = {"min": float, "max": float, "absmax": float, "non_finite": int, "runs": int}


def read_ranges(path: AnyPath, function: str) -> dict[str, Any]:
    """What a file of ranges holds, of the runs of a function.

    Raises MilError (MIL00xx, MIL0918).
    """
    held = any_ranges(path)
    if held.get("function") != function:
        message = f"holds the ranges of function `{held.get('function')}`, not of `{function}`"
        raise MilError(Diagnostic("MIL0918", message, path=str(path)))
    return held


def any_ranges(path: AnyPath) -> dict[str, Any]:
    """What a file of ranges holds, whatever function ran. Raises MilError (MIL00xx, MIL0918)."""
    try:
        held = json.loads(read_text(path))
        fits = (
            isinstance(held["runs"], int)
            and isinstance(held["values"], dict)
            and all(map(_is_range, held["values"].values()))
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        fits, held = False, {}
    if not fits:
        raise MilError(Diagnostic("MIL0918", "holds no ranges of milc run", path=str(path)))
    found: dict[str, Any] = held
    return found


def _is_range(held: Any) -> bool:
    return isinstance(held, dict) and all(
        isinstance(held.get(key), kind | int)
        or (held.get(key, 0) is None and key in ("min", "max", "absmax"))
        for key, kind in _KEYS.items()
    )
