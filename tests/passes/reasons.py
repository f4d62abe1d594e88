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
_RANDOM = "what is drawn has no seed, so that no two runs agree"
_BEYOND = "infinity less infinity, as sums are beyond fp16; with `ranges` such ops stay in fp32"
_LEAST = "the log of 0 and the least number there is, which is larger in fp16"

_ASKED = "its options ask that the function gives way to what another one does"

REASONS: dict[str, str] = {
    "57f0482b5d596c8a888644b3": _ASKED,
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
    "062734d1e5078584e70739d0 add_fp16_cast": _RANDOM,
    "951aa98b6dbddcdbab4fdaf1 add_fp16_cast": _RANDOM,
    "d2d5a3dd3efe09a1d5be751f add_fp16_cast": _RANDOM,
    "327a7c8a168c6e3e4bd0d9e1 add_fp16_cast": _BEYOND,
    "75a8d9e4b6e203faee00d6d0 add_fp16_cast": _BEYOND,
    "cda9c86bb96f03b13a21a2ee add_fp16_cast": _BEYOND,
    "cea5e55f08a317ba57d21f59 add_fp16_cast": _BEYOND,
    "d6583066ca28d7c4fdfa4a33 add_fp16_cast": _BEYOND,
    "66d71430b4bba3a14c7337c6 add_fp16_cast": _LEAST,
    "f1ef2faac5a8191df33e336c add_fp16_cast": _LEAST,
}
