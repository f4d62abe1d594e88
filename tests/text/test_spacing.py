"""White space and comments mean nothing, wherever they stand."""

from __future__ import annotations

import time

import pytest

from milc.diagnostics import Source
from milc.ir.compare import difference
from milc.syntax.parse import parse, read
from tests.text.texts import PROGRAMS, pieces, spread, squeezed

WAYS = {
    "squeezed": squeezed,
    "lines": lambda text: spread(text, lambda number: "\n"),
    "tabs": lambda text: spread(text, lambda number: " \t"),
    "lines of Windows": lambda text: text.replace("\n", "\r\n"),
    "lines of Windows everywhere": lambda text: spread(text, lambda number: "\r\n"),
    "blank lines": lambda text: spread(text, lambda number: "\n \n\t\n"),
    "other blanks": lambda text: spread(text, lambda number: "\f \v \u00a0\u2028"),
    "comments": lambda text: spread(text, lambda number: f' // {number} }} ] ) ; " ` \n'),
    "empty comments": lambda text: spread(text, lambda number: "//\n"),
    "byte order mark": lambda text: f"\ufeff{text}",
    "comment at the end": lambda text: f"{text}// no line break behind",
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_spacing_means_nothing(name: str, way: str) -> None:
    text = PROGRAMS[name]
    other = WAYS[way](text)
    for plain in (True, False):
        program, findings = read(Source(other), plain=plain)
        assert [(f.code, f.severity) for f in findings] == [
            (f.code, f.severity) for f in read(Source(text))[1]
        ]
        found = difference(parse(text), program)
        assert found is None, found


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_tests_own_lexemes_are_all_of_a_text(name: str) -> None:
    """Else the tests above would leave out what they should try."""
    text = PROGRAMS[name]
    assert "".join("".join(pieces(text)).split()) == "".join(text.split())


def test_comment_signs_in_strings_and_names() -> None:
    program = parse(
        'program(1.3) { func main<ios18>(fp16 `a//b`) { string s = const()[val = string("//")]; }'
        " -> (`a//b`); } // } {"
    )
    (function,) = program.functions.values()
    assert function.inputs[0].name == "a//b"
    assert function.body.first is not None
    assert repr(function.body.first.attributes["val"]).endswith("('//',))")


@pytest.mark.parametrize("mark", ["\ufeff\ufeff", " \ufeff", "program(1.3)\ufeff"])
def test_a_byte_order_mark_elsewhere_is_an_error(mark: str) -> None:
    _, findings = read(Source(mark + PROGRAMS["empty"].removeprefix("program(1.3)")))
    assert findings


def test_places_count_the_byte_order_mark() -> None:
    """Spans count in the text as it was given."""
    source = Source("\ufeffprogram(1.3) { func main<ios18>(fp99 x) {} -> (); }")
    _, (finding,) = read(source)
    assert finding.span is not None
    assert finding.span.text == "fp99"


def test_a_very_long_line() -> None:
    count = 50_000
    numbers = ", ".join(map(str, range(count)))
    names = ", ".join(["x"] * 20_000)
    text = (
        f"program(1.3) {{ func main<ios18>(fp16 x) {{ tensor<int32, [{count}]> t = const()[val = "
        f"tensor<int32, [{count}]>([{numbers}])]; "
        f"fp16 y = concat(values = ({names})); }} -> (y); }}"
    )
    begun = time.perf_counter()
    for plain in (True, False):
        program, findings = read(Source(text), plain=plain)
        assert not findings
        assert program.functions["main"].body.length == 2
    assert time.perf_counter() - begun < 10
