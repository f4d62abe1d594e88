"""`milc verify`: all that is wrong with a program or a model.

Findings about what did not come from text are placed in the text that it would print.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from milc.diagnostics import Diagnostic, Span, errors, in_text_order
from milc.diagnostics.files import AnyPath
from milc.driver.choosing import ABOUT_OPS
from milc.driver.further import NOTHING, Wanted, look_further, wanted
from milc.driver.ignoring import silence
from milc.driver.loading import Text, read_model
from milc.driver.reading import reader
from milc.ir.literals import BlobRef
from milc.ir.nodes import Program, Value
from milc.package import describe
from milc.package.kinds import sniff
from milc.package.model import Model
from milc.package.references import references
from milc.verify import verify as verify_program
from milc.verify.completing import has_open_types, infer_types
from milc.verify.strict import left_open, raised

if TYPE_CHECKING:
    from milc.verify.operations import Operations

_NO_WEIGHT_FILE = "MIL0601"
_reference = re.compile(r"BLOBFILE\s*\([^;]*?\(\s*([0-9]+)\s*\)\s*\)").finditer


def verify(
    subject: Model | Program, *, strict: bool = False, target: str | None = None, lint: bool = False
) -> list[Diagnostic]:
    """What is wrong with a model or a program, in the order of its text; empty if nothing is.

    Of a program its structure: names, definitions and uses, blocks, constants; and its ops against
    their definitions. Of a model also its description against the signature, and every reference
    into a weight file. `strict` checks as Apple's compiler reads a program; `target`, such as
    `ios16` or `macOS13`, adds what keeps it from that system, as errors; `lint` what it could do
    without, never as errors. What a comment in its text silences is left out. It is fit for use if
    no finding is an error. Raises MilError (MIL0035) for a target that does not exist.
    """
    wish = wanted(strict, target, lint)
    if isinstance(subject, Program):
        found = _placed(subject, "<program>", lambda: _check_program(subject, wish))
        return _silenced(found, subject, wish, checked=False)
    path = subject.path or "<model>"
    found = _placed(subject.program, path, lambda: check(subject, (), wish))
    # Its reader's findings are not among these, so whether a comment is of use is not known.
    return _silenced(found, subject.program, wish, checked=False)


def verify_file(
    path: AnyPath | Text,
    *,
    weights: AnyPath | None = None,
    strict: bool = False,
    target: str | None = None,
    lint: bool = False,
) -> list[Diagnostic]:
    """What is wrong with the model at `path`: as `verify`, and with its text or its package.

    A weight file that is missing is a warning where there is mere text. Raises MilError where the
    model cannot be read at all, or where there is no such target.
    """
    wish = wanted(strict, target, lint)
    model, found = read_model(path, weights=weights)
    still_open = left_open(model.program) if strict else ()
    infer_types(model.program, read=reader(model.weights))
    has_weights = weights is not None or not (isinstance(path, Text) or sniff(Path(path)) == "text")
    found = found_in(model, found, has_weights=has_weights, wish=wish, still_open=still_open)
    return _silenced(found, model.program, wish, unchecked=wish.unchecked)


def found_in(
    model: Model,
    reported: list[Diagnostic],
    *,
    has_weights: bool = True,
    wish: Wanted = NOTHING,
    still_open: tuple[Value, ...] = (),
) -> list[Diagnostic]:
    """What is wrong with a model, `reported` by its reader included, in the order of the text.

    Unless it `has_weights`, a weight file that is not there is a warning. `still_open` are results
    whose type was left open when the model was read.
    """
    reported = reported + model.notes
    path = model.path or "<model>"
    found = _placed(model.program, path, lambda: check(model, reported, wish, still_open))
    for finding in found:
        if finding.code == _NO_WEIGHT_FILE:
            finding.severity = finding.severity if has_weights else "warning"
            finding.help = finding.help or "if the weights lie elsewhere: --weights DIR"
    return in_text_order(reported + found)


def check(
    model: Model,
    reported: Iterable[Diagnostic] = (),
    wish: Wanted = NOTHING,
    still_open: tuple[Value, ...] = (),
    operations: Operations | None = None,
) -> list[Diagnostic]:
    """What is wrong with a model besides what is `reported`, without giving it places.

    `operations` is used to check the ops, for whoever wants to know what it then knows.
    """
    reported = list(reported)
    read = reader(model.weights)
    found = verify_program(model.program, reported=reported, read=read, operations=operations)
    whole = _is_whole(model.program, reported + found)
    if whole:
        found += describe.check(model)
    held = list(references(model.program))
    spans = [_place(ref, span) for ref, span in held]
    found += model.weights.check_all((ref for ref, _ in held), spans)
    return found + look_further(model, reported + found, wish, left_open=still_open, whole=whole)


def _check_program(program: Program, wish: Wanted) -> list[Diagnostic]:
    """What is wrong with a program that nobody has made a model of."""
    found = verify_program(program)
    if wish == NOTHING:
        return found
    model, whole = Model(program), _is_whole(program, found)
    if wish.strict and whole:
        found += describe.check(model)
    return found + look_further(model, found, wish, whole=whole)


def _is_whole(program: Program, found: Iterable[Diagnostic]) -> bool:
    """Whether a program holds together, so that its description can be looked at.

    With errors about operations it does, and as they can be silenced they must not hide others.
    """
    sound = all(each.code.startswith(ABOUT_OPS) for each in errors(found))
    return sound and not has_open_types(program)


def _silenced(
    found: list[Diagnostic],
    program: Program,
    wish: Wanted,
    *,
    checked: bool = True,
    unchecked: Iterable[str] = (),
) -> list[Diagnostic]:
    """What comments leave of the findings, warnings raised that are errors to Apple's compiler.

    In this order, since such a warning can be silenced.
    """
    found = silence(found, program.source, checked=checked, unchecked=unchecked)
    if wish.strict:
        raised(found)
    return found


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
