"""Each op against its definition in the function's opset (MIL03xx).

One walk in the order of the program, which hands on what each op makes known: the types that
inference gives, which values follow from constants, and what is known of the elements of shapes.
An op with a fault keeps its declared types and says nothing about what depends on the fault, so
that a mistake is reported once. Imports diagnostics, ir, schema and opsets.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from milc.diagnostics import BoundedFindings, Diagnostic, Edit, Label, errors, in_text_order
from milc.diagnostics.prose import evident, many, nearest
from milc.ir.fit import fits
from milc.ir.nodes import Block, Op, Value
from milc.ir.types import TO_INFER, TensorType, Type
from milc.ir.walk import bodies, label, place, walk_inside_out
from milc.opsets import index
from milc.opsets.versions import LADDER
from milc.schema import level
from milc.schema.bound import FOLDED, Bound, Symbol
from milc.syntax.types import type_text
from milc.verify import places
from milc.verify.arguments import bind
from milc.verify.elsewhere import Hint, op_called
from milc.verify.sameness import same_dims
from milc.verify.wording import known_as

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from milc.diagnostics import Span
    from milc.ir.literals import BlobRef, TensorLiteral
    from milc.ir.nodes import Function, Program
    from milc.schema import Constraint, Elements, Known, OpDef
    from milc.verify.arguments import Binding, Fault

    Read = Callable[[BlobRef], TensorLiteral | None]

_UNFORESEEN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a rule may raise if an argument has a form that its definition does not rule out."""


def check_operations(
    program: Program,
    *,
    read: Read | None = None,
    reported: Iterable[Diagnostic] = (),
    operations: Operations | None = None,
) -> list[Diagnostic]:
    """What is wrong with the ops of a program, in the order of its text.

    `read` gives what a reference into a weight file stands for; without it, rules that need such a
    value take it for unknown. Lines that `reported` finds an error in are left out. `operations`,
    which has not run yet, is the run that is made.
    """
    checker = operations or Operations(program, read)
    checker.run()
    places.forget()
    lines = {places.line(fault.span) for fault in errors(reported) if fault.span is not None}
    return in_text_order(
        finding
        for finding in checker.found
        if finding.span is None or places.line(finding.span) not in lines
    )


def inferred(program: Program, *, read: Read | None = None) -> dict[Value, Type]:
    """The type that inference gives each result of the ops that have a definition and no fault."""
    checker = Operations(program, read)
    checker.run()
    return checker.inferred


