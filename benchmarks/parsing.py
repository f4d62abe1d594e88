"""Text to IR, against merely tokenising the same text; and whether both grow with its size.

Programs as Apple's compiler prints them, repeated under other names (`_texts.py`), from 1 to
100 MB: `milc.syntax.parse` makes a program of the text, the other side runs one `re` pattern's
`finditer` over it and keeps nothing. Each size in a process of its own, for its memory's sake;
seconds of the processor.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from benchmarks import _parse
from benchmarks._measure import (
    GPT,
    Seconds,
    folder,
    install,
    options,
    ratio,
    shell,
    shown,
    skip,
    watch,
)
from benchmarks._texts import Grown, grow, programs
from milc.package.model import load_package

WANTED = 2
MEGABYTES = (1, 3, 10, 30, 100)


class Taken(NamedTuple):
    """What a process took to tokenise and to parse."""

    tokens: Seconds
    parse: Seconds
    peak: int
    """Bytes of memory, above what it took before it read the text."""


def measure(python: Path, grown: Grown, repeats: int) -> Taken:
    """Parse in a process of its own."""
    command = [python, _parse.__file__, grown.path, str(repeats)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=shell()).stdout
    return Taken(**json.loads(said))


def main() -> None:
    given = options(__doc__)
    sizes = (0.05,) if given.quick else MEGABYTES
    sources = programs(given.quick)
    worst, per_statement = 0.0, []
    with folder() as place:
        python, milc = install(place / "env")
        once = grow(sources, 1, place / "x.mil").bytes
        for size in sizes:
            grown = grow(sources, max(1, round(size * 1e6 / once)), place / "x.mil")
            taken = measure(python, grown, max(1, min(given.repeats, round(200 / size))))
            times = ratio(taken.parse, taken.tokens)
            worst = max(worst, times)
            per_statement.append(min(taken.parse) / grown.statements * 1e6)
            print(
                f"  {grown.bytes / 1e6:5.1f} MB, {grown.statements} statements: parsed in "
                f"{shown(taken.parse)}, tokenised in {shown(taken.tokens)}, {times:.2f} times; "
                f"{per_statement[-1]:.1f} µs a statement; memory "
                f"{taken.peak / 1e6:.0f} MB, {taken.peak / grown.bytes:.1f} times the text"
            )
        given.within("parsing against tokenising, at worst", worst, WANTED)
        growth = per_statement[-1] / per_statement[0]
        print(f"  a statement of the largest text takes {growth:.2f} times one of the smallest")
        if not GPT.exists():
            skip(f"`milc compile` of the largest: no {GPT.name} in ../shared/bench")
        compile_largest(milc, place, sizes[-1])


def compile_largest(milc: Path, place: Path, size: float) -> None:
    """Print what `milc compile` of a text of so many megabytes takes, with its weights."""
    source = [load_package(GPT).program]
    text = place / "model.mil"
    once = grow(source, 1, text).bytes
    grown = grow(source, max(1, round(size * 1e6 / once)), text)
    shutil.copytree(
        GPT / "Data/com.apple.CoreML/weights", place / "weights", copy_function=shutil.copyfile
    )
    took = watch(milc, "compile", text, "-o", place / "x.mlpackage")
    print(
        f"  milc compile of {grown.bytes / 1e6:.1f} MB: {took.seconds:.2f} s, memory "
        f"{took.peak / 1e6:.0f} MB, {took.peak / grown.bytes:.1f} times the text"
    )


if __name__ == "__main__":
    main()
