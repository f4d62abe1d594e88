"""A sample of the figures: what `python -m tests.passes.figures` prints of all, of some."""

from __future__ import annotations

import pytest

import milc
from milc.diagnostics import errors
from milc.package.weightfile import WeightFile
from tests.passes import converts, orders
from tests.passes.records import Judged
from tests.shared import SHARED, needs_shared


def bad(found: list[Judged]) -> list[Judged]:
    """What is wrong and has no reason."""
    return [each for each in found if each.is_bad]


@needs_shared
def test_conversions_leave_no_more_ops_than_coremltools() -> None:
    found = list(converts.judged(every=60))
    assert len(found) > 20
    assert bad(found) == []


@needs_shared
@pytest.mark.parametrize("seed", [1, 2])
def test_passes_in_random_orders_change_no_results(seed: int) -> None:
    subjects = orders.chosen(["recorded"], every=60, start=seed)
    found = list(orders.judged(subjects, orders.plan_of("random", (), seed)))
    assert any(each.sort == "right" for each in found)
    assert bad(found) == []


@needs_shared
@pytest.mark.parametrize(("model", "most"), [("gpt", 951), ("resnet", 122), ("torchvit", 263)])
def test_models_end_with_no_more_ops_than_coremltools_leaves(model: str, most: int) -> None:
    held = milc.load(SHARED / f"bench/{model}_unopt.mlpackage")
    milc.optimize(held)
    assert errors(milc.verify(held)) == []
    ops = held.program.functions["main"].body.ops
    assert sum(op.kind != "const" for op in ops) <= most


@needs_shared
def test_weights_that_no_pass_touches_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    held = milc.load(SHARED / "bench/gpt_opt_fp32.mlpackage")
    read: list[int] = []
    data = WeightFile.data

    def seen(self: WeightFile, blob: object) -> object:
        read.append(getattr(blob, "size", 0))
        return data(self, blob)  # type: ignore[arg-type]  # as it was given

    monkeypatch.setattr(WeightFile, "data", seen)
    milc.optimize(held, "none", passes="topological_reorder,value_numbering,reduce_transposes")
    assert sum(read) < 10_000
