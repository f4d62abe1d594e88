"""`milc fmt`: MIL files in the house style. Imports no numpy, protobuf, rich or opset."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from milc.cli.options import STDIN, style_option
from milc.cli.report import FOUND, OK, Report, put, reporting

if TYPE_CHECKING:
    from milc.driver.formatting import Formatted
    from milc.syntax.print import Style


@click.command(
    epilog="""\
\b
Exit status: 0 all is well · 1 a file has errors, or would change with
--check or --diff · 2 a file could not be read or written.

\b
Examples:
  milc fmt model.mil          write the file anew
  milc fmt --check .          name the files that would change, for CI
  milc fmt --diff model.mil   show what would change
  milc fmt - <model.mil       format standard input, for editors
"""
)
@click.argument("paths", metavar="PATH…", nargs=-1, required=True)
@click.option("--check", is_flag=True, help="Write nothing; name the files that would change.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
@click.option(
    "--infer",
    is_flag=True,
    help="First write out what definitions of ops tell: types left open, as `_`, and defaults.",
)
@style_option
@click.option(
    "--stdin-filename",
    metavar="NAME",
    default="<stdin>",
    help="What messages call the text of standard input.",
)
@click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
@reporting
@click.pass_obj
def command(
    report: Report,
    paths: tuple[str, ...],
    check: bool,
    diff: bool,
    infer: bool,
    style: Style,
    stdin_filename: str,
    quiet: bool,
) -> int:
    """Lay MIL text out in the house style.

    PATH is a file, a folder, which is searched for *.mil, or `-` for standard input. Order,
    meaning and comments stay; each result is read again and compared before a file is replaced.
    A file with a syntax error is left as it is and reported, and the others are still done.
    """
    if STDIN in paths:
        if len(paths) > 1:
            raise click.UsageError("`-` is standard input, and stands alone.")
        return _standard_input(report, stdin_filename, check, diff, style, infer)
    return _Run(report, check, diff, quiet, style, infer).files(paths)


def _standard_input(
    report: Report, name: str, check: bool, diff: bool, style: Style, infer: bool
) -> int:
    from milc.driver.formatting import Formatted

    report.stdout_is_taken = not check or diff
    text = Formatted(sys.stdin.buffer.read(), name, style, infer=infer)
    if diff:
        put(text.diff())
    elif not check:
        put(text.after)
    _note(report, text, check or diff)
    return FOUND if text.changed and (check or diff) else OK


class _Run:
    """One run over files; counts what became of them."""

    def __init__(
        self, report: Report, check: bool, diff: bool, quiet: bool, style: Style, infer: bool
    ) -> None:
        self.report = report
        self.dry = check or diff
        self.diff = diff
        self.quiet = quiet
        self.style = style
        self.infer = infer
        self.changed = self.unchanged = self.failed = 0
        report.stdout_is_taken = diff

    def files(self, paths: tuple[str, ...]) -> int:
        """Do every file; the exit status as far as no error decides it."""
        from milc.cli.activity import Activity
        from milc.driver.searching import texts_below

        with Activity(self.report.color) as activity:
            for path in texts_below(paths):
                activity.phase(path)
                self.file(path)
        if not self.quiet:
            self.report.last = self.summary()
        return FOUND if self.dry and self.changed else OK

    def file(self, path: str) -> None:
        """Do one file, and note what is wrong with it."""
        from milc.diagnostics import MilError
        from milc.driver.formatting import format_file

        try:
            text = format_file(path, self.style, infer=self.infer)
            if text.changed:
                self.change(text)
            else:
                self.unchanged += 1
        except MilError as error:
            self.failed += 1
            self.report.add(error.diagnostics)

    def change(self, text: Formatted) -> None:
        """Write a file that changed, or say that it would."""
        if self.diff:
            put(text.diff())
        if not self.dry:
            text.write()
        if not self.quiet:
            self.report.say(f"{'would reformat' if self.dry else 'reformatted'} {text.path}")
        self.changed += 1
        _note(self.report, text, self.dry)

    def summary(self) -> str:
        """What came of the run, counted."""
        from milc.diagnostics.prose import many

        would = "would be " if self.dry else ""
        counted = (
            (self.changed, f"{would}reformatted"),
            (self.unchanged, f"{would}left unchanged"),
            (self.failed, "with errors"),
        )
        parts = [f"{many(count, 'file')} {what}" for count, what in counted if count]
        return ", ".join(parts) or "no .mil files found"


def _note(report: Report, text: Formatted, dry: bool) -> None:
    """What a program, and what a person, should know about a text."""
    report.add(text.lost())
    if dry and text.changed and not report.for_people:
        report.add([text.finding()])
