"""The builder: what it builds is sound, reads well, and says what is wrong where it is wrong."""

from __future__ import annotations

import doctest
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

import milc.ir.builder
from milc.diagnostics import Source, Span
from milc.ir.builder import Builder
from milc.ir.literals import (
    WEIGHT_FILE,
    BlobRef,
    TensorLiteral,
    scalar_literal,
    string_literal,
)
from milc.ir.nodes import Block, Op, Value
from milc.ir.rewriter import Rewriter
from milc.ir.types import (
    BOOL,
    FP16,
    FP32,
    INT32,
    STRING,
    DictType,
    ListType,
    StateType,
    TensorType,
)
from milc.ir.walk import signature, walk_ops
from milc.verify import check_links
from milc.verify import verify_structure as verify
from tests.ir.samples import mixed, ops, values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from milc.ir.nodes import Program


def sound(program: Program) -> bool:
    return check_links(program) == [] and verify(program) == []


class Body(NamedTuple):
    """An open function: its builder and its inputs."""

    builder: Builder
    x: Value
    y: Value
    p: Value


@pytest.fixture
def body() -> Iterator[Body]:
    """A builder within a function, which has to be sound in the end."""
    builder = Builder(opset="ios17")
    with builder.function("main", x=FP32(2), y=FP16(2), p=BOOL) as (x, y, p):
        yield Body(builder, x, y, p)
        builder.outputs(builder.op("identity", FP32(2), x=x, name="out"))
    assert sound(builder.program)


def constants(op: Op) -> dict[str, object]:
    """The literals bound to an op's arguments by way of const ops: type and values."""
    found: dict[str, object] = {}
    for arg, index, operand in op.operands:
        literal = operand.literal if isinstance(operand, Value) else None
        if isinstance(literal, TensorLiteral):
            found[f"{arg}{index}"] = (literal.type, literal.values())
    return found


def test_the_example_of_the_docstring_runs() -> None:
    assert doctest.testmod(milc.ir.builder).failed == 0


def test_what_is_built_is_sound() -> None:
    assert sound(mixed())


@pytest.mark.parametrize(
    ("opset", "version"),
    [("ios15", "1.0"), ("ios16", "1.0"), ("ios17", "1.0"), ("ios18", "1.3"), ("ios26", "1.3")],
)
def test_the_version_follows_the_opset(opset: str, version: str) -> None:
    assert Builder(opset=opset).program.version == version
    assert Builder(opset=opset, version="1.3").program.version == "1.3"


def test_build_info() -> None:
    program = Builder(build_info={"coremltools-version": "9.0"}).program
    assert program.attributes["buildInfo"].type is DictType(STRING(), STRING())
    assert Builder(build_info={}).program.attributes["buildInfo"].type is not None
    assert Builder().program.attributes == {}


def test_functions() -> None:
    builder = Builder(opset="ios18")
    with builder.function("main", {"name": FP32(2), "opset": FP16}) as (first, second):
        assert (first.name, second.name) == ("name", "opset")
        builder.outputs(builder.op("relu", FP32(2), x=first))
    with builder.function("other", opset="ios17", x=FP32) as (x,):
        builder.outputs(builder.op("relu", FP32, x=x, name="relu_0"))
    functions = builder.program.functions
    assert list(functions) == ["main", "other"]
    assert [function.opset for function in functions.values()] == ["ios18", "ios17"]
    assert signature(functions["other"]).inputs == (("x", FP32()),)
    assert functions["other"].outputs[0].name == "relu_0", "functions share no names"
    assert sound(builder.program)


def test_functions_do_not_nest_and_have_names_of_their_own() -> None:
    builder = Builder()
    opened = builder.function("main", x=FP32(2))
    with opened, pytest.raises(ValueError, match="cannot begin here"), builder.function("other"):
        pass
    with pytest.raises(ValueError, match="cannot begin here"), builder.function("main"):
        pass
    with pytest.raises(ValueError, match="no function is open"):
        builder.const(1)


def test_a_function_that_fails_is_not_added() -> None:
    builder = Builder()
    with pytest.raises(RuntimeError), builder.function("main", x=FP32(2)):
        raise RuntimeError
    assert builder.program.functions == {}
    with builder.function("main", x=FP32(2)) as (x,):
        builder.outputs(builder.op("relu", FP32(2), x=x))
    assert sound(builder.program)


