"""Equal constants where text does not show it: weight files, and several functions."""

from __future__ import annotations

import struct

import pytest

import milc
import milc.passes.session
from milc.driver.reading import reader
from milc.ir.literals import WEIGHT_FILE, BlobRef
from milc.ir.types import FP16, FP32
from milc.ir.walk import walk_ops
from milc.package.model import Model
from milc.package.weights import WeightFiles
from milc.passes.pipeline import grouped, made, run
from tests.passes.running import count, optimized
from tests.passes.test_cases import CASES, read

FUNCTION = """
    func {name}<ios15>(tensor<fp32, [2]> x) {{
        tensor<fp32, [2]> w = const()[val = tensor<fp32, [2]>(
            BLOBFILE(path = string("{file}"), offset = uint64({offset})))];
        tensor<fp32, [2]> y = mul(x = x, y = w);
    }} -> (y);
"""


def model(*weights: tuple[float, float]) -> Model:
    """A model with a function for each weight, each in a blob of its own."""
    files = WeightFiles(None)
    text = "program(1.3)\n{"
    for number, weight in enumerate(weights):
        offset = files.append(WEIGHT_FILE, FP32, struct.pack("<2f", *weight))
        name = f"f{number}" if number else "main"
        text += FUNCTION.format(name=name, file=WEIGHT_FILE, offset=offset)
    return Model(milc.parse(text + "}\n"), weights=files)


def offsets(subject: Model) -> list[int]:
    """Where the weights of the functions lie."""
    consts = [function.body.first for function in subject.program.functions.values()]
    literals = [op.attributes["val"] for op in consts if op is not None]
    return [literal.offset for literal in literals if isinstance(literal, BlobRef)]


def test_functions_share_equal_weights_in_the_file() -> None:
    subject = model((1.0, 2.0), (1.0, 3.0), (1.0, 2.0))
    before = offsets(subject)
    assert len(set(before)) == 3
    optimized(subject, "const_deduplication")
    assert offsets(subject) == [before[0], before[1], before[0]]


def test_programs_share_nothing_by_a_pass_that_runs_on_both() -> None:
    one, other = model((1.0, 2.0)), model((3.0, 4.0), (1.0, 2.0))
    before = offsets(other)
    passes = grouped([made("const_deduplication")])
    for subject in (one, other):
        run(subject.program, passes, read=reader(subject.weights))
    assert offsets(other) == before


def test_a_weight_without_its_like_is_not_read() -> None:
    subject = model((1.0, 2.0))
    asked: list[BlobRef] = []
    read = reader(subject.weights)

    def noted(blob: BlobRef) -> object:
        asked.append(blob)
        return read(blob)

    session = milc.passes.session.Session(subject.program, subject.program.functions["main"], noted)  # type: ignore[arg-type]  # as a reader
    asked.clear()
    milc.passes.find("const_deduplication")().run(session)  # type: ignore[misc]  # it is there
    assert asked == []


def test_equal_arrays_are_held_once() -> None:
    one = "tensor<fp32, [100]> w = const()[val = tensor<fp32, [100]>([" + "1.5, " * 99 + "1.5])];"
    body = "(tensor<fp32, [100]> x) {" + one + "tensor<fp32, [100]> y = mul(x = x, y = w);} -> (y);"
    program = milc.parse(f"program(1.3)\n{{ func main<ios15>{body} func f<ios15>{body} }}")
    optimized(program, "const_deduplication")
    held = [f.body.first.attributes["val"] for f in program.functions.values() if f.body.first]
    assert held[0] is held[1]


@pytest.mark.parametrize(
    ("case", "left"), [("consts", {"a", "c", "i"}), ("kept", {"one", "two", *"abcd"})]
)
def test_of_equal_constants_the_first_is_left(case: str, left: set[str]) -> None:
    """That is told here, as the texts of cases have constants where they are used."""
    held = read(CASES / "const_deduplication" / f"{case}.mil")
    program = milc.parse(held.before)
    optimized(program, "const_deduplication", **held.options)
    consts = [op for op in walk_ops(program.functions["main"]) if op.kind == "const"]
    assert {op.result.name for op in consts} == left


PACKED = """
        tensor<fp32, [2]> {name} = constexpr_cast()[
            output_dtype = string("fp32"), source_val = tensor<fp16, [2]>(
                BLOBFILE(path = string("{file}"), offset = uint64({offset})))];
"""


def test_functions_share_what_constexpr_ops_unpack() -> None:
    files = WeightFiles(None)
    data = struct.pack("<2e", 1.5, 2.5)
    first, second = (files.append(WEIGHT_FILE, FP16, data) for _ in range(2))
    text = "program(1.3)\n{"
    for function, offset in (("main", first), ("f", second)):
        packed = PACKED.format(name="w", file=WEIGHT_FILE, offset=offset)
        text += f"func {function}<ios16>(tensor<fp32, [2]> x) {{{packed}"
        text += "tensor<fp32, [2]> y = mul(x = x, y = w); } -> (y);\n"
    subject = Model(milc.parse(text + "}\n"), weights=files)
    optimized(subject, "const_deduplication")
    ops = [function.body.first for function in subject.program.functions.values()]
    held = [op.attributes["source_val"] for op in ops if op is not None]
    assert [each.offset for each in held if isinstance(each, BlobRef)] == [first, first]


TWICE = """program(1.3)
{{ func main<ios15>(tensor<fp32, [2]> x) {{
        tensor<fp32, [2]> v = const()[val = {}];
        tensor<fp32, [2]> w = const()[val = {}];
        tensor<fp32, [2]> a = mul(x = x, y = v);
        tensor<fp32, [2]> b = mul(x = x, y = w);
        tensor<fp32, [2]> y = add(x = a, y = b);
    }} -> (y); }}
"""


@pytest.mark.parametrize("name", ["remove_redundant_ops", "value_numbering"])
@pytest.mark.parametrize(("second", "left"), [(2.5, 2), (3.5, 3)])
def test_small_constants_are_the_same_wherever_they_lie(
    name: str, second: float, left: int
) -> None:
    files = WeightFiles(None)
    held = [struct.pack("<2f", 1.5, number) for number in (2.5, second)]
    offsets = [files.append(WEIGHT_FILE, FP32, data) for data in held]
    blob = 'tensor<fp32, [2]>(BLOBFILE(path = string("{}"), offset = uint64({})))'
    text = TWICE.format(*(blob.format(WEIGHT_FILE, offset) for offset in offsets))
    subject = Model(milc.parse(text), weights=files)
    optimized(subject, name)
    assert count(subject.program).total() == left
