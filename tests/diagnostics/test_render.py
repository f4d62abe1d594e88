"""What people see: snippets, carets and labels, their alignment, colour and cost."""

from __future__ import annotations

import io
import re
import time
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from milc.diagnostics import Diagnostic, Label, Source, Span
from milc.diagnostics.catalog import Entry
from milc.diagnostics.explain import explain, page
from milc.diagnostics.prose import summary, visible, wrap
from milc.diagnostics.render import PLAIN_WIDTH, as_text, console, render, render_entry

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")

STRIDES = " tensor<int32, [2]> strides = const()[val = tensor<int32, [2]>([1, 1, 1])];"


def find(source: Source, first: str, upto: str = "", nth: int = 1) -> Span:
    """The place of `first`, or from there to the end of the next `upto`."""
    start = -1
    for _ in range(nth):
        start = source.text.index(first, start + 1)
    return Span(source, start, source.text.index(upto or first, start) + len(upto or first))


def shown(
    source: Source, span: Span | None, label: str = "", *labels: Label, width: int = 80, **more: str
) -> str:
    """One diagnostic as text, without the summary."""
    found = Diagnostic("MIL0203", "wrong", span, label=label, labels=labels, path=source.path)
    found.help = more.get("help")
    return as_text([found], width).split("\n\n")[0] + "\n"


def test_a_label_beside_its_caret() -> None:
    source = Source("\n" * 11 + STRIDES, "model.mil")
    found = Diagnostic(
        "MIL0203",
        "`strides` has 3 elements, its type says 2",
        find(source, "[1, 1, 1]"),
        label="expected 2 elements",
        notes=["a note"],
        help="write `[1, 1]`",
    )
    assert as_text([found], 120) == (
        "error[MIL0203]: `strides` has 3 elements, its type says 2\n"
        "   --> model.mil:12:64\n"
        "    |\n"
        " 12 |  tensor<int32, [2]> strides = const()[val = tensor<int32, [2]>([1, 1, 1])];\n"
        "    |                                                                ^^^^^^^^^ expected 2"
        " elements\n"
        "    |\n"
        "    = note: a note\n"
        "    = help: write `[1, 1]`\n"
        "\n"
        "1 error in 1 file\n"
        "`milc explain MIL0203` tells more\n"
    )


def test_a_narrow_page_gives_up_the_left_of_the_line_for_the_label() -> None:
    source = Source(STRIDES, "model.mil")
    assert shown(source, find(source, "[1, 1, 1]"), "expected 2 elements", width=60) == (
        "error[MIL0203]: wrong\n"
        "  --> model.mil:1:64\n"
        "   |\n"
        " 1 | …al = tensor<int32, [2]>([1, 1, 1])];\n"
        "   |                          ^^^^^^^^^ expected 2 elements\n"
    )


def test_labels_on_one_line() -> None:
    source = Source(STRIDES, "model.mil")
    labels = [
        Label(find(source, "[2]"), "two are declared here"),
        Label(find(source, "strides"), "for this value"),
    ]
    assert shown(source, find(source, "[1, 1, 1]"), "three", *labels, width=100) == (
        "error[MIL0203]: wrong\n"
        "  --> model.mil:1:64\n"
        "   |\n"
        " 1 |  tensor<int32, [2]> strides = const()[val = tensor<int32, [2]>([1, 1, 1])];\n"
        "   |                ---  -------                                    ^^^^^^^^^ three\n"
        "   |                |    |\n"
        "   |                |    for this value\n"
        "   |                two are declared here\n"
    )


def test_a_label_too_long_for_the_row_of_its_mark() -> None:
    source = Source(STRIDES, "model.mil")
    label = "as many as the type before it says there are, which is two"
    assert shown(source, find(source, "strides"), label, width=72) == (
        "error[MIL0203]: wrong\n"
        "  --> model.mil:1:21\n"
        "   |\n"
        " 1 |  tensor<int32, [2]> strides = const()[val = tensor<int32, [2]>([1,…\n"
        "   |                     ^^^^^^^\n"
        "   |                     as many as the type before it says there are,\n"
        "   |                     which is two\n"
    )


def test_distant_lines_are_parted_and_a_single_one_between_is_shown() -> None:
    source = Source("a\nb\nc\nd\ne\nf\n", "f")
    labels = [Label(find(source, "a"), "first"), Label(find(source, "c"), "then")]
    assert shown(source, find(source, "f"), "last", *labels) == (
        "error[MIL0203]: wrong\n"
        "  --> f:6:1\n"
        "   |\n"
        " 1 | a\n"
        "   | - first\n"
        " 2 | b\n"
        " 3 | c\n"
        "   | - then\n"
        "...\n"
        " 6 | f\n"
        "   | ^ last\n"
    )


