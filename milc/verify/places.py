"""Where in a node's text a finding points: the narrowest place that shows it.

A program read from text has spans on every node; one printed for the sake of its findings has them
on functions and ops only, so what lies within is found by its name. All functions give None where
there is no text. Imports diagnostics and ir only.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from milc.diagnostics import Edit, Span
from milc.ir.nodes import Block, Function, Op, Value

if TYPE_CHECKING:
    from milc.ir.walk import User

SEARCHED: Final = 1 << 15
"""Characters of a statement in which names are looked for; what is behind is shown as a whole."""

SHOWN: Final = 60
"""Characters of a constant in an argument that are pointed at."""

# Names with `=` behind them, if any; strings, comments and numbers are none.
_names = re.compile(
    r'"(?:[^"\\\n]|\\.)*+"|//[^\n]*+|\d[\w.]*+|(?:`((?:[^`\\\n]|\\.)++)`|([^\W\d]\w*+))(\s*+=)?'
).finditer


_type_before = re.compile(r"[\s,]*+(\S.*?)\s*+\Z", re.DOTALL).match


def of_word(node: Op | Function | Value, name: str) -> Span | None:
    """A name that belongs to a node: its own, or that of its kind, an argument or attribute."""
    if isinstance(node, Value):
        return of_value(node)
    keyword = len("func") if isinstance(node, Function) else 0  # a function may be called so too
    start = node.span.start + keyword if node.span is not None else None
    return _search(node.span, name, start) or node.span


def of_kind(op: Op) -> Span | None:
    """The op's kind."""
    return _search(op.span, op.kind, _behind_results(op)) or op.span


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
    arrow = _last_arrow(span) if span is not None else -1
    return of_block(block) if span is None or arrow < 0 else Span(span.source, arrow, span.end)


def of_use(user: User, name: str, arg: str = "") -> Span | None:
    """The value `name` where a block returns it, or where an op binds it to `arg`."""
    if isinstance(user, Block):
        outputs = of_outputs(user)
        return _search(outputs, name) or outputs
    bound = _search(user.span, f"{arg}=", _behind_results(user))
    return (bound and _search(user.span, name, bound.end)) or user.span


def of_arg(op: Op, arg: str, index: int = 0) -> Span | None:
    """What an op binds to an argument: the value's name, or where the constant stands."""
    bound = op.args.get(arg, ())
    operand = bound[index] if index < len(bound) else None
    if isinstance(operand, Value):
        return of_use(op, operand.name, arg)
    start = _search(op.span, f"{arg}=", _behind_results(op))
    if start is None or (arg not in op.args and arg not in op.attributes):
        return start or of_kind(op)
    return Span(start.source, start.start, _end_of_constant(start.source.text, start.end))


# What may hold a comma within a constant, and what ends one.
_within = re.compile(r'"(?:[^"\\\n]|\\.)*+"|[(<\[{]|[)>\]},;\n]').finditer


def _end_of_constant(text: str, start: int) -> int:
    """Where the constant ends that begins at a place, or what is shown of it if it is long."""
    depth, end = 0, min(len(text), start + SHOWN)
    for found in _within(text, start, end):
        if found[0] == "\n" or (depth == 0 and found[0] in ")>]},;"):
            return found.start()
        depth += 1 if found[0] in "(<[{" else -1 if found[0] in ")>]}" else 0
    return end


def of_arg_name(op: Op, arg: str) -> Span | None:
    """The name of an argument that an op binds."""
    bound = _search(op.span, f"{arg}=", _behind_results(op))
    return Span(bound.source, bound.start, bound.start + len(arg)) if bound else of_kind(op)


def of_declared_type(op: Op, number: int) -> Span | None:
    """The type that stands before a result."""
    name = op.results[number].span
    if op.span is None or name is None:
        return None
    before = op.results[number - 1].span if number else None
    text, start = name.source.text, before.end if before is not None else op.span.start
    found = _type_before(text, start, name.start)
    return Span(name.source, *found.span(1)) if found is not None else None


# Brackets, and what they may stand in without meaning anything.
_brackets = re.compile(r'"(?:[^"\\\n]|\\.)*+"|//[^\n]*+|`[^`\n]*+`|[()]').finditer


def of_end_of_arguments(op: Op) -> Span | None:
    """What lies between an op's last argument and the bracket behind it: space, or nothing."""
    kind = of_kind(op)
    if kind is None or op.span is None:
        return None
    text, depth = kind.source.text, 0
    comments: list[int] = []
    for found in _brackets(text, kind.end, op.span.end):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if found[0].startswith("//"):
            comments.append(found.start())
        if found[0] == ")" and depth == 0:
            return Span(kind.source, _end_of_words(text, comments, found.start()), found.start())
    return None


def _end_of_words(text: str, comments: list[int], end: int) -> int:
    """Where, before `end`, the last word ends that stands in none of the comments."""
    end = _rstripped(text, end)
    while comments and text.rfind("\n", 0, end) < comments[-1] < end:
        end = _rstripped(text, comments.pop())
    return end


def _rstripped(text: str, end: int) -> int:
    while end and text[end - 1].isspace():
        end -= 1
    return end


def renaming(value: Value, name: str) -> list[Edit]:
    """The edits that call a value something else, where it is defined and where it is used."""
    own = of_value(value)
    if own is None:
        return []
    spans = [own]
    for user in value.uses:
        span = user.span if isinstance(user, Op) else of_outputs(user)
        start = _behind_results(user) if isinstance(user, Op) else None
        spans += _uses(span, value.name, start)
    return [Edit(span, name) for span in spans]


def _uses(span: Span | None, name: str, start: int | None) -> list[Span]:
    """Every place in a span where a word stands that is no name of an argument, type or kind."""
    if span is None:
        return []
    index, text = _index(span), span.source.text
    named = {begin for begin, _ in index.get(f"{name}=", ())}
    return [
        Span(span.source, begin, end)
        for begin, end in index.get(name, ())
        if begin >= (start or 0) and begin not in named and text[end : end + 1] not in ("(", "<")
    ]


def line(span: Span) -> tuple[str, int]:
    """The file and line that a span begins on."""
    return span.source.path, span.source.position(span.start)[0]


def forget() -> None:
    """Let go of the texts that were searched last."""
    _index.cache_clear()
    _last_arrow.cache_clear()


def _behind_results(op: Op) -> int | None:
    last = op.results[-1].span if op.results else None
    if last is not None and op.span is not None and last.source is op.span.source:
        return last.end
    return None


def _search(span: Span | None, name: str, start: int | None = None) -> Span | None:
    """The first `name` in a span from `start` on; with `=` behind it, up to where that ends."""
    places = _index(span).get(name) if span is not None else None
    if span is None or places is None:
        return None
    at = bisect_left(places, (start or 0, 0))
    return Span(span.source, *places[at]) if at < len(places) else None


# A statement with thousands of arguments may have thousands of findings.
@lru_cache(maxsize=32)
def _index(span: Span) -> dict[str, list[tuple[int, int]]]:
    """Where each name stands in the beginning of a span."""
    found: dict[str, list[tuple[int, int]]] = {}
    end = min(span.end, span.start + SEARCHED)
    for match in _names(span.source.text, span.start, end):
        name = match[1] or match[2]
        if name is None:
            continue
        start = match.start(1 if match[1] else 2)
        found.setdefault(name, []).append((start, start + len(name)))
        if match[3]:
            found.setdefault(f"{name}=", []).append((start, match.end()))
    return found


@lru_cache(maxsize=32)
def _last_arrow(span: Span) -> int:
    return span.source.text.rfind("->", max(span.start, span.end - SEARCHED), span.end)
