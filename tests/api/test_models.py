"""Models of every kind that coremltools builds, taken all the way around."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

import milc
from milc.diagnostics import MilError
from milc.package.bundle import read_manifest
from milc.package.proto import model_pb2
from milc.syntax.print import Style
from tests.oracle import Oracle
from tests.shared import ORACLE_PYTHON, needs_oracle

MAKER = Path(__file__).with_name("coremltools_models.py")
NAMES = (
    "scalars", "empty_dimension", "int8_input", "nothing_in", "one_output_twice", "images",
    "grey_images_of_listed_sizes", "ranges", "listed_shapes_of_two_inputs", "optional_input",
    "odd_labels", "numbers_for_labels", "state_before_input", "functions", "blocks_of_int4",
    "affine_int8", "palettes_1", "palettes_2", "palettes_3", "palettes_4", "palettes_6",
    "palettes_8", "sparse_palettes", "odd_numbers", "loops_and_branches", "lists", "custom_layer",
    "metadata",
)  # fmt: skip

pytestmark = needs_oracle
each = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a package of each kind."""
    folder = tmp_path_factory.mktemp("models")
    command = [ORACLE_PYTHON, MAKER, folder]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return folder


def content(package: Path) -> tuple[bytes, dict[str, bytes]]:
    """The message with its maps in order, and the weight files."""
    manifest = read_manifest(package)
    message = model_pb2.Model.FromString(manifest.model.read_bytes())
    files = {
        str(path.relative_to(manifest.model_path)): path.read_bytes()
        for path in manifest.model_path.rglob("*")
        if path.is_file() and path != manifest.model
    }
    return message.SerializeToString(deterministic=True), files


def test_each_kind_is_made(made: Path) -> None:
    assert {path.name for path in made.glob("*.mlpackage")} >= {f"{n}.mlpackage" for n in NAMES}


@each
def test_nothing_is_wrong_with_it(made: Path, name: str) -> None:
    found = milc.verify(milc.load(made / f"{name}.mlpackage"))
    assert [finding for finding in found if finding.severity == "error"] == []


@each
@pytest.mark.parametrize("style", ["milc", "coremlc"])
def test_it_comes_back_from_a_folder(
    made: Path, name: str, style: Style, tmp_path: Path, oracle: Oracle
) -> None:
    package, again = made / f"{name}.mlpackage", tmp_path / "again.mlpackage"
    assert milc.decompile(package, tmp_path / "folder", style=style).notes == []
    milc.compile(tmp_path / "folder", again)
    assert content(again) == content(package)
    if style == "coremlc":
        assert oracle.load(again) == oracle.load(package)


@each
def test_values_move_into_the_program_and_out_of_it(
    made: Path, name: str, tmp_path: Path, oracle: Oracle
) -> None:
    package, one, other = (
        made / f"{name}.mlpackage",
        tmp_path / "a.mlmodel",
        tmp_path / "b.mlpackage",
    )
    milc.compile(package, one, inline=1 << 30)
    milc.compile(one, other, externalize=0)
    wanted = oracle.load(package)
    assert not wanted.ok or oracle.load(one) == oracle.load(other) == wanted


@each
def test_it_comes_back_from_what_apples_compiler_would_make_of_it(
    made: Path, name: str, tmp_path: Path
) -> None:
    package, bundle, again = (
        made / f"{name}.mlpackage",
        tmp_path / "m.mlmodelc",
        tmp_path / "a.mlpackage",
    )
    compiled(package, bundle)
    milc.compile(bundle, again)
    if name == "state_before_input":  # the text is sorted, and states are described apart
        assert content(again) != content(package)
    else:
        assert content(again) == content(package)


def compiled(package: Path, bundle: Path) -> None:
    """A bundle by all that is known of how Apple's compiler writes one."""
    model, manifest = milc.load(package), read_manifest(package)
    shutil.copytree(manifest.model_path, bundle)
    own = {"coremlc-component-MIL": "3500.14.1", "coremlc-version": "3500.32.1"}
    text = milc.to_text(model, "coremlc", own)
    (bundle / "model.mil").write_bytes(text.encode())
    (bundle / "model.mlmodel").unlink()
    model.spec.description.metadata.SetInParent()
    description = model.spec.description.SerializeToString()
    version = model.specification_version
    head = struct.pack("<II20xII7s", 502, 5 if version < 8 else 9, 7, 0, b"generic")
    described = struct.pack("<B31xQ", version, len(description)) + description
    trailer = struct.pack("<I12x", 502) * len(model.program.functions)
    (bundle / "coremldata.bin").write_bytes(head + described + trailer)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ranges", {"ranges": [(1, 1), (3, 1 << 40), (3, 3)]}),
        ("images", {"color": "BGR", "feature": "image"}),
        ("listed_shapes_of_two_inputs", {"shapes": [[5], [2], [2]]}),
        ("optional_input", {"optional": True}),
        ("scalars", {"type": "int32", "shape": []}),
    ],
)
def test_an_app_sees_it(made: Path, name: str, said: dict[str, object]) -> None:
    (function,) = milc.info(milc.load(made / f"{name}.mlpackage")).functions
    features = [feature._asdict() for feature in function.inputs]
    assert any(said.items() <= feature.items() for feature in features), features


def test_it_needs_its_weights(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "blocks_of_int4.mlpackage", tmp_path / "m.mlpackage")
    shutil.rmtree(tmp_path / "m.mlpackage/Data/com.apple.CoreML/weights")
    with pytest.raises(MilError, match="MIL0601"):
        milc.compile(tmp_path / "m.mlpackage", tmp_path / "n.mlpackage")
