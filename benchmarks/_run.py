"""milc running a model, in a process of its own: how long a call takes, or how much memory.

With `serve` and a package it answers each line of standard input with the seconds that a call took,
the median of five, after one that does not count. With `arrays` it prints how many bytes arrays
took at most in a run, with `process` how many the process did, from before it read the model on;
and beside it those of the weights, and of the largest set of values that are needed at a time.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np

import milc
from milc.driver.evaluating import Run
from milc.ir.types import TensorType
from milc.kernels.elements import dtype_of

if TYPE_CHECKING:
    from milc.ir.nodes import Function, Value

CALLS = 5


def example(function: Function) -> dict[str, Any]:
    """Inputs of a function: numbers that look random, of integers small ones."""
    generator = np.random.default_rng(0)
    made = {}
    for value in function.inputs:
        type = value.type
        assert isinstance(type, TensorType)
        shape = [int(str(dim)) for dim in type.shape or ()]
        is_integer = type.element.is_integer
        made[value.name] = (
            generator.integers(0, 64, shape) if is_integer else generator.random(shape, "f4")
        )
    return made


def serve(package: str) -> None:
    """Answer requests until there are no more."""
    run = Run(milc.load(package))
    inputs = example(run.function)
    run(inputs)
    for _ in sys.stdin:
        taken = []
        for _ in range(CALLS):
            start = time.perf_counter()
            run(inputs)
            taken.append(time.perf_counter() - start)
        print(statistics.median(taken), flush=True)


def arrays(package: str) -> dict[str, int]:
    """What arrays took in a first run: the weights, which are mapped, and what was made."""
    model = milc.load(package)
    function = model.program.functions["main"]
    run, inputs, held = Run(model), example(function), needed(function)
    tracemalloc.start()
    run(inputs)
    return {"peak": tracemalloc.get_traced_memory()[1] + held["weights"], **held}


def process(package: str) -> dict[str, int]:
    """What the process took, pages of mapped weights included."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    model = milc.load(package)
    function = model.program.functions["main"]
    Run(model)(example(function))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"peak": peak * (1 if sys.platform == "darwin" else 1024), **needed(function)}


def needed(function: Function) -> dict[str, int]:
    """The bytes of the weights, and of the values that are needed at a time, at most."""
    ops = [op for op in function.body.ops if op.kind != "const"]
    last: dict[Value, int] = {}
    for place, op in enumerate(ops):
        last |= dict.fromkeys((*op.values, *op.results), place)
    last |= dict.fromkeys(function.body.outputs, len(ops))
    weights = sum(bytes_of(value) for value in last if value.literal is not None)
    live = largest = sum(map(bytes_of, function.inputs))
    for place, op in enumerate(ops):
        live += sum(map(bytes_of, op.results))
        largest = max(largest, live)
        ended = {value for value in (*op.values, *op.results) if last[value] == place}
        live -= sum(bytes_of(value) for value in ended if value.literal is None)
    return {"weights": weights, "live": largest}


def bytes_of(value: Value) -> int:
    """The bytes of a tensor."""
    type = value.type
    if not isinstance(type, TensorType) or type.element.name == "string":
        return 0
    return (type.count or 0) * dtype_of(type.element).itemsize


if __name__ == "__main__":
    asked, path = sys.argv[1:]
    if asked == "serve":
        serve(path)
    else:
        print(json.dumps(arrays(path) if asked == "arrays" else process(path)))
