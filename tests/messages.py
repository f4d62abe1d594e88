"""Programs as protobuf messages, written short: for tests of decoding and encoding."""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf import text_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from milc.diagnostics import Diagnostic, errors
from milc.diagnostics.catalog import lookup
from milc.ir.literals import (
    Literal,
    TensorLiteral,
)
from milc.ir.nodes import Function, Program
from milc.package.decode import decode_program
from milc.package.encode import encode_program
from milc.package.model import Model
from milc.package.proto import mil_pb2 as pb
from milc.package.unknown import own_unknown
from milc.package.wire import field as wire_field
from milc.package.wire import varint
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
    """Decode and encode: the message is equal, and so are its bytes in their fixed order."""
    program = decode(held)
    assert encode_program(program) == held
    assert Model(program, described=True).encode().endswith(canonical(held))
    return program


def canonical(message: Message) -> bytes:
    """The bytes of a message with fields in the order of their numbers and maps in that of keys.

    protobuf's own `deterministic` promises the same, but its C code puts the longer of two keys
    first where one begins with the other (`end_mask` before `end`); its Python code does not.
    """
    if not _holds_maps(message.DESCRIPTOR):
        return message.SerializeToString()
    parts = [_canonical_field(message, field, held) for field, held in message.ListFields()]
    return b"".join(parts) + own_unknown(message)


def _canonical_field(message: Message, field: FieldDescriptor, held: Any) -> bytes:
    key = varint(field.number << 3 | 2)
    if field.message_type is None:
        return type(message)(**{field.name: held}).SerializeToString()
    if field.message_type.GetOptions().map_entry:
        entries = [_canonical_entry(field.message_type, name, held[name]) for name in sorted(held)]
        return b"".join([wire_field(key, entry) for entry in entries])
    items = [held] if isinstance(held, Message) else held
    return b"".join([wire_field(key, canonical(item)) for item in items])


def _canonical_entry(type: Descriptor, key: str, held: Any) -> bytes:
    value = canonical(held) if isinstance(held, Message) else held.encode()
    return wire_field(b"\x0a", key.encode()) + wire_field(b"\x12", value)


@cache
def _holds_maps(type: Descriptor, *above: Descriptor) -> bool:
    return any(
        field.message_type.GetOptions().map_entry
        or (field.message_type not in above and _holds_maps(field.message_type, type, *above))
        for field in type.fields
        if field.message_type is not None
    )


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
