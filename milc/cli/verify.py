"""`milc verify`: all that is wrong with inputs, in one run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from milc.cli.activity import Activity
from milc.cli.options import STDIN, weights_option
from milc.cli.options import source as read_source
from milc.cli.report import OK, Report, reporting

MODELS = (".mil", ".mlpackage", ".mlmodelc", ".mlmodel")
"""What a folder that is no model is searched for."""


@click.command(
    epilog="""\
\b
Exit status: 0 no errors (there may be warnings) · 1 errors were found ·
2 an input could not be read.

\b
Examples:
  milc verify model.mil
  milc verify Model.mlpackage models/
  milc verify --format github .     annotations, in a GitHub workflow
  milc verify --format json - <model.mil
"""
)
@click.argument("sources", metavar="IN…", nargs=-1, required=True)
@weights_option
@click.option("-q", "--quiet", is_flag=True, help="Say nothing where nothing is wrong.")
@reporting
@click.pass_obj
def command(report: Report, sources: tuple[str, ...], weights: str | None, quiet: bool) -> int:
    """Say what is wrong with text, packages and compiled models.

    IN is MIL text (`-` for standard input), a .mlpackage, a .mlmodel, a compiled .mlmodelc, or a
    folder, which is searched for them. Checked are the text's syntax, types and literals; names,
    definitions and uses, blocks; and of a model also its manifest, its description against the
    program's signature, and every reference into a weight file. Findings about a package point
    into the text that milc decompile --style coremlc prints of it.
    """
    count = 0
    with Activity(report.color) as activity:
        for path in _models(sources):
            activity.phase(path)
            _verify(report, path, weights)
            count += 1
    if not report.found and not quiet:
        from milc.diagnostics.prose import many

        report.last = f"nothing wrong in {many(count, 'model')}"
    return OK


def _verify(report: Report, path: str, weights: str | None) -> None:
    from milc.diagnostics import MilError
    from milc.driver.checking import verify_file

    try:
        report.add(verify_file(read_source(path), weights=weights))
    except MilError as error:
        report.add(error.diagnostics)


def _models(paths: tuple[str, ...]) -> Iterator[str]:
    """The models that paths stand for: what a folder of them holds, or the path itself."""
    from milc.driver.searching import find

    for path in paths:
        if path == STDIN or not os.path.isdir(path):
            yield path
        elif (stages := _stages(path)) is not None:
            yield from stages or [path]
        else:
            found = list(find(path, MODELS)) or [path]
            for model in found:
                yield from _stages(model) or [model]


def _stages(path: str) -> list[str] | None:
    """The programs of a compiled pipeline; none of any other model; None if there is no model."""
    from milc.diagnostics import MilError
    from milc.package.compiled import CompiledBundle
    from milc.package.kinds import sniff

    try:
        if sniff(Path(path)) != "pipeline-mlmodelc":
            return []
        return [str(stage.folder) for stage in CompiledBundle(Path(path)).stages if stage.model_mil]
    except MilError:
        return None
