"""Every real model that the tests may read: the corpus, the benchmarks, the oracle."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tests.shared import SHARED

ARCHIVE = Path(os.environ.get("MILC_PROGRAMS") or SHARED / "oracle/programs.zip")
"""Recorded programs: the oracle's, or others of the same form."""


def corpus() -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each Model message of the corpus and the benchmarks."""
    for folder in (SHARED / "corpus", SHARED / "bench"):
        for path in sorted(folder.rglob("*.mlmodel*")):
            if path.is_file():
                yield str(path.relative_to(SHARED)), path.read_bytes()


def oracle_models(every: int = 1) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of the models that coremltools' own tests made, or of every so many."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        names = [name for name in archive.namelist() if name.endswith(".mlmodel")]
        for name in names[::every]:
            yield name, archive.read(name)
