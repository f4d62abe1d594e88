"""Casts: those that change nothing, and those that follow each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from milc.ir.nodes import Value
from milc.ir.types import BF16, BOOL, ELEMENT_TYPES, FP16, FP32
from milc.ir.walk import parents
from milc.passes.base import Pass, rewrite

if TYPE_CHECKING:
    from milc.ir.nodes import Op
    from milc.ir.types import ElementType
    from milc.opsets.elementwise_unary import Cast
    from milc.passes.session import Session


class CastOptimization(Pass):
    """Drop casts that change nothing, and do two casts as one where that gives the same.

    It does where the type between has every value of the first type. So fp16 to fp32 and back is
    nothing at all; fp32 to fp16 and back stays, for it rounds. A cast in a nested block is looked
    at together with what it casts outside.

    ```mil
    func main<ios15>(tensor<fp16, [2]> x) {
        tensor<fp32, [2]> a = cast(x = x, dtype = string("fp32"));
        tensor<fp16, [2]> b = cast(x = a, dtype = string("fp16"));
        tensor<fp16, [2]> c = exp(x = b);
        tensor<fp32, [2]> d = cast(x = c, dtype = string("fp32"));
        tensor<int32, [2]> y = cast(x = d, dtype = string("int32"));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp16, [2]> x) {
        tensor<fp16, [2]> c = exp(x = x);
        tensor<int32, [2]> y = cast(x = c, dtype = string("int32"));
    } -> (y);
    ```
    """

    name = "cast_optimization"

    @rewrite("cast")
    def drop(self, cast: Cast, session: Session) -> Value | None:
        """A cast to the type that is there already."""
        value = cast.x.operand
        result = cast.op.results[0]
        if session.facts.type_of(result) is not cast.x.type:
            return None
        return handed_on(value, result, session)

    @rewrite("cast")
    def fuse(self, second: Cast, session: Session) -> Value | None:
        """What else the first cast is used for does not matter."""
        first: Cast | None = session.producer(second.x, "cast")
        if first is None:
            return None
        result = second.op.results[0]
        goal = ELEMENT_TYPES[str(second.dtype.value)]
        if not is_idle(first.x.element, second.x.element, goal):
            return None
        if goal is first.x.element:
            return handed_on(first.x.operand, result, session)
        fused: Value = session.new("cast", x=first.x, dtype=goal.name)
        return fused


def handed_on(operand: object, result: Value, session: Session) -> Value | None:
    """What stands for a result that is an operand: itself, or by an `identity` an output of it.

    An input, or an older output, cannot take the name of an output.
    """
    if not isinstance(operand, Value):
        return session.const(operand)
    if not session.rewriter.is_output(result):
        return operand
    if operand.op is not None and not session.rewriter.is_output(operand):
        return operand
    copied: Value = session.new("identity", x=operand)
    return copied


def is_at_hand(made: Value, op: Op) -> bool:
    """Whether a value that was made earlier in a walk in text order stands in a block around an op.

    It may be gone by now, and then it does not.
    """
    home = made.op.parent if made.op is not None else None
    return home is not None and home in set(parents(op))


def is_idle(first: ElementType, between: ElementType, last: ElementType) -> bool:
    """Whether casting by way of a type gives what casting at once does.

    What becomes of a number that is out of range differs between floats and integers, so that a
    type between of another kind has to be left as it was, or the last to have every value too.
    """
    if (between, last) == (FP32, FP16):
        return True  # what fp32 rounds is infinite in fp16
    if not holds(between, first):
        return False
    alike = first.is_float == between.is_float
    return alike or last is BOOL or last.is_float or holds(last, first)


_significant = {FP16: 11, BF16: 8, FP32: 24}
"""Bits of whole numbers that a float has exactly."""


def holds(wide: ElementType, narrow: ElementType) -> bool:
    """Whether a type has every value of another one."""
    if wide is narrow or narrow is BOOL:
        return True
    if wide.is_integer:
        low, high = wide.bounds
        return narrow.is_integer and low <= narrow.bounds[0] and narrow.bounds[1] <= high
    if wide not in _significant:
        return False
    if narrow.is_integer:
        return narrow.bits - (narrow.kind == "int") <= _significant[wide]
    return wide is FP32 and narrow in _significant
