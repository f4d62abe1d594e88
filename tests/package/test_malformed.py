"""Messages that no program can be read from, and programs that no message can hold."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
from google.protobuf import text_format
from hypothesis import given, settings
from hypothesis import strategies as st

from milc.diagnostics import Diagnostic, MilError
from milc.diagnostics.catalog import lookup
from milc.ir import types as t
from milc.ir.literals import (
    ListLiteral,
    TensorLiteral,
    string_literal,
    tensor,
)
from milc.ir.nodes import Block, Function, Op, Program, Value
from milc.ir.types import FP16, FP32, INT32, ListType
from milc.package.encode import encode_program
from milc.package.model import Model, decode_model
from milc.package.proto import mil_pb2 as pb
from milc.package.proto import model_pb2
from milc.package.wire import field
from tests.messages import (
    FLOATS,
    RELU,
    constant,
    decode,
    findings,
    message,
    named,
    nested,
    of,
    only,
    op,
    two,
)

# What is refused

BAD_OPS = {
    "a result without a name": ("outputs { type { tensorType { dataType: INT8 } } }", "MIL0525"),
    "an argument without a name": ('inputs { key: "" value {} }', "MIL0525"),
    "an attribute without a name": (
        f'attributes {{ key: "" value {{ {named("v")} }} }}',
        "MIL0525",
    ),
    "a result without a type": ('outputs { name: "z" }', "MIL0526"),
    "a list of nothing": (
        'outputs { name: "z" type { listType { length { unknown {} } } } }',
        "MIL0526",
    ),
    "no element type": ('outputs { name: "z" type { tensorType {} } }', "MIL0527"),
    "a new element type": ('outputs { name: "z" type { tensorType { dataType: 77 } } }', "MIL0527"),
    "too small a rank": (
        'outputs { name: "z" type { tensorType { dataType: INT8 dimensions { unknown {} } } } }',
        "MIL0528",
    ),
    "a negative rank": (
        'outputs { name: "z" type { tensorType { dataType: INT8 rank: -2 } } }',
        "MIL0528",
    ),
    "a huge rank": (
        'outputs { name: "z" type { tensorType { dataType: INT8 rank: 300 '
        + "dimensions { constant { size: 4000000000 } }" * 300
        + " } } }",
        "MIL0528",
    ),
    "half a dimension": (
        'outputs { name: "z" type { tensorType { dataType: INT8 rank: 1 dimensions {} } } }',
        "MIL0529",
    ),
    "a list of no length": (
        'outputs { name: "z" type { listType { type { tensorType { dataType: INT8 } } } } }',
        "MIL0529",
    ),
    "an empty binding": ('inputs { key: "a" value { arguments {} } }', "MIL0536"),
}
BAD_VALUES = {
    "no type": ("immediateValue { tensor { ints { values: 1 } } }", "MIL0526"),
    "nothing": (FLOATS, "MIL0531"),
    "an empty immediate value": (f"{FLOATS} immediateValue {{}}", "MIL0531"),
    "a list for a tensor": (f"{FLOATS} immediateValue {{ list {{}} }}", "MIL0531"),
    "strings for numbers": (two("FLOAT32", 'strings { values: "a" values: "b" }'), "MIL0531"),
    "numbers for strings": (two("STRING", "floats { values: 1 values: 2 }"), "MIL0531"),
    "bools for numbers": (two("INT32", "bools { values: true values: true }"), "MIL0531"),
    "too few elements": (two("FLOAT32", "floats { values: 1 }"), "MIL0532"),
    "too many bytes": (two("UINT8", 'bytes { values: "abc" }'), "MIL0532"),
    "no member": (two("INT32", ""), "MIL0532"),
    "int8 of 300": (two("INT8", "ints { values: 300 values: 1 }"), "MIL0533"),
    "uint16 below 0": (two("UINT16", "ints { values: -1 values: 1 }"), "MIL0533"),
    "a bool of 2": (two("BOOL", 'bytes { values: "\\2\\0" }'), "MIL0533"),
    "a state": (
        (
            "type { stateType { wrappedType { tensorType { dataType: FLOAT16 } } } }"
            " immediateValue { tensor { bytes {} } }"
        ),
        "MIL0531",
    ),
    "a list in a file": (
        (
            "type { listType { type { tensorType { dataType: INT8 } } length { unknown {} } } }"
            ' blobFileValue { fileName: "@model_path/w.bin" offset: 64 }'
        ),
        "MIL0531",
    ),
    "a list of another length": (
        (
            "type { listType { type { tensorType { dataType: STRING } } length { constant {} } } }"
            f" immediateValue {{ list {{ values {{ {named('v')} }} }} }}"
        ),
        "MIL0532",
    ),
    "an item of another type": (
        (
            "type { listType { type { tensorType { dataType: INT8 } } length { unknown {} } } }"
            f" immediateValue {{ list {{ values {{ {named('v')} }} }} }}"
        ),
        "MIL0531",
    ),
    "a tuple of too few": (
        (
            "type { tupleType { types { tensorType { dataType: INT8 } } } }"
            " immediateValue { tuple {} }"
        ),
        "MIL0532",
    ),
    "many unknown dimensions": (
        (
            "type { tensorType { dataType: INT8 rank: 2"
            " dimensions { unknown {} } dimensions { unknown {} } } }"
            ' immediateValue { tensor { bytes { values: "ab" } } }'
        ),
        "MIL0532",
    ),
}


@pytest.mark.parametrize(("more", "code"), BAD_OPS.values(), ids=BAD_OPS)
def test_malformed_operations(more: str, code: str) -> None:
    found = only(findings(message(RELU + op("conv", "r", "x=x", more))))
    assert found.code == code
    assert found.message.startswith("function main, conv `r")


@pytest.mark.parametrize(("value", "code"), BAD_VALUES.values(), ids=BAD_VALUES)
def test_malformed_values(value: str, code: str) -> None:
    assert only(findings(constant(value))).code == code


def test_one_mistake_is_reported_once_though_others_use_the_result() -> None:
    bad = op("f", "z", "", 'inputs { key: "a" value { arguments {} } }')
    assert only(findings(message(bad + op("g", "y", "x=z")))).code == "MIL0536"


def test_an_operation_without_a_type() -> None:
    assert only(findings(message(op("", "y", "x=x")))).code == "MIL0525"


BAD_PROGRAMS: dict[str, tuple[Callable[[pb.Program], object], str]] = {
    "version 2": (lambda p: setattr(p, "version", 2), "MIL0523"),
    "no function": (lambda p: p.functions.clear(), "MIL0406"),
    "no body": (lambda p: p.functions["main"].block_specializations.clear(), "MIL0524"),
    "another opset": (lambda p: setattr(p.functions["main"], "opset", "CoreML8"), "MIL0524"),
    "an unnamed input": (lambda p: p.functions["main"].inputs.add(), "MIL0525"),
    "an attribute without a value": (lambda p: p.attributes.get_or_create("a"), "MIL0526"),
}


@pytest.mark.parametrize(("change", "code"), BAD_PROGRAMS.values(), ids=BAD_PROGRAMS)
def test_malformed_programs(change: Callable[[pb.Program], object], code: str) -> None:
    held = message(RELU)
    change(held)
    found = findings(held)
    assert code in [d.code for d in found]
    assert len(found) <= 2


def test_the_opset_of_text_is_no_opset_of_a_package() -> None:
    held = text_format.Parse(str(message(RELU)).replace("CoreML7", "ios17"), pb.Program())
    found = only(findings(held))
    assert found.code == "MIL0524"
    assert found.help is not None
    assert "CoreML7" in found.help


def deep(levels: int) -> pb.Program:
    held = message(RELU)
    block = held.functions["main"].block_specializations["CoreML7"]
    for _ in range(levels):
        block = block.operations.add(type="loop").blocks.add()
    return held


def test_blocks_nested_too_deep() -> None:
    assert findings(deep(60)) == []
    assert only(findings(deep(70))).code == "MIL0530"


def test_types_and_values_nested_too_deep() -> None:
    held = message(RELU)
    type = held.functions["main"].inputs[0].type
    type.Clear()
    for _ in range(100):
        type.listType.length.unknown.SetInParent()
        type = type.listType.type
    type.tensorType.dataType = pb.INT8
    assert "MIL0530" in [d.code for d in findings(held)]


def test_an_input_with_very_many_faults_is_given_up() -> None:
    held = message(RELU + op("f", "z", "", 'inputs { key: "a" value { arguments {} } }') * 5000)
    with pytest.raises(MilError) as error:
        findings(held)
    assert len(error.value.diagnostics) == 100


# What a package cannot hold


def program_of(*ops: Op) -> Program:
    program = Program()
    function = program.add(Function("main", "ios17", [Value("x", FP32(2))]))
    for held in ops:
        function.body.append(held)
    function.body.set_outputs(function.inputs)
    return program


BUFFER = t.TensorBufferType(FP16, (1,), (1,), (1,))
UNSTORABLE = {
    "tensor_buffer": (Op("f", results=[Value("y", BUFFER)]), "MIL0539"),
    "list of tensor_buffer": (Op("f", results=[Value("y", ListType(BUFFER))]), "MIL0539"),
    "too few bytes": (Op("f", attributes={"v": TensorLiteral(FP32(3), bytes(8))}), "MIL0540"),
    "bytes for strings": (Op("f", attributes={"v": TensorLiteral(t.STRING(1), b"a")}), "MIL0540"),
    "wrong item": (
        Op("f", {"a": (ListLiteral(ListType(FP16()), [string_literal("a")]),)}),
        "MIL0540",
    ),
    "suffix": (Op("f", opset="ios17"), "MIL0541"),
    "negative dimension": (Op("f", results=[Value("y", FP32(-1))]), "MIL0529"),
    "no text": (Op("f", results=[Value("\ud800", FP32(1))]), "MIL0542"),
}


@pytest.mark.parametrize(("held", "code"), UNSTORABLE.values(), ids=UNSTORABLE)
def test_what_a_package_cannot_hold(held: Op, code: str) -> None:
    with pytest.raises(MilError) as error:
        encode_program(program_of(held))
    (found,) = error.value.diagnostics
    assert found.code == code
    assert lookup(code) is not None


def test_all_that_cannot_be_held_is_told_at_once() -> None:
    with pytest.raises(MilError) as error:
        encode_program(program_of(Op("f", opset="ios17"), Op("g", opset="ios17")))
    assert len(error.value.diagnostics) == 2


def test_the_attribute_for_flexible_shapes_is_not_written() -> None:
    program = decode(message(RELU))
    program.functions["main"].attributes["FlexibleShapeInformation"] = string_literal("x")
    assert encode_program(program) == message(RELU)


def test_blocks_built_too_deep_are_refused() -> None:
    outer = block = Block()
    for _ in range(70):
        block = block.append(Op("loop", blocks=[Block()])).blocks[0]
    with pytest.raises(MilError) as error:
        encode_program(program_of(Op("loop", blocks=[outer])))
    assert error.value.diagnostics[0].code == "MIL0530"


def list_type(depth: int) -> t.Type:
    type: t.Type = FP16()
    for _ in range(depth):
        type = ListType(type)
    return type


def deep_blocks(depth: int) -> Op:
    op = Op("f")
    for _ in range(depth):
        block = Block()
        block.append(op)
        op = Op("loop", blocks=[block])
    return op


@pytest.mark.parametrize(
    "held",
    [
        Op("f", results=[Value("y", list_type(60))]),
        # Each type is written once: none of these lies deep when it is met.
        Op("f", results=[Value(f"y{depth}", list_type(depth)) for depth in range(1, 60)]),
        deep_blocks(60),
    ],
)
def test_what_protobuf_would_not_read_again_is_not_written(held: Op) -> None:
    with pytest.raises(MilError) as error:
        Model(program_of(held), described=True).encode()
    assert error.value.diagnostics[0].code == "MIL0542"


# Strangers' bytes


def survives(data: bytes) -> None:
    """Reading ends in a model that can be written, or in diagnostics."""
    found: list[Diagnostic] = []
    try:
        decode_model(data, "model").encode()
    except MilError as error:
        found = error.diagnostics
    assert all(lookup(diagnostic.code) is not None for diagnostic in found)


def small_model() -> bytes:
    model = model_pb2.Model(specificationVersion=8)
    model.description.input.add(name="x").type.multiArrayType.shape.append(2)
    inner = nested(op("f", "i", "x=x", f'attributes {{ key: "name" value {{ {named("n")} }} }}'))
    value = str(of(ListLiteral(ListType(INT32(1), 1), [tensor(INT32, (1,), [5])])))
    ops = op("const", "c", "", f'attributes {{ key: "val" value {{ {value} }} }}')
    held = message(ops + op("loop", "y", "x=x y=c", inner))
    model.mlProgram.CopyFrom(held)
    return model.SerializeToString()


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_random_bytes(data: bytes) -> None:
    survives(data)


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6))
@settings(max_examples=400, deadline=None)
def test_changed_bytes(changes: list[tuple[int, int]]) -> None:
    data = bytearray(small_model())
    for at, byte in changes:
        data[at % len(data)] = byte
    survives(bytes(data))


def cut(data: bytes) -> Iterator[bytes]:
    chosen = random.Random(1)
    for _ in range(100):
        yield data[: chosen.randrange(len(data))]


def test_cut_off_models() -> None:
    for data in cut(small_model()):
        survives(data)


def test_nesting_beyond_protobufs_own_limit() -> None:
    block = b""
    for _ in range(5000):
        block = field(b"\x1a", field(b"\x22", block))
    entry = field(b"\x0a", b"CoreML7") + field(b"\x12", block)
    function = field(b"\x12", b"CoreML7") + field(b"\x1a", entry)
    program = field(b"\x12", field(b"\x0a", b"main") + field(b"\x12", function))
    with pytest.raises(MilError) as error:
        decode_model(field(b"\xb2\x1f", program))
    assert error.value.diagnostics[0].code == "MIL0520"
