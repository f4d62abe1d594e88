"""What a model description says of one function, and which element types it can speak of.

Imports ir and the protobuf schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from milc.ir import types as t
from milc.ir.nodes import Value
from milc.ir.types import ElementType
from milc.package.proto import model_pb2 as pb

DEFAULT_FUNCTION: Final = "main"
"""The function that a description without a list of functions is about."""

FIRST_WITH_FUNCTIONS: Final = 9
"""The first specification version with several functions, with states, and without inputs."""

ARRAY_TYPES: Final[dict[ElementType, pb.ArrayFeatureType.ArrayDataType.ValueType]] = {
    t.FP32: pb.ArrayFeatureType.FLOAT32,
    t.INT32: pb.ArrayFeatureType.INT32,
    t.FP16: pb.ArrayFeatureType.FLOAT16,
    t.INT8: pb.ArrayFeatureType.INT8,
    t.FP64: pb.ArrayFeatureType.DOUBLE,
}
"""How a description calls an element type."""

SINCE: Final[dict[ElementType, int]] = {t.FP32: 0, t.INT32: 0, t.FP16: 7, t.INT8: 10}
"""From which specification version on arrays of an element type go in and out.

Source: coremltools 9.0 and Apple's documentation: fp16 from iOS 16 on, int8 from iOS 26 on.
"""


def allowed_elements(specification_version: int) -> list[ElementType]:
    """The element types that the inputs and outputs of a model of this version may have."""
    return [element for element, since in SINCE.items() if specification_version >= since]


class Interface(NamedTuple):
    """The described features of one function."""

    inputs: Sequence[pb.FeatureDescription]
    outputs: Sequence[pb.FeatureDescription]
    states: Sequence[pb.FeatureDescription]


def interfaces(description: pb.ModelDescription) -> dict[str, Interface]:
    """What `description` says of each function that it speaks of, by the function's name."""
    if not description.functions:
        return {DEFAULT_FUNCTION: _interface(description)}
    found: dict[str, Interface] = {}
    for function in description.functions:
        if function.name not in found:
            found[function.name] = _interface(function)
    return found


def _interface(held: pb.ModelDescription | pb.FunctionDescription) -> Interface:
    # Early tools listed states among the inputs, which Apple's compiler still accepts.
    inputs = [feature for feature in held.input if not feature.type.HasField("stateType")]
    states = [feature for feature in held.input if feature.type.HasField("stateType")]
    return Interface(inputs, held.output, [*held.state, *states])


def in_order(values: Iterable[Value], names: Iterable[str]) -> list[Value]:
    """The values in the order of their names; those of other names behind, as they were."""
    places = {name: place for place, name in enumerate(names)}
    return sorted(values, key=lambda value: places.get(value.name, len(places)))
