"""Records in which milc leaves more than coremltools, or something else, and why that is right.

By the name of the record, or by pass and sort (`fuse_pow2_sqrt worse`) where it is true of all.
"""

from __future__ import annotations

_FLOOR = "floor_div by 1 rounds floats down, so it is no no-op, as coremltools has it"
_ROOT = "sqrt(x^2) is abs(x), and sqrt(x)^2 is no number below 0; coremltools leaves x of either"

REASONS: dict[str, str] = {
    "9d55c0df5912913585a4fa24": _FLOOR,
    "c14c399d82c1ee59b6d3e9a1": _FLOOR,
    "fuse_pow2_sqrt worse": _ROOT,
}
