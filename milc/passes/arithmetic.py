"""Arithmetic with constants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from milc.ir.literals import Literal, TensorLiteral
from milc.passes.base import Pass, rewrite
from milc.passes.noops import can_be_renamed, hands_on
from milc.passes.parameters import may_change

if TYPE_CHECKING:
    from milc.ir.nodes import Value
    from milc.opsets.control_flow import Select
    from milc.opsets.elementwise_binary import RealDiv
    from milc.passes.session import Session


class DivideToMultiply(Pass):
    """Multiply by the inverse of a constant in place of dividing by it: devices do that faster.

    The product is rounded twice, so its last digit may differ. It stays a division where the
    inverse is infinite or so small that digits would be lost, and of integers.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = real_div(x = x, y = fp32(4.0));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = mul(x = x, y = fp32(0.25));
    } -> (y);
    ```
    """

    name = "divide_to_multiply"
    exact = False

    @rewrite("real_div")
    def invert(self, op: RealDiv, session: Session) -> Value | None:
        """A divisor of weights that others use stays, too: then it is not worth a second one."""
        divisor = op.y.literal
        if not op.x.element.is_float or not isinstance(divisor, TensorLiteral):
            return None
        if not may_change(op.y):
            return None
        array = divisor.numpy()
        with np.errstate(all="ignore"):
            inverse = (1 / array.astype("f8")).astype(array.dtype)
        if not np.isfinite(inverse).all() or (abs(inverse) < np.finfo(array.dtype).tiny).any():
            return None
        made: Value = session.new("mul", x=op.x, y=session.const(inverse, op.y.element))
        return made


class SelectOptimization(Pass):
    """Use the operand that a `select` takes everywhere, where its condition is constant.

    An input under the name of an output becomes an `identity`. coremltools also makes additions of
    selections from infinity; that is another number where the other operand is NaN or the opposite
    infinity, so milc leaves them.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> a, tensor<fp32, [2, 3]> b) {
        tensor<fp32, [2, 3]> c = select(a = a, b = b, cond = tensor<bool, [1]>([false]));
        tensor<fp32, [2, 3]> y = exp(x = c);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> a, tensor<fp32, [2, 3]> b) {
        tensor<fp32, [2, 3]> y = exp(x = b);
    } -> (y);
    ```
    """

    name = "select_optimization"

    @rewrite("select")
    def choose(self, op: Select, session: Session) -> Value | None:
        """Not where the other operand says into which shape it is broadcast."""
        chosen, result = op.forwarded(), op.op.results[0]
        if chosen is None or not hands_on(op, chosen, session):
            return None
        operand = chosen.operand
        if isinstance(operand, Literal):
            return session.const(operand)
        if session.rewriter.is_output(result) and not can_be_renamed(operand, session):
            made: Value = session.new("identity", x=operand)
            return made
        return operand
