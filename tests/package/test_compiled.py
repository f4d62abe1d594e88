"""Compiled bundles: their parts, and the description in coremldata.bin."""

from __future__ import annotations

import base64
import hashlib
import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milc.diagnostics import MilError
from milc.package.bundle import read_manifest, sniff
from milc.package.compiled import CompiledBundle, read_coremldata
from milc.package.proto import model_pb2
from tests.shared import SHARED, needs_shared


def coremldata(description: bytes, functions: int = 1) -> bytes:
    """A coremldata.bin as the compiler lays it out."""
    head = struct.pack("<II20xQ7sB31xQ", 502, 5, 7, b"generic", 7, len(description))
    return head + description + struct.pack("<I12x", 502) * functions


def description() -> model_pb2.ModelDescription:
    made = model_pb2.ModelDescription()
    made.input.add(name="x").type.multiArrayType.shape.extend([1, 2])
    made.metadata.SetInParent()
    return made


DATA = coremldata(description().SerializeToString())


def string(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()


def analytics(name: str = "SpecificationDetails", key: str = "modelHash") -> bytes:
    return string(name) + struct.pack("<Q", 1) + string(key) + string("abc=")


def code_of(error: pytest.ExceptionInfo[MilError]) -> str:
    (found,) = error.value.diagnostics
    return found.code


def test_the_description_and_what_stands_beside_it_are_read() -> None:
    read = read_coremldata(coremldata(description().SerializeToString(), functions=3))
    assert read == (7, description(), 3)


@pytest.mark.parametrize(
    "size", [0, 3, 0x1B, 0x24, 0x2B, 0x4A, 0x53, len(DATA) - 17, len(DATA) - 1]
)
def test_a_shortened_file_has_a_code(size: int) -> None:
    with pytest.raises(MilError) as caught:
        read_coremldata(DATA[:size], "x/coremldata.bin")
    assert code_of(caught) == "MIL0515"
    assert caught.value.diagnostics[0].path == "x/coremldata.bin"


@pytest.mark.parametrize(
    ("code", "at", "layout", "value"),
    [
        ("MIL0515", 0x1C, "Q", 1 << 63),
        ("MIL0515", 0x4B, "Q", (1 << 64) - 1),
        ("MIL0515", 0x4B, "Q", len(DATA) - 0x53 - 16 - 3),
        ("MIL0515", len(DATA) - 16, "I", 500),
        ("MIL0515", len(DATA) - 1, "B", 1),
        ("MIL0516", 0, "I", 202),
        ("MIL0517", 0x53, "B", 0xFF),
    ],
)
def test_a_damaged_file_has_a_code(code: str, at: int, layout: str, value: int) -> None:
    struct.pack_into("<" + layout, data := bytearray(DATA), at, value)
    with pytest.raises(MilError) as caught:
        read_coremldata(bytes(data))
    assert code_of(caught) == code


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(DATA) - 1), st.integers(0, 255)), max_size=5))
def test_no_damage_leads_to_anything_but_a_diagnostic(changes: list[tuple[int, int]]) -> None:
    data = bytearray(DATA)
    for at, value in changes:
        data[at] = value
    with suppress(MilError):
        read_coremldata(bytes(data))


def test_nested_without_end_is_a_diagnostic() -> None:
    nested = b""
    for _ in range(2000):
        nested = b"\x0a" + struct.pack("B", 127) + nested[:127]
    with pytest.raises(MilError) as caught:
        read_coremldata(coremldata(b"\x0a" + b"\xff\xff\xff\xff\x0f" + nested))
    assert code_of(caught) == "MIL0517"


def test_a_bundle_tells_where_its_parts_are(tmp_path: Path) -> None:
    bundle = CompiledBundle(tmp_path)
    assert (bundle.model_mil, bundle.model_json, bundle.stages) == (None, None, [])
    assert (bundle.coremldata(), bundle.model_hash()) == (None, None)
    (tmp_path / "model.mil").touch()
    (tmp_path / "coremldata.bin").write_bytes(DATA)
    (tmp_path / "analytics").mkdir()
    (tmp_path / "analytics/coremldata.bin").write_bytes(analytics())
    assert bundle.model_mil == bundle.model_path / "model.mil"
    assert bundle.coremldata() == read_coremldata(DATA)
    assert bundle.model_hash() == "abc="


def test_stages_come_in_their_order(tmp_path: Path) -> None:
    for name in ("model10", "model2", "model0", "models", "model3x", "model" + "9" * 30):
        (tmp_path / name).mkdir()
    (tmp_path / "model1").touch()
    stages = CompiledBundle(tmp_path).stages
    assert [stage.folder.name for stage in stages] == ["model0", "model2", "model10"]


@pytest.mark.parametrize("name", ["model.mil", "coremldata.bin", "model0", "analytics"])
def test_a_part_is_no_link_out_of_the_bundle(name: str, tmp_path: Path) -> None:
    (tmp_path / "out/coremldata.bin").parent.mkdir()
    (tmp_path / "out/coremldata.bin").touch()
    (tmp_path / "bundle").mkdir()
    inside = tmp_path / "bundle" / name
    inside.symlink_to(tmp_path / ("out/coremldata.bin" if "." in name else "out"))
    bundle = CompiledBundle(tmp_path / "bundle")
    with pytest.raises(MilError) as caught:
        print(bundle.model_mil, bundle.stages, bundle.coremldata(), bundle.model_hash())
    assert code_of(caught) == "MIL0507"


@pytest.mark.parametrize(
    "data",
    [b"", analytics("other"), analytics(key="other")],
    ids=["empty", "no group", "no key"],
)
def test_a_hash_that_is_not_recorded_is_none(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "analytics").mkdir()
    (tmp_path / "analytics/coremldata.bin").write_bytes(data)
    assert CompiledBundle(tmp_path).model_hash() is None


@pytest.mark.parametrize("lie", [b"\xff" * 8, b"\x01" + bytes(7) + b"\xff" * 8])
def test_lying_numbers_in_the_analytics_have_a_code(lie: bytes, tmp_path: Path) -> None:
    (tmp_path / "analytics").mkdir()
    (tmp_path / "analytics/coremldata.bin").write_bytes(string("SpecificationDetails") + lie)
    with pytest.raises(MilError) as caught:
        CompiledBundle(tmp_path).model_hash()
    assert code_of(caught) == "MIL0515"


@needs_shared
def test_every_compiled_bundle_of_the_corpus_is_read() -> None:
    read = 0
    for path in (SHARED / "corpus").rglob("*.mlmodelc*"):
        bundle = CompiledBundle(path)
        if sniff(path) == "pipeline-mlmodelc":
            assert any(stage.model_mil for stage in bundle.stages)
            continue
        assert bundle.model_mil
        data = bundle.coremldata()
        read += data is not None
        assert data is None or data.functions == 1
    assert read > 15


@needs_shared
def test_the_description_of_a_compiled_bundle_is_its_package_s_own() -> None:
    alike = 0
    for folder in (SHARED / "corpus/pairs/FluidInference+mobius").iterdir():
        manifest = read_manifest(next(folder.glob("*.mlpackage")))
        bundle = CompiledBundle(next(folder.glob("*.mlmodelc")))
        content, data = manifest.model.read_bytes(), bundle.coremldata()
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        if bundle.model_hash() != digest:
            continue  # the halves come from different runs
        model = model_pb2.Model.FromString(content)
        assert data is not None
        assert data.description == model.description
        assert data.specification_version == model.specificationVersion
        alike += 1
    assert alike >= 14
