"""How a run says what it found: --format, --color, and the exit status.

Findings are gathered and shown once, at the end, so that they come in the order of their text and
JSON is one array. Imports click; the renderers are loaded when there is something to show.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Callable, Iterable
from io import StringIO
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import click

if TYPE_CHECKING:
    from rich.console import Console

    from milc.diagnostics import Diagnostic, MilError
    from milc.driver.choosing import Choice

OK, FOUND, COULD_NOT_RUN = 0, 1, 2
"""The exit statuses."""

MOST_SHOWN = 100
"""As many findings are shown to a person, unless it is said otherwise; a program gets all."""

FORMATS = ("text", "json", "github", "sarif", "line")
"""What --format takes; a test compares it with the writers that there are."""

_F = TypeVar("_F", bound=Callable[..., Any])


class Report:
    """What one run found, and how it is to be shown."""

    def __init__(self) -> None:
        self.format = "text"
        self.color: Literal["auto", "always", "never"] = "auto"
        self.found: list[Diagnostic] = []
        self.most: int | None = None
        """As many findings are shown, 0: all; None: as many as suits who reads them."""
        self.choice: Choice | None = None
        """What the project's settings choose among the findings."""
        self.settled = False
        """Whether it is decided what settings there are."""
        self.settings_fault: MilError | None = None
        """What is wrong with them."""
        self.last = ""
        """A line to end with, for people: what came of the run."""
        self.can_show_more = False
        """Whether the verb has the option --max-errors."""
        self.stdout_is_taken = False
        """Whether stdout carries what the verb makes; findings for programs then go to stderr."""

    @property
    def for_people(self) -> bool:
        """Whether a person reads the findings."""
        return self.format == "text"

    def add(self, diagnostics: Iterable[Diagnostic], chosen: bool = False) -> None:
        """Note what was found, as the settings choose, unless that was `chosen` before."""
        found = list(diagnostics)
        self.found += found if self.choice is None or chosen else self.choice.of(found)

    def choose(self, found: list[Diagnostic]) -> list[Diagnostic]:
        """What settings make of findings before a model is written."""
        return found if self.choice is None else self.choice.of(found, writing=True)

    def add_error(self, error: Exception) -> None:
        """Note what an exception says: the findings of a MilError, or a fault of milc itself."""
        from milc.diagnostics import MilError

        if isinstance(error, OSError) and error.filename is None:
            # About no file, so about what click printed.
            error = stdout_failed(error)
        if isinstance(error, MilError):
            self.add(error.diagnostics)
            if error.__cause__ is not None:
                from milc.cli.crash import show_traceback

                show_traceback(error.__cause__)
        else:
            from milc.cli.crash import internal_error

            self.add([internal_error(error)])

    def finish(self) -> int:
        """Show all that was found; the exit status that follows from it."""
        if self.for_people:
            self._show_text()
        else:
            self._show_to_program()
        self._say_what_is_hidden()
        if self.last:
            self.say(self.last)
        if any(finding.could_not_run for finding in self.found):
            return COULD_NOT_RUN
        return FOUND if any(f.severity == "error" for f in self.found) else OK

    @property
    def _limit(self) -> int:
        """As many findings are shown at most; 0: all."""
        if self.most is not None:
            return self.most
        return MOST_SHOWN if self.for_people else 0

    def _show_to_program(self) -> None:
        from milc.diagnostics import gravest, in_text_order
        from milc.diagnostics.machine import WRITERS

        shown = gravest(self.found, self._limit) if self._limit else in_text_order(self.found)
        text = WRITERS[self.format](shown)
        if self.stdout_is_taken:
            sys.stderr.write(text)
        else:
            self._put(text)

    def _say_what_is_hidden(self) -> None:
        hidden = len(self.found) - self._limit
        if self._limit and hidden > 0:
            option = "; --max-errors 0 shows all" if self.can_show_more else ""
            click.echo(f"{hidden:,} more not shown{option}", err=True)

    def _put(self, text: str) -> None:
        try:
            put(text)
        except Exception:
            self.format = "text"  # whoever was to read it does not; perhaps a person does
            raise

    def say(self, text: str) -> None:
        """A line about the run itself, on stderr; nothing where a program reads along."""
        if self.for_people:
            click.echo(text, err=True)

    def _show_text(self) -> None:
        if not self.found:
            return
        from milc.diagnostics.render import console, render

        sys.stdout.flush()
        render(self.found, console(sys.stderr, color=self.color), max=self._limit or None)


