"""check_links: sound programs pass, and each kind of damage is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from milc.ir.nodes import Block, Op, Program, Value
from milc.ir.types import FP32
from milc.verify import check_links
from tests.ir.samples import chain, deep, mixed, ops, values

if TYPE_CHECKING:
    from collections.abc import Callable


def test_what_the_builder_makes_is_sound() -> None:
    for program in (mixed(), chain(100), deep(5000), Program()):
        assert check_links(program) == []


def block_of(program: Program) -> Block:
    return program.functions["main"].body


def unlink_backwards(program: Program) -> None:
    ops(program)["scaled"].prev = None


def wrong_last(program: Program) -> None:
    block_of(program).last = ops(program)["scaled"]


def wrong_length(program: Program) -> None:
    block_of(program).length += 1


def wrong_parent(program: Program) -> None:
    ops(program)["positive"].parent = block_of(program)


def wrong_block_parent(program: Program) -> None:
    ops(program)["chosen"].blocks[0].parent = None


def circle(program: Program) -> None:
    ops(program)["loop_0"].next = block_of(program).first


def wrong_owner(program: Program) -> None:
    values(program)["scaled"].owner = ops(program)["chosen"]


def wrong_input_owner(program: Program) -> None:
    values(program)["chosen_1"].owner = None


def one_use_too_many(program: Program) -> None:
    values(program)["x"].uses[ops(program)["scaled"]] += 1


def forgotten_use(program: Program) -> None:
    values(program)["scaled"].uses.clear()


def use_by_a_lost_op(program: Program) -> None:
    Op("relu", {"x": (values(program)["x"],)})


def undefined(program: Program) -> None:
    block_of(program).append(Op("relu", {"x": (Value("w", FP32(2)),)}))


def defined_twice(program: Program) -> None:
    op = ops(program)["scaled"]
    op.results.append(op.results[0])


def wrong_key(program: Program) -> None:
    program.functions["other"] = program.functions.pop("main")


DAMAGE: dict[Callable[[Program], None], str] = {
    unlink_backwards: "<Op scaled = mul> has None before it, not <Op scaled_y_0 = const>",
    wrong_last: "ends with <Op loop_0, loop_1 = while_loop>, not <Op scaled = mul>",
    wrong_length: "<Block of 6 ops> of <Function main<ios17>> has the length 5",
    wrong_parent: "<Op positive = relu> of <Op chosen = cond> has the parent <Block of 5 ops>",
    wrong_block_parent: "<Block of 1 ops> of <Op chosen = cond> has the parent None",
    circle: "<Op scaled_y_0 = const> is linked into",
    wrong_owner: "<Value scaled: tensor<fp32, [2]>> of <Op scaled = mul> has the owner <Op chosen",
    wrong_input_owner: "<Value chosen_1: tensor<fp32, [2]>> of <Block of 3 ops> of <Op loop_0",
    one_use_too_many: "counts 2 uses by <Op scaled = mul>, not 1",
    forgotten_use: "counts 0 uses by",
    use_by_a_lost_op: "counts 1 uses by <Op  = relu>, not 0",
    undefined: "<Value w: tensor<fp32, [2]>> is used but not defined in the program",
    defined_twice: "is defined a second time",
    wrong_key: "function main is filed under other",
}


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_damage_is_named(damage: Callable[[Program], None]) -> None:
    program = mixed()
    damage(program)
    found = check_links(program)
    assert any(DAMAGE[damage] in sentence for sentence in found), found
