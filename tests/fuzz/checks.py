"""What must hold of every input, however broken: findings that can be shown, and nothing worse.

Each function runs an input through all that milc does with its kind. `MilError` is the one
exception that may come out of milc; whatever else does is a failure, and so is a finding that says
milc itself is at fault (MIL002x).
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterable
from pathlib import Path

import pytest

from milc.diagnostics import Diagnostic, MilError, Source, errors
from milc.diagnostics.catalog import lookup
from milc.diagnostics.machine import WRITERS
from milc.diagnostics.render import console, render
from milc.driver.checking import verify, verify_file
from milc.driver.decompiling import decompile, to_text
from milc.driver.inspecting import info
from milc.driver.loading import load
from milc.ir.compare import difference
from milc.ir.literals import BlobRef
from milc.ir.types import BOOL, FP16, FP32, INT8, STRING, UINT3, scalar
from milc.package.bundle import read_manifest
from milc.package.compiled import read_coremldata
from milc.package.model import Model, decode_model, save
from milc.package.proto import model_pb2
from milc.package.references import references
from milc.package.weights import WeightFiles
from milc.syntax.format import format_text
from milc.syntax.parse import read
from milc.syntax.recover import MAX_ERRORS
from milc.verify import verify as verify_program

OWN_FAULTS = ("MIL0020", "MIL0021")
"""Codes that say that milc is at fault."""

LOSSY = "MIL0538"
"""The warning that fields which milc does not know were left out."""

FAULTS_OF_FORMAT = ("MIL0530", "MIL0539", "MIL0540", "MIL0541", "MIL0542")
"""What a program that was decoded may still meet when it is encoded again."""


def check_findings(found: Iterable[Diagnostic]) -> None:
    """Every finding has an entry in the catalog, a place within its text, and can be shown."""
    held = list(found)
    for finding in held:
        assert lookup(finding.code) is not None, finding
        assert finding.code not in OWN_FAULTS, finding
        assert finding.message.strip(), finding
        assert not finding.message.endswith("."), finding
        spans = [finding.span, *(label.span for label in finding.labels)]
        for span in filter(None, spans):
            assert 0 <= span.start <= span.end <= len(span.source.text), finding
    for write in WRITERS.values():
        write(held).encode()
    shown = json.loads(WRITERS["json"](held))
    assert [entry["code"] for entry in shown] == [finding.code for finding in held]
    render(held, console(io.StringIO(), color="never"), max=20)


def check_refusal(error: MilError, codes: Collection[str] = ()) -> None:
    """There is an error among the findings; all have one of the codes, if any are named."""
    check_findings(error.diagnostics)
    assert errors(error.diagnostics)
    assert not codes or all(found.code in codes for found in error.diagnostics), error


def check_text(text: str) -> None:
    """Reading by plain statements and by fine rules, verifying, printing and formatting."""
    program, found = read(Source(text, "fuzz.mil"))
    check_findings(found)
    same, others = read(Source(text, "fuzz.mil"), plain=False)
    if len(found) < MAX_ERRORS:
        assert list(map(str, found)) == list(map(str, others))
        assert difference(program, same) is None
    check_findings(verify_program(program, reported=found))
    if errors(found):
        _refused(text)
        return
    for style in ("milc", "coremlc"):
        formatted = format_text(text, "fuzz.mil", style)
        assert format_text(formatted, "fuzz.mil", style) == formatted
        formatted.encode()


def _refused(text: str) -> None:
    with pytest.raises(MilError) as raised:
        format_text(text)
    check_refusal(raised.value)


def check_message(data: bytes) -> None:
    """Decoding, verifying, printing and encoding a serialised Model message."""
    try:
        model = decode_model(data, "fuzz.mlmodel")
    except MilError as error:
        check_refusal(error)
        return
    check_model(model)
    try:
        again = model.encode()
    except MilError as error:
        check_refusal(error, FAULTS_OF_FORMAT)
        return
    if not any(note.code == LOSSY for note in model.notes):
        assert model_pb2.Model.FromString(again) == model_pb2.Model.FromString(data)


def check_model(model: Model) -> None:
    """All that can be asked of a model that was read."""
    check_findings(model.notes)
    json.dumps(info(model).as_object())
    check_findings(model.weights.check_all(ref for ref, _ in references(model.program)))
    text = to_text(model, "coremlc")
    found = verify(model)
    check_findings(found)
    house = to_text(model)
    if not errors(found):
        _reads_back(model, text)
        _reads_back(model, house)


def _reads_back(model: Model, text: str) -> None:
    """Of a sound model the text is sound; what it means is compared by the tests of printing."""
    _, found = read(Source(text, "printed.mil"))
    assert not errors(found), "\n".join(map(str, found))


def check_path(path: Path, out: Path) -> None:
    """Everything that the command line does with a model on disk; `out` is a folder to write to."""
    try:
        check_findings(verify_file(path))
        model = load(path)
    except MilError as error:
        check_refusal(error)
        return
    check_model(model)
    for write in (
        lambda: save(model, out / "copy.mlpackage"),
        lambda: decompile(path, out / "decompiled"),
    ):
        try:
            write()
        except MilError as error:
            check_refusal(error)


def check_weights(path: Path, out: Path) -> None:
    """Everything that is done with a weight file, and with references of every kind into it."""
    files = WeightFiles(path.parent)
    name = f"@model_path/{path.name}"
    try:
        file = files.file(name)
    except MilError as error:
        check_findings(error.diagnostics)
        return
    offsets = [*range(0, min(file.size, 4096) + 65, 64), 1, 63, 65, file.size, (1 << 64) - 1]
    found = [fault for offset in offsets for fault in _faults_of_blob(files, name, offset)]
    try:
        blobs = list(file.blobs())
        assert all(blob.end <= file.size for blob in blobs)
    except MilError as error:
        found += error.diagnostics
    types = (FP16(2), UINT3(5), INT8(1 << 40), FP32(2, None), BOOL(1), scalar(STRING))
    refs = [BlobRef(type, name, offset) for type in types for offset in offsets]
    found += files.check_all(refs)
    files.write_into(out, [name])
    files.close()
    assert (out / path.name).read_bytes() == path.read_bytes()
    check_findings(found)


def _faults_of_blob(files: WeightFiles, name: str, offset: int) -> list[Diagnostic]:
    file = files.file(name)
    try:
        blob = file.blob(offset)
    except MilError as error:
        return error.diagnostics
    assert blob.end <= file.size
    assert len(file.data(blob)) == len(file.read(blob)) == blob.size
    literal = files.literal(BlobRef(blob.element(blob.count), name, offset))
    assert len(literal.values()) == blob.count
    return []


def check_coremldata(data: bytes) -> None:
    """The description of a compiled bundle."""
    try:
        found = read_coremldata(data)
    except MilError as error:
        check_findings(error.diagnostics)
    else:
        assert found.functions <= len(data)


def check_manifest(folder: Path) -> None:
    """The manifest of a package."""
    try:
        manifest = read_manifest(folder)
    except MilError as error:
        check_findings(error.diagnostics)
    else:
        check_findings(manifest.warnings)
        assert manifest.model.resolve().is_relative_to(folder.resolve())
