"""Compressed constants, by coremltools: what its ops materialise, and models that it compresses."""

from __future__ import annotations

from typing import Any

import coremltools as ct
import coremltools.optimize.coreml as cto
import numpy as np
from coremltools.converters.mil import Builder as mb  # noqa: N813  # as the peer's docs call it
from coremltools.converters.mil.mil.ops.defs.iOS16 import constexpr_ops as of_ios16
from coremltools.converters.mil.mil.ops.defs.iOS18 import compression as of_ios18


def affine(data: Any, zero_point: Any, scale: Any, axis: int) -> Any:
    """constexpr_affine_dequantize."""
    op = of_ios16.constexpr_affine_dequantize
    return op.decompress(data, zero_point, scale, axis)


def lut_packed(indices: Any, lut: Any, shape: Any) -> Any:
    """constexpr_lut_to_dense of ios16."""
    return of_ios16.constexpr_lut_to_dense.decompress(lut, indices, np.array(shape, "u4"))


def sparse_packed(data: Any, mask: Any, shape: Any) -> Any:
    """constexpr_sparse_to_dense of ios16, for which the mask's last byte has to be full."""
    return of_ios16.constexpr_sparse_to_dense.decompress(data, mask, shape)


def lut(indices: Any, table: Any, axis: int | None) -> Any:
    """constexpr_lut_to_dense of ios18."""
    return of_ios18.constexpr_lut_to_dense.decompress(indices, table, axis)


def blockwise(data: Any, scale: Any, offset: Any) -> Any:
    """constexpr_blockwise_shift_scale."""
    return of_ios18.constexpr_blockwise_shift_scale.decompress(data, scale, offset)


def sparse(data: Any, mask: Any) -> Any:
    """constexpr_sparse_to_dense of ios18."""
    return of_ios18.constexpr_sparse_to_dense.decompress(data, mask)


def lut_sparse(mask: Any, data: Any, table: Any, axis: int | None) -> Any:
    """constexpr_lut_to_sparse."""
    return of_ios18.constexpr_lut_to_sparse.decompress(mask, data, table, axis)


def sparse_blockwise(mask: Any, data: Any, scale: Any, offset: Any) -> Any:
    """constexpr_sparse_blockwise_shift_scale."""
    op = of_ios18.constexpr_sparse_blockwise_shift_scale
    return op.decompress(mask, data, scale, offset)


def compressed(folder: str) -> dict[str, tuple[str, str]]:
    """Models that coremltools.optimize compresses, and what it then expands them to: their paths.

    They add the input, a vector of 64, to each row of a weight [32, 64].
    """
    made = {}
    for name, opset, passes in _recipes():
        model = _sum(opset)
        for compress in passes:
            model = compress(model)
        paths = f"{folder}/{name}.mlpackage", f"{folder}/{name}_expanded.mlpackage"
        model.save(paths[0])
        cto.decompress_weights(model).save(paths[1])
        made[name] = paths
    return made


def _sum(opset: Any) -> Any:
    weight = np.random.default_rng(0).normal(size=(32, 64)).astype("f4")

    @mb.program(input_specs=[mb.TensorSpec(shape=(64,))], opset_version=opset)
    def program(x: Any) -> Any:
        return mb.add(x=x, y=weight, name="y")

    return ct.convert(program, minimum_deployment_target=opset, skip_model_load=True)


def _quantized(joint: bool = False, **options: Any) -> Any:
    kind = cto.OpLinearQuantizerConfig(mode="linear", weight_threshold=0, **options)
    config = cto.OptimizationConfig(global_config=kind)
    return lambda model: cto.linear_quantize_weights(model, config, joint_compression=joint)


def _palettized(joint: bool = False, **options: Any) -> Any:
    kind = cto.OpPalettizerConfig(mode="uniform", weight_threshold=0, **options)
    config = cto.OptimizationConfig(global_config=kind)
    return lambda model: cto.palettize_weights(model, config, joint_compression=joint)


def _pruned() -> Any:
    kind = cto.OpMagnitudePrunerConfig(target_sparsity=0.6, weight_threshold=0)
    config = cto.OptimizationConfig(global_config=kind)
    return lambda model: cto.prune_weights(model, config)


def _recipes() -> list[tuple[str, Any, list[Any]]]:
    """Names, the opset, and how to compress."""
    old, new = ct.target.iOS16, ct.target.iOS18
    block = {"granularity": "per_block", "block_size": 16}
    whole = {"granularity": "per_tensor"}
    grouped = {"granularity": "per_grouped_channel", "group_size": 4}
    return [
        ("affine", old, [_quantized()]),
        ("affine_tensor", old, [_quantized(**whole)]),
        *[(f"lut_{bits}_bits", old, [_palettized(nbits=bits)]) for bits in (1, 2, 4, 6, 8)],
        ("sparse", old, [_pruned()]),
        ("block_int4", new, [_quantized(dtype="int4", **block)]),
        ("block_uint4", new, [_quantized(dtype="uint4", **block)]),
        ("channel_int8", new, [_quantized()]),
        ("lut_3_bits", new, [_palettized(nbits=3)]),
        ("lut_grouped", new, [_palettized(nbits=4, **grouped)]),
        ("sparse_18", new, [_pruned()]),
        ("sparse_lut", new, [_pruned(), _palettized(joint=True, nbits=4)]),
        ("sparse_quantized", new, [_pruned(), _quantized(joint=True)]),
        ("lut_quantized", new, [_palettized(nbits=4), _quantized(joint=True, **whole)]),
    ]
