"""Runs the LALR automaton that lark computed from the grammar over a text.

The driver is milc's own, so that reading a file imports no parser generator, a run of plain
statements costs one step of the automaton, and an error can be mended on the stack. What a
reduction means is a table of callbacks; this module knows no rule by name but STATEMENT.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from milc.grammar import ENDS, PATTERNS, RULES, STARTS, STATES

END: Final = "$END"

KEYWORDS: Final = {
    PATTERNS[name]: name
    for name in (
        "PROGRAM",
        "FUNC",
        "TENSOR",
        "LIST",
        "DICT",
        "TUPLE",
        "STATE",
        "BUFFER",
        "BLOBFILE",
    )
}
_PUNCTUATION: Final = (
    "ARROW", "VARIADIC", "LPAR", "RPAR", "LSQB", "RSQB", "LBRACE", "RBRACE",
    "LESS", "MORE", "EQUAL", "COMMA", "SEMICOLON", "UNKNOWN",
)  # fmt: skip

skip = re.compile(r"(?:\s++|//[^\n]*+)*+").match
"""Matches white space and comments, or nothing."""

_token = re.compile(
    "|".join(
        f"(?P<{name}>{PATTERNS[name]})" for name in ("STRING", "NUMBERS", "NAME", *_PUNCTUATION)
    )
).match

# What is none of these is taken as far as it is clear what it was meant to be, lest every character
# of it be tried: a string or name without its end, a number with letters behind it.
_broken = re.compile(
    r'"(?:[^"\\\n]|\\.)*+|`(?:[^`\\\n]|\\.)*+`?+|[-+]?[0-9.][A-Za-z0-9_.]*+|[\s\S]'
).match


def statement_pattern() -> re.Pattern[str]:
    """STATEMENT and blanks behind it, made for speed.

    Groups: type and name of the first result, further results; op; arguments; the characters of an
    attribute `name` that comes first and is a plain string; other attributes; nothing, behind the
    semicolon.
    """
    type, word = PATTERNS["P_TYPE"], PATTERNS["WORD"]
    argument, attribute = PATTERNS["P_ARG"], PATTERNS["P_ATTR"]
    name = r'name\s*+=\s*+string\s*+\(\s*+"([^"\\\n]*+)"\s*+\)'
    # A comma is one between two of them; the end is only looked at.
    comma = r"\s*+(?:,\s*+(?=\w)|(?=[])]))"
    return re.compile(
        rf"(?:({type})\s++({word})\s*+((?:,\s*+{type}\s++{word}\s*+)*+)=\s*+)?({word})\s*+"
        rf"\(\s*+((?:{argument}{comma})+)?\)\s*+"
        rf"(?:\[\s*+(?!\])(?:{name}{comma})?((?:{attribute}{comma})+)?\]\s*+)?;()\s*+"
    )


_statement = statement_pattern().match
_END_STATES: Final = frozenset(ENDS.values())
# States in which one rule is complete, whatever follows.
_COMPLETE: Final = {
    number: RULES[-1 - min(row.values())]
    for number, row in enumerate(STATES)
    if row and max(row.values()) < 0 and len(set(row.values())) == 1
}


class Token:
    """One lexeme: its terminal and where it stands."""

    __slots__ = ("end", "start", "text", "type")

    def __init__(self, type: str, text: str, start: int, end: int) -> None:
        self.type = type
        self.text = text
        self.start = start
        self.end = end


Action = Callable[[list[Any]], Any]


class Automaton:
    """The state of one parse: two stacks and a place in the text.

    `actions` maps a rule's callback name to a function of its children; a rule without one gives
    the list of its children. `statement` is called with each match of a plain statement; if it
    returns False, the fine rules read that text instead.
    `recover` is called with a token that no rule allows; it may change stacks and place and
    return True to go on, or False to give up.
    """

    def __init__(
        self,
        text: str,
        actions: dict[str, Action],
        statement: Callable[[re.Match[str]], bool],
        recover: Callable[[Automaton, Token], bool],
    ) -> None:
        self.text = text
        self.at = 0
        self.states: list[int] = []
        self.values: list[Any] = []
        self._actions = actions
        self._statement = statement
        self._recover = recover
        self._plain: Callable[..., re.Match[str] | None] = _statement

    def without_plain_statements(self) -> Automaton:
        """Read statements by the fine rules alone, as the tests do to compare."""
        self._plain = lambda *_: None
        return self

    def next_token(self) -> Token:
        """The next lexeme, of type $END at the end and of type "" where none begins."""
        text = self.text
        at = skip(text, self.at).end()  # type: ignore[union-attr]
        match = _token(text, at)
        if match is None:
            broken = _broken(text, at)
            return Token("", broken[0], at, broken.end()) if broken else Token(END, "", at, at)
        found = match[0]
        kind = match.lastgroup or ""
        return Token(KEYWORDS.get(found, kind) if kind == "NAME" else kind, found, at, match.end())

    def run(self, start: str, at: int = 0) -> Any:
        """Parse from `at` on; the value of the start symbol, or None if `recover` gave up."""
        self.at = at
        self.states = [STARTS[start]]
        self.values = []
        end = ENDS[start]
        while True:
            if "STATEMENT" in STATES[self.states[-1]]:
                self._plain_run()
            token = self.next_token()
            if not self.feed(token):
                if not self._recover(self, token):
                    return None
                continue
            if token.type == END and self.states[-1] == end:
                return self.values[-1]
            self.at = token.end

    def _plain_run(self) -> None:
        """Take as many plain statements as follow; the automaton sees them as one."""
        text, plain, statement = self.text, self._plain, self._statement
        first = skip(text, self.at).end()  # type: ignore[union-attr]
        match = plain(text, first)
        if match is None:
            return
        self._reduce_before("STATEMENT")
        end = first
        while match is not None and statement(match):
            end = match.end()
            match = plain(text, end)
        if end > first:
            self.at = end
            self.feed(Token("STATEMENT", "", first, end))

    def feed(self, token: Token) -> bool:
        """Take one token: all reductions before it, then the shift. False if no rule allows it."""
        kind = token.type
        if kind not in STATES[self.states[-1]] and kind in KEYWORDS.values():
            kind = "NAME"
        action = self._reduce_before(kind)
        if action is None:
            return kind == END and self.states[-1] in _END_STATES
        self.states.append(action)
        self.values.append(token)
        # What ends in a semicolon is done with, even if an error follows.
        if kind == "SEMICOLON" and action in _COMPLETE:
            self._reduce(_COMPLETE[action])
        return True

    def _reduce_before(self, kind: str) -> int | None:
        """Do the reductions that such a token asks for; the state it leads to, or None."""
        states = self.states
        while (action := STATES[states[-1]].get(kind)) is not None:
            if action >= 0:
                return action
            self._reduce(RULES[-1 - action])
        return None

    def _reduce(self, rule: tuple[str, int, str]) -> None:
        symbol, length, callback = rule
        states, values = self.states, self.values
        children: list[Any] = []
        if length:
            parts = values[-length:]
            # lark spells `x*` as a helper rule; its children belong to the rule around it. The
            # helper grows by one child at a time, so its list is taken over and not copied.
            if type(parts[0]) is _Spliced:
                children = parts.pop(0).items
            for value in parts:
                children.extend(value.items) if type(value) is _Spliced else children.append(value)
            del states[-length:], values[-length:]
        action = self._actions.get(callback)
        value = (
            _Spliced(children) if symbol[:2] == "__" else action(children) if action else children
        )
        values.append(value)
        states.append(STATES[states[-1]][symbol])


class _Spliced:
    __slots__ = ("items",)

    def __init__(self, items: list[Any]) -> None:
        self.items = items


def acceptable(states: list[int]) -> list[str]:
    """The terminals that may follow, in alphabetical order; tried on a copy of the stack."""
    names = {name for name in STATES[states[-1]] if name.isupper() or name == END}
    return sorted(name for name in names if _leads_on(list(states), name))


def _leads_on(states: list[int], kind: str) -> bool:
    while (action := STATES[states[-1]].get(kind)) is not None:
        if action >= 0:
            return True
        symbol, length, _ = RULES[-1 - action]
        if length:
            del states[-length:]
        states.append(STATES[states[-1]][symbol])
    return kind == END and states[-1] in _END_STATES
