"""Writing what passes have made of a model: as a package, or as text with its weights beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from milc.diagnostics import Diagnostic, MilError
from milc.diagnostics.files import AnyPath, read_bytes
from milc.diagnostics.staging import staged_file
from milc.driver.compiling import write
from milc.driver.decompiling import cannot_print, to_text
from milc.driver.loading import Text, load
from milc.driver.progress import SILENT, Progress
from milc.driver.reading import reader
from milc.ir.literals import MODEL_PATH
from milc.package import describe
from milc.package.kinds import sniff
from milc.package.references import references
from milc.verify.completing import write_defaults

if TYPE_CHECKING:
    from milc.driver.optimizing import Stored
    from milc.package.model import Model
    from milc.syntax.print import Style

TEXT = ".mil"


def write_optimized(
    model: Model,
    output: AnyPath,
    stored: Stored,
    given: AnyPath | Text,
    *,
    style: Style = "milc",
    progress: Progress = SILENT,
) -> None:
    """Write an optimized model, its new weights included; `given` is what it was read from.

    A package holds no weights that the model does not use.

    Raises MilError (MIL0008 to MIL0012, MIL05xx to MIL07xx).
    """
    if Path(output).suffix == TEXT:
        write_text(model, Path(output), stored, style, progress)
        model.notes += [*cannot_print(model), *_undescribed(model)]
        return
    if isinstance(given, Text) or sniff(Path(given)) == "text":
        write_defaults(model.program, read=reader(model.weights))
    if Path(output).suffix == ".mlpackage":
        stored.settle(model)
    write(model, output, progress)


def write_text(
    model: Model, output: Path, stored: Stored, style: Style, progress: Progress
) -> None:
    """Write a program as text, and the weight files that it refers to beside it.

    New weights go to a file called as the text, so that those that are there stay as they are.
    """
    stored.move_new(model, _new_file(model, output.stem))
    folder = output.parent
    used = list(dict.fromkeys(ref.path for ref, _ in references(model.program)))
    missing = [path for path in used if not _lies_in(model, path, folder)]
    progress.phase(f"writing {output}", model.weights.size(missing))
    text = to_text(model, style)
    with staged_file(output) as file:
        file.write_bytes(text.encode())
        for path in missing:
            _write_weights(model, path, folder, progress)


def _undescribed(model: Model) -> list[Diagnostic]:
    """A note if a model has a description that does not follow from its program."""
    if not model.described:
        return []
    try:
        derived = describe.derive(model.program, model.specification_version)
    except MilError:
        derived = None
    if derived == model.spec.description:
        return []
    message = "text cannot carry the description of a model, such as its author and class labels"
    help = "a .mlpackage keeps it, and so does milc decompile -o FOLDER"
    return [Diagnostic("MIL0025", message, path=model.path, severity="note", help=help)]


def _new_file(model: Model, stem: str) -> str:
    """A path for new weights that the model does not use yet."""
    used = {ref.path for ref, _ in references(model.program)}
    names = (f"{MODEL_PATH}weights/{stem}{number}.bin" for number in ("", *range(2, 10_000)))
    return next(path for path in names if path not in used)


def _lies_in(model: Model, path: str, folder: Path) -> bool:
    """Whether a weight file lies in a folder as it is, with nothing to be added to it."""
    file = model.weights.file(path)
    own = folder / path.removeprefix(MODEL_PATH)
    try:
        same = os.path.samefile(model.weights.resolve(path), own)
        return same and own.stat().st_size == file.size
    except (OSError, MilError):
        return False


def _write_weights(model: Model, path: str, folder: Path, progress: Progress) -> None:
    """Write a weight file below a folder. Raises MilError (MIL0009) if another one lies there."""
    target = folder / path.removeprefix(MODEL_PATH)
    if target.exists() and not _may_replace(model, path, target):
        message = "another weight file lies where that of the program is to be"
        help = "write into another folder"
        raise MilError(Diagnostic("MIL0009", message, path=str(target), help=help))
    target.parent.mkdir(parents=True, exist_ok=True)
    with staged_file(target) as staged:
        staged.unlink(missing_ok=True)  # it is written by whoever makes it
        model.weights.file(path).write(staged, progress.advance)


def _may_replace(model: Model, path: str, target: Path) -> bool:
    """Whether a file has the size that is to be written, or is one of new weights alone."""
    try:
        model.weights.resolve(path)
    except MilError:
        return True  # it is called as the text, and was made with an earlier one
    return target.stat().st_size == model.weights.file(path).size


def write_reproducer(
    output: AnyPath,
    text: str,
    command: str,
    given: AnyPath | Text,
    *,
    weights: AnyPath | None = None,
    pipeline: tuple[AnyPath, AnyPath] | None = None,
) -> None:
    """Save a program as it was before its passes, with the command that runs these again.

    Its weights are copied beside it, and the file of a `pipeline` to another.
    """
    if pipeline is not None:
        data = read_bytes(pipeline[0])
        with staged_file(pipeline[1]) as file:
            file.write_bytes(data)
    head = f"// {command}\n"
    with staged_file(output) as file:
        file.write_bytes((head + text).encode())
    model = load(given, weights=weights)
    for path in dict.fromkeys(ref.path for ref, _ in references(model.program)):
        if not _lies_in(model, path, Path(output).parent):
            _write_weights(model, path, Path(output).parent, SILENT)
