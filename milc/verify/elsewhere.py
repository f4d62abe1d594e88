"""What ops and their arguments are called elsewhere, and what they are in MIL.

The names are those of PyTorch, NumPy, ONNX, TensorFlow and Keras. A name is looked up only when it
is known to be wrong. Names are compared without case and underscores. Imports ir and opsets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from milc.ir.types import TensorType
from milc.opsets import index

if TYPE_CHECKING:
    from milc.ir.nodes import Op, Operand
    from milc.schema import Arg, OpDef

OPS: Final = {
    "absolute": "abs", "plus": "add", "subtract": "sub", "minus": "sub",
    "multiply": "mul", "times": "mul", "true_divide": "real_div", "floor_divide": "floor_div",
    "remainder": "mod", "power": "pow", "reciprocal": "inverse",
    "ln": "log", "logistic": "sigmoid", "swish": "silu",
    "hardsigmoid": "sigmoid_hard", "arccos": "acos", "arcsin": "asin",
    "arctan": "atan", "arctanh": "atanh", "clamp": "clip", "clip_by_value": "clip",
    "eq": "equal", "ne": "not_equal", "gt": "greater", "ge": "greater_equal",
    "gte": "greater_equal",
    "lt": "less", "le": "less_equal", "lte": "less_equal", "greater_than": "greater",
    "less_than": "less", "where": "select", "and": "logical_and", "or": "logical_or",
    "xor": "logical_xor", "not": "logical_not", "bitwise_not": "logical_not",
    "sum": "reduce_sum", "mean": "reduce_mean", "average": "reduce_mean", "prod": "reduce_prod",
    "amax": "reduce_max", "amin": "reduce_min", "reduce_l1": "reduce_l1_norm",
    "reduce_l2": "reduce_l2_norm", "logsumexp": "reduce_log_sum_exp", "argmax": "reduce_argmax",
    "argmin": "reduce_argmin", "permute": "transpose",
    "permute_dims": "transpose", "view": "reshape",
    "unsqueeze": "expand_dims", "concatenate": "concat", "cat": "concat",
    "flip": "reverse", "arange": "range_1d", "range": "range_1d", "full": "fill",
    "full_like": "fill_like", "constant": "const", "cumulative_sum": "cumsum",
    "nms": "non_maximum_suppression", "take": "gather",
    "index_select": "gather", "take_along_axis": "gather_along_axis",
    "take_along_dim": "gather_along_axis", "gather_elements": "gather_along_axis",
    "scatter_elements": "scatter_along_axis", "strided_slice": "slice_by_index",
    "conv1d": "conv", "conv2d": "conv", "conv3d": "conv",
    "convolution": "conv", "conv_transpose1d": "conv_transpose",
    "conv_transpose2d": "conv_transpose",
    "conv_transpose3d": "conv_transpose", "deconv": "conv_transpose",
    "deconvolution": "conv_transpose", "max_pool1d": "max_pool", "max_pool2d": "max_pool",
    "max_pool3d": "max_pool", "avg_pool1d": "avg_pool", "avg_pool2d": "avg_pool",
    "avg_pool3d": "avg_pool", "average_pool": "avg_pool", "mean_pool": "avg_pool",
    "batch_norm1d": "batch_norm", "batch_norm2d": "batch_norm", "batch_norm3d": "batch_norm",
    "batch_normalization": "batch_norm", "layer_normalization": "layer_norm",
    "instance_norm1d": "instance_norm", "instance_norm2d": "instance_norm",
    "instance_normalization": "instance_norm", "lrn": "local_response_norm",
    "fully_connected": "linear", "dense": "linear", "inner_product": "linear",
    "mm": "matmul", "bmm": "matmul",
    "sdpa": "scaled_dot_product_attention",
    "astype": "cast", "grid_sample": "resample", "update_state": "write_state",
    "assign_state": "write_state", "get_state": "read_state", "load_state": "read_state",
    "copy": "identity", "rand": "random_uniform", "randn": "random_normal", "clone": "identity",
    "dequantize_linear": "dequantize", "quantize_linear": "quantize",
    "bernoulli": "random_bernoulli",
}  # fmt: skip
"""Ops by the names that they have elsewhere: what else such a name could mean is not in MIL."""

ADVICE: Final = {
    "div": "`real_div` divides, and `floor_div` rounds down",
    "divide": "`real_div` divides, and `floor_div` rounds down",
    "neg": "write `mul` by -1",
    "negative": "write `mul` by -1",
    "gemm": "write `linear` for constant weights, else `matmul`; the sum is an `add`",
    "addmm": "write `linear` for constant weights, else `matmul`; the sum is an `add`",
    "max": "write `reduce_max` along dimensions, `maximum` of two tensors",
    "min": "write `reduce_min` along dimensions, `minimum` of two tensors",
    "norm": "write `reduce_l2_norm`, or `l2_norm` to divide by it",
    "var": "write `sub` of the mean, `square` and `reduce_mean`",
    "std": "write `sub` of the mean, `square`, `reduce_mean` and `sqrt`",
    "log_softmax": "write `softmax` and `log`, or `sub` of `reduce_log_sum_exp`",
    "flatten": "write `reshape`; `flatten2d` makes a matrix",
    "dropout": "leave it out: it does nothing in inference",
    "upsample": "write `upsample_nearest_neighbor` or `upsample_bilinear`",
    "interpolate": "write `upsample_bilinear`, or `resize_bilinear` for a size",
    "global_average_pool": "write `reduce_mean` over the spatial dimensions",
    "adaptive_avg_pool2d": "write `avg_pool`, or, for size 1, `reduce_mean`",
    "adaptive_max_pool2d": "write `max_pool`, or, for size 1, `reduce_max`",
    "group_norm": "write `reshape` into groups, `layer_norm` over each, and `reshape`",
    "rms_norm": "write `square`, `reduce_mean`, `rsqrt` and `mul`",
    "hardswish": "write `mul` of `x` by `sigmoid_hard` with alpha 1/6 and beta 0.5",
    "hard_tanh": "write `clip` from -1 to 1",
    "mish": "write `mul` of `x` by `tanh` of `softplus`",
    "selu": "write `elu` and `mul`",
    "log1p": "write `add` of 1 and `log`",
    "expm1": "write `exp` and `sub` of 1",
    "log2": "write `log` and `mul` by 1 / log(2)",
    "chunk": "write `split` with `num_splits`",
    "unbind": "write `split` and `squeeze`",
    "unstack": "write `split` and `squeeze`",
    "expand": "write `tile`; elementwise ops broadcast by themselves",
    "expand_as": "write `tile`; elementwise ops broadcast by themselves",
    "broadcast_to": "write `tile`; elementwise ops broadcast by themselves",
    "zeros": "write `fill`, or `const` for a shape that is fixed",
    "ones": "write `fill` with `value` 1, or `const` for a shape that is fixed",
    "zeros_like": "write `fill_like`",
    "ones_like": "write `fill_like` with `value` 1",
    "masked_fill": "write `select`",
    "tril": "write `band_part` with `upper` 0",
    "triu": "write `band_part` with `lower` 0",
    "sort": "write `argsort` and `gather_along_axis`, or `topk`",
    "contiguous": "leave it out: tensors of MIL have no layout",
    "detach": "leave it out",
    "to": "write `cast`",
    "float": 'write `cast` to "fp32"',
    "half": 'write `cast` to "fp16"',
    "multi_head_attention": "write `linear` and `scaled_dot_product_attention`",
    "slice": "write `slice_by_index` for an end, `slice_by_size` for a length",
    "repeat": "write `tile`, which repeats the whole",
    "embedding": "write `gather`: `x` is the table",
    "swapaxes": "write `transpose` with all dimensions in their new order",
    "dot": "write `matmul`, or `mul` and `reduce_sum`",
    "attention": "write `scaled_dot_product_attention` of `query`, `key` and `value`",
    "coreml_update_state": "write `write_state(input = s, data = d);`, and read it by `read_state`",
    "while": "write `while_loop`, whose blocks docs/language.md shows",
    "if": "write `cond`, whose blocks docs/language.md shows",
    "return": "what a block gives stands behind its closing brace: `} -> (y);`",
}  # fmt: skip
"""What stands for ops of other frameworks that MIL has several for, or none."""

ARGUMENTS: Final[dict[str, tuple[str, ...]]] = {
    "input": ("x",), "inp": ("x",), "self": ("x",), "a": ("x",), "lhs": ("x",), "left": ("x",),
    "data": ("x",), "tensor": ("x",), "inputs": ("values", "x"), "tensors": ("values",),
    "xs": ("values",), "x": ("values", "input", "data", "indices", "query", "a"),
    "y": ("b",),
    "b": ("y", "bias", "beta"), "other": ("y",), "rhs": ("y",), "right": ("y",), "exponent": ("y",),
    "condition": ("cond",), "mask": ("attn_mask", "cond"), "attention_mask": ("attn_mask",),
    "dim": ("axis", "axes"), "dims": ("axes", "perm"), "axis": ("axes",), "axes": ("axis", "perm"),
    "keepdim": ("keep_dims",), "keepdims": ("keep_dims",), "kernel_size": ("kernel_sizes",),
    "kernel_shape": ("kernel_sizes",), "ksize": ("kernel_sizes",),
    "pool_size": ("kernel_sizes",),
    "padding": ("pad", "pad_type"), "pads": ("pad",), "paddings": ("pad",),
    "auto_pad": ("pad_type",),
    "stride": ("strides",), "steps": ("stride",), "step": ("stride",), "dilation": ("dilations",),
    "dilation_rate": ("dilations",), "group": ("groups",), "eps": ("epsilon",),
    "weights": ("weight", "gamma"), "kernel": ("weight",), "filter": ("weight",),
    "filters": ("weight",), "w": ("weight",), "weight": ("gamma",), "bias": ("beta",),
    "scale": ("gamma",), "offset": ("beta",), "shift": ("beta",),
    "running_mean": ("mean",), "moving_mean": ("mean",), "running_var": ("variance",),
    "moving_variance": ("variance",), "var": ("variance",), "negative_slope": ("alpha",),
    "slope": ("alpha",), "min": ("alpha", "low"), "max": ("beta", "high"),
    "min_val": ("alpha",), "max_val": ("beta",), "a_min": ("alpha",), "a_max": ("beta",),
    "q": ("query",), "k": ("key",), "v": ("value",), "to": ("dtype",), "type": ("dtype",),
    "target_type": ("dtype",), "index": ("indices",), "idx": ("indices",), "ids": ("indices",),
    "repeats": ("reps",), "multiples": ("reps",), "permutation": ("perm",), "order": ("perm",),
    "newshape": ("shape",), "target_shape": ("shape",), "output_shape": ("shape",),
    "size": ("shape",), "chunks": ("num_splits",), "sections": ("num_splits",),
    "split": ("split_sizes",), "value": ("constant_val",), "pad_value": ("constant_val",),
    "constant_value": ("constant_val",), "fill_value": ("value",), "approximate": ("mode",),
    "start": ("begin",), "starts": ("begin",), "begins": ("begin",), "stop": ("end",),
    "ends": ("end",), "transpose_a": ("transpose_x",), "transpose_b": ("transpose_y",),
    "trans_a": ("transpose_x",), "trans_b": ("transpose_y",), "adj_x": ("transpose_x",),
    "adj_y": ("transpose_y",), "h0": ("initial_h",), "c0": ("initial_c",),
    "num_classes": ("one_hot_vector_size",), "depth": ("one_hot_vector_size",),
    "top_k": ("k",), "sorted": ("sort",), "std": ("stddev",), "mu": ("mean",),
    "blocksize": ("block_size",), "upscale": ("upscale_factor",), "state": ("input",),
}  # fmt: skip
"""Arguments by the names that they have elsewhere: the first counts that an op has and lacks."""

ABOUT: Final = {
    "descending": ("ascending", "`ascending` is its opposite"),
    "largest": ("ascending", "`ascending` is its opposite"),
    "count_include_pad": (
        "exclude_padding_from_average", "`exclude_padding_from_average` is its opposite",
    ),
    "scale_factor": (
        "scale_factor_height", "give `scale_factor_height` and `scale_factor_width`",
    ),
    "dim0": ("perm", "`perm` lists all dimensions in their new order"),
    "dim1": ("perm", "`perm` lists all dimensions in their new order"),
    "normalized_shape": ("axes", "`axes` lists the dimensions that are normalised"),
    "scale": ("attn_mask", "scores are divided by the root of the length of `query`"),
    "is_causal": ("attn_mask", "give `attn_mask`, which is false, or very low, where not to look"),
    "name": ("", 'a name is an attribute: `[name = string("…")]` behind the arguments'),
    "val": ("", "what is not an operand is an attribute: `[val = …]` behind the arguments"),
}  # fmt: skip
"""What to say of other arguments, and which argument an op has of which that is true."""


class Hint(NamedTuple):
    """What a name might mean: what to say of it, and what it is to be replaced by, if only that."""

    help: str | None
    instead: str = ""
    about: str = ""
    """The argument that the help is about."""


def plain(name: str) -> str:
    """A name without what differs from one habit of writing to another."""
    return name.replace("_", "").casefold()


def op_called(name: str) -> Hint | None:
    """What an op of this name is in MIL; None if nothing is known of the name."""
    word = plain(name)
    for known in index.families():
        if plain(known) == word:
            return Hint(f"did you mean `{known}`?", known)
    for other, advice in ADVICE.items():
        if plain(other) == word:
            return Hint(advice)
    for other, op in OPS.items():
        if plain(other) == word:
            return Hint(f"in MIL it is `{op}`", op)
    return None


def argument_called(name: str, op: Op, definition: type[OpDef], free: list[str]) -> Hint | None:
    """What an argument of this name is among those that an op is not given; None if unknown."""
    word = plain(name)
    for known in free:
        if plain(known) == word:
            return Hint(f"did you mean `{known}`?", known, known)
    meant = [known for known in _arguments().get(word, ()) if known in free]
    for known in meant:
        if _takes(definition.args[known], op.args.get(name, ())):
            return Hint(f"in MIL it is `{known}`", known, known)
    if meant:
        return Hint(f"in MIL it is `{meant[0]}`", "", meant[0])
    needed, advice = ABOUT.get(name.casefold(), ("", ""))
    applies = advice and (not needed or needed in definition.args)
    return Hint(advice, about=needed) if applies else None


def _arguments() -> dict[str, tuple[str, ...]]:
    return {plain(name): meant for name, meant in ARGUMENTS.items()}


def _takes(arg: Arg, operands: tuple[Operand, ...]) -> bool:
    """Whether operands have an element type that an argument takes."""
    types = [operand.type for operand in operands]
    return not any(
        isinstance(type, TensorType) and arg.elements and type.element not in arg.elements
        for type in types
    )
