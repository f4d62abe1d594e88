"""States: values that live from one prediction to the next, read and written by ops.

Within coremltools one op does both: `coreml_update_state`, which writes a value and gives it back.
Files have no such op. They hold `write_state`, and `read_state` behind it where the value is used.

Facts: coremltools 9.0, `ops/defs/iOS18/states.py` and `ops/defs/coreml_dialect/ops.py`; the two ops
of files are what its backend writes and its loader reads.
"""

from __future__ import annotations

from typing import Any

from milc.ir.fit import fits
from milc.ir.types import (
    BOOL,
    FP16,
    FP32,
    INT8,
    INT16,
    INT32,
    UINT8,
    UINT16,
    StateType,
    TensorType,
    Type,
)
from milc.schema import Domain, In, OpDef, Out, constraint


class StateOp(OpDef):
    """An op on a state."""

    pure = False
    stateful = True

    input = In(None, "the state, an input of the function", kind="state")

    @constraint("C1", "`input` is the state of a tensor")
    def holds_a_tensor(self) -> bool:
        return isinstance(self.held, TensorType)

    @property
    def held(self) -> Type:
        """The type of what the state holds."""
        state = self.input.type
        return state.wrapped if isinstance(state, StateType) else state


class ReadState(StateOp):
    """Read what a state holds at this place of the program.

    ```mil
    func main<ios18>(state<tensor<fp16, [1, 64]>> memory, tensor<fp16, [1, 64]> x) {
        tensor<fp16, [1, 64]> old = read_state(input = memory);
        tensor<fp16, [1, 64]> y = add(x = x, y = old);
    } -> (y);
    ```
    """

    name = "read_state"
    since = "ios18"
    instead = "an input and an output more, which the app hands from one prediction to the next"

    y = Out("a copy of what the state holds")

    def infer(self) -> Type:
        return self.held

    def evaluate(self) -> Any:
        # Arrays are never written to, so this stays a copy whatever the state holds later.
        return self.input.held.held


class WriteState(StateOp):
    """Put a tensor into a state. It has no result: what reads the state behind it sees the tensor.

    ```mil
    func main<ios18>(state<tensor<fp16, [1, 64]>> memory, tensor<fp16, [1, 64]> x) {
        tensor<fp16, [1, 64]> old = read_state(input = memory);
        tensor<fp16, [1, 64]> sum = add(x = x, y = old);
        write_state(data = sum, input = memory);
        tensor<fp16, [1, 64]> y = read_state(input = memory);
    } -> (y);
    ```
    """

    name = "write_state"
    since = "ios18"
    instead = "an input and an output more, which the app hands from one prediction to the next"

    T = Domain(FP16, FP32, INT8, INT16, INT32, UINT8, UINT16, BOOL)
    data = In(T, "what the state is to hold")

    @constraint("C2", "`data` has the type of what the state `input` holds")
    def same_type(self) -> bool:
        return fits(self.data.type, self.held)

    def evaluate(self) -> tuple[()]:
        self.input.held.held = self.data.array
        return ()
