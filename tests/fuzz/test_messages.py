"""Model messages after a few changes to their bytes or fields: findings, or a model that holds."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from milc.package.proto import model_pb2
from tests.fuzz import bases
from tests.fuzz.checks import check_message
from tests.fuzz.mutations import mutated_bytes, mutated_message
from tests.fuzz.profile import examples


@examples(300)
@given(st.integers(0, 1 << 16), st.randoms(use_true_random=True))
def test_changed_fields(which: int, random: Random) -> None:
    held = bases.messages()
    message = model_pb2.Model.FromString(held[which % len(held)])
    check_message(mutated_message(message, random).SerializeToString())


@examples(150)
@given(st.integers(0, 1 << 16), st.randoms(use_true_random=True))
def test_changed_descriptions(which: int, random: Random) -> None:
    held = bases.messages()
    message = model_pb2.Model.FromString(held[which % len(held)])
    mutated_message(message.description, random)
    check_message(message.SerializeToString())


@examples(200)
@given(st.integers(0, 1 << 16), st.randoms(use_true_random=True))
def test_changed_bytes(which: int, random: Random) -> None:
    held = bases.messages()
    check_message(mutated_bytes(held[which % len(held)], random))


@examples(100)
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    check_message(data)
