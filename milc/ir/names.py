"""Names: what one may be, and the findings that reading, decoding and verifying share.

The parser and the decoder meet a name twice or a name that nothing defines while they bind names
to values; the verifier meets the same in programs made by hand or by passes. Both build the
finding here, so that one mistake has one code and one wording. Imports diagnostics and types.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from milc.diagnostics import Diagnostic, Label, Span
from milc.ir.types import ELEMENT_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable

DUPLICATE_NAME: Final = "MIL0402"
UNDEFINED_NAME: Final = "MIL0403"
RESERVED_NAME: Final = "MIL0412"

RESERVED: Final = frozenset(
    {"any", "program", "func", "tensor", "list", "dict", "tuple", "state", "true", "false"}
    | ELEMENT_TYPES.keys()
)
"""Words of the language that a name should not be.

coremltools renames a value that has one of them before it writes a package, for the sake of
Apple's text reader.
"""

REDEFINING: Final = frozenset({"read_state"})
"""Kinds of op whose result may have the name of an earlier value in the same block.

coremltools writes an update of a state as `write_state` and a `read_state` whose result has the
name of the update, once for each update, and an update keeps the name of the value it replaces.
Later uses mean the latest definition.
"""

_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Names:
    """The names of a function's values, and new ones.

    Counts the values of each name, for two blocks side by side may use the same one. A name that
    was used or given out once is never given out again, even if its value is gone.
    """

    __slots__ = ("_counts", "_next")

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._counts: dict[str, int] = {}
        self._next: dict[str, int] = {}
        for name in names:
            self.take(name)

    def fresh(self, base: str) -> str:
        """`base` if it is free and no reserved word, else `base_0`, `base_1` …

        The name is then reserved, so that the next call gives another one. Takes constant time,
        averaged over the calls with one base.
        """
        if not base or base in self._counts or base in RESERVED:
            return self.numbered(base or "value")
        self._counts[base] = 0
        return base

    def numbered(self, base: str) -> str:
        """The first free one of `base_0`, `base_1` …, which is then reserved."""
        number = self._next.get(base, 0)
        while f"{base}_{number}" in self._counts:
            number += 1
        name = f"{base}_{number}"
        self._next[base] = number + 1
        self._counts[name] = 0
        return name

    def taken(self, name: str) -> bool:
        """Whether a value has the name now."""
        return self._counts.get(name, 0) > 0

    def take(self, name: str) -> None:
        """Count a value of that name."""
        self._counts[name] = self._counts.get(name, 0) + 1

    def release(self, name: str) -> None:
        """Count a value of that name less."""
        self._counts[name] -= 1


def is_identifier(name: str) -> bool:
    """Whether the name is a letter or `_`, then letters, digits and `_`."""
    return _IDENTIFIER.fullmatch(name) is not None


def duplicate_name(
    name: str, span: Span | None = None, first: Span | None = None, *, where: str = ""
) -> Diagnostic:
    """MIL0402: `name` is defined a second time, at `span`; `first` is the earlier definition.

    An error in a text, where it is a slip; a warning for a name in backquotes and for a program
    without text, because coremltools writes packages in which several casts share a name. `where`
    says the place in words for a program without text; it precedes the message.
    """
    return Diagnostic(
        DUPLICATE_NAME,
        f"{where}`{name}` is defined twice in one block",
        span,
        severity="warning" if span is None or _quoted(span) else "error",
        label="defined again here",
        labels=[Label(first, "first defined here")] if first is not None else (),
        help="give one of the two another name",
    )


def _quoted(span: Span) -> bool:
    """Whether a name stands in backquotes, the span with or without them."""
    return "`" in span.source.text[max(span.start - 1, 0) : span.start + 1]


def undefined_name(name: str, span: Span | None = None, *, where: str = "") -> Diagnostic:
    """MIL0403: nothing defines `name`, which is used at `span`."""
    return Diagnostic(
        UNDEFINED_NAME,
        f"{where}nothing defines `{name}`",
        span,
        label="not an input, and not the result of an operation before this one",
    )


def reserved_name(name: str, span: Span | None = None, *, where: str = "") -> Diagnostic:
    """MIL0412: `name` is a word of the language.

    An error in a text, where Apple's reader would stumble over the word; a warning for a name in
    backquotes, for a program without text, and for `state`, which programs that Apple's compiler
    accepts do use as a name.
    """
    bare = span is not None and span.text == name and not _quoted(span) and name != "state"
    return Diagnostic(
        RESERVED_NAME,
        f"{where}the name `{name}` is a reserved word",
        span,
        severity="error" if bare else "warning",
        help=f"call it something else, such as `{name}_0`",
    )
