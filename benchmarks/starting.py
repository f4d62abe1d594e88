"""How soon milc answers, against a Python that does nothing.

`milc fmt` on 50 lines: one file to be laid out anew (read, written, and proved to mean the same),
and one that needs no change. And the first output of other verbs, which nothing is promised about.
"""

from __future__ import annotations

from benchmarks._measure import (
    ROOT,
    alternate,
    folder,
    install,
    options,
    ratio,
    shown,
    watch,
)
from benchmarks._texts import excerpt

WANTED = 10
LINES = 50
HELLO = ROOT / "examples/hello/model.mil"


def main() -> None:
    given = options(__doc__)
    with folder() as place:
        python, milc = install(place / "env")
        changed, kept, package = place / "changed.mil", place / "kept.mil", place / "x.mlpackage"
        text = excerpt(LINES)
        kept.write_text(text, encoding="utf-8")
        watch(milc, "fmt", kept)
        watch(milc, "compile", HELLO, "-o", package)

        def fmt() -> float:
            changed.write_text(text, encoding="utf-8")
            return watch(milc, "fmt", changed).seconds

        taken = alternate(
            {
                "python -c pass": lambda: watch(python, "-c", "pass").seconds,
                "milc fmt, a file to change": fmt,
                "milc fmt, nothing to change": lambda: watch(milc, "fmt", kept).seconds,
                "milc --help": lambda: watch(milc, "--help").seconds,
                "milc verify (a text)": lambda: watch(milc, "verify", HELLO).seconds,
                "milc info (a package)": lambda: watch(milc, "info", package).seconds,
                "milc compile (9 lines)": lambda: (
                    watch(milc, "compile", HELLO, "-o", package).seconds
                ),
            },
            given.repeats * 2,
        )
    bare = taken["python -c pass"]
    for name, seconds in taken.items():
        print(f"  {name}: {shown(seconds)}, {ratio(seconds, bare):.1f} times a bare start")
    slowest = max(ratio(taken[name], bare) for name in taken if name.startswith("milc fmt"))
    given.within(f"milc fmt on {LINES} lines", slowest, WANTED)


if __name__ == "__main__":
    main()
