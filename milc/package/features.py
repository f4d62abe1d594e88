"""What a description may say of an input, output or state, whatever the program.

The rules are those by which Apple's compiler checks a description before it looks at the program;
they are public as the validation of model interfaces in coremltools' sources. What the program
has to do with it is the business of `agree`. Imports ir and the protobuf schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from milc.package.interface import ARRAY_TYPES, FIRST_WITH_FUNCTIONS, SINCE
from milc.package.proto import model_pb2 as pb

FIRST_WITH_FP16: Final = 7

_SINCE: Final = {ARRAY_TYPES[element]: (element.name, since) for element, since in SINCE.items()}
_DEFAULTS: Final = {
    "intDefaultValue": ("int32", {pb.ArrayFeatureType.INT32}),
    "floatDefaultValue": ("fp32", {pb.ArrayFeatureType.FLOAT32, pb.ArrayFeatureType.FLOAT16}),
    "doubleDefaultValue": ("fp64", {pb.ArrayFeatureType.DOUBLE}),
}


def faults(type: pb.FeatureType, role: str, version: int) -> Iterator[str]:
    """What is wrong with the type of a feature; `role` is "input", "output" or "state"."""
    if type.isOptional and role != "input":
        yield "optional, which only inputs may be"
    kind = type.WhichOneof("Type")
    if kind in _CHECKS:
        yield from _CHECKS[kind](type, role, version)


def doubts(type: pb.FeatureType) -> Iterator[str]:
    """What Apple's check refuses, too, and coremltools writes all the same."""
    array = type.multiArrayType if type.HasField("multiArrayType") else None
    default = array.WhichOneof("defaultOptionalValue") if array is not None else None
    if array is None or default is None:
        return
    element, fit = _DEFAULTS[default]
    if array.dataType not in fit:
        yield f"the default value is said to be {element}, and the array is not"


def _array(type: pb.FeatureType, role: str, version: int) -> Iterator[str]:
    array = type.multiArrayType
    element, since = _SINCE.get(array.dataType, ("", 0))
    if version < since:
        yield f"an array of {element} needs specification version {since}"
    if min(array.shape, default=0) < 0:
        yield f"the shape {list(array.shape)} has a negative length"
    if array.HasField("enumeratedShapes"):
        shapes = array.enumeratedShapes.shapes
        if not shapes or not all(shape.shape for shape in shapes):
            yield "no shapes are listed, or one without dimensions"
    yield from _ranges(array.shapeRange.sizeRanges)


def _image(type: pb.FeatureType, role: str, version: int) -> Iterator[str]:
    image = type.imageType
    if image.HasField("enumeratedSizes"):
        sizes = [(size.width, size.height) for size in image.enumeratedSizes.sizes]
        if not sizes:
            yield "no sizes are listed"
    elif image.HasField("imageSizeRange"):
        ranges = image.imageSizeRange
        sizes = [(ranges.widthRange.lowerBound, ranges.heightRange.lowerBound)]
        yield from _ranges((ranges.widthRange, ranges.heightRange))
    else:
        sizes = [(image.width, image.height)]
    if min(image.width, image.height) <= 0 and sizes and min(sizes[0]) <= 0:
        yield f"an image of {image.width} by {image.height} pixels"
    if image.colorSpace not in _COLORS:
        yield f"colour space {image.colorSpace}, which is none"
    elif image.colorSpace == pb.ImageFeatureType.GRAYSCALE_FLOAT16 and version < FIRST_WITH_FP16:
        yield f"pixels of fp16 need specification version {FIRST_WITH_FP16}"


def _state(type: pb.FeatureType, role: str, version: int) -> Iterator[str]:
    array = type.stateType.arrayType
    if version < FIRST_WITH_FUNCTIONS:
        yield f"a state needs specification version {FIRST_WITH_FUNCTIONS}"
    if role == "output":
        yield "a state, which no output can be"
    if array.dataType != pb.ArrayFeatureType.FLOAT16:
        yield "a state that is not fp16"
    if not array.shape or array.WhichOneof("ShapeFlexibility") is not None:
        yield "a state without a fixed shape"
    if array.WhichOneof("defaultOptionalValue") is not None:
        yield "a state with a default value"


def _dictionary(type: pb.FeatureType, role: str, version: int) -> Iterator[str]:
    if type.dictionaryType.WhichOneof("KeyType") is None:
        yield "a dictionary whose keys have no type"


def _sequence(type: pb.FeatureType, role: str, version: int) -> Iterator[str]:
    if type.sequenceType.WhichOneof("Type") is None:
        yield "a sequence whose elements have no type"


def _ranges(ranges: Iterable[pb.SizeRange]) -> Iterator[str]:
    for held in ranges:
        if 0 <= held.upperBound < held.lowerBound:
            yield f"a range of lengths from {held.lowerBound} to {held.upperBound}"


_COLORS: Final = frozenset(pb.ImageFeatureType.ColorSpace.values()) - {0}
_CHECKS: Final[dict[str, Callable[[pb.FeatureType, str, int], Iterator[str]]]] = {
    "multiArrayType": _array,
    "imageType": _image,
    "stateType": _state,
    "dictionaryType": _dictionary,
    "sequenceType": _sequence,
}