class Operations:
    """One run over a program, and what it knows of its values.

    `found` are the findings, `inferred` the types of results by inference.
    """

    def __init__(self, program: Program, read: Read | None = None) -> None:
        self.program = program
        self.found = BoundedFindings()
        self.inferred: dict[Value, Type] = {}
        self._read = read
        self._blobs: dict[tuple[Type, str, int], TensorLiteral | None] = {}
        self._known: dict[Value, Elements] = {}
        self._symbols: dict[Value, Known] = {}
        self._origins: dict[Symbol, Symbol] = {}
        self._constant: set[Value] = set()
        self._too_old: set[str] = set()
        self._path = program.source.path if program.source is not None else None

    # What rules ask

    def type_of(self, value: Value) -> Type:
        """The type that a value declares, or that inference gives where it leaves that open."""
        return self.inferred.get(value, TO_INFER) if value.type is TO_INFER else value.type

    def known(self, value: Value) -> Elements | None:
        """The elements that are known of a value that is no const."""
        if value in self._known:
            return self._known[value]
        kept = self._kept(value)
        return kept.elements if kept is not None else None

    def symbols(self, value: Value) -> Known | None:
        """The same, with the symbols among the elements."""
        kept = None if value in self._known else self._kept(value)
        if kept is not None:
            return kept.symbols
        held = self._symbols.get(value)
        if held is None:
            return self._known.get(value)
        return tuple([self.origin(each) if type(each) is Symbol else each for each in held])

    def origin(self, symbol: Symbol) -> Symbol:
        """The dimension that an unknown one has been handed on from."""
        while (found := self._origins.get(symbol, symbol)) != symbol:
            symbol = found
        return symbol

    def hand_on(self, old: Value, new: Value) -> None:
        """Take notice that a value stands for another one: it has the dimensions of that."""
        if isinstance(old.type, TensorType) and isinstance(new.type, TensorType):
            for axis, dim in enumerate(old.type.shape or ()):
                if not isinstance(dim, int):
                    self._origins[Symbol(old, axis)] = self.origin(Symbol(new, axis))

    def is_constant(self, value: Value) -> bool:
        """Whether a value follows from constants alone."""
        op = value.owner
        if op.__class__ is Op and op.kind == "const":
            return True
        return value in self._constant

    def read(self, blob: BlobRef) -> TensorLiteral | None:
        """What a reference into a weight file stands for; None if that is not to be had."""
        if self._read is None:
            return None
        key = (blob.type, blob.path, blob.offset)
        if key not in self._blobs:
            self._blobs[key] = self._read(blob)
        return self._blobs[key]

    def _kept(self, value: Value) -> Bound | None:
        """What a variable of a loop begins with, if the body hands it on as it is."""
        block = value.owner
        op = block.parent if isinstance(block, Block) else None
        if not isinstance(block, Block) or not isinstance(op, Op):
            return None
        versions = index.versions(op.kind)
        held = op.args.get(versions[0].carried, ()) if versions else ()
        at, body = block.inputs.index(value), op.blocks[-1]
        if at >= min(len(held), len(body.inputs), len(body.outputs)):
            return None
        is_kept = body.outputs[at] is body.inputs[at] and held[at] is not value
        return Bound(held[at], self) if is_kept else None

    # The walk

    def run(self) -> None:
        """Check every op of every function."""
        for function in self.program.functions.values():
            for body in bodies(function):
                opset = _opset_of(function, body)
                for op in walk_inside_out(body):
                    if op.kind == "const":
                        self._settle_const(op)
                    else:
                        self.check(op, op.opset or opset)

    def check(self, op: Op, opset: str) -> None:
        """Check one op; note what it makes known."""
        definition = index.definition(op.kind, opset)
        if definition is None:
            self._undefined(op, opset)
            return
        binding, faults = bind(op, definition, self)
        for fault in faults:
            self._fault(op, binding, fault)
        self._note_constant(op, definition)
        if faults:
            return
        if not _ranks_are_known(binding):
            self._left_open(op, binding)
            return
        view = definition(op, binding, self)
        try:
            sound = self._holds(view) and self._infer(view)
        except _UNFORESEEN:
            self._unforeseen(view)
            return
        if sound:
            self._left_open(op, binding)
            self._note_origins(view, binding)
            self.sound(view)

    def sound(self, view: OpDef) -> None:
        """Called with each op that has no fault, for runs that want more than findings."""

    def _holds(self, view: OpDef) -> bool:
        """Whether the constraints hold; the first one that does not is reported.

        Those behind it may take it for granted, as all of them do what the arguments declare.
        """
        for rule in view.constraints:
            verdict = rule.check(view)
            if verdict is not None and verdict is not True:
                self._broken(view, rule, verdict)
                return False
        return True

    def _infer(self, view: OpDef) -> bool:
        """Infer the results' types, compare them with what is declared, and note what is known.

        Returns whether the op has as many results as are declared.
        """
        op = view.op
        types = view.infer()
        types = types if isinstance(types, tuple) else (types,)
        if len(types) != len(op.results):
            has, gives = many(len(op.results), "result"), len(types)
            message = f"{op.kind} is declared with {has}, but gives {gives}"
            self._report(op, "MIL0312", message, _declared(op.kind, gives), places.of_kind(op))
            return False
        for number, (result, type) in enumerate(zip(op.results, types, strict=True)):
            self.inferred[result] = type
            if (
                result.type is not type
                and result.type is not TO_INFER
                and not fits(result.type, type)
            ):
                self._contradiction(op, number, type)
        folded = view.fold()
        if folded is not None:
            self._note_known(op, folded)
        return True

    def _settle_const(self, op: Op) -> None:
        """Take the type that a const leaves open from its value."""
        literal = op.attributes.get("val")
        for result in op.results:
            if result.type is TO_INFER and literal is not None:
                self.inferred[result] = literal.type

    def _left_open(self, op: Op, binding: Binding) -> None:
        """Report results whose type is left open and cannot be inferred; not if operands' are."""
        for result in op.results:
            if result.type is not TO_INFER or _is_whole(self.inferred.get(result)):
                continue
            self.inferred.pop(result, None)
            if any(bound.type is TO_INFER for bound in _operands(binding)):
                continue
            message = f"the type of `{result.name}` cannot be inferred: its rank is not known"
            help = "write the type in place of `_`"
            self._report(op, "MIL0315", message, help, places.of_value(result))

    def _note_known(self, op: Op, folded: Any) -> None:
        """Keep what is known of the results' elements, if it is something."""
        each = folded if len(op.results) > 1 else (folded,)
        for result, elements in zip(op.results, each, strict=True):
            if elements is None or len(elements) > FOLDED:
                continue
            if Symbol in map(type, elements):
                self._symbols[result] = elements
                elements = tuple([None if type(e) is Symbol else e for e in elements])
            self._known[result] = elements
            if None not in elements:
                self._constant.add(result)

    def _note_origins(self, view: OpDef, binding: Binding) -> None:
        """Keep which of the results' unknown dimensions are those of operands.

        Not of ops with blocks, since another block may give another dimension.
        """
        op = view.op
        if op.blocks or all(map(_has_known_dims, map(self.inferred.get, op.results))):
            return
        with contextlib.suppress(*_UNFORESEEN):
            self._origins.update(same_dims(view, binding, self))

    def _note_constant(self, op: Op, definition: type[OpDef]) -> None:
        """Results follow from constants if all operands do."""
        if not all(map(self.is_constant, op.values)):
            return
        constant = self._constant
        if not definition.stateful and not op.blocks:
            constant.update(op.results)

    # Reporting

    def _undefined(self, op: Op, opset: str) -> None:
        """Report an op that the opset does not have."""
        versions, span = index.versions(op.kind), places.of_kind(op)
        if versions:
            first = versions[0].since
            if level(opset) < level(LADDER[0].tag):  # which has no op at all: said once
                if opset in self._too_old:
                    return
                self._too_old.add(opset)
            message = f"{op.kind} is not in {opset}: it came with {first}"
            self._report(op, "MIL0302", message, f"raise the function's opset to {first}", span)
            return
        if self.found.is_full:  # looking for the name that is meant takes long
            return
        hint = op_called(op.kind)
        if hint is None:
            near = nearest(op.kind, index.families())
            help = f"did you mean `{near}`?" if near else None
            hint = Hint(help, evident(op.kind, index.families()) or "")
        help, fix = hint.help, _instead(span, op.kind, hint.instead)
        self._report(op, "MIL0301", f"there is no op `{op.kind}`", help, span, fix=fix)

    def _fault(self, op: Op, binding: Binding, fault: Fault) -> None:
        labels = [self._label(op, name, binding.get(name)) for name in fault.others]
        if fault.code == "MIL0303":
            span = places.of_arg_name(op, fault.arg)
        else:
            span = places.of_arg(op, fault.arg, fault.number)
        fix = _instead(span, fault.arg, fault.instead)
        self._report(op, fault.code, fault.message, fault.help, span, labels, fix=fix)

    def _broken(self, view: OpDef, rule: Constraint, verdict: str | bool) -> None:
        """Report a constraint that does not hold, with all that it is about."""
        op = view.op
        detail = f": {verdict}" if isinstance(verdict, str) else ""
        message = f"{op.kind} breaks {rule.label}, that {rule.sentence}{detail}"
        named = [name for name in rule.args if name in view.args]
        words = [known_as(name, getattr(view, name)) for name in named]
        first = named[0] if named else ""
        written = {*op.args, *op.attributes} if view.in_attributes else op.args
        span = places.of_arg(op, first) if first in written else places.of_kind(op)
        others = [n for n in named[1:] if n in written]
        labels = [self._label(op, name, getattr(view, name)) for name in others]
        left_out = [w for n, w in zip(named, words, strict=True) if n != first and n not in others]
        self._report(
            op, "MIL0310", message, None, span, labels, words[0] if words else "", left_out
        )

    def _unforeseen(self, view: OpDef) -> None:
        """Report an op whose arguments no rule is made for, such as a vector for an axis."""
        op = view.op
        given = [name for name in view.args if name in op.args or name in op.attributes]
        notes = [known_as(name, getattr(view, name)) for name in given]
        message = f"the arguments of {op.kind} do not have the form that its rules ask for"
        self._report(op, "MIL0316", message, None, places.of_kind(op), notes=notes)

    def _contradiction(self, op: Op, number: int, type: Type) -> None:
        """Report a declared type that cannot be the one that the op gives."""
        result = op.results[number]
        message = f"`{result.name}` is declared as {result.type!r}, but {op.kind} gives {type!r}"
        detail = _difference(result.type, type)
        help = f"declare it as {type!r}"
        declared = places.of_declared_type(op, number)
        fix = [] if declared is None else [Edit(declared, type_text(type, self.program.version))]
        self._report(op, "MIL0311", message + detail, help, places.of_value(result), fix=fix)

    def _label(self, op: Op, name: str, bound: Any) -> Label | None:
        span = places.of_arg(op, name)
        return Label(span, known_as(name, bound)) if span is not None else None

    def _report(
        self,
        op: Op,
        code: str,
        message: str,
        help: str | None,
        span: Any,
        labels: Iterable[Label | None] = (),
        text: str = "",
        notes: Iterable[str] = (),
        fix: Iterable[Edit] = (),
    ) -> None:
        if span is None:
            message = f"{_where(op)}: {message}"
        shown = [each for each in labels if each is not None]
        self.found.append(
            Diagnostic(
                code,
                message,
                span,
                path=self._path,
                label=text,
                labels=shown,
                notes=notes,
                help=help,
                fix=fix,
            )
        )