def test_an_input_keeps_its_name_even_if_it_is_reserved() -> None:
    builder = Builder()
    with builder.function("main", state=FP32(2)) as (state,):
        assert state.name == "state"
        builder.outputs(builder.op("relu", FP32(2), x=state))


def test_python_values_become_consts_in_front(body: Body) -> None:
    found = body.builder.op(
        "conv", FP32(2), x=body.x, strides=[1, 1], pad_type="valid", groups=1, name="c"
    )
    assert found.op is not None
    assert constants(found.op) == {
        "strides0": (INT32(2), [1, 1]),
        "pad_type0": (STRING(), ["valid"]),
        "groups0": (INT32(), [1]),
    }
    names = [op.results[0].name for op in body.x.owner.body.ops]  # type: ignore[union-attr]
    assert names == ["c_strides_0", "c_pad_type_0", "c_groups_0", "c"]
    assert found.op.args["strides"][0].op.name == "c_strides_0"  # type: ignore[union-attr]


def test_python_floats_take_the_type_of_the_first_float_operand(body: Body) -> None:
    builder = body.builder
    for x, y, wanted in (
        (body.y, 2.0, FP16()),
        (body.x, [1.0, 2.0], FP32(2)),
        (body.p, 2.0, FP32()),
    ):
        op = builder.op("mul", FP32(2), x=x, y=y).op
        assert op is not None
        assert constants(op)["y0"][0] is wanted  # type: ignore[index]
    op = builder.op("mul", FP16(2), first=1, x=2.0, y=body.y, z=body.x).op
    assert op is not None
    assert [held[0] for held in constants(op).values()] == [INT32(), FP16()]  # type: ignore[index]


def test_arrays_keep_their_type(body: Body) -> None:
    op = body.builder.op("add", FP16(2), x=body.y, y=np.zeros(2), z=np.float32(1)).op
    assert op is not None
    kinds = [held[0].element.name for held in constants(op).values()]  # type: ignore[index]
    assert kinds == ["fp64", "fp32"]


def test_literals_stand_in_the_argument(body: Body) -> None:
    literal = scalar_literal(INT32, 1)
    op = body.builder.op("gather", FP32(2), x=body.x, axis=literal).op
    assert op is not None
    assert op.args["axis"] == (literal,)


def test_variadic_arguments(body: Body) -> None:
    literal = scalar_literal(FP32, 1.0)
    op = body.builder.op(
        "concat", FP32(9), values=(body.x, 2.0, literal), more=[body.x], axis=0, name="c"
    ).op
    assert op is not None
    x, const, inline = op.args["values"]
    assert (x, inline) == (body.x, literal)
    assert isinstance(const, Value)
    assert const.name == "c_values1_0"
    assert op.args["more"] == (body.x,)


def test_none_leaves_an_argument_out(body: Body) -> None:
    op = body.builder.op("conv", FP32(2), x=body.x, bias=None).op
    assert op is not None
    assert list(op.args) == ["x"]


def test_what_is_no_operand_is_refused(body: Body) -> None:
    for wrong in (object(), {1, 2}, FP32):
        with pytest.raises(TypeError, match="neither a value nor a constant"):
            body.builder.op("relu", FP32(2), x=wrong)
    with pytest.raises(TypeError, match="no element type fits"):
        body.builder.op("concat", FP32(2), values=())


def test_names_are_wishes(body: Body) -> None:
    builder = body.builder
    found = [
        builder.op("relu", FP32(2), x=body.x, name=name) for name in ("x", "", "r", "r", "any")
    ]
    assert [value.name for value in found] == ["x_0", "relu_0", "r", "r_0", "any_0"]
    assert [value.op and value.op.name for value in found] == ["x_0", "relu_0", "r", "r_0", "any_0"]


