"""`milc compare`: whether two models compute the same, and where they part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from milc.cli.activity import Activity
from milc.cli.given import given_by, inputs_options
from milc.cli.options import read_source, weights_option
from milc.cli.report import OK, Report, draw, put, reporting

if TYPE_CHECKING:
    from milc.driver.comparing import Comparison, Step
    from milc.driver.given import Given


def _tolerance(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    if value is not None and not value >= 0:
        raise click.BadParameter(f"{value} is less than 0.", ctx, param)
    return value


@click.command(
    epilog="""\
\b
Elements a and b agree if |a - b| <= atol + rtol * |a|. By default rtol is
1e-4, or 2e-2 if one of the models computes in fp16, and atol is rtol times
the largest |a| of the tensor. What is not finite agrees with its like only.

\b
Exit status: 0 they agree · 1 they differ, or one of them is at fault · 2 milc
could not run.

\b
Examples:
  milc compare Float.mlpackage Half.mlpackage --random
  milc compare before.mil after.mil --input x=x.npy --rtol 0 --atol 0
  milc compare Model.mlpackage Quantized.mlpackage --random --seed 7 --all
"""
)
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@inputs_options
@click.option(
    "--rtol", type=float, metavar="X", callback=_tolerance,
    help="How far an element may be from that of A, relative to it.",
)  # fmt: skip
@click.option(
    "--atol", type=float, metavar="X", callback=_tolerance, help="How far it may be in any case."
)
@click.option(
    "--all", "every", is_flag=True, help="Show the values on the way that both have, too."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as docs/cli.md describes it.")
@weights_option
@reporting
@click.pass_obj
def command(
    report: Report,
    /,
    first: str,
    second: str,
    rtol: float | None,
    atol: float | None,
    every: bool,
    as_json: bool,
    weights: str | None,
    **options: Any,
) -> int:
    """Run two models on the same inputs, and compare what they give.

    Each is anything that milc run takes. Inputs are those of A, rounded to what both can hold.
    Outputs are compared by name, or by their order if no name is the same; and so are the values on
    the way that have one name in both, but for a `_cast_fp16` that coremltools has added to it: the
    first that differs is shown with the operations that give it.
    """
    report.stdout_is_taken = True
    if first == second == "-":
        raise click.UsageError("Only one of A and B can be standard input.")
    from milc.driver.comparing import Comparison
    from milc.driver.loading import load
    from milc.driver.wanted import wanted

    with Activity(report.color) as activity:
        activity.phase("reading")
        models = [load(read_source(path), weights=weights) for path in (first, second)]
        activity.phase("getting ready")
        comparison = Comparison(
            *models, function=options["function"], relative=rtol, absolute=atol,
            seed=options["seed"], progress=activity,
        )  # fmt: skip
        function = comparison.first.function
        given, steps = given_by(
            options, function, wanted(models[0], function), comparison.first.path
        )
        activity.phase("comparing", steps * comparison.operations)
        step, number = _until_they_differ(comparison, given, steps)
    _show(report, comparison, step, every=every, as_json=as_json)
    for model in models:
        report.add(model.notes)
    finding = comparison.finding(step)
    if finding is not None:
        where = [f"at step {number} of {steps}"] if steps > 1 else []
        finding.notes = (*finding.notes, *where)
        report.add([finding])
    return OK


def _until_they_differ(comparison: Comparison, given: Given, steps: int) -> tuple[Step, int]:
    """What came of the first step in which they differ, or of the last, and its number from 1."""
    step = comparison.step(given.at(0))
    for number in range(1, steps):
        if not step.agrees:
            return step, number
        step = comparison.step(given.at(number))
    return step, steps


def _show(
    report: Report, comparison: Comparison, step: Step, *, every: bool, as_json: bool
) -> None:
    from milc.cli.compare_tables import as_object, show

    if as_json:
        import json

        found = as_object(step, comparison.tolerance, every=every)
        put(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
        return
    draw(report, lambda out: show(step, out, every=every))
    if step.agrees:
        from milc.diagnostics.prose import many

        compared = f"{many(len(step.values), 'value')} on the way compared"
        report.last = f"the models agree; {compared}"
