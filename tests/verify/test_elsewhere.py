"""What other frameworks call an op or an argument is answered with what it is in MIL."""

from __future__ import annotations

import re

import pytest

from milc.diagnostics import Source
from milc.opsets import index
from milc.syntax.parse import read
from milc.verify.elsewhere import ABOUT, ADVICE, ARGUMENTS, OPS, plain
from milc.verify.operations import check_operations

DEFINITIONS = [definition for name in index.families() for definition in index.versions(name)]
ARGS = {name for definition in DEFINITIONS for name in definition.args}


def said(statement: str) -> list[tuple[str, str, list[str]]]:
    """The code, the help and what the edits write, of all that is found in a function."""
    text = (
        "program(1.3) { func main<ios18>(tensor<fp32, [1, 3, 8, 8]> x, tensor<fp32, [4, 6]> m) {"
        f" {statement} }} -> (y); }}"
    )
    program, found = read(Source(text, "case.mil"))
    assert not found
    return [
        (finding.code, finding.help or "", [edit.text for edit in finding.fix])
        for finding in check_operations(program)
    ]


def test_the_tables_lead_to_what_there_is() -> None:
    known = {plain(name) for name in index.families()}
    assert set(OPS.values()) <= set(index.families())
    assert not {plain(name) for name in [*OPS, *ADVICE]} & known
    assert not set(OPS) & set(ADVICE)
    assert {name for names in ARGUMENTS.values() for name in names} <= ARGS
    assert {needed for needed, _ in ABOUT.values()} <= {*ARGS, ""}
    named = {word for advice in ADVICE.values() for word in re.findall(r"`(\w+)`", advice)}
    assert named <= {*index.families(), *ARGS}


def test_no_argument_leads_to_itself() -> None:
    assert not [name for name, meant in ARGUMENTS.items() if name in meant]


@pytest.mark.parametrize(
    ("name", "op"),
    [
        ("Conv2d", "conv"),
        ("dense", "linear"),
        ("batchnorm", "batch_norm"),
        ("BatchNorm2d", "batch_norm"),
        ("LayerNorm", "layer_norm"),
        ("Softmax", "softmax"),
        ("MatMul", "matmul"),
        ("sum", "reduce_sum"),
        ("ReduceMean", "reduce_mean"),
        ("permute", "transpose"),
        ("unsqueeze", "expand_dims"),
        ("where", "select"),
        ("clamp", "clip"),
        ("concatenate", "concat"),
        ("maxpool", "max_pool"),
    ],
)
def test_an_op_by_its_other_name_is_renamed(name: str, op: str) -> None:
    [(code, help, edits)] = said(f"_ y = {name}(x = x);")
    assert (code, edits) == ("MIL0301", [op])
    assert f"`{op}`" in help


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("div", "`real_div`"),
        ("gemm", "`linear`"),
        ("addmm", "`linear`"),
        ("flatten", "`reshape`"),
        ("upsample", "`upsample_nearest_neighbor`"),
        ("dropout", "leave it out"),
        ("coreml_update_state", "`write_state("),
        ("max", "`maximum`"),
    ],
)
def test_what_may_mean_several_ops_is_told_and_not_edited(name: str, word: str) -> None:
    [(code, help, edits)] = said(f"_ y = {name}(x = x);")
    assert (code, edits) == ("MIL0301", [])
    assert word in help


@pytest.mark.parametrize(
    ("call", "names"),
    [
        ("softmax(x = x, dim = int32(-1))", ["axis"]),
        ("add(input = x, other = x)", ["x", "y"]),
        ("reduce_mean(x = x, dim = tensor<int32, [1]>([1]), keepdim = bool(true))",
         ["axes", "keep_dims"]),
        ("concat(tensors = (x, x), dim = int32(0))", ["values", "axis"]),
        ("clip(x = x, min = fp32(0), max = fp32(1))", ["alpha", "beta"]),
        ("layer_norm(x = m, eps = fp32(1))", ["epsilon"]),
        ("select(condition = bool(true), x = x, y = x)", ["cond", "a", "b"]),
        ("leaky_relu(x = x, negative_slope = fp32(1))", ["alpha"]),
        ("pow(x = x, exponent = fp32(2))", ["y"]),
        ("scaled_dot_product_attention(q = x, k = x, v = x)", ["query", "key", "value"]),
        ('max_pool(x = x, kernel_size = tensor<int32, [2]>([2, 2]), padding = string("same"))',
         ["kernel_sizes", "pad_type"]),
        ("conv(x = x, weight = x, padding = tensor<int32, [4]>([0, 0, 0, 0]))", ["pad"]),
    ],
)  # fmt: skip
def test_an_argument_by_its_other_name_is_one_finding(call: str, names: list[str]) -> None:
    found = said(f"_ y = {call};")
    assert [edits for _, _, edits in found] == [[name] for name in names]
    assert {code for code, _, _ in found} == {"MIL0303"}
    for (_, help, _), name in zip(found, names, strict=True):
        assert f"`{name}`" in help


