"""`milc decompile`: a model as text, or as a folder that `milc compile` takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from milc.diagnostics import Diagnostic
from milc.diagnostics.files import AnyPath
from milc.diagnostics.staging import staged_folder
from milc.driver.loading import Text, load
from milc.driver.progress import SILENT, Progress
from milc.ir.literals import DictLiteral, string_literal, string_of
from milc.ir.nodes import Program
from milc.ir.types import SCALAR_STRING, DictType
from milc.package.model import Model
from milc.package.references import references
from milc.syntax.lost import lost
from milc.syntax.print import Style
from milc.syntax.print import to_text as print_program

BUILD_INFO = "buildInfo"
_STRINGS = DictType(SCALAR_STRING, SCALAR_STRING)


def to_text(
    subject: Model | Program,
    style: Style = "milc",
    build_info: Mapping[str, str] | None = None,
) -> str:
    """A program, or a model's, as text in milc's house style or in that of Apple's compiler.

    `build_info` are entries for the program's buildInfo, beside those that it has: Apple's compiler
    adds `coremlc-version` and `coremlc-component-MIL`. What text has no form for is left out; see
    `cannot_print`.
    """
    program = subject.program if isinstance(subject, Model) else subject
    if not build_info:
        return print_program(program, style)
    shown = Program(program.version)
    shown.functions = program.functions
    info = _with_entries(program.attributes.get(BUILD_INFO), build_info)
    shown.attributes = {**program.attributes, BUILD_INFO: info}
    return print_program(shown, style)


def decompile(
    source: AnyPath | Text,
    folder: AnyPath,
    *,
    style: Style = "milc",
    build_info: Mapping[str, str] | None = None,
    weights: AnyPath | None = None,
    progress: Progress = SILENT,
) -> Model:
    """Lay a model out as a folder of model.mil, model.json and its weight files.

    `milc compile` makes an equal package of it again. `source` is what `milc.load` reads; an
    earlier folder of the kind is replaced. Returns the model; its `notes` hold a warning for what
    neither file can carry. Raises MilError, and leaves what was there as it was.
    """
    progress.phase("reading")
    model = load(source, weights=weights)
    write_folder(model, folder, style, build_info, progress)
    return model


def write_folder(
    model: Model,
    folder: AnyPath,
    style: Style = "milc",
    build_info: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> None:
    """Lay a model out as a folder. Raises MilError."""
    from milc.package.model_json import to_json

    described, warnings = to_json(model)
    text = to_text(model, style, build_info)
    used = list(dict.fromkeys(ref.path for ref, _ in references(model.program)))
    progress.phase(f"writing {folder}", model.weights.size(used))
    with staged_folder(folder, looks_decompiled) as staged:
        (staged / "model.mil").write_bytes(text.encode())
        (staged / "model.json").write_bytes(described.encode())
        model.weights.write_into(staged, used, progress.advance)
    model.notes += cannot_print(model) + warnings


def looks_decompiled(folder: Path) -> bool:
    """Whether a folder is one that `decompile` wrote, so that a new one may replace it."""
    names = ("model.mil", "model.json")
    return all((folder / n).is_file() for n in names) and not (folder / "coremldata.bin").exists()


def cannot_print(model: Model) -> list[Diagnostic]:
    """A warning for each thing that text has no form for (MIL0025)."""
    return [
        Diagnostic("MIL0025", f"text cannot carry {what}", path=model.path, severity="warning")
        for what in lost(model.program)
    ]


def _with_entries(held: object, entries: Mapping[str, str]) -> DictLiteral:
    """A buildInfo with entries set anew."""
    before = held.entries if isinstance(held, DictLiteral) else ()
    kept = [entry for entry in before if string_of(entry[0]) not in entries]
    new = [(string_literal(key), string_literal(value)) for key, value in entries.items()]
    return DictLiteral(held.type if isinstance(held, DictLiteral) else _STRINGS, [*kept, *new])
