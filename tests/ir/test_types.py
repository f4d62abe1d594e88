"""Types: interned, immutable in use, and equal exactly when they are one object."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milc.ir import types
from milc.ir.types import (
    BOOL,
    ELEMENT_TYPES,
    FP16,
    FP32,
    INT4,
    INT32,
    STRING,
    UINT1,
    UINT6,
    VARIADIC,
    DictType,
    ElementType,
    ListType,
    StateType,
    TensorBufferType,
    TensorType,
    TupleType,
    Type,
)

if TYPE_CHECKING:
    from collections.abc import Callable

BITS = {
    "bool": 8, "string": 0,
    "fp16": 16, "fp32": 32, "fp64": 64, "bf16": 16, "fp8e4m3fn": 8, "fp8e5m2": 8,
    "int4": 4, "int8": 8, "int16": 16, "int32": 32, "int64": 64,
    "uint1": 1, "uint2": 2, "uint3": 3, "uint4": 4, "uint6": 6,
    "uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64,
}  # fmt: skip

EXAMPLES: list[tuple[Callable[[], Type], str]] = [
    (lambda: TensorType(FP32), "fp32"),
    (lambda: TensorType(FP32, (1, None, 3)), "tensor<fp32, [1, ?, 3]>"),
    (lambda: TensorType(FP32, (VARIADIC,)), "tensor<fp32, [...]>"),
    (lambda: TensorType(FP32, None), "tensor<fp32, ?>"),
    (lambda: ListType(TensorType(INT32), 5), "list<int32, 5>"),
    (lambda: ListType(TensorType(INT32)), "list<int32, ?>"),
    (
        lambda: DictType(TensorType(STRING), TensorType(FP32)),
        "dict<string, fp32>",
    ),
    (
        lambda: TupleType(TensorType(BOOL), TensorType(INT4, (2,))),
        "tuple<bool, tensor<int4, [2]>>",
    ),
    (lambda: StateType(TensorType(FP16, (2, 2))), "state<tensor<fp16, [2, 2]>>"),
    (
        lambda: TensorBufferType(FP16, (4, 1), (1, 1), (1, 1)),
        "tensor_buffer<fp16, shape=[4, 1], strides=[1, 1], interleave_factors=[1, 1]>",
    ),
]

dims = st.one_of(st.integers(0, 2**40), st.none(), st.just(VARIADIC))
elements = st.sampled_from(list(ELEMENT_TYPES.values()))
tensors = st.builds(TensorType, elements, st.none() | st.lists(dims, max_size=6).map(tuple))
any_type = st.recursive(
    tensors,
    lambda inner: st.one_of(
        st.builds(ListType, inner, st.none() | st.integers(0, 9)),
        st.builds(DictType, inner, inner),
        st.lists(inner, max_size=3).map(lambda items: TupleType(*items)),
        st.builds(StateType, inner),
    ),
    max_leaves=8,
)


def test_the_element_types_are_these() -> None:
    assert {name: element.bits for name, element in ELEMENT_TYPES.items()} == BITS


@pytest.mark.parametrize("element", ELEMENT_TYPES.values(), ids=str)
def test_an_element_type_is_one_object(element: ElementType) -> None:
    assert getattr(types, element.name.upper()) is element
    assert pickle.loads(pickle.dumps(element)) is element
    assert copy.deepcopy(element) is element
    assert repr(element) == str(element) == element.name
    assert element.is_float == (element.kind == "float")
    assert element.is_integer == element.name.startswith(("int", "uint"))


@pytest.mark.parametrize(
    ("element", "bounds"),
    [(INT4, (-8, 7)), (UINT1, (0, 1)), (UINT6, (0, 63)), (INT32, (-(2**31), 2**31 - 1))],
    ids=str,
)
def test_bounds(element: ElementType, bounds: tuple[int, int]) -> None:
    assert element.bounds == bounds


@pytest.mark.parametrize(("make", "text"), EXAMPLES, ids=[text for _, text in EXAMPLES])
def test_equal_arguments_give_one_object(make: Callable[[], Type], text: str) -> None:
    made = make()
    assert make() is made
    assert repr(made) == text
    assert copy.copy(made) is made
    assert copy.deepcopy(made) is made


def test_different_types_differ() -> None:
    made = [make() for make, _ in EXAMPLES]
    assert len(set(made)) == len(made)
    assert TensorType(FP32, ()) is not TensorType(FP32, None)
    assert TensorType(FP32, (1,)) is not TensorType(FP16, (1,))
    assert ListType(TensorType(FP32), 0) is not ListType(TensorType(FP32))
    assert TupleType() is not TupleType(TupleType())


@given(any_type)
def test_pickling_gives_the_same_object_back(made: Type) -> None:
    assert pickle.loads(pickle.dumps(made)) is made


@given(any_type, any_type)
def test_types_that_read_alike_are_one(first: Type, second: Type) -> None:
    assert (first is second) == (repr(first) == repr(second))


def test_calling_an_element_type_makes_a_tensor_type() -> None:
    assert FP32(1, None) is TensorType(FP32, (1, None))
    assert FP32() is TensorType(FP32) is types.scalar(FP32)


@pytest.mark.parametrize(
    ("made", "rank", "count", "size"),
    [
        (FP32(), 0, 1, 4),
        (FP32(2, 3), 2, 6, 24),
        (FP32(2, 0), 2, 0, 0),
        (INT4(3), 1, 3, 2),
        (UINT6(11), 1, 11, 9),
        (UINT1(9), 1, 9, 2),
        (STRING(4), 1, 4, None),
        (FP32(2, None), 2, None, None),
        (FP32(VARIADIC), None, None, None),
        (TensorType(FP32, None), None, None, None),
        (FP32(2**31, 2**31), 2, 2**62, 2**64),
    ],
    ids=repr,
)
def test_sizes(made: TensorType, rank: int | None, count: int | None, size: int | None) -> None:
    assert (made.rank, made.count, made.byte_size) == (rank, count, size)
    assert made.is_scalar == (rank == 0)


@given(any_type)
def test_a_walk_gives_the_type_and_all_inside_it_in_the_order_of_the_text(type: Type) -> None:
    walked = list(type.walk())
    assert walked[0] is type
    inner = [part for part in type.parts for part in part.walk()]
    assert [id(part) for part in walked[1:]] == [id(part) for part in inner]


def test_a_walk_does_not_recurse() -> None:
    type: Type = FP32()
    for _ in range(5000):
        type = ListType(type)
    assert sum(1 for _ in type.walk()) == 5001


@pytest.mark.parametrize(
    ("shape", "lengths", "may"),
    [
        ((), (), True),
        ((1, 2), (1, 2), True),
        ((1, None), (1, 7), True),
        ((1, None), (2, 7), False),
        ((None,), (), False),
    ],
)
def test_the_lengths_that_a_shape_allows(
    shape: types.Shape, lengths: tuple[int, ...], may: bool
) -> None:
    assert types.allows(shape, lengths) is may
