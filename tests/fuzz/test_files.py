"""Weight files, descriptions and manifests after a few changes; sizes that are not true."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milc.diagnostics import MilError
from milc.driver.loading import load
from milc.ir.literals import BlobRef
from milc.ir.types import FP16
from milc.package.weights import WeightFiles
from tests.fuzz import bases
from tests.fuzz.checks import check_coremldata, check_manifest, check_weights
from tests.fuzz.confined import Case, confined
from tests.fuzz.mutations import mutated_bytes
from tests.fuzz.profile import examples
from tests.fuzz.trees import changed_json


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with TemporaryDirectory() as made:
        yield Path(made)


@examples(150)
@given(st.integers(0, 1), st.randoms(use_true_random=True))
def test_changed_weight_files(folder: Path, which: int, random: Random) -> None:
    path = folder / "weight.bin"
    path.write_bytes(mutated_bytes(bases.weight_files()[which], random))
    with TemporaryDirectory(dir=folder) as out:
        check_weights(path, Path(out))


@examples(300)
@given(st.integers(0, 1 << 16), st.randoms(use_true_random=True))
def test_changed_descriptions_of_bundles(which: int, random: Random) -> None:
    held = bases.coremldata()
    check_coremldata(mutated_bytes(held[which % len(held)], random))


ITEM = {"author": "a", "description": "d", "name": "n", "path": "p"}
MANIFEST = {
    "fileFormatVersion": "1.0.0",
    "itemInfoEntries": {"u": ITEM, "w": {**ITEM, "name": "weights", "path": "w"}},
    "rootModelIdentifier": "u",
}


@examples(200)
@given(st.booleans(), st.randoms(use_true_random=True))
def test_changed_manifests(folder: Path, as_json: bool, random: Random) -> None:
    (folder / "Data").mkdir(exist_ok=True)
    (folder / "Data" / "p").touch()
    data = json.dumps(changed_json(MANIFEST, random) if as_json else MANIFEST).encode()
    (folder / "Manifest.json").write_bytes(data if as_json else mutated_bytes(data, random))
    check_manifest(folder)


SPARSE = 1 << 40
"""Bytes of a file that has next to none on disk."""


def check_sparse(folder: str, kind: str) -> None:
    """A file that says it is huge, and by its size is; it is never read whole."""
    path = Path(folder) / kind
    with path.open("wb") as file:
        file.truncate(SPARSE)
        file.seek(0)
        if kind == "weight.bin":
            file.write(struct.pack("<II56x", 1 << 31, 2))
            file.write(struct.pack("<IIQQQ32x", 0xDEADBEEF, 1, SPARSE - 128, 128, 0))
    if kind == "weight.bin":
        refs = [BlobRef(FP16((SPARSE - 128) // 2), "@model_path/weight.bin", 64)]
        assert WeightFiles(path.parent).check_all(refs) == []
    with pytest.raises(MilError):
        load(path)


def test_huge_files_take_no_memory(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    kinds = ("weight.bin", "model.mil", "model.mlmodel")
    check = "tests.fuzz.test_files:check_sparse"
    found = confined(Case(kind, check, [str(tmp_path), kind]) for kind in kinds)
    assert [outcome.error for outcome in found.values()] == ["", "", ""]
