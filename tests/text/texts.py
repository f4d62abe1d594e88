"""Valid texts of every feature, and what the tests of reading and layout do with texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from lark import Lark, UnexpectedInput

from milc.diagnostics import Source, Span
from milc.grammar.build import GRAMMAR, lark_parser
from milc.ir.nodes import Op, Program
from milc.ir.walk import walk_blocks, walk_ops, walk_values
from milc.syntax.lalr import Automaton, Token
from tests.shared import SHARED

FOLDER = Path(__file__).parent
PROGRAMS = {path.stem: path.read_text("utf-8") for path in sorted(FOLDER.glob("programs/*.mil"))}
"""Valid programs by what they show."""

WRONG = {
    f"{path.parent.name}/{path.stem}": path.read_text("utf-8")
    for path in sorted((FOLDER.parent / "bad").glob("*/*.mil"))
}
"""The programs of tests/bad."""

_piece = re.compile(
    r'"(?:[^"\\\n]|\\.)*"|`(?:[^`\\\n]|\\.)+`|nan\([^)]*\)'
    r"|[-+]?(?:[0-9.][0-9A-Za-z_.]*(?:(?<=[pPeE])[-+][0-9]+)?|(?:inf|nan)\b)|[A-Za-z_]\w*"
    r"|->|\.\.\.|//[^\n]*|[^\s]"
)


def corpus_texts() -> list[str]:
    """The shorter texts of the corpus and the longest; tests/corpus takes all of them."""
    found = sorted(path.read_text("utf-8") for path in SHARED.glob("corpus/**/*.mil"))
    found.sort(key=len)
    assert found
    return [*(text for text in found[:-1] if len(text) < 40_000), found[-1]]


def pieces(text: str) -> list[str]:
    """The lexemes of a text, comments included; written for the tests, apart from milc's own."""
    return _piece.findall(text)


def spread(text: str, between: Callable[[int], str]) -> str:
    """The text with other white space (or comments) between its lexemes, by their number."""
    found = pieces(text)
    parts = [
        f"{piece}\n" if piece.startswith("//") else f"{piece}{between(number)}"
        for number, piece in enumerate(found)
    ]
    return "".join(parts)


def squeezed(text: str) -> str:
    """The text without comments and without the blanks that it can do without."""
    out = ""
    for piece in pieces(text):
        if piece.startswith("//"):
            continue
        joined = re.search(r"[\w`\"]$", out) and re.match(r"[\w`\"+-]", piece)
        out += f" {piece}" if joined else piece
    return out


class Refused(Exception):
    """A token that no rule allows."""


def refused_at(text: str, plain: bool = False) -> int | None:
    """Where milc's automaton meets the first token that no rule allows; None for a valid text."""

    def stop(automaton: Automaton, token: Token) -> bool:
        raise Refused(token.start)

    automaton = Automaton(text, {}, lambda match: True, stop)
    try:
        (automaton if plain else automaton.without_plain_statements()).run("program")
    except Refused as refused:
        return int(refused.args[0])
    return None


@cache
def lark(plain: bool = False) -> Lark:
    """lark's own parser for the grammar, by the fine rules alone unless `plain`."""
    text = GRAMMAR.read_text("utf-8")
    fine = text.replace("body: (statement | operation)*\nstatement: STATEMENT", "body: operation*")
    assert fine != text
    return lark_parser(text if plain else fine, ("program",))


def lark_refuses_at(text: str, plain: bool = False) -> int | None:
    """Where lark meets the first token that no rule allows; None for a valid text."""
    try:
        lark(plain).parse(text, start="program")
    except UnexpectedInput as error:
        at_end = getattr(getattr(error, "token", None), "type", "") == "$END"
        return len(text) if at_end else int(error.pos_in_stream or 0)
    return None


def places(program: Program) -> Iterator[tuple[str, tuple[int, int] | None]]:
    """Every op, value and block with the place that its span gives."""

    def place(span: Span | None) -> tuple[int, int] | None:
        return (span.start, span.end) if span is not None else None

    for function in program.functions.values():
        yield f"function {function.name}", place(function.span)
    nodes: list[tuple[str, Span | None]] = [
        *((f"op {op.kind}", op.span) for op in walk_ops(program)),
        *((f"value {value.name}", value.span) for value in walk_values(program)),
        *(("block", block.span) for block in walk_blocks(program)),
    ]
    yield from ((name, place(span)) for name, span in nodes)


def first_op(text: str) -> Op:
    """The first op of the only function of a text."""
    from milc.syntax.parse import read

    program, findings = read(Source(text))
    assert not findings, findings
    (function,) = program.functions.values()
    assert function.body.first is not None
    return function.body.first
