"""Where in a node's text a finding points: the narrowest place that shows it.

A program read from text has spans on every node; one printed for the sake of its findings has them
on functions and ops only, so what lies within is found by its name. All functions give None where
there is no text. Imports diagnostics and ir only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from milc.diagnostics import Span
from milc.ir.nodes import Block, Function, Op, Value

if TYPE_CHECKING:
    from milc.ir.walk import User


def of_word(node: Op | Function | Value, name: str) -> Span | None:
    """A name that belongs to a node: its own, or that of its kind, an argument or attribute."""
    if isinstance(node, Value):
        return of_value(node)
    return _search(node.span, _word(name)) or node.span


def of_kind(op: Op) -> Span | None:
    """The op's kind."""
    return _search(op.span, _word(op.kind), _behind_results(op)) or op.span


def of_value(value: Value) -> Span | None:
    """The definition of a value."""
    owner = value.owner
    if value.span is not None or owner is None:
        return value.span
    return of_block(owner) if isinstance(owner, Block) else of_word(owner, value.name)


def of_block(block: Block) -> Span | None:
    """The beginning of a block, or what holds it."""
    span, parent = block.span, block.parent
    if span is not None:
        return Span(span.source, span.start, min(span.start + 1, span.end))
    if isinstance(parent, Op):
        return of_kind(parent)
    return of_word(parent, parent.name) if parent is not None else None


def of_outputs(block: Block) -> Span | None:
    """The list of what a block returns, from its arrow on."""
    span = block.span
    arrow = span.source.text.rfind("->", span.start, span.end) if span is not None else -1
    return of_block(block) if span is None or arrow < 0 else Span(span.source, arrow, span.end)


def of_use(user: User, name: str, arg: str = "") -> Span | None:
    """The value `name` where a block returns it, or where an op binds it to `arg`."""
    if isinstance(user, Block):
        outputs = of_outputs(user)
        return _search(outputs, _word(name)) or outputs
    bound = _search(user.span, rf"(?<!\w){re.escape(arg)}`?\s*=", _behind_results(user))
    return (bound and _search(user.span, _word(name), bound.end)) or user.span


def line(span: Span) -> tuple[str, int]:
    """The file and line that a span begins on."""
    return span.source.path, span.source.position(span.start)[0]


def _behind_results(op: Op) -> int | None:
    last = op.results[-1].span if op.results else None
    if last is not None and op.span is not None and last.source is op.span.source:
        return last.end
    return None


def _word(name: str) -> str:
    return rf"(?<!\w){re.escape(name)}(?!\w)"


def _search(span: Span | None, pattern: str, start: int | None = None) -> Span | None:
    if span is None:
        return None
    at = span.start if start is None else max(start, span.start)
    match = re.compile(pattern).search(span.source.text, at, span.end)
    return match and Span(span.source, match.start(), match.end())
