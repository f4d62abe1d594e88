"""What `milc verify` looks for on request: Apple's reading, an older system, lints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from milc.diagnostics import Diagnostic, MilError, Span
from milc.driver.reading import reader
from milc.opsets.versions import LADDER, OpsetVersion, called
from milc.package import describe
from milc.package.model import Model

if TYPE_CHECKING:
    from milc.ir.nodes import Value

VERSIONS = "MIL0717"
"""What a model's description is said of its version alone; of a target other words are used."""

_number = re.compile(r"\d+")


class Wanted(NamedTuple):
    """What a run is asked to look for besides what is wrong with any program."""

    strict: bool = False
    target: OpsetVersion | None = None
    lint: bool = False

    @property
    def unchecked(self) -> tuple[str, ...]:
        """How codes begin of which not all is looked for: comments may silence them in vain.

        Another target finds other things, and weights are not always there.
        """
        codes = ["MIL034", "MIL0826", "MIL0827"]
        if not self.strict:
            codes.append("MIL033")
        if not self.lint:
            codes.append("MIL08")
        return tuple(codes)


NOTHING = Wanted()


def wanted(strict: bool = False, target: str | None = None, lint: bool = False) -> Wanted:
    """What a run is asked for. Raises MilError (MIL0035) if there is no such target."""
    if target is None:
        return Wanted(strict, None, lint)
    version = called(target)
    if version is None:
        tags = ", ".join(each.tag for each in LADDER)
        help = f"there are {tags}; macOS13 or CoreML6 stand for theirs"
        raise MilError(Diagnostic("MIL0035", f"there is no opset or system {target}", help=help))
    return Wanted(strict, version, lint)


def look_further(
    model: Model,
    reported: list[Diagnostic],
    wish: Wanted,
    *,
    left_open: tuple[Value, ...] = (),
    whole: bool = True,
) -> list[Diagnostic]:
    """What is found on request, besides what is `reported`.

    `left_open` are the results whose type the text did not write. Of a program that is not `whole`
    the description is not looked at.
    """
    found: list[Diagnostic] = []
    program, read = model.program, reader(model.weights)
    if wish.strict:
        from milc.verify.strict import check_strict

        found += check_strict(program, left_open=left_open, read=read)
    if wish.target is not None:
        from milc.verify.target import check_target

        found += check_target(program, wish.target, read=read, reported=reported)
        found += _interface(model, wish.target, reported) if whole else []
    if wish.lint:
        from milc.driver.stored import StoredWeights
        from milc.verify.lints import check_lints

        found += check_lints(program, StoredWeights(model.weights))
    return found


def _interface(model: Model, target: OpsetVersion, reported: list[Diagnostic]) -> list[Diagnostic]:
    """What of the model's inputs, outputs, states, functions and version the target cannot have."""
    own = model.specification_version
    if own <= target.specification:
        return []
    known = {_key(finding) for finding in reported}
    model.specification_version = target.specification
    try:
        checked = describe.check(model)
    finally:
        model.specification_version = own
    found = [_version(model, target)] if _is_said_by_itself(model) else []
    for finding in checked:
        if finding.code == VERSIONS or _key(finding) in known:
            continue
        finding.code = "MIL0344"
        finding.notes = (*finding.notes, f"the target is {target.tag}: {_reads(target)}")
        found.append(finding)
    return found


def _key(finding: Diagnostic) -> tuple[object, ...]:
    """What a finding is about: its place or, without one, its words but for numbers."""
    if finding.span is not None:
        return finding.code, finding.span.start
    return finding.code, _number.sub("", finding.message)


def _is_said_by_itself(model: Model) -> bool:
    """Whether the version is more than what follows from the functions' opsets."""
    return model.described or model.program.version != "1.0"


def _version(model: Model, target: OpsetVersion) -> Diagnostic:
    version = model.specification_version
    message = f"the model has specification version {version}; the target is {target.tag}"
    help = f"set it to {target.specification}"
    source = model.program.source
    if not model.described and model.program.version == "1.3":
        help = "begin the text with program(1.0), which writes scalars as tensor<T, []>"
    span = None
    if source is not None and not model.described:
        start = source.text.find("program")
        span = Span(source, start, start + len("program")) if start >= 0 else None
    return Diagnostic(
        "MIL0343",
        message,
        span,
        path=model.path,
        help=help,
        notes=[f"{target.tag}: {_reads(target)}"],
    )


def _reads(target: OpsetVersion) -> str:
    return f"{target.systems[0]} reads models up to specification version {target.specification}"
