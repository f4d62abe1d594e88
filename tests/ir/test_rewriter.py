"""The rewriter: each edit keeps links and uses true, counts itself, and refuses misuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from milc.diagnostics import Source, Span
from milc.ir.compare import difference
from milc.ir.literals import scalar_literal, string_literal
from milc.ir.nodes import Block, Function, Op, Program, Value
from milc.ir.rewriter import Rewriter
from milc.ir.types import BOOL, FP16, FP32, INT32
from milc.ir.walk import dominates, walk_ops, walk_values
from milc.verify import check_links
from milc.verify import verify_structure as verify
from tests.ir.samples import chain, mixed, ops, values

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from milc.ir.nodes import Operand


def relu(x: Operand, name: str = "new") -> Op:
    return Op("relu", {"x": (x,)}, [Value(name, FP32(2))], {"name": string_literal(name)})


class Case:
    """The sample program, by names, and a rewriter of it."""

    def __init__(self, program: Program | None = None) -> None:
        self.program = program or mixed()
        self.function = self.program.functions["main"]
        self.rewriter = Rewriter(self.function)
        self.ops = ops(self.program)
        self.values = values(self.program)

    def names(self, block: Block | None = None) -> list[str]:
        block = block or self.function.body
        return [op.results[0].name for op in block.ops]


@pytest.fixture
def case() -> Any:
    """A case that has to be sound after the test."""
    made = Case()
    yield made
    assert check_links(made.program) == []
    assert [found for found in verify(made.program) if found.severity == "error"] == []


TOP = ["scaled_y_0", "scaled", "chosen", "loop_loop_vars0_0", "loop_0"]


def test_nothing_done_is_no_change(case: Case) -> None:
    rewriter, op = case.rewriter, case.ops["scaled"]
    rewriter.set_operand(op, "x", 0, op.args["x"][0])
    rewriter.set_arg(op, "x", op.args["x"][0])
    rewriter.set_args(op, op.args)
    rewriter.set_outputs(case.function.body, list(case.function.outputs))
    rewriter.rename(case.values["scaled"], "scaled")
    rewriter.set_type(case.values["scaled"], FP32(2))
    rewriter.set_kind(op, "mul")
    rewriter.set_attribute(op, "name", string_literal("scaled"))
    rewriter.set_attribute(op, "absent", None)
    rewriter.replace_all_uses(case.values["loop_0"], case.values["x"])
    rewriter.replace_all_uses(case.values["x"], case.values["x"])
    rewriter.move_before(case.ops["scaled_y_0"], op)
    rewriter.move_after(op, case.ops["scaled_y_0"])
    rewriter.insert_before(op)
    rewriter.fresh_name("unused")
    assert (rewriter.changes, rewriter.changed) == (0, False)
    assert difference(case.program, mixed()) is None


def test_ops_are_inserted_where_they_should_be(case: Case) -> None:
    rewriter, x = case.rewriter, case.values["x"]
    rewriter.insert_before(case.ops["scaled"], relu(x, "a"), relu(x, "b"))
    rewriter.insert_after(case.ops["scaled"], relu(x, "c"), relu(x, "d"))
    rewriter.insert_after(case.ops["loop_0"], relu(x, "e"))
    rewriter.prepend(case.function.body, relu(x, "f"))
    rewriter.append(case.function.body, relu(x, "g"))
    assert case.names() == [
        "f", "scaled_y_0", "a", "b", "scaled", "c", "d", "chosen", "loop_loop_vars0_0", "loop_0",
        "e", "g",
    ]  # fmt: skip
    assert rewriter.changes == 7


def test_ops_are_inserted_into_empty_blocks(case: Case) -> None:
    empty = case.ops["chosen"].blocks[1]
    case.rewriter.prepend(empty, relu(case.values["x"], "a"))
    assert case.names(empty) == ["a"]


def test_inserted_names_are_made_unique(case: Case) -> None:
    x = case.values["x"]
    new = [relu(x, "scaled"), relu(x, "scaled"), relu(x, "positive"), relu(x, "free")]
    case.rewriter.append(case.function.body, *new)
    assert [op.result.name for op in new] == ["scaled_0", "scaled_1", "positive_0", "free"]


def test_names_in_inserted_blocks_are_made_unique(case: Case) -> None:
    inner = Block()
    inner.set_outputs([inner.append(relu(case.values["x"], "scaled")).result])
    new = Op("cond", {"pred": (case.values["p"],)}, [Value("x", FP32(2))], {}, [inner, Block()])
    new.blocks[1].set_outputs([case.values["x"]])
    case.rewriter.append(case.function.body, new)
    assert [value.name for value in walk_values(new)] == ["x_0", "scaled_0"]


def test_a_new_op_goes_in_once_only(case: Case) -> None:
    op = relu(case.values["x"])
    case.rewriter.append(case.function.body, op)
    with pytest.raises(ValueError, match="stands in a block already"):
        case.rewriter.append(case.function.body, op)
    twice = relu(case.values["x"])
    with pytest.raises(ValueError, match="given twice"):
        case.rewriter.append(case.function.body, twice, twice)
    case.rewriter.erase(twice)
    other = mixed().functions["main"].body
    stray = relu(case.values["x"])
    with pytest.raises(ValueError, match="is not part of"):
        case.rewriter.append(other, stray)
    case.rewriter.erase(stray)
    with pytest.raises(ValueError, match="stands in no block"):
        case.rewriter.insert_before(stray, relu(case.values["x"], "lost"))
    (lost,) = [user for user in case.values["x"].uses if isinstance(user, Op) and not user.parent]
    case.rewriter.erase(lost)


def test_erasing_wants_unused_results(case: Case) -> None:
    with pytest.raises(ValueError, match="scaled is used by <Op positive = relu> and 2 more"):
        case.rewriter.erase(case.ops["scaled"])
    with pytest.raises(ValueError, match=r"scaled_y_0 is used by <Op scaled = mul>$"):
        case.rewriter.erase(case.ops["scaled_y_0"])
    assert not case.rewriter.changed


def test_erasing_counts_off_all_uses_within(case: Case) -> None:
    case.rewriter.replace_all_uses(case.values["loop_1"], case.values["scaled"])
    case.rewriter.erase(case.ops["loop_0"])
    assert case.names() == TOP[:-1]
    assert case.values["chosen"].uses == {}
    assert case.values["x"].uses == {case.ops["scaled"]: 1}
    assert case.values["p"].uses == {case.ops["chosen"]: 1}
    case.rewriter.erase(case.ops["loop_0"])
    assert case.rewriter.changes == 2


def test_an_op_that_is_not_wanted_after_all_is_dropped(case: Case) -> None:
    op = relu(case.values["x"])
    assert op in case.values["x"].uses
    case.rewriter.erase(op)
    assert op not in case.values["x"].uses
    assert not case.rewriter.changed


def test_moving(case: Case) -> None:
    rewriter = case.rewriter
    rewriter.move_after(case.ops["scaled_y_0"], case.ops["loop_0"])
    assert case.names() == [*TOP[1:], "scaled_y_0"]
    rewriter.move_before(case.ops["scaled_y_0"], case.ops["scaled"])
    assert case.names() == TOP
    rewriter.move_before(case.ops["next_y_0"], case.ops["scaled"])
    assert case.names() == ["scaled_y_0", "next_y_0", *TOP[1:]]
    assert rewriter.changes == 3


def test_moving_refuses_impossible_places(case: Case) -> None:
    rewriter, loop = case.rewriter, case.ops["loop_0"]
    other = Case().ops["scaled"]
    for op, anchor in ((loop, loop), (loop, case.ops["sum"]), (loop, other)):
        with pytest.raises(ValueError, match=r"cannot move|another function"):
            rewriter.move_before(op, anchor)
    with pytest.raises(ValueError, match="stands in no block"):
        rewriter.move_after(Op("relu"), loop)


def test_a_replaced_op_hands_down_name_and_span(case: Case) -> None:
    source = Source("text")
    old = case.ops["scaled"]
    old.span, old.results[0].span = Span(source, 0, 4), Span(source, 1, 2)
    new = relu(case.values["x"], "other")
    case.rewriter.replace_op(old, new)
    assert new.result.name == "scaled"
    assert (new.span, new.result.span) == (Span(source, 0, 4), Span(source, 1, 2))
    assert case.function.outputs[1] is new.result
    assert case.names() == ["scaled_y_0", "scaled", *TOP[2:]]
    assert case.rewriter.changes == 1
    assert case.values["scaled_y_0"].uses == {}


def test_new_ops_keep_a_span_of_their_own(case: Case) -> None:
    own = Span(Source("own"), 0, 3)
    case.ops["scaled"].span = Span(Source("old"), 0, 3)
    new = relu(case.values["x"])
    new.span = own
    inner = Block()
    nested = inner.append(relu(case.values["x"], "nested"))
    inner.set_outputs([nested.result])
    holder = Op("cond", {"pred": (case.values["p"],)}, [Value("h", FP32(2))], {}, [inner, Block()])
    holder.blocks[1].set_outputs([new.result])
    case.rewriter.replace_op(case.ops["scaled"], [new, holder])
    assert new.span is own
    assert holder.span is nested.span is not own


def test_names_may_be_left_to_the_new_ops(case: Case) -> None:
    case.rewriter.replace_op(case.ops["positive"], relu(case.values["x"], "b"), keep_names=False)
    assert case.names(case.ops["chosen"].blocks[0]) == ["b"]


def test_an_op_may_be_replaced_by_what_there_is(case: Case) -> None:
    case.rewriter.replace_op(case.ops["positive"], [], case.values["scaled"])
    assert case.ops["chosen"].blocks[0].outputs == [case.values["scaled"]]
    assert case.values["scaled"].name == "scaled"


def test_an_output_keeps_its_name(case: Case) -> None:
    result = case.rewriter
    earlier = relu(case.values["x"], "earlier")
    earlier.result.span = Span(Source("text"), 0, 1)
    place = case.values["scaled"].span = Span(Source("text"), 2, 3)
    result.prepend(case.function.body, earlier)
    result.replace_op(case.ops["scaled"], [], earlier.result)
    assert earlier.result.span is place
    assert [value.name for value in case.function.outputs] == ["loop_1", "scaled"]
    assert case.function.outputs[1] is earlier.result


@pytest.mark.parametrize("stand_in", ["x", "loop_1"])
def test_an_output_whose_name_would_be_lost_is_not_replaced(case: Case, stand_in: str) -> None:
    before = mixed()
    with pytest.raises(ValueError, match="cannot take the name of the output scaled"):
        case.rewriter.replace_op(case.ops["scaled"], [], case.values[stand_in])
    assert difference(case.program, before) is None
    assert not case.rewriter.changed


def test_replacing_several_results(case: Case) -> None:
    loop = case.ops["loop_0"]
    new = Op("pair", {}, [Value("a", INT32()), Value("b", FP32(2))])
    case.rewriter.replace_op(loop, new)
    assert [value.name for value in new.results] == ["loop_0", "loop_1"]
    assert case.function.outputs[0] is new.results[1]


def test_replacing_wants_one_value_for_each_result(case: Case) -> None:
    for results in ([], [case.values["x"], case.values["x"]]):
        with pytest.raises(ValueError, match="has 1 results, not"):
            case.rewriter.replace_op(case.ops["scaled"], [], results)


def test_a_replacement_must_not_use_what_it_replaces(case: Case) -> None:
    new = relu(case.values["scaled"])
    with pytest.raises(ValueError, match="insert it behind instead"):
        case.rewriter.replace_op(case.ops["scaled"], new)
    with pytest.raises(ValueError, match="insert it behind instead"):
        case.rewriter.replace_op(case.ops["scaled"], [], case.values["scaled"])
    case.rewriter.insert_after(case.ops["scaled"], new)
    case.rewriter.replace_all_uses(case.values["scaled"], new.result, but={new})
    assert case.values["scaled"].uses == {new: 1}


def test_replacing_uses_reaches_operands_outputs_and_nested_blocks(case: Case) -> None:
    case.rewriter.replace_all_uses(case.values["scaled"], case.values["x"])
    assert case.values["scaled"].uses == {}
    assert case.ops["positive"].args["x"] == (case.values["x"],)
    assert case.ops["chosen"].blocks[1].outputs == [case.values["x"]]
    assert case.function.outputs == [case.values["loop_1"], case.values["x"]]
    assert case.rewriter.changes == 1


def test_replacing_each_of_several_uses_by_one_op() -> None:
    case = Case(chain(1))
    x = case.values["x"]
    op = Op("concat", {"values": (x, x), "other": (x,)}, [Value("c", FP32(4))])
    case.rewriter.append(case.function.body, op)
    case.rewriter.replace_all_uses(x, case.values["v0"], but=[case.ops["v0"]])
    assert op.args == {"values": (case.values["v0"],) * 2, "other": (case.values["v0"],)}
    assert case.values["v0"].uses[op] == 3
    assert check_links(case.program) == []


def test_a_literal_may_stand_for_a_value_in_arguments_only(case: Case) -> None:
    two = scalar_literal(FP32, 2.0)
    case.rewriter.replace_all_uses(case.values["scaled_y_0"], two)
    assert case.ops["scaled"].args["y"] == (two,)
    with pytest.raises(ValueError, match="no literal can stand for it"):
        case.rewriter.replace_all_uses(case.values["scaled"], two)
    keep = [user for user in case.values["scaled"].uses if isinstance(user, Block)]
    case.rewriter.replace_all_uses(case.values["scaled"], two, but=keep)
    assert case.ops["positive"].args["x"] == (two,)


def test_operands_and_arguments(case: Case) -> None:
    rewriter, op = case.rewriter, case.ops["sum"]
    x, held = case.values["x"], case.values["chosen_1"]
    rewriter.set_operand(op, "x", 0, x)
    assert (x.uses[op], op in held.uses) == (2, False)
    rewriter.set_operand(op, "y", -1, held)
    assert op.args == {"x": (x,), "y": (held,)}
    rewriter.set_arg(op, "values", x, held, scalar_literal(FP32, 1.0))
    assert (x.uses[op], held.uses[op]) == (2, 2)
    rewriter.set_arg(op, "values")
    assert list(op.args) == ["x", "y"]
    rewriter.set_args(op, {"x": held, "y": [x], "gone": ()})
    assert op.args == {"x": (held,), "y": (x,)}
    assert rewriter.changes == 5
    with pytest.raises(KeyError):
        rewriter.set_operand(op, "z", 0, x)
    with pytest.raises(IndexError):
        rewriter.set_operand(op, "x", 1, x)


def test_outputs(case: Case) -> None:
    block = case.ops["step"].blocks[1]
    case.rewriter.set_outputs(block, [case.values["x"]])
    assert block.outputs == [case.values["x"]]
    assert block not in case.values["chosen_1"].uses
    assert case.rewriter.is_output(case.values["scaled"])
    assert not case.rewriter.is_output(case.values["x"])


def test_names(case: Case) -> None:
    rewriter = case.rewriter
    assert [rewriter.fresh_name("scaled") for _ in range(3)] == ["scaled_0", "scaled_1", "scaled_2"]
    assert rewriter.fresh_name("free") == "free"
    assert rewriter.fresh_name("free") == "free_0"
    assert rewriter.fresh_name("state") == "state_0"
    rewriter.rename(case.values["positive"], "free")
    assert case.values["positive"].name == "free"
    with pytest.raises(ValueError, match="has the name 'scaled'"):
        rewriter.rename(case.values["positive"], "scaled")
    rewriter.rename(case.values["positive"], "positive")
    assert rewriter.changes == 2


def test_the_name_of_an_erased_value_is_free_for_a_wish_only(case: Case) -> None:
    rewriter = case.rewriter
    rewriter.set_outputs(case.ops["chosen"].blocks[0], [case.values["x"]])
    rewriter.erase(case.ops["positive"])
    assert rewriter.fresh_name("positive") == "positive"
    case.rewriter.rename(case.values["chosen"], "positive")


def test_fresh_names_cost_the_same_however_many_there_are() -> None:
    case = Case(chain(1000))
    names = {case.rewriter.fresh_name("v") for _ in range(20_000)}
    assert len(names) == 20_000
    assert names.isdisjoint(case.values)


def test_attributes(case: Case) -> None:
    rewriter, literal = case.rewriter, string_literal("value")
    nodes = [case.program, case.function, case.function.body, case.ops["scaled"]]
    for node in nodes:
        rewriter.set_attribute(node, "extra", literal)
        assert node.attributes["extra"] is literal
        rewriter.set_attribute(node, "extra", None)
        assert "extra" not in node.attributes
    assert rewriter.changes == 8


def test_inputs(case: Case) -> None:
    rewriter = case.rewriter
    first = rewriter.add_input("first", FP16(3), index=0)
    last = rewriter.add_input("x", BOOL())
    assert [value.name for value in case.function.inputs] == ["first", "x", "p", "x_0"]
    assert first.owner is case.function
    block = case.ops["chosen"].blocks[0]
    argument = rewriter.add_input("scaled", FP32(2), to=block)
    assert (argument.name, argument.owner) == ("scaled_0", block)
    with pytest.raises(ValueError, match="is used by"):
        rewriter.remove_input(case.values["x"])
    with pytest.raises(ValueError, match="is no input"):
        rewriter.remove_input(case.values["loop_0"])
    for value in (first, last, argument):
        rewriter.remove_input(value)
    assert [value.name for value in case.function.inputs] == ["x", "p"]
    assert block.inputs == []
    assert rewriter.changes == 6


def test_a_branch_is_inlined(case: Case) -> None:
    cond = case.ops["chosen"]
    returned = case.rewriter.inline(cond.blocks[0], cond)
    assert returned == [case.values["positive"]]
    case.rewriter.replace_op(cond, [], returned)
    assert case.names() == ["scaled_y_0", "scaled", "positive", "loop_loop_vars0_0", "loop_0"]


def test_a_block_with_arguments_is_inlined(case: Case) -> None:
    loop = case.ops["loop_0"]
    arguments = [scalar_literal(INT32, 7), case.values["chosen"]]
    returned = case.rewriter.inline(loop.blocks[1], loop, arguments)
    assert [value.name for value in returned] == ["next", "step"]
    assert case.ops["next"].args["x"] == (arguments[0],)
    assert case.ops["sum"].args["x"] == (arguments[1],)
    case.rewriter.replace_op(loop, [], returned)
    assert [value.name for value in case.function.outputs] == ["loop_1", "scaled"]
    assert case.names() == [*TOP[:4], "loop_1", "next_y_0", "next"]


def test_inlining_renames_what_blocks_beside_each_other_share() -> None:
    program = Program()
    function = program.add(Function("main", "ios17", [Value("x", FP32(2)), Value("p", BOOL())]))
    x, p = function.inputs
    blocks = [Block(), Block()]
    for block in blocks:
        block.set_outputs([block.append(relu(x, "same")).result])
    cond = function.body.append(Op("cond", {"pred": (p,)}, [Value("y", FP32(2))], {}, blocks))
    function.body.set_outputs([cond.result])
    rewriter = Rewriter(function)
    both = [rewriter.inline(block, cond)[0] for block in blocks]
    assert [value.name for value in both] == ["same_0", "same"]
    rewriter.replace_op(cond, [], both[0])
    assert check_links(program) == []
    assert verify(program) == []


def test_inlining_refuses_what_cannot_be(case: Case) -> None:
    loop, rewriter = case.ops["loop_0"], case.rewriter
    x, one = case.values["x"], scalar_literal(FP32, 1.0)
    with pytest.raises(ValueError, match="takes 2 arguments, not 1"):
        rewriter.inline(loop.blocks[1], loop, [x])
    with pytest.raises(ValueError, match="into itself"):
        rewriter.inline(loop.blocks[1], case.ops["sum"], [x, x])
    # The otherwise-branch of the inner cond returns the second argument.
    with pytest.raises(ValueError, match="no literal can stand for it"):
        rewriter.inline(loop.blocks[1], loop, [x, one])
    assert difference(case.program, mixed()) is None
    assert not rewriter.changed


def test_long_functions_are_edited_in_linear_time() -> None:
    case = Case(chain(20_000))
    rewriter = case.rewriter
    for op in list(walk_ops(case.program)):
        x = op.args["x"][0]
        rewriter.replace_op(op, Op("abs", {"x": (x,)}, [Value("n", FP32(2))]))
    assert rewriter.changes == 20_000
    assert {op.kind for op in walk_ops(case.program)} == {"abs"}
    assert case.names()[-1] == "v19999"
    assert check_links(case.program) == []


class Edits(RuleBasedStateMachine):
    """Random edits that keep dominance leave a sound program with true links."""

    def __init__(self) -> None:
        super().__init__()
        self.case = Case()

    def pick(self, data: st.DataObject, choices: Sequence[Any]) -> Any:
        return data.draw(st.sampled_from(choices))

    def usable(self, data: st.DataObject, at: Op) -> Value:
        everything = walk_values(self.case.function)
        fits = [v for v in everything if v.type is FP32(2) and dominates(v, at)]
        return self.pick(data, fits)  # type: ignore[no-any-return]

    @property
    def all_ops(self) -> list[Op]:
        return list(walk_ops(self.case.function))

    @rule(data=st.data(), after=st.booleans())
    def insert(self, data: st.DataObject, after: bool) -> None:
        anchor = self.pick(data, self.all_ops)
        new = relu(self.usable(data, anchor), self.pick(data, ["a", "scaled", "x"]))
        insert: Callable[..., None] = self.case.rewriter.insert_before
        (self.case.rewriter.insert_after if after else insert)(anchor, new)

    @rule(data=st.data())
    def erase(self, data: st.DataObject) -> None:
        unused = [op for op in self.all_ops if not any(value.uses for value in op.results)]
        if unused:
            self.case.rewriter.erase(self.pick(data, unused))

    @rule(data=st.data())
    def replace(self, data: st.DataObject) -> None:
        plain = [op for op in self.all_ops if op.kind == "relu"]
        if plain:
            op = self.pick(data, plain)
            self.case.rewriter.replace_op(op, relu(self.usable(data, op)))

    @rule(data=st.data())
    def rewire(self, data: st.DataObject) -> None:
        plain = [op for op in self.all_ops if op.kind == "relu"]
        if plain:
            op = self.pick(data, plain)
            self.case.rewriter.set_operand(op, "x", 0, self.usable(data, op))

    @rule(data=st.data())
    def inline(self, data: st.DataObject) -> None:
        conds = [op for op in self.all_ops if op.kind == "cond"]
        if not conds:
            return
        op = self.pick(data, conds)
        (value,) = self.case.rewriter.inline(self.pick(data, op.blocks), op)
        if value.op is not None and not self.case.rewriter.is_output(op.result):
            self.case.rewriter.replace_op(op, [], value)
            return
        for block in op.blocks:
            block.set_outputs([value])

    @invariant()
    def sound(self) -> None:
        assert check_links(self.case.program) == []
        assert [found for found in verify(self.case.program) if found.severity == "error"] == []


TestEdits = Edits.TestCase
TestEdits.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
