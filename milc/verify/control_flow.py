"""The blocks of `cond` and `while_loop`: how many, what they take and what they return.

These two are the only ops with blocks, and what their blocks must look like is structure, the same
in every opset. Imports diagnostics and ir only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from milc.ir.types import (
    BOOL,
    VARIADIC,
    DictType,
    ListType,
    StateType,
    TensorType,
    TupleType,
    Type,
)
from milc.verify import places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from milc.diagnostics import Span
    from milc.ir.nodes import Block, Op
    from milc.ir.types import Dim


class Problem(NamedTuple):
    """A finding before it is known where the program has no text."""

    code: str
    message: str
    span: Span | None
    help: str | None = None


def check_blocks(op: Op) -> Iterator[Problem]:
    """What is wrong with the blocks of an op; nothing for ops of other kinds."""
    check = CHECKS.get(op.kind)
    if check is None:
        return
    if len(op.blocks) == 2:
        yield from check(op)
        return
    needs = {"cond": "one for true and one for false"}.get(op.kind, "the condition and the body")
    message = f"{op.kind} has {_count(len(op.blocks), 'block')}; it needs two, {needs}"
    yield Problem("MIL0409", message, places.of_kind(op))


def _check_cond(op: Op) -> Iterator[Problem]:
    results = [value.type for value in op.results]
    for name, block in zip(("true", "false"), op.blocks, strict=True):
        if block.inputs:
            taken = _count(len(block.inputs), "argument")
            message = f"the block for {name} takes {taken}; blocks of cond take none"
            yield Problem("MIL0409", message, places.of_value(block.inputs[0]))
        wants = f"the block for {name}", "cond"
        yield from _outputs(block, results, *wants)


def _check_while_loop(op: Op) -> Iterator[Problem]:
    condition, body = op.blocks
    variables = [operand.type for operand in op.args.get("loop_vars", ())]
    for name, block in (("condition", condition), ("body", body)):
        if len(block.inputs) != len(variables):
            taken = _count(len(block.inputs), "argument")
            bound = _count(len(variables), "value")
            message = f"the {name} takes {taken}, but loop_vars has {bound}"
            yield Problem("MIL0409", message, places.of_block(block))
            return
        for value, type in zip(block.inputs, variables, strict=True):
            if not fits(value.type, type):
                message = (
                    f"the {name} takes `{value.name}` as {value.type!r}, but is given {type!r}"
                )
                yield Problem("MIL0409", message, places.of_value(value))
    yield from _condition(condition)
    yield from _outputs(body, [value.type for value in body.inputs], "the body", "its arguments")
    if len(op.results) != len(body.inputs):
        has, holds = _count(len(op.results), "result"), _count(len(body.inputs), "value")
        message = f"while_loop has {has}, but the loop holds {holds}"
        yield Problem("MIL0410", message, places.of_kind(op))
        return
    for result, value in zip(op.results, body.inputs, strict=True):
        if not fits(result.type, value.type):
            message = (
                f"the result `{result.name}` is {result.type!r}, but the loop holds {value.type!r}"
            )
            yield Problem("MIL0410", message, places.of_value(result))


def _condition(block: Block) -> Iterator[Problem]:
    types = [value.type for value in block.outputs]
    if len(types) != 1:
        message = f"the condition returns {_count(len(types), 'value')}; it must return one bool"
        yield Problem("MIL0410", message, places.of_outputs(block))
    elif not _is_one_bool(types[0]):
        message = f"the condition returns {types[0]!r}; it must return one bool"
        yield Problem("MIL0410", message, places.of_outputs(block))


def _is_one_bool(type: Type) -> bool:
    # coremltools' own programs return tensor<bool, [1]> as well as bool.
    return isinstance(type, TensorType) and type.element is BOOL and type.count in (1, None)


def _outputs(block: Block, wanted: Sequence[Type], who: str, whom: str) -> Iterator[Problem]:
    if len(block.outputs) != len(wanted):
        given = _count(len(block.outputs), "value")
        message = (
            f"{who} returns {given}, but {whom} {'have' if whom != 'cond' else 'has'} {len(wanted)}"
        )
        yield Problem("MIL0410", message, places.of_outputs(block))
        return
    for value, type in zip(block.outputs, wanted, strict=True):
        if not fits(value.type, type):
            message = f"{who} returns `{value.name}` as {value.type!r} where {type!r} is declared"
            yield Problem("MIL0410", message, places.of_use(block, value.name))


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def fits(first: Type, second: Type) -> bool:
    """Whether some value has both types: whether they are equal but for unknown dimensions."""
    todo = [(first, second)]
    for a, b in todo:
        if a is b:
            continue
        if isinstance(a, TensorType) and isinstance(b, TensorType):
            if a.element is not b.element or not _same_dims(a, b):
                return False
        elif isinstance(a, ListType) and isinstance(b, ListType):
            if not _same_dim(a.length, b.length):
                return False
            todo.append((a.element, b.element))
        elif isinstance(a, DictType) and isinstance(b, DictType):
            todo += [(a.key, b.key), (a.value, b.value)]
        elif isinstance(a, TupleType) and isinstance(b, TupleType) and len(a.items) == len(b.items):
            todo += zip(a.items, b.items, strict=True)
        elif isinstance(a, StateType) and isinstance(b, StateType):
            todo.append((a.wrapped, b.wrapped))
        else:
            return False
    return True


def _same_dims(a: TensorType, b: TensorType) -> bool:
    if a.shape is None or b.shape is None or VARIADIC in (*a.shape, *b.shape):
        return True
    return len(a.shape) == len(b.shape) and all(map(_same_dim, a.shape, b.shape))


def _same_dim(a: Dim, b: Dim) -> bool:
    return a is None or b is None or a == b


CHECKS: Final[dict[str, Callable[[Op], Iterator[Problem]]]] = {
    "cond": _check_cond,
    "while_loop": _check_while_loop,
}
