"""What each spelling of a literal means, bit by bit, and how Apple's style prints it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milc.diagnostics import Source
from milc.ir.literals import Literal, TensorLiteral
from milc.ir.types import ELEMENT_TYPES, ElementType, TensorType
from milc.syntax.parse import parse, read
from milc.syntax.print import tensor_text, to_text
from tests.text.strategies import numbers
from tests.text.texts import first_op

TEXT = "program({version})\n{{\n    func main<ios18>() {{\n{op}        }} -> (v);\n}}"
CONST = "            {type} v = const()[val = {type}({literal})];\n"

FLOATS = {
    "fp16": {
        "0": "0000", "-0": "8000", "0x0p+0": "0000", "-0.0": "8000", "1": "3c00", "1.": "3c00",
        ".5": "3800", "+1.5": "3e00", "1e-3": "1419", "1E+2": "5640", "0x1p-24": "0001",
        "-0x1.ff8p-15": "83ff", "0X1.8P+1": "4200", "0x1.1000000000000p-20": "0011",
        "0x8p0": "4800", "0x.8p1": "3c00", "0x10": "4c00", "65504": "7bff", "65519.99": "7bff",
        "2e-8": "0000", "0x1.002p+0": "3c00", "0x1.006p+0": "3c02", "inf": "7c00",
        "-inf": "fc00", "+inf": "7c00",
        "nan": "7e00", "-nan": "fe00", "nan(0x7e00)": "7e00", "nan(0x7c01)": "7c01",
        "nan(0xFFFF)": "ffff",
    },
    "fp32": {
        "0.1": "3dcccccd", "0x1.99999ap-4": "3dcccccd", "0x1.fffffep+127": "7f7fffff",
        "0x1p-149": "00000001", "1e-46": "00000000", "nan": "7fc00000",
        "nan(0x7fa00000)": "7fa00000", "-inf": "ff800000", "16777217": "4b800000",
    },
    "fp64": {
        "0.1": "3fb999999999999a", "0x1.fffffffffffffp+1023": "7fefffffffffffff",
        "0x1p-1074": "0000000000000001", "nan": "7ff8000000000000",
        "nan(0xfff0000000000001)": "fff0000000000001", "4.0960000000000001e-05": "3f05798ee2308c3a",
    },
    "bf16": {
        "1": "3f80", "0x1.8p+0": "3fc0", "0x1p-133": "0001", "3.3895314e38": "7f7f", "nan": "7fc0",
        "inf": "7f80", "nan(0xff81)": "ff81", "1.00390625": "3f80", "1.01171875": "3f82",
    },
    "fp8e4m3fn": {
        "1": "38", "-448": "fe", "0x1p-9": "01", "nan": "7f", "nan(0xff)": "ff", "-0.0": "80",
        "0x1.1p+0": "38", "0x1.3p+0": "3a",
    },
    "fp8e5m2": {
        "1": "3c", "57344": "7b", "0x1p-16": "01", "inf": "7c", "-inf": "fc", "nan": "7e",
        "nan(0xfd)": "fd",
    },
}  # fmt: skip
"""Spellings, and the bits that they mean, as IEEE 754 rounds: to nearest, ties to even."""


def value_of(text: str) -> Literal:
    """The literal of the only op of a text."""
    return first_op(text).attributes["val"]


@pytest.mark.parametrize(
    ("element", "literal", "bits"),
    [(name, text, bits) for name, cases in FLOATS.items() for text, bits in cases.items()],
)
def test_a_float_has_these_bits(element: str, literal: str, bits: str) -> None:
    for version, type in (("1.3", element), ("1.0", f"tensor<{element}, []>")):
        op = CONST.format(type=type, literal=literal)
        found = value_of(TEXT.format(version=version, op=op))
        assert isinstance(found, TensorLiteral)
        assert found.data[::-1].hex() == bits


@pytest.mark.parametrize("name", ELEMENT_TYPES)
@pytest.mark.parametrize("version", ["1.0", "1.3"])
@pytest.mark.parametrize("shape", [(), (2,), (1, 2)])
def test_every_element_type_is_printed_as_it_was(
    name: str, version: str, shape: tuple[int, ...]
) -> None:
    """Both dialects: rank 0 is a bare name in 1.3 only."""
    one = {"bool": "true", "string": '"a"'}.get(name, "0x1p+0")
    if not ELEMENT_TYPES[name].is_float and name not in ("bool", "string"):
        one = "1"
    bare = not shape and version == "1.3"
    type = name if bare else f"tensor<{name}, [{', '.join(map(str, shape))}]>"
    literal = {0: one, 1: f"[{one}, {one}]", 2: f"[[{one}, {one}]]"}[len(shape)]
    text = TEXT.format(version=version, op=CONST.format(type=type, literal=literal))
    assert to_text(parse(text), "coremlc") == text


@pytest.mark.parametrize(
    ("element", "printed"),
    [
        *((name, text) for name in ("fp16", "fp32", "fp64") for text in ("0x0p+0", "-0x0p+0")),
        ("fp16", "0x1p-24"), ("fp16", "-0x1.ff8p-15"), ("fp16", "0x1.ffcp+15"), ("fp16", "nan"),
        ("fp16", "nan(0xfe00)"), ("fp32", "0x1.99999ap-4"), ("fp32", "inf"), ("fp32", "-inf"),
        ("fp64", "0x1.999999999999ap-4"), ("fp64", "nan(0x7ff0000000000001)"), ("bf16", "0x1p-133"),
        ("fp8e4m3fn", "0x1.cp+8"), ("fp8e4m3fn", "nan"), ("fp8e4m3fn", "nan(0xff)"),
        ("int4", "-8"), ("int64", "-9223372036854775808"), ("uint64", "18446744073709551615"),
        ("uint1", "1"), ("uint6", "63"), ("bool", "false"), ("string", '""'), ("string", '"é😀"'),
        ("string", r'"\"\\\n\t\r\x00\x7f"'), ("string", '"// [({"'),
    ],
)  # fmt: skip
def test_these_spellings_are_the_printed_ones(element: str, printed: str) -> None:
    text = TEXT.format(version="1.3", op=CONST.format(type=element, literal=printed))
    assert to_text(parse(text), "coremlc") == text


@pytest.mark.parametrize(
    ("spelt", "means"),
    [
        (r"\n\t\r\0\"\\", '\n\t\r\0"\\'), (r"\x41\u00e9", "Aé"), (r"\'\`", "'`"),
        ("é😀\u2028", "é😀\u2028"), ("a\tb", "a\tb"), ("//", "//"), ("", ""),
    ],
)  # fmt: skip
def test_escapes(spelt: str, means: str) -> None:
    literal = value_of(
        TEXT.format(version="1.3", op=CONST.format(type="string", literal=f'"{spelt}"'))
    )
    assert isinstance(literal, TensorLiteral)
    assert literal.strings == (means,)


@pytest.mark.parametrize(
    ("type", "spelt", "printed"),
    [
        ("tensor<fp16, [0]>", "[]", "[]"),
        ("tensor<fp16, [2, 0]>", "[[], []]", "[[], []]"),
        ("tensor<fp16, [2, 0, 3]>", "[[], []]", "[[], []]"),
        ("tensor<fp16, [0, 3]>", "[]", "[]"),
        ("tensor<int32, [?]>", "[]", "[]"),
        ("tensor<int32, [?]>", "[1, 2]", "[1, 2]"),
        ("tensor<int32, [?, 2]>", "[[1, 2], [3, 4]]", "[[1, 2], [3, 4]]"),
        ("tensor<int32, [2, ?]>", "[[1], [2]]", "[[1], [2]]"),
        ("tensor<int32, [?, 0]>", "[]", "[]"),
        ("tensor<int32, [2, 2]>", "[1, 2, 3, 4]", "[[1, 2], [3, 4]]"),
        ("tensor<int32, [1]>", "5", "[5]"),
    ],
)
def test_nesting(type: str, spelt: str, printed: str) -> None:
    text = TEXT.format(version="1.3", op=CONST.format(type=type, literal=spelt))
    assert f"val = {type}({printed})" in to_text(parse(text), "coremlc")


UNFIT = {
    "MIL0205": {
        "fp16": ["65520", "1e400", "0x1p+16", "nan(0x7c00)", "nan(0x17e00)"],
        "fp32": ["3.4028235677973366e38", "-1e400"],
        "fp64": ["1e400", "0x1p+1024"],
        "bf16": ["3.4e38"],
        "fp8e4m3fn": ["465", "inf"],
        "fp8e5m2": ["61440"],
        "int4": ["8", "-9"],
        "int8": ["-129"],
        "uint1": ["2"],
        "uint6": ["64"],
        "uint8": ["-1"],
        "uint64": ["18446744073709551616"],
        "tensor<fp16, [2]>": ["[65520, 1]"],
    },
    "MIL0206": {
        "fp16": ["Infinity", "NaN", "true", '"1"'],
        "int32": ["1.0", "1e3", "inf", "true", "nan(0x7e00)"],
        "bool": ["1", "True"],
        "string": ["a", "1"],
        "tensor<fp16, [2]>": ["(1, 2)"],
        "list<fp16, ?>": ["(1)"],
        "dict<string, fp16>": ['{"a", 1}', '{{"a"}}'],
    },
    "MIL0203": {
        "tensor<fp16, [2]>": ["[1]", "[]"],
        "tensor<fp16, [2, 2]>": ["[1, 2, 3]"],
        "list<fp16, 2>": ["[1]"],
        "tuple<fp16>": ["(1, 2)"],
    },
    "MIL0204": {
        "tensor<fp16, [2]>": ["[[1, 2]]", "[[1], [2]]"],
        "tensor<fp16, [2, 2]>": ["[[1, 2], [3]]"],
        "tensor<fp16, [?, 2]>": ["[1, 2]"],
    },
    "MIL0207": {"state<fp16>": ["1"], "tensor<fp16, ?>": ["[1]"], "tensor<fp16, [...]>": ["[1]"]},
    "MIL0113": {"string": [r'"\q"', r'"\x4"']},
}
"""Literals by type, by what is wrong with them."""


@pytest.mark.parametrize(
    ("code", "type", "literal"),
    [(c, t, spelt) for c, types in UNFIT.items() for t, held in types.items() for spelt in held],
)
def test_a_literal_that_does_not_fit(code: str, type: str, literal: str) -> None:
    op = CONST.format(type=type, literal=literal)
    _, findings = read(Source(TEXT.format(version="1.3", op=op)))
    assert [finding.code for finding in findings] == [code]


bits = st.sampled_from([e for e in ELEMENT_TYPES.values() if e.is_float]).flatmap(
    lambda element: st.tuples(st.just(element), numbers(element))
)


@given(bits)
def test_every_bit_of_a_float_survives(case: tuple[ElementType, bytes]) -> None:
    element, data = case
    shown = tensor_text(TensorLiteral(TensorType(element), data))
    op = CONST.format(type=element.name, literal=shown)
    found = value_of(TEXT.format(version="1.3", op=op))
    assert isinstance(found, TensorLiteral)
    assert found.data == data
