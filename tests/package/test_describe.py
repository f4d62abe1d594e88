"""The model description: derived from signatures, compared with them, and flexible shapes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from google.protobuf import text_format

from milc.diagnostics import Diagnostic, MilError
from milc.diagnostics.catalog import lookup
from milc.ir.literals import Literal
from milc.ir.nodes import Program
from milc.ir.types import FP32
from milc.package.agree import check
from milc.package.describe import (
    derive,
    flexibility,
    flexible_attribute,
    order_inputs,
    show_flexibility,
    specification_version,
)
from milc.package.flexible import Flexibility, flexible_literal
from milc.package.model import Model, decode_model
from milc.package.proto import model_pb2 as pb
from milc.syntax.parse import parse
from milc.syntax.print import to_text
from tests.models import corpus, oracle_models
from tests.shared import SHARED, needs_shared

FLEXIBLE = (
    " [FlexibleShapeInformation = tuple<tuple<string, dict<string, tensor<int32, [?]>>>,"
    " tuple<string, dict<string, list<tensor<int32, [2]>, ?>>>>"
    '((("DefaultShapes", {{"x", [1, 4]}}), ("RangeDims", {{"x", [[1, 1], [1, 8]]}})))]'
)
ENUMERATED = (
    " [FlexibleShapeInformation = tuple<tuple<string, dict<string, tensor<int32, [?]>>>,"
    " tuple<string, dict<string, dict<string, tensor<int32, [?]>>>>>"
    '((("DefaultShapes", {{"x", [1, 4]}}), ("EnumeratedShapes",'
    ' {{"a", {{"x", [1, 4]}}}, {"b", {{"x", [1, 2]}}}})))]'
)


def function(
    inputs: str = "tensor<fp32, [2]> x",
    result: str = "tensor<fp32, [2]>",
    *,
    name: str = "main",
    opset: str = "ios17",
    attributes: str = "",
    body: str = "",
    outputs: str = "y",
) -> str:
    ops = body or f'{result} y = relu(x = x)[name = string("y")];'
    return f"func {name}<{opset}>({inputs}){attributes} {{ {ops} }} -> ({outputs});"


def program(*functions: str) -> Program:
    return parse(f"program(1.3)\n{{ {' '.join(functions or [function()])} }}")


def model(*functions: str, version: int = 9) -> Model:
    """A model with the description that follows from it, to be changed."""
    held = Model(program(*functions))
    held.specification_version = version
    held.spec.description.CopyFrom(held.description)
    held.described = True
    return held


def described(text: str) -> pb.ModelDescription:
    return text_format.Parse(text, pb.ModelDescription())


def codes(found: list[Diagnostic]) -> list[str]:
    assert all(lookup(diagnostic.code) is not None for diagnostic in found)
    return [diagnostic.code for diagnostic in found]


def refused(held: Program, version: int = 9) -> list[Diagnostic]:
    with pytest.raises(MilError) as error:
        derive(held, version)
    return error.value.diagnostics


def array(shape: str, more: str = "dataType: FLOAT32") -> str:
    dims = " ".join(f"shape: {dim}" for dim in shape.split())
    return f"type {{ multiArrayType {{ {dims} {more} }} }}"


# Derived


def test_inputs_and_outputs_with_shapes_and_types() -> None:
    inputs = "tensor<fp16, [1, 2]> x, int32 n"
    assert derive(program(function(inputs, "tensor<fp16, [1, 2]>")), 9) == described(
        f"""
        input {{ name: "x" {array("1 2", "dataType: FLOAT16")} }}
        input {{ name: "n" {array("1", "dataType: INT32")} }}
        output {{ name: "y" {array("1 2", "dataType: FLOAT16")} }}
        """
    )


@pytest.mark.parametrize("result", ["fp32", "tensor<fp32, [2, ?]>", "tensor<fp32, [...]>"])
def test_an_output_that_is_a_scalar_or_of_unknown_length_has_no_shape(result: str) -> None:
    (output,) = derive(program(function(result=result)), 9).output
    assert output == described(f'output {{ name: "y" {array("")} }}').output[0]


def test_states_stand_apart() -> None:
    inputs = "state<tensor<fp16, [1, 4]>> s, tensor<fp32, [2]> x"
    made = derive(program(function(inputs, opset="ios18")), 9)
    assert [feature.name for feature in made.input] == ["x"]
    state = "type { stateType { arrayType { shape: 1 shape: 4 dataType: FLOAT16 } } }"
    assert made.state[0] == described(f'state {{ name: "s" {state} }}').state[0]


@pytest.mark.parametrize(
    ("element", "label", "key"),
    [("string", "stringType", "stringKeyType"), ("int64", "int64Type", "int64KeyType")],
)
def test_a_classifier(element: str, label: str, key: str) -> None:
    body = (
        f"{element} label, dict<{element}, fp64> probs = classify(probabilities = x,"
        f" classes = list<{element}, 0>([]));"
    )
    made = derive(program(function(body=body, outputs="label, probs")), 9)
    assert (
        made.output
        == described(
            f"""
        output {{ name: "label" type {{ {label} {{}} }} }}
        output {{ name: "probs" type {{ dictionaryType {{ {key} {{}} }} }} }}
        """
        ).output
    )
    assert (made.predictedFeatureName, made.predictedProbabilitiesName) == ("label", "probs")


def test_several_functions_from_version_9_on() -> None:
    made = derive(program(function(name="a"), function(name="main"), function(name="b")), 9)
    assert [held.name for held in made.functions] == ["a", "main", "b"]
    assert made.defaultFunctionName == "main"
    assert not made.input
    assert made.functions[0].input[0].name == "x"


def test_the_first_function_is_the_default_where_none_is_called_main() -> None:
    assert derive(program(function(name="a"), function(name="b")), 9).defaultFunctionName == "a"


def test_before_version_9_only_main_is_described() -> None:
    warnings: list[Diagnostic] = []
    held = program(function(opset="ios16"), function(name="other", opset="ios16"))
    made = derive(held, 7, warnings)
    assert made == derive(program(function(opset="ios16")), 7)
    assert codes(warnings) == ["MIL0707"]
    assert codes(refused(program(function(name="other")), 8)) == ["MIL0709"]


def test_ranges_and_lists_of_shapes() -> None:
    inputs = "tensor<fp32, [1, ?]> x"
    ranged = derive(program(function(inputs, attributes=FLEXIBLE)), 9).input[0]
    sizes = "sizeRanges { lowerBound: 1 upperBound: %d }"
    flexible = f"dataType: FLOAT32 shapeRange {{ {sizes % 1} {sizes % 8} }}"
    assert ranged == described(f'input {{ name: "x" {array("1 4", flexible)} }}').input[0]
    listed = derive(program(function(inputs, attributes=ENUMERATED)), 9).input[0]
    shapes = "shapes { shape: 1 shape: 4 } shapes { shape: 1 shape: 2 }"
    flexible = f"dataType: FLOAT32 enumeratedShapes {{ {shapes} }}"
    assert listed == described(f'input {{ name: "x" {array("1 4", flexible)} }}').input[0]


def test_an_unknown_length_of_which_nothing_is_said_is_1_to_2() -> None:
    warnings: list[Diagnostic] = []
    made = derive(program(function("tensor<fp32, [3, ?]> x")), 9, warnings).input[0]
    ranges = made.type.multiArrayType.shapeRange.sizeRanges
    assert [(held.lowerBound, held.upperBound) for held in ranges] == [(3, 3), (1, 2)]
    assert list(made.type.multiArrayType.shape) == [3, 1]
    assert codes(warnings) == ["MIL0706"]
    assert warnings[0].span is not None


@pytest.mark.parametrize(
    ("type", "version", "allowed"),
    [
        ("tensor<fp16, [2]>", 6, "fp32, int32"),
        ("tensor<bool, [2]>", 7, "fp32, int32, fp16"),
        ("tensor<int8, [2]>", 9, "fp32, int32, fp16"),
        ("tensor<fp64, [2]>", 10, "fp32, int32, fp16, int8"),
    ],
)
def test_element_types_that_no_input_can_have(type: str, version: int, allowed: str) -> None:
    (found,) = refused(program(function(f"{type} x")), version)
    assert found.code == "MIL0701"
    assert found.message.endswith(f"a model of version {version} takes and gives {allowed}")
    assert found.help is not None
    assert found.span is not None
    assert found.span.text == "x"


@pytest.mark.parametrize(
    ("inputs", "version", "code"),
    [
        ("list<tensor<fp32, [2]>, ?> x", 9, "MIL0702"),
        ("tensor<fp32, [...]> x", 9, "MIL0702"),
        ("state<tensor<fp32, [2]>> x", 9, "MIL0703"),
        ("state<tensor<fp16, [?]>> x", 9, "MIL0703"),
        ("state<tensor<fp16, [2]>> x", 8, "MIL0703"),
    ],
)
def test_inputs_that_cannot_be_described(inputs: str, version: int, code: str) -> None:
    found = refused(program(function(inputs)), version)
    assert codes(found)[0] == code


def test_a_length_that_no_description_can_say() -> None:
    held = program()
    held.functions["main"].inputs[0].type = FP32(1 << 63)
    assert codes(refused(held)) == ["MIL0702"]


def test_all_that_is_in_the_way_is_told_at_once() -> None:
    held = program(function("tensor<bool, [1]> x, tensor<int64, [1]> z", "tensor<uint8, [1]>"))
    assert codes(refused(held)) == ["MIL0701"] * 3


def test_a_program_without_functions_or_inputs() -> None:
    assert codes(refused(parse("program(1.3)\n{\n}"))) == ["MIL0406"]
    warnings: list[Diagnostic] = []
    body = 'tensor<fp32, [1]> y = const()[name = string("y"), val = tensor<fp32, [1]>([0])];'
    derive(program(function("", body=body, opset="ios16")), 7, warnings)
    assert codes(warnings) == ["MIL0708"]
    assert derive(program(function("", body=body)), 9, warnings).output[0].name == "y"
    assert len(warnings) == 1


@pytest.mark.parametrize(
    ("inputs", "attributes"),
    [
        ("tensor<fp32, [2, ?]> x", FLEXIBLE),
        ("tensor<fp32, [?]> x", FLEXIBLE),
        ("tensor<fp32, [1, 4]> x", ENUMERATED),
        ("tensor<fp32, [1, ?]> other", FLEXIBLE),
    ],
)
def test_flexible_shapes_that_do_not_fit(inputs: str, attributes: str) -> None:
    name = inputs.split()[-1]
    body = f"tensor<fp32, [1]> y = f(x = {name});"
    assert "MIL0705" in codes(refused(program(function(inputs, attributes=attributes, body=body))))


@pytest.mark.parametrize(
    ("version", "opset", "expected"),
    [
        ("1.0", "ios15", 6),
        ("1.0", "ios16", 7),
        ("1.0", "ios17", 8),
        ("1.3", "ios15", 9),
        ("1.3", "ios18", 9),
        ("1.3", "ios26", 10),
        ("1.0", "ios18", 9),
    ],
)
def test_the_specification_version_of_text(version: str, opset: str, expected: int) -> None:
    held = program(function(opset=opset))
    held.version = version
    assert specification_version(held) == expected


# Flexible shapes as an attribute


def attribute(text: str) -> Literal:
    """The attribute of the function that a header's brackets give."""
    inputs = "tensor<fp32, [1, ?]> x"
    held = program(function(inputs, attributes=text)).functions["main"]
    return held.attributes["FlexibleShapeInformation"]


