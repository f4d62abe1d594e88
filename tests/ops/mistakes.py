"""Mistakes that can be put into a sound program, each with the places where it can be made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from milc.diagnostics import Source
from milc.ir.literals import scalar_literal, string_literal
from milc.ir.nodes import Block, Function, Op, Program, Value, drop_use
from milc.ir.types import BOOL, FP32, ElementType, TensorType, Type
from milc.ir.walk import walk_blocks, walk_ops
from milc.opsets import index
from milc.schema import Arg, level
from milc.syntax.parse import read
from tests.ops.checking import examined

Edit = Callable[[], object]
Sites = Callable[[Program], Iterable[Edit]]


class Mutation(NamedTuple):
    """A mistake: where it can be made, what it makes wrong, and whether ops are needed to see it.

    One of `codes` is among the findings; a name that is out of reach in a tree is, in a text,
    merely unknown.
    """

    name: str
    codes: frozenset[str]
    sites: Sites
    of_ops: bool


MUTATIONS: list[Mutation] = []


def mutation(name: str, *codes: str, of_ops: bool = False) -> Callable[[Sites], Sites]:
    """Add a mistake to the list of all."""

    def add(sites: Sites) -> Sites:
        MUTATIONS.append(Mutation(name, frozenset(codes), sites, of_ops))
        return sites

    return add


# Edits


def rebind(op: Op, arg: str, at: int, value: Value) -> None:
    """Let an op use another value."""
    bound = list(op.args[arg])
    old = bound[at]
    if isinstance(old, Value):
        drop_use(old, op)
    bound[at] = value
    value.add_use(op)
    op.args[arg] = tuple(bound)


def unlink(op: Op) -> None:
    """Take an op out of its block; what it defines stays in use."""
    block = op.parent
    assert block is not None
    if op.prev is None:
        block.first = op.next
    else:
        op.prev.next = op.next
    if op.next is None:
        block.last = op.prev
    else:
        op.next.prev = op.prev
    block.length -= 1
    op.parent = op.prev = op.next = None


def uses(program: Program) -> Iterator[tuple[Op, str, int, Value]]:
    """Every use of a value by an op."""
    for op in walk_ops(program):
        for arg, at, operand in op.operands:
            if isinstance(operand, Value):
                yield op, arg, at, operand


def returning(program: Program) -> Iterator[Block]:
    """Every block that belongs to an op and returns something."""
    for block in walk_blocks(program):
        if isinstance(block.parent, Op) and block.outputs:
            yield block


def plain_ops(program: Program) -> Iterator[Op]:
    """Every op that is no const and has a result."""
    return (op for op in walk_ops(program) if op.kind != "const" and op.results)


# Names and order


@mutation("use before definition", "MIL0401")
def _use_before(program: Program) -> Iterator[Edit]:
    for op, arg, at, value in uses(program):
        later = op.next
        while later is not None and not later.results:
            later = later.next
        if later is not None and later.results[0] is not value:
            yield partial(rebind, op, arg, at, later.results[0])


@mutation("use by the op that defines it", "MIL0401")
def _use_itself(program: Program) -> Iterator[Edit]:
    for op, arg, at, _ in uses(program):
        if op.results:
            yield partial(rebind, op, arg, at, op.results[0])


@mutation("op behind its user", "MIL0401")
def _moved(program: Program) -> Iterator[Edit]:
    for op, _, _, value in uses(program):
        maker = value.op
        if maker is not None and maker.parent is op.parent and op.parent is not None:
            yield partial(_move_to_end, maker, op.parent)


def _move_to_end(op: Op, block: Block) -> None:
    unlink(op)
    block.append(op)


@mutation("op gone whose result is used", "MIL0403", "MIL0404")
def _gone(program: Program) -> Iterator[Edit]:
    for op in walk_ops(program):
        if any(result.uses for result in op.results):
            yield partial(unlink, op)


@mutation("undefined name", "MIL0403")
def _undefined(program: Program) -> Iterator[Edit]:
    for op, arg, at, value in uses(program):
        yield partial(rebind, op, arg, at, Value("nowhere", value.type))


@mutation("undefined name returned", "MIL0403")
def _undefined_output(program: Program) -> Iterator[Edit]:
    for block in walk_blocks(program):
        for at, value in enumerate(block.outputs):
            yield partial(_return, block, at, Value("nowhere", value.type))


def _return(block: Block, at: int, value: Value) -> None:
    block.set_outputs([*block.outputs[:at], value, *block.outputs[at + 1 :]])


@mutation("argument of another function", "MIL0403", "MIL0404")
def _foreign(program: Program) -> Iterator[Edit]:
    opset = next(iter(program.functions.values())).opset
    for op, arg, at, value in list(uses(program)):
        stranger = Value("stranger", value.type)
        yield partial(_bind_foreign, program, opset, stranger, op, arg, at)


def _bind_foreign(program: Program, opset: str, stranger: Value, op: Op, arg: str, at: int) -> None:
    other = program.add(Function("another", opset, [stranger]))
    other.body.set_outputs([stranger])
    rebind(op, arg, at, stranger)


@mutation("value of a nested block used outside", "MIL0403", "MIL0404")
def _out_of_block(program: Program) -> Iterator[Edit]:
    inner = [
        op.results[0]
        for block in walk_blocks(program)
        if isinstance(block.parent, Op)
        for op in block.ops
        if op.results
    ]
    for function in program.functions.values():
        for at in range(len(function.outputs)):
            yield from (partial(_return, function.body, at, value) for value in inner)


@mutation("doubled argument of a function", "MIL0402")
def _doubled_input(program: Program) -> Iterator[Edit]:
    for function in program.functions.values():
        for value in function.inputs:
            yield partial(function.inputs.append, Value(value.name, value.type, function))


@mutation("function without outputs", "MIL0407")
def _no_outputs(program: Program) -> Iterator[Edit]:
    for function in program.functions.values():
        yield partial(function.body.set_outputs, ())


# Consts


@mutation("const without a value", "MIL0411")
def _no_value(program: Program) -> Iterator[Edit]:
    for op in walk_ops(program):
        if op.kind == "const":
            yield partial(op.attributes.pop, "val")


@mutation("const of another type", "MIL0411")
def _other_value(program: Program) -> Iterator[Edit]:
    for op in walk_ops(program):
        if op.kind == "const":
            yield partial(_retype, op.results[0], _other(op.results[0].type))


# Blocks


@mutation("block result of another type", "MIL0410")
def _other_output(program: Program) -> Iterator[Edit]:
    for block in returning(program):
        function = block.function
        assert function is not None
        for at, value in enumerate(block.outputs):
            wrong = [given for given in function.inputs if _differ(given.type, value.type)]
            yield from (partial(_return, block, at, given) for given in wrong)


@mutation("block results swapped", "MIL0410")
def _swapped(program: Program) -> Iterator[Edit]:
    for block in returning(program):
        for at in range(len(block.outputs) - 1):
            first, second = block.outputs[at : at + 2]
            if _differ(first.type, second.type):
                outputs = [*block.outputs[:at], second, first, *block.outputs[at + 2 :]]
                yield partial(block.set_outputs, outputs)


@mutation("block result dropped", "MIL0410")
def _dropped(program: Program) -> Iterator[Edit]:
    for block in returning(program):
        if len(block.outputs) > 1:
            yield partial(block.set_outputs, block.outputs[:-1])


@mutation("block result added", "MIL0410")
def _added(program: Program) -> Iterator[Edit]:
    for block in returning(program):
        yield partial(block.set_outputs, [*block.outputs, block.outputs[0]])


@mutation("result of an op with blocks dropped", "MIL0410")
def _dropped_result(program: Program) -> Iterator[Edit]:
    for op in walk_ops(program):
        if op.blocks and op.results and not op.results[-1].uses:
            yield op.results.pop


@mutation("block gone", "MIL0409")
def _no_block(program: Program) -> Iterator[Edit]:
    for op in walk_ops(program):
        if op.blocks:
            yield op.blocks.pop


@mutation("block argument added", "MIL0409")
def _more_arguments(program: Program) -> Iterator[Edit]:
    for op in walk_ops(program):
        for block in op.blocks:
            yield partial(block.inputs.append, Value("more", TensorType(FP32), block))


@mutation("argument of a loop dropped", "MIL0409")
def _less_variables(program: Program) -> Iterator[Edit]:
    for op in walk_ops(program):
        if len(op.args.get("loop_vars", ())) > 1:
            yield partial(op.args.update, loop_vars=op.args["loop_vars"][:-1])


# Ops


@mutation("unknown op", "MIL0301", of_ops=True)
def _unknown_op(program: Program) -> Iterator[Edit]:
    for op in plain_ops(program):
        if not op.blocks:
            yield partial(setattr, op, "kind", f"{op.kind}_of_another_kind")


@mutation("unknown argument", "MIL0303", of_ops=True)
def _unknown_argument(program: Program) -> Iterator[Edit]:
    for op in plain_ops(program):
        if not op.blocks:
            yield partial(op.args.update, no_such_argument=(string_literal("it"),))


@mutation("two operands for one", "MIL0314", of_ops=True)
def _two_operands(program: Program) -> Iterator[Edit]:
    for op in plain_ops(program):
        for arg, bound in op.args.items():
            if len(bound) == 1 and arg not in ("values", "loop_vars", "ref_tensors"):
                yield partial(op.args.update, {arg: (*bound, *bound)})


@mutation("argument of another kind", "MIL0306", "MIL0308", of_ops=True)
def _other_kind(program: Program) -> Iterator[Edit]:
    for op in plain_ops(program):
        if "axis" in op.args:
            yield partial(op.args.update, axis=(string_literal("first"),))
        if "axes" in op.args:
            yield partial(op.args.update, axes=(scalar_literal(BOOL, True),))


@mutation("results that the op does not have", "MIL0312", of_ops=True)
def _more_results(program: Program) -> Iterator[Edit]:
    for op in plain_ops(program):
        if not op.blocks and op.kind != "custom_layer":
            yield partial(op.results.append, Value("one_more", TensorType(FP32), op))


@mutation("result of another element type", "MIL0311", of_ops=True)
def _other_element(program: Program) -> Iterator[Edit]:
    for op in plain_ops(program):
        if not op.blocks:
            yield partial(_retype, op.results[0], _other(op.results[0].type))


@mutation("result of another rank", "MIL0311", of_ops=True)
def _other_rank(program: Program) -> Iterator[Edit]:
    for op in plain_ops(program):
        type = op.results[0].type
        if not op.blocks and isinstance(type, TensorType) and type.shape is not None:
            yield partial(_retype, op.results[0], TensorType(type.element, (*type.shape, 7)))


@mutation("result of another length", "MIL0311", of_ops=True)
def _other_length(program: Program) -> Iterator[Edit]:
    checker = examined(program)
    for op in plain_ops(program):
        held = checker.inferred.get(op.results[0])
        if op.blocks or not isinstance(held, TensorType):
            continue
        shape = held.shape or ()
        for at, dim in enumerate(shape):
            if isinstance(dim, int):
                longer = (*shape[:at], dim + 1, *shape[at + 1 :])
                yield partial(_retype, op.results[0], TensorType(held.element, longer))


@mutation("required argument left out", "MIL0304", of_ops=True)
def _left_out(program: Program) -> Iterator[Edit]:
    for op, arg in declared(program):
        if not arg.optional and not op.blocks:
            yield partial(op.args.pop, arg.name)


@mutation("constant argument computed", "MIL0305", of_ops=True)
def _computed(program: Program) -> Iterator[Edit]:
    for op, arg in declared(program):
        function = op.parent.function if op.parent is not None else None
        if arg.const and function is not None:
            given = Value("computed", op.args[arg.name][0].type, function)
            yield partial(_compute, op, arg.name, given, function)


def _compute(op: Op, arg: str, given: Value, function: Function) -> None:
    function.inputs.append(given)
    rebind(op, arg, 0, given)


@mutation("opset below an op", "MIL0302", of_ops=True)
def _lower_opset(program: Program) -> Iterator[Edit]:
    for function in program.functions.values():
        for op in walk_ops(function.body):
            versions = index.versions(op.kind)
            if versions and level(versions[0].since) > level("ios15"):
                yield partial(setattr, function, "opset", "ios15")


def declared(program: Program) -> Iterator[tuple[Op, Arg]]:
    """Every argument that an op binds, with its declaration."""
    for function in program.functions.values():
        for op in walk_ops(function.body):
            definition = index.definition(op.kind, op.opset or function.opset)
            for name, arg in definition.args.items() if definition is not None else ():
                if op.args.get(name):
                    yield op, arg


def _retype(value: Value, type: Type) -> None:
    value.type = type


def _other(type: Type) -> Type:
    """A type like this of another element type."""
    if not isinstance(type, TensorType):
        return TensorType(FP32)
    other: ElementType = FP32 if type.element is not FP32 else BOOL
    return TensorType(other, type.shape)


def _differ(first: Type, second: Type) -> bool:
    """Whether two types differ in more than unknown dimensions."""
    if isinstance(first, TensorType) and isinstance(second, TensorType):
        return first.element is not second.element or first.rank != second.rank
    return type(first) is not type(second)


# Text


def doubled_names(text: str) -> list[str]:
    """The text with a result named like the one before it, at each place where that can be."""
    program, _ = read(Source(text))
    found = []
    for block in walk_blocks(program):
        before: str | None = None
        for op in block.ops:
            for value in op.results:
                span = value.span
                if before is not None and span is not None and op.kind != "read_state":
                    found.append(f"{text[: span.start]}{before}{text[span.end :]}")
                before = text[span.start : span.end] if span is not None else None
    return found
