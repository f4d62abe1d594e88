"""`milc compile`: a package out of whatever holds a model."""

from __future__ import annotations

from typing import Any

import click

from milc.cli.activity import Activity
from milc.cli.options import checked_output, natural, pairs, read_source, weights_option
from milc.cli.report import OK, Report, limited, reporting

SUFFIXES = (".mlpackage", ".mlmodel")


@click.command(
    epilog="""\
\b
Examples:
  milc compile model.mil -o Model.mlpackage
  milc compile model.mil -o Model.mlpackage --weights weights/
  milc compile App.mlmodelc -o Model.mlpackage   a compiled model, back again
  milc compile model/ -o Model.mlpackage         a folder from milc decompile
  milc compile Model.mlpackage -o Model.mlmodel --inline 1000000
"""
)
@click.argument("source", metavar="IN")
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    help="Where to write: a .mlpackage, or a .mlmodel for a program without weights. An earlier "
    "one is replaced.",
)
@weights_option
@click.option(
    "--model-json",
    metavar="FILE",
    help="Describe the model by this JSON (protobuf's, of the Model message without its program), "
    "as milc decompile writes it. Without it, the description is derived from the signature.",
)
@click.option("--author", metavar="TEXT", help="Who made the model.")
@click.option("--license", metavar="TEXT", help="Its licence.")
@click.option("--version", "--version-string", metavar="TEXT", help="Its own version.")
@click.option("--short-description", metavar="TEXT", help="What it does.")
@click.option(
    "--user-defined",
    metavar="KEY=VALUE",
    callback=pairs,
    multiple=True,
    help="An entry of its user-defined metadata; may be given several times.",
)
@click.option(
    "--specification-version",
    type=int,
    callback=natural,
    metavar="N",
    help="The version of the format, 6 (iOS 15) to 10 (iOS 26); by default the lowest that the "
    "program's opset allows.",
)
@click.option(
    "--externalize",
    type=int,
    callback=natural,
    metavar="N",
    help="Move literals of more than N bytes into the weight file.",
)
@click.option(
    "--inline",
    type=int,
    callback=natural,
    metavar="N",
    help="Move blobs of at most N bytes into the program.",
)
@click.option(
    "--opt", "optimize", is_flag=True,
    help="Run the default pipeline of milc opt before the model is written.",
)  # fmt: skip
@click.option("--no-verify", is_flag=True, help="Write the model whatever is wrong with it.")
@limited
@reporting
@click.pass_obj
def command(
    report: Report,
    /,
    source: str,
    output: str | None,
    no_verify: bool,
    **options: Any,
) -> int:
    """Make a package of IN: MIL text, a compiled model, or another package.

    IN is a file of MIL text with its weights beside it (`-` for standard input), a folder that
    milc decompile wrote, a compiled .mlmodelc, a .mlpackage or a .mlmodel; its content tells which.
    The program is verified first, and nothing is written if that finds an error.
    """
    target = checked_output(output, source, SUFFIXES)
    from milc.driver.compiling import compile

    with Activity(report.color) as activity:
        model = compile(
            read_source(source),
            target,
            verify=not no_verify,
            choose=report.choose,
            progress=activity,
            **options,
        )
    report.add(model.notes, chosen=True)
    return OK
