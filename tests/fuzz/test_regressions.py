"""What fuzzing found, each reduced to its cause; the growth that it found is in `sizes.py`."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from google.protobuf import text_format

from milc import MilError
from milc.diagnostics import BoundedFindings, Diagnostic, Source, errors
from milc.ir.types import FP16
from milc.package.model import decode_model
from milc.package.model_json import read_model_json
from milc.package.proto import model_pb2 as pb
from milc.package.weightfile import WeightFile
from milc.syntax.format import format_text
from milc.syntax.parse import parse, read
from tests.fuzz.checks import check_message, check_refusal, check_text
from tests.fuzz.sizes import HEAD, MESSAGES, TAIL

ONES = "1, " * 999 + "1"
FLAT = "tensor<fp32, [2, 2]> a = const()[val = tensor<fp32, [2, 2]>([1, 2, 3, 4])];\n"


def found_in(text: str) -> list[Diagnostic]:
    """What is wrong with a text, after everything else was tried with it."""
    check_text(text)
    return read(Source(text))[1]


def codes_in(body: str) -> list[str]:
    return [finding.code for finding in found_in(f"{HEAD}{body}{TAIL}")]


def const(type: str, literal: str) -> str:
    return f"{type} a = const()[val = {type}({literal})];"


TEXTS = {
    "no text": ("", "MIL0120"),
    "half a string as the text": ('"\\', "MIL0120"),
    "a dimension of thousands of digits": (
        f"{HEAD}tensor<fp32, [{'9' * 5000}]> a = b();{TAIL}",
        "MIL0202",
    ),
    "a length of thousands of digits": (
        f"{HEAD}list<fp32, {'9' * 5000}> a = b();{TAIL}",
        "MIL0202",
    ),
    "more dimensions than brackets may nest": (
        f"{HEAD}{const(f'tensor<fp32, [{ONES}]>', '[' * 1000 + '1' + ']' * 1000)}{TAIL}",
        "MIL0202",
    ),
    "a name in backquotes for a value": (f"{HEAD}{const('int32', '`1`')}{TAIL}", "MIL0206"),
    "a name in backquotes for an element": (
        f"{HEAD}{const('tensor<int32, [2]>', '[1, `a`]')}{TAIL}",
        "MIL0206",
    ),
    "an element before the bracket that lacks it": (
        f"{HEAD}{const('tensor<int32, [3]>', '1 [, 2, 3]')}{TAIL}",
        "MIL0101",
    ),
    "an element before an empty row": (
        f"{HEAD}{const('tensor<int32, [2, 1]>', '[1 [], [2]]')}{TAIL}",
        "MIL0101",
    ),
    "letters behind a number": (f"{HEAD}a(x = int32(12ab));{TAIL}", "MIL0102"),
    "an empty name": (f"{HEAD}a(`` = x);{TAIL}", "MIL0102"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts(name: str) -> None:
    text, code = TEXTS[name]
    assert [finding.code for finding in found_in(text)][:1] == [code]


def test_warnings_do_not_hide_an_error() -> None:
    """After 1,000 findings the parser stopped at an error of syntax, and did not report it."""
    flat = "".join(FLAT.replace(" a ", f" a{number} ") for number in range(1100))
    text = f"{HEAD}{flat}a(x = );{TAIL}"
    with pytest.raises(MilError) as raised:
        parse(text)
    assert "MIL0101" in {finding.code for finding in errors(raised.value.diagnostics)}


def test_findings_are_bounded() -> None:
    found = found_in(HEAD + "a(x = fp33(1));\n" * 5000 + TAIL)
    assert len(found) == BoundedFindings.MOST


def test_a_complete_statement_counts_before_an_error() -> None:
    """By the fine rules, it was reduced only when the next lexeme fitted."""
    text = f"{HEAD}fp32 a = b();\nfp32 a = b(//\n);\n]"
    assert "MIL0402" in [finding.code for finding in found_in(text)]


def test_an_unterminated_string_ends_with_its_line() -> None:
    assert codes_in('a(x = string("b; c));\nfp32 a = ;\n') == ["MIL0103", "MIL0101"]
    assert codes_in("a(x = string(`b; c));\nfp32 a = ;\n") == ["MIL0103", "MIL0101"]


def test_names_of_types_are_names_too() -> None:
    """In a text of version 1.0 they were written as the types that they are elsewhere."""
    head = HEAD.replace("1.3", "1.0")
    assert errors(found_in(f"{head}fp32 fp32 = fp32 (fp32 = fp32(1), x = x);\n{TAIL}")) == []
    assert errors(found_in(f"{head}fp32 a = relu<fp32>(x = x);{TAIL}")) == []


@pytest.mark.parametrize("shape", ["500000000000, 0", "5000, 0, 7"])
def test_no_end_of_empty_rows(shape: str) -> None:
    """Written out, they took memory in proportion to a number in the type."""
    text = f"{HEAD}{const(f'tensor<int8, [{shape}]>', '[]')}{TAIL}"
    assert errors(found_in(text)) == []
    assert "([])" in format_text(text, style="coremlc")


def codes_of(message: pb.Model) -> list[str]:
    """What keeps a message from being read, or what is remarkable about it."""
    data = message.SerializeToString()
    check_message(data)
    try:
        found = decode_model(data).notes
    except MilError as error:
        found = error.diagnostics
    return sorted({finding.code for finding in found})


def test_a_type_that_no_text_may_declare() -> None:
    """Its number of elements has more digits than Python prints; its text was refused."""
    assert codes_of(MESSAGES["huge dimensions"]()) == ["MIL0529"]
    assert codes_of(MESSAGES["dimensions"]()) == ["MIL0528"]


def test_another_body_whose_opset_is_spelt_as_in_text() -> None:
    """It was written back under the name that packages have for it."""
    message = MESSAGES["operations"]()
    bodies = message.mlProgram.functions["main"].block_specializations
    bodies["ios17"].CopyFrom(bodies["CoreML8"])
    assert codes_of(message) == ["MIL0524"]


def test_warnings_alone_do_not_refuse_a_model() -> None:
    """A hundred fields of a newer writer did."""
    assert codes_of(MESSAGES["unknown fields"]()) == ["MIL0538"]


def test_a_content_of_no_kind() -> None:
    """It was taken for an empty tensor, and left out when that was written."""
    type = "type { tensorType { dataType: INT8 rank: 1 dimensions { constant {} } } }"
    value = f'attributes {{ key: "val" value {{ {type} %s }} }}'
    for content, codes in (("", []), ("immediateValue {}", ["MIL0531"])):
        message = MESSAGES["operations"]()
        block = message.mlProgram.functions["main"].block_specializations["CoreML8"]
        text_format.Parse(f'type: "const" {value % content}', block.operations.add())
        assert codes_of(message) == codes


def test_half_of_a_character_in_json(tmp_path: Path) -> None:
    """As a key, it made protobuf raise SystemError."""
    path = tmp_path / "model.json"
    for text, code in ((r'{"\ud83d\ude00": 1}', "MIL0730"), (r'{"\ud800": 1}', "MIL0730")):
        path.write_text(text)
        with pytest.raises(MilError) as raised:
            read_model_json(path, pb.Model(specificationVersion=9))
        check_refusal(raised.value, [code])


def test_a_colour_space_that_has_no_name() -> None:
    """`info` asked protobuf for it."""
    message = MESSAGES["operations"]()
    feature = message.description.input.add(name="x")
    feature.type.imageType.colorSpace = 1 << 20  # type: ignore[assignment]
    assert codes_of(message) == []


def test_a_header_that_tells_of_too_many_blobs(tmp_path: Path) -> None:
    """One more could not be counted."""
    path = tmp_path / "weight.bin"
    path.write_bytes(struct.pack("<II56x", (1 << 32) - 1, 2))
    with pytest.raises(MilError) as raised:
        WeightFile(path).append(FP16, b"\0\0")
    check_refusal(raised.value, ["MIL0610"])
