"""A Program as its protobuf message, and a whole model as bytes.

Messages are put together as bytes in one fixed order: fields by number, maps by key, unknown fields
last. protobuf promises its own fixed order only for one version of one of its implementations, and
takes twice the time. Imports diagnostics, ir, opsets' ladder and the protobuf schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from google.protobuf.message import DecodeError

from milc.diagnostics import Diagnostic, MilError
from milc.diagnostics.files import TOO_LARGE
from milc.ir.collector import collector_paused
from milc.ir.literals import Literal
from milc.ir.nodes import Block, Function, Op, Operand, Program, Value
from milc.ir.types import SCALAR_STRING, Type
from milc.ir.walk import label, place
from milc.opsets.versions import BY_TAG
from milc.package.faults import DEEPEST, Fault, Findings
from milc.package.proto import mil_pb2, model_pb2
from milc.package.tables import FLEXIBLE_SHAPES
from milc.package.unknown import own_unknown
from milc.package.wire import STRING_VALUE, Entries, Heads, field, text, varint
from milc.package.writing import Writer, scalar_string

if TYPE_CHECKING:
    from milc.package.model import Model

PROGRAM_TAG: Final = b"\xb2\x1f"
"""The key of Model.mlProgram, the last field of a Model message that has no unknown ones."""
_SURELY_SHALLOW: Final = 8
"""So many blocks in one another, plain values within, are far from protobuf's 100 messages."""


class Encoded(NamedTuple):
    """A model as bytes."""

    data: bytes
    """The serialised Model message."""
    weights: list[str]
    """The paths of the weight files it refers to, each once."""


def encode_program(program: Program) -> mil_pb2.Program:
    """The message of a program.

    Raises MilError (MIL05xx) for what a package has no place for: tensor_buffer types, an op's own
    opset suffix, and literals that are not of their type.
    """
    try:
        return mil_pb2.Program.FromString(b"".join(_encoded(program)[0]))
    except DecodeError as error:
        raise _does_not_fit(error) from error


def encode_model(model: Model) -> Encoded:
    """The serialised Model message; the same model gives the same bytes. Raises MilError."""
    message = model.message()
    message.ClearField("mlProgram")
    unknown = own_unknown(message)
    known = message.SerializeToString(deterministic=True).removesuffix(unknown)
    program, encoder = _encoded(model.program)
    data = b"".join((known, PROGRAM_TAG, varint(_size(program)), *program, unknown))
    if len(data) > TOO_LARGE:
        raise _does_not_fit(f"it would have {len(data)} bytes, more than {TOO_LARGE}")
    if encoder.nested or encoder.writer.nested:
        try:
            model_pb2.Model.FromString(data)
        except DecodeError as error:
            raise _does_not_fit(error) from error
    return Encoded(data, list(encoder.writer.weights))


def _encoded(program: Program) -> tuple[list[bytes], _Encoder]:
    """The pieces of the serialised program, and the encoder that made it."""
    encoder = _Encoder(program.source.path if program.source is not None else None)
    with collector_paused():
        try:
            pieces = encoder.program(program)
        except UnicodeEncodeError as error:
            raise _does_not_fit(error) from error
    if encoder.findings.found:
        raise MilError(encoder.findings.found)
    return pieces, encoder


def _does_not_fit(reason: object) -> MilError:
    return MilError(Diagnostic("MIL0542", f"the program does not fit into a message: {reason}"))


class _Attributes:
    """Writes the attributes of one kind of message, as pieces."""

    def __init__(self, tag: bytes, writer: Writer) -> None:
        self._writer = writer
        self._strings = Entries(tag, *STRING_VALUE)
        self._others = Entries(tag)

    def __call__(self, attributes: Mapping[str, Literal]) -> list[bytes]:
        parts: list[bytes] = []
        for name in sorted(attributes):
            literal = attributes[name]
            if literal.type is SCALAR_STRING and (raw := scalar_string(literal)) is not None:
                heads = self._strings[name]
            else:
                heads, raw = self._others[name], self._writer.value(literal)
            parts += heads[len(raw)], raw
        return parts


