"""How long ops take, one by one and by family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from milc import kernels
from milc.opsets import index

if TYPE_CHECKING:
    from milc.evaluate import Ran
    from milc.ir.nodes import Op


class Spent(NamedTuple):
    """The time of an op, or of all ops of a family."""

    name: str
    """That of the op's first result, or of the family."""
    kind: str
    """The op; empty for a family."""
    runs: int
    """How often it ran, or how many runs of ops there were."""
    seconds: float


class Profile:
    """Adds up what each op takes; ops in blocks count for themselves."""

    def __init__(self) -> None:
        kernels.load()
        self._spent: dict[Op, tuple[int, float]] = {}

    def __call__(self, ran: Ran) -> None:
        """Note an op that has run."""
        count, seconds = self._spent.get(ran.op, (0, 0.0))
        self._spent[ran.op] = count + 1, seconds + ran.seconds

    @property
    def seconds(self) -> float:
        """The time of all ops."""
        return sum(seconds for _, seconds in self._spent.values())

    def ops(self) -> list[Spent]:
        """The ops, the slowest first."""
        found = [
            Spent(op.results[0].name if op.results else "", op.kind, count, seconds)
            for op, (count, seconds) in self._spent.items()
        ]
        return sorted(found, key=lambda spent: -spent.seconds)

    def families(self) -> list[Spent]:
        """The families, the slowest first."""
        known = index.families()
        sums: dict[str, tuple[int, float]] = {}
        for spent in self.ops():
            family = known.get(spent.kind, spent.kind)
            count, seconds = sums.get(family, (0, 0.0))
            sums[family] = count + spent.runs, seconds + spent.seconds
        found = [Spent(family, "", *counted) for family, counted in sums.items()]
        return sorted(found, key=lambda spent: -spent.seconds)

    def as_object(self) -> dict[str, Any]:
        """The same as JSON has it."""
        return {
            "seconds": self.seconds,
            "families": [
                {"family": each.name, "runs": each.runs, "seconds": each.seconds}
                for each in self.families()
            ],
            "operations": [
                {"name": each.name, "op": each.kind, "runs": each.runs, "seconds": each.seconds}
                for each in self.ops()
            ],
        }
