"""A whole model: its program, everything else of its Model message, and its weights.

Imports diagnostics, ir and this room. Text is read by whoever calls: this room knows no parser.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from milc.diagnostics import Diagnostic, MilError, errors
from milc.diagnostics.files import read_bytes, read_text
from milc.diagnostics.staging import staged_file
from milc.ir.collector import collector_paused
from milc.ir.literals import DictLiteral, Literal, string_of
from milc.ir.nodes import Program
from milc.package import describe
from milc.package.bundle import read_manifest, write_package
from milc.package.compiled import CompiledBundle, CoreMLData
from milc.package.encode import encode_model
from milc.package.proto import model_pb2 as pb
from milc.package.weights import WeightFiles

Parse = Callable[[str, str], Program]
"""A parser: the text, and the path that diagnostics call it by. Raises MilError."""

PROGRAM: Final = "mlProgram"
_COMPILER_ENTRIES: Final = frozenset({"coremlc-component-MIL", "coremlc-version"})
"""What Apple's compiler adds to buildInfo; packages have none of it."""
_BUILD_INFO: Final = ("coremltools-version", "coremltools-component-", "coremltools-source-dialect")


class Unsettled(Protocol):
    """What passes leave to be done before a model is saved."""

    def settle(self, model: Model) -> None:
        """Move new weights into the weight file, and leave out of it what is not used any more."""


class Model:
    """A program with its description, weights and specification version.

    `spec` is the Model message without the program, with whatever fields this version of milc does
    not know. `described` tells whether its description counts; if not, one is derived from the
    program when it is asked for or saved, and only the metadata are taken from `spec`. `path` is
    where the model came from, for diagnostics; `notes` what was remarkable about reading it;
    `unsettled` is there if passes have changed it.
    """

    def __init__(
        self,
        program: Program,
        spec: pb.Model | None = None,
        *,
        weights: WeightFiles | None = None,
        described: bool = False,
        path: str | None = None,
    ) -> None:
        self.program = program
        if spec is None:
            version = describe.specification_version(program)
            spec = pb.Model(specificationVersion=version)
        self.spec = spec
        self.weights = weights if weights is not None else WeightFiles(None)
        self.described = described
        self.path = path
        self.notes: list[Diagnostic] = []
        self.unsettled: Unsettled | None = None

    @property
    def specification_version(self) -> int:
        """The version of the format, which decides what systems can load the model."""
        return self.spec.specificationVersion

    @specification_version.setter
    def specification_version(self, version: int) -> None:
        self.spec.specificationVersion = version

    @property
    def description(self) -> pb.ModelDescription:
        """What an app sees of the model. Raises MilError (MIL07xx) if it has to be derived."""
        return self.describe()

    def describe(self, warnings: list[Diagnostic] | None = None) -> pb.ModelDescription:
        """The description; `warnings` takes what was assumed to derive it. Raises MilError."""
        if self.described:
            return self.spec.description
        description = describe.derive(self.program, self.specification_version, warnings)
        if self.spec.description.HasField("metadata"):
            description.metadata.CopyFrom(self.spec.description.metadata)
        return description

    def message(self) -> pb.Model:
        """A copy of the Model message without its program. Raises MilError as `description`."""
        message = pb.Model()
        message.CopyFrom(self.spec)
        if not self.described:
            message.description.CopyFrom(self.description)
        return message

    def encode(self) -> bytes:
        """The serialised Model message; the same model gives the same bytes. Raises MilError."""
        return encode_model(self).data


def decode_model(data: bytes, path: str | None = None) -> Model:
    """The model in a serialised Model message, without weights.

    Raises MilError (MIL052x and on) if it is none, holds another kind of model, or is malformed.
    """
    from milc.package.decode import decode_program  # what is made of text need not wait for it

    with collector_paused():
        spec = _parse(data, path)
        kind = spec.WhichOneof("Type")
        if kind != PROGRAM:
            raise MilError(_other_kind(spec, kind, path))
        unknown = _drop_unknown(spec)
        if unknown:
            spec = _parse(data, path)
        message, version = spec.mlProgram, spec.specificationVersion
        program, found = decode_program(message, version, path, unknown)
    if errors(found):
        raise MilError(found)
    spec.ClearField("mlProgram")
    rest = pb.Model()  # a copy: a message keeps the memory of all that it was parsed with
    rest.CopyFrom(spec)
    describe.show_flexibility(program, rest.description)
    model = Model(program, rest, described=True, path=path)
    model.notes = found
    return model


def load_package(path: str | Path) -> Model:
    """The model in a .mlpackage. Raises MilError (MIL00xx, MIL05xx)."""
    manifest = read_manifest(Path(path))
    model = decode_model(read_bytes(manifest.model), str(path))
    model.weights = WeightFiles(manifest.model_path)
    model.notes += manifest.warnings
    return model


def load_mlmodel(path: str | Path) -> Model:
    """The model in a .mlmodel file. Raises MilError (MIL00xx, MIL05xx)."""
    model = decode_model(read_bytes(path), str(path))
    model.weights = WeightFiles(Path(path).parent)
    return model


def load_compiled(path: str | Path, parse: Parse) -> Model:
    """The model in a compiled bundle, its text read by `parse`. Raises MilError."""
    bundle = CompiledBundle(Path(path))
    text = bundle.model_mil
    if text is None:
        stages = len(bundle.stages)
        message = f"a compiled pipeline of {stages} models" if stages else "no ML program"
        help = f"name one of its models: {bundle.stages[0].folder}" if stages else None
        raise MilError(Diagnostic("MIL0522", message, path=str(path), help=help))
    program = parse(read_text(text), str(text))
    return from_compiled(program, bundle.coremldata(), bundle.model_path, str(path))


