"""Weight files that leave out what nothing refers to any more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import milc
from milc.diagnostics import MilError, errors
from milc.driver.placing import pack
from milc.ir.literals import WEIGHT_FILE, BlobRef
from milc.ir.types import FP32, INT4
from milc.package.model import Model, load_package
from milc.package.weights import WeightFile, WeightFiles

FUNCTION = """
    func {name}<ios18>(tensor<fp32, [1]> x) {{
        tensor<fp32, [40]> w = const()[val = tensor<fp32, [40]>(
            BLOBFILE(path = string("{file}"), offset = uint64({offset})))];
        tensor<fp32, [40]> y = mul(x = x, y = w);
    }} -> (y);
"""


def weight(number: int) -> bytes:
    return np.full(40, number, "<f4").tobytes()


def made(folder: Path, blobs: int = 5) -> Path:
    """A package with a function for each blob."""
    files, text = WeightFiles(None), "program(1.3)\n{"
    for number in range(blobs):
        offset = files.append(WEIGHT_FILE, FP32, weight(number))
        name = f"f{number}" if number else "main"
        text += FUNCTION.format(name=name, file=WEIGHT_FILE, offset=offset)
    model = Model(milc.parse(text + "}\n"), weights=files)
    milc.save(model, folder / "all.mlpackage")
    return folder / "all.mlpackage"


def held(model: Model) -> list[bytes]:
    """The weights of the functions, that of `main` first."""
    found, functions = [], model.program.functions
    for name in sorted(functions, key=lambda name: (name != "main", name)):
        function = functions[name]
        assert function.body.first is not None
        ref = function.body.first.attributes["val"]
        assert isinstance(ref, BlobRef)
        found.append(model.weights.literal(ref).data)
    return found


def without(model: Model, *names: str) -> None:
    for name in names:
        del model.program.functions[name]
    model.described = False


def test_blobs_without_references_are_left_out(tmp_path: Path) -> None:
    model = load_package(made(tmp_path))
    without(model, "f1", "f3")
    assert pack(model) == 2 * (64 + 192)
    wanted = [weight(0), weight(2), weight(4)]
    assert held(model) == wanted
    milc.save(model, tmp_path / "some.mlpackage")
    again = load_package(tmp_path / "some.mlpackage")
    assert held(again) == wanted
    assert errors(milc.verify(again)) == []
    file = again.weights.file(WEIGHT_FILE)
    assert [blob.offset for blob in file.blobs()] == [64, 320, 576]
    assert file.path is not None
    assert file.path.stat().st_size == 576 + 64 + 160


def test_a_file_of_which_all_is_used_stays(tmp_path: Path) -> None:
    model = load_package(made(tmp_path))
    file = model.weights.file(WEIGHT_FILE)
    assert pack(model) == 0
    assert model.weights.file(WEIGHT_FILE) is file


def test_more_can_be_appended(tmp_path: Path) -> None:
    model = load_package(made(tmp_path))
    without(model, "f1", "f2")
    pack(model)
    data = bytes([0x21, 0x03])
    offset = model.weights.append(WEIGHT_FILE, INT4, data, count=3)
    file = model.weights.file(WEIGHT_FILE)
    assert file.read(file.blob(offset)) == data
    assert bytes(file.data(file.blob(offset))) == data
    file.write(tmp_path / "weight.bin")
    written = WeightFile(tmp_path / "weight.bin")
    assert [written.read(blob) for blob in written.blobs()] == [*held(model), data]
    assert [blob.count for blob in written.blobs()] == [40, 40, 40, 3]


def test_where_nothing_is_left_there_is_no_blob(tmp_path: Path) -> None:
    model = load_package(made(tmp_path))
    without(model, "f2")
    pack(model)
    file = model.weights.file(WEIGHT_FILE)
    with pytest.raises(MilError, match="MIL0613"):
        file.blob(128)
    with pytest.raises(MilError, match="MIL0612"):
        file.blob(1 << 20)


def test_a_packed_model_can_take_the_place_of_what_it_was_read_from(tmp_path: Path) -> None:
    path = made(tmp_path)
    model = load_package(path)
    without(model, "f1")
    pack(model)
    milc.save(model, path)
    assert held(load_package(path)) == [weight(0), weight(2), weight(3), weight(4)]
