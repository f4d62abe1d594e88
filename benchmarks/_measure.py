"""What every benchmark uses: timing both sides in turn, the memory of processes, the machine.

Both sides of a ratio run in the same minute, one after the other, so that what else the machine
does falls on both. Each round begins with a collection, and the first is not counted. Ratios are
those of medians; minima stand beside them.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple, NoReturn

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
"""Real models; it may be absent."""
GPT = SHARED / "bench/gpt_opt_fp16.mlpackage"
ORACLE = Path(os.environ.get("MILC_ORACLE_PYTHON") or ROOT / ".venv-oracle/bin/python")
"""The interpreter that has coremltools; it may be absent."""

Seconds = list[float]
Side = Callable[[], float | None]
"""Does the work once; returns the seconds if it measured them itself."""


class Options(NamedTuple):
    """What the command line asks for."""

    quick: bool
    repeats: int

    def faster(self, what: str, fast: Seconds, slow: Seconds, wanted: float) -> None:
        """Print how many times faster one side is than the other, and whether that is enough."""
        found = ratio(slow, fast)
        verdict = self._verdict(found >= wanted)
        print(f"  {what}: {found:.1f} times faster; at least {wanted:g}: {verdict}")

    def within(self, what: str, found: float, wanted: float, unit: str = "times") -> None:
        """Print a figure, and whether it is at most what is wanted."""
        verdict = self._verdict(found <= wanted)
        print(f"  {what}: {found:.2f} {unit}; at most {wanted:g}: {verdict}")

    def _verdict(self, good: bool) -> str:
        return "not judged" if self.quick else "holds" if good else "MISSED"


def options(about: str | None) -> Options:
    """Read the command line of a benchmark, and print what it measures on which machine."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--quick", action="store_true", help="once and small: whether it runs")
    parser.add_argument("--repeats", type=int, default=9, help="how often each side runs (9)")
    given = parser.parse_args()
    first = (about or "").splitlines()[0]
    print(f"{Path(sys.argv[0]).stem}: {first[:1].lower()}{first[1:].rstrip('.')}")
    print(f"  {machine()}")
    return Options(given.quick, 1 if given.quick else given.repeats)


def machine() -> str:
    """The kind of machine and the versions, without the machine's name."""
    libraries = [f"{name} {version(name)}" for name in ("click", "numpy", "protobuf")]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    system = f"{os.cpu_count()} cores, {platform.system()}"
    return ", ".join([_processor(), system, python, *libraries])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def alternate(sides: Mapping[str, Side], repeats: int) -> dict[str, Seconds]:
    """The seconds of each side, all of them run in turn after a round that does not count."""
    taken: dict[str, Seconds] = {name: [] for name in sides}
    for turn in range(repeats + 1):
        for name, run in sides.items():
            gc.collect()
            start = time.perf_counter()
            measured = run()
            seconds = time.perf_counter() - start if measured is None else measured
            if turn:
                taken[name].append(seconds)
    return taken


def shown(seconds: Seconds) -> str:
    """Median and minimum in a unit that suits them."""
    middle, least = statistics.median(seconds), min(seconds)
    if middle >= 1:
        return f"{middle:.2f} s (min {least:.2f})"
    return f"{middle * 1e3:.1f} ms (min {least * 1e3:.1f})"


def ratio(one: Seconds, other: Seconds) -> float:
    """How many times the median of `other` is that of `one`."""
    return statistics.median(one) / statistics.median(other)


def skip(why: str) -> NoReturn:
    """End a benchmark that cannot run here."""
    print(f"  not measured: {why}")
    raise SystemExit(0)


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for what a benchmark writes, removed in the end."""
    with tempfile.TemporaryDirectory(prefix="milc-bench-") as name:
        yield Path(name)


def shell() -> dict[str, str]:
    """The environment variables of a user's shell, who says nothing to Python."""
    return {name: held for name, held in os.environ.items() if not name.startswith("PYTHON")}


class Watched(NamedTuple):
    """What a process took."""

    seconds: float
    peak: int
    """Bytes of memory at most, pages of mapped files that it touched included."""


def watch(*command: str | Path, expect: Sequence[int] = (0,)) -> Watched:
    """Run a command with its output thrown away. Raises RuntimeError if it ends unexpectedly."""
    words = [str(word) for word in command]
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=said, env=shell())
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in expect:
            said.seek(0)
            last = said.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}\n{last}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Watched(seconds, usage.ru_maxrss * unit)


class Installed(NamedTuple):
    """milc as a user has it: in an environment of its own, its bytecode compiled.

    An editable install would not do: its hooks slow down the start of every Python, also of a bare
    one. The packages that milc depends on are those of the environment that runs the benchmark.
    """

    python: Path
    milc: Path


def install(place: Path) -> Installed:
    """Install milc into a new environment in `place`."""
    venv.create(place, symlinks=True)
    python, milc = place / "bin/python", place / "bin/milc"
    (site,) = place.glob("lib/python*/site-packages")
    links = shutil.ignore_patterns("__pycache__", "opsets", "grammar")
    shutil.copytree(ROOT / "milc", site / "milc", ignore=links)
    for name in ("opsets", "grammar"):
        shutil.copytree(ROOT / name, site / "milc" / name, ignore=links)
    borrowed = [path for path in sys.path if path.endswith("-packages")]
    (site / "borrowed.pth").write_text("".join(f"{path}\n" for path in borrowed))
    start = "import sys\nfrom milc.cli.main import main\nsys.exit(main())\n"
    milc.write_text(f"#!{python}\n{start}")
    milc.chmod(0o755)
    watch(python, "-m", "compileall", "-q", site / "milc")
    return Installed(python, milc)
