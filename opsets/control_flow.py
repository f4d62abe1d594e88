"""Constants, choices and loops.

How many blocks an op has, what they take and that they agree is structure, the same in every opset,
and is checked by `milc.verify.control_flow`; so is that a const has a value and nothing more. The
lists that loops write to are in `lists`.

Facts: coremltools 9.0, `ops/defs/iOS15/control_flow.py`.
"""

from __future__ import annotations

from typing import Any

from milc.ir.types import BOOL, FP16, FP32, INT32, TO_INFER, UNKNOWN_TYPE, TensorType, Type
from milc.kernels import Array, np
from milc.schema import (
    Bound,
    Domain,
    Elements,
    EvaluationError,
    In,
    OpDef,
    Out,
    Variadic,
    constraint,
)
from milc.schema import (
    Const as ConstArg,
)
from milc.schema.rules import broadcast, broadcast_type, fold_elementwise, whole


class Const(OpDef):
    """A name for a value.

    The value stands in brackets, written out or as a reference into a file of weights. Arguments
    may be bound to a value without a name, too: `axis = int32(1)`.

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> offset = const()[val = tensor<fp32, [2]>([0.5, -0.5])];
        tensor<fp32, [2]> y = add(x = x, y = offset);
    } -> (y);
    ```
    """

    name = "const"
    since = "ios15"
    in_attributes = True

    val = ConstArg(None, "the value, of the type that is declared", kind="tensor, list or dict")
    y = Out("the value", like="val")

    def evaluate(self) -> Any:
        return self.val.held


class ConstSymbolic(Const):
    """A const, by the name that coremltools has for those whose values are symbols.

    There it exists for tests. In a file no value is a symbol, so it can only be a const by another
    name; write `const`.

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> offset = _const_symbolic()[val = tensor<fp32, [2]>([0.5, -0.5])];
        tensor<fp32, [2]> y = add(x = x, y = offset);
    } -> (y);
    ```
    """

    name = "_const_symbolic"
    since = "ios15"


class Branching(OpDef):
    """An op with blocks."""

    def given_by(self, block: int) -> tuple[Type, ...]:
        """The types of what a block returns, or those declared if the structure is not sound."""
        types = [result.type for result in self.op.results]
        declared = tuple([UNKNOWN_TYPE if type is TO_INFER else type for type in types])
        if len(self.op.blocks) != len(self.blocks):
            return declared
        outputs = self.op.blocks[block].outputs
        if len(outputs) != len(declared):
            return declared
        return tuple([self.context.type_of(value) for value in outputs])


def truth(array: Array, name: str) -> bool:
    """The only element of a condition. Raises EvaluationError if there are more or none."""
    if array.size != 1:
        raise EvaluationError(f"{name} has {array.size} elements, where one decides")
    return bool(array.item())


class Cond(Branching):
    """Run one of two blocks; the results are what it returns.

    The blocks take nothing and see the values around them. Both return values of the same types.

    ```mil
    func main<ios15>(bool p, tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = cond(pred = p) {
            tensor<fp32, [2, 3]> positive = relu(x = x);
        } -> (positive), {
            tensor<fp32, [2, 3]> smooth = tanh(x = x);
        } -> (smooth);
    } -> (y);
    ```
    """

    name = "cond"
    since = "ios15"
    blocks = "for true", "for false"

    pred = In(BOOL, "whether the first block is run, a scalar")

    def infer(self) -> tuple[Type, ...]:
        return self.given_by(0)

    def fold(self) -> Elements | tuple[Elements | None, ...] | None:
        chosen: Any = self.pred.elements
        if chosen is None or None in chosen or len(self.op.blocks) != len(self.blocks):
            return None
        outputs = self.op.blocks[0 if chosen[0] else 1].outputs
        if len(outputs) != len(self.op.results):
            return None
        known = tuple([whole(Bound(value, self.context)) for value in outputs])
        # coremltools takes over what a branch returns only if it knows all of it.
        if None in known:
            return None
        return known if len(known) > 1 else known[0]

    def evaluate(self) -> tuple[Any, ...]:
        chosen = self.op.blocks[0 if truth(self.pred.array, "`pred`") else 1]
        return tuple(self.machine.run_block(chosen, ()))


