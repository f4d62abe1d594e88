"""Text to Program. Knows no opset: every result carries its type in the text.

The grammar's rules arrive as calls, inner ones first: types, values and operations in the modules
named after them, blocks, functions and the program here. What is wrong is collected, so that one
run reports all of it; `parse` raises it, `read` hands it over together with as much of the program
as could be read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from milc.diagnostics import Diagnostic, Label, MilError, Source, Span, errors, in_text_order
from milc.ir.collector import collector_paused
from milc.ir.nodes import Block, Function, Program, Value
from milc.ir.types import Type
from milc.syntax.lalr import Automaton, Token
from milc.syntax.literals import MAX_DEPTH
from milc.syntax.reader import At, Stop
from milc.syntax.recover import Recovery
from milc.syntax.scope import Scope
from milc.syntax.statement_rules import StatementRules


def parse(text: str | Source, path: str = "<text>") -> Program:
    """The program that `text` spells. `path` is what diagnostics call it.

    Raises MilError with every error in the text, in its order.
    """
    program, diagnostics = read(text if isinstance(text, Source) else Source(text, path))
    if errors(diagnostics):
        raise MilError(diagnostics)
    return program


def read(source: Source, *, plain: bool = True) -> tuple[Program, list[Diagnostic]]:
    """As much of the program as could be read, and all that is wrong with the text, in its order.

    Without `plain`, statements are read by the fine rules of the grammar alone.
    """
    rules = ProgramRules(source)
    with collector_paused():
        rules.run(plain)
    return rules.program, in_text_order(rules.diagnostics)


def parse_type(text: str, path: str = "<type>") -> Type:
    """The type that `text` spells. Raises MilError."""
    return ProgramRules(Source(text, path)).only("type")  # type: ignore[no-any-return]


class ProgramRules(StatementRules):
    """Callbacks of the rules for blocks, functions and the program."""

    def automaton(self) -> Automaton:
        """An automaton over the source that calls these rules."""
        actions: dict[str, Callable[[list[Any]], Any]] = {
            name[3:]: getattr(self, name) for name in dir(self) if name.startswith("on_")
        }
        return Automaton(self.source.text, actions, self.statement, Recovery(self).recover)

    def run(self, plain: bool) -> None:
        """Read the whole source as a program."""
        automaton = self.automaton()
        # A byte order mark, with which some editors begin a file, is no part of the text.
        start = int(self.source.text.startswith("\ufeff"))
        try:
            (automaton if plain else automaton.without_plain_statements()).run("program", start)
        except Stop:
            return

    def only(self, start: str) -> Any:
        """Read the whole source as another start symbol. Raises MilError."""
        try:
            found = self.automaton().run(start)
        except Stop:
            found = None
        if isinstance(found, At):
            self.settled(found)
        if errors(self.diagnostics):
            raise MilError(self.diagnostics)
        return found.value

    def on_block_head(self, children: list[Any]) -> Token:
        inputs = children[0] if isinstance(children[0], list) else []
        brace = children[-1]
        self.open(Block(inputs), inputs, self.scope, brace)
        if self.scope.depth > MAX_DEPTH:
            self.report(
                "MIL0110", f"blocks nest deeper than {MAX_DEPTH} levels", brace.start, brace.end
            )
            raise Stop
        return brace  # type: ignore[no-any-return]

    def open(self, block: Block, inputs: list[Value], outer: Scope, brace: Token) -> None:
        """Begin a block within `outer`."""
        self.scope = Scope(self.source, self.diagnostics, outer)
        self.scope.block = block
        self.scope.brace = Span(self.source, brace.start, brace.end)
        for value in inputs:
            self.scope.define(value)

    def on_block(self, children: list[Any]) -> Block:
        names = children[-1]
        block = self.close(names.value)
        block.span = Span(self.source, children[0].start, names.end)
        return block

    def on_blocks(self, children: list[Any]) -> At:
        return At(children[::2], 0, 0)

    def close(self, names: list[Token]) -> Block:
        """End the innermost block: find its outputs, settle what was used before its definition."""
        scope = self.scope
        outputs = [
            scope.use(name.text) or self.undefined(name.text, name.start, name.end)
            for name in names
        ]
        scope.block.set_outputs(outputs)
        outer = scope.close()
        assert outer is not None
        self.scope = outer
        return scope.block

    def on_function_head(self, children: list[Any]) -> None:
        name, opset, inputs = children[1], children[3], children[5]
        attributes = next((child for child in children if isinstance(child, dict)), {})
        span = Span(self.source, children[0].start, name.end)
        function = Function(name.text, opset.text, inputs, span)
        function.attributes = attributes
        if name.text in self.program.functions:
            first = self.program.functions[name.text].span
            self.report(
                "MIL0211",
                f"the function `{name.text}` is defined twice",
                name.start,
                name.end,
                labels=[Label(first, "first defined here")] if first else (),
            )
        self.program.add(function)
        self.open(function.body, inputs, self.outermost, children[-1])

    def on_function(self, children: list[Any]) -> None:
        names = next(child for child in children if isinstance(child, At))
        body = self.close(names.value)
        function = body.parent
        assert isinstance(function, Function) and function.span is not None
        end = children[-1].end
        body.span = Span(self.source, function.span.start, names.end)
        function.span = Span(self.source, function.span.start, end)

    def on_program_head(self, children: list[Any]) -> None:
        version = children[2]
        if version.text not in ("1.0", "1.3"):
            self.report(
                "MIL0112",
                f"program version {version.text} is unknown",
                version.start,
                version.end,
                help="Core ML has 1.0 (specification versions 6 to 8) and 1.3 (9 and later)",
            )
        else:
            self.program.version = version.text
        self.program.attributes = next((child for child in children if isinstance(child, dict)), {})

    def on_program(self, children: list[Any]) -> At:
        return At(self.program, 0, len(self.source.text))