def test_the_attribute_is_printed_as_apples_compiler_prints_it() -> None:
    literal = flexible_literal({"x": Flexibility((1, 4), ((1, 1), (1, 8)))})
    assert literal is not None
    assert literal == attribute(FLEXIBLE)
    held = program(function("tensor<fp32, [1, ?]> x"))
    held.functions["main"].attributes["FlexibleShapeInformation"] = literal
    assert f"x){FLEXIBLE} {{" in to_text(held, "coremlc")


def test_both_ways() -> None:
    inputs = {
        "b": Flexibility((2, 1), ((0, -1), (1, 3))),
        "a": Flexibility((2,), shapes=((4,), (2,), (3,))),
        "c": Flexibility((1, 7), shapes=((1, 7), (2, 7))),
    }
    literal = flexible_literal(inputs)
    assert literal is not None
    assert flexibility(literal) == inputs
    assert list(flexibility(literal)) == ["a", "b", "c"]
    assert flexible_literal({}) is None
    assert flexibility(attribute(ENUMERATED))["x"].shapes == ((1, 4), (1, 2))


def test_lengths_beyond_int32_are_the_greatest_that_it_has() -> None:
    literal = flexible_literal({"x": Flexibility((1,), ((1, 1 << 40),))})
    assert literal is not None
    assert flexibility(literal)["x"].ranges == ((1, (1 << 31) - 1),)


