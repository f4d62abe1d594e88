"""`milc explain`: what a code, or a message of Apple's tools, means, why, and what to do."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from milc.cli.report import FOUND, OK, Report, coloured, draw, put

if TYPE_CHECKING:
    from milc.diagnostics.catalog import Entry
    from milc.diagnostics.catalog.apple import Message


@click.command(
    epilog="""\
\b
Examples:
  milc explain MIL0402
  milc explain 402
  milc explain "Required param 'pad' is missing"
  milc explain            every code and message
"""
)
@click.argument("what", metavar="[CODE|MESSAGE]…", nargs=-1)
@coloured
@click.pass_obj
def command(report: Report, what: tuple[str, ...]) -> int:
    """Explain a diagnostic code, or a message of Apple's tools.

    Told are the meaning, the reason, an example, and what to do. A message may be what Core ML or
    Apple's compiler said, whole or in part, in quotes. The page docs/diagnostics.md holds the same
    for all of them.
    """
    if not what:
        put(_list())
        return OK
    found = [(each, _meant(each)) for each in what]
    if len(what) > 1 and not any(entries for _, entries in found):
        # A message without the quotes around it.
        found = [(" ".join(what), _meant(" ".join(what)))]
    shown = 0
    for each, entries in found:
        if not entries:
            report.say(_unknown(each))
        for entry in entries:
            _show(report, entry, apart=shown > 0)
            shown += 1
    return OK if all(entries for _, entries in found) else FOUND


def _meant(said: str) -> list[Entry | Message]:
    """The entry of a code, or those of the messages in a text."""
    from milc.diagnostics.catalog import lookup
    from milc.diagnostics.catalog.apple import messages_in

    entry = lookup(said)
    return [entry] if entry is not None else [*messages_in(said)]


def _show(report: Report, entry: Entry | Message, apart: bool) -> None:
    from milc.diagnostics.render import render_entry

    put("\n" if apart else "")
    draw(report, partial(render_entry, entry))


def _list() -> str:
    from milc.diagnostics.catalog import entries
    from milc.diagnostics.catalog.apple import MESSAGES

    codes = [f"{entry.code}  {entry.title}\n" for entry in entries()]
    messages = [f"  {message.said}\n" for message in MESSAGES]
    return "".join([*codes, "\nMessages of Apple's tools\n", *messages])


def _unknown(said: str) -> str:
    """What there is in place of a code or message that there is not."""
    from milc.diagnostics.catalog.apple import near_messages

    is_message = " " in said.strip()
    codes = [] if is_message else [f"  {code}  {title}" for code, title in _near(said)]
    near = codes or [f"  {each.said}" for each in near_messages(said)]
    what = f"{said!r} is no message that milc knows." if is_message else f"There is no code {said}."
    if not near:
        return f"{what} `milc explain` without a code lists them."
    return f"{what} Near it are:\n" + "\n".join(near)


def _near(code: str) -> list[tuple[str, str]]:
    """The codes that were perhaps meant, with their titles."""
    from difflib import get_close_matches

    from milc.diagnostics.catalog import entries

    titles = {entry.code: entry.title for entry in entries()}
    wanted = code.strip().upper()
    digits = wanted.removeprefix("MIL").zfill(4)
    near = get_close_matches(f"MIL{digits}", titles, 3) if digits.isdecimal() else []
    near = near or [c for c, title in titles.items() if wanted.lower() in title.lower()][:8]
    return [(each, titles[each]) for each in near]
