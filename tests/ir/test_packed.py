"""Elements below 8 bits and small floats as arrays, against `numbers`, one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from milc.ir.constants import literal
from milc.ir.literals import TensorLiteral
from milc.ir.numbers import pack, unpack
from milc.ir.packed import WORDS
from milc.ir.types import ELEMENT_TYPES, ElementType, TensorType
from milc.kernels.elements import as_held, dtype_of

INTEGERS = [e for e in ELEMENT_TYPES.values() if e.is_integer and e.bits < 8]
FLOATS = [e for e in ELEMENT_TYPES.values() if e.name.startswith(("bf", "fp8"))]
COUNTS = (0, 1, 2, 3, 5, 7, 8, 9, 1000, WORDS * 8 + 5)


def drawn(element: ElementType, count: int) -> TensorLiteral:
    """A constant of bytes at random."""
    data = np.random.default_rng(count).bytes(math.ceil(count * element.bits / 8))
    return TensorLiteral(TensorType(element, (count,)), data)


@pytest.mark.parametrize("element", [*INTEGERS, *FLOATS], ids=str)
def test_arrays_have_the_elements_that_lists_have(element: ElementType) -> None:
    for count in COUNTS:
        made = drawn(element, count)
        wanted = unpack(element, made.data, count)
        np.testing.assert_array_equal(made.numpy(), np.array(wanted, made.numpy().dtype))
        held = as_held(made)
        assert held.dtype == dtype_of(element)
        np.testing.assert_array_equal(held.astype("f4"), np.array(wanted, "f4"))


@pytest.mark.parametrize("element", INTEGERS, ids=str)
def test_arrays_are_packed_as_lists_are(element: ElementType) -> None:
    low, high = element.bounds
    for shape in ((), (0,), (1,), (3, 5), (17, 33)):
        for dtype in ("i1", "i4", "i8") if low < 0 else ("i1", "u1", "u4", "i8"):
            values = np.random.default_rng(1).integers(low, high + 1, shape).astype(dtype)
            made = literal(values, element)
            assert isinstance(made, TensorLiteral)
            assert made.data == pack(element, values.ravel().tolist())
    for outside in (low - 1, high + 1):
        with pytest.raises(OverflowError, match=f"{outside} does not fit"):
            literal(np.array([outside]), element)
