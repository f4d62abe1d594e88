"""Where milc and coremltools differ on purpose, class by class, each with its reason.

`figures singles` counts these apart from agreement. A reason that no case needs any more fails the
tests: it is to go.
"""

from __future__ import annotations

import re
from typing import NamedTuple

ANY = "*"


class Reason(NamedTuple):
    """A class of disagreement and why it is right.

    `op` and `mutation` may be `*`, `op` several names with blanks between them. `sort` is that of
    the outcome: refused, accepted, types, argument, unreadable. `pattern` is searched for in
    coremltools' message where milc accepts or names another argument, else in what milc said.
    """

    op: str
    mutation: str
    sort: str
    pattern: str
    why: str

    def covers(self, op: str, mutation: str, sort: str, peer: str, ours: str) -> bool:
        """Whether a disagreement is of this class."""
        return (
            sort == self.sort
            and (self.op == ANY or op in self.op.split())
            and self.mutation in (ANY, mutation)
            and re.search(self.pattern, peer if sort in ("accepted", "argument") else ours)
            is not None
        )


REDUCTIONS = (
    "reduce_l1_norm reduce_l2_norm reduce_log_sum reduce_log_sum_exp reduce_max reduce_mean"
    " reduce_min reduce_prod reduce_sum reduce_sum_square"
)

