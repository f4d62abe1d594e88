"""Comparison: each way in which two programs may differ is found, and said in so many words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from milc.diagnostics import Source, Span
from milc.ir.compare import difference, same_literal
from milc.ir.constants import literal
from milc.ir.literals import (
    BlobRef,
    DictLiteral,
    ListLiteral,
    Literal,
    TensorLiteral,
    TupleLiteral,
    scalar_literal,
    string_literal,
    tensor,
)
from milc.ir.nodes import Block, Function, Op, Program, Value
from milc.ir.rewriter import Rewriter
from milc.ir.types import (
    BOOL,
    FP16,
    FP32,
    INT4,
    INT32,
    STRING,
    UINT3,
    UINT8,
    DictType,
    ListType,
    TupleType,
)
from tests.ir.samples import chain, deep, mixed, ops, values

if TYPE_CHECKING:
    from collections.abc import Callable


def edited(edit: Callable[[Program, Rewriter], object]) -> Program:
    """The sample program with one edit."""
    program = mixed()
    edit(program, Rewriter(program.functions["main"]))
    return program


def main(program: Program) -> Function:
    return program.functions["main"]


def test_equal_programs_have_no_difference() -> None:
    assert difference(mixed(), mixed()) is None
    assert difference(chain(100), chain(100)) is None
    for first, second in zip(ops(mixed()).values(), ops(mixed()).values(), strict=True):
        if not first.args:
            assert difference(first, second) is None


def test_the_first_difference_is_told() -> None:
    assert str(difference(mixed(), mixed(factor=3.0))) == (
        "function main, op 1 const `scaled_y_0`: attribute `val`: 2.0 against 3.0"
    )


EDITS: dict[str, tuple[Callable[[Program, Rewriter], object], str]] = {
    "version": (
        lambda p, _: setattr(p, "version", "1.3"),
        "version: 1.0 against 1.3",
    ),
    "program attribute": (
        lambda p, _: p.attributes.clear(),
        "attributes that only one has: `buildInfo` against none",
    ),
    "program attribute's value": (
        lambda p, _: p.attributes.update(
            buildInfo=DictLiteral(
                DictType(STRING(), STRING()),
                [(string_literal("coremltools-version"), string_literal("8.0"))],
            )
        ),
        'attribute `buildInfo`, entry "coremltools-version": "9.0" against "8.0"',
    ),
    "functions": (
        lambda p, _: p.add(Function("other", "ios17")),
        "functions: main against main, other",
    ),
    "opset": (
        lambda p, _: setattr(main(p), "opset", "ios18"),
        "function main: opset: ios17 against ios18",
    ),
    "input's name": (
        lambda p, _: setattr(main(p).inputs[0], "name", "z"),
        "function main: inputs: (x, p) against (z, p)",
    ),
    "input's type": (
        lambda p, r: r.set_type(main(p).inputs[0], FP16(2)),
        "function main: type of `x`: tensor<fp32, [2]> against tensor<fp16, [2]>",
    ),
    "another input": (
        lambda p, r: r.add_input("q", FP16(2)),
        "function main: inputs: (x, p) against (x, p, q)",
    ),
    "function attribute": (
        lambda p, r: r.set_attribute(main(p), "a", string_literal("b")),
        "function main: attributes that only one has: none against `a`",
    ),
    "kind": (
        lambda p, r: r.set_kind(ops(p)["scaled"], "add"),
        "function main, op 2: mul `scaled` against add `scaled`",
    ),
    "op's opset": (
        lambda p, _: setattr(ops(p)["scaled"], "opset", "ios16"),
        "function main, op 2 mul `scaled`: opset: None against ios16",
    ),
    "argument gone": (
        lambda p, r: r.set_arg(ops(p)["scaled"], "y"),
        "function main, op 2 mul `scaled`: arguments that only one has: `y` against none",
    ),
    "argument's name": (
        lambda p, r: r.set_args(ops(p)["scaled"], {"x": main(p).inputs[0], "z": main(p).inputs[0]}),
        "function main, op 2 mul `scaled`: arguments that only one has: `y` against `z`",
    ),
    "operand": (
        lambda p, r: r.set_operand(ops(p)["scaled"], "y", 0, main(p).inputs[0]),
        "function main, op 2 mul `scaled`: argument `y`: `scaled_y_0` (const 2.0) against `x`",
    ),
    "literal for a value": (
        lambda p, r: r.set_operand(ops(p)["scaled"], "y", 0, scalar_literal(FP32, 2.0)),
        (
            "function main, op 2 mul `scaled`: argument `y`: "
            "`scaled_y_0` (const 2.0) against fp32 2.0"
        ),
    ),
    "number of operands": (
        lambda p, r: r.set_arg(ops(p)["scaled"], "x", main(p).inputs[0], main(p).inputs[0]),
        "function main, op 2 mul `scaled`: argument `x`: `x` against (`x`, `x`)",
    ),
    "op's attribute": (
        lambda p, r: r.set_attribute(ops(p)["scaled"], "name", string_literal("other")),
        'function main, op 2 mul `scaled`: attribute `name`: "scaled" against "other"',
    ),
    "result's type": (
        lambda p, r: r.set_type(values(p)["scaled"], FP32(None)),
        (
            "function main, op 2 mul `scaled`: type of `scaled`: "
            "tensor<fp32, [2]> against tensor<fp32, [?]>"
        ),
    ),
    "result's name": (
        lambda p, r: r.rename(values(p)["positive"], "better"),
        (
            "function main, op 3 cond `chosen`, block 1, op 1 relu `positive`: "
            "results: (positive) against (better)"
        ),
    ),
    "number of results": (
        lambda p, _: ops(p)["scaled"].results.append(Value("more", FP32(2))),
        "function main, op 2 mul `scaled`: results: (scaled) against (scaled, more)",
    ),
    "number of blocks": (
        lambda p, _: ops(p)["step"].blocks.pop(),
        (
            "function main, op 5 while_loop `loop_0`, `loop_1`, block 2, op 1 cond `step`: "
            "number of blocks: 2 against 1"
        ),
    ),
    "block argument": (
        lambda p, r: r.add_input("extra", INT32(), to=ops(p)["chosen"].blocks[1]),
        "function main, op 3 cond `chosen`, block 2: inputs: () against (extra)",
    ),
    "block attribute": (
        lambda p, r: r.set_attribute(ops(p)["chosen"].blocks[1], "a", string_literal("b")),
        (
            "function main, op 3 cond `chosen`, block 2: "
            "attributes that only one has: none against `a`"
        ),
    ),
    "block's output": (
        lambda p, r: r.set_outputs(ops(p)["chosen"].blocks[1], main(p).inputs[:1]),
        "function main, op 3 cond `chosen`, block 2: outputs: (scaled) against (x)",
    ),
    "an op less at the end": (
        lambda p, r: (
            r.set_outputs(ops(p)["chosen"].blocks[0], main(p).inputs[:1]),
            r.erase(ops(p)["positive"]),
        ),
        (
            "function main, op 3 cond `chosen`, block 1, op 1: "
            "relu `positive` against the end of the block"
        ),
    ),
    "an op more at the end": (
        lambda p, r: r.append(main(p).body, Op("tail", results=[Value("t", FP32())])),
        "function main, op 6: the end of the block against tail `t`",
    ),
    "number of outputs": (
        lambda p, r: r.set_outputs(main(p).body, main(p).outputs[:1]),
        "function main: outputs: (loop_1, scaled) against (loop_1)",
    ),
    "doc string": (
        lambda p, _: setattr(p, "doc", "words"),
        'doc string: "" against "words"',
    ),
    "doc string of a literal": (
        lambda p, _: setattr(ops(p)["scaled_y_0"].attributes["val"], "doc", "words"),
        'function main, op 1 const `scaled_y_0`: attribute `val`, doc string: "" against "words"',
    ),
    "unknown fields": (
        lambda p, _: setattr(ops(p)["scaled"], "unknown", b"123"),
        "function main, op 2 mul `scaled`: unknown protobuf fields: 0 bytes against 3 bytes",
    ),
    "another body": (
        lambda p, _: main(p).specializations.update(ios18=Block()),
        "function main: specializations that only one has: none against `ios18`",
    ),
}


@pytest.mark.parametrize("what", EDITS)
def test_every_difference_is_found_and_said(what: str) -> None:
    edit, words = EDITS[what]
    assert str(difference(mixed(), edited(edit))) == words


@pytest.mark.parametrize("what", EDITS)
def test_differences_are_symmetrical(what: str) -> None:
    found = difference(mixed(), edited(EDITS[what][0]))
    back = difference(edited(EDITS[what][0]), mixed())
    assert found is not None
    assert back is not None
    assert (found.left, found.right) == (back.right, back.left)


def test_the_order_of_arguments_and_attributes_does_not_count() -> None:
    program = mixed()
    op = ops(program)["scaled"]
    op.args = dict(reversed(op.args.items()))
    op.attributes["extra"] = op.attributes.pop("name")
    op.attributes["name"] = op.attributes.pop("extra")
    assert difference(mixed(), program) is None


def test_names_may_be_left_out() -> None:
    program = mixed()
    rewriter = Rewriter(main(program))
    for name, value in values(program).items():
        if not rewriter.is_output(value) and value.op is not None:
            rewriter.rename(value, f"other_{name}")
            rewriter.set_attribute(value.op, "name", string_literal(f"other_{name}"))
    assert difference(mixed(), program) is not None
    assert difference(mixed(), program, names=False) is None


def test_names_that_callers_know_count_always() -> None:
    def rename_output(program: Program, rewriter: Rewriter) -> None:
        rewriter.rename(values(program)["scaled"], "other")

    def rename_input(program: Program, rewriter: Rewriter) -> None:
        rewriter.rename(values(program)["x"], "other")

    found = difference(mixed(), edited(rename_output), names=False)
    assert str(found) == "function main: outputs: (loop_1, scaled) against (loop_1, other)"
    found = difference(mixed(), edited(rename_input), names=False)
    assert str(found) == "function main: inputs: (x, p) against (other, p)"


def test_without_names_the_wiring_still_counts() -> None:
    def swap(program: Program, rewriter: Rewriter) -> None:
        op = ops(program)["sum"]
        x, y = op.args["x"][0], op.args["y"][0]
        rewriter.set_args(op, {"x": y, "y": x})

    found = difference(mixed(), edited(swap), names=False)
    assert str(found).endswith("add `sum`: argument `x`: `chosen_1` against `x`")


def test_two_values_of_one_name_are_two_values() -> None:
    def make(first: bool) -> Program:
        program = Program()
        function = program.add(Function("main", "ios18", [Value("s", FP32(2))]))
        results = [Value("r", FP32(2)), Value("r", FP32(2))]
        for result in results:
            function.body.append(Op("read_state", {"input": (function.inputs[0],)}, [result]))
        function.body.append(Op("relu", {"x": (results[not first],)}, [Value("y", FP32(2))]))
        return program

    assert difference(make(True), make(True)) is None
    assert str(difference(make(True), make(False))) == (
        "function main, op 3 relu `y`: argument `x`: `r` against `r` with another definition"
    )


def test_attributes_around_ops_may_be_left_out() -> None:
    program = mixed()
    program.attributes.clear()
    main(program).attributes["a"] = string_literal("b")
    ops(program)["chosen"].blocks[0].attributes["a"] = string_literal("b")
    assert difference(mixed(), program, attributes=False) is None
    ops(program)["scaled"].attributes["a"] = string_literal("b")
    assert difference(mixed(), program, attributes=False) is not None


def test_single_program_attributes_may_be_ignored() -> None:
    program = mixed()
    program.attributes["buildInfo"] = string_literal("other")
    assert difference(mixed(), program, ignore=("buildInfo",)) is None
    program.attributes["more"] = string_literal("x")
    assert difference(mixed(), program, ignore={"buildInfo"}) is not None
    main(program).attributes["buildInfo"] = string_literal("x")
    assert difference(mixed(), program, ignore=("buildInfo", "more")) is not None


def test_what_only_the_protobuf_holds_may_be_left_out() -> None:
    for what in ("doc string", "doc string of a literal", "unknown fields"):
        assert difference(mixed(), edited(EDITS[what][0]), wire=False) is None


def test_the_order_of_inputs_and_functions_may_be_left_out() -> None:
    first, second = mixed(), mixed()
    main(second).inputs.reverse()
    first.add(Function("other", "ios17"))
    second.functions = {"other": Function("other", "ios17"), **second.functions}
    assert difference(first, second) is not None
    assert difference(first, second, order=False) is None
    second.functions = dict(reversed(second.functions.items()))
    assert str(difference(first, second)) == "function main: inputs: (x, p) against (p, x)"
    Rewriter(main(second)).set_type(values(second)["p"], INT32())
    assert str(difference(first, second, order=False)) == (
        "function main: type of `p`: bool against int32"
    )


def test_parts_of_programs_compare() -> None:
    first, second = mixed(), mixed(factor=3.0)
    assert difference(ops(first)["loop_0"].blocks[1], ops(second)["loop_0"].blocks[1]) is None
    assert difference(ops(first)["chosen"], ops(second)["chosen"]) is None
    assert str(difference(main(first).body, main(second).body)) == str(difference(first, second))
    assert str(difference(main(first), main(second))) == str(difference(first, second))
    rewriter = Rewriter(main(second))
    rewriter.set_type(values(second)["x"], FP16(2))
    found = difference(ops(first)["sum"], ops(second)["sum"])
    assert str(found).endswith("argument `y`: `x` against `x` with another definition")
    with pytest.raises(TypeError, match="cannot compare Program with Function"):
        difference(first, main(second))


def test_a_difference_carries_both_places() -> None:
    programs = [mixed(), edited(EDITS["kind"][0])]
    sources = [Source("one"), Source("two")]
    for program, source in zip(programs, sources, strict=True):
        ops(program)["scaled"].span = Span(source, 0, 3)
    found = difference(*programs)
    assert found is not None
    assert [span and span.text for span in found.spans] == ["one", "two"]


def test_long_and_deep_programs() -> None:
    assert difference(deep(20_000), deep(20_000)) is None
    first, second = chain(20_000), chain(20_000)
    *_, last = second.functions["main"].body.ops
    last.results[0].type = FP16(2)
    assert str(difference(first, second)) == (
        "function main, op 20000 relu `v19999`: type of `v19999`: "
        "tensor<fp32, [2]> against tensor<fp16, [2]>"
    )


# Literals

NAN, OTHER_NAN = b"\x00\x00\xc0\x7f", b"\x01\x00\xc0\x7f"
LONG = tensor(FP32, (4, 5), range(20))
LISTS = ListType(INT32(), None)


class Lazy:
    """A payload that reads only when asked."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.reads = 0

    def read(self) -> bytes:
        self.reads += 1
        return self.data


