"""What must hold of real models, as figures: `make figures` or `python -m tests.corpus.figures`.

Every figure looks at many items and names those of which it does not hold. The exceptions that are
in order are listed with their reasons; any other fails the tests, and this command.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.corpus import checks
from tests.corpus.checks import Options, Outcome
from tests.oracle import Oracle
from tests.shared import ORACLE_PYTHON, SHARED

SAMPLE = 33
"""Without --all, coremltools is asked about one of so many of the oracle's models: 149 of them."""

LINE_BREAK = (
    "mil/apple+coremltools/coremltools__modelrunner__ModelRunner__add_model.mlmodelc/model.mil"
)
TWO_RUNS = "pairs/FluidInference+mobius/unified_palette_2bit@1abd118c"
OTHER_METADATA = "pairs/FluidInference+mobius/unified_pruned_int8@1abd118c"
ENUMERATED = "pairs/rebeckerspecialties+mlmodelc-export/flexible-enumerated"
RUSTANE = "mil/luengnat+rustane/models__layer0__layer_0_bwd.mil"
NO_MODELS = {
    # A format from before the first release of ML programs, which no tool of today reads.
    **{
        f"mlpackage/apple+coremltools/examples__NN_v2__simple_layer.mlmodel@{commit}": "MIL0513"
        for commit in ("5fd3fe07", "6c667c73", "75a56d45", "cae13e67")
    },
    # It declares palettes of twice the bytes that it holds; coremltools refuses it as well.
    "mlpackage/jafreck+ironmill/test-q__pal.mlpackage": "MIL0532",
}


class Figure(NamedTuple):
    """The items that there were, and what is wrong with those of which the figure does not hold."""

    items: set[str]
    wrong: dict[str, str]


class Check(NamedTuple):
    """Something that must hold, the point of the specification that asks for it, and how to see."""

    point: str
    title: str
    run: Callable[[Options], Iterator[Outcome]]
    known: dict[str, str] = {}  # noqa: RUF012
    """What must be wrong with the items of which it cannot hold: how that begins."""

    def figure(self, options: Options) -> Figure:
        """Look at every item."""
        outcomes = dict(self.run(options))
        wrong = {name: problem for name, problem in outcomes.items() if problem is not None}
        return Figure(set(outcomes), wrong)

    def expects(self, name: str, problem: str) -> bool:
        """Whether this is known to be wrong."""
        return name in self.known and problem.startswith(self.known[name])

    def faults(self, figure: Figure) -> dict[str, str]:
        """What is wrong and not known to be, and what is not wrong although it is listed."""
        faults = {n: why for n, why in figure.wrong.items() if not self.expects(n, why)}
        holding = figure.items & self.known.keys() - figure.wrong.keys()
        return faults | dict.fromkeys(holding, "nothing, although it is listed")


CHECKS = {
    "texts-parse": Check(
        "5.1",
        "texts that parse, into what another reader of MIL counted",
        checks.texts_parse,
        # Positional arguments and untyped lists: not MIL.
        {RUSTANE: "20:87 MIL0104"},
    ),
    "texts-print": Check(
        "5.1",
        "texts of Apple's compiler that are printed byte for byte",
        checks.texts_print,
        # Somebody's editor.
        {LINE_BREAK: "a line break added at its end"},
    ),
    "texts-format": Check("3", "texts that are formatted, in both styles", checks.texts_format),
    "pairs-print": Check(
        "5.2",
        "packages whose text is the one that Apple's compiler printed",
        checks.pairs_print,
        {
            # Package and bundle come from two runs of k-means: two lookup tables differ.
            TWO_RUNS: "other lines: 2",
            # Apple's compiler names enumerated shapes by hashes of its own; milc numbers them.
            ENUMERATED: "other lines: 1",
        },
    ),
    "models-return": Check(
        "5.3",
        "models that come back from text, in both styles",
        checks.models_return,
        NO_MODELS,
    ),
    "models-return-through-folders": Check(
        "5.3",
        "models that come back from a decompiled folder, in both styles",
        checks.models_return_through_folders,
        NO_MODELS,
    ),
    "coremltools": Check(
        "5.3",
        "models of those that coremltools reads that it reads the same from milc",
        checks.coremltools_agrees,
    ),
    "bundles-compile": Check(
        "5.4",
        "bundles that compile to the package that they come from",
        checks.bundles_compile,
        {
            TWO_RUNS: "another program",
            # The metadata name another author and day: package and bundle come from two runs.
            OTHER_METADATA: "another message",
        },
    ),
}
"""Every figure by the name that picks it."""


def report(name: str, check: Check, options: Options) -> bool:
    """Print a figure; whether nothing but what is known is wrong."""
    begun = time.perf_counter()
    figure = check.figure(options)
    seconds = time.perf_counter() - begun
    count, faults = len(figure.items), check.faults(figure)
    held = count - len(figure.wrong)
    print(f"{check.point:4} {held:5} of {count:5}  {seconds:6.1f} s  {name}: {check.title}")
    for item, problem in (figure.wrong | faults).items():
        print(f"     {'WRONG' if item in faults else 'known'}  {item}: {problem}", flush=True)
    return count > 0 and not faults


def main() -> int:
    """Print the figures that are asked for. 1 if one is not as it should be."""
    parser = argparse.ArgumentParser(description="Print what must hold of real models, as figures.")
    parser.add_argument("names", nargs="*", metavar="FIGURE", help=", ".join(CHECKS))
    parser.add_argument("--all", action="store_true", help="ask coremltools about every model")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - CHECKS.keys():
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    if not SHARED.is_dir():
        print("no ../shared beside the checkout: there is nothing to look at", file=sys.stderr)
        return 2
    oracle = Oracle() if ORACLE_PYTHON.exists() else None
    good = True
    with tempfile.TemporaryDirectory(prefix="milc-figures-") as folder:
        options = Options(Path(folder), oracle, 1 if arguments.all else SAMPLE)
        for name in arguments.names or CHECKS:
            if name == "coremltools" and oracle is None:
                print("5.3  skipped: no coremltools (make oracle, or set MILC_ORACLE_PYTHON)")
                continue
            good &= report(name, CHECKS[name], options)
    if oracle is not None:
        oracle.close()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
