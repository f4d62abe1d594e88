"""Syntax errors: saying what was expected, and finding the place to go on from.

After an error inside a block, reading goes on behind the next semicolon, or at the block's end;
after one in a function's head, at the function's body; after one elsewhere, at the next function.
Names that a skipped statement would have defined count as defined, so that one error is one
diagnostic.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from milc.diagnostics import Label
from milc.diagnostics.files import LFS_POINTER
from milc.diagnostics.prose import clip
from milc.grammar import PATTERNS, STARTS, STATES
from milc.ir.nodes import Value
from milc.syntax.lalr import END, KEYWORDS, Automaton, Token, acceptable
from milc.syntax.types import BLOBFILE_FORM

if TYPE_CHECKING:
    from milc.syntax.parse import ProgramRules

MAX_ERRORS: Final = 1000

_WORDS: Final = {
    "ARROW": "`->`", "LPAR": "`(`", "RPAR": "`)`", "LSQB": "`[`", "RSQB": "`]`",
    "LBRACE": "`{`", "RBRACE": "`}`", "LESS": "`<`", "MORE": "`>`", "EQUAL": "`=`",
    "COMMA": "`,`", "SEMICOLON": "`;`", "UNKNOWN": "`?`", "VARIADIC": "`...`",
    "NAME": "a name", "NUMBERS": "a number", "STRING": "a string",
    "STATEMENT": "a statement", END: "the end of the text",
    "PROGRAM": "`program`", "FUNC": "`func`", "BLOBFILE": "`BLOBFILE`",
}  # fmt: skip
_TYPE_WORDS: Final = frozenset(("TENSOR", "LIST", "DICT", "TUPLE", "STATE", "BUFFER"))

_definition = re.compile(
    rf"(?:\b(?:{PATTERNS['P_TYPE']})|>)\s++%?({PATTERNS['WORD']})\s*+(?=[,=)\]])"
).finditer
_body = re.compile(r"\{[ \t]*(?://[^\n]*)?\n|\{(?=\s*(?:tensor|\w+\s+\w+\s*=))").search
_next_function = re.compile(r"^[ \t]*func\b|\bfunc\s+\w+\s*<", re.M).search


class Recovery:
    """Reports each syntax error of one text and sets the automaton to go on behind it."""

    def __init__(self, reader: ProgramRules) -> None:
        self.reader = reader
        self.errors = 0
        self.searched = self.function = -1

    def recover(self, automaton: Automaton, token: Token) -> bool:
        """Report the error at `token`; False where reading cannot go on."""
        self.errors += 1
        if self.errors > MAX_ERRORS:
            return False
        expected = acceptable(automaton.states)
        if (
            "SEMICOLON" in expected
            and "FUNC" not in expected
            and self.on_new_line(automaton, token)
        ):
            self.missing_semicolon(automaton)
            return automaton.feed(Token("SEMICOLON", ";", automaton.at, automaton.at))
        body = _deepest(automaton.states, _takes_statements)
        head = _deepest(automaton.states, _takes_functions)
        if token.type == END or not self.follows_from_a_type(automaton.values, body, token):
            self.report(automaton, token, expected)
        if token.type == END:
            return False
        if body is not None and (head is None or body > head):
            return self.in_body(automaton, token, body)
        return self.outside(automaton, token, head)

    # What went wrong

    def report(self, automaton: Automaton, token: Token, expected: list[str]) -> None:
        """Say what is wrong at `token`, where one of `expected` may stand."""
        special = next(
            (made for make in _SPECIAL if (made := make(automaton, token, expected)) is not None),
            None,
        )
        if special is not None:
            code, message, more = special
            self.reader.report(code, message, token.start, token.end, **more)
            return
        wanted = _listed(expected)
        self.reader.report(
            "MIL0105" if token.type == END else "MIL0101",
            f"expected {wanted}, found {_found(token)}",
            token.start,
            max(token.end, token.start),
            label=f"expected {wanted}",
            help=_hint(automaton, token),
            labels=self.unclosed() if token.type == END else (),
        )

    def follows_from_a_type(self, values: list[Any], body: int | None, token: Token) -> bool:
        """Whether the statement holds a word that is no type, so that more has gone wrong."""
        last = self.reader.diagnostics[-1] if self.reader.diagnostics else None
        if last is None or last.code != "MIL0201" or last.span is None or body is None:
            return False
        return last.span.start >= _first_place(values[body:], token.start)

    def unclosed(self) -> list[Label]:
        """The brace of the innermost block that has no end."""
        brace = self.reader.scope.brace
        return [] if brace is None else [Label(brace, "this block is not closed")]

    def on_new_line(self, automaton: Automaton, token: Token) -> bool:
        return "\n" in automaton.text[automaton.at : token.start] or token.type == "RBRACE"

    def missing_semicolon(self, automaton: Automaton) -> None:
        """Say that a statement ends without one."""
        at = automaton.at
        self.reader.report(
            "MIL0109",
            "a statement ends in `;`",
            at,
            at,
            label="expected `;`",
            help="put a semicolon here",
        )

    # Where to go on

    def in_body(self, automaton: Automaton, token: Token, body: int) -> bool:
        """Go on within the block that begins at `body` on the stack."""
        closing = _index_of_token(automaton.values[body:], "RBRACE")
        if closing is not None:
            del automaton.states[body + closing + 2 :], automaton.values[body + closing + 1 :]
            if token.type == "RBRACE":  # it ends what is around
                automaton.at = token.start
            else:
                self.skip_statement(automaton, token)
            for kind in ("ARROW", "LPAR", "RPAR"):
                automaton.feed(Token(kind, "", token.start, token.start))
            if "SEMICOLON" in acceptable(automaton.states):
                automaton.feed(Token("SEMICOLON", ";", token.start, token.start))
            return True
        start = _first_place(automaton.values[body:], token.start)
        for name in _result_names(automaton.values[body:]):
            self.reader.scope.presume(name)
        del automaton.states[body + 1 :], automaton.values[body:]
        self.skip_statement(automaton, token)
        for found in _definition(automaton.text, start, automaton.at):
            self.reader.scope.presume(found[1])
        return True

    def skip_statement(self, automaton: Automaton, token: Token) -> None:
        """Move behind the next semicolon, or to the end of the block or of the text."""
        automaton.at = token.start
        while True:
            following = automaton.next_token()
            before = automaton.at
            automaton.at = following.end
            if following.type == "SEMICOLON":
                return
            if following.text[:1] in ('"', "`") and following.type == "" and ";" in following.text:
                return
            starts_function = following.type == "FUNC" and automaton.next_token().type == "NAME"
            if following.type == END or starts_function:
                automaton.at = following.start
                return
            if following.type == "RBRACE" and automaton.next_token().type == "ARROW":
                automaton.at = following.start
                return
            if automaton.at == before:
                automaton.at = before + 1

    def outside(self, automaton: Automaton, token: Token, head: int | None) -> bool:
        """Go on with the body of the function whose head is wrong, or with the next function."""
        in_function = (
            head is not None and _index_of_token(automaton.values[head:], "FUNC") is not None
        )
        if head is None:
            self.restart(automaton)
        else:
            del automaton.states[head + 1 :], automaton.values[head:]
        following = self.next_function(automaton.text, token.start)
        if in_function:
            body = _body(automaton.text, token.start, following)
            if body is not None:
                return self.enter_body(automaton, body.start())
        if following == len(automaton.text):
            return False
        automaton.at = following
        return token.start < automaton.at or token.type != "FUNC"

    def next_function(self, text: str, start: int) -> int:
        """Where the next function begins from `start` on, or the end of the text.

        What lies before the place found last is not searched again.
        """
        if not self.searched <= start <= self.function:
            found = _next_function(text, start)
            self.searched, self.function = start, found.start() if found else len(text)
        return self.function

    def restart(self, automaton: Automaton) -> None:
        """Behave as though a program's head had been read."""
        automaton.states[:] = [STARTS["program"]]
        automaton.values.clear()
        for kind, text in (
            ("PROGRAM", "program"),
            ("LPAR", "("),
            ("NUMBERS", "1.3"),
            ("RPAR", ")"),
            ("LBRACE", "{"),
        ):
            automaton.feed(Token(kind, text, 0, 0))

    def enter_body(self, automaton: Automaton, brace: int) -> bool:
        """Behave as though a function's head had been read, of inputs unknown."""
        name = f"unread_{brace}"
        for kind, text in (
            ("FUNC", "func"), ("NAME", name), ("LESS", "<"), ("NAME", "ios15"), ("MORE", ">"),
            ("LPAR", "("), ("RPAR", ")"), ("LBRACE", "{"),
        ):  # fmt: skip
            automaton.feed(Token(kind, text, brace, brace))
        automaton.at = brace + 1
        # The head is reduced only when the parser has seen what follows it.
        automaton.feed(Token("STATEMENT", "", brace + 1, brace + 1))
        self.reader.scope.forgiving = True
        return True


