"""`milc run`: what a model computes."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from milc.cli.activity import Activity
from milc.cli.given import given_by, inputs_options
from milc.cli.options import read_source, weights_option
from milc.cli.report import OK, Report, draw, put, reporting

if TYPE_CHECKING:
    from milc.driver.results import Row
    from milc.driver.running import Running


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
    from milc.driver.loading import load
    from milc.driver.running import Running

    with Activity(report.color) as activity:
        activity.phase("reading")
        model = load(read_source(source), weights=weights)
        activity.phase("getting ready")
        running = Running(
            model, function=options["function"], seed=options["seed"], progress=activity
        )
        task = _Task(running, options)
        task.run()
    if as_json:
        import json

        put(json.dumps(task.as_object(), indent=2, ensure_ascii=False) + "\n")
    else:
        from milc.cli.run_tables import show

        draw(report, lambda out: show(task.rows, task.title, task.profile, out))
    report.add(model.notes)
    if task.trace is not None:
        found = task.trace.findings(running.run)
        report.add(found)
        report.last = "" if found else "every result is finite and in the range of fp16"
    return OK


class _Task:
    """One call of `milc run`: who watches, and what is written in the end."""

    def __init__(self, running: Running, options: dict[str, Any]) -> None:
        from milc.driver.dumping import Kept
        from milc.driver.running import check_states

        self.running = running
        self.options = options
        self.rows: list[Row] = []
        self.title = running.function.name
        self.state = self._state()
        if options["save_state"]:
            check_states(running)
        self.kept = Kept(running.function, options["dump"])
        self.saves = _saves(options["save"], running)
        out, count = options["output"], len(running.function.outputs)
        if out and out.endswith(".npy") and count != 1:
            message = f"a .npy holds one array, and {running.function.name} has {count} outputs."
            raise click.BadParameter(message, param_hint="'-o'")
        self.before = self._ranges_before()
        self._watch()

    def _state(self) -> dict[str, Any]:
        if not self.options["state"]:
            return {}
        from milc.driver.arrays import read_npz

        return dict(read_npz(self.options["state"]))

    def _ranges_before(self) -> dict[str, Any] | None:
        path = self.options["ranges"]
        if not path or not self.options["merge"] or not os.path.exists(path):
            return None
        from milc.driver.ranging import read_ranges

        return read_ranges(path, self.running.function.name)

    def _watch(self) -> None:
        """Have those watch who are asked for."""
        from milc.driver.profiling import Profile
        from milc.driver.ranging import Ranges
        from milc.driver.tracing import Trace

        options, name = self.options, self.running.function.name
        self.trace = Trace() if options["trace"] else None
        self.profile = Profile() if options["profile"] else None
        self.ranges = Ranges(name) if options["ranges"] else None
        kept = self.kept if options["dump"] else None
        asked = (self.trace, self.profile, self.ranges, kept)
        self.running.watchers += [watcher for watcher in asked if watcher is not None]

    def run(self) -> None:
        """Run, and write what is asked for once all has run."""
        with ExitStack() as stack:
            if self.options["dump_all"]:
                self._dump(stack)
            if self.options["sets"]:
                self._run_sets(stack)
            else:
                self._run_once()
        self._write_rest()

    def _dump(self, stack: ExitStack) -> None:
        from milc.diagnostics.staging import staged_folder
        from milc.driver.dumping import Dump, is_dump

        folder = stack.enter_context(staged_folder(self.options["dump_all"], is_dump))
        dump = Dump(folder)
        stack.callback(dump.end)
        self.running.watchers.append(dump)

    def _run_once(self) -> None:
        running, options = self.running, self.options
        given, steps = given_by(options, running.function, running.wanted, running.run.path)
        outputs = running(given, steps, self.state)
        self.title += f"  step {steps:,}" if steps > 1 else ""
        self.rows = running.rows(outputs, self.state, self.kept.found)
        self._write(outputs)

    def _run_sets(self, stack: ExitStack) -> None:
        """Run once for each file of inputs, from the same state each time."""
        from milc.diagnostics import MilError
        from milc.diagnostics.staging import staged_folder
        from milc.driver.sets import files, names

        found, out = files(self.options["sets"]), self.options["output"]
        folder = stack.enter_context(staged_folder(out)) if out else None
        for path, name in zip(found, names(found), strict=True):
            try:
                self._run_set(path, folder / name if folder is not None else None)
            except MilError as error:
                for finding in error.diagnostics:
                    finding.notes += (f"this is with the inputs of {path}",)
                raise
        self.title += f"  over {len(found):,} files" if len(found) > 1 else ""

    def _run_set(self, path: str, target: Path | None) -> None:
        """Run on the inputs of a file."""
        from milc.driver.arrays import read_npz, write_npz
        from milc.driver.results import merged

        running, arrays = self.running, dict(read_npz(path))
        given, steps = given_by(
            self.options, running.function, running.wanted, running.run.path, arrays
        )
        if self.trace is not None:
            self.trace.when = path
        state = dict(self.state)
        outputs = running(given, steps, state, path)
        rows = running.rows(outputs, state, self.kept.found)
        self.rows = merged(self.rows, rows) if self.rows else rows
        if target is not None:
            write_npz(target, {**outputs, **self.kept.found})

    def _write(self, outputs: dict[str, Any]) -> None:
        """Write the outputs of the only run, and its states."""
        from milc.driver.arrays import write_npy, write_npz
        from milc.driver.images import write_image

        images = self._images(outputs)
        path = self.options["output"]
        held = {**outputs, **self.kept.found}
        if path and path.endswith(".npy"):
            write_npy(path, next(iter(held.values())))
        elif path:
            write_npz(path, held)
        for file, array in images.items():
            write_image(file, array)
        for name, file in self.saves:
            if file not in images:
                write_npy(file, outputs[name])
        if self.options["save_state"]:
            write_npz(self.options["save_state"], self.state)

    def _images(self, outputs: dict[str, Any]) -> dict[str, Any]:
        """The pixels of the outputs to be saved as images, by file."""
        from milc.driver.images import color_of, drawn

        colors = self.running.colors
        return {
            file: drawn(file, outputs[name], colors.get(name) or color_of(outputs[name]))
            for name, file in self.saves
            if not file.endswith(".npy")
        }

    def _write_rest(self) -> None:
        if self.ranges is not None:
            from milc.driver.ranging import joined, write_ranges

            held = self.ranges.as_object()
            write_ranges(self.options["ranges"], joined(self.before, held) if self.before else held)

    def as_object(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        rows = [row.as_object() for row in self.rows]
        found: dict[str, Any] = {"function": self.running.function.name, "values": rows}
        if self.profile is not None:
            found["profile"] = self.profile.as_object()
        return found


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
    if out and out.endswith(".npy") and options["dump"]:
        raise click.BadParameter(
            "a .npy holds one array; with --dump it is a .npz", param_hint="'-o'"
        )


def _saves(texts: tuple[str, ...], running: Running) -> list[tuple[str, str]]:
    """The outputs to write, with their files. Raises MilError (MIL0917) for another name."""
    from milc.diagnostics import Diagnostic, MilError
    from milc.diagnostics.prose import nearest
    from milc.driver.images import SUFFIXES, pillow

    names = [value.name for value in running.function.outputs]
    found = []
    for text in texts:
        known = [name for name in names if text.startswith(f"{name}=")]
        name, _, file = text.partition("=")
        if known:
            name = max(known, key=len)
            file = text[len(name) + 1 :]
        if name not in names or not file:
            near = nearest(name, names)
            listed = ", ".join(f"`{each}`" for each in names)
            help = f"did you mean `{near}`?" if near else f"its outputs are {listed}"
            message = f"{running.function.name} has no output `{name}`"
            raise MilError(Diagnostic("MIL0917", message, path=running.run.path, help=help))
        suffix = Path(file).suffix.lower()
        if suffix not in (".npy", *SUFFIXES):
            message = f"{file!r} ends in none of .npy, {', '.join(SUFFIXES)}."
            raise click.BadParameter(message, param_hint="'--save'")
        if suffix in SUFFIXES:
            pillow("written")  # before much is computed
        found.append((name, file))
    return found
