"""What texts mean: the nodes that come of each feature of the language."""

from __future__ import annotations

from milc.ir.literals import BlobRef, DictLiteral, ListLiteral, Literal, TensorLiteral, TupleLiteral
from milc.ir.nodes import Block, Function, Op, Value
from milc.ir.types import (
    BOOL,
    FP16,
    FP32,
    INT32,
    STRING,
    VARIADIC,
    DictType,
    ListType,
    StateType,
    TensorBufferType,
    TensorType,
    TupleType,
)
from milc.ir.walk import walk_ops
from milc.syntax.parse import parse
from milc.syntax.print import to_text
from tests.text.texts import PROGRAMS


def main(name: str) -> Function:
    return parse(PROGRAMS[name]).functions["main"]


def ops(name: str) -> dict[str, Op]:
    """Ops by the name of their first result."""
    return {op.results[0].name: op for op in walk_ops(main(name)) if op.results}


def python(literal: Literal) -> object:
    """A literal as Python's values."""
    if isinstance(literal, DictLiteral):
        return {python(key): python(value) for key, value in literal.entries}
    if isinstance(literal, ListLiteral):
        return [python(item) for item in literal.items]
    if isinstance(literal, TupleLiteral):
        return tuple(map(python, literal.items))
    assert isinstance(literal, TensorLiteral)
    return literal.item() if literal.type.is_scalar else literal.values()


def bound(op: Op, argument: str) -> list[str | Literal]:
    """What an argument binds, values by their names."""
    return [o.name if isinstance(o, Value) else o for o in op.args[argument]]


def test_a_function() -> None:
    program = parse(PROGRAMS["functions"])
    assert list(program.functions) == ["first", "second", "empty"]
    first, second, empty = program.functions.values()
    assert (first.opset, second.opset) == ("ios18", "ios17")
    assert {name: python(value) for name, value in second.attributes.items()} == {"a": 1, "b": {}}
    assert [value.name for value in second.outputs] == ["y", "x"]
    assert second.outputs[1] is second.inputs[0]
    assert (len(empty.body), empty.outputs) == (0, [])
    assert parse(PROGRAMS["empty"]).version == "1.0"


def test_results_and_operands() -> None:
    held = ops("operations")
    three = held["a"]
    assert [result.name for result in three.results] == ["a", "b", "c"]
    assert bound(held["one"], "values") == ["a"]
    assert bound(held["none"], "values") == []
    assert bound(held["many"], "values") == ["a", "b", "c", "a", "a"]
    assert held["many"].args["values"][0] is three.results[0]
    assert three.results[0].uses[held["many"]] == 3
    first, number, pair, last = held["inside"].args["values"]
    assert (first, last) == (three.results[0], three.results[1])
    assert isinstance(number, TensorLiteral)
    assert isinstance(pair, TensorLiteral)
    assert (python(number), python(pair)) == (1.0, [1.0, 2.0])
    assert held["forward"].args["x"] == (held["later"].result,)
    assert list(held["a_"].args) == ["b", "a", "c"]


def test_ops_without_results_and_without_attributes() -> None:
    first, second, third, write, *_ = main("operations").body.ops
    assert [op.kind for op in (first, second, third)] == ["relu", "print_it", "print_it"]
    assert not any(op.results or op.attributes for op in (first, second, third))
    assert (write.kind, write.results, write.name) == ("write_state", [], "write")
    assert write.args["input"] == (main_input(write, "s"),)


def main_input(op: Op, name: str) -> Value:
    """The input of the function that holds an op."""
    assert op.parent is not None
    assert op.parent.function is not None
    (found,) = (value for value in op.parent.function.inputs if value.name == name)
    return found


def test_an_opset_suffix() -> None:
    held = ops("operations")
    assert (held["suffix"].kind, held["suffix"].opset) == ("tensor_buffer_to_tensor", "ios17")
    assert held["one"].opset is None


def test_constexpr_ops_in_both_forms() -> None:
    held = ops("operations")
    old, new = held["old"], held["new"]
    assert old.args == {}
    assert list(old.attributes) == ["axis", "name", "quantized_data", "scale", "zero_point"]
    data = old.attributes["quantized_data"]
    assert isinstance(data, BlobRef)
    assert (data.path, data.offset) == ("@model_path/weights/weight.bin", 64)
    assert list(new.attributes) == ["name"]
    (inline,) = new.args["data"]
    assert isinstance(inline, TensorLiteral)
    assert inline.values() == [-8, 7]


