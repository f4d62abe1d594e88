"""`milc ops`: the opsets as a reference."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import click

from milc.cli.report import OK, Report, coloured, draw, put

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from milc.driver.reference import Line, Step

BESIDE: Final = 26
"""The column at which a list says what an op does."""


@click.command(
    epilog="""\
\b
Examples:
  milc ops                       every op, and what it does
  milc ops conv                  the page of one
  milc ops --word pool           those that speak of a word
  milc ops --family activation --opset ios16
  milc ops --diff ios16 ios17    what an opset changed
  milc ops --json                all of it, for programs
"""
)
@click.argument("names", metavar="[NAME]…", nargs=-1)
@click.option(
    "--opset", metavar="TAG", help="As this opset has it, such as ios16; the newest else."
)
@click.option("--family", metavar="FAMILY", default="", help="List those of a family.")
@click.option("--word", metavar="WORD", default="", help="List those whose page holds a word.")
@click.option(
    "--diff", nargs=2, metavar="OLD NEW", help="Say what the opsets above OLD up to NEW changed."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as docs/cli.md describes it.")
@coloured
@click.pass_obj
def command(
    report: Report,
    names: tuple[str, ...],
    opset: str | None,
    family: str,
    word: str,
    diff: tuple[str, str] | None,
    as_json: bool,
) -> int:
    """List the ops of Core ML's opsets, or show what one does.

    The page of an op has its arguments with their types, defaults and constraints, its results, an
    example, and what each opset changed. docs/ops holds the pages of all.
    """
    from milc.driver import reference

    tag = opset or reference.NEWEST
    if diff is not None:
        found = list(reference.steps(*diff))
        if as_json:
            _put_json([step._asdict() for step in found])
        else:
            draw(report, lambda out: _steps(out, found))
        return OK
    lines = [] if names else reference.listing(family=family, opset=tag, word=word)
    definitions = [reference.look_up(name, tag) for name in names or [line.name for line in lines]]
    if as_json:
        from milc.schema.page import describe

        _put_json([describe(definition) for definition in definitions])
    elif names:
        for definition in definitions:
            text = reference.as_markdown(definition)
            draw(report, lambda out, text=text: _page(out, text))  # type: ignore[misc]
    else:
        draw(report, lambda out: _lines(out, lines))
    return OK


def _put_json(found: object) -> None:
    import json

    put(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


def _page(out: Console, text: str) -> None:
    """Show a page; the programs in it are not wrapped, so that they can be copied."""
    from rich.markdown import Markdown
    from rich.text import Text

    parts = re.split(r"```mil\n(.*?)```\n*", text, flags=re.DOTALL)
    for number, part in enumerate(parts):
        if number % 2:
            out.print(Text(f"\n{part}"), soft_wrap=True)
        elif part:
            out.print(Markdown(part))


def _lines(out: Console, lines: Iterable[Line]) -> None:
    """List ops with what they do beside their names, or below those that are long."""
    from rich.padding import Padding
    from rich.text import Text

    for line in lines:
        room = max(out.width, 2 * BESIDE) - BESIDE
        about = Text(line.summary).wrap(out, room)
        where = Text(f"({line.family}: {' '.join(line.opsets)})", "dim")
        if about[-1].cell_len + 2 + where.cell_len <= room:
            about[-1] = Text.assemble(about[-1], "  ", where)
        else:
            about.append(where)
        fits = len(line.name) + 2 <= BESIDE
        first = about.pop(0) if fits else ""
        out.print(Text.assemble((line.name.ljust(BESIDE if fits else 0), "bold"), first))
        if about:
            out.print(Padding(Text("\n").join(about), (0, 0, 0, BESIDE)))


def _steps(out: Console, steps: Iterable[Step]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    for step in steps:
        new = ", new" if step.is_new else ""
        out.print(Text.assemble((step.name, "bold"), f"  {step.opset}{new}"))
        out.print(Padding(Text(" ".join(step.prose.split())), (0, 0, 0, 2)))
        for detail in step.details:
            out.print(Text("\n    ").join(Text(f"  {detail}").wrap(out, out.width - 2)))
        out.print()