def put(text: str) -> None:
    """Write what a verb makes to stdout, as UTF-8 and with line breaks as they are.

    Raises MilError (MIL0010 to MIL0012) if that fails, BrokenPipeError if nobody reads it.
    """
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise stdout_failed(error) from None


def stdout_failed(error: OSError) -> MilError:
    """The failure to write to stdout."""
    from milc.diagnostics.files import cannot_write

    discard_stdout()
    return cannot_write(error, "<stdout>")


def discard_stdout() -> None:
    """Send what is, and will be, written to stdout nowhere.

    What is buffered and cannot be written would fail once more when the interpreter ends.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def draw(report: Report, show: Callable[[Console], object]) -> None:
    """Let `show` write to a console as wide and colourful as stdout, and put that out.

    Raises MilError as `put`.
    """
    from milc.diagnostics.render import console

    stdout = console(sys.stdout, color=report.color)
    text = StringIO()
    show(console(text, stdout.width, "never" if stdout.color_system is None else "always"))
    # rich fills every line of a table up to its width.
    put(re.sub(r"(?m) +((?:\x1b\[0m)?)$", r"\1", text.getvalue()))


def settled(command: _F) -> _F:
    """Give a verb the options --config and --no-config, and the settings to its other options."""
    from milc.cli.settings import take

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> Any:
        report = click.get_current_context().find_object(Report)
        if report is not None and report.settings_fault is not None:
            raise report.settings_fault
        return command(*args, **options)

    config = click.option(
        "--config",
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=take,
        help="Take settings from this TOML file, and not from the nearest milc.toml or "
        "pyproject.toml.",
    )
    without = click.option(
        "--no-config",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_take_none,
        help="Take no settings.",
    )
    return cast(_F, config(without(run)))


def coloured(command: _F) -> _F:
    """Give a verb the option --color, and settings."""
    return click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        expose_value=False,
        callback=_keep,
        help="Colour what is shown; `auto` does on a terminal, unless NO_COLOR is set.",
    )(settled(command))


def reporting(command: _F) -> _F:
    """Give a verb the options --format and --color, and settings."""
    return click.option(
        "--format",
        type=click.Choice(FORMATS),
        default="text",
        expose_value=False,
        callback=_keep,
        help="How findings are written: `text` for people on stderr, the others for programs on "
        "stdout.",
    )(coloured(command))


def limited(command: _F) -> _F:
    """Give a verb the option --max-errors."""
    return click.option(
        "--max-errors",
        type=click.INT,
        metavar="N",
        expose_value=False,
        callback=_limit,
        help="Show at most N findings, the gravest of them; 0: all. By default 100 for people, and "
        "all for programs.",
    )(command)


def _keep(ctx: click.Context, param: click.Parameter, value: str) -> None:
    if param.name is not None:
        setattr(ctx.find_object(Report), param.name, value)


def _limit(ctx: click.Context, param: click.Parameter, value: int | None) -> None:
    report = ctx.find_object(Report)
    if value is not None and value < 0:
        raise click.BadParameter(f"{value} is less than 0.", ctx, param)
    if report is not None:
        report.most, report.can_show_more = value, True


def _take_none(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    report = ctx.find_object(Report)
    if report is not None and value:
        if report.settled:
            raise click.UsageError("--config and --no-config exclude each other.", ctx)
        report.settled = True