@pytest.mark.parametrize(
    ("call", "word"),
    [
        ("transpose(x = x, dim0 = int32(0))", "`perm`"),
        ("argsort(x = x, descending = bool(true))", "opposite"),
        ("upsample_nearest_neighbor(x = x, scale_factor = int32(2))", "`scale_factor_height`"),
        ('relu(x = x, name = string("y"))', "attribute"),
        ("cast(x = x, to = int32(1))", "`dtype`"),
    ],
)
def test_what_is_said_another_way_is_told_and_not_edited(call: str, word: str) -> None:
    [(code, help, edits)] = said(f"_ y = {call};")
    assert (code, edits) == ("MIL0303", [])
    assert word in help


def test_two_names_for_one_argument_are_not_made_one() -> None:
    found = said("_ y = softmax(x = x, dim = int32(0), dims = int32(0));")
    assert [edits for _, _, edits in found] == [["axis"], []]


@pytest.mark.parametrize(
    ("call", "help"),
    [
        ("softmax(x = x, axis = tensor<int32, [1]>([-1]))", "write a scalar: `int32(-1)`"),
        ("reduce_sum(x = x, axes = int32(2))",
         "write a vector, such as `tensor<int32, [1]>([2])`"),
        ("softmax(x = x, axis = tensor<int32, [2]>([0, 1]))", ""),
        ('gelu(x = x, mode = string("tanh"))', 'did you mean "TANH_APPROXIMATION"?'),
        ('cast(x = x, dtype = string("float16"))', 'did you mean "fp16"?'),
        ('pad(x = m, pad = tensor<int32, [2]>([1, 1]), mode = string("REFLECT"))',
         'did you mean "reflect"?'),
        ("max_pool(x = x, kernel_sizes = tensor<int32, [2]>([2, 2]))",
         'add `pad_type = …`, "valid", "same", "same_lower" or "custom"'),
        ("concat(axis = int32(0))", "add `values = (…)`, one operand or several"),
    ],
)  # fmt: skip
def test_help_shows_what_to_write(call: str, help: str) -> None:
    [(_, told, _)] = said(f"_ y = {call};")
    assert told == help


@pytest.mark.parametrize(
    ("statement", "help"),
    [
        ("_ y = split(x = x, num_splits = int32(2), axis = int32(2));",
         "write `TYPE a, TYPE b = split(…)`"),
        ("_ y, _ z = relu(x = x);", "write `TYPE a = relu(…)`"),
        ("_ y = split(x = x, num_splits = int32(8), axis = int32(2));",
         "write 8 results, with commas, in front of `= split(…)`"),
    ],
)  # fmt: skip
def test_how_many_results_to_write(statement: str, help: str) -> None:
    assert said(statement) == [("MIL0312", help, [])]


def test_a_state_is_written_without_a_result() -> None:
    program, _ = read(Source(
        "program(1.3) { func main<ios18>(tensor<fp16, [4]> x, state<tensor<fp16, [4]>> s) {"
        " _ y = write_state(input = s, data = x); } -> (x); }", "case.mil"
    ))  # fmt: skip
    [finding] = check_operations(program)
    assert (finding.code, finding.help) == (
        "MIL0312",
        "write it without a result: `write_state(…);`",
    )


def test_an_input_is_called_so_where_a_constant_is_wanted() -> None:
    program, _ = read(Source(
        "program(1.3) { func main<ios18>(tensor<fp32, [4, 6]> x, tensor<fp32, [4, 6]> w) {"
        " _ y = linear(x = x, weight = w); } -> (y); }", "case.mil"
    ))  # fmt: skip
    [finding] = check_operations(program)
    assert finding.message == "`weight` of linear must be constant, but is an input"


def test_an_opset_below_all_is_said_once_a_function() -> None:
    program, _ = read(Source(
        "program(1.3) { func main<ios14>(tensor<fp32, [4]> x) {"
        " tensor<fp32, [4]> a = relu(x = x); tensor<fp32, [4]> b = tanh(x = a); } -> (b); }",
        "case.mil",
    ))  # fmt: skip
    [finding] = check_operations(program)
    assert (finding.code, finding.help) == ("MIL0302", "raise the function's opset to ios15")
