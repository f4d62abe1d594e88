"""`milc verify`: all that is wrong with inputs, in one run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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
  milc verify --strict --target ios16 model.mil
  milc verify --fix model.mil       mend what can only mean one thing
  milc verify --fix --diff .        show what that would change
  milc verify --format github .     annotations, in a GitHub workflow
  milc verify --format json - <model.mil
"""
)
@click.argument("sources", metavar="IN…", nargs=-1, required=True)
@weights_option
@click.option(
    "--strict",
    is_flag=True,
    help="Check as Apple's compiler reads: report defaults and types that are not written out, "
    "names that it does not take, a rank above 5, and what is doubtful in text.",
)
@click.option(
    "--target",
    metavar="SYSTEM",
    help="Report what keeps a model from this system, and what would replace it: ios16, macOS13, "
    "CoreML6.",
)
@click.option(
    "--lint",
    is_flag=True,
    help="Report what a model could do without, and what is said to keep it from the Neural "
    "Engine; never as errors.",
)
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
    strict: bool,
    target: str | None,
    lint: bool,
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
    from milc.driver.further import wanted

    wanted(strict, target, lint)
    asked = {"weights": weights, "strict": strict, "target": target, "lint": lint}
    if fix:
        return _fix(report, sources, asked, diff, quiet)
    count = 0
    with Activity(report.color) as activity:
        for path in _paths(sources):
            activity.phase(path)
            _verify(report, path, asked)
            count += 1
    if not report.found and not quiet:
        from milc.diagnostics.prose import many

        report.last = f"nothing wrong in {many(count, 'model')}"
    return OK


def _fix(
    report: Report, sources: tuple[str, ...], asked: dict[str, Any], diff: bool, quiet: bool
) -> int:
    """Mend texts, or show how, and say what is wrong with them even so."""
    from milc.cli.report import FOUND, put
    from milc.diagnostics import MilError
    from milc.diagnostics.prose import many
    from milc.driver import fixing

    report.stdout_is_taken = diff or STDIN in sources
    changed = 0
    for path in _paths(sources):
        if path not in sources and not fixing.can_mend(path):  # found in a folder, not asked for
            _verify(report, path, asked)
            continue
        try:
            change, left = fixing.fixed(read_source(path), **asked)
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


def _verify(report: Report, path: str, asked: dict[str, Any]) -> None:
    from milc.diagnostics import MilError
    from milc.driver.checking import verify_file

    try:
        report.add(verify_file(read_source(path), **asked))
    except MilError as error:
        report.add(error.diagnostics)


def _paths(sources: tuple[str, ...]) -> Iterator[str]:
    from milc.driver.searching import models_below

    for source in sources:
        yield from (source,) if source == STDIN else models_below(source)
