"""Weight files: storage version 2 read and written, references found and checked, files copied."""

from __future__ import annotations

import errno
import io
import os
import struct
import subprocess
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milc.diagnostics import Diagnostic, MilError, Source, Span
from milc.ir import types as t
from milc.ir.literals import BlobRef, tensor
from milc.ir.types import ElementType, TensorType
from milc.package import copying, weightfile
from milc.package.weights import DTYPE_CODES, Blob, BlobWriter, WeightFile, WeightFiles
from tests.shared import ORACLE_PYTHON, SHARED, needs_oracle, needs_shared

WEIGHT = "@model_path/weights/weight.bin"

# The storage's numbers, as Core ML's own headers give them.
CODES = {
    "fp16": 1, "fp32": 2, "uint8": 3, "int8": 4, "bf16": 5, "int16": 6, "uint16": 7, "int4": 8,
    "uint1": 9, "uint2": 10, "uint4": 11, "uint3": 12, "uint6": 13, "int32": 14, "uint32": 15,
    "fp8e4m3fn": 16, "fp8e5m2": 17,
}  # fmt: skip


def written(*blobs: tuple[ElementType, bytes, int | None]) -> bytes:
    """A weight file of these blobs."""
    out = io.BytesIO()
    with BlobWriter(out) as writer:
        for element, data, count in blobs:
            writer.append(element, data, count)
    return out.getvalue()


def code_of(call: object, *arguments: object) -> str:
    """The code of the only diagnostic that a call raises."""
    with pytest.raises(MilError) as caught:
        call(*arguments)  # type: ignore[operator]
    (found,) = caught.value.diagnostics
    return found.code


def codes(found: list[Diagnostic]) -> list[str]:
    return [diagnostic.code for diagnostic in found]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model's folder: fp16 at 64, int4 at 192, an empty fp32 at 320, uint8 at 384."""
    folder = tmp_path / "model"
    (folder / "weights").mkdir(parents=True)
    content = written(
        (t.FP16, bytes(range(10)), None),
        (t.INT4, bytes.fromhex("e18307"), 5),
        (t.FP32, b"", None),
        (t.UINT8, b"\1\2\3", None),
    )
    (folder / "weights/weight.bin").write_bytes(content)
    (folder / "model.mil").touch()
    return folder


def test_the_element_types_have_the_numbers_of_the_format() -> None:
    assert {element.name: code for element, code in DTYPE_CODES.items()} == CODES


def test_a_file_is_written_byte_for_byte_as_the_format_says() -> None:
    content = written((t.INT4, bytes.fromhex("e18307"), 5), (t.FP16, b"\0\x3c", None))
    header = struct.pack("<II56x", 2, 2)
    first = struct.pack("<IIQQQ32x", 0xDEADBEEF, 8, 3, 128, 4) + bytes.fromhex("e18307") + bytes(61)
    second = struct.pack("<IIQQQ32x", 0xDEADBEEF, 1, 2, 256, 0) + b"\0\x3c"
    assert content == header + first + second


@pytest.mark.parametrize("element", DTYPE_CODES, ids=str)
def test_every_element_type_comes_back(element: ElementType, tmp_path: Path) -> None:
    literal = tensor(element, (11,), [1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1])
    path = tmp_path / "w.bin"
    with BlobWriter(path) as writer:
        assert writer.append(t.UINT8, b"x") == 64
        offset = writer.append(element, literal.data, 11)
    file = WeightFile(path)
    blob = file.blob(offset)
    assert (blob.element, blob.count, file.count) == (element, 11, 2)
    assert file.read(blob) == literal.data == bytes(file.data(blob))
    assert [b.offset for b in file.blobs()] == [64, offset]
    again = WeightFiles(tmp_path).literal(BlobRef(literal.type, "@model_path/w.bin", offset))
    assert again == literal


def test_what_storage_cannot_hold_is_not_written() -> None:
    writer = BlobWriter(io.BytesIO())
    for element, data, count in (
        (t.BOOL, b"\1", None), (t.INT64, bytes(8), None), (t.STRING, b"", None),
        (t.FP16, b"\0\0\0", None), (t.INT4, b"\0", 3), (t.UINT8, b"\0\0", 1),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"cannot hold|do not take"):
            writer.append(element, data, count)
    assert writer.count == 0


