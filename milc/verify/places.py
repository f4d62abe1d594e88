"""Where in a node's text a finding points: the narrowest place that shows it.

Nodes carry the span of their whole statement; these functions find the part that matters. All
give None where the node has no text. Imports diagnostics and ir only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from milc.diagnostics import Span

if TYPE_CHECKING:
    from milc.ir.nodes import Block, Function, Op


def of_kind(op: Op) -> Span | None:
    """The op's kind."""
    return _search(op.span, _word(op.kind), _behind_results(op)) or op.span


def of_operand(op: Op, arg: str, name: str) -> Span | None:
    """The value `name` where it is bound to `arg`."""
    bound = _search(op.span, rf"(?<!\w){re.escape(arg)}`?\s*=", _behind_results(op))
    return (bound and _search(op.span, _word(name), bound.end)) or op.span


def of_outputs(block: Block) -> Span | None:
    """The list of what the block returns, from its arrow on."""
    span = block.span
    arrow = span.source.text.rfind("->", span.start, span.end) if span is not None else -1
    return span if span is None or arrow < 0 else Span(span.source, arrow, span.end)


def of_output(block: Block, name: str) -> Span | None:
    """The value `name` where the block returns it."""
    outputs = of_outputs(block)
    return _search(outputs, _word(name)) or outputs


def of_name(function: Function) -> Span | None:
    """The function's name."""
    return _search(function.span, _word(function.name)) or function.span


def of_beginning(block: Block) -> Span | None:
    """The first character of a block."""
    span = block.span
    return span and Span(span.source, span.start, min(span.start + 1, span.end))


def line(span: Span) -> tuple[str, int]:
    """The file and line that a span begins on."""
    return span.source.path, span.source.position(span.start)[0]


def _behind_results(op: Op) -> int | None:
    last = op.results[-1].span if op.results else None
    return (
        last.end if last is not None and last.source is getattr(op.span, "source", None) else None
    )


def _word(name: str) -> str:
    return rf"(?<!\w){re.escape(name)}(?!\w)"


def _search(span: Span | None, pattern: str, start: int | None = None) -> Span | None:
    if span is None:
        return None
    at = span.start if start is None else max(start, span.start)
    match = re.compile(pattern).search(span.source.text, at, span.end)
    return match and Span(span.source, match.start(), match.end())
