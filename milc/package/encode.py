"""A Program as its protobuf message, and a whole model as bytes.

Imports diagnostics, ir, opsets' ladder and the protobuf schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from google.protobuf.message import DecodeError

from milc.diagnostics import MilError
from milc.ir.literals import Literal
from milc.ir.nodes import Block, Function, Op, Operand, Program, Value
from milc.ir.types import Type
from milc.opsets.versions import BY_TAG
from milc.package.collector import collector_paused
from milc.package.faults import DEEPEST, Fault, Findings
from milc.package.proto import mil_pb2 as pb
from milc.package.tables import FLEXIBLE_SHAPES
from milc.package.wire import SHORT_STRING, argument_head, field, text
from milc.package.writing import Writer

if TYPE_CHECKING:
    from milc.package.model import Model

_ARGUMENT_HEADS: Final = tuple(argument_head(length) for length in range(SHORT_STRING))


def encode_program(program: Program) -> pb.Program:
    """The message of a program.

    Raises MilError (MIL05xx) for what a package has no place for: tensor_buffer types, an op's own
    opset suffix, and literals that are not of their type.
    """
    message = pb.Program()
    _merge(message, program)
    return message


def encode_model(model: Model) -> bytes:
    """The serialised Model message; the same model gives the same bytes. Raises MilError."""
    message = model.message()
    _merge(message.mlProgram, model.program)
    data: bytes = message.SerializeToString(deterministic=True)
    return data


def _merge(message: pb.Program, program: Program) -> None:
    with collector_paused():
        encoder = _Encoder(program.source.path if program.source is not None else None)
        try:
            data = encoder.program(program)
            if encoder.findings.found:
                raise MilError(encoder.findings.found)
            message.MergeFromString(data)
        except (DecodeError, UnicodeEncodeError) as error:
            fault = Fault("MIL0542", f"the program does not fit into a message: {error}")
            raise MilError(fault.at("")) from error


class _Encoder:
    """Puts messages together as bytes; protobuf parses them once and puts maps in order."""

    def __init__(self, path: str | None) -> None:
        self.findings = Findings(path)
        self.writer = Writer()
        self._kinds: dict[str, bytes] = {}
        self._keys: dict[str, bytes] = {}
        self._types: dict[Type, bytes] = {}

    def program(self, program: Program) -> bytes:
        parts = [b"\x08\x01", text(b"\x1a", program.doc)]
        try:
            parts += self.attributes(b"\x22", program.attributes)
        except Fault as fault:
            self.findings.add(fault.at("attributes of the program: "))
        for name, function in program.functions.items():
            parts.append(_entry(b"\x12", name, self.function(function)))
        return b"".join(parts) + program.unknown

    def function(self, function: Function) -> bytes:
        held = {k: v for k, v in function.attributes.items() if k != FLEXIBLE_SHAPES}
        parts: list[bytes] = []
        try:
            parts += [field(b"\x0a", self.value(value)) for value in function.inputs]
            parts.append(text(b"\x12", _protobuf_name(function.opset)))
            parts += self.attributes(b"\x22", held)
            bodies = {function.opset: function.body, **function.specializations}
            for opset, block in bodies.items():
                content = self.block(block, function, 0)
                parts.append(_entry(b"\x1a", _protobuf_name(opset), content))
        except Fault as fault:
            self.findings.add(fault.at(f"function `{function.name}`: ", span=function.span))
        return b"".join(parts) + function.unknown

    def block(self, block: Block, function: Function, depth: int) -> bytes:
        if depth > DEEPEST:
            raise Fault("MIL0530", f"a block lies more than {DEEPEST} deep in other blocks")
        parts = [field(b"\x0a", self.value(value)) for value in block.inputs]
        parts += [field(b"\x12", value.name.encode()) for value in block.outputs]
        parts += self.attributes(b"\x22", block.attributes)
        for op in block.ops:
            try:
                parts.append(field(b"\x1a", self.op(op, function, depth)))
            except Fault as fault:
                self.findings.add(fault.at(_where(op, function), span=op.span))
        return b"".join(parts) + block.unknown

    def op(self, op: Op, function: Function, depth: int) -> bytes:
        if op.opset is not None:
            raise Fault(
                "MIL0541",
                f"a package has no place for the opset suffix `<{op.opset}>`",
                "leave it out: the operation is read by the opset of its function",
            )
        parts, keys = [self.kind(op.kind)], self._keys
        for name, bound in op.args.items():
            key = keys.get(name) or self.key(name)
            if len(bound) == 1 and bound[0].__class__ is Value:
                raw = bound[0].name.encode()
                if len(raw) < SHORT_STRING:
                    parts.append(field(b"\x12", key + _ARGUMENT_HEADS[len(raw)] + raw))
                    continue
            parts.append(field(b"\x12", key + field(b"\x12", self.bindings(bound))))
        parts += [field(b"\x1a", self.value(value)) for value in op.results]
        if op.blocks:
            bodies = [self.block(block, function, depth + 1) for block in op.blocks]
            parts += [field(b"\x22", body) for body in bodies]
        for name, literal in op.attributes.items():
            key = keys.get(name) or self.key(name)
            parts.append(field(b"\x2a", key + field(b"\x12", self.writer.value(literal))))
        parts.append(op.unknown)
        return b"".join(parts)

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

    def value(self, value: Value) -> bytes:
        """A NamedValueType."""
        type = self._types.get(value.type)
        if type is None:
            type = self._types[value.type] = field(b"\x12", self.writer.type(value.type))
        return field(b"\x0a", value.name.encode()) + type

    def attributes(self, tag: bytes, attributes: Mapping[str, Literal]) -> Iterable[bytes]:
        """A map of values."""
        write = self.writer.value
        return [
            field(tag, self.key(name) + field(b"\x12", write(literal)))
            for name, literal in attributes.items()
        ]

    def key(self, name: str) -> bytes:
        """The key of a map's entry."""
        found = self._keys.get(name)
        if found is None:
            found = self._keys[name] = field(b"\x0a", name.encode())
        return found

    def kind(self, kind: str) -> bytes:
        """The type of an operation."""
        found = self._kinds.get(kind)
        if found is None:
            found = self._kinds[kind] = text(b"\x0a", kind)
        return found


def _entry(tag: bytes, key: str, content: bytes) -> bytes:
    """An entry of a map of messages."""
    return field(tag, field(b"\x0a", key.encode()) + field(b"\x12", content))


def _protobuf_name(opset: str) -> str:
    known = BY_TAG.get(opset)
    return known.protobuf if known is not None else opset


def _where(op: Op, function: Function) -> str:
    results = ", ".join(value.name for value in op.results)
    return f"function `{function.name}`, `{op.kind}` operation `{results}`: "
