"""Packed elements: against numpy, against themselves, and against ml_dtypes where it is."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milc.ir.numbers import pack, unpack
from milc.ir.types import (
    BF16,
    BOOL,
    ELEMENT_TYPES,
    FP8E4M3FN,
    FP8E5M2,
    FP16,
    FP32,
    FP64,
    INT4,
    INT8,
    INT32,
    STRING,
    UINT1,
    UINT2,
    UINT3,
    UINT4,
    UINT6,
    UINT8,
    ElementType,
)

if TYPE_CHECKING:
    from types import ModuleType

INTEGERS = [element for element in ELEMENT_TYPES.values() if element.is_integer]
FLOATS = [element for element in ELEMENT_TYPES.values() if element.is_float]
SMALL_FLOATS = [FP16, BF16, FP8E4M3FN, FP8E5M2]
PACKED = [element for element in ELEMENT_TYPES.values() if element is not STRING]

NUMPY = {
    "bool": "?", "fp16": "<f2", "fp32": "<f4", "fp64": "<f8",
    "int8": "<i1", "int16": "<i2", "int32": "<i4", "int64": "<i8",
    "uint8": "<u1", "uint16": "<u2", "uint32": "<u4", "uint64": "<u8",
}  # fmt: skip
ML_DTYPES = {
    "bf16": "bfloat16", "fp8e4m3fn": "float8_e4m3fn", "fp8e5m2": "float8_e5m2",
    "int4": "int4", "uint4": "uint4", "uint2": "uint2",
}  # fmt: skip


@pytest.fixture(scope="module")
def ml_dtypes() -> ModuleType:
    module: ModuleType = pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    return module


def values_of(element: ElementType) -> st.SearchStrategy[list[Any]]:
    """Lists of values that the element type holds exactly."""
    if element is BOOL:
        return st.lists(st.booleans())
    if element.is_integer:
        return st.lists(st.integers(*element.bounds))
    codes = st.integers(0, 2**element.bits - 1)
    size = element.bits // 8
    one = codes.map(lambda code: unpack(element, code.to_bytes(size, "little"), 1)[0])
    return st.lists(one.filter(lambda value: not math.isnan(value)))


@pytest.mark.parametrize("element", PACKED, ids=str)
@settings(max_examples=30)
@given(data=st.data())
def test_what_is_packed_is_unpacked(element: ElementType, data: st.DataObject) -> None:
    values = data.draw(values_of(element))
    packed = pack(element, values)
    assert len(packed) == (len(values) * element.bits + 7) // 8
    again = unpack(element, packed, len(values))
    assert again == values
    assert [math.copysign(1, v) for v in again] == [math.copysign(1, v) for v in values]
    assert {type(value) for value in again} <= {bool, int, float}


@pytest.mark.parametrize("element", PACKED, ids=str)
@settings(max_examples=30)
@given(data=st.data())
def test_bytes_survive(element: ElementType, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 5)) * 8
    strategy = st.binary(min_size=count * element.bits // 8, max_size=count * element.bits // 8)
    packed = data.draw(strategy)
    values = unpack(element, packed, count)
    if element is BOOL:
        packed = bytes(map(bool, packed))
    if not any(math.isnan(value) for value in values):
        assert pack(element, values) == packed


@pytest.mark.parametrize("name", NUMPY)
@settings(max_examples=30)
@given(data=st.data())
def test_numpy_packs_the_same(name: str, data: st.DataObject) -> None:
    element = ELEMENT_TYPES[name]
    values = data.draw(values_of(element))
    array = np.array(values, dtype=NUMPY[name])
    assert pack(element, values) == array.tobytes()
    assert unpack(element, array.tobytes(), len(values)) == array.tolist()


@pytest.mark.parametrize(("element", "dtype"), [(FP16, "<f2"), (FP32, "<f4")], ids=str)
@given(values=st.lists(st.floats()))
def test_numpy_rounds_the_same(element: ElementType, dtype: str, values: list[float]) -> None:
    with np.errstate(over="ignore"):
        wanted = np.array(values, dtype="<f8").astype(dtype)
    np.testing.assert_array_equal(
        np.array(unpack(element, pack(element, values), len(values)), dtype=dtype), wanted
    )


@pytest.mark.parametrize("element", [BF16, FP8E4M3FN, FP8E5M2], ids=str)
def test_ml_dtypes_reads_every_code_the_same(element: ElementType, ml_dtypes: ModuleType) -> None:
    dtype = getattr(ml_dtypes, ML_DTYPES[element.name])
    codes = np.arange(2**element.bits, dtype=f"<u{element.bits // 8}")
    with np.errstate(invalid="ignore"):
        wanted = codes.view(dtype).astype(np.float64)
    found = np.array(unpack(element, codes.tobytes(), len(codes)))
    np.testing.assert_array_equal(found, wanted)
    zeros = wanted == 0
    np.testing.assert_array_equal(np.signbit(found[zeros]), np.signbit(wanted[zeros]))


@pytest.mark.parametrize("element", [BF16, FP8E4M3FN, FP8E5M2], ids=str)
@given(values=st.lists(st.floats(width=32), min_size=1))
def test_ml_dtypes_rounds_the_same(
    element: ElementType, ml_dtypes: ModuleType, values: list[float]
) -> None:
    dtype = getattr(ml_dtypes, ML_DTYPES[element.name])
    wanted = np.array(values, dtype=np.float32).astype(dtype).astype(np.float64)
    found = np.array(unpack(element, pack(element, values), len(values)))
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("element", [INT4, UINT4, UINT2], ids=str)
def test_ml_dtypes_has_the_same_integers(element: ElementType, ml_dtypes: ModuleType) -> None:
    dtype = getattr(ml_dtypes, ML_DTYPES[element.name])
    values = list(range(element.bounds[0], element.bounds[1] + 1))
    again = np.array(unpack(element, pack(element, values), len(values)), dtype=np.int8)
    np.testing.assert_array_equal(again.astype(dtype).astype(np.int8), np.array(values))


@pytest.mark.parametrize("element", SMALL_FLOATS, ids=str)
def test_rounding_goes_to_the_nearest_and_ties_to_even(element: ElementType) -> None:
    """Between neighbouring codes the middle goes to the even one, all else to the nearer."""
    size = element.bits // 8
    top = 2 ** (element.bits - 1)
    raw = b"".join(code.to_bytes(size, "little") for code in range(top))
    finite = [value for value in unpack(element, raw, top) if math.isfinite(value)]
    step = max(1, len(finite) // 500)
    for code in range(0, len(finite) - 1, step):
        low, high = finite[code], finite[code + 1]
        middle = (low + high) / 2
        even = low if code % 2 == 0 else high
        nudged = [math.nextafter(middle, -1), middle, math.nextafter(middle, math.inf)]
        for sign in (1.0, -1.0):
            found = unpack(element, pack(element, [sign * value for value in nudged]), 3)
            assert found == [sign * low, sign * even, sign * high]


@pytest.mark.parametrize(
    ("element", "largest", "beyond"),
    [
        (FP16, 65504.0, math.inf),
        (BF16, float.fromhex("0x1.fep+127"), math.inf),
        (FP8E5M2, 57344.0, math.inf),
        (FP8E4M3FN, 448.0, math.nan),
        (FP32, float.fromhex("0x1.fffffep+127"), math.inf),
    ],
    ids=str,
)
def test_too_large_is_infinite_or_nan(element: ElementType, largest: float, beyond: float) -> None:
    given = [largest, -largest, largest * 1.5, math.inf, -math.inf]
    found = unpack(element, pack(element, given), len(given))
    assert found[:2] == [largest, -largest]
    np.testing.assert_array_equal(found[2:], [beyond, beyond, -beyond])


@pytest.mark.parametrize("element", FLOATS, ids=str)
def test_special_floats(element: ElementType) -> None:
    found = unpack(element, pack(element, [math.nan, 0.0, -0.0, 1]), 4)
    assert math.isnan(found[0])
    assert found[1:] == [0.0, 0.0, 1.0]
    assert [math.copysign(1, value) for value in found[1:3]] == [1.0, -1.0]


@pytest.mark.parametrize("element", INTEGERS, ids=str)
def test_integers_beyond_the_range_are_refused(element: ElementType) -> None:
    low, high = element.bounds
    assert unpack(element, pack(element, [low, high]), 2) == [low, high]
    for value in (low - 1, high + 1):
        with pytest.raises(OverflowError, match=element.name):
            pack(element, [value])


@pytest.mark.parametrize(
    ("element", "value"),
    [(INT32, 1.0), (INT4, 1.0), (INT32, "1"), (UINT3, "1"), (FP32, "1"), (BF16, "1"), (FP64, None)],
    ids=str,
)
def test_other_kinds_are_refused(element: ElementType, value: object) -> None:
    with pytest.raises(TypeError):
        pack(element, [value])


@pytest.mark.parametrize("element", PACKED, ids=str)
def test_too_few_bytes_are_refused(element: ElementType) -> None:
    with pytest.raises(ValueError, match=element.name):
        unpack(element, bytes(element.bits - 1), 8)
    assert unpack(element, b"", 0) == []


# What coremltools' native blob writer makes of these values (format.md §4), least significant bit
# first, elements crossing byte borders.
@pytest.mark.parametrize(
    ("element", "values", "packed"),
    [
        (INT4, [1, -2, 3, -8, 7], "e18307"),
        (UINT1, [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1], "5505"),
        (UINT3, [1, 4, 7, 2, 5, 0, 3, 6, 1, 4, 7], "e155cce101"),
        (UINT6, list(range(1, 32, 3)), "0171280d345919f701"),
        (UINT2, [0, 1, 2, 3], "e4"),
        (INT8, [-1, 1], "ff01"),
        (UINT8, [255, 1], "ff01"),
    ],
    ids=str,
)
def test_the_bits_lie_as_in_a_weight_file(
    element: ElementType, values: list[int], packed: str
) -> None:
    assert pack(element, values).hex() == packed
    assert unpack(element, bytes.fromhex(packed), len(values)) == values


def test_padding_bits_are_ignored() -> None:
    assert unpack(UINT3, b"\xff\xff", 3) == [7, 7, 7]


@given(st.lists(st.floats(allow_nan=False)))
def test_fp64_is_exact(values: list[float]) -> None:
    assert pack(FP64, values) == struct.pack(f"<{len(values)}d", *values)