def listed(*numbers: int) -> ListLiteral:
    return ListLiteral(LISTS, [scalar_literal(INT32, number) for number in numbers])


DIFFERENT: dict[str, tuple[Literal, Literal, str]] = {
    "scalars": (scalar_literal(INT32, 1), scalar_literal(INT32, 2), "1 against 2"),
    "booleans": (scalar_literal(BOOL, True), scalar_literal(BOOL, False), "true against false"),
    "strings": (string_literal("a"), string_literal("b"), '"a" against "b"'),
    "types": (
        scalar_literal(INT32, 1),
        scalar_literal(FP32, 1),
        "int32 against fp32",
    ),
    "short tensors": (
        tensor(INT32, (2,), [1, 1]), tensor(INT32, (2,), [2, 2]), "[1, 1] against [2, 2]",
    ),
    "long tensors": (
        LONG,
        tensor(FP32, (4, 5), [*range(13), 99, *range(14, 20)]),
        ", element [2, 3]: 13.0 against 99.0",
    ),
    "sub-byte tensors": (
        tensor(UINT3, (3, 7), [1] * 21),
        tensor(UINT3, (3, 7), [*([1] * 18), 5, 1, 1]),
        ", element [2, 4]: 1 against 5",
    ),
    "signed sub-byte tensors": (
        tensor(INT4, (9,), [-1] * 9),
        tensor(INT4, (9,), [*([-1] * 8), -2]),
        ", element [8]: -1 against -2",
    ),
    "padding bits": (
        TensorLiteral(INT4(1), b"\x01"), TensorLiteral(INT4(1), b"\x11"),
        "padding bits against other padding bits",
    ),
    "zeros of both signs": (
        scalar_literal(FP32, 0.0), scalar_literal(FP32, -0.0), "0.0 against -0.0",
    ),
    "two kinds of NaN": (
        TensorLiteral(FP32(), NAN), TensorLiteral(FP32(), OTHER_NAN),
        "nan (0x0000c07f) against nan (0x0100c07f)",
    ),
    "string tensors": (
        tensor(STRING, (9,), "abcdefghi"), tensor(STRING, (9,), "abcdefgxi"),
        ', element [7]: "h" against "x"',
    ),
    "tensors of unknown length": (
        TensorLiteral(UINT8(None), b"\x01\x02"), TensorLiteral(UINT8(None), b"\x01\x03"),
        "[1, 2] against [1, 3]",
    ),
    "lengths": (
        TensorLiteral(UINT8(None), b"\x01"), TensorLiteral(UINT8(None), b"\x01\x03"),
        "1 elements or bytes against 2",
    ),
    "blobs by offset": (
        BlobRef(FP32(9), "@model_path/w.bin", 64), BlobRef(FP32(9), "@model_path/w.bin", 128),
        "blob @model_path/w.bin at 64 against blob @model_path/w.bin at 128",
    ),
    "blobs by path": (
        BlobRef(FP32(9), "@model_path/w.bin", 64), BlobRef(FP32(9), "@model_path/v.bin", 64),
        "blob @model_path/w.bin at 64 against blob @model_path/v.bin at 64",
    ),
    "a blob and a tensor": (
        BlobRef(FP32(4, 5), "@model_path/w.bin", 64), LONG,
        "blob @model_path/w.bin at 64 against 20 elements",
    ),
    "list items": (listed(1, 2, 3), listed(1, 9, 3), ", item 1: 2 against 9"),
    "list lengths": (
        listed(1), listed(1, 2),
        "list<int32, ?> of 1 parts against list<int32, ?> of 2 parts",
    ),
    "dict keys": (
        literal({1: 5}, DictType(INT32(), INT32())), literal({2: 5}, DictType(INT32(), INT32())),
        ", key 0: 1 against 2",
    ),
    "dict entries written in another order": (
        literal({"b": "1", "a": "2"}), literal({"a": "3", "b": "1"}),
        ', entry "a": "2" against "3"',
    ),
    "tuples within tuples": (
        TupleLiteral(TupleType(LISTS, LISTS), [listed(1), listed(2, 3)]),
        TupleLiteral(TupleType(LISTS, LISTS), [listed(1), listed(2, 4)]),
        ", item 1, item 1: 3 against 4",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", DIFFERENT)
def test_differences_of_literals(what: str) -> None:
    left, right, words = DIFFERENT[what]
    first, second = (Op("const", attributes={"val": literal}) for literal in (left, right))
    joint = "" if words.startswith(",") else ": "
    assert not same_literal(left, right)
    assert str(difference(first, second)) == f"op 1 const: attribute `val`{joint}{words}"
    assert difference(first, Op("const", attributes={"val": left})) is None


def test_equal_literals_are_equal_whatever_holds_them() -> None:
    data = LONG.data
    lazy = Lazy(data)
    assert same_literal(LONG, TensorLiteral(LONG.type, bytes(bytearray(data))))
    assert same_literal(LONG, TensorLiteral(LONG.type, lazy))
    assert same_literal(TensorLiteral(LONG.type, lazy), TensorLiteral(LONG.type, Lazy(data)))
    assert lazy.reads == 2
    same = TensorLiteral(LONG.type, lazy)
    assert same_literal(same, TensorLiteral(LONG.type, lazy))
    assert lazy.reads == 2, "one and the same payload need not be read"
    assert same_literal(TensorLiteral(FP32(), NAN), TensorLiteral(FP32(), NAN))


def test_deep_literals_compare() -> None:
    def nest(depth: int, number: int) -> Literal:
        literal: Literal = scalar_literal(INT32, number)
        for _ in range(depth):
            literal = TupleLiteral(TupleType(literal.type), [literal])
        return literal

    assert same_literal(nest(5000, 1), nest(5000, 1))
    assert not same_literal(nest(5000, 1), nest(5000, 2))


def test_docs_count_unless_left_out() -> None:
    plain, doc = scalar_literal(INT32, 1), TensorLiteral(INT32(), b"\x01\0\0\0", "words")
    assert not same_literal(plain, doc)
    assert same_literal(plain, doc, docs=False)
    inner = [ListLiteral(LISTS, [literal]) for literal in (plain, doc)]
    assert not same_literal(*inner)
    assert same_literal(*inner, docs=False)
