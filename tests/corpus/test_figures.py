"""The figures of `make figures` hold, and what finds them can find something wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from milc.package.model import Model
from milc.package.proto import model_pb2
from milc.syntax.parse import parse
from tests.corpus.checks import Options, returns_as_text, same_message, same_weights
from tests.corpus.figures import CHECKS, SAMPLE, Check, Figure
from tests.oracle import Oracle
from tests.shared import needs_oracle, needs_shared

QUICK = ("texts-print", "pairs-print", "bundles-compile")
SLOW = [name for name in CHECKS if name not in (*QUICK, "coremltools")]

AT_LEAST = {"texts": 40, "pairs": 20, "bundles": 20, "models": 4000, "coremltools": 150}
"""How many items a figure has, by the first word of its name: they must not get lost on the way."""


def check(name: str, options: Options) -> None:
    """A figure has its items, and nothing is wrong with any but those listed."""
    figure = CHECKS[name].figure(options)
    assert CHECKS[name].faults(figure) == {}
    assert len(figure.items) >= AT_LEAST[name.split("-")[0]]


@needs_shared
@pytest.mark.parametrize("name", QUICK)
def test_figure(name: str, tmp_path: Path) -> None:
    check(name, Options(tmp_path))


@needs_shared
@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_slow_figure(name: str, tmp_path: Path) -> None:
    check(name, Options(tmp_path))


@needs_shared
@needs_oracle
@pytest.mark.slow
def test_coremltools_reads_the_same(oracle: Oracle, tmp_path: Path) -> None:
    check("coremltools", Options(tmp_path, oracle, SAMPLE))


# What finds the figures


TEXT = """program(1.3) {
    func main<ios18>(fp32 b, fp32 a) { fp32 y = add(x = a, y = b)[name = string("y")]; } -> (y);
}"""


def message(change: str = "", to: str = "", author: str = "") -> bytes:
    """The Model message of a small program."""
    spec = model_pb2.Model(specificationVersion=9)
    spec.description.metadata.author = author
    return Model(parse(TEXT.replace(change, to)), spec, described=True).encode()


def test_messages_are_compared_in_full() -> None:
    assert same_message(message(), message()) is None
    assert same_message(message("x = a", "x = b"), message()) == "another program"
    assert same_message(message(author="me"), message()) == "another message"
    assert same_message(message(author="me"), message(), program=True) is None
    sorted_inputs = message("fp32 b, fp32 a", "fp32 a, fp32 b")
    assert same_message(sorted_inputs, message()) == "another program"
    assert same_message(sorted_inputs, message(), as_set=True) is None


def test_fields_that_milc_does_not_know_are_compared() -> None:
    unknown = b"\xfa\x3f\x01x"  # field 1023, a string
    assert same_message(message() + unknown, message()) == "another message"
    assert same_message(message() + unknown, message() + unknown) is None


def test_weights_are_compared_in_full(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        (tmp_path / folder / "weights").mkdir(parents=True)
        (tmp_path / folder / "weights/weight.bin").write_bytes(b"12345678")
    one, other = tmp_path / "one", tmp_path / "other"
    assert same_weights(one, other) is None
    (one / "weights/weight.bin").write_bytes(b"12345679")
    assert same_weights(one, other) == "other bytes in weights/weight.bin"
    (other / "weights/more.bin").touch()
    assert same_weights(one, other) is not None


def test_a_loss_on_the_way_through_text_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model(parse(TEXT), model_pb2.Model(specificationVersion=9), described=True)
    assert returns_as_text(model, model.encode()) is None
    for wrong in ("sub", "add "):
        monkeypatch.setattr(
            "tests.corpus.checks.to_text",
            lambda *_, wrong=wrong: TEXT.replace("add", wrong).replace("ios18", "ios17"),
        )
        assert returns_as_text(model, model.encode()) is not None


def test_an_exception_must_be_wrong_as_listed() -> None:
    check = Check("", "", lambda _: iter(()), {"a": "MIL0101", "b": "MIL0102"})
    assert check.faults(Figure({"a", "c"}, {"a": "MIL0101 here"})) == {}
    assert list(check.faults(Figure({"a"}, {"a": "MIL0103"}))) == ["a"]
    assert list(check.faults(Figure({"a"}, {}))) == ["a"]
    assert list(check.faults(Figure({"c"}, {"c": "MIL0101"}))) == ["c"]
