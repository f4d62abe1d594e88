"""The checks of ops themselves: what is said, where, and how often; what is known of values.

Which op takes what is for `tests/ops`. In the texts « and » stand around what the finding points
at, and ‹ and › around what its label points at.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from milc.diagnostics import BoundedFindings, Diagnostic, Source, edits
from milc.diagnostics.catalog.operations import ENTRIES
from milc.ir.literals import BlobRef, TensorLiteral
from milc.ir.nodes import Program
from milc.ir.types import FP32, INT32, TensorType
from milc.schema import Const, In, OpDef, Out
from milc.syntax.parse import parse, read
from milc.syntax.print import with_spans
from milc.verify import verify
from milc.verify.operations import Operations, check_operations, inferred

MARKS = re.compile("[«»‹›]")

INPUTS = (
    "tensor<fp32, [2, 3]> x, tensor<fp16, [2, 3]> h, tensor<bool, [2, 3]> flags, int32 n, "
    "tensor<fp32, [?, 3]> u, tensor<int32, [?]> s, bool p"
)


def function(statements: str, outputs: str = "x", opset: str = "ios17", inputs: str = "") -> str:
    """A program of one function around some statements."""
    head = f"program(1.3)\n{{\n    func main<{opset}>({INPUTS}{inputs}) {{\n"
    return f"{head}        {statements}\n    }} -> ({outputs});\n}}\n"


def parsed(text: str) -> Program:
    """The program of a text that reads without a finding."""
    program, found = read(Source(text, "case.mil"))
    assert not found, "\n".join(map(str, found))
    return program


def found_in(text: str) -> list[Diagnostic]:
    """What is wrong with the ops of a text."""
    return check_operations(parsed(MARKS.sub("", text)))


class Said(NamedTuple):
    """What must be said of a text: the text with its marks, and the finding."""

    text: str
    code: str
    message: str
    help: str | None = None
    label: str = ""
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


SAID = {
    "no such op": Said(
        function("tensor<fp32, [2, 3]> y = «rellu»(x = x);"),
        "MIL0301",
        "there is no op `rellu`",
        "did you mean `relu`?",
    ),
    "nothing like it": Said(
        function("tensor<fp32, [2, 3]> y = «frobnicate_all»(x = x);"),
        "MIL0301",
        "there is no op `frobnicate_all`",
    ),
    "newer op": Said(
        function("tensor<fp32, [2, 3]> y = «fill_like»(ref_tensor = x);", opset="ios15"),
        "MIL0302",
        "fill_like is not in ios15: it came with ios16",
        "raise the function's opset to ios16",
    ),
    "misspelt argument": Said(
        function("tensor<fp32, [2, 3]> y = elu(x = x, «alpa» = fp32(1));"),
        "MIL0303",
        "elu has no argument `alpa`",
        "did you mean `alpha`?",
    ),
    "unlike any argument": Said(
        function("tensor<fp32, [2, 3]> y = relu(x = x, «inplace» = bool(true));"),
        "MIL0303",
        "relu has no argument `inplace`",
        "it takes x",
    ),
    "newer argument": Said(
        function(
            "tensor<fp32, [1, 3]> y = gather(x = x, indices = tensor<int32, [1]>([0]), "
            "axis = int32(0), «validate_indices» = bool(true));",
            opset="ios16",
        ),
        "MIL0303",
        "gather has no argument `validate_indices` in ios16",
        "it came with ios17: raise the function's opset to that or leave it out",
    ),
    "missing argument": Said(
        function("tensor<fp32, [2, 3]> y = «add»(x = x);"),
        "MIL0304",
        "add needs `y`: the right operand, of a shape that broadcasts with that of `x`",
        "add `y = …`, fp16, fp32 or int32",
    ),
    "computed where const is asked": Said(
        function("tensor<fp32, [2, 3]> y = softmax(x = x, axis = «n»);"),
        "MIL0305",
        "`axis` of softmax must be constant, but is an input",
        "bind it to a const, or to what follows from constants alone",
    ),
    "element type": Said(
        function("tensor<fp32, [2, 3]> y = relu(x = «flags»);"),
        "MIL0306",
        "`x` of relu is tensor<bool, [2, 3]>; it takes fp16 or fp32",
    ),
    "element type of a newer opset": Said(
        function(
            "tensor<int8, [2, 3]> y = identity(x = q); "
            "tensor<int8, [3, 2]> t = transpose(x = «q», perm = tensor<int32, [2]>([1, 0]));",
            opset="ios16",
            inputs=", tensor<int8, [2, 3]> q",
        ),
        "MIL0306",
        "`x` of transpose is tensor<int8, [2, 3]>; it takes fp16, fp32, int32 or bool",
        "transpose of ios17 takes int8",
    ),
    "scalars as the text spells them": Said(
        function("tensor<fp32, [2, 3]> y = softmax(x = x, «axis = fp32(1)»);"),
        "MIL0306",
        "`axis` of softmax is fp32; it takes int32",
    ),
    "element types that differ": Said(
        function("tensor<fp32, [2, 3]> y = add(x = ‹x›, y = «h»);"),
        "MIL0307",
        "`y` of add is tensor<fp16, [2, 3]>, but `x` is tensor<fp32, [2, 3]>:"
        " the two have one element type",
        'cast one of them: cast(x = …, dtype = "fp32")',
        labels=("`x` is tensor<fp32, [2, 3]>",),
    ),
    "state where a tensor is meant": Said(
        function(
            "tensor<fp16, [2]> y = relu(x = «c»);",
            opset="ios18",
            inputs=", state<tensor<fp16, [2]>> c",
        ),
        "MIL0308",
        "`x` of relu is state<tensor<fp16, [2]>>; it takes a tensor",
        "read it with read_state first",
    ),
    "rank": Said(
        function("tensor<fp32, [2, 3]> y = depth_to_space(x = «x», block_size = int32(1));"),
        "MIL0309",
        "`x` of depth_to_space has rank 2; it takes rank 4: `x` is tensor<fp32, [2, 3]>",
    ),
    "rank of a constant": Said(
        function("tensor<fp32, [2, 3]> y = softmax(x = x, «axis = tensor<int32, [2]>([0, 1])»);"),
        "MIL0309",
        "`axis` of softmax has rank 1; it takes rank 0: `axis` is tensor<int32, [2]> [0, 1]",
    ),
    "constraint": Said(
        function(
            "tensor<int32, [3]> i = const()[val = tensor<int32, [3]>([1, 2, 3])]; "
            "tensor<int32, [3]> y = add(x = ‹s4›, y = «i»);",
            inputs=", tensor<int32, [4]> s4",
        ),
        "MIL0310",
        "add breaks C1, that `y` and `x` have shapes that broadcast: lengths, from the last on,"
        " are equal or 1",
        label="`y` is tensor<int32, [3]> [1, 2, 3]",
        labels=("`x` is tensor<int32, [4]>",),
    ),
    "declared type": Said(
        function("tensor<fp32, [3, 3]> «y» = relu(x = x);"),
        "MIL0311",
        "`y` is declared as tensor<fp32, [3, 3]>, but relu gives tensor<fp32, [2, 3]>:"
        " dimension 0 is 2, not 3",
        "declare it as tensor<fp32, [2, 3]>",
    ),
    "declared rank": Said(
        function("tensor<fp32, [6]> «y» = relu(x = x);"),
        "MIL0311",
        "`y` is declared as tensor<fp32, [6]>, but relu gives tensor<fp32, [2, 3]>: rank 1, not 2",
        "declare it as tensor<fp32, [2, 3]>",
    ),
    "declared element type": Said(
        function("tensor<fp16, [2, 3]> «y» = relu(x = x);"),
        "MIL0311",
        "`y` is declared as tensor<fp16, [2, 3]>, but relu gives tensor<fp32, [2, 3]>",
        "declare it as tensor<fp32, [2, 3]>",
    ),
    "second result": Said(
        function("tensor<fp32, [2, 1]> v, tensor<int32, [2, 2]> «i» = topk(x = x, k = int32(1));"),
        "MIL0311",
        "`i` is declared as tensor<int32, [2, 2]>, but topk gives tensor<int32, [2, 1]>:"
        " dimension 1 is 1, not 2",
        "declare it as tensor<int32, [2, 1]>",
    ),
    "number of results": Said(
        function("tensor<fp32, [2, 1]> v = «topk»(x = x, k = int32(1));"),
        "MIL0312",
        "topk is declared with 1 result, but gives 2",
        "write `TYPE a, TYPE b = topk(…)`",
    ),
    "choice": Said(
        function('tensor<fp32, [2, 3]> y = gelu(x = x, «mode = string("EXCAT")»);'),
        "MIL0313",
        '`mode` of gelu is "EXCAT"; it takes "EXACT", "TANH_APPROXIMATION" or'
        ' "SIGMOID_APPROXIMATION"',
        'did you mean "EXACT"?',
    ),
    "several operands": Said(
        function("tensor<fp32, [2, 3]> y = relu(x = («x», h));"),
        "MIL0314",
        "`x` of relu takes one operand, not 2",
    ),
    "type left open": Said(
        function("_ «y» = reshape(x = x, shape = s);"),
        "MIL0315",
        "the type of `y` cannot be inferred: its rank is not known",
        "write the type in place of `_`",
    ),
}


@pytest.mark.parametrize("said", SAID.values(), ids=SAID.keys())
def test_what_is_said_and_where(said: Said) -> None:
    (finding,) = found_in(said.text)
    assert (finding.code, finding.message, finding.help) == (said.code, said.message, said.help)
    assert finding.label == said.label or not said.label
    plain = MARKS.sub("", said.text)
    begin = said.text.replace("‹", "").replace("›", "").index("«")
    assert finding.span is not None
    assert finding.span.start == begin, plain[finding.span.start :][:20]
    text = said.text[said.text.index("«") + 1 : said.text.index("»")]
    assert finding.span.text == text
    pointed = re.findall("‹(.*?)›", said.text)
    assert [(label.span.text, label.text) for label in finding.labels] == list(
        zip(pointed, said.labels, strict=True)
    )
    assert finding.severity == "error"


def test_every_code_is_said_here() -> None:
    tried = {said.code for said in SAID.values()} | {"MIL0316"}
    assert {entry.code for entry in ENTRIES} == tried


# No cascades


@pytest.mark.parametrize(
    ("statements", "codes"),
    [
        # The result of a faulty op has the type that it declares.
        (
            "tensor<fp32, [2, 3]> a = relu(y = x, z = x); tensor<fp32, [2, 3]> b = relu(x = a);",
            ["MIL0303", "MIL0303", "MIL0304"],
        ),
        (
            (
                "tensor<fp16, [4]> a = relu(x = flags); tensor<fp16, [4]> b = relu(x = a);"
                " tensor<fp16, [5]> c = relu(x = a);"
            ),
            ["MIL0306", "MIL0311"],
        ),
        # Of a faulty op its constraints and its results say nothing.
        ("tensor<fp32, [9]> a = add(x = x, y = flags);", ["MIL0306"]),
        ("tensor<fp32, [9]> a = add(x = x, y = h);", ["MIL0307"]),
        ("tensor<fp32, [9]> a = nothing(x = x);", ["MIL0301"]),
        ("_ a = nothing(x = x); _ b = relu(x = a); _ c = add(x = a, y = b);", ["MIL0301"]),
        ("_ a = relu(x = flags); _ b = relu(x = a);", ["MIL0306"]),
        # The first constraint that is broken is the only one.
        (
            "tensor<fp32, [2, 3]> a = transpose(x = x, perm = tensor<int32, [3]>([0, 7, 7]));",
            ["MIL0310"],
        ),
        # Several faults of one op are told, one of an argument.
        ("tensor<fp32, [2]> a = softmax(x = flags, axis = fp32(0));", ["MIL0306", "MIL0306"]),
    ],
)
def test_one_mistake_is_told_once(statements: str, codes: list[str]) -> None:
    assert sorted(finding.code for finding in found_in(function(statements))) == codes


def test_operands_at_fault_themselves_say_nothing() -> None:
    text = function("tensor<fp32, [2, 3]> a = relu(x = gone);\n tensor<fp32, [9]> b = relu(x = a);")
    program, found = read(Source(text, "case.mil"))
    found += verify(program, reported=found)
    assert [finding.code for finding in found] == ["MIL0403", "MIL0311"]


def test_a_line_with_an_error_of_its_own_says_nothing_more() -> None:
    text = function("tensor<fp32, [9]> a = relu(x = x, x = x);")
    program, found = read(Source(text, "case.mil"))
    assert found
    assert check_operations(program, reported=found) == []
    assert check_operations(program) != []


# What is known of types


@pytest.mark.parametrize(
    ("statement", "inputs"),
    [
        ("tensor<fp32, [2, 3]> y = add(x = x, y = r);", ", tensor<fp32, [...]> r"),
        ("tensor<fp32, [2, 3]> y = relu(x = r);", ", tensor<fp32, [...]> r"),
        ("tensor<fp32, [7, 3]> y = relu(x = u);", ""),
        ("tensor<fp32, [?, ?]> y = relu(x = x);", ""),
        ("tensor<fp32, [...]> y = relu(x = x);", ""),
        ("tensor<fp32, [5, ?, 9]> y = reshape(x = x, shape = s);", ""),
        ("tensor<fp32, [2, 3]> y = add(x = x, y = u);", ""),
    ],
)
def test_what_is_not_known_is_taken_to_hold(statement: str, inputs: str) -> None:
    assert found_in(function(statement, inputs=inputs)) == []


def test_the_element_type_counts_even_where_the_rank_is_unknown() -> None:
    text = function("tensor<fp32, [2]> y = relu(x = r);", inputs=", tensor<bool, [...]> r")
    assert [finding.code for finding in found_in(text)] == ["MIL0306"]


def test_later_ops_are_judged_by_declared_types() -> None:
    """A declared type may say more than inference does, and is what the next op is given."""
    text = function("tensor<fp32, [7, 3]> y = relu(x = u); tensor<fp32, [8, 3]> z = relu(x = y);")
    (finding,) = found_in(text)
    assert finding.message.startswith("`z` is declared as tensor<fp32, [8, 3]>, but relu gives")


def test_inferred_types() -> None:
    program = parsed(function("tensor<fp32, [?, ?]> y = relu(x = u); _ z = relu(x = y);"))
    types = {value.name: type for value, type in inferred(program).items()}
    assert types == {"y": FP32(None, 3), "z": FP32(None, 3)} or types["z"] is FP32(None, None)


# Opsets


def test_functions_and_their_bodies_and_ops_have_opsets_of_their_own() -> None:
    op = "tensor<fp32, [2]> y = fill_like(ref_tensor = x, value = fp32(0));"
    text = f"""program(1.3)
{{
    func old<ios15>(tensor<fp32, [2]> x) {{
        {op}
    }} -> (y);
    func new<ios16>(tensor<fp32, [2]> x) {{
        {op}
    }} -> (y);
    func late<ios15>(tensor<fp32, [2]> x) {{
        tensor<fp32, [2]> y = fill_like<ios16>(ref_tensor = x, value = fp32(0));
    }} -> (y);
}}
"""
    assert [str(finding) for finding in found_in(text)] == [
        "case.mil:4:31: error[MIL0302]: fill_like is not in ios15: it came with ios16"
    ]


def test_an_opset_of_the_future_has_the_newest_definitions() -> None:
    text = function("tensor<int8, [2]> y = identity(x = q);", opset="ios99",
                    inputs=", tensor<int8, [2]> q")  # fmt: skip
    assert found_in(text) == []


# Constants


@pytest.mark.parametrize(
    ("before", "is_constant"),
    [
        ("int32 a = const()[val = int32(1)];", True),
        ("int32 b = const()[val = int32(1)]; int32 a = sub(x = b, y = int32(1));", True),
        (
            (
                "tensor<int32, [2]> b = shape(x = x); int32 c = gather(x = b, indices = int32(0), "
                "axis = int32(0)); int32 a = sub(x = c, y = int32(1));"
            ),
            True,
        ),
        ("int32 a = sub(x = n, y = int32(1));", False),
        ("int32 b = mul(x = n, y = int32(0)); int32 a = add(x = b, y = int32(1));", False),
        (
            (
                "tensor<int32, [2]> b = shape(x = u); int32 a = gather(x = b, indices = int32(0), "
                "axis = int32(0));"
            ),
            False,
        ),
        (
            (
                "int32 a = cond(pred = p) { int32 one = const()[val = int32(1)]; } -> (one), "
                "{ int32 two = const()[val = int32(0)]; } -> (two);"
            ),
            False,
        ),
    ],
)
def test_what_follows_from_constants(before: str, is_constant: bool) -> None:
    text = function(f"{before} tensor<fp32, [2, 3]> y = softmax(x = x, axis = a);")
    codes = [finding.code for finding in found_in(text)]
    assert codes == ([] if is_constant else ["MIL0305"])


def test_constants_of_the_outside_are_constants_within_blocks() -> None:
    text = function(
        "int32 a = const()[val = int32(1)]; tensor<fp32, [2, 3]> y = cond(pred = p) "
        "{ _ t = softmax(x = x, axis = a); } -> (t), "
        "{ _ b = softmax(x = x, axis = n); } -> (b);"
    )
    (finding,) = found_in(text)
    assert (finding.code, finding.span and finding.span.text) == ("MIL0305", "n")


def test_blocks_come_before_the_op_that_holds_them() -> None:
    """Types that blocks leave open are known by the time that the op's own are inferred."""
    program = parsed(
        function(
            "_ y = cond(pred = p) { _ t = relu(x = u); } -> (t), { _ b = relu(x = u); } -> (b);"
            " _ z = relu(x = y);"
        )
    )
    run = Operations(program)
    run.run()
    assert run.found == []
    assert {v.name: t for v, t in run.inferred.items()} == dict.fromkeys("tbyz", FP32(None, 3))


