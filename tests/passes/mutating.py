"""Programs changed a little: near what passes look for, and often just not it.

The programs are those of the cases and pages of passes and, where there are any, the oracle's.
A constant gets other values or another shape; an operation other operands, another kind, one in
front of it, a branch around it; the function other inputs, outputs, element types, opset. What
does not verify is dropped. The same seed and number give the same program, and its name tells the
program that it was.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Final
from zlib import crc32

import milc
from milc.diagnostics import MilError, errors
from milc.ir.constants import literal
from milc.ir.literals import string_literal
from milc.ir.names import DUPLICATE_NAME
from milc.ir.nodes import Block, Function, Op, Operand, Program, Value
from milc.ir.rewriter import Rewriter
from milc.ir.types import BOOL, FP16, FP32, INT32, TO_INFER, TensorType
from milc.ir.walk import walk_ops
from milc.package.model import Model
from milc.passes import modules
from milc.syntax.parse import parse
from milc.verify import verify
from milc.verify.completing import infer_types
from tests.passes import mutating_values as values
from tests.passes.subjects import Subject, recorded
from tests.passes.test_cases import FILES, read
from tests.passes.test_pages import programs
from tests.shared import SHARED

MOST_OPS: Final = 120
"""Programs of more operations are left out."""

OPSETS: Final = ("ios15", "ios16", "ios17", "ios18")

Mutation = Callable[[Function, Rewriter, Random], None]


def mutated(
    count: int, seed: int, start: int = 0, *, only_own: bool = False, share: int = 1
) -> Iterator[Subject]:
    """So many programs, each changed in turn; `only_own` leaves out the oracle's.

    `share` takes about every so many of them, by their names: what is new changes no other.
    """
    held = sources(only_own)
    for number in range(start, start + count):
        round, place = divmod(number, len(held))
        name, program = held[place]
        if share > 1 and (crc32(name.encode()) + seed) % share:
            continue
        made = _mutated(program, Random(f"{seed} {round} {name}"))
        if made is not None:
            text = milc.to_text(made)
            yield Subject(f"{seed}.{number} {name}", lambda text=text: Model(parse(text)), {})  # type: ignore[misc]


@cache
def sources(only_own: bool) -> list[tuple[str, Program]]:
    """What is changed, by name: the programs that verify."""
    texts: dict[str, str] = {}
    for path in FILES:
        case, name = read(path), f"{path.parent.name}/{path.stem}"
        texts |= {name: case.before, f"{name} becomes": case.after}
    for name in modules():
        texts |= {f"{name} {number}": text for number, text in enumerate(programs(name))}
    made = [(name, _sound(lambda text=text: parse(text))) for name, text in texts.items()]  # type: ignore[misc]
    if not only_own and SHARED.is_dir():
        made += [(each.name, _small(each)) for each in recorded()]
    return [(name, program) for name, program in made if program is not None]


def _sound(load: Callable[[], Program]) -> Program | None:
    try:
        program = load()
        infer_types(program)
        found = verify(program)
        is_clear = all(each.code != DUPLICATE_NAME for each in found)  # so that texts mean the same
        return program if is_clear and not errors(found) else None
    except MilError:
        return None


def _small(subject: Subject) -> Program | None:
    """A recorded program of a few operations and no weights."""
    if subject.has_weights:
        return None
    program = _sound(lambda: subject.load().program)
    if program is None:
        return None
    count = sum(1 for function in program.functions.values() for _ in walk_ops(function))
    return program if count <= MOST_OPS else None


def _mutated(program: Program, random: Random) -> Program | None:
    """A program with some changes; None if one of them does not fit."""
    program = copy.deepcopy(program)
    function = random.choice([*program.functions.values()])
    for _ in range(random.choice((1, 1, 2, 2, 3, 5))):
        try:
            random.choice(MUTATIONS)(function, Rewriter(function), random)
            _open_types(function)
            infer_types(program)
        except (MilError, ValueError, OverflowError):
            return None  # what no rewriter does, or no literal holds
        if errors(verify(program)):
            return None
    return program


def _open_types(function: Function) -> None:
    """Let types of results be found anew, but for those that ops declare."""
    for op in walk_ops(function):
        if op.kind == "const" or op.kind.startswith("constexpr") or op.kind == "while_loop":
            continue
        for result in op.results:
            if isinstance(result.type, TensorType):
                result.type = TO_INFER


# Operations


def _ops(function: Function) -> list[Op]:
    return [op for op in walk_ops(function) if op.kind != "const"]


def _change_operand(function: Function, rewriter: Rewriter, random: Random) -> None:
    """Another value in place of an operand, mostly of the same type."""
    places = [(op, name, at) for op in _ops(function) for name, at, _ in op.operands]
    if not places:
        return
    op, name, at = random.choice(places)
    was = op.args[name][at]
    found: list[Value] = list(function.inputs)
    for each in function.body.ops:
        if each is op:
            break
        found += each.results
    alike = [v for v in found if isinstance(was, Value) and v.type == was.type and v is not was]
    chosen = alike if alike and random.random() < 0.7 else found
    if chosen:
        rewriter.set_operand(op, name, at, random.choice(chosen))


def _swap_operands(function: Function, rewriter: Rewriter, random: Random) -> None:
    found = [op for op in _ops(function) if "x" in op.args and "y" in op.args]
    if found:
        op = random.choice(found)
        rewriter.set_args(op, {"x": op.args["y"], "y": op.args["x"]})


KINDS: Final = [
    each.split()
    for each in (
        "add sub mul real_div maximum minimum pow floor_div mod",
        "less greater equal not_equal less_equal greater_equal",
        "relu relu6 sigmoid tanh exp sqrt square abs erf identity silu gelu floor sign softplus",
        "reduce_mean reduce_sum reduce_max reduce_min reduce_prod reduce_l2_norm reduce_sum_square",
        "logical_and logical_or logical_xor",
        "conv conv_transpose",
        "log rsqrt inverse",
        "squeeze expand_dims",
        "gather gather_along_axis",
        "quantize dequantize",
        "concat stack",
        "pixel_shuffle pixel_unshuffle",
        "space_to_batch batch_to_space",
        "depth_to_space space_to_depth",
    )
]
"""Kinds of operations of which one may stand for another."""


def _change_kind(function: Function, rewriter: Rewriter, random: Random) -> None:
    found = [(op, kinds) for op in _ops(function) for kinds in KINDS if op.kind in kinds]
    if found:
        op, kinds = random.choice(found)
        rewriter.set_kind(op, random.choice(kinds))


def _insert(function: Function, rewriter: Rewriter, random: Random) -> None:
    """An operation behind a value, for one or all of its users, or as a further output."""
    found = [result for op in _ops(function) for result in op.results] + list(function.inputs)
    found = [value for value in found if value.uses and isinstance(value.type, TensorType)]
    if not found:
        return
    value = random.choice(found)
    kind, args = random.choice(values.choices(value, random))
    op = Op(kind, args, [Value(rewriter.fresh_name("m"), TO_INFER)])
    op.attributes["name"] = string_literal(op.results[0].name)
    users = list(value.uses)
    if value.op is not None:
        rewriter.insert_after(value.op, op)
    else:
        rewriter.prepend(function.body, op)
    if random.random() < 0.15:
        rewriter.set_outputs(function.body, [*function.body.outputs, op.results[0]])
        return
    kept: list[Op | Block] = [user for user in users if isinstance(user, Block)]
    if len(users) > 1 and random.random() < 0.5:
        moved = random.choice(users)
        kept = [user for user in users if user is not moved]
    rewriter.replace_all_uses(value, op.results[0], but=[op, *kept])


def _into_branch(function: Function, rewriter: Rewriter, random: Random) -> None:
    """Some operations in a row become the branch of a conditional; the other gives constants."""
    ops = [op for op in function.body.ops if op.kind != "const"]
    if not ops:
        return
    first = random.randrange(len(ops))
    part = ops[first : first + random.randint(1, 4)]
    given = [v for op in part for v in op.results if any(user not in part for user in v.uses)]
    if not given or any(not isinstance(v.type, TensorType) or not v.type.count for v in given):
        return
    pred = rewriter.add_input("p", TensorType(BOOL, ()))
    results = [Value(rewriter.fresh_name("c"), value.type) for value in given]
    called = string_literal(rewriter.fresh_name("cond"))
    cond = Op("cond", {"pred": (pred,)}, results, {"name": called}, [Block(), Block()])
    rewriter.insert_after(part[-1], cond)
    for value, result in zip(given, cond.results, strict=True):
        rewriter.replace_all_uses(value, result, but=part)
    inside, other = cond.blocks
    anchor = Op("const", None, [Value(rewriter.fresh_name("k"), TO_INFER)], {"val": literal(True)})
    anchor.results[0].type = TensorType(BOOL, ())
    anchor.attributes["name"] = string_literal(anchor.results[0].name)
    rewriter.append(inside, anchor)
    for op in part:
        rewriter.move_before(op, anchor)
    rewriter.set_outputs(inside, given)
    for value in given:
        made = values.constant(rewriter, value.type, random)
        rewriter.append(other, made)
        rewriter.set_outputs(other, [*other.outputs, made.results[0]])


# Constants


def _constants(function: Function) -> list[values.Held]:
    return [each for op in walk_ops(function) for each in values.held(op)]


def _change_constant(function: Function, rewriter: Rewriter, random: Random) -> None:
    found = _constants(function)
    if found:
        op, name, at, was = random.choice(found)
        _put(rewriter, op, name, at, values.changed(was, name, random))


def _put(rewriter: Rewriter, op: Op, name: str, at: int | None, new: Operand) -> None:
    if at is not None:
        rewriter.set_operand(op, name, at, new)
        return
    assert not isinstance(new, Value)
    op.attributes[name] = new
    if op.kind == "const":
        op.results[0].type = new.type


def _halve(function: Function, rewriter: Rewriter, random: Random) -> None:
    """Compute in fp16 what was fp32."""
    for value in function.inputs:
        if isinstance(value.type, TensorType) and value.type.element is FP32:
            value.type = TensorType(FP16, value.type.shape)
    for op, name, at, was in _constants(function):
        half = values.halved(was, random)
        if half is not None:
            _put(rewriter, op, name, at, half)


# Functions


def _change_dim(function: Function, rewriter: Rewriter, random: Random) -> None:
    """Other or unknown dimensions of an input."""
    found = [v for v in function.inputs if isinstance(v.type, TensorType) and v.type.shape]
    if not found:
        return
    value = random.choice(found)
    assert isinstance(value.type, TensorType)
    dims = list(value.type.shape or ())
    at = random.randrange(len(dims))
    dims[at] = random.choice((None, None, 1, 2, 3, 0))
    if random.random() < 0.2:
        dims = [None] * len(dims)
    if random.random() < 0.1:
        dims = dims[1:]
    value.type = TensorType(value.type.element, tuple(dims))


def _add_output(function: Function, rewriter: Rewriter, random: Random) -> None:
    body = function.body
    found = [v for op in body.ops for v in op.results if v not in body.outputs]
    if found:
        rewriter.set_outputs(body, [*body.outputs, random.choice(found)])


def _drop_output(function: Function, rewriter: Rewriter, random: Random) -> None:
    outputs = list(function.body.outputs)
    if len(outputs) > 1:
        outputs.pop(random.randrange(len(outputs)))
        rewriter.set_outputs(function.body, outputs)


def _change_opset(function: Function, rewriter: Rewriter, random: Random) -> None:
    function.opset = random.choice(OPSETS)


def _const_to_input(function: Function, rewriter: Rewriter, random: Random) -> None:
    found = [
        op
        for op in function.body.ops
        if op.kind == "const"
        and op.results[0] not in function.body.outputs
        and isinstance(type := op.results[0].type, TensorType)
        and type.element in (FP32, FP16, INT32)
    ]
    if found:
        const = random.choice(found)
        given = rewriter.add_input("given", const.results[0].type)
        rewriter.replace_all_uses(const.results[0], given)
        rewriter.erase(const)


def _input_to_const(function: Function, rewriter: Rewriter, random: Random) -> None:
    found = [
        value
        for value in function.inputs
        if isinstance(value.type, TensorType)
        and 0 < (value.type.count or 0) < values.LARGE
        and value not in function.body.outputs
    ]
    if len(function.inputs) > 1 and found:
        value = random.choice(found)
        const = values.constant(rewriter, value.type, random)
        rewriter.prepend(function.body, const)
        rewriter.replace_all_uses(value, const.results[0])
        rewriter.remove_input(value)


MUTATIONS: Final[tuple[Mutation, ...]] = (
    *[_change_constant] * 8, *[_insert] * 5, *[_change_dim] * 4, *[_change_operand] * 3,
    *[_change_kind] * 3, *[_swap_operands] * 2, *[_add_output] * 2, *[_into_branch] * 2,
    _drop_output, _change_opset, _halve, _const_to_input, _input_to_const,
)  # fmt: skip
"""Each as often as it is to be drawn."""
