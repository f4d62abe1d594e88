"""Mistakes put into sound programs, one at a time, in the tree and in the text: all are found.

A mutation looks for the places of a program where its mistake can be made. Which of them are taken,
and in which programs, depends on nothing but the archive, so a figure can be had again.
"""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

from milc.diagnostics import Source, errors
from milc.ir.literals import scalar_literal, string_literal
from milc.ir.names import DUPLICATE_NAME
from milc.ir.nodes import Block, Function, Op, Program, Value, drop_use
from milc.ir.types import BOOL, FP32, ElementType, TensorType, Type
from milc.ir.walk import walk_blocks, walk_ops, walk_values
from milc.package.model import decode_model
from milc.syntax.parse import read
from milc.syntax.print import to_text
from milc.verify import verify_structure
from milc.verify.operations import Operations
from tests.models import ARCHIVE
from tests.ops.tally import Comparison, Key

Edit = Callable[[], object]
Sites = Callable[[Program], Iterable[Edit]]

PLACES = 3
"""Places of one program at which a mistake is made, spread over all where it can be."""

EVERY = 40
"""One of so many programs is taken, and all that have blocks."""


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


# Putting it to milc


class Trial(NamedTuple):
    """One mistake in one program, in its tree or in its text."""

    program: str
    mutation: str
    place: int
    form: str


def samples(every: int = EVERY) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of the programs that mistakes are put into."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        held = set(archive.namelist())
        for number, line in enumerate(archive.read("index.jsonl").splitlines()):
            if number % every and b'"b":' not in line:
                continue
            name = f"{json.loads(line)['sha']}/after/model.mlmodel"
            if name in held:
                yield name.removesuffix("/model.mlmodel"), archive.read(name)


def trials(name: str, data: bytes) -> Iterator[tuple[Trial, Key | None]]:
    """Every mistake that is put into a program, with how it was missed."""
    ops_are_sound = not _codes(_decoded(data, name), with_ops=True) - {DUPLICATE_NAME}
    plain = _is_plain(_decoded(data, name))
    for each in MUTATIONS:
        if each.of_ops and not ops_are_sound:
            continue
        for place in _spread(len(list(each.sites(_decoded(data, name))))):
            program = _decoded(data, name)
            list(each.sites(program))[place]()
            trial = Trial(name, each.name, place, "tree")
            yield trial, _missed(trial, each.codes, _codes(program, each.of_ops))
            if plain:
                trial = trial._replace(form="text")
                codes = _codes_of_text(to_text(program), each.of_ops)
                yield trial, _missed(trial, each.codes, codes)
    texts = doubled_names(to_text(_decoded(data, name))) if plain else []
    for place in _spread(len(texts)):
        trial = Trial(name, "doubled name", place, "text")
        yield trial, _missed(trial, {"MIL0402"}, _codes_of_text(texts[place], False))


def _is_plain(program: Program) -> bool:
    """Whether no two values of a function have one name.

    Files may define a name twice (casts, and what is read from states). Where the later of the two
    is out of reach, a text means the earlier, and is sound.
    """
    counts = [
        Counter(value.name for value in walk_values(each)) for each in program.functions.values()
    ]
    return all(number == 1 for count in counts for number in count.values())


def _missed(trial: Trial, wanted: Iterable[str], codes: set[str]) -> Key | None:
    if codes.intersection(wanted):
        return None
    said = ", ".join(sorted(codes)) or "nothing"
    return Key(trial.mutation, trial.form, "missed", " or ".join(sorted(wanted)), said)


def _decoded(data: bytes, name: str) -> Program:
    return decode_model(data, name).program


def _spread(count: int) -> list[int]:
    """Some of so many places, the first and the last among them."""
    taken = min(count, PLACES)
    return sorted({at * (count - 1) // max(taken - 1, 1) for at in range(taken)})


def _codes(program: Program, with_ops: bool) -> set[str]:
    found = verify_structure(program)
    # Outside a text, a name that is defined twice is a warning: coremltools writes such packages.
    double = {DUPLICATE_NAME} & {finding.code for finding in found}
    if with_ops:
        checker = Operations(program)
        checker.run()
        found += checker.found
    return double | {finding.code for finding in errors(found)}


def _codes_of_text(text: str, with_ops: bool) -> set[str]:
    program, reported = read(Source(text))
    return {f.code for f in errors(reported)} | _codes(program, with_ops)


def compare(every: int = EVERY) -> Comparison[Any]:
    """Put mistakes into the samples; count which are found."""
    comparison: Comparison[Any] = Comparison()
    for name, data in samples(every):
        for trial, key in trials(name, data):
            comparison.add(trial.mutation, trial.form, trial, key)
    return comparison
