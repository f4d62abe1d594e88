"""A program as Apple's compiler reads it: what milc understands and that compiler does not.

The rules are errors where Apple's tools are known to refuse, and warnings where it is reported or
unknown; the catalog says which and why. Some look at the text itself. Findings of other checks that
are warnings by themselves are raised by `raised`. Imports what `operations` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from milc.diagnostics import BoundedFindings, Diagnostic, Edit, Span, in_text_order
from milc.diagnostics.prose import many
from milc.ir.names import RESERVED, RESERVED_NAME, is_identifier
from milc.ir.nodes import Op, Value
from milc.ir.types import TO_INFER, StateType, TensorType
from milc.ir.walk import label, place, walk_ops, walk_values
from milc.syntax.types import type_text
from milc.verify import places
from milc.verify.completing import Unwritten, default_edit, unwritten

if TYPE_CHECKING:
    from milc.diagnostics import Severity
    from milc.ir.nodes import Program
    from milc.verify.operations import Read

MOST_RANK: Final = 5
"""Tensors of more dimensions are refused by coremltools and by Core ML, but for constants that are
unpacked when a model is loaded."""

RAISED: Final = ("MIL0413", "MIL0706", "MIL0708")
"""Warnings that are errors to Apple's compiler."""


class Reading(NamedTuple):
    """What the rules look at."""

    program: Program
    left_open: tuple[Value, ...]
    """Results whose type the text leaves open, whether or not it has been filled in since."""
    read: Read | None

    @property
    def text(self) -> str | None:
        """The text that the program was read from, None if it was not."""
        return self.program.source.text if is_text(self.program) and self.program.source else None


def check_strict(
    program: Program, *, left_open: Iterable[Value] = (), read: Read | None = None
) -> list[Diagnostic]:
    """What Apple's compiler would not read as milc does, in the order of the text."""
    reading = Reading(program, (*left_open, *_open(program)), read)
    found: list[Diagnostic] = BoundedFindings()
    for rule in _RULES:
        found.extend(rule(reading))
    places.forget()
    return in_text_order(found)


def raised(found: Iterable[Diagnostic]) -> None:
    """Make errors of the findings that are errors to Apple's compiler."""
    for finding in found:
        quoted = finding.code == RESERVED_NAME and _is_quoted(finding.span)
        if finding.severity == "warning" and (finding.code in RAISED or quoted):
            finding.severity = "error"


def is_text(program: Program) -> bool:
    """Whether a program was read from text: one that was printed to be shown has no such spans."""
    bodies = (function.body for function in program.functions.values())
    return program.source is not None and any(body.span is not None for body in bodies)


def left_open(program: Program) -> tuple[Value, ...]:
    """The results whose type is left open; to be asked before types are filled in."""
    return tuple(_open(program))


def _open(program: Program) -> Iterator[Value]:
    return (value for value in walk_values(program) if value.type is TO_INFER)


def _is_quoted(span: Span | None) -> bool:
    return span is not None and "`" in span.source.text[max(span.start - 1, 0) : span.end]


# The rules of programs


def _defaults(reading: Reading) -> Iterator[Diagnostic]:
    """Apple's compiler fills in no default: `Required param 'pad' is missing`."""
    version = reading.program.version
    by_op: dict[Op, list[Unwritten]] = {}
    for missing in unwritten(reading.program, read=reading.read, spared=False):
        by_op.setdefault(missing.op, []).append(missing)
    for op, all_missing in by_op.items():
        names = [f"`{missing.arg}`" for missing in all_missing]
        edits = [
            default_edit(missing, version, first=not (op.args or number))
            for number, missing in enumerate(all_missing)
        ]
        written = [edit for edit in edits if edit is not None]
        said = "".join(edit.text for edit in written).removeprefix(", ")
        yield _finding(
            "MIL0330",
            f"{op.kind} leaves {_and(names)} to {'its default' if len(names) == 1 else 'defaults'}",
            op,
            help=f"write it out: {said}" if said else None,
            fix=written if reading.text is not None else (),
        )


def _ranks(reading: Reading) -> Iterator[Diagnostic]:
    for value in walk_values(reading.program):
        type = value.type.wrapped if value.type.__class__ is StateType else value.type
        if type.__class__ is not TensorType or not type.shape or len(type.shape) <= MOST_RANK:
            continue
        if not _is_unpacked(value):
            message = f"`{value.name}` has rank {len(type.shape)}; Core ML has {MOST_RANK} at most"
            yield _about(value, "MIL0331", message)


def _is_unpacked(value: Value) -> bool:
    """Whether a constant is a part of a compressed one, such as a table: these may be larger."""
    op = value.op
    if op is None or not (op.kind == "const" or _is_constexpr(op)):
        return False
    return all(isinstance(user, Op) and _is_constexpr(user) for user in value.uses)


def _is_constexpr(op: Op) -> bool:
    return op.kind.startswith("constexpr_")


def _open_types(reading: Reading) -> Iterator[Diagnostic]:
    for value in dict.fromkeys(reading.left_open):
        op, fix = value.op, []
        if op is not None and value.type is not TO_INFER:
            spelt = type_text(value.type, reading.program.version)
            declared = places.of_declared_type(op, op.results.index(value))
            fix = [Edit(declared, spelt)] if declared is not None else []
        message = f"the type of `{value.name}` is left open"
        help = f"write `{fix[0].text}`" if fix else None
        yield _about(value, "MIL0332", message, help=help, fix=fix)


