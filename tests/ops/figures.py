"""How milc's rules for ops compare with coremltools' verdicts: `python -m tests.ops.figures`."""

from __future__ import annotations

import argparse
import sys
import time
import zipfile
from collections.abc import Callable
from typing import Any, TypeVar

from milc.diagnostics import Source, in_text_order
from milc.ir.walk import walk_ops
from milc.syntax.parse import read
from milc.syntax.print import with_spans
from milc.verify import verify_structure
from tests.models import ARCHIVE
from tests.ops import (
    cases,
    corpus,
    definitions,
    mutations,
    programs,
    rejected,
    singles,
    tally,
    values,
)
from tests.ops.checking import examined
from tests.ops.singles import Record
from tests.ops.tally import Comparison
from tests.ops.thresholds import SHARES
from tests.shared import SHARED

T = TypeVar("T")


def show_singles(arguments: argparse.Namespace) -> Comparison[Any]:
    """Agreement by op and mutation, then the classes of disagreement."""
    chosen = singles.records(set(arguments.op), set(arguments.mutation))
    comparison = singles.compare(chosen)
    print_all(comparison, arguments, print_example)
    total, aside = comparison.total, singles.not_looked_at(comparison)
    share = 100.0 * total.agree / max(total.judged - aside, 1)
    print(f"\n{share:.2f} % of those agree that are left without {aside} in which coremltools")
    print("lets pass what a definition forbids: another dimension, rank or value of a parameter")
    return comparison


def show_programs(arguments: argparse.Namespace) -> Comparison[Any]:
    """Whole programs: sound, each op's types as recorded."""
    comparison = programs.compare(set(arguments.op), arguments.limit)
    print_all(comparison, arguments, print_place)
    return comparison


def show_rejected(arguments: argparse.Namespace) -> Comparison[Any]:
    """Constructions that coremltools' tests expect to be refused."""
    comparison = rejected.compare()
    print_all(comparison, arguments, print_example)
    return comparison


def show_mutations(arguments: argparse.Namespace) -> Comparison[Any]:
    """Mistakes put into sound programs."""
    comparison = mutations.compare()
    print_all(comparison, arguments, lambda trial: print(f"        ---- {trial}"))
    return comparison


def show_corpus(arguments: argparse.Namespace) -> Comparison[Any]:
    """The public corpus."""
    comparison = corpus.compare()
    print_all(comparison, arguments, lambda item: print(f"        ---- {item.name}"))
    return comparison


def show_values(arguments: argparse.Namespace) -> Comparison[Any]:
    """Elements that are known ahead of time."""
    comparison = values.compare()
    print_all(comparison, arguments, lambda value: print(f"        ---- {value.where}"))
    return comparison


def show_definitions(arguments: argparse.Namespace) -> Comparison[Any]:
    """What definitions declare."""
    comparison = definitions.compare()
    print_all(comparison, arguments, lambda claim: print(f"        ---- {claim}"))
    return comparison


def show_labels(arguments: argparse.Namespace) -> Comparison[Any]:
    """Constraints, each with a case that breaks it."""
    comparison = cases.labels()
    print_all(comparison, arguments, lambda label: print(f"        ---- {label}"))
    return comparison


def show_codes(arguments: argparse.Namespace) -> Comparison[Any]:
    """Codes of findings, each with a case and a page."""
    comparison = cases.codes()
    print_all(comparison, arguments, lambda code: print(f"        ---- {code}"))
    return comparison


def print_all(
    comparison: Comparison[T], arguments: argparse.Namespace, show: Callable[[T], None]
) -> None:
    """The tables, the reasons and the classes."""
    lines = [*tally.table(comparison.by_op), "", *tally.table(comparison.by_mutation), ""]
    print("\n".join(lines))
    print(tally.line("all", comparison.total))
    print_reasons(comparison)
    print_classes(comparison, arguments, show)


