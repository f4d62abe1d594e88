"""Package to IR and IR to package, against coremltools' load and save, both in-process.

The GPT model of `shared/bench`, 1,962 operations and 2.6 MB of weights. coremltools reads the
package into its own program and writes the program, the weights and the package's folder; milc
does the same. Each in a process of its own that has imported what it needs; they take turns.
"""

from __future__ import annotations

from itertools import count

from benchmarks._measure import (
    GPT,
    ORACLE,
    alternate,
    folder,
    install,
    options,
    shell,
    shown,
    skip,
)
from benchmarks._worker import Worker

WANTED = 8


def main() -> None:
    given = options(__doc__)
    if not GPT.exists():
        skip(f"no {GPT.name} in ../shared/bench")
    with folder() as place:
        ours = Worker(install(place / "env").python, "milc", GPT, environment=shell())
        if not ORACLE.exists():
            with ours:
                print(f"  milc loads in {shown([ours.ask('load') for _ in range(given.repeats)])}")
            skip("no coremltools to compare with: make oracle")
        number = count()
        with ours, Worker(ORACLE, "coremltools", GPT, environment=shell()) as theirs:
            taken = alternate(
                {
                    "milc's load": lambda: ours.ask("load"),
                    "coremltools' load": lambda: theirs.ask("load"),
                    "milc's save": lambda: ours.ask(f"save {place}/{next(number)}.mlpackage"),
                    "coremltools' save": lambda: theirs.ask(
                        f"save {place}/{next(number)}.mlpackage"
                    ),
                },
                given.repeats,
            )
    for name, seconds in taken.items():
        print(f"  {name}: {shown(seconds)}")
    given.faster("load", taken["milc's load"], taken["coremltools' load"], WANTED)
    given.faster("save", taken["milc's save"], taken["coremltools' save"], WANTED)


if __name__ == "__main__":
    main()
