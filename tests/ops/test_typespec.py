"""Recorded types and constants as milc's own."""

from __future__ import annotations

import base64

import pytest

from milc.ir.literals import BlobRef, TensorLiteral, string_literal
from milc.ir.types import (
    BOOL,
    FP16,
    FP32,
    INT4,
    INT32,
    STRING,
    UINT3,
    DictType,
    ListType,
    StateType,
    TensorType,
    TupleType,
)
from tests.ops.typespec import NotRecorded, constant, declared, read_type


@pytest.mark.parametrize(
    ("text", "type"),
    [
        ("fp32", FP32()),
        ("bool", BOOL()),
        ("string", STRING()),
        ("tensor<fp32,[]>", FP32()),
        ("tensor<int32,[2, 3]>", INT32(2, 3)),
        ("tensor<fp32,[?x,20]>", FP32(None, 20)),
        ("tensor<fp32,[floor(s0/2 - 1/2) + 1,s1]>", FP32(None, None)),
        ("tensor<fp32,[-3]>", TensorType(FP32, (-3,))),
        ("state<tensor<fp16,[2]>>", StateType(FP16(2))),
        ("list<tensor<fp32,[2,1]>,None>", ListType(FP32(2, 1), None)),
        ("list<int32,4>", ListType(INT32(), 4)),
        ("dict<string,fp32>", DictType(STRING(), FP32())),
        ("tuple<fp32,tensor<bool,[1]>>", TupleType(FP32(), BOOL(1))),
    ],
)
def test_types(text: str, type: object) -> None:
    assert read_type(text) is type


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(NotRecorded, match="complex64"):
        read_type("tensor<complex64,[1]>")


def test_negative_lengths_are_unknown_to_files() -> None:
    assert declared(read_type("tensor<fp32,[-3,2]>")) is FP32(None, 2)
    assert declared(read_type("list<tensor<fp32,[2]>,-1>")) is ListType(FP32(2), None)
    assert declared(StateType(FP16(2))) is StateType(FP16(2))


def _raw(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_constants() -> None:
    held = constant({"dt": "float16", "sh": [1], "b64": _raw(b"\x00\x3c"), "mil": "fp16"})
    assert held == TensorLiteral(FP16(1), b"\x00\x3c")
    assert constant({"py": "valid"}) == string_literal("valid")
    assert constant({"py": [True, False]}).type is BOOL(2)
    assert constant({"py": 3}).type is INT32()


def test_constants_of_few_bits_are_packed() -> None:
    """A record keeps a byte for an element."""
    held = constant({"dt": "uint8", "sh": [3], "b64": _raw(bytes((1, 2, 7))), "mil": "uint3"})
    assert held == TensorLiteral(UINT3(3), bytes((0b11010001, 0b1)))
    held = constant({"dt": "int8", "sh": [2], "b64": _raw(b"\xff\x07"), "mil": "int4"})
    assert held == TensorLiteral(INT4(2), b"\x7f")


def test_a_constant_that_no_file_can_hold() -> None:
    with pytest.raises(OverflowError, match="does not fit uint3"):
        constant({"dt": "uint8", "sh": [1], "b64": _raw(b"\x08"), "mil": "uint3"})


def test_elements_that_are_not_recorded() -> None:
    for record in (
        {"big": ["float32", [80, 60]]},
        {"np": "float64", "shape": [80, 60], "data": None},
    ):
        held = constant(record)
        assert isinstance(held, BlobRef)
        assert held.type is FP32(80, 60)


def test_listed_elements() -> None:
    held = constant({"np": "int64", "shape": [2], "data": [4, -1]})
    assert isinstance(held, TensorLiteral)
    assert (held.type, held.values()) == (INT32(2), [4, -1])
