"""States: what is read behind a write, and from run to run."""

from __future__ import annotations

from typing import Any

import numpy as np

from milc.driver.evaluating import Run
from tests.meaning.cases import expect, meaning
from tests.meaning.text import program, ran

ELEMENTS = {
    "fp16": "f2", "fp32": "f4", "int8": "i1", "int16": "i2", "int32": "i4", "uint8": "u1",
    "uint16": "u2", "bool": "?",
}  # fmt: skip

SUM = """(state<tensor<fp16, [2]>> memory, tensor<fp16, [2]> x) {
    tensor<fp16, [2]> old = read_state(input = memory);
    tensor<fp16, [2]> sum = add(x = x, y = old);
    write_state(data = sum, input = memory);
    tensor<fp16, [2]> new = read_state(input = memory);
} -> (old, new);"""


@meaning("read_state", "values")
def a_state_begins_with_zeros_or_what_is_given(opset: str) -> None:
    run = Run(program(SUM, "ios18"))
    x = np.array([1, 2], "f2")
    expect(run({"x": x})["old"], np.zeros(2, "f2"))
    state = {"memory": np.array([10, 20], "f4")}
    expect(run({"x": x}, state)["old"], np.array([10, 20], "f2"))
    expect(state["memory"], np.array([11, 22], "f2"))


@meaning("read_state", "loop")
def a_state_lives_from_run_to_run(opset: str) -> None:
    run, state, wanted = Run(program(SUM, "ios18")), dict[str, Any](), np.zeros(2, "f2")
    for turn in range(5):
        x = np.array([turn, 0.1], "f2")
        outputs = run({"x": x}, state)
        expect(outputs["old"], wanted)
        wanted = (wanted + x).astype("f2")
        expect(outputs["new"], wanted)
        expect(state["memory"], wanted)


@meaning("read_state", "values")
def what_was_read_does_not_follow_later_writes(opset: str) -> None:
    given = np.array([1, 2], "f2")
    x = np.array([5, 5], "f2")
    old, new = Run(program(SUM, "ios18"))({"x": x}, {"memory": given}).values()
    expect((old, new), (np.array([1, 2], "f2"), np.array([6, 7], "f2")))
    expect(given, np.array([1, 2], "f2"))


@meaning("write_state", "values")
def a_state_holds_tensors_of_each_type(opset: str) -> None:
    for element, dtype in ELEMENTS.items():
        # A function cannot take every type that a state holds, so what is written is a constant.
        text = f"""(state<tensor<{element}, [2]>> memory) {{
            tensor<{element}, [2]> x = const()[val = {_spelt(element)}];
            write_state(data = x, input = memory);
            tensor<{element}, [2]> y = read_state(input = memory);
        }} -> (y);"""
        expect(ran(text, "ios18"), np.array([0, 1]).astype(dtype), exact=True)


def _spelt(element: str) -> str:
    elements = {"bool": "[false, true]"}.get(element, "[0.0, 1.0]" if "fp" in element else "[0, 1]")
    return f"tensor<{element}, [2]>({elements})"


@meaning("write_state", "values")
def the_last_write_counts(opset: str) -> None:
    text = """(state<tensor<fp32, [1]>> a, state<tensor<fp32, [1]>> b, tensor<fp32, [1]> x) {
        write_state(data = x, input = a);
        tensor<fp32, [1]> held = read_state(input = a);
        tensor<fp32, [1]> two = add(x = held, y = x);
        write_state(data = two, input = a);
        write_state(data = held, input = b);
        tensor<fp32, [1]> y = read_state(input = a);
        tensor<fp32, [1]> z = read_state(input = b);
    } -> (y, z);"""
    state: dict[str, Any] = {"b": np.array([9], "f4")}
    outputs = Run(program(text, "ios18"))({"x": np.array([3], "f4")}, state)
    expect(tuple(outputs.values()), (np.array([6], "f4"), np.array([3], "f4")))
    expect((state["a"], state["b"]), (np.array([6], "f4"), np.array([3], "f4")))


@meaning("write_state", "loop")
def a_loop_writes_to_a_state(opset: str) -> None:
    text = """(state<tensor<fp32, [1]>> memory, int32 n) {
        int32 c = while_loop(loop_vars = (int32(0))) (int32 i) {
            bool more = less(x = i, y = n);
        } -> (more), (int32 i) {
            tensor<fp32, [1]> old = read_state(input = memory);
            tensor<fp32, [1]> twice = add(x = old, y = old);
            tensor<fp32, [1]> new = add(x = twice, y = fp32(1));
            write_state(data = new, input = memory);
            int32 next = add(x = i, y = int32(1));
        } -> (next);
        tensor<fp32, [1]> y = read_state(input = memory);
    } -> (y);"""
    for n in range(5):
        expect(ran(text, "ios18", n=n), np.array([2.0**n - 1], "f4"))