def from_compiled(
    program: Program, data: CoreMLData | None, root: Path, path: str | None = None
) -> Model:
    """The model that was compiled to the text of `program` and to coremldata.bin.

    Without the latter the description is derived. Empty metadata, which the compiler adds to every
    description, are left out.
    """
    weights = WeightFiles(root)
    undo_compiler(program, data.description if data is not None else None)
    if data is None:
        return Model(program, weights=weights, path=path)
    spec = pb.Model(specificationVersion=data.specification_version)
    spec.description.CopyFrom(data.description)
    if not spec.description.metadata.ByteSize():
        spec.description.ClearField("metadata")
    return Model(program, spec, weights=weights, described=True, path=path)


def save(model: Model, path: str | Path, progress: Callable[[int], None] | None = None) -> None:
    """Write the model as .mlpackage or, if it has no weights, as .mlmodel.

    `progress` is called with a number of bytes after each part of the weights. What was at `path`
    is replaced only when all is written. Raises MilError (MIL0008 to MIL0012, MIL05xx to MIL07xx).
    """
    target = Path(path)
    if target.suffix not in (".mlpackage", ".mlmodel"):
        text = f"a model is written as .mlpackage or .mlmodel, not as {target.suffix or 'a folder'}"
        raise MilError(Diagnostic("MIL0544", text, path=str(path)))
    data, weights = encode_model(model)
    if target.suffix == ".mlpackage":
        write_package(target, data, model.weights, weights, progress)
        return
    if weights:
        text = f"a .mlmodel is one file, and this model has weights in {weights[0]}"
        help = "write a .mlpackage, or put the weights into the program with milc compile --inline"
        raise MilError(Diagnostic("MIL0543", text, path=str(path), help=help))
    with staged_file(target) as file:
        file.write_bytes(data)


def _parse(data: bytes, path: str | None) -> pb.Model:
    try:
        return pb.Model.FromString(data)
    except (DecodeError, UnicodeDecodeError) as error:
        text = f"not a Core ML model, or a damaged one: {_reason(error)}"
        raise MilError(Diagnostic("MIL0520", text, path=path)) from error


def _reason(error: Exception) -> str:
    """Protobuf's words without its name for the message."""
    return str(error).rsplit(": ", 1)[-1]


def _drop_unknown(spec: pb.Model) -> bool:
    """Whether the program has unknown fields; they are gone then."""
    program = spec.mlProgram
    size = program.ByteSize()
    program.DiscardUnknownFields()
    return program.ByteSize() != size


def _other_kind(spec: pb.Model, kind: str | None, path: str | None) -> Diagnostic:
    if kind is not None:
        stages = len(getattr(spec, kind).models)
        text = f"a pipeline of {stages} models (`{kind}`); milc reads single ML programs"
        return Diagnostic("MIL0522", text, path=path)
    fields = UnknownFieldSet(spec)
    numbers = [fields[index].field_number for index in range(len(fields))]
    known = [number for number in numbers if number in KINDS]
    if known:
        text = f"a model of another kind: {KINDS[known[0]]} (field {known[0]})"
    else:
        later = next((number for number in numbers if number >= min(KINDS)), None)
        said = f" of field {later}, which milc does not know" if later else " of no kind at all"
        text = f"a model{said}"
    help = "milc reads ML programs (field 502), which converters write for iOS 15 and later"
    return Diagnostic("MIL0521", text, path=path, help=help)


def undo_compiler(program: Program, description: pb.ModelDescription | None = None) -> None:
    """Take back from a program what Apple's compiler does when it prints one.

    It sorts the inputs of functions, whose order the description still has; it adds its own
    versions to buildInfo, and sorts the entries, which coremltools writes as version, component
    and dialect.
    """
    if description is not None:
        describe.order_inputs(program, description)
    info = program.attributes.get("buildInfo")
    if not isinstance(info, DictLiteral) or not info.entries:
        return
    kept = [entry for entry in info.entries if string_of(entry[0]) not in _COMPILER_ENTRIES]
    if kept:
        kept.sort(key=_place)
        program.attributes["buildInfo"] = DictLiteral(info.type, kept, info.doc)
    else:
        del program.attributes["buildInfo"]


def _place(entry: tuple[Literal, Literal]) -> int:
    """Where coremltools 9.0 puts an entry of buildInfo; others stay behind, as they are."""
    key = string_of(entry[0]) or ""
    starts = (place for place, start in enumerate(_BUILD_INFO) if key.startswith(start))
    return next(starts, len(_BUILD_INFO))


KINDS: Final[dict[int, str]] = {
    300: "a generalised linear regressor",
    301: "a support vector regressor",
    302: "a tree ensemble regressor",
    303: "a neural network regressor",
    304: "a Bayesian probit regressor",
    400: "a generalised linear classifier",
    401: "a support vector classifier",
    402: "a tree ensemble classifier",
    403: "a neural network classifier",
    404: "a nearest neighbours classifier",
    500: "a neural network",
    501: "an item similarity recommender",
    555: "a custom model",
    556: "a linked model",
    560: "a class confidence threshold",
    600: "a one-hot encoder",
    601: "an imputer",
    602: "a feature vectoriser",
    603: "a dictionary vectoriser",
    604: "a scaler",
    606: "a categorical mapping",
    607: "a normaliser",
    609: "an array feature extractor",
    610: "non-maximum suppression",
    900: "an identity",
    2000: "a text classifier",
    2001: "a word tagger",
    2002: "a vision feature print",
    2003: "sound analysis preprocessing",
    2004: "a gazetteer",
    2005: "a word embedding",
    2006: "an audio feature print",
    3000: "a serialised model",
}
"""The other kinds of model, by their field in the Model message."""
