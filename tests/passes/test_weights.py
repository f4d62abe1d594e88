"""weight_deduplication where text does not show it: weight files, and what is held in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import milc
from milc.driver.reading import reader
from milc.ir.literals import WEIGHT_FILE, BlobRef, Literal, TensorLiteral
from milc.ir.types import FP32
from milc.ir.walk import walk_ops
from milc.package.model import Model
from milc.package.weights import WeightFiles
from milc.passes.base import ProgramPass
from milc.passes.pipeline import made
from tests.commands import command_line
from tests.passes.running import optimized, same_results

HELD = np.arange(600, dtype="<f4")
SHAPES = ("[600]", "[1, 600]", "[20, 30]")


def model(*weights: str) -> Model:
    """A model with a function for each weight, which is written or lies in the file."""
    files = WeightFiles(None)
    text = "program(1.3)\n{"
    for number, weight in enumerate(weights):
        shape = SHAPES[number % len(SHAPES)]
        held = HELD + (weight == "other")
        value = f"[{', '.join(map(repr, held.tolist()))}]"
        if weight != "written":
            offset = files.append(WEIGHT_FILE, FP32, held.tobytes())
            value = f'BLOBFILE(path = string("{WEIGHT_FILE}"), offset = uint64({offset}))'
        elif shape == "[1, 600]":
            value = f"[{value}]"
        name = f"f{number}" if number else "main"
        text += f"""
    func {name}<ios15>(tensor<fp32, [1]> x) {{
        tensor<fp32, {shape}> w = const()[val = tensor<fp32, {shape}>({value})];
        tensor<fp32, {shape}> y = mul(x = x, y = w);
    }} -> (y);"""
    return Model(milc.parse(text + "\n}\n"), weights=files)


def weights(subject: Model) -> list[Literal]:
    """The weights of the functions."""
    ops = (op for f in subject.program.functions.values() for op in walk_ops(f))
    return [op.attributes["val"] for op in ops if op.kind == "const"]


def places(subject: Model) -> list[int]:
    """Where they lie in the file."""
    return [each.offset for each in weights(subject) if isinstance(each, BlobRef)]


def test_one_place_in_the_file_serves_all_functions_and_shapes() -> None:
    subject, before = model(*["held"] * 3), model(*["held"] * 3)
    assert len(set(places(subject))) == 3
    optimized(subject, "weight_deduplication")
    assert places(subject) == [places(before)[0]] * 3
    assert [repr(each.type) for each in weights(subject)] == [f"tensor<fp32, {s}>" for s in SHAPES]
    same_results(before, subject)


def test_others_stay_where_they_are() -> None:
    subject = model("held", "other", "held")
    before = places(subject)
    optimized(subject, "weight_deduplication")
    assert places(subject) == [before[0], before[1], before[0]]


def test_what_is_written_refers_to_a_file_that_holds_it() -> None:
    subject = model("written", "written", "held")
    (place,) = places(subject)
    optimized(subject, "weight_deduplication")
    assert places(subject) == [place] * 3


def test_what_is_held_in_memory_is_held_once() -> None:
    subject = model("written", "written")
    one, other = weights(subject)
    assert isinstance(one, TensorLiteral)
    assert isinstance(other, TensorLiteral)
    optimized(subject, "weight_deduplication")
    assert one.payload is other.payload
    assert other.type.shape == (1, 600)


IN_PLACE = """program(1.3)
{
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> a = mul(x = x, y = tensor<fp32, [2]>([0.5, 1.5]));
        tensor<fp32, [1, 2]> y = add(x = a, y = tensor<fp32, [1, 2]>([[0.5, 1.5]]));
        tensor<string, [2]> s = const()[val = tensor<string, [2]>(["a", "b"])];
    } -> (y);
    func other<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> y = mul(x = x, y = tensor<fp32, [2]>([2.5, 1.5]));
    } -> (y);
}
"""


@pytest.mark.parametrize(("least", "shared"), [(8, True), (9, False)])
def test_what_is_written_in_place_is_held_once_if_it_is_large(least: int, shared: bool) -> None:
    program = milc.parse(IN_PLACE)
    found = made("weight_deduplication", least_bytes=least)
    assert isinstance(found, ProgramPass)
    assert found.run_program(program, None) == []  # nobody sees a difference
    one, other = [op.args["y"][0] for op in list(program.functions["main"].body.ops)[:2]]
    assert isinstance(one, TensorLiteral)
    assert isinstance(other, TensorLiteral)
    assert (one.payload is other.payload) == shared


def test_only_functions_that_come_to_refer_to_a_file_have_changed() -> None:
    subject = model("held", "other", "held", "written")
    found = made("weight_deduplication")
    assert isinstance(found, ProgramPass)
    changed = found.run_program(subject.program, reader(subject.weights))
    assert [function.name for function in changed] == ["f2", "f3"]


def test_a_weight_of_another_size_than_all_others_is_not_read() -> None:
    subject = model("held")
    asked: list[BlobRef] = []
    definition = milc.passes.find("weight_deduplication")
    assert definition is not None
    definition().run_program(subject.program, asked.append)  # type: ignore[attr-defined]  # it has
    assert asked == []


WEIGHTS = Path("Data/com.apple.CoreML/weights/weight.bin")


@pytest.mark.parametrize("pipeline", ["default", "default_fp16", "none"])
def test_a_package_of_an_optimized_model_is_that_of_milc_opt(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    pipeline: str,
) -> None:
    cli = command_line(capsys, monkeypatch, tmp_path)
    given, ours, theirs = (tmp_path / f"{name}.mlpackage" for name in ("given", "ours", "theirs"))
    milc.save(model("held", "held", "other"), given)
    subject = milc.load(given)
    milc.optimize(subject, pipeline)
    milc.save(subject, ours)
    assert cli("opt", given, "-o", theirs, "--pipeline", pipeline).status == 0
    sizes = [(each / WEIGHTS).stat().st_size for each in (given, ours, theirs)]
    stored = {"default": 2 * 2400, "default_fp16": 2 * 1200, "none": 3 * 2400}[pipeline]
    assert sizes[0] > sizes[1] or pipeline == "none"
    assert sizes[1] == sizes[2]
    assert stored < sizes[1] < stored + 64 * 6
    assert (ours / WEIGHTS).read_bytes() == (theirs / WEIGHTS).read_bytes()
    same_results(milc.load(given), milc.load(ours))


def test_a_model_may_be_saved_and_optimized_on(tmp_path: Path) -> None:
    subject, path = model("held", "held"), tmp_path / "Model.mlpackage"
    for pipeline in ("default", "default_fp16", "default_fp16"):
        milc.optimize(subject, pipeline)
        milc.save(subject, path)
        assert milc.verify(milc.load(path)) == []
        same_results(subject, milc.load(path))
    assert (path / WEIGHTS).stat().st_size < 1200 + 64 * 4
