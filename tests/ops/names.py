"""Which arguments a message of coremltools speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tests.ops.written import definition

_EXACT = (
    re.compile(r"Input (\w+)=\""),
    re.compile(r"Input (\w+) must be const"),
    re.compile(r"Required input (\w+) is missing"),
    re.compile(r"Unknown input '(\w+)'"),
    re.compile(r"the named input `(\w+)` must have .* as the named input `(\w+)`"),
)
_quoted = re.compile(r"[`'\"](\w+)[`'\"]")

ENGLISH = {"a", "b", "size", "shape", "data", "value", "values", "input"}
"""Words that need not be names of arguments where they are not in quotes."""

ALIASES = {"input_shape": {"x"}, "kernel_shape": {"weight", "kernel_sizes"}, "custom_pad": {"pad"}}
"""What the rules that ops share call arguments, and which arguments that may be."""


def named(message: str, op: str, opset: str, given: Iterable[str] = ()) -> set[str]:
    """The arguments that a message names; empty if it names none.

    The sentences of the general rules name exactly one, or two that disagree. In those of an op,
    names in quotes count, and if there are none, words that are the name of an argument.
    """
    for pattern in _EXACT:
        if found := pattern.search(message):
            return set(found.groups())
    if message.startswith("No available version"):
        return set()
    names = {*definition(op, opset)[1], *given}
    # pad and split have arguments of their own name.
    text = re.sub(rf"\b{op}_\d+\b" if op in names else rf"\b{op}(_\d+)?\b", " ", message)
    quoted = names & set(_quoted.findall(text))
    if quoted:
        return quoted
    words = set(re.findall(r"\b[A-Za-z_]\w*", text))
    meant = {name for word, held in ALIASES.items() if word in words for name in held}
    return names & (words | meant | {word.lower() for word in words}) - ENGLISH
