"""What printing leaves out is said, each part with its place."""

from __future__ import annotations

from time import perf_counter

from milc.ir.builder import Builder
from milc.ir.literals import string_literal, tensor
from milc.ir.nodes import Block, Op, Program
from milc.ir.types import BOOL, FP16, FP32, INT32, TensorType
from milc.syntax.lost import lost
from milc.syntax.parse import parse
from milc.syntax.print import to_text


def program() -> Program:
    builder = Builder()
    with builder.function("main", x=FP32(2)) as x:
        builder.outputs(builder.op("relu", FP32(2), x=x, name="y"))
    return builder.program


def test_a_plain_program_loses_nothing() -> None:
    assert lost(program()) == []


def test_everything_that_text_has_no_form_for_is_named() -> None:
    made = program()
    function = made.functions["main"]
    op = function.body.first
    assert op is not None
    made.doc = "about the program"
    made.unknown = b"\x78\x01"
    documented = tensor(INT32, (), [1])
    documented.doc = "about the value"
    op.args["k"] = (documented,)
    op.attributes["note"] = string_literal("n")
    op.attributes["note"].doc = "about the note"
    op.unknown = b"\x78\x01"
    function.body.attributes["hint"] = tensor(BOOL, (), [True])
    function.specializations["ios26"] = Block()
    attributed = TensorType(FP16, (2,), (("layout", string_literal("packed")),))
    op.results[0].type = attributed
    assert lost(made) == [
        "the program's doc string",
        "the program: fields of the protobuf that milc does not know",
        "function main: the body for opset ios26",
        "function main: the attribute `hint` of a block",
        "function main, op 1 relu `y`: fields of the protobuf that milc does not know",
        "function main, op 1 relu `y`: the doc string of `note`",
        "function main, op 1 relu `y`: attributes of the type of `y`",
        "function main, op 1 relu `y`: the doc string of `k`",
    ]


def test_parts_of_literals_are_looked_at() -> None:
    text = (
        "program(1.3) { func main<ios18>(fp32 x) { dict<string, int32> y = "
        'const()[val = dict<string, int32>({{"a", 1}})]; } -> (y); }'
    )
    made = parse(text)
    op = made.functions["main"].body.first
    assert isinstance(op, Op)
    op.attributes["val"].entries[0][1].doc = "one"  # type: ignore[attr-defined]
    assert lost(made) == ["function main, op 1 const `y`: the doc string of `val`"]
    assert lost(parse(to_text(made))) == []


def test_a_long_program_takes_time_with_its_length() -> None:
    builder = Builder()
    with builder.function("main", x=FP32(2)) as (x,):
        for _ in range(30_000):
            x = builder.op("relu", FP32(2), x=x)
        builder.outputs(x)
    last = builder.program.functions["main"].body.last
    assert last is not None
    last.unknown = b"\x78\x01"
    began = perf_counter()
    (what,) = lost(builder.program)
    assert what.startswith("function main, op 30000 relu `relu_29999`: ")
    # With the square of the length it would be half a minute.
    assert perf_counter() - began < 5
