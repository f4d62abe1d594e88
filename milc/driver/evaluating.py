"""`milc.evaluate`: what a program computes."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from milc.diagnostics import Diagnostic, MilError, errors
from milc.diagnostics.prose import nearest
from milc.driver.reading import reader
from milc.evaluate import Evaluator, Hook, OpError, bind_inputs, bind_states
from milc.ir.nodes import Program
from milc.verify import places, verify
from milc.verify.completing import has_open_types
from milc.verify.operations import inferred

if TYPE_CHECKING:
    from collections.abc import Mapping

    from milc.diagnostics import Span
    from milc.ir.nodes import Function, Op
    from milc.package.model import Model


def evaluate(
    subject: Model | Program,
    inputs: Mapping[str, Any],
    state: MutableMapping[str, Any] | None = None,
    *,
    function: str | None = None,
    hook: Hook | None = None,
    seed: int | None = None,
) -> dict[str, Any]:
    """What a model's function gives for inputs, by the names of its outputs.

    Inputs are arrays or numbers by name. `state` holds what states hold, by name, is zero where it
    says nothing, and is given what they hold behind the run. `hook` is called with each op that has
    run (`milc.evaluate.Ran`). `seed` makes ops that draw random numbers draw the same ones.

    Each result is rounded to its declared type. Raises MilError for a program that does not verify,
    for inputs that do not fit (MIL0901 to MIL0905), for a function that there is not (MIL0906), and
    where an op has no answer (MIL0907 to MIL0909).
    """
    run = Run(subject, function=function, hook=hook, seed=seed)
    return run(inputs, state)


class Run:
    """A function of a model, verified and made ready: to be called any number of times.

    One call has to be over before the next: threads need a `Run` each.
    """

    def __init__(
        self,
        subject: Model | Program,
        *,
        function: str | None = None,
        hook: Hook | None = None,
        seed: int | None = None,
    ) -> None:
        program = subject if isinstance(subject, Program) else subject.program
        self.program = program
        self.path = (None if isinstance(subject, Program) else subject.path) or "<program>"
        weights = None if isinstance(subject, Program) else subject.weights
        read = None if weights is None else reader(weights)
        found = verify(program, read=read)
        if errors(found):
            raise MilError(found)
        types = inferred(program, read=read) if has_open_types(program) else None
        self.function = chosen(program, function, self.path)
        why = None if weights is None else weights.literal  # which says why it cannot be read
        try:
            self.evaluator = Evaluator(
                self.function, read=why, inferred=types, hook=hook, seed=seed
            )
        except OpError as error:
            raise self.placed(error) from None

    def __call__(
        self, inputs: Mapping[str, Any], state: MutableMapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """As `evaluate`."""
        state = {} if state is None else state
        try:
            states = bind_states(self.function, state)
            outputs = self.evaluator.run(bind_inputs(self.function, inputs), states)
        except OpError as error:
            raise self.placed(error) from None
        except MilError as error:
            for finding in error.diagnostics:
                finding.path = finding.path or self.path
            raise
        state.update((value.name, each.held) for value, each in states.items())
        names = [value.name for value in self.function.outputs]
        return dict(zip(names, outputs, strict=True))

    def span_of(self, op: Op) -> Span | None:
        """The place of an op: in its text, or in the one that the program would print."""
        if self.program.source is None:
            from milc.syntax.print import with_spans

            with_spans(self.program, self.path)
        return places.of_kind(op)

    def placed(self, error: OpError) -> MilError:
        """An op's failure, with its place."""
        (finding,) = error.diagnostics
        finding.span = finding.span or self.span_of(error.op)
        finding.path = finding.span.source.path if finding.span is not None else self.path
        return MilError(finding)


def chosen(program: Program, name: str | None, path: str | None = None) -> Function:
    """The function of a name; without one `main`, or the only one. Raises MilError (MIL0906)."""
    functions = program.functions
    if name is None:
        name = "main" if "main" in functions or not functions else next(iter(functions))
    if name in functions:
        return functions[name]
    near = nearest(name, functions)
    listed = ", ".join(f"`{each}`" for each in functions) or "none"
    help = f"did you mean `{near}`?" if near else f"there is {listed}"
    raise MilError(Diagnostic("MIL0906", f"there is no function `{name}`", path=path, help=help))