def print_reasons(comparison: Comparison[Any]) -> None:
    """Every reason that was needed, with the number of cases."""
    if comparison.used:
        print("\nknown classes:")
    for reason, count in comparison.used.most_common():
        print(f"{count:6}  {reason.op} {reason.mutation} {reason.sort} /{reason.pattern}/")
        print(f"        {reason.why}")


def print_classes(
    comparison: Comparison[T], arguments: argparse.Namespace, show: Callable[[T], None]
) -> None:
    """The classes without a reason; with --examples, some of their cases in full."""
    classes = comparison.open_classes
    shown = classes if arguments.classes < 0 else classes[: arguments.classes]
    print(f"\n{len(classes)} classes without a reason" + (":" if shown else ""))
    left = arguments.examples
    for each in shown:
        key = each.key
        print(f"{len(each.examples):6}  {key.op} {key.mutation} {key.sort}")
        print(f"        peer: {key.peer}\n        milc: {key.ours}")
        for example in each.examples[: min(left, arguments.max_per_class)]:
            show(example)
            left -= 1


def print_example(record: Record) -> None:
    """The text of a case, what coremltools said, and what milc says."""
    text = singles.text_of(record)
    program, reported = read(Source(text, "case.mil"))
    found = [*reported, *verify_structure(program, reported=reported), *examined(program).found]
    said = ": ".join(record["err"]) if "err" in record else f"accepted: {record['out']}"
    print(f"        ---- {record['mut']}")
    print(f"        coremltools: {said}")
    for finding in in_text_order(found):
        print(f"        milc: {finding}")
    for line in text.splitlines():
        print(f"        | {line if len(line) < 320 else line[:320] + ' …'}")


def print_place(place: programs.Place) -> None:
    """Where a disagreement is, and the op as text."""
    print(f"        ---- {place.program} {place.op}")
    with zipfile.ZipFile(ARCHIVE) as archive, programs.unpacked(archive, place.program) as model:
        with_spans(model.program, place.program)
        checker = examined(model.program, lambda blob: programs.literal_of(model.weights, blob))
        for finding in checker.found[:10]:
            print(f"        milc: {finding}")
        for op in walk_ops(model.program):
            if op.name == place.op and op.span is not None:
                print(f"        | {op.span.source.text[op.span.start : op.span.end][:400]}")
                for result in op.results:
                    print(f"        {result.name}: {checker.inferred.get(result)}")


FIGURES: dict[str, Callable[[argparse.Namespace], Comparison[Any]]] = {
    "definitions": show_definitions,
    "labels": show_labels,
    "codes": show_codes,
    "singles": show_singles,
    "programs": show_programs,
    "rejected": show_rejected,
    "mutations": show_mutations,
    "corpus": show_corpus,
    "values": show_values,
}
"""Every figure by the name that picks it."""


def main() -> int:
    """Print the figures that are asked for. 1 if one is not as it should be."""
    parser = argparse.ArgumentParser(description="Compare milc's rules for ops with coremltools'.")
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=", ".join(FIGURES))
    parser.add_argument("--op", action="append", default=[], help="only this op (repeatable)")
    parser.add_argument("--mutation", action="append", default=[], help="only this kind")
    parser.add_argument("--classes", type=int, default=40, help="classes shown; -1 for all")
    parser.add_argument("--examples", type=int, default=0, help="cases shown in full")
    parser.add_argument("--max-per-class", type=int, default=1, help="of one class at most")
    parser.add_argument("--limit", type=int, default=0, help="programs looked at")
    arguments = parser.parse_args()
    if unknown := set(arguments.figures) - FIGURES.keys():
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    if not SHARED.is_dir() and not set(arguments.figures) <= {"labels", "codes"}:
        print("no ../shared beside the checkout: there is nothing to compare with", file=sys.stderr)
        return 2
    good = True
    for name in arguments.figures or FIGURES:
        begun = time.perf_counter()
        total = FIGURES[name](arguments).total
        print(f"\n{name}: {total.agree} of {total.judged} agree, {total.known} are known to differ")
        print(f"{time.perf_counter() - begun:.1f} s\n", flush=True)
        good &= total.judged > 0 and total.explained >= SHARES[name]
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
