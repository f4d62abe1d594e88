"""Which labels of constraints and which codes of findings have a case that earns them.

The case of a label is a line of `tests/ops/bad`. That of a code is a line of a text under `tests`
that announces it, or a string in a test; `figures codes` also makes a program of the example that
`milc explain` shows for a finding about an op, and sees that it earns that code.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

from milc.diagnostics import Diagnostic, Source
from milc.diagnostics.catalog import Entry, entries
from milc.diagnostics.explain import explain
from milc.opsets import index
from milc.syntax.parse import read
from milc.verify import verify
from tests.ops.tally import Comparison, Key

TESTS = Path(__file__).parents[1]
BAD = Path(__file__).parent / "bad"
OF_OPS = ("MIL030", "MIL031")
"""How the codes of the findings begin that `milc verify` has about ops without being asked."""

NOT_EARNED = "MIL0316"
"""That a rule fails is of no op that is known, so only a definition made for a test earns it."""

_expected = re.compile(r"//~v* (?:warning )?(MIL\d{4})(?: (\w+) (C\d+))?")
_code = re.compile(r"MIL\d{4}")


def expectations(text: str) -> list[tuple[int, str, str, str]]:
    """Line, code, op and label of each finding that a text announces."""
    return [
        (number, found[1], found[2] or "", found[3] or "")
        for number, line in enumerate(text.splitlines(), 1)
        for found in _expected.finditer(line)
    ]


def labels() -> Comparison[str]:
    """Every label of a constraint: whether a line of `bad` breaks that one and nothing else."""
    tried = {
        (op, label)
        for case in BAD.glob("*.mil")
        for _, _, op, label in expectations(case.read_text("utf-8"))
        if label
    }
    declared = {
        (name, rule.label)
        for name in index.families()
        for definition in index.versions(name)
        for rule in definition.constraints
    }
    comparison: Comparison[str] = Comparison()
    for op, label in sorted(declared | tried):
        which = "has no case" if (op, label) not in tried else "is in no definition"
        key = Key(op, "label", "label", "", f"{label} {which}")
        is_good = (op, label) in declared and (op, label) in tried
        comparison.add(op, "label", f"{op} {label}", None if is_good else key)
    return comparison


def codes() -> Comparison[str]:
    """Every code: whether it has a case and a page, and whether the page's example earns it."""
    tried = cases()
    comparison: Comparison[str] = Comparison()
    for entry in entries():
        group = f"{entry.code[:5]}xx"
        has_case = None if tried[entry.code] else _key(entry, "has no case")
        comparison.add(group, "case", entry.code, has_case)
        explained = explain(entry, 80).startswith(f"{entry.code}: {entry.title}")
        comparison.add(group, "page", entry.code, None if explained else _key(entry, "has no page"))
        if entry.code.startswith(OF_OPS) and entry.code != NOT_EARNED:
            earned = {finding.code for finding in findings(entry)}
            key = (
                None
                if entry.code in earned
                else _key(entry, "is not earned by the example of its page")
            )
            comparison.add(group, "example", entry.code, key)
    return comparison


def _key(entry: Entry, what: str) -> Key:
    return Key(entry.code, "code", "code", "", f"{entry.code} {what}")


def cases() -> dict[str, set[str]]:
    """By code the files that earn it: texts that announce it, tests that hold it as a string."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in TESTS.rglob("*.mil"):
        for _, code, *_ in expectations(path.read_text("utf-8")):
            found[code].add(str(path.relative_to(TESTS)))
    for path in TESTS.rglob("test_*.py"):
        for code in _held(path):
            found[code].add(str(path.relative_to(TESTS)))
    return found


def _held(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _code.findall(node.value)


def findings(entry: Entry) -> list[Diagnostic]:
    """What is found in the example of a code's page; a statement stands in a function on `x`."""
    text = dedent(entry.example).strip()
    if not text.startswith("func"):
        result = text.partition(" = ")[0].split()[-1]
        inputs = "tensor<fp32, [2]> x, tensor<bool, [2]> flags"
        text = f"func main<ios17>({inputs}) {{\n{text}\n}} -> ({result});"
    program, found = read(Source(f"program(1.3)\n{{\n{text}\n}}\n", entry.code))
    return found + verify(program, reported=found)
