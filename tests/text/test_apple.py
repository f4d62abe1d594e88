"""What is known of how Apple's compiler prints, each fact by itself.

The facts were read off its output for public models; those files are compared as a whole elsewhere,
and these tests hold also for what none of them happens to have.
"""

from __future__ import annotations

import random
import re
import struct
from fractions import Fraction

import pytest

import milc
from milc.ir import types as t
from milc.ir.literals import TensorLiteral, string_literal
from milc.ir.types import FP16, INT32, ElementType
from milc.package.model import Model, decode_model
from milc.syntax.parse import parse
from milc.syntax.print import to_text

# Numbers

HEX = re.compile(r"(-?)0x(0|1(?:\.([0-9a-f]*[1-9a-f]))?)p([+-])(0|[1-9][0-9]*)").fullmatch


def texts(element: ElementType, data: bytes) -> list[str]:
    """The elements of a list as Apple's compiler prints them."""
    literal = TensorLiteral(element(len(data) * 8 // element.bits), data)
    program = parse("program(1.3) { func main<ios18>(fp32 x) { } -> (x); }")
    program.attributes["v"] = literal
    printed = to_text(program, "coremlc")
    assert parse(printed).attributes["v"] == literal
    return printed.partition("([")[2].partition("])")[0].split(", ")


def spelt(text: str) -> Fraction | None:
    """The number that a hexadecimal float spells; None for infinity and nan."""
    found = HEX(text)
    if found is None:
        assert text in ("inf", "-inf", "nan") or text.startswith("nan(")
        return None
    sign, whole, digits, way, exponent = found.groups()
    assert whole != "0" or (way, exponent) == ("+", "0")
    value = Fraction(int(whole[:1] + (digits or ""), 16), 16 ** len(digits or ""))
    return value * Fraction(2) ** int(way + exponent) * (-1 if sign else 1)


def meant(code: int, exponent_bits: int, fraction_bits: int) -> Fraction | None:
    """The number that the bits of a float are by IEEE 754; None for infinity and nan."""
    exponent = code >> fraction_bits & (1 << exponent_bits) - 1
    fraction = code & (1 << fraction_bits) - 1
    bias = (1 << exponent_bits - 1) - 1
    if exponent == (1 << exponent_bits) - 1:
        return None
    normal = exponent > 0
    value = Fraction(fraction + (normal << fraction_bits), 1 << fraction_bits)
    sign = -1 if code >> exponent_bits + fraction_bits else 1
    return sign * value * Fraction(2) ** ((exponent if normal else 1) - bias)


@pytest.mark.parametrize(("element", "bits", "digits"), [(t.FP16, 10, 3), (t.BF16, 7, 2)])
def test_every_number_of_16_bits(element: ElementType, bits: int, digits: int) -> None:
    found = texts(element, struct.pack("<65536H", *range(1 << 16)))
    for code, text in enumerate(found):
        assert spelt(text) == meant(code, 15 - bits, bits), hex(code)
        assert text.startswith("-") == (code >= 1 << 15 and not text.startswith("nan"))
        assert len(text.partition("p")[0].partition(".")[2]) <= digits
    assert (found[0], found[1 << 15]) == ("0x0p+0", "-0x0p+0")
    assert len(set(found)) == 1 << 16


def test_numbers_of_32_bits() -> None:
    chosen = random.Random(2)
    codes = [chosen.getrandbits(32) for _ in range(20_000)]
    codes += [0, 1, 0x7FFFFF, 0x800000, 0x7F7FFFFF, 0x7F800000, 0xFF800000, 0x3DCCCCCD]
    found = texts(t.FP32, struct.pack(f"<{len(codes)}I", *codes))
    for code, text in zip(codes, found, strict=True):
        assert spelt(text) == meant(code, 8, 23), hex(code)
        digits = text.partition("p")[0].partition(".")[2]
        assert len(digits) < 6 or len(digits) == 6 and int(digits[-1], 16) % 2 == 0
    assert found[-3:] == ["inf", "-inf", "0x1.99999ap-4"]


@pytest.mark.parametrize(
    ("text", "element", "printed"),
    [
        ("0x1.1000000000000p-20", "fp16", "0x1.1p-20"),
        ("0x0.8p0", "fp16", "0x1p-1"),
        ("1e-5", "fp16", "0x1.5p-17"),
        ("-inf", "fp32", "-inf"),
        ("nan", "fp32", "nan"),
        ("-0.0", "fp32", "-0x0p+0"),
    ],
)
def test_other_spellings_are_printed_alike(text: str, element: str, printed: str) -> None:
    body = f"{element} v = const()[val = {element}({text})];"
    program = parse(f"program(1.3) {{ func main<ios18>(fp32 x) {{ {body} }} -> (x); }}")
    assert f"val = {element}({printed})]" in to_text(program, "coremlc")


# Programs

EXPECTED = """\
program(1.3)
[buildInfo = dict<string, string>({{"a", "1"}, {"b", ""}})]
{
    func main<ios18>(tensor<fp32, [2]> a, state<tensor<fp16, [1]>> m, tensor<fp32, [2]> z) {
            int32 axis_0 = const()[name = string("axis/0"), val = int32(0)];
            tensor<fp32, [4]> out = concat(axis = axis_0, interleave = bool(false), values = (z, a))[name = string("out")];
            tensor<fp32, [2]> one = concat(axis = axis_0, values = a);
            tensor<fp32, [1]> l, tensor<fp32, [1]> r = split(axis = axis_0, num_splits = int32(2), x = a)[name = string("s")];
            tensor<fp16, [1]> w = const()[name = string("w"), val = tensor<fp16, [1]>(BLOBFILE(path = string("@model_path/weights/weight.bin"), offset = uint64(64)))];
            write_state(data = w, input = m)[name = string("keep")];
        } -> (r, l, out);
}"""  # noqa: E501


def built() -> milc.Program:
    """A program whose every order is another than the printed one."""
    text = EXPECTED.replace('{"a", "1"}, {"b", ""}', '{"b", ""}, {"a", "1"}')
    text = text.replace("axis = axis_0, interleave = bool(false), values = (z, a)",
                        "values = (z, a), interleave = bool(false), axis = axis_0")  # fmt: skip
    inputs = "tensor<fp32, [2]> z, state<tensor<fp16, [1]>> m, tensor<fp32, [2]> a"
    text = re.sub(r"main<ios18>\(.*\) {", f"main<ios18>({inputs}) {{", text)
    text = text.replace('name = string("w"), val = ', "val = ")
    text = text.replace("offset = uint64(64)))]", 'offset = uint64(64))), name = string("w")]')
    return parse(text)


def test_the_layout() -> None:
    assert to_text(built(), "coremlc") == EXPECTED


def test_the_older_dialect_differs_in_types_of_rank_0_alone() -> None:
    program = built()
    program.version = "1.0"
    wanted = EXPECTED.replace("program(1.3)", "program(1.0)")
    for type in ("string", "bool", "int32", "uint64"):
        wanted = re.sub(rf"\b{type}(?=[(,>]| axis_0)(?!, \[)", f"tensor<{type}, []>", wanted)
    assert to_text(program, "coremlc") == wanted


@pytest.mark.parametrize(
    ("version", "dialect"), [(6, "1.0"), (7, "1.0"), (8, "1.0"), (9, "1.3"), (10, "1.3")]
)
def test_the_dialect_follows_the_specification_version(version: int, dialect: str) -> None:
    body = "tensor<fp32, [1]> y = relu(x = x);"
    model = Model(
        parse(f"program(1.3) {{ func main<ios15>(tensor<fp32, [1]> x) {{ {body} }} -> (y); }}")
    )
    model.specification_version = version
    printed = milc.to_text(decode_model(model.encode()), "coremlc")
    lines = [f"program({dialect})", "{", "    func main<ios15>(tensor<fp32, [1]> x) {"]
    assert printed.split("\n") == [*lines, f"{' ' * 12}{body}", "        } -> (y);", "}"]


@pytest.mark.parametrize(("version", "string"), [(8, "tensor<string, []>"), (9, "string")])
def test_flexible_shapes_of_a_description(version: int, string: str) -> None:
    text = "func main<ios16>(tensor<fp32, [1, ?]> b, tensor<fp32, [2]> c, tensor<fp32, [?]> a)"
    model = Model(parse(f"program(1.3) {{ {text} {{ }} -> (c); }}"))
    model.specification_version = version
    held = decode_model(model.encode())
    first, second = held.spec.description.input[0], held.spec.description.input[2]
    lengths = first.type.multiArrayType.shapeRange.sizeRanges
    lengths[1].upperBound = 32000
    again = Model(held.program, held.spec, described=True)
    printed = milc.to_text(decode_model(again.encode()), "coremlc")
    assert (
        f"[FlexibleShapeInformation = tuple<tuple<{string}, dict<{string}, tensor<int32, [?]>>>,"
        f" tuple<{string}, dict<{string}, list<tensor<int32, [2]>, ?>>>>"
        '((("DefaultShapes", {{"a", [1]}, {"b", [1, 1]}}),'
        ' ("RangeDims", {{"a", [[1, 2]]}, {"b", [[1, 1], [1, 32000]]}})))] {' in printed
    )
    for feature in (first, second):
        array = feature.type.multiArrayType
        rank = len(array.shape)
        for last in (1, 2):
            array.enumeratedShapes.shapes.add(shape=[1] * (rank - 1) + [last])
    second.type.multiArrayType.ClearField("enumeratedShapes")
    second.type.multiArrayType.shape[:] = [2]
    del held.spec.description.input[2]
    printed = milc.to_text(decode_model(again.encode()), "coremlc")
    kind = f"dict<{string}, dict<{string}, tensor<int32, [?]>>>"
    assert f"tuple<{string}, {kind}>>" in printed
    assert (
        ' ("EnumeratedShapes", {{"00000000", {{"b", [1, 1]}}}, {"00000001", {{"b", [1, 2]}}}})'
        in printed
    )


def test_empty_and_odd_literals() -> None:
    program = parse("program(1.3) { func main<ios18>(fp32 x) { } -> (x); }")
    program.attributes = {"s": string_literal('a "quoted" one'), "e": TensorLiteral(INT32(0), b"")}
    program.attributes["h"] = TensorLiteral(FP16(1, 1), b"\0\x3c")
    head = to_text(program, "coremlc").split("\n")[1]
    assert head == (
        "[e = tensor<int32, [0]>([]), h = tensor<fp16, [1, 1]>([[0x1p+0]]),"
        ' s = string("a \\"quoted\\" one")]'
    )
