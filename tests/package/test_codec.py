"""Programs out of protobuf messages and back: nothing is lost."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest
from google.protobuf import text_format

from milc.diagnostics import MilError
from milc.ir import types as t
from milc.ir.literals import (
    TensorLiteral,
    string_literal,
    tensor,
)
from milc.ir.types import FP16, FP32, INT32, VARIADIC, DictType, ListType, StateType, TupleType
from milc.package.decode import decode_program
from milc.package.encode import encode_program
from milc.package.model import decode_model
from milc.package.proto import mil_pb2 as pb
from milc.package.proto import model_pb2
from milc.package.wire import field, number, varint
from tests.messages import (
    ONE,
    RELU,
    canonical,
    decode,
    findings,
    main,
    message,
    named,
    nested,
    of,
    only,
    op,
    returns_equal,
)
from tests.models import corpus, oracle_models
from tests.shared import needs_shared

# What is kept


def test_names_types_and_uses() -> None:
    function = main(message(RELU))
    (x,) = function.inputs
    (y,) = function.outputs
    assert (x.name, x.type, x.owner) == ("x", FP32(2), function)
    assert (y.name, y.type, y.op) == ("y", FP32(2), function.body.first)
    assert x.uses == {function.body.first: 1}
    assert y.uses == {function.body: 1}


@pytest.mark.parametrize(("version", "text"), [(6, "1.0"), (8, "1.0"), (9, "1.3"), (10, "1.3")])
def test_the_text_version_follows_the_specification_version(version: int, text: str) -> None:
    assert decode(message(RELU), version).version == text


@pytest.mark.parametrize(
    ("protobuf", "tag"),
    [("CoreML5", "ios15"), ("CoreML8", "ios18"), ("CoreML9", "ios26"), ("CoreML4", "CoreML4")],
)
def test_opsets(protobuf: str, tag: str) -> None:
    held = text_format.Parse(str(message(RELU)).replace("CoreML7", protobuf), pb.Program())
    assert returns_equal(held).functions["main"].opset == tag


def test_doc_strings_and_attributes_of_every_level_are_kept() -> None:
    value = f'value {{ docString: "why" {named("b")} }}'
    attribute = f'attributes {{ key: "a" {value} }}'
    block = f'block_specializations {{ key: "CoreML6" value {{ {RELU} {attribute} }} }}'
    held = message(
        op("relu", "y", "x=x", attribute),
        more=attribute + block,
        program=f'{attribute} docString: "d"',
    )
    program = returns_equal(held)
    function = program.functions["main"]
    expected = {"a": TensorLiteral(t.STRING(), ("b",), "why")}
    assert program.doc == "d"
    assert program.attributes == expected
    assert function.attributes == expected
    assert function.specializations["ios16"].attributes == expected
    assert function.specializations["ios16"].parent is function
    assert next(function.body.ops).attributes == expected


def test_operations_without_a_name_or_a_result() -> None:
    function = returns_equal(message(op("write_state", "", "input=x") + RELU)).functions["main"]
    first = function.body.first
    assert first is not None
    assert (first.name, first.results) == (None, [])


def test_arguments_with_values_several_bindings_and_none() -> None:
    zero = 'inputs { key: "none" value {} }'
    value = f'arguments {{ name: "x" }} arguments {{ value {{ {named("v")} }} }}'
    held = message(op("f", "y", "", f'{zero} inputs {{ key: "two" value {{ {value} }} }}'))
    first = returns_equal(held).functions["main"].body.first
    assert first is not None
    assert first.args["none"] == ()
    assert first.args["two"][1] == string_literal("v")


def test_maps_are_read_in_the_order_of_their_keys() -> None:
    program = returns_equal(message(op("f", "y", "b=x c=x a=x")))
    first = program.functions["main"].body.first
    assert first is not None
    assert list(first.args) == ["a", "b", "c"]


def test_several_functions() -> None:
    held = message(RELU)
    held.functions["aux"].CopyFrom(held.functions["main"])
    assert list(returns_equal(held).functions) == ["aux", "main"]


def test_names_that_text_cannot_carry() -> None:
    held = message(op("relu", "stem.0/weight", "x=x") + op("relu", "y", "x=stem.0/weight"))
    assert returns_equal(held).functions["main"].body.first.results[0].name == "stem.0/weight"


@pytest.mark.parametrize(
    ("text", "type"),
    [
        ("tensorType { dataType: FLOAT16 }", FP16()),
        ("tensorType { dataType: BOOL rank: -1 }", t.TensorType(t.BOOL, None)),
        ("tensorType { dataType: INT4 rank: 1 dimensions { constant {} } }", t.INT4(0)),
        ("tensorType { dataType: INT8 rank: 1 dimensions { unknown {} } }", t.INT8(None)),
        (
            "tensorType { dataType: INT8 rank: 1 dimensions { unknown { variadic: true } } }",
            t.INT8(VARIADIC),
        ),
        (
            "listType { type { tensorType { dataType: INT32 } } length { constant { size: 5 } } }",
            ListType(INT32(), 5),
        ),
        (
            "listType { type { tensorType { dataType: INT32 } } length { unknown {} } }",
            ListType(INT32()),
        ),
        (
            "tupleType { types { tensorType { dataType: INT32 } } types { tupleType {} } }",
            TupleType(INT32(), TupleType()),
        ),
        (
            (
                "dictionaryType { keyType { tensorType { dataType: STRING } }"
                " valueType { tensorType { dataType: FLOAT64 } } }"
            ),
            DictType(t.STRING(), t.FP64()),
        ),
        (
            "stateType { wrappedType { tensorType { dataType: FLOAT16 } } }",
            StateType(FP16()),
        ),
    ],
)
def test_types(text: str, type: t.Type) -> None:
    held = message(op("f", "", "x=x", f'outputs {{ name: "y" type {{ {text} }} }}'))
    assert returns_equal(held).functions["main"].outputs[0].type is type


def test_the_attributes_of_a_tensor_type_are_part_of_it() -> None:
    text = f'tensorType {{ dataType: INT8 attributes {{ key: "a" value {{ {named("b")} }} }} }}'
    held = message(op("f", "", "x=x", f'outputs {{ name: "y" type {{ {text} }} }}'))
    type = returns_equal(held).functions["main"].outputs[0].type
    assert type is t.TensorType(t.INT8, (), (("a", string_literal("b")),))
    assert type is not t.INT8()


def test_every_element_type_has_a_number_and_comes_back() -> None:
    for element in t.ELEMENT_TYPES.values():
        values = ["a", "b"] if element is t.STRING else [0, 1]
        literal = tensor(element, (2,), values)
        held = message(RELU)
        block = held.functions["main"].block_specializations["CoreML7"]
        block.operations[0].attributes["v"].CopyFrom(of(literal))
        first = returns_equal(held).functions["main"].body.first
        assert first is not None
        assert first.attributes["v"] == literal


# Names


def test_the_newest_definition_of_a_name_is_meant() -> None:
    ops = RELU + op("f", "a", "x=y") + op("read_state", "y", "input=x") + op("f", "b", "x=y")
    function = returns_equal(message(ops, "a b y")).functions["main"]
    first, use, second, later = function.body.ops
    assert use.arg("x") is first.result
    assert later.arg("x") is second.result
    assert function.outputs[2] is second.result


def test_a_use_before_the_definition_means_the_later_one() -> None:
    function = returns_equal(message(op("f", "a", "x=y") + RELU, "a y")).functions["main"]
    use, definition = function.body.ops
    assert use.arg("x") is definition.result
    assert definition.result.op is definition


def test_an_undefined_name_is_reported_once_and_has_no_owner() -> None:
    program, found = decode_program(message(op("f", "y", "x=z w=z"), "y z"), 8)
    assert [d.code for d in found] == ["MIL0403"]
    value = program.functions["main"].outputs[1]
    assert (value.name, value.owner) == ("z", None)


def test_blocks_see_what_is_outside_and_their_own() -> None:
    inside = op("f", "i", "x=x y=a z=o") + op("f", "x", "x=i")
    argument = f'inputs {{ name: "a" {ONE} }}'
    ops = op("relu", "o", "x=x") + op("loop", "y", "x=x", nested(inside, argument))
    function = returns_equal(message(ops + op("f", "z", "x=x"), "y z")).functions["main"]
    outer, loop, last = function.body.ops
    (block,) = loop.blocks
    first, second = block.ops
    assert [first.arg(name) for name in "xyz"] == [
        function.inputs[0],
        block.inputs[0],
        outer.result,
    ]
    assert second.result is not function.inputs[0]
    assert last.arg("x") is function.inputs[0]
    assert (block.parent, block.inputs[0].owner, block.function) == (loop, block, function)


def test_what_a_block_defines_is_unknown_outside() -> None:
    ops = op("loop", "y", "x=x", nested(op("f", "i", "x=x"))) + op("f", "z", "x=i")
    assert [d.code for d in findings(message(ops))] == ["MIL0403"]


def test_a_block_may_use_early_what_its_own_operation_gives() -> None:
    ops = op("loop", "y", "x=x", nested(op("f", "i", "x=y")))
    function = main(message(ops))
    (loop,) = function.body.ops
    assert next(loop.blocks[0].ops).arg("x") is loop.result


# Unknown fields

STRANGE = number(b"\xc8\x3e", 7) + field(b"\xd2\x3e", b"later")


def strange(part: Callable[[pb.Program], pb.Program]) -> pb.Program:
    held = message(op("loop", "y", "x=x", nested(op("f", "i", "x=x"))))
    part(held).MergeFromString(STRANGE)
    return held


def body(held: pb.Program) -> pb.Block:
    return held.functions["main"].block_specializations["CoreML7"]


KEEPING: dict[str, Callable[[pb.Program], object]] = {
    "program": lambda p: p,
    "function": lambda p: p.functions["main"],
    "block": body,
    "operation": lambda p: body(p).operations[0],
    "inner block": lambda p: body(p).operations[0].blocks[0],
    "inner operation": lambda p: body(p).operations[0].blocks[0].operations[0],
}
LOSING: dict[str, Callable[[pb.Program], object]] = {
    "input `x`.type.tensorType": lambda p: p.functions["main"].inputs[0].type.tensorType,
    "loop `y`: result `y`": lambda p: body(p).operations[0].outputs[0],
    "argument `x`.arguments": lambda p: body(p).operations[0].inputs["x"].arguments[0],
}


@pytest.mark.parametrize("part", KEEPING.values(), ids=KEEPING)
def test_unknown_fields_are_kept(part: Callable[[pb.Program], pb.Program]) -> None:
    held = strange(part)
    program, found = decode_program(held, 8)
    assert found == []
    assert encode_program(program) == held
    assert encode_program(program) != message(op("loop", "y", "x=x", nested(op("f", "i", "x=x"))))


@pytest.mark.parametrize(("place", "part"), LOSING.items(), ids=LOSING)
def test_unknown_fields_further_down_are_told(
    place: str, part: Callable[[pb.Program], pb.Program]
) -> None:
    found = only(decode_program(strange(part), 8, "model")[1])
    assert (found.code, found.severity) == ("MIL0538", "warning")
    assert place in found.message


def test_unknown_fields_of_a_model_stay_behind_its_program() -> None:
    strange = field(varint(9999 << 3 | 2), b"strange")
    whole = model_pb2.Model(specificationVersion=8, mlProgram=message(RELU)).SerializeToString()
    assert decode_model(whole + strange).encode() == whole + strange


# Odds and ends


@pytest.mark.parametrize("value", [0, 1, 127, 128, 300, 1 << 35, (1 << 64) - 1])
def test_varints_are_those_of_protobuf(value: int) -> None:
    written = pb.Dimension.ConstantDimension(size=value).SerializeToString()
    assert number(b"\x08", value) == written
    assert value == 0 or b"\x08" + varint(value) == written


def test_the_collector_is_left_as_it_was() -> None:
    assert gc.isenabled()
    decode(message(RELU))
    assert gc.isenabled()
    gc.disable()
    try:
        encode_program(decode(message(RELU)))
        assert not gc.isenabled()
    finally:
        gc.enable()


# Every real model


def returns_equal_model(name: str, data: bytes) -> None:
    expected = model_pb2.Model.FromString(data)
    model = decode_model(data, name)
    made = model.encode()
    assert model_pb2.Model.FromString(made) == expected, name
    assert made.endswith(canonical(expected.mlProgram)), name
    assert len(made) == expected.ByteSize(), name
    assert model.notes == [], name


DAMAGED = {
    # 4-bit indices under the type uint8; files from before the release. coremltools refuses both.
    "jafreck+ironmill/test-q__pal.mlpackage": "MIL0532",
    "apple+coremltools/examples__NN_v2__simple_layer.mlmodel": "MIL0520",
}


@needs_shared
def test_every_model_of_the_corpus_comes_back_equal() -> None:
    count = 0
    for name, data in corpus():
        code = next((code for part, code in DAMAGED.items() if part in name), None)
        if code is None:
            returns_equal_model(name, data)
            count += 1
            continue
        with pytest.raises(MilError) as error:
            decode_model(data, name)
        assert {found.code for found in error.value.diagnostics} == {code}
    assert count >= 60


@needs_shared
def test_every_model_of_the_oracle_comes_back_equal() -> None:
    for name, data in oracle_models():
        returns_equal_model(name, data)
