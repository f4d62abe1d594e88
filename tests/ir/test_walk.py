"""Walks, order and scope: against answers written down, and against each other."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from milc.ir.nodes import Block, Function, Op, Program, Value
from milc.ir.rewriter import Rewriter
from milc.ir.types import BOOL, FP32
from milc.ir.walk import (
    Dominance,
    Signature,
    backward,
    bodies,
    captured,
    dominates,
    function_of,
    label,
    operand_values,
    outermost,
    parents,
    place,
    post_order,
    precedes,
    signature,
    transitive_operands,
    transitive_users,
    walk_blocks,
    walk_ops,
    walk_values,
)
from tests.ir.samples import chain, deep, mixed, ops, values

if TYPE_CHECKING:
    from collections.abc import Iterable

PRE_ORDER = [
    "scaled_y_0", "scaled", "chosen", "positive", "loop_loop_vars0_0",
    "loop_0", "again_y_0", "again", "step", "sum", "next_y_0", "next",
]  # fmt: skip


@pytest.fixture
def program() -> Program:
    return mixed()


def names(found: Iterable[Op]) -> list[str]:
    return [op.results[0].name for op in found]


def test_ops_come_in_text_order(program: Program) -> None:
    assert names(walk_ops(program)) == PRE_ORDER
    assert names(walk_ops(program.functions["main"])) == PRE_ORDER
    assert names(walk_ops(program.functions["main"].body)) == PRE_ORDER
    assert names(walk_ops(ops(program)["chosen"])) == ["chosen", "positive"]
    assert names(walk_ops(ops(program)["scaled"])) == ["scaled"]
    assert list(walk_ops(Program())) == []


def test_post_order_gives_nested_ops_first(program: Program) -> None:
    assert names(post_order(program)) == [
        "scaled_y_0", "scaled", "positive", "chosen", "loop_loop_vars0_0",
        "again_y_0", "again", "sum", "step", "next_y_0", "next", "loop_0",
    ]  # fmt: skip
    assert names(post_order(ops(program)["chosen"])) == ["positive", "chosen"]


def test_backward_is_post_order_reversed(program: Program) -> None:
    for root in (program, program.functions["main"], ops(program)["loop_0"]):
        assert list(backward(root)) == list(post_order(root))[::-1]


def test_blocks_come_in_text_order(program: Program) -> None:
    loop, chosen, step = (ops(program)[name] for name in ("loop_0", "chosen", "step"))
    body = program.functions["main"].body
    wanted = [body, *chosen.blocks, loop.blocks[0], loop.blocks[1], *step.blocks]
    assert list(walk_blocks(program)) == list(walk_blocks(body)) == wanted
    assert list(walk_blocks(loop)) == [*loop.blocks, *step.blocks]
    assert outermost(loop) == loop.blocks
    assert outermost(body) == [body]


def test_values_come_in_text_order(program: Program) -> None:
    found = [value.name for value in walk_values(program)]
    assert found == [
        "x", "p", "scaled_y_0", "scaled", "chosen", "positive", "loop_loop_vars0_0", "loop_0",
        "loop_1", "loop_loop_vars0_0_0", "chosen_0", "again_y_0", "again", "loop_loop_vars0_0_1",
        "chosen_1", "step", "sum", "next_y_0", "next",
    ]  # fmt: skip
    assert [value.name for value in walk_values(ops(program)["chosen"])] == ["chosen", "positive"]


def test_bodies_for_other_opsets_are_walked_too() -> None:
    function = Function("main", "ios17", [Value("x", FP32(2))])
    other = function.specializations["ios18"] = Block()
    other.parent = function
    for block, name in ((function.body, "a"), (other, "b")):
        block.append(Op("relu", {"x": (function.inputs[0],)}, [Value(name, FP32(2))]))
    assert bodies(function) == (function.body, other)
    assert names(walk_ops(function)) == ["a", "b"]
    assert [value.name for value in walk_values(function)] == ["x", "a", "b"]
    assert not dominates(values_of(function)["a"], other)
    assert not Dominance(function).dominates(values_of(function)["a"], other)


def values_of(function: Function) -> dict[str, Value]:
    return {value.name: value for value in walk_values(function)}


@pytest.mark.parametrize("walk", [walk_ops, post_order, backward])
def test_the_op_just_given_may_be_erased(walk: object) -> None:
    program = mixed()
    rewriter = Rewriter(program.functions["main"])
    rewriter.set_outputs(program.functions["main"].body, program.functions["main"].inputs[:1])
    seen = []
    for op in walk(program):  # type: ignore[operator]
        seen.append(op)
        for value in op.results:
            rewriter.replace_all_uses(value, program.functions["main"].inputs[0])
        rewriter.erase(op)
    assert len(program.functions["main"].body) == 0
    assert len(seen) == (12 if walk is post_order else 5)


def test_nothing_recurses() -> None:
    program = deep(20_000)
    assert sum(1 for _ in walk_ops(program)) == 20_000
    assert sum(1 for _ in post_order(program)) == 20_000
    assert sum(1 for _ in backward(program)) == 20_000
    assert sum(1 for _ in walk_blocks(program)) == 40_001
    assert sum(1 for _ in walk_values(program)) == 20_002
    *_, innermost = walk_blocks(program)
    function = program.functions["main"]
    assert function_of(innermost) is function
    assert dominates(function.inputs[0], innermost)
    assert Dominance(function).dominates(function.inputs[0], innermost)


def test_parents_lead_outwards(program: Program) -> None:
    by_name = ops(program)
    function = program.functions["main"]
    inner = by_name["sum"]
    chain_of = [
        by_name["step"].blocks[0], by_name["step"], by_name["loop_0"].blocks[1], by_name["loop_0"],
        function.body, function,
    ]  # fmt: skip
    assert list(parents(inner)) == chain_of
    assert list(parents(function.body)) == [function]
    assert list(parents(Op("relu"))) == []


def test_function_of(program: Program) -> None:
    function = program.functions["main"]
    for value in walk_values(program):
        assert function_of(value) is function
    for op in walk_ops(program):
        assert function_of(op) is function
    assert function_of(Value("x", FP32())) is None
    assert function_of(Op("relu", results=[Value("x", FP32())]).result) is None


def test_precedes_at_any_distance() -> None:
    line = list(chain(9).functions["main"].body.ops)
    for (i, first), (j, second) in itertools.product(enumerate(line), repeat=2):
        assert precedes(first, second) == (i < j)
    assert not precedes(line[0], next(chain(1).functions["main"].body.ops))


# What may be used where. The loop's arguments stand in for all block arguments.
MAY_USE = {
    "scaled": {"x", "p", "scaled_y_0"},
    "positive": {"x", "p", "scaled_y_0", "scaled"},
    "again": {
        "x", "p", "scaled_y_0", "scaled", "chosen", "loop_loop_vars0_0", "loop_loop_vars0_0_0",
        "chosen_0", "again_y_0",
    },
    "sum": {
        "x", "p", "scaled_y_0", "scaled", "chosen", "loop_loop_vars0_0", "loop_loop_vars0_0_1",
        "chosen_1",
    },
    "next": {
        "x", "p", "scaled_y_0", "scaled", "chosen", "loop_loop_vars0_0", "loop_loop_vars0_0_1",
        "chosen_1", "step", "next_y_0",
    },
}  # fmt: skip


@pytest.mark.parametrize("user", MAY_USE)
def test_dominance(program: Program, user: str) -> None:
    op = ops(program)[user]
    dominance = Dominance(program.functions["main"])
    everything = list(walk_values(program))
    assert {value.name for value in everything if dominates(value, op)} == MAY_USE[user]
    assert {value.name for value in everything if dominance.dominates(value, op)} == MAY_USE[user]


def test_a_block_uses_at_its_end(program: Program) -> None:
    by_value, by_op = values(program), ops(program)
    dominance = Dominance(program.functions["main"])
    then, otherwise = by_op["chosen"].blocks
    for ask in (dominates, dominance.dominates):
        assert ask(by_value["positive"], then)
        assert not ask(by_value["positive"], otherwise)
        assert not ask(by_value["chosen"], then)
        assert ask(by_value["loop_1"], program.functions["main"].body)
        assert not ask(by_value["step"], program.functions["main"].body)


def test_both_dominances_agree_everywhere(program: Program) -> None:
    function = program.functions["main"]
    dominance = Dominance(function)
    places: list[Op | Block] = [*walk_ops(program), *walk_blocks(program)]
    for value, user in itertools.product(walk_values(program), places):
        assert dominates(value, user) == dominance.dominates(value, user), (value, user)


def test_nothing_from_elsewhere_dominates(program: Program) -> None:
    function, other = program.functions["main"], mixed().functions["main"]
    dominance = Dominance(function)
    op = ops(program)["scaled"]
    stray = Op("relu", results=[Value("s", FP32(2))])
    for value in (*walk_values(other), Value("u", FP32(2)), stray.result):
        assert not dominates(value, op)
        assert not dominance.dominates(value, op)
    assert not dominates(function.inputs[0], stray)
    assert not dominance.dominates(function.inputs[0], stray)


def test_users_come_once_each(program: Program) -> None:
    scaled = values(program)["scaled"]
    found = list(scaled.uses)
    assert found == [
        ops(program)["positive"], ops(program)["chosen"].blocks[1], program.functions["main"].body,
    ]  # fmt: skip


def test_what_a_block_captures(program: Program) -> None:
    by_op = ops(program)
    assert [value.name for value in captured(by_op["chosen"])] == ["scaled"]
    assert [value.name for value in captured(by_op["loop_0"])] == ["p", "x"]
    assert [value.name for value in operand_values(by_op["chosen"])] == ["p", "scaled"]
    assert captured(by_op["scaled"]) == []


def test_transitive_operands(program: Program) -> None:
    by_op, by_value = ops(program), values(program)
    assert names(transitive_operands(by_op["chosen"])) == ["scaled", "scaled_y_0"]
    found = names(transitive_operands(by_value["loop_1"]))
    assert found[0] == "loop_0"
    assert set(found) == {"loop_0", "loop_loop_vars0_0", "chosen", "scaled", "scaled_y_0"}
    assert transitive_operands(by_value["x"]) == []


def test_transitive_users(program: Program) -> None:
    by_op, by_value = ops(program), values(program)
    assert names(transitive_users(by_value["scaled_y_0"])) == [
        "scaled", "positive", "chosen", "loop_0",
    ]  # fmt: skip
    assert names(transitive_users(by_op["next"])) == ["loop_0"]
    assert transitive_users(by_value["loop_1"]) == []


def test_users_and_operands_mirror_each_other() -> None:
    program = chain(50)
    line = list(program.functions["main"].body.ops)
    assert transitive_operands(line[-1]) == line[-2::-1]
    assert transitive_users(line[0]) == line[1:]


def test_signature(program: Program) -> None:
    wanted = Signature((("x", FP32(2)), ("p", BOOL())), (("loop_1", FP32(2)), ("scaled", FP32(2))))
    assert signature(program.functions["main"]) == wanted


def test_places_in_words(program: Program) -> None:
    by_op = ops(program)
    assert place(by_op["scaled"]) == "function main, op 2 mul `scaled`"
    assert place(by_op["sum"]) == (
        "function main, op 5 while_loop `loop_0`, `loop_1`, block 2, op 1 cond `step`, block 1, "
        "op 1 add `sum`"
    )
    assert place(by_op["chosen"].blocks[1]) == "function main, op 3 cond `chosen`, block 2"
    assert place(program.functions["main"].body) == "function main"
    assert place(Op("relu")) == "op 1 relu"


def test_labels() -> None:
    from milc.ir.literals import string_literal

    assert label(Op("relu")) == "relu"
    assert label(Op("write_state", attributes={"name": string_literal("w")})) == "write_state `w`"
    assert label(Op("relu", results=[Value("y", FP32())])) == "relu `y`"