def test_many_elements_are_not_computed_ahead() -> None:
    def known(count: int) -> object:
        program = parsed(
            function(
                f"int32 v = const()[val = int32(7)]; tensor<int32, [{count}]> y = "
                f"fill(shape = tensor<int32, [1]>([{count}]), value = v);"
                " _ z = add(x = y, y = y);"
            )
        )
        run = Operations(program)
        run.run()
        assert run.found == []
        last = program.functions["main"].body.last
        assert last is not None
        return run.known(last.result)

    assert known(4096) == (14,) * 4096
    assert known(4097) is None


def test_weights_are_read_when_a_rule_asks_and_once() -> None:
    reference = 'BLOBFILE(path = string("@model_path/weights/weight.bin"), offset = uint64(64))'
    const = f"tensor<int32, [2]> perm = const()[val = tensor<int32, [2]>({reference})];"
    uses = " ".join(f"tensor<fp32, [3, 2]> y{i} = transpose(x = x, perm = perm);" for i in "abc")
    program = parsed(function(f"{const} {uses}"))
    asked: list[BlobRef] = []

    def reader(order: bytes) -> list[str]:
        def read_blob(blob: BlobRef) -> TensorLiteral:
            asked.append(blob)
            assert isinstance(blob.type, TensorType)
            return TensorLiteral(blob.type, order)

        return [finding.code for finding in check_operations(program, read=read_blob)]

    swapped = b"\1\0\0\0\0\0\0\0"
    assert reader(swapped) == []
    assert len(asked) == 1
    assert reader(swapped[::-1]) != []
    assert check_operations(program) == []
    assert check_operations(program, read=lambda blob: None) == []