def patched(at: int, layout: str, *values: int) -> bytes:
    """A file of one int4 blob of 5 elements and one fp16 blob of 1, changed at a place."""
    content = bytearray(written((t.INT4, bytes.fromhex("e18307"), 5), (t.FP16, b"\0\x3c", None)))
    struct.pack_into("<" + layout, content, at, *values)
    return bytes(content)


@pytest.mark.parametrize(
    ("code", "content", "offset"),
    [
        ("MIL0607", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", 64),
        ("MIL0607", b"version https://git-lfs.github.com/spec/v1\n" + bytes(99), 64),
        ("MIL0608", b"", 64),
        ("MIL0608", written()[:63], 64),
        ("MIL0609", patched(4, "I", 1), 64),
        ("MIL0609", bytes(640), 64),
        ("MIL0611", patched(0, ""), 0),
        ("MIL0611", patched(0, ""), -64),
        ("MIL0611", patched(0, ""), 65),
        ("MIL0612", patched(0, ""), 320),
        ("MIL0612", patched(0, ""), 1 << 64),
        ("MIL0612", patched(0, "")[:127], 64),
        ("MIL0613", patched(0, ""), 128),
        ("MIL0613", patched(64, "I", 0xDEADBEEE), 64),
        ("MIL0614", patched(68, "I", 0), 64),
        ("MIL0614", patched(68, "I", 18), 64),
        ("MIL0614", patched(68, "I", 0xFFFFFFFF), 64),
        ("MIL0615", patched(80, "Q", 127), 64),
        ("MIL0615", patched(80, "Q", 64), 64),
        ("MIL0615", patched(80, "Q", 0), 64),
        ("MIL0616", patched(80, "Q", 1 << 40), 64),
        ("MIL0616", patched(72, "Q", (1 << 64) - 1), 64),
        ("MIL0616", patched(0, "")[:257], 192),
        ("MIL0617", patched(88, "Q", 8), 64),
        ("MIL0617", patched(88, "Q", 3), 64),
        ("MIL0617", patched(88, "Q", (1 << 64) - 4), 64),
        ("MIL0617", patched(192 + 8, "Q", 1), 192),
        ("MIL0617", patched(72, "QQQ", 0, 128, 4), 64),
    ],
)
def test_a_damaged_file_has_a_code(code: str, content: bytes, offset: int, tmp_path: Path) -> None:
    path = tmp_path / "w.bin"
    path.write_bytes(content)
    assert code_of(lambda: WeightFile(path).blob(offset)) == code
    ref = BlobRef(TensorType(t.INT4, (5,)), "@model_path/w.bin", offset)
    assert codes(WeightFiles(tmp_path).check(ref)) == [code]


def test_blobs_put_together_by_hand_may_stand_anywhere(tmp_path: Path) -> None:
    content = written((t.FP16, b"\0\x3c", None))
    record = bytearray(content[64:130])
    record[16] = 130 + 64
    (tmp_path / "w.bin").write_bytes(content + record)
    files, half = WeightFiles(tmp_path), TensorType(t.FP16, (1,))
    first, second = (BlobRef(half, "@model_path/w.bin", offset) for offset in (64, 130))
    assert files.check(second) == []
    assert files.literal(second).data == b"\0\x3c"
    (found,) = files.check_all([first, second, second])
    assert (found.code, found.severity) == ("MIL0611", "warning")
    assert "offset 130" in found.message


def test_the_data_of_a_blob_is_told_from_its_record(tmp_path: Path) -> None:
    path = tmp_path / "w.bin"
    path.write_bytes(patched(0, ""))
    with pytest.raises(MilError) as caught:
        WeightFile(path).blob(128)
    assert caught.value.diagnostics[0].help == (
        "128 is where the data of a blob begins: its record, at 64, is meant"
    )


def test_a_whole_byte_type_may_have_garbage_where_the_padding_stands(tmp_path: Path) -> None:
    (path := tmp_path / "w.bin").write_bytes(patched(192 + 24, "Q", 5013805936))
    assert WeightFile(path).blob(192) == Blob(t.FP16, 192, 256, 2, 0)


@pytest.mark.parametrize("count", [3, 0xFFFFFFFF])
def test_a_header_that_tells_of_too_many_blobs_ends_at_the_file(count: int, tmp_path: Path) -> None:
    (path := tmp_path / "w.bin").write_bytes(patched(0, "I", count))
    blobs = WeightFile(path).blobs()
    assert [next(blobs).offset, next(blobs).offset] == [64, 192]
    assert code_of(next, blobs) == "MIL0610"


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("MIL0601", "@model_path/weights/other.bin"),
        ("MIL0601", "@model_path/weight.bin"),
        ("MIL0601", f"@model_path/{'x' * 300}"),
        ("MIL0601", "@model_path/dangling"),
        ("MIL0602", "weights/weight.bin"),
        ("MIL0602", "/etc/passwd"),
        ("MIL0602", ""),
        ("MIL0602", "@model_path"),
        ("MIL0602", "@model_path/"),
        ("MIL0602", "@model_path/."),
        ("MIL0602", "@model_path/weights/"),
        ("MIL0602", "@model_path/a\0b"),
        ("MIL0602", "@model_path/a\nb"),
        ("MIL0602", "@model_path/..\\x"),
        ("MIL0602", "@model_path/\ud800"),
        ("MIL0603", "@model_path/../model/weights/weight.bin"),
        ("MIL0603", "@model_path/weights/../weights/weight.bin"),
        ("MIL0604", "@model_path/out.bin"),
        ("MIL0604", "@model_path/away/weight.bin"),
        ("MIL0605", "@model_path/weights"),
        ("MIL0605", "@model_path/pipe"),
        ("MIL0606", "@model_path/loop"),
        ("MIL0622", "@model_path/model.mil"),
        ("MIL0622", "@model_path/./Model.mlmodel"),
    ],
)
def test_a_path_stays_in_the_model_folder(code: str, path: str, model: Path) -> None:
    (model.parent / "outside").mkdir()
    (model.parent / "outside/weight.bin").write_bytes(written())
    (model / "out.bin").symlink_to("../outside/weight.bin")
    (model / "away").symlink_to(model.parent / "outside")
    (model / "dangling").symlink_to("weights/none.bin")
    (model / "loop").symlink_to("loop")
    os.mkfifo(model / "pipe")
    files = WeightFiles(model)
    assert code_of(files.resolve, path) == code
    assert code_of(files.file, path) == code
    assert code_of(files.file, path) == code  # also the second time