def test_several_results_and_none(body: Body) -> None:
    builder = body.builder
    first, second = builder.op("split", [FP32(1), FP32(1)], x=body.x, name="s")
    assert (first.name, second.name, first.op, second.op.name) == (  # type: ignore[union-attr]
        "s_0", "s_1", second.op, "s",
    )  # fmt: skip
    found = builder.op("lstm", [FP32(1), FP32], x=body.x, results=["hidden", "s_0"])
    assert [value.name for value in found] == ["hidden", "s_0_0"]
    assert found[1].type is FP32()
    assert builder.op("write_state", (), input=body.x) == ()
    assert builder.op("split", [FP32(1)], x=body.x) is not None
    with pytest.raises(ValueError, match="1 names for 2 results"):
        builder.op("split", [FP32(1), FP32(1)], x=body.x, results=["a"])


def test_attributes_opset_and_name(body: Body) -> None:
    op = body.builder.op(
        "constexpr_cast", FP32(2), opset="ios16", attributes={"output_dtype": "fp32", "n": [1, 2]}
    ).op
    assert op is not None
    assert op.opset == "ios16"
    assert op.attributes["output_dtype"] == string_literal("fp32")
    assert op.attributes["n"].type is INT32(2)
    assert op.name == "constexpr_cast_0"
    named = body.builder.op("relu", FP32(2), x=body.x, attributes={"name": "other"}, name="r").op
    assert named is not None
    assert named.name == "other"


def test_consts(body: Body) -> None:
    builder = body.builder
    weights = builder.const(np.ones((2, 3), np.float16), name="w")
    assert (weights.name, weights.type) == ("w", FP16(2, 3))
    assert builder.const(1, FP16).type is FP16()
    assert builder.const([1, 2], FP32(2)).type is FP32(2)
    held = builder.const(["a"], ListType(STRING(), 1))
    assert (held.name, held.type) == ("const_2", ListType(STRING(), 1))
    blob = builder.blob(FP32(9, 9), 64, name="b")
    assert blob.literal == BlobRef(FP32(9, 9), WEIGHT_FILE, 64)
    assert builder.blob(FP32(9), 128, "@model_path/other.bin").type is FP32(9)


def test_states() -> None:
    builder = Builder()
    with builder.function("main", x=FP16(2), cache=StateType(FP16(2))) as (x, cache):
        held = builder.read_state(cache, name="held")
        assert held.type is FP16(2)
        builder.write_state(cache, builder.op("add", FP16(2), x=held, y=x))
        with pytest.raises(TypeError, match="is no state"):
            builder.read_state(x)
        builder.outputs(held)
    *_, last = builder.program.functions["main"].body.ops
    assert (last.kind, last.results, last.name) == ("write_state", [], "write_state_0")
    assert sound(builder.program)


def test_cond(body: Body) -> None:
    builder = body.builder
    with builder.cond(body.p, name="r") as choice:
        with pytest.raises(ValueError, match="not complete"):
            _ = choice.result
        with choice.otherwise():
            builder.outputs(body.x)
        with choice.then():
            builder.outputs(builder.op("relu", FP32(2), x=body.x))
    op = choice.result.op
    assert op is not None
    assert (choice.result.name, choice.result.type, op.name) == ("r", FP32(2), "r")
    assert op.args == {"pred": (body.p,)}
    assert [len(block) for block in op.blocks] == [1, 0], "the block for true comes first"
    with builder.cond(True) as other:
        with other.then():
            builder.outputs(body.x, body.y)
        with other.otherwise():
            builder.outputs(body.x, body.y)
    assert [value.name for value in other.results] == ["cond_0_0", "cond_0_1"]
    with pytest.raises(ValueError, match="unpack"):
        _ = other.result


def test_cond_wants_both_blocks() -> None:
    builder = Builder()
    with builder.function("main", x=FP32(2), p=BOOL) as (x, p):
        choice = builder.cond(p, name="r")
        with choice.then():
            builder.outputs(x)
        with pytest.raises(ValueError, match="cond r has no otherwise block"), choice:
            pass


def test_cond_wants_the_same_types() -> None:
    builder = Builder()
    with builder.function("main", x=FP32(2), y=FP16(2), p=BOOL) as (x, y, p):
        choice = builder.cond(p)
        with choice.then():
            builder.outputs(x)
        with choice.otherwise():
            builder.outputs(y)
        with pytest.raises(ValueError, match="give the types"), choice:
            pass


