"""The public corpus: every text, bundle and package verifies, but for what is listed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from milc.diagnostics import Diagnostic, MilError, Source, errors
from milc.ir.nodes import Program
from milc.package.model import load_mlmodel, load_package
from milc.package.weights import WeightFiles
from milc.syntax.parse import read
from milc.verify import verify_structure
from tests.corpus.real import models, name_of, texts
from tests.ops.checking import examined
from tests.ops.programs import first_of, literal_of
from tests.ops.tally import Comparison, Key

OLD = ("MIL0520", "a format from before the first release of ML programs")
HAND_WRITTEN = "mil/luengnat+rustane/models__layer0__"
KNOWN = {
    "mlpackage/jafreck+ironmill/test-q__pal.mlpackage": (
        "MIL0532",
        "palettes of twice the bytes that it holds; coremltools refuses it as well",
    ),
    f"{HAND_WRITTEN}layer_0_bwd.mil": ("MIL0104", "positional arguments and untyped lists"),
    f"{HAND_WRITTEN}test_conv_simple.mil": ("MIL0411", "a scalar for rank 4"),
    **{
        f"mlpackage/apple+coremltools/examples__NN_v2__simple_layer.mlmodel@{commit}": OLD
        for commit in ("5fd3fe07", "6c667c73", "75a56d45", "cae13e67")
    },
}
"""What is not sound: a code that is found, and why."""


class Item(NamedTuple):
    """A program of the corpus: its name, and the file or folder."""

    name: str
    path: Path


def items() -> Iterator[Item]:
    """Every text and every model."""
    for path in [*texts(), *models()]:
        yield Item(name_of(path), path)


def faults(item: Item) -> list[Diagnostic]:
    """The errors of a program."""
    try:
        program, reported, weights = loaded(item.path)
    except MilError as error:
        return error.diagnostics
    if errors(reported):
        return errors(reported)
    checker = examined(program, lambda blob: literal_of(weights, blob))
    return errors([*verify_structure(program), *checker.found])


def loaded(path: Path) -> tuple[Program, list[Diagnostic], WeightFiles]:
    """A program, what its reader said, and its weights. Raises MilError."""
    if path.suffix == ".mil":
        program, reported = read(Source(path.read_text("utf-8"), path.name))
        return program, reported, WeightFiles(path.parent)
    model = load_package(path) if path.is_dir() else load_mlmodel(path)
    return model.program, [], model.weights


def compare() -> Comparison[Item]:
    """Verify every program. One that is listed agrees if it is faulty as the list says."""
    comparison: Comparison[Item] = Comparison()
    for item in items():
        found = faults(item)
        kind = item.path.suffix.partition("@")[0] or "model"
        comparison.add(kind, "corpus", item, _wrong(item, found))
    return comparison


def _wrong(item: Item, found: list[Diagnostic]) -> Key | None:
    code = KNOWN.get(item.name, ("", ""))[0]
    if code and all(finding.code != code for finding in found):
        return Key("(program)", "corpus", "sound", code, item.name)
    if found and not code:
        return Key("(program)", "corpus", "refused", "accepted", first_of(found))
    return None
