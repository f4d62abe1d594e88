"""Constants out of protobuf messages and back: every element type, in every member."""

from __future__ import annotations

import pytest
from google.protobuf import text_format

from milc.ir import types as t
from milc.ir.literals import (
    BlobRef,
    DictLiteral,
    ListLiteral,
    TensorLiteral,
    TupleLiteral,
    scalar_literal,
    string_literal,
    tensor,
)
from milc.ir.types import FP16, FP32, INT32, DictType, ListType, TupleType
from milc.package.proto import mil_pb2 as pb
from milc.package.reading import Kept
from tests.messages import (
    RELU,
    constant,
    findings,
    main,
    message,
    of,
    only,
    read,
    returns_equal,
    two,
)

NUMBERS = [
    (t.FP32, "FLOAT32", "floats { values: 1.5 values: -0.0 }", b"\0\0\xc0?\0\0\0\x80"),
    (t.FP64, "FLOAT64", "doubles { values: 1 values: 0 }", b"\0\0\0\0\0\0\xf0?" + bytes(8)),
    (t.FP16, "FLOAT16", 'bytes { values: "\\0<\\1\\0" }', b"\0<\1\0"),
    (t.INT8, "INT8", 'bytes { values: "\\377\\1" }', b"\xff\1"),
    (t.INT16, "INT16", "ints { values: -1 values: 1 }", b"\xff\xff\1\0"),
    (t.UINT16, "UINT16", "ints { values: 65535 values: 1 }", b"\xff\xff\1\0"),
    (t.INT32, "INT32", "ints { values: -1 values: 1 }", b"\xff\xff\xff\xff\1\0\0\0"),
    (
        t.UINT32,
        "UINT32",
        'bytes { values: "\\377\\377\\377\\377\\1\\0\\0\\0" }',
        b"\xff" * 4 + b"\1\0\0\0",
    ),
    (t.INT64, "INT64", "longInts { values: -1 values: 1 }", b"\xff" * 8 + b"\1" + bytes(7)),
    (t.UINT64, "UINT64", "longInts { values: -1 values: 1 }", b"\xff" * 8 + b"\1" + bytes(7)),
    (t.BOOL, "BOOL", "bools { values: true values: false }", b"\1\0"),
    (t.INT4, "INT4", 'bytes { values: "\\037" }', b"\x1f"),
    (t.UINT1, "UINT1", 'bytes { values: "\\2" }', b"\2"),
]


@pytest.mark.parametrize(
    ("element", "name", "content", "data"), NUMBERS, ids=[n[1] for n in NUMBERS]
)
def test_values_in_their_usual_member(
    element: t.ElementType, name: str, content: str, data: bytes
) -> None:
    literal = read(two(name, content))
    assert literal.data == data
    assert not isinstance(literal.payload, Kept)
    assert text_format.Parse(two(name, content), pb.Value()) == of(TensorLiteral(element(2), data))


@pytest.mark.parametrize(
    ("name", "content", "values"),
    [
        ("FLOAT16", "floats { values: 1.5 values: 2 }", [1.5, 2.0]),
        ("BFLOAT16", "doubles { values: 1.5 values: 2 }", [1.5, 2.0]),
        ("FLOAT64", "floats { values: 1.5 values: 2 }", [1.5, 2.0]),
        ("FLOAT32", 'bytes { values: "\\0\\0\\300?\\0\\0\\0\\200" }', [1.5, -0.0]),
        ("INT8", "ints { values: -128 values: 127 }", [-128, 127]),
        ("UINT8", "ints { values: 0 values: 255 }", [0, 255]),
        ("UINT32", "longInts { values: 4294967295 values: 0 }", [4294967295, 0]),
        ("INT4", "ints { values: -8 values: 7 }", [-8, 7]),
        ("INT32", 'bytes { values: "\\1\\0\\0\\0\\2\\0\\0\\0" }', [1, 2]),
        ("BOOL", 'bytes { values: "\\1\\0" }', [True, False]),
    ],
)
def test_values_in_another_member_mean_the_same_and_go_back_there(
    name: str, content: str, values: list[object]
) -> None:
    literal = read(two(name, content))
    assert literal.values() == values
    assert isinstance(literal.payload, Kept)
    plain = TensorLiteral(literal.type, literal.data)
    assert plain == literal
    assert of(plain) != of(literal)


