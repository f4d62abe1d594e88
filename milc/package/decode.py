"""A Program out of its protobuf message, without loss.

Imports diagnostics, ir, opsets' ladder and the protobuf schema; no weights and no description.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from google.protobuf.message import Message

from milc.diagnostics import Diagnostic
from milc.ir.collector import collector_paused
from milc.ir.names import undefined_name
from milc.ir.nodes import Block, Function, Op, Operand, Program, Value
from milc.ir.types import UNKNOWN_TYPE
from milc.ir.walk import called, place
from milc.opsets.versions import BY_PROTOBUF, BY_TAG, text_version
from milc.package.faults import DEEPEST, Fault, Findings
from milc.package.proto import mil_pb2 as pb
from milc.package.reading import Reader
from milc.package.unknown import has_unknown, own_unknown, places


def decode_program(
    message: pb.Program,
    specification_version: int,
    path: str | None = None,
    unknown: bool | None = None,
) -> tuple[Program, list[Diagnostic]]:
    """The program that `message` holds, and what is wrong with it.

    Maps are read by their sorted keys. The program is fit for use only if no diagnostic is an
    error; `path` is what they call the file. `unknown` says whether the message has unknown fields;
    None: find out, which takes a copy. Raises MilError if there are too many errors to go on.
    """
    with collector_paused():
        decoder = _Decoder(path)
        program = decoder.program(message, text_version(specification_version))
        if has_unknown(message) if unknown is None else unknown:
            _UnknownFields(decoder.findings).program(message, program)
    return program, decoder.findings.found


class _Scope:
    """The names that a block may use: its own, and through `outer` those around it.

    `forward` holds values that were used before anything defined them.
    """

    __slots__ = ("forward", "names", "outer")

    def __init__(self, outer: _Scope | None, names: dict[str, Value]) -> None:
        self.names = names
        self.outer = outer
        self.forward: dict[str, Value] = {}

    def find(self, name: str) -> Value:
        """The newest definition in sight; else a value that a later one may yet define."""
        at: _Scope | None = self
        while at is not None:
            if (value := at.names.get(name)) is not None:
                return value
            at = at.outer
        at = self
        while at is not None:
            if (value := at.forward.get(name)) is not None:
                return value
            at = at.outer
        return self.forward.setdefault(name, Value(name, UNKNOWN_TYPE))


class _Decoder:
    """One program on its way in. `place` tells the function at hand, for findings."""

    def __init__(self, path: str | None) -> None:
        self.findings = Findings(path)
        self.reader = Reader()
        self.place = ""

    def program(self, message: pb.Program, version: str) -> Program:
        """The program, with its functions in the order of their names."""
        program = Program(version)
        program.doc = message.docString
        if message.version != 1:
            found = f"the program says version {message.version}; only 1 is defined"
            self.findings.add(Diagnostic("MIL0523", found))
        try:
            program.attributes = self.reader.values(message.attributes)
        except Fault as fault:
            self.findings.add(fault.at("attributes of the program: "))
        for name in sorted(message.functions):
            program.add(self.function(name, message.functions[name]))
        if not program.functions:
            self.findings.add(Diagnostic("MIL0406", "the program has no function"))
        return program

    def function(self, name: str, message: pb.Function) -> Function:
        """A function with its bodies; what is wrong with it is noted."""
        function = Function(name, _tag(message.opset))
        self.place = place(function)
        try:
            self._signature(function, message)
        except Fault as fault:
            self.findings.add(fault.at(self.where()))
        bodies = message.block_specializations
        for opset in sorted(bodies):
            block = function.body if opset == message.opset else Block()
            block.parent = function
            if opset != message.opset:
                function.specializations[_tag(opset)] = block
            scope = _Scope(None, {value.name: value for value in function.inputs})
            self.block(bodies[opset], block, scope, 0)
            for lost in scope.forward:
                self.findings.add(undefined_name(lost, where=self.where()))
        return function

    def _signature(self, function: Function, message: pb.Function) -> None:
        if not function.name:
            raise Fault("MIL0525", "a function has no name")
        function.attributes = self.reader.values(message.attributes)
        function.inputs = self.values(message.inputs, function)
        spelt = {message.opset, *message.block_specializations} & BY_TAG.keys()
        for tag in sorted(spelt):
            raise Fault(
                "MIL0524",
                f"the opset is spelt `{tag}`, as in text",
                f"in a package it is `{BY_TAG[tag].protobuf}`",
            )
        if message.opset not in message.block_specializations:
            held = ", ".join(sorted(message.block_specializations)) or "none at all"
            raise Fault("MIL0524", f"no body for the opset {message.opset!r}; there is {held}")

    def values(
        self, messages: Iterable[pb.NamedValueType], owner: Function | Block | Op
    ) -> list[Value]:
        """The inputs of a function or block, or the results of an op."""
        found = []
        for message in messages:
            if not message.name:
                raise Fault("MIL0525", "a value has no name")
            found.append(Value(message.name, self.reader.type(message.type), owner))
        return found

    def block(self, message: pb.Block, block: Block, scope: _Scope, depth: int) -> None:
        """Fill `block`; its names go into `scope`."""
        if depth > DEEPEST:
            raise Fault("MIL0530", f"a block lies more than {DEEPEST} deep in other blocks")
        try:
            block.attributes = self.reader.values(message.attributes)
            block.inputs = self.values(message.inputs, block)
        except Fault as fault:
            self.findings.add(fault.at(self.where()))
        scope.names.update((value.name, value) for value in block.inputs)
        self.ops(message.operations, block, scope, depth)
        block.set_outputs([scope.names.get(name) or scope.find(name) for name in message.outputs])
        if scope.outer is not None:
            scope.outer.forward.update(scope.forward)

    def ops(
        self, messages: Sequence[pb.Operation], block: Block, scope: _Scope, depth: int
    ) -> None:
        """Append the operations to `block`. This is where decoding spends its time."""
        append, reader = block.append, self.reader
        for message in messages:
            op = Op(message.type)
            try:
                args, bound = op.args, message.inputs
                for name in sorted(bound):
                    args[name] = self.operands(bound[name].arguments, op, scope)
                attributes, held = op.attributes, message.attributes
                for name in sorted(held):
                    attributes[name] = reader.value(held[name])
                for inner in message.blocks:
                    self.nested(inner, op, scope, depth)
                if not op.kind or "" in args or "" in attributes:
                    raise Fault("MIL0525", "its type, an argument or an attribute has no name")
                self.results(message.outputs, op, scope)
            except Fault as fault:
                self.findings.add(fault.at(self.where(message)))
                for output in message.outputs:
                    scope.names[output.name] = Value(output.name, UNKNOWN_TYPE)
            append(op)

    def results(self, messages: Sequence[pb.NamedValueType], op: Op, scope: _Scope) -> None:
        """Define the results of `op`, from here on the newest values of their names."""
        for message in messages:
            name = message.name
            if not name:
                raise Fault("MIL0525", "a result has no name")
            value = scope.forward.pop(name, None) if scope.forward else None
            if value is None:
                value = Value(name, UNKNOWN_TYPE)
            value.type = self.reader.type(message.type)
            value.owner = op
            scope.names[name] = value
            op.results.append(value)

    def operands(
        self, bindings: Sequence[pb.Argument.Binding], op: Op, scope: _Scope
    ) -> tuple[Operand, ...]:
        """What an argument is bound to."""
        found: list[Operand] = []
        for binding in bindings:
            name = binding.name
            if name:
                value = scope.names.get(name) or scope.find(name)
                value.add_use(op)
                found.append(value)
            elif binding.HasField("value"):
                found.append(self.reader.value(binding.value))
            else:
                raise Fault("MIL0536", "an argument is bound to neither a name nor a value")
        return tuple(found)

    def nested(self, message: pb.Block, op: Op, outer: _Scope, depth: int) -> None:
        """Give an operation one more nested block."""
        block = Block()
        block.parent = op
        op.blocks.append(block)
        self.block(message, block, _Scope(outer, {}), depth + 1)

    def where(self, message: pb.Operation | None = None) -> str:
        """What precedes a diagnostic's message."""
        return f"{self.place}, {_called(message)}: " if message is not None else f"{self.place}: "


