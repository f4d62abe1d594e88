"""Converts networks of PyTorch by coremltools, and tells what PyTorch computes."""

from __future__ import annotations

import copy
import logging
import warnings
from typing import Any

import coremltools as ct
import coremltools.optimize.coreml as cto
import numpy as np
import torch
from peer_side import models, snippets

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
torch.backends.mha.set_fastpath_enabled(False)  # coremltools knows the parts, not the whole


def names() -> tuple[list[str], list[str]]:
    """The networks and the snippets that there are."""
    return list(models.MODELS), list(snippets.SNIPPETS)


def converted(name: str, precision: str, path: str) -> list[tuple[dict[str, Any], list[Any]]]:
    """Write a network's package; of each step the inputs by name, and what PyTorch gives."""
    torch.manual_seed(0)
    made = {**models.MODELS, **snippets.SNIPPETS}[name]
    with torch.no_grad():
        case = made()
        module = case.module.eval()
        traced = torch.jit.trace(copy.deepcopy(module), case.steps[0], check_trace=False)
        model = _compressed(case, _converted(case, traced, precision))
        model.save(path)
        return [(_named(step), models.as_arrays(module(*step))) for step in case.steps]


def _converted(case: models.Case, traced: Any, precision: str) -> Any:
    inputs = [
        ct.TensorType(f"x{at}", shape=_shape(case, at, value), dtype=_given(value).dtype)
        for at, value in enumerate(case.steps[0])
    ]
    states = [
        ct.StateType(ct.TensorType(shape=buffer.shape, dtype=np.float16), name=name)
        for name, buffer in traced.named_buffers()
        if name in case.states
    ]
    return ct.convert(
        traced,
        inputs=inputs,
        states=states or None,
        convert_to="mlprogram",
        minimum_deployment_target=getattr(ct.target, case.target),
        compute_precision=getattr(ct.precision, precision),
        skip_model_load=True,
    )


def _shape(case: models.Case, at: int, value: Any) -> Any:
    free = case.flexible.get(at, [])
    return [
        ct.RangeDim(1, 64, default=dim) if axis in free else dim
        for axis, dim in enumerate(value.shape)
    ]


def _compressed(case: models.Case, model: Any) -> Any:
    found = case.compress(cto) if case.compress else []
    several = found if isinstance(found, list) else [found]
    for number, (compress, config) in enumerate(several):
        options = {"joint_compression": True} if number else {}
        model = compress(model, cto.OptimizationConfig(global_config=config), **options)
    return model


def _named(step: list[Any]) -> dict[str, Any]:
    return {f"x{at}": _given(value) for at, value in enumerate(step)}


def _given(value: Any) -> Any:
    array = value.numpy()
    return array.astype(np.int32) if array.dtype in (np.int64, np.bool_) else np.array(array)
