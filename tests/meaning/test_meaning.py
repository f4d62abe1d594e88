"""Every definition computes what its oracle says; every definition has one."""

from __future__ import annotations

import pytest

from milc.schema import OpDef
from tests.meaning.cases import Meaning, all_cases, untold

WITHOUT = {"custom_layer"}
"""Ops whose meaning is not milc's: what an app brings along."""


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
def test_an_op_computes_what_its_oracle_says(case: Meaning) -> None:
    case.run(case.since)


def test_every_definition_has_an_oracle() -> None:
    assert [each.label() for each in untold() if each.name not in WITHOUT] == []


def test_the_ids_of_cases_are_unique() -> None:
    ids = [case.id for case in all_cases()]
    assert len(ids) == len(set(ids))


def test_every_op_that_has_an_oracle_says_what_it_computes() -> None:
    from milc.opsets import index

    silent = [
        definition.label()
        for name in index.families()
        for definition in index.versions(name)
        if definition.evaluate is OpDef.evaluate and name not in WITHOUT
    ]
    assert silent == []