# Without text


def test_a_program_without_text_is_described_in_words() -> None:
    program = parsed(function("tensor<fp32, [9]> y = relu(x = x);"))
    for op in program.functions["main"].body.ops:
        op.span = None
        for value in op.results:
            value.span = None
    (finding,) = check_operations(program)
    assert finding.span is None
    assert finding.message.startswith("function main, relu `y`: `y` is declared as")


def test_a_program_may_be_given_the_text_that_it_would_print() -> None:
    program = parse(function("tensor<fp32, [9]> y = relu(x = x); _ z = add(x = x, y = h);"))
    with_spans(program, "printed.mil")
    found = check_operations(program)
    assert [finding.span and finding.span.text for finding in found] == ["y", "h"]


# Edits


@pytest.mark.parametrize(
    ("statement", "mended"),
    [
        ("tensor<fp32, [9]> y = relu(x = x);", "tensor<fp32, [2, 3]> y = relu(x = x);"),
        ("tensor<fp32, [2, 3]> y = elu(x = x, alpa = fp32(1));",
         "tensor<fp32, [2, 3]> y = elu(x = x, alpha = fp32(1));"),
        ("tensor<fp32, [2, 3]> y = sigmoyd(x = x);", "tensor<fp32, [2, 3]> y = sigmoid(x = x);"),
        ("tensor<fp32, [2, 1]> v, tensor<fp32, [7]> i = topk(x = x, k = int32(1));",
         "tensor<fp32, [2, 1]> v, tensor<int32, [2, 1]> i = topk(x = x, k = int32(1));"),
    ],
)  # fmt: skip
def test_edits_mend_what_they_are_about(statement: str, mended: str) -> None:
    text = function(statement)
    (finding,) = found_in(text)
    assert edits.apply(text, finding.fix) == function(mended)
    assert found_in(function(mended)) == []


