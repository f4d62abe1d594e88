"""`milc verify`: all that is wrong with a program or a model.

Findings about what did not come from text are placed in the text that it would print.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from milc.diagnostics import Diagnostic, Span, errors, in_text_order
from milc.diagnostics.files import AnyPath
from milc.driver.choosing import ABOUT_OPS
from milc.driver.ignoring import silence
from milc.driver.loading import Text, read_model
from milc.driver.reading import reader
from milc.ir.literals import BlobRef
from milc.ir.nodes import Program
from milc.package import describe
from milc.package.kinds import sniff
from milc.package.model import Model
from milc.package.references import references
from milc.verify import verify as verify_program
from milc.verify.completing import has_open_types, infer_types

UNCHECKED = ("MIL08",)
"""How codes begin of which nothing is looked for: a comment may silence them in vain."""

_NO_WEIGHT_FILE = "MIL0601"
_reference = re.compile(r"BLOBFILE\s*\([^;]*?\(\s*([0-9]+)\s*\)\s*\)").finditer


def verify(subject: Model | Program) -> list[Diagnostic]:
    """What is wrong with a model or a program, in the order of its text; empty if nothing is.

    Of a program its structure: names, definitions and uses, blocks, constants. Of a model also
    its description against the signature, and every reference into a weight file. What a comment
    in its text silences is left out. It is fit for use if no finding is an error.
    """
    if isinstance(subject, Program):
        found = _placed(subject, "<program>", lambda: verify_program(subject))
        return silence(found, subject.source, checked=False)
    path = subject.path or "<model>"
    found = _placed(subject.program, path, lambda: check(subject))
    # Its reader's findings are not among these, so whether a comment is of use is not known.
    return silence(found, subject.program.source, checked=False)


def verify_file(path: AnyPath | Text, *, weights: AnyPath | None = None) -> list[Diagnostic]:
    """What is wrong with the model at `path`: as `verify`, and with its text or its package.

    A weight file that is missing is a warning where there is mere text. Raises MilError where the
    model cannot be read at all.
    """
    model, found = read_model(path, weights=weights)
    infer_types(model.program, read=reader(model.weights))
    bare_text = isinstance(path, Text) or sniff(Path(path)) == "text"
    found = found_in(model, found, strict=not bare_text or weights is not None)
    return silence(found, model.program.source, unchecked=UNCHECKED)


def found_in(model: Model, reported: list[Diagnostic], *, strict: bool = True) -> list[Diagnostic]:
    """What is wrong with a model, `reported` by its reader included, in the order of the text.

    Unless `strict`, a weight file that is not there is a warning.
    """
    reported = reported + model.notes
    path = model.path or "<model>"
    found = _placed(model.program, path, lambda: check(model, reported))
    for finding in found:
        if finding.code == _NO_WEIGHT_FILE:
            finding.severity = finding.severity if strict else "warning"
            finding.help = finding.help or "if the weights lie elsewhere: --weights DIR"
    return in_text_order(reported + found)


def check(model: Model, reported: Iterable[Diagnostic] = ()) -> list[Diagnostic]:
    """What is wrong with a model besides what is `reported`, without giving it places."""
    reported = list(reported)
    found = verify_program(model.program, reported=reported, read=reader(model.weights))
    whole = not has_open_types(model.program)
    if whole and all(each.code.startswith(ABOUT_OPS) for each in errors(reported + found)):
        # Of a program that does not hold together, more could be said than is true. With errors
        # about operations it does, and as they can be silenced they must not hide others.
        found += describe.check(model)
    held = list(references(model.program))
    spans = [_place(ref, span) for ref, span in held]
    return found + model.weights.check_all((ref for ref, _ in held), spans)


def _placed(program: Program, path: str, run: Callable[[], list[Diagnostic]]) -> list[Diagnostic]:
    """What `run` finds, with places in the text that the program would print if it has none."""
    found = run()
    if found and program.source is None and program.functions:
        from milc.syntax.print import with_spans

        with_spans(program, path)
        found = run()
    return in_text_order(found)


def _place(ref: BlobRef, span: Span | None) -> Span | None:
    """The reference itself within its statement."""
    if span is None:
        return None
    for match in _reference(span.source.text, span.start, span.end):
        if int(match[1]) == ref.offset:
            return Span(span.source, *match.span())
    return span
