"""`milc verify`: all kinds of input, all findings in one run, all formats."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import milc
from tests.commands import EXAMPLES, HELLO, WEIGHTS, Cli

WRONG = HELLO.replace("x = x,", "x = z,").replace("fp32(0.5)", "fp32(true)")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    milc.compile(WEIGHTS, tmp_path / "M.mlpackage")
    return tmp_path / "M.mlpackage"


def test_nothing_wrong(cli: Cli, package: Path) -> None:
    assert cli("verify", package) == (0, "", "nothing wrong in 1 model\n")
    assert cli("verify", "-q", package, WEIGHTS) == (0, "", "")
    assert cli("verify", "--format", "json", package) == (0, "[]\n", "")


def test_all_findings_come_in_the_order_of_their_text(cli: Cli, tmp_path: Path) -> None:
    for name in ("b.mil", "a.mil"):
        (tmp_path / name).write_text(WRONG, encoding="utf-8")
    run = cli("verify", "--format", "json", "b.mil", "a.mil")
    assert run.status == 1
    assert [(f["path"], f["code"]) for f in run.findings] == [
        ("a.mil", "MIL0403"),
        ("a.mil", "MIL0206"),
        ("b.mil", "MIL0403"),
        ("b.mil", "MIL0206"),
    ]


def test_people_see_the_line(cli: Cli) -> None:
    run = cli("verify", "-", stdin=WRONG)
    assert (run.status, run.out) == (1, "")
    assert "error[MIL0403]: nothing defines `z`\n" in run.err
    assert "--> <stdin>:" in run.err
    assert "2 errors in 1 file\n" in run.err


def test_lines_and_annotations(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.mil").write_text(WRONG, encoding="utf-8")
    line = WRONG[: WRONG.index("x = z")].count("\n") + 1
    lines = cli("verify", "--format", "line", "a.mil").out.splitlines()
    assert lines[0].startswith(f"a.mil:{line}:")
    assert lines[0].endswith(": error[MIL0403]: nothing defines `z`")
    github = cli("verify", "--format", "github", "a.mil").out.splitlines()
    assert github[0].startswith(f"::error file=a.mil,line={line},")


def test_a_folder_is_searched(cli: Cli, package: Path, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/wrong.mil").write_text(WRONG, encoding="utf-8")
    (tmp_path / "sub/notes.txt").write_text("hello", encoding="utf-8")
    shutil.copytree(WEIGHTS.parent, tmp_path / "text")
    run = cli("verify", "--format", "json", ".")
    assert {f["path"] for f in run.findings if f["severity"] == "error"} == {"sub/wrong.mil"}


@pytest.mark.parametrize(
    ("make", "code", "status"),
    [
        (lambda path: path.mkdir(), "MIL0511", 1),
        (lambda path: (path / "a").mkdir(parents=True), "MIL0510", 1),
        (lambda path: path.write_bytes(b"PK\3\4"), "MIL0514", 1),
        (lambda path: None, "MIL0001", 2),
    ],
)
def test_what_is_no_model(cli: Cli, tmp_path: Path, make, code: str, status: int) -> None:  # type: ignore[no-untyped-def]
    make(tmp_path / "it")
    run = cli("verify", "--format", "json", "it")
    assert (run.status, run.codes) == (status, [code])


def test_one_bad_input_holds_up_no_other(cli: Cli, package: Path) -> None:
    run = cli("verify", "--format", "json", "none", package, "-", stdin=WRONG)
    assert run.status == 2
    assert sorted(run.codes) == ["MIL0001", "MIL0206", "MIL0403"]


def test_mere_text_may_lack_its_weights(cli: Cli, tmp_path: Path) -> None:
    alone = shutil.copy(WEIGHTS, tmp_path / "alone.mil")
    run = cli("verify", "--format", "json", alone)
    assert (run.status, run.codes) == (0, ["MIL0601"])
    assert run.findings[0]["severity"] == "warning"
    text = WEIGHTS.read_text("utf-8")
    assert run.findings[0]["line"] == text[: text.index("BLOBFILE")].count("\n") + 1
    strict = cli("verify", "--format", "json", alone, "--weights", tmp_path)
    assert (strict.status, strict.findings[0]["severity"]) == (1, "error")


def test_a_blob_that_is_not_there_is_shown_where_it_is_named(cli: Cli, tmp_path: Path) -> None:
    text = WEIGHTS.read_text("utf-8")
    assert "(64)" in text
    (tmp_path / "m.mil").write_text(text.replace("(64)", "(128)"), encoding="utf-8")
    run = cli("verify", "m.mil", "--weights", WEIGHTS.parent, "--format", "json")
    (found,) = run.findings
    assert found["code"] == "MIL0613"
    start = text.index("BLOBFILE")
    assert found["line"] == text.count("\n", 0, start) + 1


def test_findings_about_a_package_are_in_the_text_it_prints(cli: Cli, package: Path) -> None:
    weights = package / "Data/com.apple.CoreML/weights/weight.bin"
    weights.write_bytes(b"\0" * 640)
    run = cli("verify", package, "--format", "json")
    (found,) = run.findings
    printed = cli("decompile", "--style", "coremlc", package).out.splitlines()
    assert found["path"] == str(package)
    assert "BLOBFILE" in printed[found["line"] - 1][found["column"] - 1 :]


def test_a_description_is_compared_with_the_program(cli: Cli, package: Path) -> None:
    model = milc.load(package)
    model.description.input[0].name = "other"
    milc.save(model, package)
    run = cli("verify", package, "--format", "json")
    assert run.status == 1
    assert sorted(run.codes) == ["MIL0710", "MIL0711"]


def test_a_link_out_of_the_package_is_refused(cli: Cli, package: Path) -> None:
    weights = package / "Data/com.apple.CoreML/weights/weight.bin"
    weights.unlink()
    weights.symlink_to(WEIGHTS.parent / "weights/weight.bin")
    assert cli("verify", package, "--format", "json").codes == ["MIL0604"]


def test_examples_are_sound(cli: Cli) -> None:
    texts = sorted(EXAMPLES.glob("*/model.mil"))
    assert cli("verify", "-q", *texts) == (0, "", "")


def test_more_than_a_screenful_shows_errors_first(cli: Cli) -> None:
    names = [f"`a b {n}`" for n in range(120)]
    ops = (
        "".join(f'fp32 {name} = relu(x = x)[name = string("n")];\n' for name in names)
        + "fp32 y = relu(x = nothing);"
    )
    text = f"program(1.3) {{ func main<ios18>(fp32 x) {{ {ops} }} -> (y); }}"
    run = cli("verify", "-", stdin=text)
    assert "error[MIL0403]" in run.err
    assert "1 error, 120 warnings in 1 file; 100 of them are shown" in run.err
    assert len(cli("verify", "-", "--format", "json", stdin=text).findings) == 121


MANY = "".join(f'fp32 `a b {n}` = relu(x = x)[name = string("n")];\n' for n in range(120))
MANY = f"program(1.3) {{ func main<ios18>(fp32 x) {{ {MANY} fp32 y = relu(x = z); }} -> (y); }}"


@pytest.mark.parametrize(
    ("flags", "shown", "last"),
    [
        ([], 100, "21 more not shown; --max-errors 0 shows all\n"),
        (["--max-errors", "1"], 1, "120 more not shown; --max-errors 0 shows all\n"),
        (["--max-errors", "0"], 121, "tells more about each code\n"),
        (["--max-errors", "121"], 121, "tells more about each code\n"),
    ],
)
def test_as_many_findings_as_wanted(cli: Cli, flags: list[str], shown: int, last: str) -> None:
    run = cli("verify", "-", *flags, stdin=MANY)
    assert run.status == 1
    assert run.err.count("MIL0413]: ") + run.err.count("MIL0403]: ") == shown
    assert "error[MIL0403]: " in run.err, "the gravest are shown"
    assert run.err.endswith(last)


def test_programs_get_all_findings_unless_they_ask_for_less(cli: Cli) -> None:
    run = cli("verify", "-", "--format", "json", "--max-errors", "2", stdin=MANY)
    assert (run.status, run.codes) == (1, ["MIL0413", "MIL0403"])
    assert run.err == "119 more not shown; --max-errors 0 shows all\n"
    assert cli("compile", "-", "-o", "x.mlmodel", "--max-errors", "-1", stdin=MANY).status == 2


NEWER = """program(1.0) {
func main<ios17>(tensor<fp32, [2]> x) {
tensor<fp32, [2]> a = log(x = x);
tensor<fp32, [2]> y = cast(x = x, dtype = string("fp32"));
} -> (y);
}
"""


@pytest.mark.parametrize(
    ("options", "status", "codes"),
    [
        ([], 0, []),
        (["--strict"], 1, ["MIL0330"]),
        (["--target", "ios17"], 0, []),
        (["--target", "macOS13"], 1, ["MIL0342"]),
        (["--lint"], 0, ["MIL0813", "MIL0821"]),
        (
            ["--strict", "--lint", "--target", "CoreML5"],
            1,
            ["MIL0342", "MIL0330", "MIL0813", "MIL0821"],
        ),
    ],
)
def test_what_is_looked_for_on_request(
    cli: Cli, options: list[str], status: int, codes: list[str]
) -> None:
    run = cli("verify", "-", *options, "--format", "json", stdin=NEWER)
    assert (run.status, run.codes) == (status, codes)


def test_a_target_that_there_is_not(cli: Cli) -> None:
    run = cli("verify", "-", "--target", "ios61", stdin=NEWER)
    assert run.status == 2
    assert "there is no opset or system ios61" in run.err
    assert "there are ios15, ios16" in run.err


def test_settings_may_ask_for_more(cli: Cli, tmp_path: Path) -> None:
    text = 'strict = true\ntarget = "ios16"\nlint = true\nignore = ["MIL0330"]\n'
    (tmp_path / "milc.toml").write_text(text, encoding="utf-8")
    run = cli("verify", "-", "--format", "json", stdin=NEWER)
    assert (run.status, run.codes) == (1, ["MIL0342", "MIL0813", "MIL0821"])


def test_what_is_left_after_mending_is_looked_for_too(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.mil").write_text(NEWER, encoding="utf-8")
    assert cli("verify", "--strict", "a.mil").status == 1
    assert cli("verify", "--fix", "--strict", "a.mil").status == 0
    assert cli("verify", "--strict", "a.mil").status == 0
