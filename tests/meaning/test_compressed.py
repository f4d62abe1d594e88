"""What coremltools.optimize compressed computes what its expanded twin does, in little room."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import milc
from milc.driver.evaluating import Run
from milc.ir.constants import literal
from milc.ir.types import FP16, TO_INFER, TensorType
from tests.meaning.elements import small
from tests.meaning.peer import peer

SIDE = 512
LAYERS = 12


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    folder = tmp_path_factory.mktemp("compressed")
    made: dict[str, tuple[str, str]] = peer("constexpr:compressed", str(folder))
    return made


def test_compressed_models_compute_what_they_do_expanded(
    pairs: dict[str, tuple[str, str]],
) -> None:
    x = np.random.default_rng(1).normal(size=64).astype("f4")
    seen = set[str]()
    for name, paths in pairs.items():
        models = [milc.load(Path(path)) for path in paths]
        ours, expanded = (milc.evaluate(model, {"x": x})["y"] for model in models)
        np.testing.assert_allclose(ours, expanded, rtol=1e-3, atol=1e-3, err_msg=name)
        kinds = [op.kind for op in models[0].program.functions["main"].body.ops]
        assert any(kind.startswith("constexpr_") for kind in kinds), name
        seen.update(kind for kind in kinds if kind.startswith("constexpr_"))
    assert len(seen) == 6, seen


def layered() -> milc.Program:
    """Compressed weights, expanded one after the other and added up."""
    builder = milc.Builder(opset="ios18")
    data = literal(np.ones((SIDE, SIDE), "i1"))
    scale = literal(np.ones((1, 1), "f2"))
    with builder.function("main", {"x": TensorType(FP16, (SIDE,))}) as (x,):
        total = x
        for _ in range(LAYERS):
            (weight,) = builder.op(
                "constexpr_blockwise_shift_scale", [TO_INFER], data=data, scale=scale
            )
            (total,) = builder.op("add", [TO_INFER], x=total, y=weight)
        builder.outputs(total)
    return builder.program


def test_what_is_expanded_is_gone_behind_its_last_use() -> None:
    run = Run(layered())
    x = np.zeros(SIDE, "f2")
    tracemalloc.start()
    try:
        (total,) = run({"x": x}).values()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total.max() == total.min() == LAYERS
    # Two sums and a weight of fp16, and what `add` computes with, three of fp32, are 5 MB;
    # weights that nobody let go would be 6 MB more.
    assert peak < 14 * SIDE * SIDE * 2


def test_what_is_packed_stays_packed_until_an_op_takes_it() -> None:
    builder = milc.Builder(opset="ios18")
    numbers = small(np.arange(SIDE * SIDE).reshape(SIDE, SIDE) % 2, "uint1")
    table = literal(np.array([1, 3], "f2").reshape(1, 1, 2, 1))
    with builder.function("main", {"x": TensorType(FP16, (SIDE,))}) as (x,):
        total = x
        for _ in range(LAYERS):
            indices = builder.const(literal(numbers, numbers.element))
            (weight,) = builder.op("constexpr_lut_to_dense", [TO_INFER], indices=indices, lut=table)
            (total,) = builder.op("add", [TO_INFER], x=total, y=weight)
        builder.outputs(total)
    tracemalloc.start()
    try:
        run = Run(builder.program)
        ready = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert ready < LAYERS * SIDE * SIDE / 4
    for _ in range(2):
        (total,) = run({"x": np.zeros(SIDE, "f2")}).values()
        np.testing.assert_array_equal(total, LAYERS * (1 + 2 * np.asarray(numbers)))
