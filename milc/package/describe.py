"""The model description and the program's signature: one derived from the other, and compared.

A description says more than a signature: that an input is an image, a default value, documentation.
So a description that came with a model is kept, and derived, by the rules of coremltools 9.0, only
where there is none.

Imports diagnostics, ir, opsets' ladder and the protobuf schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from milc.diagnostics import BoundedFindings, Diagnostic, MilError, errors
from milc.ir import types as t
from milc.ir.literals import Literal
from milc.ir.nodes import Function, Program, Value
from milc.ir.types import DictType, StateType, TensorType, Type, allows
from milc.ir.walk import place
from milc.opsets.versions import BY_TAG, FIRST_OF_TEXT_1_3, LADDER
from milc.package.agree import check
from milc.package.faults import Fault
from milc.package.flexible import (
    Flexibility,
    flexibility,
    flexible_literal,
    of_feature,
    write_flexibility,
)
from milc.package.interface import (
    ARRAY_TYPES,
    DEFAULT_FUNCTION,
    FIRST_WITH_FUNCTIONS,
    allowed_elements,
    in_order,
    interfaces,
)
from milc.package.proto import model_pb2 as pb
from milc.package.tables import FLEXIBLE_SHAPES

__all__ = [
    "add_functions",
    "check",
    "derive",
    "flexibility",
    "flexible_attribute",
    "order_inputs",
    "show_flexibility",
    "specification_version",
]

_ASSUMED: Final = (1, 2)
"""The lengths that coremltools assumes of a `?` about which nothing is said."""
_LONGEST: Final = (1 << 63) - 1
_IMAGE_RANK: Final = 4


def specification_version(program: Program) -> int:
    """The lowest specification version whose models may hold the program.

    `program(1.3)` is what compilers write for version 9 and later, whatever the opset.
    """
    known = (BY_TAG.get(function.opset) for function in program.functions.values())
    opsets = [version.specification for version in known if version is not None]
    lowest = FIRST_OF_TEXT_1_3 if program.version == "1.3" else LADDER[0].specification
    return max([lowest, *opsets])


def flexible_attribute(description: pb.ModelDescription, function: str) -> Literal | None:
    """The value of `FlexibleShapeInformation` for a function; None if its inputs are fixed."""
    described = interfaces(description).get(function)
    return _flexible(described.inputs) if described is not None else None


def _flexible(inputs: Iterable[pb.FeatureDescription]) -> Literal | None:
    found = {feature.name: of_feature(feature.type) for feature in inputs}
    return flexible_literal({name: held for name, held in found.items() if held is not None})


def show_flexibility(program: Program, description: pb.ModelDescription) -> None:
    """Give each function the attribute that Apple's compiler prints for it."""
    described = interfaces(description)
    for name, function in program.functions.items():
        literal = _flexible(described[name].inputs) if name in described else None
        if literal is not None:
            function.attributes[FLEXIBLE_SHAPES] = literal


def rename_features(
    description: pb.ModelDescription, function: str, names: Mapping[str, str]
) -> None:
    """Let the features of a function follow inputs, states and outputs that have new names."""
    held_by: list[pb.ModelDescription | pb.FunctionDescription]
    held_by = [each for each in description.functions if each.name == function]
    for held in held_by if description.functions else [description]:
        for feature in (*held.input, *held.output, *held.state):
            feature.name = names.get(feature.name, feature.name)
        for field in ("predictedFeatureName", "predictedProbabilitiesName"):
            name = getattr(held, field)
            if name in names:
                setattr(held, field, names[name])


def retype_features(
    description: pb.ModelDescription, function: str, types: Mapping[str, Type]
) -> None:
    """Let what the description says of arrays that a function takes or gives have their types.

    Where those are of a fixed shape, arrays and images are of that.
    """
    described = interfaces(description).get(function)
    for feature in (*described.inputs, *described.outputs) if described is not None else ():
        type = types.get(feature.name)
        if isinstance(type, TensorType) and type.element in ARRAY_TYPES:
            _retype(feature.type, type)


