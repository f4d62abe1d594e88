"""What milc computes of elements ahead of time, against the values that coremltools computed.

milc computes what shapes are made of, and no more, so a value of which it knows nothing is no
disagreement: such cases are not judged.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from milc.ir.literals import TensorLiteral
from milc.ir.nodes import Function
from milc.ir.walk import walk_values
from milc.syntax.parse import parse
from tests.models import ARCHIVE
from tests.ops import programs, singles
from tests.ops.checking import examined
from tests.ops.tally import Comparison, Key
from tests.ops.typespec import constant
from tests.ops.written import tag

CLOSE = 2e-3
"""How far floating-point numbers may differ, relative to their size: fp16 is rounded to this."""


class Value(NamedTuple):
    """A value to look at: where, and what op gives it."""

    where: str
    op: str


def elements(record: Any) -> list[Any] | None:
    """The recorded elements, None for symbols; None where the record is no tensor."""
    if "sym" in record:
        found = record["sym"]
        return [_number(each) for each in (found if isinstance(found, list) else [found])]
    if isinstance(record.get("py"), list | dict):
        return None
    made = constant(record)
    return made.values() if isinstance(made, TensorLiteral) else None


def _number(spelt: Any) -> float | None:
    if spelt in ("True", "False"):
        return bool(spelt == "True")
    try:
        return float(spelt)
    except ValueError:
        return None


def are_same(ours: Sequence[Any], peer: Sequence[Any]) -> bool:
    """Whether what is known of elements is true of the recorded ones."""
    return len(ours) == len(peer) and all(map(_is_same, ours, peer))


def _is_same(ours: Any, peer: Any) -> bool:
    if ours is None or peer is None or ours == peer:
        return ours is None or peer is not None
    if isinstance(ours, str) or isinstance(peer, str):
        return False
    return math.isclose(ours, peer, rel_tol=CLOSE, abs_tol=1e-6) or (ours != ours and peer != peer)


def of_singles() -> Iterator[tuple[Value, Any, Any]]:
    """Each recorded value of a single op, with what milc knows of it and what was recorded."""
    for record in singles.records():
        if not any(record.get("val", ())):
            continue
        program = parse(singles.text_of(record))
        checker = examined(program)
        op = program.functions["main"].body.last
        assert op is not None
        for result, value in zip(op.results, record["val"], strict=True):
            if value is not None:
                where = f"{record['op']} {tag(record['opset'])} {record['mut']} {record['src']}"
                yield Value(where, op.kind), checker.known(result), elements(value)


def of_programs() -> Iterator[tuple[Value, Any, Any]]:
    """The same of the values of whole programs, by their names."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        for line in archive.read("index.jsonl").splitlines():
            record = json.loads(line)
            name, held = f"{record['sha']}/before", record["before"].get("values")
            if held and f"{name}/model.mlmodel" in archive.NameToInfo:
                yield from _of_program(archive, name, held)


def _of_program(
    archive: zipfile.ZipFile, name: str, held: dict[str, Any]
) -> Iterator[tuple[Value, Any, Any]]:
    with programs.unpacked(archive, name) as model:
        checker = examined(model.program)
        for value in walk_values(model.program):
            op = value.op
            if value.name in held and op is not None and not isinstance(value.owner, Function):
                peer = elements(held[value.name])
                yield Value(f"{name} {value.name}", op.kind), checker.known(value), peer


def compare() -> Comparison[Value]:
    """Compare all of them."""
    comparison: Comparison[Value] = Comparison()
    for source, found in (("single", of_singles()), ("program", of_programs())):
        for value, ours, peer in found:
            known = ours is not None and peer is not None
            key = None if not known or are_same(ours, peer) else _key(value, ours, peer)
            comparison.add(value.op, source, value, key, known)
    return comparison


def _key(value: Value, ours: Any, peer: Any) -> Key:
    return Key(value.op, "value", "value", str(peer)[:80], str(list(ours))[:80])
