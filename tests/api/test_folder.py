"""What `decompile` lays out, `compile` puts together again: the same message, in both styles."""

from __future__ import annotations

import json
from itertools import chain, islice
from pathlib import Path

import pytest

import milc
from milc.diagnostics import MilError
from milc.driver.decompiling import write_folder
from milc.package.model import Model, decode_model
from milc.package.weights import WeightFiles
from milc.syntax.print import Style
from tests.models import corpus, oracle_models
from tests.shared import needs_shared

STYLES: tuple[Style, ...] = ("milc", "coremlc")
STATE_FIRST = """
program(1.3) {
    func main<ios18>(state<tensor<fp16, [2]>> cache, tensor<fp16, [2]> b, tensor<fp16, [2]> a) {
        tensor<fp16, [2]> y = read_state(input = cache);
    } -> (y);
}
"""


class NoWeights(WeightFiles):
    """Stands for the weights of models that come without them: nothing is read or written."""

    def __init__(self) -> None:
        super().__init__(None)

    def size(self, paths: object) -> int:
        return 0

    def write_into(self, folder: object, paths: object, progress: object = None) -> None:
        return


def through_a_folder(model: Model, folder: Path, style: Style) -> bytes:
    """The message of a model that was laid out as a folder and read again."""
    model.weights = NoWeights()
    write_folder(model, folder, style)
    return milc.load(folder).encode()


@pytest.mark.parametrize("style", STYLES)
def test_the_order_of_inputs_that_nothing_else_tells(tmp_path: Path, style: Style) -> None:
    model = Model(milc.parse(STATE_FIRST))
    assert through_a_folder(model, tmp_path / "m", style) == model.encode()
    held = json.loads((tmp_path / "m/model.json").read_text("utf-8"))
    assert held["milc"] == {"inputs": {"main": ["cache", "b", "a"]}}


def test_an_order_that_the_description_tells_is_not_said_twice(tmp_path: Path) -> None:
    text = STATE_FIRST.replace("state<tensor<fp16, [2]>> cache, ", "").replace("cache", "a")
    model = Model(milc.parse(text))
    assert through_a_folder(model, tmp_path / "m", "coremlc") == model.encode()
    assert "milc" not in json.loads((tmp_path / "m/model.json").read_text("utf-8"))


@pytest.mark.parametrize(
    "own", [[], {"inputs": []}, {"inputs": {"main": "x"}}, {"inputs": {"m": [1]}}]
)
def test_an_order_that_is_none(tmp_path: Path, own: object) -> None:
    milc.save(milc.parse(STATE_FIRST), tmp_path / "m.mlpackage")
    milc.decompile(tmp_path / "m.mlpackage", tmp_path / "m")
    path = tmp_path / "m/model.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "milc": own}), "utf-8")
    with pytest.raises(MilError, match="MIL0730"):
        milc.load(tmp_path / "m")


@needs_shared
@pytest.mark.parametrize("style", STYLES)
def test_real_models(tmp_path: Path, style: Style) -> None:
    seen = 0
    for name, data in chain(islice(corpus(), 0, None, 6), oracle_models(every=400)):
        try:
            model = decode_model(data, name)
        except MilError:
            continue  # another kind of model
        assert through_a_folder(model, tmp_path / "m", style) == model.encode(), name
        seen += 1
    assert seen > 15
