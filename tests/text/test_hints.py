"""The help of syntax errors: what people who know another language write, and what MIL wants."""

from __future__ import annotations

import pytest

from milc.diagnostics import Source
from milc.syntax.hints import NESTED, SEEN, WORDS, hint
from milc.syntax.parse import read

HEAD = "program(1.3) { func main<ios18>(tensor<fp32, [2]> x) { "
NAMES = (
    "a name is letters of ASCII, digits and `_`, no digit first; any other stands in back-quotes"
)

WHOLE = {
    "program {": "write the version of the text: `program(1.3)`",
    "program(1.3) { func main(fp32 x) {": "write the opset behind the name, such as `main<ios18>`",
    "program(1.3) { func main<ios18>(x: fp32) {": "a type stands before its name: `TYPE x`",
    HEAD + "} -> x;": "outputs stand in parentheses: `-> (y)`",
    HEAD + "} -> (fp32 x);": None,
    HEAD + "} -> (tensor<fp32, [2]> x);": "outputs are names, without types",
}
STATEMENTS = {
    "y = relu(x = x);": "each result has its type in front: `TYPE y = …`",
    "tensor<fp32, (2)> y = relu(x = x);": "a shape stands in square brackets: `[2, 3]`",
    "fp32 y = add(x, x);": "give arguments by name: `x = …`",
    "fp32 y = relu(x);": "give arguments by name: `x = …`",
    "fp32 y = relu(x = x,);": "leave out the comma before it",
    "tensor<fp32, [2,]> y = relu(x = x);": "leave out the comma before it",
    'fp32 y = relu(x = x[name = string("y")];': "close the arguments with `)`",
    "fp32 größe = relu(x = x);": NAMES,
    "fp32 œuvre = relu(x = x);": NAMES,
    "fp32 layer.0 = relu(x = x);": NAMES,
    "fp32 23 = relu(x = x);": NAMES,
    "float32 y = relu(x = x);": "did you mean `fp32`?",
    "tensor<half, [2]> y = relu(x = x);": "did you mean `fp16`?",
    "return x;": WORDS["return"],
    "func f<ios18>(fp32 x) {": WORDS["func"],
    "fp32 y = relu(x = tanh(x = x));": NESTED,
    "int32 y = const[val = int32(1)];": "arguments stand before attributes; `()` if there are none",
    "int32 y = int32(1);": "a constant is an operation: `TYPE a = const()[val = TYPE(…)];`",
    'string y = string("a");': "a constant is an operation: `TYPE a = const()[val = TYPE(…)];`",
    "fp32 y = x;": "what is the operation? `identity(x = …)`",
    "fp32 y = x + x;": "MIL has no operators; such as `add(x = a, y = b)`",
    "fp32 y = x - x;": "MIL has no operators; such as `add(x = a, y = b)`",
    "fp32 y -> relu(x = x);": "",
    'fp32 y = f(d = dict<string, int32>({{"a": 1}}));': "an entry of a dict is `{key, value}`",
    "tensor<fp32> y = relu(x = x);": "a tensor has a shape, `[]` if it is a scalar",
    "list<int32> y = f(x = x);": "a list has a length, `?` where it is unknown",
    "tensor<fp32, [1, N]> y = relu(x = x);": "`?` is an unknown dimension",
    "bool y = const()[val = bool(True)];": "MIL spells it `true`",
    "fp32 y = const()[val = fp32(Infinity)];": "MIL spells it `inf`",
    "tensor<fp32, [2]> y = const()[val = tensor<fp32, [2]>([1, NaN])];": "MIL spells it `nan`",
    "fp32 y = f(a = true);": "such as `bool(true)`",
    "fp32 y = f(a = 1.5);": "such as `fp32(1.5)`",
    "fp32 y = f(a = 1e5);": "such as `fp32(1e5)`",
    "fp32 y = f(a = -0x1p+0);": "such as `fp32(-0x1p+0)`",
    "fp32 y = f(a = [1, 2]);": "such as `tensor<int32, [2]>([1, 2])`",
    "fp32 y = f(a = [1.0]);": "such as `tensor<fp32, [1]>([1.0])`",
    "fp32 y = f(a = [true, false]);": "such as `tensor<bool, [2]>([true, false])`",
    "fp32 y = f(a = [[1], [2]]);": "such as `tensor<int32, [n]>([[1], [2]])`",
    'fp32 y = f(a = ["a,b"]);': 'such as `tensor<string, [n]>(["a,b"])`',
    "fp32 y = f(a = [x, x]);": "several values stand in parentheses: `(x, x)`",
}


@pytest.mark.parametrize("text", WHOLE)
def test_errors_around_statements(text: str) -> None:
    _, found = read(Source(text))
    assert found[0].help == WHOLE[text]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_errors_in_a_statement(statement: str) -> None:
    _, found = read(Source(f"{HEAD}{statement} }} -> (x);\n}}"))
    assert (found[0].help or "").endswith(STATEMENTS[statement])


@pytest.mark.parametrize("statement", ["return x;", "fp32 y = relu(x = tanh(x = x));"])
def test_a_word_that_is_no_type_is_one_finding(statement: str) -> None:
    _, found = read(Source(f"{HEAD}{statement} fp32 z = relu(x = y x); }} -> (x);\n}}"))
    assert [finding.code for finding in found] == ["MIL0201", "MIL0101"]


def test_long_texts_are_looked_at_only_near_the_error() -> None:
    assert hint(f"func {' ' * SEEN}main(", SEEN + 9) is None
    assert hint(f"{'x' * 10_000_000}(", 10_000_000) is None