def _opset_of(function: Function, body: Block) -> str:
    """The opset of a body: its own where the function has bodies for several."""
    for opset, special in function.specializations.items():
        if special is body:
            return opset
    return function.opset


def _operands(binding: Binding) -> Iterator[Bound]:
    """All operands that are bound."""
    for held in binding.values():
        yield from held if isinstance(held, tuple) else (held,)


def _ranks_are_known(binding: Binding) -> bool:
    """Whether every tensor among the operands has a known rank."""
    for bound in _operands(binding):
        type = bound.type
        if type is TO_INFER or (type.__class__ is TensorType and type.rank is None):
            return False
    return True


def _has_known_dims(type: Type | None) -> bool:
    """Whether a type has no dimension that is unknown."""
    return not isinstance(type, TensorType) or None not in (type.shape or ())


def _is_whole(type: Type | None) -> bool:
    """Whether a type can be written beside a result."""
    return type is not None and not (isinstance(type, TensorType) and type.shape is None)


def _declared(kind: str, gives: int) -> str:
    """How an op that gives so many results is written."""
    if not gives:
        return f"write it without a result: `{kind}(…);`"
    if gives > 4:
        return f"write {gives} results, with commas, in front of `= {kind}(…)`"
    return f"write `{', '.join(f'TYPE {name}' for name in 'abcd'[:gives])} = {kind}(…)`"


def _instead(span: Span | None, word: str, other: str | None) -> list[Edit]:
    """The edit that puts another word for the one at a place."""
    if span is None or not other or span.text != word:
        return []
    return [Edit(span, other)]


def _difference(declared: Type, type: Type) -> str:
    """In words, where two tensor types differ, if the types alone do not show it at once."""
    if not (isinstance(declared, TensorType) and isinstance(type, TensorType)):
        return ""
    if declared.element is not type.element:
        return ""
    one, other = declared.shape or (), type.shape or ()
    if len(one) != len(other):
        return f": rank {len(one)}, not {len(other)}"
    wrong = [i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b and b is not None]
    return f": dimension {wrong[0]} is {other[wrong[0]]}, not {one[wrong[0]]}" if wrong else ""


def _where(op: Op) -> str:
    """The place of an op in words, where there is no text to show it in."""
    return f"{place(op.parent)}, {label(op)}" if op.parent is not None else label(op)
