"""Every benchmark runs; what it measures is not judged here, for tests share their machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared import ROOT

BENCHMARKS = sorted((ROOT / "benchmarks").glob("[a-z]*.py"))


@pytest.mark.parametrize("path", BENCHMARKS, ids=[path.stem for path in BENCHMARKS])
def test_a_benchmark_runs(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, path, "--quick"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    title, machine, *figures = done.stdout.splitlines()
    assert title.startswith(f"{path.stem}: ")
    assert "CPython" in machine or "PyPy" in machine
    assert figures
    assert not any("holds" in line or "MISSED" in line for line in figures)


def test_the_page_about_benchmarks_names_them_all() -> None:
    page = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    assert BENCHMARKS
    assert [path.stem for path in BENCHMARKS if f"`{path.name}`" not in page] == []
