"""No input takes more than linear time for its size, nor memory beyond a small multiple of it.

Every case is some 60,000 characters of one thing, and has 20 seconds where it takes about a tenth
of one: with anything quadratic in it, it took minutes.
"""

from __future__ import annotations

import pytest

from tests.fuzz.confined import Case, Outcome, confined
from tests.fuzz.sizes import LISTS, MESSAGES, PLACES, STORMS, TEXTS

pytest.importorskip("resource")

SIZE = 60_000
STORM = 20_000
LONG = 300_000
RUN = "tests.fuzz.sizes:run_text"

CASES = [Case(name, RUN, [name, "", SIZE]) for name in TEXTS]
CASES += [Case(f"{name} {place}", RUN, [name, place, STORM]) for name in STORMS for place in PLACES]
CASES += [
    Case(f"long {name}", "tests.fuzz.sizes:run_read", [name, place, LONG]) for name, place in LISTS
]
CASES += [Case(f"message: {name}", "tests.fuzz.sizes:run_message", [name]) for name in MESSAGES]


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    return confined(CASES)


@pytest.mark.xdist_group("growth")
@pytest.mark.parametrize("name", [case.name for case in CASES])
def test_grows_with_its_size_alone(outcomes: dict[str, Outcome], name: str) -> None:
    assert outcomes[name].error == ""
