"""Whether a program is sound: in-process, as a whole process, what definitions cost, how it grows.

The GPT model of `shared/bench`, against what coremltools takes to load it, which is when it checks
ops. In-process both have imported what they need, and milc's side is timed with the program in
memory and from reading the package on; whole processes are timed from start to end, with their
Pythons. The definitions are timed in fresh processes that have their bytecode: finding the families
of the ops and importing them. Growth is measured with programs as Apple's compiler prints them,
repeated under other names (`_texts.py`), each in a process of its own.
"""

from __future__ import annotations

import json
import statistics
import subprocess
from pathlib import Path
from typing import Any

from benchmarks import _worker
from benchmarks._measure import (
    GPT,
    ORACLE,
    Installed,
    Options,
    alternate,
    folder,
    install,
    options,
    shell,
    shown,
    skip,
    watch,
)
from benchmarks._texts import grow, programs
from benchmarks._worker import Worker

SCRIPT = Path(__file__).with_name("_verify.py")

WANTED = 2
WANTED_WHOLE = 4
WANTED_MS = 15
WANTED_GROWTH = 1.25
OPS = (2_000, 20_000, 200_000)


def main() -> None:
    given = options(__doc__)
    with folder() as place:
        milc = install(place / "env")
        growth(given, milc.python, place)
        if not GPT.exists():
            skip(f"the rest: no {GPT.name} in ../shared/bench")
        definitions(given, milc.python)
        if not ORACLE.exists():
            skip("the ratios, for want of coremltools: make oracle")
        in_process(given, milc.python)
        whole(given, milc)


def in_process(given: Options, python: Path) -> None:
    """Print how verifying compares with coremltools' loading."""
    with (
        Worker(python, "milc", GPT, environment=shell()) as ours,
        Worker(ORACLE, "coremltools", GPT, environment=shell()) as theirs,
    ):
        ours.ask("load")
        taken = alternate(
            {
                "milc verifies a program": lambda: ours.ask("verify"),
                "milc reads and verifies": lambda: ours.ask("check"),
                "coremltools loads": lambda: theirs.ask("load"),
            },
            given.repeats,
        )
    for name, seconds in taken.items():
        print(f"  {name}: {shown(seconds)}")
    verified, checked, loaded = taken.values()
    given.faster("verifying", verified, loaded, WANTED)
    given.faster("reading and verifying", checked, loaded, WANTED)


def whole(given: Options, milc: Installed) -> None:
    """Print how `milc verify` compares with a process that imports coremltools and loads."""
    theirs = (ORACLE, "-W", "ignore", _worker.__file__, "coremltools", GPT, "once")
    taken = alternate(
        {
            "milc verify": lambda: watch(milc.milc, "verify", GPT).seconds,
            "coremltools": lambda: watch(*theirs).seconds,
        },
        given.repeats,
    )
    for name, seconds in taken.items():
        print(f"  {name}, the whole process: {shown(seconds)}")
    given.faster("the whole process", taken["milc verify"], taken["coremltools"], WANTED_WHOLE)
    print(f"  memory of `milc verify`: {watch(milc.milc, 'verify', GPT).peak / 1e6:.0f} MB")


def definitions(given: Options, python: Path) -> None:
    """Print what the definitions of the model's ops cost a run, and their families."""
    found = [asked(python, "definitions", str(GPT)) for _ in range(given.repeats + 1)][1:]
    print(f"  {len(found[-1]['families'])} families: {', '.join(found[-1]['families'])}")
    milliseconds = statistics.median(each["seconds"] for each in found) * 1e3
    given.within("definitions", milliseconds, WANTED_MS, "ms")


def growth(given: Options, python: Path, place: Path) -> None:
    """Print the time and the memory that an op takes in programs of several sizes."""
    sources, text = programs(given.quick), place / "x.mil"
    once = grow(sources, 1, text).statements
    each = []
    for ops in OPS[:1] if given.quick else OPS:
        grown = grow(sources, max(1, round(ops / once)), text)
        repeats = max(1, min(given.repeats, 600_000 // ops))
        found = asked(python, str(grown.path), str(repeats))
        each.append(min(found["seconds"]) / found["ops"] * 1e6)
        print(
            f"  {found['ops']} ops: {shown(found['seconds'])}, {each[-1]:.1f} µs an op; memory "
            f"{found['peak'] / 1e6:.0f} MB beside the {found['held'] / 1e6:.0f} that were held"
        )
    given.within("an op of the largest against one of the middle", each[-1] / each[-2:][0],
                 WANTED_GROWTH)  # fmt: skip


def asked(python: Path, *arguments: str) -> dict[str, Any]:
    """What a process of its own measured."""
    command = [str(python), str(SCRIPT), *arguments]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=shell()).stdout
    answer: dict[str, Any] = json.loads(said)
    return answer


if __name__ == "__main__":
    main()
