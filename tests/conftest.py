"""Fixtures that all tests may take."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.oracle import Oracle
from tests.shared import ORACLE_PYTHON

# How long an example takes says more about the machine than about milc.
settings.register_profile("milc", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("milc")


@pytest.fixture(scope="session")
def oracle() -> Iterator[Oracle]:
    """coremltools as a judge: what it makes of a package. Skips where it is not installed."""
    if not ORACLE_PYTHON.exists():
        pytest.skip("no coremltools: run `make oracle`, or set MILC_ORACLE_PYTHON")
    judge = Oracle()
    yield judge
    judge.close()
