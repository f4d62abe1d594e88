"""Turns `mil.lark` into `tables.py`: run `python -m milc.grammar.build` after editing the grammar.

lark checks the grammar and computes its LALR tables; milc reads the tables as data, so that no
run of `milc` waits for lark to be imported (45 ms) or for tables to be computed (100 ms).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from pprint import pformat
from typing import Any

from lark import Lark

FOLDER = Path(__file__).resolve().parent
GRAMMAR = FOLDER / "mil.lark"
TABLES = FOLDER / "tables.py"
STARTS = ("program", "type", "literal")
PIECES = (
    "P_ARG",
    "P_ATTR",
    "P_VALUE",
    "P_BLOB",
    "P_PLAIN",
    "P_TYPE",
    "WORD",
    "NUMBER",
)


def lark_parser(text: str, starts: tuple[str, ...] = STARTS) -> Lark:
    """lark's own parser for the grammar: the reference that milc's reading is tested against."""
    return Lark(text, parser="lalr", start=list(starts), maybe_placeholders=False)


def patterns(text: str) -> dict[str, str]:
    """The regular expression of every terminal, the pieces of STATEMENT included."""
    whole = lark_parser(f"{text}\npieces: {' '.join(PIECES)}\n", ("pieces", *STARTS))
    return {str(terminal.name): terminal.pattern.to_regexp() for terminal in whole.terminals}


def numbering(table: Any) -> dict[Any, int]:
    """A number for each state, found from the start states on, so that it is always the same."""
    starts = (state for _, state in sorted(table.start_states.items()))
    found = {state: number for number, state in enumerate(starts)}
    waiting = list(found)
    for state in waiting:
        for _, (move, target) in sorted(table.states[state].items()):
            if str(move) == "Shift" and target not in found:
                found[target] = len(found)
                waiting.append(target)
    return found


def tables(text: str) -> dict[str, Any]:
    """What `tables.py` holds, by name. Raises lark's GrammarError for a faulty grammar."""
    parser: Any = lark_parser(text)
    table = parser.parser.parser._parse_table
    rules = {rule: number for number, rule in enumerate(parser.rules)}
    order = numbering(table)

    def action(move: Any, target: Any) -> int:
        if str(move) == "Shift":
            return order[target]
        return -1 - rules.setdefault(target, len(rules))

    states = [
        {str(symbol): action(*entry) for symbol, entry in sorted(row.items())}
        for row in (table.states[number] for number in order)
    ]
    return {
        "DIGEST": hashlib.sha256(text.encode()).hexdigest(),
        "STARTS": {str(name): order[at] for name, at in sorted(table.start_states.items())},
        "ENDS": {str(name): order[at] for name, at in sorted(table.end_states.items())},
        "RULES": [
            (str(rule.origin.name), len(rule.expansion), str(rule.alias or rule.origin.name))
            for rule in rules
        ],
        "STATES": states,
        "PATTERNS": dict(sorted(patterns(text).items())),
    }


def render(text: str) -> str:
    """The text of `tables.py`."""
    lines = [
        '"""Made from mil.lark by build.py; do not edit. See `milc.grammar` for what each is."""',
        "",
        "# ruff: noqa",
        "from typing import Final",
        "",
    ]
    kinds = {
        "DIGEST": "str",
        "STARTS": "dict[str, int]",
        "ENDS": "dict[str, int]",
        "RULES": "list[tuple[str, int, str]]",
        "STATES": "list[dict[str, int]]",
        "PATTERNS": "dict[str, str]",
    }
    for name, value in tables(text).items():
        shown = pformat(value, width=98, compact=True, sort_dicts=False)
        lines.append(f"{name}: Final[{kinds[name]}] = {shown}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TABLES.write_text(render(GRAMMAR.read_text(encoding="utf-8")), encoding="utf-8")
