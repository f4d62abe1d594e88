"""`milc run`: what a model computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from milc.cli.activity import Activity
from milc.cli.given import inputs_options
from milc.cli.options import read_source, weights_option
from milc.cli.report import OK, Report, draw, put, reporting


@click.command(
    epilog="""\
\b
Exit status: 0 it ran (--trace may have warned) · 1 the model, its inputs or
an operation is at fault, and nothing is written · 2 milc could not run.

\b
Examples:
  milc run Model.mlpackage --input image=cat.jpg
  milc run model.mil --input x=random --seed 1 -o y.npz
  milc run Decoder.mlpackage --each token=tokens.npy --save-state cache.npz
  milc run Model.mlpackage --random --trace
  milc run Model.mlpackage --inputs calibration/ --ranges ranges.json
"""
)
@click.argument("source", metavar="IN")
@inputs_options
@click.option(
    "--inputs",
    "sets",
    metavar="PATH",
    multiple=True,
    help="Run once for each: a FILE.npz that names inputs, or a folder of such files. --input "
    "gives what is the same in all.",
)
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    help="Write the outputs as OUT.npz, or the only one as OUT.npy; with --inputs, into a folder, "
    "an .npz for each.",
)
@click.option(
    "--save",
    metavar="NAME=FILE",
    multiple=True,
    help="Write one output as FILE.npy or, if it is an image, as FILE.png or FILE.jpg.",
)
@click.option("--state", metavar="FILE", help="What states hold at first, from a .npz; else zeros.")
@click.option("--save-state", metavar="FILE", help="Write what states hold in the end, as .npz.")
@click.option(
    "--dump",
    metavar="NAME",
    multiple=True,
    help="Show a value on the way too, and write it with the outputs; the last one, if it is "
    "computed several times.",
)
@click.option(
    "--dump-all",
    metavar="FOLDER",
    help="Write every value on the way as .npy, numbered as they come, and index.json.",
)
@click.option(
    "--trace",
    is_flag=True,
    help="Warn of the first operation whose result is not finite, and of the first that leaves "
    "the range of fp16.",
)
@click.option("--profile", is_flag=True, help="Show the time of each family and operation.")
@click.option(
    "--ranges",
    metavar="FILE",
    help="Write the ranges of all float values, over all runs and steps, as JSON.",
)
@click.option("--merge", is_flag=True, help="With --ranges: add to what FILE holds.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as docs/cli.md describes it.")
@weights_option
@reporting
@click.pass_obj
def command(
    report: Report, /, source: str, as_json: bool, weights: str | None, **options: Any
) -> int:
    """Run a model on its inputs, and show what it gives.

    IN is a .mlpackage, a .mlmodel, a compiled .mlmodelc, a folder from milc decompile, or MIL text
    (`-` for standard input). The model is verified first. Each operation computes what its page
    says (milc ops), by numpy, and its result is rounded to the declared type. Every input has to be
    given by --input, or --random.
    """
    report.stdout_is_taken = True
    _check(options)
    from milc.cli.run_task import Task
    from milc.driver.loading import load
    from milc.driver.running import Running

    with Activity(report.color) as activity:
        activity.phase("reading")
        model = load(read_source(source), weights=weights)
        activity.phase("getting ready")
        running = Running(
            model, function=options["function"], seed=options["seed"], progress=activity
        )
        task = Task(running, options)
        task.run()
    if as_json:
        import json

        put(json.dumps(task.as_object(), indent=2, ensure_ascii=False) + "\n")
    else:
        from milc.cli.run_tables import show

        draw(report, lambda out: show(task.rows, task.title, task.profile, out))
    report.add(model.notes)
    said = [f"`{name}` was not computed: its block did not run" for name in task.kept.missing]
    if task.trace is not None:
        found = task.trace.findings(running.run)
        report.add(found)
        said += [] if found else ["every result is finite and in the range of fp16"]
    report.last = "\n".join(said)
    return OK


def _check(options: dict[str, Any]) -> None:
    """Refuse options that do not go together, before anything is read."""
    out, sets = options["output"], options["sets"]
    if options["merge"] and not options["ranges"]:
        raise click.UsageError(
            "--merge says what becomes of the file of --ranges, and goes with it."
        )
    if sets and (options["save"] or options["save_state"] or options["each"]):
        raise click.UsageError(
            "--inputs runs many times: it goes with -o FOLDER, --trace, --ranges."
        )
    if out and sets and Path(out).suffix in (".npz", ".npy"):
        message = f"with --inputs it is a folder: {str(Path(out).with_suffix(''))!r}?"
        raise click.BadParameter(message, param_hint="'-o'")
    if out and not sets and Path(out).suffix not in (".npz", ".npy"):
        right = str(Path(out).with_suffix(".npz"))
        message = f"{out!r} ends in neither .npz nor .npy. Did you mean {right!r}?"
        raise click.BadParameter(message, param_hint="'-o'")
    saved = [text.partition("=")[2] for text in options["save"]]
    files = [options["ranges"], options["save_state"], *([] if sets else [out]), *saved]
    for name in filter(None, files):
        if files.count(name) > 1:
            raise click.UsageError(f"{name!r} would be written twice.")
    if out and out.endswith(".npy") and options["dump"]:
        raise click.BadParameter(
            "a .npy holds one array; with --dump it is a .npz", param_hint="'-o'"
        )