class WhileLoop(Branching):
    """Run a block as long as a condition holds.

    The condition is a block, too: both take the loop variables, it returns whether to go on, and
    the body returns the next value of each variable. The results are the last values, which are
    those of `loop_vars` if the condition does not hold at once.

    ```mil
    func main<ios15>(int32 n, tensor<fp32, [2]> x) {
        int32 count, tensor<fp32, [2]> y = while_loop(loop_vars = (int32(0), x))
            (int32 i, tensor<fp32, [2]> a) {
            bool more = less(x = i, y = n);
        } -> (more), (int32 i, tensor<fp32, [2]> a) {
            int32 next = add(x = i, y = int32(1));
            tensor<fp32, [2]> twice = add(x = a, y = a);
        } -> (next, twice);
    } -> (count, y);
    ```
    """

    name = "while_loop"
    since = "ios15"
    blocks = "the condition", "the body"
    carried = "loop_vars"

    loop_vars = Variadic(None, "what the loop variables are at first", kind="tensor, list or dict")

    def infer(self) -> tuple[Type, ...]:
        return self.given_by(1)

    def evaluate(self) -> tuple[Any, ...]:
        condition, body = self.op.blocks
        run = self.machine.run_block
        held = [variable.held for variable in self.loop_vars]
        while truth(run(condition, held)[0], "the condition"):
            held = run(body, held)
        return tuple(held)


class Select(OpDef):
    """Elements of `a` where `cond` is true, and of `b` where it is false.

    ```mil
    func main<ios15>(tensor<bool, [2, 1]> c, tensor<fp32, [2, 3]> a, tensor<fp32, [3]> b) {
        tensor<fp32, [2, 3]> y = select(a = a, b = b, cond = c);
    } -> (y);
    ```
    """

    name = "select"
    since = "ios15"
    elementwise = True

    T = Domain(FP16, FP32, BOOL, INT32)
    cond = In(BOOL, "where to take from which, of a shape that broadcasts to that of the result")
    a = In(T, "what to take where `cond` is true, of any shape")
    b = In(T, "what to take where `cond` is false, of a shape that broadcasts with that of `a`")
    y = Out("the elements, of the shape that `a` and `b` are broadcast to")

    @constraint(
        "C1", "`a` and `b` have shapes that broadcast: lengths, from the last on, are equal or 1"
    )
    def shapes_broadcast(self) -> bool:
        return broadcast(self.a.shape, self.b.shape) is not None

    def forwarded(self) -> Bound | None:
        if self.a.operand is self.b.operand:
            return self.a
        chosen = self.cond.value
        chosen = {*chosen} if isinstance(chosen, tuple) else {chosen}
        return {(True,): self.a, (False,): self.b}.get(tuple(chosen))

    def infer(self) -> TensorType:
        return broadcast_type(self.a.element, self.a, self.b)

    def fold(self) -> Elements | None:
        # coremltools takes part in no choice that it does not know entirely.
        if any(each.value is None for each in (self.cond, self.a, self.b)):
            return None
        shape = broadcast(self.a.shape, self.b.shape)
        if shape is None or broadcast(self.cond.shape, shape) != shape:
            return None
        return fold_elementwise(_choose, self.cond, self.a, self.b)

    def evaluate(self) -> Array:
        shape = broadcast(self.a.shape, self.b.shape) or ()
        if broadcast(self.cond.shape, shape) != shape:
            held = list(self.cond.shape)
            raise EvaluationError(f"`cond` of shape {held} is not broadcast to {list(shape)}")
        return np.where(self.cond.array, self.a.array, self.b.array)


def _choose(chosen: bool, a: Any, b: Any) -> Any:
    return a if chosen else b
