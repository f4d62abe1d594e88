"""`milc verify`: all that is wrong with inputs, in one run."""

from __future__ import annotations

from collections.abc import Iterator

import click

from milc.cli.activity import Activity
from milc.cli.options import STDIN, read_source, weights_option
from milc.cli.report import OK, Report, limited, reporting


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
@limited
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
        for path in _paths(sources):
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


def _paths(sources: tuple[str, ...]) -> Iterator[str]:
    from milc.driver.searching import models_below

    for source in sources:
        yield from (source,) if source == STDIN else models_below(source)
