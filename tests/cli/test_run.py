"""`milc run`: inputs of every form, what is shown and written, and what is said of bad ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import milc
from tests.commands import EXAMPLES, Cli
from tests.runs import ADD, image_model, program, rows, wrong

HELLO = EXAMPLES / "hello/model.mil"
STATE = EXAMPLES / "state/model.mil"
FLEXIBLE = EXAMPLES / "flexible_shapes/model.mil"
ENUMERATED = EXAMPLES / "flexible_shapes/enumerated.mil"

# What is shown


def test_a_table_for_people(cli: Cli) -> None:
    run = cli("run", HELLO, "--input", "x=[[1, 2, -3, 4]]")
    assert (run.status, run.err) == (0, "")
    assert run.out == (
        "Outputs of main\n"
        "name  type  shape  min   mean  max  non-finite\n"
        "───────────────────────────────────────────────\n"
        "y     fp32  1×4      0  3.875  8.5           0\n"
        "\n"
        "  y = [[2.5, 4.5, 0, 8.5]]\n"
    )


def test_json_for_programs(cli: Cli) -> None:
    run = cli("run", "--json", HELLO, "--input", "x=[[1, 2, -3, 4]]")
    assert json.loads(run.out) == {
        "function": "main",
        "values": [
            {
                "role": "output", "name": "y", "type": "fp32", "shape": [1, 4], "min": 0.0,
                "mean": 3.875, "max": 8.5, "non_finite": 0, "values": [[2.5, 4.5, 0.0, 8.5]],
            }
        ],
    }  # fmt: skip


def test_what_is_not_finite_is_counted_and_left_out(cli: Cli) -> None:
    run = cli("run", HELLO, "-i", "x=[[NaN, 1, Infinity, 2]]")
    assert "1 nan, 1 inf" in run.out
    found = rows(cli, HELLO, "-i", "x=[[NaN, 1, Infinity, 2]]")["y"]
    assert (found["min"], found["max"], found["mean"]) == (2.5, 4.5, 3.5)
    assert found["non_finite"] == 2
    assert found["values"] == [["nan", 2.5, "inf", 4.5]]


def test_values_are_shown_when_few(cli: Cli) -> None:
    wide = program("        tensor<fp32, [9]> y = add(x = x, y = x);", "y", "tensor<fp32, [9]> x")
    assert " = [" not in cli("run", "-", "--random", stdin=wide).out
    assert " = [" in cli("run", "-", "--random", stdin=ADD).out


@pytest.mark.parametrize(
    ("inputs", "given", "shown"),
    [
        ("tensor<bool, [2]> x", "[true, false]", "[true, false]"),
        ("tensor<int32, [2]> x", "[1, -2]", "[1, -2]"),
        ("fp16 x", "0.1", "0.1"),
        ("tensor<fp16, [2]> x", "[2, -0.5]", "[2, -0.5]"),
        ("tensor<bf16, [2]> x", "[2, 0.25]", "[2, 0.25]"),
        ("tensor<string, [2]> x", '["a", "b\\u001b"]', '["a", "b\\u001b"]'),
        ("tensor<fp32, [0]> x", "[]", ""),
    ],
)
def test_values_of_every_kind(cli: Cli, inputs: str, given: str, shown: str) -> None:
    run = cli("run", "-", "-i", f"x={given}", stdin=program("", "x", inputs))
    assert (run.status, run.err) == (0, "")
    assert (f"  x = {shown}" in run.out) is bool(shown)


@pytest.mark.parametrize("columns", ["40", "80"])
def test_tables_fit_the_terminal(cli: Cli, monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    run = cli("run", EXAMPLES / "convnet/model.mil", "--random", "--profile")
    assert run.status == 0
    assert max(map(len, run.out.splitlines())) <= int(columns)
    assert not any(line.endswith(" ") for line in run.out.splitlines())


# Inputs


@pytest.mark.parametrize("given", ["x=x.npy", "x=both.npz", "x=only.npz", "both.npz", "x.npy"])
def test_arrays_from_files(cli: Cli, tmp_path: Path, given: str) -> None:
    np.save("x.npy", np.array([1.0, 2.0]))
    np.savez("both.npz", x=np.float16([1, 2]))
    np.savez("only.npz", other=np.array([1, 2]))
    assert rows(cli, "-", "-i", given, stdin=ADD)["y"]["values"] == [2.0, 4.0]


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ("x=zeros", [0, 0]), ("x=ones", [2, 2]), ("x=1.5", [3, 3]), ("x=[1, 2]", [2, 4]),
        ("x=-inf", ["-inf", "-inf"]), ("ones", [2, 2]),
    ],
)  # fmt: skip
def test_words_and_values(cli: Cli, given: str, values: list[object]) -> None:
    assert rows(cli, "-", "-i", given, stdin=ADD)["y"]["values"] == values


def test_random_inputs_are_the_same_for_the_same_seed_and_name(cli: Cli) -> None:
    one = rows(cli, "-", "--random", stdin=ADD)["y"]["values"]
    assert rows(cli, "-", "-i", "x=random", stdin=ADD)["y"]["values"] == one
    assert rows(cli, "-", "--random", "--seed", "1", stdin=ADD)["y"]["values"] != one
    renamed = ADD.replace("x =", "z =").replace("= x", "= z").replace(" x)", " z)")
    renamed = renamed.replace("add(z = z", "add(x = z")
    assert rows(cli, "-", "--random", stdin=renamed)["y"]["values"] != one


def test_random_numbers_lie_where_it_is_said(cli: Cli) -> None:
    wide = program("", "x, n, b, i", "tensor<fp32, [?]> x, tensor<int32, [500]> n,"
                   " tensor<bool, [50]> b, tensor<uint8, [500]> i")  # fmt: skip
    found = rows(cli, "-", "-i", "x=random:500:2..3", "-i", "n=random:-4..5",
                 "-i", "i=random:0..255", "--random", stdin=wide)  # fmt: skip
    assert found["x"]["shape"] == [500]
    assert 2 <= found["x"]["min"] < 2.1
    assert 2.9 < found["x"]["max"] <= 3
    assert (found["n"]["min"], found["n"]["max"]) == (-4, 5)
    assert (found["b"]["min"], found["b"]["max"]) == (0, 1)
    assert found["i"]["max"] > 200
    plain = rows(cli, "-", "-i", "x=zeros:3", "--random", stdin=wide)
    assert (plain["n"]["min"], plain["n"]["max"]) == (0, 1)


def test_flexible_inputs_have_the_default_shape(cli: Cli) -> None:
    for model in (FLEXIBLE, ENUMERATED):
        assert rows(cli, model, "--random", "--dump", "rows")["rows"]["shape"][0] == 1
    found = rows(cli, FLEXIBLE, "--random", "-i", "rows=random:1x128x4", "--dump", "rows")
    assert found["rows"]["shape"] == [1, 128, 4]


@pytest.mark.parametrize("model", [FLEXIBLE, ENUMERATED])
def test_shapes_that_the_model_does_not_take(cli: Cli, model: Path, tmp_path: Path) -> None:
    given = ("--random", "-i", "rows=random:1x129x4")
    assert wrong(cli, model, *given) == (1, ["MIL0913"])
    milc.compile(model, tmp_path / "M.mlpackage")
    assert wrong(cli, "M.mlpackage", *given) == (1, ["MIL0913"])


def test_an_optional_input_has_its_default(cli: Cli) -> None:
    image_model(optional=2.5)
    found = rows(cli, "M.mlmodel", "-i", "image=zeros")["y"]
    assert (found["min"], found["max"]) == (2.5, 2.5)


@pytest.mark.parametrize(
    ("given", "status", "found"),
    [
        ((), 1, ["MIL0901"]),
        (("-i", "x=1", "-i", "xx=1"), 1, ["MIL0902"]),
        (("-i", "x=[1, 2, 3]"), 1, ["MIL0903"]),
        (("-i", "x=[[1, 2]]"), 1, ["MIL0903"]),
        (("-i", "x=random:3"), 1, ["MIL0903"]),
        (("-i", "x=object.npy"), 1, ["MIL0912"]),
        (("-i", "x=text.npy"), 1, ["MIL0904"]),
        (("-i", "x=record.npy"), 1, ["MIL0904"]),
        (("-i", "x=short.npy"), 1, ["MIL0912"]),
        (("-i", "x=short.npz"), 1, ["MIL0912"]),
        (("-i", "x=several.npz"), 1, ["MIL0912"]),
        (("-i", "several.npz"), 1, ["MIL0902", "MIL0902", "MIL0901"]),
        (("-i", "x=words.txt"), 1, ["MIL0912"]),
        (("-i", "x=none.npy"), 2, ["MIL0001"]),
        (("-i", "x=."), 2, ["MIL0002"]),
        (("-i", "x=rnadom"), 1, ["MIL0910"]),
        (("-i", "x="), 1, ["MIL0910"]),
        (("-i", "x=[1, 2"), 1, ["MIL0910"]),
        (("-i", "x=[[1], 2]"), 1, ["MIL0910"]),
        (("-i", 'x={"a": 1}'), 1, ["MIL0910"]),
        (("-i", "x=random:5..1"), 1, ["MIL0910"]),
        (("-i", "x=random:a..b"), 1, ["MIL0910"]),
        (("-i", "x=random:9999999999999999999"), 1, ["MIL0910"]),
        (("-i", "x=random:999999999999999"), 1, ["MIL0903"]),
        (("--random", "--function", "mian"), 1, ["MIL0906"]),
        (("--random", "--dump", "yy", "--dump", "c"), 1, ["MIL0917", "MIL0917"]),
        (("--random", "--save", "x=x.npy"), 1, ["MIL0917"]),
        (("--random", "--save", "y=y.png"), 1, ["MIL0915"]),
        (("--random", "--save-state", "s.npz"), 1, ["MIL0905"]),
        (("--random", "--state", "several.npz"), 1, ["MIL0905", "MIL0905"]),
        (("--random", "-o", "no/such.npz"), 2, ["MIL0008"]),
        (("--random", "-o", "y.npz", "--save", "y=no/y.npy"), 2, ["MIL0008"]),
        (("--random", "-o", "y.npz", "--ranges", "no/r.json"), 2, ["MIL0008"]),
        (("--random", "-o", "folder.npz"), 2, ["MIL0009"]),
        (("--random", "--dump-all", "words.txt"), 2, ["MIL0009"]),
        (("--random", "--ranges", "words.txt", "--merge"), 1, ["MIL0918"]),
        (("--random", "--inputs", "folder.npz"), 1, ["MIL0912"]),
        (("--random", "--inputs", "none"), 2, ["MIL0001"]),
        (("--inputs", "several.npz"), 1, ["MIL0902", "MIL0902", "MIL0901"]),
        (("--each", "x=two.npy", "--steps", "3"), 1, ["MIL0916"]),
        (("--each", "x=scalar.npy"), 1, ["MIL0916"]),
        (("--each", "x=x.npy"), 1, ["MIL0903"]),
    ],
)
def test_what_is_wrong_has_a_code_and_nothing_is_written(
    cli: Cli, tmp_path: Path, given: tuple[str, ...], status: int, found: list[str]
) -> None:
    constant = "        fp32 c = const()[val = fp32(1)];\n        tensor"
    (tmp_path / "m.mil").write_text(ADD.replace("        tensor", constant), encoding="utf-8")
    np.save("x.npy", np.array([1.0, 2.0]))
    np.save("two.npy", np.zeros((2, 2)))
    np.save("scalar.npy", np.array(1.0))
    np.save("object.npy", np.array([{}, 1], object), allow_pickle=True)
    np.save("text.npy", np.array(["a", "b"]))
    np.save("record.npy", np.zeros(2, [("a", "f4"), ("b", "f4")]))
    np.savez("several.npz", a=np.zeros(2), b=np.zeros(2))
    for name in ("x.npy", "several.npz"):
        short = tmp_path / f"short{Path(name).suffix}"
        short.write_bytes((tmp_path / name).read_bytes()[:-9])
    (tmp_path / "words.txt").write_text("words")
    (tmp_path / "folder.npz").mkdir()
    assert wrong(cli, "m.mil", *given) == (status, found)


def test_a_mistyped_name_is_helped_with(cli: Cli) -> None:
    run = cli("run", HELLO, "--random", "--dump", "shiftet")
    assert "did you mean `shifted`" in run.err
    run = cli("run", HELLO)
    assert "--input x=… gives it, and --random all that is not given" in run.err


def test_the_shape_of_an_open_input_has_to_be_said(cli: Cli) -> None:
    open_ = program("        tensor<fp32, [?, 2]> y = add(x = x, y = x);", "y",
                    "tensor<fp32, [?, 2]> x")  # fmt: skip
    assert wrong(cli, "-", "--random", stdin=open_) == (1, ["MIL0911"])
    assert "--input x=random:2x2" in cli("run", "-", "--random", stdin=open_).err
    assert rows(cli, "-", "-i", "x=ones:3x2", stdin=open_)["y"]["shape"] == [3, 2]


def test_a_model_that_does_not_verify_is_not_run(cli: Cli) -> None:
    assert wrong(cli, "-", "--random", stdin=ADD.replace("add(", "ad("))[0] == 1


def test_an_operation_without_an_answer(cli: Cli) -> None:
    both = program("        tensor<fp32, [?]> y = add(x = x, y = z);", "y",
                   "tensor<fp32, [?]> x, tensor<fp32, [?]> z")  # fmt: skip
    given = ("-i", "x=ones:2", "-i", "z=ones:3", "-o", "y.npz", "--dump-all", "d")
    assert wrong(cli, "-", *given, stdin=both) == (1, ["MIL0908"])


@pytest.mark.parametrize(
    "given",
    [
        ("--merge",),
        ("-o", "y.txt"),
        ("-o", "y.npz", "--inputs", "x.npz"),
        ("--inputs", "x.npz", "--save", "y=y.npy"),
        ("-o", "y.npy", "--dump", "shifted"),
        ("--save", "y=y.gif"),
        ("--steps", "0"),
        ("--seed", "-1"),
    ],
)
def test_options_that_do_not_go_together(cli: Cli, given: tuple[str, ...]) -> None:
    run = cli("run", HELLO, "--random", *given)
    assert (run.status, run.out) == (2, "")
    assert "Usage" in run.err


# What is written


def test_outputs_in_files(cli: Cli) -> None:
    wanted = np.float32([[2.5, 4.5, 6.5, 8.5]])
    for name in ("y.npz", "y.npy"):
        run = cli("run", HELLO, "-i", "x=[[1, 2, 3, 4]]", "-o", name)
        assert run.status == 0, run.err
    assert np.array_equal(np.load("y.npy", allow_pickle=False), wanted)
    with np.load("y.npz", allow_pickle=False) as held:
        assert held.files == ["y"]
        assert held["y"].dtype == np.float32
        assert np.array_equal(held["y"], wanted)


def test_the_same_arrays_give_the_same_bytes(cli: Cli, tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        cli("run", HELLO, "--random", "-o", name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_elements_that_numpy_has_not(cli: Cli) -> None:
    body = program("", "a, b, s", "tensor<bf16, [2]> a, tensor<int4, [2]> b, tensor<string, [2]> s")
    run = cli("run", "-", "-i", "a=0.1", "-i", "b=[-8, 7]", "-i", 's=["x", "yy"]', "-o", "y.npz",
              stdin=body)  # fmt: skip
    assert run.status == 0, run.err
    with np.load("y.npz", allow_pickle=False) as held:
        assert held["a"].dtype == np.float32
        assert held["a"].tolist() == [0.10009765625] * 2
        assert (held["b"].dtype, held["b"].tolist()) == (np.int8, [-8, 7])
        assert held["s"].tolist() == ["x", "yy"]
    again = rows(cli, "-", "-i", "y.npz", stdin=body)
    assert again["b"]["values"] == [-8, 7]
    assert again["s"]["values"] == ["x", "yy"]


def test_several_outputs_need_a_npz(cli: Cli) -> None:
    run = cli("run", "-", "--random", "-o", "y.npy", stdin=ADD.replace("-> (y)", "-> (x, y)"))
    assert run.status == 2
    assert "2 outputs" in run.err


def test_a_dumped_value_is_shown_and_written(cli: Cli) -> None:
    found = rows(cli, HELLO, "-i", "x=1", "--dump", "doubled", "--dump", "x", "-o", "all.npz")
    assert [found[name]["role"] for name in ("y", "doubled", "x")] == ["output", "value", "value"]
    assert found["doubled"]["values"] == [[2, 2, 2, 2]]
    with np.load("all.npz") as held:
        assert set(held.files) == {"y", "doubled", "x"}


def test_all_values_in_a_folder(cli: Cli, tmp_path: Path) -> None:
    odd = program("        tensor<fp32, [2]> `../a b/Ä` = add(x = x, y = x);\n"
                  "        tensor<fp32, [2]> y = mul(x = `../a b/Ä`, y = x);", "y")  # fmt: skip
    for _ in range(2):  # the second time it is replaced
        assert cli("run", "-", "-i", "x=[1, 2]", "--dump-all", "d", stdin=odd).status == 0
    index = json.loads((tmp_path / "d/index.json").read_text("utf-8"))
    assert index[0] == {
        "name": "../a b/Ä", "op": "add", "file": "00000-.._a_b__.npy", "type": "fp32", "shape": [2]
    }  # fmt: skip
    assert [np.load(tmp_path / "d" / each["file"]).tolist() for each in index] == [[2, 4], [2, 8]]
    assert len(list((tmp_path / "d").iterdir())) == 3
    (tmp_path / "d/mine.txt").touch()
    assert wrong(cli, "-", "--random", "--dump-all", "d", stdin=odd) == (2, ["MIL0009"])


# Steps and states


def test_states_are_kept_from_step_to_step(cli: Cli) -> None:
    found = rows(cli, STATE, "-i", "x=1", "--steps", "3", "--save-state", "s.npz")
    assert found["average"]["role"] == "state"
    assert found["average"]["values"] == [[0.578125] * 4]
    again = rows(cli, STATE, "-i", "x=1", "--state", "s.npz")
    assert (
        again["average"]["values"]
        == rows(cli, STATE, "-i", "x=1", "--steps", "4")["average"]["values"]
    )
    assert "step 3" in cli("run", STATE, "-i", "x=1", "--steps", "3").out


def test_an_input_for_each_step(cli: Cli) -> None:
    np.save("x.npy", np.float32([1, 2, 4]).reshape(3, 1, 1) * np.ones((1, 1, 4)))
    found = rows(cli, STATE, "--each", "x=x.npy")
    assert found["average"]["values"] == [[0.25 * (0.75**2 * 1 + 0.75 * 2 + 4)] * 4]
    two = rows(cli, STATE, "--each", "x=x.npy", "--steps", "2")
    assert two["average"]["values"] == [[0.25 * (0.75 + 2)] * 4]


def test_random_inputs_differ_from_step_to_step(cli: Cli) -> None:
    one = rows(cli, HELLO, "--random")["y"]["values"]
    assert rows(cli, HELLO, "--random", "--steps", "1")["y"]["values"] == one
    assert rows(cli, HELLO, "--random", "--steps", "2")["y"]["values"] != one


# Watching


OVERFLOW = program(
    "        tensor<fp32, [2]> big = mul(x = x, y = fp32(70000));\n"
    '        tensor<fp16, [2]> half = cast(x = big, dtype = string("fp16"));\n'
    "        tensor<fp16, [2]> y = add(x = half, y = half);",
    "y",
)


def test_the_trace_names_the_first_that_goes_wrong(cli: Cli) -> None:
    run = cli("run", "-", "-i", "x=[1, 0]", "--trace", "--format", "json", stdin=OVERFLOW)
    assert run.status == 0
    beyond, infinite = json.loads(run.err)
    assert (beyond["code"], beyond["severity"], beyond["line"]) == ("MIL0921", "warning", 4)
    assert "`big` leaves the range of fp16: 0 to 70000" in beyond["message"]
    assert "operand `x`, fp32 [2]: 0 to 1" in beyond["notes"]
    assert "operand `y`, fp32 []: 70000" in beyond["notes"]
    assert (infinite["code"], infinite["line"]) == ("MIL0920", 5)
    assert "`half` is not finite: 1 inf among 2 elements" in infinite["message"]


def test_the_trace_of_a_package_points_into_its_text(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "m.mil").write_text(OVERFLOW, encoding="utf-8")
    milc.compile("m.mil", "M.mlpackage")
    run = cli("run", "M.mlpackage", "-i", "x=1", "--trace", "--format", "json")
    assert [each["path"] for each in json.loads(run.err)] == ["M.mlpackage"] * 2
    assert all(each["line"] for each in json.loads(run.err))


def test_what_only_hands_infinity_on_is_told_from_what_makes_it(cli: Cli) -> None:
    body = program(
        "        tensor<fp32, [2]> masked = add(x = x, y = fp32(-inf));\n"
        "        tensor<fp32, [2]> zero = mul(x = z, y = fp32(0));\n"
        "        tensor<fp32, [2]> y = real_div(x = zero, y = zero);",
        "masked, y", "tensor<fp32, [2]> x, tensor<fp32, [2]> z",
    )  # fmt: skip
    run = cli("run", "-", "--random", "--trace", "--format", "json", stdin=body)
    carried, made = json.loads(run.err)
    assert carried["message"].startswith("`masked` is not finite: 2 inf")
    assert any("only hand it on" in note for note in carried["notes"])
    assert made["message"].startswith("`y` is not finite: 2 nan")


def test_a_trace_that_finds_nothing_says_so(cli: Cli) -> None:
    run = cli("run", HELLO, "-i", "x=1", "--trace")
    assert run.status == 0
    assert run.err == "every result is finite and in the range of fp16\n"


def test_the_profile_adds_up(cli: Cli) -> None:
    run = cli("run", HELLO, "-i", "x=1", "--profile", "--steps", "2", "--json")
    profile = json.loads(run.out)["profile"]
    assert {(each["name"], each["op"], each["runs"]) for each in profile["operations"]} == {
        ("doubled", "mul", 2), ("shifted", "add", 2), ("y", "relu", 2)
    }  # fmt: skip
    assert {(each["family"], each["runs"]) for each in profile["families"]} == {
        ("elementwise_binary", 4), ("activation", 2)
    }  # fmt: skip
    times = [each["seconds"] for each in profile["operations"]]
    assert times == sorted(times, reverse=True)
    assert sum(times) == pytest.approx(profile["seconds"])
    shown = cli("run", HELLO, "-i", "x=1", "--profile").out
    assert "Time by family" in shown
    assert "Time by operation" in shown


def sets(tmp_path: Path) -> None:
    """Three files of inputs in `sets`."""
    (tmp_path / "sets").mkdir()
    for place, value in enumerate((1, -3, 70000)):
        np.savez(f"sets/{place}.npz", x=np.full((1, 4), value, "f4"))


def test_many_inputs_and_their_ranges(cli: Cli, tmp_path: Path) -> None:
    sets(tmp_path)
    run = cli("run", HELLO, "--inputs", "sets", "--ranges", "r.json", "-o", "out")
    assert run.status == 0, run.err
    assert "Outputs of main  over 3 files" in run.out
    held = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert (held["function"], held["runs"]) == ("main", 3)
    assert held["values"]["x"] == {
        "op": None, "type": "fp32", "min": -3, "max": 70000, "absmax": 70000, "non_finite": 0,
        "runs": 3,
    }  # fmt: skip
    assert held["values"]["doubled"]["min"] == -6
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.npz", "1.npz", "2.npz"]
    with np.load("out/0.npz") as found:
        assert found["y"].tolist() == [[2.5] * 4]


def test_ranges_are_merged_only_if_asked(cli: Cli, tmp_path: Path) -> None:
    def ranges(*args: object) -> dict[str, Any]:
        assert cli("run", HELLO, "--ranges", "r.json", *args).status == 0
        found: dict[str, Any] = json.loads((tmp_path / "r.json").read_text("utf-8"))
        return found

    ranges("-i", "x=1", "--merge")
    both = ranges("-i", "x=-5", "--merge")
    assert both["runs"] == 2
    assert [both["values"]["x"][key] for key in ("min", "max", "absmax", "runs")] == [-5, 1, 5, 2]
    assert ranges("-i", "x=2")["runs"] == 1


def test_ranges_of_another_function_are_not_merged(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text('{"function": "f", "runs": 1, "values": {}}')
    assert wrong(cli, HELLO, "--random", "--ranges", "r.json", "--merge") == (1, ["MIL0918"])


def test_a_fault_in_one_of_many_names_it_and_writes_nothing(cli: Cli, tmp_path: Path) -> None:
    sets(tmp_path)
    np.savez("sets/3.npz", x=np.zeros(3))
    given = (HELLO, "--inputs", "sets", "-o", "out", "--ranges", "r.json")
    assert wrong(cli, *given) == (1, ["MIL0903"])
    assert "sets/3.npz" in cli("run", *given).err


def test_the_trace_says_which_of_many_it_was(cli: Cli, tmp_path: Path) -> None:
    sets(tmp_path)
    run = cli("run", HELLO, "--inputs", "sets", "--trace")
    assert run.status == 0
    assert "this was in sets/2.npz" in run.err


def test_the_trace_says_which_step_it_was(cli: Cli) -> None:
    np.save("each.npy", np.array([[[1, 2, 3, 4]], [[1, 2, 3, 1e300]]]))
    run = cli("run", HELLO, "--each", "x=each.npy", "--trace")
    assert "this was in step 2" in run.err
    assert "this was in step" not in cli("run", HELLO, "-i", "x=inf", "--trace").err


def test_settings_do_not_say_what_is_run(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "milc.toml").write_text('[run]\noutput = "y.npz"\n')
    assert cli("run", HELLO, "--random").status == 2
    (tmp_path / "milc.toml").write_text("[run]\nrandom = true\nseed = 4\ntrace = true\n")
    run = cli("run", HELLO)
    assert run.status == 0
    assert "every result" in run.err


def test_weights_that_are_missing(cli: Cli, tmp_path: Path) -> None:
    model = tmp_path / "m.mil"
    model.write_text((EXAMPLES / "weights/model.mil").read_text("utf-8"), encoding="utf-8")
    assert wrong(cli, "m.mil", "--random") == (1, ["MIL0907"])
    assert rows(cli, "m.mil", "--random", "--weights", EXAMPLES / "weights")["y"]["shape"] == [1, 8]


def test_a_value_in_a_branch_that_some_runs_take(cli: Cli, tmp_path: Path) -> None:
    body = program(
        "        tensor<fp32, [2]> y = cond(pred = p) {\n"
        "            tensor<fp32, [2]> inside = add(x = x, y = x);\n"
        "        } -> (inside), {\n"
        "            tensor<fp32, [2]> other = identity(x = x);\n"
        "        } -> (other);",
        "y", "tensor<fp32, [2]> x, bool p",
    )  # fmt: skip
    (tmp_path / "m.mil").write_text(body, encoding="utf-8")
    for place, taken in enumerate((False, True)):
        np.savez(f"{place}.npz", x=np.ones(2, "f4"), p=np.array(taken))
    found = rows(cli, "m.mil", "--inputs", "0.npz", "--inputs", "1.npz", "--dump", "inside")
    assert found["inside"]["max"] == 2
    assert (found["y"]["min"], found["y"]["max"]) == (1, 2)
