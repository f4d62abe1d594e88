"""Values moved between the program and its weight files."""

from __future__ import annotations

from pathlib import Path

import pytest

import milc
from milc.driver.placing import externalize, inline
from milc.ir.compare import difference
from milc.ir.literals import BlobRef, Literal
from milc.ir.walk import walk_ops
from tests.shared import SHARED, needs_shared

CONSTS = {
    "a": "tensor<fp32, [4]>([1, 2, 3, 4])",
    "b": "tensor<fp32, [4]>([1, 2, 3, 4])",
    "i": "tensor<int32, [4]>([1, 2, 3, 4])",
    "n": "tensor<int4, [9]>([1, 2, 3, 4, 5, 6, 7, 0, 1])",
    "t": "tensor<bool, [9]>([true, true, true, true, true, true, true, true, true])",
    "s": 'tensor<string, [2]>(["aaaaaaaaaaaa", "b"])',
    "l": "tensor<int64, [2]>([1, 2])",
}
OPS = """
        tensor<fp32, [4]> y = add(x = x, y = tensor<fp32, [4]>([5, 6, 7, 8]));
        tensor<fp32, [8]> z = concat(
            values = (tensor<fp32, [4]>([1, 2, 3, 4]), y), axis = int32(0));
"""


def text(version: str, opset: str) -> str:
    """A program with values of all kinds, as constants and as arguments."""
    consts = [
        f"{value.partition('(')[0]} {name} = const()[val = {value}];"
        for name, value in CONSTS.items()
    ]
    head = f"program({version}) {{ func main<{opset}>(tensor<fp32, [4]> x) {{"
    return f"{head} {' '.join(consts)} {OPS} }} -> (y); }}"


def model(tmp_path: Path, version: int = 9) -> milc.Model:
    path = tmp_path / "m.mil"
    made = text("1.3", "ios18") if version >= 9 else text("1.0", "ios16")
    path.write_text(made, encoding="utf-8")
    return milc.load(path)


def literals(found: milc.Model) -> list[Literal]:
    held: list[Literal] = []
    for op in walk_ops(found.program):
        held += op.attributes.values()
        held += [operand for _, _, operand in op.operands if isinstance(operand, Literal)]
    return held


def references(found: milc.Model) -> list[BlobRef]:
    return [literal for literal in literals(found) if isinstance(literal, BlobRef)]


def test_what_is_large_enough_moves_and_equal_values_are_stored_once(tmp_path: Path) -> None:
    found = model(tmp_path)
    assert externalize(found, 15) == 5
    held = references(found)
    assert [repr(ref.type) for ref in held] == [
        "tensor<fp32, [4]>", "tensor<fp32, [4]>", "tensor<int32, [4]>", "tensor<fp32, [4]>",
        "tensor<fp32, [4]>",
    ]  # fmt: skip
    assert [ref.offset for ref in held] == [64, 64, 192, 320, 64]
    assert {ref.path for ref in held} == {"@model_path/weights/weight.bin"}


def test_what_storage_cannot_hold_stays(tmp_path: Path) -> None:
    found = model(tmp_path)
    externalize(found, 0)
    elements = {ref.type.element.name for ref in references(found)}  # type: ignore[attr-defined]
    assert elements == {"fp32", "int32", "int4"}


def test_scalars_stay(tmp_path: Path) -> None:
    found = model(tmp_path)
    externalize(found, 0)
    assert all(ref.type.shape for ref in references(found))  # type: ignore[attr-defined]


def test_old_systems_get_the_types_that_they_know(tmp_path: Path) -> None:
    found = model(tmp_path, 7)
    externalize(found, 0)
    elements = {ref.type.element.name for ref in references(found)}  # type: ignore[attr-defined]
    assert elements == {"fp32"}


@pytest.mark.parametrize("limit", [0, 15, 16, 1000])
def test_inlining_gives_the_program_back(tmp_path: Path, limit: int) -> None:
    found = model(tmp_path)
    before = milc.to_text(found)
    moved = externalize(found, limit)
    assert (milc.to_text(found) == before) is (moved == 0)
    assert inline(found, 1000) == moved
    assert milc.to_text(found) == before


def test_only_small_blobs_are_inlined(tmp_path: Path) -> None:
    found = model(tmp_path)
    externalize(found, 0)
    assert inline(found, 5) == 1
    assert {repr(ref.type) for ref in references(found)} == {
        "tensor<fp32, [4]>", "tensor<int32, [4]>",
    }  # fmt: skip


def test_what_was_moved_is_written(tmp_path: Path) -> None:
    found = model(tmp_path)
    before = milc.to_text(found)
    externalize(found, 0)
    milc.save(found, tmp_path / "m.mlpackage")
    saved = milc.load(tmp_path / "m.mlpackage")
    assert milc.verify(saved) == []
    assert len(references(saved)) == 6
    inline(saved, 1000)
    assert difference(saved.program, milc.parse(before), order=False) is None


def test_a_reference_that_is_not_sound_is_not_inlined(tmp_path: Path) -> None:
    found = model(tmp_path)
    externalize(found, 0)
    milc.save(found, tmp_path / "m.mlpackage")
    (tmp_path / "m.mlpackage/Data/com.apple.CoreML/weights/weight.bin").write_bytes(b"\0" * 200)
    with pytest.raises(milc.MilError) as raised:
        inline(milc.load(tmp_path / "m.mlpackage"), 1000)
    assert raised.value.diagnostics[0].code.startswith("MIL06")


@needs_shared
def test_a_real_model_comes_back(tmp_path: Path) -> None:
    source = SHARED / "bench/gpt_opt_fp16.mlpackage"
    before = milc.load(source).encode()
    milc.compile(source, tmp_path / "a.mlmodel", inline=1 << 20)
    milc.compile(tmp_path / "a.mlmodel", tmp_path / "b.mlpackage", externalize=19)
    found = milc.load(tmp_path / "b.mlpackage")
    assert len(references(found)) >= 290
    assert milc.verify(found) == []
    inline(found, 1 << 20)
    assert found.encode() == milc.load(tmp_path / "a.mlmodel").encode()
    assert milc.load(source).encode() == before
