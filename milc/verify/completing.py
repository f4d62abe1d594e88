"""What a program leaves to be understood, written out: types left open, and defaults.

Both follow from the definitions of the ops. Core ML's compiler understands neither: it asks for
every type and, whatever has a default, every argument. Imports what `operations` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from milc.diagnostics import Edit, Span, errors
from milc.ir.literals import string_literal
from milc.ir.nodes import Op, Value
from milc.ir.rewriter import Rewriter
from milc.ir.types import TO_INFER
from milc.ir.walk import function_of, walk_ops, walk_values
from milc.opsets import index
from milc.syntax.print import literal_text
from milc.syntax.types import type_text
from milc.verify import places
from milc.verify.operations import Operations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from milc.diagnostics import Diagnostic
    from milc.ir.literals import Literal
    from milc.ir.nodes import Function, Program
    from milc.schema import OpDef
    from milc.verify.operations import Read


class Unwritten(NamedTuple):
    """An argument that an op leaves to its default."""

    op: Op
    arg: str
    meant: Literal


class _Completion(Operations):
    """A run that gathers what sound ops leave out."""

    def __init__(self, program: Program, read: Read | None = None) -> None:
        super().__init__(program, read)
        self.unwritten: list[Unwritten] = []
        self.spared = True

    def sound(self, view: OpDef) -> None:
        op = view.op
        for name, arg in view.args.items():
            if not arg.has_default or name in op.args or name in op.attributes:
                continue
            if arg.spared and not self.spared:
                continue
            meant = arg.default_literal(view)
            if meant is not None:
                self.unwritten.append(Unwritten(op, name, meant))


def unwritten(
    program: Program, *, read: Read | None = None, spared: bool = True
) -> list[Unwritten]:
    """The arguments that sound ops leave to their defaults, in the order of the program.

    Without `spared` only those that Apple's compiler is not known to do without.
    """
    if not _leaves_out(program):
        return []
    run = _Completion(program, read)
    run.spared = spared
    run.run()
    return run.unwritten


def _leaves_out(program: Program) -> bool:
    """Whether any op leaves out an argument that has a default; what compilers print does not."""
    for function in program.functions.values():
        for op in walk_ops(function):
            definition = index.definition(op.kind, op.opset or function.opset)
            given = op.args.keys() | op.attributes.keys() if op.attributes else op.args.keys()
            if definition is not None and not definition.defaults <= given:
                return True
    return False


def has_open_types(program: Program) -> bool:
    """Whether the type of a result is left open."""
    return any(value.type is TO_INFER for value in walk_values(program))


def infer_types(program: Program, *, read: Read | None = None) -> list[Diagnostic]:
    """Fill in, in place, the types of results that are left open.

    Returns the findings about the ops, among which is why where one could not be inferred.
    """
    if not has_open_types(program):
        return []
    run = Operations(program, read)
    run.run()
    for function in program.functions.values():
        rewriter = Rewriter(function)
        for value in list(walk_values(function)):
            type = run.inferred.get(value)
            if value.type is TO_INFER and type is not None:
                rewriter.set_type(value, type)
    return errors(run.found)


def write_defaults(program: Program, *, read: Read | None = None) -> int:
    """Bind, in place, every argument that is left to its default to a const; returns how many."""
    rewriters: dict[Function | None, Rewriter] = {}
    missing = unwritten(program, read=read)
    for op, arg, meant in missing:
        function = function_of(op)
        assert function is not None
        rewriter = rewriters.setdefault(function, Rewriter(function))
        name = rewriter.fresh_name(f"{op.name or op.results[0].name}_{arg}_0")
        const = Op("const", {}, [Value(name, meant.type)], {"name": string_literal(name)})
        const.attributes["val"] = meant
        rewriter.insert_before(op, const)
        rewriter.set_arg(op, arg, const.result)
    return len(missing)


def completions(program: Program, *, read: Read | None = None) -> list[Edit]:
    """The edits of a program's text that write out its open types and its defaults."""
    run = _Completion(program, read)
    run.run()
    return [*open_types(program, run), *_defaults(run.unwritten, program.version)]


def open_types(program: Program, run: Operations) -> list[Edit]:
    """The edits that write the types which a program's text leaves open, as a run inferred them."""
    edits = []
    for value in walk_values(program):
        type = run.inferred.get(value)
        if value.type is not TO_INFER or type is None or value.op is None:
            continue
        span = places.of_declared_type(value.op, value.op.results.index(value))
        if span is not None:
            edits.append(Edit(span, type_text(type, program.version)))
    return edits


def _defaults(missing: list[Unwritten], version: str) -> Iterator[Edit]:
    begun: set[Op] = set()
    for each in missing:
        edit = default_edit(each, version, first=not each.op.args and each.op not in begun)
        begun.add(each.op)
        if edit is not None:
            yield edit


def default_edit(missing: Unwritten, version: str, *, first: bool) -> Edit | None:
    """The edit that writes out an argument; `first` if no other stands in front of it."""
    op, arg, meant = missing
    gap = places.of_end_of_arguments(op)
    if gap is None:
        return None
    value = f"{type_text(meant.type, version)}({literal_text(meant, version)})"
    separator = "" if first else ", "
    if "\n" in gap.text and not first:
        # The arguments stand on lines of their own.
        separator = f",\n{_indentation(gap)}"
    return Edit(Span(gap.source, gap.start, gap.start), f"{separator}{arg} = {value}")


def _indentation(span: Span) -> str:
    """The space that begins the line of a place."""
    text = span.source.text
    line = text[text.rfind("\n", 0, span.start) + 1 : span.start]
    return line[: len(line) - len(line.lstrip())]
