"""The Model message without its program as JSON, by protobuf's rules (model.json).

What a decompiled folder has in place of coremldata.bin, and what people may edit. JSON has no
place for fields that this version of milc does not know. Imports diagnostics, ir and the schema.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final, NamedTuple

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError

from milc.diagnostics import Diagnostic, MilError
from milc.diagnostics.files import read_text
from milc.ir.nodes import Function, Program, Value
from milc.package.describe import order_inputs
from milc.package.interface import in_order
from milc.package.model import PROGRAM, Model
from milc.package.proto import model_pb2 as pb
from milc.package.unknown import places

OWN: Final = "milc"
"""The key of what protobuf's JSON has no place for, left out where there is nothing."""
_LARGEST: Final = 1 << 28
# An escape that may stand for no character, which neither protobuf nor UTF-8 can hold.
_half_of_a_pair: Final = re.compile(r"\\u[dD][89a-fA-F]").search
_FEATURES: Final = ("input", "output", "state", "functions")


class Described(NamedTuple):
    """What a model.json says."""

    spec: pb.Model
    described: bool
    """Whether it describes the features of the model; if not, they are to be derived."""
    inputs: dict[str, list[str]]
    """The order of the inputs of functions for which the description does not give it."""


def to_json(model: Model) -> tuple[str, list[Diagnostic]]:
    """The JSON, and a warning for each place whose fields are not in it (MIL0732).

    Raises MilError (MIL07xx) if the description has to be derived and cannot be.
    """
    message = model.message()
    held: dict[str, Any] = MessageToDict(message)
    # That there is none is told apart from not saying, in which case one is derived.
    held.setdefault("description", None)
    custom = (held["description"] or {}).get("metadata", {}).get("userDefined", {})
    for key in sorted(custom):
        custom[key] = custom.pop(key)
    orders = _orders(model.program, message.description)
    if orders:
        held[OWN] = {"inputs": orders}
    text = json.dumps(held, indent=2, ensure_ascii=False) + "\n"
    return text, [_not_in_json(place, model.path) for place in places(message, "Model")]


def read_model_json(path: Path, otherwise: pb.Model, *, whole: bool = False) -> Described:
    """What a file says. Raises MilError (MIL0730, MIL0731, MIL00xx).

    `whole`: it says all there is, as `to_json` writes it, so a description without features is
    meant so. A program in it is passed over; `otherwise` tells the specification version if it
    does not.
    """
    held = _object(path)
    held.pop(PROGRAM, None)
    inputs = _read_orders(held.pop(OWN, {}), path)
    spec = pb.Model()
    try:
        ParseDict(held, spec)
    except (ParseError, RecursionError) as error:
        reason = str(error).replace("milc.spec.", "").strip().rstrip(".")
        raise _error("MIL0730", f"not the JSON of a Core ML model: {reason}", path) from None
    kind = spec.WhichOneof("Type")
    if kind is not None:
        message = f"it describes another kind of model: `{kind}`"
        raise _error("MIL0731", message, path)
    spec.specificationVersion = spec.specificationVersion or otherwise.specificationVersion
    return Described(spec, "description" in held if whole else _has_features(spec), inputs)


def put_inputs_in_order(program: Program, orders: dict[str, list[str]]) -> None:
    """Order the inputs of functions as a model.json says."""
    for name in orders.keys() & program.functions.keys():
        function = program.functions[name]
        function.inputs = in_order(function.inputs, orders[name])


def _orders(program: Program, description: pb.ModelDescription) -> dict[str, list[str]]:
    """The inputs of each function whose order does not follow from their names."""
    # Apple's style sorts them; reading it, the description gives most orders back.
    printed = Program(program.version)
    for name, function in program.functions.items():
        inputs = sorted(function.inputs, key=lambda value: value.name)
        values = (Value(value.name, value.type) for value in inputs)
        printed.add(Function(name, function.opset, values))
    order_inputs(printed, description)
    real = {name: [v.name for v in held.inputs] for name, held in program.functions.items()}
    return {
        name: order
        for name, order in real.items()
        if order != [value.name for value in printed.functions[name].inputs]
    }


def _read_orders(own: object, path: Path) -> dict[str, list[str]]:
    held = own.get("inputs", {}) if isinstance(own, dict) else None
    if not isinstance(held, dict) or not all(
        isinstance(names, list) and all(isinstance(name, str) for name in names)
        for names in held.values()
    ):
        raise _error("MIL0730", f"`{OWN}` is not of the form that milc decompile writes", path)
    return held


def _has_features(spec: pb.Model) -> bool:
    return any(len(getattr(spec.description, name)) for name in _FEATURES)


def _object(path: Path) -> dict[str, Any]:
    text = read_text(path, _LARGEST)
    try:
        held = json.loads(text)
        if _half_of_a_pair(text):
            json.dumps(held, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise _error("MIL0730", f"not JSON: {error}", path) from None
    if not isinstance(held, dict):
        raise _error("MIL0730", "JSON, but no object", path)
    return held


def _not_in_json(place: str, path: str | None) -> Diagnostic:
    message = f"JSON has no place for fields that milc does not know, and {place} has some"
    return Diagnostic("MIL0732", message, path=path, severity="warning")


def _error(code: str, message: str, path: Path) -> MilError:
    return MilError(Diagnostic(code, message, path=str(path)))