def _opsets(reading: Reading) -> Iterator[Diagnostic]:
    first, *others = reading.program.functions.values()
    for function in others:
        if function.opset == first.opset:
            continue
        message = (
            f"function {function.name} is of {function.opset}, function {first.name} of"
            f" {first.opset}: all functions of a program are reported to need one opset"
        )
        span = places.of_word(function, function.opset)
        yield Diagnostic("MIL0337", message, span, severity="warning", path=_path(reading))


# The rules of texts


def _blocks(reading: Reading) -> Iterator[Diagnostic]:
    if reading.text is None:
        return
    nested = next((op for op in walk_ops(reading.program) if op.blocks), None)
    if nested is not None:
        message = "the form of nested blocks is milc's own: that of Apple's text is not known"
        help = "compile the program into a package, which has no text"
        yield _finding("MIL0333", message, nested, "warning", help=help)


_piece = re.compile(
    r'"(?:[^"\\\n]|\\.)*+"|(?P<comment>//[^\n]*+)|`(?P<quoted>(?:[^`\\\n]|\\.)++)`'
    r"|(?P<nan>(?<![\w.])[+-]?nan(?!\w))"
).finditer


def _lexemes(reading: Reading) -> Iterator[Diagnostic]:
    """Comments, nan and needless back-quotes: the first of each, and how many there are."""
    source = reading.program.source
    if reading.text is None or source is None:
        return
    nan_is_a_name = any(value.name == "nan" for value in walk_values(reading.program))
    first: dict[str, Span] = {}
    count: dict[str, int] = {}
    for match in _piece(source.text):
        kind = match.lastgroup
        if kind is None or (kind == "nan" and nan_is_a_name):
            continue
        if kind == "quoted" and (not is_identifier(match[kind]) or match[kind] in RESERVED):
            continue  # what the name is called is said by others
        first.setdefault(kind, Span(source, *match.span(kind)))
        count[kind] = count.get(kind, 0) + 1
    for kind, span in first.items():
        code, message, severity, help = _LEXEMES[kind]
        more = f" ({count[kind]} in this text)" if count[kind] > 1 else ""
        yield Diagnostic(code, message + more, span, severity=severity, help=help)


_LEXEMES: Final[dict[str, tuple[str, str, Severity, str]]] = {
    "comment": (
        "MIL0334",
        "whether Apple's reader takes comments is not known",
        "warning",
        "text for Apple's tools: milc decompile --style coremlc",
    ),
    "nan": (
        "MIL0335",
        "whether Apple's reader takes `nan` is doubtful",
        "warning",
        "use a finite number, or compile the program into a package",
    ),
    "quoted": ("MIL0336", "names in back-quotes are milc's own", "error", "drop the back-quotes"),
}


def _one_line(reading: Reading) -> Iterator[Diagnostic]:
    """Three projects found out that buildInfo has to stand on one line."""
    source = reading.program.source
    if reading.text is None or source is None or "buildInfo" not in reading.program.attributes:
        return
    start = source.text.rfind("[", 0, source.text.find("buildInfo"))
    if start >= 0 and "\n" in source.text[start : _end_of_brackets(source.text, start)]:
        message = "buildInfo is spread over several lines, which is reported not to be read"
        line_end = source.text.find("\n", start)
        span = Span(source, start, line_end)
        yield Diagnostic("MIL0338", message, span, severity="warning", help="write it on one line")


_bracket = re.compile(r'"(?:[^"\\\n]|\\.)*+"|//[^\n]*+|[\[\]]').finditer


def _end_of_brackets(text: str, start: int) -> int:
    """Where the bracket that opens at `start` is closed."""
    depth = 0
    for match in _bracket(text, start):
        depth += {"[": 1, "]": -1}.get(match[0], 0)
        if match[0] == "]" and depth == 0:
            return match.end()
    return len(text)


_RULES: Final[tuple[Callable[[Reading], Iterator[Diagnostic]], ...]] = (
    _defaults,
    _ranks,
    _open_types,
    _opsets,
    _blocks,
    _lexemes,
    _one_line,
)


def _and(words: list[str]) -> str:
    if len(words) > 4:
        words = [*words[:3], many(len(words) - 3, "more argument")]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _path(reading: Reading) -> str | None:
    return reading.program.source.path if reading.program.source is not None else None


def _about(
    value: Value, code: str, message: str, *, help: str | None = None, fix: Iterable[Edit] = ()
) -> Diagnostic:
    """A finding about a value; without a text, in front of it the words for its place."""
    span = places.of_value(value)
    if span is None and value.op is not None:
        message = f"{place(value.op)}: {message}"
    return Diagnostic(code, message, span, help=help, fix=fix)


def _finding(
    code: str,
    message: str,
    op: Op,
    severity: Severity = "error",
    *,
    help: str | None = None,
    fix: Iterable[Edit] = (),
) -> Diagnostic:
    """A finding about an op; without a text, in front of it the words for its place."""
    span = places.of_kind(op)
    if span is None:
        where = place(op.parent) + ", " if op.parent is not None else ""
        message = f"{where}{label(op)}: {message}"
    return Diagnostic(code, message, span, severity=severity, help=help, fix=fix)