PAIRS = '("DefaultShapes", {{"x", [1, 4]}})'
BAD_ATTRIBUTES = {
    "a string": '[FlexibleShapeInformation = string("x")]',
    "no ranges": "[FlexibleShapeInformation ="
    f" tuple<tuple<string, dict<string, tensor<int32, [?]>>>>(({PAIRS}))]",
    "another name": FLEXIBLE.replace("RangeDims", "Ranges"),
    "no default": FLEXIBLE.replace('"x", [1, 4]', '"w", [1, 4]'),
    "a default out of range": FLEXIBLE.replace("[1, 4]", "[1, 9]"),
    "a default not listed": ENUMERATED.replace(PAIRS, PAIRS.replace("4", "3")),
    "a default of another rank": FLEXIBLE.replace("[1, 4]", "[1]"),
    "a range of the wrong way": FLEXIBLE.replace("[1, 8]", "[8, 1]"),
    "a range below 0": FLEXIBLE.replace("[1, 8]", "[-3, 8]"),
    "a length below 0": ENUMERATED.replace("[1, 2]", "[1, -2]"),
    "a name twice": FLEXIBLE.replace('{"x", [1, 4]}', '{"x", [1, 4]}, {"x", [1, 4]}'),
    "a member twice": ENUMERATED.replace("EnumeratedShapes", "DefaultShapes"),
    "int64": FLEXIBLE.replace("int32", "int64"),
}  # fmt: skip