def _retype(described: pb.FeatureType, type: TensorType) -> None:
    dims = [dim for dim in type.shape or () if isinstance(dim, int)]
    is_fixed = type.shape is not None and len(dims) == len(type.shape)
    if described.WhichOneof("Type") == "multiArrayType":
        array = described.multiArrayType
        array.dataType = ARRAY_TYPES[type.element]
        if is_fixed:
            array.ClearField(array.WhichOneof("ShapeFlexibility") or "shape")
            array.shape[:] = dims or [1]
    elif described.WhichOneof("Type") == "imageType" and is_fixed and len(dims) == _IMAGE_RANK:
        image = described.imageType
        image.ClearField(image.WhichOneof("SizeFlexibility") or "height")
        image.height, image.width = dims[-2:]


def add_functions(
    description: pb.ModelDescription, functions: Iterable[Function], version: int
) -> None:
    """Describe functions that a description does not know, if a model of a version lists several.

    Inputs and outputs are described as those of a function that has the same ones by name; else as
    follows from their types.
    """
    new = [function for function in functions if function.name not in interfaces(description)]
    if not new or version < FIRST_WITH_FUNCTIONS:
        return
    if not description.functions:
        _list_main(description)
    for function in new:
        like = next((each for each in description.functions if _is_like(each, function)), None)
        made = description.functions.add(name=function.name)
        if like is None:
            _Describer(version).function(function, made)
            continue
        made.CopyFrom(like)
        made.name = function.name
        values = (*function.inputs, *function.outputs)
        retype_features(description, function.name, {value.name: value.type for value in values})


def _list_main(description: pb.ModelDescription) -> None:
    """Turn what a description says of the only function into the first of a list."""
    main = pb.FunctionDescription(name=DEFAULT_FUNCTION)
    main.input.extend(description.input)
    main.output.extend(description.output)
    main.state.extend(description.state)
    main.predictedFeatureName = description.predictedFeatureName
    main.predictedProbabilitiesName = description.predictedProbabilitiesName
    metadata = description.metadata if description.HasField("metadata") else None
    listed = pb.ModelDescription(
        functions=[main], defaultFunctionName=DEFAULT_FUNCTION, metadata=metadata
    )
    listed.trainingInput.extend(description.trainingInput)
    description.CopyFrom(listed)


def _is_like(described: pb.FunctionDescription, function: Function) -> bool:
    """Whether a function takes and gives what another one does, by the names."""
    given = sorted(feature.name for feature in (*described.input, *described.state))
    taken = sorted(value.name for value in function.inputs)
    made = sorted(feature.name for feature in described.output)
    return given == taken and made == sorted(value.name for value in function.outputs)


def order_inputs(program: Program, description: pb.ModelDescription) -> None:
    """Put the inputs of functions into the description's order, states last.

    Apple's compiler prints them sorted by name. Inputs that are not sorted stand as their author
    put them, and stay.
    """
    every = interfaces(description)
    for name, function in program.functions.items():
        described = every.get(name)
        names = [value.name for value in function.inputs]
        if described is None or names != sorted(names):
            continue
        features = (*described.inputs, *described.states)
        function.inputs = in_order(function.inputs, (feature.name for feature in features))


def derive(
    program: Program, specification_version: int, warnings: list[Diagnostic] | None = None
) -> pb.ModelDescription:
    """The description that follows from the program's signature.

    What had to be assumed goes into `warnings`. Raises MilError (MIL07xx) if the signature cannot
    be described, with all that is in the way.
    """
    describer = _Describer(specification_version)
    description = describer.program(program)
    if faults := errors(describer.found):
        raise MilError(faults)
    if warnings is not None:
        warnings += describer.found
    return description


