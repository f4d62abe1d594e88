"""How milc's passes do on recorded programs: `python -m tests.passes.figures records`."""

from __future__ import annotations

import argparse
import sys

from tests.passes import records


def main() -> int:
    """Print the figures that are asked for; 1 if something is open."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["records"])
    parser.add_argument("--pass", dest="names", action="append", default=[], metavar="NAME")
    parser.add_argument("--examples", type=int, default=3)
    arguments = parser.parse_args()
    found = list(records.judged(arguments.names))
    print(records.shown(found, arguments.examples))
    return int(any(each.is_bad for each in found))


if __name__ == "__main__":
    sys.exit(main())
