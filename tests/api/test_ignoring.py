"""Comments that silence findings: what they reach, what they cannot, and when they do nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import milc
from milc.diagnostics import Diagnostic, MilError, Severity, Source, Span
from milc.driver import ignoring
from milc.driver.checking import verify_file
from milc.driver.choosing import Choice
from milc.driver.ignoring import silence
from milc.driver.loading import Text
from milc.syntax.format import format_text

SEVERITY: dict[str, Severity] = {"": "error", "!": "warning"}
PLACE = re.compile(r"@(\d{4})(!?)")


def left(text: str, **how: Any) -> list[str]:
    """What remains of the findings that `text` has: an error or, with `!` behind the number, a
    warning of that code wherever it says `@0310`.
    """
    source = Source(text, "a.mil")
    found = [
        Diagnostic(f"MIL{mark[1]}", "m", Span(source, *mark.span()), severity=SEVERITY[mark[2]])
        for mark in PLACE.finditer(text)
    ]
    return [
        f"{source.position(each.span.start)[0]}:{each.code}:{each.severity[0]}"
        for each in silence(found, source, **how)
        if each.span is not None
    ]


@pytest.mark.parametrize(
    ("text", "remaining"),
    [
        ("@0310; // milc: ignore[MIL0310]", []),
        ("@0310; //milc:ignore [ MIL0310 ] for a reason", []),
        ("@0310; // a word on it // milc: ignore[MIL0310]", []),
        ("@0310 @0413!; // milc: ignore[MIL0310, MIL0413]", []),
        ("@0310 @0311!; // milc: ignore[MIL031]", []),
        ("@0310; // milc: ignore[MIL03]", []),
        ("@0310; // milc: ignore[MIL0413]", ["1:MIL0310:e", "1:MIL0801:w"]),
        ("@0310 @0413!; // milc: ignore[MIL0310]", ["1:MIL0413:w"]),
        # Every statement of the line, and of a statement every line.
        ("@0310; @0310; // milc: ignore[MIL0310]\n@0310;", ["2:MIL0310:e"]),
        ("@0310;\n@0310(\n@0310\n); // milc: ignore[MIL0310]\n", ["1:MIL0310:e"]),
        ("a(@0310, // milc: ignore[MIL0310]\n @0310)[\n@0310];\n@0310;", ["4:MIL0310:e"]),
        # A line of its own is about the next line of code.
        ("// milc: ignore[MIL0310]\n\n// more\n @0310; @0310; // x\n@0310;", ["5:MIL0310:e"]),
        ("{\n//milc:ignore[MIL03]\na({@0310, @0310}\n)[d = {{@0310}}]; @0310;}", ["4:MIL0310:e"]),
        # The head of a function is a part of its own, and so is its end.
        ("// milc: ignore[MIL0310]\nfunc @0310() {\n @0310;\n}", ["3:MIL0310:e"]),
        ("func @0310() { // milc: ignore[MIL0310]\n @0310;\n}", ["2:MIL0310:e"]),
        ("{\n@0408!;\n} -> (@0408!); // milc: ignore[MIL0408]", ["2:MIL0408:w"]),
        # Marks in strings and quoted names are none; what stands in them ends nothing.
        ('@0310 "// milc: ignore[MIL0310]";', ["1:MIL0310:e"]),
        ("@0310 `// milc: ignore[MIL0310]`;", ["1:MIL0310:e"]),
        ('a(";{",\n @0310); // milc: ignore[MIL0310]', []),
        # At the end there is nothing to silence.
        ("a;\n// milc: ignore[MIL0310]", ["2:MIL0801:w"]),
    ],
)  # fmt: skip
def test_what_a_comment_reaches(text: str, remaining: list[str]) -> None:
    assert left(text) == remaining


@pytest.mark.parametrize("code", ["0105", "0203", "0403", "0412", "0501", "0613", "0710"])
def test_other_errors_stay(code: str) -> None:
    assert left(f"@{code}; // milc: ignore[MIL{code}]") == [f"1:MIL{code}:e"]
    assert left(f"@{code}!; // milc: ignore[MIL{code}]") == []


def test_an_error_that_stays_says_so() -> None:
    source = Source("a;\na; // milc: ignore[MIL0403]")
    [kept] = silence([Diagnostic("MIL0403", "m", Span(source, 3, 4))], source)
    assert kept.notes == ("this error cannot be silenced, as the comment in line 2 wants",)


def test_findings_without_a_place_stay() -> None:
    source = Source("a; // milc: ignore[MIL0501]")
    found = Diagnostic("MIL0501", "m", path="a.mil", severity="warning")
    assert found in silence([found], source)


def test_where_a_file_is_written_a_silenced_error_is_a_warning() -> None:
    text = "@0310; // milc: ignore[MIL0310]\n@0413!; // milc: ignore[MIL0413]"
    assert left(text, writing=True) == ["1:MIL0310:w"]
    source = Source("a; // milc: ignore[MIL0310]")
    [kept] = silence([Diagnostic("MIL0310", "m", Span(source, 0, 1))], source, writing=True)
    [note] = kept.notes
    assert "the comment in line 1" in note


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("// milc: disable", "`milc: disable` is no instruction to milc"),
        ("// milc: ignore MIL0310", "`milc: ignore MIL0310` is no instruction to milc"),
        ("// milc: ignore", "`milc: ignore` is no instruction to milc"),
        ("// milc: ignore[MIL0310]x", "`milc: ignore[MIL0310]x` is no instruction to milc"),
        ("// milc: ignore[]", "no code, where one to ignore is wanted"),
        ("// milc: ignore[mil0310]", "`mil0310` is no code, where one to ignore is wanted"),
        ("// milc: ignore[MIL]", "`MIL` is no code, where one to ignore is wanted"),
        ("// milc: ignore[all]", "`all` is no code, where one to ignore is wanted"),
    ],
)
def test_what_is_no_instruction(comment: str, said: str) -> None:
    [found] = silence([], Source(f"a; {comment}\n"))
    assert (found.code, found.severity, found.message) == ("MIL0802", "warning", said)
    assert found.span is not None


def test_the_code_at_fault_is_pointed_at() -> None:
    [found] = silence([], Source("a; // milc: ignore[ MIL0310 , x y ]"), unchecked=["MIL03"])
    assert found.span is not None
    assert found.span.text == "x y"
    [unused] = silence([], Source("a; // milc: ignore[ MIL0310 , MIL9999 ]"), unchecked=["MIL03"])
    assert unused.span is not None
    assert unused.span.text == "MIL9999"
    assert "a code that there is not" in unused.message


def test_nothing_is_of_no_use_where_not_all_was_checked() -> None:
    assert left("a; // milc: ignore[MIL0310]", checked=False) == []
    assert left("@0105;\na; // milc: ignore[MIL0310]") == ["1:MIL0105:e"]
    assert left("a; // milc: ignore[MIL0810, MIL08]", unchecked=("MIL08",)) == []
    assert left("@0310;\na; // milc: ignore[MIL0413]") == ["1:MIL0310:e", "2:MIL0801:w"]


@given(
    st.lists(
        st.sampled_from(["// milc: ", "ignore", "[", "]", "MIL03", "MIL0310", ",", "\n", " ", ";",
                         "{", "}", "(", ")", '"', "`", "\\", "a", "/", "\r\n", "名"])
    )
)  # fmt: skip
def test_any_text_is_looked_through(pieces: list[str]) -> None:
    text = "".join(pieces)
    source = Source(text)
    found = [
        Diagnostic("MIL0310", "m", Span(source, at, at + 1)) for at in range(0, len(text) + 1, 3)
    ]
    left = silence(list(found), source)
    errors = [each for each in left if each.severity == "error"]
    assert set(map(id, errors)) <= set(map(id, found))
    if "ignore[" not in text:
        assert errors == found


def test_of_very_many_useless_comments_the_first_are_told() -> None:
    assert len(silence([], Source("a; // milc: ignore[MIL0310, x]\n" * 3000))) == 2000


def test_text_without_such_comments_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(ignoring, "_Text")
    found = [Diagnostic("MIL0413", "m")]
    assert silence(found, Source("a; // milc ignore")) is found
    assert silence(found, None) is found


IGNORE = " // milc: ignore[MIL0413, MIL0209]"
BARE = """program(1.3)
{
    func main<ios18>(tensor<fp32, [1]> x) {
        tensor<fp32, [1]> `a.0` = add(x = x, y = tensor<fp32, [1]>(1))[name = string("a.0")];
    } -> (`a.0`);
}
"""
PROGRAM = BARE.replace(")];", f")];{IGNORE}")


def codes(text: str) -> list[str]:
    return [found.code for found in verify_file(Text(text.encode(), "a.mil", Path()))]


def test_formatting_moves_no_comment_away_from_what_it_silences() -> None:
    long = PROGRAM.replace('"a.0"', f'"{"a" * 60}"')
    assert codes(BARE) == ["MIL0413", "MIL0209"]
    assert format_text(long).count("\n") > long.count("\n")
    assert codes(PROGRAM) == codes(long) == codes(format_text(long)) == []


def test_of_a_program_whose_text_is_at_hand(tmp_path: Path) -> None:
    (tmp_path / "a.mil").write_text(PROGRAM, encoding="utf-8")
    assert milc.load(tmp_path / "a.mil").notes == []
    assert milc.verify(milc.load(tmp_path / "a.mil")) == []
    assert milc.verify(milc.parse(PROGRAM)) == []
    assert milc.compile(tmp_path / "a.mil", tmp_path / "a.mlmodel").notes == []
    assert "MIL0413" in [found.code for found in milc.verify(milc.load(tmp_path / "a.mlmodel"))]


OPS = """program(1.3) { func main<ios18>(TYPE x) {
    TYPE y = relu(x = x, alpha = fp32(2))[name = string("y")]; // milc: ignore[MIL03]
} -> (y); }
"""


def test_an_error_about_an_operation_can_be_silenced_but_not_without_a_word(tmp_path: Path) -> None:
    path = tmp_path / "a.mil"
    path.write_text(OPS.replace("TYPE", "tensor<fp32, [2]>"), encoding="utf-8")
    assert verify_file(path) == []
    [found] = milc.compile(path, tmp_path / "a.mlmodel").notes
    assert (found.code, found.severity) == ("MIL0303", "warning")
    assert [found.code for found in verify_file(tmp_path / "a.mlmodel")] == ["MIL0303"]


def test_a_silenced_error_hides_no_other(tmp_path: Path) -> None:
    text = OPS.replace("TYPE", "tensor<int16, [2]>")
    found = verify_file(Text(text.encode(), "a.mil", tmp_path))
    assert {each.code for each in found} == {"MIL0701"}


def test_compiling_heeds_what_a_project_chooses(tmp_path: Path) -> None:
    path = tmp_path / "a.mil"
    path.write_text(BARE, encoding="utf-8")

    def compiled(choice: Choice) -> set[str]:
        model = milc.compile(
            path, tmp_path / "a.mlmodel", choose=lambda found: choice.of(found, writing=True)
        )
        return {found.code for found in model.notes}

    assert "MIL0413" in compiled(Choice())
    assert "MIL0413" not in compiled(Choice(ignore=("MIL04",)))
    with pytest.raises(MilError):
        compiled(Choice(severity={"MIL0413": "error"}))


# What settings choose


def chosen(choice: Choice, *found: str, writing: bool = False, path: str = "a.mil") -> list[str]:
    """What remains of findings such as `MIL0413 warning`."""
    words: list[Any] = [each.split() for each in found]
    made = [Diagnostic(code, "m", path=path, severity=severity) for code, severity in words]
    return [f"{each.code} {each.severity}" for each in choice.of(made, writing=writing)]


ALL = ("MIL0203 error", "MIL0209 warning", "MIL0310 error", "MIL0413 warning", "MIL0001 error")
FIXED = ["MIL0203 error", "MIL0001 error"]


def test_without_a_choice_all_remains() -> None:
    assert chosen(Choice(), *ALL) == list(ALL)


def test_select_and_ignore() -> None:
    of_ops = ["MIL0203 error", "MIL0310 error", "MIL0001 error"]
    assert chosen(Choice(select=("MIL03",)), *ALL) == of_ops
    assert chosen(Choice(ignore=("MIL",)), *ALL) == FIXED
    assert chosen(Choice(select=("MIL04", "MIL03"), ignore=("MIL0413",)), *ALL) == of_ops
    assert chosen(Choice(select=()), *ALL) == FIXED


def test_severities_are_those_of_the_longest_beginning() -> None:
    choice = Choice(severity={"MIL04": "note", "MIL0413": "error", "MIL0203": "note"})
    assert chosen(choice, "MIL0413 warning", "MIL0402 warning", "MIL0402 error", *FIXED) == [
        "MIL0413 error", "MIL0402 note", "MIL0402 error", *FIXED,
    ]  # fmt: skip
    assert chosen(Choice(severity={"MIL03": "warning"}), "MIL0310 error") == ["MIL0310 warning"]


def test_where_a_file_is_written_an_error_that_is_left_out_is_a_warning() -> None:
    choice = Choice(ignore=("MIL03", "MIL04"))
    assert chosen(choice, *ALL, writing=True) == [
        "MIL0203 error", "MIL0209 warning", "MIL0310 warning", "MIL0001 error",
    ]  # fmt: skip


def test_by_file(tmp_path: Path) -> None:
    choice = Choice(per_file={"old/*.mil": ("MIL04",)}, root=str(tmp_path))
    inside, outside = str(tmp_path / "old/deep/a.mil"), str(tmp_path / "new/a.mil")
    assert chosen(choice, "MIL0413 warning", "MIL0209 warning", path=inside) == ["MIL0209 warning"]
    assert chosen(choice, "MIL0413 warning", path=outside) == ["MIL0413 warning"]
