"""Packages: what a path holds, the manifest read and checked, a package written."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from milc.diagnostics import MilError
from milc.ir import types as t
from milc.package.bundle import AUTHOR, looks_like_package, read_manifest, sniff, write_package
from milc.package.proto import model_pb2
from milc.package.weights import BlobWriter, WeightFiles
from tests.oracle import Oracle
from tests.shared import SHARED, needs_shared

WEIGHT = "@model_path/weights/weight.bin"
PROGRAM = "program(1.0)\n{\n}"


def model_bytes(version: int = 8) -> bytes:
    """A Model message with an empty program."""
    model = model_pb2.Model(specificationVersion=version)
    model.description.input.add(name="x").type.multiArrayType.shape.append(1)
    model.mlProgram.version = 1
    return model.SerializeToString()


def codes(error: pytest.ExceptionInfo[MilError]) -> list[str]:
    return [found.code for found in error.value.diagnostics]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with one weight file."""
    source = tmp_path / "source/weights"
    source.mkdir(parents=True)
    with BlobWriter(source / "weight.bin") as writer:
        writer.append(t.FP16, b"\0\0")
    target = tmp_path / "m.mlpackage"
    write_package(target, model_bytes(), WeightFiles(source.parent), [WEIGHT])
    return target


def manifest_of(package: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((package / "Manifest.json").read_text())
    return manifest


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_package_is_laid_out_as_apple_does(package: Path) -> None:
    found = sorted(str(path.relative_to(package)) for path in package.rglob("*"))
    assert found == [
        "Data",
        "Data/com.apple.CoreML",
        "Data/com.apple.CoreML/model.mlmodel",
        "Data/com.apple.CoreML/weights",
        "Data/com.apple.CoreML/weights/weight.bin",
        "Manifest.json",
    ]
    manifest = read_manifest(package)
    assert manifest.folder == package
    assert manifest.model.read_bytes() == model_bytes()
    assert manifest.weights == manifest.model_path / "weights"
    assert manifest.warnings == ()
    assert WeightFiles(manifest.model_path).file(WEIGHT).count == 1
    assert looks_like_package(package)
    assert sniff(package) == "mlpackage"


def test_a_package_without_weights_has_their_folder_all_the_same(tmp_path: Path) -> None:
    write_package(tmp_path / "m.mlpackage", model_bytes(), WeightFiles(None), [])
    assert os.listdir(tmp_path / "m.mlpackage/Data/com.apple.CoreML/weights") == []


def test_the_same_model_gives_the_same_package(package: Path, tmp_path: Path) -> None:
    weights = WeightFiles(tmp_path / "source")
    write_package(tmp_path / "again", model_bytes(), weights, [WEIGHT])
    write_package(tmp_path / "other", model_bytes(9), weights, [WEIGHT])
    assert contents(tmp_path / "again") == contents(package)
    assert manifest_of(tmp_path / "other") != manifest_of(package)
    for identifier in manifest_of(package)["itemInfoEntries"]:
        assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", identifier)


def test_a_package_may_be_written_over_its_own_source(package: Path) -> None:
    before = contents(package)
    weights = WeightFiles(read_manifest(package).model_path)
    offset = weights.append(WEIGHT, t.INT8, b"x")
    write_package(package, model_bytes(), weights, [WEIGHT])
    after = contents(package)
    assert {name for name in before if before[name] != after[name]} == {
        "Data/com.apple.CoreML/weights/weight.bin"
    }
    assert WeightFiles(read_manifest(package).model_path).file(WEIGHT).blob(offset).count == 1


def test_a_package_does_not_replace_another_folder(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes").touch()
    with pytest.raises(MilError) as caught:
        write_package(tmp_path / "mine", model_bytes(), WeightFiles(None), [])
    assert codes(caught) == ["MIL0009"]
    assert os.listdir(tmp_path / "mine") == ["notes"]


def test_weights_that_are_missing_leave_the_old_package_whole(package: Path) -> None:
    before = contents(package)
    with pytest.raises(MilError) as caught:
        write_package(package, b"new", WeightFiles(None), [WEIGHT])
    assert codes(caught) == ["MIL0601"]
    assert contents(package) == before
    assert sorted(p.name for p in package.parent.iterdir()) == ["m.mlpackage", "source"]


def changed(package: Path, *keys: str, to: object = None) -> None:
    """Set the value below `keys` in the manifest, or remove it; `*` means the root item."""
    top = manifest_of(package)
    place: Any = top
    *path, last = (top["rootModelIdentifier"] if key == "*" else key for key in keys)
    for key in path:
        place = place[key]
    if to is None:
        del place[last]
    else:
        place[last] = to
    (package / "Manifest.json").write_text(json.dumps(top))


ITEM = ("itemInfoEntries", "*")


@pytest.mark.parametrize(
    ("expected", "keys", "to"),
    [
        (["MIL0503"], ("fileFormatVersion",), None),
        (["MIL0503"], ("fileFormatVersion",), 1.0),
        (["MIL0503"], ("fileFormatVersion",), "1.0"),
        (["MIL0503"], ("fileFormatVersion",), "1.0.1"),
        (["MIL0503"], ("fileFormatVersion",), "2.0.0"),
        (["MIL0503"], ("fileFormatVersion",), "9" * 5000 + ".0.0"),
        (["MIL0504"], ("itemInfoEntries",), None),
        (["MIL0504"], ("itemInfoEntries",), []),
        (["MIL0504"], ("rootModelIdentifier",), None),
        (["MIL0504"], ("rootModelIdentifier",), ["x"]),
        (["MIL0505"], (*ITEM, "author"), None),
        (["MIL0505"], (*ITEM, "description"), 1),
        (["MIL0505"], (*ITEM, "name"), []),
        (["MIL0505"], (*ITEM, "path"), {}),
        (["MIL0505"], ITEM, "x"),
        (["MIL0506"], ITEM, None),
        (["MIL0506"], ("rootModelIdentifier",), "x"),
        (["MIL0507"], (*ITEM, "path"), "/etc/passwd"),
        (["MIL0507"], (*ITEM, "path"), "../../source/weights/weight.bin"),
        (["MIL0507"], (*ITEM, "path"), "com.apple.CoreML/../com.apple.CoreML/model.mlmodel"),
        (["MIL0507"], (*ITEM, "path"), ""),
        (["MIL0507"], (*ITEM, "path"), "a\0b"),
        (["MIL0507"], (*ITEM, "path"), "\ud800"),
        (["MIL0507"], (*ITEM, "path"), "com.apple.CoreML/link"),
        (["MIL0508"], (*ITEM, "path"), "com.apple.CoreML/none.mlmodel"),
        (["MIL0508"], (*ITEM, "path"), "x" * 5000),
        (["MIL0509"], (*ITEM, "path"), "com.apple.CoreML"),
    ],
)
def test_a_damaged_manifest_has_a_code(
    expected: list[str], keys: tuple[str, ...], to: object, package: Path
) -> None:
    (package / "Data/com.apple.CoreML/link").symlink_to("/etc/passwd")
    changed(package, *keys, to=to)
    with pytest.raises(MilError) as caught:
        read_manifest(package)
    assert codes(caught) == expected


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("MIL0502", ""),
        ("MIL0502", "{"),
        ("MIL0502", "[]"),
        ("MIL0502", "[" * 100_000),
        ("MIL0502", "9" * 10_000),
        ("MIL0004", "\ud8ff"),
        ("MIL0005", " " * (1 << 20) + "{}"),
    ],
)
def test_a_manifest_that_is_no_json_has_a_code(code: str, text: str, package: Path) -> None:
    (package / "Manifest.json").write_text(text, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(MilError) as caught:
        read_manifest(package)
    assert codes(caught) == [code]


def test_all_that_is_wrong_with_a_manifest_is_said_at_once(package: Path) -> None:
    changed(package, "fileFormatVersion")
    changed(package, *ITEM, "path", to="/x")
    with pytest.raises(MilError) as caught:
        read_manifest(package)
    assert codes(caught) == ["MIL0503", "MIL0507"]


def test_a_package_without_a_manifest_or_with_one_elsewhere(package: Path) -> None:
    (package / "Manifest.json").rename(package.parent / "Manifest.json")
    for reader in (read_manifest, sniff):
        with pytest.raises(MilError) as caught:
            reader(package)
        assert codes(caught) == ["MIL0501"]
    (package / "Manifest.json").symlink_to(package.parent / "Manifest.json")
    with pytest.raises(MilError) as caught:
        read_manifest(package)
    assert codes(caught) == ["MIL0507"]


def test_a_weights_folder_that_git_dropped_is_a_warning(tmp_path: Path) -> None:
    write_package(tmp_path / "p", model_bytes(), WeightFiles(None), [])
    (tmp_path / "p/Data/com.apple.CoreML/weights").rmdir()
    manifest = read_manifest(tmp_path / "p")
    assert [(found.code, found.severity) for found in manifest.warnings] == [("MIL0508", "warning")]
    assert manifest.weights is not None


@pytest.mark.parametrize("name", ["Metadata.json", "FeatureDescriptions.json"])
def test_what_xcode_lays_over_a_model_is_not_read(name: str, package: Path) -> None:
    manifest = json.loads((package / "Manifest.json").read_text("utf-8"))
    values = {"author": AUTHOR, "description": "External Metadata Overlay", "name": name}
    manifest["itemInfoEntries"]["overlay"] = {**values, "path": f"{AUTHOR}/{name}"}
    (package / "Manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (package / "Data" / AUTHOR / name).write_text("{}", encoding="utf-8")
    (found,) = read_manifest(package).warnings
    assert (found.code, found.severity) == ("MIL0519", "warning")
    assert found.message.startswith(f"{name} replaces ")


def test_many_items_are_read_in_no_time(package: Path) -> None:
    top = manifest_of(package)
    top["itemInfoEntries"] |= {f"x{i}": {} for i in range(10_000)}
    (package / "Manifest.json").write_text(json.dumps(top))
    with pytest.raises(MilError) as caught:
        read_manifest(package)
    assert set(codes(caught)) == {"MIL0505"}
    assert len(caught.value.diagnostics) < 200


def kind_or_code(path: Path) -> str:
    """What `sniff` says, or the code of what it raises."""
    try:
        return sniff(path)
    except MilError as error:
        return error.diagnostics[0].code


def zipped() -> bytes:
    with zipfile.ZipFile(out := io.BytesIO(), "w") as file:
        file.writestr("x", "y")
    return out.getvalue()


def weights() -> bytes:
    with BlobWriter(out := io.BytesIO()) as writer:
        writer.append(t.INT8, b"x")
    return out.getvalue()


ONNX = b"\x08\x08\x12\x07pytorch\x1a\x032.1:\x03\x0a\x01\x00B\x02\x10\x11"


@pytest.mark.parametrize(
    ("expected", "content"),
    [
        ("text", PROGRAM.encode()),
        ("text", b"// a comment\n" + PROGRAM.encode()),
        ("text", b"prog\xff"),
        ("text", PROGRAM.encode("utf-16")),
        ("text", "ä".encode() * 4095),
        ("mlmodel", model_bytes()),
        ("mlmodel", model_bytes()[:-1]),
        ("mlmodel", model_pb2.Model(specificationVersion=1, pipeline={}).SerializeToString()),
        ("MIL0510", b"\0\1\2\3"),
        ("MIL0510", b"\x0a\x01x\x12\x01x\x22\x01x"),
        ("MIL0510", b"\x08" + b"\xff" * 40),
        ("MIL0510", b"\x08\x01\x1b\0"),
        ("mlmodel", b"\x08\x01\x12" + b"\xff" * 9 + b"\x01"),
        ("text", b"\xef\xbb\xbf\nprogram(1.0)\0"),
        ("text", b"// a\0"),
        ("MIL0511", b""),
        ("MIL0512", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
        ("MIL0513", model_bytes(5)),
        ("MIL0513", model_bytes(0)),
        ("MIL0514", zipped()),
        ("MIL0514", b"\x1f\x8b\x08\0"),
        ("MIL0514", ONNX),
        ("MIL0514", b"\x1c\0\0\0TFL3"),
        ("MIL0514", b"\x89HDF\r\n\x1a\n"),
        ("MIL0514", b'\x40\0\0\0\0\0\0\0{"a":{}}'),
        ("MIL0514", b'  {"fileFormatVersion": "1.0.0"}'),
        ("MIL0514", b"<!DOCTYPE html>"),
        ("MIL0514", weights()),
    ],
)
def test_a_file_is_known_by_its_content(expected: str, content: bytes, tmp_path: Path) -> None:
    (path := tmp_path / "x.mlmodel").write_bytes(content)
    assert kind_or_code(path) == expected


@pytest.mark.parametrize(
    ("expected", "names"),
    [
        ("mlpackage", ["Manifest.json", "Data/"]),
        ("mlmodelc", ["model.mil", "coremldata.bin"]),
        ("mlmodelc", ["model.mil", "model.json"]),
        ("mlmodelc", ["model.mil", "coremldata.bin", "Manifest.json"]),
        ("mlpackage", ["model.mil", "Manifest.json", "Data/"]),
        ("pipeline-mlmodelc", ["model0/", "coremldata.bin"]),
        ("pipeline-mlmodelc", ["model1/"]),
        ("MIL0501", ["Data/"]),
        ("MIL0510", ["x.txt"]),
        ("MIL0510", ["a.mlpackage/", "b.mil"]),
        ("MIL0511", []),
        ("MIL0514", ["saved_model.pb"]),
        ("MIL0518", ["coremldata.bin", "model.espresso.net"]),
    ],
)
def test_a_folder_is_known_by_its_content(expected: str, names: list[str], tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).touch()
    assert kind_or_code(tmp_path) == expected


def test_a_model_inside_the_named_folder_is_pointed_out(tmp_path: Path) -> None:
    (tmp_path / "a.mlpackage").mkdir()
    with pytest.raises(MilError) as caught:
        sniff(tmp_path)
    assert caught.value.diagnostics[0].help == f"name the model in it: {tmp_path / 'a.mlpackage'}"


def test_what_is_not_there_or_no_file_has_a_code(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for code, name in (("MIL0001", "none"), ("MIL0001", "a\0"), ("MIL0006", "pipe")):
        with pytest.raises(MilError) as caught:
            sniff(tmp_path / name)
        assert codes(caught) == [code]


def plain(text: str) -> str:
    """A manifest's text with the identifiers numbered in the order of what they name."""
    top = json.loads(text)
    for identifier, entry in top["itemInfoEntries"].items():
        text = text.replace(identifier, entry["name"])
    return text


@needs_shared
def test_every_manifest_of_the_corpus_is_read_and_laid_out_as_ours(package: Path) -> None:
    ours = (package / "Manifest.json").read_text()
    found, alike = list(SHARED.rglob("Manifest.json")), 0
    for path in found:
        manifest = read_manifest(path.parent)
        assert manifest.model.is_file()
        assert {warning.code for warning in manifest.warnings} <= {"MIL0508", "MIL0519"}
        text = path.read_text()
        alike += sorted(plain(text).splitlines()) == sorted(plain(ours).splitlines())
    assert len(found) > 50
    assert alike >= len(found) - 2  # one has more items, one is another writer's


@needs_shared
def test_every_model_of_the_corpus_is_known_for_what_it_is() -> None:
    kinds = {".mil": "text", ".mlpackage": "mlpackage", ".mlmodel": "mlmodel"}
    for path in (SHARED / "corpus").rglob("*"):
        kind = kinds.get(Path(path.name.split("@")[0]).suffix)
        unreleased = "apple+coremltools" in str(path) and kind == "mlmodel"
        if kind is not None:
            assert kind_or_code(path) == ("MIL0513" if unreleased else kind)


@needs_shared
def test_coremltools_reads_what_is_written(oracle: Oracle, tmp_path: Path) -> None:
    source = read_manifest(next((SHARED / "corpus/pairs").rglob("*.mlpackage")))
    content = source.model.read_bytes()
    write_package(tmp_path / "m.mlpackage", content, WeightFiles(source.model_path), [WEIGHT])
    assert oracle.spec(tmp_path / "m.mlpackage") == oracle.spec(source.folder)
    assert oracle.load(tmp_path / "m.mlpackage").ok
