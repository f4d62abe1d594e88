"""`milc fmt`: what it writes, what it leaves alone, and what it says."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from milc.syntax.format import format_text
from tests.commands import HELLO, Cli

UNTIDY = (
    'program(1.3) { func main<ios18>(fp32 x) { // why\n fp32 y=relu(x=x)[name=string("y")];}->(y);}'
)
TIDY = format_text(UNTIDY)
BROKEN = "program(1.3) { func main"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A tidy, an untidy and a broken file, and some that a search passes over."""
    for name, text in {
        "a/tidy.mil": TIDY,
        "a/untidy.mil": UNTIDY,
        "broken.mil": BROKEN,
        "a/notes.txt": UNTIDY,
        ".hidden/x.mil": UNTIDY,
        "App.mlmodelc/model.mil": UNTIDY,
        "App.mlpackage/model.mil": UNTIDY,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text("utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_folder_is_searched_and_one_bad_file_holds_up_no_other(cli: Cli, files: Path) -> None:
    before = contents(files)
    run = cli("fmt", ".")
    assert run.status == 1
    assert contents(files) == {**before, "a/untidy.mil": TIDY}
    assert run.out == ""
    assert "reformatted a/untidy.mil\n" in run.err
    assert "--> broken.mil:1:25" in run.err
    assert run.err.endswith("1 file reformatted, 1 file left unchanged, 1 file with errors\n")


def test_a_file_that_is_tidy_is_not_written(cli: Cli, files: Path) -> None:
    path = files / "a/tidy.mil"
    os.utime(path, ns=(0, 0))
    inode = path.stat().st_ino
    run = cli("fmt", path)
    assert (run.status, run.err) == (0, "1 file left unchanged\n")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (inode, 0)


def test_permissions_and_links_stay(cli: Cli, files: Path) -> None:
    path = files / "a/untidy.mil"
    path.chmod(0o640)
    link = files / "link.mil"
    link.symlink_to(path)
    assert cli("fmt", link).status == 0
    assert link.is_symlink()
    assert path.read_text("utf-8") == TIDY
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_check_names_the_files_and_writes_nothing(cli: Cli, files: Path) -> None:
    before = contents(files)
    run = cli("fmt", "--check", "a")
    assert run.status == 1
    assert run.err == (
        "would reformat a/untidy.mil\n1 file would be reformatted, 1 file would be left unchanged\n"
    )
    assert contents(files) == before
    assert cli("fmt", "--check", "a/tidy.mil").status == 0


def test_diff_is_one_that_patch_takes(cli: Cli, files: Path) -> None:
    before = contents(files)
    run = cli("fmt", "--diff", "a")
    assert run.status == 1
    assert run.out.startswith("--- a/untidy.mil\tbefore\n+++ a/untidy.mil\tafter\n@@ -1,2 +1,")
    assert "\\ No newline at end of file\n" in run.out, "the untidy text ends without one"
    assert '+        fp32 y = relu(x = x)[name = string("y")];\n' in run.out
    assert contents(files) == before


def test_quiet_says_nothing_but_errors(cli: Cli, files: Path) -> None:
    assert cli("fmt", "--quiet", "a").err == ""
    assert "MIL0105" in cli("fmt", "--quiet", "broken.mil").err


def test_standard_input_goes_to_standard_output(cli: Cli) -> None:
    assert cli("fmt", "-", stdin=UNTIDY) == (0, TIDY, "")
    assert cli("fmt", "-", stdin=TIDY) == (0, TIDY, "")


def test_an_error_in_standard_input_prints_no_text(cli: Cli) -> None:
    run = cli("fmt", "--stdin-filename", "src/model.mil", "-", stdin=BROKEN)
    assert (run.status, run.out) == (1, "")
    assert "--> src/model.mil:1:25" in run.err


def test_check_and_diff_of_standard_input(cli: Cli) -> None:
    assert cli("fmt", "--check", "-", stdin=UNTIDY)[:2] == (1, "")
    assert cli("fmt", "--check", "-", stdin=TIDY)[:2] == (0, "")
    run = cli("fmt", "--diff", "--stdin-filename", "m.mil", "-", stdin=UNTIDY)
    assert run.status == 1
    assert run.out.startswith("--- m.mil\t")


def test_standard_input_stands_alone(cli: Cli, files: Path) -> None:
    run = cli("fmt", "-", "a")
    assert run.status == 2
    assert "stands alone" in run.err


def test_findings_for_programs_name_what_would_change(cli: Cli, files: Path) -> None:
    run = cli("fmt", "--check", "--format", "json", "a", "broken.mil")
    assert run.status == 1
    assert [(f["code"], f["severity"], f["path"], f["line"]) for f in run.findings] == [
        ("MIL0024", "warning", "a/untidy.mil", 1),
        ("MIL0105", "error", "broken.mil", 1),
    ]
    assert run.err == ""


def test_with_a_diff_findings_for_programs_go_to_stderr(cli: Cli, files: Path) -> None:
    run = cli("fmt", "--diff", "--format", "line", "a/untidy.mil")
    assert run.out.startswith("--- ")
    assert run.err.startswith("a/untidy.mil:1:1: warning[MIL0024]")


def test_apples_style_says_that_comments_are_lost(cli: Cli, files: Path) -> None:
    run = cli("fmt", "--style", "coremlc", "a/untidy.mil")
    assert run.status == 0
    assert "warning[MIL0023]: the comment is left out" in run.err
    text = (files / "a/untidy.mil").read_text("utf-8")
    assert "why" not in text
    assert text.endswith("} -> (y);\n}")


def test_line_breaks_of_windows_become_plain_ones(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "m.mil"
    path.write_bytes(HELLO.replace("\n", "\r\n").encode())
    assert cli("fmt", path).status == 0
    assert path.read_bytes() == format_text(HELLO).encode()


@pytest.mark.parametrize(
    ("content", "code"), [(b"\xff\xfep\0r\0", "MIL0004"), (b"", "MIL0120"), (b"\0\1", "MIL0120")]
)
def test_what_is_no_text_is_left_alone(cli: Cli, tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "m.mil"
    path.write_bytes(content)
    run = cli("fmt", "--format", "json", path)
    assert run.status in (1, 2)
    assert code in run.codes
    assert path.read_bytes() == content


def test_a_file_that_is_missing_is_reported_and_the_others_are_done(cli: Cli, files: Path) -> None:
    run = cli("fmt", "none.mil", "a")
    assert run.status == 2
    assert "MIL0001" in run.err
    assert (files / "a/untidy.mil").read_text("utf-8") == TIDY


def test_a_folder_without_texts(cli: Cli, tmp_path: Path) -> None:
    assert cli("fmt", tmp_path) == (0, "", "no .mil files found\n")


def test_a_file_that_cannot_be_written_stays(
    cli: Cli, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    run = cli("fmt", "a")
    assert run.status == 2
    assert "error[MIL0011]: no space is left" in run.err
    assert (files / "a/untidy.mil").read_text("utf-8") == UNTIDY
    assert sorted(path.name for path in (files / "a").iterdir()) == [
        "notes.txt", "tidy.mil", "untidy.mil",
    ]  # fmt: skip
