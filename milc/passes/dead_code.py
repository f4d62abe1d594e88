"""Ops that nobody needs."""

from __future__ import annotations

from milc.ir.walk import backward
from milc.passes.base import Pass
from milc.passes.session import Session


class DeadCodeElimination(Pass):
    """Remove ops whose results reach no output. What writes to a state stays.

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> unused = exp(x = x);
        tensor<fp32, [2]> y = relu(x = x);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> y = relu(x = x);
    } -> (y);
    ```
    """

    name = "dead_code_elimination"

    def run(self, session: Session) -> None:
        for op in list(backward(session.function)):
            session.counts[self.name] += session.erase_dead(op)
