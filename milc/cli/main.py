"""The command `milc`: finds the verb, runs it, and turns whatever happens into an exit status.

A verb's module is imported when the verb is called, so that none waits for what another needs.
Imports click and this room's frame; never a verb.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from milc.cli.report import COULD_NOT_RUN, Report, discard_stdout
from milc.version import __version__

VERBS = {
    "compile": "Make a package of MIL text, a compiled model or a package.",
    "decompile": "Print a model as MIL text, or lay it out as a folder.",
    "fmt": "Lay MIL text out in the house style.",
    "verify": "Say what is wrong with text, packages and compiled models.",
    "info": "Show what a model takes, gives and holds.",
    "run": "Run a model, and show what it gives.",
    "compare": "Run two models on the same inputs, and compare what they give.",
    "opt": "Leave a smaller, faster program that computes the same.",
    "explain": "Explain a diagnostic code, or a message of Apple's tools.",
    "ops": "List the ops of Core ML's opsets, or show what one does.",
    "scaffold": "Print a small program around an op.",
}
"""Every verb with its line in `milc --help`; its module is that name in this room."""

INTERRUPTED, BROKEN_PIPE = 130, 141
"""The exit statuses of a process that SIGINT or SIGPIPE ended."""

COLLECTIONS = (50_000, 10, 10)
"""gc's thresholds: 15 % less time for `milc compile` of 2,000 ops than by Python's own."""

EPILOG = """\
\b
Exit status: 0 nothing is wrong · 1 something is wrong with an input ·
2 milc could not run: wrong options, or files it cannot read or write.

\b
Examples:
  milc compile model.mil -o Model.mlpackage
  milc decompile Model.mlpackage -o model/
  milc fmt --check .
"""


class Verbs(click.Group):
    """The verbs, loaded one by one; and the end of every run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        found = import_module(f"milc.cli.{cmd_name}").command
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # click would load every verb for the sake of its help.
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name in VERBS or name.startswith("-"):
            return super().resolve_command(ctx, args)
        from difflib import get_close_matches

        near = get_close_matches(name, VERBS, 1) or [v for v in VERBS if v.startswith(name)]
        if near:
            raise click.UsageError(f"No such verb {name!r}. Did you mean {near[0]!r}?", ctx)
        hint = f" To compile it: milc compile {name} -o …" if os.path.exists(name) else ""
        raise click.UsageError(f"No such verb {name!r}.{hint}", ctx)

    def invoke(self, ctx: click.Context) -> NoReturn:
        report = ctx.obj = Report()
        status = 0
        try:
            status = super().invoke(ctx) or 0
            status = max(status, report.finish())
            sys.stdout.flush()
        except (click.ClickException, click.exceptions.Exit):
            raise
        except Exception as error:
            status = _failed(error, report)
        except KeyboardInterrupt:
            click.echo("milc: interrupted", err=True)
            status = INTERRUPTED
        ctx.exit(status)


def _failed(error: Exception, report: Report) -> int:
    """Show what ended a verb early; the exit status."""
    if isinstance(error, MemoryError):
        # Its frames hold what was too much, and saying so takes some memory too.
        error.__traceback__ = error.__context__ = None
        gc.collect()
    if not isinstance(error, BrokenPipeError):
        report.add_error(error)
    try:
        if not isinstance(error, BrokenPipeError):
            status = report.finish()
            sys.stdout.flush()
            return status
    except BrokenPipeError:
        pass
    discard_stdout()  # whoever read our output has gone
    return BROKEN_PIPE


@click.group(
    cls=Verbs,
    epilog=EPILOG,
    subcommand_metavar="VERB …",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", message="milc %(version)s")
def verbs() -> None:
    """Compile Core ML's MIL text to .mlpackage and back.

    `milc VERB --help` tells more about each verb.
    """


def _open_closed_streams() -> None:
    """Let nothing come from, or go to, a standard stream that whoever started us has closed."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def main(args: list[str] | None = None) -> Any:
    """Run the command line; ends the process."""
    # A run builds one graph of objects and keeps it, so collections find little and walk far; the
    # one at the end of the interpreter would find what the system takes back anyway.
    gc.set_threshold(*COLLECTIONS)
    _open_closed_streams()
    try:
        return verbs.main(args, prog_name="milc")
    except OSError as error:
        # Whatever a verb meets ends there, so this is about what click itself prints.
        sys.stderr.write(f"milc: standard output cannot be written: {error.strerror}\n")
        discard_stdout()
        sys.exit(COULD_NOT_RUN)
    finally:
        gc.freeze()
