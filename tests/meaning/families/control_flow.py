"""Constants, choices and loops: programs of several ops, against the same in Python."""

from __future__ import annotations

import signal
from typing import Any

import numpy as np
import pytest

from milc.driver.evaluating import Run
from tests.meaning.cases import expect, meaning, random, run_op
from tests.meaning.text import fails, program, ran

VALUES: dict[str, list[Any]] = {
    "bool": [True, False, True], "string": ["a", "", "ü"],
    "fp16": [0.5, -65504.0, 0.0], "fp32": [0.5, -1e30, 0.0], "fp64": [0.5, -1e300, 0.0],
    "bf16": [0.5, -3.0, 1e30], "fp8e4m3fn": [0.5, -448.0, 3.0], "fp8e5m2": [0.5, -57344.0, 3.0],
    "int4": [-8, 7, 1], "int8": [-128, 127, 1], "int16": [-32768, 32767, 1],
    "int32": [-(2**31), 2**31 - 1, 1], "int64": [-(2**63), 2**63 - 1, 1],
    "uint1": [0, 1, 1], "uint2": [0, 3, 1], "uint3": [0, 7, 1], "uint4": [0, 15, 1],
    "uint6": [0, 63, 1], "uint8": [0, 255, 1], "uint16": [0, 65535, 1],
    "uint32": [0, 2**32 - 1, 1], "uint64": [0, 2**64 - 1, 1],
}  # fmt: skip
"""Elements of each type that it can hold, its least and largest among them."""


