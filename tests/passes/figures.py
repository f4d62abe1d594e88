"""How milc's passes do on recorded programs, as figures.

python -m tests.passes.figures records    each pass on its records, against coremltools' pass
python -m tests.passes.figures converts   the default pipeline, against coremltools'
python -m tests.passes.figures alone      each pass on all programs: right, and at rest
python -m tests.passes.figures random     passes in random orders on all programs

Of other recorded programs if MILC_PROGRAMS names an archive of them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from tests.oracle import Oracle
from tests.passes import converts, orders, records
from tests.passes.records import Judged
from tests.shared import ORACLE_PYTHON


def main() -> int:
    """Print the figures that are asked for; 1 if something is open."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="+", choices=list(FIGURES))
    parser.add_argument("--pass", dest="names", action="append", default=[], metavar="NAME")
    parser.add_argument("--sha", action="append", default=[], help="of conversions, only this one")
    parser.add_argument("--every", type=int, default=1, help="take every so many programs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--load", action="store_true", help="let coremltools load what is left")
    parser.add_argument("--examples", type=int, default=3)
    arguments = parser.parse_args()
    status = 0
    for what in arguments.what:
        found = FIGURES[what](arguments)
        print(records.shown(found, arguments.examples))
        status |= any(each.is_bad for each in found)
    return status


def _records(given: argparse.Namespace) -> list[Judged]:
    return list(records.judged(given.names))


def _converts(given: argparse.Namespace) -> list[Judged]:
    return list(converts.judged(given.every, tuple(given.sha)))


def _orders(given: argparse.Namespace, alone: bool) -> list[Judged]:
    oracle = Oracle() if given.load and ORACLE_PYTHON.exists() else None
    try:
        names = tuple(given.names)
        return list(orders.judged(given.every, given.seed, alone=alone, oracle=oracle, names=names))
    finally:
        if oracle is not None:
            oracle.close()


FIGURES: dict[str, Callable[[argparse.Namespace], list[Judged]]] = {
    "records": _records,
    "converts": _converts,
    "alone": lambda given: _orders(given, True),
    "random": lambda given: _orders(given, False),
}


if __name__ == "__main__":
    sys.exit(main())
