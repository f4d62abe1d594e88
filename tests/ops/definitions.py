"""What definitions declare, against what introspection of coremltools' own recorded of them.

Compared are the names of arguments, their kinds, the element types of each, which of them share
one, which must be constant, which may be left out, and what is meant then. A default that depends
on a rank or on an element type is evaluated for each that is recorded.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from milc.ir.literals import ListLiteral, Literal, TensorLiteral
from milc.ir.nodes import Op, Program, Value
from milc.ir.types import FP32, TensorType
from milc.opsets import index
from milc.schema import Arg, Bound, OpDef
from milc.verify.operations import Operations
from tests.ops import written
from tests.ops.definition_reasons import DIFFERENCES
from tests.ops.reasons import Reason
from tests.ops.tally import Comparison, Key
from tests.ops.typespec import element
from tests.ops.written import tag

KINDS: Final = {"list|tensor|dict": "tensor, list or dict"}
"""Kinds that milc has another word for."""

LENGTH: Final = 4
"""Of each dimension of the operands with which recorded defaults were evaluated."""


class Claim(NamedTuple):
    """One thing that both say of a definition: of an argument, or of all of them."""

    op: str
    opset: str
    aspect: str
    arg: str
    peer: Any
    ours: Any

    @property
    def differs(self) -> bool:
        """Whether they say different things."""
        return not _same(self.peer, self.ours)


def compare() -> Comparison[Claim]:
    """Compare every definition, of either side."""
    comparison: Comparison[Claim] = Comparison()
    for claim in claims():
        key = None
        if claim.differs:
            said = f"{claim.arg}: {claim.peer}", f"{claim.arg}: {claim.ours}"
            key = Key(f"{claim.op} {claim.opset}", claim.aspect, "definition", *said)
        why = reason(claim) if key is not None else None
        comparison.add(claim.op, claim.aspect, claim, key, why=why)
    return comparison


def reason(claim: Claim) -> Reason | None:
    """Why a difference is right, if that is written down."""
    given = (claim.op, claim.aspect, "definition", "", claim.arg)
    return next((each for each in DIFFERENCES if each.covers(*given)), None)


def claims() -> Iterator[Claim]:
    """Everything that is compared."""
    recorded = written.definitions()
    for name in sorted({*recorded, *index.families()}):
        theirs = {tag(opset): facts for opset, facts in recorded.get(name, {}).items()}
        ours = {definition.since: definition for definition in index.versions(name)}
        for opset in sorted({*theirs, *ours}):
            yield Claim(name, opset, "definition", "", opset in theirs, opset in ours)
            if opset in theirs and opset in ours:
                yield from _of_definition(name, ours[opset], theirs[opset]["inputs"])


def _of_definition(
    name: str, definition: type[OpDef], inputs: list[dict[str, Any]]
) -> Iterator[Claim]:
    theirs = {entry["name"]: entry for entry in inputs}
    for arg in {**theirs, **definition.args}:
        said = (name, definition.since, "argument", arg)
        yield Claim(*said, arg in theirs, arg in definition.args)
    both = [arg for arg in theirs if arg in definition.args]
    for arg in both:
        for aspect, peer, ours in _of_argument(definition, definition.args[arg], theirs[arg]):
            yield Claim(name, definition.since, aspect, arg, peer, ours)
    # Of one element type alone there is nothing to share.
    several = [arg for arg in both if len(definition.args[arg].elements) > 1]
    shared = _groups({arg: theirs[arg].get("domain_id") for arg in several})
    ours_shared = _groups({arg: definition.args[arg].group for arg in several})
    yield Claim(name, definition.since, "sharing", "", shared, ours_shared)


def _of_argument(
    definition: type[OpDef], arg: Arg, entry: dict[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    kind = "tuple" if arg.variadic else arg.kind
    yield "kind", KINDS.get(entry["kind"], entry["kind"]), kind
    yield "elements", set(entry.get("dtypes", ())), set(map(str, arg.elements))
    yield "const", entry["const"], arg.const
    yield "optional", entry["optional"], arg.optional
    if "default_by_rank" in entry:
        for rank, meant in entry["default_by_rank"].items():
            view = seen(definition, rank=int(rank))
            yield "default", meant, _plain(arg.default_literal(view))
    elif "default_by_dtype" in entry:
        for name, meant in entry["default_by_dtype"].items():
            x = definition.args["x"].elements
            if element(name) in x:
                made = arg.default_literal(seen(definition, name))
                yield "default", _typed(meant), (made and str(made.type), _plain(made))
    elif entry["optional"]:
        made = arg.default_literal(seen(definition, rank=2))
        yield "default", entry.get("default"), _plain(made)


def seen(definition: type[OpDef], dtype: str = "", rank: int = 3) -> OpDef:
    """An op of a definition whose required tensors have a rank, and one element type if they may.

    Each dimension of theirs is 4 long. What is asked of them beyond that does not hold.
    """
    context = Operations(Program("1.3"))
    wanted = element(dtype) if dtype else FP32
    binding: dict[str, Any] = {}
    for name, arg in definition.args.items():
        if arg.optional or arg.variadic or arg.kind != "tensor":
            continue
        fitting = wanted if not arg.elements or wanted in arg.elements else arg.elements[0]
        binding[name] = Bound(Value(name, TensorType(fitting, (LENGTH,) * rank)), context)
    return definition(Op(definition.name, {}, []), binding, context)


def _plain(made: Literal | None) -> Any:
    """The elements of a default, as they are recorded."""
    if isinstance(made, ListLiteral):
        return [_plain(item) for item in made.items]  # type: ignore[arg-type]
    if not isinstance(made, TensorLiteral):
        return None
    values = made.values()
    return values[0] if made.type.is_scalar else list(values)


def _typed(meant: dict[str, Any]) -> tuple[str, Any]:
    """The type and the elements of a recorded default of a certain element type."""
    kind = element({"float32": "fp32", "float16": "fp16"}.get(meant["dtype"], meant["dtype"]))
    return str(TensorType(kind, tuple(meant.get("shape", ())))), meant["value"]


def _groups(domains: dict[str, str | None]) -> list[list[str]]:
    """The arguments that share an element type with another."""
    groups = defaultdict(list)
    for arg, domain in domains.items():
        if domain:
            groups[domain].append(arg)
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, float) and isinstance(other, int | float) and not isinstance(other, bool):
        return math.isclose(one, other, rel_tol=1e-6)
    return type(one) is type(other) and bool(one == other)
