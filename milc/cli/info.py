"""`milc info`: what a model takes, gives and holds."""

from __future__ import annotations

import click

from milc.cli.options import read_source, weights_option
from milc.cli.report import OK, Report, draw, put, reporting


@click.command(
    epilog="""\
\b
Examples:
  milc info Model.mlpackage
  milc info --json Model.mlpackage | jq .operations
"""
)
@click.argument("source", metavar="IN")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as docs/cli.md describes it.")
@weights_option
@reporting
@click.pass_obj
def command(report: Report, source: str, as_json: bool, weights: str | None) -> int:
    """Show what a model takes, gives and holds.

    IN is a .mlpackage, a .mlmodel, a compiled .mlmodelc, a folder from milc decompile, or MIL text
    (`-` for standard input); its content tells which. Weights are not read.
    """
    report.stdout_is_taken = True
    from milc.driver.inspecting import info
    from milc.driver.loading import load

    model = load(read_source(source), weights=weights)
    found = info(model)
    if as_json:
        import json

        put(json.dumps(found.as_object(), indent=2, ensure_ascii=False) + "\n")
    else:
        from milc.cli.tables import show

        draw(report, lambda out: show(found, out))
    report.add(model.notes)
    return OK
