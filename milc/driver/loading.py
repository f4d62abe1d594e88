"""Models from whatever holds one: text, folders, packages, files, compiled bundles.

Imports packages, and the parser when there is a text. `read_model` hands over what is wrong with a
text together with as much of it as could be read, `load` raises it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from milc.diagnostics import Diagnostic, MilError, Source, errors
from milc.diagnostics.files import AnyPath, decode, read_text
from milc.driver.ignoring import silence
from milc.ir.nodes import Program
from milc.package.compiled import CompiledBundle
from milc.package.kinds import sniff
from milc.package.model import Model, load_compiled, load_mlmodel, load_package, undo_compiler
from milc.package.weights import WeightFiles


class Text(NamedTuple):
    """MIL text that lies in no file of its own, such as that of standard input."""

    data: bytes
    path: str
    """What diagnostics call it."""
    root: Path
    """The folder that `@model_path` means."""


def load(path: AnyPath | Text, *, weights: AnyPath | None = None) -> Model:
    """The model at `path`, whatever holds it: its content tells, not its name.

    MIL text, a folder from `milc decompile`, a .mlpackage, a .mlmodel, a .mlmodelc. `weights` is
    the folder in which references are looked up instead of the model's own. What was remarkable
    about it is in the model's `notes`. Nothing but syntax is checked of text: see `verify`. Raises
    MilError with all that keeps the model from being read.
    """
    model, found = read_model(path, weights=weights)
    if errors(found):
        raise MilError(found)
    model.notes += silence(found, model.program.source, checked=False)
    return model


def read_model(
    path: AnyPath | Text, *, weights: AnyPath | None = None
) -> tuple[Model, list[Diagnostic]]:
    """The model at `path`, and what its text, if it is text, has wrong.

    The model is fit for use only if none of that is an error. Raises MilError as `load` where
    there is no text to read.
    """
    if isinstance(path, Text):
        return _of_text(Source(decode(path.data, path.path), path.path), path.root, weights)
    place = Path(path)
    kind = sniff(place)
    if kind == "text":
        # The bytes are not kept while the text is read: both may be large.
        return _of_text(Source(read_text(path), os.fspath(path)), place.parent, weights)
    found: list[Diagnostic] = []
    if kind == "mlpackage":
        model = load_package(place)
    elif kind == "mlmodel":
        model = load_mlmodel(place)
    else:
        model = _bundle(place, found)
    if weights is not None:
        model.weights = WeightFiles(_folder(weights))
    return model, found


def _of_text(source: Source, root: Path, weights: AnyPath | None) -> tuple[Model, list[Diagnostic]]:
    """The model of a text, without a description."""
    program, found = _read(source)
    files = WeightFiles(_folder(weights) if weights is not None else root)
    return Model(program, weights=files, path=source.path), found


def _read(source: Source) -> tuple[Program, list[Diagnostic]]:
    from milc.syntax.parse import read  # 8 ms, which packages need not wait for

    return read(source)


def _bundle(folder: Path, found: list[Diagnostic]) -> Model:
    """A compiled bundle, or a folder that `decompile` wrote."""

    def parse(text: str, path: str) -> Program:
        program, diagnostics = _read(Source(text, path))
        found.extend(diagnostics)
        return program

    model = load_compiled(folder, parse)
    described = CompiledBundle(folder).model_json
    if described is not None and not model.described:
        from milc.package.model_json import put_inputs_in_order, read_model_json

        model.spec, model.described, inputs = read_model_json(described, model.spec, whole=True)
        undo_compiler(model.program, model.spec.description)
        put_inputs_in_order(model.program, inputs)
    return model


def _folder(path: AnyPath) -> Path:
    """A folder of weights. Raises MilError if there is none."""
    folder = Path(path)
    if folder.is_dir():
        return folder
    if not folder.exists():
        raise MilError(Diagnostic("MIL0001", "there is no such folder", path=str(path)))
    message = "a file, where the folder of weights is wanted"
    raise MilError(Diagnostic("MIL0026", message, path=str(path), help=f"name {folder.parent}"))