class _Encoder:
    """Puts messages together as bytes. `nested` tells that blocks lie deep in one another."""

    def __init__(self, path: str | None) -> None:
        self.findings = Findings(path)
        self.writer = Writer()
        self.nested = False
        self.attributes = _Attributes(b"\x22", self.writer)
        self._op_attributes = _Attributes(b"\x2a", self.writer)
        self._kinds: dict[str, bytes] = {}
        self._types: dict[Type, bytes] = {}
        self._bound = Entries(b"\x12")
        self._bound_to_one = Entries(b"\x12", b"\x0a", b"\x0a")
        self._ops = Heads(b"\x1a")
        self._values = Heads(b"")
        self._names = Heads(b"\x0a")
        self._names[0] = b""  # proto3 leaves empty strings out

    # What may be large is handed on as its pieces, and joined once in the end.

    def program(self, program: Program) -> list[bytes]:
        """A Program."""
        parts = [b"\x08\x01"]
        for name in sorted(program.functions):
            parts += _entry(b"\x12", name, self.function(program.functions[name]))
        parts.append(text(b"\x1a", program.doc))
        try:
            parts += self.attributes(program.attributes)
        except Fault as fault:
            self.findings.add(fault.at("attributes of the program: "))
        return [*parts, program.unknown]

    def function(self, function: Function) -> list[bytes]:
        """A Function; what is wrong with it is noted."""
        held = {k: v for k, v in function.attributes.items() if k != FLEXIBLE_SHAPES}
        bodies = {function.opset: function.body, **function.specializations}
        named = {_protobuf_name(opset): block for opset, block in bodies.items()}
        parts: list[bytes] = []
        try:
            for value in function.inputs:
                parts += self.value(b"\x0a", value)
            parts.append(text(b"\x12", _protobuf_name(function.opset)))
            for opset in sorted(named):
                parts += _entry(b"\x1a", opset, self.block(named[opset], function, 0))
            parts += self.attributes(held)
        except Fault as fault:
            self.findings.add(fault.at(f"{place(function)}: ", span=function.span))
        return [*parts, function.unknown]

    def block(self, block: Block, function: Function, depth: int) -> list[bytes]:
        """A Block, `depth` others around it."""
        if depth > DEEPEST:
            raise Fault("MIL0530", f"a block lies more than {DEEPEST} deep in other blocks")
        self.nested |= depth > _SURELY_SHALLOW
        parts: list[bytes] = []
        for value in block.inputs:
            parts += self.value(b"\x0a", value)
        parts += [field(b"\x12", value.name.encode()) for value in block.outputs]
        for op in block.ops:
            try:
                data = self.op(op, function, depth)
            except Fault as fault:
                self.findings.add(fault.at(f"{place(function)}, {label(op)}: ", span=op.span))
            else:
                parts += self._ops[len(data)], data
        parts += self.attributes(block.attributes)
        return [*parts, block.unknown]

    def op(self, op: Op, function: Function, depth: int) -> bytes:
        """An Operation."""
        if op.opset is not None:
            raise Fault(
                "MIL0541",
                f"a package has no place for the opset suffix `<{op.opset}>`",
                "leave it out: the operation is read by the opset of its function",
            )
        parts = [self._kinds.get(op.kind) or self.kind(op.kind)]
        if op.args:
            parts += self.arguments(op.args)
        for value in op.results:
            parts += self.value(b"\x1a", value)
        for block in op.blocks:
            parts.append(field(b"\x22", b"".join(self.block(block, function, depth + 1))))
        parts += self._op_attributes(op.attributes)
        parts.append(op.unknown)
        return b"".join(parts)

    def arguments(self, args: Mapping[str, tuple[Operand, ...]]) -> list[bytes]:
        """The arguments of an operation, as pieces."""
        parts: list[bytes] = []
        for name in sorted(args):
            bound = args[name]
            if len(bound) == 1 and bound[0].__class__ is Value:
                heads, raw = self._bound_to_one[name], bound[0].name.encode()
            else:
                heads, raw = self._bound[name], self.bindings(bound)
            parts += heads[len(raw)], raw
        return parts

    def bindings(self, operands: Iterable[Operand]) -> bytes:
        """An Argument."""
        return b"".join(
            field(
                b"\x0a",
                field(b"\x0a", operand.name.encode())
                if isinstance(operand, Value)
                else field(b"\x12", self.writer.value(operand)),
            )
            for operand in operands
        )

    def value(self, tag: bytes, value: Value) -> tuple[bytes, ...]:
        """A NamedValueType, as pieces."""
        type = self._types.get(value.type)
        if type is None:
            type = self._types[value.type] = field(b"\x12", self.writer.type(value.type))
        raw = value.name.encode()
        name = self._names[len(raw)]
        return tag, self._values[len(name) + len(raw) + len(type)], name, raw, type

    def kind(self, kind: str) -> bytes:
        """The type of an operation."""
        found = self._kinds[kind] = text(b"\x0a", kind)
        return found


def _entry(tag: bytes, key: str, content: list[bytes]) -> list[bytes]:
    """An entry of a map of messages, as pieces."""
    return [Entries(tag)[key][_size(content)], *content]


def _size(pieces: list[bytes]) -> int:
    return sum(map(len, pieces))


def _protobuf_name(opset: str) -> str:
    known = BY_TAG.get(opset)
    return known.protobuf if known is not None else opset
