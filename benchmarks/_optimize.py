"""Another Python that runs whole pipelines on request: milc in one, coremltools in the other.

Run with the module to use, `milc` or `coremltools`, and a package. Each line of standard input is
answered by the seconds of the processor that the default pipeline took without a change of
precision, or with one to fp16 if `fp16` stands behind the module (coremltools': and that of its
backend for programs), and the numbers of ops behind it: of all, and by kind. The package is read
anew each time, which does not count. With `ops N` instead of a package milc makes a program of so
many.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

BLOCK = """
        tensor<fp32, [8, 16]> a{n} = identity(x = y{p});
        tensor<fp32, [8, 16]> b{n} = mul(x = a{n}, y = fp32(0.5));
        tensor<fp32, [8, 16]> c{n} = mul(x = a{n}, y = fp32(0.70710678));
        tensor<fp32, [8, 16]> d{n} = erf(x = c{n});
        tensor<fp32, [8, 16]> e{n} = add(x = d{n}, y = fp32(1.0));
        tensor<fp32, [8, 16]> f{n} = mul(x = b{n}, y = e{n});
        tensor<fp32, [16, 8]> g{n} = transpose(x = f{n}, perm = tensor<int32, [2]>([1, 0]));
        tensor<fp32, [16, 8]> h{n} = relu(x = g{n});
        tensor<fp32, [8, 16]> i{n} = transpose(x = h{n}, perm = tensor<int32, [2]>([1, 0]));
        tensor<fp32, [8, 16]> y{n} = add(x = i{n}, y = y{p});"""


def milc(package: str, is_half: bool) -> Callable[[], tuple[float, Counter[str]]]:
    """milc's default pipeline."""
    import milc
    from milc.driver.reading import reader
    from milc.ir.walk import walk_ops
    from milc.passes.pipeline import run
    from milc.passes.pipelines import named

    count = int(package.removeprefix("ops ")) if package.startswith("ops ") else 0
    text = made(count) if count else ""
    name = "default_fp16" if is_half else "default"

    def work() -> tuple[float, Counter[str]]:
        model = milc.Model(milc.parse(text)) if count else milc.load(package)
        pipeline, read = named(name), reader(model.weights)
        gc.collect()
        began = time.process_time()
        run(model.program, pipeline, read=read)
        seconds = time.process_time() - began
        functions = model.program.functions.values()
        return seconds, Counter(op.kind for f in functions for op in walk_ops(f))

    return work


def made(count: int) -> str:
    """A program of about so many ops, with something to do in each ten."""
    body = "".join(BLOCK.format(n=n, p=n - 1) for n in range(1, count // 10 + 1))
    head = "func main<ios15>(tensor<fp32, [8, 16]> y0)"
    return f"program(1.3)\n{{\n    {head} {{{body}\n    }} -> (y{count // 10});\n}}\n"


def coremltools(package: str, is_half: bool) -> Callable[[], tuple[float, Counter[str]]]:
    """coremltools' default pipeline, and its backend's."""
    sys.modules["torch"] = None  # type: ignore[assignment]  # which it would import for nothing
    from coremltools.converters.mil.frontend.milproto.load import load as read
    from coremltools.converters.mil.mil.passes.pass_pipeline import (
        PassPipeline,
        PassPipelineManager,
    )
    from coremltools.models.utils import load_spec

    sys.setrecursionlimit(10_000)

    def work() -> tuple[float, Counter[str]]:
        spec = load_spec(package)
        weights = f"{package}/Data/com.apple.CoreML/weights"
        version = spec.specificationVersion
        program = read(spec, specification_version=version, file_weights_dir=weights)
        default = PassPipeline.DEFAULT
        if not is_half:
            default.remove_passes({"common::add_fp16_cast", "common::add_int16_cast"})
        backend = PassPipeline(
            PassPipeline._PIPELINE_NAME_TO_PASSES["backend_mlprogram"], "backend_mlprogram"
        )
        gc.collect()
        began = time.process_time()
        for pipeline in (default, backend):
            PassPipelineManager.apply_pipeline(program, pipeline)
        seconds = time.process_time() - began
        kinds: Counter[str] = Counter()
        for function in program.functions.values():
            _count(function, kinds)
        return seconds, kinds

    return work


def _count(block: Any, kinds: Counter[str]) -> None:
    """Count the ops of a block, nested ones included."""
    for op in block.operations:
        kinds[op.op_type] += 1
        for inner in op.blocks:
            _count(inner, kinds)


if __name__ == "__main__":
    side, *more = sys.argv[1:]
    is_half = more[0] == "fp16"
    work = {"milc": milc, "coremltools": coremltools}[side](" ".join(more[is_half:]), is_half)
    for _ in sys.stdin:
        seconds, kinds = work()
        kinds.pop("const", None)
        print(json.dumps([seconds, kinds.total(), kinds]), flush=True)
