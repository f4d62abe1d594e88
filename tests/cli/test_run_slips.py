"""`milc run` and `milc compare`: slips of the hand, and values that are no tensors of numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.commands import EXAMPLES, Cli
from tests.runs import program, rows, wrong

HELLO = EXAMPLES / "hello/model.mil"
FLEXIBLE = EXAMPLES / "flexible_shapes/model.mil"

CLASSIFIER = program(
    """        string a, dict<string, fp64> b = classify(
            classes = list<string, 2>(["no", "yes"]), probabilities = p);
        list<tensor<fp32, [2]>, 2> none = make_list(init_length = int32(2),
            dynamic_length = bool(false), elem_shape = (int32(2)), dtype = string("fp32"));
        list<tensor<fp32, [2]>, 2> l = list_write(ls = none, index = int32(1), value = p);""",
    "a, b, l",
    "tensor<fp32, [2]> p",
)


@pytest.mark.parametrize(
    "given",
    [("-i", "x=1", "-i", "x=2"), ("-i", "ones", "-i", "x=2"), ("-i", "x=1", "--each", "x=e.npy")],
)
def test_what_is_given_twice(cli: Cli, given: tuple[str, ...]) -> None:
    np.save("e.npy", np.ones((3, 1, 4)))
    assert wrong(cli, HELLO, *given) == (1, ["MIL0910"])


def test_an_input_of_its_own_is_before_that_of_an_archive(cli: Cli) -> None:
    np.savez("all.npz", x=np.ones((1, 4)))
    assert rows(cli, HELLO, "-i", "all.npz", "-i", "x=0")["y"]["max"] == 0.5


def test_one_slip_is_said_once(cli: Cli, tmp_path: Path) -> None:
    assert wrong(cli, FLEXIBLE, "-i", "ones") == (1, ["MIL0910"])
    (tmp_path / "junk.npz").write_bytes(b"PK\3\4junk")
    assert wrong(cli, FLEXIBLE, "-i", "junk.npz") == (1, ["MIL0912"])


def test_the_shape_that_is_proposed_fits(cli: Cli) -> None:
    body = program("", "x", "tensor<fp32, [1, ?, 4]> x")
    assert "x=random:1x2x4" in cli("run", "-", "--random", stdin=body).err
    assert "a shape, 1x3x8" in cli("run", "-", "-i", "x=zeros:1x-2x4", stdin=body).err


def test_a_state_is_no_input(cli: Cli) -> None:
    run = cli("run", EXAMPLES / "state/model.mil", "-i", "x=1", "-i", "average=2")
    assert "`average` is a state: --state" in run.err


def test_a_single_array_is_no_archive(cli: Cli) -> None:
    np.save("s.npy", np.ones((1, 4)))
    run = cli("run", EXAMPLES / "state/model.mil", "--random", "--state", "s.npy")
    assert "a .npz is wanted" in run.err


def test_text_stands_as_it_is(cli: Cli) -> None:
    body = program("", "s, t", "string s, tensor<string, [2]> t")
    held = rows(cli, "-", "-i", "s=5", "-i", "t=true", stdin=body)
    assert (held["s"]["values"], held["t"]["values"]) == ("5", ["true", "true"])
    run = cli("run", "-", "-i", "s=a", "-i", 't=["b", 3]', stdin=body)
    assert "not all of its elements are text" in run.err
    assert "text is given" in cli("run", HELLO, "-i", 'x=[[1, 2, 3, "a"]]').err


def test_what_is_too_large_becomes_infinite_without_a_warning(cli: Cli) -> None:
    np.save("x.npy", np.full((1, 4), 1e300))
    assert rows(cli, HELLO, "-i", "x.npy")["y"]["non_finite"] == 4


def test_fp8_in_files(cli: Cli) -> None:
    body = program("", "a, b", "tensor<fp8e4m3fn, [2]> a, tensor<fp8e5m2, [2]> b")
    assert cli("run", "-", "--random", "-o", "y.npz", stdin=body).status == 0
    with np.load("y.npz", allow_pickle=False) as held:
        assert {held["a"].dtype, held["b"].dtype} == {np.dtype("f4")}
        wanted = held["b"].tolist()
    assert rows(cli, "-", "-i", "y.npz", stdin=body)["b"]["values"] == wanted


def test_what_is_no_array_is_shown_and_written(cli: Cli) -> None:
    given = ("-", "-i", "p=[0.25, 0.75]")
    held = rows(cli, *given, "-o", "y.npz", stdin=CLASSIFIER)
    assert held["a"]["values"] == "yes"
    assert held["l"]["values"] == [None, [0.25, 0.75]]
    assert "l = [null, [0.25, 0.75]]" in cli("run", *given, stdin=CLASSIFIER).out
    with np.load("y.npz", allow_pickle=False) as file:
        assert sorted(file) == ["a", "b.keys", "b.values", "l.1"]
    for name in ("b", "l"):
        run = cli("run", *given, "--save", f"{name}={name}.npy", stdin=CLASSIFIER)
        assert run.status == 2
        assert "is no array" in run.err


@pytest.mark.parametrize(
    "files", [("-o", "y.npy", "--save", "y=y.npy"), ("--save", "y=y.npy", "--save", "y=y.npy")]
)
def test_files_that_would_be_written_twice(cli: Cli, files: tuple[str, ...]) -> None:
    run = cli("run", HELLO, "--random", *files)
    assert run.status == 2
    assert "written twice" in run.err


def test_an_output_without_a_file(cli: Cli) -> None:
    assert "y=y.npy?" in cli("run", HELLO, "--random", "--save", "y").err


def test_a_dumped_value_in_a_block_that_does_not_run(cli: Cli) -> None:
    run = cli("run", EXAMPLES / "control_flow/model.mil", "-i", "-1", "--dump", "found")
    assert run.status == 0
    assert "`found` was not computed" in run.err


def test_why_weights_cannot_be_read(cli: Cli, tmp_path: Path) -> None:
    text = (EXAMPLES / "weights/model.mil").read_text("utf-8")
    (tmp_path / "m.mil").write_text(text, encoding="utf-8")
    given = ("m.mil", "--random", "--format", "json")
    assert (
        "there is no weight file @model_path" in json.loads(cli("run", *given).err)[0]["notes"][0]
    )
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights/weight.bin").write_bytes(b"version https://git-lfs")
    finding = json.loads(cli("run", *given).err)[0]
    assert finding["code"] == "MIL0907"
    assert "weight.bin: " in finding["notes"][0]


def test_only_one_model_is_standard_input(cli: Cli) -> None:
    run = cli("compare", "-", "-", "--random", stdin=CLASSIFIER)
    assert run.status == 2
    assert "standard input" in run.err


def test_scalars_are_compared(cli: Cli, tmp_path: Path) -> None:
    text = program("        fp32 y = mul(x = x, y = fp32(2));", "x, y", "fp32 x")
    (tmp_path / "a.mil").write_text(text, encoding="utf-8")
    (tmp_path / "b.mil").write_text(text.replace("fp32(2)", "fp32(3)"), encoding="utf-8")
    assert cli("compare", "a.mil", "a.mil", "-i", "x=2").status == 0
    run = cli("compare", "a.mil", "b.mil", "-i", "x=2", "--json")
    x, y = json.loads(run.out)["outputs"]
    assert (x["agrees"], y["agrees"], y["largest"]) == (True, False, 2.0)


def test_classifiers_are_compared_by_their_numbers(cli: Cli, tmp_path: Path) -> None:
    other = CLASSIFIER.replace("make_list(", "make_list( ")
    less = program(
        """        tensor<fp32, [2]> q = mul(x = p, y = fp32(1.01));
        string a, dict<string, fp64> b = classify(
            classes = list<string, 2>(["no", "yes"]), probabilities = q);""",
        "a, b",
        "tensor<fp32, [2]> p",
    )
    exact = less.replace("1.01", "1")
    for name, text in (("a.mil", CLASSIFIER), ("b.mil", other), ("c.mil", less), ("d.mil", exact)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    given = ("-i", "p=[0.25, 0.75]", "--json")
    assert cli("compare", "a.mil", "b.mil", *given).status == 0
    run = cli("compare", "c.mil", "d.mil", *given)
    a, b = json.loads(run.out)["outputs"]
    assert run.status == 1
    assert (a["agrees"], b["beyond"], b["size"]) == (True, 2, 2)
    assert b["largest"] == pytest.approx(0.0075, rel=1e-3)
