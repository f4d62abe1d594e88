"""The structure of a program: definitions and uses, names, blocks, constants (MIL04xx).

One walk over each function finds everything; it keeps the set of values that may be used where it
stands, so a use costs one look-up, and it does not recurse. Knows no opset. Imports diagnostics
and ir only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from milc.diagnostics import BoundedFindings, Diagnostic, Label, Severity, errors, in_text_order
from milc.ir.names import (
    REDEFINING,
    RESERVED,
    UNDEFINED_NAME,
    duplicate_name,
    is_identifier,
    reserved_name,
    undefined_name,
)
from milc.ir.nodes import Block, Function, Op, Value
from milc.ir.types import TO_INFER
from milc.ir.walk import bodies, function_of, label, place
from milc.verify import places
from milc.verify.control_flow import CONTROL_FLOW, check_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from milc.diagnostics import Span
    from milc.ir.nodes import Program


def verify_structure(program: Program, *, reported: Iterable[Diagnostic] = ()) -> list[Diagnostic]:
    """All that is wrong with a program's structure, in the order of its text.

    `reported` are the findings of whoever read the program. What they cover or have brought about
    is left out: codes that are among them, for a reader that has met a duplicate name, say, has
    reported all of them; lines with an error; undefined names; and after an error of syntax, which
    may have cost a statement or a block, what is missing. A finding about a node without a span
    says the function and the op instead.
    """
    path = program.source.path if program.source is not None else None
    checker = _Checker(path)
    if not program.functions:
        message = "the program has no function; it needs at least one"
        checker.found.append(Diagnostic("MIL0406", message, path=path))
    for function in program.functions.values():
        checker.function(function)
    earlier = list(reported)
    known = {finding.code for finding in earlier}
    faults = errors(earlier)
    if faults:
        known.add(UNDEFINED_NAME)
    if any(fault.code.startswith("MIL01") for fault in faults):
        known.update(_MISSING)
    places.forget()
    lines = {places.line(fault.span) for fault in faults if fault.span is not None}
    return in_text_order(
        finding
        for finding in checker.found
        if finding.code not in known
        and (finding.span is None or places.line(finding.span) not in lines)
    )


_MISSING = ("MIL0406", "MIL0407", "MIL0409", "MIL0410")
"""Findings about what a program lacks."""


class _Frame:
    """A block that the walk is in.

    `op` is the next op and `number` the place of the one before it; `holder` the op whose blocks
    are being walked and `blocks` those still to come, from the last to the first; `own` what the
    block has defined, by name; `hidden` what these names meant outside.
    """

    __slots__ = ("block", "blocks", "defined", "hidden", "holder", "number", "op", "own")

    def __init__(self, block: Block) -> None:
        self.block = block
        self.op = block.first
        self.number = 0
        self.holder: Op | None = None
        self.blocks: list[Block] = []
        self.own: dict[str, Value] = {}
        self.defined: list[Value] = []
        self.hidden: list[tuple[str, Value | None]] = []


class _Checker:
    """One run over a program.

    `live` holds the values that may be used where the walk stands, `visible` what each name means
    there, `open` the blocks around it; `words` are names that were looked at; `prefix`
    keeps the words for a block, and `held` what an op or a function defines.
    """

    __slots__ = ("found", "frames", "held", "live", "open", "path", "prefix", "visible", "words")

    def __init__(self, path: str | None) -> None:
        self.path = path
        self.found: list[Diagnostic] = BoundedFindings()
        self.words: set[str] = set()
        self.frames: list[_Frame] = []
        self.live: set[Value] = set()
        self.visible: dict[str, Value] = {}
        self.open: dict[Block | None, _Frame] = {}
        self.prefix: tuple[Block | None, str] = (None, "")
        self.held: tuple[Op | Block | Function | None, set[Value]] = (None, set())

    # The walk

    def function(self, function: Function) -> None:
        """Check a function, with its bodies for all opsets."""
        where = f"{place(function)}: "
        if function.name in RESERVED:
            span = places.of_word(function, function.name)
            self.found.append(reserved_name(function.name, span, where="" if span else where))
        self.word(function.name, "function", function, where)
        for body in bodies(function):
            self.live, self.visible, self.open = set(), {}, {}
            self.enter(body, function)
            while self.frames:
                self.step()
            if not body.outputs:
                message = "the function returns nothing; it needs at least one output"
                self.report("MIL0407", message, places.of_outputs(body), where=where)

    def step(self) -> None:
        """Go on by one op, or into or out of a block."""
        frame = self.frames[-1]
        op = frame.holder
        if op is not None and frame.blocks:
            self.enter(frame.blocks.pop())
            return
        if op is None:
            op = frame.op
            if op is None:
                self.leave(frame)
                return
            frame.op = op.next
            frame.number += 1
            self.before(op)
            if op.blocks:
                frame.holder, frame.blocks = op, op.blocks[::-1]
                return
        frame.holder = None
        self.after(op, frame)

    def enter(self, block: Block, function: Function | None = None) -> None:
        """Go into a block, and define what it takes: for a body the inputs of the function too."""
        frame = _Frame(block)
        self.frames.append(frame)
        self.open[block] = frame
        for value in function.inputs if function is not None else ():
            self.define(value, frame)
        for value in block.inputs:
            self.define(value, frame)

    def leave(self, frame: _Frame) -> None:
        """Go out of a block: what it defined is gone, and what it hid is back."""
        block = frame.block
        self.outputs(block)
        self.frames.pop()
        self.open.pop(block, None)
        self.live.difference_update(frame.defined)
        for name, outer in frame.hidden:
            if outer is None:
                del self.visible[name]
            else:
                self.visible[name] = outer

    def before(self, op: Op) -> None:
        """Check what an op uses."""
        live = self.live
        for arg, bound in op.args.items():
            self.word(arg, "argument", op)
            for operand in bound:
                if operand.__class__ is Value and operand not in live:
                    self.misused(operand, op, places.of_use(op, operand.name, arg))
        if op.kind == "const":
            self.const(op)

    def after(self, op: Op, frame: _Frame) -> None:
        """Check what an op is and holds, and define its results."""
        self.word(op.kind, "operation", op)
        for name in op.attributes:
            self.word(name, "attribute", op)
        if op.kind in CONTROL_FLOW:
            for code, message, span in check_blocks(op):
                self.report(code, message, span)
        redefines = op.kind in REDEFINING
        for value in op.results:
            self.define(value, frame, redefines)

    # The rules

    def define(self, value: Value, frame: _Frame, redefines: bool = False) -> None:
        """Make a value live; check that its name is new in its block."""
        name = value.name
        first = frame.own.get(name)
        if first is None:
            outer = self.visible.get(name)
            frame.hidden.append((name, outer))
            if outer is not None:
                self.hides(value, outer)
            self.value_name(value)
        elif not redefines:
            span = places.of_value(value)
            where = self.where(span)
            self.found.append(duplicate_name(name, span, places.of_value(first), where=where))
        frame.own[name] = value
        frame.defined.append(value)
        self.visible[name] = value
        self.live.add(value)

    def hides(self, value: Value, outer: Value) -> None:
        """Warn of a value with the name of one further out."""
        message = f"`{value.name}` hides a value of that name in a block around this one"
        labels = _labels(outer, "the outer value")
        help = "give it another name"
        self.report("MIL0405", message, places.of_value(value), "warning", labels, help)

    def value_name(self, value: Value) -> None:
        """Check what a value is called."""
        name = value.name
        if name in RESERVED:
            span = places.of_value(value)
            finding = reserved_name(name, span, where=self.where(span))
            if finding.severity == "error":
                finding.fix = tuple(places.renaming(value, self.free_name(name)))
            self.found.append(finding)
        else:
            self.word(name, "value", value)

    def free_name(self, name: str) -> str:
        """A name like this one that nothing in sight has."""
        number = 0
        while f"{name}_{number}" in self.visible:
            number += 1
        return f"{name}_{number}"

    def word(
        self, name: str, what: str, node: Op | Function | Value, where: str | None = None
    ) -> None:
        """Warn of a name that is no identifier, once for each name."""
        if name in self.words:
            return
        self.words.add(name)
        if is_identifier(name):
            return
        message = f"the {what} name `{name}` is not a letter or _, then letters, digits and _"
        self.report("MIL0413", message, places.of_word(node, name), "warning", where=where)

    def misused(self, value: Value, user: Op | Block, span: Span | None) -> None:
        """Report a use of a value that is not live: find out why it is not."""
        owner, name = value.owner, value.name
        if owner is None:
            self.found.append(undefined_name(name, span, where=self.where(span, user)))
            return
        labels = _labels(value, "defined here")
        where = self.where(span, user)
        frame = self.open.get(owner.parent) if isinstance(owner, Op) else None
        if frame is not None and self.defines(owner, value):
            itself = owner in (user, frame.holder)
            how = "by the operation that defines it" if itself else "before it is defined"
            self.report("MIL0401", f"`{name}` is used {how}", span, "error", labels, where=where)
            return
        message = f"`{name}` is out of scope: {self.origin(value)}"
        self.report("MIL0404", message, span, "error", labels, where=where)

    def origin(self, value: Value) -> str:
        """Where a value that is out of scope comes from."""
        owner = value.owner
        home = function_of(value)
        if home is None or not self.defines(owner, value):
            return "what defines it is not part of the program"
        current = self.frames[0].block.parent
        if home is not current:
            return f"it belongs to function {home.name}"
        return "the block that defines it does not hold this one"

    def defines(self, owner: Op | Block | Function | None, value: Value) -> bool:
        """Whether a value is among the results or inputs of what it says defines it."""
        if owner is None:
            return False
        if self.held[0] is not owner:
            values = owner.results if isinstance(owner, Op) else owner.inputs
            self.held = owner, set(values)
        return value in self.held[1]

    def outputs(self, block: Block) -> None:
        """Check what a block returns."""
        seen: set[Value] = set()
        for value in block.outputs:
            if value not in self.live and value not in seen:
                self.misused(value, block, places.of_use(block, value.name))
            if value in seen and isinstance(block.parent, Function):
                message = f"the function returns `{value.name}` more than once"
                span = places.of_outputs(block)
                where = self.where(span, block)
                self.report("MIL0408", message, span, "warning", where=where)
            seen.add(value)

    def const(self, op: Op) -> None:
        """Check that a const is a name for a value, and nothing more."""
        literal = op.attributes.get("val")
        help = "what is in parentheses are operands; write `const()[val = …]`" if op.args else None
        results = op.results
        if literal is None:
            message = "this const has no value; it needs the attribute `val`"
        elif op.args:
            message = f"const takes no arguments, but this one has `{next(iter(op.args))}`"
        elif len(results) != 1:
            message = f"const has one result, but this one has {len(results)}"
        elif results[0].type not in (literal.type, TO_INFER):
            message = f"const is declared as {results[0].type!r}, but its value is {literal.type!r}"
        else:
            return
        self.report("MIL0411", message, places.of_kind(op), help=help)

    # Reporting

    def report(
        self,
        code: str,
        message: str,
        span: Span | None,
        severity: Severity = "error",
        labels: Iterable[Label] = (),
        help: str | None = None,
        where: str | None = None,
    ) -> None:
        """Add a finding; without a span, in front of it the words for the place."""
        if span is not None or where is None:
            where = self.where(span)
        finding = Diagnostic(
            code, where + message, span, severity=severity, path=self.path, labels=labels, help=help
        )
        self.found.append(finding)

    def where(self, span: Span | None, user: Op | Block | None = None) -> str:
        """The place of the op at hand in words, if there is no span to show it."""
        if span is not None or not self.frames:
            return ""
        frame = self.frames[-1]
        # The words for a block are made once: they take time with the ops in front of it.
        if self.prefix[0] is not frame.block:
            self.prefix = frame.block, place(frame.block)
        words = self.prefix[1]
        if isinstance(user, Block) or frame.number == 0:
            return f"{words}: "
        op = frame.holder or (frame.op.prev if frame.op is not None else frame.block.last)
        return f"{words}, op {frame.number} {label(op)}: " if op is not None else f"{words}: "


def _labels(value: Value, text: str) -> list[Label]:
    span = places.of_value(value)
    return [Label(span, text)] if span is not None else []
