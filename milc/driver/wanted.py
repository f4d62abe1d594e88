"""What a function takes, by its signature and by what the model's description says more."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from milc.diagnostics import MilError
from milc.ir.types import StateType, TensorType, allows
from milc.package.flexible import Flexibility, channels, flexibility, of_feature
from milc.package.interface import in_order, interfaces
from milc.package.proto import model_pb2 as pb
from milc.package.tables import FLEXIBLE_SHAPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from milc.ir.nodes import Function, Value
    from milc.package.model import Model


class Wanted(NamedTuple):
    """One input of a function."""

    value: Value
    shape: tuple[int, ...] | None
    """The shape it has unless somebody asks for another; None where nothing says one."""
    flexible: Flexibility | None = None
    """The shapes it may have, where the model says so."""
    color: str = ""
    """How the pixels of an image are stored, `RGB` …; empty if it is none."""
    optional: float | None = None
    """What its elements are if it is not given; None if it has to be."""

    @property
    def name(self) -> str:
        """The name of the input."""
        return self.value.name

    @property
    def tensor(self) -> TensorType | None:
        """Its type, if it is a tensor."""
        return self.value.type if isinstance(self.value.type, TensorType) else None

    def takes(self, shape: Sequence[int]) -> bool:
        """Whether the model says nothing against a shape that the type allows."""
        return self.flexible is None or self.flexible.allows(shape)


def wanted(model: Model, function: Function) -> dict[str, Wanted]:
    """The inputs of a function by name, in the order of the description; states are none."""
    described = interfaces(model.spec.description).get(function.name) if model.described else None
    features = {each.name: each for each in described.inputs} if described is not None else {}
    said = {} if model.described else _of_text(function)
    values = [value for value in function.inputs if not isinstance(value.type, StateType)]
    return {
        value.name: _described(value, features[value.name])
        if value.name in features
        else _plain(value, said.get(value.name))
        for value in in_order(values, features)
    }


def outputs_in_color(model: Model, function: Function) -> dict[str, str]:
    """The outputs that are images to an app, by name, and how their pixels are stored."""
    described = interfaces(model.spec.description).get(function.name) if model.described else None
    features = described.outputs if described is not None else ()
    return {each.name: _color(each.type) for each in features if each.type.HasField("imageType")}


def _of_text(function: Function) -> dict[str, Flexibility]:
    literal = function.attributes.get(FLEXIBLE_SHAPES)
    try:
        return flexibility(literal) if literal is not None else {}
    except MilError:  # whoever verifies the model says so
        return {}


def _plain(value: Value, flexible: Flexibility | None) -> Wanted:
    return Wanted(value, _shape(value, flexible.default if flexible else None), flexible)


def _described(value: Value, feature: pb.FeatureDescription) -> Wanted:
    flexible = of_feature(feature.type)
    image = feature.type.imageType if feature.type.HasField("imageType") else None
    array = feature.type.multiArrayType
    if flexible is not None:
        said: tuple[int, ...] = flexible.default
    elif image is not None:
        said = (1, channels(image), image.height, image.width)
    else:
        said = tuple(array.shape)
    kind = array.WhichOneof("defaultOptionalValue")
    default = getattr(array, kind) if kind is not None else 0
    return Wanted(
        value,
        _shape(value, said),
        flexible,
        _color(feature.type) if image is not None else "",
        float(default) if feature.type.isOptional else None,
    )


def _color(type: pb.FeatureType) -> str:
    known, space = pb.ImageFeatureType.ColorSpace, type.imageType.colorSpace
    return known.Name(space) if space in known.values() else "RGB"


def _shape(value: Value, said: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """The shape of an input, by its type, or by what is said where that leaves it open."""
    type = value.type
    if not isinstance(type, TensorType) or type.shape is None:
        return said
    lengths = tuple(dim for dim in type.shape if isinstance(dim, int))
    if len(lengths) == len(type.shape):
        return lengths
    return said if said is not None and allows(type.shape, said) else None