@pytest.mark.parametrize("text", BAD_ATTRIBUTES.values(), ids=BAD_ATTRIBUTES)
def test_malformed_attributes(text: str) -> None:
    with pytest.raises(MilError) as error:
        flexibility(attribute(text))
    assert codes(error.value.diagnostics) == ["MIL0704"]
    held = program(function("tensor<fp32, [1, ?]> x", attributes=text))
    assert codes(refused(held))[0] == "MIL0704"


def image(more: str) -> pb.ModelDescription:
    size = "width: 20 height: 10 colorSpace: RGB"
    return described(f'input {{ name: "x" type {{ imageType {{ {size} {more} }} }} }}')


def test_images_are_tensors_of_four_dimensions() -> None:
    sizes = "enumeratedSizes { sizes { width: 20 height: 10 } sizes { width: 40 height: 30 } }"
    literal = flexible_attribute(image(sizes), "main")
    assert literal is not None
    shapes = ((1, 3, 10, 20), (1, 3, 30, 40))
    assert flexibility(literal) == {"x": Flexibility((1, 3, 10, 20), shapes=shapes)}
    bound = "Range { lowerBound: 1 upperBound: -1 }"
    literal = flexible_attribute(image(f"imageSizeRange {{ width{bound} height{bound} }}"), "main")
    assert literal is not None
    assert flexibility(literal)["x"].ranges == ((1, 1), (3, 3), (1, -1), (1, -1))
    assert flexible_attribute(image(""), "main") is None


@needs_shared
def test_the_attribute_equals_that_of_apples_compiler() -> None:
    folder = SHARED / "corpus/pairs/rebeckerspecialties+mlmodelc-export"
    seen = 0
    for text in folder.glob("flexible-*/expected-macos.mlmodelc/model.mil"):
        compiled = parse(text.read_text(encoding="utf-8"))
        source = text.parents[1] / "input.mlmodel"
        if not source.exists():
            continue
        packaged = decode_model(source.read_bytes()).program
        for name, held in compiled.functions.items():
            wanted = held.attributes["FlexibleShapeInformation"]
            found = packaged.functions[name].attributes["FlexibleShapeInformation"]
            assert flexibility(found) == flexibility(wanted)
            # The keys of listed shapes are the compiler's own.
            assert found == wanted or "enumerated" in str(text)
            seen += 1
    assert seen >= 6


# Order


def test_sorted_inputs_come_back_into_order() -> None:
    held = program(
        function("tensor<fp32, [1]> a, state<tensor<fp16, [1]>> b, tensor<fp32, [1]> x"),
    )
    order_inputs(held, described('input { name: "x" } input { name: "a" } state { name: "b" }'))
    assert [value.name for value in held.functions["main"].inputs] == ["x", "a", "b"]


def test_inputs_that_are_not_sorted_stay() -> None:
    held = program(function("tensor<fp32, [1]> x, tensor<fp32, [1]> a"))
    order_inputs(held, described('input { name: "a" } input { name: "x" }'))
    assert [value.name for value in held.functions["main"].inputs] == ["x", "a"]


# Compared


def change(action: Callable[[pb.ModelDescription], object]) -> Callable[[Model], object]:
    return lambda held: action(held.spec.description)


def set_array(**values: object) -> Callable[[Model], object]:
    """Change what is said of the first input."""

    def action(held: Model) -> None:
        type = held.spec.description.input[0].type.multiArrayType
        for name, value in values.items():
            if name == "shape":
                type.shape[:] = value  # type: ignore[call-overload]
            else:
                setattr(type, name, value)

    return action