class _Describer:
    """A description in the making, for a specification version, and what is in the way of it."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.found: list[Diagnostic] = BoundedFindings()

    def program(self, program: Program) -> pb.ModelDescription:
        """The description of all functions that an app may call."""
        description, functions = pb.ModelDescription(), program.functions
        listed = self.version >= FIRST_WITH_FUNCTIONS and list(functions) != [DEFAULT_FUNCTION]
        if not functions:
            self.found.append(Diagnostic("MIL0406", "the program has no function"))
        elif listed:
            for function in functions.values():
                made = description.functions.add(name=function.name)
                self.function(function, made)
            default = DEFAULT_FUNCTION if DEFAULT_FUNCTION in functions else next(iter(functions))
            description.defaultFunctionName = default
        elif DEFAULT_FUNCTION in functions:
            self.function(functions[DEFAULT_FUNCTION], description)
            self._only_main(functions)
        else:
            self._no_main(functions)
        return description

    def _only_main(self, functions: dict[str, Function]) -> None:
        for name, function in functions.items():
            if name != DEFAULT_FUNCTION:
                text = f"function `{name}` cannot be called: a model of version {self.version} has"
                warning = f"{text} one function, `{DEFAULT_FUNCTION}`"
                self.found.append(Diagnostic("MIL0707", warning, function.span, severity="warning"))

    def _no_main(self, functions: dict[str, Function]) -> None:
        name, function = next(iter(functions.items()))
        text = f"the only function of a model of version {self.version} is `{DEFAULT_FUNCTION}`"
        self.found.append(
            Diagnostic(
                "MIL0709",
                f"{text}; there is `{name}`",
                function.span,
                help=f"call it `{DEFAULT_FUNCTION}`, or set the specification version to 9",
            )
        )

    def function(
        self, function: Function, into: pb.ModelDescription | pb.FunctionDescription
    ) -> None:
        """Describe the inputs, states and outputs of a function."""
        flexible = self._flexibility(function)
        for value in function.inputs:
            try:
                if isinstance(value.type, StateType):
                    into.state.append(self._state(value, value.type))
                else:
                    into.input.append(self._input(value, flexible.pop(value.name, None)))
            except Fault as fault:
                self._note(fault, function, value)
        for value in function.outputs:
            try:
                into.output.append(self._output(value))
            except Fault as fault:
                self._note(fault, function, value)
        self._classifier(function, into)
        for name in flexible:
            text = f"{FLEXIBLE_SHAPES} names `{name}`, which is no input"
            self._note(Fault("MIL0705", text), function)
        if not function.inputs and self.version < FIRST_WITH_FUNCTIONS:
            text = f"{place(function)}: a model of version {self.version} needs an input"
            self.found.append(Diagnostic("MIL0708", text, function.span, severity="warning"))

    def _note(self, fault: Fault, function: Function, value: Value | None = None) -> None:
        span = (value.span if value is not None else None) or function.span
        self.found.append(fault.at(f"{place(function)}: ", span=span))

    def _flexibility(self, function: Function) -> dict[str, Flexibility]:
        literal = function.attributes.get(FLEXIBLE_SHAPES)
        if literal is None:
            return {}
        try:
            return flexibility(literal, function.span)
        except MilError as error:
            self.found += error.diagnostics
            return {}

    def _input(self, value: Value, flexible: Flexibility | None) -> pb.FeatureDescription:
        type = self._tensor(value.type, f"input `{value.name}`")
        dims = _dims(type, f"input `{value.name}`")
        if flexible is None and None in dims:
            flexible = self._assumed(value, dims)
        feature = pb.FeatureDescription(name=value.name)
        array = feature.type.multiArrayType
        array.dataType = ARRAY_TYPES[type.element]
        if flexible is None:
            array.shape[:] = [dim for dim in dims if dim is not None] or [1]
            return feature
        for shape in flexible.shapes or (flexible.default, *zip(*flexible.ranges, strict=True)):
            if not allows(dims, shape):
                text = f"{FLEXIBLE_SHAPES} gives `{value.name}` the shape {list(shape)}"
                raise Fault("MIL0705", f"{text}, which {type!r} cannot have")
        write_flexibility(flexible, array)
        return feature

    def _assumed(self, value: Value, dims: tuple[int | None, ...]) -> Flexibility:
        ranges = tuple(_ASSUMED if dim is None else (dim, dim) for dim in dims)
        text = f"nothing says how long the `?` of input `{value.name}` may be; 1 to 2 is assumed"
        help = f"give the function a {FLEXIBLE_SHAPES} with RangeDims or EnumeratedShapes"
        self.found.append(Diagnostic("MIL0706", text, value.span, severity="warning", help=help))
        return Flexibility(tuple(low for low, _ in ranges), ranges)

    def _state(self, value: Value, type: StateType) -> pb.FeatureDescription:
        wrapped = type.wrapped
        if self.version < FIRST_WITH_FUNCTIONS:
            text = f"a model of version {self.version} has no states; `{value.name}` is one"
            raise Fault("MIL0703", text, "states need ios18 and specification version 9")
        if not isinstance(wrapped, TensorType) or wrapped.element is not t.FP16:
            raise Fault("MIL0703", f"state `{value.name}` is a {type!r}; Core ML's states are fp16")
        dims = [dim for dim in _dims(wrapped, f"state `{value.name}`") if dim is not None]
        if len(dims) != len(wrapped.shape or ()):
            raise Fault("MIL0703", f"state `{value.name}` has no fixed shape")
        feature = pb.FeatureDescription(name=value.name)
        array = feature.type.stateType.arrayType
        array.dataType = ARRAY_TYPES[t.FP16]
        array.shape[:] = dims or [1]
        return feature

    def _output(self, value: Value) -> pb.FeatureDescription:
        feature = pb.FeatureDescription(name=value.name)
        kind = feature.type
        if value.op is not None and value.op.kind == "classify":
            _label(value.type, kind)
            return feature
        type = self._tensor(value.type, f"output `{value.name}`")
        kind.multiArrayType.dataType = ARRAY_TYPES[type.element]
        dims = [dim for dim in type.shape or () if isinstance(dim, int) and dim <= _LONGEST]
        if type.shape is not None and len(dims) == len(type.shape):
            kind.multiArrayType.shape[:] = dims
        return feature

    def _classifier(
        self, function: Function, into: pb.ModelDescription | pb.FunctionDescription
    ) -> None:
        for value in function.outputs:
            if value.op is None or value.op.kind != "classify":
                continue
            if isinstance(value.type, DictType):
                into.predictedProbabilitiesName = value.name
            else:
                into.predictedFeatureName = value.name

    def _tensor(self, type: Type, what: str) -> TensorType:
        """The type of an input or output, of which a description must be able to speak."""
        if not isinstance(type, TensorType):
            raise Fault("MIL0702", f"{what} is a {type!r}, which no description can say")
        allowed = allowed_elements(self.version)
        if type.element in allowed:
            return type
        names = ", ".join(element.name for element in allowed)
        raise Fault(
            "MIL0701",
            f"{what} is a {type!r}; a model of version {self.version} takes and gives {names}",
            _help(type),
        )


def _label(type: Type, into: pb.FeatureType) -> None:
    """The result of `classify`: a label, or the probability of each label."""
    if isinstance(type, DictType):
        keys = into.dictionaryType
        (keys.int64KeyType if type.key is t.INT64() else keys.stringKeyType).SetInParent()
    else:
        (into.int64Type if type is t.INT64() else into.stringType).SetInParent()


def _help(type: TensorType) -> str:
    if type.element is t.FP16:
        return "set the specification version to 7 or later, or cast to fp32 inside the program"
    if type.element is t.INT8:
        return "set the specification version to 10, or cast to int32 inside the program"
    return "let the program take and give one of these, and `cast` inside"


def _dims(type: TensorType, what: str) -> tuple[int | None, ...]:
    """The dimensions, which a description can only give if there is a fixed number of them."""
    dims = [dim for dim in type.shape or () if dim is None or isinstance(dim, int)]
    if type.shape is None or len(dims) != len(type.shape):
        raise Fault("MIL0702", f"{what} is a {type!r}, of unknown rank")
    if any(dim is not None and dim > _LONGEST for dim in dims):
        raise Fault("MIL0702", f"{what} is a {type!r}, too long for a description")
    return tuple(dims)