def test_every_spelling_of_a_path_gives_the_same_file(model: Path) -> None:
    (model / "link.bin").symlink_to("weights/weight.bin")
    files = WeightFiles(model)
    assert files.file("@model_path//weights/./weight.bin") is files.file(WEIGHT)
    assert files.file("@model_path/link.bin").count == 4


def test_a_folder_of_weights_need_not_repeat_their_folder(model: Path) -> None:
    loose = model / "weights"
    assert WeightFiles(loose).file(WEIGHT).count == 4
    (loose / "model.mil").touch()  # where there is a model, its paths are meant as they stand
    assert code_of(WeightFiles(loose).file, WEIGHT) == "MIL0601"
    assert code_of(WeightFiles(None).file, WEIGHT) == "MIL0601"


def test_a_file_that_may_not_be_read_has_a_code(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "open", refuse(errno.EACCES))  # root may read everything
    assert code_of(WeightFiles(model).file, WEIGHT) == "MIL0606"


@pytest.mark.parametrize(
    ("expected", "type", "offset"),
    [
        ([], TensorType(t.FP16, (5,)), 64),
        ([], TensorType(t.FP16, (1, 5, 1)), 64),
        ([], TensorType(t.INT4, (5,)), 192),
        ([], TensorType(t.FP32, (7, 0)), 320),
        (["MIL0618"], TensorType(t.BF16, (5,)), 64),
        (["MIL0619"], TensorType(t.FP16, (6,)), 64),
        (["MIL0619"], TensorType(t.INT4, (6,)), 192),
        (["MIL0619"], TensorType(t.FP16, (4_000_000_000, 4_000_000_000)), 64),
        (["MIL0620"], TensorType(t.BOOL, (3,)), 384),
        (["MIL0620"], TensorType(t.INT64, (3,)), 384),
        (["MIL0620"], TensorType(t.STRING, (3,)), 384),
        (["MIL0620"], TensorType(t.UINT8, (None,)), 384),
        (["MIL0620"], TensorType(t.UINT8, None), 384),
        (["MIL0620"], t.ListType(TensorType(t.UINT8, (3,)), 1), 384),
        (["MIL0613"], TensorType(t.FP16, (5,)), 128),
    ],
)
def test_a_reference_is_held_against_its_blob(
    expected: list[str], type: t.Type, offset: int, model: Path
) -> None:
    files, ref = WeightFiles(model), BlobRef(type, WEIGHT, offset)
    assert codes(files.check(ref)) == expected
    if expected:
        assert code_of(files.literal, ref) == expected[0]
    else:
        assert files.literal(ref).type is type