DISAGREEING: dict[str, tuple[Callable[[Model], object], list[str]]] = {
    "renamed": (
        change(lambda d: setattr(d.input[0], "name", "z")),
        ["MIL0710", "MIL0711"],
    ),
    "no output": (change(lambda d: d.output.pop()), ["MIL0711"]),
    "one output more": (change(lambda d: d.output.add(name="z")), ["MIL0710"]),
    "twice": (change(lambda d: d.input.add().CopyFrom(d.input[0])), ["MIL0715"]),
    "no type": (change(lambda d: d.input[0].ClearField("type")), ["MIL0715"]),
    "another element type": (set_array(dataType=pb.ArrayFeatureType.INT32), ["MIL0712"]),
    "no element type": (set_array(dataType=0), ["MIL0712"]),
    "a string": (change(lambda d: d.input[0].type.stringType.SetInParent()), ["MIL0712"]),
    "an image": (
        change(lambda d: d.input[0].type.imageType.SetInParent()),
        ["MIL0713", "MIL0720", "MIL0720"],
    ),
    "another shape": (set_array(shape=[3]), ["MIL0713"]),
    "another rank": (set_array(shape=[2, 1]), ["MIL0713"]),
    "a state": (change(lambda d: d.state.add(name="s")), ["MIL0710"]),
    "functions": (
        change(lambda d: d.functions.add(name="main")),
        ["MIL0714"] * 2 + ["MIL0711"] * 2,
    ),
    "nothing": (change(lambda d: d.Clear()), ["MIL0719"]),
    "version 5": (lambda held: setattr(held, "specification_version", 5), ["MIL0717"] * 2),
    "version 7": (lambda held: setattr(held, "specification_version", 7), ["MIL0717"]),
    "version 99": (lambda held: setattr(held, "specification_version", 99), ["MIL0717"]),
}


def test_what_is_derived_agrees() -> None:
    assert check(model()) == []
    flexible = function("tensor<fp32, [1, ?]> x, int32 n", "tensor<fp32, [?]>", attributes=FLEXIBLE)
    assert check(model(flexible)) == []
    assert check(model(function(name="a"), function(name="b"))) == []
    state = "state<tensor<fp16, [1]>> s, tensor<fp32, [1]> x"
    assert check(model(function(state, opset="ios18"))) == []


@pytest.mark.parametrize(("action", "expected"), DISAGREEING.values(), ids=DISAGREEING)
def test_disagreement(action: Callable[[Model], object], expected: list[str]) -> None:
    held = model()
    action(held)
    assert codes(check(held)) == expected


@pytest.mark.parametrize(
    ("opset", "severity", "help"),
    [
        ("CoreML8", "error", "write `main<ios18>`"),
        ("macOS15", "error", "write `main<ios18>`"),
        ("iOS17", "error", "write `main<ios17>`"),
        ("ios19", "error", None),
        ("ios14", "error", None),
        ("x", "error", None),
        ("ios27", "warning", None),
        ("CoreML10", "warning", None),
    ],
)
def test_opsets_that_there_are_not(opset: str, severity: str, help: str | None) -> None:
    for held in (model(function(opset=opset)), Model(program(function(opset=opset)))):
        (found,) = check(held)
        assert (found.code, found.severity, found.help) == ("MIL0721", severity, help)


def test_what_to_do_about_differences_is_said_once() -> None:
    held = model()
    held.spec.description.input[0].name = "z"
    held.spec.description.output.pop()
    found = check(held)
    assert codes(found) == ["MIL0710", "MIL0711", "MIL0711"]
    assert ["model.json" in (f.help or "") for f in found] == [True, False, False]


def test_flexible_shapes_are_compared() -> None:
    inputs = "tensor<fp32, [1, ?]> x"
    held = model(function(inputs, attributes=FLEXIBLE))
    array = held.spec.description.input[0].type.multiArrayType
    array.shapeRange.sizeRanges[1].upperBound = 5
    assert codes(check(held)) == ["MIL0716"]
    array.shapeRange.sizeRanges[0].upperBound = 5
    assert codes(check(held)) == ["MIL0713", "MIL0716"]
    array.ClearField("shapeRange")
    assert codes(check(held)) == ["MIL0713", "MIL0716"]


