"""The public names of milc: each does what it says, and `import milc` stays light."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import milc
from milc.ir.types import FP16, FP32
from milc.package.bundle import read_manifest
from tests.commands import EXAMPLES, HELLO, WEIGHTS
from tests.shared import ROOT, SHARED, needs_shared

COMPILED = SHARED / "corpus/pairs/FluidInference+mobius/unified_256ms_int8"


def message(package: Path) -> bytes:
    return read_manifest(package).model.read_bytes()


def build() -> milc.Program:
    builder = milc.Builder(opset="ios18")
    with builder.function("main", x=FP32(1, 4)) as (x,):
        builder.outputs(builder.op("relu", FP32(1, 4), x=x, name="y"))
    return builder.program


# Names


def test_every_public_name_is_there_and_documented() -> None:
    assert set(milc.__all__) <= set(dir(milc))
    for name in milc.__all__:
        found = getattr(milc, name)
        assert name == "__version__" or found.__doc__, name
        assert name in (milc.__doc__ or "") or name in {
            "Builder", "Model", "Program", "__version__",
        }  # fmt: skip


def test_a_name_that_there_is_not() -> None:
    with pytest.raises(AttributeError, match="module 'milc' has no attribute 'nothing'"):
        milc.nothing  # noqa: B018  # type: ignore[attr-defined]


def test_verify_is_the_function_whatever_was_imported_before() -> None:
    room = importlib.import_module("milc.verify")
    assert callable(milc.verify)
    assert milc.verify(build()) == []
    from milc.verify import verify_structure

    assert room.verify_structure is verify_structure


def test_a_type_checker_sees_the_names(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "user.py").write_text(
        textwrap.dedent("""\
        import milc
        import milc.verify
        from milc.diagnostics import Diagnostic

        model: milc.Model = milc.load("x")
        found: list[Diagnostic] = milc.verify(model)
        text: str = milc.to_text(milc.parse("x"), style="coremlc", build_info={"a": "b"})
        milc.save(model, "x.mlpackage")
        reveal_type(milc.compile("a", "b", author="me"))
        milc.to_text(model, style="other")
        """),
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir",
         str(ROOT / ".mypy_cache/api"), "user.py"],
        cwd=tmp_path, env={"MYPYPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stdout + done.stderr
    assert 'note: Revealed type is "milc.package.model.Model"' in lines[0]
    assert 'error: Argument "style" to "to_text" has incompatible type' in lines[1]


# load


def test_load_tells_forms_by_their_content(tmp_path: Path) -> None:
    program = milc.parse(HELLO)
    milc.save(program, tmp_path / "a.mlpackage")
    milc.save(program, tmp_path / "b.mlmodel")
    milc.decompile(tmp_path / "a.mlpackage", tmp_path / "c")
    (tmp_path / "d.mil").write_text(HELLO, encoding="utf-8")
    names = ("a.mlpackage", "b.mlmodel", "c", "d.mil")
    texts = {milc.to_text(milc.load(tmp_path / name)) for name in names}
    assert len(texts) == 1
    for number, name in enumerate(names):
        (tmp_path / name).rename(tmp_path / f"{number}.bin")
        assert milc.to_text(milc.load(str(tmp_path / f"{number}.bin"))) in texts


@needs_shared
def test_load_of_a_compiled_model() -> None:
    (path,) = COMPILED.glob("*.mlmodelc")
    model = milc.load(path)
    assert model.described
    assert milc.verify(model) == []


def test_load_raises_all_that_keeps_a_text_from_being_read(tmp_path: Path) -> None:
    (tmp_path / "m.mil").write_text(HELLO.replace(";", "", 2), encoding="utf-8")
    with pytest.raises(milc.MilError) as raised:
        milc.load(tmp_path / "m.mil")
    assert [found.code for found in raised.value.diagnostics] == ["MIL0109", "MIL0109"]
    assert all(isinstance(found, milc.Diagnostic) for found in raised.value.diagnostics)


def test_load_keeps_warnings_as_notes(tmp_path: Path) -> None:
    text = HELLO.replace("fp32(2.0)", "tensor<fp32, [1]>(2.0)")
    (tmp_path / "m.mil").write_text(text, encoding="utf-8")
    model = milc.load(tmp_path / "m.mil")
    assert model.path == str(tmp_path / "m.mil")
    assert [found.code for found in model.notes] == ["MIL0209"]


def test_a_model_whose_description_needs_an_assumption(tmp_path: Path) -> None:
    text = HELLO.replace("tensor<fp32, [1, 4]> x", "tensor<fp32, [1, ?]> x", 1)
    (tmp_path / "m.mil").write_text(text, encoding="utf-8")
    assert [found.code for found in milc.verify(milc.load(tmp_path / "m.mil"))] == ["MIL0706"]


def test_load_with_weights_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "m.mil"
    path.write_text(WEIGHTS.read_text("utf-8"), encoding="utf-8")
    assert [found.code for found in milc.verify(milc.load(path))] == ["MIL0601"]
    model = milc.load(path, weights=WEIGHTS.parent / "weights")
    assert milc.verify(model) == []
    (const, *_) = model.program.functions["main"].body.ops
    literal = const.result.literal
    assert model.weights.literal(literal).numpy().shape == (8, 16)  # type: ignore[arg-type]


# parse, to_text, format_text


def test_parse_and_to_text() -> None:
    program = milc.parse(HELLO)
    assert isinstance(program, milc.Program)
    text = milc.to_text(program)
    assert milc.to_text(milc.parse(text)) == text
    assert milc.to_text(milc.Model(program)) == text
    assert milc.format_text(HELLO).replace("\n", "") != text


def test_build_info_is_added_and_the_program_left_alone() -> None:
    program = milc.parse(HELLO)
    before = milc.to_text(program)
    first = milc.to_text(program, build_info={"b": "2", "a": "1"})
    assert 'buildInfo = dict<string, string>({{"b", "2"}, {"a", "1"}})' in first
    assert milc.to_text(program) == before
    again = milc.to_text(milc.parse(first), "coremlc", {"b": "3"})
    assert '({{"a", "1"}, {"b", "3"}})' in again


def test_parse_names_its_text() -> None:
    with pytest.raises(milc.MilError, match=r"^here\.mil:1:9: error\[MIL0105\]: "):
        milc.parse("program(", "here.mil")


# verify


def test_verify_of_a_program_that_was_built_shows_a_text() -> None:
    program = build()
    function = program.functions["main"]
    (op,) = function.body.ops
    op.args["x"] = (op.result,)
    (found,) = milc.verify(program)
    assert found.code == "MIL0401"
    assert found.span is not None
    assert found.span.source.path == "<program>"
    assert "relu(x = y)" in found.span.source.line(found.span.source.position(found.span.start)[0])


def test_verify_of_a_model_includes_its_description() -> None:
    model = milc.Model(build())
    assert milc.verify(model) == []
    model.spec.description.CopyFrom(model.description)
    model.described = True
    model.spec.description.input[0].type.multiArrayType.shape[:] = [1, 5]
    assert [found.code for found in milc.verify(model)] == ["MIL0713"]


def test_verify_of_what_cannot_be_described() -> None:
    program = milc.parse("program(1.3) { func main<ios18>(tensor<int64, [2]> x) {} -> (x); }")
    assert milc.verify(program) == []
    assert {found.code for found in milc.verify(milc.Model(program))} == {"MIL0701"}


# save


def test_save_of_a_program_and_of_a_model(tmp_path: Path) -> None:
    program = build()
    milc.save(program, tmp_path / "a.mlpackage")
    milc.save(milc.Model(program), tmp_path / "b.mlpackage")
    assert message(tmp_path / "a.mlpackage") == message(tmp_path / "b.mlpackage")


def test_save_refuses_other_suffixes(tmp_path: Path) -> None:
    with pytest.raises(milc.MilError, match="MIL0544"):
        milc.save(build(), tmp_path / "a.zip")


def test_save_tells_how_far_it_is(tmp_path: Path) -> None:
    parts: list[int] = []
    milc.save(milc.load(WEIGHTS), tmp_path / "a.mlpackage", progress=parts.append)
    assert sum(parts) == 640


# compile, decompile


class Phases:
    """A progress that takes down what it is told."""

    def __init__(self) -> None:
        self.phases: list[tuple[str, int]] = []
        self.done = 0

    def phase(self, what: str, total: int = 0) -> None:
        self.phases.append((what.split()[0], total))

    def advance(self, count: int) -> None:
        self.done += count


def test_compile_and_decompile(tmp_path: Path) -> None:
    phases = Phases()
    model = milc.compile(WEIGHTS, tmp_path / "a.mlpackage", author="me", progress=phases)
    assert phases.phases == [("reading", 0), ("verifying", 0), ("writing", 640)]
    assert phases.done == 640
    assert model.description.metadata.author == "me"
    assert model.notes == []
    milc.decompile(tmp_path / "a.mlpackage", tmp_path / "a", style="coremlc")
    milc.compile(tmp_path / "a", tmp_path / "b.mlpackage")
    assert message(tmp_path / "a.mlpackage") == message(tmp_path / "b.mlpackage")


def test_compile_raises_all_errors_and_warnings(tmp_path: Path) -> None:
    text = HELLO.replace(" doubled", " `my doubled`").replace("x = shifted", "x = none")
    (tmp_path / "m.mil").write_text(text, encoding="utf-8")
    with pytest.raises(milc.MilError) as raised:
        milc.compile(tmp_path / "m.mil", tmp_path / "m.mlpackage")
    assert {found.code for found in raised.value.diagnostics} >= {"MIL0403", "MIL0413"}
    assert not (tmp_path / "m.mlpackage").exists()


def test_compile_gives_warnings_as_notes(tmp_path: Path) -> None:
    (tmp_path / "m.mil").write_text(HELLO.replace(" doubled", " `a b`"), encoding="utf-8")
    model = milc.compile(tmp_path / "m.mil", tmp_path / "m.mlpackage")
    assert [found.code for found in model.notes] == ["MIL0413"]
    again = milc.compile(tmp_path / "m.mlpackage", tmp_path / "n.mlpackage")
    assert [found.code for found in again.notes] == ["MIL0413"], "said once"


def test_an_empty_description_is_kept_through_a_folder(tmp_path: Path) -> None:
    for name in ("absent", "empty", "metadata"):
        model = milc.Model(build(), described=True)
        if name == "empty":
            model.spec.description.SetInParent()
        if name == "metadata":
            model.spec.description.metadata.SetInParent()
        milc.save(model, tmp_path / "a.mlpackage")
        milc.decompile(tmp_path / "a.mlpackage", tmp_path / "a")
        held = json.loads((tmp_path / "a/model.json").read_text("utf-8"))
        milc.compile(tmp_path / "a", tmp_path / "b.mlpackage", verify=False)
        kept = message(tmp_path / "a.mlpackage") == message(tmp_path / "b.mlpackage")
        assert kept, f"{name}: {held}"


# info


def test_info_is_data() -> None:
    found = milc.info(milc.load(EXAMPLES / "state/model.mil"))
    (main,) = found.functions
    assert [state.element for state in main.states] == ["fp16"]
    assert json.loads(json.dumps(found.as_object()))["functions"][0]["name"] == "main"


def test_a_builder_makes_what_can_be_saved(tmp_path: Path) -> None:
    builder = milc.Builder(opset="ios17")
    with builder.function("main", x=FP16(2)) as (x,):
        builder.outputs(builder.op("add", FP16(2), x=x, y=1.0, name="y"))
    milc.save(builder.program, tmp_path / "a.mlpackage")
    assert milc.verify(milc.load(tmp_path / "a.mlpackage")) == []