REASONS = [
    Reason(
        ANY,
        "program",
        "missing",
        "operands of unknown rank",
        "coremltools' own loader refuses programs with dimensions of any number",
    ),
    Reason(
        ANY,
        "param",
        "unreadable",
        "does not fit",
        "no file can hold a uint4 of 99; only Python can",
    ),
    Reason(
        "scatter scatter_along_axis scatter_nd",
        "param",
        "refused",
        "`mode` of",
        "coremltools does not look at the mode; its definition lists seven, and no other has a"
        " meaning",
    ),
    Reason(
        "gather_nd scatter_nd",
        "*",
        "accepted",
        "operands could not be broadcast together",
        "coremltools means to compare indices with dimensions, and fails unless each row of indices"
        " has one number or the rank; the indices are fine",
    ),
    Reason(
        "split",
        "*",
        "refused",
        "breaks C[67],",
        "coremltools takes the sizes as they are; its definition says that they add up to the"
        " dimension, and no tensor has a negative one",
    ),
    Reason(
        "non_maximum_suppression",
        "*",
        "refused",
        "breaks C[123],|`boxes` of",
        "coremltools looks at the rank of scores alone; its definition gives both shapes, with four"
        " coordinates a box, and a negative number of boxes gives a negative dimension",
    ),
    Reason(
        "topk",
        "param",
        "refused",
        "breaks C3,",
        "a negative k gives a negative dimension; only -1 means something, and only from ios17",
    ),
    Reason(
        "argsort",
        "*",
        "refused",
        "breaks C1,",
        "coremltools does not look at the axis unless x is constant, where it crashes",
    ),
    Reason(
        "band_part",
        "rank",
        "refused",
        "breaks C1,",
        "what has no two dimensions has no band; coremltools fails on it where x is constant",
    ),
    Reason(
        "fill",
        "rank",
        "refused",
        "`shape` of",
        "a shape is a vector; of a matrix coremltools takes the number of rows for the rank",
    ),
    Reason(
        "pad",
        "*",
        "refused",
        "breaks C5,",
        "coremltools' definition says that no more elements than there are can be mirrored; it does"
        " not look",
    ),
    Reason(
        "range_1d",
        "param",
        "refused",
        "breaks C1,",
        "steps of 0 never end; coremltools fails where it knows all three numbers, else it does not"
        " look",
    ),
    Reason(
        "range_1d",
        "param",
        "types",
        r"tensor<\w+, \[N\]>",
        "a sequence that ends before it begins is empty; coremltools gives it a negative dimension,"
        " and a value without elements",
    ),
    Reason(
        "resample",
        "param",
        "refused",
        "MIL0313",
        "the modes of resample are told one by one, and coremltools takes any string for them",
    ),
    Reason(
        "rnn",
        "param",
        "refused",
        "MIL0313 .*activation",
        "the definition names the activations; coremltools looks at those of lstm alone",
    ),
    Reason(
        "lstm",
        "param",
        "argument",
        "ValueError: Activation",
        "the message calls each of the three activations `activation`; milc says which it is",
    ),
    Reason(
        "conv_transpose",
        "*",
        "refused",
        "breaks C[2-7],",
        "coremltools' definition gives the lengths of strides, dilations and pad, the channels and"
        " the rank of the weight, and says what output_shape is; it computes with what it finds",
    ),
    Reason(
        "conv_transpose",
        "*",
        "refused",
        "breaks C8,",
        "coremltools infers a dimension of 0 or below, which no result can have",
    ),
    Reason(
        "conv_transpose",
        "param",
        "refused",
        "MIL0313 .*bogus",
        "coremltools does not look at pad_type where output_shape is given; else it fails on all"
        " but the three of its definition",
    ),
    Reason(
        "batch_norm instance_norm",
        "*",
        "refused",
        "breaks C[1-4],",
        "coremltools' definition says that the parameters have an element for each channel; it does"
        " not look",
    ),
    Reason(
        "layer_norm",
        "drop",
        "accepted",
        r"Cannot add const range",
        "axes may be left out by coremltools' definition, but it cannot make the constant that its"
        " own default is",
    ),
    Reason(
        "scaled_dot_product_attention",
        "dim",
        "refused",
        "breaks C2,",
        "two known dimensions that are to be one differ; coremltools compares only what is known"
        " entirely",
    ),
    Reason(
        "random_bernoulli random_normal random_uniform",
        "rank",
        "refused",
        "`shape` of",
        "a shape is a vector; of a matrix coremltools takes the number of rows for the rank",
    ),
    Reason(
        "random_categorical",
        "param",
        "refused",
        "MIL0313",
        "there are two modes, and coremltools takes any string",
    ),
    Reason(
        "random_normal random_uniform",
        "drop",
        "accepted",
        "Incompatible primitive types",
        "what is left out has the type of the other parameter, which milc writes; coremltools takes"
        " fp32 for it, whatever the other has",
    ),
    Reason(
        "softmax",
        "*",
        "refused",
        "breaks C1,",
        "there is nothing to sum along an axis that the operand does not have; coremltools looks at"
        " the axis only where it computes the result of a constant",
    ),
    Reason(
        REDUCTIONS,
        "*",
        "refused",
        "breaks C2,",
        "an axis is named twice: coremltools counts it twice too and so removes a dimension that"
        " was not named; its own evaluation refuses such axes",
    ),
    Reason(
        REDUCTIONS,
        "*",
        "refused",
        "breaks C1,",
        "an axis below minus the rank is no axis: coremltools lets it count from the end once more,"
        " and removes a dimension that was not meant",
    ),
    Reason(
        "tile",
        "program",
        "types",
        r"tensor<fp16, \[\?, N\]>",
        "a pass has made a const of what the repetitions are computed from, and coremltools has not"
        " inferred the type anew",
    ),
    Reason(
        "reverse_sequence",
        "*",
        "refused",
        "breaks C[1-4],|`lengths` of",
        "coremltools looks at nothing; its definition asks for a vector of lengths within x, one"
        " for each place of the batch",
    ),
    Reason(
        "reverse",
        "*",
        "refused",
        "breaks C1,",
        "coremltools' definition gives the range of axes; it looks only where x is constant",
    ),
    Reason(
        "transpose",
        "param",
        "refused",
        "breaks C3,",
        "what names a dimension twice is no permutation; coremltools fails where x is constant",
    ),
    Reason(
        "squeeze",
        "param",
        "refused",
        "breaks C2,",
        "for an axis that is named twice, coremltools takes the one that moved up in its place, or"
        " fails if there is none or if x is constant",
    ),
    Reason(
        "depth_to_space pixel_shuffle space_to_depth pixel_unshuffle",
        "*",
        "refused",
        "breaks C[12],",
        "coremltools' definitions tell what is divided by what; it rounds down, and takes lengths"
        " of 0 and below",
    ),
    Reason(
        "space_to_batch",
        "*",
        "refused",
        "breaks C[13],",
        "coremltools' definition divides the padded plane by the block; it rounds down, and takes"
        " blocks of negative sides",
    ),
    Reason(
        "batch_to_space",
        "param",
        "refused",
        "breaks C4,",
        "crops that are larger than the plane give a negative dimension, which no tensor has",
    ),
    Reason(
        "sliding_windows",
        "param",
        "refused",
        "breaks C[24],",
        "a negative size or number of windows gives a negative dimension, which no tensor has",
    ),
    Reason(
        "sliding_windows",
        "param",
        "refused",
        "breaks C3,",
        "the definition divides by the stride; coremltools divides by 0 too, and goes backwards",
    ),
    Reason(
        "slice_by_size",
        "*",
        "refused",
        "breaks C[34],",
        "coremltools infers a negative dimension, which no tensor has",
    ),
    Reason(
        "slice_by_index slice_update",
        "*",
        "refused",
        "breaks C[1-6],|`(begin|end)` of",
        "coremltools' definition asks for one element a dimension; it counts those of a constant"
        " begin and end, and where it fails on the others it does so by accident",
    ),
    Reason(
        "slice_by_index",
        "dtype",
        "accepted",
        "Unable to convert type",
        "coremltools can compute a single element ahead if that is fp32 or int32, and fails on all"
        " others; nothing is wrong with the op",
    ),
    Reason(
        "slice_update",
        "*",
        "argument",
        "The update tensor should have shape",
        "two arguments are wrong: milc tells first of the one that the slice depends on",
    ),
    Reason(
        "reshape",
        "rank",
        "refused",
        "`shape` of",
        "coremltools' definition asks for a vector; of a matrix it takes the number of rows for the"
        " rank",
    ),
    Reason(
        "reshape",
        "const",
        "types",
        r"\?",
        "coremltools leaves a 0 in the shape as it is where a dimension of x is unknown; milc"
        " leaves the dimension that it stands for unknown",
    ),
    Reason(
        "slice_by_size",
        "value",
        "value",
        r"^\[\]$",
        "of size 0 nothing is left, as the type that coremltools infers says; its value has all",
    ),
]
