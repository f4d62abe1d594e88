"""Whether a model's description and its program's signature say the same.

Imports diagnostics, ir, opsets' ladder, verify's places and the protobuf schema.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from milc.diagnostics import BoundedFindings, Diagnostic, MilError, Severity
from milc.ir.nodes import Function, Value
from milc.ir.types import DictType, ListType, StateType, TensorType, Type, allows
from milc.ir.walk import place
from milc.opsets.versions import BY_TAG, LADDER, called
from milc.package.features import doubts, faults
from milc.package.flexible import Flexibility, channels, flexibility, flexible_literal, of_feature
from milc.package.interface import (
    ARRAY_TYPES,
    DEFAULT_FUNCTION,
    FIRST_WITH_FUNCTIONS,
    interfaces,
)
from milc.package.proto import model_pb2 as pb
from milc.package.tables import FLEXIBLE_SHAPES
from milc.verify.places import of_word

if TYPE_CHECKING:
    from milc.package.model import Model

_DIFFERENCES: Final = frozenset(("MIL0710", "MIL0711", "MIL0712", "MIL0713"))
_REMEDY: Final = (
    "correct the description, which `milc decompile -o` writes as model.json; where that has no"
    " `description`, it is derived from the program"
)
"""Said once: after a change of the program, everything that differs has the same reason."""

_ELEMENTS: Final = {number: element for element, number in ARRAY_TYPES.items()}


def check(model: Model) -> list[Diagnostic]:
    """What is wrong with the model's description (MIL07xx), compared with its program.

    For a model without a description it is what stands in the way of deriving one.
    """
    found: list[Diagnostic] = []
    try:
        checker = _Checker(model, model.describe(found))
    except MilError as error:
        return error.diagnostics
    checker.versions()
    if not model.described:
        return found + checker.found
    if checker.description.ByteSize():
        checker.functions()
    else:
        checker.add("MIL0719", "the model has no description")
    return checker.found


class _Checker:
    def __init__(self, model: Model, description: pb.ModelDescription) -> None:
        self.program = model.program
        self.description = description
        self.version = model.specification_version
        self.path = model.path
        self.found: list[Diagnostic] = BoundedFindings()
        self.function: Function | None = None
        self.remedy: str | None = _REMEDY

    def add(
        self,
        code: str,
        message: str,
        value: Value | None = None,
        severity: Severity = "error",
        help: str | None = None,
    ) -> None:
        """Note a finding, about a value if it is about one."""
        if code in _DIFFERENCES and help is None:
            help, self.remedy = self.remedy, None
        function = self.function
        where = f"{place(function)}: " if function is not None else ""
        span = value.span if value is not None else function.span if function is not None else None
        self.found.append(
            Diagnostic(code, where + message, span, severity=severity, path=self.path, help=help)
        )

    def versions(self) -> None:
        """The specification version against the opsets."""
        if self.version < LADDER[0].specification:
            lowest = LADDER[0].specification
            self.add("MIL0717", f"specification version {self.version}; programs begin at {lowest}")
        elif self.version > LADDER[-1].specification:
            newest = LADDER[-1].specification
            text = f"specification version {self.version}; the newest that milc knows is {newest}"
            self.add("MIL0717", text, severity="warning")
        for function in self.program.functions.values():
            opset = BY_TAG.get(function.opset)
            if opset is None:
                self._unknown_opset(function)
            elif opset.specification > self.version:
                self.function = function
                text = f"the opset {opset.tag} needs specification version {opset.specification}"
                self.add("MIL0717", f"{text}; the model says {self.version}")
        self.function = None

    def _unknown_opset(self, function: Function) -> None:
        meant = called(function.opset)
        message = f"there is no opset `{function.opset}`; known are {', '.join(BY_TAG)}"
        self.found.append(
            Diagnostic(
                "MIL0721",
                f"{place(function)}: {message}",
                of_word(function, function.opset),
                severity="warning" if _is_newer(function.opset) else "error",
                path=self.path,
                help=f"write `{function.name}<{meant.tag}>`" if meant else None,
            )
        )

    def functions(self) -> None:
        """Which functions there are, and each with what is said of it."""
        names = [function.name for function in self.description.functions]
        if names or self.description.defaultFunctionName:
            self._listed(names)
        elif DEFAULT_FUNCTION not in self.program.functions:
            there = ", ".join(f"`{name}`" for name in self.program.functions) or "none"
            text = f"the description is about function `{DEFAULT_FUNCTION}`; there is {there}"
            self.add("MIL0714", text)
        every = interfaces(self.description)
        for name, function in self.program.functions.items():
            self.function = function
            described = every.get(name)
            if described is None:
                text = "the description does not mention it, so nobody can call it"
                self.add("MIL0707", text, severity="warning")
                continue
            self._features(function, described.inputs, "input")
            self._features(function, described.states, "state")
            self._features(function, described.outputs, "output")
            self._flexibility(function, described.inputs)
            required = described.states or [f for f in described.inputs if not f.type.isOptional]
            if described.inputs and not required:
                self.add("MIL0720", "all inputs are optional, and one has to be required")
            if not function.inputs and self.version < FIRST_WITH_FUNCTIONS:
                self.add("MIL0708", f"a model of version {self.version} needs an input")

    def _listed(self, names: list[str]) -> None:
        default, program = self.description.defaultFunctionName, self.program.functions
        if self.version < FIRST_WITH_FUNCTIONS:
            self.add("MIL0714", f"a model of version {self.version} cannot list its functions")
        for name, count in Counter(names).items():
            if name not in program:
                self.add("MIL0714", f"the description lists function `{name}`, which is not there")
            if count > 1:
                self.add("MIL0715", f"the description lists function `{name}` twice")
        if default not in names:
            said = f"`{default}`" if default else "none"
            listed = ", ".join(names) or "none"
            self.add("MIL0714", f"the default function is {said}; listed are {listed}")
        described = self.description
        if described.input or described.output or described.state or described.trainingInput:
            self.add("MIL0714", "the description has features besides those of its functions")
        if described.predictedFeatureName or described.predictedProbabilitiesName:
            self.add("MIL0714", "the description names predicted features outside its functions")

    def _features(
        self, function: Function, features: Sequence[pb.FeatureDescription], role: str
    ) -> None:
        if role == "output":
            values = list(function.outputs)
        else:
            values = [
                value
                for value in function.inputs
                if isinstance(value.type, StateType) == (role == "state")
            ]
        there = {value.name: value for value in values}
        times = Counter(value.name for value in values)
        described: set[str] = set()
        for feature in features:
            name = feature.name
            value = there.get(name)
            if name in described:
                text = f"the description has {role} `{name}` twice"
                self.add("MIL0715", text, value, "warning" if times[name] > 1 else "error")
            elif value is None:
                self.add("MIL0710", f"the description has {role} `{name}`, the program has not")
            else:
                self._feature(value, feature.type, role)
            self._refused(feature, role, value)
            described.add(name)
        for name, value in there.items():
            if name not in described:
                self.add("MIL0711", f"the description does not mention {role} `{name}`", value)

    def _refused(self, feature: pb.FeatureDescription, role: str, value: Value | None) -> None:
        """What Apple's compiler would not have, whatever the program."""
        for text in faults(feature.type, role, self.version):
            self.add("MIL0720", f"{role} `{feature.name}`: {text}", value)
        for text in doubts(feature.type):
            self.add("MIL0720", f"{role} `{feature.name}`: {text}", value, severity="warning")

    def _feature(self, value: Value, type: pb.FeatureType, role: str) -> None:
        kind = type.WhichOneof("Type")
        found: Type = value.type
        if kind is None:
            self.add("MIL0715", f"the description of {role} `{value.name}` has no type", value)
            return
        if role == "state" and kind == "stateType" and isinstance(found, StateType):
            found, array = found.wrapped, type.stateType.arrayType
            self._array(value, found, array, role)
        elif kind == "multiArrayType":
            self._array(value, found, type.multiArrayType, role)
        elif kind == "imageType":
            self._image(value, type.imageType, role)
        elif not _fits(kind, found):
            self._wrong_type(value, role, _SPOKEN[kind])

    def _wrong_type(self, value: Value, role: str, described: str) -> None:
        text = f"{role} `{value.name}` is a {value.type!r}; the description says {described}"
        self.add("MIL0712", text, value)

    def _array(self, value: Value, type: Type, array: pb.ArrayFeatureType, role: str) -> None:
        element = _ELEMENTS.get(array.dataType)
        if element is None:
            self._wrong_type(value, role, f"element type {array.dataType}, which is none")
        elif not isinstance(type, TensorType) or type.element is not element:
            self._wrong_type(value, role, f"an array of {element}")
        elif type.shape is not None:
            flexible = of_feature(pb.FeatureType(multiArrayType=array)) if role == "input" else None
            self._shape(value, type, list(array.shape), flexible, role)

    def _image(self, value: Value, image: pb.ImageFeatureType, role: str) -> None:
        type = value.type
        if not isinstance(type, TensorType) or not type.element.is_float and type.element.bits != 8:
            self._wrong_type(value, role, "an image")
            return
        flexible = of_feature(pb.FeatureType(imageType=image))
        if role == "output" and flexible is not None:
            return  # coremltools writes a size of 1 by 1 and a range without an end
        self._shape(value, type, [1, channels(image), image.height, image.width], flexible, role)

    def _shape(
        self,
        value: Value,
        type: TensorType,
        shape: list[int],
        flexible: Flexibility | None,
        role: str,
    ) -> None:
        dims = type.shape or (1,)
        if not shape and role == "output":
            return
        if not all(dim is None or isinstance(dim, int) for dim in dims):
            return
        for said in _shapes(shape, flexible):
            if not allows(dims, said):
                text = f"the description gives {role} `{value.name}` the shape {list(said)}"
                self.add("MIL0713", f"{text}; it is a {type!r}", value)
                return
        if flexible is not None and not flexible.allows(flexible.default):
            text = f"the default shape of {role} `{value.name}` is {list(flexible.default)}"
            self.add("MIL0713", f"{text}, which its own range does not allow", value)
        if role == "input" and None in dims and flexible is None:
            text = f"the description fixes the shape of input `{value.name}`, a {type!r}"
            help = "say in the description how long the unknown dimensions may be"
            self.add("MIL0713", text, value, help=help)

    def _flexibility(self, function: Function, features: Iterable[pb.FeatureDescription]) -> None:
        described = {feature.name: of_feature(feature.type) for feature in features}
        flexible = {name: held for name, held in described.items() if held is not None}
        enumerated = [name for name, held in flexible.items() if held.shapes]
        if len(enumerated) > 1 and self.version < FIRST_WITH_FUNCTIONS:
            names = ", ".join(f"`{name}`" for name in enumerated)
            text = f"{names} have enumerated shapes; before version 9 only one input may"
            self.add("MIL0718", text)
        literal = function.attributes.get(FLEXIBLE_SHAPES)
        if literal is None or literal == flexible_literal(flexible):
            return
        try:
            if flexibility(literal, function.span) != flexible:
                text = f"{FLEXIBLE_SHAPES} and the description differ; the description counts"
                self.add("MIL0716", text, severity="warning")
        except MilError as error:
            self.found += error.diagnostics


