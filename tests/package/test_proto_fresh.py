"""The generated protobuf code says what the .proto files say, and runs with old runtimes."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2

from milc.package.proto import mil_pb2, model_pb2
from tests.shared import ORACLE_PYTHON, ROOT, needs_oracle

PROTO = ROOT / "milc/package/proto"
FILES = {"mil.proto": mil_pb2, "model.proto": model_pb2}

TOKEN = re.compile(r"//[^\n]*|\s+|\"[^\"]*\"|[\w.]+|[{}=;<>,]")
TYPES = {
    name.removeprefix("TYPE_").lower(): number
    for name, number in descriptor_pb2.FieldDescriptorProto.Type.items()
}


def tokens(text: str) -> Iterator[str]:
    """The tokens of a .proto file, comments and spaces left out."""
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        assert match is not None, f"not understood: {text[at : at + 40]!r}"
        if not match[0].isspace() and not match[0].startswith("//"):
            yield match[0]
        at = match.end()


Facts = set[tuple[Any, ...]]


class Reader:
    """Reads as much of the language as the two files use; facts are (scope, name, number, type)."""

    def __init__(self, text: str) -> None:
        self.tokens = list(tokens(text))
        self.at = 0
        self.facts: Facts = set()

    def take(self, *expected: str) -> str:
        token = self.tokens[self.at]
        assert not expected or token in expected, f"{token!r} where one of {expected} is due"
        self.at += 1
        return token

    def file(self) -> Facts:
        while self.at < len(self.tokens):
            match self.take():
                case "syntax" | "package" | "import" as kind:
                    value = self.tokens[self.at + (kind == "syntax")]
                    self.facts.add((kind, value.strip('"')))
                    while self.take() != ";":
                        pass
                case "message":
                    self.message("")
                case "enum":
                    self.enum("")
        return self.facts

    def message(self, scope: str) -> None:
        scope += self.take() + "."
        self.take("{")
        self.facts.add(("message", scope))
        self.members(scope, "")

    def members(self, scope: str, oneof: str) -> None:
        while (word := self.take()) != "}":
            if word == "message":
                self.message(scope)
            elif word == "enum":
                self.enum(scope)
            elif word == "oneof":
                name = self.take()
                self.take("{")
                self.members(scope, name)
            else:
                self.field(scope, word, oneof)

    def field(self, scope: str, word: str, oneof: str) -> None:
        repeated = word in ("repeated", "map")
        kind = self.take() if word == "repeated" else word
        if word == "map":
            self.take("<")
            key = self.take()
            self.take(",")
            kind = f"map<{key},{self.take()}>"
            self.take(">")
        name = self.take()
        self.take("=")
        self.facts.add((scope, name, int(self.take()), kind, repeated, oneof))
        self.take(";")

    def enum(self, scope: str) -> None:
        scope += self.take() + "."
        self.take("{")
        while (name := self.take()) != "}":
            self.take("=")
            self.facts.add((scope, name, int(self.take())))
            self.take(";")


def generated(descriptor: Any) -> Facts:
    """The facts of a generated module."""
    file = descriptor_pb2.FileDescriptorProto()
    descriptor.CopyToProto(file)
    facts: Facts = {("syntax", file.syntax), ("package", file.package)}
    facts |= {("import", name) for name in file.dependency}
    for message in file.message_type:
        of_message(message, "", facts)
    for enum in file.enum_type:
        of_enum(enum, "", facts)
    return facts


def of_message(message: Any, scope: str, facts: Facts) -> None:
    scope += message.name + "."
    facts.add(("message", scope))
    maps = {m.name: m for m in message.nested_type if m.options.map_entry}
    for field in message.field:
        kind = named(field)
        if kind in maps:
            kind = "map<{},{}>".format(*map(named, maps[kind].field))
        oneof = message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else ""
        repeated = field.label == field.LABEL_REPEATED
        facts.add((scope, field.name, field.number, kind, repeated, oneof))
    for nested in message.nested_type:
        if nested.name not in maps:
            of_message(nested, scope, facts)
    for enum in message.enum_type:
        of_enum(enum, scope, facts)


def of_enum(enum: Any, scope: str, facts: Facts) -> None:
    facts |= {(f"{scope}{enum.name}.", value.name, value.number) for value in enum.value}


def named(field: Any) -> str:
    """A field's type as a .proto file writes it, without its scope."""
    if field.type_name:
        return str(field.type_name.rpartition(".")[2])
    return next(name for name, number in TYPES.items() if number == field.type)


@pytest.mark.parametrize("name", FILES)
def test_the_generated_code_is_fresh(name: str) -> None:
    declared = Reader((PROTO / name).read_text()).file()
    assert declared == generated(FILES[name].DESCRIPTOR), "run `make proto`"
    assert len(declared) > 50


@pytest.mark.parametrize("name", FILES)
def test_the_generated_code_is_fresh_by_protoc(name: str, tmp_path: Path) -> None:
    protoc = pytest.importorskip("grpc_tools.protoc", reason="no grpcio-tools installed")
    out = tmp_path / "set"
    source = PROTO / name
    assert protoc.main(["protoc", f"-I{ROOT}", f"--descriptor_set_out={out}", str(source)]) == 0
    (file,) = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file
    committed = descriptor_pb2.FileDescriptorProto()
    FILES[name].DESCRIPTOR.CopyToProto(committed)
    for field in (f for m in every_message([*file.message_type]) for f in m.field):
        field.ClearField("json_name")  # the runtime makes it up where it is asked for
    assert file == committed, "run `make proto`"


def every_message(messages: list[Any]) -> Iterator[Any]:
    for message in messages:
        yield message
        yield from every_message([*message.nested_type])


@pytest.mark.parametrize("name", FILES)
def test_the_stubs_name_every_message(name: str) -> None:
    stub = (PROTO / name.replace(".proto", "_pb2.pyi")).read_text()
    for message in FILES[name].DESCRIPTOR.message_types_by_name.values():
        assert f"class {message.name}(" in stub
        for field in message.fields:
            assert re.search(rf"^    (def )?{field.name}[:(]", stub, re.MULTILINE), field.full_name


@pytest.mark.parametrize("name", ["mil_pb2.py", "model_pb2.py"])
def test_the_generated_code_asks_for_no_particular_runtime(name: str) -> None:
    assert "runtime_version" not in (PROTO / name).read_text(), "generated by too new a protoc"


@needs_oracle
def test_both_schemas_fit_into_one_process() -> None:
    script = (
        "from coremltools.proto import Model_pb2; from milc.package.proto import model_pb2; "
        "print(Model_pb2.Model.DESCRIPTOR.full_name, model_pb2.Model.DESCRIPTOR.full_name)"
    )
    command = [ORACLE_PYTHON, "-c", script]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert run.stdout == "CoreML.Specification.Model milc.spec.Model\n"
