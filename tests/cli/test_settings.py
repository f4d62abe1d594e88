"""Settings: where they are looked for, what they set, and what is said of wrong ones."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

import milc
from milc.cli.main import VERBS, verbs
from milc.cli.settings import CHOOSING, EVERY_TIME, SHARED, find
from milc.diagnostics import Source
from milc.diagnostics.toml_places import Places
from tests.commands import HELLO, Cli
from tests.shared import ROOT

QUOTED = HELLO.replace("func main", "func `ma.in`")
"""A program with a warning, MIL0413."""


@pytest.fixture
def model(cli: Cli, tmp_path: Path) -> str:
    """The path of such a program, in the folder in which verbs run."""
    (tmp_path / "a.mil").write_text(QUOTED, encoding="utf-8")
    assert cli("verify", "a.mil", "--format", "json").codes == ["MIL0413"]
    return "a.mil"


def settings(text: str, name: str = "milc.toml") -> None:
    """Write settings into the current folder."""
    Path(name).write_text(text, encoding="utf-8")


# Where they are looked for


def test_the_nearest_file_upward_counts(
    cli: Cli, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings('[tool.milc]\nignore = ["MIL0413"]\n', "pyproject.toml")
    (tmp_path / "deep/deeper").mkdir(parents=True)
    monkeypatch.chdir("deep/deeper")
    assert cli("verify", "../../a.mil", "--format", "json").codes == []
    assert find() == str(Path("../../pyproject.toml"))
    (tmp_path / "deep/pyproject.toml").write_text("[project]\nname = 'milc'\n")
    assert find() == str(Path("../../pyproject.toml")), "that one is not about milc"
    (tmp_path / "deep/milc.toml").write_text("")
    assert cli("verify", "../../a.mil", "--format", "json").codes == ["MIL0413"]


def test_milc_toml_comes_before_pyproject(cli: Cli, model: str) -> None:
    settings('[tool.milc]\nformat = "json"\n', "pyproject.toml")
    settings('format = "line"\n')
    assert cli("verify", model).out.startswith("a.mil:")


def test_a_file_can_be_named_or_none(cli: Cli, model: str) -> None:
    settings('format = "line"\n')
    settings('[tool.milc]\nformat = "github"\n', "other.toml")
    assert cli("verify", model, "--config", "other.toml").out.startswith("::warning ")
    assert cli("verify", model, "--no-config").out == ""
    for flags in (["--no-config", "--config", "x"], ["--config", "other.toml", "--no-config"]):
        run = cli("verify", model, *flags)
        assert run.status == 2
        assert "exclude each other" in run.err
    missing = cli("verify", model, "--config", "none.toml", "--format", "json")
    assert (missing.status, missing.codes) == (2, ["MIL0001"])


def test_help_needs_no_settings(cli: Cli) -> None:
    settings("= wrong")
    assert cli("verify", "--help").status == 0
    assert cli("verify", "x").status == 2


def test_a_folder_that_is_gone_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        pytest.skip("a current folder cannot be removed there")
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert find() is None


@pytest.mark.parametrize("there", [False, True])
def test_toml_is_loaded_where_there_are_settings(tmp_path: Path, there: bool) -> None:
    (tmp_path / "a.mil").write_text(HELLO, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[tool.milc]\n" if there else "[project]\n")
    code = (
        "import sys; from milc.cli.main import main\n"
        "try: main(['fmt', '-q', 'a.mil'])\n"
        "except SystemExit: sys.exit(2 * ('tomllib' in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=False
    )
    assert done.returncode == 2 * there


# What they set


def test_options_at_the_top_of_a_verb_and_on_the_line(cli: Cli, model: str) -> None:
    settings('format = "json"\n[verify]\nformat = "line"\n')
    assert cli("verify", model).out.startswith("a.mil:")
    assert cli("info", model, "--color", "never").err == "[]\n"
    assert cli("verify", model, "--format", "github").out.startswith("::warning ")


def test_options_of_every_kind(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir("sub")
    (tmp_path / "w").mkdir()
    (tmp_path / "sub/a.mil").write_text(HELLO, encoding="utf-8")
    (tmp_path / "milc.toml").write_text(
        'style = "coremlc"\n[compile]\nauthor = "Me"\nuser-defined = { "a b" = "c=d" }\n'
        'specification-version = 10\nweights = "w"\n[verify]\nquiet = true\n'
    )
    assert cli("compile", "a.mil", "-o", "a.mlmodel").err == ""
    model = milc.load("a.mlmodel")
    assert model.specification_version == 10
    assert model.spec.description.metadata.author == "Me"
    assert dict(model.spec.description.metadata.userDefined) == {"a b": "c=d"}
    assert cli("verify", "a.mil") == (0, "", "")
    cli("fmt", "a.mil")
    assert "\n            tensor" in Path("a.mil").read_text("utf-8"), "Apple's style"
    (tmp_path / "w").rmdir()
    assert cli("compile", "a.mil", "-o", "b.mlmodel", "--format", "json").codes == ["MIL0001"]


def test_a_project_has_its_pipeline(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir("sub")
    Path("a.mil").write_text(HELLO.replace("relu(x = x)", "identity(x = x)"), encoding="utf-8")
    (tmp_path / "own.toml").write_text('groups = ["noop_elimination"]')
    for pipeline in ("own.toml", "cleanup"):
        (tmp_path / "milc.toml").write_text(f'[opt]\npipeline = "{pipeline}"\nskip = ["nonsense"]')
        assert "MIL0940" in cli("opt", "a.mil").err
        done = cli("opt", "a.mil", "--skip", "value_numbering", "--json")
        assert (done.status, done.err) == (0, "")
        assert ("const_elimination" in done.out) == (pipeline == "cleanup")
    (tmp_path / "milc.toml").write_text('[opt]\nload = ["a.py"]')
    assert "MIL0041" in cli("opt", "a.mil").err, "nothing is run unasked"


def test_severities(cli: Cli, model: str) -> None:
    settings('[severity]\nMIL04 = "note"\nMIL0413 = "error"\n')
    run = cli("verify", model, "--format", "json")
    assert (run.status, run.findings[0]["severity"]) == (1, "error")
    assert cli("compile", model, "-o", "a.mlmodel").status == 1
    assert not Path("a.mlmodel").exists()
    assert cli("compile", model, "-o", "a.mlmodel", "--no-config").status == 0


def test_select_ignore_and_files(cli: Cli, model: str) -> None:
    for text in (
        'ignore = ["MIL04"]',
        'select = ["MIL02"]',
        'per-file-ignores."*.mil" = ["MIL0413"]',
    ):
        settings(f"{text}\n")
        assert cli("verify", model, "--format", "json").codes == []
        assert cli("compile", model, "-o", "a.mlmodel", "--format", "json").codes == []
    settings('select = ["MIL0413"]\nignore = ["MIL02"]\nper-file-ignores."b*" = ["MIL0413"]')
    assert cli("verify", model, "--format", "json").codes == ["MIL0413"]
    settings('ignore = ["MIL"]'.replace("MIL", "MIL04"))
    wrong = HELLO.replace("x = x,", "x = z,")
    assert cli("verify", "-", "--format", "json", stdin=wrong).codes == ["MIL0403"]


# Wrong ones


@pytest.mark.parametrize(
    ("text", "code", "place", "said"),
    [
        ("a = [MIL\n", "MIL0040", "1:6", "no TOML: "),
        ("x = 1\nx = 2\n", "MIL0040", "2:6", "cannot overwrite a value"),
        ("a = '''\n", "MIL0040", "2:1", "no TOML: "),
        ("max-error = 1", "MIL0041", "1:1", "there is no setting `max-error`"),
        ("[verify]\nmax_errors = 1", "MIL0041", "2:1", "there is no setting `verify.max_errors`"),
        ("[verify]\nconfig = 'x'", "MIL0041", "2:1", "there is no setting `verify.config`"),
        ("[verfy]\nquiet = true", "MIL0041", "1:2", "there is no setting `verfy`"),
        ("verify.nope.x = 1", "MIL0041", "1:8", "there is no setting `verify.nope`"),
        ("max-errors = -1", "MIL0042", "1:14", "`max-errors` is `-1`, where a number from 0"),
        ("max-errors = true", "MIL0042", "1:14", "`max-errors` is `true`, where a number"),
        ('format = "xml"', "MIL0042", "1:10", '`format` is `"xml"`, where "text" or "json" or'),
        ("strict = 1", "MIL0042", "1:10", "`strict` is `1`, where true or false is wanted"),
        ("verify = 1", "MIL0042", "1:10", "`verify` is `1`, where a table is wanted"),
        ("verify = { quiet = 1 }", "MIL0042", "1:20", "`verify.quiet` is `1`, where true or"),
        ("verify.weights = 1", "MIL0042", "1:18", "`verify.weights` is `1`, where a string"),
        ("ignore = 'MIL04'", "MIL0042", "1:10", '`ignore` is `"MIL04"`, where an array of codes'),
        ('ignore = [\n "MIL04", # it\n "E1",\n]', "MIL0042", "3:2", '`ignore` holds `"E1"`, where'),
        ("ignore = [['MIL04']]", "MIL0042", "1:11", "`ignore` holds an array, where a code"),
        ("severity = 'error'", "MIL0042", "1:12", "`severity` is `\"error\"`, where a table"),
        ("severity.MIL0413 = 'bad'", "MIL0042", "1:20", "`severity.MIL0413` is"),
        ("severity.all = 'error'", "MIL0042", "1:10", "`severity` has the key `\"all\"`, where"),
        ("[per-file-ignores]\n'a.b' = 1", "MIL0042", "2:9", "`per-file-ignores.a.b` is `1`"),
        ("format = 1979-05-27", "MIL0042", "1:10", '`format` is `"1979-05-27"`'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_pointed_at(
    cli: Cli, model: str, text: str, code: str, place: str, said: str
) -> None:
    settings(text)
    run = cli("verify", model, "--format", "json")
    [found] = run.findings
    assert (run.status, found["code"], found["path"]) == (2, code, "milc.toml")
    assert f"{found['line']}:{found['column']}" == place
    assert said.lower() in found["message"].lower()


def test_all_that_is_wrong_is_said(cli: Cli, model: str) -> None:
    settings("[tool.milc]\nmax-errors = 1\nx = 1\nselect = [1, 2]\n", "pyproject.toml")
    run = cli("verify", model)
    assert run.status == 2
    assert run.err.count("error[MIL0042]") == 2
    assert run.err.count("error[MIL0041]") == 1
    assert cli("compile", model, "-o", "a.mlmodel").status == 2
    assert not Path("a.mlmodel").exists()


def test_the_nearest_setting_is_proposed(cli: Cli, model: str) -> None:
    settings("max_errors = 1")
    assert cli("verify", model, "--format", "json").findings[0]["help"] == (
        "did you mean `max-errors`?"
    )


# That the tables of this module are right


LATER = {"lint", "strict", "target"}
"""Options of `milc verify` that may come after their settings."""


def test_what_may_stand_at_the_top_is_an_option_of_some_verb() -> None:
    options: set[str] = set()
    for verb in VERBS:
        command = verbs.get_command(click.Context(verbs), verb)
        assert command is not None
        options |= {name.removeprefix("--") for param in command.params for name in param.opts}
    assert set(SHARED) - options <= LATER
    assert not set(SHARED) & EVERY_TIME
    assert not set(CHOOSING) & options


TOML = """\
# a = 1
"a.b" = [1.5, "x # y", ['z'], { c.d = 1, "e" = '''
f = 2 ''' }]  # g = 3
[h . 'i']
j.k = 1979-05-27 07:32:00
[[l]]
m = \"\"\"
n = 1\"\"\"\"
o = "\\""
"""


@pytest.mark.parametrize(
    ("path", "key", "text"),
    [
        (("a.b",), True, '"a.b"'),
        (("a.b", 0), False, "1.5"),
        (("a.b", 1), False, '"x # y"'),
        (("a.b", 2), False, "['z']"),
        (("a.b", 2, 0), False, "'z'"),
        (("a.b", 3, "c", "d"), False, "1"),
        (("a.b", 3, "c"), True, "c"),
        (("a.b", 3, "e"), False, "'''\nf = 2 '''"),
        (("h", "i"), True, "'i'"),
        (("h", "i", "j"), True, "j"),
        (("h", "i", "j", "k"), False, "1979-05-27 07:32:00"),
        (("l", "m"), False, '"""\nn = 1""""'),
        (("l", "o"), False, '"\\""'),
        (("l", "none"), False, "l"),
    ],
)
def test_places(path: tuple[str | int, ...], key: bool, text: str) -> None:
    tomllib.loads(TOML)
    span = Places(Source(TOML)).span(path, key)
    assert span is not None
    assert span.text == text


@pytest.mark.parametrize("text", ["", "[", "a", "a = ]", "a = {]}", "= =", "'", '"""', "[[[\n]"])
def test_places_of_anything_come_to_an_end(text: str) -> None:
    assert Places(Source(text)).span(("none",), True) is None
