"""The whole of `milc compile`, against a Python that imports coremltools, loads and saves.

The GPT model of `shared/bench`: milc makes a package of its text, 320 kB as Apple's compiler prints
it, with its weights beside it; the other process reads the package into coremltools' program and
writes a package of that. Both are timed from start to end, with their Pythons.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path

from benchmarks import _worker
from benchmarks._measure import (
    GPT,
    ORACLE,
    ROOT,
    alternate,
    folder,
    install,
    options,
    shown,
    skip,
    watch,
)

WANTED = 6
EXAMPLE = ROOT / "examples/transformer_block/model.mil"


def main() -> None:
    given = options(__doc__)
    with folder() as place:
        milc = install(place / "env").milc
        source, text = GPT, place / "text/model.mil"
        if GPT.exists():
            watch(milc, "decompile", "--style", "coremlc", GPT, "-o", text.parent)
        else:
            source, text = EXAMPLE, EXAMPLE
        number = count()

        def target() -> Path:
            return place / f"{next(number)}.mlpackage"

        def theirs() -> float:
            return watch(
                ORACLE, "-W", "ignore", _worker.__file__, "coremltools", source, "once", target()
            ).seconds

        sides = {"milc compile": lambda: watch(milc, "compile", text, "-o", target()).seconds}
        if ORACLE.exists() and source is GPT:
            sides["coremltools"] = theirs
        taken = alternate(sides, given.repeats)
    for name, seconds in taken.items():
        print(f"  {name}: {shown(seconds)}")
    if "coremltools" not in taken:
        skip("the ratio, for want of coremltools (make oracle) or of ../shared/bench")
    given.faster("the whole process", taken["milc compile"], taken["coremltools"], WANTED)


if __name__ == "__main__":
    main()
