"""The verb `milc opt`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

import milc
from milc.driver.optimizing import LARGE
from tests.commands import Cli

TEXT = """program(1.3)
{
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> a = identity(x = x);
        tensor<fp32, [2, 3]> b = mul(x = a, y = fp32(1.0));
        tensor<fp32, [2, 3]> y = exp(x = b);
    } -> (y);
}
"""

LARGER = """program(1.3)
{{
    func main<ios15>(tensor<fp32, [{count}]> x) {{
        tensor<fp32, [{count}]> row = range_1d(
            start = fp32(0.0), end = fp32({count}.0), step = fp32(1.0));
        tensor<fp32, [{count}]> y = add(x = x, y = row);
    }} -> (y);
}}
"""

FAULTY = """from milc.passes import Pass, rewrite


class Faulty(Pass):
    \"\"\"Fail.\"\"\"

    name = "{name}"

    @rewrite("exp")
    def fail(self, op, session):
        {body}
"""


@pytest.fixture(autouse=True)
def only_own_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forgets the passes of files that a test has loaded."""
    monkeypatch.setattr("milc.passes._registered", {})


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A text of three ops, two of which do nothing."""
    path = tmp_path / "model.mil"
    path.write_text(TEXT, "utf-8")
    return path


def faulty(folder: Path, name: str, body: str) -> Path:
    """A file with a pass that is at fault."""
    path = folder / f"{name}.py"
    path.write_text(FAULTY.format(name=name, body=body), "utf-8")
    return path


def kinds(path: Path) -> list[str]:
    """The ops of a model."""
    main = milc.load(path).program.functions["main"]
    return [op.kind for op in main.body.ops if op.kind != "const"]


def test_without_output_the_program_is_printed(cli: Cli, model: Path) -> None:
    done = cli("opt", model)
    assert done.status == 0, done.err
    assert "exp(x = x)" in done.out
    assert "identity" not in done.out


@pytest.mark.parametrize("name", ["small.mil", "Small.mlpackage", "Small.mlmodel"])
def test_it_is_written_in_the_form_that_the_name_says(cli: Cli, model: Path, name: str) -> None:
    done = cli("opt", model, "-o", name, "--check", "--verify-each")
    assert (done.status, done.out, done.err) == (0, "", "")
    assert kinds(Path(name)) == ["exp"]
    assert milc.verify(milc.load(name)) == []


def test_an_output_of_another_kind_is_refused(cli: Cli, model: Path) -> None:
    assert "Did you mean" in cli("opt", model, "-o", "small.onnx").err


def test_compile_optimizes_on_request(cli: Cli, model: Path) -> None:
    assert cli("compile", model, "-o", "All.mlpackage").status == 0
    assert cli("compile", model, "-o", "Less.mlpackage", "--opt").status == 0
    assert kinds(Path("All.mlpackage")) == ["identity", "mul", "exp"]
    assert kinds(Path("Less.mlpackage")) == ["exp"]


def test_passes_and_skip_choose(cli: Cli, model: Path) -> None:
    assert "identity" in cli("opt", model, "--passes", "dead_code_elimination").out
    assert "identity" in cli("opt", model, "--pipeline", "none").out
    assert "identity" in cli("opt", model, "--skip", "noop-elimination,value_numbering").out
    assert "identity" not in cli("opt", model, "--passes", "noop_elimination{}").out


def test_stats_and_times(cli: Cli, model: Path) -> None:
    done = cli("opt", model, "--stats", "--timing")
    assert "operations" in done.out
    assert "-66.7%" in done.out
    assert "noop_elimination" in done.out
    assert "program(" not in done.out
    said = json.loads(cli("opt", model, "--json").out)
    assert said["before"]["operations"] == 3
    assert said["after"]["operations"] == 1
    assert said["changes"] == {"noop_elimination": 2}


def test_multiply_adds_are_those_of_the_ops(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "product.mil"
    product = "[2, 2]> y = matmul(x = b, y = b, transpose_y = bool(true))"
    path.write_text(TEXT.replace("[2, 3]> y = exp(x = b)", product), "utf-8")
    said = json.loads(cli("opt", path, "--json").out)
    assert said["before"]["multiply_adds"] == 2 * 2 * 3
    assert not said["before"]["at_least"]


def test_the_list_has_every_pass(cli: Cli) -> None:
    from milc.passes import modules

    listed = json.loads(cli("opt", "--list", "--json").out)
    assert {each["name"] for each in listed} >= set(modules())
    assert all(name in cli("opt", "--list").out for name in modules())


def test_json_is_alone_on_stdout(cli: Cli, model: Path) -> None:
    done = cli("opt", model, "--json", "--print-after-change")
    assert (done.status, done.out) == (2, "")
    assert "exclude each other" in done.err


def test_the_list_shows_what_would_run(cli: Cli) -> None:
    options = ("--passes", "a_b,const_elimination{skip_const_by_size=3}", "--list")
    assert "MIL0940" in cli("opt", *options).err
    Path("own.toml").write_text('groups = [["noop_elimination"], "value_numbering"]')
    options = ("--pipeline", "own.toml", "--passes", "const_elimination{skip_const_by_size=3}")
    done = cli("opt", *options, "--list")
    assert done.out == (
        "in turn, until none finds anything more\n  - noop_elimination\n  - value_numbering\n"
        "once\n  - const_elimination{skip_const_by_size=3}\n"
    )
    assert json.loads(cli("opt", *options, "--list", "--json").out) == [
        {"repeated": True, "groups": [["noop_elimination"], ["value_numbering"]]},
        {"repeated": False, "groups": [["const_elimination{skip_const_by_size=3}"]]},
    ]
    assert "noop_elimination" not in cli(
        "opt", "--pipeline", "default", "--skip", "noop_elimination", "--list"
    ).out  # fmt: skip


def test_changes_are_printed_pass_by_pass(cli: Cli, model: Path) -> None:
    done = cli("opt", model, "-o", "small.mil", "--print-after-change")
    assert done.out.count("// after noop_elimination\n") == 1
    assert done.out.count("// after") == 1


def test_a_file_brings_passes(cli: Cli, model: Path, tmp_path: Path) -> None:
    path = faulty(tmp_path, "exp_as_tanh", 'return session.new("tanh", x=op.x)')
    done = cli("opt", model, "--load", path, "--passes", "exp_as_tanh")
    assert "tanh(x = b)" in done.out


def test_a_pass_that_changes_results_is_found(cli: Cli, model: Path, tmp_path: Path) -> None:
    path = faulty(tmp_path, "exp_as_sinh", 'return session.new("sinh", x=op.x)')
    options = ("--load", path, "--passes", "exp_as_sinh", "--check", "--reproducer", "again.mil")
    done = cli("opt", model, "-o", "small.mil", *options)
    assert done.status == 1
    assert "MIL0947" in done.err
    assert "the pass is exp_as_sinh" in done.err
    assert "saved as again.mil" in done.err
    assert not Path("small.mil").exists()
    first = Path("again.mil").read_text("utf-8").splitlines()[0]
    assert "".join(first[3:].split()) in "".join(done.err.split()), "the command is shown, too"
    assert kinds(Path("again.mil")) == ["identity", "mul", "exp"]
    assert "MIL0947" in cli(*shlex.split(first)[2:]).err


def test_the_pass_at_fault_is_found_among_many(cli: Cli, model: Path, tmp_path: Path) -> None:
    path = faulty(tmp_path, "exp_as_cosh", 'return session.new("cosh", x=op.x)')
    pipeline = tmp_path / "own.toml"
    pipeline.write_text(
        'base = "default"\ngroups = [["divide_to_multiply", "exp_as_cosh"], "value_numbering"]\n'
    )
    options = ("--load", path, "--pipeline", pipeline, "--check")
    done = cli("opt", model, *options, "--reproducer", "again.mil")
    assert "the pass is exp_as_cosh" in done.err
    pipeline.unlink()
    first = Path("again.mil").read_text("utf-8").splitlines()[0]
    assert "the pass is exp_as_cosh" in cli(*shlex.split(first)[2:]).err
    done = cli("opt", "again.mil", "--load", path, "--passes", "exp_as_cosh", "--check",
               "--reproducer", "no/again.mil")  # fmt: skip
    assert "MIL0947" in done.err, "it is said in any case"
    assert "MIL0008" in done.err


def test_a_pass_after_which_a_program_fails_is_found(cli: Cli, model: Path, tmp_path: Path) -> None:
    body = 'return session.new("gather", x=op.x, indices=session.const([9, 1], "int32"), axis=0)'
    path = faulty(tmp_path, "elsewhere", body)
    done = cli("opt", model, "--load", path, "--passes", "elsewhere", "--check")
    assert "MIL0947" in done.err
    assert "it fails where it did not" in done.err
    assert "the pass is elsewhere" in done.err


@pytest.mark.parametrize(
    ("name", "body", "code", "said"),
    [
        ("raises", "return 1 / 0", "MIL0945", "raises failed in function main: ZeroDivisionError"),
        ("refused", 'return session.new("exp", x=op.x, y=op.x)', "MIL0945", "KeyError"),
        ("quits", "raise SystemExit(3)", "MIL0945", "SystemExit: 3"),
        ("deep", "return self.fail(op, session)", "MIL0945", "RecursionError"),
        ("cast", 'return session.new("cast", x=op.x, dtype="fp16")', "MIL0946",
         "what is to stand for y is of fp16, not of fp32"),
        ("rubbish", "return 42", "MIL0945", "where a value or None is wanted"),
        ("both", "return op.x, op.x", "MIL0945", "where a value or None is wanted"),
        ("restless", 'return session.new("exp", x=op.x)', "MIL0945", "again and again"),
        ("broken", 'op.op.kind = "expp"\n        session.rewriter.changes += 1', "MIL0946",
         "broken leaves a program that does not verify: there is no op `expp`"),
        ("wrong", 'return session.new("exp", x=session.const([1]))', "MIL0946", "does not verify"),
    ],
)  # fmt: skip
def test_a_pass_at_fault_is_named(
    cli: Cli, model: Path, tmp_path: Path, name: str, body: str, code: str, said: str
) -> None:
    path = faulty(tmp_path, name, body)
    done = cli("opt", model, "-o", "small.mil", "--load", path, "--passes", name, "--verify-each")
    assert done.status == 1
    assert code in done.err
    assert said in done.err
    assert "model.mil" in done.err
    assert not Path("small.mil").exists()


def test_a_failure_has_its_places(cli: Cli, model: Path, tmp_path: Path) -> None:
    path = faulty(tmp_path, "raises", "return 1 / 0")
    options = ("--load", path, "--pipeline", "default", "--passes", "raises")
    (found,) = json.loads(cli("opt", model, *options, "--format", "json").err)
    assert (found["line"], found["column"]) == (6, 34)
    assert found["notes"] == [f"raised in {path}:11, fail"]
    assert found["help"] == "--skip raises leaves it out"


def test_what_is_not_valid_is_traced_to_its_pass(cli: Cli, model: Path, tmp_path: Path) -> None:
    body = 'op.op.kind = "expp"\n        session.rewriter.changes += 1'
    path = faulty(tmp_path, "broken", body)
    passes = "noop_elimination,broken,value_numbering"
    done = cli("opt", model, "-o", "small.mil", "--load", path, "--passes", passes)
    assert "broken leaves a program that does not verify" in done.err


@pytest.mark.parametrize("operand", ["None", '"x"', "op"])
@pytest.mark.parametrize("more", ["", ",value_numbering,const_elimination,topological_reorder"])
def test_a_pass_that_leaves_rubbish(
    cli: Cli, model: Path, tmp_path: Path, operand: str, more: str
) -> None:
    body = f'session.rewriter.changes += 1; op.op.args["x"] = ({operand},)'
    path = faulty(tmp_path, "broken", body)
    done = cli("opt", model, "--load", path, "--passes", f"broken{more}")
    assert done.status == 1
    assert "error[MIL0946]: broken leaves a program" in done.err


def test_a_rewrite_may_give_what_is_bound(cli: Cli, model: Path, tmp_path: Path) -> None:
    path = faulty(tmp_path, "without_exp", "return None")
    path.write_text(path.read_text().replace('"exp"', '"mul"').replace("None", "op.x"))
    assert "mul" not in cli("opt", model, "--load", path, "--passes", "without_exp").out


REWRITES = (
    "@__import__('milc.passes').passes.rewrite('exp', 'expp')\n    def go(self, op, session): pass"
)
A_PASS = "from milc.passes import Option, Pass\nclass {}(Pass):\n    name = '{}'\n    {}\n"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("x = 1\n1 +", 2, "SyntaxError"),
        ("\nraise ValueError('no')", 2, "ValueError: no"),
        ("import sys\nsys.exit(3)", 2, "SystemExit: 3"),
        ("import no_such_module", 1, "ModuleNotFoundError"),
        ("x = 1", None, "it defines no pass"),
        (A_PASS.format("A", "", "pass"), None, "it defines no pass"),
        (A_PASS.format("A", "a b", "pass"), 2, "letters, digits and `_`"),
        (A_PASS.format("A", "noop_elimination", "pass"), 2, "as a pass of milc is"),
        (A_PASS.format("A", "mine", "options = {'k': 3}"), 2, "no Option: k"),
        (
            A_PASS.format("A", "odd", "rewrites = ()").replace("rewrites = ()", REWRITES),
            2,
            "rewrites expp, and there is no such op; did you mean exp?",
        ),
        (A_PASS.format("A", "same", "pass") + A_PASS.format("B", "same", "pass"), 6, "as A of"),
    ],
)
def test_a_file_without_passes_is_said(
    cli: Cli, model: Path, text: str, line: int | None, said: str
) -> None:
    Path("mine.py").write_text(text, "utf-8")
    done = cli("opt", model, "--load", "mine.py", "--format", "json")
    (found,) = json.loads(done.err or done.out)
    assert (done.status, found["code"], found["path"]) == (1, "MIL0949", "mine.py")
    assert found["line"] == line
    assert said in found["message"]


def test_a_pass_that_cannot_be_made_is_said(cli: Cli, model: Path) -> None:
    body = "def __init__(self, size): pass"
    Path("mine.py").write_text(A_PASS.format("A", "sized", body), "utf-8")
    Path("own.toml").write_text('groups = ["sized"]')
    for options in (("--passes", "sized"), ("--pipeline", "own.toml")):
        done = cli("opt", model, "--load", "mine.py", *options)
        assert "MIL0949" in done.err
        assert "sized cannot be made: TypeError" in done.err


def test_what_is_wrong_with_several_files_is_said_at_once(cli: Cli, model: Path) -> None:
    Path("one.py").write_text("1 +", "utf-8")
    done = cli("opt", model, "--load", "one.py", "--load", "two.py", "--load", "three.txt")
    assert (done.status, done.err.count("MIL0949]"), done.err.count("MIL0001]")) == (2, 2, 1)


def test_a_pass_on_a_program_says_what_it_has_changed(cli: Cli, model: Path) -> None:
    body = "def run_program(self, program, read): pass"
    text = A_PASS.format("Forgets", "forgets", body).replace("Pass", "ProgramPass")
    Path("mine.py").write_text(text, "utf-8")
    done = cli("opt", model, "--load", "mine.py", "--passes", "forgets")
    assert "MIL0945" in done.err


def test_a_file_of_passes_is_a_module(cli: Cli, model: Path) -> None:
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    text += "@dataclass\nclass Held:\n    x: int\n" + A_PASS.format("Base", "", "pass")
    text += "class Mine(Base):\n    name = 'mine_with_data'\n"
    Path("mine.py").write_text(text, "utf-8")
    for _ in range(2):
        assert cli("opt", model, "--load", "mine.py", "--passes", "mine-with-data").status == 0


def test_new_weights_go_to_a_weight_file(cli: Cli, tmp_path: Path) -> None:
    count = LARGE // 4 + 1
    path = tmp_path / "large.mil"
    path.write_text(LARGER.format(count=count), "utf-8")
    assert cli("opt", path, "-o", "out.mil", "--check").status == 0
    assert "BLOBFILE" in Path("out.mil").read_text("utf-8")
    assert Path("weights/out.bin").exists()
    assert cli("opt", "out.mil", "-o", "out.mil", "--check").status == 0
    assert cli("opt", path, "-o", "Out.mlpackage", "--check").status == 0
    x = np.ones(count, "f4")
    wanted = milc.evaluate(milc.load(path), {"x": x})["y"]
    for made_of in ("out.mil", "Out.mlpackage"):
        np.testing.assert_array_equal(milc.evaluate(milc.load(made_of), {"x": x})["y"], wanted)


@pytest.mark.parametrize(("dims", "status"), [("[?, 3]", 0), ("[?, ?]", 0), ("[4, ?]", 0)])
def test_open_dimensions_are_given_lengths(
    cli: Cli, tmp_path: Path, dims: str, status: int
) -> None:
    path = tmp_path / "open.mil"
    text = TEXT.replace("[2, 3]", dims).replace("= exp(x = b)", "= sub(x = b, y = other)")
    path.write_text(text.replace("> x) {", f"> x, tensor<fp32, {dims}> other) {{"), "utf-8")
    assert cli("opt", path, "-o", "small.mil", "--check").status == status
    assert kinds(Path("small.mil")) == ["sub"]


def test_what_random_inputs_do_not_suit_is_said(cli: Cli, model: Path) -> None:
    body = "reshape(x = b, shape = s)"
    text = TEXT.replace("[2, 3]", "[5, 7]").replace("exp(x = b)", body)
    text = text.replace("> x) {", "> x, tensor<int32, [1]> s) {")
    model.write_text(text.replace("[5, 7]> y", "[?]> y"), "utf-8")
    done = cli("opt", model, "-o", "small.mil", "--check")
    assert done.status == 1
    assert "MIL0908" in done.err
    assert "leave --check out" in done.err


def test_what_ranges_keep_in_fp32_is_noted(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "model.mil").write_text(
        """program(1.3)
{
    func main<ios18>(tensor<fp32, [4]> x) {
        tensor<fp32, [4]> a = mul(x = x, y = x);
        tensor<fp32, [4]> y = sub(x = a, y = x);
    } -> (y);
}
""",
        "utf-8",
    )
    cli("run", "model.mil", "--input", "x=1000", "--ranges", "ranges.json")
    passes = 'add_fp16_cast{ranges="ranges.json"}'
    done = cli("opt", "model.mil", "-o", "half.mlpackage", "--passes", passes)
    assert done.status == 0, done.err
    assert "note[MIL0948]" in done.err


def test_passes_that_undo_each_other_are_stopped(cli: Cli, model: Path, tmp_path: Path) -> None:
    path = faulty(tmp_path, "there", 'return session.new("tanh", x=op.x)')
    more = path.read_text().replace("Faulty", "Back").replace('"there"', '"back"')
    more = more.replace('rewrite("exp")', 'rewrite("tanh")').replace('new("tanh"', 'new("exp"')
    path.write_text(path.read_text() + more)
    Path("own.toml").write_text('groups = ["there", "noop_elimination", "back"]')
    done = cli("opt", model, "--load", path, "--pipeline", "own.toml")
    assert done.status == 0
    assert "after 16 rounds these still found something in main: there, back" in done.err
    Path("own.toml").write_text('groups = [["there", "back"]]')
    done = cli("opt", model, "--load", path, "--pipeline", "own.toml")
    assert "again and again" in done.err


def test_text_does_not_carry_a_description(cli: Cli, model: Path) -> None:
    assert cli("compile", model, "-o", "Plain.mlpackage").status == 0
    assert cli("opt", "Plain.mlpackage", "-o", "plain.mil") == (0, "", "")
    assert cli("compile", model, "-o", "Mine.mlpackage", "--author", "Me").status == 0
    done = cli("opt", "Mine.mlpackage", "-o", "mine.mil")
    assert (done.status, "note[MIL0025]" in done.err) == (0, True)
    assert cli("opt", "Mine.mlpackage", "-o", "Mine.mlpackage") == (0, "", "")
    assert milc.load("Mine.mlpackage").spec.description.metadata.author == "Me"


ODD = """program(1.3)
{
    func main<ios17>(tensor<int16, [2]> x) {
        tensor<int16, [2]> y = reverse(x = x, axes = tensor<int32, [1]>([0]));
    } -> (y);
}
"""


@pytest.mark.parametrize("more", [(), ("--verify-each",), ("--check",)])
def test_a_pass_may_mend_what_a_model_takes_and_gives(
    cli: Cli, tmp_path: Path, more: tuple[str, ...]
) -> None:
    (tmp_path / "odd.mil").write_text(ODD, "utf-8")
    passes = ("--passes", "adjust_io_to_supported_types")
    done = cli("opt", "odd.mil", "-o", "Even.mlpackage", *passes, *more)
    assert (done.status, done.err) == (0, "")
    main = milc.load(tmp_path / "Even.mlpackage").program.functions["main"]
    assert [str(value.type) for value in (*main.inputs, *main.outputs)] == [
        "tensor<int32, [2]>"
    ] * 2
    refused = cli("opt", "odd.mil", "-o", "Odd.mlpackage", *more)
    assert (refused.status, refused.err.count("MIL0701")) == (1, 3)
    assert not (tmp_path / "Odd.mlpackage").exists()


def test_an_error_that_a_comment_silences_stops_nothing(cli: Cli, model: Path) -> None:
    comment, declared = "// milc: ignore[MIL0311]\n", "tensor<fp32, [2, 3, ?]> a"
    text = TEXT.replace("tensor<fp32, [2, 3]> a", comment + declared)
    model.write_text(text.replace("[2, 3]> b", "[2, 3, ?]> b").replace("[2, 3]> y", "[2, 3, ?]> y"))
    assert cli("verify", model).status == 0
    for options in ((), ("--verify-each",), ("--pipeline", "default_fp16")):
        assert cli("opt", model, *options).status == 0
