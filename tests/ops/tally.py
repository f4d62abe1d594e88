"""Counting how often two judges agree, and in which classes they do not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

from tests.ops.reasons import REASONS, Reason

Example = TypeVar("Example")


class Key(NamedTuple):
    """A class of disagreement: where, how, and what was said, without numbers and node names.

    `mutation` is the kind of a mutation, or another word for the sort of case.
    """

    op: str
    mutation: str
    sort: str
    peer: str
    ours: str


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


class Class(NamedTuple, Generic[Example]):
    """A class of disagreement: its cases, and the reason if it has one."""

    key: Key
    examples: list[Example]
    reason: Reason | None


class Comparison(Generic[Example]):
    """What came of putting many cases to milc."""

    def __init__(self) -> None:
        self.total = Count()
        self.by_op: dict[str, Count] = {}
        self.by_mutation: dict[str, Count] = {}
        self.classes: dict[Key, Class[Example]] = {}
        self.used: Counter[Reason] = Counter()

    def add(
        self,
        op: str,
        mutation: str,
        example: Example,
        key: Key | None,
        judged: bool = True,
        why: Reason | None = None,
    ) -> None:
        """Count a case. `key` is the class of disagreement, None where both agree.

        `why` is the reason of this case by itself, if it has one beside those of classes.
        """
        by_op = self.by_op.setdefault(op, Count())
        by_mutation = self.by_mutation.setdefault(mutation, Count())
        reason = self._note(key, example, why) if key is not None else None
        for count in (self.total, by_op, by_mutation):
            count.cases += 1
            count.judged += judged
            count.agree += judged and key is None
            count.known += reason is not None

    def _note(self, key: Key, example: Example, why: Reason | None) -> Reason | None:
        if why is not None:
            self.used[why] += 1
            return why
        if key not in self.classes:
            reason = next((reason for reason in REASONS if reason.covers(*key)), None)
            self.classes[key] = Class(key, [], reason)
        held = self.classes[key]
        held.examples.append(example)
        if held.reason is not None:
            self.used[held.reason] += 1
        return held.reason

    @property
    def open_classes(self) -> list[Class[Example]]:
        """The classes without a reason, the largest first."""
        found = [each for each in self.classes.values() if each.reason is None]
        return sorted(found, key=lambda each: -len(each.examples))


def plain(said: str, op: str) -> str:
    """What was said, with N for each number and list of them, and names of nodes left out."""
    said = re.sub(rf'"{op}_\d+(_(\w+?)_\d+)?"', '"_"', said)
    said = re.sub(rf"\b{op}_\d+\b", "_", said)
    said = re.sub(r"np\.\w+\((-?\w+)\)", r"\1", said)
    said = re.sub(r"(?<![\w.])-?\d+(\.\d+)?(e-?\d+)?(?!\w)|\b[si]s?\d+\b", "N", said)
    return re.sub(r"N(,? N)+,?", "N…", said.replace("\n", " "))


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