def _called(message: pb.Operation) -> str:
    return called(message.type, [output.name for output in message.outputs])


def _tag(opset: str) -> str:
    known = BY_PROTOBUF.get(opset)
    return known.tag if known is not None else opset


class _UnknownFields:
    """The slow walk over a program that has unknown fields: keeps those of its nodes."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    def program(self, message: pb.Program, program: Program) -> None:
        """Keep those of the program and all that is in it."""
        program.unknown = own_unknown(message)
        for name, function in program.functions.items():
            self.function(message.functions[name], function)
        for name in message.attributes:
            self.lost(message.attributes[name], f"attribute `{name}` of the program")

    def function(self, message: pb.Function, function: Function) -> None:
        """Keep those of a function and its blocks."""
        function.unknown = own_unknown(message)
        where = place(function)
        for value in message.inputs:
            self.lost(value, f"{where}: input `{value.name}`")
        for name in message.attributes:
            self.lost(message.attributes[name], f"{where}: attribute `{name}`")
        for opset, block in message.block_specializations.items():
            body = function.specializations.get(_tag(opset), function.body)
            self.block(block, body, where)

    def block(self, message: pb.Block, block: Block, where: str) -> None:
        """Keep those of a block and its operations."""
        block.unknown = own_unknown(message)
        for value in message.inputs:
            self.lost(value, f"{where}: block argument `{value.name}`")
        for name in message.attributes:
            self.lost(message.attributes[name], f"{where}: block attribute `{name}`")
        for inner, op in zip(message.operations, block.ops, strict=True):
            self.op(inner, op, where)

    def op(self, message: pb.Operation, op: Op, where: str) -> None:
        """Keep those of an operation and its blocks."""
        op.unknown = own_unknown(message)
        where = f"{where}, {_called(message)}"
        for value in message.outputs:
            self.lost(value, f"{where}: result `{value.name}`")
        for name in message.inputs:
            self.lost(message.inputs[name], f"{where}: argument `{name}`")
        for name in message.attributes:
            self.lost(message.attributes[name], f"{where}: attribute `{name}`")
        for inner, block in zip(message.blocks, op.blocks, strict=False):
            self.block(inner, block, where)

    def lost(self, message: Message, name: str) -> None:
        """Warn of unknown fields where the program has no place for them."""
        for inner in places(message, name):
            text = f"{inner}: a field that milc does not know is not kept"
            self.findings.add(Diagnostic("MIL0538", text, severity="warning"))
