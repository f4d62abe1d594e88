"""Products of matrices, against PyTorch, and integers against loops in Python's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from milc.kernels.elements import as_held
from milc.schema import level
from tests.meaning.cases import expect, meaning, random, run_op
from tests.meaning.peer import peer
from tests.ops import singles, typespec

FLOATS = ("f4", "f2")
VERSIONS = {"ios15": ("iOS15", "iOS16"), "ios17": ("iOS17", "iOS18")}


@meaning("linear", "torch")
def of_every_rank(opset: str) -> None:
    for dtype in FLOATS:
        weight, bias = random(4, 3, dtype=dtype, seed=1), random(4, dtype=dtype, seed=2)
        for shape in ((3,), (2, 3), (2, 5, 3), (1, 2, 5, 3), (0, 3), (2, 0, 3)):
            x = random(*shape, dtype=dtype)
            given = run_op("linear", opset, x=x, weight=weight, bias=bias)
            assert given.dtype == x.dtype
            expect(given, peer("linear:linear", x, weight, bias))


@meaning("linear", "torch")
def without_a_bias(opset: str) -> None:
    for dtype in FLOATS:
        x, weight = random(2, 3, 3, dtype=dtype), random(1, 3, dtype=dtype, seed=1)
        expect(run_op("linear", opset, x=x, weight=weight),
               peer("linear:linear", x, weight, np.zeros(1)))  # fmt: skip


@meaning("linear", "values")
def sums_of_fp16_are_rounded_once(opset: str) -> None:
    x = np.full((1, 2049), 1, "f2")
    weight, bias = np.full((1, 2049), 1, "f2"), np.array([-2048], "f2")
    assert run_op("linear", opset, x=x, weight=weight, bias=bias).item() == 1
    large = np.array([[60000, 60000]], "f2")
    assert run_op("linear", opset, x=large, weight=np.array([[1, 1]], "f2")).item() == np.inf
    assert run_op("linear", opset, x=large, weight=np.array([[1, -1]], "f2")).item() == 0


@meaning("linear", "loop")
def of_integers(opset: str) -> None:
    x, weight = random(2, 3, dtype="i4", high=9), random(4, 3, dtype="i4", seed=1, low=-9)
    bias = random(4, dtype="i4", seed=2)
    wanted = [[sum(a * b for a, b in zip(row, w, strict=True)) + c
               for w, c in zip(weight.tolist(), bias.tolist(), strict=True)]
              for row in x.tolist()]  # fmt: skip
    expect(run_op("linear", opset, x=x, weight=weight, bias=bias), np.array(wanted, "i4"))
    most, one = np.array([[2**31 - 1]], "i4"), np.array([[1]], "i4")
    expect(run_op("linear", opset, x=most, weight=one, bias=np.array([2], "i4")),
           np.array([[-(2**31) + 1]], "i4"))  # fmt: skip


@meaning("linear", "torch", "ios17")
def weights_of_another_type(opset: str) -> None:
    for dtype in FLOATS:
        x = random(2, 3, dtype=dtype)
        for other in ("f4", "f2", "i4"):
            weight, bias = random(4, 3, dtype=other, seed=1), random(4, dtype=other, seed=2)
            given = run_op("linear", opset, x=x, weight=weight, bias=bias)
            assert given.dtype == x.dtype
            expect(given, peer("linear:linear", x, weight, bias))


@meaning("matmul", "torch")
def of_matrices_that_are_broadcast(opset: str) -> None:
    for x, y in (
        ((2, 3), (3, 4)),
        ((1, 1), (1, 1)),
        ((10, 4, 3), (5, 1, 3, 2)),
        ((5, 1, 4, 3), (10, 3, 2)),
        ((2, 5, 4, 3), (3, 2)),
        ((4, 3), (2, 3, 2)),
        ((2, 1, 2, 3, 4), (1, 3, 2, 4, 5)),
        ((2, 0, 3), (2, 3, 4)),
        ((2, 3, 0), (2, 0, 4)),
        ((2, 3, 0), (0, 4)),
    ):
        for dtype in FLOATS:
            one, other = random(*x, dtype=dtype), random(*y, dtype=dtype, seed=1)
            given = run_op("matmul", opset, x=one, y=other)
            assert given.dtype == one.dtype
            expect(given, peer("linear:matmul", one, other))


@meaning("matmul", "torch")
def of_transposed_matrices(opset: str) -> None:
    for dtype in (*FLOATS, "i4"):
        for outer in ((), (5,), (2, 5)):
            x, y = random(*outer, 2, 3, dtype=dtype), random(*outer, 3, 4, dtype=dtype, seed=1)
            x_t, y_t = (np.ascontiguousarray(each.swapaxes(-1, -2)) for each in (x, y))
            wanted = peer("linear:matmul", x, y)
            for one, across in ((x, False), (x_t, True)):
                for other, down in ((y, False), (y_t, True)):
                    given = run_op("matmul", opset, x=one, y=other, transpose_x=across,
                                   transpose_y=down)  # fmt: skip
                    expect(given, wanted)


@meaning("matmul", "torch")
def of_rows_and_columns(opset: str) -> None:
    for x, y in (((3,), (3,)), ((3,), (3, 4)), ((2, 3), (3,)), ((3,), (5, 3, 4)),
                 ((5, 2, 3), (3,)), ((2, 5, 2, 3), (3,))):  # fmt: skip
        one, other = random(*x), random(*y, seed=1)
        expect(run_op("matmul", opset, x=one, y=other), peer("linear:matmul", one, other))
    column = random(3)
    expect(run_op("matmul", opset, x=random(2, 3), y=column, transpose_y=True),
           peer("linear:matmul", random(2, 3), column))  # fmt: skip


@meaning("matmul", "loop")
def of_integers_that_wrap(opset: str) -> None:
    x = random(2, 3, 5, dtype="i4", low=-(2**31), high=2**31 - 1)
    y = random(2, 5, 4, dtype="i4", low=-(2**31), high=2**31 - 1, seed=1)
    wanted = np.zeros((2, 3, 4), "i4")
    for at, row, column in np.ndindex(2, 3, 4):
        exact = sum(int(x[at, row, k]) * int(y[at, k, column]) for k in range(5))
        wanted[at, row, column] = (exact + 2**31) % 2**32 - 2**31
    expect(run_op("matmul", opset, x=x, y=y), wanted)


@meaning("matmul", "values")
def what_is_not_finite_stays_so(opset: str) -> None:
    x = np.array([[np.inf, 1], [np.nan, 1], [0, 1]], "f4")
    expect(run_op("matmul", opset, x=x, y=np.array([[1], [2]], "f4")), [[np.inf], [np.nan], [2]])
    expect(run_op("matmul", opset, x=x, y=np.array([[0], [2]], "f4")), [[np.nan], [np.nan], [2]])


@meaning("matmul", "torch", "ios17")
def a_const_of_another_type(opset: str) -> None:
    for dtype in FLOATS:
        x = random(2, 4, 3, dtype=dtype)
        for other in ("f4", "f2", "i4"):
            y = random(3, 2, dtype=other, seed=1)
            given = _with_const(opset, x, y)
            assert given.dtype == x.dtype
            expect(given, peer("linear:matmul", x.astype("f8"), y.astype("f8")))


def _with_const(opset: str, x: Any, y: Any) -> Any:
    """matmul with a `y` that is a const."""
    import milc
    from milc.driver.evaluating import Run
    from milc.ir.constants import literal
    from milc.ir.types import TO_INFER, TensorType
    from tests.meaning.elements import element_of

    builder = milc.Builder(opset=opset)
    with builder.function("main", {"x": TensorType(element_of(x), x.shape)}) as (value,):
        held = builder.const(literal(y, element_of(y)))
        no = builder.const(literal(False))
        (z,) = builder.op("matmul", [TO_INFER], x=value, y=held, transpose_x=no, transpose_y=no)
        builder.outputs(z)
    return next(iter(Run(builder.program)({"x": x}).values()))


@meaning("einsum", "torch")
def of_rank_four(opset: str) -> None:
    for equation in ("bchw,bwhu->bchu", "nkqt,ntqv->nkqv"):
        for x, y in (((2, 3, 4, 5), (2, 5, 4, 6)), ((1, 3, 4, 5), (2, 5, 4, 6)),
                     ((2, 3, 1, 5), (2, 5, 4, 6)), ((2, 3, 4, 5), (1, 5, 1, 6)),
                     ((2, 3, 4, 0), (2, 0, 4, 6))):  # fmt: skip
            for dtype in FLOATS:
                _einsum(opset, equation, random(*x, dtype=dtype), random(*y, dtype=dtype, seed=1))


@meaning("einsum", "torch")
def of_rank_three(opset: str) -> None:
    for x, y in (((3, 4, 5), (5, 4, 6)), ((3, 1, 5), (5, 4, 6)), ((3, 4, 5), (5, 1, 6))):
        for dtype in FLOATS:
            _einsum(opset, "chw,whr->chr", random(*x, dtype=dtype), random(*y, dtype=dtype))


def _einsum(opset: str, equation: str, x: Any, y: Any) -> None:
    given = run_op("einsum", opset, values=[x, y], equation=equation)
    assert given.dtype == x.dtype
    expect(given, peer("linear:einsum", equation, x, y))


@meaning("linear", "peer")
def recorded_linear(opset: str) -> None:
    _recorded("linear", opset)


@meaning("matmul", "peer", "ios17")
def recorded_matmul(opset: str) -> None:
    _recorded("matmul", opset)


@meaning("einsum", "peer")
def recorded_einsum(opset: str) -> None:
    _recorded("einsum", opset)


def _recorded(op: str, opset: str) -> None:
    """What coremltools computed of constants, in opsets in which the op has this definition."""
    met = 0
    for record in singles.records():
        if record["op"] != op or not any(record.get("val", ())):
            continue
        tag = record["opset"].lower()
        later = level(tag) >= 17
        if op != "einsum" and later != (opset == "ios17"):
            continue
        given = {name: _constant(each) for name, each in record["in"].items()}
        wanted = as_held(typespec.constant(record["val"][0]))
        if op == "matmul":
            x, y = given.pop("x"), given.pop("y")
            expect(run_op(op, tag, x=x, y=y, **given), wanted)
        else:
            expect(run_op(op, tag, **given), wanted)
        met += 1
    assert met


def _constant(record: Any) -> Any:
    """A recorded argument: an array, what Python writes down, or a list of either."""
    if isinstance(record, list):
        return [_constant(each) for each in record]
    held = record["c"]
    if "py" in held:
        return held["py"]
    array = as_held(typespec.constant(held))
    return bool(array) if array.dtype == bool else array
