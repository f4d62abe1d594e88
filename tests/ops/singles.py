"""Single ops that coremltools accepted or rejected: each written as text and put to milc.

A case agrees if both accept it and milc infers the very types that were recorded, or if both
reject it, and milc names an argument that coremltools names, where it names any. Cases in which
coremltools crashed rather than judged are left out.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from milc.diagnostics import Diagnostic, Source, errors
from milc.ir.nodes import Op
from milc.syntax.parse import read
from milc.verify import verify_structure
from tests.ops.checking import CRASH, examined
from tests.ops.names import named
from tests.ops.tally import Comparison, Key, plain
from tests.ops.typespec import constant, declared, read_type
from tests.ops.written import ANY, Case, Given, tag, written
from tests.shared import SHARED

ARCHIVE = SHARED / "oracle/singleops.jsonl.gz"
JUDGING = {"ValueError", "AssertionError", "NotImplementedError"}
"""The exceptions by which coremltools rejects; any other is a crash."""

ABOUT_RESULTS = {"MIL0311", "MIL0312"}
"""Findings about declared results, which a case that is rejected anyway has made up."""

Record = dict[str, Any]


class Outcome(NamedTuple):
    """How a case was judged: `sort` is "" where both agree, else how they differ.

    refused: milc alone rejects; accepted: coremltools alone rejects; types: the results differ;
    argument: both reject, and name other arguments or reasons; unreadable: milc could not read the
    text; undefined: milc does not have the op; crash: a rule of milc's failed. `peer` and `ours`
    are what each said.
    """

    sort: str
    peer: str = ""
    ours: str = ""


def records(ops: Collection[str] = (), mutations: Collection[str] = ()) -> Iterator[Record]:
    """The records of some ops and kinds of mutation, or of all."""
    with gzip.open(ARCHIVE, "rt", encoding="utf-8") as lines:
        for line in lines:
            # Every line begins with its op; reading the rest of it costs more than all else here.
            if ops and line[7 : line.index('"', 7)] not in ops:
                continue
            record: Record = json.loads(line)
            if not mutations or mutation_of(record) in mutations:
                yield record


def mutation_of(record: Record) -> str:
    """The kind of a mutation: what stands before its details."""
    kind: str = re.split("[:=]", record["mut"])[0]
    return kind


def is_judged(record: Record) -> bool:
    """Whether coremltools judged rather than crashed."""
    return "err" not in record or record["err"][0] in JUDGING


def case_of(record: Record) -> Case:
    """The case that a record tells of, with the results that it gave."""
    args = {name: _given(given) for name, given in record["in"].items()}
    args |= {name: constant(extra) for name, extra in record.get("extra", {}).items()}
    results = [declared(read_type(text)) for text in record["out"]] if "out" in record else ANY
    return Case(record["op"], tag(record["opset"]), args, results)


def _given(given: Any) -> Given | list[Given]:
    if isinstance(given, list):
        return [_one(part) for part in given]
    return _one(given)


def _one(given: Record) -> Given:
    return read_type(given["t"]) if "t" in given else constant(given["c"])


def text_of(record: Record) -> str:
    """The program of a record."""
    return written(case_of(record))


def judge(record: Record) -> Outcome:
    """Put a case to milc, and compare."""
    try:
        text = text_of(record)
    except OverflowError as error:
        return Outcome("unreadable", _peer(record), f"no text: {error}")
    program, reported = read(Source(text, "case.mil"))
    unread = errors(reported) or errors(verify_structure(program, reported=reported))
    if unread:
        return Outcome("unreadable", _peer(record), _ours(unread))
    checker = examined(program)
    op = program.functions["main"].body.last
    assert op is not None
    found = errors(checker.found)
    if any(finding.code == CRASH for finding in found):
        return Outcome("crash", _peer(record), _ours(found))
    found = [finding for finding in found if _is_at(finding, op)]
    if any(finding.code == "MIL0301" for finding in found):
        return Outcome("undefined", "", f"there is no op {record['op']}")
    if "err" in record:
        return _of_rejected(record, found)
    if found:
        return Outcome("refused", "accepted", _ours(found))
    ours = [checker.inferred.get(result) for result in op.results]
    peer = [read_type(text) for text in record["out"]]
    if ours == peer:
        return Outcome("")
    return Outcome("types", ", ".join(record["out"]), ", ".join(map(str, ours)))


def _is_at(finding: Diagnostic, op: Op) -> bool:
    """Whether a finding points into the text of an op."""
    at, around = finding.span, op.span
    return at is not None and around is not None and around.start <= at.start <= around.end


def _of_rejected(record: Record, found: Sequence[Diagnostic]) -> Outcome:
    found = [finding for finding in found if finding.code not in ABOUT_RESULTS]
    if not found:
        return Outcome("accepted", _peer(record), "accepted")
    message = record["err"][1]
    names = named(message, record["op"], tag(record["opset"]), record["in"])
    said = {name for finding in found for name in backquoted(finding)}
    is_newer = message.startswith("No available version")
    other_reason = is_newer and all(finding.code != "MIL0302" for finding in found)
    if other_reason or (names and not names & said):
        return Outcome("argument", _peer(record), _ours(found))
    return Outcome("")


_quoted = re.compile(r"`([^`]+)`")


def backquoted(finding: Diagnostic) -> list[str]:
    """The names that a finding mentions, beside the places that it points at too."""
    labels = (label.text for label in finding.labels)
    return _quoted.findall("\n".join((finding.message, finding.label, *labels, *finding.notes)))


def _peer(record: Record) -> str:
    return ": ".join(record["err"]) if "err" in record else "accepted"


def _ours(found: Sequence[Diagnostic]) -> str:
    return "; ".join(dict.fromkeys(f"{finding.code} {finding.message}" for finding in found))


def key_of(record: Record, outcome: Outcome) -> Key:
    """The class of a disagreement; an op that is missing is one class."""
    if outcome.sort == "undefined":
        return Key(record["op"], "*", outcome.sort, outcome.peer, outcome.ours)
    peer, ours = plain(outcome.peer, record["op"]), plain(outcome.ours, record["op"])
    return Key(record["op"], mutation_of(record), outcome.sort, peer, ours)


def compare(records: Iterable[Record]) -> Comparison[Record]:
    """Put cases to milc."""
    comparison: Comparison[Record] = Comparison()
    for record in records:
        judged = is_judged(record)
        outcome = judge(record) if judged else None
        key = key_of(record, outcome) if outcome is not None and outcome.sort else None
        comparison.add(record["op"], mutation_of(record), record, key, judged)
    return comparison


def not_looked_at(comparison: Comparison[Record]) -> int:
    """How many cases milc alone rejects, for a listed reason, in which a value or shape is changed.

    That coremltools accepts these says only that it does not check them.
    """
    classes = comparison.classes.values()
    strict = (
        each
        for each in classes
        if each.reason is not None
        and each.key.sort == "refused"
        and each.key.mutation in ("dim", "rank", "param")
    )
    return sum(len(each.examples) for each in strict)
