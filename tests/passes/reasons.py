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
_SMALL = "atan2 adds 1e-8, which fp16 would make 0: computed in fp32, it takes a cast more"

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
    "1b599a618f87a263ede3764b": _SMALL,
    "1d2a050c60cf17d8b896002c": _SMALL,
    "546c4a5144737305abc1d577": _SMALL,
    "589c88a8ad27bfda93a22627": _SMALL,
    "68c9d1db544e27d65446b707": _SMALL,
    "8e875f7781f73f157f75bd4e": _SMALL,
    "9b01c08d2efb6dc90d407b8f": _SMALL,
    "a50312f1afa2a981ab44b5e3": _SMALL,
    "c625b4dd97025ca429e4e0fa": _SMALL,
    "dd4b1932ced6a2c8e48eb7c5": _SMALL,
    "ff263cd24a77a2a724a58f76": _SMALL,
    "ffa65b3bdffb7e38817c7fef": _SMALL,
}
