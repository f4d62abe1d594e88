"""`milc compile`: a package out of whatever holds a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from milc.diagnostics import MilError, errors
from milc.diagnostics.files import AnyPath
from milc.driver.checking import found_in
from milc.driver.further import NOTHING
from milc.driver.ignoring import silence
from milc.driver.loading import Text, read_model
from milc.driver.progress import SILENT, Progress
from milc.driver.reading import reader
from milc.ir.nodes import Program
from milc.package.kinds import sniff
from milc.package.model import Model, undo_compiler
from milc.package.model import save as save_model
from milc.package.references import references
from milc.verify.completing import infer_types, write_defaults

if TYPE_CHECKING:
    from milc.diagnostics import Diagnostic


def compile(
    source: AnyPath | Text,
    output: AnyPath,
    *,
    weights: AnyPath | None = None,
    model_json: AnyPath | None = None,
    author: str | None = None,
    license: str | None = None,
    version: str | None = None,
    short_description: str | None = None,
    user_defined: Mapping[str, str] | None = None,
    specification_version: int | None = None,
    externalize: int | None = None,
    inline: int | None = None,
    optimize: bool = False,
    verify: bool = True,
    choose: Callable[[list[Diagnostic]], list[Diagnostic]] | None = None,
    progress: Progress = SILENT,
) -> Model:
    """Write the model at `source` as .mlpackage or, if it has no weights, as .mlmodel.

    `source` is what `milc.load` reads. What a text leaves open is written out, as Core ML's
    compiler asks for it: types of results, and arguments that have a default; bundles and folders
    are taken as they are. `model_json` gives the description, as protobuf JSON of the Model message
    without the program; the next ones set single entries of it. `externalize` moves literals of
    more bytes into the weight file, `inline` blobs of at most so many into the program; `optimize`
    runs the default pipeline of `milc.optimize`. `choose` makes of what was found what counts:
    errors in it keep the model from being written.
    Returns the model, with the warnings in its `notes`. Raises MilError with all that is wrong
    with it, unless `verify` is False; `output` is then as it was.
    """
    progress.phase("reading")
    model, found = read_model(source, weights=weights)
    if model_json is not None:
        take_json(model, model_json)
    set_metadata(
        model,
        author=author,
        license=license,
        version=version,
        short_description=short_description,
        user_defined=user_defined,
    )
    if specification_version is not None:
        model.specification_version = specification_version
    found = _check(model, found, verify, progress)
    if choose is not None:
        found = choose(found)
    if errors(found):
        raise MilError(found)
    model.notes += found
    if optimize:
        _optimize(model, progress)
    if isinstance(source, Text) or sniff(Path(source)) == "text":
        write_defaults(model.program, read=reader(model.weights))
    _move(model, externalize, inline)
    write(model, output, progress)
    return model


def _check(
    model: Model, found: list[Diagnostic], verify: bool, progress: Progress
) -> list[Diagnostic]:
    """What is wrong with a model, `found` with its text included."""
    infer_types(model.program, read=reader(model.weights))
    if verify:
        progress.phase("verifying")
        found = found_in(model, found)
    else:
        found = model.notes + found
    model.notes = []
    source = model.program.source
    return silence(found, source, writing=True, checked=verify, unchecked=NOTHING.unchecked)


def _optimize(model: Model, progress: Progress) -> None:
    """Run the default pipeline, and leave in the weight file what is used. Raises MilError."""
    from milc.driver.optimizing import optimize as run_passes

    progress.phase("optimizing")
    run_passes(model)
    if model.unsettled is not None:
        model.unsettled.settle(model)


def _move(model: Model, externalize: int | None, inline: int | None) -> None:
    if inline is None and externalize is None:
        return
    from milc.driver import placing

    if inline is not None:
        placing.inline(model, inline)
    if externalize is not None:
        placing.externalize(model, externalize)


def write(model: Model, output: AnyPath, progress: Progress = SILENT) -> None:
    """Write a model as .mlpackage or .mlmodel, and tell how far it is. Raises MilError."""
    used = dict.fromkeys(ref.path for ref, _ in references(model.program))
    progress.phase(f"writing {output}", model.weights.size(used))
    save_model(model, Path(output), progress.advance)


def save(
    subject: Model | Program,
    path: AnyPath,
    *,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write a model, or a program without weights, as .mlpackage or, without weights, .mlmodel.

    Nothing is verified: see `verify`. A program's description is derived from its signature.
    A model that `milc.optimize` has changed is written without weights that it does not use any
    more. `progress` is called with the bytes of each part of the weights that is copied. What was
    at `path` is replaced only when all is written. Raises MilError (MIL0008 to MIL0012, MIL05xx to
    MIL07xx).
    """
    model = Model(subject) if isinstance(subject, Program) else subject
    if model.unsettled is not None and Path(path).suffix == ".mlpackage":
        model.unsettled.settle(model)
    save_model(model, Path(path), progress)


def take_json(model: Model, path: AnyPath) -> None:
    """Describe a model by a file of JSON. Raises MilError (MIL073x, MIL00xx)."""
    from milc.package.model_json import read_model_json

    model.spec, model.described, _ = read_model_json(Path(path), model.spec)
    if model.described:
        undo_compiler(model.program, model.spec.description)


def set_metadata(
    model: Model,
    *,
    author: str | None = None,
    license: str | None = None,
    version: str | None = None,
    short_description: str | None = None,
    user_defined: Mapping[str, str] | None = None,
) -> None:
    """Set entries of a model's metadata; None leaves an entry, and "" removes it."""
    metadata = model.spec.description.metadata
    given = {
        "author": author,
        "license": license,
        "versionString": version,
        "shortDescription": short_description,
    }
    for name, value in given.items():
        if value is not None:
            setattr(metadata, name, value)
    for key, value in (user_defined or {}).items():
        metadata.userDefined[key] = value
