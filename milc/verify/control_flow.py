"""The blocks of `cond` and `while_loop`: how many, what they take and what they return.

These two are the only ops with blocks, and what their blocks must look like is structure, the same
in every opset. Imports diagnostics and ir only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from milc.diagnostics.prose import many
from milc.ir.fit import fits
from milc.ir.types import BOOL, TO_INFER, TensorType, Type
from milc.verify import places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from milc.diagnostics import Span
    from milc.ir.nodes import Block, Op


class Problem(NamedTuple):
    """A finding before it is known where the program has no text."""

    code: str
    message: str
    span: Span | None


def check_blocks(op: Op) -> Iterator[Problem]:
    """What is wrong with the blocks of an op of a kind in `CONTROL_FLOW`."""
    needs, check = CONTROL_FLOW[op.kind]
    if len(op.blocks) == 2:
        yield from check(op)
        return
    message = f"{op.kind} has {_count(op.blocks, 'block')}; it needs two, {needs}"
    yield Problem("MIL0409", message, places.of_kind(op))


def _check_cond(op: Op) -> Iterator[Problem]:
    results = [value.type for value in op.results]
    for name, block in zip(("true", "false"), op.blocks, strict=True):
        if block.inputs:
            taken = _count(block.inputs, "argument")
            message = f"the block for {name} takes {taken}; blocks of cond take none"
            yield Problem("MIL0409", message, places.of_value(block.inputs[0]))
        yield from _outputs(block, results, f"the block for {name}", "cond has")


def _check_while_loop(op: Op) -> Iterator[Problem]:
    condition, body = op.blocks
    variables = [operand.type for operand in op.args.get("loop_vars", ())]
    for name, block in (("condition", condition), ("body", body)):
        if len(block.inputs) != len(variables):
            taken, bound = _count(block.inputs, "argument"), _count(variables, "value")
            message = f"the {name} takes {taken}, but loop_vars has {bound}"
            yield Problem("MIL0409", message, places.of_block(block))
            return
        yield from _arguments(block, variables, name)
    yield from _condition(condition)
    held = [value.type for value in body.inputs]
    yield from _outputs(body, held, "the body", "its arguments have")
    yield from _results(op, held)


def _arguments(block: Block, given: Sequence[Type], name: str) -> Iterator[Problem]:
    for value, type in zip(block.inputs, given, strict=True):
        if not fits(value.type, type):
            message = f"the {name} takes `{value.name}` as {value.type!r}, but is given {type!r}"
            yield Problem("MIL0409", message, places.of_value(value))


def _results(op: Op, held: Sequence[Type]) -> Iterator[Problem]:
    """What is wrong with the results of a loop that holds values of these types."""
    if len(op.results) != len(held):
        has, holds = _count(op.results, "result"), _count(held, "value")
        message = f"while_loop has {has}, but the loop holds {holds}"
        yield Problem("MIL0410", message, places.of_kind(op))
        return
    for result, type in zip(op.results, held, strict=True):
        if not fits(result.type, type):
            message = f"the result `{result.name}` is {result.type!r}, but the loop holds {type!r}"
            yield Problem("MIL0410", message, places.of_value(result))


def _condition(block: Block) -> Iterator[Problem]:
    types = [value.type for value in block.outputs]
    if len(types) != 1:
        message = f"the condition returns {_count(types, 'value')}; it must return one bool"
        yield Problem("MIL0410", message, places.of_outputs(block))
    elif not _is_one_bool(types[0]):
        message = f"the condition returns {types[0]!r}; it must return one bool"
        yield Problem("MIL0410", message, places.of_outputs(block))


def _is_one_bool(type: Type) -> bool:
    if type is TO_INFER:
        return True
    # coremltools' own programs return tensor<bool, [1]> as well as bool.
    return isinstance(type, TensorType) and type.element is BOOL and type.count in (1, None)


def _outputs(block: Block, wanted: Sequence[Type], who: str, whom: str) -> Iterator[Problem]:
    if len(block.outputs) != len(wanted):
        message = f"{who} returns {_count(block.outputs, 'value')}, but {whom} {len(wanted)}"
        yield Problem("MIL0410", message, places.of_outputs(block))
        return
    for value, type in zip(block.outputs, wanted, strict=True):
        if not fits(value.type, type):
            message = f"{who} returns `{value.name}` as {value.type!r} where {type!r} is declared"
            yield Problem("MIL0410", message, places.of_use(block, value.name))


def _count(things: Sequence[object], noun: str) -> str:
    return many(len(things), noun) if things else f"no {noun}s"


CONTROL_FLOW: Final[dict[str, tuple[str, Callable[[Op], Iterator[Problem]]]]] = {
    "cond": ("one for true and one for false", _check_cond),
    "while_loop": ("the condition and the body", _check_while_loop),
}
"""The kinds of op that have blocks: which two, and what checks them."""
