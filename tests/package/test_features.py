"""What a description may say of a feature: the rules of Apple's own check."""

from __future__ import annotations

import pytest
from google.protobuf import text_format

from milc.diagnostics.catalog import lookup
from milc.ir.types import FP16, FP32, StateType
from milc.package.agree import check
from milc.package.describe import flexible_attribute
from milc.package.features import doubts, faults
from milc.package.interface import interfaces
from milc.package.model import Model
from milc.package.proto import model_pb2 as pb
from milc.syntax.parse import parse
from milc.syntax.print import literal_text

STATE = "stateType { arrayType { shape: 2 dataType: FLOAT16 } }"
ARRAY = "multiArrayType { shape: 2 dataType: FLOAT32 }"
IMAGE = "imageType { width: 4 height: 2 colorSpace: RGB }"
RANGES = "widthRange { lowerBound: 3 upperBound: -1 } heightRange { lowerBound: 5 upperBound: 9 }"
SIZES = "sizes { width: 3 height: 5 } sizes { width: 8 height: 8 }"

SOUND = [
    ("input", 6, ARRAY),
    ("input", 7, "multiArrayType { shape: 2 dataType: FLOAT16 }"),
    ("input", 10, "multiArrayType { shape: 2 dataType: INT8 }"),
    ("output", 6, "multiArrayType { dataType: INT32 }"),
    ("input", 6, "multiArrayType { shapeRange { sizeRanges { upperBound: -1 } } }"),
    ("input", 6, "multiArrayType { enumeratedShapes { shapes { shape: 1 } } }"),
    ("input", 6, f"{ARRAY} isOptional: true"),
    ("input", 6, IMAGE),
    ("input", 7, IMAGE.replace("RGB", "GRAYSCALE_FLOAT16")),
    ("output", 6, f"imageType {{ colorSpace: BGR imageSizeRange {{ {RANGES} }} }}"),
    ("input", 6, f"imageType {{ colorSpace: BGR enumeratedSizes {{ {SIZES} }} }}"),
    ("state", 9, STATE),
    ("output", 6, "dictionaryType { stringKeyType {} }"),
    ("output", 6, "int64Type {}"),
]

REFUSED = {
    "optional output": ("output", 9, f"{ARRAY} isOptional: true"),
    "optional state": ("state", 9, f"{STATE} isOptional: true"),
    "fp16 too early": ("input", 6, "multiArrayType { shape: 2 dataType: FLOAT16 }"),
    "int8 too early": ("output", 9, "multiArrayType { shape: 2 dataType: INT8 }"),
    "negative": ("input", 9, "multiArrayType { shape: -1 dataType: FLOAT32 }"),
    "no shapes": ("input", 9, "multiArrayType { enumeratedShapes {} }"),
    "empty shape": ("input", 9, "multiArrayType { enumeratedShapes { shapes {} } }"),
    "range downwards": (
        "input", 9,
        "multiArrayType { shapeRange { sizeRanges { lowerBound: 3 upperBound: 2 } } }",
    ),
    "no size": ("input", 9, "imageType { colorSpace: RGB }"),
    "no width": ("input", 9, "imageType { height: 2 colorSpace: RGB }"),
    "no sizes": ("input", 9, "imageType { colorSpace: RGB enumeratedSizes {} }"),
    "sizes downwards": (
        "input", 9,
        f"{IMAGE[:-1]} imageSizeRange {{ {RANGES.replace('9', '4')} }} }}",
    ),
    "no colours": ("input", 9, "imageType { width: 2 height: 2 }"),
    "fp16 pixels too early": ("input", 6, IMAGE.replace("RGB", "GRAYSCALE_FLOAT16")),
    "state too early": ("state", 8, STATE),
    "state as output": ("output", 9, STATE),
    "fp32 state": ("state", 9, STATE.replace("FLOAT16", "FLOAT32")),
    "state without shape": ("state", 9, "stateType { arrayType { dataType: FLOAT16 } }"),
    "flexible state": ("state", 9, STATE.replace("shape: 2", "shape: 2 shapeRange {}")),
    "state with default": ("state", 9, STATE.replace("shape: 2", "shape: 2 floatDefaultValue: 1")),
    "dictionary without keys": ("output", 9, "dictionaryType {}"),
    "sequence of nothing": ("output", 9, "sequenceType {}"),
}  # fmt: skip


def type_of(text: str) -> pb.FeatureType:
    return text_format.Parse(text, pb.FeatureType())


@pytest.mark.parametrize(("role", "version", "text"), SOUND)
def test_sound_features(role: str, version: int, text: str) -> None:
    assert list(faults(type_of(text), role, version)) == []


@pytest.mark.parametrize("case", REFUSED)
def test_refused_features(case: str) -> None:
    role, version, text = REFUSED[case]
    (message,) = faults(type_of(text), role, version)
    assert not message.endswith(".")


@pytest.mark.parametrize(
    ("element", "default", "fits"),
    [
        ("INT32", "int", True),
        ("FLOAT32", "float", True),
        ("FLOAT16", "float", True),
        ("DOUBLE", "double", True),
        ("INT32", "float", False),
        ("FLOAT32", "double", False),
    ],
)
def test_default_values(element: str, default: str, fits: bool) -> None:
    text = f"multiArrayType {{ shape: 2 dataType: {element} {default}DefaultValue: 3 }}"
    assert len(list(doubts(type_of(text)))) == (not fits)
    assert list(faults(type_of(text), "input", 9)) == []


def test_the_checker_asks() -> None:
    held = Model(parse("program(1.3) { func main<ios17>(tensor<fp32, [2]> x) {} -> (x); }"))
    held.spec.description.CopyFrom(held.description)
    held.described = True
    assert check(held) == []
    type = held.spec.description.input[0].type
    type.multiArrayType.intDefaultValue = 3
    (found,) = check(held)
    assert (found.code, found.severity) == ("MIL0720", "warning")
    type.multiArrayType.floatDefaultValue = 3
    type.isOptional = True
    (found,) = check(held)
    assert (found.code, found.severity) == ("MIL0720", "error")
    assert lookup(found.code)


def test_states_may_be_listed_among_the_inputs() -> None:
    text = "program(1.3) { func main<ios18>(state<tensor<fp16, [2]>> s, fp32 x) {} -> (x); }"
    held = Model(parse(text))
    held.spec.description.CopyFrom(held.description)
    held.described = True
    description = held.spec.description
    description.input.append(description.state.pop())
    assert check(held) == []
    (function,) = interfaces(description).values()
    assert [[f.name for f in role] for role in function] == [["x"], ["x"], ["s"]]
    assert held.program.functions["main"].inputs[0].type == StateType(FP16(2))
    assert held.program.functions["main"].inputs[1].type == FP32()


@pytest.mark.parametrize(
    ("flexible", "size"),
    [(f"imageSizeRange {{ {RANGES} }}", "5, 3"), (f"enumeratedSizes {{ {SIZES} }}", "5, 3")],
)
def test_an_image_without_a_size_has_its_first(flexible: str, size: str) -> None:
    type = type_of(f"imageType {{ colorSpace: RGB {flexible} }}")
    description = pb.ModelDescription(input=[pb.FeatureDescription(name="i", type=type)])
    attribute = flexible_attribute(description, "main")
    assert attribute is not None
    assert f'("DefaultShapes", {{{{"i", [1, 3, {size}]}}}})' in literal_text(attribute)
