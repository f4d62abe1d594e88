"""Nodes: what building by hand gives, and the bookkeeping it does."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from milc.diagnostics import Source, Span
from milc.ir.literals import scalar_literal, string_literal
from milc.ir.nodes import Block, Function, Op, Program, Value, drop_use
from milc.ir.types import BOOL, FP32, INT32, STRING

if TYPE_CHECKING:
    from milc.ir.nodes import Operand


def relu(x: Operand, name: str) -> Op:
    """An op with one operand and one result."""
    return Op("relu", {"x": (x,)}, [Value(name, FP32(2))], {"name": string_literal(name)})


@pytest.fixture
def function() -> Function:
    """A function of one input and three ops in a row."""
    function = Function("main", "ios17", [Value("x", FP32(2))])
    value = function.inputs[0]
    for name in ("a", "b", "c"):
        value = function.body.append(relu(value, name)).result
    function.body.set_outputs([value])
    return function


def test_an_op_counts_its_operands_as_used() -> None:
    x = Value("x", FP32(2))
    op = Op("concat", {"values": (x, x), "axis": (scalar_literal(INT32, 0),)})
    other = Op("add", {"x": (x,), "y": (x,)})
    assert x.uses == {op: 2, other: 2}
    drop_use(x, op)
    assert x.uses == {op: 1, other: 2}
    drop_use(x, op)
    assert x.uses == {other: 2}


def test_an_op_owns_its_results_and_blocks() -> None:
    block, value = Block([Value("i", INT32())]), Value("y", FP32(2))
    op = Op("while_loop", results=[value], blocks=[block])
    assert value.owner is op
    assert value.op is op
    assert op.result is value
    assert block.parent is op
    assert block.inputs[0].owner is block
    assert block.inputs[0].op is None


def test_ops_are_linked_in_the_order_they_are_appended(function: Function) -> None:
    block = function.body
    a, b, c = block.ops
    assert (block.first, block.last, len(block)) == (a, c, 3)
    assert (a.prev, a.next, b.prev, b.next, c.prev, c.next) == (None, b, a, c, b, None)
    assert {op.parent for op in (a, b, c)} == {block}
    assert len(Block()) == 0
    assert Block(), "an empty block is true nevertheless"


def test_the_walk_over_ops_survives_erasing_the_op_just_given(function: Function) -> None:
    seen = []
    for op in function.body.ops:
        seen.append(op.result.name)
        op.next = op.prev = op.parent = None
    assert seen == ["a", "b", "c"]


def test_outputs_are_uses_of_the_block(function: Function) -> None:
    a, _, c = (op.result for op in function.body.ops)
    assert function.outputs == [c]
    assert c.uses == {function.body: 1}
    function.body.set_outputs([a, a])
    assert c.uses == {}
    assert a.uses[function.body] == 2


def test_a_block_knows_its_function_at_any_depth(function: Function) -> None:
    block = function.body
    for _ in range(2000):
        inner = Block()
        block.append(Op("cond", blocks=[inner]))
        block = inner
    assert block.function is function
    assert Block().function is None
    assert Block().append(Op("cond", blocks=[Block()])).blocks[0].function is None


def test_operands_come_with_their_place() -> None:
    x, one = Value("x", FP32(2)), scalar_literal(INT32, 1)
    op = Op("concat", {"values": (x, x), "axis": (one,)})
    assert list(op.operands) == [("values", 0, x), ("values", 1, x), ("axis", 0, one)]
    assert op.arg("axis") is one
    assert op.arg("interleave") is None
    with pytest.raises(ValueError, match="unpack"):
        op.arg("values")


def test_result_wants_exactly_one() -> None:
    with pytest.raises(ValueError, match="unpack"):
        _ = Op("write_state").result
    with pytest.raises(ValueError, match="unpack"):
        _ = Op("split", results=[Value("a", FP32()), Value("b", FP32())]).result


def test_the_name_of_an_op_is_its_attribute() -> None:
    assert relu(Value("x", FP32(2)), "y").name == "y"
    assert Op("relu").name is None
    assert Op("relu", attributes={"name": scalar_literal(INT32, 1)}).name is None


def test_only_a_const_has_a_literal() -> None:
    held = scalar_literal(FP32, 2.0)
    const = Op("const", results=[Value("c", FP32())], attributes={"val": held})
    other = Op("other", results=[Value("o", FP32())], attributes={"val": held})
    assert const.result.literal is held
    assert other.result.literal is None
    assert Value("x", FP32()).literal is None
    assert Op("const", results=[Value("c", FP32())]).result.literal is None


def test_functions_are_kept_by_name(function: Function) -> None:
    program = Program()
    assert program.add(function) is function
    assert program.functions == {"main": function}
    assert function.body.parent is function
    assert function.inputs[0].owner is function


def test_nodes_compare_by_identity() -> None:
    pairs: list[tuple[object, object]] = [
        (Value("x", BOOL()), Value("x", BOOL())),
        (Op("relu"), Op("relu")),
        (Block(), Block()),
        (Function("main", "ios17"), Function("main", "ios17")),
        (Program(), Program()),
    ]
    for first, second in pairs:
        assert first != second
        assert len({first, second}) == 2


def test_nodes_show_what_they_are(function: Function) -> None:
    program = Program("1.0")
    program.add(function)
    assert repr(program) == "<Program 1.0 of main>"
    assert repr(function) == "<Function main<ios17>>"
    assert repr(function.body) == "<Block of 3 ops>"
    assert repr(Program()) == "<Program 1.3 of no function>"
    assert repr(function.body.first) == "<Op a = relu>"
    assert repr(Value("s", STRING())) == "<Value s: string>"


def test_nodes_carry_spans() -> None:
    source = Source("abc")
    span = Span(source, 0, 3)
    nodes = [Value("x", FP32(), span=span), Op("relu", span=span), Block(span=span)]
    assert {node.span for node in nodes} == {span}
    assert Program(source=source).source is source


def test_slots_keep_nodes_small() -> None:
    nodes = [Value("x", FP32()), Op("relu"), Block(), Function("f", "ios17"), Program()]
    for node, name in itertools.product(nodes, ["extra"]):
        with pytest.raises(AttributeError):
            setattr(node, name, 1)
