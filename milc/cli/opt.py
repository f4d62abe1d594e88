"""`milc opt`: a smaller, faster program that computes the same."""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from milc.cli.activity import Activity
from milc.cli.options import checked_output, read_source, style_option, weights_option
from milc.cli.report import OK, Report, draw, limited, put, reporting

if TYPE_CHECKING:
    from collections.abc import Callable

    from milc.driver.loading import Text
    from milc.package.model import Model
    from milc.passes.pipeline import Outcome, Step

SUFFIXES = (".mlpackage", ".mlmodel", ".mil")


@click.command(
    epilog="""\
\b
Exit status: 0 it is written · 1 the model, a pass or what passes did is at
fault, and nothing is written · 2 milc could not run.

\b
Examples:
  milc opt Model.mlpackage -o Smaller.mlpackage --check
  milc opt model.mil                         print what becomes of it
  milc opt model.mil --stats                 show what would be gained
  milc opt model.mil -o small.mil --pipeline cleanup
  milc opt model.mil --passes 'noop_elimination,const_elimination'
  milc opt Model.mlpackage -o Half.mlpackage --pipeline default_fp16
  milc opt --list
"""
)
@click.argument("source", metavar="IN", required=False)
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    help="Where to write: a .mlpackage, a .mlmodel, or a .mil with its weights beside it. Without "
    "it, the program is printed, unless --stats or --timing is given.",
)
@click.option(
    "--pipeline",
    metavar="NAME|FILE.toml",
    help="The passes to run: default, default_fp16, cleanup or none, or those of a file; `default` "
    "unless --passes is given.",
)
@click.option(
    "--passes",
    metavar="A,B{K=V}",
    multiple=True,
    help="Passes to run one by one, behind the pipeline if --pipeline is given too.",
)
@click.option("--skip", metavar="A,B", multiple=True, help="Passes not to run.")
@click.option(
    "--load", metavar="FILE.py", multiple=True, help="Register the passes that a file defines."
)
@click.option(
    "--list",
    "listing",
    is_flag=True,
    help="List all passes, and do nothing else; with "
    "--pipeline or --passes those that would run, in their order.",
)
@click.option("--stats", is_flag=True, help="Show the size before and after, and what passes did.")
@click.option("--timing", is_flag=True, help="Show what each pass took.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as docs/cli.md describes it.")
@click.option(
    "--print-after-change",
    is_flag=True,
    help="Print each function after each pass that changes it.",
)
@click.option("--verify-each", is_flag=True, help="Verify the program after each pass.")
@click.option(
    "--check",
    is_flag=True,
    help="Run the program before and after on random inputs; write nothing if results differ.",
)
@click.option(
    "--reproducer",
    metavar="FILE.mil",
    help="If a pass fails, or --check does, save the program with the command that does it again.",
)
@style_option
@weights_option
@limited
@reporting
@click.pass_obj
def command(report: Report, /, source: str | None, load: tuple[str, ...], **options: Any) -> int:
    """Leave a smaller, faster program that computes the same.

    IN is anything that milc compile takes. Passes rewrite it, in the order of a pipeline, until
    none finds anything more. The default pipeline changes no precision; default_fp16 computes in
    fp16 what its range allows.
    """
    _load_passes(load)
    if options["listing"]:
        (_list_chosen if _is_said("pipeline") or _is_said("passes") else _list)(report, options)
        return OK
    if options["as_json"] and options["print_after_change"]:
        raise click.UsageError("--json and --print-after-change exclude each other.")
    if source is None:
        raise click.UsageError("Missing argument 'IN'.")
    output = options["output"]
    if output is not None:
        checked_output(output, source, SUFFIXES)
    _optimize(report, source, {**options, "load": load})
    return OK


def _is_said(name: str) -> bool:
    """Whether an option stands on the command line, rather than in settings or nowhere."""
    source = click.get_current_context().get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE


def _load_passes(paths: tuple[str, ...]) -> None:
    """Register the passes of files. Raises MilError with what is wrong with any of them."""
    if not paths:
        return
    from milc.diagnostics.gathered import Gathered
    from milc.passes import load

    gathered = Gathered()
    for path in paths:
        gathered.take(lambda: load(path))  # noqa: B023  # at once
    gathered.end()


def _optimize(report: Report, source: str, options: dict[str, Any]) -> None:
    """Read, optimize, prove, show, write."""
    from milc.driver.counting import size_of
    from milc.driver.loading import load
    from milc.driver.optimizing import Stored

    output = options["output"]
    shows = options["stats"] or options["timing"] or options["as_json"]
    report.stdout_is_taken = shows or output is None or options["print_after_change"]
    activity = Activity(report.color)
    # What is printed on the way would stand within the line that shows it.
    with nullcontext() if options["print_after_change"] else activity:
        activity.phase("reading")
        given = read_source(source)
        model = load(given, weights=options["weights"])
        before = size_of(model) if shows else None
        stored = Stored(model)
        activity.phase("optimizing")
        with _Reproducer(model, given, options):
            watch = _print_step if options["print_after_change"] else None
            outcome = _run_or_tell(given, model, options, watch)
            _prove(given, model, activity, options)
        notes, model.notes = model.notes, []
        if output is not None:
            _write(model, given, stored, activity, options)
    report.add([*notes, *model.notes])
    if output is None and not shows:
        from milc.driver.decompiling import to_text

        put(to_text(model, options["style"]))
    if before is not None:
        _show(report, before, size_of(model), outcome, options)


