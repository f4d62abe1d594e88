"""Flexible input shapes: in text an attribute of the function, in a package described.

`FlexibleShapeInformation` is what Apple's compiler prints for a function whose description has
inputs of flexible shape (read off its output for public models): a tuple of `DefaultShapes` and of
`RangeDims` or `EnumeratedShapes`, inputs sorted by name, fixed ones left out. Where a function has
both kinds of flexibility, milc writes both, which no public text shows.

Imports diagnostics, ir and the protobuf schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from milc.diagnostics import MilError, Span
from milc.ir.literals import (
    DictLiteral,
    ListLiteral,
    Literal,
    TensorLiteral,
    TupleLiteral,
    string_literal,
    string_of,
)
from milc.ir.numbers import pack
from milc.ir.types import INT32, SCALAR_STRING, DictType, ListType, TensorType, TupleType
from milc.package.faults import Fault
from milc.package.proto import model_pb2 as pb
from milc.package.tables import FLEXIBLE_SHAPES

UNBOUNDED: Final = -1
"""The upper bound of a dimension that has none."""

_ALLOWED: Final = "DefaultShapes, RangeDims and EnumeratedShapes"
_SHAPE: Final = INT32(None)
_RANGE: Final = INT32(2)
_SHAPES: Final = DictType(SCALAR_STRING, _SHAPE)
_RANGES: Final = DictType(SCALAR_STRING, ListType(_RANGE))
_ENUMERATED: Final = DictType(SCALAR_STRING, _SHAPES)

Range = tuple[int, int]


class Flexibility(NamedTuple):
    """The shapes that one input may take: within `ranges`, or one of `shapes`."""

    default: tuple[int, ...]
    """The shape an app gets if it asks for none."""
    ranges: tuple[Range, ...] = ()
    """Smallest and largest length of each dimension; the latter may be UNBOUNDED."""
    shapes: tuple[tuple[int, ...], ...] = ()

    def allows(self, shape: Sequence[int]) -> bool:
        """Whether a shape is one of those."""
        if self.shapes:
            return tuple(shape) in self.shapes
        return len(shape) == len(self.ranges) and all(
            low <= length and (high < 0 or length <= high)
            for length, (low, high) in zip(shape, self.ranges, strict=True)
        )


# Description -> flexibility


def of_feature(type: pb.FeatureType) -> Flexibility | None:
    """What a description says of an input's shape; None if it is fixed."""
    if type.HasField("multiArrayType"):
        return _of_array(type.multiArrayType)
    return _of_image(type.imageType) if type.HasField("imageType") else None


def _of_array(array: pb.ArrayFeatureType) -> Flexibility | None:
    default = tuple(array.shape)
    if array.HasField("enumeratedShapes"):
        shapes = tuple(tuple(shape.shape) for shape in array.enumeratedShapes.shapes)
        return Flexibility(default or (shapes[0] if shapes else ()), shapes=shapes)
    if array.HasField("shapeRange"):
        ranges = tuple(map(_range, array.shapeRange.sizeRanges))
        return Flexibility(default or tuple(low for low, _ in ranges), ranges)
    return None


def _of_image(image: pb.ImageFeatureType) -> Flexibility | None:
    """Images are tensors [1, channels, height, width] to the program."""
    front = (1, channels(image))
    default = (*front, image.height, image.width) if min(image.height, image.width) > 0 else ()
    if image.HasField("enumeratedSizes"):
        shapes = tuple((*front, s.height, s.width) for s in image.enumeratedSizes.sizes)
        return Flexibility(default or (shapes[0] if shapes else ()), shapes=shapes)
    if image.HasField("imageSizeRange"):
        size = image.imageSizeRange
        ranges = (*((n, n) for n in front), _range(size.heightRange), _range(size.widthRange))
        return Flexibility(default or tuple(low for low, _ in ranges), ranges)
    return None


def channels(image: pb.ImageFeatureType) -> int:
    """The number of colour channels of an image."""
    grey = (pb.ImageFeatureType.GRAYSCALE, pb.ImageFeatureType.GRAYSCALE_FLOAT16)
    return 1 if image.colorSpace in grey else 3


def _range(message: pb.SizeRange) -> Range:
    return message.lowerBound, max(message.upperBound, UNBOUNDED)


# Flexibility -> description


def write_flexibility(flexibility: Flexibility, array: pb.ArrayFeatureType) -> None:
    """Put the default shape and the flexibility into a description."""
    array.shape[:] = flexibility.default
    if flexibility.shapes:
        array.enumeratedShapes.SetInParent()
        for shape in flexibility.shapes:
            array.enumeratedShapes.shapes.add(shape=shape)
    elif flexibility.ranges:
        array.shapeRange.SetInParent()
        for low, high in flexibility.ranges:
            array.shapeRange.sizeRanges.add(lowerBound=low, upperBound=high)


# Flexibility -> literal


def flexible_literal(inputs: dict[str, Flexibility]) -> TupleLiteral | None:
    """The attribute's value for the flexible inputs of a function; None if there are none."""
    if not inputs:
        return None
    names = sorted(inputs)
    defaults = DictLiteral(_SHAPES, [(string_literal(n), _shape(inputs[n].default)) for n in names])
    pairs = [_pair("DefaultShapes", defaults)]
    enumerated = [name for name in names if inputs[name].shapes]
    if enumerated:
        pairs.append(_pair("EnumeratedShapes", _enumeration(inputs, enumerated)))
    ranged = [name for name in names if inputs[name].ranges]
    if ranged:
        entries = [(string_literal(name), _ranges(inputs[name])) for name in ranged]
        pairs.append(_pair("RangeDims", DictLiteral(_RANGES, entries)))
    return TupleLiteral(TupleType(*[pair.type for pair in pairs]), pairs)