def test_blocks() -> None:
    held = ops("blocks")
    yes, no = held["y"].blocks
    assert [op.kind for op in yes.ops] == ["relu"]
    assert len(no) == 0
    assert no.outputs[0].name == "x"
    assert isinstance(no.outputs[0].owner, Function)
    condition, body = held["i"].blocks
    assert [value.name for value in condition.inputs] == ["i_x", "held_x"]
    assert [value.type for value in condition.inputs] == [INT32(), FP16(2)]
    assert condition.inputs[0] is not body.inputs[0]
    assert body.outputs == [held["less"].result, held["inner"].result]
    assert isinstance(body.inputs[0].owner, Block)
    assert held["deep"].parent is held["inner"].blocks[0]
    assert held["deep"].blocks[0].outputs == [body.inputs[1]]


def test_a_name_in_a_block_hides_the_one_around_it() -> None:
    """`t` is a name of the first branch, and again of the function behind it."""
    function = main("blocks")
    inner, outer = (op for op in walk_ops(function) if op.results and op.results[0].name == "t")
    assert inner.parent is not function.body
    assert function.outputs[0] is outer.result


def test_types() -> None:
    held = {value.name: value.type for value in main("types").inputs}
    assert held["a"] is BOOL()
    assert held["scalar"] is FP16()
    assert held["cube"] is FP16(1, None, 3)
    assert held["any_rank"] is TensorType(FP16, (VARIADIC,))
    assert held["some"] is TensorType(FP16, (1, VARIADIC, 2))
    assert held["unknown"] is TensorType(FP32, None)
    assert held["nothing"] is STRING(0, 0)
    assert held["open"] is ListType(FP16(), None)
    assert held["closed"] is ListType(FP16(2), 4)
    assert held["both"] is ListType(TensorType(FP32, None), VARIADIC)
    assert held["map"] is DictType(STRING(), INT32())
    assert held["unit"] is TupleType()
    assert held["cache"] is StateType(FP16(1, 1, 4, 64))
    assert held["buffer"] is TensorBufferType(FP16, (16, 1, 64), (64, 64, 1), (1, 1, 1))


def test_containers() -> None:
    program = parse(PROGRAMS["containers"])
    assert {name: python(value) for name, value in program.attributes.items()} == {
        "buildInfo": {},
        "other": {-2: [[1.0, 2.0], [3.0, 4.0]], 1: []},
        "version": 3,
    }
    flexible = program.functions["main"].attributes["FlexibleShapeInformation"]
    assert python(flexible) == (
        ("DefaultShapes", {"x": [1, 4]}),
        ("RangeDims", {"x": [[1, 8], [4, 4]]}),
    )
    values = {
        name: op.attributes["val"] for name, op in ops("containers").items() if name != "label"
    }
    assert {name: python(value) for name, value in values.items() if name != "all"} == {
        "names": ["a", "b, c", "]"],
        "empty": [],
        "nested": [[True], [False]],
        "nothing": (),
        "one": (1,),
        "two": (1, ("a", float("inf"))),
        "costs": {"ane": 0.0012258781209570095, "cpu": 0.0},
        "maps": {0: {}, 1: {"k": True}},
    }


def test_quoted_names() -> None:
    function = parse(PROGRAMS["names"]).functions["main func"]
    assert function.opset == "ios 18"
    names = [value.name for op in function.body.ops for value in op.results]
    for name in ("stem.0.weight", "a b", '"', "`\\\n\x07é", "é", "_", "true", "BLOBFILE"):
        assert name in names
    odd = next(op for op in function.body.ops if op.kind == "op kind")
    assert list(odd.args) == ["an arg"]
    assert python(odd.attributes["an attribute"]) == "`"


def test_names_are_quoted_where_they_must_be() -> None:
    """Words of the language, and what is no identifier; all other names stand bare."""
    printed = to_text(parse(PROGRAMS["names"]))
    for shown in (
        "func `main func`<`ios 18`>(", "`fp16`", "`tensor`", "`func`", "`stem.0.weight`", "`true`",
        r"`\`\\\n\x07é`", "`op kind`(`an arg` = `a b`)", "relu<ios17>(", "concat<`ios 17`>(",
        " nan = relu(x = inf)", "false_ = ", "tensor_buffer = ",
    ):  # fmt: skip
        assert shown in printed, shown


def test_spans() -> None:
    text = PROGRAMS["operations"]
    for op in walk_ops(parse(text)):
        assert op.span is not None
        assert op.span.text.endswith(";")
        assert op.kind in op.span.text
        for value in op.results:
            assert value.span is not None
            assert value.span.text == value.name
