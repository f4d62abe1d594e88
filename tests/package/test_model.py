"""Whole models: loaded from what holds one, and saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from milc.diagnostics import MilError
from milc.diagnostics.catalog import lookup
from milc.ir import types as t
from milc.ir.literals import BlobRef
from milc.ir.nodes import Program
from milc.package.compiled import CompiledBundle
from milc.package.model import (
    KINDS,
    Model,
    decode_model,
    from_compiled,
    load_compiled,
    load_mlmodel,
    load_package,
    save,
    undo_compiler,
)
from milc.package.proto import model_pb2 as pb
from milc.package.references import references
from milc.package.weights import BlobWriter, WeightFiles
from milc.package.wire import field, number, varint
from milc.syntax.parse import parse
from tests.oracle import Oracle
from tests.shared import SHARED, needs_shared

RELU = """program(1.0)
{
    func main<ios16>(tensor<fp32, [2]> x) {
            tensor<fp32, [2]> y = relu(x = x)[name = string("y")];
        } -> (y);
}"""
WEIGHT = "@model_path/weights/weight.bin"
WEIGHTED = f"""program(1.0)
{{
    func main<ios16>(tensor<fp16, [2]> x) {{
            tensor<fp16, [2]> w = const()[name = string("w"), val = tensor<fp16, [2]>
                (BLOBFILE(path = string("{WEIGHT}"), offset = uint64(64)))];
            tensor<fp16, [2]> y = add(x = x, y = w)[name = string("y")];
        }} -> (y);
}}"""


def weighted(folder: Path) -> Model:
    """A model with one weight file, which lies in `folder`."""
    (folder / "weights").mkdir(parents=True)
    with BlobWriter(folder / "weights/weight.bin") as writer:
        writer.append(t.FP16, b"\0\x3c\0\x40")
    return Model(parse(WEIGHTED), weights=WeightFiles(folder))


def code(error: pytest.ExceptionInfo[MilError]) -> str:
    (found,) = error.value.diagnostics
    assert lookup(found.code) is not None
    return found.code


def full(model: Model) -> pb.Model:
    return pb.Model.FromString(model.encode())


# Made from text


def test_a_program_alone_has_a_derived_description() -> None:
    model = Model(parse(RELU))
    assert model.specification_version == 7
    assert [feature.name for feature in model.description.input] == ["x"]
    assert full(model).description == model.description
    assert not model.spec.HasField("description")


def test_metadata_are_added_to_what_is_derived() -> None:
    model = Model(parse(RELU))
    model.spec.description.metadata.author = "A. Uthor"
    assert full(model).description.metadata.author == "A. Uthor"
    assert full(model).description.output[0].name == "y"


def test_a_program_whose_signature_cannot_be_described_is_not_written() -> None:
    model = Model(parse(RELU.replace("tensor<fp32, [2]> x", "tensor<bool, [2]> x")))
    with pytest.raises(MilError) as error:
        model.encode()
    assert code(error) == "MIL0701"


# Saved and loaded


def test_a_package_comes_back(tmp_path: Path) -> None:
    model = weighted(tmp_path / "in")
    save(model, tmp_path / "m.mlpackage")
    loaded = load_package(tmp_path / "m.mlpackage")
    assert full(loaded) == full(model)
    assert loaded.described
    assert loaded.notes == []
    ((ref, _),) = references(loaded.program)
    assert loaded.weights.literal(ref).values() == [1.0, 2.0]
    save(loaded, tmp_path / "again.mlpackage")
    for name in ("Manifest.json", "Data/com.apple.CoreML/model.mlmodel"):
        first, again = (tmp_path / stem / name for stem in ("m.mlpackage", "again.mlpackage"))
        assert first.read_bytes() == again.read_bytes()


def test_a_model_file_comes_back(tmp_path: Path) -> None:
    model = Model(parse(RELU))
    save(model, tmp_path / "m.mlmodel")
    assert full(load_mlmodel(tmp_path / "m.mlmodel")) == full(model)


def test_a_model_file_takes_no_weights(tmp_path: Path) -> None:
    with pytest.raises(MilError) as error:
        save(weighted(tmp_path), tmp_path / "m.mlmodel")
    assert code(error) == "MIL0543"
    assert not (tmp_path / "m.mlmodel").exists()


def test_weights_beside_a_model_file_are_found(tmp_path: Path) -> None:
    model = weighted(tmp_path)
    (tmp_path / "m.mlmodel").write_bytes(model.encode())
    loaded = load_mlmodel(tmp_path / "m.mlmodel")
    ((ref, _),) = references(loaded.program)
    assert loaded.weights.check(ref) == []


@pytest.mark.parametrize("name", ["m.onnx", "m"])
def test_other_kinds_of_output(name: str, tmp_path: Path) -> None:
    with pytest.raises(MilError) as error:
        save(Model(parse(RELU)), tmp_path / name)
    assert code(error) == "MIL0544"


def test_a_missing_weight_file_leaves_no_package(tmp_path: Path) -> None:
    with pytest.raises(MilError) as error:
        save(Model(parse(WEIGHTED)), tmp_path / "m.mlpackage")
    assert code(error) == "MIL0601"
    assert list(tmp_path.iterdir()) == []


def test_references_are_found_wherever_they_stand() -> None:
    program = parse(WEIGHTED)
    block = program.functions["main"].body
    first, second = block.ops
    second.args["y"] = (BlobRef(t.FP16(2), WEIGHT, 128),)
    block.attributes["a"] = BlobRef(t.FP16(2), WEIGHT, 192)
    program.attributes["b"] = BlobRef(t.FP16(2), WEIGHT, 256)
    found = list(references(program))
    assert [ref.offset for ref, _ in found] == [256, 192, 64, 128]
    assert found[2][1] is first.span


def test_fields_that_milc_does_not_know_survive_in_the_model() -> None:
    strange = number(b"\xc8\x3e", 7)
    data = Model(parse(RELU)).encode()
    message = pb.Model.FromString(data + strange)
    message.description.MergeFromString(strange)
    assert full(decode_model(message.SerializeToString())) == message


# Other kinds of model


def test_pipelines_are_named() -> None:
    message = pb.Model(specificationVersion=5)
    message.pipeline.models.add()
    message.pipeline.models.add()
    with pytest.raises(MilError) as error:
        decode_model(message.SerializeToString())
    assert code(error) == "MIL0522"
    assert "2 models" in str(error.value)


@pytest.mark.parametrize(("kind", "words"), KINDS.items(), ids=map(str, KINDS))
def test_other_kinds_of_model_are_named(kind: int, words: str) -> None:
    with pytest.raises(MilError) as error:
        decode_model(number(b"\x08", 4) + field(varint(kind << 3 | 2), b""))
    assert code(error) == "MIL0521"
    assert f"{words} (field {kind})" in str(error.value)


def test_a_kind_of_the_future_and_no_kind_at_all() -> None:
    for data, words in ((field(varint(777 << 3 | 2), b""), "field 777"), (b"", "no kind")):
        with pytest.raises(MilError) as error:
            decode_model(number(b"\x08", 4) + data)
        assert code(error) == "MIL0521"
        assert words in str(error.value)


# Compiled


def bundle(folder: Path, text: str = RELU) -> Path:
    folder.mkdir()
    (folder / "model.mil").write_text(text)
    return folder


def test_a_bundle_without_coremldata_has_a_derived_description(tmp_path: Path) -> None:
    model = load_compiled(bundle(tmp_path / "m.mlmodelc"), parse)
    assert not model.described
    assert full(model) == full(Model(parse(RELU)))


def test_a_compiled_pipeline(tmp_path: Path) -> None:
    (tmp_path / "m.mlmodelc").mkdir()
    bundle(tmp_path / "m.mlmodelc/model0")
    bundle(tmp_path / "m.mlmodelc/model1")
    with pytest.raises(MilError) as error:
        load_compiled(tmp_path / "m.mlmodelc", parse)
    assert code(error) == "MIL0522"
    assert error.value.diagnostics[0].help is not None


def with_info(*keys: str) -> Program:
    entries = ", ".join(f'{{"{key}", "1"}}' for key in keys)
    info = f"[buildInfo = dict<string, string>({{{entries}}})]"
    return parse(RELU.replace("program(1.0)", f"program(1.3)\n{info}"))


def test_what_the_compiler_adds_is_taken_back() -> None:
    program = with_info(
        "coremlc-component-MIL",
        "coremlc-version",
        "coremltools-component-torch",
        "coremltools-source-dialect",
        "coremltools-version",
        "other",
    )
    undo_compiler(program)
    assert (
        program.attributes
        == with_info(
            "coremltools-version",
            "coremltools-component-torch",
            "coremltools-source-dialect",
            "other",
        ).attributes
    )
    program = with_info("coremlc-component-MIL", "coremlc-version")
    undo_compiler(program)
    assert program.attributes == {}


DIFFERENT_RUNS = ("unified_palette_2bit@1abd118c", "unified_pruned_int8@1abd118c")
"""Pairs whose package and bundle were exported on different days, as their metadata say."""


@needs_shared
def test_every_pair_compiles_back_to_its_package() -> None:
    pairs = 0
    for folder in sorted((SHARED / "corpus/pairs/FluidInference+mobius").iterdir()):
        (package,), (compiled,) = folder.glob("*.mlpackage"), folder.glob("*.mlmodelc")
        model, original = load_compiled(compiled, parse), load_package(package)
        assert model.described
        if folder.name not in DIFFERENT_RUNS:
            assert full(model) == full(original), folder.name
            pairs += 1
        else:
            metadata = model.description.metadata, original.description.metadata
            assert metadata[0] != metadata[1]
    assert pairs >= 14


@needs_shared
def test_a_bundles_parts_make_the_same_model() -> None:
    folder = next((SHARED / "corpus/pairs/FluidInference+mobius").glob("*/*.mlmodelc"))
    held = CompiledBundle(folder)
    assert held.model_mil is not None
    program = parse(held.model_mil.read_text(encoding="utf-8"))
    model = from_compiled(program, held.coremldata(), held.model_path)
    assert full(model) == full(load_compiled(folder, parse))


# coremltools as a judge


def test_coremltools_loads_what_is_saved(tmp_path: Path, oracle: Oracle) -> None:
    save(weighted(tmp_path / "in"), tmp_path / "m.mlpackage")
    loaded = oracle.load(tmp_path / "m.mlpackage")
    assert loaded.ok, loaded.error