def test_a_label_in_another_source() -> None:
    one, two = Source("a b", "one"), Source("\n" * 98 + "c d", "two")
    assert shown(one, find(one, "b"), "here", Label(find(two, "d"), "there")) == (
        "error[MIL0203]: wrong\n"
        "   --> one:1:3\n"
        "    |\n"
        "  1 | a b\n"
        "    |   ^ here\n"
        "   ::: two:99:3\n"
        "    |\n"
        " 99 | c d\n"
        "    |   - there\n"
    )


def test_a_span_of_several_lines() -> None:
    source = Source("  x = add(\n    y = z,\n    w = v,\n    a = b,\n  );\n", "f")
    assert shown(source, find(source, "add(", ");"), "never closed") == (
        "error[MIL0203]: wrong\n"
        "  --> f:1:7\n"
        "   |\n"
        " 1 |     x = add(\n"
        "   |  _______^\n"
        " 2 | |     y = z,\n"
        "...  |\n"
        " 5 | |   );\n"
        "   | |____^ never closed\n"
    )


def test_spans_of_several_lines_within_each_other() -> None:
    source = Source("{\n  a (\n  b )\n}\n", "f")
    inner = Label(find(source, "(", ")"), "inner")
    assert shown(source, find(source, "{", "}"), "outer", inner) == (
        "error[MIL0203]: wrong\n"
        "  --> f:1:1\n"
        "   |\n"
        " 1 | /   {\n"
        " 2 | |     a (\n"
        "   | |  _____-\n"
        " 3 | | |   b )\n"
        "   | | |_____- inner\n"
        " 4 | |   }\n"
        "   | |___^ outer\n"
    )


def test_the_same_place_twice_is_shown_once() -> None:
    source = Source("{\n}\n", "f")
    span = find(source, "{", "}")
    assert "say" in shown(source, span, "say", Label(span, "say"), Label(span, "say"))


@pytest.mark.parametrize(
    ("text", "start", "place", "line", "caret"),
    [
        ("", 0, "1:1", " 1 |", "   | ^ here"),
        ("ab", 2, "1:3", " 1 | ab", "   |   ^ here"),
        ("ab\n", 3, "2:1", " 2 |", "   | ^ here"),
        ("ab\r\ncd", 2, "1:3", " 1 | ab", "   |   ^ here"),
        ("ab", 99, "1:3", " 1 | ab", "   |   ^ here"),
    ],
)
def test_the_end_of_a_source(text: str, start: int, place: str, line: str, caret: str) -> None:
    source = Source(text, "f")
    rows = shown(source, Span(source, start, start), "here").split("\n")
    assert rows[1:5] == [f"  --> f:{place}", "   |", line, caret]


def test_without_a_span() -> None:
    found = Diagnostic("MIL0501", "no root model", path="A.mlpackage", help="add one")
    assert as_text([found]).startswith(
        "error[MIL0501]: no root model\n  --> A.mlpackage\n   = help: add one\n"
    )
    assert as_text([Diagnostic("MIL0001", "no")]).startswith("error[MIL0001]: no\n\n1 error\n")


@pytest.mark.parametrize(
    ("before", "seen"),
    [
        ("\t", "    "),
        ("名前", "名前"),
        ("e\u0301", "e\u0301"),
        ("\x1b[31m", "␛[31m"),
        ("\u00a0", "<U+00A0>"),
        ("\u202e", "<U+202E>"),
        ("a\rb", "a␍b"),
        ("\x00", "␀"),
        ("\ud800", "<U+D800>"),
    ],
)
def test_the_caret_stands_below_its_character(before: str, seen: str) -> None:
    source = Source(before + "xy", "f")
    rows = shown(source, find(source, "x"), "here").split("\n")
    assert rows[3] == f" 1 | {seen}xy"
    assert rows[4] == f"   | {' ' * cell_len(seen)}^ here"


def test_nothing_obeys_what_a_model_says() -> None:
    evil = "\x1b]0;owned\x07\n\u202e"
    source = Source("x", evil)
    found = Diagnostic(
        "MIL0203", evil, Span(source, 0, 1), label=evil, notes=[evil], help=evil, labels=[]
    )
    stream = io.StringIO()
    render([found], console(stream, color="always"))
    assert not set(ESCAPES.sub("", stream.getvalue())) & {"\x1b", "\x07", "\u202e"}