# Rules that fail, and floods


def test_a_rule_that_fails_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fragile(OpDef):
        """An op with a rule that takes too much for granted."""

        since = "ios15"
        x = In(FP32, "the operand")
        axis = Const(INT32, "an axis")
        y = Out("the result")

        def infer(self) -> TensorType:
            return self.x.with_dim(self.axis.value, 1)

    monkeypatch.setattr("milc.opsets.index.definition", lambda kind, opset: Fragile)
    (finding,) = found_in(function("tensor<fp32, [1, 3]> y = «fragile»(x = x, axis = int32(5));"))
    assert (finding.code, finding.span and finding.span.text) == ("MIL0316", "fragile")
    assert finding.message == "the arguments of fragile do not have the form that its rules ask for"
    assert list(finding.notes) == ["`x` is tensor<fp32, [2, 3]>", "`axis` is 5"]


def test_a_flood_of_findings_is_bounded() -> None:
    statements = "\n".join(f"tensor<fp32, [9]> y{n} = rellu{n}(x = x);" for n in range(3000))
    found = found_in(function(statements))
    assert len(found) == BoundedFindings.MOST
    assert {finding.code for finding in found} == {"MIL0301"}


def test_long_chains() -> None:
    """What is known is handed on from op to op, however many there are."""
    statements = "int32 a0 = const()[val = int32(0)];\n" + "\n".join(
        f"_ a{n} = add(x = a{n - 1}, y = int32(1));" for n in range(1, 5001)
    )
    program = parsed(function(statements, "a5000"))
    run = Operations(program)
    run.run()
    assert run.found == []
    (last,) = program.functions["main"].body.outputs
    assert run.known(last) == (5000,)
    assert run.is_constant(last)