def _run_or_tell(
    given: str | Text, model: Model, options: dict[str, Any], watch: Callable[[Step], None] | None
) -> Outcome:
    """Run passes. Raises MilError.

    A pass that fails may do so for what another one has left, which is told then.
    """
    from milc.diagnostics import MilError
    from milc.driver.loading import load

    try:
        return _run(model, options, watch, options["verify_each"])
    except MilError as error:
        if error.diagnostics[0].code == "MIL0945" and not options["verify_each"]:
            _run(load(given, weights=options["weights"]), options, verify_each=True)
        raise


def _run(
    model: Model,
    options: dict[str, Any],
    watch: Callable[[Step], None] | None = None,
    verify_each: bool = False,
) -> Outcome:
    """Run the passes that are asked for. Raises MilError."""
    from milc.driver.optimizing import optimize

    pipeline = options["pipeline"]
    if pipeline is None:
        pipeline = "none" if options["passes"] else "default"
    return optimize(
        model, pipeline, passes=options["passes"], skip=options["skip"], watch=watch,
        verify_each=verify_each, timed=options["timing"],
    )  # fmt: skip


def _print_step(step: Step) -> None:
    """Print a function that a pass has changed."""
    if not step.changed:
        return
    from milc.ir.nodes import Program
    from milc.syntax.print import to_text

    shown = Program()
    shown.functions = {step.function.name: step.function}
    names = ", ".join(each.name for each in step.group)
    put(f"// after {names}\n{to_text(shown)}\n")


def _prove(given: str | Text, model: Model, activity: Activity, options: dict[str, Any]) -> None:
    """See that the program still verifies, and, if asked for, computes the same.

    Raises MilError, which names the pass that is at fault.
    """
    from milc.diagnostics import MilError
    from milc.driver.loading import load
    from milc.driver.proving import check, compare, guilty

    def fresh() -> Model:
        return load(given, weights=options["weights"])

    try:
        check(model)
    except MilError:
        _run(fresh(), options, verify_each=True)
        raise
    if not options["check"]:
        return
    activity.phase("running before and after")
    before = fresh()
    try:
        compare(before, model)
    except MilError as error:
        if error.diagnostics[0].code != "MIL0947":
            raise
        activity.phase("looking for the pass that is at fault")
        found = guilty(fresh, lambda each, watch: _run(each, options, watch))
        if found is not None:
            error.diagnostics[0].help = f"the pass is {found}; --skip {found} leaves it out"
        raise


def _write(
    model: Model, given: str | Text, stored: Any, activity: Activity, options: dict[str, Any]
) -> None:
    """Write the model."""
    from milc.driver.rewriting import write_optimized

    output, style = options["output"], options["style"]
    write_optimized(model, output, stored, given, style=style, progress=activity)


def _show(report: Report, before: Any, after: Any, outcome: Outcome, options: Any) -> None:
    from milc.cli import opt_tables

    if options["as_json"]:
        _put_json(opt_tables.as_object(before, after, outcome))
        return
    if options["stats"]:
        draw(report, lambda out: opt_tables.show_sizes(before, after, outcome, out))
    if options["timing"]:
        draw(report, lambda out: opt_tables.show_times(outcome, out))


def _list_chosen(report: Report, options: dict[str, Any]) -> None:
    """Show what would run, in its order."""
    from milc.cli import opt_tables
    from milc.driver.optimizing import chosen_of

    pipeline = options["pipeline"] if options["pipeline"] is not None else "none"
    chosen = chosen_of(pipeline, options["passes"], options["skip"])
    if options["as_json"]:
        _put_json(opt_tables.pipeline_as_object(chosen))
    else:
        draw(report, lambda out: opt_tables.show_pipeline(chosen, out))


def _list(report: Report, options: dict[str, Any]) -> None:
    from milc.cli import opt_tables
    from milc.diagnostics.gathered import Gathered
    from milc.driver.passes_reference import listing

    gathered = Gathered()
    lines = listing(gathered)
    report.stdout_is_taken = True
    report.add(gathered.found)
    if options["as_json"]:
        _put_json([line.as_object() for line in lines])
    else:
        draw(report, lambda out: opt_tables.show_list(lines, out))


def _put_json(found: object) -> None:
    import json

    put(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


class _Reproducer:
    """Saves the program as it was if what is done with it fails."""

    def __init__(self, model: Model, given: str | Text, options: dict[str, Any]) -> None:
        self._file: str | None = options["reproducer"]
        self._options = options
        self._given = given
        self._text = ""
        if self._file is not None:
            from milc.driver.decompiling import to_text

            self._text = to_text(model)

    def __enter__(self) -> None:
        """Nothing; the text is kept already."""

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        from milc.diagnostics import MilError

        if self._file is None or not isinstance(error, MilError):
            return
        if not any(each.code in ("MIL0945", "MIL0946", "MIL0947") for each in error.diagnostics):
            return
        from milc.driver.rewriting import write_reproducer

        options = dict(self._options)
        pipeline = options["pipeline"] or ""
        if pipeline.endswith(".toml"):
            options["pipeline"] = os.path.splitext(self._file)[0] + ".toml"
        command = self._command(options)
        try:
            write_reproducer(
                self._file, self._text, command, self._given, weights=options["weights"],
                pipeline=(pipeline, options["pipeline"]) if pipeline.endswith(".toml") else None,
            )  # fmt: skip
        except MilError as failure:
            error.diagnostics += failure.diagnostics
            return
        for finding in error.diagnostics:
            finding.notes = (*finding.notes, f"saved as {self._file}; {command} does it again")

    def _command(self, options: dict[str, Any]) -> str:
        """The command that does it again."""
        import shlex

        words = ["milc", "opt", str(self._file), "--no-config", "--verify-each"]
        for name in ("pipeline", "passes", "skip", "load"):
            held = options.get(name) or ()
            for each in [held] if isinstance(held, str) else held:
                words += [f"--{name}", each]
        words += ["--check"] if options["check"] else []
        return shlex.join(words)
