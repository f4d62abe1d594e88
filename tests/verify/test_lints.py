"""`milc verify --lint`: each lint finds what it is about and nothing else, and none is an error."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import milc
from milc.diagnostics.catalog import entries
from milc.driver.checking import verify_file
from milc.driver.stored import StoredWeights
from milc.ir.literals import BlobRef
from milc.ir.types import FP16
from milc.package.storage import BlobWriter
from milc.package.weights import WeightFiles
from milc.verify import lints
from tests.commands import HELLO, WEIGHTS
from tests.verify.asking import found, function, told

RELU = "tensor<fp32, [2, 3]> y = relu(x = x);"
X16 = "tensor<fp16, [2, 3]> x"
NAMED = "bool no = const()[val = bool(false)];\n"
CONV = (
    "tensor<fp32, [4, 1, {w}]> weight = const()[val = tensor<fp32, [4, 1, {w}]>([{rows}])];\n"
    'tensor<fp32, [1, 4, 8]> y = conv(x = x, weight = weight, pad_type = string("same"));'
)


def conv(width: int) -> str:
    rows = ", ".join(f"[[{', '.join(['0'] * width)}]]" for _ in range(4))
    return function(CONV.format(w=width, rows=rows), inputs="tensor<fp32, [1, 1, 8]> x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (function(RELU), []),
        (function("tensor<fp32, [?, 3]> y = relu(x = x);", inputs="tensor<fp32, [?, 3]> x"),
         ["2:MIL0706:w", "2:MIL0811:n"]),
        (function("tensor<fp32, [2, 3]> y = softmax(x = x, axis = int32(0));"), []),
        (function("tensor<int32, [2]> y = reduce_argmax(axis = int32(1), keep_dims = bool(false),"
                  " x = x);"), ["3:MIL0812:n"]),
        (function(f"{NAMED}tensor<int32, [2]> y = reduce_argmax(axis = int32(1), keep_dims = no,"
                  " x = x);"), []),
        (function("tensor<fp32, [2, 3]> y = rsqrt(x = x);"), ["3:MIL0813:n"]),
        (function("tensor<fp32, [2, 3]> y = log(x = x, epsilon = fp32(1e-4));"), []),
        (function("tensor<fp32, [2, 3]> y = layer_norm(x = x, axes = tensor<int32, [1]>([1]));"),
         []),
        (conv(15), []),
        (conv(16), ["4:MIL0814:n"]),
        (function("tensor<fp32, [16385]> y = relu(x = x);", inputs="tensor<fp32, [16385]> x"),
         ["2:MIL0815:n", "3:MIL0815:n"]),
        (function("tensor<fp32, [16384]> y = relu(x = x);", inputs="tensor<fp32, [16384]> x"), []),
        (function("tensor<fp32, [2]> y = add(x = b, y = a);",
                  inputs="tensor<fp32, [2]> b, tensor<fp32, [2]> a"), ["2:MIL0816:n"]),
        (function(f"{RELU}\ntensor<fp32, [2, 3]> a = tanh(x = x);", outputs="y, a"),
         ["4:MIL0816:n"]),
        (function(f"{RELU}\ntensor<fp32, [2, 3]> a = tanh(x = x);"), ["4:MIL0821:w"]),
        (function(f"{RELU}\ntensor<fp32, [2]> c = const()[val = tensor<fp32, [2]>([1, 2])];"),
         ["4:MIL0822:w"]),
        (function(RELU, inputs="tensor<fp32, [2]> unused, tensor<fp32, [2, 3]> x"),
         ["2:MIL0823:w"]),
        (function("tensor<fp16, [2, 3]> a = relu(x = x);\n"
                  "tensor<fp16, [2, 3]> b = tanh(x = a);\n"
                  'tensor<fp32, [2, 3]> c = cast(x = b, dtype = string("fp32"));\n'
                  "tensor<fp32, [2, 3]> y = exp(x = c);", inputs=X16), ["6:MIL0824:w"]),
        (function("tensor<fp16, [2, 3]> a = relu(x = x);\n"
                  'tensor<fp32, [2, 3]> c = cast(x = a, dtype = string("fp32"));\n'
                  "tensor<fp32, [2, 3]> y = exp(x = c);", inputs=X16), []),
        (function('tensor<fp32, [2, 3]> c = cast(x = x, dtype = string("fp32"));\n'
                  'tensor<fp16, [2, 3]> y = cast(x = c, dtype = string("fp16"));', inputs=X16),
         ["4:MIL0825:w"]),
        (function('tensor<fp32, [2, 3]> c = cast(x = x, dtype = string("fp32"));\n'
                  'tensor<int32, [2, 3]> y = cast(x = c, dtype = string("int32"));', inputs=X16),
         []),
    ],
)  # fmt: skip
def test_what_lints_find(text: str, expected: list[str]) -> None:
    assert told(text, lint=True) == expected
    assert [line for line in told(text) if "MIL08" in line] == []


def test_a_cast_that_loses_says_so() -> None:
    text = function(
        'tensor<fp16, [2, 3]> c = cast(x = x, dtype = string("fp16"));\n'
        'tensor<fp32, [2, 3]> y = cast(x = c, dtype = string("fp32"));'
    )
    (finding,) = found(text, lint=True)
    assert finding.message == "`y` is `x` again, and not all of it: a cast and back"
    assert [label.text for label in finding.labels] == ["the cast there"]


def test_results_of_what_has_effects_may_be_left() -> None:
    text = function(
        "tensor<fp16, [2]> old = read_state(input = s);\ntensor<fp16, [2]> y = relu(x = x);",
        inputs="state<tensor<fp16, [2]>> s, tensor<fp16, [2]> x",
        opset="ios18",
    )
    assert told(text, lint=True) == []


# Weights


def weights(folder: Path, *blobs: bytes) -> None:
    """Write a weight file of blobs of fp16."""
    (folder / "weights").mkdir()
    with (folder / "weights/weight.bin").open("wb") as file:
        writer = BlobWriter(file)
        for blob in blobs:
            writer.append(FP16, blob)
        writer.close()


def with_blobs(*offsets: int) -> str:
    consts = [
        f"tensor<fp16, [64]> w{at} = const()[val = tensor<fp16, [64]>(BLOBFILE(path ="
        f' string("@model_path/weights/weight.bin"), offset = uint64({at})))];\n'
        f"tensor<fp16, [64]> y{at} = add(x = x, y = w{at});"
        for at in offsets
    ]
    outputs = ", ".join(f"y{at}" for at in offsets)
    return function("\n".join(consts), inputs="tensor<fp16, [64]> x", outputs=outputs)


ONE, OTHER = b"\1" * 128, b"\2" * 128
FIRST, SECOND, THIRD = 64, 64 + 64 + 128, 64 + 2 * (64 + 128)


@pytest.mark.parametrize(
    ("blobs", "used", "expected"),
    [
        ([ONE, OTHER], [FIRST, SECOND], []),
        ([ONE, ONE], [FIRST, SECOND], [("MIL0827", 5)]),
        ([ONE, OTHER, ONE], [FIRST, SECOND, THIRD], [("MIL0827", 7)]),
        ([ONE, OTHER, ONE], [FIRST, SECOND], [("MIL0826", 3)]),
        ([ONE, ONE], [FIRST], [("MIL0826", 3)]),
    ],
)
def test_weights(
    tmp_path: Path, blobs: list[bytes], used: list[int], expected: list[tuple[str, int]]
) -> None:
    weights(tmp_path, *blobs)
    path = tmp_path / "model.mil"
    path.write_text(with_blobs(*used), encoding="utf-8")
    findings = [f for f in verify_file(path, lint=True) if f.code not in ("MIL0816", "MIL0208")]
    got = [(f.code, f.span.source.position(f.span.start)[0]) for f in findings if f.span]
    assert got == expected
    assert verify_file(path) == []


def test_one_blob_may_be_used_twice(tmp_path: Path) -> None:
    weights(tmp_path, ONE)
    text = with_blobs(FIRST).replace("y64 = add", "z = add").replace("x = x, y", "x = w64, y")
    (tmp_path / "model.mil").write_text(text.replace("(y64)", "(z)"), encoding="utf-8")
    codes = [each.code for each in verify_file(tmp_path / "model.mil", lint=True)]
    assert "MIL0827" not in codes


def test_blobs_are_read_in_pieces_and_none_that_are_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights(tmp_path, ONE, OTHER, b"\3" * 256)
    monkeypatch.setattr("milc.driver.stored.HASHED", 50)
    stored = StoredWeights(WeightFiles(tmp_path))
    ref = BlobRef(FP16(64), "@model_path/weights/weight.bin", FIRST)
    every = list(stored.every(ref))
    assert [blob.size for blob in every] == [128, 128, 256]
    assert len({stored.digest(blob) for blob in every}) == 3
    assert stored.stored(BlobRef(FP16(64), ref.path, 65)) is None


def test_weights_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    alone = shutil.copy(WEIGHTS, tmp_path / "alone.mil")
    codes = {each.code for each in verify_file(alone, lint=True)}
    assert not codes & {"MIL0826", "MIL0827"}


# Together


def test_lints_are_no_errors_and_every_one_is_declared_once() -> None:
    milc.verify(milc.parse(HELLO), lint=True)
    listed = {entry.code for entry in entries() if "MIL0810" < entry.code < "MIL0840"}
    assert set(lints._lints) == listed
    assert {severity for _, severity in lints._lints.values()} == {"warning", "note"}


def test_a_comment_silences_a_lint_and_may_do_so_in_vain_without() -> None:
    unused = "tensor<fp32, [2, 3]> a = tanh(x = x); // milc: ignore[MIL0821]"
    text = function(f"{unused}\n{RELU}")
    assert told(text, lint=True) == told(text) == []
    vain = function(f"{RELU} // milc: ignore[MIL0821]")
    assert told(vain) == []
    assert told(vain, lint=True) == ["3:MIL0801:w"]


def test_of_packages(tmp_path: Path) -> None:
    text = function(f"{RELU}\ntensor<fp32, [2, 3]> a = tanh(x = x);")
    (tmp_path / "a.mil").write_text(text, encoding="utf-8")
    milc.compile(tmp_path / "a.mil", tmp_path / "a.mlmodel")
    (finding,) = verify_file(tmp_path / "a.mlmodel", lint=True)
    assert (finding.code, finding.path) == ("MIL0821", str(tmp_path / "a.mlmodel"))
    assert finding.span is not None
    assert finding.span.text == "tanh"