def test_cond_may_be_given_types(body: Body) -> None:
    builder = body.builder
    with builder.cond(body.p, types=[FP32(None)]) as choice:
        with choice.then():
            builder.outputs(body.x)
        with choice.otherwise():
            builder.outputs(builder.op("tile", FP32(4), x=body.x, reps=[2]))
    assert choice.result.type is FP32(None)


def test_while_loop(body: Body) -> None:
    builder = body.builder
    with builder.while_loop(0, body.x, scalar_literal(INT32, 5), name="loop") as loop:
        with loop.condition() as (i, x, n):
            assert [value.type for value in (i, x, n)] == [INT32(), FP32(2), INT32()]
            builder.outputs(builder.op("less", BOOL, x=i, y=n))
        with loop.body() as (i, x, n):
            builder.outputs(builder.op("add", INT32, x=i, y=1), x, n)
    op = loop.results[0].op
    assert op is not None
    assert [value.type for value in loop.results] == [INT32(), FP32(2), INT32()]
    assert len(op.args["loop_vars"]) == 3
    assert [block.inputs[1].name for block in op.blocks] == ["x_0", "x_1"]
    empty = builder.while_loop(body.x)
    with pytest.raises(ValueError, match="has no condition and no body block"), empty:
        pass


def test_nested_blocks_for_any_op(body: Body) -> None:
    builder = body.builder
    with builder.block({"block": FP32(2)}, a=FP16) as block:
        builder.outputs(builder.op("relu", FP32(2), x=block.inputs[0]))
    assert [(value.name, value.type) for value in block.inputs] == [
        ("block", FP32(2)), ("a", FP16()),
    ]  # fmt: skip
    op = builder.op("map", FP32(2), x=body.x, blocks=[block]).op
    assert op is not None
    assert op.blocks == [block]
    assert block.outputs[0].op in block.ops


def test_building_into_an_existing_function() -> None:
    program = mixed()
    rewriter = Rewriter(program.functions["main"])
    span = Span(Source("text"), 0, 4)
    by_op, by_value = ops(program), values(program)
    by_op["chosen"].span = span
    x = by_value["x"]
    before = Builder.at(rewriter, before=by_op["chosen"])
    first = before.op("add", FP32(2), x=x, y=1.0, name="scaled")
    after = Builder.at(rewriter, after=by_op["chosen"])
    second = after.op("relu", FP32(2), x=first)
    third = after.op("relu", FP32(2), x=second)
    with after.cond(by_value["p"]) as choice:
        for part in (choice.then, choice.otherwise):
            with part():
                after.outputs(after.op("relu", FP32(2), x=third))
    last = Builder.at(rewriter, end=by_op["step"].blocks[1]).op("relu", FP32(2), x=x)
    assert first.name == "scaled_0"
    assert [op.results[0].name for op in program.functions["main"].body.ops] == [
        "scaled_y_0", "scaled", "scaled_0_y_0", "scaled_0", "chosen", "relu_0", "relu_1", "cond_0",
        "loop_loop_vars0_0", "loop_0",
    ]  # fmt: skip
    assert {op.span for op in walk_ops(choice.result.op)} == {span}  # type: ignore[arg-type]
    assert (first.span, second.span, last.span) == (span, span, None)
    assert rewriter.changes == 6
    assert sound(program)


def test_building_wants_a_place_in_the_function() -> None:
    program = mixed()
    rewriter = Rewriter(program.functions["main"])
    with pytest.raises(ValueError, match="name a place"):
        Builder.at(rewriter)
    with pytest.raises(ValueError, match="name a place"):
        Builder.at(rewriter, before=ops(mixed())["scaled"])
    with pytest.raises(ValueError, match="name a place"):
        Builder.at(rewriter, end=Block())


def test_a_builder_at_a_place_opens_no_function() -> None:
    program = mixed()
    rewriter = Rewriter(program.functions["main"])
    builder = Builder.at(rewriter, end=program.functions["main"].body)
    with pytest.raises(ValueError, match="cannot begin here"), builder.function("other"):
        pass


def test_shapes_of_types() -> None:
    assert FP32(1, None) is TensorType(FP32, (1, None))
