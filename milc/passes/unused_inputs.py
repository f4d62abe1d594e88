"""Inputs that nobody uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from milc.ir.types import StateType
from milc.passes.base import Pass

if TYPE_CHECKING:
    from milc.passes.session import Session


class HandleUnusedInputs(Pass):
    """Give each input that nobody uses to an `identity`, whose result nobody uses either.

    coremltools does so ahead of writing a model, for the sake of runtimes that refuse inputs which
    reach no op. `dead_code_elimination` takes them away again, so it has to run before.

    ```mil
    func main<ios15>(tensor<fp32, [2]> x, tensor<fp32, [3]> unused) {
        tensor<fp32, [2]> y = exp(x = x);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2]> x, tensor<fp32, [3]> unused) {
        tensor<fp32, [2]> y = exp(x = x);
        tensor<fp32, [3]> unused_tmp = identity(x = unused);
    } -> (y);
    ```
    """

    name = "handle_unused_inputs"

    def run(self, session: Session) -> None:
        for value in session.function.inputs:
            if value.uses or isinstance(value.type, StateType):
                continue
            name = f"{value.name}_tmp"
            session.insert(
                lambda: session.new("identity", name=name, x=value),  # noqa: B023  # run at once
                session.function.body,
            )
            session.counts[self.name] += 1
