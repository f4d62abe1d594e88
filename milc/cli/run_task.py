"""One call of `milc run`: who watches the run, and what is written when it is over."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from milc.cli.given import given_by

if TYPE_CHECKING:
    from milc.driver.results import Row
    from milc.driver.running import Running
    from milc.ir.nodes import Value


class Task:
    """What the options of one call ask for; `rows` is what came of it, when it has run."""

    def __init__(self, running: Running, options: dict[str, Any]) -> None:
        from milc.driver.dumping import Kept
        from milc.driver.running import check_states

        self.running = running
        self.options = options
        self.rows: list[Row] = []
        self.staged: dict[str, Path] = {}
        self.title = running.function.name
        self.state = self._state()
        if options["save_state"]:
            check_states(running)
        self.kept = Kept(running.function, options["dump"])
        self.saves = _saves(options["save"], running)
        if options["output"] and options["output"].endswith(".npy"):
            self._must_be_one()
        self.before = self._ranges_before()
        self._watch()

    def _must_be_one(self) -> None:
        """Refuse an -o that is a .npy where there is more than one array."""
        outputs = self.running.function.outputs
        if len(outputs) != 1:
            message = f"a .npy holds one array, and {self.title} has {len(outputs)} outputs."
            raise click.BadParameter(message, param_hint="'-o'")
        _must_be_array(self.running, outputs[0], "'-o'")

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
            self._stage(stack)
            if self.options["dump_all"]:
                self._dump(stack)
            if self.options["sets"]:
                self._run_sets(stack)
            else:
                self._run_once()
            self._write_ranges()

    def _stage(self, stack: ExitStack) -> None:
        """Make sure, before much is computed, that what is asked for can be written."""
        from milc.diagnostics.staging import staged_file

        options = self.options
        asked = [options["save_state"], options["ranges"], *(file for _, file in self.saves)]
        asked += [] if options["sets"] else [options["output"]]
        self.staged = {
            path: stack.enter_context(staged_file(path)) for path in dict.fromkeys(asked) if path
        }

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
        if self.trace is not None and steps > 1:
            self.trace.counts = True
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

        images, options = self._images(outputs), self.options
        path, held = options["output"], {**outputs, **self.kept.found}
        if path and path.endswith(".npy"):
            self._put(path, write_npy, next(iter(held.values())))
        elif path:
            self._put(path, write_npz, held)
        for name, file in self.saves:
            if file in images:
                self._put(file, write_image, images[file], Path(file).suffix)
            else:
                self._put(file, write_npy, outputs[name])
        if options["save_state"]:
            self._put(options["save_state"], write_npz, self.state)

    def _put(self, path: str, write: Callable[..., None], *held: Any) -> None:
        """Write to what is staged for a path."""
        from milc.diagnostics.files import cannot_write

        try:
            write(self.staged[path], *held)
        except OSError as error:
            raise cannot_write(error, path) from None

    def _images(self, outputs: dict[str, Any]) -> dict[str, Any]:
        """The pixels of the outputs to be saved as images, by file."""
        from milc.driver.images import color_of, drawn

        colors = self.running.colors
        return {
            file: drawn(file, outputs[name], colors.get(name) or color_of(outputs[name]))
            for name, file in self.saves
            if not file.lower().endswith(".npy")
        }

    def _write_ranges(self) -> None:
        if self.ranges is not None:
            from milc.driver.ranging import joined, write_ranges

            held = self.ranges.as_object()
            held = joined(self.before, held) if self.before else held
            self._put(self.options["ranges"], write_ranges, held)

    def as_object(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        rows = [row.as_object() for row in self.rows]
        found: dict[str, Any] = {"function": self.running.function.name, "values": rows}
        if self.profile is not None:
            found["profile"] = self.profile.as_object()
        return found


def _must_be_array(running: Running, value: Value, option: str) -> None:
    """Refuse to write as one array what is a dict or a list."""
    from milc.ir.types import TensorType

    type = running.run.evaluator.type_of(value)
    if not isinstance(type, TensorType):
        message = f"{value.name} is a {type!r}, which is no array; -o OUT.npz writes it."
        raise click.BadParameter(message, param_hint=option)


def _saves(texts: tuple[str, ...], running: Running) -> list[tuple[str, str]]:
    """The outputs to write, with their files. Raises MilError (MIL0917) for another name."""
    from milc.driver.images import SUFFIXES, pillow

    outputs = {value.name: value for value in running.function.outputs}
    found = []
    for text in texts:
        name, file = _named(text, running, list(outputs))
        suffix = Path(file).suffix.lower()
        if suffix not in (".npy", *SUFFIXES):
            message = f"{file!r} ends in none of .npy, {', '.join(SUFFIXES)}."
            raise click.BadParameter(message, param_hint="'--save'")
        _must_be_array(running, outputs[name], "'--save'")
        if suffix in SUFFIXES:
            pillow("written")  # before much is computed
        found.append((name, file))
    return found


def _named(text: str, running: Running, names: list[str]) -> tuple[str, str]:
    """The output of a text NAME=FILE, whose name may hold `=` too, and the file."""
    from milc.diagnostics import Diagnostic, MilError
    from milc.diagnostics.prose import nearest

    name = max((name for name in names if text.startswith(f"{name}=")), key=len, default="")
    if name and text != f"{name}=":
        return name, text[len(name) + 1 :]
    name = name or text.partition("=")[0]
    if name in names:
        message = f"{text!r} names no file: {name}={name}.npy?"
        raise click.BadParameter(message, param_hint="'--save'")
    near = nearest(name, names)
    listed = ", ".join(f"`{each}`" for each in names)
    help = f"did you mean `{near}`?" if near else f"its outputs are {listed}"
    message = f"{running.function.name} has no output `{name}`"
    raise MilError(Diagnostic("MIL0917", message, path=running.run.path, help=help))
