"""Programs as protobuf messages, written short: for tests of decoding and encoding."""

from __future__ import annotations

from google.protobuf import text_format

from milc.diagnostics import Diagnostic, errors
from milc.diagnostics.catalog import lookup
from milc.ir.literals import (
    Literal,
    TensorLiteral,
)
from milc.ir.nodes import Function, Program
from milc.package.decode import decode_program
from milc.package.encode import encode_program
from milc.package.proto import mil_pb2 as pb
from milc.package.writing import Writer

FLOATS = "type { tensorType { dataType: FLOAT32 rank: 1 dimensions { constant { size: 2 } } } }"
ONE = "type { tensorType { dataType: FLOAT32 rank: 1 dimensions { constant { size: 1 } } } }"


def named(content: str) -> str:
    """The text of a string value."""
    head = "type { tensorType { dataType: STRING } } immediateValue { tensor { strings"
    return f'{head} {{ values: "{content}" }} }} }}'


def op(kind: str, result: str = "", inputs: str = "", more: str = "") -> str:
    """The text of an operation; `inputs` are pairs `x=a` of argument and value."""
    bound = ""
    for pair in inputs.split():
        key, value = pair.split("=")
        bound += f'inputs {{ key: "{key}" value {{ arguments {{ name: "{value}" }} }} }} '
    out = f'outputs {{ name: "{result}" {FLOATS} }}' if result else ""
    return f'operations {{ type: "{kind}" {bound} {out} {more} }}\n'


def message(ops: str = "", outputs: str = "y", more: str = "", program: str = "") -> pb.Program:
    """A program with one function, main, that takes x."""
    returned = "".join(f'outputs: "{name}" ' for name in outputs.split())
    block = f'block_specializations {{ key: "CoreML7" value {{ {ops} {returned} }} }}'
    inputs = f'inputs {{ name: "x" {FLOATS} }}'
    function = f'functions {{ key: "main" value {{ opset: "CoreML7" {inputs} {block} {more} }} }}'
    return text_format.Parse(f"version: 1 {function} {program}", pb.Program())


RELU = op("relu", "y", "x=x")


def decode(held: pb.Program, version: int = 8) -> Program:
    """The program, which must be fit for use."""
    program, found = decode_program(held, version, "model")
    assert errors(found) == [], found
    return program


def main(held: pb.Program) -> Function:
    return decode(held).functions["main"]


def findings(held: pb.Program) -> list[Diagnostic]:
    return decode_program(held, 8, "model")[1]


def returns_equal(held: pb.Program) -> Program:
    """Decode and encode: the message is equal, its bytes in fixed order too."""
    program = decode(held)
    made = encode_program(program)
    assert made == held
    fixed = made.SerializeToString(deterministic=True)
    assert fixed == held.SerializeToString(deterministic=True)
    return program


def of(literal: Literal) -> pb.Value:
    """The message of a literal."""
    return pb.Value.FromString(Writer().value(literal))


def constant(value: str) -> pb.Program:
    """A program with one const, `value` the text of its attribute val."""
    attributes = f'attributes {{ key: "val" value {{ {value} }} }}'
    return message(op("const", "y", "", attributes))


def read(value: str) -> TensorLiteral:
    """The literal of a value's text, after it has come back equal."""
    literal = returns_equal(constant(value)).functions["main"].body.outputs[0].literal
    assert isinstance(literal, TensorLiteral)
    return literal


def nested(inner: str, inputs: str = "") -> str:
    return f'blocks {{ {inputs} {inner} outputs: "i" }}'


def two(data_type: str, content: str) -> str:
    """The text of a value of two elements."""
    type = f"tensorType {{ dataType: {data_type} rank: 1 dimensions {{ constant {{ size: 2 }} }} }}"
    return f"type {{ {type} }} immediateValue {{ tensor {{ {content} }} }}"


def only(found: list[Diagnostic]) -> Diagnostic:
    (diagnostic,) = found
    assert diagnostic.path == "model"
    assert lookup(diagnostic.code) is not None
    return diagnostic
