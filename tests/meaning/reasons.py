"""Where what a program computes differs from what was recorded, or before a pass and behind it.

Each with why milc is right, or why the pass is meant to change it. A reason that no case needs
fails the tests: it is to go.
"""

from __future__ import annotations

import re
from typing import NamedTuple

ANY = "*"


class Reason(NamedTuple):
    """A class of disagreement and why it stands.

    `op` is the op of a value, the pass of a program, or `convert`; several with blanks between
    them, or `*`. `mutation` is the sort of inputs, `sort` how it differs. `pattern` is searched for
    in what tells the class: the ops that a pass took and brought, and the words of the difference.
    """

    op: str
    mutation: str
    sort: str
    pattern: str
    why: str

    def covers(self, op: str, mutation: str, sort: str, told: str) -> bool:
        """Whether a disagreement is of this class."""
        return (
            (self.op == ANY or op in self.op.split())
            and self.mutation in (ANY, mutation)
            and sort == self.sort
            and re.search(self.pattern, told) is not None
        )


RECORDED = [
    Reason(
        "slice_by_size slice_by_index",
        "single",
        "idle",
        "`begin` is",
        "a place that the operand does not have; coremltools slices as numpy does, which gives what"
        " contradicts the shape that it infers",
    ),
    Reason(
        "slice_by_size",
        "single",
        "unreadable",
        "C3",
        "a length of -4, which is no length; coremltools lets numpy read it",
    ),
    Reason(
        "slice_by_size",
        "single",
        "value",
        r"shape \(0,\)",
        "`size` of 0 is none; coremltools takes it for the end where `begin` is 0 too",
    ),
    Reason(
        "concat",
        "single",
        "value",
        "becomes",
        "coremltools folds `interleave` as if it were false",
    ),
    Reason(
        "scatter_along_axis",
        "single",
        "value",
        "becomes",
        "of several updates of one place coremltools' folding keeps the last; they accumulate",
    ),
    Reason(
        "topk",
        "single",
        "value",
        "becomes",
        "coremltools sorts by the negative, which of an unsigned 0 is 0 and so the least",
    ),
    Reason(
        "squeeze",
        "single",
        "value",
        r"shape \(\), recorded \(1,\)",
        "coremltools infers a scalar and keeps an array of one element",
    ),
    Reason(
        "shape sub",
        "program",
        "value",
        "abbe5697562009c015bb910c",
        "the dimension was 5 until the pass that the program was recorded ahead of made it open",
    ),
    Reason(
        ANY,
        "program",
        "unreadable",
        "MIL0413|_const_symbolic",
        "coremltools wrote what it does not read: tests.ops.programs.QUIRKS",
    ),
]

ACTIVATIONS = "insert_prefix_quantize_dequantize_pair insert_suffix_quantize_dequantize_pair"
RANDOM = r"\| of [^|]*\brandom_(categorical|uniform|normal|bernoulli)\b"

PROGRAMS = [
    Reason(
        ACTIVATIONS,
        ANY,
        "differs",
        "dequantize",
        "the pass makes 8-bit quantities of activations, with ranges that its test made up",
    ),
    Reason(
        "insert_image_preprocessing_ops",
        ANY,
        "differs",
        r"\+ mul",
        "the pass puts the scale and bias of an image in front, which its app then leaves out",
    ),
    Reason(
        "image_input_preprocess",
        ANY,
        "broken",
        "transpose",
        "the pass makes an input of [n, h, w, c] one of [n, c, h, w]: it takes other arrays",
    ),
    Reason(
        "fuse_pow2_sqrt",
        "signed",
        "differs",
        "- pow sqrt",
        "the pass makes x of sqrt(x ** 2) and of sqrt(x) ** 2; below zero these are -x and NaN",
    ),
    Reason(
        "noop_elimination",
        ANY,
        "differs",
        "- floor_div",
        "the pass takes floor_div by 1 away, which rounds floats down",
    ),
    Reason(
        "fuse_conv_scale",
        "signed",
        "differs",
        "not finite: -?inf becomes nan",
        "a scale of 0 in the test: a sum divided by 0 is infinite, one of divided weights is"
        " infinity less infinity",
    ),
    Reason(
        "materialize_symbolic_shape_program",
        ANY,
        "differs",
        "result 0",
        "the test has the pass put a function in the place of another of that name",
    ),
    Reason(
        "convert",
        ANY,
        "differs",
        RANDOM,
        "random numbers of fp16 are others than those of fp32",
    ),
    Reason(
        "convert",
        "signed",
        "idle",
        RANDOM,
        "what is below zero is no probability",
    ),
    Reason(
        "convert",
        "signed",
        "differs",
        r"\bexp\b.*not finite",
        "weights of exp(150): in fp16 more of them are infinite than in fp32",
    ),
    Reason(
        "convert",
        ANY,
        "differs",
        r"- cast \+  \| of cast real_div .*not finite",
        "coremltools folds the cast to fp16 of what is too small for it into the smallest number,"
        " so that nothing is divided by 0; a cast that is run rounds to 0",
    ),
    Reason(
        "convert",
        "",
        "idle",
        r"boxes` has the shape \[1, 20, 4\]",
        "boxes in the layout of ios15 in a program of ios17, which coremltools does not check",
    ),
    Reason(
        "dead_code_elimination topological_reorder",
        "",
        "idle",
        "`pred` has 200 elements",
        "the test decides by 200 elements at a time, which coremltools does not check",
    ),
    Reason(
        "convert",
        "",
        "idle",
        "conv_transpose has no answer: `x` has 30 channels, and `weight` takes 60",
        "the test's weights have their dimensions in the order of conv, which coremltools does not"
        " check",
    ),
    Reason(
        "merge_consecutive_reshapes",
        "",
        "idle",
        "while_loop_0_1",
        "the test's loop is never entered, and its result declared as if it were",
    ),
    Reason(
        ANY,
        "",
        "unreadable",
        "MIL0413|_const_symbolic",
        "coremltools wrote what it does not read: tests.ops.programs.QUIRKS",
    ),
]
