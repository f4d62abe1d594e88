"""A program around one op, as text: what is given by its type is an input, a constant a `const`.

The values are named after the arguments, with a `v_` in front, so that a name in a message is
either that of an argument or that of a value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from milc.ir.literals import Literal
from milc.ir.types import FP32, TensorType, Type
from milc.syntax.print import literal_text
from milc.syntax.types import type_text
from tests.shared import SHARED

EARLY = {"ios15", "ios16", "ios17"}
"""Opsets of the days of `program(1.0)`, and of `constexpr_*` ops whose data are attributes."""

ANY = (TensorType(FP32, (None,)),)
"""The results of an op that is no good: they have to be something."""

Given = Type | Literal
"""What an argument binds: an input of a type, or a constant."""


class Case(NamedTuple):
    """An op in a function of an opset, what it is given, and the results that it declares."""

    op: str
    opset: str
    args: Mapping[str, Given | Sequence[Given]]
    results: Sequence[Type] = ANY


@cache
def definitions() -> dict[str, Any]:
    """The facts of every core op: name, then opset, then what was seen."""
    facts = json.loads((SHARED / "reference/opset.json").read_text("utf-8"))
    return {name: op["versions"] for name, op in facts["core"].items()}


def tag(opset: str | None) -> str:
    """The tag of an opset in text, for the peer's name of it; what is below ios15 is ios15."""
    known = (opset or "ios15").lower()
    return "ios15" if known in ("ios13", "ios14") else known


@cache
def definition(op: str, opset: str) -> tuple[str, dict[str, dict[str, Any]]]:
    """The opset and the arguments of the definition that an opset reads an op by.

    An op that the opset has not yet is read by its first definition, an unknown one by none.
    """
    versions = definitions().get(op, {})
    fitting = [version for version in versions if tag(version) <= opset] or list(versions)[:1]
    if not fitting:
        return opset, {}
    newest = fitting[-1]
    return tag(newest), {entry["name"]: entry for entry in versions[newest]["inputs"]}


def holds_attributes(op: str, opset: str) -> bool:
    """Whether the constants of an op are attributes of it."""
    return op.startswith("constexpr_") and definition(op, opset)[0] in EARLY


def written(case: Case) -> str:
    """The text of the program."""
    return "".join(_Writer(case).pieces())


class _Writer:
    """Writes one case; collects the inputs, the consts and the two kinds of what the op takes."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.version = "1.0" if case.opset in EARLY else "1.3"
        self.inputs: list[str] = []
        self.consts: list[str] = []
        self.args: list[str] = []
        self.attributes: list[str] = []

    def pieces(self) -> Iterator[str]:
        """The text, a line at a time."""
        for name, given in self.case.args.items():
            self.bind(name, given)
        results = [f"r{number}" for number in range(len(self.case.results))]
        types = [type_text(type, self.version) for type in self.case.results]
        typed = ", ".join(f"{type} {name}" for type, name in zip(types, results, strict=True))
        held = ", ".join([*self.attributes, f"name = {self.string('it')}"])
        yield f"program({self.version})\n{{\n"
        yield f"    func main<{self.case.opset}>({', '.join(self.inputs)}) {{\n"
        yield from self.consts
        yield f"            {typed} = {self.case.op}({', '.join(self.args)})[{held}];\n"
        yield f"        }} -> ({', '.join(results)});\n}}\n"

    def bind(self, name: str, given: Given | Sequence[Given]) -> None:
        """One argument: attribute, value, or several values in parentheses."""
        is_constexpr = self.case.op.startswith("constexpr_")
        if is_constexpr and isinstance(given, Literal):
            held = holds_attributes(self.case.op, self.case.opset)
            (self.attributes if held else self.args).append(f"{name} = {self.literal(given)}")
        elif isinstance(given, Type | Literal):
            self.args.append(f"{name} = {self.operand(f'v_{name}', given)}")
        else:
            parts = [self.operand(f"v_{name}_{at}", part) for at, part in enumerate(given)]
            shown = parts[0] if len(parts) == 1 else f"({', '.join(parts)})"
            self.args.append(f"{name} = {shown}")

    def operand(self, name: str, given: Given) -> str:
        """The name of a value, which is now an input or a const."""
        if isinstance(given, Type):
            self.inputs.append(f"{type_text(given, self.version)} {name}")
            return name
        type = type_text(given.type, self.version)
        held = f"name = {self.string(name)}, val = {self.literal(given)}"
        self.consts.append(f"            {type} {name} = const()[{held}];\n")
        return name

    def literal(self, literal: Literal) -> str:
        """`TYPE(LITERAL)`."""
        return f"{type_text(literal.type, self.version)}({literal_text(literal, self.version)})"

    def string(self, text: str) -> str:
        """A string scalar."""
        return f'{"string" if self.version != "1.0" else "tensor<string, []>"}("{text}")'
