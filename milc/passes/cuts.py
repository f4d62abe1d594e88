"""The cheapest cut of a network: which of two ways to choose for each of many things.

Choosing differently for two things that belong together costs something; some choices are fixed.
What is cheapest of all is a minimal cut between two terminals, found by Dinic's algorithm in each
part of the network that hangs together, so that time grows with the parts' sizes.
"""

from __future__ import annotations

from collections.abc import Iterator

ONE = 0
"""The terminal of the one choice …"""
OTHER = 1
"""… and of the other."""
NEVER = 1 << 40
"""The cost of what is not to be."""


class Network:
    """Nodes, and edges with costs that are paid if they lead from the one side to the other."""

    def __init__(self) -> None:
        self.edges: list[list[int]] = [[], []]
        """For each node the edges that leave it: those of an even number, and their reverses."""
        self.ends: list[int] = []
        self.left: list[int] = []
        """What an edge can still carry."""

    def node(self) -> int:
        """A new node, for which is to be chosen."""
        self.edges.append([])
        return len(self.edges) - 1

    def join(self, one: int, other: int, cost: int = NEVER) -> None:
        """Let it cost something to be at `one` on the one side and at `other` on the other."""
        for begin, end, carries in ((one, other, cost), (other, one, 0)):
            self.edges[begin].append(len(self.ends))
            self.ends.append(end)
            self.left.append(carries)

    def join_all(self, ones: list[int], others: list[int], cost: int) -> None:
        """Let it cost something, but once, to have any of some on the one side, others not.

        On one of the sides there is a single node.
        """
        if not ones or not others:
            return
        node, is_first = self.node(), len(ones) == 1
        for one in ones:
            self.join(one, node, cost if is_first else NEVER)
        for other in others:
            self.join(node, other, NEVER if is_first else cost)

    def chosen(self) -> set[int]:
        """The nodes on the one side in the cheapest cut; of several such, in that of the fewest."""
        found: set[int] = set()
        for part in self._parts():
            starts = [edge ^ 1 for node in part for edge in self.edges[node]]
            starts = [edge for edge in starts if self.ends[edge ^ 1] == ONE and not edge & 1]
            while self._fill(starts, levels := self._levels(starts)):
                pass
            found.update(levels)
        return found - {ONE}

    def _parts(self) -> Iterator[list[int]]:
        """The nodes that hang together without the terminals."""
        seen = {ONE, OTHER}
        for first in range(2, len(self.edges)):
            if first in seen:
                continue
            part = [first]
            seen.add(first)
            for node in part:
                for edge in self.edges[node]:
                    if self.ends[edge] not in seen:
                        seen.add(self.ends[edge])
                        part.append(self.ends[edge])
            yield part

    def _levels(self, starts: list[int]) -> dict[int, int]:
        """How far nodes are from the first terminal, by edges that can carry something."""
        levels = {ONE: 0}
        row = []
        for edge in starts:
            if self.left[edge] and self.ends[edge] not in levels:
                levels[self.ends[edge]] = 1
                row.append(self.ends[edge])
        for node in row:
            for edge in self.edges[node] if node != OTHER else ():
                end = self.ends[edge]
                if self.left[edge] and end not in levels:
                    levels[end] = levels[node] + 1
                    row.append(end)
        return levels

    def _fill(self, starts: list[int], levels: dict[int, int]) -> bool:
        """Carry what can be carried along shortest ways; whether that was anything."""
        if OTHER not in levels:
            return False
        rows = {node: self.edges[node] for node in levels} | {ONE: starts}
        at = dict.fromkeys(levels, 0)
        way: list[int] = []
        node = ONE
        while True:
            row = rows[node]
            while at[node] < len(row) and not self._leads(row[at[node]], levels, node):
                at[node] += 1
            if at[node] < len(row):
                way.append(row[at[node]])
                if self.ends[way[-1]] == OTHER:
                    self._carry(way)
            elif way:
                at[self.ends[way.pop() ^ 1]] += 1
            else:
                return True
            node = self.ends[way[-1]] if way else ONE

    def _carry(self, way: list[int]) -> None:
        """Carry as much as a way can; what is left of it is what leads to where it is full now."""
        most = min(self.left[edge] for edge in way)
        for edge in way:
            self.left[edge] -= most
            self.left[edge ^ 1] += most
        del way[next(at for at, edge in enumerate(way) if not self.left[edge]) :]

    def _leads(self, edge: int, levels: dict[int, int], node: int) -> bool:
        return self.left[edge] > 0 and levels.get(self.ends[edge]) == levels[node] + 1
