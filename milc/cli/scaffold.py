"""`milc scaffold`: a small program around an op."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from milc.cli.options import checked_output
from milc.cli.report import OK, Report, draw, put, reporting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from milc.driver.scaffolding import Setting


def _named(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> list[tuple[str, str]]:
    """The values of an option that is given as NAME=VALUE any number of times, in their order."""
    found = []
    for value in values:
        name, sign, rest = value.partition("=")
        if not name.strip() or not sign:
            raise click.BadParameter(f"{value!r} is not of the form NAME=VALUE.", ctx, param)
        found.append((name.strip(), rest))
    return found


@click.command(
    epilog="""\
\b
What can be set:
  x=1x3x32x32       the shape of an input or a weight, ? for an unknown length
  x=fp16            its element type
  x='tensor<fp16, [1, 8]>'    both
  axis=-1           the value of any other argument
  mode=EXACT        a string, with or without its quotes
  strides=2x2       a vector of whole numbers, as well as [2, 2] or just 2
  y=0.5             a constant in place of an input
  bias=             nothing: an optional argument is left out
  kernel=3x3        of convolutions and pools: the size of the window
What is not set follows where a rule asks for it: weights get the channels
of their input.

\b
Examples:
  milc scaffold conv
  milc scaffold conv --opset ios18 --set kernel=5 --set x=1x3x32x32
  milc scaffold softmax --set x=fp16 --set axis=0 -o softmax.mil
  milc scaffold topk --list        what can be set, and what it is at first
"""
)
@click.argument("op", metavar="OP")
@click.option(
    "--opset",
    metavar="TAG",
    help="The opset of the program, such as ios17; by default that which brought the newest "
    "definition of OP.",
)
@click.option(
    "--set",
    "wishes",
    metavar="NAME=VALUE",
    callback=_named,
    multiple=True,
    help="Change a type, a shape or a constant; may be given several times.",
)
@click.option("--list", "as_list", is_flag=True, help="List what can be set of OP.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Write a .mil file instead of printing; an earlier one is replaced.",
)
@reporting
@click.pass_obj
def command(
    report: Report,
    op: str,
    opset: str | None,
    wishes: list[tuple[str, str]],
    as_list: bool,
    output: str | None,
) -> int:
    """Print a small program around OP: the start of a test that is written by hand.

    The program is the example of the op's page, changed as --set says, with weights, types and
    defaults written out. It verifies and compiles; if the changes break a rule, the findings show
    the program and nothing is written.
    """
    report.stdout_is_taken = True
    target = checked_output(output, op, (".mil",)) if output is not None else None
    from milc.driver.scaffolding import scaffold_text, settings

    if as_list:
        found = settings(op, opset)
        draw(report, lambda out: _table(out, found))
        return OK
    text = scaffold_text(op, opset, wishes)
    if target is None:
        put(text)
        return OK
    from milc.diagnostics.staging import staged_file

    with staged_file(target) as staged:
        staged.write_bytes(text.encode())
    return OK


def _table(out: Console, settings: Iterable[Setting]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title, wraps in (("name", False), ("takes", True), ("at first", True)):
        table.add_column(title, no_wrap=not wraps)
    for setting in settings:
        table.add_row(*map(Text, setting))
    out.print(table)