def test_a_diagnostic_of_a_reference_is_at_its_place_in_the_text(model: Path) -> None:
    span = Span(Source("text", "model.mil"), 1, 3)
    for path in (WEIGHT, "@model_path/none.bin", "elsewhere"):
        (found,) = WeightFiles(model).check(BlobRef(t.scalar(t.FP32), path, 64), span)
        assert found.span is span
        assert path in found.message


def test_shared_blobs_are_no_overlap_and_a_missing_file_is_told_once(model: Path) -> None:
    refs = [BlobRef(TensorType(t.FP16, (5,)), WEIGHT, 64)] * 2
    refs += [BlobRef(t.scalar(t.FP16), "@model_path/none.bin", 64 * i) for i in range(1, 9)]
    assert codes(WeightFiles(model).check_all(refs)) == ["MIL0601"]


def test_overlapping_blobs_are_found_wherever_they_are_named(tmp_path: Path) -> None:
    # The data of the first blob holds two more records and their data.
    layout = struct.Struct("<IIQQQ32x")
    content = bytearray(written((t.UINT8, bytes(321), None)))
    layout.pack_into(content, 128, 0xDEADBEEF, 3, 70, 192, 0)
    layout.pack_into(content, 320, 0xDEADBEEF, 3, 1, 384, 0)
    (tmp_path / "w.bin").write_bytes(content)
    file = WeightFile(tmp_path / "w.bin")
    source = Source("abc", "model.mil")
    refs, spans = [], []
    for index, offset in enumerate((64, 128, 320)):
        type = TensorType(t.UINT8, (file.blob(offset).count,))
        refs.append(BlobRef(type, "@model_path/w.bin", offset))
        spans.append(Span(source, index, index + 1))
    found = WeightFiles(tmp_path).check_all(refs[::-1], spans[::-1])
    assert codes(found) == ["MIL0621", "MIL0621"]
    assert [(d.span, d.labels[0].span) for d in found] == [
        (spans[1], spans[0]),
        (spans[2], spans[0]),
    ]


def test_appended_blobs_are_read_and_written_like_the_others(model: Path, tmp_path: Path) -> None:
    files = WeightFiles(model)
    offset = files.append(WEIGHT, t.UINT3, bytes.fromhex("e155cce101"), 11)
    other = files.append("@model_path/weights/new.bin", t.FP32, bytes(4))
    assert (offset, other) == (512, 64)
    more = files.append(WEIGHT, t.INT8, memoryview(b"\1\2"))
    refs = [
        BlobRef(TensorType(t.UINT3, (11,)), WEIGHT, offset),
        BlobRef(TensorType(t.INT8, (2,)), WEIGHT, more),
        BlobRef(t.scalar(t.FP32), "@model_path/weights/new.bin", other),
    ]
    assert files.check_all(refs) == []
    assert files.literal(refs[0]).values() == [1, 4, 7, 2, 5, 0, 3, 6, 1, 4, 7]
    assert files.literal(refs[1]).values() == [1, 2]
    source = model / "weights/weight.bin"
    assert files.file(WEIGHT).path == source
    assert files.file("@model_path/weights/new.bin").path is None
    before, out, parts = source.read_bytes(), tmp_path / "out", []
    paths = [WEIGHT, "@model_path//weights/weight.bin", "@model_path/weights/new.bin"]
    files.write_into(out, paths, parts.append)
    assert source.read_bytes() == before
    expected = written(
        (t.FP16, bytes(range(10)), None),
        (t.INT4, bytes.fromhex("e18307"), 5),
        (t.FP32, b"", None),
        (t.UINT8, b"\1\2\3", None),
        (t.UINT3, bytes.fromhex("e155cce101"), 11),
        (t.INT8, b"\1\2", None),
    )
    assert (out / "weights/weight.bin").read_bytes() == expected
    assert (out / "weights/new.bin").read_bytes() == written((t.FP32, bytes(4), None))
    assert sum(parts) == len(before)
    assert files.size(paths) == len(expected) + 132
    assert WeightFiles(out).check_all(refs) == []


