"""`milc decompile`: a model as text, or as a folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from milc.cli.activity import Activity
from milc.cli.options import pairs, read_source, style_option, weights_option
from milc.cli.report import OK, Report, put, reporting

if TYPE_CHECKING:
    from milc.syntax.print import Style


@click.command(
    epilog="""\
\b
Examples:
  milc decompile Model.mlpackage             print its program
  milc decompile Model.mlpackage -o model/   model.mil, model.json, weights
  milc compile model/ -o Again.mlpackage     an equal package of them again
  milc decompile --style coremlc Model.mlpackage
"""
)
@click.argument("source", metavar="IN")
@click.option(
    "-o",
    "--output",
    metavar="FOLDER",
    help="Write a folder of model.mil, model.json and the weights, which milc compile takes; an "
    "earlier one is replaced. Without it, print the text.",
)
@style_option
@click.option(
    "--build-info",
    metavar="KEY=VALUE",
    callback=pairs,
    multiple=True,
    help="An entry for the program's buildInfo; may be given several times. Apple's compiler adds "
    "coremlc-version and coremlc-component-MIL.",
)
@weights_option
@reporting
@click.pass_obj
def command(
    report: Report,
    source: str,
    output: str | None,
    style: Style,
    build_info: dict[str, str],
    weights: str | None,
) -> int:
    """Print the program of IN as MIL text, or lay IN out as a folder.

    IN is a .mlpackage, a .mlmodel, a compiled .mlmodelc, or MIL text, which is printed anew; its
    content tells which. What text has no form for is named in a warning.
    """
    if output is not None:
        _check_folder(output, source)
        from milc.driver.decompiling import decompile

        with Activity(report.color) as activity:
            model = decompile(
                read_source(source), output, style=style, build_info=build_info, weights=weights,
                progress=activity,
            )  # fmt: skip
        report.add(model.notes)
        return OK
    report.stdout_is_taken = True
    from milc.driver.decompiling import cannot_print, to_text
    from milc.driver.loading import load

    with Activity(report.color) as activity:
        activity.phase("reading")
        model = load(read_source(source), weights=weights)
        activity.phase("printing")
        text = to_text(model, style, build_info)
    # Apple's compiler ends its text without a line break, which a prompt would then follow.
    put(text if text.endswith("\n") or not sys.stdout.isatty() else f"{text}\n")
    report.add([*model.notes, *cannot_print(model)])
    return OK


def _check_folder(output: str, source: str) -> None:
    """Refuse a name that promises something else than a folder of text and weights."""
    others = {".mil": f"decompile {source} > {output}"}
    others |= dict.fromkeys((".mlpackage", ".mlmodel"), f"compile {source} -o {output}")
    meant = others.get(Path(output).suffix)
    if meant is not None:
        message = f"{output!r} would be a folder of text and weights. Did you mean: milc {meant}"
        raise click.BadParameter(message, param_hint="'-o'")
