"""What people give a function, made fit for what it takes (MIL0901 to MIL0905)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from milc.diagnostics import Diagnostic, MilError
from milc.diagnostics.prose import nearest
from milc.evaluate.evaluator import State
from milc.ir.types import StateType, TensorType, allows
from milc.kernels.elements import dtype_of, element_name, rounded
from milc.verify import places

if TYPE_CHECKING:
    from milc.ir.nodes import Function, Value
    from milc.ir.types import ElementType
    from milc.kernels import Array

_FITTING = {"bool": "biu", "float": "fiub", "int": "iub", "uint": "iub", "string": "OUT"}
"""The kinds of dtype that can be given for each kind of element type."""

_NO_NUMBERS = {"U": "text is", "T": "text is", "O": "Python objects are"}


def bind_inputs(function: Function, given: Mapping[str, Any]) -> dict[Value, Any]:
    """What a function takes, by its inputs, from arrays or numbers by their names.

    Floats are rounded to the type of the input, whole numbers fit floats, integers of another width
    fit as long as their values do, and 0 and 1 are bools. Raises MilError with all that is missing
    (MIL0901), of no input (MIL0902), of another shape (MIL0903) or of elements that do not fit
    (MIL0904).
    """
    wanted = [value for value in function.inputs if not isinstance(value.type, StateType)]
    faults = list(_strangers(function, [v.name for v in wanted], given, "input", "MIL0902"))
    held = {}
    for value in wanted:
        if value.name not in given:
            message = f"the input `{value.name}` of {function.name} is missing: {value.type!r}"
            faults.append(Diagnostic("MIL0901", message, places.of_value(value)))
            continue
        array, fault = _fitted(value, value.type, given[value.name])
        faults += [fault] if fault is not None else []
        held[value] = array
    if faults:
        raise MilError(faults)
    return held


def states_of(function: Function) -> dict[str, Value]:
    """The states that a function takes, by name."""
    return {v.name: v for v in function.inputs if isinstance(v.type, StateType)}


def bind_states(function: Function, given: Mapping[str, Any]) -> dict[Value, State]:
    """The states of a function, with what is given of them by name; the others hold zeros.

    Raises MilError as `bind_inputs`, with MIL0905 for a state that there is not.
    """
    wanted = states_of(function)
    faults = list(_strangers(function, list(wanted), given, "state", "MIL0905"))
    held = {}
    for name, value in wanted.items():
        assert isinstance(value.type, StateType)
        type = value.type.wrapped
        if name in given:
            array, fault = _fitted(value, type, given[name])
            faults += [fault] if fault is not None else []
            held[value] = State(array)
        elif isinstance(type, TensorType):
            shape = [dim if isinstance(dim, int) else 1 for dim in type.shape or ()]
            held[value] = State(np.zeros(shape, dtype_of(type.element)))
    if faults:
        raise MilError(faults)
    return held


def _strangers(
    function: Function, names: list[str], given: Mapping[str, Any], kind: str, code: str
) -> Iterator[Diagnostic]:
    """What is given under a name that the function does not take."""
    for name in given:
        if name in names:
            continue
        near = nearest(name, names)
        taken = f"it takes {', '.join(f'`{each}`' for each in names) or 'none'}"
        help = f"did you mean `{near}`?" if near else taken
        if kind == "input" and name in states_of(function):
            help = (
                f"`{name}` is a state: --state FILE.npz gives what it holds, or `state` in Python"
            )
        span = places.of_word(function, function.name)
        yield Diagnostic(code, f"{function.name} has no {kind} `{name}`", span, help=help)


def _fitted(value: Value, type: Any, given: Any) -> tuple[Any, Diagnostic | None]:
    """What is given as its type says, and what is wrong with it."""
    if not isinstance(type, TensorType):
        return given, None
    try:
        array = np.asarray(given)
    except ValueError:
        message = f"`{value.name}` takes {type!r}: lists that are not all of the same length are"
        return given, Diagnostic("MIL0904", f"{message} given", places.of_value(value))
    if type.shape is not None and type.rank is not None and not allows(type.shape, array.shape):
        message = f"`{value.name}` takes {type!r}, but has the shape {list(array.shape)}"
        return array, Diagnostic("MIL0903", message, places.of_value(value))
    problem = _misfit(type.element, array)
    if problem:
        message = f"`{value.name}` takes {type!r}: {problem}"
        return array, Diagnostic("MIL0904", message, places.of_value(value))
    with np.errstate(all="ignore"):  # what is too large becomes infinite
        return rounded(array, type.element), None


def _misfit(element: ElementType, array: Array) -> str:
    """Why elements do not fit an element type; empty if they do."""
    dtype = dtype_of(element)
    if array.dtype == dtype:
        is_text = element.kind != "string" or all(isinstance(each, str) for each in array.flat)
        return "" if is_text else "not all of its elements are text"
    if array.dtype.kind not in _FITTING[element.kind] and not (
        element.is_float and array.dtype.kind == "V"
    ):
        what = _NO_NUMBERS.get(array.dtype.kind) or f"elements of {element_name(array.dtype)} are"
        return f"{what} given"
    if element.kind in ("int", "uint", "bool") and array.size and array.dtype.kind != "b":
        low, high = element.bounds if element.is_integer else (0, 1)
        least, most = int(array.min()), int(array.max())
        if least < low or most > high:
            return f"{least if least < low else most} is out of its range"
    return ""