def test_much_that_is_appended_is_kept_on_disk(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weightfile, "_IN_MEMORY", 1000)
    files = WeightFiles(model)
    data = bytes(range(256)) * 9
    offsets = [files.append(WEIGHT, t.UINT8, data) for _ in range(3)]
    refs = [BlobRef(TensorType(t.UINT8, (len(data),)), WEIGHT, offset) for offset in offsets]
    assert all(files.literal(ref).data == data for ref in refs)
    files.write_into(tmp_path / "out", [WEIGHT])
    assert [b.count for b in WeightFiles(tmp_path / "out").file(WEIGHT).blobs()][-3:] == [2304] * 3


def test_a_file_that_cannot_be_used_is_not_appended_to(model: Path) -> None:
    (model / "weights/weight.bin").write_bytes(b"version https://git-lfs")
    assert code_of(WeightFiles(model).append, WEIGHT, t.INT8, b"x") == "MIL0607"
    assert code_of(WeightFiles(model).append, "@model_path/../x", t.INT8, b"x") == "MIL0603"


def refuse(number: int) -> object:
    def way(*_: int) -> int:
        raise OSError(number, "no")

    return way


@pytest.mark.parametrize(
    "ways",
    [
        (),
        (refuse(errno.EXDEV),),
        (lambda *_: 0,),
        (
            lambda source, target, at, size: (
                copying._by_hand(source, target, at, 7) if at < 20 else 0
            ),
        ),
    ],
    ids=["by hand", "refused", "nothing copied", "gives up in the middle"],
)
def test_a_copy_falls_back_until_it_is_whole(
    ways: tuple[object, ...], model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "_WAYS", (*ways, copying._by_hand))
    monkeypatch.setattr(copying, "_BUFFER", 100)
    WeightFiles(model).write_into(tmp_path, [WEIGHT])
    copied = (tmp_path / "weights/weight.bin").read_bytes()
    assert copied == (model / "weights/weight.bin").read_bytes()


def test_an_error_of_the_disk_ends_the_copy(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "_WAYS", (refuse(errno.ENOSPC), copying._by_hand))
    with pytest.raises(OSError, match="no"):
        WeightFiles(model).write_into(tmp_path, [WEIGHT])


def test_a_file_that_shrinks_while_it_is_used_ends_in_a_diagnostic(
    model: Path, tmp_path: Path
) -> None:
    files = WeightFiles(model)
    ref = BlobRef(TensorType(t.FP16, (5,)), WEIGHT, 64)
    literal = files.literal(ref)
    os.truncate(model / "weights/weight.bin", 70)
    assert code_of(lambda: literal.data) == "MIL0606"
    assert code_of(files.write_into, tmp_path, [WEIGHT]) == "MIL0606"
    assert code_of(files.file(WEIGHT).data, Blob(t.FP16, 64, 128, 10, 0)) == "MIL0606"


