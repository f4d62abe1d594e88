"""How near two programs' results have to be, by the element types that they compute in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

FP32, FP16 = 1e-4, 1e-2
"""How far a result may be from the other, relative to the largest element of it."""

LARGEST = 65504.0
"""The largest number of fp16: what is above becomes infinity."""

_coarse = re.compile(r"\bfp16\b|\bbf16\b")


def tolerance(record: dict[str, Any]) -> float:
    """That of the coarsest floats which a program of a record computes with on either side."""
    for side in ("before", "after"):
        for function in record[side].get("functions", {}).values():
            types = [type for op in function["ops"] for _, type in op["o"]]
            types += [type for _, type in function["inputs"]]
            if any(_coarse.search(type) for type in types):
                return FP16
    return FP32


def difference(before: Sequence[Any], after: Sequence[Any], rtol: float) -> str:
    """How results differ, in words; empty if they do not."""
    if len(before) != len(after):
        return f"{len(before)} results become {len(after)}"
    for number, (one, other) in enumerate(zip(before, after, strict=True)):
        said = _of_one(one, other, rtol)
        if said:
            return f"result {number}: {said}"
    return ""


def _of_one(one: Any, other: Any, rtol: float) -> str:
    if isinstance(one, dict):
        return difference([*one, *one.values()], [*other, *other.values()], rtol)
    if isinstance(one, tuple | list):
        return difference(one, other, rtol)
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape:
        return f"shape {one.shape} becomes {other.shape}"
    if one.dtype.kind in "OUS":
        return "" if (one == other).all() else f"{one} becomes {other}"
    exact = one.dtype.kind in "biu" and other.dtype.kind in "biu"
    return of_arrays(one.astype("f8"), other.astype("f8"), 0 if exact else rtol)


def of_arrays(one: Any, other: Any, rtol: float) -> str:
    """How numbers differ. Where fp16 may be computed in, what is too large for it is infinity."""
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    if same.all():
        return ""
    if rtol >= FP16:
        one, other = (np.where(np.abs(each) > LARGEST * 0.9, np.copysign(np.inf, each), each)
                      for each in (one, other))  # fmt: skip
    finite = np.isfinite(one) & np.isfinite(other)
    strange = ~finite & ~((one == other) | (np.isnan(one) & np.isnan(other)))
    if strange.any():
        at = int(np.argmax(strange))
        return f"{int(strange.sum())} not finite: {one.flat[at]} becomes {other.flat[at]}"
    if not finite.any():
        return ""
    largest = float(np.abs(one[finite]).max())
    far = np.zeros(one.shape)
    far[finite] = np.abs(one[finite] - other[finite])
    worst = float(far.max())
    if worst <= rtol * largest + 1e-7:
        return ""
    at = int(np.argmax(far))
    share = float((far > rtol * largest).mean())
    return f"{one.flat[at]:.6g} becomes {other.flat[at]:.6g}, of {largest:.6g}, {share:.0%} do"
