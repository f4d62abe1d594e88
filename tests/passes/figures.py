"""How milc's passes do on recorded programs, as figures.

python -m tests.passes.figures records    each pass on its records, against coremltools' pass
python -m tests.passes.figures converts   the default pipeline, against coremltools'
python -m tests.passes.figures alone      each pass on all programs: right, and at rest
python -m tests.passes.figures random     passes in random orders on all programs
python -m tests.passes.figures pipelines  the pipelines that have a name on all programs
python -m tests.passes.figures mutated    passes, orders and pipelines on programs a little changed

All programs are the oracle's, before and behind passes, its single ops, the corpus, and the models
of the benchmarks; `--of` names some of these sorts. `--every 4 --start 1` takes every fourth from
the second on, so that four runs make a whole. Of mutated programs `--count` are made from number
`--start` on. What is wrong is printed as it is met.

Of other recorded programs if MILC_PROGRAMS names an archive of them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator

from tests.oracle import Oracle
from tests.passes import converts, orders, records
from tests.passes.mutating import mutated
from tests.passes.records import Judged, Tally
from tests.passes.subjects import SORTS
from tests.shared import ORACLE_PYTHON

OFTEN = 60
"""So many seconds are between two lines that say how far a run is."""


def main() -> int:
    """Print the figures that are asked for; 1 if something is open."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="+", choices=list(FIGURES))
    parser.add_argument("--pass", dest="names", action="append", default=[], metavar="NAME")
    parser.add_argument("--sha", action="append", default=[], help="only programs of this name")
    parser.add_argument("--of", action="append", choices=list(SORTS), help="only of this sort")
    parser.add_argument("--every", type=int, default=1, help="take every so many programs")
    parser.add_argument("--start", type=int, default=0, help="the first of them")
    parser.add_argument("--count", type=int, default=1000, help="so many mutated programs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--patience", type=float, default=1.0, help="seconds for a program to run")
    parser.add_argument("--load", action="store_true", help="let coremltools load what is left")
    parser.add_argument("--examples", type=int, default=3)
    arguments = parser.parse_args()
    status = 0
    for what in arguments.what:
        tally = Tally()
        for each in _told(FIGURES[what](arguments)):
            tally.add(each)
        print(tally.shown(arguments.examples), flush=True)
        status |= bool(tally.bad)
    return status


def _told(found: Iterable[Judged]) -> Iterator[Judged]:
    """The same, with word of what is wrong and of how far it is."""
    began = said = time.monotonic()
    for number, each in enumerate(found, 1):
        if each.is_bad:
            print(f"{each.name}: {each.sha} {each.sort}: {each.said}", file=sys.stderr, flush=True)
        if (now := time.monotonic()) > said + OFTEN:
            said = now
            print(f"{now - began:.0f} s, {number}: {each.sha}", file=sys.stderr, flush=True)
        yield each


def _records(given: argparse.Namespace) -> Iterator[Judged]:
    return records.judged(given.names)


def _converts(given: argparse.Namespace) -> Iterator[Judged]:
    return converts.judged(given.every, tuple(given.sha))


def _orders(what: str) -> Callable[[argparse.Namespace], Iterator[Judged]]:
    def found(given: argparse.Namespace) -> Iterator[Judged]:
        oracle = Oracle() if given.load and ORACLE_PYTHON.exists() else None
        if what == "mutated":
            subjects = mutated(given.count, given.seed, given.start)
        else:
            subjects = orders.chosen(given.of or list(SORTS), given.every, given.start)
        wanted = (
            each for each in subjects if not given.sha or {each.name, each.record} & {*given.sha}
        )
        plan = orders.plan_of(what, given.names, given.seed)
        try:
            yield from orders.judged(wanted, plan, oracle, given.patience)
        finally:
            if oracle is not None:
                oracle.close()

    return found


FIGURES: dict[str, Callable[[argparse.Namespace], Iterator[Judged]]] = {
    "records": _records,
    "converts": _converts,
    "alone": _orders("alone"),
    "random": _orders("random"),
    "pipelines": _orders("pipelines"),
    "mutated": _orders("mutated"),
}


if __name__ == "__main__":
    sys.exit(main())