def test_a_gigabyte_is_neither_read_nor_held(tmp_path: Path) -> None:
    size = 1 << 30
    with (tmp_path / "w.bin").open("wb") as file:
        file.write(struct.pack("<II56xIIQQQ32x", 1, 2, 0xDEADBEEF, 3, size, 128, 0))
        file.truncate(128 + size)
    files, ref = (
        WeightFiles(tmp_path),
        BlobRef(TensorType(t.UINT8, (size,)), "@model_path/w.bin", 64),
    )
    tracemalloc.start()
    try:
        assert files.check_all([ref]) == []
        literal = files.literal(ref)
        file = files.file(ref.path)
        (blob,) = file.blobs()
        assert len(file.data(blob)) == size
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert literal.type.count == size


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_damage_leads_to_anything_but_a_diagnostic(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(patched(0, ""))
    places = st.sampled_from([*range(8), *range(64, 96), *range(192, 224)])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(places)] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(0, len(content))) or len(content) :]
    path = tmp_path_factory.mktemp("damaged") / "w.bin"
    path.write_bytes(content)
    with suppress(MilError):
        file = WeightFile(path)
        for blob in file.blobs():
            assert len(file.read(blob)) == len(file.data(blob)) == blob.size
            assert blob.end <= len(content)
    for offset in range(0, 320, 64):
        ref = BlobRef(TensorType(t.INT4, (5,)), "@model_path/w.bin", offset)
        WeightFiles(path.parent).check_all([ref, ref])


@needs_shared
def test_every_weight_file_of_the_corpus_walks_and_is_written_again_the_same() -> None:
    paths = [p for p in (SHARED / "corpus").rglob("*.bin") if p.name != "coremldata.bin"]
    assert len(paths) > 40
    for path in paths:
        file, out = WeightFile(path), io.BytesIO()
        blobs = list(file.blobs())
        with BlobWriter(out) as writer:
            for blob in blobs:
                assert writer.append(blob.element, file.data(blob), blob.count) == blob.offset
        content, again = path.read_bytes(), bytearray(out.getvalue())
        for blob in blobs:  # reserved fields, which old writers left as they were
            again[blob.offset + 24 : blob.data_offset] = content[
                blob.offset + 24 : blob.data_offset
            ]
        # Writers other than Apple's pad the last blob too.
        assert content.startswith(again)
        assert not content[len(again) :].strip(b"\0")
        assert len(content) - len(again) < 64


ORACLE = """
import sys, numpy as np
from coremltools.libmilstoragepython import _BlobStorageWriter, _BlobStorageReader
path, appended = sys.argv[1:]
kinds = [("fp16", "<u2"), ("float", "<f4")]
kinds += [(f"{u}int{b}", f"<{u or 'i'}{b // 8}") for u in ("", "u") for b in (8, 16, 32)]
kinds += [("int4", "i1"), *((f"uint{b}", "u1") for b in (1, 2, 3, 4, 6))]
writer = _BlobStorageWriter(path)
for name, dtype in kinds:
    for values in ([1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1], [1] * 32, [1]):
        at = getattr(writer, f"write_{name}_data")(np.array(values, dtype))
        print(name.replace("float", "fp32"), len(values), at)
del writer
print(_BlobStorageReader(appended).read_uint3_data(512).tolist())
"""


@needs_oracle
def test_files_are_those_of_coremltools(model: Path, tmp_path: Path) -> None:
    theirs, appended = tmp_path / "theirs.bin", tmp_path / "weights/weight.bin"
    files = WeightFiles(model)
    files.append(WEIGHT, t.UINT3, bytes.fromhex("e155cce101"), 11)
    files.write_into(tmp_path, [WEIGHT])
    run = subprocess.run(
        [ORACLE_PYTHON, "-c", ORACLE, theirs, appended], capture_output=True, text=True, check=True
    )
    *lines, read = run.stdout.splitlines()
    file, out = WeightFile(theirs), io.BytesIO()
    with BlobWriter(out) as writer:
        for line, blob in zip(lines, file.blobs(), strict=True):
            name, count, offset = line.split()
            assert (blob.element.name, blob.count, blob.offset) == (name, int(count), int(offset))
            writer.append(blob.element, file.read(blob), blob.count)
    assert out.getvalue() == theirs.read_bytes()
    assert read == "[1, 4, 7, 2, 5, 0, 3, 6, 1, 4, 7]"
