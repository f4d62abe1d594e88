"""Literals from Python values and numpy arrays."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from milc.ir.constants import as_type, is_constant, literal
from milc.ir.literals import (
    BlobRef,
    DictLiteral,
    ListLiteral,
    TensorLiteral,
    TupleLiteral,
    scalar_literal,
)
from milc.ir.types import (
    BF16,
    BOOL,
    FP8E4M3FN,
    FP16,
    FP32,
    FP64,
    INT4,
    INT8,
    INT32,
    INT64,
    STRING,
    UINT4,
    UINT8,
    DictType,
    ElementType,
    ListType,
    StateType,
    TensorType,
    TupleType,
)
from tests.shared import ROOT


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (True, BOOL()), (3, INT32()), (1.5, FP32()), ("a", STRING()),
        ([1, 2], INT32(2)), ((1, 2), INT32(2)), ([1, 2.0], FP32(2)), ([True, False], BOOL(2)),
        ([[1, 2, 3], [4, 5, 6]], INT32(2, 3)), (["a", "b"], STRING(2)),
        ([[[1.0]], [[2.0]]], FP32(2, 1, 1)),
    ],
    ids=repr,
)  # fmt: skip
def test_types_of_python_values(value: Any, wanted: TensorType) -> None:
    made = literal(value)
    assert made.type is wanted
    assert isinstance(made, TensorLiteral)
    assert made.values() == np.array(value).ravel().tolist()


@pytest.mark.parametrize(
    ("value", "given", "wanted"),
    [
        (1, FP16, FP16()), ([1, -2], INT4, INT4(2)), (0.5, FP64, FP64()), (1.0, BF16, BF16()),
        ([], INT32, INT32(0)), ([[], []], FP32, FP32(2, 0)), ([1, 2], FP32(2), FP32(2)),
        (["a"], STRING(1), STRING(1)),
    ],
    ids=repr,
)  # fmt: skip
def test_a_type_may_be_given(value: Any, given: ElementType, wanted: TensorType) -> None:
    made = literal(value, given)
    assert made.type is wanted
    assert isinstance(made, TensorLiteral)
    assert made.values() == np.array(value).ravel().tolist()


@pytest.mark.parametrize(
    "dtype",
    ["bool", "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16",
     "uint32", "uint64"],
)  # fmt: skip
@pytest.mark.parametrize("order", ["<", ">"])
def test_arrays_keep_type_shape_and_values(dtype: str, order: str) -> None:
    array = np.arange(6).reshape(2, 3).astype(np.dtype(dtype).newbyteorder(order))
    for given in (array, array.T, np.asfortranarray(array), array[:, ::-1]):
        made = literal(given)
        assert isinstance(made, TensorLiteral)
        assert made.type.element.name.replace("fp", "float") == dtype
        np.testing.assert_array_equal(made.numpy(), given)
    scalar = literal(array[1, 2])
    assert scalar.type is made.type.element()


def test_arrays_may_be_given_another_type() -> None:
    array = np.array([[1.0, 65504.0, 1e9]])
    half = literal(array, FP16)
    assert isinstance(half, TensorLiteral)
    assert (half.type, half.values()) == (FP16(1, 3), [1.0, 65504.0, float("inf")])
    for element in (BF16, FP8E4M3FN):
        assert literal(array[:, :1], element) == literal([[1.0]], element)
    packed = literal(np.array([1, 15], dtype=np.uint8), UINT4(2))
    assert isinstance(packed, TensorLiteral)
    assert packed.data == b"\xf1"
    assert literal(np.array([1, 2]), INT32).type is INT32(2)
    assert literal(np.array([1, 2]), FP32) == literal([1.0, 2.0])
    with pytest.raises(OverflowError, match="int8"):
        literal(np.array([128]), INT8)
    with pytest.raises(TypeError, match=r"1\.0 is no value of int32"):
        literal(np.array([1.0]), INT32)


def test_arrays_of_strings() -> None:
    made = literal(np.array([["a", "bc"]]))
    assert isinstance(made, TensorLiteral)
    assert (made.type, made.strings) == (STRING(1, 2), ("a", "bc"))


def test_arrays_of_ml_dtypes() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    for element, name in ((BF16, "bfloat16"), (FP8E4M3FN, "float8_e4m3fn"), (INT4, "int4")):
        made = literal(np.array([1, 2, 3], dtype=getattr(ml_dtypes, name)))
        assert made == literal([1, 2, 3], element), name


def test_numpy_scalars_within_lists() -> None:
    assert literal([np.float32(0.5), 1.0]) == literal([0.5, 1.0])


def test_literals_pass_through() -> None:
    blob = BlobRef(FP32(9), "@model_path/weights/weight.bin", 64)
    assert literal(blob) is blob
    assert literal(blob, FP32(9)) is blob
    with pytest.raises(ValueError, match="is not one of"):
        literal(blob, FP16(9))


def test_lists_tuples_and_dicts() -> None:
    made = literal(["a", "b"], ListType(STRING(), 2))
    assert isinstance(made, ListLiteral)
    assert [item.type for item in made.items] == [STRING(), STRING()]
    info = literal({"a": "b"})
    assert isinstance(info, DictLiteral)
    assert info.type is DictType(STRING(), STRING())
    pair = literal(("RangeDims", [1, 2]), TupleType(STRING(), INT32(2)))
    assert isinstance(pair, TupleLiteral)
    assert pair.items == (literal("RangeDims"), literal([1, 2]))
    nested = DictType(STRING(), ListType(INT32(2), None))
    assert literal({"x": [[1, 2], [3, 4]]}, nested).type is nested
    assert literal({}, nested) == DictLiteral(nested, [])


@pytest.mark.parametrize(
    ("value", "given", "error", "words"),
    [
        ([1, "a"], None, TypeError, "no element type fits"),
        ([], None, TypeError, "no element type fits"),
        ([True, 1], None, TypeError, "no element type fits"),
        (None, None, TypeError, "no element type fits"),
        (1j, None, TypeError, "no element type fits"),
        (b"ab", None, TypeError, "no element type fits"),
        ([[1], [2, 3]], None, ValueError, "differ in length or depth"),
        ([[1], 2], None, ValueError, "differ in length or depth"),
        ([1, [2]], None, TypeError, "no element type fits"),
        ([1, [2]], INT32, TypeError, "is no value of int32"),
        (2**31, None, OverflowError, "int32"),
        (-1, UINT8, OverflowError, "uint8"),
        (True, INT32, TypeError, "True is no value of int32"),
        (1, BOOL, TypeError, "1 is no value of bool"),
        (1, STRING, TypeError, "1 is no value of string"),
        (1.5, INT64, TypeError, "is no value of int64"),
        ("1", FP32, TypeError, "'1' is no value of fp32"),
        ([1, 2, 3], INT32(2), ValueError, r"has shape \[3\], not that of"),
        ([1, 2], INT32(2, 1), ValueError, r"has shape \[2\], not that of"),
        (["a"], ListType(STRING(), 2), ValueError, "holds 2 values, not 1"),
        (("a",), TupleType(STRING(), STRING()), ValueError, "holds 2 values, not 1"),
        ({}, None, TypeError, "keys of one type"),
        ({"a": 1, "b": "c"}, None, TypeError, "keys of one type"),
        (1, StateType(FP32()), TypeError, "no literals of state"),
        (np.array([1j]), None, TypeError, "no element type for arrays of complex128"),
        (np.array(["2020"], "datetime64[Y]"), None, TypeError, "no element type for arrays"),
        (np.array([None]), INT32, TypeError, "None is no value of int32"),
    ],
    ids=repr,
)
def test_what_fits_nothing_is_refused(
    value: Any, given: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        literal(value, given)


def test_deeply_nested_lists_do_not_recurse() -> None:
    value: Any = 1
    for _ in range(5000):
        value = [value]
    made = literal(value)
    assert isinstance(made.type, TensorType)
    assert made.type.rank == 5000


def test_type_likes() -> None:
    assert as_type(FP32) is FP32()
    assert as_type(FP32(2)) is FP32(2)


def test_what_may_be_a_constant() -> None:
    for value in (True, 1, 1.5, "a", [1], (1,), {"a": 1}, np.zeros(3), np.float32(1)):
        assert is_constant(value)
    for value in (None, object(), {1, 2}, scalar_literal(INT32, 1)):
        assert not is_constant(value)


def test_numpy_is_not_imported_unless_given() -> None:
    code = (
        "import sys; from milc.ir.builder import Builder; from milc.ir.types import FP32\n"
        "b = Builder()\n"
        "with b.function('main', x=FP32(2)) as (x,):\n"
        "    b.outputs(b.op('add', FP32(2), x=x, y=[1.0, 2.0]))\n"
        "assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