def test_a_line_of_100_kb_is_cut_around_its_marks() -> None:
    source = Source("tensor<fp16, [9]> w = ([" + "0x1p+0, " * 12500 + "0x2p+9])", "big.mil")
    labels = Label(find(source, "[9]"), "nine")
    rows = shown(source, find(source, "0x2p+9"), "too large", labels).split("\n")
    assert rows[3].startswith(" 1 | tensor<fp16, [9]> w")
    assert "…" in rows[3]
    assert all(cell_len(row) <= 80 for row in rows)
    for row, sign in ((rows[4], "^" * 6), (rows[4], "---")):
        at = row.index(sign)
        assert rows[3][at : at + len(sign)] in ("0x2p+9", "[9]")


def test_a_mark_longer_than_the_page() -> None:
    source = Source("x" * 100_000, "f")
    rows = shown(source, Span(source, 500, 90_000), "all of this", width=60).split("\n")
    assert rows[3].startswith(" 1 | …x")
    assert rows[4].endswith("^ all of this")
    assert max(map(len, rows)) <= 60


def test_common_indentation_goes_only_where_there_is_no_room() -> None:
    source = Source(" " * 12 + "a = b;\n" + " " * 16 + "c" * 70, "f")
    assert " 1 |             a" in shown(source, find(source, "a"), "", width=120)
    assert " 1 |             a" in shown(source, find(source, "a"), "", width=40)
    labels = Label(find(source, "c"), "c")
    assert " 1 |     a = b;\n" in shown(source, find(source, "a"), "", labels, width=60)
    assert " 2 |         ccc" in shown(source, find(source, "a"), "", labels, width=60)


def test_wrapped_notes_hang_below_their_first_line() -> None:
    source = Source("x", "f")
    rows = shown(source, None, help="many words " * 20, width=60).split("\n")
    assert rows[2].startswith("   = help: many")
    assert {row[:11] for row in rows[3:-1]} == {" " * 11}
    assert max(map(len, rows)) <= 60


def test_ascii_streams() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="\n")
    source = Source("“" + "x" * 300 + "y", "f")
    render([Diagnostic("MIL0203", "“quoted”", find(source, "y"))], stream)
    render_entry(ENTRY._replace(meaning="An em dash — here."), stream)
    stream.flush()
    text = stream.buffer.getvalue().decode()  # type: ignore[attr-defined]
    assert "error[MIL0203]: <U+201C>quoted<U+201D>" in text
    assert " 1 | ...xxx" in text