_number = re.compile(r"(ios|CoreML)([0-9]{1,4})").fullmatch


def _is_newer(opset: str) -> bool:
    """Whether a name is `ios27` or `CoreML10`, say: beyond the last that is known."""
    found = _number(opset)
    newest = filter(None, map(_number, (LADDER[-1].tag, LADDER[-1].protobuf)))
    return found is not None and any(
        found[1] == last[1] and int(found[2]) > int(last[2]) for last in newest
    )


_SPOKEN: Final = {
    "int64Type": "a whole number",
    "doubleType": "a number",
    "stringType": "a string",
    "dictionaryType": "a dictionary",
    "sequenceType": "a sequence",
    "stateType": "a state",
}


def _fits(kind: str, type: Type) -> bool:
    """Whether a feature that is neither array nor image may be a value of this type."""
    if isinstance(type, TensorType):
        element = {"int64Type": type.element.is_integer, "doubleType": type.element.is_float}
        return element.get(kind, kind == "stringType" and type.element.kind == "string")
    wanted = {"dictionaryType": DictType, "sequenceType": ListType, "stateType": StateType}
    return kind in wanted and isinstance(type, wanted[kind])


def _shapes(shape: list[int], flexible: Flexibility | None) -> list[Sequence[int]]:
    """Every shape that a description names outright; of ranges the shortest and the longest."""
    if flexible is None:
        return [shape]
    if flexible.shapes:
        return [flexible.default, *flexible.shapes]
    return [flexible.default, [r[0] for r in flexible.ranges], [r[1] for r in flexible.ranges]]
