"""The cheapest cut, against all cuts there are of small networks."""

from __future__ import annotations

import itertools
import random

import pytest

from milc.passes.cuts import NEVER, ONE, OTHER, Network


def cost(edges: list[tuple[int, int, int]], chosen: frozenset[int]) -> int:
    """What a choice costs."""
    return sum(c for one, other, c in edges if one in chosen and other not in chosen)


@pytest.mark.parametrize("seed", range(200))
def test_no_cut_is_cheaper_and_none_as_cheap_is_smaller(seed: int) -> None:
    chance = random.Random(seed)
    network, edges = Network(), []
    nodes = [ONE, OTHER, *(network.node() for _ in range(chance.randint(1, 7)))]
    for _ in range(chance.randint(1, 20)):
        one, other = chance.sample(nodes, 2)
        if one != OTHER and other != ONE and (one, other) != (ONE, OTHER):
            edges.append((one, other, chance.choice([1, 2, 4, 4, NEVER])))
    for edge in edges:
        network.join(*edge)
    found = frozenset(network.chosen())
    inner = nodes[2:]
    every = [
        frozenset({ONE, *some})
        for count in range(len(inner) + 1)
        for some in itertools.combinations(inner, count)
    ]
    cheapest = min(cost(edges, each) for each in every)
    if cheapest >= NEVER:
        return
    assert cost(edges, found | {ONE}) == cheapest
    assert all(found | {ONE} <= each for each in every if cost(edges, each) == cheapest)


@pytest.mark.parametrize(("each", "moved"), [(1, True), (2, False)])
def test_what_many_want_is_paid_once(each: int, moved: bool) -> None:
    network = Network()
    users = [network.node() for _ in range(3)]
    network.join_all([ONE], users, 4)
    for user in users:
        network.join(user, OTHER, each)
    assert (set(users) <= network.chosen()) is moved
