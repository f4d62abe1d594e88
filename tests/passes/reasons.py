"""Records in which milc leaves more than coremltools, or something else, and why that is right.

By the name of the record, or by pass and sort (`fuse_pow2_sqrt worse`) where it is true of all.
"""

from __future__ import annotations

_FLOOR = "floor_div by 1 rounds floats down, so it is no no-op, as coremltools has it"
_ROOT = "sqrt(x^2) is abs(x), and sqrt(x)^2 is no number below 0; coremltools leaves x of either"
_ZERO = "a channel is divided by 0: infinity and no numbers are no kernels"
_LESS = "two transposes less for a reshape, which moves nothing"
_PARTS = "a split and three squeezes less; an output that is an input needs the identity"
_NORM = "one layer_norm for the eight ops that coremltools does not recognise"

REASONS: dict[str, str] = {
    "9d55c0df5912913585a4fa24": _FLOOR,
    "c14c399d82c1ee59b6d3e9a1": _FLOOR,
    "fuse_pow2_sqrt worse": _ROOT,
    "015dd4822b7cef1c556e662f": _ZERO,
    "5098cf9be491dd2b0d5be3c1": _ZERO,
    "b48dd5775f96b056c04a0d33": _ZERO,
    "e507e1ab7ab25cc9b133eb95": _ZERO,
    "337670060d762e04b6e3c421": _LESS,
    "9c2027292a53003c667d6aab": _PARTS,
    "3eba3936719043990d8045cc": _NORM,
    "d9d844961cfbb474d20b92d9": _NORM,
}
