"""What a program leaves to be understood, written out: in place, and as edits of its text."""

from __future__ import annotations

import pytest

from milc.diagnostics import Source, edits
from milc.ir.literals import TensorLiteral
from milc.ir.nodes import Program
from milc.ir.types import STRING, TO_INFER
from milc.ir.walk import walk_values
from milc.syntax.parse import read
from milc.syntax.print import to_text
from milc.verify import check_links, verify
from milc.verify.completing import (
    completions,
    has_open_types,
    infer_types,
    unwritten,
    write_defaults,
)


def program(statements: str, outputs: str = "y", opset: str = "ios17") -> Program:
    """A program of one function around some statements."""
    text = (
        f"program(1.3)\n{{\n    func main<{opset}>(tensor<fp32, [2, 3]> x, "
        f"tensor<fp32, [?, 3]> u, bool p, tensor<int32, [?]> v) {{\n        {statements}\n"
        f"    }} -> ({outputs});\n}}\n"
    )
    made, found = read(Source(text, "case.mil"))
    assert not found, "\n".join(map(str, found))
    return made


def edited(made: Program) -> str:
    """The text of a program after the edits that complete it."""
    assert made.source is not None
    return edits.apply(made.source.text, completions(made))


def types(made: Program) -> dict[str, str]:
    """The types of all results by name."""
    return {value.name: repr(value.type) for value in walk_values(made) if value.op is not None}


# Open types


def test_types_come_in_the_order_of_the_program() -> None:
    made = program(
        "_ k = const()[val = int32(1)]; _ a = relu(x = u); _ b, _ i = topk(x = a, k = k);"
        " _ y = cond(pred = p) { _ t = exp(x = b); } -> (t), { _ f = relu(x = b); } -> (f);"
    )
    assert has_open_types(made)
    assert infer_types(made) == []
    assert not has_open_types(made)
    column = "tensor<fp32, [?, 1]>"
    assert types(made) == {
        "k": "int32", "a": "tensor<fp32, [?, 3]>", "b": column, "i": "tensor<int32, [?, 1]>",
        "y": column, "t": column, "f": column,
    }  # fmt: skip
    check_links(made)
    assert verify(made) == []


def test_a_program_without_open_types_is_not_looked_at() -> None:
    made = program("tensor<fp32, [9]> y = nothing_such(x = x);")
    assert infer_types(made) == []
    assert completions(made) == []


@pytest.mark.parametrize(
    ("statements", "codes"),
    [
        ("_ y = relu(x = x, z = x);", ["MIL0303"]),
        ("_ a = relu(z = x); _ y = relu(x = a);", ["MIL0304", "MIL0303"]),
        ("_ y = nothing_such(x = x);", ["MIL0301"]),
        ("_ y = fill(shape = v, value = fp32(0));", ["MIL0315"]),
    ],
)  # fmt: skip
def test_what_cannot_be_inferred_stays_open_and_is_told(statements: str, codes: list[str]) -> None:
    made = program(statements)
    found = infer_types(made)
    assert sorted(finding.code for finding in found) == sorted(codes)
    last = made.functions["main"].body.last
    assert last is not None
    assert last.result.type is TO_INFER


def test_types_are_edited_where_they_stand_and_nothing_else_is() -> None:
    made = program('_   a   =relu(x = u) ; // kept\n  _ y = exp(x=a)[name = string("_ y")];')
    text = edited(made)
    assert "tensor<fp32, [?, 3]>   a   =relu(x = u) ; // kept\n" in text
    assert '  tensor<fp32, [?, 3]> y = exp(x=a)[name = string("_ y")];' in text
    assert verify(read(Source(text))[0]) == []


# Defaults


