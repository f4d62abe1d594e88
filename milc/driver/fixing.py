"""`milc verify --fix`, `milc fmt --infer` and `milc.infer`: what can only mean one thing, written.

A text is edited in place, so that its layout and comments stay; a program is edited as IR.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from milc.diagnostics import Diagnostic, MilError, Source, edits, errors
from milc.diagnostics.files import AnyPath, decode, read_bytes
from milc.driver.changes import Change
from milc.driver.checking import verify_file
from milc.driver.ignoring import silence
from milc.driver.loading import Text
from milc.driver.reading import reader
from milc.ir.nodes import Program
from milc.package.kinds import sniff
from milc.package.model import Model
from milc.package.weights import WeightFiles
from milc.syntax.parse import read
from milc.verify import verify
from milc.verify.completing import completions, infer_types

if TYPE_CHECKING:
    from milc.verify.operations import Read

ROUNDS = 10
"""A name that is mended may bring its next mistake to light, but no text needs as many rounds."""


def infer(subject: Model | Program) -> None:
    """Fill in, in place, the types of results that are left open, as `_`.

    Raises MilError, with the program as far as it could be filled in, if there is an error in an
    op that keeps a type from being known (MIL03xx).
    """
    program = subject if isinstance(subject, Program) else subject.program
    found = infer_types(program, read=_reader_of(subject))
    if errors(found):
        raise MilError(found)


def completed(text: str, path: str) -> str:
    """A text with its open types and its defaults written out. Raises MilError if it has none."""
    program, found = read(Source(text, path))
    if errors(found):
        raise MilError(found)
    return edits.apply(text, completions(program, read=reader(WeightFiles(Path(path).parent))))


def fixed(
    path: AnyPath | Text,
    *,
    weights: AnyPath | None = None,
    strict: bool = False,
    target: str | None = None,
    lint: bool = False,
) -> tuple[Change, list[Diagnostic]]:
    """What a MIL text becomes when all is mended that can only mean one thing, and what is left.

    Defaults and open types are written out, declared types corrected, reserved words renamed, and
    names of ops and arguments mended where one is near. Nothing is written: see `Change`. What is
    left is what `verify_file` would find, which takes the other options. Raises MilError where
    there is no text (MIL0034) or it cannot be read; a text that does not parse is left as it is.
    """
    text = path if isinstance(path, Text) else _text(path)
    before = decode(text.data, text.path)
    files = WeightFiles(Path(weights) if weights is not None else text.root)
    after = fixed_text(before, text.path, reader(files))
    mended = Text(after.encode(), text.path, text.root)
    left = verify_file(mended, weights=weights, strict=strict, target=target, lint=lint)
    return Change(text.path, before, after, text.data), left


def can_mend(path: AnyPath) -> bool:
    """Whether MIL text is at a path; also if nothing that milc knows is, which reading says."""
    try:
        return sniff(Path(path)) == "text"
    except MilError:
        return True


def _text(path: AnyPath) -> Text:
    """The text at a path. Raises MilError (MIL0034) if something else is there."""
    place = Path(path)
    if sniff(place) == "text":
        return Text(read_bytes(path), str(path), place.parent)
    message = "no MIL text, and only text can be mended"
    help = f"milc decompile {path} -o {place.stem}.mil"
    inside = place / "model.mil"
    if place.suffix != ".mlmodelc" and inside.is_file():
        help = f"milc verify --fix {inside}"
    raise MilError(Diagnostic("MIL0034", message, path=str(path), help=help))


def fixed_text(text: str, path: str = "<text>", read_blob: Read | None = None) -> str:
    """The text, with all mended that can only mean one thing."""
    for _ in range(ROUNDS):
        mended = _round(text, path, read_blob)
        if mended == text:
            break
        text = mended
    return text


def _round(text: str, path: str, read_blob: Read | None) -> str:
    program, found = read(Source(text, path))
    if _unreadable(found):
        return text
    found += verify(program, reported=found, read=read_blob)
    found = silence(found, program.source, checked=False)  # what is meant to be so stays so
    made = [edit for finding in found for edit in finding.fix]
    # Names first: what is left out is known when the ops are.
    return edits.apply(text, made or completions(program, read=read_blob))


def _unreadable(found: list[Diagnostic]) -> bool:
    """Whether an error of syntax has cost a part of the program."""
    return any(finding.code.startswith("MIL01") for finding in errors(found))


def _reader_of(subject: Model | Program) -> Read | None:
    return None if isinstance(subject, Program) else reader(subject.weights)
