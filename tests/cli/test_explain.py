"""`milc explain`: codes as people type them, messages as they copy them, and what there is not."""

from __future__ import annotations

import re

import click
import pytest

from milc.cli.main import verbs
from milc.diagnostics.catalog import Entry, entries, lookup
from milc.diagnostics.catalog.apple import MESSAGES, Message, messages_in
from milc.diagnostics.explain import explain, page
from tests.commands import Cli


@pytest.mark.parametrize("code", ["MIL0402", "mil0402", "402"])
def test_a_code(cli: Cli, code: str) -> None:
    (entry,) = (entry for entry in entries() if entry.code == "MIL0402")
    assert cli("explain", code) == (0, explain(entry, 80), "")


def test_several_codes(cli: Cli) -> None:
    out = cli("explain", "402", "601").out
    assert out.startswith("MIL0402: ")
    assert "\n\nMIL0601: " in out


def test_no_code_lists_all(cli: Cli) -> None:
    codes, messages = cli("explain").out.split("\nMessages of Apple's tools\n")
    assert [line.split()[0] for line in codes.splitlines()] == [entry.code for entry in entries()]
    assert [line.strip() for line in messages.splitlines()] == [each.said for each in MESSAGES]


@pytest.mark.parametrize(
    ("code", "near"), [("MIL0499", "MIL049"), ("499", "MIL0949"), ("undefined", "MIL0403")]
)
def test_an_unknown_code_gets_the_nearest(cli: Cli, code: str, near: str) -> None:
    run = cli("explain", code)
    assert (run.status, run.out) == (1, "")
    assert f"There is no code {code}." in run.err
    assert near[:6] in run.err


def test_nothing_like_a_code(cli: Cli) -> None:
    run = cli("explain", "qqqq")
    assert run.status == 1
    assert "lists them" in run.err


def test_colour_can_be_forced(cli: Cli) -> None:
    assert "\x1b[1m" in cli("explain", "--color", "always", "402").out
    assert "\x1b" not in cli("explain", "--color", "never", "402").out


# Messages of Apple's tools

QUOTED = {
    "Unexpected token type: got '(' when expecting RBRACKET": ["Unexpected token type"],
    "Type declaration expected here": ["Type declaration"],
    "Size of dimensions of declared type and provided tensor literal are not compatible": [
        "Size of",
    ],
    "MIL program has non-constant (dynamic) shapes for external input but FlexibleShapeInformation"
    " attribute is missing": ["MIL program has"],
    "Program has FlexibleShapeInformation but doesn't have RangeDims is invalid": ["Program has"],
    "model.mil:7:12: Error parsing MIL model: x": ["model.mil:"],
    "Validation error parsing MIL model: x": ["Validation error"],
    "Unable to parse ML Program: in operation op_1: x": ["Unable to parse"],
    "Unable to parse ML Program: at unknown location: Unknown opset 'CoreML8'.": [
        "Unknown opset", "Unable to parse",
    ],
    "Error: Unable to parse ML Program: in operation n: Required param 'pad' is missing": [
        "Required param", "Unable to parse",
    ],
    "required  param ‘pad’\nis missing": ["Required param"],
    "Failed to find type of z": ["Failed to find"],
    "translation error at /x/model.mil:6:12: Storage Reader expects file format version 2.":
        ["Storage Reader"],
    "Error Domain=x InvalidMILProgram": ["InvalidMILProgram"],
    "gather does not match the operator defined by expected opset ios15": ["… does not match"],
    "Output '0' has unexpected type 'ios17.mul'. Expected tensor<fp32, [1]>; got fp32.": ["Output"],
    "at /x/model.mil:1:2: Error parsing MIL model: at model.mil:1:2: Could not open /x/weight.bin":
        ["Could not open", "model.mil:"],
    "Failed to build the model execution plan using a model architecture file '/x/model.mil' with"
    " error code: -14.": ["Failed to build"],
    "MLModel of type mlProgram cannot be loaded just from the model spec object.": ["MLModel of"],
}  # fmt: skip
"""Messages as people bring them, and how what is told of them begins, the most exact first."""


@pytest.mark.parametrize("said", QUOTED)
def test_a_message(cli: Cli, said: str) -> None:
    told = messages_in(said)
    begins = zip(told, QUOTED[said], strict=True)
    assert all(each.said.startswith(begin) for each, begin in begins)
    run = cli("explain", said)
    assert (run.status, run.err) == (0, "")
    assert run.out == "\n".join(explain(each, 80) for each in told)


def test_every_message_is_tried_and_finds_itself() -> None:
    assert {each for said in QUOTED for each in messages_in(said)} == set(MESSAGES)
    for each in MESSAGES:
        assert each in messages_in(each.said)


def test_a_message_without_quotes_around_it(cli: Cli) -> None:
    assert cli("explain", "Required", "param", "pad", "is", "missing").out.startswith("Required ")


@pytest.mark.parametrize(
    ("said", "near"),
    [
        ("Unable to parse the program", "Unable to parse ML Program"),
        ("the opset is unknown somehow", "Unknown opset"),
        ("architecture", "Failed to build the model execution plan"),
    ],
)
def test_an_unknown_message_gets_the_nearest(cli: Cli, said: str, near: str) -> None:
    run = cli("explain", said)
    assert (run.status, run.out) == (1, "")
    assert near in run.err


def test_an_unknown_one_holds_up_no_other(cli: Cli) -> None:
    run = cli("explain", "402", "MIL0499", "InvalidMILProgram")
    assert run.status == 1
    assert run.out.startswith("MIL0402: ")
    assert "\n\nInvalidMILProgram\n" in run.out
    assert "There is no code MIL0499." in run.err


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.said[:30])
def test_a_message_is_explained_in_full(message: Message) -> None:
    for text in (message.meaning, message.fix):
        assert len(text.split()) >= 8
        assert text.rstrip().endswith(".")
    assert not message.pattern.startswith("^")
    mentioned = re.findall(r"MIL\d{4}", "".join(message))
    assert all(lookup(code) for code in mentioned)
    assert f"### `{message.said}`\n" in page(entries())
    # Narrow enough for a terminal, unless it is an example.
    assert max(map(len, explain(message, 80).splitlines())) <= 100


@pytest.mark.parametrize("entry", [*entries(), *MESSAGES], ids=lambda entry: entry.heading[:30])
def test_what_it_tells_to_type_can_be_typed(entry: Entry | Message) -> None:
    said = f"{entry.meaning}\n{entry.example}\n{entry.fix}"
    for verb, rest in re.findall(r"\bmilc (\w+)((?: [^`\n&#]*)?)", said):
        command = verbs.get_command(click.Context(verbs), verb)
        if command is None:  # `milc reads`: prose
            assert "--" not in rest
            continue
        known = {option for param in command.params for option in param.opts}
        assert set(re.findall(r"(?<!\S)--?\w[\w-]*", rest)) <= known
