"""The Model message without its program as JSON, by protobuf's rules (model.json).

What a decompiled folder has in place of coremldata.bin, and what people may edit. JSON has no
place for fields that this version of milc does not know. Imports diagnostics and the schema.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError

from milc.diagnostics import Diagnostic, MilError
from milc.diagnostics.files import read_text
from milc.package.model import PROGRAM, Model
from milc.package.proto import model_pb2 as pb
from milc.package.unknown import places

_LARGEST: Final = 1 << 28
_FEATURES: Final = ("input", "output", "state", "functions")


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
    text = json.dumps(held, indent=2, ensure_ascii=False) + "\n"
    return text, [_not_in_json(place, model.path) for place in places(message, "Model")]


def read_model_json(
    path: Path, otherwise: pb.Model, *, whole: bool = False
) -> tuple[pb.Model, bool]:
    """The message in a file, and whether it describes the features of the model.

    If it does not, they are to be derived, and the rest counts. `whole`: the file says all there
    is, as `to_json` writes it, so a description without features is meant so. A program in it is
    passed over; `otherwise` tells the specification version if it does not. Raises MilError
    (MIL0730, MIL0731, MIL00xx).
    """
    held = _object(path)
    held.pop(PROGRAM, None)
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
    return spec, "description" in held if whole else _has_features(spec)


def _has_features(spec: pb.Model) -> bool:
    return any(len(getattr(spec.description, name)) for name in _FEATURES)


def _object(path: Path) -> dict[str, Any]:
    text = read_text(path, _LARGEST)
    try:
        held = json.loads(text)
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
