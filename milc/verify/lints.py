"""Lints: what a program could do without, and folklore about where it runs. Never errors.

A lint is one function under `@lint`; the modules that hold them are named in `_HOMES`. They are run
on request alone. Imports diagnostics, ir, schema and opsets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from milc.diagnostics import BoundedFindings, Diagnostic, Label, in_text_order
from milc.ir.literals import BlobRef
from milc.ir.nodes import Op, Value
from milc.ir.walk import function_of, place, walk_ops
from milc.opsets import index
from milc.verify import places

if TYPE_CHECKING:
    from milc.diagnostics import Severity, Span
    from milc.ir.nodes import Function, Program
    from milc.schema import OpDef

_HOMES: Final = ("lint_neural_engine", "lint_waste", "lint_weights")
"""The modules of this room that hold lints."""


class Stored(NamedTuple):
    """A blob in a weight file."""

    file: str
    offset: int
    size: int


class Weights(Protocol):
    """What lints ask of the weight files of a model; what cannot be read is not there."""

    def stored(self, ref: BlobRef) -> Stored | None:
        """The blob that a reference leads to."""

    def every(self, ref: BlobRef) -> Iterator[Stored]:
        """Every blob of the file that a reference leads to."""

    def digest(self, blob: Stored) -> bytes:
        """A number for its bytes, which equal bytes share and others do not."""


class Subject:
    """What lints look at: a program and, if they are to be had, its weights."""

    def __init__(self, program: Program, weights: Weights | None = None) -> None:
        self.program = program
        self.weights = weights
        self.path = program.source.path if program.source is not None else None

    def definition(self, op: Op, function: Function) -> type[OpDef] | None:
        """What an op means, None if its opset does not have it."""
        return index.definition(op.kind, op.opset or function.opset)

    def ops(self) -> Iterator[tuple[Function, Op]]:
        """Every op with its function, in the order of the text."""
        for function in self.program.functions.values():
            for op in walk_ops(function):
                yield function, op

    def references(self) -> Iterator[tuple[Op, BlobRef]]:
        """Every reference into a weight file with the op that holds it."""
        for _, op in self.ops():
            for literal in op.literals:
                yield from ((op, part) for part in literal.walk() if isinstance(part, BlobRef))


class Found(NamedTuple):
    """What a lint has found: about which node, in what words, and what it has to do with."""

    node: Op | Value | Function
    message: str
    help: str | None = None
    other: Op | Value | None = None
    """A second node, and what is said of it."""
    remark: str = ""


Lint = Callable[[Subject], Iterator[Found]]

_lints: Final[dict[str, tuple[Lint, Severity]]] = {}


def lint(code: str, severity: Severity = "warning") -> Callable[[Lint], Lint]:
    """Declare a lint, whose entry in the catalog says what speaks for it."""

    def declare(function: Lint) -> Lint:
        _lints[code] = function, severity
        return function

    return declare


def folklore(code: str) -> Callable[[Lint], Lint]:
    """Declare a lint that rests on reports alone: its findings are notes."""
    return lint(code, "note")


def check_lints(program: Program, weights: Weights | None = None) -> list[Diagnostic]:
    """What all lints find, in the order of the text; without `weights`, less of it."""
    for home in _HOMES:
        import_module(f"milc.verify.{home}")
    subject = Subject(program, weights)
    found: list[Diagnostic] = []
    for code, (check, severity) in _lints.items():
        each: list[Diagnostic] = BoundedFindings()
        each.extend(_diagnostic(subject, code, severity, thing) for thing in check(subject))
        found += each
    places.forget()
    return in_text_order(found)


def _diagnostic(subject: Subject, code: str, severity: Severity, found: Found) -> Diagnostic:
    span, message = _span(found.node), found.message
    if span is None:
        message = f"{_where(found.node)}{message}"
    other = _span(found.other) if found.other is not None else None
    labels = [Label(other, found.remark)] if other is not None else ()
    return Diagnostic(
        code, message, span, severity=severity, path=subject.path, labels=labels, help=found.help
    )


def _span(node: Op | Value | Function) -> Span | None:
    if isinstance(node, Op):
        return places.of_kind(node)
    return places.of_value(node) if isinstance(node, Value) else places.of_word(node, node.name)


def _where(node: Op | Value | Function) -> str:
    """The place of a node in words, where there is no text to show it in."""
    holder = node.op or function_of(node) if isinstance(node, Value) else node
    return f"{place(holder)}: " if holder is not None else ""