ENTRY = Entry("MIL0999", "a title", "Why it is so.\n\nAnd more.", "$ milc fmt x\n", "Mend it.")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("terminal", "variables", "coloured"),
    [
        (False, {}, False),
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": "0"}, False),
        (False, {"FORCE_COLOR": ""}, False),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_when_there_is_colour(
    terminal: bool, variables: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    stream = Terminal() if terminal else io.StringIO()
    source = Source(STRIDES, "model.mil")
    found = [Diagnostic("MIL0203", "wrong", find(source, "strides"), label="here", notes=["n"])]
    render(found, console(stream, width=90))
    assert ("\x1b[" in stream.getvalue()) == coloured
    assert ESCAPES.sub("", stream.getvalue()) == as_text(found, 90)


def test_the_width_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert console(io.StringIO()).width == PLAIN_WIDTH
    monkeypatch.setenv("COLUMNS", "66")
    assert console(io.StringIO()).width == 66


def test_severities_have_colours_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    heads = set()
    for severity in ("error", "warning", "note"):
        stream = io.StringIO()
        found = Diagnostic("MIL0203", "m", severity=severity)  # type: ignore[arg-type]
        render([found], console(stream, color="always"))
        heads.add(stream.getvalue().split(severity)[0])
    assert len(heads) == 3


def test_the_order_is_that_of_the_text_and_the_summary_counts_all() -> None:
    source = Source("abc", "f")
    found = [
        Diagnostic("MIL0203", f"m{at}", Span(source, at, at + 1), severity=severity)  # type: ignore[arg-type]
        for at, severity in ((2, "error"), (0, "warning"), (1, "error"))
    ]
    found.append(Diagnostic("MIL0001", "other", path="g"))
    stream = io.StringIO()
    render(found, stream, max=2)
    text = stream.getvalue()
    assert text.index("m1") < text.index("m2")
    assert "m0" not in text, "a warning gives way to an error"
    assert text.endswith(
        "3 errors, 1 warning in 2 files; 2 of them are shown\n"
        "`milc explain CODE` tells more about each code\n"
    )


def test_one_finding_of_several_is_shown() -> None:
    found = [Diagnostic("MIL0001", word, path="f") for word in ("one", "other")]
    stream = io.StringIO()
    render(found, stream, max=1)
    assert "2 errors in 1 file; 1 of them is shown\n" in stream.getvalue()


def test_nothing_found_is_nothing_shown() -> None:
    assert as_text([]) == ""


@pytest.mark.parametrize(
    ("paths", "text"),
    [(["a"], "1 error in 1 file"), (["a", "a", "b"], "3 errors in 2 files"), ([None], "1 error")],
)
def test_summary(paths: list[str | None], text: str) -> None:
    assert summary([Diagnostic("MIL0001", "m", path=path) for path in paths]) == text


def test_wrap_keeps_breaks_and_indentation() -> None:
    assert wrap("one two\n  three four", 9) == ["one two", "  three", "  four"]
    assert wrap("unbreakable", 4) == ["unbreakable"]
    assert wrap("", 4) == [""]


def test_explain() -> None:
    assert explain(ENTRY) == (
        "MIL0999: a title\n"
        "\n"
        "Why it is so.\n"
        "\n"
        "And more.\n"
        "\n"
        "Example\n"
        "\n"
        "    $ milc fmt x\n"
        "\n"
        "What to do\n"
        "\n"
        "Mend it.\n"
    )
    stream = io.StringIO()
    render_entry(ENTRY, stream)
    assert stream.getvalue() == explain(ENTRY)


@pytest.mark.parametrize(
    "prose",
    [
        "One.\n\nTwo.\n\n    code  code\n      more",
        """
        One.

        Two.

            code  code
              more
        """,
    ],
)
def test_code_within_prose(prose: str) -> None:
    text = explain(ENTRY._replace(meaning=prose))
    assert "\nOne.\n\nTwo.\n\n    code  code\n      more\n\nExample\n" in text
    assert "\nOne.\n\nTwo.\n\n```mil\ncode  code\n  more\n```\n" in page(
        [ENTRY._replace(code="MIL0001", meaning=prose)]
    )


TEXT = st.text(st.sampled_from("ab名\t\u0301\x1b\u00a0 \n"), max_size=120)


@settings(max_examples=150, deadline=None)
@example(text="\n\taaaa\t\xa0\xa0", spans=[(0, 2), (9, 0)], label="here", width=40)
@given(
    text=TEXT,
    spans=st.lists(st.tuples(st.integers(-3, 130), st.integers(-3, 130)), min_size=1, max_size=5),
    label=st.sampled_from(["", "here", "a rather long label of many words " * 4]),
    width=st.integers(40, 90),
)
def test_no_row_is_wider_than_the_page(
    text: str, spans: list[tuple[int, int]], label: str, width: int
) -> None:
    source = Source(text, "f")
    first, *others = [Span(source, *span) for span in spans]
    labels = [Label(span, label) for span in others]
    out = shown(source, first, label, *labels, width=width)
    assert visible(out.replace("\n", "")) == out.replace("\n", "")
    assert out.count("^") >= 1
    widest = max(out.split("\n"), key=cell_len)
    assert cell_len(widest) <= width, f"\n{out}"


def test_the_cost_is_linear_in_the_diagnostics() -> None:
    line = "x" * 99 + "\n"
    source = Source(line * 200_000, "f")
    seconds = []
    for count in (200, 800):
        found = [
            Diagnostic("MIL0203", "m", Span(source, i * 9000, i * 9000 + 9)) for i in range(count)
        ]
        begun = time.process_time()
        as_text(found)
        seconds.append(time.process_time() - begun)
    assert all(later < 12 * earlier + 0.05 for earlier, later in pairwise(seconds)), seconds


def test_no_diagnostic_copies_the_source() -> None:
    import tracemalloc

    source = Source("\n" + "x" * 20_000_000 + "\r\n", "f")
    found = [
        Diagnostic("MIL0203", "m", Span(source, i * 90_000, i * 90_000 + 9)) for i in range(50)
    ]
    as_text(found[:1])
    tracemalloc.start()
    as_text(found)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000