def _deepest(states: list[int], wanted: Callable[[dict[str, int]], bool]) -> int | None:
    for at in range(len(states) - 1, -1, -1):
        if wanted(STATES[states[at]]):
            return at
    return None


def _takes_statements(row: dict[str, int]) -> bool:
    return "STATEMENT" in row


def _takes_functions(row: dict[str, int]) -> bool:
    # Where any name may stand, `func` is one.
    return "FUNC" in row and "NAME" not in row


def _index_of_token(values: list[Any], kind: str) -> int | None:
    tokens = (at for at, v in enumerate(values) if isinstance(v, Token) and v.type == kind)
    return next(tokens, None)


def _result_names(values: list[Any]) -> list[str]:
    """Names of the results of a statement that broke off behind them, read or just seen."""
    items = [item for value in values for item in (value if isinstance(value, list) else [value])]
    names = [item.value.name for item in items if isinstance(getattr(item, "value", None), Value)]
    last = items[-1] if items else None
    return [*names, last.text] if isinstance(last, Token) and last.type == "NAME" else names


def _first_place(values: list[Any], otherwise: int) -> int:
    places = [value.start for value in values if hasattr(value, "start")]
    return min(places, default=otherwise)


def _hint(automaton: Automaton, token: Token) -> str | None:
    from milc.syntax.hints import hint  # of use for texts that are wrong, and for no other

    return hint(automaton.text, token.start)


