"""What share of the cases has to agree, in percent."""

from __future__ import annotations

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
