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
  milc verify --fix model.mil       mend what can only mean one thing
  milc verify --fix --diff .        show what that would change
  milc verify --format github .     annotations, in a GitHub workflow
  milc verify --format json - <model.mil
"""
)
@click.argument("sources", metavar="IN…", nargs=-1, required=True)
@weights_option
@click.option(
    "--fix",
    is_flag=True,
    help="Write into the text what can only mean one thing: defaults, types left open or wrong, "
    "names that are reserved or near to a known one.",
)
@click.option("--diff", is_flag=True, help="With --fix, write nothing; print what would change.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing where nothing is wrong.")
@limited
@reporting
@click.pass_obj
def command(
    report: Report,
    sources: tuple[str, ...],
    weights: str | None,
    fix: bool,
    diff: bool,
    quiet: bool,
) -> int:
    """Say what is wrong with text, packages and compiled models.

    IN is MIL text (`-` for standard input), a .mlpackage, a .mlmodel, a compiled .mlmodelc, or a
    folder, which is searched for them. Checked are the text's syntax, types and literals; names,
    definitions and uses, blocks; each op against the opset, with its arguments, constraints and
    result types; and of a model also its manifest, its description against the program's signature,
    and every reference into a weight file. Findings about a package point into the text that milc
    decompile --style coremlc prints of it.
    """
    if diff and not fix:
        raise click.UsageError("--diff shows what --fix would change, and goes with it.")
    if fix:
        return _fix(report, sources, weights, diff, quiet)
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


def _fix(
    report: Report, sources: tuple[str, ...], weights: str | None, diff: bool, quiet: bool
) -> int:
    """Mend texts, or show how, and say what is wrong with them even so."""
    from milc.cli.report import FOUND, put
    from milc.diagnostics import MilError
    from milc.diagnostics.prose import many
    from milc.driver import fixing

    report.stdout_is_taken = diff or STDIN in sources
    changed = 0
    for path in _paths(sources):
        try:
            change, left = fixing.fixed(read_source(path), weights=weights)
            report.add(left)
            changed += change.changed
            if diff:
                put(change.diff())
            elif path == STDIN:
                put(change.after)
            elif change.changed:
                change.write()
        except MilError as error:
            report.add(error.diagnostics)
    if not quiet:
        report.last = f"{many(changed, 'text')} {'would be ' if diff else ''}mended"
    return FOUND if diff and changed else OK


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