def _listed(expected: list[str]) -> str:
    words = [_WORDS[kind] for kind in expected if kind in _WORDS and kind != "STATEMENT"]
    if _TYPE_WORDS & set(expected):
        words = [
            word for word in words if word not in ("`program`", "`func`", "`BLOBFILE`", "a name")
        ]
        words.insert(0, "a statement" if "STATEMENT" in expected else "a type")
        if "NAME" in expected and "STATEMENT" not in expected:
            words[0] = "a name or a type"
    elif "NAME" in expected:
        words = [word for word in words if word not in ("`program`", "`func`", "`BLOBFILE`")]
    if len(words) > 1:
        return f"{', '.join(words[:-1])} or {words[-1]}"
    return words[0] if words else "nothing"


def _found(token: Token) -> str:
    if token.type == END:
        return "the end of the text"
    is_word = token.type == "NAME" or token.type in KEYWORDS.values()
    shown = token.text if is_word else clip(token.text, 40)
    return f"`{shown}`" if shown.isprintable() else repr(shown)


# Shapes of error that people really write; each is recognised by what stands there.
# A row gives the code, the message and what else the diagnostic says, or None.

_Special = tuple[str, str, dict[str, Any]] | None


def _unterminated(automaton: Automaton, token: Token, expected: list[str]) -> _Special:
    quote = token.text[:1]
    if token.type != "" or quote not in ('"', "`") or token.text == "``":
        return None
    what = "string" if quote == '"' else "name"
    return (
        "MIL0103",
        f"the {what} does not end on its line",
        {"help": rf"close it with {quote}; a line break inside is written \n"},
    )


def _reference(automaton: Automaton, token: Token, expected: list[str]) -> _Special:
    if token.text != "%":
        return None
    return "MIL0107", "MIL writes values by their name alone", {"help": "leave out the `%`"}


def _block_comment(automaton: Automaton, token: Token, expected: list[str]) -> _Special:
    if not automaton.text.startswith(("/*", "*/", "#"), token.start):
        return None
    return (
        "MIL0108",
        "MIL knows only comments from `//` to the end of the line",
        {"help": "begin each line of the comment with `//`"},
    )


def _character(automaton: Automaton, token: Token, expected: list[str]) -> _Special:
    if token.type != "":
        return None
    label = {"label": f"expected {_listed(expected)}", "help": _hint(automaton, token)}
    if len(token.text) > 1:
        return "MIL0102", f"{_found(token)} is neither a name nor a number", label
    shown = f"`{token.text}`" if token.text.isprintable() else f"U+{ord(token.text):04X}"
    return "MIL0102", f"the character {shown} has no place in MIL text", label


def _bracketed_results(automaton: Automaton, token: Token, expected: list[str]) -> _Special:
    if token.type not in ("LSQB", "LPAR") or "STATEMENT" not in expected:
        return None
    return (
        "MIL0106",
        "several results stand side by side, without brackets",
        {"help": "write `TYPE a, TYPE b = op(...)`"},
    )


def _not_mil(automaton: Automaton, token: Token, expected: list[str]) -> _Special:
    if expected != ["PROGRAM"]:
        return None
    if token.type == END:
        return "MIL0120", "the text holds no program", {}
    if automaton.text.startswith(LFS_POINTER.decode()):
        return (
            "MIL0120",
            "this is a Git LFS pointer, not the file itself",
            {"help": "fetch the file with `git lfs pull`"},
        )
    return (
        "MIL0120",
        f"a MIL text begins with `program`, this one with {_found(token)}",
        {"help": "MIL text begins `program(1.3)`"},
    )


def _bare_blobfile(automaton: Automaton, token: Token, expected: list[str]) -> _Special:
    if token.type != "BLOBFILE":
        return None
    return "MIL0111", "BLOBFILE stands in a typed value", {"help": BLOBFILE_FORM}


_SPECIAL: Final[tuple[Callable[[Automaton, Token, list[str]], _Special], ...]] = (
    _not_mil,
    _unterminated,
    _reference,
    _block_comment,
    _bracketed_results,
    _bare_blobfile,
    _character,
)
