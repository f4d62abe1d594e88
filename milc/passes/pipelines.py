"""The pipelines that have a name: which passes run together, and in which order.

A group is applied in one walk. What a group takes part in: `TIDY` makes ops simpler and is
enabled by all else, so it comes first and again behind each change; `FUSE` looks for large patterns
before smaller ones change parts of them; what works on a whole function stands alone.
"""

from __future__ import annotations

from typing import Final

from milc.passes import modules
from milc.passes.pipeline import Pipeline, Rounds, made

Names = tuple[tuple[str, ...], ...]
"""Groups of passes."""

DEAD: Final = ("dead_code_elimination",)
TIDY: Final = (
    "const_elimination",
    "noop_elimination",
    "cast_optimization",
    "algebraic_simplification",
    "merge_consecutive_transposes",
    "merge_consecutive_reshapes",
    "fuse_squeeze_expand_dims",
    "rank0_expand_dims_swap",
    "merge_consecutive_relus",
    "merge_consecutive_paddings",
    "select_optimization",
    "remove_symbolic_reshape",
    "int_op_canonicalization",
    "nullify_redundant_quantization_zero_point",
    "dequantize_quantize_pair_elimination",
    "distributive_quantized_binary_op_scale_normalization",
    "dequantize_to_constexpr",
    "canonicalize_quantized_lut_pattern",
    "merge_affine_dequantize_with_consecutive_ops",
)
FUSE: Final = (
    "fuse_gelu_exact",
    "fuse_gelu_tanh_approximation",
    "fuse_gelu_sigmoid_approximation",
    "fuse_activation_silu",
    "fuse_pow2_sqrt",
    "fuse_leaky_relu",
    "fuse_prelu",
    "prelu_to_lrelu",
    "use_reflection_padding",
    "fuse_pad_conv",
    "fuse_stack_split",
    "replace_stack_reshape",
    "detect_concat_interleave",
    "concat_to_pixel_shuffle",
    "fuse_dilated_conv",
    "fuse_layernorm_or_instancenorm",
    "fuse_onehot_matmul_to_gather",
    "fuse_reduce_mean",
    "compose_conv1d",
)
MELT: Final = (
    "fuse_matmul_weight_bias",
    "fuse_linear_bias",
    "fuse_conv_scale",
    "fuse_conv_bias",
    "fuse_conv_batchnorm",
    "fuse_elementwise_to_batchnorm",
    "add_conv_transpose_output_shape",
    "fuse_transpose_matmul",
    "divide_to_multiply",
    "expand_dynamic_linear",
)
"""Operations that become part of a product beside them."""
SAME: Final = (
    ("remove_vacuous_cond",),
    ("control_flow_simplification",),
    ("loop_invariant_elimination",),
    ("shape_arithmetic",),
    ("value_numbering",),
)
EQUAL: Final = (
    ("const_deduplication",),
    ("value_numbering",),
)
"""Constants that are equal, and what is equal then."""
STATES: Final = (("canonicalize_inplace_pattern",), ("prefer_state_in_downstream",))
GUARD: Final = (
    ("guard_negative_gather_indices",), *STATES, TIDY, ("shape_arithmetic",), ("value_numbering",),
)  # fmt: skip
LAST: Final = (
    ("topological_reorder",),
    ("dedup_op_and_var_names",),
)
"""What makes nothing smaller, so that it is done once, in the end."""

STORED: Final = (("weight_deduplication",),)

LAYOUT: Final = (("reduce_transposes",), ("expand_high_rank_reshape_and_transpose",))

DEFAULT: Final = (TIDY, FUSE, MELT, *LAYOUT, *SAME, DEAD)

PIPELINES: Final[dict[str, tuple[Names, ...]]] = {
    "default": ((DEAD,), DEFAULT, GUARD, EQUAL, LAST, STORED),
    "default_fp16": (
        (DEAD,), DEFAULT, (("add_fp16_cast",),), (("add_int16_cast",),), DEFAULT, GUARD,
        (("add_int16_cast",),), DEFAULT, EQUAL, LAST, STORED,
    ),
    "cleanup": ((DEAD,), (TIDY, *SAME, DEAD), EQUAL, LAST, STORED),
    "none": (),
}  # fmt: skip
"""By name the stages of a pipeline: groups that are repeated until they find nothing more."""

PURPOSES: Final = {
    "default": "all that makes a program smaller or faster and changes no precision",
    "default_fp16": "the same, and computes in fp16 what its range allows",
    "cleanup": "what is dead, constant, without effect or there twice",
    "none": "nothing; for passes that are named one by one",
}

ON_REQUEST: Final = {
    "materialize_symbolic_shape_program": "who asks for it says which functions to add",
    "scaled_dot_product_attention_sliced_q": "it takes more time, for less memory",
    "adjust_io_to_supported_types": "it changes what an app gives and gets",
    "image_input_preprocess": "it changes what an app gives",
    "update_output_dtypes": "it changes what an app gets",
    "handle_unused_inputs": "it adds ops that do nothing, for the sake of some runtimes",
    "sanitize_input_output_names": "it changes names that an app knows",
    "sanitize_name_strings": "it changes names that an app knows",
    "reorder_lut_per_channel_scale": "one engine wants it; elsewhere it is one op more",
    "remove_redundant_ops": "value_numbering finds all that it does, and more",
}
"""Passes in no pipeline, and why."""


def named(name: str) -> Pipeline:
    """The pipeline of a name. Raises KeyError if there is none.

    A pass that stands in it twice is the same one: what it has seen it need not see again.
    """
    stages = PIPELINES[name]
    passes = {each: made(each) for stage in stages for group in stage for each in group}
    return [Rounds([passes[each] for each in group] for group in stage) for stage in stages]


def places(name: str) -> list[str]:
    """The pipelines that a pass stands in."""
    return [
        pipeline
        for pipeline, stages in PIPELINES.items()
        if any(name in group for stage in stages for group in stage)
    ]


def unplaced() -> list[str]:
    """The passes that stand in no pipeline, and of which nobody says why."""
    return [name for name in modules() if not places(name) and name not in ON_REQUEST]
