"""Cases as text, and what a message of coremltools is about."""

from __future__ import annotations

import pytest

from milc.ir.literals import TensorLiteral, scalar_literal, string_literal, tensor
from milc.ir.types import FP16, FP32, INT32, UINT8, UINT32, ListType, StateType
from milc.syntax.parse import parse
from milc.verify import verify_structure
from tests.ops.names import named
from tests.ops.tally import plain
from tests.ops.written import Case, Given, holds_attributes, tag, written
from tests.shared import needs_shared

pytestmark = needs_shared


def test_inputs_consts_and_variadic_arguments() -> None:
    axis, values = scalar_literal(INT32, 0), tensor(FP32, (1,), (1.0,))
    text = written(Case("concat", "ios17", {"values": (FP32(1), values), "axis": axis}, [FP32(2)]))
    program = parse(text)
    assert not verify_structure(program)
    function = program.functions["main"]
    op = function.body.last
    assert op is not None
    assert (op.kind, program.version, function.opset) == ("concat", "1.0", "ios17")
    assert [value.name for value in function.inputs] == ["v_values_0"]
    assert [getattr(each, "name", None) for each in op.args["values"]] == [
        "v_values_0",
        "v_values_1",
    ]
    assert op.args["values"][1].literal == values  # type: ignore[union-attr]
    assert op.arg("axis").literal == axis  # type: ignore[union-attr]
    assert [value.type for value in op.results] == [FP32(2)]


def test_one_operand_of_a_variadic_argument_and_no_input() -> None:
    case = Case("stack", "ios18", {"values": (scalar_literal(INT32, 0),)}, [INT32(1), INT32()])
    program = parse(written(case))
    op = program.functions["main"].body.last
    assert op is not None
    assert program.version == "1.3"
    assert len(op.args["values"]) == 1
    assert len(op.results) == 2


def test_states_and_lists() -> None:
    given = {"input": StateType(FP16(2)), "ls": ListType(FP32(2), None)}
    program = parse(written(Case("read_state", "ios18", given, [FP16(2)])))
    types = [value.type for value in program.functions["main"].inputs]
    assert types == list(given.values())


def test_data_of_constexpr_ops() -> None:
    """Attributes of early definitions, inline values of later ones; inputs what is no constant."""
    data, shape = TensorLiteral(UINT8(1), b"\0"), tensor(UINT32, (1,), (1,))
    given: dict[str, Given] = {"nonzero_data": data, "mask": UINT8(1), "shape": shape}
    early = parse(written(Case("constexpr_sparse_to_dense", "ios17", given)))
    op = early.functions["main"].body.last
    assert op is not None
    assert set(op.attributes) == {"name", "nonzero_data", "shape"}
    assert set(op.args) == {"mask"}
    late = parse(written(Case("constexpr_sparse_to_dense", "ios18", given)))
    op = late.functions["main"].body.last
    assert op is not None
    assert op.args["nonzero_data"] == (data,)
    assert set(op.attributes) == {"name"}


def test_definitions_decide_where_constexpr_data_stand() -> None:
    assert holds_attributes("constexpr_affine_dequantize", "ios18")
    assert not holds_attributes("constexpr_lut_to_dense", "ios18")
    assert not holds_attributes("conv", "ios15")
    assert [tag(name) for name in ("iOS13", "iOS14", "iOS16", None)] == [
        "ios15",
        "ios15",
        "ios16",
        "ios15",
    ]


@pytest.mark.parametrize(
    ("op", "message", "names"),
    [
        ("abs", 'Op "abs_8" (op_type: abs) Input x="a0" expects tensor or scalar', {"x"}),
        ("conv", "Op \"conv_8\" (op_type: conv) Required input weight is missing", {"weight"}),
        ("abs", "Unknown input 'no_such_param' for op 'abs'", {"no_such_param"}),
        ("elu", "the named input `alpha` must have the same data type as the named input `x`. How",
         {"alpha", "x"}),
        ("topk", "K=5 is greater than size of the given axis=3", {"k", "axis"}),
        ("conv", "input_shape (length 1), kernel_shape (length 0) and custom_pad (length 5)",
         {"x", "weight", "pad"}),
        ("pad", "Number of elements in the argument Pad must be divisible by 2.", {"pad"}),
        ("select", "a must be what it is", set()),
        ("slice_update", "No available version for slice_update in the opset: update it", set()),
        ("add", "Incompatible dim 1 in shapes (2, 3) vs. (2, 4)", set()),
        ("split", "split_sizes of split_4 must sum to 3", {"split_sizes"}),
    ],
)  # fmt: skip
def test_arguments_that_a_message_names(op: str, message: str, names: set[str]) -> None:
    assert named(message, op, "ios18") == names


def test_classes_have_no_numbers() -> None:
    one = 'Op "conv_85" shapes [1, 2, np.int32(3)] vs. (4, is0) of conv_8, fp32'
    other = 'Op "conv_9" shapes [7, 8] vs. (s1, 5) of conv_17, fp32'
    assert plain(one, "conv") == plain(other, "conv") == 'Op "_" shapes [N…] vs. (N…) of _, fp32'


def test_names_given_to_strings() -> None:
    text = written(Case("cast", "ios17", {"x": FP32(1), "dtype": string_literal('a"b')}))
    op = parse(text).functions["main"].body.last
    assert op is not None
    assert op.arg("dtype").literal == string_literal('a"b')  # type: ignore[union-attr]