def spelt(value: Any) -> str:
    """An element as text writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else repr(value)


def every_type_is_held(op: str) -> None:
    """A constant of each element type is what it says."""
    for element, values in VALUES.items():
        listed = ", ".join(map(spelt, values))
        text = f"""() {{
            tensor<{element}, [3]> y = {op}()[val = tensor<{element}, [3]>([{listed}])];
        }} -> (y);"""
        given = ran(text, "ios18")
        assert given.tolist() == np.array(values, given.dtype).tolist(), element


@meaning("const", "values")
def a_const_is_its_value(opset: str) -> None:
    every_type_is_held("const")


@meaning("_const_symbolic", "values")
def a_const_by_another_name_is_its_value(opset: str) -> None:
    every_type_is_held("_const_symbolic")


CHOICE = """(tensor<bool, []> p, tensor<fp32, [2]> x) {
    int32 one = const()[val = int32(1)];
    tensor<fp32, [2]> twice = add(x = x, y = x);
    tensor<fp32, [2]> y, int32 n, tensor<fp32, [2]> same = cond(pred = p) {
        tensor<fp32, [2]> a = add(x = twice, y = fp32(1));
    } -> (a, one, x), {
        tensor<fp32, [2]> b = sub(x = x, y = fp32(1));
        int32 two = add(x = one, y = one);
    } -> (b, two, twice);
    tensor<fp32, [2]> z = add(x = twice, y = y);
} -> (y, n, same, z);"""


@meaning("cond", "values")
def one_block_is_run(opset: str) -> None:
    x = np.array([3, 4], "f4")
    expect(ran(CHOICE, p=True, x=x), (2 * x + 1, np.int32(1), x, 4 * x + 1))
    expect(ran(CHOICE, p=False, x=x), (x - 1, np.int32(2), 2 * x, 3 * x - 1))


@meaning("cond", "loop")
def choices_within_choices(opset: str) -> None:
    text = """(int32 n) {
        bool small = less(x = n, y = int32(5));
        int32 y = cond(pred = small) {
            bool negative = less(x = n, y = int32(0));
            int32 a = cond(pred = negative) {
                int32 minus = mul(x = n, y = int32(-1));
            } -> (minus), {
                int32 more = add(x = n, y = int32(100));
            } -> (more);
            int32 b = add(x = a, y = int32(1));
        } -> (b), {
        } -> (n);
    } -> (y);"""
    for n in range(-3, 8):
        expect(ran(text, n=n), (-n if n < 0 else n + 100) + 1 if n < 5 else n)


@meaning("cond", "values")
def a_condition_of_one_element_decides_and_others_do_not(opset: str) -> None:
    text = """(tensor<bool, [?]> p, fp32 x) {
        fp32 y = cond(pred = p) {
            fp32 a = add(x = x, y = fp32(1));
        } -> (a), {
        } -> (x);
    } -> (y);"""
    expect(ran(text, p=np.array([False]), x=2), 2)
    expect(ran(text, p=np.array([True]), x=2), 3)
    fails(text, "`pred` has 2 elements", p=np.array([True, True]), x=2)
    fails(text, "`pred` has 0 elements", p=np.array([], "?"), x=2)


def counting(more: str, step: str, results: str = "c, y") -> str:
    """A loop of a counter and a tensor."""
    return f"""(int32 n, tensor<fp32, [2]> x) {{
        int32 c, tensor<fp32, [2]> y = while_loop(loop_vars = (int32(0), x))
            (int32 i, tensor<fp32, [2]> a) {{
            {more}
        }} -> (more), (int32 i, tensor<fp32, [2]> a) {{
            int32 next = add(x = i, y = int32(1));
            {step}
        }} -> (next, b);
    }} -> ({results});"""


LESS = "bool more = less(x = i, y = n);"
TWICE = "tensor<fp32, [2]> b = add(x = a, y = a);"


@meaning("while_loop", "loop")
def a_loop_runs_as_long_as_the_condition_holds(opset: str) -> None:
    x = np.array([0.5, -3], "f4")
    for n in (-1, 0, 1, 2, 10):
        turns = max(n, 0)
        expect(ran(counting(LESS, TWICE), n=n, x=x), (np.int32(turns), x * 2**turns))


@meaning("while_loop", "loop")
def what_is_outside_is_seen_in_every_turn(opset: str) -> None:
    text = counting(LESS, "tensor<fp32, [2]> b = add(x = a, y = x);")
    x = np.array([0.5, -3], "f4")
    expect(ran(text, n=4, x=x), (np.int32(4), 5 * x))


@meaning("while_loop", "loop")
def variables_change_places(opset: str) -> None:
    text = """(int32 n) {
        int32 c, int32 y, int32 z = while_loop(loop_vars = (int32(0), int32(0), int32(1)))
            (int32 i, int32 a, int32 b) {
            bool more = less(x = i, y = n);
        } -> (more), (int32 i, int32 a, int32 b) {
            int32 next = add(x = i, y = int32(1));
            int32 sum = add(x = a, y = b);
        } -> (next, b, sum);
    } -> (y, z);"""
    a, b = 0, 1
    for n in range(12):
        expect(ran(text, n=n), (np.int32(a), np.int32(b)))
        a, b = b, a + b


@meaning("while_loop", "loop")
def loops_within_loops(opset: str) -> None:
    text = """(int32 n) {
        int32 c, int32 y = while_loop(loop_vars = (int32(0), int32(0))) (int32 i, int32 a) {
            bool more = less(x = i, y = n);
        } -> (more), (int32 i, int32 a) {
            int32 d, int32 within = while_loop(loop_vars = (int32(0), a)) (int32 j, int32 e) {
                bool more_within = less_equal(x = j, y = i);
            } -> (more_within), (int32 j, int32 e) {
                int32 next_within = add(x = j, y = int32(1));
                int32 product = mul(x = i, y = j);
                int32 sum = add(x = e, y = product);
            } -> (next_within, sum);
            int32 next = add(x = i, y = int32(1));
        } -> (next, within);
    } -> (y);"""
    for n in (0, 1, 2, 5):
        expect(ran(text, n=n), sum(i * j for i in range(n) for j in range(i + 1)))


@meaning("while_loop", "values")
def a_variable_that_nothing_changes_is_handed_through(opset: str) -> None:
    text = counting(LESS, "")
    x = np.array([0.5, -3], "f4")
    expect(ran(text.replace("(next, b)", "(next, a)"), n=3, x=x), (np.int32(3), x))


@meaning("while_loop", "values")
def the_condition_decides_with_one_element(opset: str) -> None:
    wide = "tensor<bool, [1]> more = less(x = i, y = k);"
    text = counting(wide, TWICE).replace("(int32 n", "(tensor<int32, [1]> k", 1)
    x = np.array([0.5, -3], "f4")
    expect(ran(text, k=np.array([2], "i4"), x=x), (np.int32(2), 4 * x))


@meaning("while_loop", "law")
def a_loop_without_end_can_be_interrupted(opset: str) -> None:
    endless = counting(LESS.replace("y = n", "y = int32(2147483647)"), TWICE)

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    run = Run(program(endless))
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(KeyboardInterrupt):
            run({"n": 0, "x": np.zeros(2, "f4")})
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def chosen(cond: Any, a: Any, b: Any) -> Any:
    """What `select` gives, element by element."""
    shape = np.broadcast_shapes(np.shape(a), np.shape(b))
    spread = [np.broadcast_to(each, shape) for each in (cond, a, b)]
    picked = [
        one if c else other for c, one, other in zip(*(e.ravel() for e in spread), strict=True)
    ]
    return np.array(picked, np.asarray(a).dtype).reshape(shape)


@meaning("select", "loop")
def elements_are_taken_from_one_or_the_other(opset: str) -> None:
    shapes = (
        ((2, 3), (2, 3), (2, 3)), ((2, 1), (2, 3), (3,)), ((), (2, 3), (1, 3)),
        ((3,), (2, 1), (3,)), ((1,), (), (2,)), ((), (), ()),
        ((0, 3), (0, 3), (1,)), ((1, 1, 2), (4, 1, 2), (3, 1)),
    )  # fmt: skip
    for dtype in ("f4", "f2", "i4", "?"):
        for c, a, b in shapes:
            cond = random(*c, dtype="?", seed=3)
            one, other = (random(*s, dtype=dtype, seed=i) for i, s in enumerate((a, b)))
            expect(run_op("select", opset, cond=cond, a=one, b=other), chosen(cond, one, other))


@meaning("select", "values")
def what_is_not_finite_stays_where_it_is(opset: str) -> None:
    a, b = np.array([np.nan, 1, np.inf], "f2"), np.array([0, np.nan, -np.inf], "f2")
    cond = np.array([False, True, False])
    expect(run_op("select", opset, cond=cond, a=a, b=b), np.array([0, 1, -np.inf], "f2"))


@meaning("select", "values")
def a_condition_larger_than_the_result_has_no_answer(opset: str) -> None:
    text = """(tensor<bool, [?]> c, fp32 a, fp32 b) {
        fp32 y = select(a = a, b = b, cond = c);
    } -> (y);"""
    fails(text, "`cond` of shape [2] is not broadcast to []", c=np.array([True, False]), a=1, b=2)
