"""`milc info`: what a model takes, gives and holds, as data.

`as_object` of an `Info` is the JSON that `milc info --json` prints; docs/cli.md describes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from milc.diagnostics import MilError
from milc.ir.literals import BlobRef, DictLiteral, Literal, TensorLiteral
from milc.ir.nodes import Function, Op, Value
from milc.ir.types import Dim, ElementType, StateType, TensorType
from milc.ir.walk import walk_ops
from milc.opsets.versions import LADDER
from milc.package.flexible import Flexibility, of_feature
from milc.package.interface import Interface, in_order, interfaces
from milc.package.model import Model
from milc.package.proto import model_pb2 as pb
from milc.package.references import references
from milc.syntax.types import type_text


class Feature(NamedTuple):
    """One input, output or state of a function."""

    name: str
    type: str
    """As text writes it."""
    feature: str | None
    """What an app sees: `multiArray`, `image`, `state` …; None where nothing describes it."""
    element: str | None
    """The element type of a tensor; None for any other type."""
    shape: list[int | None] | None
    """The length of each dimension of a tensor, None for one that is not fixed."""
    ranges: list[tuple[int, int | None]] | None
    """Of a flexible shape the least and the greatest length of each dimension."""
    shapes: list[list[int]] | None
    """Of a flexible shape all that there are, where they are enumerated."""
    color: str | None
    """How the pixels of an image are stored: `RGB`, `BGR`, `GRAYSCALE` …"""
    optional: bool
    documentation: str


class FunctionInfo(NamedTuple):
    """One function."""

    name: str
    opset: str
    default: bool
    """Whether an app that names no function calls this one."""
    inputs: list[Feature]
    outputs: list[Feature]
    states: list[Feature]
    operations: int
    """Ops in it, nested ones included, constants left out."""


class Parameters(NamedTuple):
    """Constant values of one element type, in one kind of place."""

    element: str
    stored: str
    """`weights`, a weight file, or `program`, the program itself."""
    values: int
    """How many tensors; a blob that is used twice counts once."""
    elements: int
    bytes: int


class WeightFileInfo(NamedTuple):
    """One weight file that the program refers to."""

    path: str
    bytes: int | None
    """None where there is no such file, or it cannot be used."""


class Info(NamedTuple):
    """All that `milc info` shows."""

    path: str
    specification_version: int
    systems: list[str]
    """The oldest systems that load such a model."""
    text_version: str
    functions: list[FunctionInfo]
    operations: dict[str, int]
    """How many ops of each kind there are, constants included, most first."""
    parameters: list[Parameters]
    weight_files: list[WeightFileInfo]
    metadata: dict[str, str]
    user_defined: dict[str, str]
    build_info: dict[str, str]

    def as_object(self) -> dict[str, Any]:
        """The same as JSON has it."""
        held: dict[str, Any] = self._asdict()
        held["functions"] = [_function_object(function) for function in self.functions]
        for name in ("parameters", "weight_files"):
            held[name] = [entry._asdict() for entry in held[name]]
        return held


def info(model: Model) -> Info:
    """What a model takes, gives and holds. No weights are read."""
    functions = model.program.functions.values()
    description = _description(model)
    every, default = interfaces(description), description.defaultFunctionName or "main"
    metadata = model.spec.description.metadata
    known = [v for v in LADDER if v.specification <= model.specification_version]
    operations = Counter(op.kind for function in functions for op in walk_ops(function))
    return Info(
        model.path or "",
        model.specification_version,
        list(known[-1].systems) if known else [],
        model.program.version,
        [_function(f, every.get(f.name), f.name == default) for f in functions],
        dict(sorted(operations.items(), key=lambda item: (-item[1], item[0]))),
        list(parameters(model)),
        list(_weight_files(model)),
        {
            "author": metadata.author,
            "license": metadata.license,
            "version": metadata.versionString,
            "short_description": metadata.shortDescription,
        },
        dict(sorted(metadata.userDefined.items())),
        dict(_build_info(model)),
    )


def _description(model: Model) -> pb.ModelDescription:
    try:
        return model.description
    except MilError:
        return pb.ModelDescription()


def _function(function: Function, described: Interface | None, default: bool) -> FunctionInfo:
    features = {f.name: f for f in (*described.inputs, *described.states)} if described else {}
    results = {f.name: f for f in described.outputs} if described else {}
    inputs = in_order(function.inputs, features)
    states = [value for value in function.inputs if isinstance(value.type, StateType)]
    return FunctionInfo(
        function.name,
        function.opset,
        default,
        [_feature(v, features) for v in inputs if not isinstance(v.type, StateType)],
        [_feature(v, results) for v in in_order(function.outputs, results)],
        [_feature(v, features) for v in states],
        sum(op.kind != "const" for op in walk_ops(function)),
    )


def _feature(value: Value, described: dict[str, pb.FeatureDescription]) -> Feature:
    feature = described.get(value.name, pb.FeatureDescription())
    kind = feature.type.WhichOneof("Type")
    flexible = of_feature(feature.type)
    image = feature.type.imageType if kind == "imageType" else None
    type = value.type.wrapped if isinstance(value.type, StateType) else value.type
    tensor = type if isinstance(type, TensorType) else None
    return Feature(
        value.name,
        type_text(value.type),
        kind.removesuffix("Type") if kind is not None else None,
        tensor.element.name if tensor is not None else None,
        _lengths(tensor.shape) if tensor is not None and tensor.shape is not None else None,
        _ranges(flexible) if flexible is not None and flexible.ranges else None,
        [list(shape) for shape in flexible.shapes] if flexible and flexible.shapes else None,
        _color(image) if image is not None else None,
        feature.type.isOptional,
        feature.shortDescription,
    )


def _color(image: pb.ImageFeatureType) -> str:
    """How pixels are stored; a number where milc has no name for it."""
    known, space = pb.ImageFeatureType.ColorSpace, image.colorSpace
    return known.Name(space) if space in known.values() else str(space)


def _lengths(shape: Iterable[Dim]) -> list[int | None]:
    return [dim if isinstance(dim, int) else None for dim in shape]


def _ranges(flexible: Flexibility) -> list[tuple[int, int | None]]:
    return [(low, high if high >= 0 else None) for low, high in flexible.ranges]


def parameters(model: Model) -> Iterator[Parameters]:
    """Constant tensors, grouped by element type and place, the largest group first."""
    groups: dict[tuple[ElementType, str], list[tuple[int, int]]] = {}
    seen: set[object] = set()
    for literal in _constants(model):
        type = literal.type
        is_blob = isinstance(literal, BlobRef)
        if not isinstance(type, TensorType) or (is_blob and literal.content() in seen):
            continue
        if is_blob:
            seen.add(literal.content())
        stored = "weights" if is_blob else "program"
        groups.setdefault((type.element, stored), []).append(measure(literal, type))
    sizes = {key: sum(size for _, size in held) for key, held in groups.items()}
    for key in sorted(groups, key=lambda key: (-sizes[key], key[0].name, key[1])):
        held = groups[key]
        count = sum(count for count, _ in held)
        yield Parameters(key[0].name, key[1], len(held), count, sizes[key])


def measure(literal: Literal, type: TensorType) -> tuple[int, int]:
    """Elements and bytes of a tensor."""
    if isinstance(literal, TensorLiteral) and type.element.kind == "string":
        return len(literal.strings), sum(len(string.encode()) for string in literal.strings)
    if type.byte_size is None and isinstance(literal, TensorLiteral):
        size = len(literal.data)
        return size * 8 // type.element.bits, size
    return type.count or 0, type.byte_size or 0


def _constants(model: Model) -> Iterator[Literal]:
    """Every literal of every op but its name, with all that is inside."""
    return chain.from_iterable(map(constants_of, walk_ops(model.program)))


def constants_of(op: Op) -> Iterator[Literal]:
    """Every literal of an op but its name, with all that is inside."""
    name = op.attributes.get("name")
    held = (literal for literal in op.literals if literal is not name)
    return chain.from_iterable(literal.walk() for literal in held)


def _weight_files(model: Model) -> Iterator[WeightFileInfo]:
    for path in dict.fromkeys(ref.path for ref, _ in references(model.program)):
        try:
            yield WeightFileInfo(path, model.weights.file(path).size)
        except MilError:
            yield WeightFileInfo(path, None)


def _build_info(model: Model) -> Iterator[tuple[str, str]]:
    held = model.program.attributes.get("buildInfo")
    for key, value in held.entries if isinstance(held, DictLiteral) else ():
        if isinstance(key, TensorLiteral) and isinstance(value, TensorLiteral):
            yield " ".join(map(str, key.values())), " ".join(map(str, value.values()))


def _function_object(function: FunctionInfo) -> dict[str, Any]:
    held: dict[str, Any] = function._asdict()
    for name in ("inputs", "outputs", "states"):
        held[name] = [feature._asdict() for feature in held[name]]
    return held
