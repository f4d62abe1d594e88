"""Values in the grammar: typed literals, references into weight files, untyped literals."""

from __future__ import annotations

import re
from typing import Any, Final

from milc.diagnostics import MilError
from milc.grammar import PATTERNS
from milc.ir.literals import MODEL_PATH, BlobRef, Literal, TensorLiteral, Unread
from milc.ir.types import SCALAR_STRING, UINT64, UNKNOWN_TYPE, Type, scalar
from milc.syntax.literals import read_literal, whole_literal
from milc.syntax.reader import At
from milc.syntax.type_rules import TypeRules
from milc.syntax.types import BLOBFILE_FORM, bare_blobfile, plain_type

_CACHED_LENGTH: Final = 100
_STRING: Final = frozenset(("string", "tensor<string, []>"))
_UINT64: Final = frozenset(("uint64", "tensor<uint64, []>"))
_LONGEST_OFFSET: Final = 19
"""Digits of a number that is a uint64 for certain."""
_OFFSET_TYPE: Final = scalar(UINT64)

_P = PATTERNS
_plain_value = re.compile(
    rf"({_P['P_TYPE']})\s*\(\s*(?:BLOBFILE\s*\(\s*path\s*=\s*({_P['P_TYPE']})\s*\(\s*({_P['STRING']})\s*\)"
    rf"\s*,\s*offset\s*=\s*({_P['P_TYPE']})\s*\(\s*([0-9]+)\s*\)\s*\)|({_P['P_PLAIN']}))\s*\)"
).match


def unread(type: Type) -> Literal:
    """Stands for a literal that could not be read, and has been reported."""
    return Unread(type)


class NotPlain(Exception):
    """A statement in the plain shape is for the fine rules: to read, or to say what is wrong."""


class ValueRules(TypeRules):
    """Callbacks of the rules for values, and the same for a value matched in one piece."""

    def plain_type(self, text: str) -> Type:
        """The type that `text` spells. Raises NotPlain."""
        type = self.types.get(text)
        if type is None:
            try:
                type = self.types[text] = plain_type(self.source, text, 0)
            except MilError:
                raise NotPlain from None
        return type

    def plain_literal(self, text: str, start: int) -> Literal:
        """The value that `text`, found at `start`, spells. Raises NotPlain."""
        literal = self.literals.get(text)
        if literal is not None:
            return literal
        head, _, string = text.partition('("')
        if head in _STRING and string.find('"') == len(string) - 2 and "\\" not in string:
            # Nearly every statement has a name of its own: made at once, and not worth keeping.
            return TensorLiteral(SCALAR_STRING, (string[:-2],))
        match = _plain_value(self.source.text, start)
        assert match is not None
        type = self.plain_type(match[1])
        found = self.plain_blob(type, match) if match[6] is None else whole_literal(type, match[6])
        if found is None:
            raise NotPlain
        if len(text) <= _CACHED_LENGTH:
            self.literals[text] = found
        return found

    def plain_blob(self, type: Type, match: re.Match[str]) -> BlobRef | None:
        """A reference into a weight file, or None if it is for the fine rules."""
        _, string, path, uint64, offset, _ = match.groups()
        if string not in _STRING or uint64 not in _UINT64 or "\\" in path:
            return None
        where = self.words.setdefault(path, path[1:-1])
        if len(offset) > _LONGEST_OFFSET or not where.startswith(MODEL_PATH):
            return None
        return BlobRef(type, where, int(offset))

    def typed_literal(self, type: Type, start: int, end: int) -> Literal:
        """The literal from `start` to `end`; after an error an empty one of the type."""
        if type is UNKNOWN_TYPE:
            return unread(type)
        try:
            literal, warnings = read_literal(self.source, start, end, type)
        except MilError as error:
            self.diagnostics.extend(error.diagnostics)
            return unread(type)
        self.diagnostics.extend(warnings)
        return literal

    def blob(self, type: Type, path: At, offset: At) -> Literal:
        """A reference into a weight file, its path and offset being what they must be."""
        where, at = path.value, offset.value
        if isinstance(where, Unread) or isinstance(at, Unread):
            return unread(type)
        if where.type is not SCALAR_STRING:
            self.report("MIL0213", "the path of a BLOBFILE is a string", path.start, path.end)
            return unread(type)
        if at.type is not _OFFSET_TYPE:
            self.report("MIL0213", "the offset of a BLOBFILE is a uint64", offset.start, offset.end)
            return unread(type)
        if not where.strings[0].startswith(MODEL_PATH):
            self.report(
                "MIL0213",
                f"the path of a BLOBFILE begins with {MODEL_PATH}",
                path.start,
                path.end,
                severity="warning",
                help="@model_path is the folder of the program; write the file's path in it",
            )
        return BlobRef(type, where.strings[0], at.item())

    def on_literal(self, children: list[Any]) -> At:
        return At(None, children[0].start, children[-1].end)

    def on_value(self, children: list[Any]) -> At:
        type, _, literal, end = self.settled(children[0]), *children[1:]
        found = self.typed_literal(type.value, literal.start, literal.end)
        return At(found, type.start, end.end)

    def on_untyped(self, children: list[Any]) -> At:
        self.untyped(children[0].start, children[-1].end)
        return At(None, children[0].start, children[-1].end)

    def untyped(self, start: int, end: int) -> None:
        """Note a literal without its type."""
        from milc.syntax.hints import typed

        self.report(
            "MIL0104",
            "a literal needs its type in front",
            start,
            end,
            label="type declaration expected here",
            help=typed(self.source.text[start:end]),
        )

    def on_blob(self, children: list[Any]) -> At:
        type, _, keyword, given, end = self.settled(children[0]), *children[1:]
        whole = type.start, end.end
        path, offset = given.value.get("path"), given.value.get("offset")
        if len(given.value) != 2 or path is None or offset is None:
            self.report(
                "MIL0111",
                "BLOBFILE takes `path` and `offset`",
                keyword.start,
                given.end,
                help=BLOBFILE_FORM,
            )
            return At(unread(type.value), *whole)
        if not all(len(bound) == 1 and isinstance(bound[0], Literal) for bound in (path, offset)):
            # An untyped literal or a name, which has been reported.
            return At(unread(type.value), *whole)
        place = keyword.start, given.end
        return At(self.blob(type.value, At(path[0], *place), At(offset[0], *place)), *whole)

    def on_untyped_blob(self, children: list[Any]) -> At:
        keyword, given = children
        self.diagnostics.extend(bare_blobfile(self.source, keyword.start, keyword.end).diagnostics)
        return At(None, keyword.start, given.end)
