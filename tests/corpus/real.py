"""The real models and texts that the figures are about, and what is known of some of them."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from milc.diagnostics import MilError
from milc.ir.types import TensorType
from milc.package.model import load_package
from milc.package.references import references
from milc.package.storage import HEADER, RECORD, VERSION, blob_at, packed_size, record
from tests.models import ARCHIVE
from tests.shared import SHARED

CORPUS = SHARED / "corpus"


def name_of(path: Path) -> str:
    """How a file or folder of the corpus is called in figures."""
    return str(path.relative_to(CORPUS))


def texts() -> list[Path]:
    """Every MIL text of the corpus."""
    return sorted(CORPUS.rglob("*.mil"))


def compiled_texts() -> list[Path]:
    """The texts that Apple's compiler wrote: those in compiled bundles."""
    return [path for path in texts() if ".mlmodelc" in str(path.relative_to(CORPUS))]


class Listed(NamedTuple):
    """What the corpus' list says of a text, as another reader of MIL counted it."""

    opset: str
    version: str
    ops: int


def listed() -> dict[str, Listed]:
    """The entries of SOURCES.tsv for texts."""
    found = {}
    for line in (CORPUS / "SOURCES.tsv").read_text("utf-8").splitlines():
        name, *_, opset, version, ops = line.split("\t")
        if name.endswith(".mil"):
            found[name] = Listed(opset, version, int(ops))
    return found


class Pair(NamedTuple):
    """A package (or .mlmodel) and the bundle that Apple's compiler made of it."""

    name: str
    model: Path
    bundle: Path

    @property
    def message(self) -> Path:
        """The file that holds the Model message."""
        return message_in(self.model)

    @property
    def described(self) -> bool:
        """Whether the bundle holds the description and not its text alone."""
        return (self.bundle / "coremldata.bin").exists()


def pairs() -> list[Pair]:
    """Every pair of the corpus."""
    found = []
    for folder in sorted((CORPUS / "pairs").glob("*/*")):
        models = [*folder.glob("*.mlpackage"), *folder.glob("*.mlmodel")]
        if models:
            (model,), (bundle,) = models, folder.glob("*.mlmodelc")
            found.append(Pair(name_of(folder), model, bundle))
    return found


def message_in(model: Path) -> Path:
    """The file with the Model message of a package or file."""
    if model.is_file():
        return model
    return model / "Data/com.apple.CoreML/model.mlmodel"


def models() -> list[Path]:
    """Every package and .mlmodel of the corpus."""
    found = {
        path.parents[2] if path.match("Data/com.apple.CoreML/*.mlmodel") else path
        for path in CORPUS.rglob("*.mlmodel*")
        if path.is_file()
    }
    return sorted(found)


def with_weights(model: Path, folder: Path) -> Path:
    """The model, or where its weights were too large for the corpus, a copy with weights of zeros.

    They have the records that the references ask for, and holes for data.
    """
    message = message_in(model)
    try:
        program = load_package(model).program if model.is_dir() else None
    except MilError:
        return model
    held = [ref for ref, _ in references(program)] if program is not None else []
    names = {ref.path.removeprefix("@model_path/") for ref in held}
    if all((message.parent / name).exists() for name in names):
        return model
    copy = folder / model.name
    shutil.copytree(model, copy, copy_function=shutil.copyfile)
    for name in names:
        path = message_in(copy).parent / name
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            refs = {ref.offset: ref.type for ref in held if ref.path.endswith(name)}
            file.write(HEADER.pack(len(refs), VERSION))
            for offset, type in refs.items():
                assert isinstance(type, TensorType)
                assert type.count is not None
                size = packed_size(type.element, type.count)
                file.seek(offset)
                file.write(record(blob_at(offset, type.element, size, type.count)))
                file.truncate(max(file.seek(0, 2), offset + RECORD.size + size))
    return copy


class Archived(NamedTuple):
    """A model of the oracle: the name of its message in the archive, and of its weights."""

    name: str
    weights: str | None

    def extract(self, archive: zipfile.ZipFile, folder: Path) -> Path:
        """Write the model into an empty folder; the path of the message."""
        model = folder / "model.mlmodel"
        model.write_bytes(archive.read(self.name))
        if self.weights is not None:
            (folder / "weights").mkdir()
            (folder / "weights/weight.bin").write_bytes(archive.read(self.weights))
        return model


def archived() -> Iterator[Archived]:
    """Every model of the oracle."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        names = set(archive.namelist())
    for name in sorted(names):
        if name.endswith("/model.mlmodel"):
            weights = name.replace("model.mlmodel", "weights/weight.bin")
            yield Archived(name, weights if weights in names else None)
