"""Cases of what ops compute: functions that run an op and compare, by the op they are about.

A module in `families/` holds those of a family of `opsets/`. A case is a function of an opset:

    @meaning("add", "loop")
    def broadcast(opset: str) -> None:
        expect(run_op("add", opset, x=…, y=…), …)

It is run once for every definition of its ops, or for those that it names. The oracle tells what
the expected values come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import milc
from milc.driver.evaluating import Run
from milc.ir.constants import literal
from milc.ir.types import TO_INFER, ElementType, ListType, StateType, TensorType, Type
from milc.kernels.elements import dtype_of
from milc.opsets import index
from milc.schema import Arg, OpDef, level
from tests.meaning.elements import element_of

ORACLES = {
    "loop": "a slow loop over single elements, written from the definition",
    "numpy": "a formula on whole arrays, by another road than the op's",
    "values": "values written down by hand, or computed on paper",
    "torch": "PyTorch",
    "scipy": "SciPy",
    "peer": "values that coremltools computed",
    "law": "a law that the op must obey, for want of values: distributions, sums, inverses",
}
"""What expected values can come from."""


class Meaning(NamedTuple):
    """A case: a function of an opset, what it is about, and the source of its truth."""

    op: str
    since: str
    oracle: str
    run: Callable[[str], None]

    @property
    def id(self) -> str:
        """Its name among all cases."""
        return f"{self.op}-{self.since}-{self.run.__name__}"


_found: list[Meaning] = []


def meaning(
    ops: str, oracle: str, *opsets: str
) -> Callable[[Callable[[str], None]], Callable[[str], None]]:
    """Register a case for one op, at all of its definitions or at those of the opsets named."""
    assert oracle in ORACLES, oracle

    def register(run: Callable[[str], None]) -> Callable[[str], None]:
        versions = [definition.since for definition in index.versions(ops)]
        assert set(opsets) <= set(versions), (ops, opsets, versions)
        _found.extend(Meaning(ops, since, oracle, run) for since in opsets or versions)
        return run

    return register


def all_cases() -> list[Meaning]:
    """The cases of all families."""
    for path in sorted(Path(__file__).with_name("families").glob("[a-z]*.py")):
        import_module(f"tests.meaning.families.{path.stem}")
    return _found


def untold() -> Iterator[type[OpDef]]:
    """The definitions that no case is about."""
    told = {(case.op, case.since) for case in all_cases()}
    for name in sorted(index.families()):
        for definition in index.versions(name):
            if (name, definition.since) not in told:
                yield definition


def run_op(
    op: str, opset: str, *, results: int | None = None, flexible: bool = True, **args: Any
) -> Any:
    """What an op gives: an array, or a tuple of them if it has several results.

    Arrays are inputs of the function, unless the argument has to be constant; numbers, strings and
    tuples of them are constants, of the element type that the definition says; a list is what a
    variadic argument takes. Where all dimensions of the inputs may be unknown, that is run too, and
    has to give the same, unless `flexible` is false.
    """
    given = _run(op, opset, results, args, False)
    unsized = _run(op, opset, results, args, True) if flexible else None
    if unsized is not None:
        expect(unsized, given, exact=True)
    return given


def _run(op: str, opset: str, results: int | None, args: dict[str, Any], flexible: bool) -> Any:
    definition = index.definition(op, opset)
    assert definition is not None, f"{opset} has no {op}"
    builder = milc.Builder(opset=opset)
    held: dict[str, np.ndarray[Any, Any]] = {}
    inputs: dict[str, Type] = {}
    places: dict[str, list[tuple[str, Any]]] = {}
    for name, value in args.items():
        arg = definition.args[name]
        for number, each in enumerate(value if isinstance(value, list) else [value]):
            own = f"v_{name}_{number}" if isinstance(value, list) else f"v_{name}"
            is_input = isinstance(each, np.ndarray) and not arg.const
            if is_input:
                held[own] = each
                shape = (None,) * each.ndim if flexible else each.shape
                inputs[own] = TensorType(element_of(each), shape)
            places.setdefault(name, []).append((own, None if is_input else each))
    count = len(definition.outs) if results is None else results
    with builder.function("main", inputs) as values:
        by_name = {value.name: value for value in values}
        bound: dict[str, Any] = {}
        for name, parts in places.items():
            made = []
            for own, each in parts:
                value = _constant(definition, definition.args[name], args, each)
                made.append(by_name[own] if each is None else builder.const(value))
            bound[name] = tuple(made) if isinstance(args[name], list) else made[0]
        attributes = {}
        if definition.in_attributes:
            attributes = {name: value.literal for name, value in bound.items()}
            bound = {}
        outputs = builder.op(op, [TO_INFER] * count, attributes=attributes, **bound)
        builder.outputs(*outputs)
    if flexible and (not inputs or milc.verify(builder.program)):
        return None
    given = list(Run(builder.program, seed=0)(held).values())
    return given[0] if count == 1 else tuple(given)


def _constant(definition: type[OpDef], arg: Arg, args: dict[str, Any], value: Any) -> Any:
    """The literal of a constant, of the element type that an op takes there; None for None."""
    if value is None:
        return None
    if isinstance(value, np.ndarray):
        return literal(value, element_of(value))
    if arg.kind.endswith("list or dict") or "list" in arg.kind:
        element = TensorType(element_of(np.array(value)))
        return literal(list(value), ListType(element, len(value)))
    first = value
    while isinstance(first, tuple) and first:
        first = first[0]
    return literal(value, _element(arg, args, definition, first))


def _element(
    arg: Arg, args: dict[str, Any], definition: type[OpDef], first: Any
) -> ElementType | None:
    """The element type of a Python value: that of the arrays of its domain, or its natural one."""
    for name, other in definition.args.items():
        value = args.get(name)
        value = value[0] if isinstance(value, list) and value else value
        if arg.group and other.group == arg.group and isinstance(value, np.ndarray):
            return element_of(value)
    if len(arg.elements) == 1:
        return arg.elements[0]
    natural = {bool: "bool", int: "int32", float: "fp32", str: "string"}.get(type(first))
    named = [element for element in arg.elements if element.name == natural]
    return named[0] if named else arg.elements[0] if arg.elements else None


RELATIVE = {"float64": 1e-6, "float32": 2e-5, "float16": 2e-3, "bfloat16": 1e-2}
"""How far results of a type may be from what is expected, relative to the largest of them."""


def expect(given: Any, wanted: Any, *, rtol: float | None = None, exact: bool = False) -> None:
    """Compare what an op gave with what it should have: shapes, dtypes if arrays say one, values.

    Floats may differ by `rtol` of themselves and of the largest value, by default what their type
    allows; everything else is equal. NaN equals NaN.
    """
    if isinstance(given, tuple | list) and isinstance(wanted, tuple | list):
        assert len(given) == len(wanted), f"{len(given)} results, {len(wanted)} expected"
        for one, other in zip(given, wanted, strict=True):
            expect(one, other, rtol=rtol, exact=exact)
        return
    dtype = given.dtype
    wanted = np.asarray(wanted)
    assert given.shape == wanted.shape, f"shape {given.shape}, expected {wanted.shape}"
    if exact or dtype.name not in RELATIVE:
        np.testing.assert_array_equal(given, wanted)
        return
    rtol = RELATIVE[dtype.name] if rtol is None else rtol
    ours, peer = given.astype("f8"), wanted.astype("f8")
    finite = peer[np.isfinite(peer)]
    largest = float(np.abs(finite).max()) if finite.size else 0.0
    np.testing.assert_allclose(ours, peer, rtol=rtol, atol=rtol * largest, equal_nan=True)


def random(*shape: int, dtype: str = "f4", seed: int = 0, low: float = -2, high: float = 2) -> Any:
    """An array of numbers that look random: floats spread evenly, integers too."""
    generator = np.random.default_rng([seed, *shape])
    if np.dtype(dtype).kind in "iu":
        return generator.integers(int(low), int(high) + 1, shape).astype(dtype)
    if np.dtype(dtype).kind == "b":
        return generator.integers(0, 2, shape).astype(dtype)
    return generator.uniform(low, high, shape).astype(dtype)


def refused(op: str, opset: str, about: str, **args: Any) -> None:
    """Expect that an op has no answer when it runs, and says `about` what."""
    with pytest.raises(milc.MilError) as caught:
        _run(op, opset, args.pop("results", None), args, False)
    assert about in str(caught.value)


__all__ = [
    "StateType", "dtype_of", "expect", "level", "meaning", "random", "refused", "run_op",
]  # fmt: skip
