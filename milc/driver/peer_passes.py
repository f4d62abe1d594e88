"""The 88 passes of coremltools 9.0, and of those that milc does not have, why.

A pass of the same name in milc does the same; what is said of it then is how it differs.
"""

from __future__ import annotations

from typing import Final

_DIALECT: Final = "it works on the dialect of a converter; a program has core ops only"
_OLD_FORMAT: Final = "it is for the neuralnetwork format, which milc does not write"
_OTHER_RESULTS: Final = "it changes what a program computes, on purpose"
_IMAGES: Final = (
    "coremltools' converter is told the scale and bias of images, which no file holds;"
    " whoever has them writes the `mul` and `add` into the text"
)
_COMPRESSION: Final = "it compresses for other results, within an error; passes here keep results"
_LARGER: Final = "it makes a program larger, so that older tools can read it"

PEERS: Final = {
    "common::WeightRandomizer": _OTHER_RESULTS,
    "common::add_conv_transpose_output_shape": "",
    "common::add_fp16_cast": "",
    "common::add_int16_cast": "",
    "common::canonicalize_inplace_pattern": "",
    "common::canonicalize_quantized_lut_pattern": "",
    "common::cast_optimization": "",
    "common::compose_conv1d": "",
    "common::concat_to_pixel_shuffle": "",
    "common::const_deduplication": "",
    "common::const_elimination": "",
    "common::dead_code_elimination": "",
    "common::dedup_op_and_var_names": "",
    "common::dequantize_quantize_pair_elimination": "",
    "common::dequantize_to_constexpr": "",
    "common::detect_concat_interleave": "",
    "common::distributive_quantized_binary_op_scale_normalization": "",
    "common::divide_to_multiply": "",
    "common::expand_dynamic_linear": "",
    "common::expand_high_rank_reshape_and_transpose": "",
    "common::fuse_conv_batchnorm": "",
    "common::fuse_conv_bias": "",
    "common::fuse_conv_scale": "",
    "common::fuse_dilated_conv": "",
    "common::fuse_elementwise_to_batchnorm": "",
    "common::fuse_gelu_exact": "",
    "common::fuse_gelu_tanh_approximation": "",
    "common::fuse_layernorm_or_instancenorm": "",
    "common::fuse_leaky_relu": "",
    "common::fuse_linear_bias": "",
    "common::fuse_matmul_weight_bias": "",
    "common::fuse_onehot_matmul_to_gather": "",
    "common::fuse_pad_conv": "",
    "common::fuse_prelu": "",
    "common::fuse_reduce_mean": "",
    "common::fuse_squeeze_expand_dims": "",
    "common::fuse_stack_split": "",
    "common::fuse_transpose_matmul": "",
    "common::guard_negative_gather_indices": "",
    "common::image_input_preprocess": "",
    "common::int_op_canonicalization": "",
    "common::loop_invariant_elimination": "",
    "common::lower_complex_dialect_ops": _DIALECT,
    "common::materialize_symbolic_shape_program": "",
    "common::merge_affine_dequantize_with_consecutive_ops": "",
    "common::merge_consecutive_paddings": "",
    "common::merge_consecutive_relus": "",
    "common::merge_consecutive_reshapes": "",
    "common::merge_consecutive_transposes": "",
    "common::noop_elimination": "",
    "common::nullify_redundant_quantization_zero_point": "",
    "common::prefer_state_in_downstream": "",
    "common::prelu_to_lrelu": "",
    "common::rank0_expand_dims_swap": "",
    "common::reduce_transposes": "",
    "common::remove_redundant_ops": "",
    "common::remove_symbolic_reshape": "",
    "common::reorder_lut_per_channel_scale": "",
    "common::replace_stack_reshape": "",
    "common::sanitize_input_output_names": "",
    "common::scaled_dot_product_attention_sliced_q": "",
    "common::select_optimization": "",
    "common::topological_reorder": "",
    "common::update_output_dtypes": "",
    "common::use_reflection_padding": "",
    "compression::WeightDecompressor": _LARGER,
    "compression::insert_prefix_quantize_dequantize_pair": _COMPRESSION,
    "compression::insert_suffix_quantize_dequantize_pair": _COMPRESSION,
    "compression::linear_quantize_weights": _COMPRESSION,
    "compression::palettize_weights": _COMPRESSION,
    "compression::prune_weights": _COMPRESSION,
    "mil_backend::adjust_io_to_supported_types": "",
    "mil_backend::fuse_activation_silu": "",
    "mil_backend::fuse_pow2_sqrt": "",
    "mil_backend::insert_image_preprocessing_ops": _IMAGES,
    "mil_backend::sanitize_name_strings": "",
    "nn_backend::alert_return_type_cast": _OLD_FORMAT,
    "nn_backend::commingle_loop_vars": _OLD_FORMAT,
    "nn_backend::decompose_conv1d": _OLD_FORMAT,
    "nn_backend::handle_return_inputs_as_outputs": _OLD_FORMAT,
    "nn_backend::handle_return_unused_inputs": _OLD_FORMAT,
    "nn_backend::handle_unused_inputs": "",
    "tensorflow2::remove_vacuous_cond": "",
    "tensorflow::backfill_make_list_elem_type": _DIALECT,
    "tensorflow::expand_tf_lstm": _DIALECT,
    "tensorflow::tf_lstm_to_core_lstm": _DIALECT,
    "torch::torch_tensor_assign_to_core": _DIALECT,
    "torch::torch_upsample_to_core_upsample": _DIALECT,
}