def test_functions_are_compared() -> None:
    held = model(function(name="a"), function(name="b"))
    description = held.spec.description
    description.functions[1].name = "c"
    assert codes(check(held)) == ["MIL0714", "MIL0707"]
    description.functions[1].name = "a"
    assert codes(check(held)) == ["MIL0715", "MIL0707"]
    description.functions[1].name = "b"
    description.defaultFunctionName = ""
    assert codes(check(held)) == ["MIL0714"]
    description.defaultFunctionName = "a"
    description.predictedFeatureName = "y"
    description.trainingInput.add(name="t")
    assert codes(check(held)) == ["MIL0714"] * 2


def test_without_a_description_what_is_in_its_way_is_told() -> None:
    held = Model(program(function(name="a"), function(name="b")))
    assert check(held) == []
    held.specification_version = 8
    assert codes(check(held)) == ["MIL0709"]
    held = Model(program(function("tensor<fp32, [1, ?]> x", opset="ios18")))
    held.specification_version = 8
    assert codes(check(held)) == ["MIL0706", "MIL0717"]


def test_several_inputs_with_listed_shapes() -> None:
    listed = {"x": Flexibility((1,), shapes=((1,), (2,))), "z": Flexibility((1,), shapes=((1,),))}
    held = program(function("tensor<fp32, [?]> x, tensor<fp32, [?]> z", opset="ios16"))
    literal = flexible_literal(listed)
    assert literal is not None
    held.functions["main"].attributes["FlexibleShapeInformation"] = literal
    made = Model(held)
    made.specification_version = 8
    made.spec.description.CopyFrom(made.description)
    made.described = True
    assert codes(check(made)) == ["MIL0718"]
    made.specification_version = 9
    assert check(made) == []


# Every real model


def differs_for_a_reason(wanted: pb.ModelDescription) -> bool:
    """Whether a description says what no signature does.

    Documentation, images, default values of optional inputs; and shapes of outputs of unknown
    length, which a writer other than coremltools gives.
    """
    groups = [wanted, *wanted.functions]
    inputs = [feature for group in groups for feature in group.input]
    outputs = [feature for group in groups for feature in group.output]
    return any(
        feature.shortDescription or feature.type.HasField("imageType") or feature.type.isOptional
        for feature in (*inputs, *outputs)
    ) or any(feature.type.multiArrayType.HasField("shapeRange") for feature in outputs)


def derived(held: Model) -> pb.ModelDescription | None:
    """None where an input or output has an element type that Core ML does not take.

    coremltools' own tests describe such programs, ahead of the pass that inserts casts.
    """
    try:
        return derive(held.program, held.specification_version)
    except MilError as error:
        if {found.code for found in error.diagnostics} != {"MIL0701"}:
            raise
        return None


@needs_shared
def test_what_is_derived_equals_the_packages_own_descriptions() -> None:
    same = beyond = 0
    for name, data in (*corpus(), *oracle_models()):
        try:
            held = decode_model(data, name)
        except MilError:
            continue  # test_codec.py says which and why
        wanted = pb.ModelDescription()
        wanted.CopyFrom(held.spec.description)
        wanted.ClearField("metadata")
        if not wanted.ByteSize():
            continue
        made = derived(held)
        if made is None:
            beyond += 1
        elif made == wanted:
            same += 1
        else:
            assert differs_for_a_reason(wanted), name
    assert same >= 4600
    assert beyond <= 150


@needs_shared
def test_real_descriptions_agree_with_their_programs() -> None:
    for name, data in (*corpus(), *oracle_models(every=4)):
        try:
            held = decode_model(data, name)
        except MilError:
            continue
        found = {diagnostic.code for diagnostic in check(held) if diagnostic.severity == "error"}
        # coremltools' tests make models without inputs, or with fp16 ones, for old systems, and
        # undescribed ones.
        own = {"MIL0708", "MIL0719", "MIL0720"}
        allowed = set() if name.startswith(("corpus", "bench")) else own
        assert found <= allowed, name


def test_the_attribute_of_each_function_follows_its_description() -> None:
    held = program(function(name="a"), function(name="b"))
    ranges = "dataType: FLOAT32 shapeRange { sizeRanges { lowerBound: 1 upperBound: 8 } }"
    text = f'functions {{ name: "b" input {{ name: "x" {array("", ranges)} }} }}'
    show_flexibility(held, described(text))
    assert not held.functions["a"].attributes
    found = flexibility(held.functions["b"].attributes["FlexibleShapeInformation"])
    assert found == {"x": Flexibility((1,), ((1, 8),))}
