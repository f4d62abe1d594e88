"""Counting how often two judges agree, and in which classes they do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.ops.reasons import REASONS, Reason
from tests.ops.singles import Key, Record, is_judged, judge, key_of, mutation_of


class Count:
    """Of one op, one kind of mutation or all: cases, those judged, those that agree.

    `known` are those of the others that a reason tells of.
    """

    __slots__ = ("agree", "cases", "judged", "known")

    def __init__(self) -> None:
        self.cases = self.judged = self.agree = self.known = 0

    @property
    def differ(self) -> int:
        """Cases that do not agree."""
        return self.judged - self.agree

    @property
    def share(self) -> float:
        """The part of the judged cases that agrees, in percent."""
        return 100.0 * self.agree / self.judged if self.judged else 100.0

    @property
    def explained(self) -> float:
        """The same, with the cases counted that a reason tells of."""
        return 100.0 * (self.agree + self.known) / self.judged if self.judged else 100.0


class Class(NamedTuple):
    """A class of disagreement: how many cases, the first of them, and the reason if it has one."""

    key: Key
    records: list[Record]
    reason: Reason | None


class Comparison:
    """The result of putting many cases to milc."""

    def __init__(self) -> None:
        self.total = Count()
        self.by_op: dict[str, Count] = {}
        self.by_mutation: dict[str, Count] = {}
        self.classes: dict[Key, Class] = {}
        self.used: Counter[Reason] = Counter()

    def add(self, record: Record) -> None:
        """Judge one case and count it."""
        op, mutation = record["op"], mutation_of(record)
        counts = (
            self.total,
            self.by_op.setdefault(op, Count()),
            self.by_mutation.setdefault(mutation, Count()),
        )
        judged = is_judged(record)
        outcome = judge(record) if judged else None
        reason = None
        if outcome is not None and outcome.sort:
            reason = self._note(key_of(record, outcome), record)
        for count in counts:
            count.cases += 1
            count.judged += judged
            count.agree += outcome is not None and not outcome.sort
            count.known += reason is not None

    def _note(self, key: Key, record: Record) -> Reason | None:
        if key not in self.classes:
            reason = next((reason for reason in REASONS if reason.covers(*key)), None)
            self.classes[key] = Class(key, [], reason)
        held = self.classes[key]
        held.records.append(record)
        if held.reason is not None:
            self.used[held.reason] += 1
        return held.reason

    @property
    def open_classes(self) -> list[Class]:
        """The classes without a reason, the largest first."""
        found = [each for each in self.classes.values() if each.reason is None]
        return sorted(found, key=lambda each: -len(each.records))


def compare(records: Iterable[Record]) -> Comparison:
    """Put cases to milc."""
    comparison = Comparison()
    for record in records:
        comparison.add(record)
    return comparison


def table(counts: dict[str, Count]) -> Iterator[str]:
    """A line each, the one with the most disagreement first."""

    def by_need(item: tuple[str, Count]) -> tuple[int, str]:
        return item[1].known - item[1].differ, item[0]

    titles = "".join(f" {word:>6}" for word in ("cases", "judged", "agree", "known"))
    yield f"{'':38}{titles} {'%':>7} with known"
    for name, count in sorted(counts.items(), key=by_need):
        yield line(name, count)


def line(name: str, count: Count) -> str:
    """One line of a table."""
    numbers = f"{count.cases:6} {count.judged:6} {count.agree:6} {count.known:6}"
    return f"{name:38} {numbers} {count.share:7.2f} {count.explained:10.2f}"