def test_defaults_become_consts_in_front_of_the_op() -> None:
    made = program(
        'tensor<fp32, [2, 3]> y = softmax(x = x)[name = string("soft")];'
        " tensor<fp32, [2, 3]> z = gelu(x = y);",
        "z",
    )
    assert [(each.op.kind, each.arg) for each in unwritten(made)] == [
        ("softmax", "axis"),
        ("gelu", "mode"),
    ]
    assert write_defaults(made) == 2
    assert write_defaults(made) == 0
    check_links(made)
    ops = list(made.functions["main"].body.ops)
    assert [op.kind for op in ops] == ["const", "softmax", "const", "gelu"]
    assert [op.result.name for op in ops] == ["soft_axis_0", "y", "z_mode_0", "z"]
    meant = ops[2].result.literal
    assert isinstance(meant, TensorLiteral)
    assert (meant.type, meant.values()) == (STRING(), ["EXACT"])
    assert verify(made) == []


def test_names_of_defaults_are_free() -> None:
    made = program(
        "int32 y_axis_0 = const()[val = int32(0)]; tensor<fp32, [2, 3]> y = softmax(x = x);"
        " tensor<fp32, [2, 3]> z = softmax(x = y, axis = y_axis_0);",
        "z",
    )
    assert write_defaults(made) == 1
    names = [value.name for value in walk_values(made)]
    assert len(names) == len(set(names))
    assert verify(made) == []


def test_defaults_within_blocks_stay_there() -> None:
    made = program(
        "tensor<fp32, [2, 3]> y = cond(pred = p) { tensor<fp32, [2, 3]> t = softmax(x = x); }"
        " -> (t), { tensor<fp32, [2, 3]> f = gelu(x = x); } -> (f);"
    )
    assert write_defaults(made) == 2
    check_links(made)
    assert [op.kind for op in made.functions["main"].body.ops] == ["cond"]
    assert verify(made) == []


def test_defaults_depend_on_the_operands() -> None:
    text = (
        "program(1.3) { func main<ios17>(tensor<fp16, [1, 3, 8, 8]> x) { _ y = max_pool(x = x, "
        'kernel_sizes = tensor<int32, [2]>([2, 2]), pad_type = string("valid")); } -> (y); }'
    )
    pool = read(Source(text, "case.mil"))[0]
    assert infer_types(pool) == []
    held = {each.arg: each.meant for each in unwritten(pool)}
    values = {name: meant.values() for name, meant in held.items() if hasattr(meant, "values")}
    assert values["strides"] == [1, 1]
    assert values["pad"] == [0, 0, 0, 0]


def test_a_faulty_op_is_left_as_it_is() -> None:
    made = program("tensor<fp32, [2, 3]> y = softmax(x = p); tensor<fp32, [2, 3]> z = gelu(x = x);")
    assert [each.op.kind for each in unwritten(made)] == ["gelu"]
    assert "softmax(x = p);" in edited(made)


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ("softmax(x = x)", "softmax(x = x, axis = int32(-1))"),
        ('softmax(x=x)[name=string(")")]', 'softmax(x=x, axis = int32(-1))[name=string(")")]'),
        ("reduce_sum(x = x)", "reduce_sum(x = x, keep_dims = bool(false))"),
    ],
)  # fmt: skip
def test_defaults_are_edited_into_the_brackets(statement: str, wanted: str) -> None:
    made = program(f"_ y = {statement};")
    text = edited(made)
    assert f"y = {wanted};" in text
    assert completions(read(Source(text))[0]) == []


def test_a_comment_behind_the_arguments_swallows_no_default() -> None:
    text = edited(program("_ y = softmax(x=x // )\n);"))
    assert "// )\n" in text
    made, found = read(Source(text))
    assert not found
    assert verify(made) == []
    assert completions(made) == []


def test_both_roads_lead_to_the_same_program() -> None:
    """Edited or in place, the types are the same, and nothing is left to say."""
    statements = "_ a = softmax(x = u); _ y = gelu(x = a);"
    by_edits, found = read(Source(edited(program(statements)), "edited.mil"))
    in_place = program(statements)
    assert not found
    infer_types(in_place)
    write_defaults(in_place)
    for made in (by_edits, in_place, read(Source(to_text(in_place)))[0]):
        assert verify(made) == []
        assert unwritten(made) == []
        assert types(made)["a"] == types(made)["y"] == "tensor<fp32, [?, 3]>"
