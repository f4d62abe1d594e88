"""What programs compute, against all oracles: `python -m tests.meaning.figures [FIGURE …]`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from milc.opsets import index
from tests.meaning import oracles, programs, recorded
from tests.meaning.reasons import PROGRAMS, RECORDED, Reason
from tests.ops import tally
from tests.ops.tally import Comparison, Count
from tests.shared import ORACLE_PYTHON, SHARED


class Verdict(NamedTuple):
    """What a figure comes to, and whether it is as it should be."""

    said: str
    good: bool


def show_oracles(arguments: argparse.Namespace) -> Verdict:
    """Every definition with the oracles of its cases."""
    found = oracles.rows()
    chosen = [row for row in found if not arguments.op or row.op in arguments.op]
    print("\n".join(oracles.table(chosen)))
    fine = sum(row.is_fine for row in found)
    cases = sum(row.cases.total() for row in found)
    return Verdict(
        f"{fine} of {len(found)} definitions have an oracle; {cases} cases", fine == len(found)
    )


def show_recorded(arguments: argparse.Namespace) -> Verdict:
    """Values that coremltools recorded, by op."""
    return _shown(recorded.compare(arguments.every), RECORDED, arguments)


def show_programs(arguments: argparse.Namespace) -> Verdict:
    """Whether every program runs, before and behind what was done to it, and agrees with itself."""
    chosen = [
        r
        for r in programs.records()
        if not arguments.passes or programs.name_of(r) in arguments.passes
    ]
    comparison = programs.compare(chosen[:: arguments.every])
    verdict = _shown(comparison, PROGRAMS, arguments)
    return Verdict(f"{len(chosen[:: arguments.every])} programs; {verdict.said}", verdict.good)


def show_torch(arguments: argparse.Namespace) -> Verdict:
    """Models of PyTorch, converted by coremltools and run by milc."""
    from tests.meaning import torch_models

    if not ORACLE_PYTHON.exists():
        return Verdict("no PyTorch: make oracle", False)
    total, met = Count(), set[str]()
    print(f"{'':44}{'error':>10}{'allowed':>10}")
    for trial in torch_models.trials():
        outcome = torch_models.compared(trial)
        total.cases += 1
        total.agree += not outcome.said
        met |= outcome.ops
        print(
            f"{trial.id:44}{outcome.error:10.1e}{outcome.allowed:10.1e}  {outcome.said}", flush=True
        )
    others = sorted(set(index.families()) - met)
    print(f"\nops that no such model has: {', '.join(others)}")
    said = f"{total.agree} of {total.cases} agree with PyTorch, and have {len(met)} ops"
    return Verdict(said, total.agree == total.cases)


def _shown(
    comparison: Comparison[Any], reasons: list[Reason], arguments: argparse.Namespace
) -> Verdict:
    """The tables, the reasons and what has none."""
    print("\n".join([*tally.table(comparison.by_op), "", *tally.table(comparison.by_mutation), ""]))
    for reason, count in comparison.used.most_common():
        print(f"{count:6}  {reason.op} {reason.mutation} {reason.sort} /{reason.pattern}/")
        print(f"        {reason.why}")
    classes = comparison.open_classes
    print(f"\n{len(classes)} classes without a reason")
    for each in classes[: arguments.classes]:
        print(f"{len(each.examples):6}  {each.key.op} {each.key.mutation} {each.key.sort}")
        print(f"        {each.key.peer} {each.key.ours}")
        for example in each.examples[: arguments.examples]:
            print(f"        ---- {example}")
    stale = [r for r in reasons if not comparison.used[r]] if _is_whole(arguments) else []
    for reason in stale:
        print(f"no case needs: {reason}")
    total = comparison.total
    silent = total.cases - total.judged
    said = (
        f"{total.agree} of {total.judged} agree, {total.known} are known to differ, {silent} silent"
    )
    return Verdict(said, not (classes or stale or silent))


def _is_whole(arguments: argparse.Namespace) -> bool:
    return arguments.every == 1 and not arguments.passes


FIGURES: dict[str, Callable[[argparse.Namespace], Verdict]] = {
    "oracles": show_oracles,
    "recorded": show_recorded,
    "programs": show_programs,
    "torch": show_torch,
}
"""Every figure by the name that picks it."""


def main() -> int:
    """Print the figures that are asked for. 1 if one is not as it should be."""
    parser = argparse.ArgumentParser(description="Compare what milc computes with all oracles.")
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=", ".join(FIGURES))
    parser.add_argument("--op", action="append", default=[], help="oracles of this op only")
    parser.add_argument("--pass", action="append", default=[], dest="passes", metavar="PASS",
                        help="programs of this pass only, or of `convert`")  # fmt: skip
    parser.add_argument("--every", type=int, default=1, help="one record of so many")
    parser.add_argument("--classes", type=int, default=40, help="classes shown")
    parser.add_argument("--examples", type=int, default=1, help="cases shown of each class")
    arguments = parser.parse_args()
    if unknown := set(arguments.figures) - FIGURES.keys():
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    if not SHARED.is_dir() and not set(arguments.figures) <= {"oracles", "torch"}:
        print("no ../shared beside the checkout: there is nothing to compare with", file=sys.stderr)
        return 2
    good = True
    for name in arguments.figures or FIGURES:
        begun = time.perf_counter()
        verdict = FIGURES[name](arguments)
        print(f"\n{name}: {verdict.said}\n{time.perf_counter() - begun:.1f} s\n", flush=True)
        good &= verdict.good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
