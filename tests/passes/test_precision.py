"""fp16 by choice: what Python selects, what a file of ranges rules out, and the note of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import milc
from milc.diagnostics import MilError
from milc.ir.nodes import Op, Program
from milc.passes.half_constants import halved
from milc.passes.pipeline import grouped, made, run
from milc.passes.session import Session
from tests.passes.running import count, optimized

TEXT = """program(1.3)
{
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> a = square(x = x);
        tensor<fp32, [2]> b = sqrt(x = a);
        tensor<fp32, [2]> y = tanh(x = b);
    } -> (y);
}
"""


def types(program: Program) -> dict[str, str]:
    """The element types of results by the kinds of their ops."""
    main = program.functions["main"]
    return {op.kind: str(op.result.type.element) for op in main.body.ops if op.kind != "const"}  # type: ignore[attr-defined]


def test_a_function_of_python_selects_ops() -> None:
    program = milc.parse(TEXT)
    run(program, grouped([made("add_fp16_cast", op_selector=lambda op: op.kind == "sqrt")]))
    assert types(program) == {"square": "fp32", "cast": "fp32", "sqrt": "fp16", "tanh": "fp32"}


def test_a_file_of_ranges_keeps_fp32_and_a_note_says_why(tmp_path: Path) -> None:
    values = {
        "x": {"min": -300.0, "max": 10.0, "absmax": 300.0, "non_finite": 0, "runs": 1},
        "a": {"min": 0.0, "max": 9e4, "absmax": 9e4, "non_finite": 0, "runs": 1},
    }
    file = tmp_path / "ranges.json"
    file.write_text(json.dumps({"function": "main", "runs": 1, "values": values}))
    program = milc.parse(TEXT)
    outcome = optimized(program, "add_fp16_cast", ranges=str(file))
    assert [note.text for note in outcome.notes] == [
        "`square` stays in fp32: `a` reached 9e+04",
        "`sqrt` stays in fp32: `a` reached 9e+04",
    ]
    assert types(program)["square"] == "fp32"
    assert types(program)["tanh"] == "fp16"


def test_ranges_of_another_function_say_nothing() -> None:
    program = milc.parse(TEXT)
    ranges = {"function": "other", "values": {"a": {"absmax": 9e4}}}
    optimized(program, "add_fp16_cast", ranges=ranges)
    assert types(program)["square"] == "fp16"


def test_what_is_no_file_of_ranges_is_found(tmp_path: Path) -> None:
    file = tmp_path / "ranges.json"
    file.write_text("[]")
    with pytest.raises(MilError, match="MIL0918"):
        run(milc.parse(TEXT), grouped([made("add_fp16_cast", ranges=file)]))


def test_a_constant_is_made_fp16_once() -> None:
    text = TEXT.replace("tanh(x = b)", "add(x = b, y = w)").replace(
        "sqrt(x = a)", "mul(x = a, y = w)"
    )
    const = "        tensor<fp32, [2]> w = const()[val = tensor<fp32, [2]>([1.0, 2.0])];\n"
    program = milc.parse(
        text.replace("        tensor<fp32, [2]> a", const + "        tensor<fp32, [2]> a", 1)
    )
    optimized(program, "add_fp16_cast")
    consts = [op for op in program.functions["main"].body.ops if op.kind == "const"]
    assert [str(op.result.type) for op in consts].count("tensor<fp16, [2]>") == 1
    assert count(program) == {"square": 1, "mul": 1, "add": 1, "cast": 2}


def test_of_few_elements_none_becomes_0() -> None:
    import numpy as np

    few = np.array([0.0, 1e-10, -1e-10, 3e38, 0.1], "f4")
    assert halved(few).tolist() == [0.0, 2.0**-24, -(2.0**-24), float("inf"), np.float16(0.1)]
    many = np.full(400, 1e-10, "f4")
    assert not halved(many).any()


def test_of_ops_that_look_the_same_one_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    monkeypatch.setattr(Session, "learn", lambda self, op: learn(self, verified, op))
    lines = [
        f"tensor<fp32, [2]> b{n} = mul(x = b{n - 1}, y = fp32(0.1));\n"
        f"tensor<fp32, [2]> c{n} = softmax(x = b{n}, axis = int32(-1));"
        for n in range(1, 100)
    ]
    body = TEXT.replace("tensor<fp32, [2]> y", "\n".join(lines) + "\ntensor<fp32, [2]> y")
    program = milc.parse(body.replace("b = sqrt", "b0 = sqrt").replace("x = b)", "x = c99)"))
    run(program, grouped([made("add_fp16_cast")]))
    assert verified == ["square", "sqrt", "mul", "softmax", "tanh"]
    assert count(program)["cast"] == 2


def learn(session: Session, verified: list[str], op: Op) -> None:
    """Learn of an op, and keep its kind."""
    verified.append(op.kind)
    session.facts.check(op, op.opset or session.function.opset)


def test_a_constant_of_one_op_becomes_fp16_where_it_stands() -> None:
    const = "tensor<fp32, [2]> w = const()[val = tensor<fp32, [2]>([1.0, 0.1])];"
    program = milc.parse(TEXT.replace("{\n        ", f"{{\n        {const}\n        ", 1).replace(
        "sqrt(x = a)", "mul(x = a, y = w)"))  # fmt: skip
    held = next(op for op in program.functions["main"].body.ops if op.kind == "const")
    optimized(program, "add_fp16_cast")
    assert held.result.name == "w"
    assert str(held.result.type) == "tensor<fp16, [2]>"
    assert held.parent is program.functions["main"].body
