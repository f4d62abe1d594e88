"""Programs that several tests take."""

from __future__ import annotations

from milc.ir.builder import Builder
from milc.ir.literals import string_literal
from milc.ir.nodes import Block, Function, Op, Program, Value
from milc.ir.types import BOOL, FP32, INT32


def mixed(factor: float = 2.0, opset: str = "ios17") -> Program:
    """Straight code, a `cond` and a `while_loop` whose body holds another `cond`."""
    builder = Builder(opset=opset, build_info={"coremltools-version": "9.0"})
    with builder.function("main", x=FP32(2), p=BOOL()) as (x, p):
        scaled = builder.op("mul", FP32(2), x=x, y=factor, name="scaled")
        with builder.cond(p, name="chosen") as choice:
            with choice.then():
                builder.outputs(builder.op("relu", FP32(2), x=scaled, name="positive"))
            with choice.otherwise():
                builder.outputs(scaled)
        with builder.while_loop(0, choice.result, name="loop") as loop:
            with loop.condition() as (i, _):
                builder.outputs(builder.op("less", BOOL(), x=i, y=10, name="again"))
            with loop.body() as (i, held):
                with builder.cond(p, name="step") as inner:
                    with inner.then():
                        builder.outputs(builder.op("add", FP32(2), x=held, y=x, name="sum"))
                    with inner.otherwise():
                        builder.outputs(held)
                builder.outputs(builder.op("add", INT32(), x=i, y=1, name="next"), inner.result)
        builder.outputs(loop.results[1], scaled)
    return builder.program


def chain(length: int) -> Program:
    """A function of `length` ops in a row, each of which uses the one before it."""
    program = Program("1.0")
    function = program.add(Function("main", "ios17", [Value("x", FP32(2))]))
    value = function.inputs[0]
    for number in range(length):
        name = f"v{number}"
        attributes = {"name": string_literal(name)}
        op = Op("relu", {"x": (value,)}, [Value(name, FP32(2))], attributes)
        value = function.body.append(op).result
    function.body.set_outputs([value])
    return program


def deep(depth: int) -> Program:
    """A `cond` within a `cond`, `depth` times."""
    program = Program("1.0")
    function = program.add(Function("main", "ios17", [Value("x", FP32(2)), Value("p", BOOL())]))
    x, p = function.inputs
    block = function.body
    for number in range(depth):
        inner, other = Block(), Block()
        other.set_outputs([x])
        result = Value(f"v{number}", FP32(2))
        block.append(Op("cond", {"pred": (p,)}, [result], {}, [inner, other]))
        block.set_outputs([result])
        block = inner
    block.set_outputs([x])
    return program


def ops(program: Program) -> dict[str, Op]:
    """The ops of a program, nested ones included, by the name of their first result."""
    from milc.ir.walk import walk_ops

    return {op.results[0].name: op for op in walk_ops(program) if op.results}


def values(program: Program) -> dict[str, Value]:
    """All values of a program by their names."""
    from milc.ir.walk import walk_values

    return {value.name: value for value in walk_values(program)}
