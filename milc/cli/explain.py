"""`milc explain`: what a code means, why, and what to do."""

from __future__ import annotations

from functools import partial

import click

from milc.cli.report import FOUND, OK, Report, coloured, draw, put


@click.command(
    epilog="""\
\b
Examples:
  milc explain MIL0402
  milc explain 402
  milc explain            every code with its title
"""
)
@click.argument("codes", metavar="[CODE]…", nargs=-1)
@coloured
@click.pass_obj
def command(report: Report, codes: tuple[str, ...]) -> int:
    """Explain a diagnostic code: its meaning, an example, and what to do.

    The page docs/diagnostics.md holds the same for all of them.
    """
    from milc.diagnostics.catalog import entries, lookup
    from milc.diagnostics.render import render_entry

    if not codes:
        put("".join(f"{entry.code}  {entry.title}\n" for entry in entries()))
        return OK
    status = OK
    for place, code in enumerate(codes):
        entry = lookup(code)
        if entry is None:
            report.say(f"There is no code {code}. {_near(code)}")
            status = FOUND
            continue
        put("\n" if place else "")
        draw(report, partial(render_entry, entry))
    return status


def _near(code: str) -> str:
    """The codes that were perhaps meant."""
    from difflib import get_close_matches

    from milc.diagnostics.catalog import entries

    titles = {entry.code: entry.title for entry in entries()}
    wanted = code.strip().upper()
    digits = wanted.removeprefix("MIL").zfill(4)
    near = get_close_matches(f"MIL{digits}", titles, 3) if digits.isdecimal() else []
    near = near or [c for c, title in titles.items() if wanted.lower() in title.lower()][:8]
    if not near:
        return "`milc explain` without a code lists them."
    return "Near it are:\n" + "\n".join(f"  {each}  {titles[each]}" for each in near)
