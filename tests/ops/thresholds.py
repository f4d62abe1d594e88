"""What share of the cases has to agree, in percent, and whether it is asked for yet."""

from __future__ import annotations

ALL_DEFINED = False
"""Whether every op is defined. Until it is, tests ask for no more than that cases can be put."""

SHARES = {
    "definitions": 100.0,
    "labels": 100.0,
    "codes": 100.0,
    "singles": 99.5,
    "programs": 100.0,
    "rejected": 100.0,
    "mutations": 100.0,
    "corpus": 100.0,
    "values": 100.0,
}
"""By figure, the cases with a listed reason counted as agreeing."""


def wanted(figure: str) -> float:
    """The share that a test asks for."""
    return SHARES[figure] if ALL_DEFINED else 0.0
