"""Where tests find real models and coremltools, and the markers that skip where there are none.

The corpus is other people's work and no part of this repository: it lies beside the checkout, in
`../shared`, where it is to be had. coremltools lives in an environment of its own (`make oracle`).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
"""The top of the repository."""

SHARED = ROOT.parent / "shared"
"""Real models and reference data; it may be absent."""

ORACLE_PYTHON = Path(os.environ.get("MILC_ORACLE_PYTHON") or ROOT / ".venv-oracle/bin/python")
"""The interpreter that has coremltools; it may be absent."""

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared beside the checkout")

needs_oracle = pytest.mark.skipif(
    not ORACLE_PYTHON.exists(),
    reason="no coremltools: run `make oracle`, or set MILC_ORACLE_PYTHON",
)
