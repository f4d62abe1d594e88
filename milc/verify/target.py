"""What keeps a program from older systems: each op read by the opset of a target (MIL034x).

The ops are checked once more, with the functions' opset replaced by the target's where their own
is newer; what is wrong then, and was not before, is said as a finding of the target: what is too
new, what brought it, and what does the same. Imports what `operations` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from milc.diagnostics import Diagnostic, errors, in_text_order
from milc.ir.types import ELEMENT_TYPES, ListType, StateType, TensorType
from milc.ir.walk import place, walk_values
from milc.opsets import index
from milc.opsets.versions import BY_TAG
from milc.schema import level
from milc.schema.page import prose
from milc.verify import places
from milc.verify.operations import Operations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from milc.ir.nodes import Op, Program
    from milc.ir.types import Type
    from milc.opsets.versions import OpsetVersion
    from milc.schema import OpDef
    from milc.verify.operations import Read

ELEMENTS_SINCE: Final = {
    name: "ios18" for name, element in ELEMENT_TYPES.items() if 0 < element.bits < 8
}
"""The opset that brought an element type. Source: coremltools 9.0 and the operations that take it;
of types without an entry nothing is known."""


def check_target(
    program: Program,
    target: OpsetVersion,
    *,
    read: Read | None = None,
    reported: Iterable[Diagnostic] = (),
) -> list[Diagnostic]:
    """What is too new for a target in opsets, ops, their arguments and types, in text order.

    Of ops in lines that `reported` finds an error in nothing is said.
    """
    run = _AtTarget(program, target, read)
    run.run()
    found = [*run.found, *_elements(program, target, run.faulty)]
    lines = {places.line(fault.span) for fault in errors(reported) if fault.span is not None}
    kept = (f for f in found if f.span is None or places.line(f.span) not in lines)
    found = in_text_order([*_opsets(program, target), *kept])
    places.forget()
    return found


def _opsets(program: Program, target: OpsetVersion) -> Iterator[Diagnostic]:
    path = program.source.path if program.source is not None else None
    for function in program.functions.values():
        if level(function.opset) <= level(target.tag) or function.opset not in BY_TAG:
            continue
        system = BY_TAG[function.opset].systems[0]
        message = (
            f"function {function.name} is of {function.opset}, which needs {system};"
            f" the target is {target.tag}"
        )
        span = places.of_word(function, function.opset)
        help = f"write `{function.name}<{target.tag}>` when all else that is too new is gone"
        yield Diagnostic("MIL0342", message, span, path=path, help=help)


class _AtTarget(Operations):
    """A run in which nothing is of a newer opset than the target's.

    `faulty` are the ops that have a finding.
    """

    def __init__(self, program: Program, target: OpsetVersion, read: Read | None) -> None:
        super().__init__(program, read)
        self.target = target.tag
        self.faulty: set[Op] = set()

    def run(self) -> None:
        """Check every op; while that lasts, functions claim to be of the target."""
        newer = [f for f in self.program.functions.values() if self._is_newer(f.opset)]
        kept = [function.opset for function in newer]
        try:
            for function in newer:
                function.opset = self.target
            super().run()
        finally:
            for function, opset in zip(newer, kept, strict=True):
                function.opset = opset

    def check(self, op: Op, opset: str) -> None:
        """Check an op by the older of its opset and the target."""
        super().check(op, self.target if self._is_newer(opset) else opset)

    def _is_newer(self, opset: str) -> bool:
        return level(opset) > level(self.target)

    def _undefined(self, op: Op, opset: str) -> None:
        versions = index.versions(op.kind)
        if not versions:
            return  # there is no such op in any opset, and that is said already
        first = versions[0]
        message = f"{op.kind} came with {first.since}; the target is {self.target}"
        self._say(op, "MIL0340", message, _help(first), places.of_kind(op), [])
        # Constants that it makes are constants; what takes them is not at fault.
        self._note_constant(op, versions[-1])

    def _report(
        self, op: Op, code: str, message: str, help: str | None, span: Any, *more: Any, **named: Any
    ) -> None:
        """Say of a fault that it is one at the target; once for an op, what brought it."""
        message = f"for {self.target}, {message.removesuffix(f' in {self.target}')}"
        changes = [each for each in index.versions(op.kind) if self._is_newer(each.since)]
        if not changes or op in self.faulty:
            self._say(op, "MIL0341", message, None if changes else help, span, [])
            return
        notes = [f"{each.since}: {' '.join(prose(each).split())}" for each in changes]
        self._say(op, "MIL0341", message, _help(changes[0]) or help, span, notes)

    def _say(
        self, op: Op, code: str, message: str, help: str | None, span: Any, notes: list[str]
    ) -> None:
        self.faulty.add(op)
        if span is None and op.parent is not None:
            message = f"{place(op.parent)}: {message}"
        self.found.append(Diagnostic(code, message, span, path=self._path, help=help, notes=notes))


def _help(definition: type[OpDef]) -> str | None:
    return f"instead: {definition.instead}" if definition.instead else None


def _elements(program: Program, target: OpsetVersion, faulty: set[Op]) -> Iterator[Diagnostic]:
    """Values of element types that the target does not have, unless their user is named already."""
    for value in walk_values(program):
        element = _newest_element(value.type, target)
        if element is None or value.op in faulty or not faulty.isdisjoint(value.uses):
            continue
        message = (
            f"`{value.name}` is of {element}, which came with {ELEMENTS_SINCE[element]};"
            f" the target is {target.tag}"
        )
        span = places.of_value(value)
        if span is None and value.op is not None:
            message = f"{place(value.op)}: {message}"
        yield Diagnostic("MIL0345", message, span, help="use a type of 8 bits or more")


def _newest_element(type: Type, target: OpsetVersion) -> str | None:
    """The name of a tensor's element type, if the target does not have it."""
    while isinstance(type, (ListType, StateType)) and type.parts:
        type = type.parts[0]
    if not isinstance(type, TensorType):
        return None
    since = ELEMENTS_SINCE.get(type.element.name)
    return type.element.name if since and level(since) > level(target.tag) else None