def test_the_bits_of_a_nan_survive() -> None:
    value = of(TensorLiteral(FP32(1), b"\1\0\xa0\x7f"))
    held = message(RELU)
    block = held.functions["main"].block_specializations["CoreML7"]
    block.operations[0].attributes["v"].CopyFrom(value)
    first = main(held).body.first
    assert first is not None
    literal = first.attributes["v"]
    assert isinstance(literal, TensorLiteral)
    assert literal.data == b"\1\0\xa0\x7f"


@pytest.mark.parametrize("element", t.ELEMENT_TYPES.values(), ids=str)
def test_empty_tensors_have_their_member_empty(element: t.ElementType) -> None:
    value = of(tensor(element, (0, 3), []))
    assert value.immediateValue.tensor.WhichOneof("value") is not None
    held = constant(str(value).replace("\n", " "))
    assert read(str(value).replace("\n", " ")).type is element(0, 3)
    assert returns_equal(held)


def test_an_empty_tensor_without_a_member_goes_back_without() -> None:
    type = "type { tensorType { dataType: INT8 rank: 1 dimensions { constant {} } } }"
    assert read(f"{type} immediateValue {{ tensor {{}} }}").data == b""


STRINGS = "listType { type { tensorType { dataType: STRING } } length { constant {} } }"
NO_FLOATS = "tensorType { dataType: FLOAT32 rank: 1 dimensions { constant {} } }"


@pytest.mark.parametrize(
    "content",
    [
        f"type {{ {STRINGS} }}",
        f"type {{ {STRINGS} }} immediateValue {{ list {{}} }}",
        f"type {{ {STRINGS.replace('constant', 'unknown')} }}",
        f"type {{ {NO_FLOATS} }}",
        f"type {{ {NO_FLOATS} }} immediateValue {{ tensor {{}} }}",
        f"type {{ {NO_FLOATS} }} immediateValue {{ tensor {{ floats {{}} }} }}",
    ],
)
def test_what_is_empty_goes_back_as_it_came(content: str) -> None:
    program = returns_equal(constant(content))
    literal = program.functions["main"].body.outputs[0].literal
    assert literal is not None
    assert not literal.content()


def test_an_empty_list_is_written_as_coremltools_does() -> None:
    made = of(ListLiteral(ListType(t.STRING(), 0), ()))
    assert made == text_format.Parse(f"type {{ {STRINGS} }}", pb.Value())


@pytest.mark.parametrize("type", [STRINGS, NO_FLOATS])
def test_what_is_not_empty_holds_something(type: str) -> None:
    longer = type.replace("constant {}", "constant { size: 1 }")
    assert only(findings(constant(f"type {{ {longer} }}"))).code == "MIL0531"


def test_lists_dicts_tuples_and_references() -> None:
    items = [string_literal("a"), string_literal("b")]
    listed = ListLiteral(ListType(t.STRING(), 2), items)
    pairs = DictLiteral(DictType(t.STRING(), INT32()), [(items[1], scalar_literal(INT32, -5))])
    both = TupleLiteral(TupleType(listed.type, pairs.type), [listed, pairs], "doc")
    blob = BlobRef(FP16(10, 10), "@model_path/weights/weight.bin", 64)
    for literal in (listed, pairs, both, blob):
        assert returns_equal(constant(str(of(literal)).replace("\n", " ")))
        held = constant(str(of(literal)).replace("\n", " "))
        assert main(held).body.outputs[0].literal == literal


@pytest.mark.parametrize("length", [0, 1, 99, 100, 127, 128, 20000])
def test_strings_of_every_length(length: int) -> None:
    literal = string_literal("é"[: length % 2] + "x" * (length - length % 2 * 2))
    value = of(literal)
    expected = pb.Value()
    expected.type.tensorType.dataType = pb.STRING
    expected.immediateValue.tensor.strings.values.append(literal.strings[0])
    assert value == expected
    held = message(RELU)
    operation = held.functions["main"].block_specializations["CoreML7"].operations[0]
    operation.attributes["name"].CopyFrom(value)
    first = returns_equal(held).functions["main"].body.first
    assert first is not None
    assert first.name == literal.strings[0]
