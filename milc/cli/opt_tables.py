"""What `milc opt` shows of sizes, times and passes. Imports rich."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from milc.cli.tables import size, table_of, titled
from milc.passes.pipeline import Rounds
from milc.passes.spelling import spelt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from milc.driver.counting import Size
    from milc.driver.passes_reference import Line
    from milc.passes.pipeline import Outcome, Pipeline


SHORT = 5e-5
"""Of passes that took fewer seconds and changed nothing there is nothing to say."""


def show_sizes(before: Size, after: Size, outcome: Outcome, out: Console) -> None:
    """The size before and after, and how often each pass rewrote something."""
    table = table_of(("", "before", "after", "change"), right=(1, 2, 3))
    table.columns[0].no_wrap = out.width >= 40
    least = "≥ " if before.at_least or after.at_least else ""
    rows = (
        ("operations", before.operations, after.operations, "", str),
        ("constants", before.constants, after.constants, "", str),
        ("parameters", before.parameters, after.parameters, "", str),
        ("bytes", before.bytes, after.bytes, "", size),
        ("multiply-adds", before.multiply_adds, after.multiply_adds, least, str),
    )
    for name, one, other, sign, form in rows:
        shown = [form(each) if form is size else f"{sign}{each:,}" for each in (one, other)]
        table.add_row(name, *shown, _change(one, other))
    out.print(Text("Size", style="bold"))
    out.print(table)
    _show_counts(outcome, out)


def _change(before: int, after: int) -> str:
    """A change in percent, or as a number if that is less than one in a thousand."""
    if before == after:
        return ""
    is_small = abs(after - before) * 1000 < before
    return f"{after - before:+,}" if is_small or not before else f"{(after - before) / before:+.1%}"


def _show_counts(outcome: Outcome, out: Console) -> None:
    found = {name: count for name, count in outcome.counts.items() if count}
    if not found:
        titled(out, "Passes", "none found anything to do")
        return
    table = table_of(("pass", "changes"), right=(1,))
    table.columns[0].no_wrap = out.width >= 40
    for name, count in sorted(found.items(), key=lambda item: (-item[1], item[0])):
        table.add_row(name, f"{count:,}")
    titled(out, "Passes")
    out.print(table)


def show_times(outcome: Outcome, out: Console) -> None:
    """What each pass took, the slowest first; those that took nothing to speak of in one row."""
    table = table_of(("pass", "ms", "changes"), right=(1, 2))
    table.columns[0].no_wrap = out.width >= 40
    short: list[float] = []
    for name, seconds in sorted(outcome.seconds.items(), key=lambda item: -item[1]):
        count = outcome.counts.get(name, 0)
        if seconds < SHORT and not count:
            short.append(seconds)
            continue
        table.add_row(name, f"{seconds * 1000:,.1f}", f"{count:,}" if count else "")
    if short:
        table.add_row(f"{len(short)} others", f"{sum(short) * 1000:,.1f}", "")
    titled(out, "Time", f"{sum(outcome.seconds.values()) * 1000:,.1f} ms")
    out.print(table)


def show_list(lines: Iterable[Line], out: Console) -> None:
    """Every pass: its name, what it is for, its options and the pipelines it stands in."""
    for line in lines:
        where = f"  ({', '.join(line.pipelines) or 'on request'})"
        out.print(Text.assemble((line.name, "bold"), (where, "dim")), soft_wrap=True)
        out.print(Text(f"    {line.purpose}"), soft_wrap=True)
        for name, (default, doc) in line.options.items():
            out.print(Text(f"    {name} = {default}: {doc}"), soft_wrap=True)


def pipeline_as_object(chosen: Pipeline) -> list[dict[str, Any]]:
    """The stages of a pipeline: groups, and whether these are repeated until they rest."""
    found: list[dict[str, Any]] = []
    for part in chosen:
        is_repeated = isinstance(part, Rounds)
        groups = part.groups if isinstance(part, Rounds) else [part]
        own = [[spelt([each]) for each in group] for group in groups]
        if found and not is_repeated and not found[-1]["repeated"]:
            found[-1]["groups"] += own
        else:
            found.append({"repeated": is_repeated, "groups": own})
    return found


def show_pipeline(chosen: Pipeline, out: Console) -> None:
    """What runs, in its order, a group a line."""
    for stage in pipeline_as_object(chosen):
        repeated = stage["repeated"] and len(stage["groups"]) > 1
        said = "in turn, until none finds anything more" if repeated else "once"
        out.print(Text(said, style="bold"))
        rows = Table.grid(padding=(0, 1))
        for group in stage["groups"]:
            rows.add_row("  -", Text(", ".join(group)))
        out.print(rows)


def as_object(before: Size, after: Size, outcome: Outcome) -> dict[str, Any]:
    """The same as JSON has it."""
    return {
        "before": before._asdict(),
        "after": after._asdict(),
        "changes": {name: count for name, count in outcome.counts.items() if count},
        "seconds": outcome.seconds,
    }
