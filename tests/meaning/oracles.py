"""Which oracles say what each op computes, in each of its versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from milc.opsets import index
from milc.schema import OpDef
from tests.meaning.cases import ORACLES, all_cases

APART = {"custom_layer"}
"""Ops whose meaning is not milc's: what an app brings along."""


class Row(NamedTuple):
    """A definition, how many cases it has by their oracle, and whether it says what it computes."""

    op: str
    since: str
    cases: Counter[str]
    told: bool

    @property
    def is_fine(self) -> bool:
        """Whether it has cases and an answer, or needs none."""
        return self.op in APART or (self.told and bool(self.cases))


def rows() -> list[Row]:
    """Every definition of every op."""
    by: dict[tuple[str, str], Counter[str]] = {}
    for case in all_cases():
        by.setdefault((case.op, case.since), Counter())[case.oracle] += 1
    return [
        Row(name, each.since, by.get((name, each.since), Counter()), is_told(each))
        for name in sorted(index.families())
        for each in index.versions(name)
    ]


def is_told(definition: type[OpDef]) -> bool:
    """Whether a definition says what the op computes."""
    return definition.evaluate is not OpDef.evaluate


def table(found: list[Row]) -> Iterator[str]:
    """A line for each definition, and one of sums."""
    names = list(ORACLES)
    yield f"{'':44}" + "".join(f"{name:>8}" for name in names)
    for row in found:
        marks = "" if row.told or row.op in APART else "  says not what it computes"
        marks += "" if row.cases or row.op in APART else "  has no oracle"
        yield f"{row.op + ' ' + row.since:44}" + _numbers(row.cases, names) + marks
    total = Counter({name: sum(1 for row in found if row.cases[name]) for name in names})
    yield f"{'definitions with such cases':44}" + _numbers(total, names)


def _numbers(cases: Counter[str], names: list[str]) -> str:
    return "".join(f"{cases[name] or '':>8}" for name in names)
