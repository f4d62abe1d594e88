"""How a run says what it found: --format, --color, and the exit status.

Findings are gathered and shown once, at the end, so that they come in the order of their text and
JSON is one array. Imports click; the renderers are loaded when there is something to show.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable
from io import StringIO
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console

    from milc.diagnostics import Diagnostic, MilError

OK, FOUND, COULD_NOT_RUN = 0, 1, 2
"""The exit statuses."""

MOST_SHOWN = 100
"""As many findings are shown to a person; a program gets all."""

FORMATS = ("text", "json", "github", "sarif", "line")
"""What --format takes; a test compares it with the writers that there are."""

_F = TypeVar("_F", bound=Callable[..., Any])


class Report:
    """What one run found, and how it is to be shown."""

    def __init__(self) -> None:
        self.format = "text"
        self.color: Literal["auto", "always", "never"] = "auto"
        self.found: list[Diagnostic] = []
        self.last = ""
        """A line to end with, for people: what came of the run."""
        self.stdout_is_taken = False
        """Whether stdout carries what the verb makes; findings for programs then go to stderr."""

    @property
    def for_people(self) -> bool:
        """Whether a person reads the findings."""
        return self.format == "text"

    def add(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Note what was found."""
        self.found += diagnostics

    def add_error(self, error: Exception) -> None:
        """Note what an exception says: the findings of a MilError, or a fault of milc itself."""
        from milc.diagnostics import MilError

        if isinstance(error, OSError) and error.filename is None:
            # About no file, so about what click printed.
            error = stdout_failed(error)
        if isinstance(error, MilError):
            self.add(error.diagnostics)
        else:
            from milc.cli.crash import internal_error

            self.add([internal_error(error)])

    def finish(self) -> int:
        """Show all that was found; the exit status that follows from it."""
        if self.for_people:
            self._show_text()
            if self.last:
                self.say(self.last)
        else:
            from milc.diagnostics import in_text_order
            from milc.diagnostics.machine import WRITERS

            text = WRITERS[self.format](in_text_order(self.found))
            if self.stdout_is_taken:
                sys.stderr.write(text)
            else:
                self._put(text)
        if any(finding.could_not_run for finding in self.found):
            return COULD_NOT_RUN
        return FOUND if any(f.severity == "error" for f in self.found) else OK

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
        render(self.found, console(sys.stderr, color=self.color), max=MOST_SHOWN)


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


def coloured(command: _F) -> _F:
    """Give a verb the option --color."""
    return click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        expose_value=False,
        callback=_keep,
        help="Colour what is shown; `auto` does on a terminal, unless NO_COLOR is set.",
    )(command)


def reporting(command: _F) -> _F:
    """Give a verb the options --format and --color."""
    return click.option(
        "--format",
        type=click.Choice(FORMATS),
        default="text",
        expose_value=False,
        callback=_keep,
        help="How findings are written: `text` for people on stderr, the others for programs on "
        "stdout.",
    )(coloured(command))


def _keep(ctx: click.Context, param: click.Parameter, value: str) -> None:
    if param.name is not None:
        setattr(ctx.find_object(Report), param.name, value)
