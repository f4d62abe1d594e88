"""`milc run`: a function that is run step by step, and those who watch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from milc.diagnostics import Diagnostic, MilError
from milc.driver.evaluating import Run
from milc.driver.progress import SILENT, Progress
from milc.driver.results import Row, row
from milc.driver.wanted import outputs_in_color, wanted
from milc.evaluate import bind_inputs, states_of
from milc.ir.walk import walk_values
from milc.verify import places

if TYPE_CHECKING:
    from milc.driver.given import Given
    from milc.evaluate import Ran
    from milc.package.model import Model

Watcher = Callable[["Ran"], None]
"""Called with each op that has run; its `begin`, if it has one, with the inputs before."""


class Running:
    """A function of a model, to be run any number of times.

    Raises MilError for a model that does not verify, and a function that there is not.
    """

    def __init__(
        self,
        model: Model,
        *,
        function: str | None = None,
        seed: int = 0,
        progress: Progress = SILENT,
    ) -> None:
        self.watchers: list[Watcher] = []
        self.run = Run(model, function=function, hook=self._watch, seed=seed)
        self.function = self.run.function
        self.wanted = wanted(model, self.function)
        self.colors = outputs_in_color(model, self.function)
        self._progress = progress

    @property
    def operations(self) -> int:
        """How many ops a step runs, those in blocks left out."""
        return sum(op.kind != "const" for op in self.function.body.ops)

    def __call__(
        self, given: Given, steps: int, state: MutableMapping[str, Any], what: str = "running"
    ) -> dict[str, Any]:
        """The outputs of the last step, by name; `state` is what states hold before and behind."""
        outputs: dict[str, Any] = {}
        self._progress.phase(what, steps * self.operations)
        for step in range(steps):
            outputs.clear()  # not needed while the next step runs
            bound = bind_inputs(self.function, given.at(step))
            inputs = {value.name: held for value, held in bound.items()}
            self._begin(inputs)
            outputs = self.run(inputs, state)
        return outputs

    def rows(
        self, outputs: Mapping[str, Any], state: Mapping[str, Any], kept: Mapping[str, Any]
    ) -> list[Row]:
        """What to show of a run: outputs, states, and values that were kept."""
        type_of = self.run.evaluator.type_of
        types = {value.name: type_of(value) for value in self.function.outputs}
        found = [row("output", name, types[name], held) for name, held in outputs.items()]
        states = states_of(self.function)
        found += [row("state", name, states[name].type, held) for name, held in state.items()]
        values = {v.name: v for v in walk_values(self.function)} if kept else {}
        return found + [row("value", n, type_of(values[n]), held) for n, held in kept.items()]

    def _begin(self, inputs: Mapping[str, Any]) -> None:
        for watcher in self.watchers:
            begin = getattr(watcher, "begin", None)
            if begin is not None:
                begin(inputs)

    def _watch(self, ran: Ran) -> None:
        for watcher in self.watchers:
            watcher(ran)
        if ran.op.parent is self.function.body:
            self._progress.advance(1)


def check_states(running: Running) -> None:
    """Raise MilError (MIL0905) for a function without states, where some are asked for."""
    function = running.function
    if not states_of(function):
        message = f"{function.name} has no states"
        raise MilError(
            Diagnostic(
                "MIL0905", message, places.of_word(function, function.name), path=running.run.path
            )
        )
