"""No pass makes constants that are much larger than those it finds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import milc
from milc.ir.literals import WEIGHT_FILE
from milc.ir.types import FP32
from milc.package.model import Model
from milc.package.weights import WeightFiles
from milc.passes import Pass, rewrite
from milc.passes.pipeline import run
from milc.passes.session import LARGE, count_of
from tests.passes.running import count, optimized

FULL = """program(1.3)
{{
    func main<ios17>(tensor<fp32, [1]> x) {{
        tensor<fp32, [{count}]> a = fill(shape = tensor<int32, [1]>([{count}]), value = fp32(2.0));
        tensor<fp32, [{count}]> y = add(x = x, y = a);
    }} -> (y);
}}
"""
CHAIN = """program(1.3)
{{
    func main<ios15>(tensor<fp32, [1]> x) {{
        tensor<fp32, [2]> c0 = const()[val = tensor<fp32, [2]>([1.0, 2.0])];
{ops}
        tensor<fp32, [{count}]> y = add(x = x, y = c{last});
    }} -> (y);
}}
"""

JOINED = """program(1.3)
{{
    func main<ios16>(tensor<int32, [{size}]> x) {{
        tensor<int32, [{size}]> a = add(x = x, y = {one});
        tensor<int32, [{size}]> y = add(x = a, y = {other});
    }} -> (y);
}}
"""


@pytest.mark.parametrize(("number", "stays"), [(LARGE, 0), (LARGE + 1, 1), (1 << 30, 1)])
def test_what_would_be_large_is_left_to_be_computed(number: int, stays: int) -> None:
    program = milc.parse(FULL.format(count=number))
    optimized(program, "const_elimination")
    assert count(program)["fill"] == stays


def test_a_chain_grows_until_it_is_large() -> None:
    steps, reps = 30, "tensor<int32, [1]>([2])"
    ops = [
        f"        tensor<fp32, [{4 << n}]> c{n + 1} = tile(x = c{n}, reps = {reps});"
        for n in range(steps)
    ]
    program = milc.parse(CHAIN.format(ops="\n".join(ops), count=2 << steps, last=steps))
    milc.optimize(program)
    consts = [op for op in program.functions["main"].body.ops if op.kind == "const"]
    assert sum(count_of(op.result) for op in consts) < 3 * LARGE
    assert count(program)["tile"] > 0


@pytest.mark.parametrize(("sizes", "left"), [((4096, 4096), 1), ((4097, 1), 2), ((1, 4097), 2)])
def test_large_constants_are_not_joined(sizes: tuple[int, int], left: int) -> None:
    one, other = [f"tensor<int32, [{size}]>([{', '.join(['1'] * size)}])" for size in sizes]
    largest = max(sizes)
    program = milc.parse(JOINED.format(size=largest, one=one, other=other))
    optimized(program, "algebraic_simplification")
    assert count(program)["add"] == left


def weighted(elements: int, shape: str, op: str) -> Model:
    """A model with one op on a weight in a file."""
    files = WeightFiles(None)
    offset = files.append(WEIGHT_FILE, FP32, np.arange(elements, dtype="<f4").tobytes())
    held = f'BLOBFILE(path = string("{WEIGHT_FILE}"), offset = uint64({offset}))'
    text = (
        "program(1.3) { func main<ios15>(tensor<fp32, [1]> x) {"
        f"tensor<fp32, {shape}> w = const()[val = tensor<fp32, {shape}>({held})];"
        f"{op} }} -> (y); }}"
    )
    return Model(milc.parse(text), weights=files)


def test_a_weight_may_give_way_to_one_as_large() -> None:
    op = (
        "tensor<fp32, [1500, 1000]> t = transpose(x = w, perm = tensor<int32, [2]>([1, 0]));"
        "tensor<fp32, [1500, 1000]> y = add(x = x, y = t);"
    )
    model = weighted(1_500_000, "[1000, 1500]", op)
    optimized(model, "const_elimination")
    assert count(model.program) == {"add": 1}


def test_a_weight_that_others_need_stays_alone() -> None:
    op = (
        "tensor<fp32, [1500, 1000]> t = transpose(x = w, perm = tensor<int32, [2]>([1, 0]));"
        "tensor<fp32, [1000, 1000]> m = matmul(x = w, y = t);"
        "tensor<fp32, [1000, 1000]> y = add(x = x, y = m);"
    )
    model = weighted(1_500_000, "[1000, 1500]", op)
    optimized(model, "const_elimination")
    assert count(model.program) == {"transpose": 1, "matmul": 1, "add": 1}
    consts = [op for op in model.program.functions["main"].body.ops if op.kind == "const"]
    assert max(count_of(op.result) for op in consts) == 1_500_000


class Grow(Pass):
    """A pass that forgets itself."""

    name = "grow"

    @rewrite("add")
    def grow(self, op: Any, session: Any) -> Any:
        """Another sum, of a large constant."""
        large = session.new("mul", x=op.x, y=np.ones(self.size, "f4"))
        return session.new("slice_by_size", x=large, begin=[0], size=[1])

    size = LARGE + 1


def test_the_session_lets_no_pass_make_large_constants() -> None:
    text = "program(1.3) { func main<ios15>(tensor<fp32, [1]> x)"
    program = milc.parse(text + "{ tensor<fp32, [1]> y = add(x = x, y = x); } -> (y); }")
    assert not run(program, [[Grow()]]).changed
    Grow.size = 8
    assert run(program, [[Grow()]]).changed