def _enumeration(inputs: dict[str, Flexibility], names: list[str]) -> DictLiteral:
    """One entry for each combination of shapes: the first of each input, the second of each …

    Apple's keys are eight hex digits of unknown origin, and its entries sorted by them. milc's
    are the place of the combination, so that sorting keeps the order of the description.
    """
    count = max(len(inputs[name].shapes) for name in names)
    held: list[list[tuple[Literal, Literal]]] = [[] for _ in range(count)]
    for name in names:
        for index, shape in enumerate(inputs[name].shapes):
            held[index].append((string_literal(name), _shape(shape)))
    entries = [
        (string_literal(f"{index:08x}"), DictLiteral(_SHAPES, entry))
        for index, entry in enumerate(held)
    ]
    return DictLiteral(_ENUMERATED, entries)


def _pair(name: str, content: Literal) -> TupleLiteral:
    return TupleLiteral(TupleType(SCALAR_STRING, content.type), (string_literal(name), content))


def _shape(shape: Sequence[int]) -> TensorLiteral:
    return _integers(_SHAPE, shape)


def _ranges(flexibility: Flexibility) -> ListLiteral:
    return ListLiteral(ListType(_RANGE), [_integers(_RANGE, pair) for pair in flexibility.ranges])


def _integers(type: TensorType, values: Iterable[int]) -> TensorLiteral:
    # int32 is what Apple's compiler declares; a bound beyond it is as good as the greatest.
    low, high = INT32.bounds
    return TensorLiteral(type, pack(INT32, [min(max(value, low), high) for value in values]))


# Literal -> flexibility


def flexibility(literal: Literal, span: Span | None = None) -> dict[str, Flexibility]:
    """What the attribute says of each flexible input, by name.

    Raises MilError (MIL0704) at `span` if it is not of the form that Apple's compiler writes.
    """
    try:
        return _flexibility(literal)
    except Fault as fault:
        raise MilError(fault.at(f"{FLEXIBLE_SHAPES}: ", span=span)) from fault


def _flexibility(literal: Literal) -> dict[str, Flexibility]:
    members = _members(literal)
    defaults = {name: _lengths(held) for name, held in members.pop("DefaultShapes", {}).items()}
    ranges = {name: _read_ranges(held) for name, held in members.pop("RangeDims", {}).items()}
    shapes: dict[str, list[tuple[int, ...]]] = {}
    for combination in members.pop("EnumeratedShapes", {}).values():
        for name, held in _entries(combination).items():
            shapes.setdefault(name, []).append(_lengths(held))
    if members:
        raise _malformed(f"{next(iter(members))!r} is none of {_ALLOWED}")
    names = dict.fromkeys((*defaults, *ranges, *shapes))
    return {n: _joined(n, defaults.get(n), ranges.get(n), shapes.get(n)) for n in names}


def _joined(
    name: str,
    default: tuple[int, ...] | None,
    ranges: tuple[Range, ...] | None,
    shapes: Sequence[tuple[int, ...]] | None,
) -> Flexibility:
    """What the members say of one input."""
    if default is None:
        raise _malformed(f"`{name}` has no default shape")
    if (ranges is None) == (shapes is None):
        both = "neither RangeDims nor" if ranges is None else "both RangeDims and"
        raise _malformed(f"`{name}` has {both} EnumeratedShapes")
    found = Flexibility(default, ranges or (), tuple(shapes or ()))
    if not found.allows(default):
        raise _malformed(f"the default shape {list(default)} of `{name}` is not one it may take")
    return found


def _members(literal: Literal) -> dict[str, dict[str, Literal]]:
    """The members of the tuple by name, each a dict by name."""
    found: dict[str, dict[str, Literal]] = {}
    for item in literal.items if isinstance(literal, TupleLiteral) else (literal,):
        if not isinstance(item, TupleLiteral) or len(item.items) != 2:
            raise _malformed(f"a tuple of pairs is wanted, the first of each one of {_ALLOWED}")
        name = _string(item.items[0])
        if name in found:
            raise _malformed(f"{name!r} stands there twice")
        found[name] = _entries(item.items[1])
    return found


def _entries(literal: Literal) -> dict[str, Literal]:
    if not isinstance(literal, DictLiteral):
        raise _malformed(f"a dict is wanted where there is a {literal.type!r}")
    found = {_string(key): held for key, held in literal.entries}
    if len(found) != len(literal.entries):
        raise _malformed("a dict has a key twice")
    return found


def _string(literal: Literal) -> str:
    found = string_of(literal)
    if found is None:
        raise _malformed(f"a string is wanted where there is a {literal.type!r}")
    return found


def _numbers(literal: Literal) -> tuple[int, ...]:
    type = literal.type
    plain = isinstance(type, TensorType) and type.element is INT32 and len(type.shape or ()) == 1
    if not plain or not isinstance(literal, TensorLiteral):
        raise _malformed(f"a list of int32 is wanted where there is a {type!r}")
    return tuple(literal.values())


def _lengths(literal: Literal) -> tuple[int, ...]:
    found = _numbers(literal)
    if min(found, default=0) < 0:
        raise _malformed(f"{list(found)} is no shape")
    return found


def _read_ranges(literal: Literal) -> tuple[Range, ...]:
    if not isinstance(literal, ListLiteral):
        raise _malformed(f"a list of ranges is wanted where there is a {literal.type!r}")
    found = []
    for item in literal.items:
        pair = _numbers(item)
        if len(pair) != 2 or pair[0] < 0 or 0 <= pair[1] < pair[0]:
            raise _malformed(f"{list(pair)} is no range of lengths")
        found.append((pair[0], max(pair[1], UNBOUNDED)))
    return tuple(found)


def _malformed(message: str) -> Fault:
    return Fault("MIL0704", message)
