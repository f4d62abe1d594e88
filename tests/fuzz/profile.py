"""How the tests of this folder use hypothesis: the same examples at every run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings

EVERYTHING = list(HealthCheck)


def examples(count: int) -> Callable[[Any], Any]:
    """Run a test with so many examples, however slow and large each is."""
    return settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=EVERYTHING,
    )
