"""Programs that passes are put to: all that coremltools' tests made, single ops, real models."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import milc
from milc.ir.nodes import Function
from milc.ir.types import TensorType
from milc.package.model import Model, decode_model
from milc.package.weights import WeightFiles
from milc.syntax.parse import parse
from tests.corpus.real import models, texts, with_weights
from tests.meaning import inputs
from tests.meaning.programs import records
from tests.models import ARCHIVE
from tests.ops import singles
from tests.ops.written import tag
from tests.shared import SHARED

Spelt = dict[str, list[list[str]]]
"""By function the dimensions of its inputs; what has the same name is of the same size."""


class Subject(NamedTuple):
    """A program: what it is called, and how it is had afresh."""

    name: str
    load: Callable[[], Model]
    spelt: Spelt
    has_weights: bool = False

    @property
    def record(self) -> str:
        """The record that it is of, or its own name."""
        return self.name.partition("/")[0]


def recorded() -> Iterator[Subject]:
    """The programs of the oracle, before and behind passes, each once."""
    seen: set[tuple[int, ...]] = set()
    with zipfile.ZipFile(ARCHIVE) as archive, tempfile.TemporaryDirectory() as folder:
        held = archive.NameToInfo
        for record in records():
            for side in ("before", "after"):
                name = f"{record['sha']}/{side}"
                files = [f"{name}/model.mlmodel", f"{name}/weights/weight.bin"]
                found = [held[each] for each in files if each in held]
                content = tuple(n for each in found for n in (each.CRC, each.file_size))
                if files[0] not in held or content in seen:
                    continue
                seen.add(content)
                functions = record[side]["functions"].items()
                spelt = {key: inputs.symbols(each["inputs"]) for key, each in functions}
                load = partial(_unpacked, archive, name, Path(folder))
                yield Subject(name, load, spelt, files[1] in held)


def _unpacked(archive: zipfile.ZipFile, name: str, folder: Path) -> Model:
    """A program of the archive, its weights in a folder."""
    model = decode_model(archive.read(f"{name}/model.mlmodel"), name)
    weights = f"{name}/weights/weight.bin"
    if weights in archive.NameToInfo:
        if not (folder / weights).exists():
            archive.extract(weights, folder)
        model.weights = WeightFiles(folder / name)
    return model


def real() -> Iterator[Subject]:
    """The texts, packages and compiled bundles of the corpus, and the models of the benchmarks."""
    with tempfile.TemporaryDirectory() as folder:
        for path in dict.fromkeys(map(_bundle, texts())):
            yield Subject(str(path.relative_to(SHARED)), partial(milc.load, path), {})
        for path in [*models(), *sorted((SHARED / "bench").glob("*.mlpackage"))]:
            name = str(path.relative_to(SHARED))
            yield Subject(name, partial(_package, path, Path(folder) / name), {})


def _package(path: Path, folder: Path) -> Model:
    """A package with its weights, or with some of zeros."""
    if not folder.exists():
        folder.mkdir(parents=True)
        with_weights(path, folder)
    copy = folder / path.name
    return milc.load(copy if copy.exists() else path)


def _bundle(text: Path) -> Path:
    """The compiled bundle that a text is all the program of, or else the text."""
    return text.parent if (text.parent / "coremldata.bin").exists() else text


def single() -> Iterator[Subject]:
    """The single ops that coremltools accepted, each as a program."""
    for number, record in enumerate(singles.records()):
        if "err" not in record:
            name = f"single {number} {record['op']} {tag(record['opset'])} {record['mut']}"
            yield Subject(name, partial(_written, record), {})


def _written(record: singles.Record) -> Model:
    return Model(parse(singles.text_of(record)))


def spelling(function: Function) -> list[list[str]]:
    """A name for each dimension that the inputs of a function leave open."""
    return [
        [str(dim) if isinstance(dim, int) else f"{value.name}.{axis}"
         for axis, dim in enumerate(value.type.shape or ())]
        if isinstance(value.type, TensorType) else []
        for value in function.inputs
    ]  # fmt: skip


SORTS: dict[str, Callable[[], Iterator[Subject]]] = {
    "recorded": recorded,
    "real": real,
    "single": single,
}
